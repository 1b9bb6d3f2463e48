//! The demo's clients: they come through the proxies as an application from outside would.
//!
//! For how long each waits, when it tries again and how often is in `habits`. Whatever a fault does to a client, it comes again, so
//! the traffic is back when the fault goes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::habits::Retry;
use super::http::{read_head, skip};
use super::{Part, between};
use crate::fault::random::Random;
use crate::snapshot::{ProxyId, Snapshot};

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
    /// How many of its tries have failed since the last that did not.
    pub(super) failures: u32,
    /// What it asks again after a failure.
    pub(super) request: Option<String>,
}

type Stream = BufReader<TcpStream>;

// === impl Visitor ===

impl Visitor {
    /// Comes, stays for as long as it likes, and comes again; never returns.
    pub(super) async fn visit(mut self) {
        loop {
            if self.stay().await.is_ok() {
                self.think().await;
            } else {
                self.failures += 1;
                self.fall_back().await;
            }
        }
    }

    /// The pause after a failure.
    async fn fall_back(&mut self) {
        match self.part.habits().retry {
            Retry::Fixed { tries, pause } if self.failures <= tries => sleep(pause).await,
            Retry::Fixed { .. } => {
                (self.failures, self.request) = (0, None);
                self.think().await;
            }
            Retry::Growing(first, last) => {
                let doublings = (self.failures - 1).min(16);
                let most = (first * (1 << doublings)).min(last);
                self.pause(most / 2, most).await;
            }
        }
    }

    /// One connection from its beginning to its end.
    async fn stay(&mut self) -> io::Result<()> {
        let addr = self.address().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let stream = timeout(self.part.habits().patience, TcpStream::connect(addr)).await??;
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
            (self.failures, self.request) = (0, None);
            if !goes_on {
                return end(stream, self.part.habits().patience).await;
            }
            self.think().await;
        }
    }

    /// A message and its echo.
    async fn chat(&mut self, stream: &mut Stream) -> io::Result<bool> {
        let length = between(&mut self.random, 16, 400);
        let message = vec![b'.'; usize::try_from(length).unwrap_or_default()];
        let patience = self.part.habits().patience;
        send(stream, &message, patience).await?;
        skip(stream, length, patience).await?;
        Ok(true)
    }

    /// A look at an item, or an order.
    async fn shop(&mut self, stream: &mut Stream) -> io::Result<bool> {
        let random = &mut self.random;
        let request = self.request.get_or_insert_with(|| {
            let item = between(random, 1, 999);
            if item.is_multiple_of(5) {
                let order = format!("{{\"item\":{item},\"count\":1}}");
                let length = order.len();
                format!(
                    "POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n{order}"
                )
            } else {
                format!("GET /items/{item} HTTP/1.1\r\nHost: shop\r\n\r\n")
            }
        });
        ask(stream, request, self.part.habits().patience).await
    }

    /// Downloads one file.
    async fn fetch(&mut self, stream: &mut Stream) -> io::Result<bool> {
        let file = between(&mut self.random, 1, 999);
        let request = format!("GET /files/{file}.bin HTTP/1.1\r\nHost: files\r\n\r\n");
        ask(stream, &request, self.part.habits().patience).await
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

    /// The pause before what it asks next.
    async fn think(&mut self) {
        let (least, most) = self.part.habits().pace;
        self.pause(least, most).await;
    }

    async fn pause(&mut self, least: Duration, most: Duration) {
        let [least, most] =
            [least, most].map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        sleep(Duration::from_millis(between(
            &mut self.random,
            least,
            most,
        )))
        .await;
    }
}

/// A request and its answer; says whether the connection goes on.
async fn ask(stream: &mut Stream, request: &str, patience: Duration) -> io::Result<bool> {
    send(stream, request.as_bytes(), patience).await?;
    let head = read_head(stream, patience).await?;
    let head = head.ok_or(io::ErrorKind::UnexpectedEof)?;
    skip(stream, head.length, patience).await?;
    Ok(!head.closes)
}

async fn send(stream: &mut Stream, bytes: &[u8], patience: Duration) -> io::Result<()> {
    timeout(patience, stream.write_all(bytes)).await?
}

/// An orderly end: what was said has been heard.
async fn end(stream: Stream, patience: Duration) -> io::Result<()> {
    let mut stream = stream.into_inner();
    socket2::SockRef::from(&stream).set_linger(None)?;
    timeout(patience, stream.shutdown()).await?
}
