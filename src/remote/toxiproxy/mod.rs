//! A toxiproxy server as an engine of the desk: asked for its proxies twice a second, turned toxic by toxic.
//!
//! What it does not tell is not made up: connections, bytes and waits are unknown, and whoever changed something is somebody. A
//! toxic that is no fault of ours is shown by its name, and left alone.

mod change;
mod told;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::sleep;

use self::told::{Proxy, Seen};
use super::backoff::Backoff;
use super::board::{Board, Greeting};
use super::http::Questions;
use super::words::Call;
use crate::desk::{Program, Why};
use crate::request::RequestError;
use crate::snapshot::{Author, Snapshot};

/// How often it is asked: one answer has all of its state.
const BEAT: Duration = Duration::from_millis(500);

/// A toxiproxy server, as who follows it and who changes it know it.
pub(super) struct Toxiproxy {
    board: Arc<Board>,
    place: usize,
    /// Whoever asks has it meanwhile, so that a change and what it came to are not seen as somebody else's.
    server: Mutex<Server>,
}

/// What is asked, and what it has told.
struct Server {
    questions: Questions,
    seen: Seen,
    version: String,
    /// Whether it was told of since it is in contact.
    is_begun: bool,
}

// === impl Toxiproxy ===

impl Toxiproxy {
    pub(super) fn new(board: Arc<Board>, place: usize, questions: Questions) -> Self {
        let server = Server {
            questions,
            seen: Seen::default(),
            version: String::new(),
            is_begun: false,
        };
        Self {
            board,
            place,
            server: Mutex::new(server),
        }
    }

    /// Follows it until it is lost; says why it is.
    pub(super) async fn follow(
        &self,
        version: &str,
        backoff: &mut Backoff,
    ) -> Result<Infallible, Why> {
        {
            let mut server = self.server.lock().await;
            version.clone_into(&mut server.version);
            server.is_begun = false;
        }
        loop {
            let mut server = self.server.lock().await;
            self.look(&mut server, &somebody())
                .await
                .map_err(|error| match error {
                    RequestError::Refused(_) => Why::Stranger,
                    _ => Why::Silent,
                })?;
            drop(server);
            backoff.reached();
            sleep(BEAT).await;
        }
    }

    /// Asks for all of its proxies, and shows and tells what became of them, as `by` this author.
    async fn look(&self, server: &mut Server, by: &Author) -> Result<(), RequestError> {
        let all = server.get("/proxies").await?;
        let proxies: BTreeMap<String, Proxy> = serde_json::from_value(all)
            .map_err(|_| RequestError::Refused("its proxies cannot be read".to_owned()))?;
        let now = self.board.now();
        let events = server.seen.take(proxies, now, by);
        let snapshot = Snapshot {
            at: now,
            proxies: server.seen.rows(),
            ..Snapshot::default()
        };
        if std::mem::replace(&mut server.is_begun, true) {
            self.board.show(self.place, snapshot);
        } else {
            let greeting = Greeting {
                program: Program::Toxiproxy,
                version: &server.version,
                // It does not tell whether it is the same.
                run: Program::Toxiproxy.name(),
                seed: None,
                told: now,
                others: 0,
                is_viewer: false,
            };
            let author = self.board.author(self.place);
            self.board.begin(self.place, &greeting, author, snapshot);
        }
        for event in events {
            self.board.tell(self.place, event);
        }
        Ok(())
    }
}

// === impl Server ===

impl Server {
    async fn get(&mut self, path: &str) -> Result<Value, RequestError> {
        self.ask(Method::GET, path, Value::Null).await
    }

    /// Asks, and returns what it answers; what it refuses is an error in its words.
    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Value, RequestError> {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let path = path.to_owned();
        let call = Call { method, path, body };
        let (status, body) = self.questions.answer(&call, None).await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
        // Before 2.1 an error was a title.
        let mut words = ["error", "title"].into_iter();
        let error = words.find_map(|name| answer.get(name)?.as_str());
        let error = error.map_or_else(|| status.to_string(), str::to_owned);
        let name = Program::Toxiproxy.name();
        Err(match status {
            StatusCode::NOT_FOUND if error == status.to_string() => {
                RequestError::Refused(format!("{name} knows no {}", call.path))
            }
            _ => RequestError::Refused(format!("{name} refuses: {error}")),
        })
    }
}

/// Who has changed what did not change from here.
fn somebody() -> Author {
    Author::named("somebody").unwrap_or(Author::CONSOLE)
}
