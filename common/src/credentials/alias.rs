//! Other names of a registry: which may be agreed to, and how that is asked for.

use super::settings::Settings;
use crate::Failure;
use crate::cli::{Console, hint_text};
use crate::dockerconfig::{RegistryNames, UnclearOwner};
use crate::hint::{self, Hint};
use crate::names::RegistryHost;
use crate::registry::{Registry, is_well_known};
use crate::web::Endpoint;

/// Whether `alias` may be another name of `registry`.
///
/// # Errors
/// Why not, in one sentence: it is somebody else's name.
fn check_alias(
    alias: &RegistryHost,
    registry: &RegistryHost,
    settings: &Settings,
) -> Result<(), String> {
    check_no_registry(alias, registry, settings)?;
    let mut logins = settings.registries.iter();
    let other = logins.find(|(other, login)| *other != registry && login.aliases.contains(alias));
    match other {
        Some((other, _)) => Err(format!("{alias} is already an alias of {other}")),
        None => Ok(()),
    }
}

/// Whether `alias` is neither another login's registry nor a well-known one.
fn check_no_registry(
    alias: &RegistryHost,
    registry: &RegistryHost,
    settings: &Settings,
) -> Result<(), String> {
    if is_well_known(alias) {
        return Err(format!("{alias} is a well-known registry"));
    }
    match alias != registry && settings.registries.contains_key(alias) {
        true => Err(format!(
            "{alias} is a registry of its own, because you are logged in to it"
        )),
        false => Ok(()),
    }
}

/// Checks what `--registry-alias` gives where all logins are meant.
///
/// # Errors
/// One is a login's registry, or a well-known one.
pub(super) fn check_given(given: &[RegistryHost], settings: &Settings) -> Result<(), Failure> {
    for registry in settings.registries.keys() {
        for alias in given {
            check_no_registry(alias, registry, settings)
                .map_err(|reason| refused(registry, alias, &reason))?;
        }
    }
    Ok(())
}

/// A sentence for each of the given aliases that is none of `hosts`.
pub(super) fn idle(given: &[RegistryHost], hosts: &[RegistryHost]) -> Vec<String> {
    let idle = given.iter().filter(|alias| !hosts.contains(alias));
    idle.map(|alias| {
        format!(
            "--registry-alias {alias} has no effect, because no registry that you are logged in \
             to calls itself {alias}; pass --registry HOST to say which registry it belongs to"
        )
    })
    .collect()
}

/// The aliases of a registry: those its login agreed to, and those of `--registry-alias`.
///
/// # Errors
/// One of `--registry-alias` is somebody else's name. A login's that became somebody else's
/// since does not count any more.
pub(super) fn aliases(
    registry: &RegistryHost,
    given: &[RegistryHost],
    settings: &Settings,
) -> Result<Vec<RegistryHost>, Failure> {
    let remembered = settings.registries.get(registry);
    let mut aliases: Vec<RegistryHost> = remembered
        .into_iter()
        .flat_map(|login| &login.aliases)
        .filter(|alias| check_no_registry(alias, registry, settings).is_ok())
        .cloned()
        .collect();
    for alias in given {
        if alias == registry || aliases.contains(alias) {
            continue;
        }
        check_alias(alias, registry, settings)
            .map_err(|reason| refused(registry, alias, &reason))?;
        aliases.push(alias.clone());
    }
    Ok(aliases)
}

/// The registry's own host and the aliases agreed to, and the name that it claims besides.
/// Anybody can claim any name: no key belongs to the registry for that alone. A server that
/// does not tell claims nothing.
pub async fn names(registry: &Registry, endpoint: &Endpoint) -> RegistryNames {
    let mut names = RegistryNames::of(endpoint.registry.clone(), &endpoint.aliases);
    let claimed = registry.server_config().await.ok();
    let claimed = claimed
        .and_then(|config| config.server_hostname)
        .and_then(|name| name.parse::<RegistryHost>().ok())
        .filter(|claimed| !names.hosts.contains(claimed));
    let Some(claimed) = claimed else { return names };
    let own = &endpoint.registry;
    let settings = Settings::load().unwrap_or_default();
    match check_alias(&claimed, own, &settings) {
        Ok(()) => {
            let agree = hint_text(&agree(own, &claimed));
            names.warning = Some(format!(
                "{own} calls itself {claimed}, and you have not agreed to that alias: {agree}"
            ));
            names.not_agreed = Some(claimed);
        }
        Err(reason) => {
            names.warning = Some(format!(
                "{own} calls itself {claimed}, but that is not accepted: {reason}"
            ));
        }
    }
    names
}

/// Shows the name that the registry claims, and asks whether it is the registry's.
///
/// # Errors
/// The question was not answered.
pub(super) async fn ask_for_alias(
    endpoint: &mut Endpoint,
    console: &Console,
) -> Result<(), Failure> {
    let names = names(&Registry::connect(endpoint)?, endpoint).await;
    let own = &endpoint.registry;
    match names.not_agreed {
        Some(alias) if console.can_ask() => {
            let question = format!(
                "{own} calls itself {alias}. Are they the same registry, so that credentials for \
                 {alias} may be sent to {own}?"
            );
            if console.confirm(&question, &format!("--registry-alias {alias}"))? {
                endpoint.aliases.push(alias);
            }
        }
        _ => console.warn_each(names.warning.as_slice()),
    }
    Ok(())
}

/// The failure of a `--registry-alias` that cannot be agreed to.
fn refused(registry: &RegistryHost, alias: &RegistryHost, reason: &str) -> Failure {
    Failure::usage(format!(
        "{alias} cannot be an alias of {registry}: {reason}"
    ))
    .next("remove it from --registry-alias and QUAY_REGISTRY_ALIAS")
}

/// How to agree to an alias: once, or for good.
fn agree(registry: &RegistryHost, alias: &RegistryHost) -> Hint {
    Hint::from("if both are the same registry, pass --registry-alias ")
        .word(alias)
        .say(", or store the alias: ")
        .run(
            hint::robot("login --registry")
                .arg(registry)
                .words("--registry-alias")
                .arg(alias),
        )
}

/// What to do about a key of which it is not plain whose it is.
pub fn clear_up(owner: &UnclearOwner) -> Hint {
    match owner {
        UnclearOwner::NotAgreed { registry, claimed } => agree(registry, claimed),
        UnclearOwner::Several(one, other) => {
            format!("choose the registry: --registry {one} or --registry {other}").into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::Kept;
    use super::*;

    fn host(text: &str) -> RegistryHost {
        text.parse().unwrap()
    }

    fn settings() -> Settings {
        let mut settings = Settings::default();
        for (name, alias) in [
            ("old.example.com", "images.example.com"),
            ("new.example.com", "x.example.com"),
        ] {
            let mut endpoint = Endpoint::of(host(name));
            endpoint.aliases.push(host(alias));
            settings.remember(&endpoint, "alice", Kept::Keyring);
        }
        settings
    }

    #[test]
    fn what_is_somebody_elses_name_is_refused_with_the_reason() {
        for (alias, reason) in [
            ("quay.io", "well-known"),
            ("registry.redhat.io", "well-known"),
            ("old.example.com", "registry of its own"),
            ("images.example.com", "alias of old.example.com"),
        ] {
            let failure =
                aliases(&host("new.example.com"), &[host(alias)], &settings()).unwrap_err();
            assert!(failure.message().contains(reason), "{failure}");
        }
    }

    #[test]
    fn a_logins_aliases_and_those_of_the_flag_count_once() {
        let given = [
            host("x.example.com"),
            host("y.example.com"),
            host("new.example.com"),
        ];
        let found = aliases(&host("new.example.com"), &given, &settings()).unwrap();
        assert_eq!(found, [host("x.example.com"), host("y.example.com")]);
    }

    #[test]
    fn a_logins_alias_that_has_a_login_of_its_own_now_counts_no_more() {
        let mut settings = settings();
        settings.remember(
            &Endpoint::of(host("images.example.com")),
            "alice",
            Kept::Keyring,
        );
        assert_eq!(
            aliases(&host("old.example.com"), &[], &settings).unwrap(),
            []
        );
    }
}
