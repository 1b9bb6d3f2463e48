//! Our own API: everything as it is, what changes as it changes, and the words of the console's `:` line.
//!
//! ```text
//!  GET  /faultboard/v1                     who answers, and what whoever asks may do
//!  GET  /faultboard/v1/snapshot?conns=N    one key frame
//!  GET  /faultboard/v1/stream?conns=N&events=on      frames, a line each, until either side ends
//!  POST /faultboard/v1/command             lines of words, each answered as without a screen
//!  GET  /faultboard/v1/kinds, /presets     the tables
//!  GET  /faultboard/v1/ports/PORT          whether a port could be listened on
//!  PUT  /faultboard/v1/watched             which connection is looked at closely
//!  PUT  /faultboard/v1/connections/ID      what holds for one connection alone
//!  POST /faultboard/v1/kill                ends many connections
//!  PUT  /faultboard/v1/proxies/NAME        another proxy in the place of this one
//!  GET  /faultboard/v1/openapi.json        all of it, and toxiproxy's, for programs
//! ```
//!
//! The design calls three of them `state`, `live` and `commands`; these are the names that came to be. What a console asks by a
//! key is a word of the `:` line wherever there is one; the rest has a path of its own, and takes JSON. Frames are `wire`'s.

mod asks;
mod command;
mod hub;
mod listeners;
mod stream;
mod tables;

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Extension;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde_json::json;

pub(super) use self::listeners::Live;
use super::answer::Refusal;
use super::{Control, Desk, TOXIPROXY};
use crate::proxy::sys;
use crate::wire::{API, Role, Teller};

/// So many connections are told where nothing else is asked for: the busiest.
const CONNS: usize = 1_000;

/// Nobody has more.
const MOST_CONNS: usize = 1_000_000;

/// The document of both APIs.
const DOCUMENT: &str = include_str!("../../../assets/openapi.json");

/// The routes of our own API.
pub(super) fn routes() -> Router<Control> {
    let routes = Router::new()
        .route("/", get(about))
        .route("/snapshot", get(snapshot))
        .route("/stream", get(stream::stream))
        .route("/command", post(command::command))
        .route("/kinds", get(tables::kinds))
        .route("/presets", get(tables::presets))
        .route("/ports/{port}", get(asks::probe))
        .route("/watched", put(asks::watch))
        .route("/connections/{id}", put(asks::own))
        .route("/kill", post(asks::kill))
        .route("/proxies/{name}", put(asks::replace))
        .route("/openapi.json", get(document))
        .method_not_allowed_fallback(other_method)
        .fallback(no_such_path);
    Router::new().nest("/faultboard/v1", routes)
}

async fn about(Desk(control): Desk, Extension(role): Extension<Role>) -> Response {
    let now = control.engine.now();
    let about = json!({
        "name": "faultboard",
        "version": env!("CARGO_PKG_VERSION"),
        "api": API,
        "host": sys::machine(),
        "run": control.parts.live.run(),
        "seed": control.engine.seed(),
        "now": seconds(now),
        "toxiproxy": TOXIPROXY,
        "role": role,
        "fixed": control.parts.fixed,
    });
    super::answer::json(StatusCode::OK, &about)
}

async fn snapshot(Desk(control): Desk, uri: Uri) -> Result<Response, Refusal> {
    let asked = Asked::read(&uri, &["conns"])?;
    let mut teller = Teller::new(asked.conns);
    teller.tell(&*control.engine.snapshot().await);
    Ok(json_text(teller.state()))
}

async fn no_such_path() -> Refusal {
    let why = "no such path: /faultboard/v1/openapi.json says which there are";
    Refusal::new(StatusCode::NOT_FOUND, why)
}

async fn other_method(method: Method) -> Refusal {
    let why = format!("{method} is not for this path: /faultboard/v1/openapi.json says what is");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, why)
}

async fn document() -> Response {
    json_text(DOCUMENT.to_owned())
}

/// What is JSON already.
fn json_text(text: impl Into<Bytes>) -> Response {
    ([(CONTENT_TYPE, "application/json")], text.into()).into_response()
}

fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

/// What stands behind the `?` of a path.
struct Asked {
    conns: usize,
    events: bool,
}

impl Asked {
    /// Reads it; only these names are known there.
    fn read(uri: &Uri, names: &[&str]) -> Result<Self, Refusal> {
        let mut asked = Self {
            conns: CONNS,
            events: false,
        };
        let pairs = uri.query().unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "conns" if names.contains(&name) => {
                    let conns = value.parse().ok().filter(|conns| *conns <= MOST_CONNS);
                    let wrong = || Refusal::bad("conns= wants a number up to 1000000: conns=200");
                    asked.conns = conns.ok_or_else(wrong)?;
                }
                "events" if names.contains(&name) => {
                    asked.events = match value {
                        "on" => true,
                        "off" => false,
                        _ => return Err(Refusal::bad("events= wants on or off: events=on")),
                    };
                }
                _ => {
                    let known = names.join("=, ");
                    return Err(Refusal::bad(format!(
                        "unknown parameter: there is {known}="
                    )));
                }
            }
        }
        Ok(asked)
    }
}
