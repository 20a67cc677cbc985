//! Where secrets of ours live: OS keyring, environment, Secret, prompt.

mod alias;
mod auth_file;
mod cluster_secret;
mod insecure_file;
mod keyring;
mod login;
mod others;
mod quay_args;
mod session;
mod settings;
mod state_args;
mod token;
mod unattended;
pub(crate) mod vault;

pub use alias::{clear_up, names};
pub use auth_file::auth_json;
pub use cluster_secret::token_from_secret;
pub use login::{LoggedOut, Login, log_in, log_out};
pub use others::other_registries;
pub use quay_args::QuayArgs;
pub use session::{Session, SignIns, endpoint, sign_in, sign_in_everywhere, try_sign_in};
pub use settings::{Remembered, RememberedOcm, Settings, SettingsEdit};
pub use state_args::{StateArgs, remember};
pub use token::{password, robot_token, store_robot_token};
pub use unattended::unattended_session;
pub use vault::Storage;
