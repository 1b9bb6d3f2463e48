//! One caller that is alone at its address: its attempts form trains, and their pauses may vary.

use std::time::Duration;

use super::attempts::{Evidence, Failure, KNOWN};
use super::group::{Width, median, near_middle};
use super::law::Law;
use super::trains::Trains;
use super::wording::{Range, counted, time};
use crate::snapshot::{Figure, Finding};

/// One of so many pauses at each end is an outlier.
const OUTLIERS: usize = 20;

/// Of times that chance draws evenly, the next may lie so many times their mean distance beyond them.
const UNSEEN: f64 = 4.0;

/// Whether a client is one caller at a pace of its own, as far as can be seen: in health and among these failures.
pub(super) fn is_one(seen: &Evidence<'_>) -> bool {
    // Of many callers that share a connection one often asks at once after another.
    let firsts: Vec<Duration> = seen
        .answers
        .iter()
        .filter_map(|answer| answer.followers.first())
        .collect();
    let regular = firsts
        .iter()
        .min()
        .is_some_and(|least| *least * 4 >= median(firsts.clone()));
    regular && seen.is_lonely()
}

/// What can be told of it.
pub(super) fn told(seen: &Evidence<'_>) -> Option<Finding> {
    let watched = seen
        .answers
        .iter()
        .filter(|answer| answer.until != Duration::MAX);
    let firsts = watched.filter_map(|answer| answer.followers.first());
    let pace = pace(firsts.collect())?;
    let pauses = seen.failures.iter().filter_map(|failure| failure.pause());
    if is_divided(&pauses.collect::<Vec<_>>(), pace) {
        return None;
    }
    let trains = trains(&seen.failures, pace);
    let more = trains.more()?;
    if is_around(&trains.pauses(more), pace) {
        return None;
    }
    let gaps = trains.gaps_of(more).concat();
    if gaps.len() < Finding::CASES * more {
        return None;
    }
    let range = Range::of(gaps.iter().copied())?;
    let law = Law::of(&trains.exact_pauses(more)).filter(|_| knows_pauses(&seen.failures));
    let middle = median(gaps.iter().copied());
    let fixed = Width::TIMER.joins(range.least, range.most);
    let apart = if fixed {
        time(middle)
    } else {
        range.to_string()
    };
    let says = format!(
        "{}, {apart} apart{}",
        counted(more as u64, "more attempt"),
        law.map_or(String::new(), |law| law.to_string())
    );
    let mut values = vec![
        ("attempts", Figure::Count(more as u64)),
        ("apart", Figure::Time(middle)),
        ("least", Figure::Time(range.least)),
        ("most", Figure::Time(range.most)),
    ];
    values.extend(law.iter().flat_map(Law::values));
    let n = trains.complete();
    Some(seen.finding("trains", &says, (n, n), values))
}

/// The trains of failures that are no pause of the caller's own apart.
fn trains(failures: &[&Failure], pace: Range) -> Trains {
    let retried = |failure: &Failure| {
        let pause = failure.pause()?;
        Some(pause < pace.least || pause > pace.most)
    };
    Trains::linked(
        failures,
        |failure, next| failure.next == Some(next.start) && retried(failure) == Some(true),
        |failure| retried(failure) != Some(false),
    )
}

/// Between which times a caller's own pauses are, of which these were seen: the fewer they are, the further others may lie beyond
/// them. One in twenty at each end says nothing: a busy machine is late now and then.
fn pace(mut pauses: Vec<Duration>) -> Option<Range> {
    pauses.sort_unstable();
    let without = pauses.len() / OUTLIERS;
    let pauses = &pauses[without..pauses.len() - without];
    let seen = Range::of(pauses.iter().copied()).filter(|_| pauses.len() >= KNOWN)?;
    let width = seen.most.saturating_sub(seen.least);
    let unseen = width.mul_f64(UNSEEN / pauses.len() as f64);
    Some(Range {
        least: seen
            .least
            .saturating_sub(unseen + Width::TIMER.of(seen.least)),
        most: seen.most + unseen + Width::TIMER.of(seen.most),
    })
}

/// Whether pauses of one place lie on both sides of the caller's own, more than one in ten: between them are some that look like
/// those and tear trains, and what is first in one piece is last in another.
fn is_around(places: &[Vec<Duration>], pace: Range) -> bool {
    places.iter().any(|place| {
        let shorter = place.iter().filter(|pause| **pause < pace.least).count();
        shorter.min(place.len() - shorter) * 10 > place.len()
    })
}

/// Whether an end of the caller's own pauses lies amid others that are of one kind, more than one in ten close by on either side:
/// then nobody knows of each whose it is.
fn is_divided(pauses: &[Duration], pace: Range) -> bool {
    [pace.least, pace.most].iter().any(|end| {
        let near = pauses.iter().filter(|it| Width::TIMER.joins(**it, *end));
        let above = near.clone().filter(|it| *it > end).count();
        above.min(near.count() - above) * 10 > pauses.len()
    })
}

/// Whether the time from an attempt's end to the next one's start is the client's pause. Some keep a connection open through their
/// pause that they have given up: its end shows their pause only where all last alike.
fn knows_pauses(failures: &[&Failure]) -> bool {
    let took: Vec<Duration> = failures.iter().map(|failure| failure.took()).collect();
    !failures[0].given_up || near_middle(&took) * 10 >= took.len() * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_trains_lie_on_both_sides_of_the_callers_pauses() {
        let millis = Duration::from_millis;
        let pace = Range {
            least: millis(220),
            most: millis(430),
        };
        let pauses = |of: &[u64]| of.iter().copied().map(millis).collect::<Vec<_>>();
        let whole = [pauses(&[0; 12]), pauses(&[800; 12])];
        assert!(!is_around(&whole, pace));
        // Trains of 0, 400 and 800 ms that the second pause tears; one piece among many is an accident.
        let torn = [pauses(&[0, 816, 1, 1_000, 2, 760])];
        assert!(is_around(&torn, pace));
        let nearly = [pauses(&[0, 1, 0, 2, 0, 1, 0, 3, 0, 800])];
        assert!(!is_around(&nearly, pace));
    }

    #[test]
    fn an_end_of_the_callers_pauses_amid_others_tells_nothing() {
        let millis = Duration::from_millis;
        let pace = Range {
            least: millis(220),
            most: millis(510),
        };
        let divided = |of: &[u64]| {
            let pauses: Vec<Duration> = of.iter().copied().map(millis).collect();
            is_divided(&pauses, pace)
        };
        assert!(divided(&[501, 512, 505, 300, 530, 503, 502, 340]));
        assert!(!divided(&[541, 552, 545, 300, 600, 543, 542, 340]));
        assert!(!divided(&[
            541, 552, 545, 300, 600, 543, 542, 340, 508, 541, 552
        ]));
    }

    fn pace_of(millis: impl IntoIterator<Item = u64>) -> Option<(u128, u128)> {
        let pace = pace(millis.into_iter().map(Duration::from_millis).collect());
        pace.map(|pace| (pace.least.as_millis(), pace.most.as_millis()))
    }

    #[test]
    fn a_pace_is_as_wide_as_so_many_pauses_leave_open() {
        assert_eq!(pace_of([300; 7]), None);
        assert_eq!(pace_of([300; 8]), Some((271, 329)));
        assert_eq!(pace_of((0..10).map(|it| 250 + it * 10)), Some((186, 406)));
        // Of forty the worst two at each end are left out, however late they were.
        let many = (0..40).map(|it| 250 + it / 4 * 10);
        assert_eq!(pace_of(many.clone()), Some((212, 380)));
        let late = many.map(|it| if it == 340 { 900 } else { it });
        assert!(pace_of(late).is_some_and(|(_, most)| most > 900));
        let once = [900].into_iter().chain((1..40).map(|it| 250 + it / 4 * 10));
        assert_eq!(pace_of(once), Some((212, 380)));
    }
}
