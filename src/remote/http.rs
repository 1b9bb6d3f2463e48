//! One connection to an engine elsewhere, and what is asked over it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{AUTHORIZATION, HOST, USER_AGENT};
use axum::http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::stream::Stream;
use super::target::{Place, Target};
use super::words::Call;
use crate::format::reason;
use crate::request::RequestError;

/// What is there answers sooner.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// An answer to a change that has not come by then is not waited for any longer.
const LONG_PATIENCE: Duration = Duration::from_secs(5);

/// No answer to a question is longer.
const LONGEST: usize = 1 << 20;

/// What is said of who asks.
const AGENT: &str = concat!("faultboard/", env!("CARGO_PKG_VERSION"));

/// How an engine elsewhere is asked. Clones have connections of their own.
#[derive(Clone)]
pub(super) struct Caller {
    target: Arc<Target>,
    token: Option<Arc<str>>,
}

/// A connection to it.
pub(super) struct Line(SendRequest<Body>);

/// One question after another, over one connection.
pub(super) struct Questions {
    /// What is asked is called so.
    pub(super) name: String,
    caller: Caller,
    line: Option<Line>,
}

// === impl Caller ===

impl Caller {
    /// One who asks there, with this token unless the target has one of its own.
    pub(super) fn new(target: Target, token: Option<&str>) -> Self {
        let token = target.token.as_deref().or(token).map(Arc::from);
        let target = Arc::new(target);
        Self { target, token }
    }

    /// Whether it has a token to show.
    pub(super) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Opens a connection.
    pub(super) async fn call(&self) -> io::Result<Line> {
        let dialed = timeout(PATIENCE, dial(&self.target.place));
        let stream = dialed.await.map_err(|_| silent())??;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        // It ends with its sender, and with the engine.
        tokio::spawn(connection);
        Ok(Line(sender))
    }

    /// A question, to be sent over a connection.
    pub(super) fn ask(
        &self,
        method: Method,
        path: &str,
        author: Option<&str>,
        body: String,
    ) -> Request<Body> {
        let host = match &self.target.place {
            Place::Tcp(..) => self.target.to_string(),
            Place::Unix(_) | Place::Pods(_) => "localhost".to_owned(),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, host)
            .header(USER_AGENT, AGENT);
        let request = match author {
            Some(author) => request.header("x-faultboard-author", author),
            None => request,
        };
        let request = match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        };
        let request = request.body(Body::from(body));
        request.unwrap_or_else(|_| Request::new(Body::empty()))
    }

    /// Asks for something over a connection of its own.
    pub(super) async fn get(&self, path: &str) -> io::Result<(StatusCode, Bytes)> {
        let mut line = self.call().await?;
        let asked = line.whole(self.ask(Method::GET, path, None, String::new()));
        timeout(PATIENCE, asked).await.map_err(|_| silent())?
    }
}

// === impl Questions ===

impl Questions {
    pub(super) fn new(name: String, caller: Caller) -> Self {
        Self {
            name,
            caller,
            line: None,
        }
    }

    /// Asks, and returns the answer when it has come whole; an error says that there is no contact, and that nobody knows what was
    /// done.
    pub(super) async fn answer(
        &mut self,
        call: &Call,
        author: Option<&str>,
    ) -> Result<(StatusCode, Bytes), RequestError> {
        let asked = timeout(LONG_PATIENCE, self.send(call, author)).await;
        let why = match asked {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => reason(&error),
            Err(_) => format!("no answer within {} s", LONG_PATIENCE.as_secs()),
        };
        self.line = None;
        let name = &self.name;
        let text = format!("no contact with {name} ({why}): nobody knows whether it was done");
        Err(RequestError::NoContact(text))
    }

    async fn send(&mut self, call: &Call, author: Option<&str>) -> io::Result<(StatusCode, Bytes)> {
        let (method, body) = (call.method.clone(), call.body.clone());
        let request = self.caller.ask(method, &call.path, author, body);
        // One that was left alone for long may have been closed there: that is known before anything is sent.
        let mut line = match self.line.take().filter(|line| !line.is_closed()) {
            Some(line) => line,
            None => self.caller.call().await?,
        };
        let answer = line.whole(request).await?;
        self.line = Some(line);
        Ok(answer)
    }
}

fn silent() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "it is silent")
}

async fn dial(place: &Place) -> io::Result<Box<dyn Stream>> {
    match place {
        Place::Tcp(host, port) => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
        #[cfg(unix)]
        Place::Unix(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(not(unix))]
        Place::Unix(_) => Err(io::Error::other("this system has no Unix sockets here")),
        Place::Pods(pods) => Ok(Box::new(pods.dial().await?)),
    }
}

/// What happened to the connection, where that is behind an error: it says more than that there was one.
fn plain(error: hyper::Error) -> io::Error {
    let cause = std::error::Error::source(&error);
    match cause.and_then(|cause| cause.downcast_ref::<io::Error>()) {
        Some(cause) => io::Error::new(cause.kind(), cause.to_string()),
        None => io::Error::other(error),
    }
}

// === impl Line ===

impl Line {
    /// Whether nothing can be sent over it any more.
    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Sends a question, and returns once its answer begins.
    pub(super) async fn send(&mut self, request: Request<Body>) -> io::Result<Response<Incoming>> {
        self.0.ready().await.map_err(plain)?;
        self.0.send_request(request).await.map_err(plain)
    }

    /// Sends a question, and returns its answer when it has come whole.
    pub(super) async fn whole(
        &mut self,
        request: Request<Body>,
    ) -> io::Result<(StatusCode, Bytes)> {
        let answer = self.send(request).await?;
        let status = answer.status();
        let body = to_bytes(Body::new(answer.into_body()), LONGEST).await;
        Ok((status, body.map_err(io::Error::other)?))
    }
}
