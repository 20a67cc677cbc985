//! Planning while a bridge stands, and swaps of credentials.

use super::*;
use crate::pullsecret::current_tokens::Bridge;
use crate::pullsecret::trust::Claim;

const BRIDGE: &str = "myorg+puller-bridge";

fn bridged(token: Option<char>) -> CurrentTokens {
    let mut wanted = wanted();
    wanted.registries[0].bridges.push(Bridge {
        name: BRIDGE.parse().unwrap(),
        robot: ROBOT.parse().unwrap(),
        token: token.map(|letter| SecretString::from(self::token(letter))),
    });
    wanted
}

fn annotated(auths: Value) -> PullSecret {
    secret_with(auths, |object| {
        object["metadata"]["annotations"] = json!({"kubectl-quay/bridge": ROBOT});
    })
}

fn passwords(plan: &SecretPlan) -> Vec<(String, String)> {
    let WriteAction::Update { document, .. } = &plan.write else {
        panic!("not updated: {plan:?}");
    };
    let read = document.entries().map(|(_, read)| read.unwrap());
    read.map(|found| (found.username, found.password.expose_secret().to_owned()))
        .collect()
}

#[test]
fn while_a_bridge_stands_the_robots_own_token_is_written_nowhere() {
    let wanted = bridged(Some('B'));
    let holds_bridge = annotated(json!({HOST: entry(BRIDGE, &token('B'))}));
    let plan = plan_secret(&holds_bridge, &wanted, &adopting(), Consent::default()).unwrap();
    let robot: RobotName = ROBOT.parse().unwrap();
    assert_eq!(verdicts(&plan), [(HOST, &Verdict::Bridged(robot.clone()))]);
    assert!(!plan.writes() && plan.is_current());

    let current = secret(json!({HOST: entry(ROBOT, &token('N'))}));
    let plan = plan_secret(&current, &wanted, &adopting(), Consent::default()).unwrap();
    assert!(!plan.writes());

    for stale in [entry(ROBOT, &token('O')), entry(BRIDGE, &token('O'))] {
        let plan = plan_secret(
            &secret(json!({HOST: stale})),
            &wanted,
            &adopting(),
            Consent::default(),
        );
        let plan = plan.unwrap();
        assert_eq!(passwords(&plan), [(BRIDGE.to_owned(), token('B'))]);
        assert_eq!(plan.bridged, Some([robot.clone()].into()));
    }
}

#[test]
fn a_secret_that_holds_a_bridge_that_is_gone_is_repaired_to_the_robot() {
    let left = annotated(json!({HOST: entry(BRIDGE, &token('B'))}));
    let plan = plan_secret(&left, &bridged(None), &adopting(), Consent::default()).unwrap();
    assert_eq!(passwords(&plan), [(ROBOT.to_owned(), token('N'))]);
    assert_eq!(plan.bridged, Some([].into()));
}

#[test]
fn a_new_secret_gets_the_bridge_while_it_stands() {
    let placed = PlacedCredential {
        credential: Credential::new(BRIDGE, SecretString::from(token('B'))),
        ..placed()
    };
    let wanted = bridged(Some('B'));
    let plan = plan_namespace(
        "staging",
        &[],
        &placed,
        &wanted,
        &adopting(),
        Consent::default(),
    );
    assert_eq!(
        plan.secrets[0].bridged,
        Some([ROBOT.parse().unwrap()].into())
    );
    // What holds the bridge counts as holding the robot: no second secret.
    let holds = annotated(json!({HOST: entry(BRIDGE, &token('B'))}));
    let plan = plan_namespace(
        "staging",
        &[holds],
        &placed,
        &wanted,
        &adopting(),
        Consent::default(),
    );
    assert_eq!(plan.secrets.len(), 1);
    assert!(!plan.secrets[0].writes());
}

#[test]
fn a_swap_changes_the_robots_entries_at_the_registry_and_no_others() {
    let other = "other+puller";
    let held = secret(json!({
        HOST: entry(ROBOT, &token('O')),
        "quay.internal:8443/myorg": entry(ROBOT, &token('N')),
        "elsewhere.example.com": entry(ROBOT, &token('O')),
        "quay.example.com/other": entry(other, &token('X')),
    }));
    let swap = Swap {
        claim: Claim {
            robot: (HOST.parse().unwrap(), ROBOT.parse().unwrap()),
            accounts: vec![ROBOT.parse().unwrap(), BRIDGE.parse().unwrap()],
            tokens: ['O', 'N']
                .map(|letter| SecretString::from(token(letter)))
                .to_vec(),
            trust: Trust::default(),
        },
        hosts: wanted().registries[0].names.hosts.clone(),
        to: Credential::new(BRIDGE, SecretString::from(token('B'))),
        stands_in_for: Some(ROBOT.parse().unwrap()),
    };
    let plan = plan_swap(&held, &swap).unwrap();
    let keys: Vec<&str> = plan
        .entries
        .iter()
        .map(|entry| entry.key.as_str())
        .collect();
    assert_eq!(keys, [HOST, "quay.internal:8443/myorg"]);
    assert_eq!(
        passwords(&plan),
        [
            (BRIDGE.to_owned(), token('B')),
            (BRIDGE.to_owned(), token('B')),
            (ROBOT.to_owned(), token('O')),
            (other.to_owned(), token('X')),
        ]
    );
    let nobody = secret(json!({HOST: entry(other, &token('X'))}));
    assert!(plan_swap(&nobody, &swap).is_none());
}
