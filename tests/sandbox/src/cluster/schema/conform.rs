//! Reads a document into a type the way the API server decodes it: fields in
//! the type's order, unknown ones named and dropped, values of the wrong type refused.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde_json::{Map, Value};

use super::{Struct, Type};

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

/// Reads an object of this type.
///
/// # Errors
/// What the API server's JSON decoder says about a value of the wrong type.
pub(in crate::cluster) fn conform(value: Value, ty: &Type) -> Result<Conformed, String> {
    let Value::Object(mut fields) = value else {
        return Err(format!(
            "json: cannot unmarshal {} into Go value",
            json_type(&value)
        ));
    };
    let mut reader = Reader::default();
    let mut object = Map::new();
    for key in ["kind", "apiVersion"] {
        if let Some(text) = fields.shift_remove(key) {
            object.insert(key.into(), text);
        }
    }
    match ty.as_struct() {
        None => object.extend(fields),
        Some(fields_of) => reader.read_fields(fields, fields_of, fields_of.name, &mut object)?,
    }
    Ok(Conformed {
        value: Value::Object(object),
        unknown: reader.unknown,
    })
}

#[derive(Default)]
struct Reader {
    unknown: Vec<String>,
    path: Vec<String>,
}

impl Reader {
    fn read_fields(
        &mut self,
        mut fields: Map<String, Value>,
        of: &Struct,
        owner: &str,
        into: &mut Map<String, Value>,
    ) -> Result<(), String> {
        for field in &of.fields {
            let Some(value) = fields.shift_remove(field.name) else {
                continue;
            };
            self.path.push(field.name.to_owned());
            if let Some(value) = self.read(value, &field.ty, owner)? {
                into.insert(field.name.to_owned(), value);
            }
            self.path.pop();
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

    /// `None` means Go's `omitempty` leaves the field out.
    fn read(&mut self, value: Value, ty: &Type, owner: &str) -> Result<Option<Value>, String> {
        Ok(match (ty, value) {
            (Type::Any, value) => Some(value),
            (_, Value::Null) => None,
            (Type::String, Value::String(text)) if text.is_empty() && owner == "ObjectMeta" => None,
            (
                Type::String | Type::Time | Type::Quantity | Type::IntOrString,
                value @ Value::String(_),
            )
            | (Type::Bool, value @ Value::Bool(_))
            | (Type::Float | Type::Quantity | Type::IntOrString, value @ Value::Number(_)) => {
                Some(value)
            }
            (Type::Int, Value::Number(number)) if number.is_i64() || number.is_u64() => {
                Some(Value::Number(number))
            }
            (Type::Bytes, Value::String(text)) => Some(Value::String(canonical(text)?)),
            (Type::Struct(_), Value::Object(fields)) => {
                let Some(of) = ty.as_struct() else {
                    return Ok(Some(Value::Object(fields)));
                };
                let mut object = Map::new();
                self.read_fields(fields, of, of.name, &mut object)?;
                Some(Value::Object(object))
            }
            (Type::Map { value: item, .. }, Value::Object(fields)) => {
                let mut object = Map::new();
                for (key, value) in fields {
                    self.path.push(key.clone());
                    let value = self.read(value, item, owner)?;
                    self.path.pop();
                    object.insert(key, value.unwrap_or_else(|| Value::String(String::new())));
                }
                (!object.is_empty()).then_some(Value::Object(object))
            }
            (Type::List(list), Value::Array(items)) => {
                let mut read = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let place = format!("[{index}]");
                    self.path.push(place);
                    let item = self.read(item, &list.item, owner)?;
                    self.path.pop();
                    read.push(item.unwrap_or_default());
                }
                (!read.is_empty()).then_some(Value::Array(read))
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
