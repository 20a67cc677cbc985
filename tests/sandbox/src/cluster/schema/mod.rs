//! What the API server knows about the fields of its types: their order, their
//! types, and how lists and maps in them are merged.

mod conform;
mod parse;
mod protobuf;

use std::collections::HashMap;
use std::sync::LazyLock;

pub(super) use conform::{conform, empty, read_only};
pub(super) use protobuf::decode as decode_protobuf;

static TYPES: LazyLock<Types> = LazyLock::new(|| parse::types(include_str!("types.txt")));

/// All struct types by name.
pub(super) struct Types {
    structs: Vec<Struct>,
    by_name: HashMap<&'static str, usize>,
}

/// An object type with named fields.
pub(super) struct Struct {
    pub(super) name: &'static str,
    /// Merged and compared as one value.
    pub(super) atomic: bool,
    /// May hold fields that are not listed.
    pub(super) open: bool,
    pub(super) fields: Vec<Field>,
    by_name: HashMap<&'static str, usize>,
}

/// A field of a [`Struct`].
pub(super) struct Field {
    pub(super) name: &'static str,
    /// The number of the embedded protobuf message it is in; 0 means none.
    outer: u32,
    number: u32,
    pub(super) ty: Type,
    presence: Presence,
}

/// When a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Always,
    /// Unless it is zero or empty.
    NotEmpty,
    /// When it is set, zero or not.
    Set,
}

/// The type of a field, a list item or a map value.
#[derive(Clone, Debug)]
pub(super) enum Type {
    String,
    Int,
    Bool,
    Float,
    /// Base64 in JSON.
    Bytes,
    /// A number or a string such as `500m`.
    Quantity,
    IntOrString,
    Time,
    /// Anything; nothing is known about what is in it.
    Any,
    Struct(usize),
    List(Box<List>),
    /// From string; `atomic` means replaced as a whole.
    Map {
        value: Box<Type>,
        atomic: bool,
    },
}

/// A list and how it is merged.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) item: Type,
    /// How server-side apply tells items apart.
    pub(super) identity: Identity,
    /// The key a strategic merge patch merges by; "" for plain values; `None` replaces the list.
    pub(super) merge_key: Option<&'static str>,
}

/// How server-side apply tells list items apart.
#[derive(Clone, Debug)]
pub(super) enum Identity {
    /// It does not: the list is one value.
    Atomic,
    /// By their value.
    Set,
    /// By these keys.
    Keys(Vec<&'static str>),
}

/// What lies inside a value that server-side apply does not treat as one.
pub(super) enum Shape<'a> {
    /// One value.
    Leaf,
    /// An object: fields of a struct, or keys of a map.
    Fields(Fields<'a>),
    /// A list whose items are told apart.
    Items(&'a List),
}

/// How the members of an object are typed.
#[derive(Clone, Copy)]
pub(super) enum Fields<'a> {
    Struct(&'a Struct),
    Map(&'a Type),
    Any,
}

impl Type {
    /// The type for the object kinds this module lists, by kind; what any other
    /// kind has in common with them otherwise.
    pub(super) fn of_kind(kind: &str) -> Self {
        let index = TYPES.by_name.get(kind).copied();
        Self::Struct(index.unwrap_or_else(|| {
            TYPES
                .by_name
                .get("CustomResource")
                .copied()
                .unwrap_or_default()
        }))
    }

    /// The struct, when it is one.
    pub(super) fn as_struct(&self) -> Option<&'static Struct> {
        match self {
            Self::Struct(index) => TYPES.structs.get(*index),
            _ => None,
        }
    }

    /// How server-side apply looks at a value of this type. Where nothing is known
    /// objects are merged by key and lists are one value.
    pub(super) fn shape(&self) -> Shape<'_> {
        match self {
            Self::Struct(_) => match self.as_struct() {
                Some(fields) if !fields.atomic => Shape::Fields(Fields::Struct(fields)),
                _ => Shape::Leaf,
            },
            Self::Map {
                value,
                atomic: false,
            } => Shape::Fields(Fields::Map(value)),
            Self::List(list) if !matches!(list.identity, Identity::Atomic) => Shape::Items(list),
            Self::Any => Shape::Fields(Fields::Any),
            _ => Shape::Leaf,
        }
    }
}

impl Struct {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.by_name
            .get(name)
            .and_then(|index| self.fields.get(*index))
    }
}

impl Fields<'_> {
    /// The type of a member.
    pub(super) fn member(&self, name: &str) -> &Type {
        match self {
            Self::Struct(fields) => fields.field(name).map_or(&Type::Any, |field| &field.ty),
            Self::Map(value) => value,
            Self::Any => &Type::Any,
        }
    }

    /// Whether the type names this member, as opposed to a key of a map.
    pub(super) fn names(&self, name: &str) -> bool {
        matches!(self, Self::Struct(fields) if fields.field(name).is_some())
    }
}

#[cfg(test)]
mod tests;
