//! The runs of `oc quay-global`.

use crate::leaks::case::{Case, Trouble};
use crate::leaks::world::{ROBOT, World};
use quay_sandbox::http::{Fault, FaultAction};
use quay_sandbox::ocm::Ocm;
use quay_sandbox::openshift;
use quay_tests::Plugin;
use quay_tests::{auth, pull_secret, pull_secret_of};
use serde_json::json;

const NAMESPACE: &str = "openshift-config";

/// Makes the cluster look like OpenShift, with a stale robot and another registry's account
/// in its global pull secret, and starts Red Hat's services.
pub fn prepare(world: &mut World) -> Ocm {
    let ocm = Ocm::start().unwrap_or_else(|error| panic!("no stand-in for OCM: {error}"));
    let ca = world.context.file("ocm-ca.pem", ocm.ca_pem());
    world.context.set("OCM_CA_FILE", &ca.to_string_lossy());
    world.context.set("OCM_URL", &ocm.url());
    world.context.set("OCM_TOKEN_URL", &ocm.token_url());
    // Nothing here may ask the registries of the real world.
    world.context.set("HTTPS_PROXY", "http://127.0.0.1:9");
    world.context.set("NO_PROXY", "127.0.0.1,localhost");
    let (offline, pull_token) =
        ocm.edit(|state| (state.offline_token.clone(), state.pull_token.clone()));
    world.context.set("OCM_TOKEN", &offline);
    for secret in [&offline, &pull_token] {
        world.context.watch(secret);
    }
    for issued in 1..100 {
        world
            .context
            .watch(&format!("access-token-number-{issued}"));
    }
    let cluster = world.cluster;
    cluster.become_openshift();
    let mut auths = openshift::red_hat_entries(&pull_token, "alice@example.com");
    let registry = world.quay.quay.registry();
    auths[registry] = json!({"auth": auth(ROBOT, &"O".repeat(64))});
    auths["docker.io"] = json!({"auth": auth("somebody", &world.other_password)});
    let secret = pull_secret(NAMESPACE, "pull-secret", &auths);
    cluster.create(&secret);
    ocm
}

/// What the sweep runs, in this order.
pub fn cases(world: &World, ocm: &Ocm) -> Vec<Case> {
    let ok = |line: &str| Case::succeeds(line);
    let fails = |line: &str| Case::fails(line);
    let update = format!("update --robot {ROBOT}");
    let by_hand = format!("{update} --robot-token-stdin --yes");
    let set = "set mirror.example.com --username me --password-stdin --yes";
    let offline = ocm.edit(|state| state.offline_token.clone());
    let elsewhere = world.context.path("elsewhere");
    let elsewhere = elsewhere.to_string_lossy();
    let login = "ocm login --token-stdin --insecure-storage";
    let mut cases = vec![
        ok("show -o wide"),
        fails("verify -o wide"),
        ok(&format!("{update} --dry-run -o json")),
        ok(&format!("{update} --dry-run=server")),
        fails(&update),
        ok("update --yes --confirm-within 10m"),
        ok("confirm"),
        fails("confirm"),
        fails("verify -o json"),
        ok("verify --allow-unknown -o yaml"),
        ok("status -o wide"),
        ok(&by_hand)
            .stdin(&world.quay.robot_token)
            .env("QUAY_API_TOKEN", ""),
        fails(&by_hand)
            .stdin(&world.wrong_token)
            .env("QUAY_API_TOKEN", ""),
        fails("update --robot myorg+nobody --yes"),
        ok(&format!("{set} --skip-check -o json")).stdin(&world.other_password),
        fails("set other.invalid --username me --password-stdin --yes")
            .stdin(&world.other_password),
        fails("set docker.io --username me --yes"),
        ok("remove docker.io --yes -o yaml"),
        fails("remove quay.io --yes"),
        ok("backups -o wide"),
        ok("rollback --yes -o json"),
        fails("rollback nothing --yes"),
        ok("update --from-ocm --skip-check --yes"),
        fails("update --from-ocm --yes").env("OCM_TOKEN", "wrong"),
        ok("ocm whoami -o json"),
        fails("ocm whoami").env("OCM_TOKEN", "wrong"),
        ok("ocm rotate --yes -o json"),
        ok("ocm status -o yaml"),
        ok("ocm download -o pull-secret.json"),
        fails("ocm download -o no/such/folder"),
        ok("verify --authfile pull-secret.json --allow-unknown"),
        fails("verify --authfile pull-secret.json -o yaml"),
        ok(login)
            .stdin(&offline)
            .env("OCM_TOKEN", "")
            .env("HOME", &elsewhere),
        fails(login).stdin("wrong").env("OCM_TOKEN", ""),
        // There is no keyring here.
        fails("ocm login --token-stdin").stdin(&offline),
        ok("completion bash"),
        fails("completion sh"),
        ok("help ocm"),
        fails("help nothing"),
    ];
    for line in [
        "show",
        "status",
        "verify",
        "backups",
        "rollback --yes",
        "update --yes",
    ] {
        cases.push(Case::fails_with(Trouble::ClusterGarbled, line));
    }
    for trouble in [
        Trouble::WrongToken,
        Trouble::QuayBroken,
        Trouble::QuayGarbled,
    ] {
        cases.push(Case::fails_with(trouble, &format!("{update} --yes")));
    }
    cases
}

/// Contents that tempt a message to quote them.
pub fn broken(world: &World) {
    let (token, registry) = (&world.quay.robot_token, world.quay.quay.registry());
    for content in [
        format!(r#"{{"auths":["{token}"]}}"#),
        json!({"auths": {registry: token}}).to_string(),
        json!({"auths": {registry: {"auth": token}}}).to_string(),
    ] {
        let secret = pull_secret_of(NAMESPACE, "pull-secret", &content);
        let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        let applied = world.cluster.try_kubectl(apply, &secret.to_string());
        applied.expect(0);
        for line in ["verify -o json", &format!("update --robot {ROBOT} --yes")] {
            world.run(Plugin::Global, &Case::fails(line));
        }
    }
}

/// Answers of Red Hat's services with a credential in them that cannot be read.
pub fn garbled(world: &World, ocm: &Ocm) {
    let token = ocm.edit(|state| state.offline_token.clone());
    for path in ["/openid-connect/token", "/current_account", "/access_token"] {
        for code in [200, 400, 403] {
            let action = FaultAction::Status {
                code,
                content_type: "application/json".to_owned(),
                body: format!(r#"{{"access_token":["{token}"],"auths":"{token}""#),
                headers: Vec::new(),
            };
            ocm.server().faults().add(Fault {
                method: None,
                path_contains: path.to_owned(),
                skip: 0,
                times: usize::MAX,
                action,
            });
            world.run(Plugin::Global, &Case::fails("ocm status"));
            ocm.server().faults().clear();
        }
    }
}
