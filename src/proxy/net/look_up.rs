//! Looks up the addresses of a name, once for all connections that ask at the same time.
//!
//! The system's resolver blocks its thread, and for as long as half a minute where the name service is silent. So each
//! name that is being looked up has one thread, however many connections wait for it, and the number of such threads is
//! bounded: hundreds of connections to a name that does not resolve delay no other name. Nothing is remembered beyond
//! the look-up that runs.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::proxy::thread::clock;

/// How many look-ups may run at a time. Fewer than the 512 threads of tokio's pool, in which they block.
const MOST: usize = 400;

/// A look-up that has run for longer is not joined: a new one may ask a name service that has come back or was exchanged
/// meanwhile. The resolver itself repeats its question after five seconds.
const JOINED: Duration = Duration::from_secs(5);

/// The look-ups of an engine that run. Clones share them.
#[derive(Clone)]
pub struct LookUps {
    running: Arc<Mutex<Running>>,
    resolve: Resolve,
}

/// Why a name has no addresses.
#[derive(Clone, Debug)]
pub enum LookUpError {
    /// The resolver said so, or failed.
    Failed(Arc<io::Error>),
    /// So many other look-ups run already.
    TooMany(usize),
}

/// What a name was found to stand for, in the order in which the system prefers the addresses; the ports are 0.
pub(crate) type Found = Result<Arc<[SocketAddr]>, LookUpError>;

/// What finds the addresses of a name, and blocks until it has.
type Resolve = Arc<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

#[derive(Default)]
struct Running {
    /// How many threads look something up.
    threads: usize,
    /// The newest look-up of each name.
    names: HashMap<String, LookUp>,
}

struct LookUp {
    began: Instant,
    found: watch::Receiver<Option<Found>>,
}

// === impl LookUps ===

impl Default for LookUps {
    fn default() -> Self {
        Self::by(|name| Ok((name, 0).to_socket_addrs()?.collect()))
    }
}

impl LookUps {
    fn by(resolve: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Self {
            running: Arc::default(),
            resolve: Arc::new(resolve),
        }
    }

    /// The addresses of `name`. May be cancelled: the look-up goes on for others that wait for it, and is forgotten when
    /// it ends.
    pub(crate) async fn find(&self, name: &str) -> Found {
        let mut found = self.join(name)?;
        let gone = || LookUpError::Failed(Arc::new(io::ErrorKind::Interrupted.into()));
        // Fails only where the runtime ended before the thread began.
        let found = found.wait_for(Option::is_some).await.map_err(|_| gone())?;
        found.clone().unwrap_or_else(|| Err(gone()))
    }

    /// The look-up of `name` that runs, or a new one.
    fn join(&self, name: &str) -> Result<watch::Receiver<Option<Found>>, LookUpError> {
        let now = clock::now();
        let mut running = self.running.lock();
        if let Some(look_up) = running.names.get(name)
            && now.saturating_duration_since(look_up.began) < JOINED
        {
            return Ok(look_up.found.clone());
        }
        if running.threads >= MOST {
            return Err(LookUpError::TooMany(running.threads));
        }
        running.threads += 1;
        let (tell, found) = watch::channel(None);
        let look_up = LookUp {
            began: now,
            found: found.clone(),
        };
        running.names.insert(name.to_owned(), look_up);
        drop(running);
        let (this, name) = (self.clone(), name.to_owned());
        tokio::task::spawn_blocking(move || {
            let answer = (this.resolve)(&name)
                .map(Arc::from)
                .map_err(|error| LookUpError::Failed(Arc::new(error)));
            this.end(&name, &tell);
            // Nobody may be waiting any more.
            let _ = tell.send(Some(answer));
        });
        Ok(found)
    }

    /// Forgets a look-up that has ended, before its answer is told: whoever asks from here on asks anew.
    fn end(&self, name: &str, ended: &watch::Sender<Option<Found>>) {
        let mut running = self.running.lock();
        running.threads -= 1;
        let own = |look_up: &LookUp| look_up.found.same_channel(&ended.subscribe());
        if running.names.get(name).is_some_and(own) {
            running.names.remove(name);
        }
    }
}

#[cfg(test)]
#[path = "look_up_tests.rs"]
mod tests;
