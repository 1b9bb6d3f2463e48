//! BBR, version 1, as Linux has it (`net/ipv4/tcp_bbr.c`): a model of the path's rate and round trip, and sending paced by it.
//!
//! Left out: the compensation for acknowledgements that come in bunches, and the detection of policers.

use std::collections::VecDeque;

use super::control::{Algorithm, Control};

/// Linux: `bbr_high_gain`, 2 / ln 2.
const HIGH_GAIN: f64 = 2.885;
/// Linux: `bbr_pacing_gain`, a round trip each.
const CYCLE: [f64; 8] = [1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
/// Linux: `bbr_cwnd_gain`.
const WINDOW_GAIN: f64 = 2.0;
/// Linux: `bbr_bw_rtts`: the rate is the greatest of so many round trips.
const RATE_ROUNDS: u64 = 10;
/// Linux: `bbr_full_bw_thresh` and `bbr_full_bw_cnt`.
const FULL_GROWTH: f64 = 1.25;
const FULL_ROUNDS: u32 = 3;
/// Linux: `bbr_min_rtt_win_sec` and `bbr_probe_rtt_mode_ms`.
const RTT_LASTS: u64 = 10_000_000_000;
const PROBE_RTT_LASTS: u64 = 200_000_000;
/// Linux: `bbr_cwnd_min_target`.
const LEAST_WINDOW: u32 = 4;
/// Linux: `bbr_pacing_margin_percent`.
const MARGIN: f64 = 0.99;

/// What Linux takes for a millisecond here, 2^-10 of a second, in ns.
const MILLISECOND: f64 = 976_562.0;
/// A pace that was never measured: a segment in an hour.
const SLOWEST: f64 = 1.0 / 3.6e12;

/// The state of one sender. Times are nanoseconds, rates segments per nanosecond.
#[derive(Clone, Debug)]
pub(super) struct Bbr {
    mode: Mode,
    /// The greatest rates of the last round trips, falling, with their rounds.
    rates: VecDeque<(u64, f64)>,
    rounds: u64,
    /// How many segments are delivered when the present round ends.
    round_ends: u64,
    full_rate: f64,
    full_rounds: u32,
    least_rtt: Option<u64>,
    least_rtt_at: u64,
    /// When the probe for the round trip ends, and whether a round passed in it.
    probe_ends: Option<u64>,
    probe_round: bool,
    phase: usize,
    phase_began: u64,
    /// The window before it was made small.
    prior_window: u32,
    recovering: bool,
    conserves: bool,
    rate: f64,
    initial: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Startup,
    Drain,
    ProbeRate,
    ProbeRtt,
}

/// What one acknowledgement told (Linux: `struct rate_sample`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) now: u64,
    /// How many segments were delivered by now, and how many when the acknowledged one was sent.
    pub(super) delivered: u64,
    pub(super) prior_delivered: u64,
    /// The time in which those came, none where it is too short to count.
    pub(super) interval: Option<u64>,
    pub(super) app_limited: bool,
    pub(super) rtt: Option<u64>,
    /// How many segments it acknowledged, how many it showed lost, how many are under way now.
    pub(super) acknowledged: u32,
    pub(super) lost: u32,
    pub(super) out: u32,
    pub(super) recovering: bool,
}

// === impl Bbr ===

impl Bbr {
    /// The state of a sender with this control, where it is BBR's.
    pub(super) fn of(control: Control, rtt: u64) -> Option<Box<Self>> {
        let initial = control.initial;
        (control.algorithm == Algorithm::Bbr).then(|| {
            Box::new(Self {
                mode: Mode::Startup,
                rates: VecDeque::new(),
                rounds: 0,
                round_ends: 0,
                full_rate: 0.0,
                full_rounds: 0,
                least_rtt: None,
                least_rtt_at: 0,
                probe_ends: None,
                probe_round: false,
                phase: 2,
                phase_began: 0,
                prior_window: 0,
                recovering: false,
                conserves: false,
                rate: HIGH_GAIN * f64::from(initial) / rtt.max(1) as f64,
                initial,
            })
        })
    }

    /// How long so many segments take at the rate of the moment, in ns.
    pub(super) fn pause(&self, segments: u32) -> u64 {
        whole(f64::from(segments) / self.rate.max(SLOWEST))
    }

    /// How many segments go in one burst (Linux: `bbr_tso_segs_goal`: a millisecond's).
    pub(super) fn burst(&self) -> u32 {
        // A segment each 9.6 ms is 1.2 Mbit/s.
        let least = if self.rate < 1.04e-7 { 1 } else { 2 };
        segments(self.rate * MILLISECOND).clamp(least, 0x7f)
    }

    fn greatest_rate(&self) -> f64 {
        self.rates.front().map_or(0.0, |(_, rate)| *rate)
    }

    fn is_full(&self) -> bool {
        self.full_rounds >= FULL_ROUNDS
    }

    /// What fills the path `gain` times, in segments.
    fn in_flight(&self, gain: f64) -> u32 {
        let Some(rtt) = self.least_rtt else {
            return self.initial;
        };
        let target = segments((self.greatest_rate() * rtt as f64 * gain).ceil());
        let target = (target + 3 * self.burst()).next_multiple_of(2);
        if self.mode == Mode::ProbeRate && self.phase == 0 {
            target + 2
        } else {
            target
        }
    }

    /// Takes what an acknowledgement told, and returns the window that follows.
    pub(super) fn acknowledged(&mut self, sample: &Sample, window: u32) -> u32 {
        let Sample { now, .. } = *sample;
        let round = self.take_rate(sample);
        if self.mode == Mode::ProbeRate && self.phase_is_over(sample) {
            self.phase = (self.phase + 1) % CYCLE.len();
            self.phase_began = now;
        }
        if !self.is_full() && round && !sample.app_limited {
            if self.greatest_rate() >= self.full_rate * FULL_GROWTH {
                self.full_rate = self.greatest_rate();
                self.full_rounds = 0;
            } else {
                self.full_rounds += 1;
            }
        }
        if self.mode == Mode::Startup && self.is_full() {
            self.mode = Mode::Drain;
        }
        if self.mode == Mode::Drain && sample.out <= self.in_flight(1.0) {
            self.probe_rate(now);
        }
        let window = self.take_rtt(sample, round, window);
        let gain = match self.mode {
            Mode::Startup => HIGH_GAIN,
            Mode::Drain => 1.0 / HIGH_GAIN,
            Mode::ProbeRate => CYCLE[self.phase],
            Mode::ProbeRtt => 1.0,
        };
        let rate = self.greatest_rate() * gain * MARGIN;
        if rate > 0.0 && (self.is_full() || rate > self.rate) {
            self.rate = rate;
        }
        self.window(sample, window)
    }

    fn probe_rate(&mut self, now: u64) {
        self.mode = Mode::ProbeRate;
        self.phase = (self.phase + 1) % CYCLE.len();
        if self.phase == 1 {
            self.phase = 2;
        }
        self.phase_began = now;
    }

    /// Takes a rate; true where a round trip ended.
    fn take_rate(&mut self, sample: &Sample) -> bool {
        let round = sample.prior_delivered >= self.round_ends;
        if round {
            self.round_ends = sample.delivered;
            self.rounds += 1;
            self.conserves = false;
        }
        if let Some(interval) = sample.interval {
            let rate = (sample.delivered - sample.prior_delivered) as f64 / interval.max(1) as f64;
            if !sample.app_limited || rate >= self.greatest_rate() {
                while self.rates.back().is_some_and(|(_, last)| *last <= rate) {
                    self.rates.pop_back();
                }
                self.rates.push_back((self.rounds, rate));
            }
        }
        while self.rates.len() > 1
            && self
                .rates
                .front()
                .is_some_and(|(round, _)| round + RATE_ROUNDS < self.rounds)
        {
            self.rates.pop_front();
        }
        round
    }

    fn phase_is_over(&self, sample: &Sample) -> bool {
        let long = sample.now - self.phase_began > self.least_rtt.unwrap_or(0);
        let gain = CYCLE[self.phase];
        if gain > 1.0 {
            long && (sample.lost > 0 || sample.out >= self.in_flight(gain))
        } else if gain < 1.0 {
            long || sample.out <= self.in_flight(1.0)
        } else {
            long
        }
    }

    fn take_rtt(&mut self, sample: &Sample, round: bool, mut window: u32) -> u32 {
        let now = sample.now;
        let old = now > self.least_rtt_at + RTT_LASTS;
        if let Some(rtt) = sample.rtt
            && (old || self.least_rtt.is_none_or(|least| rtt < least))
        {
            self.least_rtt = Some(rtt);
            self.least_rtt_at = now;
        }
        if old && self.mode != Mode::ProbeRtt {
            self.mode = Mode::ProbeRtt;
            self.save(window);
            self.probe_ends = None;
        }
        if self.mode == Mode::ProbeRtt {
            match self.probe_ends {
                None if sample.out <= LEAST_WINDOW => {
                    self.probe_ends = Some(now + PROBE_RTT_LASTS);
                    self.probe_round = false;
                    self.round_ends = sample.delivered;
                }
                None => {}
                Some(ends) => {
                    self.probe_round |= round;
                    if self.probe_round && now > ends {
                        self.least_rtt_at = now;
                        window = window.max(self.prior_window);
                        if self.is_full() {
                            self.probe_rate(now);
                        } else {
                            self.mode = Mode::Startup;
                        }
                    }
                }
            }
        }
        window
    }

    fn save(&mut self, window: u32) {
        self.prior_window = if !self.recovering && self.mode != Mode::ProbeRtt {
            window
        } else {
            self.prior_window.max(window)
        };
    }

    fn window(&mut self, sample: &Sample, mut window: u32) -> u32 {
        let acknowledged = sample.acknowledged;
        if acknowledged > 0 {
            window = window.saturating_sub(sample.lost).max(1);
            if sample.recovering && !self.recovering {
                self.conserves = true;
                self.round_ends = sample.delivered;
                window = sample.out + acknowledged;
            } else if self.recovering && !sample.recovering {
                window = window.max(self.prior_window);
                self.conserves = false;
            }
            self.recovering = sample.recovering;
            if self.conserves {
                window = window.max(sample.out + acknowledged);
            } else {
                let gain = match self.mode {
                    Mode::Startup | Mode::Drain => HIGH_GAIN,
                    Mode::ProbeRate => WINDOW_GAIN,
                    Mode::ProbeRtt => 1.0,
                };
                let target = self.in_flight(gain);
                if self.is_full() {
                    window = (window + acknowledged).min(target);
                } else if window < target || sample.delivered < u64::from(self.initial) {
                    window += acknowledged;
                }
                window = window.max(LEAST_WINDOW);
            }
        }
        if self.mode == Mode::ProbeRtt {
            window.min(LEAST_WINDOW)
        } else {
            window
        }
    }

    /// A loss begins an episode with this window.
    pub(super) fn lose(&mut self, window: u32) {
        self.save(window);
    }
}

/// A number that is not negative, as a whole one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates, and is not negative"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// A number of segments; more than any path holds is so many that a few may still be added.
fn segments(number: f64) -> u32 {
    const MOST: u32 = 1 << 28;
    u32::try_from(whole(number)).map_or(MOST, |number| number.min(MOST))
}
