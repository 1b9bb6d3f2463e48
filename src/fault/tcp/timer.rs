//! The retransmission timers: how long the sender waits for an acknowledgement.
//!
//! The estimate of the round trip follows Linux's `tcp_rtt_estimator` (RFC 6298 with a floor of 200 ms *below the variation*,
//! so the timeout is a round trip and 200 ms on a steady path), with one sample for each acknowledgement.

/// Linux: `TCP_RTO_MIN`, in nanoseconds.
const LEAST_TIMEOUT: u64 = 200_000_000;
/// Linux: `TCP_RTO_MAX`, in nanoseconds: what a timeout grows to by doubling.
pub(super) const MOST_TIMEOUT: u64 = 120_000_000_000;
/// Linux: `TCP_TIMEOUT_MIN_US` (2 ms) rounded up to a tick of 4 ms (HZ=250, approximate): what the tail probe and the wait
/// for reordering take beyond their own time.
pub(super) const MARGIN: u64 = 4_000_000;

/// The estimate of the round trip, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    smoothed: u64,
    /// Four times the mean deviation.
    deviation: u64,
    variation: u64,
}

// === impl Timer ===

impl Timer {
    pub(super) fn new(rtt: u64) -> Self {
        Self {
            smoothed: rtt,
            deviation: 0,
            variation: LEAST_TIMEOUT,
        }
    }

    /// The retransmission timeout (RTO) before any doubling.
    pub(super) fn timeout(&self) -> u64 {
        (self.smoothed + self.variation).min(MOST_TIMEOUT)
    }

    /// When a tail loss probe is sent after the last acknowledgement (RFC 8985, `tcp_schedule_loss_probe`): one packet under
    /// way may just have a delayed acknowledgement, for which Linux allows 200 ms more.
    pub(super) fn probe(&self, alone: bool) -> u64 {
        let margin = if alone { LEAST_TIMEOUT } else { MARGIN };
        (2 * self.smoothed + margin).min(self.timeout())
    }

    /// The smoothed round trip.
    pub(super) fn smoothed(&self) -> u64 {
        self.smoothed
    }

    /// Takes a round trip into the estimate.
    pub(super) fn sample(&mut self, rtt: u64) {
        if rtt == self.smoothed && self.deviation == 0 && self.variation == LEAST_TIMEOUT {
            return;
        }
        let error = rtt.abs_diff(self.smoothed);
        let mean = self.deviation / 4;
        if rtt >= self.smoothed {
            self.smoothed += error / 8;
            self.deviation = self.deviation + error - mean;
        } else {
            self.smoothed -= error / 8;
            // A round trip that falls says little of its variation: Linux takes an eighth of it.
            self.deviation = if error > mean {
                self.deviation + (error - mean) / 8
            } else {
                self.deviation + error - mean
            };
        }
        let target = self.deviation.max(LEAST_TIMEOUT);
        if target > self.variation {
            self.variation = target;
        } else {
            self.variation -= (self.variation - target) / 4;
        }
    }
}
