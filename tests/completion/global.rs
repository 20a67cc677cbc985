//! What TAB offers after `kubectl quay-global`, asked of kubectl.

use crate::completion::asking::{install, offered};
use quay_tests::{Plugin, TestCluster, TestContext, auth, pull_secret_of};
use serde_json::json;

const BINARY: Plugin = Plugin::Global;

#[test]
fn keys_and_backups_of_the_global_pull_secret_are_offered() {
    let mut context = TestContext::new(BINARY);
    install(&mut context, BINARY, "kubectl-quay_global");
    let cluster = Box::leak(Box::new(TestCluster::small("admin")));
    cluster.join(&mut context);
    cluster.become_openshift();
    let auths = json!({"auths": {
        "registry.example.com": {"auth": auth("somebody", "password")},
        "registry.redhat.io": {"auth": auth("me", "password")},
    }});
    let secret = pull_secret_of("openshift-config", "pull-secret", auths.to_string());
    cluster.create(&secret);
    for words in [
        ["remove", "registry.e"].as_slice(),
        &["update", "--key", "registry.e"],
        &["rollback", "--replace-entry", "registry.e"],
    ] {
        let words = [&["quay-global"], words].concat();
        assert_eq!(offered(&context, &words).choices, ["registry.example.com"]);
    }
    let removal = "remove registry.example.com --yes";
    context.run(removal).expect(0);
    let backups = offered(&context, &["quay-global", "rollback", ""]).choices;
    assert_eq!(backups.len(), 1, "{backups:?}");
    assert!(backups[0].starts_with("pull-secret-backup-"), "{backups:?}");
}
