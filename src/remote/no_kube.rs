//! What stands for pods of a cluster in a build without the feature `kube`: there are none.

use std::convert::Infallible;
use std::fmt;
use std::future::Ready;
use std::io;

use tokio::net::TcpStream;

/// No more pods of one target are followed.
pub(super) const MOST: usize = 0;

/// No pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pods(Infallible);

// === impl Pods ===

impl Pods {
    pub(super) fn parse(_text: &str, port: u16) -> Result<Self, String> {
        Err(format!(
            "this faultboard was built without Kubernetes: cargo install faultboard --features kube, or kubectl port-forward pod/POD {port} and attach to {port}"
        ))
    }

    pub(super) fn is_many(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn named(&self, _name: &str) -> Self {
        match self.0 {}
    }

    pub(super) fn found(&self) -> Ready<Result<Vec<String>, String>> {
        match self.0 {}
    }

    pub(super) fn dial(&self) -> Ready<io::Result<TcpStream>> {
        match self.0 {}
    }
}

impl fmt::Display for Pods {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}
