//! Merges that were interesting once. Each is tried before any is made.

use super::edit::Edit;
use super::{Kubelet, Merge};
use quay_common::kubelet::Format;
use serde::{Deserialize, Serialize};

/// One merge a line.
const CORPUS: &str = include_str!("merges.jsonl");

#[derive(Serialize, Deserialize)]
struct Line {
    /// What is special about it.
    why: String,
    /// Whether it is a `.dockercfg`.
    #[serde(default)]
    legacy: bool,
    /// One char for each byte, U+0000 to U+00FF.
    content: String,
    edit: Edit,
}

/// Holds every merge that was kept.
pub fn hold_all() {
    let mut kubelet = Kubelet::start();
    let mut held = 0;
    for line in CORPUS.lines() {
        let line: Line = serde_json::from_str(line).unwrap();
        let format = match line.legacy {
            true => Format::DockerCfg,
            false => Format::DockerConfigJson,
        };
        let content: Vec<u8> = line.content.chars().map(|c| c as u8).collect();
        let merge = Merge::of(format, content, "quay.io/acme/app", line.edit);
        merge.hold(kubelet.as_mut(), &line.why);
        held += 1;
    }
    println!("{held} kept merges held");
}

/// A merge as a line of the corpus.
pub fn line(merge: &Merge, why: &str) -> String {
    let Some((format, content)) = merge.content() else {
        return String::new();
    };
    let line = Line {
        why: why.to_owned(),
        legacy: format == Format::DockerCfg,
        content: content.iter().copied().map(char::from).collect(),
        edit: merge.edit.clone(),
    };
    serde_json::to_string(&line).unwrap_or_default()
}
