//! One connection to a port of a pod, through the cluster's port-forward.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Portforwarder};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::stream::Stream;
use crate::format::one_line;

/// What the pod says of a port that cannot be used.
type Trouble = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

/// A connection to a port of a pod. What is dropped of it ends there: the cluster is not asked to be polite.
pub(in crate::remote) struct Forward {
    stream: Box<dyn Stream>,
    /// Until it has spoken.
    trouble: Option<Trouble>,
    forwarder: Portforwarder,
    port: u16,
}

// === impl Forward ===

impl Forward {
    /// Opens a forward to a port of a pod.
    pub(super) async fn open(pods: &Api<Pod>, name: &str, port: u16) -> kube::Result<Self> {
        let mut forwarder = pods.portforward(name, &[port]).await?;
        let stream: Option<Box<dyn Stream>> = match forwarder.take_stream(port) {
            Some(stream) => Some(Box::new(stream)),
            None => None,
        };
        let trouble: Option<Trouble> = match forwarder.take_error(port) {
            Some(said) => Some(Box::pin(said)),
            None => None,
        };
        Ok(Self {
            // It has the one port that was asked for.
            stream: stream.unwrap_or_else(|| Box::new(tokio::io::empty())),
            trouble,
            forwarder,
            port,
        })
    }

    /// What the pod says of the port, in words of ours where that is what it is mostly.
    fn words(&self, said: &str) -> String {
        let port = self.port;
        if said.contains("connection refused") {
            return format!(
                "nothing listens on port {port} of the pod: is faultboard started with --api there?"
            );
        }
        format!("port {port} of the pod: {}", one_line(said.trim()))
    }
}

impl AsyncRead for Forward {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(trouble) = &mut this.trouble
            && let Poll::Ready(said) = trouble.as_mut().poll(cx)
        {
            this.trouble = None;
            if let Some(said) = said {
                return Poll::Ready(Err(io::Error::other(this.words(&said))));
            }
        }
        Pin::new(&mut this.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Forward {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.forwarder.abort();
    }
}
