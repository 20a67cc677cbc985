//! Reads the protobuf encoding of an object, which kubectl sends when it creates
//! things without a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{Struct, Type};

/// What the API server's protobuf documents begin with.
const MAGIC: &[u8] = b"k8s\0";

/// Reads a document into JSON.
///
/// # Errors
/// When it is not the envelope of one object, or holds a field this module has
/// no number for.
pub(in crate::cluster) fn decode(body: &[u8]) -> Result<Value, String> {
    let Some(envelope) = body.strip_prefix(MAGIC) else {
        return Err("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]".into());
    };
    let mut object = Map::new();
    let mut raw: &[u8] = &[];
    for (number, wire) in Wire(envelope).fields()? {
        match (number, wire) {
            (1, Scalar::Bytes(bytes)) => {
                for (number, wire) in Wire(bytes).fields()? {
                    let key = if number == 1 { "apiVersion" } else { "kind" };
                    object.insert(key.into(), wire.text()?.into());
                }
            }
            (2, Scalar::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let kind = object
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let ty = Type::of_kind(kind);
    let Some(fields_of) = ty.as_struct().filter(|fields_of| !fields_of.open) else {
        return Err(format!("no protobuf numbers for the fields of {kind}"));
    };
    read_struct(raw, fields_of, &mut object)?;
    Ok(Value::Object(object))
}

fn read_struct(bytes: &[u8], of: &Struct, into: &mut Map<String, Value>) -> Result<(), String> {
    for (number, wire) in Wire(bytes).fields()? {
        if of.fields.iter().any(|field| field.outer == number) {
            for (inner, wire) in Wire(wire.bytes()?).fields()? {
                read_field(number, inner, wire, of, into)?;
            }
        } else {
            read_field(0, number, wire, of, into)?;
        }
    }
    Ok(())
}

fn read_field(
    outer: u32,
    number: u32,
    wire: Scalar<'_>,
    of: &Struct,
    into: &mut Map<String, Value>,
) -> Result<(), String> {
    let known = of
        .fields
        .iter()
        .find(|field| field.outer == outer && field.number == number);
    let Some(field) = known else {
        // Names the API server no longer has, sent empty by older clients.
        return match wire {
            Scalar::Bytes([]) | Scalar::Number(0) => Ok(()),
            _ => Err(format!("{} has no field number {number}", of.name)),
        };
    };
    match &field.ty {
        Type::List(list) => {
            let item = read_value(wire, &list.item)?;
            let items = into
                .entry(field.name)
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Some(items) = items.as_array_mut() {
                items.push(item);
            }
        }
        Type::Map { value, .. } => {
            let (mut key, mut entry) = (String::new(), None);
            for (number, wire) in Wire(wire.bytes()?).fields()? {
                match number {
                    1 => key = wire.text()?,
                    _ => entry = Some(read_value(wire, value)?),
                }
            }
            let entries = into
                .entry(field.name)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Some(entries) = entries.as_object_mut() {
                entries.insert(key, entry.unwrap_or_else(|| Value::String(String::new())));
            }
        }
        ty => {
            let value = read_value(wire, ty)?;
            if !value.is_null() {
                into.insert(field.name.to_owned(), value);
            }
        }
    }
    Ok(())
}

fn read_value(wire: Scalar<'_>, ty: &Type) -> Result<Value, String> {
    Ok(match ty {
        Type::String => wire.text()?.into(),
        Type::Int => wire.number()?.into(),
        Type::Bool => (wire.number()? != 0).into(),
        Type::Bytes => STANDARD.encode(wire.bytes()?).into(),
        Type::Quantity => match Wire(wire.bytes()?).fields()?.as_slice() {
            [(_, text), ..] => text.text()?.into(),
            [] => "0".into(),
        },
        Type::IntOrString => {
            let (mut is_text, mut number, mut text) = (false, 0, String::new());
            for (field, wire) in Wire(wire.bytes()?).fields()? {
                match field {
                    1 => is_text = wire.number()? == 1,
                    2 => number = wire.number()?,
                    _ => text = wire.text()?,
                }
            }
            if is_text { text.into() } else { number.into() }
        }
        Type::Time => {
            let fields = Wire(wire.bytes()?).fields()?;
            let seconds = fields.iter().find(|(number, _)| *number == 1);
            match seconds {
                None => Value::Null,
                Some((_, seconds)) => jiff::Timestamp::from_second(seconds.number()?)
                    .map_err(|error| error.to_string())?
                    .to_string()
                    .into(),
            }
        }
        Type::Struct(_) => {
            let mut object = Map::new();
            if let Some(of) = ty.as_struct() {
                read_struct(wire.bytes()?, of, &mut object)?;
            }
            Value::Object(object)
        }
        // The map of lists in a review's `extra`.
        Type::List(list) => {
            let items = Wire(wire.bytes()?).fields()?;
            let items: Result<Vec<Value>, String> = items
                .into_iter()
                .map(|(_, item)| read_value(item, &list.item))
                .collect();
            Value::Array(items?)
        }
        Type::Any => {
            let fields = Wire(wire.bytes()?).fields()?;
            let raw = fields.iter().find(|(number, _)| *number == 1);
            match raw {
                None => Value::Null,
                Some((_, raw)) => {
                    serde_json::from_slice(raw.bytes()?).map_err(|error| error.to_string())?
                }
            }
        }
        Type::Float | Type::Map { .. } => return Err("a field of a type no request uses".into()),
    })
}

/// A value as it is on the wire.
#[derive(Clone, Copy)]
enum Scalar<'a> {
    Number(i64),
    Bytes(&'a [u8]),
}

impl<'a> Scalar<'a> {
    fn bytes(self) -> Result<&'a [u8], String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) => Err("wrong wireType".into()),
        }
    }

    fn number(self) -> Result<i64, String> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) => Err("wrong wireType".into()),
        }
    }

    fn text(self) -> Result<String, String> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|error| error.to_string())
    }
}

/// An encoded message.
struct Wire<'a>(&'a [u8]);

impl<'a> Wire<'a> {
    fn fields(mut self) -> Result<Vec<(u32, Scalar<'a>)>, String> {
        let mut fields = Vec::new();
        while !self.0.is_empty() {
            let key = self.varint()?;
            let number = u32::try_from(key >> 3).map_err(|_| "illegal tag")?;
            let value = match key & 7 {
                0 => Scalar::Number(self.varint()?.cast_signed()),
                2 => {
                    let length = usize::try_from(self.varint()?).map_err(|_| "illegal length")?;
                    if length > self.0.len() {
                        return Err("unexpected EOF".into());
                    }
                    let (bytes, rest) = self.0.split_at(length);
                    self.0 = rest;
                    Scalar::Bytes(bytes)
                }
                other => return Err(format!("proto: illegal wireType {other}")),
            };
            fields.push((number, value));
        }
        Ok(fields)
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let Some((byte, rest)) = self.0.split_first() else {
                return Err("unexpected EOF".into());
            };
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("proto: integer overflow".into())
    }
}
