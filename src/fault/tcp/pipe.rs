//! The segments of a virtual sender that are under way, and what its window is told of them, in the order of time.
//!
//! ```text
//!  send ──► flights (acknowledged at)  ──settle──► window: grows
//!           cuts (found at)            ──settle──► window: halves, collapses
//! ```

use std::collections::VecDeque;

use super::window::{Use, Window};

/// The segments under way of a sender with a congestion window.
#[derive(Debug)]
pub(super) struct Pipe {
    window: Window,
    /// In the order of their acknowledgement. Bound: the window, since a segment is sent only into a free place of it.
    flights: VecDeque<Flight>,
    out: u32,
    /// What cuts the window, in order. Bound: two for each lost segment under way.
    cuts: VecDeque<(u64, Cut)>,
    last_sent: u64,
    /// How the window was used when the segment was sent that is sent now.
    usage: Use,
}

/// Segments that are acknowledged at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) at: u64,
    pub(super) segments: u32,
    usage: Use,
    grows: bool,
}

/// What a loss does to the window.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Half,
    One { known: bool },
}

// === impl Pipe ===

impl Pipe {
    pub(super) fn new(now: u64) -> Self {
        Self {
            window: Window::new(),
            flights: VecDeque::new(),
            out: 0,
            cuts: VecDeque::new(),
            last_sent: now,
            usage: Use {
                out: 0,
                full: false,
            },
        }
    }

    pub(super) fn window(&self) -> u32 {
        self.window.segments()
    }

    pub(super) fn last_sent(&self) -> u64 {
        self.last_sent
    }

    /// How many segments the window lets go behind the one that is being sent, before more is acknowledged.
    pub(super) fn room(&self) -> u32 {
        self.window.segments().saturating_sub(self.out + 1)
    }

    /// What is under way before the one that is being sent: each segment that is acknowledged lets one more go.
    pub(super) fn flights(&self) -> impl Iterator<Item = &Flight> {
        self.flights.iter()
    }

    /// Sends the next segment, which is there from `ready` on, and returns when: once the window has a place for it.
    pub(super) fn send(&mut self, ready: u64, timeout: u64) -> u64 {
        let mut at = ready.max(self.last_sent);
        let mut waited = false;
        self.settle(at);
        while self.out >= self.window.segments()
            && let Some(flight) = self.flights.front()
        {
            waited = true;
            at = at.max(flight.at);
            self.settle(at);
        }
        if self.out == 0 && !waited {
            self.window
                .rested(at.saturating_sub(self.last_sent), timeout);
        }
        let out = self.out + 1;
        let full = waited || out >= self.window.segments();
        self.usage = Use { out, full };
        self.window.sent(self.usage, at, timeout);
        self.last_sent = at;
        at
    }

    /// The segment that was sent last is acknowledged at `at`; the window grows by it unless a loss is being repaired.
    pub(super) fn fly(&mut self, at: u64, grows: bool) {
        self.out += 1;
        let usage = self.usage;
        let in_order = self.flights.back().is_none_or(|last| last.at <= at);
        let place = if in_order {
            self.flights.len()
        } else {
            self.flights.partition_point(|flight| flight.at <= at)
        };
        if let Some(flight) = place.checked_sub(1).map(|last| &mut self.flights[last])
            && flight.at == at
            && flight.grows == grows
        {
            flight.segments += 1;
            flight.usage.out = flight.usage.out.max(usage.out);
            flight.usage.full |= usage.full;
            return;
        }
        let flight = Flight {
            at,
            segments: 1,
            usage,
            grows,
        };
        self.flights.insert(place, flight);
    }

    /// Cuts the window at that time.
    pub(super) fn cut(&mut self, at: u64, cut: Cut) {
        let place = self.cuts.partition_point(|(other, _)| *other <= at);
        self.cuts.insert(place, (at, cut));
    }

    /// Nothing that is under way is acknowledged later than `latest`: the round trip changed.
    pub(super) fn hasten(&mut self, latest: u64) {
        for flight in &mut self.flights {
            flight.at = flight.at.min(latest);
        }
        for (at, _) in &mut self.cuts {
            *at = (*at).min(latest);
        }
    }

    /// Lets the window hear what comes until then.
    fn settle(&mut self, until: u64) {
        loop {
            let flight = self.flights.front().map_or(u64::MAX, |flight| flight.at);
            let cut = self.cuts.front().map_or(u64::MAX, |(at, _)| *at);
            if flight.min(cut) > until {
                return;
            }
            if cut <= flight {
                match self.cuts.pop_front() {
                    Some((_, Cut::Half)) => self.window.halve(),
                    Some((_, Cut::One { known })) => self.window.collapse(known),
                    None => return,
                }
            } else if let Some(flight) = self.flights.pop_front() {
                self.out -= flight.segments;
                if flight.grows {
                    self.window.acknowledged(flight.segments, flight.usage);
                }
            } else {
                return;
            }
        }
    }
}
