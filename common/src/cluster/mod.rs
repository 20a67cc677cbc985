//! Kubeconfig contexts become connections; namespaces; many clusters at once.

mod access;
mod args;
mod connection;
mod contexts;
mod dry_run;
mod error;
mod exec_plugin;
mod kinship;
mod kubeconfig;
mod list;
mod namespace_args;
mod resource;
mod route;
mod scoped;
mod seen;
mod selection;
mod site;
mod transport;
mod window;

pub use access::{denied, may};
pub use args::{ClusterArgs, parse_duration};
pub use connection::{Cluster, FIELD_MANAGER_LIMIT, WriteMode};
pub use contexts::{connect, connect_silently, context_names};
pub use dry_run::{ClientDryRun, DryRun};
pub use error::{CallError, Denial};
pub use kubeconfig::names_meant;
pub(crate) use list::{Listed, list_in};
pub use list::{Readable, list_all};
pub use namespace_args::{NamespaceArgs, parse_object_name, split_reference};
pub use resource::Resource;
pub(crate) use resource::{DISCOVERY, api_group, api_version, collection, namespaces, path_of};
pub use scoped::Scoped;
pub use seen::{InContext, Seen, Unseen};
pub use selection::NamespaceSelection;
pub use site::Site;
pub use window::Window;
