//! Which faults acted when: the failure under which something was seen.

use std::collections::VecDeque;
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
    plan: Plan,
    none: Arc<str>,
    upstream: Arc<str>,
}

/// So many changes are remembered.
const MOST: usize = 64;

/// Who rests for less between two turns acts all the time.
const REST: Duration = Duration::from_secs(2);

/// Whether a setting that was set at `set` acts at a time, and when that changes next.
fn acts(setting: &Setting, set: Duration, at: Duration) -> (bool, Option<Duration>) {
    let begins = set.saturating_add(setting.schedule.start);
    if at < begins {
        return (false, Some(begins));
    }
    let ends = setting
        .schedule
        .lasts
        .map(|lasts| begins.saturating_add(lasts));
    if ends.is_some_and(|ends| ends <= at) {
        return (false, None);
    }
    let rests = setting.kind.rests.and_then(|rests| rests(setting));
    let rests = rests.filter(|(_, rest)| rest.end.saturating_sub(rest.start) >= REST);
    let Some((turn, rest)) = rests else {
        return (true, ends);
    };
    let turns = at.saturating_sub(begins).as_nanos() / turn.as_nanos();
    let began = begins + turn.saturating_mul(u32::try_from(turns).unwrap_or(u32::MAX));
    let bounds = [
        began + rest.start,
        began + rest.end,
        began + turn + rest.start,
    ];
    let turns = bounds.into_iter().chain(ends).filter(|time| *time > at);
    let is_at_rest = (bounds[0]..bounds[1]).contains(&at);
    (!is_at_rest, turns.min())
}

// === impl Faults ===

impl Default for Faults {
    fn default() -> Self {
        let none: Arc<str> = NONE.into();
        let upstream = UPSTREAM.into();
        Self {
            spans: [(Duration::ZERO, Arc::clone(&none))].into(),
            settings: Vec::new(),
            plan: Plan::default(),
            none,
            upstream,
        }
    }
}

impl Faults {
    /// Takes `plan` as that of the time from `at` on. A setting that stays keeps its schedule.
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
        self.plan = plan.clone();
        self.pass(at);
    }

    /// The plan of now.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its settings in turn: whether each acts at a time, and when that changes.
    fn acting(
        &self,
        at: Duration,
    ) -> impl Iterator<Item = (&'static str, (bool, Option<Duration>))> {
        let settings = self.settings.iter().filter(|_| !self.plan.bypassed);
        settings.map(move |(setting, since)| (setting.kind.name, acts(setting, *since, at)))
    }

    /// Time has come to a moment at which a setting begins or ends to act.
    pub(super) fn pass(&mut self, at: Duration) {
        let acting = self.acting(at).filter(|(_, (acts, _))| *acts);
        let mut names: Vec<&str> = acting.map(|(name, _)| name).collect();
        names.dedup();
        self.push(at, &names.join(", "));
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

    /// When a setting begins or ends to act next after a moment, by its schedule or by itself.
    pub(super) fn next_turn(&self, after: Duration) -> Option<Duration> {
        self.acting(after).filter_map(|(_, (_, turn))| turn).min()
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

    /// Lets time pass.
    fn pass(faults: &mut Faults, mut from: Duration, to: Duration) {
        while let Some(turn) = faults.next_turn(from).filter(|turn| *turn <= to) {
            faults.pass(turn);
            from = turn;
        }
    }

    #[test]
    fn what_rests_for_a_while_in_each_turn_acts_in_the_rest_of_it() {
        let names = |text: &str| -> Vec<String> {
            let plan = Plan::of(language::parse(text).expect("faults"));
            let mut faults = Faults::default();
            faults.set(Duration::from_secs(1), &plan);
            pass(&mut faults, Duration::from_secs(1), Duration::from_secs(30));
            let spans = faults.spans.iter();
            let spans = spans.map(|(since, names)| format!("{:.1} {names}", since.as_secs_f64()));
            spans.collect()
        };
        for (text, spans) in [
            (
                "latency 1s wave=square period=10s depth=1s",
                "0.0 none, 1.0 latency, 6.0 none, 11.0 latency, 16.0 none, 21.0 latency, 26.0 none",
            ),
            (
                "latency 1s wave=triangle period=20s depth=2s for=18s",
                "0.0 none, 1.0 latency, 13.5 none, 18.5 latency, 19.0 none",
            ),
            // It never comes to nothing, or not for long.
            ("latency 1s wave=square period=10s", "0.0 none, 1.0 latency"),
            (
                "latency 1s wave=sine period=10s depth=1s",
                "0.0 none, 1.0 latency",
            ),
            (
                "latency 1s wave=square period=1s depth=2s",
                "0.0 none, 1.0 latency",
            ),
            (
                "latency 1s jitter=1s wave=square period=10s depth=1s",
                "0.0 none, 1.0 latency",
            ),
            (
                "flap on=4s off=8s",
                "0.0 none, 5.0 flap, 13.0 none, 17.0 flap, 25.0 none, 29.0 flap",
            ),
            ("flap on=1s off=8s", "0.0 none, 1.0 flap"),
        ] {
            assert_eq!(names(text).join(", "), spans, "{text}");
        }
    }

    #[test]
    fn schedules_turn_faults_on_and_off() {
        let seconds = Duration::from_secs;
        let plan = |text| Plan::of(language::parse(text).expect("faults"));
        let mut faults = Faults::default();
        faults.set(seconds(10), &plan("latency 1s, blackhole start=5s for=2s"));
        pass(&mut faults, seconds(10), seconds(30));
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
