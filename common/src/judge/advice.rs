//! What to type next.

use super::case::Case;
use super::judgement::{Agreement, Blamed, Cause, ImageJudgement, RobotState, Verdict};
use crate::hint::{self, Command, Hint};
use crate::kubelet::{ImageReference, KeyMatch, PullFailure};
use crate::names::RobotName;

/// What to do about the image; `has_login` is whether somebody is signed in to its registry.
pub fn advise(case: &Case, image: &ImageJudgement, has_login: bool) -> Option<Hint> {
    if image.verdict == Verdict::WillPull {
        let fixed = image.agreement == Agreement::FixedSince;
        return fixed.then(|| again(case)).flatten();
    }
    let advice = Advice {
        case,
        image: image.image.parse().ok(),
        has_login,
    };
    let hint = advice.about(image.cause.as_ref()?);
    Some(hint.at(&case.context))
}

/// Another pod in its place, which does not wait.
fn again(case: &Case) -> Option<Hint> {
    let pod = case.subject.pod.as_ref()?;
    pod.controller.as_ref()?;
    let delete = hint::kubectl_in(&case.subject.namespace, "delete pod").arg(&pod.name);
    let hint = Hint::from("wait, or replace the pod now: ").run(delete);
    Some(hint.at(&case.context))
}

struct Advice<'a> {
    case: &'a Case,
    image: Option<ImageReference>,
    has_login: bool,
}

impl Advice<'_> {
    fn about(&self, cause: &Cause) -> Hint {
        let namespace = &self.case.subject.namespace;
        let context = &self.case.context;
        match cause {
            Cause::BrokenSecret { secret, .. } => hint::edit_secret(namespace, secret).into(),
            Cause::AccountChangedLater { .. } => self.anew(),
            Cause::MissingSecret { secret } => self.sync(None, secret).into(),
            Cause::UnusedSecret { secret, .. } => hint::kubectl_in(namespace, "delete secret")
                .arg(secret)
                .say(" (its type cannot be changed), then: ")
                .run(self.sync(None, secret)),
            Cause::KeyMismatch { entry, matches } => self.other_key(entry, *matches),
            Cause::NoCredential | Cause::OnlyTheNodes => hint::pullsecret("sync -n")
                .arg(namespace)
                .words("--robot")
                .arg(self.some_robot())
                .into(),
            Cause::Refused { entry, robot } => self.refused(entry, *robot),
            Cause::NotAllowed(blamed) => self.not_allowed(blamed),
            Cause::InvalidName => self.edit("correct the image's name: "),
            Cause::NoSuchRepository => self.edit("correct the image's name, or push the image: "),
            Cause::NoSuchTag => self.edit("use a tag that exists, or push this one: "),
            Cause::NeverPulled => self.edit("set imagePullPolicy to IfNotPresent: "),
            Cause::Node { failure } | Cause::Heard { failure } => self.node(*failure),
            Cause::UnreadableSecret { secret } => {
                let object = format!("secret/{secret}");
                ask_for(hint::can_i(context, namespace, "get", &object))
            }
            Cause::UnreadableAccount { account } => {
                let object = format!("serviceaccount/{account}");
                ask_for(hint::can_i(context, namespace, "get", &object))
            }
            Cause::NotAsked { .. } => Hint::from(format!(
                "run this command on a machine that can reach {}; if its certificate is not \
                 trusted, pass --registry-ca FILE",
                self.registry()
            )),
        }
    }

    fn registry(&self) -> &str {
        let image = self.image.as_ref();
        image.map_or("the registry", ImageReference::registry)
    }

    /// A robot to be chosen: nothing tells which.
    fn some_robot(&self) -> String {
        let image = self.image.as_ref();
        let namespace = image.and_then(|image| image.repository().split_once('/'));
        format!(
            "{}+ROBOT",
            namespace.map_or("ORG", |(namespace, _)| namespace)
        )
    }

    fn sync(&self, robot: Option<&RobotName>, secret: &str) -> Command {
        let robot = robot.map_or_else(|| self.some_robot(), ToString::to_string);
        hint::pullsecret("sync -n")
            .arg(&self.case.subject.namespace)
            .words("--robot")
            .arg(robot)
            .words("--secret-name")
            .arg(secret)
    }

    /// Another pod, which is given what its account has now.
    fn anew(&self) -> Hint {
        let namespace = &self.case.subject.namespace;
        let pod = self.case.subject.pod.as_ref();
        let controller = pod.and_then(|pod| pod.controller.as_deref());
        let delete = || {
            let name = pod.map(|pod| pod.name.as_str()).unwrap_or_default();
            hint::kubectl_in(namespace, "delete pod").arg(name)
        };
        let restarts = ["deployment/", "statefulset/", "daemonset/"];
        match controller {
            Some(owner) if restarts.iter().any(|kind| owner.starts_with(kind)) => {
                hint::kubectl_in(namespace, "rollout restart")
                    .arg(owner)
                    .into()
            }
            Some(_) => delete().into(),
            None => delete().say(", and create it again"),
        }
    }

    fn other_key(&self, blamed: &Blamed, matches: KeyMatch) -> Hint {
        let robot = blamed.account.parse::<RobotName>().ok();
        let is_api = blamed.key.ends_with("/v1") || blamed.key.ends_with("/v2");
        match robot {
            Some(robot) if matches != KeyMatch::OtherPath || is_api => {
                self.sync(Some(&robot), &blamed.secret).into()
            }
            _ => hint::edit_secret(&self.case.subject.namespace, &blamed.secret).into(),
        }
    }

    fn refused(&self, blamed: &Blamed, state: RobotState) -> Hint {
        let namespace = &self.case.subject.namespace;
        // The nodes' own are named with their namespace.
        if blamed.secret.contains('/') {
            return hint::global("update").into();
        }
        let Ok(robot) = blamed.account.parse::<RobotName>() else {
            return hint::edit_secret(namespace, &blamed.secret).into();
        };
        let sync = hint::pullsecret("sync -n").arg(namespace);
        match state {
            RobotState::NoSuchRobot if !robot.as_str().ends_with("-bridge") => {
                let create = hint::robot("create").arg(&robot).words("--grant");
                let create = create.arg(self.repository_of(&robot));
                create
                    .say("; then: ")
                    .run(self.sync(Some(&robot), &blamed.secret))
            }
            RobotState::Unknown if !self.has_login => hint::robot("login --registry")
                .arg(self.registry())
                .say("; then: ")
                .run(sync),
            _ => sync.into(),
        }
    }

    fn not_allowed(&self, blamed: &Blamed) -> Hint {
        let robot = blamed.account.parse::<RobotName>().ok();
        let image = self.image.as_ref();
        let is_own = |robot: &RobotName| {
            let repository = image.and_then(|image| image.repository().split_once('/'));
            repository.is_some_and(|(namespace, _)| namespace == robot.namespace())
        };
        match robot.filter(is_own) {
            Some(robot) => {
                let repository = self.repository_of(&robot);
                hint::robot("grant").arg(&robot).arg(repository).into()
            }
            // A robot is only given repositories of its own organization.
            None => Hint::from("use a robot of the image's organization: ")
                .run(self.sync(None, &blamed.secret)),
        }
    }

    /// The repository without the robot's namespace.
    fn repository_of(&self, robot: &RobotName) -> String {
        let image = self.image.as_ref();
        let repository = image.map(ImageReference::repository).unwrap_or_default();
        let own = repository.strip_prefix(&format!("{}/", robot.namespace()));
        own.unwrap_or(repository).to_owned()
    }

    fn edit(&self, what: &str) -> Hint {
        let subject = &self.case.subject;
        let controller = subject.pod.as_ref().and_then(|pod| pod.controller.as_ref());
        let object = controller.unwrap_or(&subject.object);
        match object.starts_with("serviceaccount/") {
            true => Hint::from(what.trim_end_matches(": ")),
            false => {
                let edit = hint::kubectl_in(&subject.namespace, "edit").arg(object);
                Hint::from(what).run(edit)
            }
        }
    }

    fn node(&self, failure: PullFailure) -> Hint {
        let registry = self.registry();
        Hint::from(match failure {
            PullFailure::UnknownAuthority => format!(
                "make the nodes trust the authority that signed the certificate of {registry} \
                 (on OpenShift: additionalTrustedCA of image.config.openshift.io/cluster)"
            ),
            PullFailure::UnknownHost => {
                format!("check the name {registry} and the node's DNS")
            }
            PullFailure::BadCertificate => {
                format!("give {registry} a certificate for that name that has not expired")
            }
            PullFailure::SignaturePolicy => {
                "sign the image, or change the nodes' policy".to_owned()
            }
            _ => format!("check that the node can reach {registry}"),
        })
    }
}

fn ask_for(right: Command) -> Hint {
    Hint::from("ask for that right, then check with: ").run(right)
}
