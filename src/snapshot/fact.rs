//! Facts: what a desk has seen of a connection, each at the moment at which it saw it.
//!
//! Events say what the desk did and what became of a connection; facts say what its client and its upstream did, whatever
//! faults hold back meanwhile. A client's end is a fact when our socket read it, although a fault may keep it from the
//! upstream for long. What may be inferred of facts, and what may not, is `findings`' concern.

use std::net::SocketAddr;
use std::time::Duration;

use super::{CloseReason, ConnId, LegName, ProxyId};

/// Something that was seen of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fact {
    /// When it was seen, since the engine's start.
    pub at: Duration,
    /// The proxy that accepted the connection.
    pub proxy: ProxyId,
    /// The connection.
    pub conn: ConnId,
    /// What was seen.
    pub seen: Seen,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// A client's connection was accepted.
    Opened {
        /// The client's address.
        client: SocketAddr,
    },
    /// The upstream was reached, and TLS agreed on where the mapping asks for it: what the client sends is read from here on.
    Reached,
    /// The first bytes of a request: the client sent something while none of its requests waited for an answer.
    Asked {
        /// How many bytes the first read brought.
        bytes: u64,
        /// For how long nothing had come from either side before; since the opening for the first request.
        silent: Duration,
    },
    /// The first byte back was written to the client: no request waits any more.
    Answered {
        /// How long the client waited for it.
        waited: Duration,
        /// After how long the upstream's first byte came; the rest is what faults added.
        upstream: Duration,
        /// Whether the client had sent more since, a while after its first bytes: further requests, or the rest of a long one.
        more: bool,
        /// Whether the client had left by then, so that nobody felt the answer.
        gone: bool,
    },
    /// The upstream sent something after a silence of [`Fact::SILENCE`] or more, while no request waited.
    Pushed {
        /// How many bytes the first read brought.
        bytes: u64,
        /// For how long nothing had come from either side before.
        silent: Duration,
    },
    /// The client's window was full for some of this time, and the desk would have let more through. Told once a second at
    /// most, as bytes go on to it.
    Blocked {
        /// The whole of this time: from the first write that was refused.
        over: Duration,
        /// For how long of it writes were refused.
        blocked: Duration,
        /// How many bytes were written in it.
        bytes: u64,
    },
    /// The end of a peer's stream was read, or its connection broke. A peer that ends its stream and breaks later has two of
    /// these.
    Left {
        /// Whose it was.
        leg: LegName,
        /// Whether it was an end in order or a break.
        how: Leave,
        /// What was going on.
        amid: Amid,
    },
    /// The connection is over, and who ended it.
    Closed {
        /// Who did.
        by: By,
        /// Bytes delivered, up and down together.
        bytes: u64,
    },
}

/// A time in which a thread of the desk did not run although it was due: a busy machine, a process that was stopped. What was seen in
/// it may have happened as much earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// When the thread had run last, since the engine's start.
    pub from: Duration,
    /// When it ran again.
    pub to: Duration,
}

/// The stalls of the desk in the last minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stalls {
    /// How many there were.
    pub count: u32,
    /// How long the longest was.
    pub longest: Duration,
}

/// How a peer's stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// In order, by a FIN: it sends no more, and may still read.
    Fin,
    /// By a reset, or another error of its connection.
    Rst,
}

/// What was going on in a connection when one of its peers left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amid {
    /// For how long a request had waited for its first byte back, where one did.
    pub waiting: Option<Duration>,
    /// For how long the client had sent nothing; since the opening where it never had.
    pub silent_up: Duration,
    /// For how long nothing had been written to the client; absent where nothing ever was.
    pub silent_down: Option<Duration>,
    /// How many bytes the client had sent since its last request began.
    pub asked: u64,
    /// How many requests had been answered.
    pub answered: u32,
    /// Whether the desk held bytes for the client at that moment: it left in the middle of what was coming.
    pub held: bool,
}

/// Who ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The client, in order.
    Client,
    /// The upstream, in order.
    Upstream,
    /// The client's connection broke.
    ClientBroke,
    /// The upstream's connection broke.
    UpstreamBroke,
    /// The upstream could not be reached, or TLS with it failed.
    Unreached,
    /// A fault of this kind.
    Fault(&'static str),
    /// The desk's user, or the desk itself as it stopped.
    Desk,
}

// === impl Fact ===

impl Fact {
    /// So long nothing has come from either side when the next byte is worth a fact of its own.
    pub const SILENCE: Duration = Duration::from_millis(100);

    /// So long a client is looked at, from the first write that its window refused, before that is a fact.
    pub const STRETCH: Duration = Duration::from_secs(1);
}

// === impl Stall ===

impl Stall {
    /// The times in which any thread stalled; `stalls` are in the order of their ends.
    #[must_use]
    pub fn joined(stalls: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut joined: Vec<Self> = Vec::new();
        for mut stall in stalls {
            while let Some(before) = joined.pop_if(|before| stall.from < before.to) {
                stall.from = stall.from.min(before.from);
            }
            joined.push(stall);
        }
        joined
    }

    /// How long it was.
    #[must_use]
    pub fn lasted(self) -> Duration {
        self.to.saturating_sub(self.from)
    }
}

// === impl Stalls ===

impl Stalls {
    /// What these come to, which are in the order of their ends; several threads that stalled at once did so once.
    #[must_use]
    pub fn of(stalls: impl IntoIterator<Item = Stall>) -> Self {
        let stalls = Stall::joined(stalls);
        Self {
            count: u32::try_from(stalls.len()).unwrap_or(u32::MAX),
            longest: stalls
                .into_iter()
                .map(Stall::lasted)
                .max()
                .unwrap_or_default(),
        }
    }
}

// === impl By ===

impl By {
    /// Who it was, in words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Client => "the client",
            Self::Upstream => "the upstream",
            Self::ClientBroke => "a break of the client",
            Self::UpstreamBroke => "a break of the upstream",
            Self::Unreached => "an upstream out of reach",
            Self::Fault(kind) => kind,
            Self::Desk => "the desk",
        }
    }

    /// Who it was, as a word of JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::ClientBroke => "client_broke",
            Self::UpstreamBroke => "upstream_broke",
            Self::Unreached => "unreached",
            Self::Fault(kind) => kind,
            Self::Desk => "desk",
        }
    }

    /// Whether the desk ended it, by a fault or by its user.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Fault(_) | Self::Desk)
    }
}

impl From<&CloseReason> for By {
    fn from(reason: &CloseReason) -> Self {
        match reason {
            CloseReason::ClientDone => Self::Client,
            CloseReason::UpstreamDone => Self::Upstream,
            CloseReason::Fault(kind) => Self::Fault(kind),
            CloseReason::Dial(_) | CloseReason::Tls(_) => Self::Unreached,
            CloseReason::Io { leg, .. } => match leg {
                LegName::Client => Self::ClientBroke,
                LegName::Upstream => Self::UpstreamBroke,
            },
            CloseReason::Killed | CloseReason::Stopped | CloseReason::Internal => Self::Desk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_stall_at_once_stall_once() {
        let stall = |(from, to)| Stall {
            from: Duration::from_millis(from),
            to: Duration::from_millis(to),
        };
        let whole =
            |stalls: &[(u64, u64)]| -> Vec<Stall> { stalls.iter().copied().map(stall).collect() };
        for (stalls, joined) in [
            (&[][..], &[][..]),
            (&[(0, 50), (50, 90)], &[(0, 50), (50, 90)]),
            (&[(0, 50), (40, 90)], &[(0, 90)]),
            (&[(10, 50), (60, 90), (5, 91)], &[(5, 91)]),
            (
                &[(0, 20), (30, 70), (10, 75), (80, 90)],
                &[(0, 75), (80, 90)],
            ),
        ] {
            assert_eq!(Stall::joined(whole(stalls)), whole(joined));
            let (count, longest) = (
                joined.len(),
                joined.iter().map(|(from, to)| to - from).max(),
            );
            let of = Stalls::of(whole(stalls));
            assert_eq!(
                (of.count as usize, of.longest.as_millis()),
                (count, u128::from(longest.unwrap_or_default()))
            );
        }
    }
}
