//! `completion install`, and the names one binary answers to.

use crate::completion::asking::install;
use crate::completion::robot::{BINARY, PLUGIN};
use quay_tests::TestContext;
use std::os::unix::fs::symlink;
use std::path::Path;

const COMPLETERS: [&str; 4] = [
    "kubectl_complete-quay-robot",
    "kubectl_complete-quay_robot",
    "oc_complete-quay-robot",
    "oc_complete-quay_robot",
];

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_completers_are_beside_the_plugin_and_survive_its_upgrade() {
    let mut context = TestContext::new(BINARY);
    let folder = install(&mut context, BINARY, PLUGIN);
    let plugin = folder.join(PLUGIN).to_string_lossy().into_owned();
    // A second time changes nothing.
    context
        .program(&plugin, ["completion", "install"])
        .run()
        .expect(0);
    let expected: Vec<&str> = [PLUGIN].into_iter().chain(COMPLETERS).collect();
    assert_eq!(names(&folder), expected);
    for name in COMPLETERS {
        // krew replaces what its own link points to.
        assert_eq!(
            std::fs::read_link(folder.join(name)).unwrap(),
            Path::new(PLUGIN)
        );
        let completer = folder.join(name).to_string_lossy().into_owned();
        let offered = context.program(&completer, ["logo"]).run().expect(0);
        offered.prints("logout\t").prints(":4\n");
    }
}

#[test]
fn another_folder_gets_links_to_the_plugin_and_a_warning_if_it_is_not_on_path() {
    let mut context = TestContext::new(BINARY);
    let beside = install(&mut context, BINARY, PLUGIN);
    let folder = context.path("elsewhere");
    let plugin = beside.join(PLUGIN);
    let dir = folder.to_string_lossy().into_owned();
    let words = ["completion", "install", "--dir", &dir];
    let run = context.program(&plugin, words).run();
    run.expect(0).says("is not on PATH");
    assert_eq!(names(&folder), COMPLETERS);
    for name in COMPLETERS {
        assert_eq!(std::fs::read_link(folder.join(name)).unwrap(), plugin);
    }
}

#[test]
fn a_file_that_is_no_link_is_kept() {
    let mut context = TestContext::new(BINARY);
    let folder = install(&mut context, BINARY, PLUGIN);
    let taken = folder.join(COMPLETERS[1]);
    std::fs::remove_file(&taken).unwrap();
    std::fs::write(&taken, "somebody's own").unwrap();
    let plugin = folder.join(PLUGIN).to_string_lossy().into_owned();
    let run = context.program(&plugin, ["completion", "install"]).run();
    run.expect(1).says("is a file and not a link").says("--dir");
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "somebody's own");
}

#[test]
fn usage_errors_and_hints_show_what_was_typed() {
    let mut context = TestContext::new(BINARY);
    let folder = install(&mut context, BINARY, PLUGIN);
    for (name, typed) in [
        ("kubectl-quay_robot", "kubectl quay-robot"),
        ("kubectl-quay-robot", "kubectl quay robot"),
        ("oc-quay_robot", "oc quay-robot"),
        ("oc-quay-robot", "oc quay robot"),
        ("robots", "kubectl quay-robot"),
    ] {
        let link = folder.join(name);
        if name != PLUGIN {
            symlink(BINARY, &link).unwrap();
        }
        let link = link.to_string_lossy().into_owned();
        let help = context.program(&link, ["list", "--help"]).run();
        help.expect(0).prints(&format!("Usage: {typed} list"));
        let wrong = context.program(&link, ["lst"]).run();
        wrong.expect(2).says(&format!("Usage: {typed}"));
        let hint = context.program(&link, ["list", "--registry", "quay.invalid"]);
        hint.run()
            .expect(1)
            .says(&format!("{typed} login --registry"));
    }
}
