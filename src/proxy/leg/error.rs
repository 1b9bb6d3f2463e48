//! Why an upstream could not be reached, or a leg broke.
//!
//! Each error prints as one whole line: what was tried, on which address, and why it failed. The cause is in the line;
//! `source()` keeps it for the log, so do not join the two on a screen. Nothing here decides what happens next.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::format::{self, reason};
use crate::proxy::tls::TlsError;
use crate::snapshot::{CloseReason, LegName};
use crate::units::Time;

/// An upstream could not be reached.
#[derive(Debug, Error)]
pub enum DialError {
    /// Its name has no address, or the name service failed.
    #[error("cannot find {host}: {}", look_up_reason(source))]
    Unknown {
        /// The name that was looked up.
        host: String,
        /// What the resolver said; others may have waited for the same answer.
        source: Arc<io::Error>,
    },
    /// The resolver answered with an empty list.
    #[error("cannot find {host}: the name has no address")]
    NoAddress {
        /// The name that was looked up.
        host: String,
    },
    /// The resolver did not answer in time.
    #[error("cannot find {host}: no answer from the name service within {}", Time(*after))]
    LookUpTimedOut {
        /// The name that was looked up.
        host: String,
        /// How long it was given.
        after: Duration,
    },
    /// So many other look-ups run that no further one is begun.
    #[error(
        "cannot find {host}: {running} other names are being looked up, and the name service answers none of them"
    )]
    TooManyLookUps {
        /// The name that was looked up.
        host: String,
        /// How many look-ups run.
        running: usize,
    },
    /// The system has no port left to connect from.
    #[error("cannot reach {upstream}: {source}, {}", ports(*open))]
    NoPort {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// Each address with its own failure.
        source: Attempts,
        /// How many connections its proxy has to it.
        open: usize,
    },
    /// None of its addresses accepted the connection.
    #[error("cannot reach {upstream}: {source}")]
    Unreachable {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// Each address with its own failure.
        source: Attempts,
    },
}

/// What happened at each address of an upstream, in the order in which they were tried.
#[derive(Debug)]
pub struct Attempts(pub Vec<Attempt>);

/// One address that was tried in vain.
#[derive(Debug)]
pub struct Attempt {
    /// The address.
    pub addr: SocketAddr,
    /// Why it failed; `TimedOut` where it did not answer in the time it was given.
    pub error: io::Error,
}

/// The upstream's leg could not be made ready: not reached, or no TLS with it.
#[derive(Debug, Error)]
pub enum UpstreamError {
    /// It could not be reached.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// It was reached, but TLS or PostgreSQL's negotiation of it failed.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// All ports from which an address could be connected to are taken.
#[derive(Debug, Error)]
#[error("no local port is free towards it")]
pub(super) struct PortsTaken;

// === impl UpstreamError ===

impl UpstreamError {
    /// The error with the number of connections that the proxy has to its upstream, where no port is left for another one.
    pub(in crate::proxy) fn counted(self, open: impl FnOnce() -> usize) -> Self {
        let no_port = |attempt: &Attempt| {
            let inner = attempt.error.get_ref();
            inner.is_some_and(<dyn Error + Send + Sync>::is::<PortsTaken>)
        };
        match self {
            Self::Dial(DialError::Unreachable { upstream, source })
                if source.0.iter().any(no_port) =>
            {
                Self::Dial(DialError::NoPort {
                    upstream,
                    source,
                    open: open(),
                })
            }
            other => other,
        }
    }
}

/// How many ports may be in use, and how there can be more.
fn ports(open: usize) -> String {
    let wider = if cfg!(target_os = "linux") {
        "sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\" frees more"
    } else {
        "a wider range of local ports frees more"
    };
    format!(
        "this proxy has {open} connections to it and closed ones keep their port for a minute: {wider}"
    )
}

// === impl Attempts ===

impl Attempts {
    /// How many addresses are written out; more are counted.
    const SHOWN: usize = 4;

    /// Whether one of them had to be waited for, because it was silent.
    pub(in crate::proxy) fn cost_time(&self) -> bool {
        let silent = |attempt: &Attempt| attempt.error.kind() == io::ErrorKind::TimedOut;
        self.0.iter().any(silent)
    }

    /// Each address with its own reason: `::1 no answer within 250ms, 127.0.0.1 connection refused`.
    #[must_use]
    pub fn each(&self) -> String {
        self.listed(|attempt| format!("{} {}", attempt.addr.ip(), reason(&attempt.error)))
    }

    fn listed(&self, text: impl Fn(&Attempt) -> String) -> String {
        format::first(Self::SHOWN, self.0.iter().map(text))
    }
}

/// One reason for all addresses where there is one, else each address with its own.
impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reasons = self.0.iter().map(|attempt| reason(&attempt.error));
        match (reasons.next(), reasons.next()) {
            (None, _) => f.write_str("no address"),
            (Some(only), None) => f.write_str(&only),
            (Some(first), Some(second)) => {
                if second == first && reasons.all(|other| other == first) {
                    let addrs = self.listed(|attempt| attempt.addr.ip().to_string());
                    write!(f, "{first} ({addrs})")
                } else {
                    f.write_str(&self.each())
                }
            }
        }
    }
}

/// The source is the last address's failure.
impl Error for Attempts {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.last().map(|attempt| &attempt.error as _)
    }
}

/// Why a connection ended whose leg broke so: TLS, where it put the error in words, or the socket.
pub(in crate::proxy) fn broken(leg: LegName, error: &io::Error) -> CloseReason {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TlsError>())
    {
        Some(refused) => CloseReason::Tls(refused.to_string()),
        None => CloseReason::Io {
            leg,
            error: describe(error),
        },
    }
}

/// What happened to a leg, without the number that the system gives it.
fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset => "connection reset".into(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::WriteZero | io::ErrorKind::NotConnected => {
            "connection closed while bytes were on their way".into()
        }
        io::ErrorKind::TimedOut => "connection timed out".into(),
        _ => error.to_string(),
    }
}

/// The resolver's codes do not survive in `io::Error`, its words do.
fn look_up_reason(error: &io::Error) -> &'static str {
    if error.to_string().contains("Temporary failure") {
        "the name service does not answer"
    } else {
        "name does not resolve"
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
