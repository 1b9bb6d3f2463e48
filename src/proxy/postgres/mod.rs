//! PostgreSQL's way to TLS, between a client that speaks clear text and a server that wants TLS.
//!
//! ```text
//!   client                     faultboard                        server
//!     │  SSLRequest, GSSENCRequest  │                              │
//!     │ ──────────────────────────► │                              │
//!     │ ◄──────────────────────── N │   client.rs                  │
//!     │  StartupMessage             │   SSLRequest                 │
//!     │ ──────────────────────────► │ ───────────────────────────► │
//!     │                             │ ◄─────────────────────────── S   server.rs
//!     │                             │ ◄══════════ TLS ═══════════► │
//!     │ ◄────── without -PLUS ───── │ ◄─── AuthenticationSASL ──── │   sasl.rs
//!     │ ◄───────────────────── bytes as they are ────────────────► │
//! ```
//!
//! The three parts are sans-IO where there is anything to decide. Clear text never goes to a server that refuses TLS, and
//! what happens after authentication is not looked at.

mod client;
mod sasl;
mod server;

pub use self::client::{ClientError, First, Opening, Step, negotiate_client};
pub use self::sasl::SaslFilter;
pub(super) use self::server::secure;
use crate::proxy::tls::TlsError;

/// What the client of a `psqls` mapping is told when TLS with its server failed: a PostgreSQL ErrorResponse, or the
/// server's own error. A client that sent a CancelRequest expects no answer.
#[must_use]
pub fn reply(error: &TlsError) -> Vec<u8> {
    match error {
        TlsError::ServerError { bytes, .. } => bytes.clone(),
        TlsError::NotOffered(_) | TlsError::ChannelBinding(_) => {
            error_response(PROTOCOL_VIOLATION, &error.to_string())
        }
        _ => error_response(CONNECTION_FAILURE, &error.to_string()),
    }
}

const PROTOCOL_VIOLATION: &str = "08P01";
const CONNECTION_FAILURE: &str = "08006";

/// A fatal ErrorResponse that says who speaks.
fn error_response(code: &str, message: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, value) in [(b'S', "FATAL"), (b'V', "FATAL"), (b'C', code)] {
        body.push(field);
        body.extend_from_slice(value.as_bytes());
        body.push(0);
    }
    body.extend_from_slice(b"Mfaultboard: ");
    body.extend(message.bytes().filter(|byte| *byte != 0));
    body.extend_from_slice(&[0, 0]);
    framed(b'E', &body)
}

/// A message of this type: its length, which counts itself but not the type, stands before the body.
fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&[kind], &length.to_be_bytes()[..], body].concat()
}

/// A big-endian number at the beginning of `bytes`, once it is there.
fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().copied().map(u32::from_be_bytes)
}
