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

/// What another kind of fault adds is in the same figures.
const OTHERS: &str = "other faults hold bytes too";
/// A byte stream keeps its order: with jitter, dense traffic waits longer and strays less than each byte by itself.
const BUNCHED: &str = "late bytes hold back those behind them";

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
        if self.moves(dial) {
            // The last second is over, and so is what was set in it.
            return Verdict::Unjudged;
        }
        if matches!(
            dial.knob.metric,
            Metric::Ended | Metric::Held | Metric::None
        ) {
            return if measured.is_some() {
                Verdict::Agrees
            } else {
                Verdict::Unjudged
            };
        }
        if let Some(verdict) = self.of_all().or_else(|| self.of_one(dial, measured)) {
            return verdict;
        }
        // The worst of both directions, but for rates the better one: an idle direction proves nothing.
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Differs(_) => 3,
            Verdict::Unknown(_) if dial.knob.metric == Metric::Rate => 1,
            Verdict::Unknown(_) => 2,
            Verdict::Agrees if dial.knob.metric == Metric::Rate => 2,
            Verdict::Agrees | Verdict::Off | Verdict::Settling | Verdict::Unjudged => 1,
        };
        Direction::BOTH
            .into_iter()
            .filter(|direction| directions.contain(*direction))
            .filter_map(|direction| self.judge(dial, direction))
            .max_by_key(rank)
            .unwrap_or(Verdict::Off)
    }

    /// What is to say of all knobs of the proxy, whatever they are.
    pub(super) fn of_all(&self) -> Option<Verdict> {
        let unknown = |why: &str| Some(Verdict::Unknown(why.to_owned()));
        let row = self.row;
        if self.plan.bypassed {
            return unknown("bypassed");
        }
        if row.open == 0 {
            return unknown(match row.port {
                PortState::Closed | PortState::Refusing => "the port is closed",
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
        None
    }

    /// What keeps one knob from being judged.
    fn of_one(&self, dial: &Dial, measured: Option<Value>) -> Option<Verdict> {
        if measured.is_none() {
            return Some(Verdict::Unknown("idle".to_owned()));
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
                let jitter = self.jitter(dial, direction);
                Some(self.judge_delay(dial, &added?, set, jitter))
            }
            (Metric::AddedSpread, Value::Time(set)) => {
                let setting = self.plan.find(dial.kind, direction)?;
                let beyond = dial.knob.beyond_proof.and_then(|beyond| beyond(setting));
                Some(self.judge_spread(dial, &added?, set, beyond))
            }
            (Metric::Rate, Value::Rate(cap)) => {
                Some(judge_rate(self.rates(dial)[direction.index()], cap))
            }
            _ => None,
        }
    }

    fn judge_delay(
        &self,
        dial: &Dial,
        spread: &Spread,
        set: Duration,
        jitter: Duration,
    ) -> Verdict {
        let measured = spread.p50;
        // The median of so many samples lies at most this far from the middle of their jitter, but for a rare chance.
        let chance = jitter.mul_f64(3.0 / (spread.count.max(1) as f64).sqrt());
        let slack = TOLERANCE.max(set / 50).max(chance);
        if measured.abs_diff(set) <= slack {
            Verdict::Agrees
        } else if measured < set {
            Verdict::Differs("bytes are held less than set".to_owned())
        } else if self.has_others(dial) {
            Verdict::Unknown(OTHERS.to_owned())
        } else if jitter > Duration::ZERO {
            Verdict::Unknown(BUNCHED.to_owned())
        } else {
            Verdict::Differs("bytes are held longer than set".to_owned())
        }
    }

    fn judge_spread(
        &self,
        dial: &Dial,
        spread: &Spread,
        set: Duration,
        beyond: Option<String>,
    ) -> Verdict {
        let measured = half_width(spread);
        if spread.count < FEW {
            let why = format!("only {} samples in the last second", spread.count);
            Verdict::Unknown(why)
        } else if let Some(why) = beyond {
            Verdict::Unknown(why)
        } else if measured.abs_diff(set) <= TOLERANCE.max(set / 10) {
            Verdict::Agrees
        } else if measured < set {
            Verdict::Unknown(BUNCHED.to_owned())
        } else if self.has_others(dial) {
            Verdict::Unknown(OTHERS.to_owned())
        } else {
            Verdict::Differs("delays stray further than set".to_owned())
        }
    }

    /// Whether faults of other kinds are set.
    fn has_others(&self, dial: &Dial) -> bool {
        let mut settings = self.plan.settings().iter();
        settings.any(|setting| setting.kind.name != dial.kind.name)
    }

    /// How far the delays of a kind are set to stray.
    fn jitter(&self, dial: &Dial, direction: Direction) -> Duration {
        let jitter = dial.kind.knobs.iter().find_map(|knob| {
            let beside = Dial { knob, ..*dial };
            let value = beside.value(self.plan, Directions::Only(direction))?;
            (knob.metric == Metric::AddedSpread).then(|| value.time())?
        });
        jitter.unwrap_or_default()
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
