//! Where secrets of ours live: OS keyring, environment, Secret, prompt.

mod auth_file;
mod cluster_secret;
mod fingerprint;
mod insecure_file;
mod keyring;
mod login;
mod places;
mod private_file;
mod session;
mod settings;
mod token;
mod unattended;
pub(crate) mod vault;

pub use crate::registry::Endpoint;
pub use auth_file::auth_json;
pub use cluster_secret::token_from_secret;
pub(crate) use fingerprint::short_hash;
pub use fingerprint::{Fingerprint, shown};
pub use login::{LoggedOut, Login, Storage, log_in, log_out};
pub(crate) use places::state as state_folder;
pub(crate) use private_file::make_folder as make_private_folder;
pub use private_file::{check_replaceable, replace as replace_private_file};
pub use session::{Session, endpoint, session, sessions, signed_in};
pub use settings::{Remembered, RememberedOcm, Settings};
pub use token::{robot_token, store_robot_token};
pub use unattended::unattended_session;
