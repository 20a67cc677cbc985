//! Tokens given by hand: from stdin, the environment, a prompt.

use super::keyring;
use crate::Failure;
use crate::cli::Console;
use crate::names::{RegistryHost, RobotName};
use crate::web::Endpoint;
use secrecy::SecretString;
use std::io::Read;

/// No token is longer; a file given by mistake may be.
const LONGEST: u64 = 64 << 10;

/// Reads one token from stdin; the line break at its end does not count.
pub(crate) fn from_stdin(what: &str) -> Result<SecretString, Failure> {
    checked(&read_stdin(what)?, what, "stdin")
}

fn read_stdin(what: &str) -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(LONGEST + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("cannot read the {what} from stdin: {error}")))?;
    if text.len() as u64 > LONGEST {
        return Err(Failure::usage(format!(
            "stdin is too long to be the {what}"
        )));
    }
    Ok(text)
}

/// Reads a password that may hold whatever a person chose, from stdin or by a question; the
/// line break at the end of stdin does not count.
///
/// # Errors
/// Stdin cannot be read, the password is empty, or there is no terminal to ask on.
pub fn password(stdin: bool, question: &str, console: &Console) -> Result<SecretString, Failure> {
    let given = match stdin {
        true => {
            let text = read_stdin("password")?;
            let line = text.strip_suffix('\n').unwrap_or(&text);
            SecretString::from(line.strip_suffix('\r').unwrap_or(line))
        }
        false => console.password(question, "pass --password-stdin")?,
    };
    let text = secrecy::ExposeSecret::expose_secret(&given);
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Failure::usage(
            "the password is empty, or it contains line breaks or other control characters",
        ));
    }
    Ok(given)
}

/// The token in an environment variable; one that is empty is not set.
pub(crate) fn from_environment(
    variable: &str,
    what: &str,
) -> Result<Option<SecretString>, Failure> {
    match std::env::var(variable) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => checked(&text, what, variable).map(Some),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(format!(
            "{variable} is not the {what}: it is not text"
        ))),
    }
}

/// Where in Quay's pages an API token is made, and what is to be ticked there.
pub(super) const WHERE_MADE: &str = "in Quay, open your organization, Applications, your \
     application, Generate Token; tick Administer Organization, Administer Repositories and Read \
     User Information, and for your own robots Administer User";

/// Asks for the token without showing it, and says first where one is made.
pub(super) fn from_prompt(console: &Console, question: &str) -> Result<SecretString, Failure> {
    if console.can_ask() {
        console.note(format!("to make an API token: {WHERE_MADE}"));
    }
    let elsewhere = "set QUAY_API_TOKEN, or pass --token-stdin or --auth-secret NAMESPACE/NAME";
    let typed = console.password(question, elsewhere)?;
    checked(
        secrecy::ExposeSecret::expose_secret(&typed),
        "API token",
        "the answer",
    )
}

/// What is inside is never quoted.
pub(super) fn checked(text: &str, what: &str, source: &str) -> Result<SecretString, Failure> {
    let token = text.trim();
    if token.is_empty() {
        return Err(Failure::usage(format!(
            "{source} holds no {what}: it is empty"
        )));
    }
    if !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Failure::usage(format!(
            "{source} holds more than the {what}: it contains spaces, line breaks or other \
             characters that no token has"
        )));
    }
    Ok(SecretString::from(token))
}

/// A robot's token given by hand, which counts for this robot only: from stdin, from
/// `QUAY_ROBOT_TOKEN`, or from the keyring. Quay's own answer is to be preferred where
/// there is a login; the registry has to accept the token before anything is written.
pub async fn robot_token(
    endpoint: &Endpoint,
    robot: &RobotName,
    stdin: bool,
) -> Result<Option<SecretString>, Failure> {
    if stdin {
        return from_stdin("robot token").map(Some);
    }
    if let Some(token) = from_environment("QUAY_ROBOT_TOKEN", "robot token")? {
        return Ok(Some(token));
    }
    let account = keyring::robot_account(&endpoint.registry, robot);
    match keyring::get(&account).await {
        Ok(found) => Ok(found),
        // Nothing was ever stored where there is no keyring.
        Err(keyring::KeyringError::Absent(_)) => Ok(None),
        Err(error) => Err(error.failure()),
    }
}

/// Keeps a robot's token in the keyring, where [`robot_token`] finds it.
pub async fn store_robot_token(
    registry: &RegistryHost,
    robot: &RobotName,
    token: &SecretString,
) -> Result<(), Failure> {
    let account = keyring::robot_account(registry, robot);
    let stored = keyring::set(&account, token).await;
    stored.map_err(|error| error.failure())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_line_break_at_the_end_is_not_part_of_a_token() {
        let token = checked("  abcDEF123\r\n", "API token", "stdin").unwrap();
        assert_eq!(token.expose_secret(), "abcDEF123");
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_quoting_it() {
        for bad in ["", " \n", "two words", "line\nbreak", "schlüssel"] {
            let failure = checked(bad, "API token", "stdin").unwrap_err();
            assert!(bad.trim().is_empty() || !failure.message().contains(bad));
        }
    }
}
