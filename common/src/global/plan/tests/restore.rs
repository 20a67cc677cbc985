//! Going back to a backup: what we wrote since is taken back, and nothing else.

use super::*;

// printf me:new | base64; printf AWS:old | base64; printf AWS:new | base64
const MY_NEW: &str = "bWU6bmV3";
const AWS_OLD: &str = "QVdTOm9sZA==";
const AWS_NEW: &str = "QVdTOm5ldw==";
// printf acme+puller:old | base64
const ROBOTS: &str = "YWNtZStwdWxsZXI6b2xk";

/// Goes back to what `RED_HAT` holds; since then these entries were written.
fn restore(now: &str, wrote: &[(&str, &str)], exact: bool, replace: &[&str]) -> Plan {
    let entries: serde_json::Map<String, Value> = wrote
        .iter()
        .map(|(key, auth)| ((*key).to_owned(), serde_json::json!({"auth": auth})))
        .collect();
    let entries = document(&serde_json::json!({"auths": entries}).to_string());
    let intent = RestoreIntent {
        document: document(RED_HAT),
        wrote: vec![Written::read(entries, [])],
        exact,
    };
    let request = request(Intent::Restore(intent), replace);
    plan(&standalone(now), &request).unwrap()
}

fn with(entries: &[(&str, &str)]) -> String {
    let mut now: Value = serde_json::from_str(RED_HAT).unwrap();
    for (key, auth) in entries {
        now["auths"][key] = serde_json::json!({"auth": auth});
    }
    now.to_string()
}

#[test]
fn what_others_wrote_since_the_backup_stays_and_is_named() {
    let now = with(&[
        ("quay.example.com/acme", ROBOTS),
        ("ecr.example.com", AWS_NEW),
    ]);
    let plan = restore(&now, &[("quay.example.com/acme", ROBOTS)], false, &[]);
    assert_eq!(
        steps(&plan),
        [
            ("ecr.example.com", &EntryChange::Kept),
            ("quay.example.com/acme", &EntryChange::Removed)
        ]
    );
    assert!(text(&plan).contains(AWS_NEW));
}

#[test]
fn somebody_elses_entry_is_restored_only_where_it_is_named_or_all_is() {
    let before = with(&[("ecr.example.com", AWS_OLD)]);
    let intent = |exact| RestoreIntent {
        document: document(&before),
        wrote: Vec::new(),
        exact,
    };
    let now = with(&[("ecr.example.com", AWS_NEW)]);
    let plan_of = |exact, replace: &[&str]| {
        let request = request(Intent::Restore(intent(exact)), replace);
        plan(&standalone(&now), &request)
    };
    let obstacle = plan_of(false, &[]).unwrap_err();
    assert!(obstacle.reason.contains("ecr.example.com"), "{obstacle:?}");
    for plan in [plan_of(true, &[]), plan_of(false, &["ecr.example.com"])] {
        assert!(text(&plan.unwrap()).contains(AWS_OLD));
    }
}

#[test]
fn an_entry_of_ours_that_somebody_changed_since_is_refused_and_named() {
    let now = with(&[("quay.example.com/acme", AWS_NEW)]);
    let plan = restore(&now, &[("quay.example.com/acme", ROBOTS)], false, &[]);
    assert!(plan.has_refusal() && !plan.has_write());
}

#[test]
fn a_backup_does_not_bring_back_red_hats_dead_tokens_unasked() {
    let now = with(&[("quay.io", MY_NEW)]);
    let wrote = [("quay.io", MY_NEW)];
    let refused = restore(&now, &wrote, false, &[]);
    assert!(refused.has_refusal() && !refused.has_write());
    assert_eq!(refused.entries.len(), 1);
    for plan in [
        restore(&now, &wrote, true, &[]),
        restore(&now, &wrote, false, &["quay.io"]),
    ] {
        assert_eq!(text(&plan), RED_HAT);
    }
}

#[test]
fn an_empty_secret_gets_all_of_the_backup() {
    let plan = restore(r#"{"auths":{}}"#, &[], false, &[]);
    assert_eq!(text(&plan), RED_HAT);
}

#[test]
fn a_backup_that_is_restored_exactly_keeps_its_spaces() {
    let pretty: Value = serde_json::from_str(RED_HAT).unwrap();
    let pretty = format!("{pretty:#}\n");
    let intent = RestoreIntent {
        document: Document::parse_verbatim(Format::DockerConfigJson, pretty.as_bytes()).unwrap(),
        wrote: Vec::new(),
        exact: true,
    };
    let now = with(&[("ecr.example.com", AWS_NEW)]);
    let plan = plan(&standalone(&now), &request(Intent::Restore(intent), &[])).unwrap();
    assert_eq!(text(&plan), pretty);
}
