//! Answers and refusals as bytes: JSON as toxiproxy writes it, and the headers that each answer has.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;

/// No body is longer.
const LONGEST_BODY: usize = 1 << 20;

/// A body has come whole after this long, or is waited for no more.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a request is answered with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: String,
}

/// Reads the body of a request.
pub(super) async fn read(body: Body) -> Result<Bytes, Refusal> {
    let read = timeout(PATIENCE, to_bytes(body, LONGEST_BODY)).await;
    let read = read.map_err(|_| Refusal {
        status: StatusCode::REQUEST_TIMEOUT,
        error: format!(
            "the body has not come whole within {} s",
            PATIENCE.as_secs()
        ),
    })?;
    read.map_err(|error| {
        let too_long = error.into_inner().to_string().contains("length limit");
        if too_long {
            Refusal {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                error: format!("the body is longer than {LONGEST_BODY} bytes"),
            }
        } else {
            Refusal::bad("bad request body: it ended before it was whole")
        }
    })
}

/// An answer in JSON: without blanks, and without what HTML gives a meaning to.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let text = serde_json::to_string(value).expect("what is answered has names for keys");
    // They stand in texts alone.
    let text = text
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    (status, [(CONTENT_TYPE, "application/json")], text).into_response()
}

/// What every answer has beside its own.
pub(super) async fn dressed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A number that no other request has, in 20 characters as toxiproxy writes it.
pub(super) fn request_id() -> HeaderValue {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    static SEED: OnceLock<RandomState> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let seed = SEED.get_or_init(RandomState::new);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let number = u128::from(seed.hash_one(count)) << 64 | u128::from(count);
    let digit = |place: u32| char::from(DIGITS[(number >> (5 * place)) as usize % DIGITS.len()]);
    let text: String = (0..20).map(digit).collect();
    HeaderValue::from_str(&text).expect("digits are of ASCII")
}

// === impl Refusal ===

impl Refusal {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        let error = error.into();
        Self { status, error }
    }

    pub(super) fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, error } = self;
        let body = json!({"error": error, "status": status.as_u16()});
        let mut response = json(status, &body);
        if status == StatusCode::UNAUTHORIZED {
            let ways = HeaderValue::from_static("Basic realm=\"faultboard\", Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, ways);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_of_twenty_digits_and_new_for_each() {
        let ids = [request_id(), request_id()];
        assert_ne!(ids[0], ids[1]);
        for id in ids {
            let id = id.to_str().expect("ASCII").to_owned();
            assert_eq!(id.len(), 20);
            assert!(
                id.bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b)),
                "{id}"
            );
        }
    }

    #[tokio::test]
    async fn what_html_would_read_is_escaped() {
        let refusal = Refusal::bad("<a href=\"b\">&");
        let response = refusal.into_response();
        let body = to_bytes(response.into_body(), 1024).await.expect("a body");
        assert_eq!(
            str::from_utf8(&body),
            Ok(r#"{"error":"\u003ca href=\"b\"\u003e\u0026","status":400}"#)
        );
    }
}
