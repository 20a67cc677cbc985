//! Everything krew, its index and its reviewers refuse, found before they see it.
//!
//! krew's own rules: `internal/index/validation`, `internal/download` and
//! `cmd/validate-krew-manifest`. It ignores fields it does not know, so that a misspelt
//! one passes there; and its index takes short descriptions of 50 characters at most.

use super::archive::{self, Entry};
use super::manifest::{file_of, sha256};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::Path;

/// What krew runs on (`allPlatforms` of its validator).
const KREW_PLATFORMS: [(&str, &str); 11] = [
    ("windows", "386"),
    ("windows", "amd64"),
    ("windows", "arm64"),
    ("linux", "386"),
    ("linux", "amd64"),
    ("linux", "arm"),
    ("linux", "arm64"),
    ("linux", "ppc64le"),
    ("darwin", "386"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
];
const LICENSES: [&str; 8] = [
    "license",
    "license.txt",
    "license.md",
    "licenses",
    "licenses.txt",
    "licenses.md",
    "copying",
    "copying.txt",
];

/// What is wrong with a manifest, named after its file, and with the archives it leads to.
pub fn problems(file_name: &str, text: &str, archives: &Path) -> Vec<String> {
    let manifest: Value = match serde_yaml::from_str(text) {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("it is not YAML: {error}")],
    };
    let mut found = Problems(Vec::new());
    found.head(file_name, &manifest);
    let platforms = manifest["spec"]["platforms"].as_array();
    let platforms = platforms.map_or(&[][..], Vec::as_slice);
    found.refuse(platforms.is_empty(), "it lists no platform");
    for (index, platform) in platforms.iter().enumerate() {
        let mut below = Problems(Vec::new());
        below.platform(platform);
        below.archive(platform, archives);
        let below = below.0.into_iter();
        found
            .0
            .extend(below.map(|problem| format!("platform {index}: {problem}")));
    }
    found.overlaps(platforms);
    found.0
}

struct Problems(Vec<String>);

impl Problems {
    fn refuse(&mut self, wrong: bool, problem: impl Into<String>) {
        if wrong {
            self.0.push(problem.into());
        }
    }

    fn fields(&mut self, value: &Value, what: &str, known: &[&str]) {
        let fields = value.as_object().into_iter().flat_map(Map::keys);
        for field in fields.filter(|field| !known.contains(&field.as_str())) {
            self.0
                .push(format!("krew has no field `{field}` in {what}"));
        }
    }

    fn head(&mut self, file_name: &str, manifest: &Value) {
        self.fields(
            manifest,
            "a manifest",
            &["apiVersion", "kind", "metadata", "spec"],
        );
        self.fields(&manifest["metadata"], "metadata", &["name"]);
        let spec = &manifest["spec"];
        let known = [
            "version",
            "homepage",
            "shortDescription",
            "description",
            "caveats",
            "platforms",
        ];
        self.fields(spec, "spec", &known);
        let api = "krew.googlecontainertools.github.com/v1alpha2";
        self.refuse(
            manifest["apiVersion"] != api,
            format!("apiVersion is not {api}"),
        );
        self.refuse(manifest["kind"] != "Plugin", "kind is not Plugin");
        let name = text(&manifest["metadata"]["name"]);
        self.refuse(
            file_name.strip_suffix(".yaml") != Some(name),
            format!("the file has to be {name}.yaml"),
        );
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        self.refuse(
            name.is_empty() || !name.chars().all(lower),
            format!("`{name}` is not lower-case words with `-` between them"),
        );
        self.refuse(
            !is_version(text(&spec["version"])),
            "version is not like v1.2.3",
        );
        let short = text(&spec["shortDescription"]);
        self.refuse(
            short.is_empty() || short.contains(['\n', '\r']) || short.chars().count() > 50,
            "shortDescription is not one line of at most 50 characters",
        );
        let long = text(&spec["description"]);
        self.refuse(
            long.is_empty() || long.lines().any(|line| line.chars().count() > 80),
            "description is not lines of at most 80 characters",
        );
        let homepage = text(&spec["homepage"]);
        self.refuse(!homepage.starts_with("http"), "homepage is no address");
    }

    fn platform(&mut self, platform: &Value) {
        let known = ["selector", "uri", "sha256", "files", "bin"];
        self.fields(platform, "a platform", &known);
        self.fields(&platform["selector"], "a selector", &["matchLabels"]);
        let labels = &platform["selector"]["matchLabels"];
        self.fields(labels, "matchLabels", &["os", "arch"]);
        self.refuse(
            !KREW_PLATFORMS.iter().any(|known| selects(platform, *known)),
            format!("krew runs on nothing that {labels} selects"),
        );
        let digits = text(&platform["sha256"]);
        let lower = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        self.refuse(
            digits.len() != 64 || !digits.chars().all(lower),
            "sha256 is not 64 hexadecimal digits in lower case",
        );
        self.refuse(text(&platform["bin"]).is_empty(), "bin is missing");
        let files = platform["files"].as_array();
        self.refuse(files.is_none_or(Vec::is_empty), "files is empty");
        for file in files.into_iter().flatten() {
            self.fields(file, "files", &["from", "to"]);
            let empty = text(&file["from"]).is_empty() || text(&file["to"]).is_empty();
            self.refuse(empty, "a file without from or to");
        }
    }

    fn archive(&mut self, platform: &Value, archives: &Path) {
        let name = file_of(text(&platform["uri"]));
        let Ok(bytes) = std::fs::read(archives.join(name)) else {
            return self.0.push(format!("there is no archive `{name}`"));
        };
        self.refuse(
            text(&platform["sha256"]) != sha256(&bytes),
            format!("sha256 is not that of {name}"),
        );
        match archive::entries(name, &bytes) {
            Ok(entries) => self.entries(platform, &entries),
            Err(error) => self.0.push(format!("{name} cannot be unpacked: {error:#}")),
        }
    }

    fn entries(&mut self, platform: &Value, entries: &[Entry]) {
        for Entry { name, regular } in entries {
            self.refuse(
                !regular,
                format!("`{name}` in the archive is no regular file"),
            );
            self.refuse(
                name.contains("..") || name.starts_with(['/', '\\']),
                format!("`{name}` in the archive leads out of it"),
            );
        }
        let files = platform["files"].as_array();
        let installed: BTreeSet<&str> = files
            .into_iter()
            .flatten()
            .map(|file| text(&file["from"]))
            .collect();
        for file in &installed {
            let there = entries.iter().any(|entry| entry.name == *file);
            self.refuse(!there, format!("`{file}` is not in the archive"));
        }
        let bin = text(&platform["bin"]);
        self.refuse(
            !installed.contains(bin),
            format!("bin `{bin}` is not among the files"),
        );
        let license = |file: &&str| LICENSES.contains(&file.to_ascii_lowercase().as_str());
        self.refuse(!installed.iter().any(license), "no license is installed");
    }

    fn overlaps(&mut self, platforms: &[Value]) {
        for (os, arch) in KREW_PLATFORMS {
            let count = platforms
                .iter()
                .filter(|platform| selects(platform, (os, arch)))
                .count();
            self.refuse(count > 1, format!("{count} platforms select {os}/{arch}"));
        }
    }
}

fn selects(platform: &Value, (os, arch): (&str, &str)) -> bool {
    let labels = &platform["selector"]["matchLabels"];
    let says = |key: &str, value: &str| labels[key].is_null() || labels[key] == value;
    labels.as_object().is_some_and(|labels| !labels.is_empty())
        && says("os", os)
        && says("arch", arch)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `v1.2.3`, possibly with a pre-release after a `-`.
fn is_version(text: &str) -> bool {
    let Some(version) = text.strip_prefix('v') else {
        return false;
    };
    let core = version.split_once('-').map_or(version, |(core, _)| core);
    let numbers: Vec<&str> = core.split('.').collect();
    let number = |text: &&str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    numbers.len() == 3 && numbers.iter().all(number)
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
