//! What a sender sends: what was lost first, then what is new, as far as its window and its pace let it.

use super::SEGMENT;
use super::line::Line;
use super::packet::{Mark, Packet, Segment};
use super::sender::Sender;
use super::state::{Alarm, State};

/// So many copies of one segment may be lost: then Linux gives the connection up (`tcp_retries2`), and this one comes through.
const MOST_COPIES: u8 = 15;

// === impl Sender ===

impl Sender {
    /// Sends what may be sent now: what was lost first.
    pub(super) fn transmit(&mut self, line: &mut Line) {
        let now = self.clock;
        let paced = self.bbr.as_ref().map(|bbr| bbr.burst());
        if now < self.opens || (paced.is_some() && now < self.next_burst) {
            return;
        }
        if self.segments.is_empty() && paced.is_none() && self.has_new() {
            let rest = now.saturating_sub(self.last_sent);
            self.window.rested(rest, self.timer.timeout());
        }
        let burst = paced.unwrap_or(u32::MAX);
        let (mut sent, mut fresh) = (0, 0);
        let full = loop {
            if sent == burst || self.out() >= self.window.segments {
                break true;
            }
            if !self.tries_new
                && let Some(number) = self.next_repair()
            {
                self.send_again(line, number, true);
            } else if self.has_new() {
                // Linux gives what is sent at once to the device in twos or more, of which the last is pushed.
                fresh += 1;
                self.send_new(line, fresh % 2 == 0);
            } else {
                break false;
            }
            sent += 1;
        };
        self.sent_burst(sent, full);
    }

    /// `sent` segments went out together; where `full`, the window or the pace held the next one back.
    fn sent_burst(&mut self, sent: u32, full: bool) {
        let now = self.clock;
        if self.state == State::Recovery {
            self.reduction.sent += sent;
        }
        if !full {
            self.idle_until = (self.mark.delivered + u64::from(self.out())).max(1);
        }
        match &self.bbr {
            Some(bbr) => self.next_burst = now.saturating_add(bbr.pause(sent)),
            None if sent > 0 || full => {
                let out = self.sent_count();
                let (first, next) = (self.first, self.next_number());
                (self.window).sent(out, first..next, full, now, self.timer.timeout());
            }
            None => {}
        }
    }

    /// Sends as much of what the application wrote as fits a segment.
    pub(super) fn send_new(&mut self, line: &mut Line, pushes: bool) {
        let now = self.clock;
        let began = self.sent;
        let most = began + SEGMENT;
        while let Some((at, to)) = self.written.front().copied()
            && at <= now
            && self.sent < most
        {
            self.sent = to.min(most);
            if to <= most {
                self.written.pop_front();
            }
        }
        if self.segments.is_empty() {
            self.mark.first_sent = now;
            self.mark.at = now;
        }
        let number = self.next_number();
        self.segments.push_back(Segment {
            end: self.sent,
            began: now,
            sent: now,
            sacked: false,
            lost: false,
            again: false,
            received: false,
            copies: 0,
            mark: self.mark_now(),
        });
        self.order.push_back((number, now));
        let pushes = pushes || !self.has_new();
        self.put(line, number, self.sent - began, false, pushes);
        let waits = matches!(self.alarm, Some((_, Alarm::Reordering)));
        if self.alarm.is_none() || (self.state == State::Open && !waits) {
            self.set_alarm();
        }
    }

    /// Sends a segment again: one that is `lost`, or the last one as a probe.
    pub(super) fn send_again(&mut self, line: &mut Line, number: u64, lost: bool) {
        let now = self.clock;
        let mark = self.mark_now();
        let begins = number
            .checked_sub(1)
            .and_then(|before| self.segment(before));
        let begins = begins.map(|before| before.end);
        let Some(segment) = self.segment(number) else {
            return;
        };
        segment.sent = now;
        segment.copies = segment.copies.saturating_add(1);
        segment.mark = mark;
        segment.again = lost;
        let len = begins.map_or(SEGMENT, |begins| segment.end - begins);
        let sure = segment.copies > MOST_COPIES;
        self.again += u32::from(lost);
        self.order.push_back((number, now));
        self.put(line, number, len, sure, false);
        if lost && number == self.first {
            self.set_timeout();
        }
    }

    fn mark_now(&self) -> Mark {
        Mark {
            idle: self.mark.delivered < self.idle_until,
            ..self.mark
        }
    }

    /// Puts a packet on the line.
    fn put(&mut self, line: &mut Line, number: u64, len: u64, sure: bool, pushes: bool) {
        let sent = self.clock;
        let all = (self.sent, sent);
        let segment = self.segment(number);
        let (end, began) = segment.map_or(all, |segment| (segment.end, segment.began));
        self.last_sent = sent;
        self.losses.sent += 1;
        let Some(arrives) = line.carry(sent, len, end, sure) else {
            self.losses.lost += 1;
            return;
        };
        // Packets do not overtake one another.
        let last = self.packets.back().map_or(0, |last| last.arrives);
        self.packets.push_back(Packet {
            arrives: arrives.max(last),
            number,
            len,
            sent,
            late: sent.saturating_sub(began),
            pushes,
            sure,
        });
    }
}
