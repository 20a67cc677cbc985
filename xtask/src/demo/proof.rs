//! What the demo promises, checked on what the cluster holds in the end.

use super::Transcript;
use super::shell::Shell;
use super::stage::{IMMUTABLE, OTHER_REGISTRY, OWNED, ROBOT, SECRET, SHARED, Stage};
use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::BTreeMap;

/// A statement, and whether it holds.
type Proof = (String, bool);

/// The namespaces' pull secrets, by namespace.
type Secrets<'a> = BTreeMap<&'a str, &'a Value>;

/// Checks every promise.
pub fn check(stage: &Stage, shell: &Shell, transcript: &Transcript) -> Result<Vec<Proof>> {
    let listed = shell.secrets()?;
    let accounts = shell.service_accounts()?;
    let (before, after) = (pull_secrets(&transcript.before), pull_secrets(&listed));
    let refused = [IMMUTABLE, OWNED];
    let registry = stage.quay().registry();
    let current = STANDARD.encode(format!("{ROBOT}:{}", stage.robot_token()?));
    let holders: Vec<&str> = after
        .iter()
        .filter(|(_, secret)| credential(secret, registry).as_deref() == Some(&current))
        .map(|(namespace, _)| *namespace)
        .collect();

    let mut proofs = vec![(
        format!(
            "{} of {} secrets hold Quay's current token ({})",
            holders.len(),
            after.len(),
            shell.reader()
        ),
        after.len() == 40
            && holders.len() == after.len() - refused.len()
            && refused.iter().all(|name| !holders.contains(name)),
    )];
    proofs.push((
        "no other place holds the dead token: neither the data nor an annotation".into(),
        after
            .iter()
            .filter(|(namespace, _)| !refused.contains(namespace))
            .all(|(_, secret)| !stage.is_stale(&secret.to_string())),
    ));
    for namespace in refused {
        proofs.push((
            format!("the secret of `{namespace}` is unchanged, byte for byte"),
            before.contains_key(namespace) && before.get(namespace) == after.get(namespace),
        ));
    }
    proofs.push((
        "the rotation replaced the token in Quay, and deleted its bridge".into(),
        stage.robot_token()? != transcript.replaced && !stage.bridge_stands(),
    ));
    proofs.push(other_entries(&before, &after, registry)?);
    proofs.push((
        "every secret was updated in place: no UID changed".into(),
        before.len() == after.len()
            && before.iter().all(|(namespace, secret)| {
                let uid = &secret["metadata"]["uid"];
                uid.is_string()
                    && after.get(namespace).map(|new| &new["metadata"]["uid"]) == Some(uid)
            }),
    ));
    proofs.push(references(&accounts, &after));
    proofs.push((
        "no token was printed: in clear, in base64, or encoded twice".into(),
        !stage.gives_away(&transcript.said),
    ));
    Ok(proofs)
}

fn pull_secrets(list: &Value) -> Secrets<'_> {
    let items = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    items
        .iter()
        .filter(|secret| secret["metadata"]["name"] == SECRET)
        .filter_map(|secret| Some((secret["metadata"]["namespace"].as_str()?, secret)))
        .collect()
}

fn content(secret: &Value) -> Option<Value> {
    let data = secret["data"][".dockerconfigjson"].as_str()?;
    serde_json::from_slice(&STANDARD.decode(data).ok()?).ok()
}

/// The `auth` of the registry's entry; the password beside it has to say the same.
fn credential(secret: &Value, registry: &str) -> Option<String> {
    let entry = content(secret)?["auths"][registry].take();
    let auth = entry["auth"].as_str()?.to_owned();
    let decoded = STANDARD.decode(&auth).ok()?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let agrees = |field: &str, value: &str| entry[field].is_null() || entry[field] == value;
    (agrees("username", user) && agrees("password", password)).then_some(auth)
}

/// What the shared secret holds besides our entry is what it held, in the same order.
fn other_entries(before: &Secrets<'_>, after: &Secrets<'_>, registry: &str) -> Result<Proof> {
    let without_ours = |secrets: &Secrets<'_>| -> Result<String> {
        let secret = secrets.get(SHARED).context("the shared secret is gone")?;
        let mut content = content(secret).context("the shared secret is no JSON")?;
        let entry = &mut content["auths"][registry];
        for field in ["auth", "password"] {
            entry[field] = Value::Null;
        }
        // Keys keep their order in this text, so it compares that too.
        Ok(content.to_string())
    };
    let (old, new) = (without_ours(before)?, without_ours(after)?);
    Ok((
        format!(
            "`{SHARED}` keeps the entry of {OTHER_REGISTRY}, every unknown field and the order of keys"
        ),
        old == new && new.contains(OTHER_REGISTRY) && new.contains("x-rotated-by"),
    ))
}

fn references(accounts: &Value, secrets: &Secrets<'_>) -> Proof {
    let items = accounts["items"].as_array().map_or(&[][..], Vec::as_slice);
    let wanted = serde_json::json!([{"name": SECRET}]);
    let attached: Vec<&str> = items
        .iter()
        .filter(|account| account["metadata"]["name"] == "default")
        .filter(|account| account["imagePullSecrets"] == wanted)
        .filter_map(|account| account["metadata"]["namespace"].as_str())
        .collect();
    let ours = |namespace: &str| namespace == "staging" || namespace.starts_with("team-");
    let holds = secrets
        .keys()
        .filter(|namespace| ours(namespace))
        .all(|namespace| attached.contains(namespace))
        && attached.iter().all(|namespace| ours(namespace));
    (
        format!(
            "the service account `default` refers to the secret exactly once in {} namespaces, \
             and in no other",
            attached.len()
        ),
        holds && attached.len() == 13,
    )
}
