//! Asks one engine elsewhere for what the console wants, one thing after another, over one connection.
//!
//! The queue is bounded, and holds only what was asked while there was contact: a plan that is overtaken by a later one of the
//! same proxy before it was sent is sent as one change with it.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::board::Board;
use super::http::Questions;
use super::toxiproxy::Toxiproxy;
use super::words::{self, Call};
use crate::desk::Program;
use crate::request::{Outcome, Request, RequestError};

/// So many requests wait at most; one more is refused.
pub(super) const QUEUE: usize = 64;

type Answer = oneshot::Sender<Result<Outcome, RequestError>>;

/// A request that waits to be sent.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) answer: Answer,
}

/// One who asks an engine.
pub(super) struct Asker {
    board: Arc<Board>,
    place: usize,
    questions: Questions,
    /// Who does it where a toxiproxy server is asked.
    toxiproxy: Arc<Toxiproxy>,
}

// === impl Asker ===

impl Asker {
    pub(super) fn new(
        board: Arc<Board>,
        place: usize,
        questions: Questions,
        toxiproxy: Arc<Toxiproxy>,
    ) -> Self {
        Self {
            board,
            place,
            questions,
            toxiproxy,
        }
    }

    /// Asks until nobody wants anything any more.
    pub(super) async fn run(mut self, mut asked: mpsc::Receiver<Asked>) {
        let mut queue = VecDeque::new();
        while let Some(first) = asked.recv().await {
            queue.push_back(first);
            loop {
                while let Ok(more) = asked.try_recv() {
                    queue.push_back(more);
                }
                let Some((request, answers)) = next(&mut queue) else {
                    break;
                };
                let result = self.carry_out(request).await;
                tell(answers, result);
            }
        }
    }

    async fn carry_out(&mut self, request: Request) -> Result<Outcome, RequestError> {
        let board = Arc::clone(&self.board);
        let theirs = board.own_request(self.place, &request);
        if board.program(self.place) == Program::Toxiproxy {
            return self.toxiproxy.carry_out(theirs).await;
        }
        let call = words::call(&theirs, |proxy| board.own_name(self.place, proxy))?;
        let answer = match call {
            Some(call) => self.answer(&call).await?,
            None => Value::Null,
        };
        let proxy = |id| board.desk_proxy(self.place, id);
        Ok(words::outcome(&request, &answer, proxy))
    }

    /// Asks, and returns the last object of the answer.
    async fn answer(&mut self, call: &Call) -> Result<Value, RequestError> {
        let author = self.board.author(self.place);
        let answered = self.questions.answer(call, Some(author.as_str())).await;
        let (status, body) = answered?;
        let text = String::from_utf8_lossy(&body);
        let last = text.lines().rfind(|line| !line.trim().is_empty());
        let answer: Value = serde_json::from_str(last.unwrap_or_default()).unwrap_or_default();
        if status == StatusCode::OK {
            return Ok(answer);
        }
        let error = answer.get("error").and_then(Value::as_str);
        let name = &self.questions.name;
        let error = error.map_or_else(|| format!("{name} answers {status}"), str::to_owned);
        Err(RequestError::Refused(error))
    }
}

/// The next request, with those of the same proxy that overtake it: whoever asked for one of them is answered by one.
fn next(queue: &mut VecDeque<Asked>) -> Option<(Request, Vec<Answer>)> {
    let Asked {
        mut request,
        answer,
    } = queue.pop_front()?;
    let mut answers = vec![answer];
    while let Request::SetPlan { proxy, plan, .. } = &mut request
        && let Some(Asked {
            request:
                Request::SetPlan {
                    proxy: other,
                    plan: later,
                    ..
                },
            ..
        }) = queue.front()
        && other == proxy
    {
        plan.clone_from(later);
        answers.extend(queue.pop_front().map(|asked| asked.answer));
    }
    Some((request, answers))
}

fn tell(answers: Vec<Answer>, result: Result<Outcome, RequestError>) {
    let again = |result: &Result<Outcome, RequestError>| match result {
        Ok(outcome) => Ok(outcome.clone()),
        Err(RequestError::NoContact(text)) => Err(RequestError::NoContact(text.clone())),
        Err(error) => Err(RequestError::Refused(error.to_string())),
    };
    let mut answers = answers.into_iter();
    let first = answers.next();
    for answer in answers {
        // Nobody needs to wait for it.
        let _ = answer.send(again(&result));
    }
    if let Some(first) = first {
        let _ = first.send(result);
    }
}
