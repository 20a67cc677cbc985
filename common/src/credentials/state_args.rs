//! What is remembered: by this machine, or in a Secret that machines share.

use super::settings::Settings;
use crate::Failure;
use crate::cli::Console;
use crate::cluster::{ClusterArgs, connect_silently};
use crate::ledger::{Ledger, Memory, StateSecret, check_reference};
use clap::Args;
use std::rc::Rc;

const FIELD_MANAGER: &str = "kubectl-quay";

/// Where it is remembered which places were seen with which tokens.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Memory options")]
pub struct StateArgs {
    /// Secret in which several machines share what they know
    ///
    /// It holds the ledger of rotations, and which secrets were seen with which robot's token.
    /// If the Secret does not exist, the command creates it. Without this flag, each machine
    /// keeps its own files.
    #[arg(
        long = "state",
        hide_short_help = true,
        value_name = "[CONTEXT:]NAMESPACE/NAME",
        env = "KUBECTL_QUAY_STATE"
    )]
    state: Option<String>,
}

impl StateArgs {
    /// What the flag, its variable or the login says, as it was written.
    fn reference(&self) -> Result<Option<String>, Failure> {
        let given = self.state.clone().filter(|text| !text.trim().is_empty());
        match given {
            Some(given) => Ok(Some(given)),
            None => Ok(Settings::load()?.state),
        }
    }

    /// What is written, where it is a reference; for `login`, which remembers it.
    ///
    /// # Errors
    /// A usage failure where it names no Secret.
    pub fn checked(&self) -> Result<Option<String>, Failure> {
        let given = self.state.as_deref().map(str::trim);
        let given = given.filter(|text| !text.is_empty());
        given
            .map(|text| split(text).map(|_| text.to_owned()))
            .transpose()
    }

    /// Opens the memory.
    ///
    /// # Errors
    /// The reference names no Secret, or a Secret of no single cluster. A memory that cannot be
    /// read is no failure: it is empty, and says why.
    pub async fn memory(&self, args: &ClusterArgs, console: &Console) -> Result<Memory, Failure> {
        Ok(open(self.secret(args).await?, console).await)
    }

    /// The same, with the ledger of rotations.
    ///
    /// # Errors
    /// As [`StateArgs::memory`].
    pub async fn books(
        &self,
        args: &ClusterArgs,
        console: &Console,
    ) -> Result<(Ledger, Memory), Failure> {
        let secret = self.secret(args).await?;
        Ok((Ledger::open(secret.clone())?, open(secret, console).await))
    }

    /// The ledger of rotations alone.
    ///
    /// # Errors
    /// As [`StateArgs::memory`].
    pub async fn ledger(&self, args: &ClusterArgs) -> Result<Ledger, Failure> {
        Ledger::open(self.secret(args).await?)
    }

    async fn secret(&self, args: &ClusterArgs) -> Result<Option<Rc<StateSecret>>, Failure> {
        let Some(reference) = self.reference()? else {
            return Ok(None);
        };
        let (context, secret) = split(reference.trim())?;
        let args = match context {
            Some(context) => ClusterArgs {
                contexts: vec![context.to_owned()],
                all_contexts: false,
                ..args.clone()
            },
            None => args.clone(),
        };
        let mut clusters = connect_silently(&args, FIELD_MANAGER).await?.all()?;
        let (Some(cluster), true) = (clusters.pop(), clusters.is_empty()) else {
            return Err(Failure::usage(format!(
                "--state names a Secret {secret} of one cluster, but several clusters are chosen"
            ))
            .next(format!("pass --state CONTEXT:{secret}")));
        };
        let secret = StateSecret::new(cluster, secret)?;
        Ok(Some(Rc::new(secret)))
    }
}

async fn open(secret: Option<Rc<StateSecret>>, console: &Console) -> Memory {
    let memory = Memory::open(secret).await;
    // Where the memory cannot be read, the ledger beside it has the same trouble.
    if let Some(trouble) = memory.trouble().or(memory.ledger_trouble()) {
        console.warn_of(trouble);
    }
    memory
}

/// Writes down what a run saw. What cannot be remembered is a warning: the run itself is well.
pub async fn remember(memory: &mut Memory, console: &Console) {
    let is_known = memory.trouble().is_some();
    if let Err(failure) = memory.save().await
        && !is_known
    {
        console.warn_of(&failure);
    }
}

/// The context, where one is named, and `NAMESPACE/NAME`. A context's name may hold `:` and `/`,
/// a namespace's cannot.
fn split(reference: &str) -> Result<(Option<&str>, &str), Failure> {
    let slash = reference.rfind('/').unwrap_or_default();
    let (context, secret) = match reference[..slash].rfind(':') {
        Some(colon) => (Some(&reference[..colon]), &reference[colon + 1..]),
        None => (None, reference),
    };
    check_reference(secret)?;
    Ok((context, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_may_be_named_before_the_secret() {
        assert_eq!(split("quay/state").unwrap(), (None, "quay/state"));
        assert_eq!(
            split("prod:quay/state").unwrap(),
            (Some("prod"), "quay/state")
        );
        let arn = "arn:aws:eks:eu-west-1:1:cluster/prod";
        assert_eq!(
            split(&format!("{arn}:quay/state")).unwrap(),
            (Some(arn), "quay/state")
        );
        for bad in ["state", "a/b/c", "prod:state", "quay/", ":/x", ""] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
