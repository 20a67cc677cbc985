//! What was not confirmed, taken back.

use super::*;

// printf acme+puller:new | base64; printf acme+other:new | base64
const NEW: &str = "YWNtZStwdWxsZXI6bmV3";
const OTHER: &str = "YWNtZStvdGhlcjpuZXc=";

fn undo(now: &str) -> Plan {
    let entries = serde_json::json!({"auths": {
        "quay.io/acme": {"auth": NEW},
        "new.example.com": {"auth": NEW},
    }});
    let undo = Intent::Undo {
        wrote: Written::read(document(&entries.to_string()), []),
        document: document(RED_HAT),
    };
    plan(&standalone(now), &request(undo, &[])).unwrap()
}

fn written() -> Value {
    let mut now: Value = serde_json::from_str(RED_HAT).unwrap();
    now["auths"]["quay.io/acme"]["auth"] = NEW.into();
    now["auths"]["new.example.com"] = serde_json::json!({"auth": NEW});
    now
}

#[test]
fn what_was_written_goes_and_what_others_wrote_elsewhere_stays() {
    let mut now = written();
    now["auths"]["theirs.example.com"] = serde_json::json!({"auth": OTHER});
    let undone: Value = serde_json::from_str(&text(&undo(&now.to_string()))).unwrap();
    let mut expected: Value = serde_json::from_str(RED_HAT).unwrap();
    expected["auths"]["theirs.example.com"] = serde_json::json!({"auth": OTHER});
    assert_eq!(undone, expected);
}

#[test]
fn an_entry_that_somebody_changed_since_is_left_to_them_and_named() {
    let mut now = written();
    now["auths"]["new.example.com"]["auth"] = OTHER.into();
    let plan = undo(&now.to_string());
    assert_eq!(plan.changed_keys(), ["quay.io/acme"]);
    assert!(plan.has_refusal());
    now["auths"]["quay.io/acme"] =
        serde_json::from_str::<Value>(RED_HAT).unwrap()["auths"]["quay.io/acme"].clone();
    assert!(!undo(&now.to_string()).has_write());
}
