//! What the workflows run cannot be changed by somebody else.

use std::path::Path;

#[test]
fn every_action_is_pinned_by_a_commit_and_says_which_version_that_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.github/workflows");
    let mut actions = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            let reference = line.split_once('@').map_or("", |(_, reference)| reference);
            let (commit, version) = reference.split_once(" # v").unwrap_or((reference, ""));
            let hexadecimal = |c: char| matches!(c, '0'..='9' | 'a'..='f');
            assert!(
                commit.len() == 40 && commit.chars().all(hexadecimal) && !version.is_empty(),
                "{}: {line}",
                path.display()
            );
            actions += 1;
        }
    }
    assert!(actions > 0, "no workflow uses an action");
}
