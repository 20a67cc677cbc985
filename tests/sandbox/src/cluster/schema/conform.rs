//! Reads a document into a type the way the API server decodes it: fields in
//! the type's order, unknown ones named and dropped, values of the wrong type refused.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde_json::{Map, Value};

use super::{Presence, Struct, Type};

/// Go's decoder lets the unused bits of the last character be anything.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A document as its type has it.
pub(in crate::cluster) struct Conformed {
    pub(in crate::cluster) value: Value,
    /// Paths of the fields the type does not have.
    pub(in crate::cluster) unknown: Vec<String>,
}

/// Reads an object of this type: what is always written is there afterwards,
/// and what is left out when empty is not.
///
/// # Errors
/// What the API server's JSON decoder says about a value of the wrong type.
pub(in crate::cluster) fn conform(value: Value, ty: &Type) -> Result<Conformed, String> {
    read_object(value, ty, true)
}

/// Reads an object of this type, and keeps only and everything it says.
///
/// # Errors
/// As [`conform`].
pub(in crate::cluster) fn read_only(value: Value, ty: &Type) -> Result<Conformed, String> {
    read_object(value, ty, false)
}

/// What an object of this type is before anything is said about it.
pub(in crate::cluster) fn empty(ty: &Type) -> Value {
    let mut object = Map::new();
    if let Some(fields_of) = ty.as_struct() {
        let mut reader = Reader {
            unknown: Vec::new(),
            path: Vec::new(),
            fill: true,
        };
        // There is nothing in it that could be of the wrong type.
        drop(reader.read_fields(Map::new(), fields_of, &mut object));
    }
    Value::Object(object)
}

fn read_object(value: Value, ty: &Type, fill: bool) -> Result<Conformed, String> {
    let Value::Object(mut fields) = value else {
        let found = json_type(&value);
        return Err(format!("json: cannot unmarshal {found} into Go value"));
    };
    let mut reader = Reader {
        unknown: Vec::new(),
        path: Vec::new(),
        fill,
    };
    let mut object = Map::new();
    for key in ["kind", "apiVersion"] {
        if let Some(text) = fields.shift_remove(key) {
            object.insert(key.into(), text);
        }
    }
    match ty.as_struct() {
        None => object.extend(fields),
        Some(fields_of) => reader.read_fields(fields, fields_of, &mut object)?,
    }
    Ok(Conformed {
        value: Value::Object(object),
        unknown: reader.unknown,
    })
}

struct Reader {
    unknown: Vec<String>,
    path: Vec<String>,
    /// Write what is always written, leave out what is left out.
    fill: bool,
}

impl Reader {
    fn read_fields(
        &mut self,
        mut fields: Map<String, Value>,
        of: &Struct,
        into: &mut Map<String, Value>,
    ) -> Result<(), String> {
        for field in &of.fields {
            let given = fields.shift_remove(field.name);
            let absent = given.as_ref().is_none_or(Value::is_null);
            if absent && !(self.fill && field.presence == Presence::Always) {
                continue;
            }
            let value = if absent {
                self.zero(&field.ty)
            } else {
                self.path.push(field.name.to_owned());
                let value = self.read(given.unwrap_or_default(), &field.ty, of.name)?;
                self.path.pop();
                value
            };
            let dropped = self.fill && field.presence == Presence::NotEmpty && is_zero(&value);
            if !dropped {
                into.insert(field.name.to_owned(), value);
            }
        }
        for (name, value) in fields {
            if of.open {
                into.insert(name, value);
            } else {
                self.unknown.push(self.at(&name));
            }
        }
        Ok(())
    }

    fn zero(&mut self, ty: &Type) -> Value {
        match ty {
            Type::String => "".into(),
            Type::Int | Type::Float | Type::IntOrString => 0.into(),
            Type::Bool => false.into(),
            Type::Quantity => "0".into(),
            Type::Struct(_) => empty(ty),
            Type::Time | Type::Bytes | Type::Any | Type::List(_) | Type::Map { .. } => Value::Null,
        }
    }

    fn read(&mut self, value: Value, ty: &Type, owner: &str) -> Result<Value, String> {
        Ok(match (ty, value) {
            (Type::Any, value) => value,
            (
                Type::String | Type::Time | Type::Quantity | Type::IntOrString,
                value @ Value::String(_),
            )
            | (Type::Bool, value @ Value::Bool(_))
            | (Type::Float | Type::Quantity | Type::IntOrString, value @ Value::Number(_)) => value,
            (Type::Int, Value::Number(number)) if number.is_i64() || number.is_u64() => {
                Value::Number(number)
            }
            (Type::Bytes, Value::String(text)) => Value::String(canonical(text)?),
            (Type::Struct(_), Value::Object(fields)) => {
                let mut object = Map::new();
                if let Some(of) = ty.as_struct() {
                    self.read_fields(fields, of, &mut object)?;
                }
                Value::Object(object)
            }
            (Type::Map { value: item, .. }, Value::Object(fields)) => {
                let mut object = Map::new();
                for (key, value) in fields {
                    self.path.push(format!("[{key}]"));
                    let value = if value.is_null() {
                        self.zero(item)
                    } else {
                        self.read(value, item, owner)?
                    };
                    self.path.pop();
                    // Bytes that are nothing come back from the store as no bytes.
                    object.insert(key, if value.is_null() { "".into() } else { value });
                }
                Value::Object(object)
            }
            (Type::List(list), Value::Array(items)) => {
                let mut read = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    self.path.push(format!("[{index}]"));
                    let item = if item.is_null() {
                        self.zero(&list.item)
                    } else {
                        self.read(item, &list.item, owner)?
                    };
                    self.path.pop();
                    read.push(item);
                }
                Value::Array(read)
            }
            (ty, value) => return Err(self.mismatch(ty, &value, owner)),
        })
    }

    fn mismatch(&self, ty: &Type, value: &Value, owner: &str) -> String {
        let path: Vec<&str> = self
            .path
            .iter()
            .map(String::as_str)
            .filter(|part| !part.starts_with('['))
            .collect();
        format!(
            "json: cannot unmarshal {} into Go struct field {owner}.{} of type {}",
            json_type(value),
            path.join("."),
            go_type(ty)
        )
    }

    fn at(&self, name: &str) -> String {
        let mut path = String::new();
        for part in self.path.iter().map(String::as_str).chain([name]) {
            if !path.is_empty() && !part.starts_with('[') {
                path.push('.');
            }
            path.push_str(part);
        }
        path
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// The same bytes in base64 as Go writes it, which lets line breaks in when reading.
fn canonical(text: String) -> Result<String, String> {
    if STANDARD.decode(&text).is_ok() {
        return Ok(text);
    }
    let joined: String = text
        .chars()
        .filter(|char| !matches!(char, '\r' | '\n'))
        .collect();
    match LENIENT.decode(&joined) {
        Ok(bytes) => Ok(STANDARD.encode(bytes)),
        Err(error) => Err(format!(
            "illegal base64 data at input byte {}",
            offset(&error, &joined)
        )),
    }
}

fn offset(error: &base64::DecodeError, text: &str) -> usize {
    match error {
        base64::DecodeError::InvalidByte(at, _) => *at,
        _ => text.len(),
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn go_type(ty: &Type) -> String {
    match ty {
        Type::String => "string".into(),
        Type::Int => "int32".into(),
        Type::Bool => "bool".into(),
        Type::Float => "float64".into(),
        Type::Bytes => "[]uint8".into(),
        Type::Quantity => "resource.Quantity".into(),
        Type::IntOrString => "intstr.IntOrString".into(),
        Type::Time => "v1.Time".into(),
        Type::Any => "interface {}".into(),
        Type::Struct(_) => format!("v1.{}", ty.as_struct().map_or("Object", |of| of.name)),
        Type::List(list) => format!("[]{}", go_type(&list.item)),
        Type::Map { value, .. } => format!("map[string]{}", go_type(value)),
    }
}
