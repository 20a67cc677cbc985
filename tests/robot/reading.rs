//! `list` and `describe`.

use crate::robot::{ALL_SCOPES, BINARY, SCOPES, signed_in, start};
use quay_sandbox::quay::{Binding, QuayOptions, Role};
use quay_tests::{Seen, TestContext, TestQuay, str};
use serde_json::Value;
use std::time::Duration;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn robots_are_listed_sorted_and_without_other_organizations() {
    let (context, quay) = signed_in(SCOPES);
    quay.quay.edit(|state| {
        state.add_organization("my_org", "alice");
        state.add_organization("myxorg", "alice");
        for robot in ["my_org+zulu", "my_org+alpha", "myxorg+beta"] {
            state.add_robot(robot);
        }
        state.set_description("my_org+alpha", "pulls\x1b[2J everything");
    });
    let names = context.run("list my_org -o name").expect(0);
    assert_eq!(names.stdout, "robot/my_org+alpha\nrobot/my_org+zulu\n");
    let table = context.run("list my_org").expect(0);
    assert!(!table.stdout.contains('\x1b'));
    Seen::new(&[]).holds(
        &table.stdout,
        str![[r#"
NAME  CREATED  LAST USED  DESCRIPTION
my_org+alpha  [TIME]  never  pulls\u{1b}[2J everything
my_org+zulu  [TIME]  never  <none>

"#]],
    );
}

#[test]
fn wide_json_and_yaml_have_repositories_and_teams_and_no_token() {
    let (context, quay) = signed_in(SCOPES);
    quay.quay
        .edit(|state| state.add_team("myorg", "pullers", "member", &["myorg+deploy"]))
        .unwrap();
    let wide = context.run("list myorg -o wide").expect(0);
    wide.prints("REPOSITORIES")
        .prints("my-app")
        .prints("pullers");
    let listing = json(&context.run("list myorg -o json").expect(0).stdout);
    let robot = &listing["robots"][0];
    assert_eq!(robot["name"], "myorg+deploy");
    assert_eq!(robot["repositories"], serde_json::json!(["my-app"]));
    assert_eq!(robot["lastUsed"], Value::Null);
    let yaml = context.run("list myorg -o yaml").expect(0);
    yaml.prints("name: myorg+deploy");
}

#[test]
fn without_an_organization_all_of_the_users_are_listed() {
    let (context, quay) = signed_in(ALL_SCOPES);
    quay.quay.edit(|state| {
        state.add_organization("second", "alice");
        state.add_robot("second+ci");
        state.add_robot("alice+laptop");
        state.add_robot("other+hidden");
    });
    let names = context.run("list -o name").expect(0).stdout;
    assert_eq!(
        names,
        "robot/alice+laptop\nrobot/myorg+deploy\nrobot/second+ci\n"
    );
}

#[test]
fn an_organization_that_refuses_does_not_hide_the_others() {
    let (mut context, quay) = start();
    quay.sign_in(&mut context, "org:admin repo:admin user:read");
    quay.quay.edit(|state| state.add_robot("alice+laptop"));
    let run = context.run("list -o name").expect(0);
    assert_eq!(run.stdout, "robot/myorg+deploy\n");
    run.says("left out").says("`alice`").says("user:admin");
}

#[test]
fn a_token_that_may_not_list_organizations_is_told_to_name_one() {
    let (context, _quay) = signed_in(SCOPES);
    context
        .run("list")
        .expect(1)
        .says("user:read")
        .says("list ORG");
}

#[test]
fn describe_shows_roles_without_user_admin() {
    let (context, quay) = signed_in(SCOPES);
    quay.quay.edit(|state| {
        let robot = "myorg+deploy";
        let grant = state.set_permission("myorg", "team/nested-app", robot, Some(Role::Write));
        grant.unwrap();
        state
            .add_team("myorg", "pullers", "member", &[robot])
            .unwrap();
        state
            .add_prototype("myorg", robot, Role::Read, None)
            .unwrap();
        let subject = Binding {
            issuer: "https://issuer.example.com/".to_owned(),
            subject: "system:serviceaccount:a:b".to_owned(),
            audiences: Vec::new(),
        };
        state.set_federation(robot, vec![subject]);
        state.log_pull(robot, "myorg", "my-app", "10.0.0.7", "cri-o");
        for _ in 0..30 {
            state.log_pull("myorg+someone", "myorg", "my-app", "10.0.0.8", "cri-o");
        }
    });
    let run = context.run("describe myorg+deploy").expect(0);
    let seen = Seen::new(&[(quay.registry(), "quay.example.com")]);
    seen.holds(
        &run.stdout,
        str![[r#"
Name:  myorg+deploy
Registry:  quay.example.com
Description:  <none>
Created:  [TIMESTAMP] ([TIME] ago)
Last used:  never
Last pull:  [TIMESTAMP] ([TIME] ago), myorg/my-app, from 10.0.0.7
Repositories:  read  myorg/my-app
  write  myorg/team/nested-app
Teams:  pullers
Default permissions:  read for myorg+deploy on repositories created by anybody
Federation:  system:serviceaccount:a:b of https://issuer.example.com/

"#]],
    );
    let described = json(
        &context
            .run("describe myorg+deploy -o json")
            .expect(0)
            .stdout,
    );
    assert_eq!(described["repositories"][1]["role"], "write");
    assert_eq!(described["lastPull"]["repository"], "myorg/my-app");
    assert_eq!(quay.writes(), 0);
}

#[test]
fn describe_says_what_the_token_may_not_see() {
    let (context, _quay) = signed_in("org:admin");
    let run = context.run("describe myorg+deploy").expect(0);
    run.prints("<unknown: the token needs repo:admin>")
        .prints("none in the last 30 days");
}

#[test]
fn the_users_own_robots_are_found_under_the_users_name() {
    let (context, quay) = signed_in("user:admin repo:admin");
    quay.quay.edit(|state| {
        state.add_repository("alice", "personal-app", false);
        state.add_robot("alice+laptop");
        let robot = "alice+laptop";
        state
            .set_permission("alice", "personal-app", robot, Some(Role::Admin))
            .unwrap();
    });
    let run = context.run("describe alice+laptop").expect(0);
    run.prints("admin  alice/personal-app");
}

#[test]
fn an_unknown_robot_and_an_unknown_organization_are_errors_that_name_them() {
    let (context, _quay) = signed_in(SCOPES);
    let robot = context.run("describe myorg+nosuch").expect(1);
    robot.says("robot `myorg+nosuch`").says("no such object");
    let organization = context.run("list nosuchorg").expect(1);
    organization.says("organization `nosuchorg` does not exist");
}

#[test]
fn quay_never_has_to_answer_more_than_four_requests_at_once() {
    let mut context = TestContext::new(BINARY);
    let options = QuayOptions {
        delay: Duration::from_millis(20),
        ..QuayOptions::default()
    };
    let quay = TestQuay::start_with(&mut context, options);
    quay.sign_in(&mut context, SCOPES);
    quay.quay.edit(|state| {
        for number in 0..30 {
            let name = format!("app-{number}");
            state.add_repository("myorg", &name, false);
            let granted = state.set_permission("myorg", &name, "myorg+deploy", Some(Role::Read));
            granted.unwrap();
        }
    });
    let run = context.run("describe myorg+deploy").expect(0);
    run.prints("myorg/app-29");
    let all = quay.quay.server().log().all();
    let requests: Vec<_> = all
        .iter()
        .filter(|it| it.path.starts_with("/api/"))
        .collect();
    assert!(requests.len() > 30);
    let at_once = |moment| {
        let running = requests
            .iter()
            .filter(|it| it.began <= moment && it.ended.is_none_or(|ended| ended > moment));
        running.count()
    };
    let most = requests.iter().map(|it| at_once(it.began)).max().unwrap();
    assert!((2..=4).contains(&most), "{most} at once");
    assert!(
        requests
            .iter()
            .all(|it| it.connection == requests[0].connection)
    );
    assert!(
        requests
            .iter()
            .all(|it| it.header("x-requested-with") == Some("XMLHttpRequest"))
    );
}
