//! Desks with as many connections as there can be, and traffic on all of them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use faultboard::proxy::sys;
use tokio::runtime::Runtime;

use super::terminal::{Answers, Console, Size};
use super::traffic::{crowd, download, echo, now, rest, source};

/// A crowd, where the system lets a process have two descriptors for each of it.
const CROWD: usize = 10_000;

/// Descriptors that a process has for other things.
const OTHERS: u32 = 64;

/// Between two small messages, over all connections of a crowd in turn: 5,000 a second.
const EVERY: Duration = Duration::from_micros(200);

/// A crowd of this size, or of as many as descriptors allow.
pub(crate) fn most() -> usize {
    let allowed = sys::raise_descriptor_limit().saturating_sub(OTHERS);
    CROWD.min(allowed as usize)
}

/// Two upstreams: one that gives back what it is sent, for the crowd, and one that sends as fast as it is read.
pub(crate) struct Upstreams {
    _runtime: Runtime,
    pub(crate) echo: SocketAddr,
    pub(crate) bulk: SocketAddr,
}

/// Where a program listens in front of both.
pub(crate) struct Proxies {
    pub(crate) crowd: SocketAddr,
    pub(crate) bulk: SocketAddr,
}

/// Traffic, until it is dropped.
#[derive(Default)]
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

// === impl Upstreams ===

impl Upstreams {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        Self {
            echo: echo(&runtime),
            _runtime: runtime,
            bulk: source(),
        }
    }

    /// A console in front of both, on ports that were free a moment ago; should another take one meanwhile, the console says
    /// so and the benchmark ends.
    pub(crate) fn console(&self, size: Size) -> (Console, Proxies) {
        let free = || TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = |free: &TcpListener| free.local_addr().expect("bound");
        let free = [free(), free()];
        let [crowd, bulk] = [&free[0], &free[1]].map(addr);
        drop(free);
        let words = [
            format!("{}={} as crowd", crowd.port(), self.echo),
            format!("{}={} as bulk", bulk.port(), self.bulk),
        ];
        let mut console = Console::start(size, &[&words[0], &words[1]], Answers::AtOnce);
        console.wait("its start", |rows| {
            rows.iter().any(|row| row.contains("2 bulk"))
        });
        (console, Proxies { crowd, bulk })
    }
}

// === impl Traffic ===

impl Traffic {
    /// A small message on each connection of a crowd in turn, one every 200 µs over all; what comes back is read when its
    /// turn comes again.
    pub(crate) fn messages(mut self, addr: SocketAddr, size: usize) -> Self {
        let mut clients = crowd(addr, size);
        for client in &clients {
            client.set_nonblocking(true).expect("a socket");
        }
        self.run(move |stop| {
            let (began, mut sent) = (now(), 0_u32);
            while !stop.load(Ordering::Relaxed) {
                while now() - began > EVERY * sent {
                    exchange_some(&mut clients[sent as usize % size]);
                    sent += 1;
                }
                rest(Duration::from_millis(5));
            }
        });
        self
    }

    /// A download as fast as it goes.
    pub(crate) fn bulk(mut self, addr: SocketAddr) -> Self {
        self.run(move |stop| {
            while !stop.load(Ordering::Relaxed) {
                download(addr, Duration::ZERO, Duration::from_millis(500));
            }
        });
        self
    }

    fn run(&mut self, work: impl FnOnce(&AtomicBool) + Send + 'static) {
        let stop = Arc::clone(&self.stop);
        self.threads.push(std::thread::spawn(move || work(&stop)));
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("it ends");
        }
    }
}

/// Reads what has come back, and sends once more.
fn exchange_some(client: &mut TcpStream) {
    let mut block = [0; 1024];
    let waits = loop {
        match client.read(&mut block) {
            Ok(1..) => {}
            Ok(0) => panic!("a connection of the crowd was closed"),
            Err(error) => break error,
        }
    };
    assert_eq!(waits.kind(), ErrorKind::WouldBlock, "{waits}");
    // Under a fault that holds bytes there may be no room.
    let _ = client.write(&[7; 64]);
}
