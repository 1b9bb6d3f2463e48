//! One caller that is alone at its address: its attempts form trains, and their pauses may vary.

use std::time::Duration;

use super::attempts::{Evidence, Failure, KNOWN};
use super::group::{Width, median, near_middle};
use super::law::Law;
use super::trains::Trains;
use super::wording::{Range, counted, time};
use crate::snapshot::{Figure, Finding};

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
    let firsts: Vec<Duration> = watched
        .filter_map(|answer| answer.followers.first())
        .collect();
    let pace = Range::of(firsts.iter().copied()).filter(|_| firsts.len() >= KNOWN)?;
    let retried = |failure: &Failure| {
        let pause = failure.next.map(|next| next.saturating_sub(failure.end))?;
        Some(pause.mul_f64(1.15) < pace.least || pause > pace.most.mul_f64(1.15))
    };
    let trains = Trains::linked(
        &seen.failures,
        |failure, next| failure.next == Some(next.start) && retried(failure) == Some(true),
        |failure| retried(failure) != Some(false),
    );
    let more = trains.attempts()?;
    let range = Range::of(trains.gaps.iter().copied())?;
    let law = Law::of(&trains.places(more)).filter(|_| knows_pauses(&seen.failures));
    let middle = median(trains.gaps.iter().copied());
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

/// Whether the time from an attempt's end to the next one's start is the client's pause. Some keep a connection open through their
/// pause that they have given up: its end shows their pause only where all last alike.
fn knows_pauses(failures: &[&Failure]) -> bool {
    let took: Vec<Duration> = failures.iter().map(|failure| failure.took()).collect();
    !failures[0].given_up || near_middle(&took) * 10 >= took.len() * 9
}
