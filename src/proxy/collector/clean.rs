//! What a proxy's clients meet while nothing is changed: what two settings are compared by, and what was without faults with what is
//! under them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::window::Sample;
use crate::snapshot::{Clean, Met};

/// How far back it looks.
const SPAN: Duration = Duration::from_secs(10);
/// How far apart its samples are.
const STEP: Duration = Duration::from_secs(1);
/// What comes so soon after faults is still of their making: clients that waited, and connections that are made anew.
const SETTLING: Duration = Duration::from_secs(2);
/// For so long those are waited for that have waited since before it: some wait in health, for ever.
const ANSWERING: Duration = Duration::from_secs(10);

/// The stretch of time in which nothing was changed, and the last one without faults.
#[derive(Debug, Default)]
pub(crate) struct CleanTime {
    /// The generation of the plan that acts in this stretch; none where no fault does.
    plan: Option<u64>,
    /// Whether there was a beat yet.
    begun: bool,
    /// When it began, and whether what was before it is felt no more.
    since: Duration,
    settled: bool,
    /// A sample each step of this stretch, oldest first, after it has settled.
    samples: VecDeque<Sample>,
    /// The newest one.
    last: Option<Sample>,
    /// What this stretch comes to.
    met: Option<Arc<Met>>,
    /// What the last one without faults comes to; that of the one before as long as it has had no answer.
    known: Option<Arc<Clean>>,
    /// Whether faults have acted at all, or this process has stood still.
    disturbed: bool,
}

// === impl CleanTime ===

impl CleanTime {
    /// Takes what was counted at a beat, the generation of the plan that acts, where a fault does, and for how long the oldest
    /// request has waited.
    pub(crate) fn beat(&mut self, plan: Option<u64>, sample: &Sample, oldest: Duration) {
        let at = sample.at();
        if !self.begun || self.plan != plan {
            self.disturbed |= plan.is_some();
            self.begin(plan, at);
        }
        let age = at.saturating_sub(self.since);
        let answered = oldest < age || age >= ANSWERING;
        self.settled |= !self.disturbed || (age >= SETTLING && answered);
        if !self.settled {
            return;
        }
        self.last = Some(sample.clone());
        let newest = self.samples.back().map(Sample::at);
        if newest.is_none_or(|newest| at.saturating_sub(newest) >= STEP) {
            self.take_stock();
            self.samples.push_back(sample.clone());
        }
        let is_old = |sample: &Sample| at.saturating_sub(sample.at()) >= SPAN;
        while self.samples.get(1).is_some_and(is_old) {
            self.samples.pop_front();
        }
    }

    /// This process stood still up to `at`, and with it everything that waited for it: that is no figure of the application.
    pub(crate) fn stood_still(&mut self, at: Duration) {
        self.disturbed = true;
        self.begin(self.plan, at);
    }

    fn begin(&mut self, plan: Option<u64>, at: Duration) {
        self.take_stock();
        (self.plan, self.begun) = (plan, true);
        (self.since, self.settled) = (at, false);
        self.samples.clear();
        (self.last, self.met) = (None, None);
    }

    /// Makes figures of the stretch so far; of one without faults, where there was an answer in it.
    fn take_stock(&mut self) {
        let (Some(first), Some(last)) = (self.samples.front(), &self.last) else {
            return;
        };
        let met = last.met_since(first);
        if met.span.is_zero() {
            return;
        }
        if let (None, Some(feels)) = (self.plan, met.feels) {
            self.known = Some(Arc::new(last.clean_since(first, &met, feels)));
        }
        self.met = Some(Arc::new(met));
    }

    /// What clients met in the last ten seconds of this stretch, where this plan acts in it.
    pub(crate) fn met(&self, plan: Option<u64>) -> Option<Arc<Met>> {
        self.met.clone().filter(|_| self.plan == plan)
    }

    /// What clients met in the last ten seconds without faults.
    pub(crate) fn known(&self) -> Option<Arc<Clean>> {
        self.known.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::{Counted, Window};
    use super::*;
    use crate::proxy::meter::counters::ProxyMeter;

    /// Answers that each take as long as `takes` says of a time, up to `lasts`; with the oldest wait, and where faults act.
    fn known(
        lasts: u64,
        faults: &std::ops::Range<u64>,
        stands_still: Option<&std::ops::Range<u64>>,
        takes: impl Fn(u64) -> (u64, u64),
    ) -> Duration {
        let (meter, mut window, mut clean) = (
            ProxyMeter::default(),
            Window::default(),
            CleanTime::default(),
        );
        for at in (0..lasts).step_by(100) {
            if stands_still.is_some_and(|it| it.contains(&at)) {
                continue;
            }
            let [at, takes, oldest] = [at, takes(at).0, takes(at).1].map(Duration::from_millis);
            meter.feels.record(takes);
            if window.stood_still(at) {
                clean.stood_still(at);
            }
            let meters = std::iter::once(&meter);
            let (_, sample) = window.beat(at, meters, Counted::default(), None);
            let acts = faults.contains(&u64::try_from(at.as_millis()).expect("millis"));
            clean.beat(acts.then_some(2), sample, oldest);
        }
        clean.known().expect("there were answers").feels.p99
    }

    #[test]
    fn what_was_before_is_not_what_health_is_like() {
        let faults = 10_000..14_000;
        for (name, stands_still, slow_until, oldest, p99) in [
            ("two seconds go by", None, 15_800, 0, 10),
            ("what goes on for longer is of health", None, 18_000, 0, 300),
            // Since before the faults ended.
            ("who waited is answered late", None, 18_000, 20_000, 10),
            ("someone waits for ever", None, 30_000, 90_000, 300),
            ("it stood still", Some(20_000..23_000), 23_100, 0, 10),
        ] {
            let takes = |at| match at {
                10_000..14_000 => (500, 500),
                14_000.. if at < slow_until => (300, oldest),
                _ => (10, 0),
            };
            let takes = |at| {
                let woke = stands_still
                    .as_ref()
                    .is_some_and(|it: &std::ops::Range<u64>| at == it.end);
                if woke { (3_000, 0) } else { takes(at) }
            };
            let found = known(26_200, &faults, stands_still.as_ref(), takes);
            let p99 = Duration::from_millis(p99);
            assert!(found.abs_diff(p99) * 20 <= p99, "{name}: {found:?}");
        }
    }
}
