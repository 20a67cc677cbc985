//! Which contexts lead to one cluster, and which clusters only look like one.

use super::connection::Cluster;
use super::route::Route;
use std::fmt::{self, Display};

/// What is to be said of a context, because the user chose more clusters than there are, or
/// may think so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kinship {
    /// One cluster: `context` is left out, `kept` stands for both.
    Same { context: String, kept: String },
    /// Two clusters with one identity: both stay. Contexts, and the servers they lead to.
    Twins {
        first: (String, String),
        second: (String, String),
    },
}

/// Each cluster once, in the order of the contexts, with the namespaces of all contexts that
/// lead to it; and what is to be said about that.
///
/// The UID of kube-system tells clusters apart, but a cluster that was restored from another
/// one's etcd, or cloned with its machines, has the UID of the other. So two contexts are one
/// cluster where UID and server are the same, whoever their users are. The same UID at another
/// server counts as another cluster: one that is worked on twice, by two addresses, is done; one
/// that is left out keeps dead credentials.
///
/// Where a UID cannot be read, two contexts are one cluster only if server, certificate authority
/// and user are the same. With another user a context may reach namespaces that the first does
/// not, and whoever may not read kube-system seldom may see all of them.
pub(super) async fn distinct(clusters: Vec<Cluster>) -> (Vec<Cluster>, Vec<Kinship>) {
    let identities = futures::future::join_all(clusters.iter().map(Cluster::identity)).await;
    let mut kept: Vec<(Option<String>, Cluster)> = Vec::new();
    let mut said = Vec::new();
    for (identity, cluster) in identities.into_iter().zip(clusters) {
        let uid = identity.as_deref();
        let same = kept.iter_mut().find(|(known, first)| {
            is_same((known.as_deref(), first.route()), (uid, cluster.route()))
        });
        if let Some((_, first)) = same {
            first.adopt_namespaces(&cluster);
            said.push(Kinship::Same {
                context: cluster.context().to_owned(),
                kept: first.context().to_owned(),
            });
            continue;
        }
        let twin = kept
            .iter()
            .find(|(known, _)| identity.is_some() && *known == identity);
        if let Some((_, first)) = twin {
            let named = |cluster: &Cluster| {
                let server = cluster.route().server().to_owned();
                (cluster.context().to_owned(), server)
            };
            said.push(Kinship::Twins {
                first: named(first),
                second: named(&cluster),
            });
        }
        kept.push((identity, cluster));
    }
    let clusters = kept.into_iter().map(|(_, cluster)| cluster).collect();
    (clusters, said)
}

/// Whether two contexts lead to one cluster, by the UID of its kube-system and by the route.
fn is_same(a: (Option<&str>, &Route), b: (Option<&str>, &Route)) -> bool {
    match (a, b) {
        ((Some(uid), route), (Some(other), way)) => uid == other && route.ends_where(way),
        ((_, route), (_, way)) => route == way,
    }
}

impl Display for Kinship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same { context, kept } => {
                write!(
                    f,
                    "contexts {context} and {kept} lead to the same cluster: this run handles it once, \
                     as {kept}"
                )
            }
            Self::Twins { first, second } => {
                let ((one, here), (two, there)) = (first, second);
                write!(
                    f,
                    "contexts {one} ({here}) and {two} ({there}) lead to clusters with the same \
                     kube-system UID at different servers: one is possibly a restore or a clone of \
                     the other. This run handles them as two clusters"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::Config;

    fn route(server: &str, user: &str) -> Route {
        let config = Config::new(server.parse().unwrap());
        Route::new(&config, Some(user.to_owned()))
    }

    #[test]
    fn one_uid_at_one_server_is_one_cluster_and_at_two_servers_two() {
        let (here, there) = (route("https://a:6443", "u"), route("https://b:6443", "u"));
        assert!(is_same((Some("x"), &here), (Some("x"), &here)));
        assert!(!is_same((Some("x"), &here), (Some("x"), &there)));
        assert!(!is_same((Some("x"), &here), (Some("y"), &here)));
        let other_user = route("https://A:6443/", "v");
        assert!(is_same((Some("x"), &here), (Some("x"), &other_user)));
        let mut config = Config::new("https://a:6443".parse().unwrap());
        config.proxy_url = Some("http://bastion:3128".parse().unwrap());
        let proxied = Route::new(&config, Some("u".to_owned()));
        assert!(!is_same((Some("x"), &here), (Some("x"), &proxied)));
    }

    #[test]
    fn where_a_uid_cannot_be_read_another_user_or_authority_is_another_cluster() {
        let here = route("https://a", "u");
        assert!(is_same(
            (None, &here),
            (None, &route("https://a:443/", "u"))
        ));
        assert!(is_same((Some("x"), &here), (None, &here)));
        assert!(!is_same((None, &here), (None, &route("https://a", "v"))));
        assert!(!is_same((None, &here), (None, &route("https://b", "u"))));
        let mut config = Config::new("https://a".parse().unwrap());
        config.root_cert = Some(vec![b"another".to_vec()]);
        let other = Route::new(&config, Some("u".to_owned()));
        assert!(!is_same((None, &here), (None, &other)));
    }
}
