//! What a sweep came to: a step for each value, the cliff, and the sentence that says it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Until;
use crate::fault::scale::magnitude;
use crate::fault::{PerDirection, Value};
use crate::format::figures;

/// What a sweep has measured so far, as it stands on a tape and in what is exported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Counts the sweeps of a session, from 1.
    pub number: u32,
    /// The name of the proxy.
    pub proxy: String,
    /// What was asked for, as the command has it behind the proxy.
    pub sweep: String,
    /// What is climbed, in the words of the fault language.
    pub fault: String,
    /// For how long each value is held, in seconds.
    pub hold_s: f64,
    /// Whether each value is as many times the one before, so that a picture shows them equally far apart.
    pub log: bool,
    /// All values, those to come among them.
    pub values: Vec<Set>,
    /// What was measured, a step for each of the first values.
    pub steps: Vec<Step>,
    /// Since when the value behind those has been set, in seconds since the engine's start.
    pub since_s: f64,
    /// How it ended; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// A value that a sweep sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Set {
    /// In the fault language: `250ms`.
    pub text: String,
    /// As a number: seconds, bytes, bytes per second, or per cent.
    pub number: f64,
}

/// What was measured while a value was set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When it began, in seconds since the engine's start.
    pub at_s: f64,
    /// How long it was.
    pub lasted_s: f64,
    /// Requests that began in it.
    pub asked: u64,
    /// Requests that were answered in it.
    pub answers: u64,
    /// The median wait of those that began and were answered in it, in milliseconds, as all waits here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// The wait that one of a hundred of them exceeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
    /// Their mean wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_ms: Option<f64>,
    /// The mean time from the beginning of a request to the last byte of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<f64>,
    /// The mean pause between what came last and the next request of a connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_ms: Option<f64>,
    /// The longest that a request without an answer had waited.
    pub oldest_ms: f64,
    /// Bytes delivered in it.
    pub bytes: PerDirection<u64>,
    /// Connections that their upstream broke, or that never reached it.
    pub failed: u64,
    /// Connections that a fault ended.
    pub cut: u64,
    /// Clients that left while their request waited.
    pub left: u64,
    /// What the finding says that has more cases by the end of this step than at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives_up: Option<GivesUp>,
}

/// That clients give up, as a finding states it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GivesUp {
    /// After how long, in milliseconds.
    pub after_ms: f64,
    /// In how many cases.
    pub n: u32,
    /// Of how many.
    pub of: u32,
}

/// How a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// All values were set.
    Done,
    /// What it was to stop at came.
    Until,
    /// Its user stopped it, or the program ends.
    Stopped,
    /// Somebody else changed the proxy's faults, and theirs stand.
    Changed,
    /// The proxy was removed.
    Gone,
}

/// The first step at which something gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cliff {
    /// Its place among the steps.
    pub step: usize,
    /// What gave.
    pub why: Why,
}

/// What gave at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    /// Clients give up, as a finding states.
    GivesUp(GivesUp),
    /// So many connections failed.
    Fails(u64),
    /// So many clients left while their request waited, and no finding says after how long they do.
    Leaves(u64),
    /// Answers a second fell from what they were at the first step to less than half of what longer waits alone would leave.
    Falls(f64, f64),
    /// No answer came in all of the time for which the value was held.
    Silent,
}

// === impl Curve ===

impl Curve {
    /// As few clients that leave say nothing: one may have had enough of its own accord.
    const LEFT: u64 = 3;

    /// The first step at which something gave.
    #[must_use]
    pub fn cliff(&self) -> Option<Cliff> {
        let mut all = (0..self.steps.len()).map(|step| (step, self.why(step)));
        all.find_map(|(step, why)| Some(Cliff { step, why: why? }))
    }

    /// What gave at a step; of several things the one that says most of the client.
    fn why(&self, at: usize) -> Option<Why> {
        let (first, step) = (&self.steps[0], &self.steps[at]);
        // What happens from the first step on is not of the climb's making, as long as there are answers.
        let is_new = |count: u64, before: u64| {
            let usual = if at == 0 { 0.0 } else { before as f64 };
            count as f64 > usual + 3.0 * usual.sqrt() && (at > 0 || step.answers == 0)
        };
        if let Some(gives_up) = step.gives_up {
            Some(Why::GivesUp(gives_up))
        } else if is_new(step.failed, first.failed) {
            Some(Why::Fails(step.failed))
        } else if step.left >= Self::LEFT && is_new(step.left, first.left) {
            Some(Why::Leaves(step.left))
        } else if at > 0 && Self::falls_silent(first, step) {
            Some(Why::Silent)
        } else if at == 0 || !Self::has_fallen(first, step) {
            None
        } else if step.answers == 0 {
            Some(Why::Silent)
        } else {
            Some(Why::Falls(first.rate(), step.rate()))
        }
    }

    /// Whether none of several requests is answered although there is time for it: they wait no longer than a part of the step.
    fn falls_silent(first: &Step, step: &Step) -> bool {
        let in_time = step.oldest_ms < step.lasted_s * 1e3 * 0.75;
        first.answers > 0 && step.answers == 0 && step.asked >= Self::LEFT && in_time
    }

    /// Whether answers a second are less than half of what is left where each request waits longer.
    ///
    /// A client that asks, waits, reads, pauses and asks again has fewer answers the longer each takes: that is no cliff. Its rate is
    /// one request in the time for one answer, down to its last byte, and a pause, both of which were measured.
    fn has_fallen(first: &Step, step: &Step) -> bool {
        let took = |step: &Step| step.took_ms.or(step.mean_ms).unwrap_or(step.oldest_ms);
        let pause = first.pause_ms.unwrap_or(0.0);
        let (before, now) = (took(first) + pause, took(step) + pause);
        let slower = if before > 0.0 && now > before {
            before / now
        } else {
            1.0
        };
        let expected = first.rate() * slower * step.lasted_s;
        let answers = step.answers as f64;
        // Of very few, one more or less says nothing.
        answers < expected / 2.0 && expected - answers > 2.0 * expected.sqrt()
    }

    /// Where a value stands on the way from the first to the last, from 0 to 1.
    #[must_use]
    pub fn place(&self, step: usize) -> f64 {
        let value = self.values.get(step);
        value
            .and_then(|value| self.place_of(value.number))
            .unwrap_or(0.0)
    }

    /// Where a number stands on that way; `None` where it lies beyond its ends.
    #[must_use]
    pub fn place_of(&self, number: f64) -> Option<f64> {
        let scaled = |number: f64| {
            if self.log {
                number.max(f64::MIN_POSITIVE).ln()
            } else {
                number
            }
        };
        let ends = [self.values.first()?, self.values.last()?];
        let [first, last] = ends.map(|set| scaled(set.number));
        let place = (scaled(number) - first) / (last - first);
        // What is an end is told apart from what lies beyond it by more than the rounding of a logarithm.
        (-1e-9..=1.0 + 1e-9)
            .contains(&place)
            .then(|| place.clamp(0.0, 1.0))
    }

    /// Whether a condition holds at the last step that was measured.
    #[must_use]
    pub fn reaches(&self, until: Until) -> bool {
        let (Some(first), Some(last)) = (self.steps.first(), self.steps.last()) else {
            return false;
        };
        match until {
            Until::Fails => {
                let why = self.why(self.steps.len() - 1);
                matches!(why, Some(Why::GivesUp(_) | Why::Fails(_) | Why::Leaves(_)))
            }
            Until::Waits(time) => {
                let longest = last.p99_ms.unwrap_or(0.0).max(last.oldest_ms);
                longest > time.as_secs_f64() * 1e3
            }
            Until::Rate(share) => last.rate() < first.rate() * share.fraction(),
        }
    }

    /// Whether anybody asked anything, or was answered.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.steps.iter().any(|step| step.asked + step.answers > 0)
    }

    /// The step that was measured last, and what was set in it.
    #[must_use]
    pub fn last_step(&self) -> Option<(&Set, &Step)> {
        let last = self.steps.len().checked_sub(1)?;
        Some((self.values.get(last)?, &self.steps[last]))
    }

    /// Whether it has come further than another one of the same sweep.
    #[must_use]
    pub fn is_ahead_of(&self, other: &Self) -> bool {
        let far = |curve: &Self| (curve.ended.is_some(), curve.steps.len());
        far(self) > far(other)
    }

    /// How long it takes if it goes to its end, in seconds.
    #[must_use]
    pub fn lasts_s(&self) -> f64 {
        self.hold_s * self.values.len() as f64
    }

    /// What it is about to do, in words: `sweep begins: latency from 10 ms to 10 s, 9 steps of 5 s each, 45 s`.
    #[must_use]
    pub fn begins(&self) -> String {
        let words = |set: Option<&Set>| set.map_or_else(String::new, Set::words);
        format!(
            "sweep begins: {} from {} to {}, {} steps of {}, {} in all",
            self.fault,
            words(self.values.first()),
            words(self.values.last()),
            self.values.len(),
            millis(self.hold_s * 1e3),
            millis(self.lasts_s() * 1e3),
        )
    }

    /// What is new of it, in words: its last step, or what all of it came to; `None` where it only begins.
    #[must_use]
    pub fn news(&self) -> Option<String> {
        if let Some(ended) = self.ended {
            let (fault, text) = (&self.fault, self.sentence());
            return Some(match ended {
                Ended::Done => format!("sweep of {fault} ended: {text}"),
                ended => format!("sweep of {fault} ended, {}: {text}", ended.words()),
            });
        }
        let (set, step) = self.last_step()?;
        let (fault, steps, all) = (&self.fault, self.steps.len(), self.values.len());
        Some(format!(
            "sweep {steps} of {all}: {fault} {}: {}",
            set.words(),
            step.words()
        ))
    }

    /// What it came to, in a sentence without a full stop: `holds to 1 s; at 2.5 s clients give up after 2.0 s (14 of 14)`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (Some(first), Some(last)) = (self.steps.first(), self.steps.last()) else {
            return "nothing was measured".to_owned();
        };
        let value = |step: usize| self.values.get(step).map_or_else(String::new, Set::words);
        if let Some(Cliff { step, why }) = self.cliff() {
            let why = why.words(self.hold_s);
            return match step.checked_sub(1) {
                Some(before) => format!("holds to {}; at {} {why}", value(before), value(step)),
                None => format!("at {} already {why}", value(step)),
            };
        }
        if !self.is_asked() {
            return "nobody asked anything: there is no answer to tell".to_owned();
        }
        let felt = [first, last].map(|step| step.p50_ms.map(millis));
        let felt = match felt {
            [Some(one), Some(other)] if self.steps.len() > 1 => {
                format!(": the median wait goes from {one} to {other}")
            }
            _ => String::new(),
        };
        let left = self.values.len() - self.steps.len().min(self.values.len());
        let end = match (self.ended, left) {
            (None, _) => " so far",
            (Some(_), 0) => ", the last value",
            (Some(_), _) => ", where it was stopped",
        };
        format!("holds to {}{end}{felt}", value(self.steps.len() - 1))
    }
}

/// Milliseconds as people read them.
pub(super) fn millis(millis: f64) -> String {
    figures::time(Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default())
}

// === impl Set ===

impl Set {
    /// A value of a parameter.
    #[must_use]
    pub fn of(value: Value) -> Self {
        let parts = magnitude(value).unwrap_or(0) as f64;
        let unit = match value {
            Value::Time(_) => 1e9,
            Value::Percent(_) => 1e4,
            Value::Number(_) => 1e3,
            _ => 1.0,
        };
        Self {
            text: value.to_string(),
            number: parts / unit,
        }
    }

    /// For people: `250 ms`.
    #[must_use]
    pub fn words(&self) -> String {
        let unit = self.text.find(char::is_alphabetic);
        unit.map_or_else(
            || self.text.clone(),
            |unit| format!("{} {}", &self.text[..unit], &self.text[unit..]).replace("us", "µs"),
        )
    }
}

// === impl Step ===

impl Step {
    /// Answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.per_second(self.answers)
    }

    /// What clients waited, in words.
    #[must_use]
    pub fn waited(&self) -> String {
        match (self.p50_ms, self.p99_ms) {
            (Some(p50), Some(p99)) => format!("{} (p99 {})", millis(p50), millis(p99)),
            _ if self.oldest_ms > 0.0 => format!("no answer for {}", millis(self.oldest_ms)),
            // Who is refused before it can be read has asked as well.
            _ if self.asked + self.failed + self.cut > 0 => "no answer".to_owned(),
            _ => "nothing was asked".to_owned(),
        }
    }

    /// What was met, in words: `waits 92 ms (p99 110 ms), 14.2 answers/s, 3 failed`.
    #[must_use]
    pub fn words(&self) -> String {
        let waits = if self.p50_ms.is_some() { "waits " } else { "" };
        let mut words = format!("{waits}{}, {:.1} answers/s", self.waited(), self.rate());
        let counts = [
            (self.failed, "failed"),
            (self.cut, "cut by us"),
            (self.left, "left without an answer"),
        ];
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            words = format!("{words}, {count} {what}");
        }
        words
    }

    /// Connections that came to nothing: those that failed or whose client left, and those that a fault cut.
    #[must_use]
    pub fn lost(&self) -> (u64, u64) {
        (self.failed + self.left, self.cut)
    }

    /// How many of these there were a second.
    #[must_use]
    pub fn per_second(&self, count: u64) -> f64 {
        if self.lasted_s > 0.0 {
            count as f64 / self.lasted_s
        } else {
            0.0
        }
    }
}

// === impl Why ===

impl Why {
    fn words(&self, hold: f64) -> String {
        match self {
            Self::GivesUp(GivesUp { after_ms, n, of }) => {
                let after = Duration::try_from_secs_f64(after_ms / 1e3).unwrap_or_default();
                let after = figures::stated_time(after);
                format!("clients give up after {after} ({n} of {of})")
            }
            Self::Fails(1) => "a connection fails".to_owned(),
            Self::Fails(failed) => format!("{failed} connections fail"),
            Self::Leaves(left) => format!("{left} clients leave without an answer"),
            Self::Falls(from, to) => format!("answers fall from {from:.1} to {to:.1} a second"),
            Self::Silent => format!("no answer comes in {}", millis(hold * 1e3)),
        }
    }
}

// === impl Ended ===

impl Ended {
    /// Why, in a few words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Done => "all values were set",
            Self::Until => "it came to what it was to stop at",
            Self::Stopped => "it was stopped",
            Self::Changed => "somebody else changed the faults, and theirs stand",
            Self::Gone => "the proxy was removed",
        }
    }

    /// Why, as a word of JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Until => "until",
            Self::Stopped => "stopped",
            Self::Changed => "changed",
            Self::Gone => "gone",
        }
    }
}
