//! What one proxy's clients met, from one change to the next.

use std::time::Duration;

use super::START;
use super::recovery::{Recoveries, Recovery};
use super::stretch::{Stretch, Tally};
use crate::sweep::Curve;
use crate::tape::record::{Finding, Port, Second, Standing};

/// A setting that stood for less than this, and under which nothing was answered, was passed on the way to another.
const PASSED: Duration = Duration::from_millis(500);

/// So many findings of a proxy are told.
const FINDINGS: usize = 100;

/// So many sweeps of a proxy are told; where there are more, the oldest goes, first of those in which nothing gave.
pub(super) const SWEEPS: usize = 50;

/// So many stretches of a proxy are told apart; where there are more, the oldest become one.
const STRETCHES: usize = 2_000;

/// What one proxy's clients met.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyAccount {
    /// Its name, the last that it had.
    pub name: String,
    /// The names that it had before.
    pub names_before: Vec<String>,
    /// Its mapping.
    pub mapping: String,
    /// What was set, one after the other, with what clients met meanwhile.
    pub stretches: Vec<Stretch>,
    /// What they met from the beginning to the end.
    pub whole: Tally,
    /// What the application was found to do, and when each was stated last, or withdrawn.
    pub findings: Vec<(Duration, Finding)>,
    /// What its sweeps came to.
    pub sweeps: Vec<Curve>,
    recoveries: Recoveries,
    stands: Standing,
    pub(super) gone: bool,
}

// === impl ProxyAccount ===

impl ProxyAccount {
    pub(super) fn new(standing: &Standing, t: Duration, by: &str) -> Self {
        Self {
            name: standing.proxy.clone(),
            names_before: Vec::new(),
            mapping: standing.mapping.clone(),
            stretches: vec![Stretch::of(standing, t, by)],
            whole: Tally::default(),
            findings: Vec::new(),
            sweeps: Vec::new(),
            recoveries: Recoveries::default(),
            stands: standing.clone(),
            gone: false,
        }
    }

    /// How soon clients were well again after each end of faults, the one that is still watched at `end` among them.
    #[must_use]
    pub fn recoveries_at(&self, end: Duration) -> Vec<Recovery> {
        self.recoveries.at(end)
    }

    pub(super) fn rename(&mut self, name: &str) {
        let before = std::mem::replace(&mut self.name, name.to_owned());
        self.names_before.push(before);
    }

    /// It stands otherwise from now on.
    pub(super) fn change(&mut self, t: Duration, by: &str, edit: impl FnOnce(&mut Standing)) {
        let mut stands = self.stands.clone();
        edit(&mut stands);
        let (acted, port) = (acts(&self.stands), self.stands.port);
        let same = |one: &Standing, other: &Standing| {
            // Faults that are switched off, where there is none, are none.
            let off = |it: &Standing| it.bypassed && !it.faults.is_empty();
            one.faults == other.faults && one.port == other.port && off(one) == off(other)
        };
        if same(&self.stands, &stands) {
            self.stands = stands;
            return;
        }
        self.stands = stands;
        match (acted, acts(&self.stands)) {
            (false, true) => self.recoveries.faults_begin(t),
            (true, false) => self.recoveries.faults_end(t),
            _ => {}
        }
        let mut next = Stretch::of(&self.stands, t, by);
        let refuses = [port, self.stands.port].contains(&Port::Refusing);
        if let Some(last) = self.stretches.last().filter(|_| refuses && by.is_empty()) {
            // A fault that closes a port, or lets it open, was set by somebody.
            next.by.clone_from(&last.by);
        }
        if let Some(last) = self.stretches.last_mut() {
            last.to = t;
            // What somebody else has set is told, however short it was.
            let by_one = last.by == next.by || last.by == START;
            let is_short = t.saturating_sub(last.from) < PASSED;
            let passed = by_one && is_short && last.tally.waits.is_empty();
            if passed {
                next.from = last.from;
                next.tally = std::mem::take(&mut last.tally);
                self.stretches.pop();
            }
        }
        self.stretches.push(next);
        if self.stretches.len() > STRETCHES {
            let first = self.stretches.remove(0);
            let second = &mut self.stretches[0];
            second.from = first.from;
            second.tally.add(&first.tally);
            "several, one after the other".clone_into(&mut second.faults);
        }
    }

    /// Keeps what was found, in the place of what was said of the same before: of those of its kind, the nearest one.
    pub(super) fn state(&mut self, finding: &Finding, t: Duration) {
        let before = self.findings.iter().enumerate();
        let before = before
            .filter(|(_, (_, before))| finding.goes_on_from(before))
            .min_by(|(_, (_, one)), (_, (_, other))| {
                let [one, other] = [one, other].map(|it| finding.distance(it));
                one.total_cmp(&other)
            });
        match before.map(|(place, _)| place) {
            Some(place) => self.findings[place] = (t, finding.clone()),
            // Bounded as findings are: a few kinds, under each plan.
            None if self.findings.len() < FINDINGS => self.findings.push((t, finding.clone())),
            None => {}
        }
    }

    pub(super) fn keep_sweep(&mut self, curve: &Curve) {
        self.sweeps.push(curve.clone());
        if self.sweeps.len() > SWEEPS {
            let gave_nothing = |curve: &Curve| curve.cliff().is_none();
            let oldest = self.sweeps.iter().position(gave_nothing);
            self.sweeps.remove(oldest.unwrap_or_default());
        }
    }

    /// Counts what clients met in a second that ended at `t`.
    pub(super) fn count(&mut self, second: &Second, t: Duration) {
        self.whole.count(second);
        // A second is cut where something changes, so its middle lies in the stretch that it belongs to.
        let middle = t.saturating_sub(second.span / 2);
        let mut stretches = self.stretches.iter_mut().rev();
        let stretch = stretches.find(|stretch| stretch.from <= middle);
        if let Some(stretch) = stretch {
            stretch.tally.count(second);
        }
        if !acts(&self.stands) {
            self.recoveries.count(second, t);
        }
    }
}

/// Whether a proxy is disturbed: a fault acts, or nobody is let in.
fn acts(standing: &Standing) -> bool {
    (!standing.bypassed && !standing.faults.is_empty()) || standing.port.is_closed()
}
