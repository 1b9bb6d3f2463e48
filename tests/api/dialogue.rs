//! Questions and answers as a text, the way people write down what a server says.

use serde_json::json;

use super::http::{Desk, desk};
use super::support;

impl Desk {
    /// Asks what stands on every other line, `METHOD PATH BODY`, and compares the whole answer with the line behind it:
    /// `STATUS BODY`. An error is its text alone, and `…` behind it is whatever follows.
    pub(crate) async fn says(&self, text: &str) {
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let lines: Vec<_> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        assert!(lines.len().is_multiple_of(2), "a question without answer");
        for pair in lines.chunks(2) {
            let (method, rest) = pair[0].split_once(' ').expect("a method");
            let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
            let (status, wanted) = pair[1].split_once(' ').unwrap_or((pair[1], ""));
            let status: u16 = status.parse().expect("a status");
            let reply = self.ask(method, path, body).await;
            let said = (reply.status, reply.body.as_str());
            if let Some(begin) = wanted.strip_suffix('…') {
                let error = reply.json()["error"].as_str().map(str::to_owned);
                let error = error.unwrap_or_default();
                let begins = error.starts_with(begin) && reply.status == status;
                assert!(begins, "{}: {said:?}", pair[0]);
            } else if status < 400 || wanted.starts_with('{') {
                assert_eq!(said, (status, wanted), "{}", pair[0]);
            } else {
                let error = json!({"error": wanted, "status": status}).to_string();
                assert_eq!(said, (status, &*error), "{}", pair[0]);
            }
        }
    }

    /// The address at which a proxy says that it listens.
    pub(crate) async fn listen(&self, proxy: &str) -> String {
        let reply = self.ask("GET", &format!("/proxies/{proxy}"), "").await;
        let at = reply.json()["listen"].as_str().map(str::to_owned);
        at.expect("an address")
    }
}

/// A desk with the proxy `p` before an echo.
pub(crate) async fn with_proxy() -> Desk {
    let desk = desk().await;
    let upstream = support::echo().await.to_string();
    make(&desk, "p", &upstream).await;
    desk
}

/// Makes a proxy on a free port of its own.
pub(crate) async fn make(desk: &Desk, name: &str, upstream: &str) {
    let body = json!({"name": name, "upstream": upstream, "listen": "127.0.0.1:0"});
    let reply = desk.ask("POST", "/proxies", &body.to_string()).await;
    assert_eq!(reply.status, 201, "{reply:?}");
}
