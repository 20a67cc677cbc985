//! What Red Hat hands out, brought into a cluster.

use super::*;

fn entry(user: &str, email: Option<&str>) -> Value {
    use base64::Engine;
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("{user}:new"));
    match email {
        Some(email) => serde_json::json!({"auth": auth, "email": email}),
        None => serde_json::json!({"auth": auth}),
    }
}

fn bring(handed: Value, replace: &[&str]) -> Result<Plan, Obstacle> {
    let handed = serde_json::json!({"auths": handed}).to_string();
    // printf me:x | base64; printf you:x | base64
    let current = r#"{"auths":{"cloud.openshift.com":{"auth":"bWU6eA==","email":"me@x"},
        "quay.io":{"auth":"bWU6eA=="},"registry.redhat.io":{"auth":"!!"},
        "registry.example.com":{"auth":"eW91Ong="}}}"#;
    let request = request(Intent::RedHat(document(&handed)), replace);
    plan(&standalone(current), &request)
}

#[track_caller]
fn change(handed: (&str, Value), replace: &[&str]) -> EntryChange {
    let (key, entry) = handed;
    // An answer has more than one entry.
    let mut all = serde_json::json!({"registry.connect.redhat.com": self::entry("me", None)});
    all[key] = entry;
    let plan = bring(all, replace).unwrap();
    let found = plan.entries.iter().find(|entry| entry.key == key).unwrap();
    let changed = plan.changed_keys().iter().any(|changed| changed == key);
    assert_eq!(
        changed,
        !matches!(found.change, EntryChange::Refused { .. }),
        "{key}"
    );
    found.change.clone()
}

#[test]
fn another_account_is_not_let_in_unless_its_keys_are_named() {
    let refused =
        |handed, replace: &[&str]| matches!(change(handed, replace), EntryChange::Refused { .. });
    let quay = || ("quay.io", entry("mallory", Some("mallory@x")));
    assert!(refused(quay(), &[]));
    assert!(refused(quay(), &["cloud.openshift.com"]));
    assert_eq!(change(quay(), &["quay.io"]), EntryChange::Replaced);
    let cloud = |email| ("cloud.openshift.com", entry("me-anew", email));
    assert_eq!(change(cloud(Some("me@x")), &[]), EntryChange::Replaced);
    assert!(refused(cloud(Some("mallory@x")), &[]));
    assert!(refused(cloud(None), &[]));
    let own = ("quay.io", entry("me", Some("other@x")));
    assert_eq!(change(own, &[]), EntryChange::Updated);
    // What cannot be read is lost already.
    let lost = ("registry.redhat.io", entry("mallory", None));
    assert_eq!(change(lost, &[]), EntryChange::Replaced);
}

#[test]
fn other_registries_entries_and_rubbish_are_not_taken_over() {
    let refused = |handed| matches!(change(handed, &[]), EntryChange::Refused { .. });
    assert!(refused(("registry.example.com", entry("me", None))));
    assert!(refused(("quay.io", serde_json::json!({}))));
    assert!(refused(("quay.io", serde_json::json!({"auth": "!!"}))));
    assert!(bring(serde_json::json!({}), &[]).is_err());
    assert!(
        bring(
            serde_json::json!({"elsewhere.example.com": entry("me", None)}),
            &[]
        )
        .is_err()
    );
}
