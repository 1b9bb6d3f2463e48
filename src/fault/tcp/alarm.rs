//! What a sender's one timer is set for, and what it does when that has come: a probe, a timeout, or the end of a wait for
//! what may only be late.

use super::line::Line;
use super::sender::Sender;
use super::state::{Alarm, Probe, State, Undo};
use super::timer::MOST_TIMEOUT;

// === impl Sender ===

impl Sender {
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
        self.losses.timeouts += 1;
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
