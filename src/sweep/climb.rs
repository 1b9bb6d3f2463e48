//! Carries a sweep out on a bench: sets each value, holds it, and puts back what was before.

use std::time::Duration;

use super::Sweep;
use super::curve::{Curve, Ended, Set, Step};
use crate::fault::Plan;

/// What a sweep is carried out on: the engine, or a test in its place.
pub trait Bench {
    /// Puts a plan in force where what the sweep has put there last still stands; else says what came between.
    fn set(&mut self, plan: &Plan) -> impl Future<Output = Result<(), Interruption>> + Send;

    /// Lets the plan act for so long, and returns what was measured, or what came between.
    fn hold(&mut self, time: Duration) -> impl Future<Output = Result<Step, Interruption>> + Send;

    /// Since when the plan acts that was set last, in seconds since the engine's start.
    fn since(&self) -> f64;

    /// Tells whoever listens how far the sweep has come.
    fn tell(&mut self, curve: &Curve);
}

/// What comes between a sweep and its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// It is to end.
    Stopped,
    /// Somebody else has changed the faults.
    Changed,
    /// The proxy is gone.
    Gone,
}

/// Climbs from the plan `before`, which is in force again at the end unless somebody else has put another one there. The curve
/// is told as the first value is set, after each step, and at the end.
///
/// It must be polled to its end: dropped, it leaves the value that it has set.
pub async fn climb(bench: &mut (impl Bench + Send), sweep: &Sweep, before: &Plan, curve: Curve) {
    let mut curve = curve;
    let ended = match steps(bench, sweep, before, &mut curve).await {
        Ok(ended) => ended,
        Err(came) => came.into(),
    };
    let stands = match ended {
        Ended::Done | Ended::Until | Ended::Stopped => bench.set(before).await.err(),
        Ended::Changed | Ended::Gone => None,
    };
    // Whoever came between at the very end is told of too.
    let came = stands.filter(|came| *came != Interruption::Stopped);
    curve.ended = Some(came.map_or(ended, Ended::from));
    bench.tell(&curve);
}

async fn steps(
    bench: &mut (impl Bench + Send),
    sweep: &Sweep,
    before: &Plan,
    curve: &mut Curve,
) -> Result<Ended, Interruption> {
    for value in sweep.values() {
        bench.set(&sweep.plan(before, value)).await?;
        if curve.steps.is_empty() {
            curve.since_s = bench.since();
            bench.tell(curve);
        }
        let step = bench.hold(sweep.hold).await?;
        curve.since_s = step.at_s + step.lasted_s;
        curve.steps.push(step);
        bench.tell(curve);
        if sweep.until.is_some_and(|until| curve.reaches(until)) {
            return Ok(Ended::Until);
        }
    }
    Ok(Ended::Done)
}

// === impl Curve ===

impl Curve {
    /// The curve of a sweep of this proxy that begins now.
    #[must_use]
    pub fn new(number: u32, proxy: String, sweep: &Sweep) -> Self {
        Self {
            number,
            proxy,
            sweep: sweep.to_string(),
            fault: sweep.fault(),
            hold_s: sweep.hold.as_secs_f64(),
            log: !sweep.linear,
            values: sweep.values().into_iter().map(Set::of).collect(),
            ..Self::default()
        }
    }
}

// === impl Ended ===

impl From<Interruption> for Ended {
    fn from(came: Interruption) -> Self {
        match came {
            Interruption::Stopped => Self::Stopped,
            Interruption::Changed => Self::Changed,
            Interruption::Gone => Self::Gone,
        }
    }
}
