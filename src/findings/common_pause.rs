//! A pause that failures have in common: what many callers of one address do, of whom nobody is known apart.
//!
//! A retry and a caller's next request look alike. What tells them apart is the pace of health: a pause that follows failures
//! and no answer is a retry's.

use std::ops::Range;
use std::time::Duration;

use super::attempts::{Evidence, Failure, KNOWN};
use super::followers::{Followers, PLACES};
use super::group::median;
use super::trains::Trains;
use super::wording::{counted, time};
use crate::snapshot::{Figure, Finding};

/// A pause that many failures have in common.
struct Peak {
    place: usize,
    /// How many failures were followed by an attempt then.
    n: usize,
    /// How many were followed once more a little later, at the most, as a share of these: both beyond what chance makes.
    later: f64,
    /// Whether it is told even where nobody knows how many attempts a request has.
    is_clear: bool,
}

/// So many failures have to be known before a pause is told that they have in common.
const ENOUGH: usize = 10;

/// Where an attempt follows by chance in so large a share, no pause shows.
const DENSE: f64 = 0.85;

/// In so large a share of failures a pause shows that is told without the number of attempts.
const CLEAR: f64 = 0.65;

/// Up to so many places later is a little later: some three times as long.
const LATER: usize = 60;

/// Places that are so far away are around another one: nearer ones hold a part of what it holds.
const BESIDE: Range<usize> = 3..9;

/// So many failures show a pause of several callers of whom nobody knows how often a request is tried, over a time that is so long and
/// so many times as long: two callers that fail in turn are as far apart for as long as both try again.
const MANY: usize = 40;
const LONG: Duration = Duration::from_secs(20);
const TIMES: u32 = 16;

/// Pauses that are shorter drown in what else goes on.
const SHORTEST: Duration = Duration::from_millis(80);

/// What fails within this time fails at once.
const MOMENT: Duration = Duration::from_millis(100);

/// What can be told of a client of many callers.
pub(super) fn told(seen: &Evidence<'_>) -> Option<Finding> {
    let waited = median(seen.failures.iter().map(|failure| failure.took()));
    let peak = peak(seen, waited)?;
    let trains = Trains::linked(
        &seen.failures,
        |failure, next| {
            let near = Followers::place(next.start.saturating_sub(failure.end));
            next.start > failure.end && near.abs_diff(peak.place) <= 1
        },
        |failure| failure.followers.has(peak.place),
    );
    let more = trains.more();
    // A pause in common may be the callers' own: how often a request is tried again tells the two apart.
    if more.is_none() && !peak.is_clear {
        return None;
    }
    // Callers that fail in turn follow one another after a part of their pause, and after the whole as often. After twice the pause
    // only those attempts follow that come after the next one.
    let again = more.map_or(0.6, |more| 1.0 - 1.0 / more as f64);
    if peak.later > again + 0.15 {
        return None;
    }
    let apart = Followers::at(peak.place) + waited;
    let apart = median_near(&trains.gaps, apart);
    let says = match more {
        Some(more) => format!(
            "{}, {} apart",
            counted(more as u64, "more attempt"),
            time(apart)
        ),
        None => format!("every {}", time(apart)),
    };
    let mut values = vec![("apart", Figure::Time(apart))];
    values.extend(more.map(|more| ("attempts", Figure::Count(more as u64))));
    Some(seen.finding("common pause", &says, (peak.n, seen.failures.len()), values))
}

/// The pause that these failures have in common, where health does not have it: that of the most, beyond what chance
/// makes of so many attempts. Failures that came at once are one.
fn peak(seen: &Evidence<'_>, waited: Duration) -> Option<Peak> {
    let moments = moments(&seen.failures);
    if moments.len() < ENOUGH {
        return None;
    }
    let of = moments.len() as f64;
    let counts = Followers::counts(moments.iter().map(|failure| &failure.followers));
    let least = Followers::place(SHORTEST);
    let (place, most) = (least..PLACES)
        .map(|place| (place, counts[place]))
        .max_by_key(|(place, n)| (*n, PLACES - place))?;
    let middle = (place..PLACES)
        .take_while(|near| counts[*near] == most)
        .count()
        / 2;
    let place = place + middle;
    let expected = by_chance(&counts, place, moments.len());
    let rivals = rivals(&counts, place);
    let whole = Followers::place(Followers::at(place) + waited);
    let usual = in_health(seen, place)?;
    // Who asks on a schedule does so as often in failure; where that is seldom, the next attempt waits for a failure.
    let known = in_health(seen, whole);
    let usual = usual.max(match known {
        None if is_slower(seen, &moments) => 0.0,
        whole => whole?,
    });
    let share = f64::from(most) / of;
    // Failures of one time have their distances from what comes later in common by chance.
    let span = moments[moments.len() - 1]
        .end
        .saturating_sub(moments[0].end);
    let long = span >= Followers::at(place) * 4;
    let stands_out = long && share >= 0.6 && f64::from(most) >= expected && rivals == 0;
    let n = seen
        .failures
        .iter()
        .filter(|failure| failure.followers.has(place))
        .count();
    let many = moments.len() >= MANY || seen.is_lonely();
    let lasts = span >= LONG.max(Followers::at(place) * TIMES);
    let is_clear = many && known.is_some() && share >= CLEAR && lasts;
    let later = later(&counts, place);
    (stands_out && share > usual + 0.35).then_some(Peak {
        place,
        n,
        later,
        is_clear,
    })
}

/// One failure of each moment, of those whose times are known.
fn moments<'a>(failures: &[&'a Failure]) -> Vec<&'a Failure> {
    let mut moments: Vec<&Failure> = Vec::new();
    for failure in failures.iter().filter(|failure| failure.exact) {
        let apart = moments
            .last()
            .is_none_or(|last| failure.end > last.end + MOMENT);
        moments.extend(apart.then_some(*failure));
    }
    moments
}

/// In which share of healthy answers an attempt followed at this place because of the answer, at the most that so few can
/// show: what follows around it follows by chance. Absent where too few were watched for long enough, and where attempts
/// are so many that nothing shows among them.
fn in_health(seen: &Evidence<'_>, place: usize) -> Option<f64> {
    let long = Followers::at(place).mul_f64(1.2);
    let watched = seen.answers.iter().filter(|answer| {
        answer.until != Duration::MAX && answer.until.saturating_sub(answer.at) > long
    });
    let rows: Vec<&Followers> = watched.map(|answer| &answer.followers).collect();
    let counts = Followers::counts(rows.iter().copied());
    let of = rows.len() as f64;
    let chance = beside(&counts, place) / of;
    let here = counts[place.saturating_sub(1)..].iter().take(3).max()?;
    let more = (f64::from(*here) / of - chance).max(0.0);
    let unsure = 2.0 * (chance * (1.0 - chance) / of).sqrt();
    (rows.len() >= KNOWN && chance < DENSE).then(|| (more + unsure) / (1.0 - chance))
}

/// Whether failures come at less than half the pace of attempts in health.
fn is_slower(seen: &Evidence<'_>, failures: &[&Failure]) -> bool {
    let rate = |mut times: Vec<Duration>| {
        times.sort_unstable();
        let span = times.last()?.saturating_sub(*times.first()?);
        Some(times.len() as f64 / span.as_secs_f64().max(0.001))
    };
    let healthy = rate(seen.starts.clone());
    let failing = rate(failures.iter().map(|failure| failure.end).collect());
    matches!((healthy, failing), (Some(healthy), Some(failing)) if failing * 2.0 < healthy)
}

/// How many other places hold as good as the most: earlier ones that hold nearly as many, and near ones that hold half as many
/// beyond what chance makes. Where callers fail soon after one another, each pause has another beside it, and nobody knows which is
/// theirs.
fn rivals(counts: &[u32], place: usize) -> usize {
    let most = counts[place];
    let earlier = counts[..place.saturating_sub(BESIDE.start - 1)].iter();
    let earlier = earlier.filter(|n| **n * 4 > most * 3).count();
    let chance = beside(counts, place);
    let half = (f64::from(most) - chance) / 2.0;
    let near = around(counts, place).filter(|n| *n - chance > half).count();
    earlier + near
}

/// How many of so many failures something may follow at a place by chance, at the very most: as what follows around it.
fn by_chance(counts: &[u32], place: usize, of: usize) -> f64 {
    let of = of as f64;
    let chance = (beside(counts, place) / of).max(0.05);
    of * chance + 4.0 * (of * chance * (1.0 - chance)).sqrt() + 2.0
}

/// How many follow a little later than at a place, at the most, as a share of those there: both beyond what chance makes.
fn later(counts: &[u32], place: usize) -> f64 {
    let beyond_chance = |place: usize| f64::from(counts[place]) - beside(counts, place);
    let unsure = |place: usize| 2.0 * beside(counts, place).sqrt();
    let later = place + 4..(place + LATER).min(PLACES);
    let later = later.map(|place| beyond_chance(place) - unsure(place));
    later.fold(0.0, f64::max) / beyond_chance(place).max(1.0)
}

/// How many follow around a place, in the mean.
fn beside(counts: &[u32], place: usize) -> f64 {
    let beside: Vec<f64> = around(counts, place).collect();
    beside.iter().sum::<f64>() / beside.len() as f64
}

/// How many follow at each of the places around one.
fn around(counts: &[u32], place: usize) -> impl Iterator<Item = f64> {
    let around = BESIDE.flat_map(move |step| [place.checked_sub(step), Some(place + step)]);
    let around = around.flatten().filter_map(|place| counts.get(place));
    around.map(|n| f64::from(*n))
}

/// The median of those times that are near `about`; that itself where there are none.
fn median_near(times: &[Duration], about: Duration) -> Duration {
    let near = times
        .iter()
        .copied()
        .filter(|time| time.abs_diff(about) <= about / 20);
    let near: Vec<Duration> = near.collect();
    if near.is_empty() { about } else { median(near) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many rivals the place has that holds the most, where so many failures each were followed after these times.
    fn rivals_of(failures: &[(usize, &[u64])]) -> usize {
        let mut rows = Vec::new();
        for (many, millis) in failures {
            let mut row = Followers::default();
            for after in *millis {
                row.add(Duration::from_millis(*after));
            }
            rows.extend(std::iter::repeat_n(row, *many));
        }
        let counts = Followers::counts(rows.iter());
        let most = (0..PLACES).max_by_key(|place| (counts[*place], PLACES - place));
        rivals(&counts, most.expect("a place"))
    }

    #[test]
    fn of_two_near_pauses_none_is_the_one() {
        assert_eq!(rivals_of(&[(10, &[1_000])]), 0);
        assert_eq!(rivals_of(&[(7, &[1_000]), (3, &[1_000, 1_080])]), 0);
        // Another caller that failed just after follows a pause and a little more: after the last attempt of one train too.
        let echoed = rivals_of(&[(6, &[1_000, 1_080]), (1, &[1_000]), (2, &[1_080])]);
        assert!(echoed > 0);
        let far = rivals_of(&[(6, &[1_000, 2_000]), (1, &[1_000]), (2, &[2_000])]);
        assert!(far > 0);
    }
}
