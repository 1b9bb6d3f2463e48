//! An API over an engine of its own, and a client that writes and reads HTTP as bytes.

use std::net::SocketAddr;

use faultboard::api::{Address, Api, ApiArgs, Listener, Tokens};
use faultboard::proxy::Engine;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{self, PATIENCE};

/// An API and the engine behind it.
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    pub(crate) api: Api,
    pub(crate) addr: SocketAddr,
}

/// What was answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// One that every address of this machine leads to.
pub(crate) async fn desk() -> Desk {
    let api = Some(Address::parse("127.0.0.1:0").expect("an address"));
    let args = ApiArgs {
        api,
        ..ApiArgs::default()
    };
    desk_with(&args, Tokens::default()).await
}

pub(crate) async fn desk_with(args: &ApiArgs, tokens: Tokens) -> Desk {
    let engine = support::engine();
    let address = args.api.as_ref().expect("an address");
    let listener = Listener::bind(address).expect("a free port");
    let addr = match listener.address() {
        Address::Tcp(addr) => *addr,
        Address::Unix(_) => SocketAddr::from(([127, 0, 0, 1], 0)),
    };
    let api = Api::start(listener, &engine, args, tokens);
    api.open();
    Desk { engine, api, addr }
}

impl Desk {
    /// Asks once, over a connection of its own, as curl would.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        let head = format!("Host: localhost\r\nContent-Length: {}\r\n", body.len());
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n{body}"
        ))
        .await
    }

    /// Sends bytes and reads until the API ends the connection.
    pub(crate) async fn raw(&self, request: &str) -> Reply {
        exchange(self.connect().await, request).await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.expect("it listens")
    }
}

/// Asks over a Unix socket.
#[cfg(unix)]
pub(crate) async fn ask_unix(path: &std::path::Path, request: &str) -> Reply {
    exchange(
        tokio::net::UnixStream::connect(path)
            .await
            .expect("it listens"),
        request,
    )
    .await
}

pub(crate) async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &str,
) -> Reply {
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    Reply::of(&rest(stream).await)
}

/// All that comes until the end.
pub(crate) async fn rest(mut stream: impl AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    read.expect("an end in time").expect("an end in order");
    String::from_utf8(bytes).expect("text")
}

// === impl Reply ===

impl Reply {
    pub(crate) fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Self {
            status: status.unwrap_or(0),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("JSON: {self:?}"))
    }

    /// A field of the head.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    }
}
