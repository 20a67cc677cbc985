//! The runs of `kubectl quay-robot`.

use crate::leaks::case::{Case, Trouble};
use crate::leaks::world::{ROBOT, World};
use quay_tests::pull_secret;

/// A robot that the sweep creates and deletes.
pub const CREATED: &str = "myorg+ci";

/// What the sweep runs, in this order.
pub fn cases(world: &World) -> Vec<Case> {
    let namespace = world.cluster.namespace("robot");
    let auths = world.auths(&world.quay.robot_token);
    world
        .cluster
        .create(&pull_secret(&namespace, "pull", &auths));
    let ok = |line: String| Case::succeeds(&line);
    let fails = |line: String| Case::fails(&line);
    let mut cases = vec![
        // There is no keyring here.
        fails("login --token-stdin".to_owned())
            .stdin(&world.api_token)
            .env("QUAY_API_TOKEN", ""),
        ok("login --token-stdin --insecure-storage".to_owned())
            .stdin(&world.api_token)
            .env("QUAY_API_TOKEN", "")
            .keeps(),
        ok("whoami".to_owned()).env("QUAY_API_TOKEN", "").keeps(),
        // From here on nothing may be left in the home directory.
        ok("logout".to_owned()),
        fails("logout --registry https://a/b".to_owned()),
        ok("whoami myorg -o json".to_owned()),
        ok("list".to_owned()),
        ok("list myorg -o yaml".to_owned()),
        ok(format!("describe {ROBOT} -o json")),
        ok(format!("create {CREATED} --grant my-app --dry-run")),
        ok(format!("create {CREATED} --grant my-app -o json")),
        fails(format!("create {CREATED}")),
        ok(format!("grant {CREATED} backend-api --role write -o yaml")),
        fails(format!("grant {CREATED} nothing")),
        ok(format!("revoke {CREATED} backend-api")),
        ok(format!("token {ROBOT} -o token")),
        ok(format!("token {ROBOT} -o auth.json --format auth-json")),
        fails(format!("token {ROBOT} -o no/such/folder")),
        fails("token myorg+nobody".to_owned()),
        ok(format!("rotate {ROBOT} --dry-run -o json")),
        ok(format!("rotate {ROBOT} --dry-run=server -o json")),
        ok(format!(
            "rotate {ROBOT} --yes --grace 0s --receipt r.json -o json"
        )),
        ok(format!("rotate {ROBOT} --yes --in-place -o yaml")),
        ok(format!(
            "rotate {ROBOT} --yes --in-place --no-cluster --token-output t"
        )),
        fails(format!("rotate {ROBOT} --yes --abort")),
        fails("rotate myorg+nobody --yes".to_owned()),
        ok(format!("federation get {ROBOT} -o json")),
        ok(format!(
            "federation set {ROBOT} --github acme/app --branch main"
        )),
        ok(format!(
            "federation add {ROBOT} --github acme/app --branch next"
        )),
        ok(format!(
            "federation remove {ROBOT} --github acme/app --branch next --yes"
        )),
        fails("federation get myorg+nobody".to_owned()),
        fails(format!("federation set {ROBOT}")),
        fails("federation add myorg+nobody --github acme/app --branch main".to_owned()),
        fails("federation remove myorg+nobody --github acme/app --branch main".to_owned()),
        fails(format!(
            "federation check {ROBOT} --service-account default/default"
        )),
        ok("history -o json".to_owned()),
        fails("history myorg".to_owned()),
        ok("completion zsh".to_owned()),
        fails("completion sh".to_owned()),
        ok("help token".to_owned()),
        fails("help nothing".to_owned()),
    ];
    let reads = [
        "login".to_owned(),
        "whoami".to_owned(),
        "list myorg".to_owned(),
        format!("describe {ROBOT}"),
        "create myorg+other".to_owned(),
        format!("token {ROBOT}"),
        format!("rotate {ROBOT} --yes --grace 0s"),
        format!("rotate {ROBOT} --yes --in-place"),
    ];
    let writes = [
        format!("grant {ROBOT} backend-api"),
        format!("revoke {ROBOT} my-app"),
        format!("delete {CREATED} --yes"),
    ];
    for trouble in [Trouble::WrongToken, Trouble::QuayBroken] {
        let lines = reads.iter().chain(&writes);
        cases.extend(lines.map(|line| Case::fails_with(trouble, line)));
    }
    let garbled = |line: &String| Case::fails_with(Trouble::QuayGarbled, line);
    cases.extend(reads.iter().map(garbled));
    cases.push(ok(format!("delete {CREATED} --yes -o json")));
    cases
}
