//! What one entry is worth: readable, current, and accepted by its registry.

use super::check::Check;
use super::fault::NO_CREDENTIAL;
use super::plan::take_over;
use super::protected::{TELEMETRY, is_registry_service_account, red_hat_entry};
use super::site::Site;
use super::subject::Subject;
use crate::Failure;
use crate::credentials::clear_up;
use crate::dockerconfig::{Credential, Document, EntryError, owner_of, registry_of_key};
use crate::failure::FailureKind;
use crate::hint::{self, Hint};
use crate::kubelet::{ImageReference, matches_image};
use crate::names::{RegistryHost, RobotAt, RobotName};
use crate::pullsecret::{KnownRegistry, ProofState, RegistryAnswer, RobotToken, TokenState};
use crate::registry::{OtherRegistries, Probe, Pull, Registry};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;

/// What entries are held against, and how strictly.
pub struct Reference<'a> {
    /// The registries with a login.
    pub logins: &'a [KnownRegistry<'a>],
    /// What Red Hat hands out to the account, where somebody is logged in.
    pub red_hat: Option<&'a Document>,
    /// The registries without one.
    pub others: &'a OtherRegistries,
    /// A registry without a login that could not be asked will do.
    pub allow_unknown: bool,
    /// Images that the entries for them have to be good for.
    pub images: &'a [ImageReference],
}

/// The same, with what is known of the robots and of the place where entries are used.
pub(super) struct Look<'a> {
    pub by: &'a Reference<'a>,
    /// What Quay says of the robots.
    pub robots: &'a BTreeMap<RobotAt, RobotToken>,
    pub subject: Subject<'a>,
    /// The cluster, if there is one.
    pub context: &'a str,
    /// Whom its nodes trust.
    pub site: Option<Site>,
    /// The registries without a login, as they are trusted there.
    pub others: OtherRegistries,
}

/// Judges one entry of the document.
pub(super) async fn check_entry(
    mut check: Check,
    document: &Document,
    read: Result<Credential, EntryError>,
    look: &Look<'_>,
) -> Check {
    match read {
        Ok(held) => check_credential(&mut check, document, &held, look).await,
        Err(EntryError::Empty) => check_empty(&mut check, &look.subject),
        Err(EntryError::Broken(fault)) => {
            check.fail(&fault.to_string());
            check.next = Some(look.subject.repair(&check.key));
        }
    }
    check
}

/// `{}` is no fault, but the node pulls without a login, and Red Hat's images need one.
fn check_empty(check: &mut Check, subject: &Subject<'_>) {
    let red_hat = red_hat_entry(&check.key).filter(|_| subject.release().expects_red_hat());
    match red_hat {
        Some(wanted) => {
            check.fail(&format!("the entry holds no credential: {}", wanted.breaks));
            check.next = Some(subject.red_hats());
        }
        None => check.note(NO_CREDENTIAL),
    }
}

async fn check_credential(
    check: &mut Check,
    document: &Document,
    held: &Credential,
    look: &Look<'_>,
) {
    let by = look.by;
    check.account.clone_from(&held.username);
    check.fingerprint = Some(held.fingerprint());
    let owner = owner_of(&check.key, by.logins);
    let login = owner.as_ref().ok().copied().flatten();
    if red_hat_entry(&check.key).is_some() {
        against_red_hat(check, document, held, look);
    } else if let (Some(login), Ok(robot)) = (login, held.username.parse::<RobotName>()) {
        let at = (login.session.endpoint.registry.clone(), robot);
        against_quay(check, held, login, look.robots.get(&at), &look.subject);
    } else if RobotName::is_robot(&held.username)
        && let Err(unclear) = owner
    {
        check.token = TokenState::Unknown;
        check.fail(&unclear.to_string());
        check.next = Some(clear_up(&unclear));
    }
    ask_registry(check, held, login, look).await;
}

/// The comparisons that Red Hat's own support makes: present, with an email, and letter by
/// letter what the account has now.
fn against_red_hat(check: &mut Check, document: &Document, held: &Credential, look: &Look<'_>) {
    if is_registry_service_account(&held.username) {
        check.note(
            "the entry holds a registry service account, which Red Hat hands out in no pull secret",
        );
        return;
    }
    if check.key == TELEMETRY && document.email(&check.key).is_none() {
        check.fail("the entry has no email, which Red Hat needs to find the account");
        check.next = Some(look.subject.red_hats());
    }
    let Some(red_hat) = look.by.red_hat else {
        return;
    };
    let mut entries = red_hat.entries().filter(|(key, _)| *key == check.key);
    let Some((_, Ok(wanted))) = entries.next() else {
        check.fail("Red Hat's pull secret of this account has no such entry");
        return;
    };
    let same_password = wanted.password.expose_secret() == held.password.expose_secret();
    if wanted.username == held.username && same_password {
        check.token = TokenState::Current;
    } else {
        check.token = TokenState::Stale;
        let others = others_keys(document, red_hat);
        if others.contains(&check.key) {
            check.fail("the entry holds another account than your login to Red Hat");
            check.next = Some(match &look.subject {
                Subject::Secret(_) => take_over(&others),
                Subject::File { .. } => Hint::from("sign in as the account of the file: ")
                    .run(hint::global("ocm login")),
            });
            return;
        }
        check.fail("Red Hat's pull secret of this account has another token");
    }
    let (ours, theirs) = (document.email(&check.key), red_hat.email(&check.key));
    if theirs.is_some() && ours != theirs {
        check.fail("the email of the entry is not the account's");
    }
    if check.state == ProofState::Bad {
        check.next = Some(look.subject.red_hats());
    }
}

/// The keys whose entries are of another account than what Red Hat hands out, by name and by
/// email.
fn others_keys(document: &Document, red_hat: &Document) -> Vec<String> {
    let entries = document.entries().filter_map(|(key, read)| {
        let held = read.ok()?;
        let (_, wanted) = red_hat.entries().find(|(wanted, _)| *wanted == key)?;
        let is_others = wanted.ok()?.username != held.username
            && !document.has_same_email(key, red_hat)
            && !is_registry_service_account(&held.username);
        is_others.then(|| key.to_owned())
    });
    entries.collect()
}

fn against_quay(
    check: &mut Check,
    held: &Credential,
    login: &KnownRegistry<'_>,
    robot: Option<&RobotToken>,
    subject: &Subject<'_>,
) {
    match robot {
        Some(RobotToken::Current(token))
            if token.expose_secret() == held.password.expose_secret() =>
        {
            check.token = TokenState::Current;
        }
        Some(RobotToken::Current(_)) => {
            check.token = TokenState::Stale;
            check.fail("the robot has another token in Quay");
            check.next = held
                .username
                .parse()
                .ok()
                .map(|robot| subject.refresh(&robot));
        }
        Some(RobotToken::NoSuchRobot) => {
            check.fail("the robot does not exist in Quay");
            check.next = Some(subject.without(&check.key));
        }
        Some(RobotToken::Unreadable(reason)) => {
            check.token = TokenState::Unknown;
            check.doubt(
                &format!("the robot's current token is unknown ({reason})"),
                false,
            );
            check.next = Some(whoami(login));
        }
        None => check.token = TokenState::Unknown,
    }
}

async fn ask_registry(
    check: &mut Check,
    held: &Credential,
    login: Option<&KnownRegistry<'_>>,
    look: &Look<'_>,
) {
    let host = registry_of_key(&check.key);
    if host.as_ref().is_some_and(|host| host.as_str() == TELEMETRY) {
        return;
    }
    let registry = match (login, &host) {
        // What Quay hands out for the account is no news to its registry, whatever the key.
        (Some(login), host) if host.is_some() || check.token == TokenState::Current => {
            Ok(login.session.registry.clone())
        }
        (_, Some(host)) if !is_in_image_names(host) => return check_unused(check, host),
        (_, Some(host)) => look.others.at(host),
        (_, None) => Err(Failure::new(
            "the key does not name exactly one registry, so none was asked",
        )),
    };
    let asked = match registry {
        Ok(registry) => ask(check, held, &registry, look).await,
        Err(failure) => Err(failure),
    };
    let Err(failure) = asked else { return };
    let allowed = look.by.allow_unknown && login.is_none();
    if host.is_some() && check.registry == RegistryAnswer::NotAsked {
        check.registry = RegistryAnswer::without(&failure);
    }
    check.doubt(failure.message(), allowed);
    if check.next.is_none() && !allowed {
        check.next = Some(match login {
            Some(login) => whoami(login),
            None => look.without_answer(&failure, host.as_ref()),
        });
    }
}

/// Whether the registry accepts the credential, and hands out the images that are pulled with it.
/// That it accepts the credential says nothing of a pull.
async fn ask(
    check: &mut Check,
    held: &Credential,
    registry: &Registry,
    look: &Look<'_>,
) -> Result<(), Failure> {
    let probed = registry.probe(&held.username, &held.password, &[]);
    if let Probe::Refused { reason } = probed.await? {
        check.registry = RegistryAnswer::Refused;
        check.fail(&format!("the registry refuses the credential: {reason}"));
        return Ok(());
    }
    check.registry = RegistryAnswer::Accepted;
    let login = Some((held.username.as_str(), &held.password));
    let release = look.subject.release().image();
    let named = look.by.images.iter().map(|image| (image, true));
    let images = named.chain(release.iter().map(|image| (image, false)));
    let of_key = images.filter(|(image, _)| matches_image(&check.key, image));
    for (image, is_named) in of_key.collect::<Vec<_>>() {
        let pull = registry.try_pull(login, image.repository(), image.reference());
        match pull.await? {
            Pull::Good if is_named => check.note(&format!("{image} can be pulled")),
            Pull::Good => {}
            Pull::Refused(reason) => {
                check.fail(&format!("the registry refuses a pull of {image}: {reason}"));
            }
            Pull::NotAllowed => {
                check.fail(&format!(
                    "the registry does not let the account pull {image}"
                ));
            }
            Pull::NoSuchTag if is_named => {
                check.fail(&format!(
                    "the registry has no {image} of this tag or digest"
                ));
            }
            Pull::NoSuchTag => check.note(&format!("the registry lacks the release image {image}")),
        }
    }
    Ok(())
}

/// Whether an image's name can begin with the host: the first word of `fake/app` is a part of a
/// repository on Docker Hub.
fn is_in_image_names(host: &RegistryHost) -> bool {
    let image = format!("{host}/a/b").parse::<ImageReference>();
    image.is_ok_and(|image| image.repository() == "a/b")
}

/// OKD is installed with a key that is there for the installer alone.
fn check_unused(check: &mut Check, host: &RegistryHost) {
    let unused = format!("no image name can begin with `{host}/`, so no pull uses the entry");
    match RobotName::is_robot(&check.account) {
        true => check.fail(&unused),
        false => check.note(&unused),
    }
}

/// Where the registry's login is at fault, or the way to it.
fn whoami(login: &KnownRegistry<'_>) -> Hint {
    let registry = &login.session.endpoint.registry;
    hint::robot("whoami --registry").arg(registry).into()
}

impl Look<'_> {
    /// Nobody is logged in there. Its authority is known to the nodes alone, maybe, or only they
    /// reach it.
    fn without_answer(&self, failure: &Failure, host: Option<&RegistryHost>) -> Hint {
        let is_untrusted = failure.kind() == FailureKind::UnknownAuthority;
        match (host, &self.site) {
            (Some(host), Some(site)) if is_untrusted => site.remedy(self.context, host),
            (Some(_), None) if is_untrusted => "pass the certificate of the registry's authority \
                with --registry-ca FILE, or with --context the cluster whose nodes trust it"
                .into(),
            _ => self.do_without(host),
        }
    }

    fn do_without(&self, host: Option<&RegistryHost>) -> Hint {
        let elsewhere =
            host.map(|host| format!("run this command on a machine that can reach {host}, or "));
        Hint::from(elsewhere.unwrap_or_default())
            .say("accept that there is no answer: ")
            .run(self.subject.verify_with("--allow-unknown"))
    }
}
