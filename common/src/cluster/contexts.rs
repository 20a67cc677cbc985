//! From flags and kubeconfig to clusters, one for each distinct API server.

use super::args::ClusterArgs;
use super::connection::Cluster;
use super::kinship::{Kinship, distinct};
use super::route::Route;
use super::seen::{Seen, Unseen};
use super::{exec_plugin, kubeconfig, transport};
use crate::Failure;
use crate::cli::Console;
use crate::hint;
use crate::place::IN_CLUSTER;
use crate::web::{certificates, proxy_for};
use kube::config::{Context, ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use reqwest::Url;

/// Connects to every cluster `args` choose, as [`connect_silently`] does, and says which context
/// stands for which, and which clusters only look like one.
///
/// # Errors
/// As [`connect_silently`].
pub async fn connect(
    args: &ClusterArgs,
    field_manager: &str,
    console: &Console,
) -> Result<Seen<Cluster>, Failure> {
    let (clusters, kinships) = find(args, field_manager).await?;
    for kinship in kinships {
        match kinship {
            Kinship::Same { .. } => console.note(kinship.to_string()),
            Kinship::Twins { .. } => console.warn(kinship.to_string()),
        }
    }
    Ok(clusters)
}

/// Connects to every cluster `args` choose; nothing is sent yet, except that several
/// contexts are asked for their cluster's identity, so that no cluster is worked on twice.
///
/// A context that leads nowhere, or whose credential plugin fails, is one of the failed; the
/// others are connected. A cluster that does not answer is no failure here: its own targets
/// will say so.
///
/// # Errors
/// Mistakes of the kubeconfig as a whole, and contexts that it does not have.
pub async fn connect_silently(
    args: &ClusterArgs,
    field_manager: &str,
) -> Result<Seen<Cluster>, Failure> {
    Ok(find(args, field_manager).await?.0)
}

async fn find(
    args: &ClusterArgs,
    field_manager: &str,
) -> Result<(Seen<Cluster>, Vec<Kinship>), Failure> {
    let Some(kubeconfig) = read_kubeconfig(args)? else {
        let clusters = Seen {
            reached: vec![in_cluster(args, field_manager)?],
            failed: Vec::new(),
        };
        return Ok((clusters, Vec::new()));
    };
    let mut clusters = Seen::default();
    for context in contexts(args, &kubeconfig)? {
        match context_client(args, &kubeconfig, &context).await {
            Ok(client) => clusters.reached.push(Cluster::new(
                context,
                client,
                args.request_timeout,
                field_manager,
            )),
            Err(failure) => clusters.failed.push(Unseen { context, failure }),
        }
    }
    let mut kinships = Vec::new();
    if clusters.reached.len() > 1 {
        (clusters.reached, kinships) = distinct(clusters.reached).await;
    }
    Ok((clusters, kinships))
}

/// The contexts of the kubeconfig, in its order.
pub fn context_names(args: &ClusterArgs) -> Result<Vec<String>, Failure> {
    let contexts = read_kubeconfig(args)?.unwrap_or_default().contexts;
    Ok(contexts.into_iter().map(|context| context.name).collect())
}

fn read_kubeconfig(args: &ClusterArgs) -> Result<Option<Kubeconfig>, Failure> {
    let read = match &args.kubeconfig {
        Some(path) => kubeconfig::read(path),
        None => kubeconfig::from_environment(),
    };
    match read {
        Ok(kubeconfig) => Ok(Some(kubeconfig)),
        Err(error)
            if args.kubeconfig.is_none()
                && kubeconfig::is_missing(&error)
                && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() =>
        {
            Ok(None)
        }
        Err(error) => Err(kubeconfig_failure(&error)),
    }
}

fn kubeconfig_failure(error: &KubeconfigError) -> Failure {
    match error {
        KubeconfigError::ReadConfig(reason, path) => Failure::usage(format!(
            "cannot read the kubeconfig {}: {reason}",
            path.display()
        ))
        .next("pass --kubeconfig FILE, or set KUBECONFIG"),
        // The parser quotes the text around the mistake, and a kubeconfig holds secrets.
        KubeconfigError::Parse(_) => {
            Failure::usage("the kubeconfig is not valid").next(hint::kubectl("config view"))
        }
        other => Failure::usage(format!("cannot use the kubeconfig: {other}"))
            .next(hint::kubectl("config view")),
    }
}

fn contexts(args: &ClusterArgs, kubeconfig: &Kubeconfig) -> Result<Vec<String>, Failure> {
    let known: Vec<&str> = kubeconfig
        .contexts
        .iter()
        .map(|context| context.name.as_str())
        .collect();
    if args.all_contexts {
        if known.is_empty() {
            return Err(Failure::usage("the kubeconfig has no contexts")
                .next(hint::kubectl("config get-contexts")));
        }
        return Ok(known.into_iter().map(str::to_owned).collect());
    }
    if args.contexts.is_empty() {
        let current = kubeconfig
            .current_context
            .clone()
            .filter(|name| !name.is_empty());
        return current.map(|name| vec![name]).ok_or_else(|| {
            Failure::usage("the kubeconfig has no current context")
                .next(hint::kubectl("config use-context NAME"))
        });
    }
    let chosen = kubeconfig::names_meant(&args.contexts, &known);
    for context in &chosen {
        if !known.contains(&context.as_str()) {
            return Err(Failure::usage(format!(
                "context `{context}` is not in the kubeconfig; it has: {}",
                known.join(", ")
            ))
            .next(hint::kubectl("config get-contexts")));
        }
    }
    Ok(chosen)
}

async fn context_client(
    args: &ClusterArgs,
    kubeconfig: &Kubeconfig,
    context: &str,
) -> Result<(Client, Route), Failure> {
    let options = KubeConfigOptions {
        context: Some(context.to_owned()),
        ..KubeConfigOptions::default()
    };
    let names_a_proxy = proxy_of(kubeconfig, context).is_some();
    let mut read = kubeconfig.clone();
    if !names_a_proxy {
        forget_environment(&mut read);
    }
    let mut config = Config::from_custom_kubeconfig(read, &options)
        .await
        .map_err(|error| kubeconfig_failure(&error).context(format!("context `{context}`")))?;
    if !names_a_proxy {
        config.proxy_url = proxy_of_environment(&config)?;
    }
    let user = chosen(kubeconfig, context).and_then(|context| context.user.clone());
    build(args, config, context, user)
}

fn chosen<'a>(kubeconfig: &'a Kubeconfig, context: &str) -> Option<&'a Context> {
    let mut contexts = kubeconfig.contexts.iter();
    let named = contexts.find(|named| named.name == context)?;
    named.context.as_ref()
}

fn in_cluster(args: &ClusterArgs, field_manager: &str) -> Result<Cluster, Failure> {
    let mut config = Config::incluster().map_err(|error| {
        Failure::usage(format!(
            "found no kubeconfig, and cannot use the in-cluster configuration: {error}"
        ))
        .next("pass --kubeconfig FILE, or set KUBECONFIG")
    })?;
    config.proxy_url = proxy_of_environment(&config)?;
    let client = build(args, config, IN_CLUSTER, None)?;
    Ok(Cluster::new(
        IN_CLUSTER.to_owned(),
        client,
        args.request_timeout,
        field_manager,
    ))
}

fn build(
    args: &ClusterArgs,
    mut config: Config,
    context: &str,
    user: Option<String>,
) -> Result<(Client, Route), Failure> {
    if let Some(user) = &args.as_user {
        config.auth_info.impersonate = Some(user.clone());
        config.auth_info.impersonate_groups = Some(args.as_group.clone());
    }
    if args.unattended
        && let Some(exec) = &mut config.auth_info.exec
    {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
    if args.insecure_skip_tls_verify {
        config.accept_invalid_certs = true;
    }
    if let Some(path) = &args.certificate_authority {
        let pem = std::fs::read(path).map_err(|error| {
            Failure::usage(format!(
                "cannot read --certificate-authority {}: {error}",
                path.display()
            ))
        })?;
        let given = certificates(&pem);
        if given.is_empty() {
            return Err(Failure::usage(format!(
                "--certificate-authority {} holds no PEM certificate",
                path.display()
            )));
        }
        config.root_cert = Some(given.iter().map(|der| der.to_vec()).collect());
        config.root_cert_file = None;
    }
    let plugin = config.auth_info.exec.clone();
    let route = Route::new(&config, user);
    let client = transport::client(&config)
        .map_err(|error| exec_plugin::failure(&error, plugin.as_ref(), context))?;
    Ok((client, route))
}

/// The proxy that the kubeconfig names for the context's cluster.
fn proxy_of<'a>(kubeconfig: &'a Kubeconfig, context: &str) -> Option<&'a str> {
    let cluster = chosen(kubeconfig, context)?.cluster.as_str();
    let mut clusters = kubeconfig.clusters.iter();
    let named = clusters.find(|named| named.name == cluster)?;
    named.cluster.as_ref()?.proxy_url.as_deref()
}

/// kube reads `HTTPS_PROXY` where the kubeconfig names no proxy, and fails where it cannot. So one
/// is named, which is not used.
fn forget_environment(kubeconfig: &mut Kubeconfig) {
    let clusters = kubeconfig.clusters.iter_mut();
    for cluster in clusters.filter_map(|named| named.cluster.as_mut()) {
        cluster
            .proxy_url
            .get_or_insert_with(|| "http://unused".to_owned());
    }
}

/// As client-go: the environment's proxy counts where the kubeconfig names none.
fn proxy_of_environment(config: &Config) -> Result<Option<http::Uri>, Failure> {
    let unusable =
        |reason: String| Failure::new(format!("cannot connect to the API server: {reason}"));
    let server =
        Url::parse(&config.cluster_url.to_string()).map_err(|error| unusable(error.to_string()))?;
    let proxy = proxy_for(&server).map_err(unusable)?;
    Ok(proxy.and_then(|proxy| proxy.as_str().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mangled_kubeconfig_is_refused_without_quoting_its_token() {
        const TOKEN: &str = "sha256~CHC2dMWTaBrMWpVj";
        let sample = format!(
            "clusters:\n- name: c\n  cluster: {{server: https://c:6443}}\nusers:\n- name: u\n  \
             user:\n    token: {TOKEN}\ncontexts:\n- name: x\n  context: {{cluster: c, user: u}}\n"
        );
        crate::mangled::each(&[&sample], |text| {
            if let Err(error) = Kubeconfig::from_yaml(text) {
                let failure = kubeconfig_failure(&error);
                assert!(!failure.to_string().contains(TOKEN), "{failure}: {text:?}");
            }
        });
    }
}
