//! The demo's servers: what each does with a connection, and when the flaky one is away.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::http::{read_head, skip};
use super::{Part, between};
use crate::fault::random::Random;

/// Clients served at once; more wait in the kernel's backlog.
pub(super) const CLIENTS: usize = 256;

/// How long a silent client is kept.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long to wait after a failure to accept or to listen again.
const BACK_OFF: Duration = Duration::from_millis(200);

/// A download's pace: a piece a beat, 4 MB/s.
const PIECE: usize = 100_000;
const BEAT: Duration = Duration::from_millis(25);

/// One of the flaky upstream's answers in this many breaks off.
const BREAKS_OFF: u64 = 50;

/// A server of the demo, as the proxy before it sees it.
pub(super) struct Upstream {
    pub(super) part: Part,
    pub(super) random: Random,
    /// A place for each client that is served.
    pub(super) places: Arc<Semaphore>,
    /// What ends its connections.
    pub(super) stop: CancellationToken,
    /// The tasks that serve its connections.
    pub(super) tasks: TaskTracker,
}

// === impl Upstream ===

impl Upstream {
    /// Serves until it is dropped. The flaky one leaves now and then: its connections break, its port refuses, and after
    /// a moment it is back on the same address.
    pub(super) async fn serve(mut self, mut listener: TcpListener, addr: SocketAddr) {
        if self.part != Part::Flaky {
            let stop = self.stop.clone();
            return self.accept(&listener, &stop).await;
        }
        loop {
            let present = self.stop.child_token();
            let stays = Duration::from_millis(between(&mut self.random, 9_000, 20_000));
            let _ = timeout(stays, self.accept(&listener, &present)).await;
            present.cancel();
            drop(listener);
            let away = between(&mut self.random, 1_500, 3_000);
            sleep(Duration::from_millis(away)).await;
            listener = loop {
                match TcpListener::bind(addr).await {
                    Ok(listener) => break listener,
                    // Someone took the port in the meantime and will give it back.
                    Err(_) => sleep(BACK_OFF).await,
                }
            };
        }
    }

    async fn accept(&mut self, listener: &TcpListener, present: &CancellationToken) {
        loop {
            let place = Arc::clone(&self.places).acquire_owned().await;
            let Ok((stream, _)) = listener.accept().await else {
                sleep(BACK_OFF).await;
                continue;
            };
            let service = Service {
                part: self.part,
                random: Random::new(self.random.draw()),
            };
            let present = present.clone();
            self.tasks.spawn(async move {
                // A client that went away is nothing to tell anyone.
                let _ = present.run_until_cancelled(service.serve(stream)).await;
                drop(place);
            });
        }
    }
}

/// What an upstream does with one connection.
struct Service {
    part: Part,
    random: Random,
}

// === impl Service ===

impl Service {
    async fn serve(self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        match self.part {
            Part::Echo => echo(stream).await,
            Part::Shop | Part::Flaky => self.answer(stream).await,
            Part::Files => self.download(stream).await,
        }
    }

    /// Answers requests, some dozens a connection.
    async fn answer(mut self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        for left in (0..between(&mut self.random, 20, 60)).rev() {
            let Some(head) = read_head(&mut stream, PATIENCE).await? else {
                return Ok(());
            };
            skip(&mut stream, head.length, PATIENCE).await?;
            sleep(Duration::from_millis(between(&mut self.random, 20, 60))).await;
            let size = between(&mut self.random, 500, 12_000);
            let mut answer = response(size, left == 0);
            answer.resize(answer.len() + usize::try_from(size).unwrap_or(0), b'.');
            if self.part == Part::Flaky && self.random.draw().is_multiple_of(BREAKS_OFF) {
                stream.write_all(&answer[..answer.len() / 2]).await?;
                return stream.into_inner().set_zero_linger();
            }
            stream.write_all(&answer).await?;
        }
        Ok(())
    }

    /// Answers each request with some megabytes, at its own pace.
    async fn download(mut self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        let piece = vec![b'.'; PIECE];
        while read_head(&mut stream, PATIENCE).await?.is_some() {
            let mut left = between(&mut self.random, 2_000_000, 8_000_000);
            stream.write_all(&response(left, false)).await?;
            let mut beat = interval(BEAT);
            // A client that was slow is not caught up with: the pace is a bound.
            beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while left > 0 {
                beat.tick().await;
                let now = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
                stream.write_all(&piece[..now]).await?;
                left -= now as u64;
            }
        }
        Ok(())
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    tokio::io::copy(&mut input, &mut output).await?;
    stream.shutdown().await
}

/// The head of an answer with a body of `length` bytes.
fn response(length: u64, closes: bool) -> Vec<u8> {
    let connection = if closes { "close" } else { "keep-alive" };
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: {connection}\r\n\r\n")
        .into_bytes()
}
