//! Hides SCRAM with channel binding from a client in clear text.
//!
//! `SCRAM-SHA-256-PLUS` ties the password exchange to the server's TLS, which ends at faultboard. libpq refuses a server
//! that offers it on a clear connection, so it is taken off the list. Nothing else is changed, and once the server has
//! said how it authenticates, nothing is looked at any more.

use tokio::io::ReadBuf;

use super::{framed, number, reply};
use crate::proxy::tls::TlsError;

/// Passes on what the server says until it has said how it authenticates, less the mechanism that cannot work.
///
/// Sans-IO: bytes go in by `push` in any chunks, and come out by `poll_output`. It holds at most one message, of 1 MiB;
/// a server that says more before authentication is refused.
#[derive(Debug)]
pub struct SaslFilter {
    upstream: String,
    /// What may be passed on, from `sent` on.
    output: Vec<u8>,
    sent: usize,
    /// The beginning of a message that is not whole yet.
    held: Vec<u8>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Messages are looked at.
    Watching,
    /// Bytes are passed on as they are.
    Blind,
    /// The stream ends behind the output, and why.
    Refused(TlsError),
}

/// What a message is to the filter.
enum Message {
    /// To be passed on: so many bytes.
    Passing(usize),
    /// The list of mechanisms: so many bytes.
    Mechanisms(usize),
    /// The first that needs no filter, as all behind it.
    Last,
    /// No message of PostgreSQL's protocol, and why not.
    Wrong(&'static str),
}

// === impl SaslFilter ===

impl SaslFilter {
    const LONGEST: usize = 1 << 20;
    const PLUS: &[u8] = b"SCRAM-SHA-256-PLUS";

    /// A filter for the first bytes of this upstream.
    #[must_use]
    pub fn new(upstream: String) -> Self {
        Self {
            upstream,
            output: Vec::new(),
            sent: 0,
            held: Vec::new(),
            state: State::Watching,
        }
    }

    /// Takes bytes from the server. After a refusal they are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        match self.state {
            State::Refused(_) => return,
            State::Watching | State::Blind => self.held.extend_from_slice(bytes),
        }
        while matches!(self.state, State::Watching) && self.step() {}
        if matches!(self.state, State::Blind) {
            self.output.append(&mut self.held);
        }
    }

    /// Takes the end of the server's stream: what is held was all of it.
    pub fn push_eof(&mut self) {
        if !matches!(self.state, State::Refused(_)) {
            self.state = State::Blind;
            self.output.append(&mut self.held);
        }
    }

    /// Moves what may be passed on into `buf`; says whether there was anything.
    pub fn poll_output(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let waiting = &self.output[self.sent..];
        if waiting.is_empty() {
            return false;
        }
        let count = waiting.len().min(buf.remaining());
        buf.put_slice(&waiting[..count]);
        self.sent += count;
        if self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
        }
        true
    }

    /// Whether it holds nothing and changes nothing any more, so that it can be dropped.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Blind) && self.output.is_empty()
    }

    /// Why the server's stream ends here, if it does; the client finds the same in the output.
    #[must_use]
    pub fn refusal(&self) -> Option<&TlsError> {
        match &self.state {
            State::Refused(error) => Some(error),
            State::Watching | State::Blind => None,
        }
    }

    /// Deals with the message at the front of what is held; says whether there may be another to deal with.
    fn step(&mut self) -> bool {
        let Some(message) = classify(&self.held) else {
            return false;
        };
        match message {
            Message::Last => self.state = State::Blind,
            Message::Wrong(why) => self.refuse(TlsError::NotPostgres {
                upstream: self.upstream.clone(),
                why: why.to_owned(),
            }),
            Message::Passing(length) => self.output.extend(self.held.drain(..length)),
            Message::Mechanisms(length) => {
                let message: Vec<u8> = self.held.drain(..length).collect();
                match without_plus(&message) {
                    Some(filtered) => {
                        self.output.extend_from_slice(&filtered);
                        self.state = State::Blind;
                    }
                    None => self.refuse(TlsError::ChannelBinding(self.upstream.clone())),
                }
            }
        }
        true
    }

    fn refuse(&mut self, error: TlsError) {
        self.output.extend_from_slice(&reply(&error));
        self.held = Vec::new();
        self.state = State::Refused(error);
    }
}

/// What the message at the front is; `None` where that is not to be told yet, or where not all of it is here.
fn classify(held: &[u8]) -> Option<Message> {
    let kind = held.first()?;
    if !b"vNR".contains(kind) {
        // An error of a server before version 7.4 has no length.
        return (*kind == b'E' || held.len() >= 5).then_some(Message::Last);
    }
    // The length counts itself, but not the type.
    let length = number(&held[1..])? as usize + 1;
    if length < 5 {
        return Some(Message::Wrong("a message in its answer has no length"));
    }
    if length > SaslFilter::LONGEST {
        let why = "a message before authentication is longer than 1 MiB";
        return Some(Message::Wrong(why));
    }
    let is_whole = held.len() >= length;
    match kind {
        // The first that is about authentication: of a list of mechanisms, or the answer that there is no more to say.
        b'R' if length < 9 || number(&held[5..])? != 10 => Some(Message::Last),
        b'R' => is_whole.then_some(Message::Mechanisms(length)),
        // NegotiateProtocolVersion and notices may come first.
        _ => is_whole.then_some(Message::Passing(length)),
    }
}

/// The message without the mechanism that needs channel binding; `None` if it offered no other.
///
/// The list is zero-terminated names and an empty one. What does not look like that is passed on for the client to judge.
fn without_plus(message: &[u8]) -> Option<Vec<u8>> {
    let (head, list) = message.split_at(9);
    let Some(names) = list.strip_suffix(&[0, 0]) else {
        return Some(message.to_vec());
    };
    let mut kept: Vec<&[u8]> = names.split(|byte| *byte == 0).collect();
    let offered = kept.len();
    kept.retain(|name| *name != SaslFilter::PLUS);
    if kept.len() == offered {
        return Some(message.to_vec());
    }
    if kept.is_empty() {
        return None;
    }
    let body = [&head[5..], &kept.join(&0), &[0, 0]].concat();
    Some(framed(b'R', &body))
}

#[cfg(test)]
#[path = "sasl_tests.rs"]
mod tests;
