//! How far a fault holds, as sweeps of it have climbed it.

use super::Comparison;
use crate::sweep::{Curve, Sweep};

/// How far a fault was climbed until something gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The last value at which nothing gave; `None` where none is known.
    pub last: Option<f64>,
    /// Whether something gave behind it; else it is the last value that was tried.
    pub gave: bool,
    /// Whether values grew from step to step.
    pub grows: bool,
    /// What its sweep came to, in words.
    pub sentence: String,
}

// === impl Held ===

impl Held {
    /// What sweeps of this fault came to: the one in which something gave first, else the one that came furthest. `None` where
    /// there was no such sweep.
    pub(super) fn of(fault: &Sweep, sweeps: &[Curve]) -> Option<Self> {
        let fault = fault.fault();
        let of_fault = sweeps.iter().filter(|curve| curve.fault == fault);
        let all: Vec<Self> = of_fault.map(Self::in_one).collect();
        let far = |held: &&Self| {
            let last = held.last.map(|last| if held.grows { last } else { -last });
            last.unwrap_or(f64::NEG_INFINITY)
        };
        let further = |one: &&Self, other: &&Self| far(one).total_cmp(&far(other));
        let gave = all.iter().filter(|held| held.gave).min_by(further);
        gave.or_else(|| all.iter().max_by(further)).cloned()
    }

    fn in_one(curve: &Curve) -> Self {
        let ends = [curve.values.first(), curve.values.last()];
        let [first, last] = ends.map(|set| set.map_or(0.0, |set| set.number));
        let cliff = curve.cliff();
        let held = cliff.map_or(curve.steps.len(), |cliff| cliff.step);
        let value = held.checked_sub(1).and_then(|step| curve.values.get(step));
        Self {
            last: value.map(|set| set.number).filter(|_| curve.is_asked()),
            gave: cliff.is_some(),
            grows: last >= first,
            sentence: curve.sentence(),
        }
    }

    /// Whether it stands so to a value. Where nothing gave, it may hold further on: that it holds no further is not known.
    pub(super) fn holds(&self, comparison: Comparison, value: f64) -> bool {
        let is_known = match comparison {
            _ if self.gave => true,
            Comparison::AtLeast | Comparison::More => self.grows,
            Comparison::AtMost | Comparison::Less => !self.grows,
            Comparison::Equal => false,
        };
        is_known && self.last.is_some_and(|last| comparison.holds(last, value))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::command::{self, Command, Sweeping};
    use crate::expect::{broken, parse};
    use crate::sweep::{Curve, Step};
    use crate::tape::account::Account;
    use crate::tape::{Head, Record, Standing, Tape, What};

    /// A sweep whose steps had so many answers and failures.
    fn swept(line: &str, steps: &[(u64, u64)]) -> Record {
        let Ok(Command::Sweep(_, Sweeping::Begin(sweep))) = command::parse(line) else {
            panic!("{line}");
        };
        let steps = steps.iter().map(|(answers, failed)| Step {
            lasted_s: 5.0,
            asked: *answers,
            answers: *answers,
            failed: *failed,
            ..Step::default()
        });
        let curve = Curve {
            steps: steps.collect(),
            ended: Some(crate::sweep::Ended::Done),
            ..Curve::new(1, "shop".to_owned(), &sweep)
        };
        Record {
            t: Duration::from_secs(60),
            what: What::Sweep(Box::new(curve)),
        }
    }

    fn said(text: &str, sweeps: &[(&str, &[(u64, u64)])]) -> String {
        let shop = Standing {
            proxy: "shop".to_owned(),
            mapping: "1=shop:2".to_owned(),
            ..Standing::default()
        };
        let mut tape = Tape::new(Head {
            tape: Head::FORM,
            faultboard: String::new(),
            seed: 1,
            began: String::new(),
            t: Duration::ZERO,
            demo: false,
            arguments: Vec::new(),
            proxies: vec![shop],
        });
        for (line, steps) in sweeps {
            tape.push(swept(line, steps));
        }
        let expected = parse(text).expect(text);
        let broken = broken(&[expected], &Account::of(&tape));
        let lines: Vec<String> = broken.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn what_sweeps_came_to_holds_or_is_said_with_their_sentence() {
        const WELL: (u64, u64) = (10, 0);
        const FAILS: (u64, u64) = (10, 4);
        let latency = "sweep shop latency from=100ms to=400ms steps=3";
        let down = "sweep shop bandwidth from=1MB/s to=10kB/s steps=3";
        let gave = [(latency, &[WELL, WELL, FAILS][..])];
        let held = [(latency, &[WELL, WELL, WELL][..])];
        let slow = [(down, &[WELL, WELL, FAILS][..])];
        let at_200 = "sweep of shop: holds to 200 ms; at 400 ms 4 connections fail";
        let to_400 = "sweep of shop: holds to 400 ms, the last value";
        for (text, sweeps, wanted) in [
            ("holds latency >= 200ms of shop", &gave[..], ""),
            ("holds latency > 200ms", &gave, at_200),
            ("holds latency < 400ms", &gave, ""),
            ("holds latency = 200ms", &gave, ""),
            ("holds latency >= 400ms", &held, ""),
            // That it holds no further, nobody has tried.
            ("holds latency <= 400ms", &held, to_400),
            ("holds latency = 400ms", &held, to_400),
            ("holds latency >= 401ms", &held, to_400),
            // Of several sweeps the one that gave first; what only went less far does not matter.
            ("holds latency >= 400ms", &[held[0], gave[0]], at_200),
            ("holds latency >= 400ms", &[held[0], (latency, &[WELL])], ""),
            ("holds bandwidth <= 100kB/s", &slow, ""),
            (
                "holds bandwidth <= 50kB/s",
                &slow,
                "sweep of shop: holds to 100 kB/s; at 10 kB/s 4 connections fail",
            ),
            (
                "holds latency >= 100ms",
                &[(latency, &[FAILS, FAILS][..])],
                "",
            ),
            (
                "holds latency >= 100ms",
                &[(latency, &[(0, 4)][..])],
                "sweep of shop: at 100 ms already 4 connections fail",
            ),
            (
                "holds latency >= 100ms",
                &[(latency, &[(0, 0); 3][..])],
                "sweep of shop: nobody asked anything: there is no answer to tell",
            ),
            (
                "holds latency >= 100ms",
                &[(latency, &[][..])],
                "sweep of shop: nothing was measured",
            ),
            (
                "holds latency >= 100ms",
                &slow,
                "there was no sweep of latency",
            ),
            (
                "holds latency jitter down >= 100ms",
                &[],
                "there was no sweep of latency jitter down",
            ),
            (
                "holds latency >= 100ms of db",
                &gave,
                "there was no such proxy",
            ),
        ] {
            let wanted = match wanted {
                "" => String::new(),
                wanted => format!("expected {text}: {wanted}"),
            };
            assert_eq!(said(text, sweeps), wanted, "{text}");
        }
    }
}
