//! Reads `types.txt`.

use std::collections::HashMap;

use super::{Field, Identity, List, Presence, Struct, Type, Types};

/// Panics on a line it cannot read: the text is part of the program.
pub(super) fn types(text: &'static str) -> Types {
    let lines: Vec<&'static str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let mut by_name = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        let name = line.split(' ').next().unwrap_or_default();
        by_name.insert(name.trim_end_matches(['!', '+']), index);
    }
    let structs = lines
        .iter()
        .map(|line| read_struct(line, &by_name))
        .collect();
    Types { structs, by_name }
}

fn read_struct(line: &'static str, names: &HashMap<&'static str, usize>) -> Struct {
    let mut words = line.split(' ');
    let name = words.next().unwrap_or_default();
    let fields: Vec<Field> = words
        .filter(|word| !word.is_empty())
        .map(|word| read_field(word, names))
        .collect();
    let by_name = fields
        .iter()
        .enumerate()
        .map(|(index, field)| (field.name, index))
        .collect();
    Struct {
        name: name.trim_end_matches(['!', '+']),
        atomic: name.ends_with('!'),
        open: name.ends_with('+'),
        fields,
        by_name,
    }
}

fn read_field(word: &'static str, names: &HashMap<&'static str, usize>) -> Field {
    let parts = word.split_once('=').and_then(|(name, rest)| {
        let (number, ty) = rest.split_once(':')?;
        let (outer, number) = number.split_once('.').unwrap_or(("0", number));
        Some((name, outer.parse().ok()?, number.parse().ok()?, ty))
    });
    let Some((name, outer, number, ty)) = parts else {
        panic!("types.txt: not a field: {word}");
    };
    let presence = match ty.chars().next_back() {
        Some('?') => Presence::NotEmpty,
        Some('*') => Presence::Set,
        _ => Presence::Always,
    };
    Field {
        name,
        outer,
        number,
        ty: read_type(ty.trim_end_matches(['?', '*']), names),
        presence,
    }
}

fn read_type(text: &'static str, names: &HashMap<&'static str, usize>) -> Type {
    if let Some(inner) = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        return Type::List(Box::new(read_list(inner, names)));
    }
    if let Some(inner) = text.strip_prefix('{') {
        let atomic = inner.ends_with('!');
        let inner = inner.trim_end_matches('!').trim_end_matches('}');
        let value = Box::new(read_type(inner, names));
        return Type::Map { value, atomic };
    }
    match text {
        "string" => Type::String,
        "int" => Type::Int,
        "bool" => Type::Bool,
        "float" => Type::Float,
        "bytes" => Type::Bytes,
        "quantity" => Type::Quantity,
        "intstr" => Type::IntOrString,
        "time" => Type::Time,
        "any" => Type::Any,
        name => match names.get(name) {
            Some(index) => Type::Struct(*index),
            None => panic!("types.txt: no such type: {name}"),
        },
    }
}

fn read_list(text: &'static str, names: &HashMap<&'static str, usize>) -> List {
    let (text, merge_key) = match text.split_once('~') {
        Some((text, key)) => (text, Some(key)),
        None => (text, None),
    };
    let (item, identity) = match text.split_once('|') {
        None => (text, Identity::Atomic),
        Some((item, "")) => (item, Identity::Set),
        Some((item, keys)) => (item, Identity::Keys(keys.split(',').collect())),
    };
    List {
        item: read_type(item, names),
        identity,
        merge_key,
    }
}
