//! Sets of field paths, in the form `metadata.managedFields` writes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A step of a path as `fieldsV1` spells it: `f:name`, `k:{"name":"x"}` or `v:"x"`.
pub(super) type Step = String;

/// A set of field paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet {
    /// The path that leads here is in the set.
    pub(super) member: bool,
    pub(super) children: BTreeMap<Step, FieldSet>,
}

impl FieldSet {
    pub(super) fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    pub(super) fn insert(&mut self, path: &[Step]) {
        let mut at = self;
        for step in path {
            at = at.children.entry(step.clone()).or_default();
        }
        at.member = true;
    }

    pub(super) fn child(&self, step: &str) -> Option<&Self> {
        self.children.get(step)
    }

    pub(super) fn union(&mut self, other: &Self) {
        self.member |= other.member;
        for (step, child) in &other.children {
            self.children.entry(step.clone()).or_default().union(child);
        }
    }

    /// Removes the paths of `other`; longer paths below them stay.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.member &= !other.member;
        self.children.retain(|step, child| {
            if let Some(other) = other.children.get(step) {
                child.subtract(other);
            }
            !child.is_empty()
        });
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let mut both = Self {
            member: self.member && other.member,
            children: BTreeMap::new(),
        };
        for (step, child) in &self.children {
            if let Some(other) = other.children.get(step) {
                let common = child.intersection(other);
                if !common.is_empty() {
                    both.children.insert(step.clone(), common);
                }
            }
        }
        both
    }

    /// Removes a path and everything below it.
    pub(super) fn cut(&mut self, path: &[&str]) {
        if let [last] = path {
            self.children.remove(*last);
        } else if let [first, rest @ ..] = path
            && let Some(child) = self.children.get_mut(*first)
        {
            child.cut(rest);
            if child.is_empty() {
                self.children.remove(*first);
            }
        }
    }

    /// The paths as errors print them: `.spec.containers[name="x"].image`.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect(String::new(), &mut found);
        found
    }

    fn collect(&self, path: String, into: &mut Vec<String>) {
        if self.member {
            into.push(path.clone());
        }
        for (step, child) in &self.children {
            child.collect(format!("{path}{}", printed(step)), into);
        }
    }

    pub(super) fn from_json(value: &Value) -> Self {
        let mut set = Self::default();
        for (step, child) in value.as_object().into_iter().flatten() {
            if step == "." {
                set.member = true;
                continue;
            }
            let mut child = Self::from_json(child);
            child.member |= child.children.is_empty();
            set.children.insert(step.clone(), child);
        }
        set
    }

    pub(super) fn to_json(&self) -> Value {
        let mut object = Map::new();
        if self.member && !self.children.is_empty() {
            object.insert(".".into(), Value::Object(Map::new()));
        }
        for (step, child) in &self.children {
            object.insert(step.clone(), child.to_json());
        }
        Value::Object(object)
    }
}

fn printed(step: &str) -> String {
    let (kind, rest) = step.split_once(':').unwrap_or(("f", step));
    match kind {
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(rest).unwrap_or_default();
            let pairs: Vec<String> = keys
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            format!("[{}]", pairs.join(","))
        }
        "v" => format!("[={rest}]"),
        "i" => format!("[{rest}]"),
        _ => format!(".{rest}"),
    }
}
