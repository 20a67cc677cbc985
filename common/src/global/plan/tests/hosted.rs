//! The additional pull secret of a hosted control plane.

use super::*;
use crate::node_secrets::ADDITIONAL_PULL_SECRET;

fn hosted(current: Option<&str>) -> Observed {
    Observed {
        topology: Topology::HostedControlPlane,
        name: ADDITIONAL_PULL_SECRET,
        current: current.map(|text| Current::read(secret(text)).unwrap()),
        original: Some(document(
            r#"{"auths":{"quay.example.com":{"auth":"bWU6eA=="}}}"#,
        )),
        ..standalone("{}")
    }
}

#[test]
fn a_hosted_clusters_own_keys_win_and_are_refused() {
    let created = plan(&hosted(None), &update(None, &[])).unwrap();
    assert_eq!(steps(&created), [("quay.io/acme", &EntryChange::Added)]);
    let wins = plan(&hosted(None), &update(Some("quay.example.com"), &[])).unwrap();
    let EntryChange::Refused { reason, next } = &wins.entries[0].change else {
        panic!("{wins:?}");
    };
    assert!(
        reason.contains("takes precedence")
            && hint_text(next.as_ref().unwrap()).contains("HostedCluster")
    );
    // Even a right to replace does not make it win.
    let named = update(Some("quay.example.com"), &["quay.example.com"]);
    assert!(plan(&hosted(None), &named).unwrap().has_refusal());
}

// printf acme+puller:old | base64
const ROBOT_ONLY: &str = r#"{"auths":{"quay.io/acme":{"auth":"YWNtZStwdWxsZXI6b2xk"}}}"#;

#[test]
fn without_a_last_entry_the_secret_goes_whoever_takes_the_entry() {
    let none = || document(r#"{"auths":{}}"#);
    let restore = |exact| {
        Intent::Restore(RestoreIntent {
            document: none(),
            wrote: vec![Written::read(document(ROBOT_ONLY), [])],
            exact,
        })
    };
    let undo = Intent::Undo {
        wrote: Written::read(document(ROBOT_ONLY), []),
        document: none(),
    };
    let remove = Intent::Remove("quay.io/acme".to_owned());
    for intent in [remove, restore(false), restore(true), undo] {
        let what = format!("{intent:?}");
        let request = request(intent, &[]);
        let last = plan(&hosted(Some(ROBOT_ONLY)), &request).unwrap();
        assert!(matches!(last.write, Write::Deletion), "{what}");
        assert_eq!(last.changed_keys(), ["quay.io/acme"], "{what}");
        // A standalone cluster's secret stays, whatever is in it.
        let standalone = plan(&standalone(ROBOT_ONLY), &request).unwrap();
        assert!(matches!(standalone.write, Write::Content(_)), "{what}");
    }
    // One that is empty already is refused by the control plane, too.
    let request = request(restore(false), &[]);
    let empty = plan(&hosted(Some(r#"{"auths":{}}"#)), &request).unwrap();
    assert!(matches!(empty.write, Write::Deletion));
    assert!(!plan(&hosted(None), &request).unwrap().has_write());
}
