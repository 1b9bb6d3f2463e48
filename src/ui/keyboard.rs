//! The terminal's events, for as long as there is a terminal.
//!
//! A terminal that is gone (its window closed, its session ended) reads as an endless row of empty reads, and crossterm
//! asks on and on in one call that never returns. So the stream looks whether somebody is still there before it asks.

use std::io::{self, IsTerminal};
use std::pin::Pin;
use std::task::{Context, Poll};

use crossterm::event::{Event, EventStream};
use futures_util::Stream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// crossterm's events, ended where the terminal has.
#[derive(Debug)]
pub(super) struct Keyboard {
    events: EventStream,
    /// Whether keys come from standard input. Where that is no terminal, crossterm opens the terminal itself.
    watched: bool,
}

// === impl Keyboard ===

impl Keyboard {
    /// The events of the process's terminal.
    pub(super) fn open() -> Self {
        Self {
            events: EventStream::new(),
            watched: io::stdin().is_terminal(),
        }
    }
}

impl Stream for Keyboard {
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.watched && hung_up() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.events).poll_next(context)
    }
}

/// Whether the terminal of standard input is gone.
fn hung_up() -> bool {
    let stdin = io::stdin();
    let mut asked = [PollFd::new(&stdin, PollFlags::IN)];
    let at_once = Timespec::default();
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    // Interrupted: the next look tells.
    poll(&mut asked, Some(&at_once)).is_ok() && asked[0].revents().intersects(gone)
}
