//! The krew templates, once filled, are manifests that krew takes.
//!
//! The rules are those of krew's `internal/index/validation` and `validate-krew-manifest`,
//! and of the reviewers of its index.

#![expect(
    clippy::unwrap_used,
    reason = "test code: a template that is not there fails the test"
)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const PLUGINS: [&str; 3] = ["quay-global", "quay-pullsecret", "quay-robot"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../krew")
}

fn filled(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(format!("{name}.yaml"))).unwrap();
    let mut text = text
        .replace("OWNER", "someone")
        .replace("{{VERSION}}", "v1.2.3");
    for platform in ["LINUX_AMD64", "LINUX_ARM64", "DARWIN_AMD64", "DARWIN_ARM64"] {
        text = text.replace(&format!("{{{{SHA256_{platform}}}}}"), &"0a".repeat(32));
    }
    assert!(
        !text.contains("{{"),
        "{name} has a placeholder nobody fills"
    );
    serde_yaml::from_str(&text).unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn there_is_a_template_for_every_plugin_and_no_other() {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| Some(name.strip_suffix(".yaml")?.to_owned()))
        .collect();
    names.sort();
    assert_eq!(names, PLUGINS);
}

#[test]
fn krew_knows_every_field_that_is_written() {
    for name in PLUGINS {
        let manifest = filled(name);
        let known = BTreeSet::from(["apiVersion", "kind", "metadata", "spec"]);
        assert_eq!(keys(&manifest), known);
        assert_eq!(keys(&manifest["metadata"]), BTreeSet::from(["name"]));
        let known = [
            "version",
            "homepage",
            "shortDescription",
            "description",
            "platforms",
        ];
        assert_eq!(keys(&manifest["spec"]), BTreeSet::from(known));
        for platform in manifest["spec"]["platforms"].as_array().unwrap() {
            let known = ["selector", "uri", "sha256", "files", "bin"];
            assert_eq!(keys(platform), BTreeSet::from(known));
            assert_eq!(keys(&platform["selector"]), BTreeSet::from(["matchLabels"]));
            let labels = keys(&platform["selector"]["matchLabels"]);
            assert_eq!(labels, BTreeSet::from(["arch", "os"]));
            for file in platform["files"].as_array().unwrap() {
                assert_eq!(keys(file), BTreeSet::from(["from", "to"]));
            }
        }
    }
}

#[test]
fn a_manifest_is_named_and_described_as_the_index_asks() {
    for name in PLUGINS {
        let manifest = filled(name);
        assert_eq!(
            manifest["apiVersion"],
            "krew.googlecontainertools.github.com/v1alpha2"
        );
        assert_eq!(manifest["kind"], "Plugin");
        assert_eq!(manifest["metadata"]["name"], name);
        let spec = &manifest["spec"];
        assert!(spec["version"].as_str().unwrap().starts_with('v'));
        let short = spec["shortDescription"].as_str().unwrap();
        assert!(
            short.chars().count() <= 50 && !short.contains('\n'),
            "{short}"
        );
        let description = spec["description"].as_str().unwrap();
        assert!(description.lines().all(|line| line.chars().count() <= 80));
    }
}

#[test]
fn every_platform_brings_its_binary_and_the_licence() {
    for name in PLUGINS {
        let manifest = filled(name);
        let mut seen = BTreeSet::new();
        for platform in manifest["spec"]["platforms"].as_array().unwrap() {
            let labels = &platform["selector"]["matchLabels"];
            let (os, arch) = (
                labels["os"].as_str().unwrap(),
                labels["arch"].as_str().unwrap(),
            );
            assert!(["linux", "darwin"].contains(&os) && ["amd64", "arm64"].contains(&arch));
            assert!(seen.insert((os, arch)), "{name} lists {os}/{arch} twice");
            let uri = platform["uri"].as_str().unwrap();
            assert!(
                uri.ends_with(&format!("-v1.2.3-{os}-{arch}.tar.gz")),
                "{uri}"
            );
            let sha256 = platform["sha256"].as_str().unwrap();
            let hexadecimal = |digit: char| matches!(digit, '0'..='9' | 'a'..='f');
            assert!(
                sha256.len() == 64 && sha256.chars().all(hexadecimal),
                "{sha256}"
            );
            let files: Vec<&str> = platform["files"]
                .as_array()
                .unwrap()
                .iter()
                .map(|file| file["from"].as_str().unwrap())
                .collect();
            let binary = platform["bin"].as_str().unwrap();
            assert_eq!(files, [binary, "LICENSE"]);
            assert!(binary.ends_with(name), "{binary}");
        }
        assert_eq!(seen.len(), 4);
    }
}
