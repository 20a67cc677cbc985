//! What names the robot and has no claim to its token.

use super::*;
use crate::rotation::members::UnprovenEntry;

fn naming(account: &str) -> ClusterState {
    state(SecretsWithRobot {
        inside: vec![plain(("shop", "a"))],
        unproven: vec![UnprovenEntry {
            namespace: "shop".into(),
            secret: "b".into(),
            key: HOST.into(),
            account: account.into(),
            fingerprint: fingerprint('O'),
        }],
        ..SecretsWithRobot::default()
    })
}

#[test]
fn what_only_names_the_robot_is_listed_and_stops_no_bridge() {
    let plan = planned(&observed(Ok(naming(BRIDGE))), &options());
    assert!(plan.check(&ROBOT.parse().unwrap()).is_ok());
    assert_eq!((plan.targets.len(), plan.unproven.len()), (1, 1));

    let mut in_place = options();
    in_place.strategy = Strategy::InPlace;
    refused(
        &planned(&observed(Ok(naming(ROBOT))), &in_place),
        "secret shop/b in context prod names myorg+puller",
        "--leave-behind=shop/b",
    );
    in_place.leaves_unproven = true;
    let plan = planned(&observed(Ok(naming(ROBOT))), &in_place);
    assert!(plan.check(&ROBOT.parse().unwrap()).is_ok());
}

#[test]
fn a_robot_that_is_only_named_is_not_rotated() {
    let mut named = naming(ROBOT);
    named.holders.inside.clear();
    refused(
        &planned(&observed(Ok(named)), &options()),
        "no secret holds a working token of myorg+puller",
        "sync -A --robot myorg+puller --adopt",
    );
}
