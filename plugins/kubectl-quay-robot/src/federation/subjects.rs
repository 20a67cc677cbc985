//! The flags that say who signs in, and what they come to.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::Console;
use quay_common::cluster::{ClusterArgs, connect};
use quay_common::keyless::{Issuer, ServiceAccount, issuer_of, service_accounts};
use quay_common::quay::FederatedSubject;

/// Where pipelines of GitHub Actions get their identity.
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Who signs in.
#[derive(Debug, Args)]
pub struct SubjectArgs {
    /// Service account of the cluster, as NAMESPACE/NAME (repeat for several)
    #[arg(long, value_name = "NAMESPACE/NAME", group = "who")]
    service_account: Vec<ServiceAccount>,

    /// Every service account of the namespace given with -n
    #[arg(long, requires = "namespace", group = "who", hide_short_help = true)]
    all_service_accounts: bool,

    /// Namespace for --all-service-accounts
    #[arg(
        short,
        long,
        value_name = "NAMESPACE",
        requires = "all_service_accounts",
        hide_short_help = true
    )]
    namespace: Option<String>,

    /// Workflows of this GitHub repository, as OWNER/REPO; needs --branch or --environment
    #[arg(long, value_name = "OWNER/REPO", requires = "where", group = "who", value_parser = parse_github)]
    github: Option<String>,

    /// Branch that the workflow runs on
    #[arg(long, value_name = "BRANCH", requires = "github", group = "where")]
    branch: Option<String>,

    /// Environment of GitHub that the workflow runs in
    #[arg(long, value_name = "ENVIRONMENT", requires = "github", group = "where")]
    environment: Option<String>,

    /// URL of any other OIDC issuer, letter by letter as its tokens have it
    #[arg(
        long,
        value_name = "URL",
        requires = "subject",
        group = "who",
        hide_short_help = true
    )]
    issuer: Option<String>,

    /// Subject of that issuer
    #[arg(
        long,
        value_name = "SUBJECT",
        requires = "issuer",
        hide_short_help = true
    )]
    subject: Option<String>,

    /// Audience that the tokens must be meant for (repeat for several)
    #[arg(long, value_name = "AUDIENCE", hide_short_help = true)]
    audience: Vec<String>,
}

fn parse_github(text: &str) -> Result<String, String> {
    match text.split_once('/') {
        Some((owner, repo)) if !owner.is_empty() && !repo.is_empty() && !repo.contains('/') => {
            Ok(text.to_owned())
        }
        _ => Err("write OWNER/REPO".to_owned()),
    }
}

impl SubjectArgs {
    /// The subjects. Service accounts are those of every chosen cluster.
    pub async fn subjects(
        &self,
        cluster: &ClusterArgs,
        console: &Console,
    ) -> Result<Vec<FederatedSubject>, Failure> {
        let mut subjects = Vec::new();
        if let (Some(url), Some(subject)) = (&self.issuer, &self.subject) {
            doubt(&Issuer::named(url), console);
            subjects.push(self.subject(url, subject));
        }
        if let Some(repository) = &self.github {
            let place = match (&self.branch, &self.environment) {
                (Some(branch), _) => format!("ref:refs/heads/{branch}"),
                (None, environment) => {
                    format!("environment:{}", environment.as_deref().unwrap_or_default())
                }
            };
            subjects.push(self.subject(GITHUB, &format!("repo:{repository}:{place}")));
        }
        if self.all_service_accounts || !self.service_account.is_empty() {
            subjects.extend(self.service_accounts(cluster, console).await?);
        }
        match subjects.is_empty() {
            true => Err(Failure::usage("nobody is named").next(
                "pass --service-account NAMESPACE/NAME, --github OWNER/REPO, or --issuer URL \
                 with --subject SUBJECT",
            )),
            false => Ok(subjects),
        }
    }

    fn subject(&self, issuer: &str, subject: &str) -> FederatedSubject {
        FederatedSubject {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            audiences: self.audience.clone(),
        }
    }

    /// A cluster that cannot be looked at stops the command: its subjects would be left out.
    async fn service_accounts(
        &self,
        cluster: &ClusterArgs,
        console: &Console,
    ) -> Result<Vec<FederatedSubject>, Failure> {
        let clusters = connect(cluster, FIELD_MANAGER, console).await?;
        let clusters = clusters.all()?;
        let mut subjects: Vec<FederatedSubject> = Vec::new();
        for cluster in &clusters {
            let issuer = issuer_of(cluster).await?;
            doubt(&issuer, console);
            let mut accounts = self.service_account.clone();
            if let Some(namespace) = &self.namespace {
                accounts.extend(service_accounts(cluster, namespace).await?);
            }
            let named = accounts
                .iter()
                .map(|account| issuer.subject(account, &self.audience));
            // Two contexts may lead to one cluster.
            for subject in named {
                if !subjects.iter().any(|known| known.is(&subject)) {
                    subjects.push(subject);
                }
            }
        }
        Ok(subjects)
    }
}

/// Says why Quay may not take the issuer's tokens.
fn doubt(issuer: &Issuer, console: &Console) {
    for doubt in issuer.doubts() {
        let warning = Failure::new(format!("issuer {}: {doubt}", issuer.url));
        console.warn_of(&warning.next(doubt.remedy()));
    }
}
