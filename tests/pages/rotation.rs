//! docs/rotation.md.

use crate::pages::page::Page;
use crate::pages::stage::{ROBOT, SECRET, Stage};
use quay_sandbox::http::{Fault, FaultAction};
use serde_json::{Value, json};

/// No kubelet queues a pull here: what takes four minutes in the pages takes none.
pub const AT_ONCE: &str = "--yes --grace 0s";

/// So many namespaces hold the robot.
const PLACES: usize = 25;

/// What a real API server answers where a ValidatingAdmissionPolicy denies a write.
const DENIED: &str = "secrets \"quay-pull-secret\" is forbidden: ValidatingAdmissionPolicy \
    'no-patch' with binding 'no-patch' denied request: not here";

/// A cluster `prod-a` where 25 namespaces hold the robot; in `shop` a deployment uses it.
pub fn stage() -> Stage {
    let mut stage = Stage::new("prod-a").logged_in("org:admin repo:admin");
    stage.robot(ROBOT, &["backend-api", "my-app"]);
    stage.namespace("shop");
    let account = r#"{"imagePullSecrets":[{"name":"quay-pull-secret"}]}"#;
    let patch = ["-n", "shop", "patch", "serviceaccount", "default", "-p"];
    stage.cluster.kubectl([&patch[..], &[account]].concat());
    stage.current_secret("shop", SECRET, ROBOT);
    stage.deployment("shop", "web", "my-app:v1", SECRET, 2);
    let token = stage.token(ROBOT);
    let objects: Vec<Value> = (1..PLACES)
        .map(|number| format!("team-{number:02}"))
        .flat_map(|name| {
            let metadata = json!({"name": name});
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
            [namespace, stage.secret(&name, SECRET, ROBOT, &token)]
        })
        .collect();
    stage.cluster.create_all(&objects);
    stage
}

pub fn play(page: &mut Page) {
    let stage = stage();
    let rotate = "kubectl quay-robot rotate myorg+k8s_prod_puller";
    page.block(&format!("{rotate} --yes"))
        .next(&stage)
        .instead("--yes", AT_ONCE)
        .holds();
    page.block(&format!("{rotate} --dry-run")).rest(&stage);
    deny_writes(&stage);
    page.block(&format!("{rotate} --dry-run=server"))
        .next(&stage)
        .ends_with(1)
        .holds();
    stage.cluster.as_small().server().faults().clear();
    page.block(&format!("{rotate} --in-place"))
        .next(&stage)
        .answered("y\n")
        .holds();
}

/// No secret of `shop` can be written any more.
fn deny_writes(stage: &Stage) {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": DENIED, "reason": "Invalid", "code": 422,
        "details": {
            "name": SECRET, "kind": "secrets",
            "causes": [{"message": DENIED}],
        },
    });
    let answer = FaultAction::Status {
        code: 422,
        content_type: "application/json".to_owned(),
        body: status.to_string(),
        headers: Vec::new(),
    };
    let patch = "PATCH".parse().expect("a method");
    let fault = Fault::always(patch, "/namespaces/shop/secrets/", answer);
    stage.cluster.as_small().server().faults().add(fault);
}
