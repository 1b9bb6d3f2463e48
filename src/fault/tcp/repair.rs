//! How a sender finds what was lost, sends it again, and what its alarm is set for.

use super::line::Line;
use super::packet::Segment;
use super::sender::Sender;
use super::timer::{MARGIN, MOST_TIMEOUT};

/// Linux: `tcp_reordering`; RFC 5681's three duplicate acknowledgements.
const ENOUGH_BEHIND: u32 = 3;
/// So many copies of one segment may be lost: then Linux gives the connection up (`tcp_retries2`), and this one comes through.
pub(super) const MOST_COPIES: u8 = 15;

/// Whether losses are being repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// None is known.
    Open,
    /// Those that were found by what came through behind them.
    Recovery,
    /// Those of a timeout.
    Loss,
}

/// What a sender's one timer is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// Nothing was acknowledged: RFC 6298.
    Timeout,
    /// Nothing followed the last segments: RFC 8985, 7.
    Probe,
    /// Those behind a segment came, and it may only be late: RFC 8985, 6.2.
    Reordering,
}

/// A tail loss probe that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    /// The number behind the last segment of the tail.
    pub(super) end: u64,
    /// Whether it was a copy of the last segment, and not a new one.
    pub(super) copies: bool,
}

/// The reduction of the window while losses are repaired (RFC 6937).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reduction {
    /// The window before.
    pub(super) from: u32,
    pub(super) delivered: u32,
    pub(super) sent: u32,
}

/// What the window was before a timeout that may be for nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Undo {
    pub(super) at: u64,
    pub(super) window: u32,
    pub(super) threshold: u32,
}

/// What was newly found lost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub(super) segments: u32,
    /// Whether a copy is among them that was sent for a lost one.
    pub(super) copies: bool,
}

// === impl Sender ===

impl Sender {
    /// Finds lost what was sent a round trip and some before the last that came (Linux: `tcp_rack_detect_loss`).
    pub(super) fn detect(&mut self, now: u64) -> Found {
        let mut found = Found::default();
        let Some((sent_last, last, took)) = self.latest else {
            return found;
        };
        // Until three behind it came through, a segment may only be late (RFC 8985, 6.2, step 4).
        let patience = if self.state != State::Open || self.sacked >= ENOUGH_BEHIND {
            0
        } else {
            self.least_rtt / 4
        };
        while let Some((number, sent)) = self.order.front().copied() {
            let segment = self.segment(number);
            let waits = |it: &&mut Segment| it.sent == sent && !it.sacked && (!it.lost || it.again);
            let Some(segment) = segment.filter(waits) else {
                self.order.pop_front();
                continue;
            };
            if (sent, number) >= (sent_last, last) {
                break;
            }
            let due = sent.saturating_add(took).saturating_add(patience);
            if due > now {
                self.alarm = Some((due + MARGIN / 2, Alarm::Reordering));
                break;
            }
            let is_copy = std::mem::replace(&mut segment.lost, true);
            segment.again = false;
            self.lost += u32::from(!is_copy);
            self.again -= u32::from(is_copy);
            found.segments += 1;
            found.copies |= is_copy;
            self.repair_from = self.repair_from.min(number);
            self.order.pop_front();
        }
        found
    }

    /// The next segment that is to be sent again.
    pub(super) fn next_repair(&mut self) -> Option<u64> {
        if self.lost <= self.again {
            return None;
        }
        let mut number = self.repair_from.max(self.first);
        while let Some(segment) = self.segment(number) {
            if segment.lost && !segment.again {
                self.repair_from = number;
                return Some(number);
            }
            number += 1;
        }
        None
    }

    /// Ends repairs that are done. `repaired` says that a probe had repaired a loss that nothing else told of.
    pub(super) fn end_episodes(&mut self, repaired: bool) {
        if self.state != State::Open && self.first >= self.recovers {
            if self.state == State::Recovery && self.bbr.is_none() {
                self.window.segments = self.window.threshold;
            }
            self.state = State::Open;
            self.undo = None;
        }
        if let Some(probe) = self.probe
            && self.first >= probe.end
        {
            self.probe = None;
            if repaired && self.state == State::Open && self.bbr.is_none() {
                self.window.lose();
                self.window.segments = self.window.threshold;
            }
        }
    }

    /// Begins to repair what was found lost; those of a timeout anew where a copy was lost too.
    pub(super) fn begin_episode(&mut self, found: Found) -> bool {
        let begins = match self.state {
            State::Open => self.lost > 0,
            State::Loss => found.copies,
            State::Recovery => false,
        };
        if begins {
            self.recover();
        }
        begins
    }

    /// Whether new segments go before those that a timeout took for lost, to see by their answers whether it was for nothing
    /// (F-RTO: RFC 5682, 3.1; Linux: `tcp_process_loss`). `came` says that something was newly told of, `advanced` that it
    /// was in order.
    pub(super) fn prefers_new(&mut self, came: bool, advanced: bool) -> bool {
        if self.state != State::Loss || self.undo.is_none() {
            return false;
        }
        let tried = self.next_number() > self.recovers;
        let tries = !tried && advanced && self.has_new();
        if (tried && came && !advanced) || (!tried && advanced && !tries) {
            self.undo = None;
        }
        tries
    }

    /// Begins to repair.
    fn recover(&mut self) {
        self.state = State::Recovery;
        self.undo = None;
        self.recovers = self.next_number();
        self.reduction = Reduction {
            from: self.window.segments,
            ..Reduction::default()
        };
        match &mut self.bbr {
            Some(bbr) => bbr.lose(self.window.segments),
            None => self.window.lose(),
        }
        self.probe = None;
    }

    /// Proportional rate reduction (RFC 6937; Linux: `tcp_cwnd_reduction`): `came` segments are newly known to have come, and
    /// the first `in_order` and without news of a loss, or not.
    pub(super) fn reduce(&mut self, came: u32, in_order: bool) {
        self.reduction.delivered += came;
        let threshold = self.window.threshold;
        let Reduction {
            from,
            delivered,
            sent,
        } = self.reduction;
        let out = self.out();
        let may = if out > threshold {
            let share = u64::from(threshold) * u64::from(delivered);
            let share = share.div_ceil(u64::from(from.max(1)));
            u32::try_from(share)
                .unwrap_or(u32::MAX)
                .saturating_sub(sent)
        } else {
            let most = delivered.saturating_sub(sent).max(came) + u32::from(in_order);
            most.min(threshold - out)
        };
        // The first segment that is sent again goes at once.
        self.window.segments = out + may.max(u32::from(sent == 0));
    }

    /// The timeout was for nothing: what had been sent before has come after it (RFC 5682).
    pub(super) fn undo_timeout(&mut self, undo: Undo) {
        self.undo = None;
        self.window.segments = undo.window;
        self.window.threshold = undo.threshold;
        for segment in &mut self.segments {
            (segment.lost, segment.again) = (false, false);
        }
        (self.lost, self.again) = (0, 0);
        let waiting = (self.first..).zip(&self.segments);
        let waiting = waiting.filter(|(_, segment)| !segment.sacked);
        self.order = waiting.map(|(number, it)| (number, it.sent)).collect();
        let order = self.order.make_contiguous();
        order.sort_by_key(|(number, sent)| (*sent, *number));
        self.state = State::Open;
        self.backoff = 0;
    }

    /// The timeout of the moment, doubled by each that went before (RFC 6298, 5.5).
    fn timeout(&self) -> u64 {
        let timeout = self.timer.timeout();
        let doubled = timeout.saturating_mul(1 << self.backoff.min(20));
        doubled.min(MOST_TIMEOUT)
    }

    /// Sets the alarm for what is under way: for a probe, where one may be sent, or for the timeout.
    pub(super) fn set_alarm(&mut self) {
        let may_probe = self.state == State::Open
            && self.sacked == 0
            && self.probe.is_none()
            && self.backoff == 0
            && !self.segments.is_empty();
        let probe = self.timer.probe(self.segments.len() == 1);
        if may_probe && probe < self.timeout() {
            self.alarm = Some((self.clock.saturating_add(probe), Alarm::Probe));
        } else {
            self.set_timeout();
        }
    }

    pub(super) fn set_timeout(&mut self) {
        let at = self.clock.saturating_add(self.timeout());
        self.alarm = (!self.segments.is_empty()).then_some((at, Alarm::Timeout));
    }

    /// Sets the alarm anew after news of what was sent before the first segment was sent last, unless it waits for what may
    /// only be late.
    pub(super) fn rearm_when_heard(&mut self, oldest: u64) {
        if self
            .segments
            .front()
            .is_some_and(|first| oldest >= first.sent)
        {
            return;
        }
        let waits = self.alarm.is_some_and(|(at, alarm)| {
            alarm == Alarm::Reordering && at > self.clock && self.sacked > 0
        });
        if !waits {
            self.set_alarm();
        }
    }

    /// The alarm goes.
    pub(super) fn wake(&mut self, line: &mut Line) {
        let Some((now, alarm)) = self.alarm.take() else {
            return;
        };
        match alarm {
            Alarm::Reordering => {
                let found = self.detect(now);
                if self.begin_episode(found) && self.bbr.is_none() {
                    self.reduce(1, false);
                }
                if self.alarm.is_none() {
                    self.set_timeout();
                }
                self.transmit(line);
            }
            Alarm::Probe => {
                let is_new = self.has_new();
                if is_new {
                    self.send_new(line, false);
                } else {
                    let last = self.next_number().saturating_sub(1);
                    self.send_again(line, last, false);
                }
                self.probe = Some(Probe {
                    end: self.next_number(),
                    copies: !is_new,
                });
                self.set_timeout();
            }
            Alarm::Timeout => self.time_out(line),
        }
    }

    /// Nothing was acknowledged for too long: what a round trip or longer is under way is taken for lost (Linux:
    /// `tcp_enter_loss`).
    fn time_out(&mut self, line: &mut Line) {
        let now = self.clock;
        // Within one window, the threshold falls once.
        let is_news = match self.state {
            State::Open => true,
            State::Loss => self.backoff == 0,
            State::Recovery => false,
        };
        if is_news {
            self.undo = (self.state == State::Open).then_some(Undo {
                at: now,
                window: self.window.segments,
                threshold: self.window.threshold,
            });
            self.window.lose();
        }
        if let Some(bbr) = &mut self.bbr {
            bbr.lose(self.window.segments);
        }
        let took = self.latest.map_or(0, |(_, _, took)| took);
        let segments = (self.first..).zip(&mut self.segments);
        for (number, segment) in segments.filter(|(_, segment)| !segment.sacked) {
            if number == self.first || segment.sent.saturating_add(took) <= now {
                self.lost += u32::from(!segment.lost);
                self.again -= u32::from(segment.again);
                (segment.lost, segment.again) = (true, false);
            }
        }
        self.window.collapse(self.out());
        self.state = State::Loss;
        self.recovers = self.next_number();
        self.probe = None;
        self.repair_from = self.first;
        self.backoff += 1;
        self.next_burst = now;
        self.set_timeout();
        self.transmit(line);
    }
}
