//! Who may ask what: pages of a browser never, other machines with a token, and changes only where they are allowed.
//!
//! What a request may do is as much as a shell in the network could: open a port that leads to any host. So what a web page can
//! have a browser send is refused by each of its marks, also on loopback, where the page's reader is: the agent, `Origin`,
//! `Sec-Fetch-Site`, and a `Host` that a stranger can own ("DNS rebinding"). `Sec-Fetch-Mode` alone is no such mark: the `fetch`
//! of Node sends it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, USER_AGENT};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::answer::{Refusal, request_id};
use super::options::{ApiArgs, Tokens};
use crate::wire::Role;

/// What the agents of browsers begin with; toxiproxy refuses them in these words.
const BROWSER: &str = "Mozilla/";
const BROWSER_REFUSED: &str = "User agent not allowed\n";

/// Ends of names that nobody can own: they are of this machine, of a cluster or of a home.
const LOCAL_NAMES: [&str; 7] = [
    ".localhost",
    ".local",
    ".internal",
    ".test",
    ".svc",
    ".svc.cluster.local",
    ".home.arpa",
];

/// Who reaches the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// This machine alone.
    Local,
    /// Other machines, with a token.
    WithToken,
    /// Other machines, as it was asked for.
    Open,
}

/// What is asked of requests.
pub(super) struct Access {
    reach: Reach,
    tokens: Tokens,
    /// Names that are allowed beside the local ones.
    hosts: Vec<String>,
    read_only: bool,
}

/// Admits a request, or refuses it.
pub(super) async fn admit(
    State(access): State<Arc<Access>>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut response = match access.judge(&request) {
        Err(refused) => refused,
        Ok(role) => {
            request.extensions_mut().insert(role);
            next.run(request).await
        }
    };
    let id = request_id();
    response.headers_mut().insert("x-toxiproxy-request-id", id);
    response
}

// === impl Access ===

impl Access {
    pub(super) fn new(reach: Reach, tokens: Tokens, args: &ApiArgs) -> Self {
        Self {
            reach,
            tokens,
            hosts: args.api_host.iter().map(|name| bare_name(name)).collect(),
            read_only: args.api_read_only,
        }
    }

    /// What whoever sends a request may do, or the answer to one that is not admitted.
    #[expect(clippy::result_large_err, reason = "it is the answer")]
    fn judge(&self, request: &Request) -> Result<Role, Response> {
        let headers = request.headers();
        let agent = headers.get(USER_AGENT).map(HeaderValue::as_bytes);
        if agent.is_some_and(|agent| agent.starts_with(BROWSER.as_bytes())) {
            return Err((StatusCode::FORBIDDEN, BROWSER_REFUSED).into_response());
        }
        let judged = no_page(headers)
            .and_then(|()| self.host(request.uri(), headers, request.version()))
            .and_then(|()| self.may(request.method(), headers));
        judged.map_err(IntoResponse::into_response)
    }

    /// Whether the name by which we are asked is one that no stranger can have.
    fn host(&self, uri: &Uri, headers: &HeaderMap, version: Version) -> Result<(), Refusal> {
        if self.reach == Reach::WithToken {
            return Ok(());
        }
        let mut given = Vec::new();
        for host in headers.get_all(HOST) {
            let host = host.to_str();
            given.push(host.map_err(|_| forbidden("the host is no name"))?);
        }
        given.extend(uri.authority().map(Authority::as_str));
        if given.is_empty() && version == Version::HTTP_11 {
            return Err(Refusal::bad("missing required Host header"));
        }
        match given.into_iter().find(|host| !self.knows(host)) {
            None => Ok(()),
            Some(host) => {
                let name = bare_name(host);
                Err(forbidden(&format!(
                    "host \"{name}\" is not known here: start with --api-host {name}"
                )))
            }
        }
    }

    fn knows(&self, host: &str) -> bool {
        let name = bare_name(host);
        let is_local = name.parse::<IpAddr>().is_ok()
            || !name.contains(['.', ':', '@']) && !name.is_empty()
            || LOCAL_NAMES.iter().any(|end| name.ends_with(end));
        is_local || self.hosts.contains(&name)
    }

    /// What a token that the request carries, or none, allows; an error where that is not what it asks.
    fn may(&self, method: &Method, headers: &HeaderMap) -> Result<Role, Refusal> {
        let changes = ![Method::GET, Method::HEAD].contains(method);
        if self.read_only && changes {
            return Err(forbidden("this API is read-only"));
        }
        let most = if self.read_only {
            Role::Viewer
        } else {
            Role::Operator
        };
        let Some(operator) = &self.tokens.operator else {
            return Ok(most);
        };
        if self.reach == Reach::Open {
            return Ok(most);
        }
        let given = headers
            .get_all(AUTHORIZATION)
            .iter()
            .find_map(|value| token(value.as_bytes()));
        let is = |token: &str| {
            given
                .as_deref()
                .is_some_and(|given| bool::from(given.ct_eq(token.as_bytes())))
        };
        if is(operator) {
            return Ok(most);
        }
        if !self.tokens.viewer.as_deref().is_some_and(is) {
            let error = "a token is asked for: Authorization: Bearer TOKEN, or http://x:TOKEN@HOST";
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, error));
        }
        if changes {
            return Err(forbidden("this token only reads"));
        }
        Ok(Role::Viewer)
    }
}

fn forbidden(error: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, error)
}

/// Refuses what a page has a browser send.
fn no_page(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(ORIGIN) {
        return Err(forbidden("no web page may ask: leave Origin out"));
    }
    let mut sites = headers.get_all("sec-fetch-site").iter();
    if sites.any(|site| [&b"cross-site"[..], b"same-site"].contains(&site.as_bytes())) {
        return Err(forbidden("no web page may ask: leave Sec-Fetch-Site out"));
    }
    Ok(())
}

/// A host without its port, brackets and last dot, in lower case.
fn bare_name(host: &str) -> String {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, _)) => v6,
        None if host.matches(':').count() == 1 => host.split(':').next().unwrap_or(host),
        None => host,
    };
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The token of `Bearer TOKEN`, or the password of `Basic`.
fn token(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_at_checked(value.iter().position(|byte| *byte == b' ')?)?;
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Some(rest.to_vec());
    }
    let is_basic = scheme.eq_ignore_ascii_case(b"basic");
    let pair = is_basic.then(|| STANDARD.decode(rest).ok())??;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
