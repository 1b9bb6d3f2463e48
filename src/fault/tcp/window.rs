//! The congestion window: how many segments may be under way, as Linux keeps it for Reno and for CUBIC.
//!
//! It grows by acknowledgements, and only when it was what held the sender back (RFC 7661; Linux: `tcp_is_cwnd_limited`). It
//! falls by losses, and while the application does not use it (RFC 2861; Linux: `tcp_cwnd_application_limited`,
//! `tcp_cwnd_restart`, both under `tcp_slow_start_after_idle`, which is on by default).

use std::ops::Range;

use super::cubic::Cubic;

/// RFC 5681, equation 4; Linux: `tcp_reno_ssthresh`.
const LEAST_THRESHOLD: u32 = 2;
/// Bounds what is kept of segments under way: about 24 MB.
const MOST: u32 = 1 << 14;

/// A congestion window, in segments.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) segments: u32,
    /// The slow start threshold.
    pub(super) threshold: u32,
    /// What it begins with, and does not fall under by rest.
    initial: u32,
    /// Acknowledged segments that have not made the window grow yet.
    credit: u32,
    /// Whether it held the sender back in the present round.
    limited: bool,
    /// The most that was under way in the present round, and the segment that ends the round.
    most_out: u32,
    round_ends: u64,
    /// The most that was under way since the window last held the sender back, and when that was.
    used: u32,
    filled: u64,
    /// CUBIC's own state; none for Reno.
    cubic: Option<Cubic>,
}

// === impl Window ===

impl Window {
    pub(super) fn new(initial: u32, cubic: bool) -> Self {
        Self {
            segments: initial,
            threshold: u32::MAX,
            initial,
            credit: 0,
            limited: false,
            most_out: 0,
            round_ends: 0,
            used: 0,
            filled: 0,
            cubic: cubic.then(Cubic::default),
        }
    }

    pub(super) fn in_slow_start(&self) -> bool {
        self.segments < self.threshold
    }

    /// The sender had nothing under way and sent nothing for `idle` ns: half the window for each timeout (RFC 2861, 3.1).
    pub(super) fn rested(&mut self, idle: u64, timeout: u64) {
        if let Some(cubic) = &mut self.cubic {
            cubic.rested(idle);
        }
        let timeouts = idle.saturating_sub(1) / timeout.max(1);
        if timeouts == 0 {
            return;
        }
        self.threshold = self.kept_threshold();
        let least = self.initial.min(self.segments);
        let halvings = u32::try_from(timeouts.min(31)).unwrap_or(31);
        self.segments = (self.segments >> halvings).max(least);
    }

    /// The sender has sent what it could at `now`: `out` segments are under way, with these numbers, and the window held the
    /// following one back or not. A window that stays unused for a timeout falls half way to what is used (RFC 2861, 3.2).
    pub(super) fn sent(
        &mut self,
        out: u32,
        under_way: Range<u64>,
        full: bool,
        now: u64,
        timeout: u64,
    ) {
        if under_way.start >= self.round_ends || full || (!self.limited && out > self.most_out) {
            self.limited = full;
            self.most_out = out;
            self.round_ends = under_way.end;
        }
        if self.is_limiting() {
            self.used = 0;
            self.filled = now;
            return;
        }
        self.used = self.used.max(out);
        if now.saturating_sub(self.filled) >= timeout {
            let used = self.used.max(self.initial);
            if used < self.segments {
                self.threshold = self.kept_threshold();
                self.segments = u32::midpoint(self.segments, used);
            }
            self.used = 0;
            self.filled = now;
        }
    }

    /// Whether the window is what holds the sender back (Linux: `tcp_is_cwnd_limited`).
    fn is_limiting(&self) -> bool {
        let slow = self.in_slow_start() && self.segments < self.most_out.saturating_mul(2);
        self.limited || slow
    }

    /// `segments` segments are acknowledged, up to `first` in order, of `next` sent; `rtt` is the round trip that the last took.
    pub(super) fn acknowledged(
        &mut self,
        mut segments: u32,
        first: u64,
        next: u64,
        rtt: Option<u64>,
        now: u64,
    ) {
        if let (Some(cubic), Some(rtt)) = (&mut self.cubic, rtt) {
            let slow_start = self.segments < self.threshold;
            if cubic.sampled(rtt, self.segments, slow_start, first, next, now) {
                self.threshold = self.segments;
            }
        }
        if !self.is_limiting() {
            return;
        }
        if self.in_slow_start() {
            let room = self.threshold.min(MOST).saturating_sub(self.segments);
            let grown = segments.min(room);
            self.segments += grown;
            segments -= grown;
            if segments == 0 {
                return;
            }
        }
        let every = match &mut self.cubic {
            Some(cubic) => cubic.acknowledgements_for_growth(self.segments, segments, now),
            None => self.segments,
        };
        // Linux: `tcp_cong_avoid_ai`.
        if self.credit >= every {
            self.credit = 0;
            self.segments += 1;
        }
        self.credit += segments;
        if self.credit >= every {
            let grown = self.credit / every;
            self.credit -= grown * every;
            self.segments += grown;
        }
        self.segments = self.segments.min(MOST);
    }

    /// A loss begins an episode: sets the threshold that the window is to fall to.
    pub(super) fn lose(&mut self) {
        self.threshold = match &mut self.cubic {
            Some(cubic) => cubic.lose(self.segments),
            None => self.segments / 2,
        }
        .max(LEAST_THRESHOLD);
        self.credit = 0;
    }

    /// A timeout: one segment beside those that are under way still (RFC 5681, 3.1); CUBIC forgets what it knew of the path.
    pub(super) fn collapse(&mut self, out: u32) {
        if let Some(cubic) = &mut self.cubic {
            *cubic = Cubic::default();
        }
        self.segments = out + 1;
        self.credit = 0;
    }

    /// What slow start may go back to after rest: Linux's `tcp_current_ssthresh`.
    fn kept_threshold(&self) -> u32 {
        self.threshold.max(self.segments / 2 + self.segments / 4)
    }
}
