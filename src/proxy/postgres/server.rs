//! Asks a PostgreSQL server for TLS, before anything else is sent to it. Only `S`, its yes, lets the connection go on.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::task::Poll;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use super::{SaslFilter, number};
use crate::format::printable;
use crate::mapping::Mapping;
use crate::proxy::net::socket::SharedSocket;
use crate::proxy::thread::clock::Deadline;
use crate::proxy::tls::{Secured, TlsError, UpstreamTls};
use crate::snapshot::Negotiated;

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// An error that comes in place of an answer is not longer than libpq would read.
const LONGEST_ERROR: usize = 30_000;

/// Asks the server of `mapping` for TLS and speaks it; the filter hides channel binding from the client.
pub(in crate::proxy) async fn secure(
    socket: &Arc<TcpStream>,
    mapping: &Mapping,
    tls: &UpstreamTls,
    deadline: Deadline,
) -> Result<(Secured, SaslFilter, Negotiated), TlsError> {
    let upstream = mapping.upstream();
    let after = deadline.given();
    match timeout_at(deadline.at(), ask(socket, &upstream)).await {
        Ok(answer) => answer?,
        Err(_) => return Err(TlsError::TimedOut { upstream, after }),
    }
    let (secured, negotiated) = tls.handshake(socket, deadline).await?;
    Ok((secured, SaslFilter::new(upstream), negotiated))
}

/// Sends SSLRequest and reads exactly one byte, so that whatever comes behind it can only be taken for TLS.
async fn ask(socket: &Arc<TcpStream>, upstream: &str) -> Result<(), TlsError> {
    let mut stream = SharedSocket(Arc::clone(socket));
    let broken = |source: io::Error| match source.kind() {
        ErrorKind::UnexpectedEof => TlsError::NotPostgres {
            upstream: upstream.to_owned(),
            why: "it closed the connection instead of answering the request for TLS".to_owned(),
        },
        _ => TlsError::Io {
            upstream: upstream.to_owned(),
            source,
        },
    };
    stream.write_all(&SSL_REQUEST).await.map_err(broken)?;
    let mut answer = [0];
    stream.read_exact(&mut answer).await.map_err(broken)?;
    let upstream = upstream.to_owned();
    match answer {
        [b'S'] if has_more(socket).await => Err(TlsError::EarlyBytes(upstream)),
        [b'S'] => Ok(()),
        [b'N'] => Err(TlsError::NotOffered(upstream)),
        [b'E'] => {
            let bytes = read_error(&mut stream).await;
            Err(TlsError::ServerError {
                upstream,
                message: message(&bytes),
                bytes,
            })
        }
        [other] => Err(TlsError::NotPostgres {
            upstream,
            why: format!(
                "it answered \"{}\" to the request for TLS",
                other.escape_ascii()
            ),
        }),
    }
}

/// Whether bytes wait that came before our first of the handshake. TLS would not take them for anything else than a
/// broken handshake; this says what they are (CVE-2021-23222 is about clients that did worse).
async fn has_more(socket: &TcpStream) -> bool {
    let mut byte = [0];
    let peeked =
        poll_fn(|cx| Poll::Ready(socket.poll_peek(cx, &mut ReadBuf::new(&mut byte)))).await;
    matches!(peeked, Poll::Ready(Ok(1..)))
}

/// The whole error message whose first byte was read, or as much of it as came.
async fn read_error(stream: &mut SharedSocket) -> Vec<u8> {
    let mut bytes = vec![b'E'];
    while !is_whole(&bytes) && bytes.len() < LONGEST_ERROR {
        // The end of the message may be the end of the stream, and so may be its middle.
        match stream.read_u8().await {
            Ok(byte) => bytes.push(byte),
            Err(_) => break,
        }
    }
    bytes
}

fn is_whole(bytes: &[u8]) -> bool {
    match length(bytes) {
        Some(length) => bytes.len() > length,
        None => bytes.len() >= 5 && bytes.ends_with(&[0]),
    }
}

/// The length of an error, where it has one: servers before version 7.4, and those that could not fork, send a text with a
/// zero behind it in place of a message.
fn length(bytes: &[u8]) -> Option<usize> {
    let length = number(&bytes[1..])? as usize;
    (8..LONGEST_ERROR).contains(&length).then_some(length)
}

/// The text of an error for a line on the screen.
fn message(bytes: &[u8]) -> String {
    if length(bytes).is_none() {
        return text(&bytes[1..]);
    }
    let mut fields = bytes[5..].split(|byte| *byte == 0);
    match fields.find_map(|field| field.strip_prefix(b"M")) {
        Some(field) => text(field),
        None => "no message".to_owned(),
    }
}

fn text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    printable(String::from_utf8_lossy(bytes).trim())
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
