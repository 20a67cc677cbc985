//! Sources as rooms: what imports what, and what of it the plan forbids.

mod circles;
mod paths;
mod plan;
mod tokens;

pub use plan::Plan;

use paths::Mention;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module, by its path from the crate's root; the root is empty.
type Module = Vec<String>;

/// All source files of a crate.
pub struct House {
    files: BTreeMap<Module, File>,
}

/// One file, which is one module.
struct File {
    path: String,
    /// Every path to something of this crate.
    mentions: Vec<Mention>,
    /// What its `pub use` offers under which name.
    offers: BTreeMap<String, Vec<String>>,
}

impl House {
    /// Reads every file below `root`.
    pub fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                    let text = std::fs::read_to_string(&path).unwrap();
                    if !text.contains("#![cfg(test)]") {
                        files.push((name.to_owned(), text));
                    }
                }
            }
        }
        let files = files.iter();
        Self::of(files.map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// The files with these paths and texts.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files.into_iter().map(|(path, text)| {
            let module = module_of(path);
            let (mentions, offers) = paths::read(text, &module);
            let path = path.to_owned();
            (
                module,
                File {
                    path,
                    mentions,
                    offers,
                },
            )
        });
        Self {
            files: files.collect(),
        }
    }

    /// What the plan forbids, a sentence each.
    pub fn faults(&self, plan: &Plan) -> Vec<String> {
        let rooms: BTreeSet<&str> = self
            .files
            .keys()
            .filter_map(|module| module.first().map(String::as_str))
            .collect();
        let mut faults = plan.differs_from(&rooms);
        let mut imports: BTreeMap<&Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, file) in &self.files {
            let Some(room) = module.first() else { continue };
            let counts = |mention: &&Mention| !mention.by_name || self.is_below(module, mention);
            for mention in file.mentions.iter().filter(counts) {
                let place = format!("{}:{}", file.path, mention.line);
                let Some(target) = self.leads_to(&mention.path) else {
                    faults.push(format!("{place}: `{room}` imports the whole house"));
                    continue;
                };
                if target[0] != *room {
                    faults.extend(
                        plan.forbids(room, &target[0])
                            .map(|why| format!("{place}: {why}")),
                    );
                } else if target != *module && !mention.is_offer {
                    imports.entry(module).or_default().insert(target);
                }
            }
        }
        faults.extend(circles::find(&imports).into_iter().map(|circle| {
            let names = circle
                .iter()
                .map(|module| self.files[*module].path.as_str());
            let names: Vec<&str> = names.collect();
            format!(
                "these files import each other in a circle: {}",
                names.join(", ")
            )
        }));
        faults.sort();
        faults.dedup();
        faults
    }

    /// Whether the path begins with a module below this one.
    fn is_below(&self, module: &Module, mention: &Mention) -> bool {
        let below = mention.path.get(..=module.len());
        below.is_some_and(|below| self.files.contains_key(below))
    }

    /// The file where what the path names is defined, through re-exports; `None` for the root.
    fn leads_to(&self, path: &[String]) -> Option<Module> {
        let depth = (0..=path.len())
            .rev()
            .find(|depth| self.files.contains_key(&path[..*depth]))?;
        let module = &path[..depth];
        let offered = path
            .get(depth)
            .and_then(|name| self.files[module].offers.get(name));
        match offered {
            Some(offered) if offered != path => self.leads_to(offered),
            _ if depth == 0 => None,
            _ => Some(module.to_vec()),
        }
    }
}

fn module_of(path: &str) -> Module {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut module: Module = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
        module.pop();
    }
    module
}
