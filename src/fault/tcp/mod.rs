//! A virtual TCP sender: how the bytes of one direction come through a line that delays, limits, queues and loses packets.
//!
//! A proxy sees a stream and not its packets, and cannot drop bytes: what a real line does to an application is what the
//! sender's TCP makes of that line: a handshake, a window that begins small, stalls until what was lost is sent again, a rate
//! that falls with losses, a queue that fills. So one direction's bytes are given to a sender that is simulated packet by
//! packet, with its receiver and its acknowledgements, and leave when the receiver would have had them, all and in order.
//!
//! ```text
//!  write ──► Sender: window, pace ──► Line: losses, queue, rate, delay ──► Receiver ──► through
//!               ▲   repairs, timers                                            │
//!               └────────────────────── acknowledgements ◄─────────────────────┘
//! ```
//!
//! The model is Linux's: CUBIC with `HyStart`, Reno or BBR; SACK, RACK and the tail loss probe (RFC 8985), proportional rate
//! reduction (RFC 6937), timeouts (RFC 6298) that are undone when they were for nothing (RFC 4015), restart after rest
//! (RFC 2861), delayed acknowledgements, a receiver whose buffer grows. It refuses to guess packets that overtake one
//! another. All times are nanoseconds from an origin of the caller's choice; there is no clock and no I/O, the
//! simulation goes on only where it is asked to, and one seed gives one schedule.

mod alarm;
mod bbr;
mod buffer;
mod control;
mod cubic;
mod line;
mod losses;
mod odds;
mod packet;
mod receiver;
mod repair;
mod sender;
mod state;
mod stream;
mod timer;
mod transmit;
mod window;

pub(super) use control::{Algorithm, Control};
pub use line::Parts;
pub(super) use line::{Delay, Rate};
pub use losses::Losses;
pub(super) use odds::Chances;
pub use stream::Sending;
pub(super) use stream::{Beginning, Said, Stream};

/// What one packet carries, with time stamps, where packets have 1,500 bytes.
pub(super) const SEGMENT: u64 = 1_448;
/// What a packet has beside it: the headers of IPv4 and of TCP with time stamps.
pub(super) const HEADERS: u64 = 52;

/// A time as nanoseconds; the longest where it is more than can be counted.
fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
