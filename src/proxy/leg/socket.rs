//! The socket of a leg: shared, and polled by reference.

use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
#[cfg(target_os = "linux")]
use tokio::io::Interest;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(target_os = "linux")]
use tokio::runtime::{Handle, RuntimeFlavor};

/// What the kernel may hold of received bytes for us. More would hide back-pressure from the sender.
pub const RECEIVE_BUFFER: u32 = 256 * 1024;

/// A socket that others hold as well: TLS above it, reset and the error watch beside it.
#[derive(Debug)]
pub(in crate::proxy) struct SharedSocket(Arc<TcpStream>);

/// Sets what every socket of ours has: no waiting for more to send, and a bounded receive buffer.
///
/// For client sockets that do not inherit it from their listener; dialing does it for upstreams.
pub fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    SockRef::from(socket).set_recv_buffer_size(RECEIVE_BUFFER as usize)
}

// === impl SharedSocket ===

impl SharedSocket {
    pub(in crate::proxy) fn new(socket: Arc<TcpStream>) -> Self {
        Self(socket)
    }
}

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

pub(super) fn poll_read_socket(
    socket: &TcpStream,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let room = buf.remaining();
    loop {
        ready!(socket.poll_read_ready(cx))?;
        match socket.try_read_buf(buf) {
            // Readiness was stale; trying has cleared it, so this registers the waker.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(n) => {
                if 0 < n && n < room {
                    expect_no_more(socket);
                }
                return Poll::Ready(Ok(()));
            }
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

/// After a read that did not fill its buffer the socket is empty: the next one can wait for news without asking the system.
///
/// True where news are told by edges and only this thread hears them, between two polls of a task: on a worker. What comes
/// from now on is news, and the end of a stream stays known.
#[cfg(target_os = "linux")]
fn expect_no_more(socket: &TcpStream) {
    let alone = Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::CurrentThread);
    if alone {
        // Forgets that the socket was readable.
        let _ = socket.try_io(Interest::READABLE, || {
            Err::<(), _>(ErrorKind::WouldBlock.into())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn expect_no_more(_socket: &TcpStream) {}

pub(super) fn poll_write_socket(
    socket: &TcpStream,
    cx: &mut Context<'_>,
    bufs: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    loop {
        ready!(socket.poll_write_ready(cx))?;
        match socket.try_write_vectored(bufs) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result),
        }
    }
}

pub(super) fn shut_down(socket: &TcpStream) -> io::Result<()> {
    match SockRef::from(socket).shutdown(Shutdown::Write) {
        // The peer has ended the connection altogether: there is nothing left to end.
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
        result => result,
    }
}
