//! Causes, as people are told them.

use super::judgement::{
    Agreement, Answer, Blamed, Cause, ImageJudgement, Judgement, RobotState, Verdict,
};
use crate::kubelet::{ImageReference, KeyMatch, Unused, UnusedKey};

/// What is wrong with the pod, in one sentence; or that nothing is.
pub fn sentence(judged: &Judgement) -> String {
    let object = &judged.object;
    let Some(worst) = judged.worst() else {
        return format!("{object} has no images");
    };
    let image = &worst.image;
    let cause = worst.cause.as_ref().map(|cause| because(cause, worst));
    let cause = cause.unwrap_or_default();
    match (worst.verdict, worst.agreement) {
        (Verdict::WillPull, _) => good(judged),
        (Verdict::WillNot, Agreement::BrokenSince) => {
            format!("{object} has its image, but a new pull of {image} would fail: {cause}")
        }
        (Verdict::WillNot, _) => format!("{object} cannot pull {image}: {cause}"),
        (Verdict::Unknown, _) => {
            format!("it is unknown whether {object} can pull {image}: {cause}")
        }
    }
}

fn good(judged: &Judgement) -> String {
    let object = &judged.object;
    let fixed = judged
        .images
        .iter()
        .find(|image| image.agreement == Agreement::FixedSince);
    if let Some(image) = fixed {
        return format!(
            "{object} can pull {} now: it was fixed after the kubelet's last attempt, and the \
             next attempt is in at most 5 min",
            image.image
        );
    }
    let node = match &judged.unscheduled {
        Some(why) => format!("; it is not on a node yet: {why}"),
        None => String::new(),
    };
    match &judged.images[..] {
        [only] => format!("{object} can pull {}{}{node}", only.image, means(only)),
        all => format!("{object} can pull all of its {} images{node}", all.len()),
    }
}

/// What an image is pulled with.
fn means(image: &ImageJudgement) -> String {
    let pulls = |answer: &Option<Answer>| *answer == Some(Answer::Pulls);
    let mut entries = image.entries.iter();
    match entries.find(|entry| pulls(&entry.answer)) {
        Some(entry) => format!(", as {} from secret `{}`", entry.account, entry.secret),
        None if pulls(&image.anonymous) => ", which needs no credential".to_owned(),
        None => ": its node already has the image".to_owned(),
    }
}

/// The cause in a clause, after a colon.
pub fn because(cause: &Cause, image: &ImageJudgement) -> String {
    let reference = image.image.parse::<ImageReference>().ok();
    let registry = reference
        .as_ref()
        .map_or("its registry", ImageReference::registry);
    let repository = reference.as_ref().map_or("it", ImageReference::repository);
    match cause {
        Cause::InvalidName => "this is not a valid image name".to_owned(),
        Cause::BrokenSecret { secret, fault } => {
            format!(
                "its secret `{secret}` is broken ({fault}), and a kubelet pulls nothing for \
                     a pod with a broken secret"
            )
        }
        Cause::AccountChangedLater { account, secret } => format!(
            "service account `{account}` got the secret `{secret}` after the pod was created, \
             and a pod keeps the list of secrets from its creation"
        ),
        Cause::MissingSecret { secret } => format!("its secret `{secret}` does not exist"),
        Cause::UnusedSecret { secret, why } => format!("its secret `{secret}` {why}"),
        Cause::KeyMismatch {
            entry: Blamed { secret, key, .. },
            matches,
        } => {
            format!(
                "key `{key}` of its secret `{secret}` {}",
                mismatch(key, *matches, &image.image)
            )
        }
        Cause::NoCredential => {
            format!(
                "it has no credential for {registry}, which does not serve this image \
                     without one"
            )
        }
        Cause::OnlyTheNodes => format!(
            "it has no credential of its own for {registry}; its node has the image, pulled with \
             the node's credential or for another pod"
        ),
        Cause::Refused {
            entry: Blamed {
                secret, account, ..
            },
            robot,
        } => {
            let why = match robot {
                RobotState::Replaced => "; the robot has a newer token",
                RobotState::NoSuchRobot => "; the robot does not exist",
                RobotState::Current | RobotState::Unknown => "",
            };
            format!("the registry does not accept {account} from its secret `{secret}`{why}")
        }
        Cause::NotAllowed(Blamed { account, .. }) => not_allowed(account, repository, image),
        Cause::NoSuchRepository => format!("repository {repository} does not exist"),
        Cause::NoSuchTag => format!(
            "{repository} has no {}",
            reference.as_ref().map_or("such tag".to_owned(), what)
        ),
        Cause::NeverPulled => {
            "its imagePullPolicy is Never, and its node does not have the image for this pod"
                .to_owned()
        }
        Cause::Node { failure } | Cause::Heard { failure } => failure.to_string(),
        Cause::UnreadableSecret { secret } => format!(
            "you have no right to read its secret \
                                                       `{secret}`"
        ),
        Cause::UnreadableAccount { account } => {
            format!("you have no right to read service account `{account}`")
        }
        Cause::NotAsked { reason } => reason.clone(),
    }
}

fn not_allowed(account: &str, repository: &str, image: &ImageJudgement) -> String {
    let mut entries = image.entries.iter();
    let entry = entries.find(|entry| entry.account == account && entry.repositories.is_some());
    match entry.and_then(|entry| entry.repositories.as_ref()) {
        Some(roles) if roles.is_empty() => {
            format!("{account} has no role on any repository, so it cannot pull {repository}")
        }
        Some(roles) => {
            format!(
                "{account} has a role on {}, but not on {repository}",
                listed(roles)
            )
        }
        None => format!(
            "{account} has no right to pull {repository}, or that repository does \
                         not exist"
        ),
    }
}

/// The first few, so that a line stays a line.
pub fn listed(names: &[String]) -> String {
    const SHOWN: usize = 3;
    match names.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}

/// `tag v1`, or the digest.
pub fn what(image: &ImageReference) -> String {
    match image.reference() {
        digest if digest.contains(':') => format!("manifest {digest}"),
        tag => format!("tag `{tag}`"),
    }
}

/// Why a key does not stand for the image.
pub fn mismatch(key: &str, matches: KeyMatch, image: &str) -> String {
    let image = image.parse::<ImageReference>().ok();
    let registry = image
        .as_ref()
        .map_or("the registry", ImageReference::registry);
    let repository = image.as_ref().map_or("it", ImageReference::repository);
    match UnusedKey::at(key, &[registry]) {
        _ if matches == KeyMatch::Yes => "matches".to_owned(),
        Some(unused) => unused.to_string(),
        None => {
            let path = key.split_once("://").map_or(key, |(_, rest)| rest);
            let path = path.split_once('/').map_or("", |(_, path)| path);
            format!("covers images below {path}, not {repository}")
        }
    }
}

/// What the registry said, after an account.
pub fn answer(answer: &Answer, image: &str) -> String {
    let image = image.parse::<ImageReference>().ok();
    let repository = image.as_ref().map_or("it", ImageReference::repository);
    let tag = image.as_ref().map_or("the tag".to_owned(), what);
    match answer {
        Answer::Pulls => format!("accepted, can pull {repository}, {tag} exists"),
        Answer::Refused { reason } => format!("refused: {reason}"),
        Answer::NotAllowed => format!("has no right to pull {repository}"),
        Answer::NoSuchTag => format!("accepted, can pull {repository}, {tag} does not exist"),
        Answer::NotAsked { reason } => format!("not asked: {reason}"),
    }
}

/// A short word for a table's cell.
pub fn word(cause: &Cause) -> &'static str {
    match cause {
        Cause::InvalidName => "invalid name",
        Cause::BrokenSecret { .. } => "broken secret",
        Cause::AccountChangedLater { .. } => "older than its account's secrets",
        Cause::MissingSecret { .. } => "missing secret",
        Cause::UnusedSecret { why, .. } => match why {
            Unused::OtherType => "secret of another type",
            Unused::NoContent | Unused::NoEntries => "empty secret",
            Unused::ConfigJsonInDockercfg => "secret of the wrong type",
        },
        Cause::KeyMismatch { .. } => "key does not match",
        Cause::NoCredential => "no credential",
        Cause::OnlyTheNodes => "only the node's credential",
        Cause::Refused { .. } => "credential refused",
        Cause::NotAllowed(_) => "no role",
        Cause::NoSuchRepository => "no such repository",
        Cause::NoSuchTag => "no such tag",
        Cause::NeverPulled => "never pulled",
        Cause::Node { .. } => "node",
        Cause::Heard { .. } => "registry refused",
        Cause::UnreadableSecret { .. } | Cause::UnreadableAccount { .. } => "no right to read",
        Cause::NotAsked { .. } => "registry not asked",
    }
}
