//! Recovers: how long after a fault has ended the answers are as many and as quick as they were before it.
//!
//! Before is the last ten seconds without a fault. It is over where a whole second, and three of them together, have nine in ten of the
//! answers, or as many as the poorest before, and a middle wait within a tenth, or as good as the worst; who asked under the fault has
//! waited for its end, and does not count there. How long it took is told by the answers that were missing until then: where half of
//! them come again apart from where all do, both are told. A fault ends where it is lifted, by its schedule, and where it rests for a
//! while by itself, as a wave that comes to nothing does. It is told of the last end only, and only where the fault was felt.

use std::sync::Arc;
use std::time::Duration;

use super::book::{Book, Step};
use super::faults::NONE;
use super::group::{Last, Width, median};
use super::watch::{Sight, Watch};
use super::wording::{Range, time};
use crate::snapshot::{Figure, Finding, Habit, Stall};

/// The course of answers before, under and after the last fault.
#[derive(Debug, Default)]
pub(super) struct Recovers {
    /// The last tenths of a second.
    tenths: Last<Tenth, 110>,
    before: Option<Before>,
    fault: Option<Ended>,
    told: Option<Finding>,
    /// When the last stall of the desk ended in which answers of some tenths were seen in others.
    stalled: Duration,
}

/// The answers of a tenth of a second.
#[derive(Debug)]
struct Tenth {
    number: u64,
    answers: usize,
    waits: Vec<Duration>,
}

/// What was before a fault.
#[derive(Clone, Copy, Debug)]
struct Before {
    second: Usual,
    seconds: Usual,
}

/// What stretches of one length had: answers, of all of them in the mean and of the one with the fewest and the most, and a middle
/// wait, likewise.
#[derive(Clone, Copy, Debug)]
struct Usual {
    answers: usize,
    fewest: usize,
    most: usize,
    wait: Duration,
    waits: Range,
}

/// What one stretch had.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    answers: usize,
    wait: Duration,
}

/// A fault that ended.
#[derive(Debug)]
struct Ended {
    at: Duration,
    under: Arc<str>,
    felt: bool,
    /// How many answers each tenth of a second since then had, and when the first of them came.
    since: Vec<(u32, Duration)>,
}

/// So many seconds without a fault are before it, and so many together show that it is over.
const SECONDS: u64 = 10;
const TOGETHER: u64 = 3;

/// So many waits of a tenth are kept.
const WAITS: usize = 16;

/// Fewer answers a second tell nothing.
const FEWEST: usize = 5;

/// Such parts of the usual answers tell from when to when they come back, and when they are as good as all.
const HALF: f64 = 0.5;
const MOST: f64 = 0.9;
const ALL: f64 = 0.95;

/// So many answers fewer than that are by chance.
const BY_CHANCE: f64 = 2.0;

/// Those whose half is back so much earlier than all come back one by one.
const ONE_BY_ONE: Duration = Duration::from_millis(500);

/// For so long after a fault it is waited.
const LONGEST: Duration = Duration::from_secs(60);

const TENTH: Duration = Duration::from_millis(100);

fn tenth(at: Duration) -> u64 {
    u64::try_from(at.as_millis() / 100).unwrap_or(u64::MAX)
}

// === impl Recovers ===

impl Watch for Recovers {
    fn see(&mut self, sight: &Sight<'_>) {
        if let Some(Step::Answered { waited }) = sight.step {
            let at = sight.fact.at;
            // Who asked while it lasted waited for its end.
            let fault = self.fault.as_ref();
            let meant = fault.is_none_or(|fault| sight.conn.began >= fault.at);
            self.answered(at, meant.then_some(*waited));
            if let Some(fault) = &mut self.fault {
                fault.answered(at);
            }
        }
    }

    fn faults(&mut self, at: Duration, book: &Book) {
        let (since, under) = book.faults.at(at);
        let just_before = since.saturating_sub(Duration::from_nanos(1));
        let (before, earlier) = book.faults.at(just_before);
        if since != at {
            return;
        }
        match (**earlier != *NONE, **under != *NONE) {
            (false, true) => {
                // What rested for less is as it was before it acted first.
                if at.saturating_sub(before) >= Duration::from_secs(SECONDS) {
                    let ran = self.ran_for(at, Duration::from_secs(SECONDS));
                    self.before = self.before(at).filter(|_| ran);
                }
                self.fault = None;
            }
            (true, false) => {
                let last = self.stretch(tenth(at).saturating_sub(10), 1);
                let was_felt = |before: Before| !before.second.is_as(last, 0.7, 1.5);
                self.fault = Some(Ended {
                    at,
                    under: Arc::clone(earlier),
                    felt: self.ran_for(at, TENTH * 10) && self.before.is_some_and(was_felt),
                    since: Vec::new(),
                });
            }
            _ => {}
        }
    }

    fn stalled(&mut self, stall: Stall) {
        // The answers of some tenths of a second were seen in others: nothing is known of what was before, or of when it is as good.
        if stall.to.saturating_sub(stall.from) > TENTH {
            self.stalled = stall.to;
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        found.extend(self.told.clone());
    }
}

impl Recovers {
    fn answered(&mut self, at: Duration, waited: Option<Duration>) {
        let number = tenth(at);
        let last = self.tenths.iter().next_back();
        if last.is_none_or(|last| last.number != number) {
            self.looks_back(number);
            self.tenths.push(Tenth {
                number,
                answers: 0,
                waits: Vec::new(),
            });
        }
        let Some(last) = self.tenths.iter_mut().next_back() else {
            return;
        };
        last.answers += 1;
        if last.waits.len() < WAITS {
            last.waits.extend(waited);
        }
    }

    /// Whether the desk has run for so long at `at`.
    fn ran_for(&self, at: Duration, long: Duration) -> bool {
        at >= self.stalled.saturating_add(long)
    }

    /// The answers of so many seconds from a tenth on.
    fn stretch(&self, from: u64, seconds: u64) -> Stretch {
        let within = from..from + 10 * seconds;
        let tenths = || {
            let all = self.tenths.iter();
            all.filter(|tenth| within.contains(&tenth.number))
        };
        Stretch {
            answers: tenths().map(|tenth| tenth.answers).sum(),
            wait: median(tenths().flat_map(|tenth| tenth.waits.iter().copied())),
        }
    }

    /// The ten seconds before `at`.
    fn before(&self, at: Duration) -> Option<Before> {
        let first = tenth(at).checked_sub(SECONDS * 10)?;
        let usual = |together: u64| {
            let starts = 0..=(SECONDS - together) * 10;
            let all = starts.map(|tenth| self.stretch(first + tenth, together));
            Usual::of(&all.collect::<Vec<_>>())
        };
        let second = usual(1)?;
        // Waits are no longer for being looked at together.
        let waits = second.waits;
        let seconds = usual(TOGETHER)?;
        Some(Before {
            second,
            seconds: Usual { waits, ..seconds },
        })
    }

    /// Whether what is over by the tenth `now` was as it was before.
    fn looks_back(&mut self, now: u64) {
        let (Some(before), Some(fault)) = (self.before, &self.fault) else {
            return;
        };
        if !fault.felt || self.stalled > fault.at || before.second.answers < FEWEST {
            return;
        }
        let first = tenth(fault.at);
        let last = (now + 1).saturating_sub(TOGETHER * 10);
        // Those before have been looked at, and are forgotten.
        let back = (first.max(last.saturating_sub(70))..last).find(|from| {
            let is_as = |usual: Usual, seconds| usual.is_as(self.stretch(*from, seconds), 0.9, 1.1);
            is_as(before.second, 1) && is_as(before.seconds, TOGETHER)
        });
        let late = now > first + tenth(LONGEST);
        if let Some(from) = back {
            let after = self.stretch(from, TOGETHER);
            let usual = before.second.answers as f64 / 10.0;
            let came =
                |part, seconds: u64, unsure| fault.came(usual * part, from + 10 * seconds, unsure);
            let half = came(HALF, 1, 0.0);
            // Where nothing was missing, what lacks later is by chance.
            let ahead = if half < TENTH { 1 } else { TOGETHER };
            let all = came(ALL, ahead, 0.0);
            // Of those that come back one by one, chance hides which is the last.
            let one_by_one = all > half + ONE_BY_ONE;
            let unsure = if one_by_one {
                (usual * ALL).sqrt()
            } else {
                0.0
            };
            let took = [half, came(MOST, 1, 0.0), came(ALL, ahead, unsure)];
            self.told = Some(before.finding(fault, took, after));
        }
        if back.is_some() || late {
            self.fault = None;
        }
    }
}

// === impl Ended ===

impl Ended {
    fn answered(&mut self, at: Duration) {
        let place = tenth(at).saturating_sub(tenth(self.at));
        if self.felt && place <= 2 * tenth(LONGEST) {
            let place = usize::try_from(place).unwrap_or(0);
            let known = self.since.len().max(place + 1);
            self.since.resize(known, (0, at));
            self.since[place].0 += 1;
        }
    }

    /// After how long so many answers in a tenth began to come, as the tenths up to one show: behind those that lack most, and
    /// behind all that lack as many but for so few that nobody can be sure.
    fn came(&self, many: f64, up_to: u64, unsure: f64) -> Duration {
        let tenths = usize::try_from(up_to - tenth(self.at)).unwrap_or(usize::MAX);
        let (mut lacks, mut most, mut from) = (0.0, BY_CHANCE, 0);
        for (place, (answers, _)) in self.since.iter().take(tenths).enumerate() {
            lacks += many - f64::from(*answers);
            if lacks > most {
                (most, from) = (lacks, place + 1);
            } else if from > 0 && lacks + unsure > most {
                from = place + 1;
            }
        }
        let mut came = self.since.iter().skip(from);
        let came = came.find(|(answers, _)| *answers > 0);
        let came = came.or(self.since.last());
        came.map_or(Duration::ZERO, |(_, at)| at.saturating_sub(self.at))
    }
}

// === impl Usual ===

impl Usual {
    fn of(all: &[Stretch]) -> Option<Self> {
        let answers = all.iter().map(|it| it.answers);
        let waits = || all.iter().map(|it| it.wait);
        Some(Self {
            answers: answers.clone().sum::<usize>() / all.len().max(1),
            fewest: answers.clone().min()?,
            most: answers.max()?,
            wait: median(waits()),
            waits: Range::of(waits())?,
        })
    }

    /// Whether a stretch of this length has this share of the answers, and waits that are so many times as long at most.
    fn is_as(&self, stretch: Stretch, share: f64, times: f64) -> bool {
        let answers = (self.answers as f64 * share).min(self.fewest as f64);
        let wait = self.wait.mul_f64(times).max(self.waits.most);
        stretch.answers as f64 >= answers && stretch.wait <= wait
    }
}

// === impl Before ===

impl Before {
    /// That it was so again, so long after a fault had ended: half, most and all of it.
    fn finding(&self, fault: &Ended, took: [Duration; 3], after: Stretch) -> Finding {
        let [least, middle, most] = took;
        let Usual {
            fewest,
            most: many,
            waits,
            ..
        } = self.second;
        let before = if fewest == many {
            fewest.to_string()
        } else {
            format!("{fewest}–{many}")
        };
        let text = format!(
            "recovers {} after the fault ends: {} answers a second ({before} before), after {} ({waits} before)",
            match () {
                () if most < TENTH => "within 100 ms".to_owned(),
                () if Width::TIMER.joins(least, most) => time(middle),
                () => Range { least, most }.to_string(),
            },
            (after.answers as u64).div_ceil(TOGETHER),
            time(after.wait),
        );
        let values = [("after", middle), ("least", least), ("most", most)];
        Finding::new(
            (Habit::Recovers, "after a fault"),
            text,
            &fault.under,
            (after.answers, after.answers),
            values
                .map(|(name, took)| (name, Figure::Time(took)))
                .to_vec(),
            [],
        )
    }
}
