//! The TCP socket of a leg: its options, and the system calls that read and write. Several own it, so it is polled by reference.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::units::Time;

/// What the kernel may hold of received bytes for us. More would hide back-pressure from the sender.
pub(crate) const RECEIVE_BUFFER: u32 = 256 * 1024;

/// Whether the system asks a silent peer for a sign of life, so that one that has vanished is noticed.
///
/// Prints as the value of `--keepalive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keepalive {
    /// A peer that vanished without a word is noticed only when something is sent to it.
    Off,
    /// After so long without a byte it is asked six times, a sixth of that apart, and then given up: after about twice the
    /// time. The system counts in whole seconds, at least one.
    After(Duration),
}

/// How often a silent peer is asked before it is given up.
const PROBES: u32 = 6;

/// A socket that others hold as well: TLS above it, reset and the error watch beside it.
#[derive(Debug)]
pub(crate) struct SharedSocket(pub(crate) Arc<TcpStream>);

/// Sets what every socket of ours has: no waiting for more to send, and a bounded receive buffer.
///
/// For client sockets that do not inherit it from their listener; dialing does it for upstreams.
#[cfg(any(test, not(target_os = "linux")))]
pub(crate) fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    SockRef::from(socket).set_recv_buffer_size(RECEIVE_BUFFER as usize)
}

/// Sets what every socket of ours has from its first byte on: urgent bytes stay in their place in the stream, and a peer
/// that has vanished is noticed.
///
/// For listeners, whose clients' sockets inherit it.
pub(crate) fn tend(socket: &SockRef<'_>, keepalive: Keepalive) -> io::Result<()> {
    socket.set_out_of_band_inline(true)?;
    keepalive.set(socket)
}

/// Sockets to upstreams that are too young to be asked for a sign of life: it takes four calls of the system to see to that,
/// and most connections that come in great numbers end within a moment.
#[derive(Default)]
pub(crate) struct Young {
    sockets: RefCell<Vec<(Weak<TcpStream>, Keepalive)>>,
    came: Notify,
}

/// How often young sockets are looked after.
const YOUTH: Duration = Duration::from_secs(1);

// === impl Young ===

impl Young {
    /// Those of the worker's thread that this is called on.
    pub(crate) fn of_this_thread() -> Rc<Self> {
        thread_local!(static YOUNG: Rc<Young> = Rc::default());
        YOUNG.with(Rc::clone)
    }

    /// Has a socket asked for a sign of life later on, if it still is.
    pub(crate) fn push(&self, socket: &Arc<TcpStream>, keepalive: Keepalive) {
        let young = (Arc::downgrade(socket), keepalive);
        self.sockets.borrow_mut().push(young);
        self.came.notify_one();
    }

    /// Looks after those that came; each worker is given it to run beside its connections. While it sleeps, the deadlines of dials are no
    /// news to the runtime, since they are later: a call of the system less for each.
    pub(crate) async fn look_after(&self) {
        loop {
            self.came.notified().await;
            tokio::time::sleep(YOUTH).await;
            for (socket, keepalive) in self.sockets.take() {
                if let Some(socket) = socket.upgrade() {
                    // Fails only where the connection is gone already, which reading tells.
                    let _ = keepalive.set(&SockRef::from(&socket));
                }
            }
        }
    }
}

// === impl Keepalive ===

impl Keepalive {
    fn set(self, socket: &SockRef<'_>) -> io::Result<()> {
        match self {
            Self::Off => socket.set_keepalive(false),
            Self::After(time) => {
                let second = Duration::from_secs(1);
                let asked = TcpKeepalive::new()
                    .with_time(time.max(second))
                    .with_interval((time / PROBES).max(second));
                match socket.set_tcp_keepalive(&asked.clone().with_retries(PROBES)) {
                    // Windows before its version 1703, and Wine, ask ten times, whatever one would have.
                    Err(_) if cfg!(windows) => socket.set_tcp_keepalive(&asked),
                    set => set,
                }
            }
        }
    }
}

impl Default for Keepalive {
    fn default() -> Self {
        Self::After(Duration::from_secs(60))
    }
}

impl fmt::Display for Keepalive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::After(time) => Time(*time).fmt(f),
        }
    }
}

// === impl SharedSocket ===

impl AsyncRead for SharedSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        poll_read_socket(&self.0, cx, buf)
    }
}

impl AsyncWrite for SharedSocket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        poll_write_socket(&self.0, cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll_write_socket(&self.0, cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(shut_down(&self.0))
    }
}

pub(crate) fn poll_read_socket(
    socket: &TcpStream,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    loop {
        ready!(socket.poll_read_ready(cx))?;
        // A short read does not say that the socket is empty: it stops where an urgent byte begins.
        match socket.try_read_buf(buf) {
            // Readiness was stale; trying has cleared it, so this registers the waker.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(_) => return Poll::Ready(Ok(())),
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

pub(crate) fn poll_write_socket(
    socket: &TcpStream,
    cx: &mut Context<'_>,
    bufs: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    loop {
        ready!(socket.poll_write_ready(cx))?;
        // One slice, as it mostly is, costs the system less where it is not a list of them.
        let written = match bufs {
            [only] => socket.try_write(only),
            several => socket.try_write_vectored(several),
        };
        match written {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result),
        }
    }
}

pub(crate) fn shut_down(socket: &TcpStream) -> io::Result<()> {
    match SockRef::from(socket).shutdown(Shutdown::Write) {
        // The peer has ended the connection altogether: there is nothing left to end.
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
        result => result,
    }
}
