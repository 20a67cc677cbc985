//! `cargo xtask install` puts every plugin on PATH under every name.

#![cfg(unix)]
use quay_tests::TestContext;
use std::process::Command;

#[test]
fn every_plugin_is_installed_under_every_name_kubectl_and_oc_look_for() {
    let mut context = TestContext::new("kubectl");
    let folder = context.path("bin");
    let installed = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["install", "--profile", "dev", "--dir"])
        .arg(&folder)
        .output()
        .unwrap();
    assert!(installed.status.success(), "{installed:?}");
    context.set(
        "PATH",
        &format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display()),
    );
    let version = env!("CARGO_PKG_VERSION");
    for plugin in ["quay-robot", "quay-pullsecret", "quay-global"] {
        let spaced: Vec<&str> = plugin.split('-').chain(["--version"]).collect();
        for (words, typed) in [
            (vec![plugin, "--version"], plugin.to_owned()),
            (spaced, plugin.replace('-', " ")),
        ] {
            let said = context.program("kubectl", &words).run().expect(0).stdout;
            assert_eq!(said, format!("kubectl {typed} {version}\n"));
        }
        for host in ["kubectl", "oc"] {
            for name in [plugin.to_owned(), plugin.replace('-', "_")] {
                let completer = folder.join(format!("{host}_complete-{name}"));
                let offered = context.program(&completer, ["comp"]);
                offered.run().expect(0).prints("completion\t");
            }
        }
    }
    // kubectl warns of names that hide each other.
    let listed = context
        .program("kubectl", ["plugin", "list"])
        .run()
        .expect(0);
    assert_eq!(listed.stderr, "");
    let global = folder.join("oc-quay_global");
    let help = context.program(&global, ["--help"]).run();
    help.expect(0).prints("Usage: oc quay-global");
}
