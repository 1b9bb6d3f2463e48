//! The last minute of a proxy as it is told, half a second a point.

use super::figures::{Lost, both, losses, lost, pair, whole};
use super::seconds::Seconds;
use crate::fault::PerDirection;
use crate::snapshot::Point;

/// Half a second of a proxy: when it ended, what was felt, waited, bytes a second, failed, left, cut, losses, changed.
pub(super) type Moment = (
    Seconds,
    Option<Seconds>,
    Option<Seconds>,
    (u64, u64),
    [u32; 3],
    Option<(Lost, Lost)>,
    (u32, u32),
);

/// What the members of [`Moment`] are called.
pub(super) const POINTS: [&str; 7] = [
    "at",
    "feels",
    "waits",
    "rates",
    "failed_left_cut",
    "losses",
    "changed",
];

/// A point of the last minute as it is told.
pub(super) fn moment(point: &Point) -> Moment {
    let has_losses = point.losses != PerDirection::default();
    (
        Seconds(point.at),
        point.feels.map(Seconds),
        point.waits.map(Seconds),
        pair(point.rates.map(whole)),
        [point.failed, point.left, point.cut],
        has_losses.then(|| pair(point.losses.map(lost))),
        pair(point.changed),
    )
}

/// A point of the last minute of a moment.
pub(super) fn point((at, feels, waits, rates, ends, lost, changed): Moment) -> Point {
    let [failed, left, cut] = ends;
    Point {
        at: at.0,
        feels: feels.map(|feels| feels.0),
        waits: waits.map(|waits| waits.0),
        rates: both(rates).map(|rate| rate as f64),
        failed,
        left,
        cut,
        losses: lost.map_or_else(PerDirection::default, |lost| both(lost).map(losses)),
        changed: both(changed),
    }
}
