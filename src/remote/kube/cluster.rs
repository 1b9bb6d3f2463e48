//! A cluster, as the user's kubeconfig names it, and what goes wrong with it in words.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kube::client::UpgradeConnectionError;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config, Error};
use parking_lot::Mutex;

use crate::format::{one_line, reason};

/// The cluster that `kubectl` would ask, or that of the pod that this runs in. Clones ask by one client.
#[derive(Clone, Default)]
pub(super) struct Cluster {
    /// In place of the user's.
    kubeconfig: Option<PathBuf>,
    client: Arc<Mutex<Option<Client>>>,
}

// === impl Cluster ===

impl Cluster {
    /// The one of this kubeconfig.
    pub(super) fn by_kubeconfig(path: &Path) -> Self {
        Self {
            kubeconfig: Some(path.to_owned()),
            client: Arc::default(),
        }
    }

    /// Who asks the cluster, made of kubeconfig when it is first wanted.
    pub(super) async fn client(&self) -> Result<Client, String> {
        let made = self.client.lock().clone();
        if let Some(client) = made {
            return Ok(client);
        }
        let config = self.config().await?;
        let client = Client::try_from(config).map_err(|error| self.why(&error, ""))?;
        *self.client.lock() = Some(client.clone());
        Ok(client)
    }

    async fn config(&self) -> Result<Config, String> {
        let options = KubeConfigOptions::default();
        let read = match &self.kubeconfig {
            None => Config::from_kubeconfig(&options).await,
            Some(path) => match Kubeconfig::read_from(path) {
                Ok(read) => Config::from_custom_kubeconfig(read, &options).await,
                Err(error) => Err(error),
            },
        };
        match read {
            Ok(config) => Ok(config),
            Err(KubeconfigError::ReadConfig(error, path)) => {
                let is_missing = error.kind() == io::ErrorKind::NotFound;
                let own = Config::incluster().ok().filter(|_| is_missing);
                let (path, why) = (path.display(), reason(&error));
                own.ok_or_else(|| format!("no cluster: cannot read the kubeconfig {path} ({why}): KUBECONFIG names another"))
            }
            Err(error) => {
                let path = self.kubeconfig.clone();
                let path = path.or_else(|| std::env::var_os("KUBECONFIG").map(PathBuf::from));
                let path = path.unwrap_or_else(|| "~/.kube/config".into());
                Err(format!(
                    "no cluster: the kubeconfig {} is damaged: {}",
                    path.display(),
                    chain(&error)
                ))
            }
        }
    }

    /// Why the cluster does not do what was asked of it in a namespace, as one line.
    pub(super) fn why(&self, error: &Error, namespace: &str) -> String {
        let code = match error {
            Error::Api(status) => status.code,
            Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(code)) => code.as_u16(),
            _ => 0,
        };
        let said = match error {
            Error::Api(status) => one_line(&status.message),
            _ => format!("it answers {code} to a port-forward"),
        };
        match code {
            401 => {
                // Whoever logs in again changes kubeconfig: it is read anew.
                *self.client.lock() = None;
                "the cluster does not take the credentials of the kubeconfig (401): log in to it again".to_owned()
            }
            403 => match error {
                Error::Api(_) => format!("the cluster forbids it: {said}"),
                _ => format!(
                    "the cluster forbids it: a port-forward in {namespace} wants the verb create on pods/portforward"
                ),
            },
            404 => format!("there is no such pod in the namespace {namespace}"),
            1.. => format!("the cluster refuses: {said}"),
            0 => format!("no contact with the cluster: {}", chain(error)),
        }
    }
}

/// What went wrong, and what was the matter with that at last.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let said = one_line(&error.to_string());
    let mut deepest = error.source();
    while let Some(next) = deepest.and_then(std::error::Error::source) {
        deepest = Some(next);
    }
    let deepest = deepest.map(|it| match it.downcast_ref::<io::Error>() {
        Some(error) => reason(error),
        None => one_line(&it.to_string()),
    });
    match deepest {
        Some(deepest) if !said.contains(&deepest) => format!("{said}: {deepest}"),
        _ => said,
    }
}

/// By the kubeconfig that they are of.
impl PartialEq for Cluster {
    fn eq(&self, other: &Self) -> bool {
        self.kubeconfig == other.kubeconfig
    }
}

impl Eq for Cluster {}

/// Without what the client knows: its credentials are nobody's business.
impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cluster({:?})", self.kubeconfig)
    }
}
