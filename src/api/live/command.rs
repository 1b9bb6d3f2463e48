//! The words of the console's `:` line, a line each: carried out in their order until one is refused, and answered as without
//! a screen.

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::api::answer::{self, Refusal};
use crate::api::toxiproxy::FIXED;
use crate::api::{Control, Desk};
use crate::command::{Command, Sweeping, Target};
use crate::headless::{self, Answered, Bench, Refused};
use crate::operate::Answer;

/// So many lines one request may have.
const MOST: usize = 1_000;

/// A command in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    command: String,
}

pub(super) async fn command(
    Desk(control): Desk,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let lines = lines(&answer::read(body).await?)?;
    let expected = headers.get(IF_MATCH).map(generation).transpose()?;
    // By itself: a client that goes away meanwhile leaves no change half made.
    let carrying = tokio::spawn(carry_out_all(control, lines, expected));
    carrying.await.unwrap_or_else(|_| {
        let why = "a fault of faultboard's own: its log says more";
        Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, why))
    })
}

/// The lines of a body: text, or JSON with one.
fn lines(body: &Bytes) -> Result<Vec<String>, Refusal> {
    let form = "a command is wanted: set my-db latency 250ms, or {\"command\":\"set my-db latency 250ms\"}";
    let text = str::from_utf8(body).map_err(|_| Refusal::bad(format!("{form}; in UTF-8")))?;
    let text = if text.trim_start().starts_with('{') {
        let asked = serde_json::from_str::<Asked>(text);
        let asked = asked.map_err(|error| Refusal::bad(format!("{form}: {error}")))?;
        asked.command
    } else {
        text.to_owned()
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    match lines.len() {
        0 => Err(Refusal::bad(form)),
        1..=MOST => Ok(lines),
        count => Err(Refusal::bad(format!(
            "{count} commands are too many at once: at most {MOST}"
        ))),
    }
}

/// The generation of a plan that a client has seen last.
fn generation(value: &HeaderValue) -> Result<u64, Refusal> {
    let text = value.to_str().unwrap_or_default().trim_matches('"');
    let why = "If-Match wants the generation of the proxy as the snapshot tells it: \"17\"";
    text.parse().map_err(|_| Refusal::bad(why))
}

async fn carry_out_all(
    control: Control,
    lines: Vec<String>,
    expected: Option<u64>,
) -> Result<Response, Refusal> {
    let (mut told, mut status) = (String::new(), StatusCode::OK);
    let is_one = lines.len() == 1;
    let mut expected = expected;
    for line in lines {
        // Of the first alone: whatever that changes, the next ones know of.
        let expected = expected.take();
        let engine = expected.map_or_else(
            || control.engine.clone(),
            |generation| control.engine.at(generation),
        );
        let bench = Bench::of(&engine, control.author.clone());
        let read = match headless::read(&line) {
            Ok(command) if expected.is_some() && subject(&command).is_none() => {
                let why = "If-Match goes with commands that are about one proxy";
                Err((StatusCode::BAD_REQUEST, Refused::of_the_whole(why)))
            }
            Ok(command) => control.allows(&command).map(|()| command),
            Err(refused) => Err((StatusCode::UNPROCESSABLE_ENTITY, refused)),
        };
        let read = read.map_err(|(refused_with, refused)| {
            status = refused_with;
            refused
        });
        let answered = headless::carried(&bench, &line, read).await;
        if let Err(refused) = &answered.outcome
            && status == StatusCode::OK
        {
            status = if refused.is_late {
                StatusCode::CONFLICT
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
        }
        told += &control.told_of(&answered);
        if status != StatusCode::OK {
            break;
        }
    }
    let form = if is_one {
        "application/json"
    } else {
        "application/x-ndjson"
    };
    Ok((status, [(CONTENT_TYPE, form)], told).into_response())
}

/// The proxy that a command is about alone.
fn subject(command: &Command) -> Option<&str> {
    match command {
        Command::Remove(name)
        | Command::Rename(name, _)
        | Command::Port(name, _)
        | Command::Off(name)
        | Command::Repoint(name, _)
        | Command::Sweep(name, _) => Some(name),
        command => match command.target()? {
            Target::Proxy(name) => Some(name),
            Target::All => None,
        },
    }
}

// === impl Control ===

impl Control {
    /// Whether a command may come from elsewhere.
    fn allows(&self, command: &Command) -> Result<(), (StatusCode, Refused)> {
        let no = |error: &str| Err((StatusCode::FORBIDDEN, Refused::of_the_whole(error)));
        match command {
            Command::Add(mapping, _) => {
                let judged = self.may_add().and_then(|()| self.may_listen(mapping));
                judged.map_err(|refusal| (refusal.status, Refused::of_the_whole(&refusal.error)))
            }
            Command::Remove(_) | Command::Rename(..) | Command::Repoint(..) if self.parts.fixed => {
                no(FIXED)
            }
            Command::Quit => no("a desk is ended where it runs"),
            Command::SaveTape(_) | Command::Sweep(_, Sweeping::Save(_)) => no(
                "no file is written for who asks from elsewhere: what is asked for comes in answers",
            ),
            Command::Facts(_) => no("facts are told on standard output alone"),
            _ => Ok(()),
        }
    }

    /// The line of an answer, with what only a program needs beside what is printed.
    fn told_of(&self, answered: &Answered) -> String {
        let line = headless::line(self.engine.now(), answered);
        let more = match &answered.outcome {
            Ok(Answer::Added { proxy, .. }) => {
                let id = self.engine.find(proxy);
                id.map(|id| format!(",\"id\":{}", id.0))
            }
            Ok(Answer::Sweeping(curve) | Answer::Swept(curve)) => {
                let curve = serde_json::to_string(&**curve).ok();
                curve.map(|curve| format!(",\"curve\":{curve}"))
            }
            _ => None,
        };
        match more {
            Some(more) => {
                let open = line.trim_end().strip_suffix('}').unwrap_or(&line);
                format!("{open}{more}}}\n")
            }
            None => line,
        }
    }
}
