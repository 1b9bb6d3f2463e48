//! Pods as they are named on a command line: one by its name, or all that match a label selector.

use std::fmt;
use std::io;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use tokio::time::timeout;

use super::cluster::Cluster;
use super::forward::Forward;

/// So many pods of one target are followed.
pub(in crate::remote) const MOST: usize = 64;

/// A cluster answers sooner, where it has to ask somebody who the user is too.
const PATIENCE: Duration = Duration::from_secs(10);

/// What pods can be written as.
const FORMS: &str = "k8s://NAMESPACE/POD, k8s://NAMESPACE/POD:PORT, 'k8s://NAMESPACE/?app=shop'";

/// Pods of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::remote) struct Pods {
    cluster: Cluster,
    namespace: String,
    which: Which,
    port: u16,
    /// The port that needs not be written.
    usual: u16,
}

/// Which pods.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    Named(String),
    /// Those whose labels match, as the cluster reads a selector.
    Labelled(String),
}

// === impl Pods ===

impl Pods {
    /// Reads what stands behind `k8s://`; on this port where none is given.
    pub(in crate::remote) fn parse(text: &str, usual: u16) -> Result<Self, String> {
        let wrong = || format!("not pods of a cluster: {FORMS}");
        let (namespace, pods) = text.split_once('/').ok_or_else(wrong)?;
        // Neither names nor selectors have colons.
        let (pods, port) = match pods.rsplit_once(':') {
            Some((pods, port)) => (pods, port.parse().map_err(|_| wrong())?),
            None => (pods, usual),
        };
        let which = match pods.strip_prefix('?') {
            Some(selector) => Which::Labelled(selector.replace('&', ",")),
            None => Which::Named(pods.to_owned()),
        };
        let is_pod = match &which {
            Which::Named(name) => is_name(name),
            Which::Labelled(selector) => !selector.is_empty() && !selector.contains(':'),
        };
        if !is_name(namespace) || !is_pod || port == 0 {
            return Err(wrong());
        }
        Ok(Self {
            cluster: Cluster::default(),
            namespace: namespace.to_owned(),
            which,
            port,
            usual,
        })
    }

    /// Looks for these pods in the cluster of this kubeconfig.
    pub(in crate::remote) fn by_kubeconfig(&mut self, path: &std::path::Path) {
        self.cluster = Cluster::by_kubeconfig(path);
    }

    /// Whether pods come and go.
    pub(in crate::remote) fn is_many(&self) -> bool {
        matches!(self.which, Which::Labelled(_))
    }

    /// One of them.
    pub(in crate::remote) fn named(&self, name: &str) -> Self {
        let which = Which::Named(name.to_owned());
        Self {
            which,
            ..self.clone()
        }
    }

    /// The names of those that run.
    ///
    /// # Errors
    /// What the cluster says, as one line.
    pub(in crate::remote) async fn found(&self) -> Result<Vec<String>, String> {
        let found = timeout(PATIENCE, self.find()).await;
        let silent = || {
            format!(
                "the cluster does not answer within {} s",
                PATIENCE.as_secs()
            )
        };
        found.map_err(|_| silent())?
    }

    async fn find(&self) -> Result<Vec<String>, String> {
        let client = self.cluster.client().await?;
        let pods: Api<Pod> = Api::namespaced(client, &self.namespace);
        match &self.which {
            Which::Named(name) => match pods.get_metadata(name).await {
                Ok(_) => Ok(vec![name.clone()]),
                // Who may only forward is told then whether that one is there.
                Err(kube::Error::Api(status)) if status.code == 403 => Ok(vec![name.clone()]),
                Err(error) => Err(self.why(&error)),
            },
            Which::Labelled(selector) => {
                let limit = u32::try_from(MOST + 1).unwrap_or(u32::MAX);
                let running = ListParams::default().fields("status.phase=Running");
                let listed = running.labels(selector).limit(limit);
                let listed = pods.list_metadata(&listed).await;
                let listed = listed.map_err(|error| self.why(&error))?;
                let names = listed.items.into_iter();
                Ok(names.filter_map(|pod| pod.metadata.name).collect())
            }
        }
    }

    /// Opens a connection to the port of the one pod.
    pub(in crate::remote) async fn dial(&self) -> io::Result<Forward> {
        let Which::Named(name) = &self.which else {
            return Err(io::Error::other("these are many pods"));
        };
        let client = self.cluster.client().await.map_err(io::Error::other)?;
        let pods: Api<Pod> = Api::namespaced(client, &self.namespace);
        let forward = Forward::open(&pods, name, self.port).await;
        forward.map_err(|error| io::Error::other(self.why(&error)))
    }

    fn why(&self, error: &kube::Error) -> String {
        self.cluster.why(error, &self.namespace)
    }
}

/// Whether it can be the name of a namespace or of a pod.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    !text.is_empty() && text.chars().all(fits)
}

impl fmt::Display for Pods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k8s://{}/", self.namespace)?;
        match &self.which {
            Which::Named(name) => f.write_str(name)?,
            Which::Labelled(selector) => write!(f, "?{selector}")?,
        }
        if self.port != self.usual {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_read_and_printed_in_each_of_their_forms() {
        for (text, printed, is_many) in [
            ("prod/shop-7d9f", "k8s://prod/shop-7d9f", false),
            ("prod/shop-7d9f:8474", "k8s://prod/shop-7d9f", false),
            ("prod/shop-7d9f:9000", "k8s://prod/shop-7d9f:9000", false),
            ("prod/?app=shop", "k8s://prod/?app=shop", true),
            ("prod/?app=shop&!old:1", "k8s://prod/?app=shop,!old:1", true),
            ("a/?tier in (web, db)", "k8s://a/?tier in (web, db)", true),
        ] {
            let read = Pods::parse(text, 8474).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(read.to_string(), printed);
            assert_eq!(read.is_many(), is_many, "{text}");
        }
        let one = Pods::parse("prod/?app=shop:9", 8474).expect("pods");
        assert_eq!(one.named("shop-1").to_string(), "k8s://prod/shop-1:9");
    }

    #[test]
    fn what_is_no_pod_is_said_with_what_is() {
        for text in [
            "",
            "/",
            "prod",
            "prod/",
            "/shop",
            "prod/Shop",
            "prod/a/b",
            "prod/shop:",
            "prod/shop:0",
            "prod/shop:99999",
            "prod/?",
            "prod/?:1",
            "a b/shop",
        ] {
            let why = Pods::parse(text, 8474).expect_err(text);
            assert!(why.ends_with(FORMS), "{text}: {why}");
        }
    }
}
