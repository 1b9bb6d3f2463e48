//! A running proxy in front of a TLS server.

use std::net::SocketAddr;
use std::sync::Arc;

use faultboard::fault::Plan;
use faultboard::mapping::Protocol;
use faultboard::proxy::tls::TlsOptions;
use faultboard::proxy::{Engine, Events, Options};
use faultboard::snapshot::{CloseReason, Happening, Negotiated};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::authority::{Authority, Valid};
use crate::server::{Tls, accept, listen, localhost};

/// An engine with a proxy in front of a TLS server.
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    events: Events,
    proxy: SocketAddr,
    pub(crate) upstream: String,
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Desk {
    pub(crate) async fn start() -> Self {
        Self::with(TlsOptions::default()).await
    }

    pub(crate) async fn with(options: TlsOptions) -> Self {
        Self::serving(Tls::default(), options).await
    }

    /// In front of a server whose TLS is like that.
    pub(crate) async fn serving(tls: Tls, options: TlsOptions) -> Self {
        let authority = Authority::new();
        let acceptor = tls.acceptor(authority.issue(&["localhost"], Valid::Now));
        let (listener, mapping) = listen(Protocol::Tls, localhost()).await;
        let engine = Engine::start(Options {
            workers: 1,
            tls: TlsOptions {
                ca_files: vec![authority.ca_file()],
                ..options
            },
            ..Options::default()
        })
        .unwrap();
        let mut events = engine.events();
        let upstream = mapping.upstream();
        engine.add(mapping, Plan::default()).await.unwrap();
        let proxy = loop {
            if let Happening::Listening { addrs, .. } = &events.next().await.event().unwrap().what {
                break addrs[0];
            }
        };
        Self {
            engine,
            events,
            proxy,
            upstream,
            listener,
            acceptor,
        }
    }

    /// A client, and the server's end of its connection.
    pub(crate) async fn connect(&self) -> (TcpStream, TlsStream<TcpStream>) {
        let client = self.client().await;
        (client, self.serve().await.unwrap())
    }

    pub(crate) async fn client(&self) -> TcpStream {
        TcpStream::connect(self.proxy).await.unwrap()
    }

    /// The server's end of the next connection.
    pub(crate) async fn serve(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let socket = accept(&self.listener).await;
        self.acceptor.accept(socket).await
    }

    /// What the next handshake agreed on.
    pub(crate) async fn secured(&mut self) -> Arc<Negotiated> {
        loop {
            if let Happening::Secured { tls, .. } = &self.events.next().await.event().unwrap().what
            {
                return Arc::clone(tls);
            }
        }
    }

    /// Why the next connection to end did, and whether it is marked.
    pub(crate) async fn closed(&mut self) -> (CloseReason, bool) {
        loop {
            if let Happening::Closed {
                reason, truncated, ..
            } = &self.events.next().await.event().unwrap().what
            {
                return (reason.clone(), *truncated);
            }
        }
    }
}
