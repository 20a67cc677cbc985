//! Each mistake that reviewers and krew reject is found, and found alone.

use super::problems;
use crate::package::archive::{self, File};
use crate::package::manifest::sha256;
use flate2::Compression;
use serde_json::{Value, json};
use std::path::Path;

const ARCHIVE: &str = "kubectl-x-v1.2.3-linux-amd64.tar.gz";

/// A folder with one good archive, and the manifest that leads to it.
fn good() -> (tempfile::TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| File {
        name: name.to_owned(),
        executable: true,
        content: name.into(),
    };
    let files = [file("kubectl-x"), file("LICENSE")];
    let bytes = archive::write(ARCHIVE, &files, Compression::fast()).unwrap();
    std::fs::write(folder.path().join(ARCHIVE), &bytes).unwrap();
    let platform = json!({
        "selector": {"matchLabels": {"os": "linux", "arch": "amd64"}},
        "uri": format!("https://example.com/{ARCHIVE}"),
        "sha256": sha256(&bytes),
        "files": [{"from": "kubectl-x", "to": "."}, {"from": "LICENSE", "to": "."}],
        "bin": "kubectl-x",
    });
    let manifest = json!({
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": "x"},
        "spec": {
            "version": "v1.2.3", "homepage": "https://example.com",
            "shortDescription": "Does x", "description": "Does x, and nothing else.",
            "platforms": [platform],
        },
    });
    (folder, manifest)
}

fn found(manifest: &Value, archives: &Path) -> Vec<String> {
    // JSON is YAML.
    problems("x.yaml", &manifest.to_string(), archives)
}

/// The one problem of a good manifest after `spoil`.
#[track_caller]
fn one(spoil: impl FnOnce(&mut Value, &Path)) -> String {
    let (folder, mut manifest) = good();
    assert_eq!(found(&manifest, folder.path()), Vec::<String>::new());
    spoil(&mut manifest, folder.path());
    let found = found(&manifest, folder.path());
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

fn platform(manifest: &mut Value) -> &mut Value {
    &mut manifest["spec"]["platforms"][0]
}

/// Replaces the archive, and the checksum with it.
fn repack(manifest: &mut Value, archives: &Path, bytes: &[u8]) {
    std::fs::write(archives.join(ARCHIVE), bytes).unwrap();
    platform(manifest)["sha256"] = sha256(bytes).into();
}

#[test]
fn a_checksum_in_upper_case_is_refused() {
    let (folder, mut manifest) = good();
    let upper = platform(&mut manifest)["sha256"]
        .as_str()
        .unwrap()
        .to_uppercase();
    platform(&mut manifest)["sha256"] = upper.into();
    let found = found(&manifest, folder.path());
    assert!(found[0].contains("lower case"), "{found:?}");
}

#[test]
fn a_checksum_of_another_archive_is_refused() {
    let problem = one(|manifest, _| platform(manifest)["sha256"] = "0".repeat(64).into());
    assert!(problem.contains("not that of"), "{problem}");
}

#[test]
fn overlapping_selectors_are_refused() {
    let problem = one(|manifest, _| {
        let mut any = platform(manifest).clone();
        any["selector"]["matchLabels"] = json!({"arch": "amd64", "os": "linux"});
        let platforms = manifest["spec"]["platforms"].as_array_mut().unwrap();
        platforms.push(any);
    });
    assert_eq!(problem, "2 platforms select linux/amd64");
}

#[test]
fn a_selector_that_krew_cannot_serve_is_refused() {
    let problem = one(|manifest, _| {
        platform(manifest)["selector"]["matchLabels"]["arch"] = "s390x".into();
    });
    assert!(problem.contains("s390x"), "{problem}");
    let problem = one(|manifest, _| {
        platform(manifest)["selector"]["matchLabels"]["libc"] = "musl".into();
    });
    assert!(problem.contains("`libc`"), "{problem}");
}

#[test]
fn a_license_that_is_not_installed_is_refused() {
    let problem = one(|manifest, _| {
        platform(manifest)["files"] = json!([{"from": "kubectl-x", "to": "."}]);
    });
    assert!(problem.contains("no license"), "{problem}");
}

#[test]
fn a_link_in_the_archive_is_refused() {
    let problem = one(|manifest, archives| {
        let gzip = flate2::GzBuilder::new().write(Vec::new(), Compression::fast());
        let mut tar = tar::Builder::new(gzip);
        for name in ["kubectl-x", "LICENSE"] {
            let mut header = tar::Header::new_ustar();
            header.set_size(0);
            tar.append_data(&mut header, name, &[][..]).unwrap();
        }
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "oc-x", "kubectl-x").unwrap();
        let bytes = tar.into_inner().unwrap().finish().unwrap();
        repack(manifest, archives, &bytes);
    });
    assert!(
        problem.contains("`oc-x` in the archive is no regular file"),
        "{problem}"
    );
}

#[test]
fn a_file_that_is_not_in_the_archive_is_refused() {
    let problem = one(|manifest, _| platform(manifest)["files"][1]["from"] = "license".into());
    assert!(
        problem.contains("`license` is not in the archive"),
        "{problem}"
    );
}

#[test]
fn a_misspelt_field_is_refused_though_krew_takes_it() {
    let problem = one(|manifest, _| manifest["spec"]["caveat"] = "Run it.".into());
    assert!(problem.contains("`caveat`"), "{problem}");
}

#[test]
fn names_versions_and_descriptions_are_as_the_index_asks() {
    for (field, value) in [
        ("version", "1.2.3"),
        ("version", "v1.2"),
        ("shortDescription", "Does x.\nAnd y."),
        ("description", ""),
    ] {
        let problem = one(|manifest, _| manifest["spec"][field] = value.into());
        assert!(problem.contains(field), "{problem}");
    }
    let long = "x".repeat(51);
    let problem = one(|manifest, _| manifest["spec"]["shortDescription"] = long.into());
    assert!(problem.contains("50"), "{problem}");
    let (folder, manifest) = good();
    let wrong = problems("y.yaml", &manifest.to_string(), folder.path());
    assert_eq!(wrong, ["the file has to be x.yaml"]);
}
