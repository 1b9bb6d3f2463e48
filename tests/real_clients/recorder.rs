//! A plain recording listener before a server: what a client did, as measured from outside and without faultboard.

#![allow(clippy::disallowed_methods, reason = "it measures real programs")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the recorder does to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Passes,
    /// Nothing goes on in either direction.
    Holds,
    /// Whoever asks is reset.
    Resets,
}

/// What was seen of a client.
#[derive(Debug, Default)]
pub struct Recorded {
    /// How long requests had waited when their client left.
    pub gave_up: Vec<Duration>,
    /// How many requests its client says that it has done, and when each attempt of those began that failed.
    pub requests: u64,
    pub attempts: BTreeMap<u64, Vec<Instant>>,
    /// How many requests each connection had that was open as the failures began, and each that was over by then.
    pub open: Vec<usize>,
    pub over: Vec<usize>,
    /// How many answers there were, and when the first began.
    pub answers: usize,
    pub first: Option<Instant>,
    /// How many requests the connections have had that are open.
    live: BTreeMap<usize, usize>,
    conns: usize,
}

pub struct Recorder {
    pub addr: SocketAddr,
    pub recorded: Arc<Mutex<Recorded>>,
    mode: watch::Sender<Mode>,
}

/// A client that leaves so soon after its request has not given up.
const PATIENCE: Duration = Duration::from_millis(50);

// === impl Recorder ===

impl Recorder {
    pub async fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("bound");
        let recorded = Arc::<Mutex<Recorded>>::default();
        let (mode, modes) = watch::channel(Mode::Passes);
        let record = Arc::clone(&recorded);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, upstream, Arc::clone(&record), modes.clone()));
            }
        });
        Self {
            addr,
            recorded,
            mode,
        }
    }

    /// From here on requests fail so.
    pub fn fail(&self, mode: Mode) {
        let mut recorded = self.recorded.lock();
        recorded.open = recorded.live.values().copied().collect();
        self.mode.send_replace(mode);
    }
}

/// One connection, and what is written down of it.
struct Page {
    record: Arc<Mutex<Recorded>>,
    conn: usize,
    /// When its request began that waits.
    asked: Option<Instant>,
    requests: usize,
    mode: Mode,
}

// === impl Page ===

impl Page {
    fn open(record: Arc<Mutex<Recorded>>, mode: Mode) -> Self {
        let mut recorded = record.lock();
        recorded.conns += 1;
        let conn = recorded.conns;
        recorded.live.insert(conn, 0);
        drop(recorded);
        let asked = Some(Instant::now());
        Self {
            record,
            conn,
            asked,
            requests: 0,
            mode,
        }
    }

    /// The client has sent something.
    fn reads(&mut self) {
        let now = Instant::now();
        let mut record = self.record.lock();
        if self.requests == 0 || self.asked.is_none() {
            self.requests += 1;
            record.live.insert(self.conn, self.requests);
            // The first request of a connection has waited since it was opened.
            let opened = self.asked.filter(|opened| now - *opened < PATIENCE);
            let began = opened.unwrap_or(now);
            self.asked = Some(began);
            if self.mode != Mode::Passes {
                let request = record.requests;
                record.attempts.entry(request).or_default().push(began);
            }
        }
    }

    /// It has left.
    fn leaves(&mut self) {
        let waited = self.asked.map(|asked| asked.elapsed());
        let waited = waited.filter(|waited| self.requests > 0 && *waited >= PATIENCE);
        self.record.lock().gave_up.extend(waited);
    }

    /// It was answered.
    fn answers(&mut self) {
        if self.asked.take().is_some() {
            let mut record = self.record.lock();
            record.answers += 1;
            record.first.get_or_insert_with(Instant::now);
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let mut record = self.record.lock();
        record.live.remove(&self.conn);
        if self.mode == Mode::Passes {
            record.over.push(self.requests);
        }
    }
}

async fn relay(
    mut client: TcpStream,
    upstream: SocketAddr,
    record: Arc<Mutex<Recorded>>,
    mut modes: watch::Receiver<Mode>,
) {
    let mut page = Page::open(record, *modes.borrow());
    let Ok(mut upstream) = TcpStream::connect(upstream).await else {
        return;
    };
    let (mut up, mut down) = (vec![0; 65536], vec![0; 65536]);
    loop {
        // Cancel-safe, all: a read that is dropped has read nothing.
        tokio::select! {
            _ = modes.changed() => page.mode = *modes.borrow(),
            read = client.read(&mut up) => {
                let n = read.unwrap_or(0);
                if n == 0 {
                    return page.leaves();
                }
                page.reads();
                match page.mode {
                    Mode::Passes => if upstream.write_all(&up[..n]).await.is_err() { return },
                    Mode::Holds => {}
                    Mode::Resets => {
                        let _ = client.set_zero_linger();
                        return;
                    }
                }
            }
            read = upstream.read(&mut down), if page.mode == Mode::Passes => {
                let n = read.unwrap_or(0);
                if n == 0 || client.write_all(&down[..n]).await.is_err() {
                    return;
                }
                page.answers();
            }
        }
    }
}
