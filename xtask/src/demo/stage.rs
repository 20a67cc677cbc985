//! What there is before the plugins come: a Quay, and 40 namespaces with a past.

use crate::api::{Api, Call};
use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quay_sandbox::quay::{Quay, QuayOptions};
use quay_tests::Leaks;
use serde_json::{Value, json};
use std::cell::RefCell;

/// The robot of the demo.
pub const ROBOT: &str = "myorg+k8s_prod_puller";
/// The secret's name, the plugins' default and the script's.
pub const SECRET: &str = "quay-pull-secret";

/// Namespaces that got the credential from a script.
const SCRIPTED: usize = 24;
/// Namespaces that have no credential yet.
const FRESH: usize = 12;

/// The namespace whose secret serves two registries.
pub const SHARED: &str = "payments";
/// The namespace whose secret is immutable.
pub const IMMUTABLE: &str = "ledger";
/// The namespace whose secret is Argo CD's.
pub const OWNED: &str = "shop";

/// The other registry in the shared secret.
pub const OTHER_REGISTRY: &str = "registry.example.net";
const OTHER_PASSWORD: &str = "not-ours-to-touch-4711";

/// The demo's Quay, and the hand that seeds the cluster.
pub struct Stage {
    quay: Quay,
    api: Api,
    api_token: String,
    /// Every token that must not be seen anywhere it does not belong.
    in_play: RefCell<Leaks>,
    /// Those of the robot that are dead.
    dead: RefCell<Leaks>,
}

impl Stage {
    pub fn set(api: Api) -> Result<Self> {
        let quay = Quay::start(QuayOptions::default())?;
        let api_token = quay.edit(|state| {
            state.add_user("alice", "alice-has-a-password");
            state.add_organization("myorg", "alice");
            for name in ["my-app", "backend-api", "worker-service"] {
                state.add_repository("myorg", name, false);
            }
            state.mint_token("alice", "org:admin repo:admin user:read")
        })?;
        let mut namespaces = vec![namespace("staging", &[])];
        namespaces.extend(fresh().map(|name| namespace(&name, &[("new", "yes")])));
        namespaces.extend(scripted().map(|name| namespace(&name, &[])));
        namespaces.extend([SHARED, IMMUTABLE, OWNED].map(|name| namespace(name, &[])));
        let create = namespaces
            .into_iter()
            .map(|body| Call::post("/api/v1/namespaces", body));
        api.calls(create.collect(), 16)?;
        let mut in_play = Leaks::default();
        in_play.watch(&api_token);
        in_play.watch(OTHER_PASSWORD);
        Ok(Self {
            quay,
            api,
            api_token,
            in_play: RefCell::new(in_play),
            dead: RefCell::default(),
        })
    }

    pub fn quay(&self) -> &Quay {
        &self.quay
    }

    pub fn api_token(&self) -> &str {
        &self.api_token
    }

    /// The robot's current token, as Quay has it.
    pub fn robot_token(&self) -> Result<String> {
        self.quay
            .read(|state| state.token_of(ROBOT).map(str::to_owned))
            .with_context(|| format!("Quay has no robot {ROBOT}"))
    }

    /// Whether a token in play stands in a text, in clear or in base64.
    pub fn gives_away(&self, text: &str) -> bool {
        self.in_play.borrow().find(text.as_bytes()).is_some()
    }

    /// Whether a dead token of the robot stands in a text.
    pub fn is_stale(&self, text: &str) -> bool {
        self.dead.borrow().find(text.as_bytes()).is_some()
    }

    /// Gives the credential to the namespaces that had it from a script, and to those
    /// with a secret of a special kind. Returns how many they are.
    pub fn scripted(&self) -> Result<usize> {
        let token = self.robot_token()?;
        let entry = entry(ROBOT, &token);
        let ours = json!({"auths": {self.quay.registry(): entry}});
        let both = json!({
            "auths": {
                OTHER_REGISTRY: {
                    "username": "payments",
                    "password": OTHER_PASSWORD,
                    "auth": STANDARD.encode(format!("payments:{OTHER_PASSWORD}")),
                    "x-rotated-by": {"tool": "vault", "lease": 86_400},
                },
                self.quay.registry(): entry,
            },
            "credHelpers": {"gcr.example.net": "gcloud"},
            "HttpHeaders": {"X-Team": "payments"},
        });
        let mut secrets: Vec<Value> = scripted()
            .map(|name| applied(secret(&name, &ours)))
            .collect();
        secrets.push(secret(SHARED, &both));
        let mut immutable = secret(IMMUTABLE, &ours);
        immutable["immutable"] = true.into();
        secrets.push(immutable);
        let mut owned = secret(OWNED, &ours);
        owned["metadata"]["annotations"] =
            json!({"argocd.argoproj.io/tracking-id": "shop:/Secret:shop/quay-pull-secret"});
        secrets.push(owned);
        let count = secrets.len();
        let create = secrets.into_iter().map(|body| {
            let namespace = body["metadata"]["namespace"].as_str().unwrap_or_default();
            Call::post(format!("/api/v1/namespaces/{namespace}/secrets"), body)
        });
        self.api.calls(create.collect(), 16)?;
        self.in_play.borrow_mut().watch(&token);
        Ok(count)
    }

    /// Gives the robot a new token behind everybody's back.
    pub fn regenerate(&self) -> Result<()> {
        self.give_up(&self.robot_token()?);
        let new = self.quay.edit(|state| state.regenerate(ROBOT))?;
        self.in_play.borrow_mut().watch(&new);
        Ok(())
    }

    /// From now on this token of the robot counts as dead.
    pub fn give_up(&self, token: &str) {
        self.dead.borrow_mut().watch(token);
    }

    /// Takes note of the robot's token after a rotation.
    pub fn rotated(&self) -> Result<()> {
        self.in_play.borrow_mut().watch(&self.robot_token()?);
        Ok(())
    }

    /// Whether a rotation's bridge stands in for the robot.
    pub fn bridge_stands(&self) -> bool {
        let bridge = format!("{ROBOT}-bridge");
        self.quay.read(|state| state.token_of(&bridge).is_some())
    }
}

fn fresh() -> impl Iterator<Item = String> {
    (1..=FRESH).map(|number| format!("team-{number:02}"))
}

fn scripted() -> impl Iterator<Item = String> {
    (1..=SCRIPTED).map(|number| format!("prod-{number:02}"))
}

fn namespace(name: &str, labels: &[(&str, &str)]) -> Value {
    let labels: serde_json::Map<String, Value> = labels
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).into()))
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": labels},
    })
}

/// An entry as `kubectl create secret docker-registry` writes it.
fn entry(user: &str, password: &str) -> Value {
    json!({
        "username": user,
        "password": password,
        "email": "robot@myorg.example.com",
        "auth": STANDARD.encode(format!("{user}:{password}")),
    })
}

fn secret(namespace: &str, content: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": STANDARD.encode(content.to_string())},
    })
}

/// What `kubectl apply` leaves on an object: a copy of it, credential and all.
fn applied(mut secret: Value) -> Value {
    let manifest = secret.to_string();
    secret["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": manifest});
    secret
}
