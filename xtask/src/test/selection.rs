//! Which test executables hold the tests that somebody named.

use crate::{cargo, process};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// One executable with tests.
pub struct Target {
    pub package: String,
    /// Cargo's flags that choose it within its package.
    pub flags: Vec<String>,
    /// The full names of the tests that were named.
    pub tests: Vec<String>,
}

impl Target {
    /// Whether they are tests that start the plugins or a cluster.
    pub fn needs_machine(&self) -> bool {
        let packages = ["quay-tests", "quay-kubelet", "xtask"];
        packages.contains(&&*self.package) && self.flags[0] == "--test"
    }
}

/// The executables with a test whose full name holds this text.
pub fn holding(text: &str) -> Result<Vec<Target>> {
    let mut metadata = cargo::command()?;
    metadata.args(["metadata", "--no-deps", "--offline", "--format-version=1"]);
    let metadata: Value = serde_json::from_slice(&process::output(metadata)?)?;
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for target in package["targets"].as_array().into_iter().flatten() {
            let (Some(flags), Some(root)) = (flags(target), target["src_path"].as_str()) else {
                continue;
            };
            let mut tests = tests(Path::new(root))?;
            tests.retain(|test| test.contains(text));
            if !tests.is_empty() {
                found.push(Target {
                    package: package["name"].as_str().unwrap_or_default().to_owned(),
                    flags,
                    tests,
                });
            }
        }
    }
    Ok(found)
}

/// `None` for what holds no tests, such as a build script.
fn flags(target: &Value) -> Option<Vec<String>> {
    if target["test"] != true {
        return None;
    }
    let name = target["name"].as_str()?.to_owned();
    match target["kind"][0].as_str()? {
        "lib" => Some(vec!["--lib".to_owned()]),
        "bin" => Some(vec!["--bin".to_owned(), name]),
        "test" => Some(vec!["--test".to_owned(), name]),
        _ => None,
    }
}

/// The full names of the tests in a crate with this root, as the test executable lists them.
fn tests(root: &Path) -> Result<Vec<String>> {
    let folder = root.parent().context("a crate without a folder")?;
    let name = root.file_stem().context("a crate without a name")?;
    let mut names = in_file(root, "")?;
    match name.to_str() {
        Some("main" | "lib" | "mod") => {
            for (path, module) in files(folder, "")? {
                if path != root {
                    names.extend(in_file(&path, &module)?);
                }
            }
        }
        // Cargo takes each file of `tests` for a crate; the folder of its name holds its modules.
        _ => {
            for (path, module) in files(&folder.join(name), "")? {
                names.extend(in_file(&path, &module)?);
            }
        }
    }
    Ok(names)
}

/// The source files below a folder, with their modules; not those of other packages.
fn files(folder: &Path, module: &str) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !path.join("Cargo.toml").exists() {
            found.extend(files(&path, &format!("{module}{stem}::"))?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = match &*stem {
                "mod" => module.to_owned(),
                _ => format!("{module}{stem}::"),
            };
            found.push((path, module));
        }
    }
    Ok(found)
}

/// The tests in one file: those of the module itself, and those of its `mod tests`.
fn in_file(path: &Path, module: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(path)?;
    let mut names = Vec::new();
    let (mut inner, mut marked) = ("", false);
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with("mod tests {") {
            inner = "tests::";
        }
        if line.starts_with("#[test]") {
            marked = true;
        } else if let Some(signature) = line.strip_prefix("fn ")
            && std::mem::take(&mut marked)
        {
            let name = signature.split('(').next().unwrap_or_default();
            names.push(format!("{module}{inner}{name}"));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_is_found_by_its_full_name_in_the_executable_that_holds_it() {
        let name = "test::selection::tests::this_test_is_found_by_its_full_name";
        let found = holding(name).unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].package, "xtask");
        assert_eq!(found[0].flags, ["--bin", "xtask"]);
        assert!(found[0].tests[0].starts_with(name));
    }
}
