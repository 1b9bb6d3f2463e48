//! Which program answers at a target, and why none of it is a desk.

use std::io;

use axum::http::StatusCode;
use serde_json::Value;
use thiserror::Error;

use super::http::Caller;
use crate::desk::{Program, Why};
use crate::format::reason;

/// Why there is no desk. Prints as one line.
#[derive(Debug, Error)]
pub enum AttachError {
    /// Nothing answers there.
    #[error("nothing answers on {0}: {1}")]
    Silent(String, String),
    /// The pods are not to be had.
    #[error("{0}: {1}")]
    Pods(String, String),
    /// It asks for a token, or for another one.
    #[error("{0} asks for {which} token: --token-file FILE or FAULTBOARD_TOKEN", which = if *.1 { "another" } else { "a" })]
    Token(String, bool),
    /// It refuses.
    #[error("{0} refuses: {1}")]
    Refused(String, String),
    /// It has as many clients as it takes.
    #[error("{0} refuses: {1}")]
    Full(String, String),
    /// It is neither faultboard nor toxiproxy.
    #[error("what answers on {0} is no desk ({1}): it is neither faultboard nor toxiproxy")]
    Stranger(String, String),
    /// It speaks another version of the interface.
    #[error("{0} is faultboard {1} with version {2} of the interface, this program speaks {ours}", ours = crate::wire::API)]
    OtherVersion(String, String, u64),
}

/// Who answers at a target.
pub(super) struct Who {
    pub(super) program: Program,
    /// The name of its machine, where it tells that.
    pub(super) name: Option<String>,
    pub(super) version: String,
}

/// Asks who answers at a target.
pub(super) async fn who(caller: &Caller) -> Result<Who, AttachError> {
    let shown = || caller.target().to_string();
    let ask = async |path| {
        let asked = caller.get(path).await;
        asked.map_err(|error| unreached(shown(), &error))
    };
    let (status, body) = ask("/faultboard/v1").await?;
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    match status {
        StatusCode::OK if text("name").as_deref() == Some("faultboard") => {
            let api = told.get("api").and_then(Value::as_u64).unwrap_or(0);
            let version = text("version").unwrap_or_default();
            if api != u64::from(crate::wire::API) {
                return Err(AttachError::OtherVersion(shown(), version, api));
            }
            let name = text("host").filter(|host| !host.is_empty());
            let program = Program::Faultboard;
            return Ok(Who {
                program,
                name,
                version,
            });
        }
        StatusCode::UNAUTHORIZED => return Err(AttachError::Token(shown(), caller.has_token())),
        StatusCode::FORBIDDEN | StatusCode::SERVICE_UNAVAILABLE => {
            let why = text("error").unwrap_or_else(|| status.to_string());
            return Err(match status {
                StatusCode::FORBIDDEN => AttachError::Refused(shown(), why),
                _ => AttachError::Full(shown(), why),
            });
        }
        _ => {}
    }
    let (status, body) = ask("/version").await?;
    let version = version(&body).filter(|_| status == StatusCode::OK);
    let version = version.ok_or_else(|| AttachError::Stranger(shown(), status.to_string()))?;
    // Others have a version, too.
    let (status, body) = ask("/proxies").await?;
    let proxies: Value = serde_json::from_slice(&body).unwrap_or_default();
    match status {
        StatusCode::OK if proxies.is_object() => Ok(Who {
            program: Program::Toxiproxy,
            name: None,
            version,
        }),
        _ => Err(AttachError::Stranger(shown(), status.to_string())),
    }
}

/// Why a question had no answer: nobody is there, or no one who speaks HTTP.
fn unreached(target: String, error: &io::Error) -> AttachError {
    let http = error.get_ref();
    let http = http.and_then(|error| error.downcast_ref::<hyper::Error>());
    match http {
        Some(http) if http.is_parse() => {
            AttachError::Stranger(target, "it speaks no HTTP".to_owned())
        }
        Some(http) if http.is_incomplete_message() => {
            let why = "it closes the connection without an answer";
            AttachError::Silent(target, why.to_owned())
        }
        _ => AttachError::Silent(target, reason(error)),
    }
}

/// The version that a toxiproxy server tells: in JSON, or in plain text where it is older than 2.7.
fn version(body: &[u8]) -> Option<String> {
    if let Ok(told) = serde_json::from_slice::<Value>(body)
        && let Some(version) = told.get("version").and_then(Value::as_str)
    {
        return Some(version.to_owned());
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    let is_short = (1..=32).contains(&text.len());
    (is_short && text.chars().all(fits)).then(|| text.to_owned())
}

// === impl AttachError ===

impl AttachError {
    /// Why an engine is out of contact of which this is said when it is tried again.
    pub(super) fn why(&self) -> Why {
        match self {
            Self::Silent(..) | Self::Pods(..) => Why::Silent,
            Self::Token(..) => Why::Unknown,
            Self::Full(..) => Why::Full,
            Self::Refused(..) | Self::Stranger(..) => Why::Stranger,
            Self::OtherVersion(..) => Why::OtherVersion,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_told_in_json_or_in_plain_text() {
        for (body, told) in [
            ("{\"version\": \"2.12.0\"}\n", Some("2.12.0")),
            ("2.1.4", Some("2.1.4")),
            ("git-1a2b3c\n", Some("git-1a2b3c")),
            ("<html>hello</html>", None),
            ("", None),
        ] {
            assert_eq!(version(body.as_bytes()).as_deref(), told, "{body}");
        }
    }
}
