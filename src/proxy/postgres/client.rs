//! Answers a PostgreSQL client's requests for encryption with no, until it says who it is.

use std::io::{self, ErrorKind};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout_at;

use super::{PROTOCOL_VIOLATION, error_response, number};
use crate::format::reason;
use crate::proxy::thread::clock::Deadline;
use crate::units::Time;

/// The client's first message that is for the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    /// The whole StartupMessage or CancelRequest, and nothing else.
    pub bytes: Vec<u8>,
    /// What the client sent behind it, not waiting for an answer.
    pub rest: Vec<u8>,
    /// Whether it is a CancelRequest: the server will close without an answer.
    pub cancel: bool,
}

/// Reads what a client opens with, sans-IO: bytes go in by `push`, and `poll` says what to do.
///
/// It holds at most one request of 10,000 bytes and what was pushed behind it.
#[derive(Debug, Default)]
pub struct Opening {
    buffer: Vec<u8>,
    refused: u32,
    /// The option of libpq for the encryption that was refused last.
    last: Option<&'static str>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read more from the client.
    Read,
    /// Answer `N`, then poll again.
    Refuse,
    /// All is known; the opening is over.
    First(First),
}

/// Why a client got no further than its opening.
#[derive(Debug, Error)]
pub enum ClientError {
    /// It began with a TLS handshake.
    #[error("the client began TLS itself: use sslmode=prefer or disable on this port")]
    BeganTls,
    /// It left when it heard that there is no encryption on this port of the kind that this option of libpq is about.
    #[error(
        "the client closed after it was told that this port speaks clear text: use {0}=prefer or disable"
    )]
    WantsEncryption(&'static str),
    /// It left without a word.
    #[error("the client closed before it sent a request")]
    Silent,
    /// It left in the middle of its request.
    #[error("the client closed in the middle of its first request")]
    CutShort,
    /// It speaks something else.
    #[error("the client does not speak PostgreSQL: it began with \"{}\"", began.escape_ascii())]
    NotPostgres {
        /// Its first bytes.
        began: Vec<u8>,
    },
    /// It speaks a version of the protocol that no server has spoken for long.
    #[error(
        "the client speaks version {major}.{minor} of PostgreSQL's protocol: only version 3 is passed on"
    )]
    Version {
        /// The number before the point of the version.
        major: u32,
        /// The number behind the point of the version.
        minor: u32,
    },
    /// It goes on asking for encryption.
    #[error("the client asked for encryption again and again")]
    Insists,
    /// It did not send a whole request in time.
    #[error("the client sent no complete request within {}", Time(*after))]
    TimedOut {
        /// How long it was given.
        after: Duration,
    },
    /// Its socket broke.
    #[error("client: {}", reason(source))]
    Io {
        /// What the system said.
        source: io::Error,
    },
}

/// Leads a client to its first message for the server.
///
/// A protocol error is told to the client before it is returned, where it can understand the answer. Cancelling loses
/// what was read: the client's leg is of no use afterwards.
pub async fn negotiate_client(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    deadline: Deadline,
) -> Result<First, ClientError> {
    let after = deadline.given();
    let result = timeout_at(deadline.at(), negotiate(client)).await;
    let result = result.unwrap_or(Err(ClientError::TimedOut { after }));
    if let Err(error @ ClientError::Version { .. }) = &result {
        let answer = error_response(PROTOCOL_VIOLATION, &error.to_string());
        // A few bytes into an empty socket; where even they do not fit, the error stands all the same.
        let _ = client.write_all(&answer).await;
    }
    result
}

async fn negotiate(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> Result<First, ClientError> {
    let mut opening = Opening::default();
    let mut chunk = [0; 1024];
    loop {
        match opening.poll()? {
            Step::First(first) => return Ok(first),
            Step::Refuse => {
                let sent = client.write_all(b"N").await;
                sent.map_err(|error| opening.broken(error))?;
            }
            Step::Read => match client.read(&mut chunk).await {
                Ok(0) => return Err(opening.ended()),
                Ok(count) => opening.push(&chunk[..count]),
                Err(error) => return Err(opening.broken(error)),
            },
        }
    }
}

// === impl Opening ===

impl Opening {
    /// The longest message that PostgreSQL's server reads before it knows the client, its length included.
    const LONGEST: u32 = 10_004;
    /// libpq asks once for each kind of encryption.
    const MOST_REFUSALS: u32 = 4;
    const SSL: u32 = (1234 << 16) + 5679;
    const GSS: u32 = (1234 << 16) + 5680;
    const CANCEL: u32 = (1234 << 16) + 5678;
    /// The first byte of a TLS record with a handshake.
    const HANDSHAKE: u8 = 0x16;

    /// Takes bytes from the client.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Says what to do. After an error or a `First`, the opening is over.
    pub fn poll(&mut self) -> Result<Step, ClientError> {
        match self.buffer.first() {
            None => return Ok(Step::Read),
            Some(&Self::HANDSHAKE) => return Err(ClientError::BeganTls),
            Some(0) => {}
            Some(_) => return Err(self.not_postgres()),
        }
        let Some(length) = number(&self.buffer) else {
            return Ok(Step::Read);
        };
        if !(8..=Self::LONGEST).contains(&length) {
            return Err(self.not_postgres());
        }
        let Some(code) = number(&self.buffer[4..]) else {
            return Ok(Step::Read);
        };
        match (code, length) {
            (Self::SSL, 8) => self.refuse("sslmode"),
            (Self::GSS, 8) => self.refuse("gssencmode"),
            // The key was four bytes long once, and is up to 256 since version 3.2 of the protocol.
            (Self::CANCEL, 13..=268) => Ok(self.first(length as usize, true)),
            (Self::SSL | Self::GSS | Self::CANCEL, _) => Err(self.not_postgres()),
            (code, _) if code >> 16 == 3 => Ok(self.first(length as usize, false)),
            (code, _) => Err(ClientError::Version {
                major: code >> 16,
                minor: code & 0xffff,
            }),
        }
    }

    /// What it means that the client sends no more.
    #[must_use]
    pub fn ended(&self) -> ClientError {
        match self.last {
            _ if !self.buffer.is_empty() => ClientError::CutShort,
            None => ClientError::Silent,
            Some(option) => ClientError::WantsEncryption(option),
        }
    }

    /// What it means that the client's socket broke: some clients leave like that.
    fn broken(&self, source: io::Error) -> ClientError {
        let left = matches!(
            source.kind(),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
        );
        match self.last {
            Some(_) if left => self.ended(),
            _ => ClientError::Io { source },
        }
    }

    fn refuse(&mut self, option: &'static str) -> Result<Step, ClientError> {
        if self.refused == Self::MOST_REFUSALS {
            return Err(ClientError::Insists);
        }
        self.refused += 1;
        self.last = Some(option);
        self.buffer.drain(..8);
        Ok(Step::Refuse)
    }

    /// The first message, once it is whole.
    fn first(&mut self, length: usize, cancel: bool) -> Step {
        if self.buffer.len() < length {
            return Step::Read;
        }
        let rest = self.buffer.split_off(length);
        Step::First(First {
            bytes: std::mem::take(&mut self.buffer),
            rest,
            cancel,
        })
    }

    fn not_postgres(&self) -> ClientError {
        let began = self.buffer.iter().take(8).copied().collect();
        ClientError::NotPostgres { began }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
