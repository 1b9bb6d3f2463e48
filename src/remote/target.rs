//! Where an engine elsewhere is reached, as it is written on the command line.

use std::fmt;
use std::path::PathBuf;

use super::kube::Pods;
use crate::address::{PORT, host_and_port};

/// What a target can be.
const FORMS: &str = "127.0.0.1:8474, shop:8474, 8474, http://host:8474, unix:/run/faultboard.sock";

/// Where an engine elsewhere is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// The place.
    pub(super) place: Place,
    /// The token that stands in it, as `http://any:TOKEN@host`.
    pub(super) token: Option<String>,
}

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On a port of a host, by name or address.
    Tcp(String, u16),
    /// On a Unix socket.
    Unix(PathBuf),
    /// In pods of a cluster.
    Pods(Pods),
}

// === impl Target ===

impl Target {
    /// Reads a target.
    ///
    /// # Errors
    /// It is of no known form, and the error names those that there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("not the address of a desk: {FORMS}");
        if let Some(path) = text.strip_prefix("unix:") {
            let place = Place::Unix(path.into());
            let token = None;
            return (!path.is_empty())
                .then_some(Self { place, token })
                .ok_or_else(wrong);
        }
        if let Some(text) = text.strip_prefix("k8s://") {
            let place = Place::Pods(Pods::parse(text, PORT)?);
            return Ok(Self { place, token: None });
        }
        if text.starts_with("https://") {
            return Err(
                "the interface speaks no TLS: forward its port by ssh or kubectl, and attach to that".to_owned(),
            );
        }
        let text = text.strip_prefix("http://").unwrap_or(text);
        let text = text.split_once('/').map_or(text, |(host, _)| host);
        let (user, host) = match text.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, text),
        };
        let token = user
            .and_then(|user| user.split_once(':'))
            .map(|(_, token)| token);
        let token = token.filter(|token| !token.is_empty()).map(str::to_owned);
        let (host, port) = host_and_port(host).ok_or_else(wrong)?;
        let place = Place::Tcp(host.to_owned(), port);
        Ok(Self { place, token })
    }

    /// Its host and port, where it is one.
    pub(super) fn tcp(&self) -> Option<(&str, u16)> {
        match &self.place {
            Place::Tcp(host, port) => Some((host, *port)),
            Place::Unix(_) | Place::Pods(_) => None,
        }
    }

    /// The target in the cluster of this kubeconfig in place of the user's.
    #[cfg(feature = "kube")]
    #[must_use]
    pub fn by_kubeconfig(mut self, path: &std::path::Path) -> Self {
        if let Place::Pods(pods) = &mut self.place {
            pods.by_kubeconfig(path);
        }
        self
    }

    /// The target of one pod of those that this one has.
    pub(super) fn of_pod(&self, pods: &Pods, name: &str) -> Self {
        Self {
            place: Place::Pods(pods.named(name)),
            token: self.token.clone(),
        }
    }
}

impl Default for Target {
    fn default() -> Self {
        Self {
            place: Place::Tcp("127.0.0.1".to_owned(), PORT),
            token: None,
        }
    }
}

/// Without the token.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Place::Tcp(host, port) => write!(f, "{host}:{port}"),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
            Place::Pods(pods) => pods.fmt(f),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_in_each_of_its_forms() {
        for (text, printed, token) in [
            ("127.0.0.1:8474", "127.0.0.1:8474", None),
            ("9000", "127.0.0.1:9000", None),
            ("shop-7d9f", "shop-7d9f:8474", None),
            ("shop:1", "shop:1", None),
            ("[::1]:9", "[::1]:9", None),
            ("::1", "[::1]:8474", None),
            ("http://localhost:8474/", "localhost:8474", None),
            ("http://x:secret@host:1/proxies", "host:1", Some("secret")),
            ("unix:/tmp/a", "unix:/tmp/a", None),
        ] {
            let read = Target::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(read.to_string(), printed, "{text}");
            assert_eq!(read.token.as_deref(), token, "{text}");
            assert!(!format!("{read:?}").contains("secret"));
        }
    }

    #[cfg(not(feature = "kube"))]
    #[test]
    fn pods_without_their_feature_are_refused_with_what_would_work() {
        let why = Target::parse("k8s://prod/shop").expect_err("no pods");
        let works = "kubectl port-forward pod/POD 8474 and attach to 8474";
        assert!(
            why.contains("--features kube") && why.ends_with(works),
            "{why}"
        );
    }

    #[cfg(feature = "kube")]
    #[test]
    fn pods_are_targets_and_without_a_token() {
        let read = Target::parse("k8s://prod/?app=shop:9").expect("pods");
        assert_eq!(read.to_string(), "k8s://prod/?app=shop:9");
        assert_eq!(read.token, None);
    }

    #[test]
    fn what_is_no_target_is_said_with_those_that_there_are() {
        for text in [
            "",
            "unix:",
            "a b",
            "host:99999",
            "[::1",
            "host:",
            "9090=x:1",
        ] {
            let why = Target::parse(text).expect_err(text);
            assert!(why.ends_with(FORMS), "{text}: {why}");
        }
        let why = Target::parse("https://host").expect_err("TLS");
        assert!(why.contains("no TLS"), "{why}");
    }
}
