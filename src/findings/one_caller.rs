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
    let retried = |failure: &Failure| {
        let pause = failure.next.map(|next| next.saturating_sub(failure.end))?;
        Some(pause < pace.least || pause > pace.most)
    };
    let trains = Trains::linked(
        &seen.failures,
        |failure, next| failure.next == Some(next.start) && retried(failure) == Some(true),
        |failure| retried(failure) != Some(false),
    );
    let more = trains.attempts()?;
    let places = trains.places(more);
    if is_around(&places, pace) {
        return None;
    }
    let gaps = trains.gaps_of(more);
    let range = Range::of(gaps.iter().copied())?;
    let law = Law::of(&places).filter(|_| knows_pauses(&seen.failures));
    let middle = median(gaps.iter().copied());
    let fixed = Width::TIMER.joins(range.least, range.most);
    let apart = if fixed {
        time(middle)
    } else {
        range.to_string()
    };
    let says = format!(
        "{}, {apart} apart{}",
        counted(more.into(), "more attempt"),
        law.map_or(String::new(), |law| law.to_string())
    );
    let mut values = vec![
        ("attempts", Figure::Count(more.into())),
        ("apart", Figure::Time(middle)),
        ("least", Figure::Time(range.least)),
        ("most", Figure::Time(range.most)),
    ];
    values.extend(law.iter().flat_map(Law::values));
    let n = trains.complete.len();
    Some(seen.finding("trains", &says, (n, n), values))
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
