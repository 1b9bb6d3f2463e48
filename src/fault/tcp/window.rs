//! Reno's congestion window: how many segments may be under way (RFC 5681), as Linux keeps it.
//!
//! It grows by acknowledgements, and only when it was what held the sender back (RFC 7661; Linux: `tcp_is_cwnd_limited`). It
//! falls by losses, and while the application does not use it (RFC 2861; Linux: `tcp_cwnd_application_limited`,
//! `tcp_cwnd_restart`, both under `tcp_slow_start_after_idle`, which is on by default).

/// Linux: `TCP_INIT_CWND` (RFC 6928).
const INITIAL: u32 = 10;
/// Bounds what is kept of segments under way; about what 24 MB of socket buffer would hold (Linux's default: 4 MiB).
const MOST: u32 = 1 << 14;

/// A congestion window, in segments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    segments: u32,
    /// The slow start threshold.
    threshold: u32,
    /// Acknowledged segments that have not made the window grow yet.
    credit: u32,
    /// The most that was under way since the window last held the sender back.
    used: u32,
    /// When it last held the sender back, or was last cut for not doing so.
    filled: u64,
}

/// How much of the window was in use when a segment was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// How many segments were under way, with this one.
    pub(super) out: u32,
    /// Whether the window held this or the next one back.
    pub(super) full: bool,
}

// === impl Window ===

impl Window {
    /// RFC 5681, equation 4; Linux: `tcp_reno_ssthresh`.
    pub(super) const LEAST_THRESHOLD: u32 = 2;

    pub(super) fn new() -> Self {
        Self {
            segments: INITIAL,
            threshold: u32::MAX,
            credit: 0,
            used: 0,
            filled: 0,
        }
    }

    pub(super) fn segments(&self) -> u32 {
        self.segments
    }

    /// The sender had nothing under way and sent nothing for `idle` ns: half the window for each timeout (RFC 2861, 3.1).
    pub(super) fn rested(&mut self, idle: u64, timeout: u64) {
        let timeouts = idle.saturating_sub(1) / timeout.max(1);
        if timeouts == 0 {
            return;
        }
        self.threshold = self.kept_threshold();
        let least = INITIAL.min(self.segments);
        let halvings = u32::try_from(timeouts.min(31)).unwrap_or(31);
        self.segments = (self.segments >> halvings).max(least);
    }

    /// A segment is sent at `at`: a window that stays unused for a timeout falls half way to what is used (RFC 2861, 3.2).
    pub(super) fn sent(&mut self, usage: Use, at: u64, timeout: u64) {
        if usage.full {
            self.used = 0;
            self.filled = at;
            return;
        }
        self.used = self.used.max(usage.out);
        if at.saturating_sub(self.filled) >= timeout {
            let used = self.used.max(INITIAL);
            if used < self.segments {
                self.threshold = self.kept_threshold();
                self.segments = u32::midpoint(self.segments, used);
            }
            self.used = 0;
            self.filled = at;
        }
    }

    /// `segments` segments are acknowledged that were sent with this use of the window (Linux: `tcp_reno_cong_avoid`).
    pub(super) fn acknowledged(&mut self, mut segments: u32, usage: Use) {
        if self.segments < self.threshold {
            // In slow start the window may be twice what was sent (`tcp_is_cwnd_limited`).
            if usage.full || self.segments < usage.out.saturating_mul(2) {
                let room = self.threshold.min(MOST).saturating_sub(self.segments);
                let grown = segments.min(room);
                self.segments += grown;
                segments -= grown;
            } else {
                return;
            }
        }
        if self.segments < self.threshold || !usage.full {
            return;
        }
        self.credit += segments;
        if self.credit >= self.segments {
            self.credit -= self.segments;
            self.segments = (self.segments + 1).min(MOST);
        }
    }

    /// A loss was found by what came through behind it: RFC 5681, 3.2, and RFC 6937 at the end of its reduction.
    pub(super) fn halve(&mut self) {
        self.threshold = (self.segments / 2).max(Self::LEAST_THRESHOLD);
        self.segments = self.threshold;
        self.credit = 0;
    }

    /// A timeout: RFC 5681, 3.1. `known` when it was halved for the same loss before (Linux: `tcp_enter_loss`).
    pub(super) fn collapse(&mut self, known: bool) {
        if !known {
            self.threshold = (self.segments / 2).max(Self::LEAST_THRESHOLD);
        }
        self.segments = 1;
        self.credit = 0;
    }

    /// What slow start may go back to after rest: Linux's `tcp_current_ssthresh`.
    fn kept_threshold(&self) -> u32 {
        self.threshold.max(self.segments / 2 + self.segments / 4)
    }
}
