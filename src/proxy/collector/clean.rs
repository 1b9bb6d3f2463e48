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

/// The stretch of time in which nothing was changed, and the last one without faults.
#[derive(Debug, Default)]
pub(crate) struct CleanTime {
    /// The generation of the plan that acts in this stretch; none where no fault does.
    plan: Option<u64>,
    /// Whether there was a beat yet.
    begun: bool,
    /// When it began.
    since: Duration,
    /// A sample each step of this stretch, oldest first, after it has settled.
    samples: VecDeque<Sample>,
    /// The newest one.
    last: Option<Sample>,
    /// What this stretch comes to.
    met: Option<Arc<Met>>,
    /// What the last one without faults comes to; that of the one before as long as it has had no answer.
    known: Option<Arc<Clean>>,
    /// Whether faults have acted at all.
    disturbed: bool,
}

// === impl CleanTime ===

impl CleanTime {
    /// Takes what was counted at a beat, and the generation of the plan that acts, where a fault does.
    pub(crate) fn beat(&mut self, plan: Option<u64>, sample: &Sample) {
        let at = sample.at();
        if !self.begun || self.plan != plan {
            self.take_stock();
            (self.plan, self.begun) = (plan, true);
            self.since = at;
            self.samples.clear();
            (self.last, self.met) = (None, None);
            self.disturbed |= plan.is_some();
        }
        if self.disturbed && at.saturating_sub(self.since) < SETTLING {
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
    use super::super::window::{BEAT, Counted, Window};
    use super::*;
    use crate::proxy::meter::counters::ProxyMeter;

    #[test]
    fn what_comes_within_two_seconds_after_a_fault_is_not_what_health_is_like() {
        let ms = Duration::from_millis;
        let (meter, mut window, mut clean) = (
            ProxyMeter::default(),
            Window::default(),
            CleanTime::default(),
        );
        // Answers take 10 ms in health, 500 ms under a fault, and 300 ms for so long after it.
        for (after, known) in [(1_800, 10), (4_000, 300)] {
            let started = clean.last.as_ref().map_or(Duration::ZERO, Sample::at) + ms(60_000);
            for beat in 0..200 {
                let since = BEAT * beat;
                let is_clean = !(ms(10_000)..ms(14_000)).contains(&since);
                let settled = since >= ms(14_000 + after);
                let takes = match () {
                    () if !is_clean => 500,
                    () if since > ms(14_000) && !settled => 300,
                    () => 10,
                };
                meter.feels.record(ms(takes));
                let meters = std::iter::once(&meter);
                let (_, sample) = window.beat(started + since, meters, Counted::default(), None);
                clean.beat((!is_clean).then_some(2), sample);
            }
            let worst = clean.known().expect("there were answers").feels.p99;
            assert!(
                worst.abs_diff(ms(known)) * 20 <= ms(known),
                "{after}: {worst:?}"
            );
        }
    }
}
