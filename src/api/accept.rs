//! Listens for the API's clients and serves each within bounds: so many at a time, a head within a time, an end for all of them.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::Refusal;
use super::guard::Reach;
use super::unix::{self, Stream, UnixSocket};
use super::{Address, ApiArgs};
use crate::format::{reason, shown_path};

/// So many are served at a time.
const MOST: usize = 64;

/// So many more are told that there are too many; further ones wait in the kernel's backlog.
const TURNED_AWAY: usize = 16;

/// A head has come whole after this long, the first one and each after it.
const HEAD: Duration = Duration::from_secs(10);

/// A head of one that is turned away, and the answer to it, have this long.
const BRIEF: Duration = Duration::from_secs(1);

/// A client that has not read for so long, while there was something to read, is let go.
pub(super) const STALL: Duration = Duration::from_secs(60);

/// How long an end waits for answers that are on their way.
const FAREWELL: Duration = Duration::from_secs(1);

/// After an error of the system a client is waited for again after this long.
const PAUSE: Duration = Duration::from_millis(100);

/// The API cannot listen.
#[derive(Debug, Error)]
#[error("cannot listen for the API on {at}: {}", reason(source))]
pub struct BindApiError {
    /// Where it was to listen.
    pub at: String,
    /// What the system said.
    pub source: io::Error,
}

/// What listens, and does not answer yet. Clients that come meanwhile wait.
#[derive(Debug)]
pub struct Listener {
    socket: Kind,
    address: Address,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixSocket),
}

/// What accepts clients, and those that were.
#[derive(Debug)]
pub(super) struct Accepting {
    begin: CancellationToken,
    stop: CancellationToken,
    tasks: TaskTracker,
}

// === impl Listener ===

impl Listener {
    /// Listens on an address; must be called inside a tokio runtime.
    ///
    /// # Errors
    /// Another program has it, or the system keeps it.
    pub fn bind(address: &Address) -> Result<Self, BindApiError> {
        let bound = match address {
            Address::Tcp(addr) => tcp(*addr).map(Kind::Tcp),
            Address::Unix(path) => unix::bind(path).map(Kind::Unix),
        };
        let socket = bound.map_err(|source| BindApiError {
            at: match address {
                Address::Tcp(addr) => addr.to_string(),
                Address::Unix(path) => shown_path(path),
            },
            source,
        })?;
        let bound = match &socket {
            Kind::Tcp(listener) => listener.local_addr().ok().map(Address::Tcp),
            Kind::Unix(_) => None,
        };
        let address = bound.unwrap_or_else(|| address.clone());
        Ok(Self { socket, address })
    }

    /// Where it listens, with the port that it really has.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn addr(&self) -> Option<SocketAddr> {
        match self.address {
            Address::Tcp(addr) => Some(addr),
            Address::Unix(_) => None,
        }
    }

    pub(super) fn reach(&self, args: &ApiArgs) -> Reach {
        match (self.address.is_local(), args.api_open) {
            (true, _) => Reach::Local,
            (false, true) => Reach::Open,
            (false, false) => Reach::WithToken,
        }
    }
}

fn tcp(addr: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

// === impl Accepting ===

impl Accepting {
    pub(super) fn start(listener: Listener, routes: Router, stop: CancellationToken) -> Self {
        let (begin, tasks) = Default::default();
        let this = Self { begin, stop, tasks };
        let (begin, stop, tasks) = (this.begin.clone(), this.stop.clone(), this.tasks.clone());
        this.tasks.spawn(async move {
            tokio::select! {
                // Cancel-safe, both: the tokens only report.
                () = stop.cancelled() => return,
                () = begin.cancelled() => {}
            }
            accept(listener, routes, stop, tasks).await;
        });
        this
    }

    pub(super) fn open(&self) {
        self.begin.cancel();
    }

    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        // Cut off without harm: who still waits for an answer is told by the end of its connection.
        let _ = timeout(FAREWELL, self.tasks.wait()).await;
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept(listener: Listener, routes: Router, stop: CancellationToken, tasks: TaskTracker) {
    let places = Arc::new(Semaphore::new(MOST));
    let more = Arc::new(Semaphore::new(TURNED_AWAY));
    loop {
        let stream = tokio::select! {
            // Cancel-safe: the token only reports.
            () = stop.cancelled() => return,
            // Cancel-safe: tokio's accept loses no client.
            stream = one(&listener.socket) => stream,
        };
        let Ok(stream) = stream else {
            tokio::select! {
                // Cancel-safe, both: they only wait.
                () = stop.cancelled() => return,
                () = sleep(PAUSE) => continue,
            }
        };
        let stop = stop.clone();
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let routes = routes.clone();
            tasks.spawn(async move {
                serve(stream, routes, stop).await;
                drop(place);
            });
        } else if let Ok(place) = Arc::clone(&more).acquire_owned().await {
            tasks.spawn(async move {
                turn_away(stream).await;
                drop(place);
            });
        }
    }
}

async fn one(socket: &Kind) -> io::Result<Box<dyn Stream>> {
    match socket {
        Kind::Tcp(listener) => {
            let (stream, _) = listener.accept().await?;
            // Refused only where the client is gone already.
            let _ = stream.set_nodelay(true);
            Ok(Box::new(stream))
        }
        Kind::Unix(socket) => socket.accept().await,
    }
}

/// Answers the requests of one client until it ends, or all do.
async fn serve(stream: Box<dyn Stream>, routes: Router, stop: CancellationToken) {
    let service = TowerToHyperService::new(routes);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(Patient::new(stream)), service);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        // What a client does wrong, hyper has answered.
        _ = serving.as_mut() => return,
        // Cancel-safe: the connection lives outside of it.
        () = stop.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}

/// A client's connection that breaks where nothing of an answer is taken for too long.
struct Patient<S> {
    stream: S,
    /// Until when nothing may have been taken; `None` while everything is.
    stall: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncWrite + Unpin> Patient<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            stall: None,
        }
    }

    /// What came of a write, or that it has waited for too long.
    fn judge<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stall = None;
            return written;
        }
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(STALL)));
        stall
            .as_mut()
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Tells a client that there are too many, and ends its connection.
async fn turn_away(stream: Box<dyn Stream>) {
    let service = service_fn(async |_| {
        let why = format!("{MOST} clients are connected to this API, and it takes no more");
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why);
        Ok::<_, std::convert::Infallible>(refusal.into_response())
    });
    let telling = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let _ = timeout(BRIEF, telling).await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_let_go_and_one_that_reads_slowly_is_not() {
        let (near, mut far) = duplex(4);
        let mut near = Patient::new(near);
        let writing = tokio::spawn(async move { near.write_all(&[0; 64]).await });
        for _ in 0..15 {
            advance(STALL.mul_f64(0.9)).await;
            far.read_exact(&mut [0; 4]).await.expect("it is written");
        }
        assert!(writing.await.expect("no panic").is_ok());

        let (near, _far) = duplex(4);
        let mut near = Patient::new(near);
        let error = near.write_all(&[0; 64]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
