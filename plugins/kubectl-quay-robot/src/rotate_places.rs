//! What `rotate` leaves: a receipt, and the token of a robot that no cluster uses.

use quay_common::Failure;
use quay_common::cli::Console;
use quay_common::credentials::{Session, store_robot_token};
use quay_common::hint;
use quay_common::names::RobotName;
use quay_common::private_file::{self, Reserved};
use quay_common::receipt::{Receipt, receipt_page};
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};

/// Room for a receipt, and for what it says of one place.
const RECEIPT: usize = 64 << 10;
const RECEIPT_OF_PLACE: usize = 4 << 10;
/// A robot's token.
const TOKEN: usize = 64;

/// Where a rotation leaves what remains of it, made ready before anything is changed.
#[derive(Default)]
pub struct Places {
    /// For the receipt.
    pub receipt: Option<ReceiptPlace>,
    /// For the token.
    pub token: Option<TokenPlace>,
}

/// A file for a receipt.
pub struct ReceiptPlace {
    path: PathBuf,
    reserved: Reserved,
}

/// Where a token goes.
pub enum TokenPlace {
    /// Whoever reads stdout.
    Stdout,
    /// A file.
    File(PathBuf, Reserved),
}

/// Files that could not be written in the end, and one that is named twice.
///
/// # Errors
/// A usage failure.
pub fn check_files(receipt: Option<&Path>, token: Option<&Path>) -> Result<(), Failure> {
    if let (Some(receipt), Some(token)) = (receipt, token)
        && private_file::is_same(receipt, token)
    {
        let token = token.display();
        let message = format!("--receipt and --token-output name one file: {token}");
        return Err(Failure::usage(message).next("name another one for the receipt"));
    }
    let mut files = receipt.into_iter().chain(token);
    files.try_for_each(private_file::check_replaceable)
}

impl Places {
    /// Takes as much of the disk as will be needed, and looks whether somebody reads stdout.
    ///
    /// # Errors
    /// The disk is full, or nobody does.
    pub fn take(
        receipt: Option<&Path>,
        token: Option<&Path>,
        targets: usize,
        console: &Console,
    ) -> Result<Self, Failure> {
        let unchanged = |failure: Failure| failure.context("nothing was changed");
        let receipt = receipt.map(|path| {
            let size = RECEIPT + targets * RECEIPT_OF_PLACE;
            let reserved = private_file::reserve(path, size).map_err(unchanged)?;
            let path = path.to_owned();
            Ok(ReceiptPlace { path, reserved })
        });
        let token = token.map(|path| {
            if path != Path::new("-") {
                let reserved = private_file::reserve(path, TOKEN).map_err(unchanged)?;
                return Ok(TokenPlace::File(path.to_owned(), reserved));
            }
            match console.stdout_is_dead() {
                false => Ok(TokenPlace::Stdout),
                true => Err(unchanged(Failure::new(
                    "nobody reads stdout, and the token would be lost",
                ))
                .next("hand it to a program that reads it, or name a file: --token-output FILE")),
            }
        });
        Ok(Self {
            receipt: receipt.transpose()?,
            token: token.transpose()?,
        })
    }
}

impl ReceiptPlace {
    /// Writes the receipt as a page where the file is named so, and as JSON otherwise.
    pub fn write(self, receipt: &Receipt, console: &Console) -> Result<(), Failure> {
        let text = match is_page(&self.path) {
            true => receipt_page(receipt),
            false => serde_json::to_string_pretty(receipt)
                .map(|text| text + "\n")
                .map_err(|error| Failure::new(format!("cannot write the receipt: {error}")))?,
        };
        self.reserved.fill(text.as_bytes())?;
        console.note(format!("wrote the receipt to {}", self.path.display()));
        Ok(())
    }
}

fn is_page(file: &Path) -> bool {
    let extension = file.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        ["html", "htm"]
            .iter()
            .any(|page| extension.eq_ignore_ascii_case(page))
    })
}

/// Hands over the new token of a robot that no cluster uses.
pub async fn keep_token(
    robot: &RobotName,
    session: &Session,
    place: Option<TokenPlace>,
    store: bool,
    console: &Console,
) -> Result<(), Failure> {
    let again = || hint::robot("token").arg(robot);
    if place.is_none() && !store {
        let typed = console.invocation().typed();
        console.note(format!("to hand the new token over: {typed} token {robot}"));
        return Ok(());
    }
    let current = session
        .quay
        .robot(robot)
        .await
        .map_err(|error| error.failure(format!("robot `{robot}`"), &session.endpoint))?;
    let token = current.token.expose_secret();
    match place {
        None => {
            store_robot_token(&session.endpoint.registry, robot, &current.token).await?;
            console.note(format!("stored the token of {robot} in the OS keyring"));
        }
        Some(TokenPlace::Stdout) => {
            let lost = |failure: Failure| {
                let what = format!("{robot} has a new token, which could not be handed over");
                Failure::new(format!("{what}: {failure}")).next(again())
            };
            console.data(token).map_err(lost)?;
            console.note(format!("wrote the token of {robot} to stdout"));
        }
        Some(TokenPlace::File(path, reserved)) => {
            let written = reserved.fill(token.as_bytes());
            written.map_err(|failure| failure.next(again().words("-o FILE")))?;
            console.note(format!("wrote the token of {robot} to {}", path.display()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_named_like_a_page_gets_one() {
        assert!(is_page(Path::new("evidence/rotation.html")));
        assert!(is_page(Path::new("ROTATION.HTM")));
        assert!(!is_page(Path::new("rotation.json")));
        assert!(!is_page(Path::new("html")));
        assert!(!is_page(Path::new("rotation.html.json")));
    }
}
