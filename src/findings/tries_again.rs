//! Tries again: after an attempt that failed a client makes more.
//!
//! A retry and the caller's next request look alike. What tells them apart is the pace of health: a pause that follows failures
//! and no answer is a retry's. Callers of one address have no identity, so what is told of many is a pause that they have in
//! common; where one caller is alone its attempts form trains, and their pauses may vary. What is stated is the time from one
//! attempt's start to the next one's: a pause is known only where the client did not end the attempt itself.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::book::{Book, Step};
use super::faults::UPSTREAM;
use super::followers::{Followers, PLACES};
use super::group::{Last, Width, median};
use super::trains::Trains;
use super::watch::{Sight, Watch};
use super::wording::{Range, counted, time};
use crate::snapshot::ConnId;
use crate::snapshot::{Figure, Finding, Habit};

/// The attempts that failed, and answers in health, each with what followed it.
#[derive(Debug, Default)]
pub(super) struct TriesAgain {
    failures: Last<Failure, 256>,
    answers: Last<Answered, 128>,
    /// When the next answer in health may be taken in, and when an attempt last was.
    next_answer: Duration,
    last_start: Duration,
    /// When the last attempts in health began.
    starts: Last<(IpAddr, Duration), 256>,
}

/// An attempt that failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) conn: ConnId,
    pub(super) client: IpAddr,
    pub(super) start: Duration,
    pub(super) end: Duration,
    pub(super) under: Arc<str>,
    /// Whether its client ended it.
    given_up: bool,
    /// Whether its client did nothing else at that time.
    lonely: bool,
    pub(super) followers: Followers,
    /// When the first attempt began that a caller who failed here can have made: its connection has answered nobody since.
    pub(super) next: Option<Duration>,
}

/// An answer in health.
#[derive(Debug)]
struct Answered {
    client: IpAddr,
    at: Duration,
    lonely: bool,
    /// Until when what followed it was in health.
    until: Duration,
    followers: Followers,
}

/// A pause that many failures have in common.
struct Peak {
    place: usize,
    /// How many failures were followed by an attempt then.
    n: usize,
    /// Whether it is told even where nobody knows how many attempts a request has.
    is_clear: bool,
}

/// So many answers in health have to be known before anything is told from what follows failures.
const KNOWN: usize = 8;

/// So many failures have to be known before a pause is told that they have in common.
const ENOUGH: usize = 10;

/// Where an attempt follows by chance in so large a share, no pause shows.
const DENSE: f64 = 0.85;

/// In so large a share of failures a pause shows that is told without the number of attempts.
const CLEAR: f64 = 0.65;

/// Pauses that are shorter drown in what else goes on.
const SHORTEST: Duration = Duration::from_millis(80);

/// What fails within this time fails at once.
const MOMENT: Duration = Duration::from_millis(100);

/// Answers in health are taken in so far apart: a few tell of the pace.
const APART: Duration = Duration::from_millis(300);

/// Where nothing has failed, attempts that begin so close together are taken in as one.
const AS_ONE: Duration = Duration::from_millis(2);

/// So many failures and answers at most take in what follows them.
const FOLLOWED: usize = 48;

// === impl TriesAgain ===

impl Watch for TriesAgain {
    fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        let under = match sight.step {
            None => return,
            Some(Step::Began) => return self.began(sight, conn.began),
            Some(Step::Answered { .. }) => {
                if at >= self.next_answer && sight.book.faults.clean(conn.began, at) {
                    self.next_answer = at + APART;
                    self.answers.push(Answered {
                        client: conn.client,
                        at,
                        lonely: sight.book.is_alone(conn, at),
                        until: Duration::MAX,
                        followers: Followers::default(),
                    });
                }
                return;
            }
            Some(Step::GivenUp { .. }) => Arc::clone(sight.book.faults.between(conn.began, at)),
            Some(Step::CutOff { under }) => Arc::clone(under),
        };
        if conn.requests == 0 {
            self.began(sight, conn.opened);
        }
        self.failures.push(Failure {
            conn: conn.id,
            client: conn.client,
            start: conn.began,
            end: at,
            under,
            lonely: sight.book.is_alone(conn, at),
            given_up: matches!(sight.step, Some(Step::GivenUp { .. })),
            followers: Followers::default(),
            next: None,
        });
    }

    fn faults(&mut self, at: Duration, _: &Book) {
        for answer in self.answers.iter_mut() {
            answer.until = answer.until.min(at);
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        let key =
            |failure: &Failure| (failure.client, Arc::clone(&failure.under), failure.given_up);
        let mut keys: Vec<(IpAddr, Arc<str>, bool)> = self.failures.iter().map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        for wanted in keys {
            let failures = self
                .failures
                .iter()
                .filter(|failure| key(failure) == wanted);
            let failures: Vec<&Failure> = failures.collect();
            let finding = if self.is_one_caller(wanted.0, &failures) {
                self.alone(wanted.0, &failures)
            } else {
                self.common(wanted.0, &failures)
            };
            // One for each failure: where more clients try again, the first is told of.
            found.extend(finding.filter(|new| !found.iter().any(|old| old.is_about(new))));
        }
    }
}

impl TriesAgain {
    /// An attempt begins: it follows what failed or was answered before.
    fn began(&mut self, sight: &Sight<'_>, start: Duration) {
        let conn = sight.conn;
        if sight.book.faults.clean(start, sight.fact.at) {
            self.starts.push((conn.client, start));
        }
        let failed = self.failures.iter().next_back();
        let failed = failed.is_some_and(|failure| failure.end + Followers::REACH > start);
        if !failed && start < self.last_start + AS_ONE {
            return;
        }
        self.last_start = start;
        for failure in self.failures.iter_mut().rev().take(FOLLOWED) {
            let Some(after) = start.checked_sub(failure.end) else {
                continue;
            };
            if failure.client == conn.client && failure.conn != conn.id {
                failure.followers.add(after);
                let fresh = conn.last_answer.is_none_or(|answer| answer < failure.start);
                if fresh && failure.next.is_none() {
                    failure.next = Some(start);
                }
            }
        }
        for answer in self.answers.iter_mut().rev().take(FOLLOWED) {
            let Some(after) = start.checked_sub(answer.at) else {
                continue;
            };
            if answer.client == conn.client && start < answer.until {
                answer.followers.add(after);
            }
        }
    }

    /// Whether a client is one caller at a pace of its own, as far as can be seen: in health and among these failures.
    fn is_one_caller(&self, client: IpAddr, failures: &[&Failure]) -> bool {
        let most = |n: usize, of: usize| n * 10 >= of * 8;
        let answers: Vec<&Answered> = self
            .answers
            .iter()
            .filter(|answer| answer.client == client)
            .collect();
        let alone = answers.iter().filter(|answer| answer.lonely).count();
        let lonely = failures.iter().filter(|failure| failure.lonely).count();
        // Of many callers that share a connection one often asks at once after another.
        let firsts: Vec<Duration> = answers
            .iter()
            .filter_map(|answer| answer.followers.first())
            .collect();
        let regular = firsts
            .iter()
            .min()
            .is_some_and(|least| *least * 4 >= median(firsts.clone()));
        regular && most(alone, answers.len()) && most(lonely, failures.len())
    }

    /// In which share of healthy answers an attempt followed at this place because of the answer, at the most that so few can
    /// show: what follows around it follows by chance. Absent where too few were watched for long enough, and where attempts
    /// are so many that nothing shows among them.
    fn in_health(&self, client: IpAddr, place: usize) -> Option<f64> {
        let long = Followers::at(place).mul_f64(1.2);
        let watched = self.answers.iter().filter(|answer| {
            answer.client == client
                && answer.until != Duration::MAX
                && answer.until.saturating_sub(answer.at) > long
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
    fn is_slower(&self, client: IpAddr, failures: &[&Failure]) -> bool {
        let rate = |mut times: Vec<Duration>| {
            times.sort_unstable();
            let span = times.last()?.saturating_sub(*times.first()?);
            Some(times.len() as f64 / span.as_secs_f64().max(0.001))
        };
        let healthy = self.starts.iter().filter(|(from, _)| *from == client);
        let healthy = rate(healthy.map(|(_, start)| *start).collect());
        let failing = rate(failures.iter().map(|failure| failure.end).collect());
        matches!((healthy, failing), (Some(healthy), Some(failing)) if failing * 2.0 < healthy)
    }

    /// The pause that these failures have in common, where health does not have it: that of the most, beyond what chance
    /// makes of so many attempts. Failures that came at once are one.
    fn peak(&self, client: IpAddr, failures: &[&Failure], waited: Duration) -> Option<Peak> {
        let mut moments: Vec<&Failure> = Vec::new();
        for failure in failures {
            let apart = moments
                .last()
                .is_none_or(|last| failure.end > last.end + MOMENT);
            moments.extend(apart.then_some(*failure));
        }
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
        let rivals = counts[..place.saturating_sub(2)].iter();
        let rivals = rivals.filter(|n| **n * 4 > most * 3).count();
        let whole = Followers::place(Followers::at(place) + waited);
        let usual = self.in_health(client, place)?;
        // Who asks on a schedule does so as often in failure; where that is seldom, the next attempt waits for a failure.
        let known = self.in_health(client, whole);
        let usual = usual.max(match known {
            None if self.is_slower(client, &moments) => 0.0,
            whole => whole?,
        });
        let share = f64::from(most) / of;
        // Failures of one time have their distances from what comes later in common by chance.
        let span = moments[moments.len() - 1]
            .end
            .saturating_sub(moments[0].end);
        let long = span >= Followers::at(place) * 4;
        let stands_out = long && share >= 0.6 && f64::from(most) >= expected && rivals == 0;
        let n = failures
            .iter()
            .filter(|failure| failure.followers.has(place))
            .count();
        let is_clear = known.is_some() && share >= CLEAR;
        (stands_out && share > usual + 0.35).then_some(Peak { place, n, is_clear })
    }

    /// What can be told of a client of many callers.
    fn common(&self, client: IpAddr, failures: &[&Failure]) -> Option<Finding> {
        let waited = median(failures.iter().map(|failure| failure.took()));
        let peak = self.peak(client, failures, waited)?;
        let trains = Trains::linked(
            failures,
            |failure, next| {
                let near = Followers::place(next.start.saturating_sub(failure.end));
                next.start > failure.end && near.abs_diff(peak.place) <= 1
            },
            |failure| failure.followers.has(peak.place),
        );
        let more = trains.attempts();
        // A pause in common may be the callers' own: how often a request is tried again tells the two apart.
        if more.is_none() && !peak.is_clear {
            return None;
        }
        let apart = Followers::at(peak.place) + waited;
        let apart = median_near(&trains.gaps, apart);
        let says = match more {
            Some(more) => format!(
                "{}, {} apart",
                counted(more.into(), "more attempt"),
                time(apart)
            ),
            None => format!("every {}", time(apart)),
        };
        let mut values = vec![("apart", Figure::Time(apart))];
        values.extend(more.map(|more| ("attempts", Figure::Count(more.into()))));
        Some(finding(
            "common pause",
            &says,
            failures,
            (peak.n, failures.len()),
            values,
        ))
    }

    /// What can be told of one caller that is alone.
    fn alone(&self, client: IpAddr, failures: &[&Failure]) -> Option<Finding> {
        let firsts: Vec<Duration> = self
            .answers
            .iter()
            .filter(|answer| answer.client == client && answer.until != Duration::MAX)
            .filter_map(|answer| answer.followers.first())
            .collect();
        let pace = Range::of(firsts.iter().copied()).filter(|_| firsts.len() >= KNOWN)?;
        let retried = |failure: &Failure| {
            let pause = failure.next.map(|next| next.saturating_sub(failure.end))?;
            Some(pause.mul_f64(1.15) < pace.least || pause > pace.most.mul_f64(1.15))
        };
        let trains = Trains::linked(
            failures,
            |failure, next| failure.next == Some(next.start) && retried(failure) == Some(true),
            |failure| retried(failure) != Some(false),
        );
        let more = trains.attempts()?;
        let range = Range::of(trains.gaps.iter().copied())?;
        let law = trains.law();
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
        values.extend(law.map(|law| ("factor", Figure::Factor(law.factor))));
        let n = trains.complete.len();
        Some(finding(
            "trains",
            &says,
            failures,
            (n, trains.complete.len()),
            values,
        ))
    }
}

// === impl Failure ===

impl Failure {
    /// How long the attempt lasted.
    fn took(&self) -> Duration {
        self.end.saturating_sub(self.start)
    }
}

/// How many of so many failures something may follow at a place by chance, at the very most: as what follows around it.
fn by_chance(counts: &[u32], place: usize, of: usize) -> f64 {
    let of = of as f64;
    let chance = (beside(counts, place) / of).max(0.05);
    of * chance + 4.0 * (of * chance * (1.0 - chance)).sqrt() + 2.0
}

/// How many follow around a place, in the mean.
fn beside(counts: &[u32], place: usize) -> f64 {
    let beside = (3..9).flat_map(|step| [place.checked_sub(step), Some(place + step)]);
    let beside = beside.flatten().filter_map(|place| counts.get(place));
    let beside: Vec<f64> = beside.map(|n| f64::from(*n)).collect();
    beside.iter().sum::<f64>() / beside.len() as f64
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

fn finding(
    which: &'static str,
    says: &str,
    failures: &[&Failure],
    cases: (usize, usize),
    values: Vec<(&'static str, Figure)>,
) -> Finding {
    let under = &failures[0].under;
    let after = match &**under {
        _ if failures[0].given_up => "it gave up",
        UPSTREAM => "the upstream broke off",
        kind => kind,
    };
    Finding::new(
        (Habit::TriesAgain, which),
        format!("tries again after {after}: {says}"),
        under,
        cases,
        values,
        failures.iter().rev().map(|failure| failure.conn),
    )
}
