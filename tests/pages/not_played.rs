//! The blocks that no test can type, why not, and what holds their promise instead.

use crate::pages::block::{self, Block};

/// A block that is not played.
pub struct NotPlayed {
    page: &'static str,
    /// How its first command begins.
    begins: &'static str,
    why: &'static str,
    /// A file, and the test in it.
    held_by: (&'static str, &'static str),
}

const KREW: &str = "xtask/tests/krew.rs";

const NOT_PLAYED: &[NotPlayed] = &[
    NotPlayed {
        page: "README.md",
        begins: "kubectl krew index add quay",
        why: "the repository is not public; a real krew installs from an index of the test's own",
        held_by: (
            KREW,
            "krew_finds_installs_runs_upgrades_and_removes_every_plugin",
        ),
    },
    NotPlayed {
        page: "README.md",
        begins: "cargo xtask install",
        why: "it builds optimized plugins, which takes minutes",
        held_by: (
            "xtask/tests/install.rs",
            "every_plugin_is_installed_under_every_name_kubectl_and_oc_look_for",
        ),
    },
    NotPlayed {
        page: "README.md",
        begins: "cargo xtask demo",
        why: "the demo proves itself, and the tests are what runs here",
        held_by: (
            "xtask/tests/pages.rs",
            "every_developer_command_that_a_page_types_is_one",
        ),
    },
    NotPlayed {
        page: "docs/robots.md",
        begins: "kubectl quay-robot federation set",
        why: "the stage's small cluster issues no tokens, and a cloud's issuer is not here",
        held_by: (
            "tests/robot/federation.rs",
            "check_takes_every_step_from_the_cluster_to_the_registry",
        ),
    },
    NotPlayed {
        page: "docs/installation.md",
        begins: "kubectl krew index add quay",
        why: "the repository is not public; a real krew installs from an index of the test's own",
        held_by: (
            KREW,
            "krew_finds_installs_runs_upgrades_and_removes_every_plugin",
        ),
    },
    NotPlayed {
        page: "docs/installation.md",
        begins: "kubectl krew install --manifest",
        why: "there is no release yet; a real krew installs archives that are made for the test",
        held_by: (
            KREW,
            "krew_installs_archives_by_hand_and_its_validator_finds_nothing_wrong",
        ),
    },
    NotPlayed {
        page: "docs/installation.md",
        begins: "sha256sum --check",
        why: "there is no release yet, and only GitHub attests one",
        held_by: (
            "xtask/src/package/mod.rs",
            "checksums_are_those_of_the_archives",
        ),
    },
    NotPlayed {
        page: "docs/installation.md",
        begins: "cargo xtask install",
        why: "it builds optimized plugins, which takes minutes",
        held_by: (
            "xtask/tests/install.rs",
            "every_plugin_is_installed_under_every_name_kubectl_and_oc_look_for",
        ),
    },
    NotPlayed {
        page: "krew/README.md",
        begins: "cargo xtask package",
        why: "it builds optimized plugins, which takes minutes",
        held_by: (
            "xtask/src/package/mod.rs",
            "the_templates_hold_every_platform_and_pass_every_check",
        ),
    },
    NotPlayed {
        page: "tests/kubelet/README.md",
        begins: "cargo xtask kubelet <<<",
        why: "it builds a program of another package, which has a test of its own for it",
        held_by: (
            "tests/kubelet/tests/page.rs",
            "the_question_on_the_page_has_the_answer_that_stands_below_it",
        ),
    },
];

/// Why this block is not played.
pub fn reason(block: &Block) -> Option<&'static str> {
    let found = NOT_PLAYED.iter().find(|entry| entry.is_about(block));
    found.map(|entry| entry.why)
}

impl NotPlayed {
    fn is_about(&self, block: &Block) -> bool {
        block.page == self.page && block.begins().starts_with(self.begins)
    }
}

#[test]
fn every_block_that_is_not_played_exists_and_is_held_by_a_test_that_exists() {
    let blocks = block::all();
    for entry in NOT_PLAYED {
        let (page, begins) = (entry.page, entry.begins);
        let count = blocks.iter().filter(|block| entry.is_about(block)).count();
        assert_eq!(
            count, 1,
            "{page} has {count} blocks `$ {begins}`: remove the reason, or be more exact"
        );
        let (file, test) = entry.held_by;
        let text = std::fs::read_to_string(block::root().join(file)).expect("a file of tests");
        assert!(
            text.contains(&format!("fn {test}(")),
            "{file} has no test {test} any more, which holds `$ {begins}` of {page}"
        );
    }
}
