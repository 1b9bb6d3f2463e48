//! The law of a client's pauses: how they grow from one attempt to the next, where they stop, and whether chance draws them.
//!
//! A law is told only where the pauses fit no other: 0, 1, 2 s is linear and exponential, and what has grown once fits both. The last
//! pauses are at a cap where three of them are alike. Pauses that chance draws take tens of trains; of a few trains they may be alike
//! by chance too, and show no curve.

use std::fmt;
use std::time::Duration;

use super::group::{median, near_middle};
use super::wording::time;
use crate::snapshot::Figure;

/// What the pauses of some trains have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Law {
    growth: Growth,
    /// How long the first pause is, and the longest where the pauses stop growing.
    from: Duration,
    cap: Option<Duration>,
    jitter: Jitter,
}

/// How each pause follows from the one before.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Growth {
    Fixed,
    /// By so much more.
    Linear(Duration),
    /// By so many times as much.
    Exponential(f64),
}

/// Whether chance draws the pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Jitter {
    None,
    Some,
    /// From nothing up to the whole pause.
    Full,
}

/// Levels that a curve goes through, and by which share the worst of them is off it.
struct Fit {
    first: f64,
    growth: f64,
    off: f64,
}

/// So many trains with the same pauses show that chance draws none of them.
const SAME: usize = 6;

/// So many trains tell how pauses grow that are drawn by chance, and so many of which kind of chance.
const MANY: usize = 20;
const TENS: usize = 24;

/// Pauses that chance draws double where they grow by a factor as near to two as this.
const ABOUT: f64 = 0.25;

/// So many tell by which factor they grow; that they double, fewer do.
const FACTOR: usize = 60;

/// So many pauses tell how they grow, and so many alike at their end are a cap.
const GROWING: usize = 3;
const CAPPED: usize = 3;

/// Pauses are seen through a desk as exactly as this, at the best.
const EXACT: f64 = 0.04;
const SLACK: f64 = 0.005;

/// A shorter pause is none: the first attempt of many follows at once.
const SHORTEST: f64 = 0.02;

// === impl Law ===

impl Law {
    /// The law of pauses by their places in the train, each as often as there are trains.
    pub(super) fn of(places: &[Vec<Duration>]) -> Option<Self> {
        let trains = places.first()?.len();
        let by_chance = !places.iter().all(|place| is_narrow(place));
        if trains < if by_chance { MANY } else { SAME } {
            return None;
        }
        let levels = levels(places, by_chance);
        let unsure = EXACT + f64::from(u8::from(by_chance)) * 4.0 / trains as f64;
        let alike = |one: f64, two: f64| (one - two).abs() <= one.max(two) * unsure + SLACK;
        let last = *levels.last()?;
        let capped = levels
            .iter()
            .rev()
            .take_while(|level| alike(**level, last))
            .count();
        let jitter = Jitter::of(places, by_chance);
        let time = Duration::from_secs_f64;
        if capped == levels.len() {
            let enough = levels.len() > 1 && last > SHORTEST;
            return enough.then(|| Self {
                growth: Growth::Fixed,
                from: time(last),
                cap: None,
                jitter,
            });
        }
        let cap = (capped >= CAPPED).then(|| {
            levels[levels.len() - capped..]
                .iter()
                .copied()
                .fold(0.0, f64::max)
        });
        let whole = levels.len() - cap.map_or(0, |_| capped);
        let short = levels.iter().take_while(|level| **level < SHORTEST).count();
        // The first pause at the cap may be as long as it would be without, where more than three say so.
        let with_first = cap.and_then(|_| levels.get(short..=whole));
        let with_first = with_first.filter(|growing| growing.len() > GROWING);
        let found = with_first.and_then(|growing| grows(growing, unsure));
        let found = found.or_else(|| grows(levels.get(short..whole)?, unsure));
        let (growth, from) = found?;
        if by_chance && trains < FACTOR && !growth.is_familiar() {
            return None;
        }
        Some(Self {
            growth,
            from: time(from),
            cap: cap.map(time),
            jitter,
        })
    }

    /// Its figures, by their names.
    pub(super) fn values(&self) -> Vec<(&'static str, Figure)> {
        let grows = match self.growth {
            Growth::Fixed => None,
            Growth::Linear(step) => Some(("step", Figure::Time(step))),
            Growth::Exponential(factor) => Some(("factor", Figure::Factor(factor))),
        };
        let from = grows.map(|_| ("from", Figure::Time(self.from)));
        grows
            .into_iter()
            .chain(from)
            .chain(self.cap.map(|cap| ("cap", Figure::Time(cap))))
            .collect()
    }
}

// === impl Jitter ===

impl Jitter {
    fn of(places: &[Vec<Duration>], by_chance: bool) -> Self {
        match by_chance {
            false => Self::None,
            true if places[0].len() >= TENS && is_full(places) => Self::Full,
            true => Self::Some,
        }
    }
}

// === impl Growth ===

impl Growth {
    /// Whether it is known without its figure, where chance makes that inexact.
    fn is_familiar(self) -> bool {
        !matches!(self, Self::Exponential(factor) if (factor - 2.0).abs() > ABOUT)
    }
}

/// Behind the pauses: `, doubling from 100 ms, at most 5.0 s`; nothing where each is as long.
impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = if self.jitter == Jitter::None {
            ""
        } else {
            "about "
        };
        let from = time(self.from);
        let unsure = if self.jitter == Jitter::None {
            0.1
        } else {
            ABOUT
        };
        match self.growth {
            Growth::Fixed => {}
            Growth::Linear(step) => write!(f, ", growing by {about}{} from {from}", time(step))?,
            Growth::Exponential(factor) if (factor - 2.0).abs() <= unsure => {
                write!(f, ", {about}doubling from {from}")?;
            }
            Growth::Exponential(factor) => write!(f, ", growing {about}x{factor:.1} from {from}")?,
        }
        match self.jitter {
            Jitter::None => {}
            Jitter::Some => f.write_str(", jitter")?,
            Jitter::Full => f.write_str(", full jitter")?,
        }
        self.cap
            .map_or(Ok(()), |cap| write!(f, ", at most {}", time(cap)))
    }
}

/// How long the pauses of each place are. Of those that chance draws the longest tell: how far so many may stay below it is known.
fn levels(places: &[Vec<Duration>], by_chance: bool) -> Vec<f64> {
    let level = |place: &Vec<Duration>| {
        if by_chance {
            place.iter().max().copied().unwrap_or_default()
        } else {
            median(place.iter().copied())
        }
    };
    places.iter().map(|it| level(it).as_secs_f64()).collect()
}

/// The only curve that these levels go through, and where it begins.
fn grows(levels: &[f64], unsure: f64) -> Option<(Growth, f64)> {
    if levels.len() < GROWING {
        return None;
    }
    let (linear, exponential) = (linear(levels), exponential(levels));
    let apart = unsure * 2.0;
    match () {
        () if exponential.off <= unsure && linear.off > apart && exponential.growth >= 1.2 => {
            Some((Growth::Exponential(exponential.growth), exponential.first))
        }
        () if linear.off <= unsure && exponential.off > apart && linear.growth > 0.0 => {
            let step = Duration::from_secs_f64(linear.growth);
            Some((Growth::Linear(step), linear.first))
        }
        () => None,
    }
}

/// Whether nearly all pauses of a place are one.
fn is_narrow(place: &[Duration]) -> bool {
    near_middle(place) * 10 >= place.len() * 9
}

/// Whether the pauses of nearly all places go down to nothing.
fn is_full(places: &[Vec<Duration>]) -> bool {
    let full = places.iter().filter(|place| {
        let range = place.iter().min().zip(place.iter().max());
        range.is_some_and(|(least, most)| *least * 6 <= *most)
    });
    full.count() * 10 >= places.len() * 8
}

fn linear(levels: &[f64]) -> Fit {
    let (first, growth) = line(levels.iter().copied());
    fit(levels, first, growth, |place| first + growth * place)
}

fn exponential(levels: &[f64]) -> Fit {
    let (first, growth) = line(levels.iter().map(|level| level.ln()));
    let (first, growth) = (first.exp(), growth.exp());
    fit(levels, first, growth, |place| first * growth.powf(place))
}

/// The line nearest to values at 0, 1, 2…: its first value, and by how much it rises.
fn line(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.len() as f64;
    let (place, value) = ((n - 1.0) / 2.0, values.clone().sum::<f64>() / n);
    let both = values
        .enumerate()
        .map(|(index, it)| (index as f64 - place) * (it - value));
    let rise = both.sum::<f64>() / (n * (n * n - 1.0) / 12.0);
    (value - rise * place, rise)
}

fn fit(levels: &[f64], first: f64, growth: f64, curve: impl Fn(f64) -> f64) -> Fit {
    let off = levels.iter().enumerate().map(|(place, level)| {
        let off = (level - curve(place as f64)).abs() - SLACK;
        off.max(0.0) / level
    });
    Fit {
        first,
        growth,
        off: off.fold(0.0, f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::random::{Random, unit};

    fn law(places: &[Vec<Duration>]) -> String {
        Law::of(places).map_or("no law".to_owned(), |law| law.to_string())
    }

    /// So many trains with these pauses, some a millisecond late.
    fn same(millis: &[u64], trains: u64) -> Vec<Vec<Duration>> {
        let late = |pause: &u64| {
            (0..trains)
                .map(|train| Duration::from_millis(pause + train % 2))
                .collect()
        };
        millis.iter().map(late).collect()
    }

    #[test]
    fn a_few_trains_show_no_curve() {
        let pauses = [100, 200, 400, 800];
        assert_eq!(law(&same(&pauses, 5)), "no law");
        assert_eq!(law(&same(&pauses, 6)), ", doubling from 101 ms");
    }

    #[test]
    fn a_law_is_told_only_where_no_other_fits() {
        for (millis, told) in [
            (&[1_000, 1_001, 1_003][..], ""),
            (&[100, 200, 400, 800], ", doubling from 100 ms"),
            (&[100, 150, 225, 338, 506], ", growing x1.5 from 100 ms"),
            (&[200, 400, 600, 800], ", growing by 200 ms from 200 ms"),
            (
                &[100, 200, 400, 800, 800, 800],
                ", doubling from 100 ms, at most 800 ms",
            ),
            (&[0, 100, 200, 400, 800], ", doubling from 100 ms"),
            // Two at the end may be any rule's, one step fits all, and so do zero, one and two.
            (&[100, 200, 400, 700, 700], "no law"),
            (&[100, 200], "no law"),
            (&[0, 400, 800], "no law"),
            (&[100, 700, 300, 900], "no law"),
            (&[0, 0, 0], "no law"),
            (&[1_000], "no law"),
        ] {
            assert_eq!(law(&same(millis, 7)), told, "{millis:?}");
        }
    }

    #[test]
    fn chance_takes_tens_of_trains() {
        let mut random = Random::new(5);
        let mut places = |trains: usize, least: f64, whole: &[f64]| -> Vec<Vec<Duration>> {
            let mut drawn = |most: f64| most * (least + (1.0 - least) * unit(random.draw()));
            let of = |most: &f64| {
                (0..trains)
                    .map(|_| Duration::from_secs_f64(drawn(*most)))
                    .collect()
            };
            whole.iter().map(of).collect()
        };
        let doubling = [0.1, 0.2, 0.4, 0.8, 1.6];
        let capped = [0.1, 0.2, 0.4, 0.8, 0.8, 0.8, 0.8];
        assert_eq!(law(&places(12, 0.0, &doubling)), "no law");
        for (trains, least, whole, told) in [
            (
                22,
                0.0,
                &doubling[..],
                &["about doubling from", ", jitter"][..],
            ),
            (
                45,
                0.0,
                &doubling,
                &["about doubling from", ", full jitter"],
            ),
            (45, 0.5, &doubling, &["about doubling from", ", jitter"]),
            (
                45,
                0.0,
                &capped,
                &["about doubling from", ", full jitter, at most "],
            ),
            (45, 0.5, &[0.6; 4], &[", jitter"]),
        ] {
            let law = law(&places(trains, least, whole));
            assert!(
                told.iter().all(|part| law.contains(part)),
                "{trains}, {least}: {law}"
            );
        }
    }
}
