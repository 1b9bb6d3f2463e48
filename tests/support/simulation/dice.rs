//! Every random choice of a simulation: one generator, so that a seed is all of a run.

use std::time::Duration;

use faultboard::fault::random::{Random, unit};

/// A seeded generator that speaks of chances and sizes.
pub(crate) struct Dice(Random);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0.draw()
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.draw() % 100 < percent
    }

    /// From 1 to `most`, evenly.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        1 + self.draw() % most.max(1)
    }

    /// Between the two, evenly by order of magnitude.
    pub(crate) fn scaled(&mut self, least: u64, most: u64) -> u64 {
        let (low, high) = ((least as f64).ln(), (most as f64).ln());
        ((low + (high - low) * unit(self.draw())).exp() as u64).clamp(least, most)
    }

    /// A time around `scale`: from a hundredth of it to ten times as much.
    pub(crate) fn time(&mut self, scale: Duration) -> Duration {
        let nanos = u64::try_from(scale.as_nanos()).expect("a time of a simulation");
        Duration::from_nanos(self.scaled((nanos / 100).max(1), nanos * 10))
    }
}
