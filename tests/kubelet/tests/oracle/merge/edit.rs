//! What is done to a pull secret's content, by the code that does it.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use quay_common::dockerconfig::{Credential, Document, RegistryNames};
use quay_common::kubelet::Format;
use quay_common::names::RobotName;
use quay_common::pullsecret::{
    Adopted, Claim, Consent, CurrentTokens, PlacedCredential, PullSecret, RegistryTokens,
    RobotToken, SecretPlan, Swap, Trust, Verdict, WriteAction, plan_namespace, plan_secret,
    plan_swap,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The registry that somebody is logged in to, and a name it has as well.
const REGISTRY: &str = "quay.io";
const ALIAS: &str = "quay.example.com:8443";
/// Generated entries hold `myorg+robot0` to `myorg+robot8`.
const ROBOTS: u32 = 6;

/// An edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// Entries are set and removed by hand.
    Steps(Vec<Step>),
    /// `sync`: every entry of a robot is brought to its current token.
    Repair,
    /// `sync --robot R --replace-account`: this key is to hold the robot.
    Place(String),
    /// `rotate`: the entries of this robot are brought to its bridge.
    Swap(u32),
}

/// One entry's edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The key holds the account of this number from now on.
    Set(String, u32),
    /// The key is gone from now on.
    Remove(String),
}

impl Step {
    /// The entry that is edited.
    pub fn key(&self) -> &str {
        match self {
            Self::Set(key, _) | Self::Remove(key) => key,
        }
    }
}

/// What each edited key holds in the end; `None` where it is gone.
pub type Edited = BTreeMap<String, Option<Credential>>;

/// What an edit came to.
pub struct Done {
    /// The new content; the old one where nothing is written.
    pub content: Vec<u8>,
    /// What was changed in it.
    pub edited: Edited,
    /// Whether anything is written.
    pub writes: bool,
}

impl Edit {
    /// Edits the content. `None` if it is refused as a whole.
    pub fn apply(&self, format: Format, content: &[u8]) -> Option<Done> {
        match self {
            Self::Steps(steps) => {
                let mut document = Document::parse(format, content).ok()?;
                Some(by_hand(&mut document, steps))
            }
            Self::Repair | Self::Place(_) | Self::Swap(_) => self.planned(format, content),
        }
    }

    /// The same with something less to do.
    pub fn smaller(&self) -> Vec<Self> {
        let Self::Steps(steps) = self else {
            return Vec::new();
        };
        let without = |at: usize| {
            let mut fewer = steps.clone();
            fewer.remove(at);
            Self::Steps(fewer)
        };
        (0..steps.len()).map(without).collect()
    }

    fn planned(&self, format: Format, content: &[u8]) -> Option<Done> {
        let secret = secret(format, content)?;
        let plan = match self {
            Self::Steps(_) => None,
            Self::Repair => plan_secret(&secret, &wanted(), &adopting(), Consent::default()),
            Self::Place(key) => place(&secret, key),
            Self::Swap(number) => plan_swap(&secret, &swap(&secret, *number)),
        };
        let edited = plan.iter().flat_map(|plan| self.edited(plan)).collect();
        let write = plan.map_or(WriteAction::Nothing, |plan| plan.write);
        match write {
            WriteAction::Update { document, .. } => Some(Done {
                content: document.to_json().expose_secret().to_vec(),
                edited,
                writes: true,
            }),
            WriteAction::Nothing => secret.document.is_ok().then(|| Done {
                content: content.to_vec(),
                edited: Edited::new(),
                writes: false,
            }),
            WriteAction::Create(_) | WriteAction::Recreate(_) => panic!("the secret is there"),
        }
    }

    /// What the plan says that it changes.
    fn edited(&self, plan: &SecretPlan) -> Edited {
        let changed = plan.entries.iter().filter(|entry| {
            use Verdict::{Missing, Replaced, Stale};
            matches!(entry.verdict, Stale | Missing | Replaced(_))
        });
        let becomes = |account: &str| match self {
            Self::Swap(number) => bridge(*number),
            _ => current(account),
        };
        changed
            .map(|entry| (entry.key.clone(), Some(becomes(&entry.account))))
            .collect()
    }
}

fn by_hand(document: &mut Document, steps: &[Step]) -> Done {
    let mut edited = Edited::new();
    for step in steps {
        match step {
            Step::Set(key, number) => {
                let credential = current(&robot(*number));
                document.set(key, &credential);
                edited.insert(key.clone(), Some(credential));
            }
            Step::Remove(key) => {
                document.remove(key);
                edited.insert(key.clone(), None);
            }
        }
    }
    Done {
        content: document.to_json().expose_secret().to_vec(),
        edited,
        writes: true,
    }
}

/// The secret as an API server shows it.
fn secret(format: Format, content: &[u8]) -> Option<PullSecret> {
    let mut secret = Secret {
        type_: Some(format.secret_type().to_owned()),
        data: Some([(format.data_key().to_owned(), ByteString(content.to_vec()))].into()),
        ..Secret::default()
    };
    secret.metadata.namespace = Some("staging".to_owned());
    secret.metadata.name = Some("pull".to_owned());
    PullSecret::read(secret)
}

fn place(secret: &PullSecret, key: &str) -> Option<SecretPlan> {
    let placed = PlacedCredential {
        robot: robot(0).parse().unwrap(),
        credential: current(&robot(0)),
        key: key.to_owned(),
        secret_name: secret.name.clone(),
        service_accounts: Vec::new(),
    };
    let consent = Consent {
        replace_account: true,
        ..Consent::default()
    };
    let wanted = CurrentTokens {
        only: Some(placed.robot.clone()),
        ..wanted()
    };
    let secrets = std::slice::from_ref(secret);
    let plan = plan_namespace(
        &secret.namespace,
        secrets,
        &placed,
        &wanted,
        &adopting(),
        consent,
    );
    plan.secrets.into_iter().next()
}

/// Whatever stands in the robot's entries is one of its tokens.
fn swap(secret: &PullSecret, number: u32) -> Swap {
    let (from, to) = (robot(number), bridge(number));
    let entries = secret.document.iter().flat_map(Document::entries);
    let held = entries.filter_map(|(_, read)| read.ok());
    let held = held.filter(|held| held.username == from);
    let mut tokens: Vec<SecretString> = held.map(|held| held.password).collect();
    tokens.push(to.password.clone());
    let accounts: [RobotName; 2] = [from.parse().unwrap(), to.username.parse().unwrap()];
    Swap {
        hosts: names().hosts,
        claim: Claim {
            robot: (REGISTRY.parse().unwrap(), accounts[0].clone()),
            accounts: accounts.to_vec(),
            tokens,
            trust: Trust::default(),
        },
        to,
        stands_in_for: Some(accounts[0].clone()),
    }
}

fn names() -> RegistryNames {
    RegistryNames::of(REGISTRY.parse().unwrap(), &[ALIAS.parse().unwrap()])
}

fn wanted() -> CurrentTokens {
    let tokens = (0..ROBOTS).map(|number| {
        let name = robot(number);
        let token = match number {
            4 => RobotToken::NoSuchRobot,
            5 => RobotToken::Unreadable("Quay said no".to_owned()),
            _ => RobotToken::Current(current(&name).password),
        };
        (name.parse().unwrap(), token)
    });
    CurrentTokens {
        registries: vec![RegistryTokens {
            registry: REGISTRY.parse().unwrap(),
            names: names(),
            robots: tokens.collect(),
            bridges: Vec::new(),
        }],
        only: None,
    }
}

fn adopting() -> Trust {
    Trust {
        adopted: Adopted::Everything,
        ..Trust::default()
    }
}

fn robot(number: u32) -> String {
    format!("myorg+robot{number}")
}

/// An account's credential as it should be.
fn current(account: &str) -> Credential {
    Credential::new(
        account,
        SecretString::from(format!("now the token of {account}")),
    )
}

fn bridge(number: u32) -> Credential {
    current(&format!("{}-bridge", robot(number)))
}

/// Every key of both, each once.
pub fn keys(before: &Document, edited: &Edited) -> BTreeSet<String> {
    let there = before.entries().map(|(key, _)| key.to_owned());
    there.chain(edited.keys().cloned()).collect()
}
