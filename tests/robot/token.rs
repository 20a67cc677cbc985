//! `token`: the one command that may give a token away, to where it was asked to.

use crate::robot::{SCOPES, signed_in};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_pipe_gets_the_token_and_nothing_else() {
    let (context, quay) = signed_in(SCOPES);
    let run = context
        .command("token myorg+deploy")
        .reveals(&quay.robot_token);
    assert_eq!(run.run().expect(0).stdout, quay.robot_token);
}

#[test]
fn a_file_gets_it_with_mode_0600_in_place_of_what_was_there() {
    let (context, quay) = signed_in(SCOPES);
    let path = context.file("token", "old");
    let run = context.run("token myorg+deploy -o token").expect(0);
    assert_eq!(run.stdout, "");
    let written = std::fs::symlink_metadata(&path).unwrap();
    assert_eq!(written.permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), quay.robot_token);
    let here: Vec<_> = std::fs::read_dir(context.path(".")).unwrap().collect();
    assert_eq!(here.len(), 2, "something is left over: {here:?}");
}

#[test]
fn a_link_a_pipe_or_a_device_is_left_alone() {
    let (context, _quay) = signed_in(SCOPES);
    let target = context.file("elsewhere", "untouched");
    std::os::unix::fs::symlink(&target, context.path("link")).unwrap();
    context.program("mkfifo", ["pipe"]).run().expect(0);
    for special in ["link", "pipe"] {
        context
            .run(format!("token myorg+deploy -o {special}"))
            .expect(2)
            .says("was not replaced");
        assert!(
            !std::fs::symlink_metadata(context.path(special))
                .unwrap()
                .is_file()
        );
    }
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "untouched");
}

#[test]
fn a_dash_is_stdout() {
    let (context, quay) = signed_in(SCOPES);
    let run = context
        .command("token myorg+deploy -o -")
        .reveals(&quay.robot_token);
    assert_eq!(run.run().expect(0).stdout, quay.robot_token);
}

#[test]
fn an_auth_file_is_what_podman_reads() {
    let (context, quay) = signed_in(SCOPES);
    context
        .run("token myorg+deploy -o auth.json --format auth-json")
        .expect(0);
    let text = std::fs::read_to_string(context.path("auth.json")).unwrap();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let auth = file["auths"][quay.quay.registry()]["auth"]
        .as_str()
        .unwrap();
    let pair = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, auth).unwrap();
    assert_eq!(
        pair,
        format!("myorg+deploy:{}", quay.robot_token).into_bytes()
    );
}

#[test]
fn a_file_that_cannot_be_written_is_told() {
    let (context, _quay) = signed_in(SCOPES);
    let run = context
        .run("token myorg+deploy -o no/such/folder")
        .expect(2);
    run.says("no/such/folder");
}

#[test]
fn a_terminal_shows_it_only_with_show() {
    let (context, quay) = signed_in(SCOPES);
    let run = context.command("token myorg+deploy").on_terminal().run();
    run.expect(2)
        .prints("is a secret, and stdout is a terminal");
    let run = context.command("token myorg+deploy --show").on_terminal();
    run.reveals(&quay.robot_token)
        .run()
        .expect(0)
        .prints(&quay.robot_token);
}
