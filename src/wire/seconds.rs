//! A time as a number of seconds, to the microsecond.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time, or a moment since the engine's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub(super) struct Seconds(pub(super) Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_micros() as f64 / 1e6)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Self::of(seconds).ok_or_else(|| serde::de::Error::custom(format!("{seconds} s is no time")))
    }
}

impl Seconds {
    /// No time is longer, some thirty years: sums of such times are never too great.
    const LONGEST: f64 = 1e9;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not negative, and small enough"
    )]
    pub(super) fn of(seconds: f64) -> Option<Self> {
        let fits = (0.0..=Self::LONGEST).contains(&seconds);
        fits.then(|| Self(Duration::from_micros((seconds * 1e6).round() as u64)))
    }

    /// The moment that lies so long before `at`.
    pub(super) fn before(at: Duration, passed: Duration) -> Self {
        let moment = at.saturating_sub(passed);
        let beyond = Duration::from_nanos(u64::from(moment.subsec_nanos() % 1_000));
        Self(moment.saturating_sub(beyond))
    }

    /// How long ago it was at `at`.
    pub(super) fn until(self, at: Duration) -> Duration {
        at.saturating_sub(self.0)
    }
}
