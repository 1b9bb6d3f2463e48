//! CUBIC (RFC 9438) and the end of slow start by `HyStart`, as Linux has them (`net/ipv4/tcp_cubic.c`).

/// What is left of the window after a loss, in 1,024ths (Linux: `beta`; RFC 9438: 0.7).
const BETA: u32 = 717;
/// RFC 9438: `C`, in segments per second cubed.
const SCALE: f64 = 0.4;
/// Linux: `hystart_low_window`.
const HYSTART_LEAST_WINDOW: u32 = 16;
/// Linux: `hystart_ack_delta_us`: acknowledgements that are closer than this belong to one train.
const TRAIN_GAP: u64 = 2_000_000;
/// What packets that are handed on together may lengthen a train by (Linux: `hystart_ack_delay`, at most).
const AGGREGATION: u64 = 1_000_000;
/// Linux: `HYSTART_MIN_SAMPLES`.
const SAMPLES: u32 = 8;
/// Linux: `HYSTART_DELAY_MIN` and `HYSTART_DELAY_MAX`.
const DELAY_RANGE: (u64, u64) = (4_000_000, 16_000_000);
/// For so long after a loss the round trips count for nothing (Linux: `cubictcp_acked`).
const SETTLING: u64 = 1_000_000_000;

/// The state of one sender. Times are nanoseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Cubic {
    /// The window before the last loss, in segments.
    last_most: u32,
    /// When growth after the last loss began; none before the first acknowledgement of it.
    epoch: Option<u64>,
    /// Where the cubic function has its plateau, and how many seconds after the epoch it comes to it.
    plateau: u32,
    reaches: f64,
    /// What Reno's window would be, and the acknowledgements that it has not grown by.
    reno: u32,
    credit: u32,
    /// The shortest round trip.
    least_rtt: Option<u64>,
    round: Round,
    /// Whether slow start was ended.
    found: bool,
}

/// A round trip in slow start.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    began: u64,
    last_acknowledged: u64,
    /// The segment that ends it.
    ends: u64,
    least_rtt: Option<u64>,
    samples: u32,
}

// === impl Cubic ===

impl Cubic {
    /// Takes a round trip; true where slow start is to end with the window as it is.
    pub(super) fn sampled(
        &mut self,
        rtt: u64,
        window: u32,
        slow_start: bool,
        first: u64,
        next: u64,
        now: u64,
    ) -> bool {
        if self
            .epoch
            .is_some_and(|epoch| now.saturating_sub(epoch) < SETTLING)
        {
            return false;
        }
        let least = self.least_rtt.map_or(rtt, |least| least.min(rtt));
        self.least_rtt = Some(least);
        if self.found || !slow_start {
            return false;
        }
        // A round begins with its first acknowledgement, also where the window is still too small to be judged.
        let round = &mut self.round;
        if first > round.ends {
            *round = Round {
                began: now,
                last_acknowledged: now,
                ends: next,
                ..Round::default()
            };
        }
        if window < HYSTART_LEAST_WINDOW {
            return false;
        }
        if now.saturating_sub(round.last_acknowledged) <= TRAIN_GAP {
            round.last_acknowledged = now;
            self.found |= now.saturating_sub(round.began) > u64::midpoint(least, AGGREGATION);
        }
        let lowest = round.least_rtt.map_or(rtt, |lowest| lowest.min(rtt));
        round.least_rtt = Some(lowest);
        if round.samples < SAMPLES {
            round.samples += 1;
        } else {
            let (low, high) = DELAY_RANGE;
            self.found |= lowest > least + (least / 8).clamp(low, high);
        }
        self.found
    }

    /// The threshold after a loss with this window (RFC 9438, 4.6 and 4.7).
    pub(super) fn lose(&mut self, window: u32) -> u32 {
        self.epoch = None;
        self.last_most = if window < self.last_most {
            window * (1_024 + BETA) / 2_048
        } else {
            window
        };
        window * BETA / 1_024
    }

    /// A sender that rested does not grow by that time (Linux: `cubictcp_cwnd_event`).
    pub(super) fn rested(&mut self, idle: u64) {
        self.epoch = self.epoch.map(|epoch| epoch + idle);
    }

    /// By how many acknowledgements the window grows by one segment (RFC 9438, 4.2 to 4.5; Linux: `bictcp_update`).
    pub(super) fn acknowledgements_for_growth(
        &mut self,
        window: u32,
        acknowledged: u32,
        now: u64,
    ) -> u32 {
        self.credit += acknowledged;
        let epoch = *self.epoch.get_or_insert_with(|| {
            self.credit = acknowledged;
            self.reno = window;
            (self.plateau, self.reaches) = if self.last_most <= window {
                (window, 0.0)
            } else {
                (
                    self.last_most,
                    (f64::from(self.last_most - window) / SCALE).cbrt(),
                )
            };
            now
        });
        let ahead = now.saturating_sub(epoch) + self.least_rtt.unwrap_or(0);
        let past = ahead as f64 / 1e9 - self.reaches;
        // In whole segments, as Linux counts: where windows are small, it makes the growth toward the plateau faster.
        let off = whole(SCALE * past.abs().powi(3));
        let target = if past < 0.0 {
            self.plateau.saturating_sub(off)
        } else {
            self.plateau.saturating_add(off)
        };
        let mut every = if target > window {
            window / (target - window)
        } else {
            100 * window
        };
        if self.last_most == 0 {
            // Before the first loss it grows by 5 % a round trip at the least.
            every = every.min(20);
        }
        // Where Reno would be faster (RFC 9438, 4.3): 3 (1 + 0.7) / (1 - 0.7) eighths of a window's acknowledgements a segment.
        let step = (window * 15) >> 3;
        while step > 0 && self.credit > step {
            self.credit -= step;
            self.reno += 1;
        }
        if self.reno > window {
            every = every.min(window / (self.reno - window));
        }
        every.max(2)
    }
}

/// A number of segments that is not negative, without its fraction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates, and is not negative"
)]
fn whole(segments: f64) -> u32 {
    segments as u32
}
