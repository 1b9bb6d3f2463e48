//! How a sender finds what was lost, and what becomes of its window until that is repaired.

use super::packet::Segment;
use super::sender::Sender;
use super::state::{Alarm, Found, Reduction, State, Undo};
use super::timer::MARGIN;

/// Linux: `tcp_reordering`; RFC 5681's three duplicate acknowledgements.
const ENOUGH_BEHIND: u32 = 3;
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
            let Some(segment) = self.waiting(number, sent) else {
                self.order.pop_front();
                continue;
            };
            if (sent, number) >= (sent_last, last) {
                break;
            }
            let due = |sent: u64| sent.saturating_add(took).saturating_add(patience);
            if due(sent) > now {
                let last = self.last_waiting((sent_last, last)).unwrap_or(sent);
                self.alarm = Some((due(last) + MARGIN / 2, Alarm::Reordering));
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

    /// A segment that was sent last then, where no news of it has come since.
    fn waiting(&mut self, number: u64, sent: u64) -> Option<&mut Segment> {
        let waits = |it: &&mut Segment| it.sent == sent && !it.sacked && (!it.lost || it.again);
        self.segment(number).filter(waits)
    }

    /// When the last of those was sent that wait for news and were sent before this one: the alarm is for all of them.
    fn last_waiting(&mut self, latest: (u64, u64)) -> Option<u64> {
        let is_before = |(number, sent): &(u64, u64)| (*sent, *number) < latest;
        let places = 0..self.order.partition_point(is_before);
        places.rev().find_map(|place| {
            let (number, sent) = self.order[place];
            self.waiting(number, sent).map(|_| sent)
        })
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
        let under_way = self.next_number() > self.recovers;
        let begins = !under_way && advanced && self.has_new();
        if (under_way && came && !advanced) || (!under_way && advanced && !begins) {
            self.undo = None;
        }
        begins
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
}
