//! The demo's clients: they come through the proxies as an application from outside would.
//!
//! Whatever a fault does to a client, it tries again: after an error with a pause that grows, and after a silence that is
//! longer than it cares to wait. So the traffic shows what a patient application feels, and is back when the fault goes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::http::{read_head, skip};
use super::{Part, between};
use crate::fault::random::Random;
use crate::snapshot::{ProxyId, Snapshot};

/// How long a client waits for the next byte before it gives up its connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// The shortest and the longest pause before another try.
pub(super) const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// How much a client reads at once.
const BUFFER: usize = 64 * 1024;

/// A client of the demo, as the proxy before an upstream sees it.
pub(super) struct Visitor {
    pub(super) part: Part,
    /// The proxy that it comes through.
    pub(super) proxy: ProxyId,
    /// Where it takes the proxy's address from, so that it finds one that moved.
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) random: Random,
    /// How long it waits at the most before it tries again, should it fail now.
    pub(super) retry: Duration,
}

type Stream = BufReader<TcpStream>;

// === impl Visitor ===

impl Visitor {
    /// Comes, stays for as long as it likes, and comes again; never returns.
    pub(super) async fn visit(mut self) {
        loop {
            if self.stay().await.is_ok() {
                self.pause(50, 250).await;
            } else {
                let most = u64::try_from(self.retry.as_millis()).unwrap_or(u64::MAX);
                self.pause(most / 2, most).await;
                self.retry = (self.retry * 2).min(RETRY.1);
            }
        }
    }

    /// One connection from its beginning to its end.
    async fn stay(&mut self) -> io::Result<()> {
        let addr = self.address().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let stream = timeout(PATIENCE, TcpStream::connect(addr)).await??;
        stream.set_nodelay(true)?;
        // Giving up is a reset: nobody holds bytes for a client that is gone.
        stream.set_zero_linger()?;
        let mut stream = BufReader::with_capacity(BUFFER, stream);
        loop {
            let goes_on = match self.part {
                Part::Echo => self.chat(&mut stream).await?,
                Part::Shop | Part::Flaky => self.shop(&mut stream).await?,
                Part::Files => self.fetch(&mut stream).await?,
            };
            self.retry = RETRY.0;
            if !goes_on {
                return end(stream).await;
            }
        }
    }

    /// A message and its echo.
    async fn chat(&mut self, stream: &mut Stream) -> io::Result<bool> {
        let length = between(&mut self.random, 16, 400);
        let message = vec![b'.'; usize::try_from(length).unwrap_or_default()];
        send(stream, &message).await?;
        skip(stream, length, PATIENCE).await?;
        self.pause(160, 240).await;
        Ok(true)
    }

    /// A look at an item or an order, and a moment to think about it.
    async fn shop(&mut self, stream: &mut Stream) -> io::Result<bool> {
        let item = between(&mut self.random, 1, 999);
        let request = if item.is_multiple_of(5) {
            let order = format!("{{\"item\":{item},\"count\":1}}");
            let length = order.len();
            format!(
                "POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n{order}"
            )
        } else {
            format!("GET /items/{item} HTTP/1.1\r\nHost: shop\r\n\r\n")
        };
        let goes_on = ask(stream, &request).await?;
        self.pause(150, 450).await;
        Ok(goes_on)
    }

    /// Downloads one file.
    async fn fetch(&mut self, stream: &mut Stream) -> io::Result<bool> {
        let file = between(&mut self.random, 1, 999);
        let request = format!("GET /files/{file}.bin HTTP/1.1\r\nHost: files\r\n\r\n");
        ask(stream, &request).await?;
        // A connection is good for a few files.
        Ok(!file.is_multiple_of(4))
    }

    /// Where the proxy listens, as seen from this machine.
    fn address(&self) -> Option<SocketAddr> {
        let snapshot = self.snapshots.borrow();
        let row = snapshot.proxies.iter().find(|row| row.id == self.proxy)?;
        let mut addr = *row.listening.first()?;
        if addr.ip().is_unspecified() {
            addr.set_ip(match addr.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Some(addr)
    }

    async fn pause(&mut self, least_ms: u64, most_ms: u64) {
        let pause = between(&mut self.random, least_ms, most_ms);
        sleep(Duration::from_millis(pause)).await;
    }
}

/// A request and its answer; says whether the connection goes on.
async fn ask(stream: &mut Stream, request: &str) -> io::Result<bool> {
    send(stream, request.as_bytes()).await?;
    let head = read_head(stream, PATIENCE).await?;
    let head = head.ok_or(io::ErrorKind::UnexpectedEof)?;
    skip(stream, head.length, PATIENCE).await?;
    Ok(!head.closes)
}

async fn send(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    timeout(PATIENCE, stream.write_all(bytes)).await?
}

/// An orderly end: what was said has been heard.
async fn end(stream: Stream) -> io::Result<()> {
    let mut stream = stream.into_inner();
    socket2::SockRef::from(&stream).set_linger(None)?;
    timeout(PATIENCE, stream.shutdown()).await?
}
