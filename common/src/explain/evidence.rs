//! The evidence, as a tree.

use crate::cli::{Tree, age};
use crate::judge::{
    Agreement, Answer, EntryJudgement, Heard, ImageJudgement, Judgement, Origin, RobotState,
    SecretState, answer, is_for_another_registry, listed, mismatch,
};
use crate::kubelet::KeyMatch;

/// Everything that was seen of the pod.
pub fn evidence(judged: &Judgement) -> Tree {
    let secrets = secrets(judged);
    let images = judged.images.iter().map(|image| of_image(judged, image));
    let unread = judged.unread.iter().map(|unread| {
        Tree::new(format!(
            "not seen: you have no right to {} {}",
            unread.verb, unread.object
        ))
    });
    Tree::new(head(judged))
        .with([secrets])
        .with(images)
        .with([nodes(judged)])
        .with(unread)
}

fn head(judged: &Judgement) -> String {
    let place = format!("{} in namespace {}", judged.object, judged.namespace);
    let versions = judged.versions.join(", ");
    match &judged.node {
        Some(node) if versions.is_empty() => format!("{place}, on node {node}"),
        Some(node) => format!("{place}, on node {node} ({versions})"),
        None if judged.unscheduled.is_some() => format!("{place}, not on a node yet"),
        None => place,
    }
}

fn secrets(judged: &Judgement) -> Tree {
    let account = &judged.service_account;
    let from = match judged.secrets_from {
        Origin::Nowhere => {
            format!(
                "secrets: none, because service account `{account}` had none when the pod \
                     was created"
            )
        }
        Origin::Pod => "secrets, from the pod's own imagePullSecrets".to_owned(),
        Origin::AccountAtCreation => {
            format!("secrets, from service account `{account}` at the time the pod was created")
        }
        Origin::Template => "secrets, from the pod template".to_owned(),
        Origin::Account if judged.secrets.is_empty() => {
            format!("secrets: none, because service account `{account}` has none")
        }
        Origin::Account => format!("secrets, from service account `{account}`"),
    };
    let each = judged.secrets.iter().map(|secret| {
        let state = match &secret.state {
            SecretState::Used { secret_type } => secret_type.clone(),
            SecretState::Missing => "does not exist".to_owned(),
            SecretState::Unused { why } => why.to_string(),
            SecretState::Broken { fault } => format!("broken: {fault}"),
            SecretState::Unreadable { .. } => "you have no right to read it".to_owned(),
        };
        let missed = match (&secret.state, secret.missed) {
            (SecretState::Missing, true) => " (the kubelet reports this too)",
            (_, true) => " (the kubelet did not find it at its last attempt)",
            _ => "",
        };
        Tree::new(format!("{}: {state}{missed}", secret.name))
    });
    let later = (!judged.later.is_empty()).then(|| {
        Tree::new(format!(
            "service account `{account}` now has {}, but a pod keeps the list from its creation",
            judged.later.join(", ")
        ))
    });
    Tree::new(from).with(each).with(later)
}

fn of_image(judged: &Judgement, image: &ImageJudgement) -> Tree {
    let head = match image.container.as_str() {
        "" => format!("image {}", image.image),
        container => format!("container {container}: image {}", image.image),
    };
    let mut below: Vec<Tree> = Vec::new();
    let (shown, hidden): (Vec<_>, Vec<_>) = image
        .entries
        .iter()
        .partition(|entry| !is_for_another_registry(entry, &image.image));
    below.extend(shown.into_iter().map(|entry| of_entry(entry, &image.image)));
    if !hidden.is_empty() {
        let keys: Vec<String> = hidden
            .iter()
            .map(|entry| format!("`{}`", entry.key))
            .collect();
        below.push(Tree::new(format!(
            "keys of other registries: {}",
            listed(&keys)
        )));
    }
    if let Some(said) = &image.anonymous {
        let said = match said {
            Answer::Pulls => "the registry serves the image".to_owned(),
            Answer::NotAllowed => "the registry does not serve the image".to_owned(),
            said => answer(said, &image.image),
        };
        let line = format!("no key matches, so the kubelet pulls without a credential: {said}");
        below.push(Tree::new(line));
    }
    if image.on_node {
        below.push(Tree::new("the image is on the node"));
    }
    below.push(of_kubelet(judged, image));
    Tree::new(head).with(below)
}

fn of_entry(entry: &EntryJudgement, image: &str) -> Tree {
    let EntryJudgement {
        key,
        secret,
        account,
        fingerprint,
        ..
    } = entry;
    let whose = match account.as_str() {
        "" => "no credential".to_owned(),
        account => format!("{account} ({fingerprint})"),
    };
    let Some(said) = &entry.answer else {
        let why = mismatch(key, entry.matches, image);
        return Tree::new(format!("key `{key}` of {secret}: {whose}; {why}"));
    };
    let line = match entry.matches {
        KeyMatch::Yes => format!("key `{key}` of {secret} matches"),
        _ => format!("key `{key}` of {secret}"),
    };
    let nodes = if entry.of_nodes { ", of all nodes" } else { "" };
    let robot = match entry.robot {
        Some(RobotState::Replaced) => "; the robot has a newer token",
        Some(RobotState::NoSuchRobot) => "; the robot does not exist",
        _ => "",
    };
    let mut tree = Tree::new(format!(
        "{line}{nodes}: {whose}, {}{robot}",
        answer(said, image)
    ));
    if let Some(repositories) = &entry.repositories {
        let roles = match repositories.is_empty() {
            true => "nothing".to_owned(),
            false => listed(repositories),
        };
        tree = tree.with([Tree::new(format!("{account} has a role on {roles}"))]);
    }
    tree
}

fn of_kubelet(judged: &Judgement, image: &ImageJudgement) -> Tree {
    let said = match &image.kubelet {
        Heard::Nothing if judged.node.is_none() => "no kubelet has tried yet".to_owned(),
        Heard::Nothing => "the kubelet has reported nothing yet".to_owned(),
        Heard::HasImage => "the kubelet has the image".to_owned(),
        Heard::Failed {
            cause, reason, at, ..
        } => {
            let when = at.map(|at| format!(" {} ago", age(at, judged.now)));
            let when = when.unwrap_or_default();
            format!("the kubelet reported{when}: {reason}: {cause}")
        }
    };
    let now = match image.agreement {
        Agreement::Nothing => "",
        Agreement::Agrees if image.kubelet == Heard::HasImage => "",
        Agreement::Agrees => "; this agrees with the above",
        Agreement::FixedSince => "; fixed since then: the next attempt is in at most 5 min",
        Agreement::BrokenSince => "; but a new pull would fail",
        Agreement::Differs => "; the above says otherwise",
        Agreement::NotKnown => "; that cannot be checked from here",
    };
    let tree = Tree::new(format!("{said}{now}"));
    match &image.kubelet {
        Heard::Failed { words, .. } => tree.with([Tree::new(words.clone())]),
        _ => tree,
    }
}

fn nodes(judged: &Judgement) -> Tree {
    Tree::new(match judged.nodes_seen {
        true => "the nodes' own credentials: OpenShift's global pull secret, see above",
        false => "not seen: credentials that are configured on the nodes themselves",
    })
}
