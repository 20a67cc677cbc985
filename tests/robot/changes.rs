//! `create`, `delete`, `grant`, `revoke`.

use crate::robot::{ALL_SCOPES, SCOPES, signed_in};
use quay_sandbox::http::{Fault, FaultAction};
use quay_sandbox::quay::Role;
use quay_tests::{TestContext, TestQuay};
use serde_json::{Value, json};

/// What a change reported about each object: object, role, result.
fn changes(context: &TestContext, arguments: &[&str], code: i32) -> Vec<Value> {
    let run = context
        .run([arguments, &["-o", "json"]].concat())
        .expect(code);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let changes = report["changes"].as_array().unwrap().iter();
    changes
        .map(|change| json!([change["object"], change["role"], change["result"]]))
        .collect()
}

/// The robot's role on a repository of `myorg`, as `describe` tells it.
fn roles(context: &TestContext, robot: &str) -> Value {
    let run = context.run(format!("describe {robot} -o json")).expect(0);
    let described: Value = serde_json::from_str(&run.stdout).unwrap();
    described["repositories"].clone()
}

fn knows(quay: &TestQuay, robot: &str) -> bool {
    quay.quay.read(|state| state.token_of(robot).is_some())
}

fn watch_new_robot(context: &mut TestContext, quay: &TestQuay, robot: &str) {
    let token = quay
        .quay
        .read(|state| state.token_of(robot).unwrap().to_owned());
    context.watch(&token);
}

#[test]
fn a_robot_is_created_with_its_roles() {
    let (mut context, quay) = signed_in(SCOPES);
    let create = [
        "create",
        "myorg+ci",
        "--description",
        "builds",
        "--grant",
        "my-app",
    ];
    let create = [&create[..], &["--grant", "myorg/team/nested-app=write"]].concat();
    assert_eq!(
        changes(&context, &create, 0),
        [
            json!(["robot/myorg+ci", null, "created"]),
            json!(["repository/myorg/my-app", "read", "granted"]),
            json!(["repository/myorg/team/nested-app", "write", "granted"]),
        ]
    );
    watch_new_robot(&mut context, &quay, "myorg+ci");
    assert_eq!(
        roles(&context, "myorg+ci"),
        json!([
            {"repository": "myorg/my-app", "role": "read"},
            {"repository": "myorg/team/nested-app", "role": "write"},
        ])
    );
    let run = context.run("describe myorg+ci").expect(0);
    run.prints("builds");
}

#[test]
fn an_unknown_repository_is_told_before_anything_is_created() {
    let (context, quay) = signed_in(SCOPES);
    context
        .run("create myorg+ci --grant my-app --grant nope")
        .expect(1)
        .says("`myorg/nope`")
        .says("not created");
    assert!(!knows(&quay, "myorg+ci"));
    assert_eq!(quay.writes(), 0);
}

#[test]
fn a_robot_that_exists_is_refused_unless_that_is_fine() {
    let (context, quay) = signed_in(SCOPES);
    let create = [
        "create",
        "myorg+deploy",
        "--grant",
        "backend-api",
        "--grant",
        "my-app",
    ];
    context
        .run(create)
        .expect(1)
        .says("already exists")
        .says("--exists-ok");
    let create = [&create[..], &["--exists-ok"]].concat();
    let first = changes(&context, &create, 0);
    assert_eq!(
        first,
        [
            json!(["robot/myorg+deploy", null, "exists"]),
            json!(["repository/myorg/backend-api", "read", "granted"]),
            json!(["repository/myorg/my-app", "read", "unchanged"]),
        ]
    );
    let again = changes(&context, &create, 0);
    assert!(
        again[1..].iter().all(|change| change[2] == "unchanged"),
        "{again:?}"
    );
    let token = quay
        .quay
        .read(|state| state.token_of("myorg+deploy").unwrap().to_owned());
    assert_eq!(token, quay.robot_token);
}

#[test]
fn a_higher_role_is_not_taken_away_by_create() {
    let (context, quay) = signed_in(SCOPES);
    quay.quay
        .edit(|state| state.set_permission("myorg", "my-app", "myorg+deploy", Some(Role::Admin)))
        .unwrap();
    let create = ["create", "myorg+deploy", "--exists-ok", "--grant", "my-app"];
    let done = changes(&context, &create, 0);
    assert_eq!(
        done[1],
        json!(["repository/myorg/my-app", "admin", "unchanged"])
    );
}

#[test]
fn a_half_applied_create_says_what_was_done_and_the_next_command() {
    let (context, quay) = signed_in(SCOPES);
    let broken = Fault::always(
        "PUT".parse().unwrap(),
        "backend-api/permissions",
        FaultAction::Html500,
    );
    quay.quay.server().faults().add(broken);
    let run = context
        .run("create myorg+ci --grant my-app --grant backend-api=write")
        .expect(1);
    run.says("repository `myorg/backend-api`")
        .says("500")
        .says("quay robot grant myorg+ci backend-api --role write")
        .prints("created")
        .prints("granted")
        .prints("failed");
    assert!(knows(&quay, "myorg+ci"));
}

#[test]
fn a_create_whose_answer_is_lost_is_not_sent_twice() {
    let (context, quay) = signed_in(SCOPES);
    let lost = Fault::once(
        "PUT".parse().unwrap(),
        "/robots/ci",
        FaultAction::AnswerLost,
    );
    quay.quay.server().faults().add(lost);
    let run = context.run("create myorg+ci").expect(1);
    run.says("--exists-ok");
    assert!(knows(&quay, "myorg+ci"));
    assert_eq!(quay.writes(), 1);
}

#[test]
fn dry_runs_write_nothing() {
    let (context, quay) = signed_in(SCOPES);
    for arguments in [
        &["create", "myorg+ci", "--grant", "my-app", "--dry-run"][..],
        &["grant", "myorg+deploy", "backend-api", "--dry-run=client"],
        &["revoke", "myorg+deploy", "my-app", "--dry-run"],
        &["delete", "myorg+deploy", "--dry-run"],
    ] {
        context.run(arguments).expect(0).prints("(dry run)");
    }
    // Quay itself knows none.
    context
        .run("revoke myorg+deploy my-app --dry-run=server")
        .expect(2);
    let wrong = context.run("grant myorg+deploy nope --dry-run");
    wrong.expect(1).says("`myorg/nope`");
    context
        .run("create myorg+deploy --dry-run")
        .expect(1)
        .says("already exists");
    context.run("delete myorg+nosuch --dry-run").expect(1);
    assert_eq!(quay.writes(), 0);
}

#[test]
fn a_misspelt_repository_is_told_before_a_role_is_given_or_taken_anywhere() {
    let (context, quay) = signed_in(SCOPES);
    let before = roles(&context, "myorg+deploy");
    let shown = format!("{}/repository/", quay.quay.url());
    for (line, undone) in [
        ("grant myorg+deploy backend-api nope my-app nix", "granted"),
        ("grant myorg+deploy nope nix --role write", "granted"),
        (
            "grant myorg+deploy backend-api nope nix --dry-run",
            "granted",
        ),
        ("revoke myorg+deploy my-app nope nix", "revoked"),
        ("revoke myorg+deploy my-app nope nix --dry-run", "revoked"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let run = context.run(&words).expect(1);
        assert_eq!(run.stdout, "", "{line}");
        assert!(!run.stderr.contains("robot list"), "{}", run.stderr);
        run.says(&format!("nothing was {undone}: "))
            .says("`myorg/nope`, `myorg/nix`")
            .says("correct the name")
            .says(&shown);
    }
    assert_eq!(quay.writes(), 0);
    assert_eq!(roles(&context, "myorg+deploy"), before);
}

#[test]
fn a_repository_that_cannot_be_looked_up_keeps_every_role_as_it_is() {
    let (context, quay) = signed_in(SCOPES);
    let broken = Fault::always(
        "GET".parse().unwrap(),
        "/api/v1/repository/myorg/my-app",
        FaultAction::Html500,
    );
    quay.quay.server().faults().add(broken);
    for (line, undone) in [
        ("grant myorg+deploy backend-api my-app", "granted"),
        ("revoke myorg+deploy backend-api my-app", "revoked"),
        (
            "create myorg+ci --grant backend-api --grant my-app",
            "not created",
        ),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let run = context.run(&words).expect(1);
        run.says(undone).says("`myorg/my-app`").says("500");
    }
    assert_eq!(quay.writes(), 0);
}

#[test]
fn a_write_that_fails_does_not_stop_the_others() {
    let (context, quay) = signed_in(SCOPES);
    let grant = [
        "grant",
        "myorg+deploy",
        "backend-api",
        "my-app",
        "myorg/team/nested-app",
        "--role",
        "write",
    ];
    for method in ["PUT", "DELETE"] {
        let broken = Fault::always(
            method.parse().unwrap(),
            "my-app/permissions",
            FaultAction::Html500,
        );
        quay.quay.server().faults().add(broken);
    }
    assert_eq!(
        changes(&context, &grant, 1),
        [
            json!(["repository/myorg/backend-api", "write", "granted"]),
            json!(["repository/myorg/my-app", "write", "failed"]),
            json!(["repository/myorg/team/nested-app", "write", "granted"]),
        ]
    );
    let revoke = [
        "revoke",
        "myorg+deploy",
        "backend-api",
        "my-app",
        "team/nested-app",
    ];
    let run = context.run(revoke).expect(1);
    run.says("repository `myorg/my-app`").says("500");
    quay.quay.server().faults().clear();
    assert_eq!(
        changes(&context, &revoke, 0),
        [
            json!(["repository/myorg/backend-api", null, "unchanged"]),
            json!(["repository/myorg/my-app", null, "revoked"]),
            json!(["repository/myorg/team/nested-app", null, "unchanged"]),
        ]
    );
}

#[test]
fn a_misspelt_robot_does_not_pass_for_a_change_already_made() {
    let (context, _quay) = signed_in(SCOPES);
    for arguments in [
        &["grant", "myorg+nosuch", "my-app"][..],
        &["grant", "myorg+nosuch", "my-app", "--dry-run"],
        &["revoke", "myorg+nosuch", "my-app"],
    ] {
        context
            .run(arguments)
            .expect(1)
            .says("robot `myorg+nosuch` does not exist");
    }
}

#[test]
fn deleting_asks_and_is_done_once() {
    let (context, quay) = signed_in(SCOPES);
    let run = context.run("delete myorg+deploy").expect(2);
    run.says("--yes");
    assert!(knows(&quay, "myorg+deploy"));
    context
        .run("delete myorg+deploy --yes")
        .expect(0)
        .prints("deleted");
    assert!(!knows(&quay, "myorg+deploy"));
    context
        .run("delete myorg+deploy --yes")
        .expect(1)
        .says("no such object");
}

#[test]
fn a_delete_whose_answer_is_lost_is_still_a_delete() {
    let (context, quay) = signed_in(SCOPES);
    let lost = Fault::once(
        "DELETE".parse().unwrap(),
        "/robots/deploy",
        FaultAction::AnswerLost,
    );
    quay.quay.server().faults().add(lost);
    context
        .run("delete myorg+deploy --yes")
        .expect(0)
        .prints("deleted");
    assert!(!knows(&quay, "myorg+deploy"));
}

#[test]
fn a_robot_used_by_a_mirror_is_kept_and_quay_says_why() {
    let (context, quay) = signed_in(SCOPES);
    quay.quay
        .edit(|state| state.set_mirrored("myorg+deploy", true));
    let run = context.run("delete myorg+deploy --yes").expect(1);
    run.says("used by a mirror");
    assert!(knows(&quay, "myorg+deploy"));
}

#[test]
fn the_users_own_robots_are_made_and_unmade() {
    let (context, quay) = signed_in(ALL_SCOPES);
    quay.quay
        .edit(|state| state.add_repository("alice", "personal-app", false));
    context
        .run("create alice+laptop --grant personal-app")
        .expect(0);
    assert!(knows(&quay, "alice+laptop"));
    context.run("delete alice+laptop -y").expect(0);
    assert!(!knows(&quay, "alice+laptop"));
}
