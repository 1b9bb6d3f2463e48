//! How much the kernel takes in for a connection before it holds the sender back.
//!
//! Behind a slow link a sender is to wait, as on a real one, where its bytes would pile up before the link and be older each
//! second when they arrive. On loopback the kernels of both ends swallow more than 4 MB first: segments of 32 kB let the
//! sender's send buffer grow to all that it may have. Small segments and a small receive buffer bound it, and only where
//! both are set before the handshake, which announces them: so it is the listener that has them, and a socket before it
//! dials. What an open connection took in stays.
//!
//! Measured on Linux 6.18 with a reader at 100 kB/s, in kB written and not yet read, for a sender with CUBIC and one with
//! BBR: 30 and 100 to 200 with a buffer of 4 kB, 60 and 200 to 500 with 10 kB, 350 and 750 to 1,100 with 64 kB; segments of
//! 536 bytes made it more. So the buffer is what the link passes in 50 ms, which with the desk's own queue brings CUBIC to
//! about two thirds of what a real link of 40 ms has, and BBR to about twice as much. A connection
//! that began with 4 kB passes 60 MB/s once its rate is lifted, more than any rate that a buffer is chosen for. Where the
//! system remembers that a path reorders segments, as one did of loopback with 180 of them, a send buffer begins with 834 kB
//! whatever is set here. Other systems than Linux are left alone: nobody has measured there what bounds it, nor whether a
//! listener's segments can be made whole again.
//!
//! The send buffer towards a receiver that is slower than the rate is not bounded: one that is set keeps its size for good.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use socket2::SockRef;

use super::socket::RECEIVE_BUFFER;
use crate::units::ByteRate;

/// The receive buffer is what passes in this time.
const AHEAD: Duration = Duration::from_millis(50);

/// The smallest receive buffer: less than three segments make TCP wait for its timers.
const LEAST_BUFFER: u32 = 4 << 10;

/// From this rate on what the kernels swallow passes in a moment, and large segments cost less.
const FAST: ByteRate = ByteRate::new(50_000_000);

/// What fits a packet of 1,500 bytes, with time stamps.
const SEGMENT: u32 = 1448;

/// As large as the path allows.
const WHOLE: u32 = 0;

/// Who may be at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Programs of this machine alone.
    Here,
    /// Programs of others too: their way takes time, for which a small receive buffer would be too small.
    Anywhere,
}

/// What a socket announces in its handshake of how much it takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Intake {
    buffer: u32,
    segment: u32,
}

// === impl Peer ===

impl Peer {
    /// Who may connect to a listener at this address.
    pub(crate) fn of_listener(addr: IpAddr) -> Self {
        if addr.to_canonical().is_loopback() {
            Self::Here
        } else {
            Self::Anywhere
        }
    }
}

// === impl Intake ===

impl Intake {
    /// That of connections without a rate.
    pub(crate) const WIDE: Self = Self {
        buffer: RECEIVE_BUFFER,
        segment: WHOLE,
    };

    /// That of a connection whose sender is slowed down to this rate, if it is.
    pub(crate) fn before(rate: Option<ByteRate>, peer: Peer) -> Self {
        let Some(rate) = rate.filter(|rate| *rate < FAST && cfg!(target_os = "linux")) else {
            return Self::WIDE;
        };
        let passes = u32::try_from(rate.bytes_in(AHEAD)).unwrap_or(u32::MAX);
        Self {
            buffer: match peer {
                Peer::Here => passes.clamp(LEAST_BUFFER, RECEIVE_BUFFER),
                Peer::Anywhere => RECEIVE_BUFFER,
            },
            segment: SEGMENT,
        }
    }

    /// Has a socket that has had no handshake yet announce it.
    pub(crate) fn begin(self, socket: &SockRef<'_>) -> io::Result<()> {
        socket.set_recv_buffer_size(self.buffer as usize)?;
        // A call of the system less for most connections.
        if self.segment == WHOLE {
            return Ok(());
        }
        set_segment(socket, self.segment)
    }

    /// Has a listener's clients from now on begin with it, whatever those before began with.
    pub(crate) fn renew(self, listener: &SockRef<'_>) -> io::Result<()> {
        listener.set_recv_buffer_size(self.buffer as usize)?;
        set_segment(listener, self.segment)
    }
}

#[cfg(target_os = "linux")]
fn set_segment(socket: &SockRef<'_>, segment: u32) -> io::Result<()> {
    socket.set_tcp_mss(segment)
}

#[cfg(not(target_os = "linux"))]
fn set_segment(_: &SockRef<'_>, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_is_what_passes_in_50_ms_where_the_rate_is_low_and_the_peer_near() {
        let intake = |buffer, segment| Intake { buffer, segment };
        for (rate, peer, expected) in [
            (None, Peer::Here, Intake::WIDE),
            (Some(0), Peer::Here, intake(LEAST_BUFFER, SEGMENT)),
            (Some(1_000), Peer::Here, intake(LEAST_BUFFER, SEGMENT)),
            (Some(100_000), Peer::Here, intake(5_000, SEGMENT)),
            (Some(1_000_000), Peer::Here, intake(50_000, SEGMENT)),
            (
                Some(49_999_999),
                Peer::Here,
                intake(RECEIVE_BUFFER, SEGMENT),
            ),
            (Some(50_000_000), Peer::Here, Intake::WIDE),
            (
                Some(100_000),
                Peer::Anywhere,
                intake(RECEIVE_BUFFER, SEGMENT),
            ),
            (None, Peer::Anywhere, Intake::WIDE),
        ] {
            let given = Intake::before(rate.map(ByteRate::new), peer);
            assert_eq!(given, expected, "{rate:?} {peer:?}");
        }
    }

    #[test]
    fn only_a_listener_at_a_loopback_address_has_near_clients_alone() {
        for (addr, peer) in [
            ("127.0.0.1", Peer::Here),
            ("::1", Peer::Here),
            ("::ffff:127.0.0.1", Peer::Here),
            ("0.0.0.0", Peer::Anywhere),
            ("::", Peer::Anywhere),
            ("192.0.2.1", Peer::Anywhere),
        ] {
            let given = Peer::of_listener(addr.parse().expect("an address"));
            assert_eq!(given, peer, "{addr}");
        }
    }
}
