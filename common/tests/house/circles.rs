//! Circles among the files of a room.

use super::Module;
use std::collections::{BTreeMap, BTreeSet};

type Imports<'a> = BTreeMap<&'a Module, BTreeSet<Module>>;

/// Every group of files of which each imports each other, directly or by way of the others.
pub fn find<'a>(imports: &'a Imports<'a>) -> Vec<Vec<&'a Module>> {
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = imports
        .keys()
        .map(|module| (*module, reach(imports, module)))
        .collect();
    let mut circles: Vec<Vec<&Module>> = Vec::new();
    for (module, there) in &reached {
        let circle: Vec<&Module> = there
            .iter()
            .filter(|other| {
                reached
                    .get(*other)
                    .is_some_and(|back| back.contains(module))
            })
            .copied()
            .collect();
        if !circle.is_empty() && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

/// What a file imports, and what that imports, and so on.
fn reach<'a>(imports: &'a Imports<'a>, from: &Module) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Module> = imports.get(from).into_iter().flatten().collect();
    while let Some(module) = open.pop() {
        if reached.insert(module) {
            open.extend(imports.get(module).into_iter().flatten());
        }
    }
    reached
}
