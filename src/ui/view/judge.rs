//! Whether a knob's proof holds: the rules by which measured and set agree.
//!
//! The rules claim little. Noise that a setting asks for is no difference, and where another fault, an idle peer or a
//! share of the connections explains what is seen, nobody can say.

use std::time::Duration;

use super::proof::{Proof, Verdict, half_width, waiting};
use crate::fault::knob::Metric;
use crate::fault::{Direction, Directions, Value};
use crate::snapshot::{PortState, Spread};
use crate::ui::knob::Dial;
use crate::units::{ByteRate, Percent};

/// Delays agree within this, or within two per cent.
const TOLERANCE: Duration = Duration::from_millis(2);
/// Rates agree within this share: the last second ends in the middle of a write.
const RATE_TOLERANCE: f64 = 0.05;
/// Fewer samples than these say nothing about how far they stray.
const FEW: u64 = 50;

impl Proof<'_> {
    /// Whether what was measured is what is set, in these directions together.
    pub(super) fn verdict(
        &self,
        dial: &Dial,
        directions: Directions,
        set: Option<Value>,
        measured: Option<Value>,
    ) -> Verdict {
        if set.is_none() {
            return Verdict::Off;
        }
        if let Some(verdict) = self.before_judging(dial, measured) {
            return verdict;
        }
        // The worst of both directions, but for rates the better one: an idle direction proves nothing.
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Differs(_) => 3,
            Verdict::Unknown(_) if dial.knob.metric == Metric::Rate => 1,
            Verdict::Unknown(_) => 2,
            Verdict::Agrees if dial.knob.metric == Metric::Rate => 2,
            Verdict::Agrees | Verdict::Off | Verdict::Settling => 1,
        };
        Direction::BOTH
            .into_iter()
            .filter(|direction| directions.contain(*direction))
            .filter_map(|direction| self.judge(dial, direction))
            .max_by_key(rank)
            .unwrap_or(Verdict::Off)
    }

    /// What keeps a knob from being judged at all.
    fn before_judging(&self, dial: &Dial, measured: Option<Value>) -> Option<Verdict> {
        let unknown = |why: &str| Some(Verdict::Unknown(why.to_owned()));
        let row = self.row;
        if self.plan.bypassed {
            return unknown("bypassed");
        }
        if row.open == 0 {
            return unknown(match row.port {
                PortState::Closed => "the port is closed",
                PortState::Open | PortState::Waiting(_) => "no connections",
            });
        }
        if self.settling {
            return Some(Verdict::Settling);
        }
        if row.taken < row.open {
            return Some(Verdict::Differs(waiting(row)));
        }
        if row.bytes == [0, 0] {
            return unknown("no traffic yet");
        }
        if measured.is_none() {
            return unknown("idle");
        }
        let shares = Direction::BOTH.map(|way| self.plan.find(dial.kind, way));
        let partial = shares.into_iter().flatten();
        let mut partial = partial.filter(|setting| setting.share != Percent::ALL);
        let share = partial.next()?.share;
        Some(Verdict::Unknown(format!("hits {share} of connections")))
    }

    fn judge(&self, dial: &Dial, direction: Direction) -> Option<Verdict> {
        let set = dial.value(self.plan, Directions::Only(direction))?;
        let added = self.row.added[direction.index()];
        match (dial.knob.metric, set) {
            (Metric::AddedDelay, Value::Time(set)) => {
                let spread = added?;
                let slack = self.stray(dial, direction, spread.count);
                Some(self.judge_time(dial, spread.p50, set, slack))
            }
            (Metric::AddedSpread, Value::Time(set)) => {
                let dist = self.dist(dial, direction).unwrap_or("uniform");
                Some(self.judge_spread(dial, &added?, set, dist))
            }
            (Metric::Rate, Value::Rate(cap)) => {
                Some(judge_rate(self.rates(dial)[direction.index()], cap))
            }
            _ => None,
        }
    }

    fn judge_spread(&self, dial: &Dial, spread: &Spread, set: Duration, dist: &str) -> Verdict {
        if spread.count < FEW {
            let why = format!("only {} samples in the last second", spread.count);
            return Verdict::Unknown(why);
        }
        if dist != "uniform" {
            return Verdict::Unknown(format!("{dist} jitter has no fixed width"));
        }
        self.judge_time(dial, half_width(spread), set, set / 10)
    }

    fn judge_time(
        &self,
        dial: &Dial,
        measured: Duration,
        set: Duration,
        slack: Duration,
    ) -> Verdict {
        if measured.abs_diff(set) <= TOLERANCE.max(set / 50).max(slack) {
            return Verdict::Agrees;
        }
        let mut others = self.plan.settings().iter();
        let others = others.any(|setting| setting.kind.name != dial.kind.name);
        if measured > set && others {
            return Verdict::Unknown("other faults hold bytes too".to_owned());
        }
        let how = if measured > set { "longer" } else { "less" };
        Verdict::Differs(format!("bytes are held {how} than set"))
    }

    /// How far the median of so many samples may lie from the middle of their jitter.
    fn stray(&self, dial: &Dial, direction: Direction, count: u64) -> Duration {
        let jitter = dial.kind.knobs.iter().find_map(|knob| {
            let beside = Dial { knob, ..*dial };
            let value = beside.value(self.plan, Directions::Only(direction))?;
            (knob.metric == Metric::AddedSpread).then(|| value.time())?
        });
        let Some(jitter) = jitter else {
            return Duration::ZERO;
        };
        let skewed = self
            .dist(dial, direction)
            .is_some_and(|dist| dist.starts_with("pareto"));
        let chance = jitter.mul_f64(3.0 / (count.max(1) as f64).sqrt());
        if skewed { chance + jitter } else { chance }
    }

    fn dist(&self, dial: &Dial, direction: Direction) -> Option<&'static str> {
        match self.plan.find(dial.kind, direction)?.value("dist")? {
            Value::Word(dist) => Some(dist),
            _ => None,
        }
    }
}

fn judge_rate(rate: f64, cap: ByteRate) -> Verdict {
    let cap = cap.bytes_per_second() as f64;
    if (rate - cap).abs() <= cap * RATE_TOLERANCE {
        Verdict::Agrees
    } else if rate > cap {
        Verdict::Differs("faster than the cap".to_owned())
    } else if rate == 0.0 {
        Verdict::Unknown("idle".to_owned())
    } else {
        Verdict::Unknown("traffic is slower than the cap".to_owned())
    }
}
