//! Kubeconfig files as client-go reads and merges them
//! (tools/clientcmd/loader.go): the first file to set something wins, an empty value sets
//! nothing, files that do not exist are left out.

use kube::config::{AuthInfo, Cluster, Kubeconfig, KubeconfigError, NamedContext};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// One file; relative paths in it lead on from its own folder.
pub(super) fn read(path: &Path) -> Result<Kubeconfig, KubeconfigError> {
    let mut kubeconfig = Kubeconfig::read_from(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    unset_empty(&mut kubeconfig, folder);
    Ok(kubeconfig)
}

/// The files KUBECONFIG lists, merged; otherwise `~/.kube/config`.
pub(super) fn from_environment() -> Result<Kubeconfig, KubeconfigError> {
    let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let listed: Vec<PathBuf> = std::env::split_paths(&listed)
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    if listed.is_empty() {
        let home = std::env::home_dir().ok_or(KubeconfigError::FindPath)?;
        return read(&home.join(".kube").join("config"));
    }
    merged(&listed)
}

/// Fails for the first file that is missing only if all are.
fn merged(paths: &[PathBuf]) -> Result<Kubeconfig, KubeconfigError> {
    let mut merged: Option<Kubeconfig> = None;
    let mut missing = None;
    for path in paths {
        match read(path) {
            Ok(next) => {
                merged = Some(match merged {
                    Some(before) => before.merge(next)?,
                    None => next,
                });
            }
            Err(error) if is_missing(&error) => {
                missing.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    match (merged, missing) {
        (Some(merged), _) => Ok(merged),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(Kubeconfig::default()),
    }
}

/// Whether there is no such file.
pub(super) fn is_missing(error: &KubeconfigError) -> bool {
    matches!(error, KubeconfigError::ReadConfig(error, _)
        if error.kind() == std::io::ErrorKind::NotFound)
}

/// The names that are meant by what was typed: a whole value if it is `known`, otherwise what
/// stands between its commas. Each counts once.
pub fn names_meant(typed: &[String], known: &[&str]) -> Vec<String> {
    let names = typed
        .iter()
        .flat_map(|value| match known.contains(&value.as_str()) {
            true => vec![value.as_str()],
            false => value.split(',').collect(),
        });
    let mut seen = HashSet::new();
    names
        .filter(|name| seen.insert(*name))
        .map(str::to_owned)
        .collect()
}

/// Go takes an empty text for one that is not there; kube does not.
fn unset_empty(kubeconfig: &mut Kubeconfig, folder: &Path) {
    text(&mut kubeconfig.current_context);
    for NamedContext { context, .. } in &mut kubeconfig.contexts {
        if let Some(context) = context {
            text(&mut context.namespace);
            text(&mut context.user);
        }
    }
    for named in &mut kubeconfig.clusters {
        if let Some(cluster) = &mut named.cluster {
            unset_in_cluster(cluster, folder);
        }
    }
    for named in &mut kubeconfig.auth_infos {
        if let Some(user) = &mut named.auth_info {
            unset_in_user(user, folder);
        }
    }
}

fn unset_in_cluster(cluster: &mut Cluster, folder: &Path) {
    file(&mut cluster.certificate_authority, folder);
    text(&mut cluster.certificate_authority_data);
    text(&mut cluster.proxy_url);
    text(&mut cluster.tls_server_name);
}

fn unset_in_user(user: &mut AuthInfo, folder: &Path) {
    file(&mut user.client_certificate, folder);
    file(&mut user.client_key, folder);
    file(&mut user.token_file, folder);
    text(&mut user.client_certificate_data);
    secret(&mut user.client_key_data);
    secret(&mut user.token);
    secret(&mut user.password);
    text(&mut user.username);
    text(&mut user.impersonate);
    text(&mut user.impersonate_uid);
}

fn text(field: &mut Option<String>) {
    field.take_if(|text| text.is_empty());
}

fn secret(field: &mut Option<SecretString>) {
    field.take_if(|text| text.expose_secret().is_empty());
}

/// kube has put the folder before the path already, and so made one of nothing.
fn file(field: &mut Option<String>, folder: &Path) {
    field.take_if(|path| Path::new(path) == folder);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of files, gone when dropped.
    struct Files(PathBuf);

    impl Files {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let name = format!("quay-kubeconfig-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            for (path, content) in files {
                let path = folder.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, content).unwrap();
            }
            Self(folder)
        }

        fn merged(&self, names: &[&str]) -> Result<Kubeconfig, KubeconfigError> {
            let paths: Vec<_> = names.iter().map(|name| self.0.join(name)).collect();
            merged(&paths)
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_first_file_that_sets_something_wins_and_an_empty_text_sets_nothing() {
        let one = "current-context: ''\n\
            contexts: [{name: x, context: {cluster: one, user: u, namespace: ''}}]";
        let two = "current-context: y\n\
            contexts: [{name: x, context: {cluster: two}}, {name: y, context: {cluster: two}}]";
        let three = "current-context: x";
        let files = Files::new("first", &[("1", one), ("2", two), ("3", three)]);
        let merged = files.merged(&["1", "none", "2", "3"]).unwrap();
        assert_eq!(merged.current_context.as_deref(), Some("y"));
        assert_eq!(merged.contexts.len(), 2);
        let context = merged.contexts[0].context.clone().unwrap();
        assert_eq!(context.cluster, "one");
        assert_eq!(context.namespace, None);
    }

    #[test]
    fn paths_lead_on_from_the_folder_of_their_own_file_and_nothing_is_no_path() {
        let one = "clusters: [{name: c, cluster: {certificate-authority: ca.pem}}]\n\
            users: [{name: u, user: {token: '', tokenFile: '', client-certificate-data: '', \
            exec: {command: ./plugin}}}]";
        let two = "clusters: [{name: d, cluster: {certificate-authority: '', \
            certificate-authority-data: QQ==}}]\n\
            users: [{name: v, user: {exec: {command: plugin}}}]";
        let files = Files::new("paths", &[("a/config", one), ("b/config", two)]);
        let merged = files.merged(&["a/config", "b/config"]).unwrap();
        let authority = |index: usize| {
            let cluster = merged.clusters[index].cluster.clone().unwrap();
            cluster.certificate_authority.map(PathBuf::from)
        };
        assert_eq!(authority(0), Some(files.0.join("a/ca.pem")));
        assert_eq!(authority(1), None);
        let user = |index: usize| merged.auth_infos[index].auth_info.clone().unwrap();
        let command = |index: usize| user(index).exec.unwrap().command.unwrap();
        assert_eq!(PathBuf::from(command(0)), files.0.join("a/plugin"));
        assert_eq!(command(1), "plugin");
        assert!(user(0).token.is_none() && user(0).token_file.is_none());
        assert!(user(0).client_certificate_data.is_none());
    }

    #[test]
    fn files_that_are_all_missing_and_one_that_is_no_kubeconfig_are_told() {
        let files = Files::new("bad", &[("good", "kind: Config"), ("bad", "{")]);
        assert!(is_missing(&files.merged(&["x", "y"]).unwrap_err()));
        let error = files.merged(&["good", "bad"]).unwrap_err();
        assert!(matches!(error, KubeconfigError::Parse(_)));
    }

    #[test]
    fn a_whole_value_is_a_name_before_its_parts_are() {
        let meant = |typed: &[&str]| {
            let typed: Vec<_> = typed.iter().map(ToString::to_string).collect();
            names_meant(&typed, &["a", "b", "a,b"])
        };
        assert_eq!(meant(&["a,b"]), ["a,b"]);
        assert_eq!(meant(&["b,a", "a"]), ["b", "a"]);
        assert_eq!(meant(&["a,b", "b"]), ["a,b", "b"]);
        assert_eq!(meant(&["a,c"]), ["a", "c"]);
    }
}
