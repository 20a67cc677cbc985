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

/// What becomes of each entry of an account's pull secret in a secret with these entries.
fn brought(current: &[(&str, &str)], replace: &[&str]) -> Plan {
    let auths = |entries: &mut dyn Iterator<Item = (&str, &str)>| {
        let entries = entries.map(|(key, user)| (key.to_owned(), entry(user, None)));
        let auths: serde_json::Map<String, Value> = entries.collect();
        serde_json::json!({"auths": auths}).to_string()
    };
    let handed = auths(&mut RED_HATS_KEYS.iter().map(|key| (*key, "me")));
    let observed = standalone(&auths(&mut current.iter().copied()));
    let request = request(Intent::RedHat(document(&handed)), replace);
    plan(&observed, &request).unwrap()
}

const RED_HATS_KEYS: [&str; 4] = [
    "cloud.openshift.com",
    "quay.io",
    "registry.connect.redhat.com",
    "registry.redhat.io",
];

/// The one hint of a plan that writes nothing.
fn refused(plan: &Plan) -> String {
    assert!(!plan.has_write() && plan.changed_keys().is_empty());
    let hints = plan.entries.iter().map(|entry| match &entry.change {
        EntryChange::Refused {
            next: Some(next), ..
        } => hint_text(next),
        other => panic!("{}: {other:?}", entry.key),
    });
    let mut hints: Vec<String> = hints.collect();
    hints.dedup();
    assert_eq!(hints.len(), 1, "{hints:?}");
    hints.remove(0)
}

#[test]
fn a_secret_never_holds_two_accounts_of_red_hats() {
    let theirs = RED_HATS_KEYS[1..].iter().map(|key| (*key, "mallory"));
    let theirs: Vec<(&str, &str)> = theirs.collect();
    let hint = refused(&brought(&theirs, &[]));
    assert!(hint.contains("initiate the transfer"), "{hint}");
    let flags = "--replace-entry quay.io --replace-entry registry.connect.redhat.com \
                 --replace-entry registry.redhat.io";
    assert!(hint.contains(flags), "{hint}");
    // One by one they would make a mix.
    let hint = refused(&brought(&theirs, &["registry.redhat.io"]));
    assert!(
        hint.contains("--replace-entry registry.redhat.io"),
        "{hint}"
    );
    let all = brought(&theirs, &RED_HATS_KEYS);
    assert_eq!(all.changed_keys().len(), 4);
}

#[test]
fn a_cluster_that_opted_out_of_telemetry_stays_so_unless_the_entry_is_named() {
    let others = RED_HATS_KEYS[1..].iter().map(|key| (*key, "me"));
    let others: Vec<(&str, &str)> = others.collect();
    let plan = brought(&others[..2], &[]);
    assert_eq!(plan.changed_keys(), ["registry.redhat.io"]);
    let is_kept = |plan: &Plan| matches!(plan.entries[0].change, EntryChange::Left { .. });
    assert!(is_kept(&plan));
    let plan = brought(&others, &["cloud.openshift.com"]);
    assert!(!is_kept(&plan));
    assert_eq!(plan.changed_keys(), ["cloud.openshift.com"]);
}

#[test]
fn a_secret_without_an_account_of_red_hats_gets_none_unless_all_are_named() {
    let without = [
        &[("mirror.example.com", "mirror")][..],
        &[],
        &[("registry.redhat.io", "1|acme")],
    ];
    for current in without {
        let hint = refused(&brought(current, &[]));
        assert!(hint.contains("--replace-entry cloud.openshift.com --replace-entry quay.io"));
        refused(&brought(current, &["quay.io"]));
    }
    assert_eq!(brought(&[], &RED_HATS_KEYS).changed_keys(), RED_HATS_KEYS);
}

#[test]
fn a_registry_service_account_is_left_alone_unless_it_is_named() {
    let current = [
        ("cloud.openshift.com", "me"),
        ("registry.redhat.io", "11009103|acme"),
    ];
    let plan = brought(&current, &[]);
    let kept = plan
        .entries
        .iter()
        .find(|entry| entry.key == "registry.redhat.io");
    let EntryChange::Left { reason, .. } = &kept.unwrap().change else {
        panic!("{kept:?}");
    };
    assert!(
        reason.contains("registry service account `11009103|acme`"),
        "{reason}"
    );
    assert_eq!(
        plan.changed_keys(),
        ["quay.io", "registry.connect.redhat.com"]
    );
    let named = brought(&current, &["registry.redhat.io"]);
    assert!(
        named
            .changed_keys()
            .contains(&"registry.redhat.io".to_owned())
    );
}
