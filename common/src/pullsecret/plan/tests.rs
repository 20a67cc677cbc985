//! Table tests of planning.

mod bridged;

use super::super::current_tokens::{CurrentTokens, RegistryTokens, RobotToken};
use super::super::trust::{Adopted, Trust};
use super::*;
use crate::dockerconfig::RegistryNames;
use crate::kubelet::Format;
use k8s_openapi::api::core::v1::Secret;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

const HOST: &str = "quay.example.com";
const ROBOT: &str = "myorg+puller";

fn token(letter: char) -> String {
    letter.to_string().repeat(64)
}

fn auth(user: &str, password: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

fn entry(user: &str, password: &str) -> Value {
    json!({"auth": auth(user, password)})
}

fn wanted() -> CurrentTokens {
    let robot: RobotName = ROBOT.parse().unwrap();
    CurrentTokens {
        registries: vec![RegistryTokens {
            registry: HOST.parse().unwrap(),
            names: RegistryNames::of(
                HOST.parse().unwrap(),
                &["quay.internal:8443".parse().unwrap()],
            ),
            robots: [
                (robot, RobotToken::Current(SecretString::from(token('N')))),
                ("myorg+gone".parse().unwrap(), RobotToken::NoSuchRobot),
                (
                    "myorg+secret".parse().unwrap(),
                    RobotToken::Unreadable("Quay said no".to_owned()),
                ),
            ]
            .into(),
            bridges: Vec::new(),
        }],
        only: None,
    }
}

/// Every claim is good.
fn adopting() -> Trust {
    Trust {
        adopted: Adopted::Everything,
        ..Trust::default()
    }
}

fn placed() -> PlacedCredential {
    PlacedCredential {
        robot: ROBOT.parse().unwrap(),
        credential: Credential::new(ROBOT, SecretString::from(token('N'))),
        key: HOST.to_owned(),
        secret_name: "quay-pull-secret".to_owned(),
        service_accounts: vec!["default".to_owned()],
    }
}

fn only_robot() -> CurrentTokens {
    CurrentTokens {
        only: Some(ROBOT.parse().unwrap()),
        ..wanted()
    }
}

/// A secret with these entries; `edit` changes the object before it is read.
fn secret_with(auths: Value, edit: impl FnOnce(&mut Value)) -> PullSecret {
    use base64::Engine;
    let content = json!({"auths": auths}).to_string();
    let mut object = json!({
        "metadata": {"namespace": "staging", "name": "quay-pull-secret", "uid": "u", "resourceVersion": "7"},
        "type": Format::DockerConfigJson.secret_type(),
        "data": {".dockerconfigjson": base64::engine::general_purpose::STANDARD.encode(content)},
    });
    edit(&mut object);
    PullSecret::read(serde_json::from_value::<Secret>(object).unwrap()).unwrap()
}

fn secret(auths: Value) -> PullSecret {
    secret_with(auths, |_| {})
}

fn verdicts(plan: &SecretPlan) -> Vec<(&str, &Verdict)> {
    plan.entries
        .iter()
        .map(|entry| (entry.key.as_str(), &entry.verdict))
        .collect()
}

#[test]
fn a_current_credential_writes_nothing() {
    let secret = secret(json!({HOST: entry(ROBOT, &token('N'))}));
    let plan = plan_secret(&secret, &wanted(), &adopting(), Consent::default()).unwrap();
    assert_eq!(verdicts(&plan), [(HOST, &Verdict::Current)]);
    assert!(!plan.writes());
}

#[test]
fn every_spelling_and_path_of_the_registry_is_repaired_at_once() {
    let old = entry(ROBOT, &token('O'));
    let secret = secret(json!({
        "https://quay.example.com/v1/": old, "quay.example.com/myorg": old, "quay.internal:8443": old,
    }));
    let plan = plan_secret(&secret, &wanted(), &adopting(), Consent::default()).unwrap();
    assert!(
        plan.entries
            .iter()
            .all(|entry| entry.verdict == Verdict::Stale)
    );
    assert_eq!(plan.entries.len(), 3);
    let WriteAction::Update { document, .. } = &plan.write else {
        panic!("{:?}", plan.write)
    };
    let current = placed().credential;
    assert!(
        plan.entries
            .iter()
            .all(|entry| document.holds(&entry.key, &current))
    );
}

#[test]
fn the_same_robot_at_another_host_is_another_robot() {
    let secret = secret(json!({"quay.io": entry(ROBOT, &token('O'))}));
    let plan = plan_secret(&secret, &wanted(), &adopting(), Consent::default()).unwrap();
    assert_eq!(verdicts(&plan), [("quay.io", &Verdict::Unknown)]);
    assert!(!plan.writes());
    assert!(plan_secret(&secret, &only_robot(), &adopting(), Consent::default()).is_none());
}

#[test]
fn people_and_other_robots_are_left_alone() {
    let secret = secret(
        json!({HOST: entry("alice", "hunter2"), "quay.example.com/x": entry("other+robot", "x")}),
    );
    assert!(plan_secret(&secret, &wanted(), &adopting(), Consent::default()).is_none());
}

#[test]
fn a_robot_that_is_gone_or_unreadable_is_a_problem_of_that_entry_alone() {
    let secret = secret(json!({
        "quay.example.com/a": entry("myorg+gone", &token('O')),
        "quay.example.com/b": entry("myorg+secret", &token('O')),
        "quay.example.com/c": entry(ROBOT, &token('O')),
    }));
    let plan = plan_secret(&secret, &wanted(), &adopting(), Consent::default()).unwrap();
    assert!(plan.has_problem() && plan.writes());
    assert_eq!(plan.entries[2].verdict, Verdict::Stale);
}

#[test]
fn an_unreadable_entry_counts_only_at_our_registry() {
    let broken = json!({"auth": "%%%"});
    let ours = secret(json!({HOST: broken}));
    assert!(
        plan_secret(&ours, &wanted(), &adopting(), Consent::default())
            .unwrap()
            .has_problem()
    );
    let theirs = secret(json!({"docker.io": broken}));
    assert!(plan_secret(&theirs, &wanted(), &adopting(), Consent::default()).is_none());
}

#[test]
fn immutable_and_foreign_secrets_are_refused_unless_forced() {
    let stale = json!({HOST: entry(ROBOT, &token('O'))});
    let immutable = secret_with(stale.clone(), |object| object["immutable"] = json!(true));
    let plan = plan_secret(&immutable, &wanted(), &adopting(), Consent::default()).unwrap();
    assert!(plan.refusal.is_some() && !plan.writes());
    let force = Consent {
        force: true,
        ..Consent::default()
    };
    let forced = plan_secret(&immutable, &wanted(), &adopting(), force).unwrap();
    assert!(matches!(forced.write, WriteAction::Recreate(_)));

    let argo = json!({"argocd.argoproj.io/tracking-id": "shop:/Secret:staging/quay"});
    let foreign = secret_with(stale, |object| object["metadata"]["annotations"] = argo);
    let plan = plan_secret(&foreign, &wanted(), &adopting(), Consent::default()).unwrap();
    assert!(plan.refusal.unwrap().reason.contains("Argo CD"));
    let forced = plan_secret(&foreign, &wanted(), &adopting(), force).unwrap();
    assert!(matches!(forced.write, WriteAction::Update { .. }));
}

#[test]
fn a_current_secret_of_another_tool_is_no_refusal() {
    let argo = json!({"argocd.argoproj.io/tracking-id": "x"});
    let foreign = secret_with(json!({HOST: entry(ROBOT, &token('N'))}), |object| {
        object["metadata"]["annotations"] = argo;
    });
    let plan = plan_secret(&foreign, &wanted(), &adopting(), Consent::default()).unwrap();
    assert_eq!((plan.refusal.is_none(), plan.writes()), (true, false));
}

#[test]
fn last_applied_is_cleaned_exactly_when_it_keeps_a_replaced_credential() {
    use base64::Engine;
    let stale = json!({HOST: entry(ROBOT, &token('O'))});
    let remembered = |auths: &Value| {
        let content = json!({"auths": auths}).to_string();
        let data = base64::engine::general_purpose::STANDARD.encode(content);
        json!({"kind": "Secret", "data": {".dockerconfigjson": data}}).to_string()
    };
    let cleaned = |annotation: String| {
        let secret = secret_with(stale.clone(), |object| {
            object["metadata"]["annotations"] =
                json!({"kubectl.kubernetes.io/last-applied-configuration": annotation});
        });
        let plan = plan_secret(&secret, &wanted(), &adopting(), Consent::default()).unwrap();
        matches!(
            plan.write,
            WriteAction::Update {
                clean_last_applied: true,
                ..
            }
        )
    };
    assert!(cleaned(remembered(&stale)));
    assert!(cleaned("not json".to_owned()));
    assert!(!cleaned(
        json!({"kind": "Secret", "metadata": {"labels": {"a": "b"}}}).to_string()
    ));
    assert!(!cleaned(remembered(
        &json!({"docker.io": entry("me", "mine")})
    )));
}

#[test]
fn a_namespace_without_the_robot_gets_the_secret_and_its_reference() {
    let plan = plan_namespace(
        "staging",
        &[],
        &placed(),
        &only_robot(),
        &adopting(),
        Consent::default(),
    );
    assert!(matches!(plan.secrets[0].write, WriteAction::Create(_)));
    assert_eq!(
        plan.attach,
        Some(("quay-pull-secret".to_owned(), vec!["default".to_owned()]))
    );
}

#[test]
fn a_secret_that_holds_the_robot_is_used_whatever_its_name() {
    let held = secret_with(json!({HOST: entry(ROBOT, &token('O'))}), |object| {
        object["metadata"]["name"] = json!("pull-from-quay");
    });
    let plan = plan_namespace(
        "staging",
        &[held],
        &placed(),
        &only_robot(),
        &adopting(),
        Consent::default(),
    );
    assert_eq!(plan.secrets.len(), 1);
    assert_eq!(plan.attach.unwrap().0, "pull-from-quay");
}

#[test]
fn the_robot_joins_the_other_registries_of_a_secret_of_the_chosen_name() {
    let other = secret(json!({"docker.io": entry("me", "mine")}));
    let plan = plan_namespace(
        "staging",
        &[other],
        &placed(),
        &only_robot(),
        &adopting(),
        Consent::default(),
    );
    let WriteAction::Update { document, .. } = &plan.secrets[0].write else {
        panic!()
    };
    let keys: Vec<&str> = document.entries().map(|(key, _)| key).collect();
    assert_eq!(keys, ["docker.io", HOST]);
}

#[test]
fn a_key_held_by_another_account_fails_and_names_it_unless_replaced() {
    let held = secret(json!({HOST: entry("alice", "hunter2")}));
    let secrets = std::slice::from_ref(&held);
    let plan = plan_namespace(
        "staging",
        secrets,
        &placed(),
        &only_robot(),
        &adopting(),
        Consent::default(),
    );
    let Verdict::Problem(reason) = &plan.secrets[0].entries[0].verdict else {
        panic!()
    };
    assert_eq!(*reason, Problem::HeldBy("`alice`".to_owned()));
    assert_eq!((plan.secrets[0].writes(), plan.attach), (false, None));

    let switch = Consent {
        replace_account: true,
        ..Consent::default()
    };
    let plan = plan_namespace(
        "staging",
        secrets,
        &placed(),
        &only_robot(),
        &adopting(),
        switch,
    );
    assert_eq!(
        plan.secrets[0].entries[0].verdict,
        Verdict::Replaced("alice".to_owned())
    );
    assert!(plan.secrets[0].writes());
}

#[test]
fn planning_what_was_carried_out_plans_nothing() {
    use base64::Engine;
    let stale = secret(json!({"docker.io": entry("me", "mine"), HOST: entry(ROBOT, &token('O'))}));
    let plan = plan_secret(&stale, &wanted(), &adopting(), Consent::default()).unwrap();
    let WriteAction::Update { document, .. } = &plan.write else {
        panic!()
    };
    let content =
        base64::engine::general_purpose::STANDARD.encode(document.to_json().expose_secret());
    let repaired = secret_with(json!({}), |object| {
        object["data"] = json!({".dockerconfigjson": content})
    });
    let again = plan_secret(&repaired, &wanted(), &adopting(), Consent::default()).unwrap();
    assert!(!again.writes());
}

#[test]
fn a_key_that_stands_there_twice_is_refused_and_names_itself() {
    use base64::Engine;
    let theirs = entry("other+puller", &token('X'));
    let content = format!(
        r#"{{"auths":{{"{HOST}":{theirs},"{HOST}":{}}}}}"#,
        entry(ROBOT, &token('O'))
    );
    let twice = secret_with(json!({}), |object| {
        let data = base64::engine::general_purpose::STANDARD.encode(&content);
        object["data"][".dockerconfigjson"] = json!(data);
    });
    let consent = Consent {
        force: true,
        replace_account: true,
    };
    let plan = plan_secret(&twice, &only_robot(), &adopting(), consent).unwrap();
    assert!(!plan.writes());
    assert!(plan.refusal.unwrap().reason.contains(HOST));
}
