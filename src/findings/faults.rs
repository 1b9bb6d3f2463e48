//! Which faults acted when: the failure under which something was seen.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::fault::{Plan, Setting};

/// The word where no fault acts.
pub(super) const NONE: &str = "none";

/// The word where an upstream failed without a fault's help.
pub(super) const UPSTREAM: &str = "upstream";

/// The faults of a proxy over its last changes.
#[derive(Debug)]
pub(super) struct Faults {
    /// From when on which faults acted, oldest first; at most `MOST`.
    spans: VecDeque<(Duration, Arc<str>)>,
    /// The settings of the plan, each with the moment at which it was set.
    settings: Vec<(Setting, Duration)>,
    none: Arc<str>,
    upstream: Arc<str>,
}

/// So many changes are remembered.
const MOST: usize = 64;

/// From when to when a setting acts that was set at `at`.
fn acts(setting: &Setting, at: Duration) -> Range<Duration> {
    let begins = at.saturating_add(setting.schedule.start);
    let lasts = setting.schedule.lasts.unwrap_or(Duration::MAX);
    begins..begins.saturating_add(lasts)
}

// === impl Faults ===

impl Default for Faults {
    fn default() -> Self {
        let none: Arc<str> = NONE.into();
        let upstream = UPSTREAM.into();
        Self {
            spans: [(Duration::ZERO, Arc::clone(&none))].into(),
            settings: Vec::new(),
            none,
            upstream,
        }
    }
}

impl Faults {
    /// Takes `plan` as that of the time from `at` on, with the turns that its schedules will take. A setting that stays keeps
    /// its schedule.
    pub(super) fn set(&mut self, at: Duration, plan: &Plan) {
        while self.spans.len() > 1 && self.spans.back().is_some_and(|(since, _)| *since >= at) {
            self.spans.pop_back();
        }
        let since = |setting: &Setting| {
            let same = self.settings.iter().find(|(before, _)| before == setting);
            same.map_or(at, |(_, since)| *since)
        };
        let settings = plan.settings().iter();
        self.settings = settings
            .map(|setting| (setting.clone(), since(setting)))
            .collect();
        let acting: Vec<(&'static str, Range<Duration>)> = self
            .settings
            .iter()
            .filter(|_| !plan.bypassed)
            .map(|(setting, since)| (setting.kind.name, acts(setting, *since)))
            .collect();
        let mut times = vec![at];
        times.extend(acting.iter().flat_map(|(_, acts)| [acts.start, acts.end]));
        times.retain(|time| (at..Duration::MAX).contains(time));
        times.sort_unstable();
        for time in times {
            let acting = acting.iter().filter(|(_, acts)| acts.contains(&time));
            let mut names: Vec<&str> = acting.map(|(name, _)| *name).collect();
            names.dedup();
            self.push(time, &names.join(", "));
        }
    }

    fn push(&mut self, at: Duration, names: &str) {
        let names = if names.is_empty() {
            Arc::clone(&self.none)
        } else {
            names.into()
        };
        if self.spans.back().is_some_and(|(_, last)| *last == names) {
            return;
        }
        if self.spans.len() == MOST {
            self.spans.pop_front();
        }
        self.spans.push_back((at, names));
    }

    /// The faults of `at`, and since when they have been those.
    pub(super) fn at(&self, at: Duration) -> (Duration, &Arc<str>) {
        let mut spans = self.spans.iter().rev().skip_while(|(since, _)| *since > at);
        let span = spans.next();
        span.map_or((Duration::ZERO, &self.none), |(since, names)| {
            (*since, names)
        })
    }

    /// When faults change next after a moment, by their schedules as far as these are known.
    pub(super) fn next_turn(&self, after: Duration) -> Option<Duration> {
        let mut turns = self.spans.iter().map(|(since, _)| *since);
        turns.find(|since| *since > after)
    }

    /// The last faults that acted between two moments; `none` where there were none at any time between.
    pub(super) fn between(&self, from: Duration, to: Duration) -> &Arc<str> {
        let mut end = Duration::MAX;
        for (since, names) in self.spans.iter().rev() {
            let overlaps = *since <= to && end > from;
            if overlaps && **names != *NONE {
                return names;
            }
            end = *since;
        }
        &self.none
    }

    /// Whether no fault acted at any time between two moments.
    pub(super) fn clean(&self, from: Duration, to: Duration) -> bool {
        **self.between(from, to) == *NONE
    }

    /// The word for a failure of the upstream's own.
    pub(super) fn upstream(&self) -> &Arc<str> {
        &self.upstream
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::language;

    #[test]
    fn schedules_turn_faults_on_and_off() {
        let seconds = Duration::from_secs;
        let plan = |text| Plan::of(language::parse(text).expect("faults"));
        let mut faults = Faults::default();
        faults.set(seconds(10), &plan("latency 1s, blackhole start=5s for=2s"));
        faults.set(seconds(30), &Plan::default());
        for (from, to, under) in [
            (0, 9, "none"),
            (11, 12, "latency"),
            (16, 16, "latency, blackhole"),
            (18, 29, "latency"),
            (29, 40, "latency"),
            (31, 40, "none"),
        ] {
            assert_eq!(
                &**faults.between(seconds(from), seconds(to)),
                under,
                "{from}–{to}"
            );
        }
    }

    #[test]
    fn a_bypass_is_no_fault() {
        let mut faults = Faults::default();
        let mut plan = Plan::of(language::parse("latency 1s").expect("faults"));
        faults.set(Duration::from_secs(1), &plan);
        plan.bypassed = true;
        faults.set(Duration::from_secs(2), &plan);
        assert!(faults.clean(Duration::from_secs(2), Duration::from_secs(9)));
        assert!(!faults.clean(Duration::from_secs(1), Duration::from_secs(9)));
    }
}
