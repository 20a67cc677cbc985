//! What logins leave behind that is no secret.

use crate::cli::to_yaml;
use crate::names::RegistryHost;
use crate::private_file::Turn;
use crate::web::{Endpoint, NamedBy};
use crate::{Failure, folders, private_file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `$XDG_CONFIG_HOME/kubectl-quay/config.yaml`: how the registries of earlier logins
/// are reached, and which one is meant where none is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The registry of the last login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<RegistryHost>,
    /// The registries with a login.
    #[serde(default)]
    pub registries: BTreeMap<RegistryHost, Remembered>,
    /// The Secret that `--state` named at a login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The login to Red Hat's account API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ocm: Option<RememberedOcm>,
}

/// Red Hat's account API as a login left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedOcm {
    /// The API's origin.
    pub api: String,
    /// The sign-on service's token endpoint.
    pub token_url: String,
    /// The certificate authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Whose login it is.
    pub user: String,
    /// The service account it was made with; none where it was an offline token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Whether the secret is in a file instead of the keyring (`ocm login --insecure-storage`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure_storage: bool,
}

/// One registry as its login left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The API's origin.
    pub api: String,
    /// Other names of the registry that the user agreed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<RegistryHost>,
    /// The certificate authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Whether plain http and unknown certificates are accepted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// Whose token the login was made with; empty if there was no token.
    pub user: String,
    /// Whether the token is in a file instead of the keyring (`login --insecure-storage`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure_storage: bool,
    /// Whether no token is stored: this machine has no place for one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub without_token: bool,
}

/// Where the token of a login is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In the keyring.
    Keyring,
    /// In a plain file.
    File,
    /// Nowhere: whoever runs a command has to give it.
    Nowhere,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// The settings while no other process changes them, nor the tokens they tell of.
pub struct SettingsEdit {
    /// As they were read, and as they will be.
    pub settings: Settings,
    path: PathBuf,
    _turn: Turn,
}

impl SettingsEdit {
    /// Writes the file, readable only by its owner.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self) -> Result<(), Failure> {
        self.settings.write(&self.path)
    }
}

impl Settings {
    /// Reads the file; no file is no settings.
    ///
    /// # Errors
    /// It cannot be read, or others may write it: it says where tokens are sent.
    pub fn load() -> Result<Self, Failure> {
        Self::read(&file()?)
    }

    /// Reads the file to change it: whoever else wants to waits until the edit is dropped.
    ///
    /// # Errors
    /// As [`Settings::load`], or the file cannot be locked.
    pub fn edit() -> Result<SettingsEdit, Failure> {
        let path = file()?;
        let turn = private_file::turn(&path)?;
        Ok(SettingsEdit {
            settings: Self::read(&path)?,
            path,
            _turn: turn,
        })
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |reason: &str| {
            Failure::new(format!("cannot use {}: {reason}", path.display()))
                .next("correct the file, or delete it and log in again")
        };
        let content = private_file::read(path)?.unwrap_or_default();
        let text = String::from_utf8(content).map_err(|_| failed("it is not text"))?;
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_yaml::from_str(&text).map_err(|error| failed(&error.to_string()))
    }

    fn write(&self, path: &Path) -> Result<(), Failure> {
        private_file::replace(path, to_yaml(self)?.as_bytes())
    }

    /// Keeps how the endpoint is reached, and makes it the default.
    pub fn remember(&mut self, endpoint: &Endpoint, user: &str, kept: Kept) {
        let remembered = Remembered {
            api: endpoint.api.clone(),
            aliases: endpoint.aliases.clone(),
            ca: endpoint.ca.clone(),
            insecure: endpoint.insecure,
            user: user.to_owned(),
            insecure_storage: kept == Kept::File,
            without_token: kept == Kept::Nowhere,
        };
        self.registries
            .insert(endpoint.registry.clone(), remembered);
        self.default = Some(endpoint.registry.clone());
    }

    /// Forgets a registry; another login's becomes the default if only one is left.
    pub fn forget(&mut self, registry: &RegistryHost) -> Option<Remembered> {
        let forgotten = self.registries.remove(registry);
        if self.default.as_ref() == Some(registry) {
            let mut left = self.registries.keys();
            self.default = match (left.next(), left.next()) {
                (Some(only), None) => Some(only.clone()),
                _ => None,
            };
        }
        forgotten
    }
}

impl Remembered {
    /// Whether the login was made at this address; its token is for nobody else's.
    pub fn is_for(&self, endpoint: &Endpoint) -> bool {
        self.api == endpoint.api
    }

    /// The endpoint of this login.
    pub fn endpoint(&self, registry: RegistryHost) -> Endpoint {
        Endpoint {
            registry,
            aliases: self.aliases.clone(),
            api: self.api.clone(),
            ca: self.ca.clone(),
            insecure: self.insecure,
            named_by: NamedBy::User,
        }
    }
}

fn file() -> Result<PathBuf, Failure> {
    Ok(folders::config()?.join("config.yaml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Settings {
        let mut settings = Settings::default();
        let mut endpoint = Endpoint::of("quay.example.com:8443".parse().unwrap());
        endpoint.ca = Some("/etc/quay ca.pem".into());
        settings.remember(&endpoint, "alice", Kept::Keyring);
        settings.remember(&Endpoint::of("quay.io".parse().unwrap()), "bob", Kept::File);
        settings
    }

    #[test]
    fn settings_survive_being_written_and_read() {
        let folder = std::env::temp_dir().join(format!("settings-{}", std::process::id()));
        let path = folder.join("config.yaml");
        private_file::make_folder(&folder).unwrap();
        sample().write(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let read = Settings::read(&path).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(read, sample());
        assert_eq!(Settings::read(&path).unwrap(), Settings::default());
    }

    #[test]
    fn the_default_moves_only_where_it_is_clear_where_to() {
        let mut settings = sample();
        let [first, last] = ["quay.example.com:8443", "quay.io"].map(|h| h.parse().unwrap());
        assert_eq!(settings.default, Some(last));
        let quay_io: RegistryHost = "quay.io".parse().unwrap();
        assert!(settings.forget(&quay_io).is_some());
        assert_eq!(settings.default, Some(first));
        assert!(settings.forget(&quay_io).is_none());
    }
}
