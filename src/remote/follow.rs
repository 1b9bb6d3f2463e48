//! Follows one engine elsewhere: what it shows and tells goes to the board, and where it is lost it is tried again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, StatusCode};
use futures_util::StreamExt as _;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::backoff::Backoff;
use super::board::{Board, Greeting};
use super::http::{Caller, Line, PATIENCE};
use super::toxiproxy::Toxiproxy;
use super::who::who;
use crate::desk::{Program, Why};
use crate::snapshot::Author;
use crate::wire::{API, Frame, Hello, Picture};

/// An engine that has nothing to tell says so each second: one that says nothing for so long is lost.
const SILENCE: Duration = Duration::from_secs(3);

/// What is asked of an engine: the busiest thousand of its connections, and what happens.
const STREAM: &str = "/faultboard/v1/stream?conns=1000&events=on";

/// No frame is longer, in bytes.
const LONGEST: usize = 64 << 20;

/// One who follows an engine.
pub(super) struct Follower {
    pub(super) board: Arc<Board>,
    pub(super) place: usize,
    pub(super) caller: Caller,
    pub(super) author: Author,
    /// Its user wants it to be tried now.
    pub(super) hurry: Arc<Notify>,
    /// Who follows it where it is a toxiproxy server.
    pub(super) toxiproxy: Arc<Toxiproxy>,
}

/// The lines of an answer, as they come.
struct Lines {
    body: BodyDataStream,
    bytes: Vec<u8>,
    /// How many of them were looked at for the end of a line.
    looked_at: usize,
    /// The connection goes with it.
    _line: Line,
}

// === impl Follower ===

impl Follower {
    /// Follows it until nobody wants that any more: the caller drops this.
    pub(super) async fn run(self) -> Infallible {
        let mut backoff = Backoff::default();
        loop {
            let Err(why) = self.follow(&mut backoff).await;
            let wait = backoff.next();
            self.board.lose(self.place, why, Some(wait));
            // Cancel-safe: both only wait.
            tokio::select! {
                () = sleep(wait) => {}
                () = self.hurry.notified() => {}
            }
            self.board.lose(self.place, why, None);
        }
    }

    /// Follows it until it is lost; says why it is.
    async fn follow(&self, backoff: &mut Backoff) -> Result<Infallible, Why> {
        let who = who(&self.caller).await.map_err(|error| error.why())?;
        if who.program == Program::Toxiproxy {
            return self.toxiproxy.follow(&who.version, backoff).await;
        }
        let mut lines = self.open().await?;
        let Frame::Hello(hello) = lines.frame().await? else {
            return Err(Why::OtherVersion);
        };
        if hello.api != API {
            return Err(Why::OtherVersion);
        }
        let mut picture = Picture::default();
        let mut is_known = false;
        loop {
            let frame = lines.frame().await?;
            match frame {
                Frame::Event(event) => {
                    self.board.tell(self.place, event);
                    continue;
                }
                Frame::Lost {
                    events: lost @ 1.., ..
                } => self.board.lost(self.place, lost),
                Frame::Others(ref others) => self.board.others(self.place, others.len()),
                Frame::Bye(_) => return Err(Why::Ended),
                _ => {}
            }
            // Where frames are missing the next whole one comes by itself.
            let is_news = picture.take(frame).unwrap_or(false);
            if is_news && picture.is_whole() {
                let snapshot = picture.snapshot();
                if std::mem::replace(&mut is_known, true) {
                    self.board.show(self.place, snapshot);
                } else {
                    let (greeting, author) = (Greeting::from(&hello), self.called(&hello));
                    self.board.begin(self.place, &greeting, author, snapshot);
                    backoff.reached();
                }
            }
        }
    }

    /// By what name the engine is to know us: our own, unless another one who listens has it.
    fn called(&self, hello: &Hello) -> Author {
        let is_taken = hello
            .others
            .iter()
            .any(|other| other.author == self.author.as_str());
        let own = is_taken.then(|| Author::named(&format!("{} {}", self.author, hello.you)));
        own.flatten().unwrap_or_else(|| self.author.clone())
    }

    async fn open(&self) -> Result<Lines, Why> {
        let opened = async {
            let mut line = self.caller.call().await?;
            let request = self.caller.ask(
                Method::GET,
                STREAM,
                Some(self.author.as_str()),
                String::new(),
            );
            let answer = line.send(request).await?;
            std::io::Result::Ok((line, answer))
        };
        let Ok(Ok((line, answer))) = timeout(PATIENCE, opened).await else {
            return Err(Why::Silent);
        };
        match answer.status() {
            StatusCode::OK => Ok(Lines {
                body: Body::new(answer.into_body()).into_data_stream(),
                bytes: Vec::new(),
                looked_at: 0,
                _line: line,
            }),
            StatusCode::UNAUTHORIZED => Err(Why::Unknown),
            StatusCode::SERVICE_UNAVAILABLE => Err(Why::Full),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Err(Why::OtherVersion),
            _ => Err(Why::Silent),
        }
    }
}

// === impl Lines ===

impl Lines {
    /// The next frame. Cancel-safe: what has come of it stays.
    async fn frame(&mut self) -> Result<Frame, Why> {
        let line = timeout(SILENCE, self.next()).await;
        let line = line.ok().flatten().ok_or(Why::Silent)?;
        Frame::read(&line).map_err(|_| Why::OtherVersion)
    }

    /// The next line; `None` where there is none any more.
    async fn next(&mut self) -> Option<String> {
        loop {
            let mut fresh = self.bytes[self.looked_at..].iter();
            if let Some(end) = fresh.position(|byte| *byte == b'\n') {
                let rest = self.bytes.split_off(self.looked_at + end + 1);
                let line = std::mem::replace(&mut self.bytes, rest);
                self.looked_at = 0;
                return String::from_utf8(line).ok();
            }
            self.looked_at = self.bytes.len();
            let more = self.body.next().await?.ok()?;
            if self.bytes.len() + more.len() > LONGEST {
                return None;
            }
            self.bytes.extend_from_slice(&more);
        }
    }
}
