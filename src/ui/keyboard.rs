//! The terminal's events, for as long as there is a terminal.
//!
//! A terminal that is gone (its window closed, its session ended) reads as an endless row of empty reads, and crossterm
//! asks on and on in one call that never returns. So the stream looks whether somebody is still there before it asks.
//!
//! crossterm is asked only when it has said that there is something: a thread of its own waits for that with its lock held, and
//! to try that lock costs a few `sched_yield`. Where all processors are busy, each of them is some milliseconds.
//!
//! What was typed while the terminal was asked about itself comes first. Its answer about the background, where it comes
//! late, would be keys to crossterm: it is taken out and told.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crossterm::event::{Event, EventStream, KeyCode, KeyModifiers};
use futures_util::stream::{self, SelectAll};
use futures_util::{Stream, StreamExt};
use tokio::sync::oneshot;

use super::ask::{self, Answers};
use super::theme::Ground;
use super::tty;

/// How an answer about the background begins and goes on.
const BEGIN: &str = "11;rgb";

/// crossterm's events, ended where the terminal has.
#[derive(Debug)]
pub(super) struct Keyboard {
    events: SelectAll<EventStream>,
    /// What comes before them.
    first: VecDeque<Event>,
    /// Whether keys come from standard input. Where that is no terminal, crossterm opens the terminal itself.
    watched: bool,
    /// Who is told of an answer that is late, and what may be its beginning.
    late: Option<(oneshot::Sender<Ground>, Answer)>,
}

/// What may be an answer about the background, as keys.
#[derive(Debug, Default)]
struct Answer {
    keys: Vec<Event>,
    text: String,
}

/// What becomes of a key while an answer may come.
#[derive(Debug, PartialEq)]
enum Heard {
    /// It may belong to an answer.
    Part,
    /// It ends one.
    Whole(Option<Ground>),
    /// These are keys, this one the last of them.
    Keys(Vec<Event>),
}

// === impl Keyboard ===

impl Keyboard {
    /// The events of the process's terminal, and its background where it says so late.
    pub(super) fn open(answers: Answers) -> (Self, impl Stream<Item = Ground> + use<>) {
        // One answer, and nobody waits for room.
        let (tell, told) = oneshot::channel();
        let keyboard = Self {
            // Of one stream: it polls those that were woken, and no others.
            events: stream::select_all([EventStream::new()]),
            first: answers.typed.into(),
            watched: io::stdin().is_terminal(),
            late: answers.is_late.then(|| (tell, Answer::default())),
        };
        let told = stream::once(told).filter_map(async |told| told.ok());
        (keyboard, told)
    }

    /// A key of crossterm's goes to those that are given on, or belongs to an answer.
    fn sift(&mut self, key: Event) {
        let Some((tell, mut answer)) = self.late.take() else {
            return self.first.push_back(key);
        };
        match answer.hear(key) {
            Heard::Whole(ground) => {
                // Nobody is there to be told where the console has left.
                let _ = ground.map(|ground| tell.send(ground));
                return;
            }
            Heard::Keys(keys) => self.first.extend(keys),
            Heard::Part => {}
        }
        self.late = Some((tell, answer));
    }
}

impl Stream for Keyboard {
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.first.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if self.watched && tty::gone() {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.events).poll_next(context)) {
                Some(Ok(event)) => self.sift(event),
                other => return Poll::Ready(other),
            }
        }
    }
}

// === impl Answer ===

impl Answer {
    /// Takes a key: Alt-] begins an answer, Ctrl-G or Alt-\ ends it.
    fn hear(&mut self, event: Event) -> Heard {
        let begun = !self.keys.is_empty();
        let key = event.as_key_press_event();
        let key = key.map(|key| (key.code, key.modifiers - KeyModifiers::SHIFT));
        self.keys.push(event);
        match key {
            Some((KeyCode::Char(']'), KeyModifiers::ALT)) if !begun => return Heard::Part,
            Some(
                (KeyCode::Char('g'), KeyModifiers::CONTROL)
                | (KeyCode::Char('\\'), KeyModifiers::ALT),
            ) if self.text.starts_with(BEGIN) => return Heard::Whole(ask::ground(&self.text)),
            Some((KeyCode::Char(letter), KeyModifiers::NONE)) if begun => {
                self.text.push(letter);
                let text = &self.text;
                if BEGIN.starts_with(text) || text.starts_with(BEGIN) && text.len() < 32 {
                    return Heard::Part;
                }
            }
            _ => {}
        }
        self.text.clear();
        Heard::Keys(std::mem::take(&mut self.keys))
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;

    use super::*;

    fn alt(letter: char) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::ALT))
    }

    fn letters(text: &str) -> Vec<Event> {
        let keys = text.chars().map(|letter| KeyCode::Char(letter).into());
        keys.map(Event::Key).collect()
    }

    /// What comes out where these go in.
    fn heard(keys: &[Event]) -> (Vec<Event>, Option<Ground>) {
        let mut answer = Answer::default();
        let (mut out, mut ground) = (Vec::new(), None);
        for key in keys {
            match answer.hear(key.clone()) {
                Heard::Part => {}
                Heard::Whole(found) => ground = found,
                Heard::Keys(keys) => out.extend(keys),
            }
        }
        (out, ground)
    }

    #[test]
    fn a_late_answer_is_no_key() {
        let end = alt('\\');
        let bell = Event::Key(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL));
        for end in [end, bell] {
            let mut keys = vec![alt(']')];
            keys.extend(letters("11;rgb:FFFF/ffff/ffff"));
            keys.push(end);
            assert_eq!(heard(&keys), (vec![], Some(Ground::Light)));
        }
    }

    #[test]
    fn what_only_looks_like_an_answer_is_keys() {
        for text in ["5", "11;x", "1", "11;rgb:0000/0000/0000/0000/0000/0000"] {
            let mut keys = vec![alt(']')];
            keys.extend(letters(text));
            keys.extend(letters("q"));
            assert_eq!(heard(&keys), (keys, None), "{text}");
        }
    }
}
