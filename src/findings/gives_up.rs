//! Gives up: a client leaves when an answer has not come for so long.
//!
//! A time-out is told by waits that are alike although they end at different moments. It is told apart for a new connection
//! without a first answer, for a later request, and for an answer that does not go on. Not meant are clients that
//! end their stream and go on reading, that leave as another connection's answer comes, and that leave after as long in health.

use std::sync::Arc;
use std::time::Duration;

use super::book::{Book, PATIENCE, Step};
use super::cancels::CANCEL_BYTES;
use super::faults::NONE;
use super::group::{Last, Width, clusters, median, moments};
use super::hedges::LOSER;
use super::watch::{Sight, Watch};
use super::wording::{Range, time};
use crate::snapshot::{self, ConnId, Figure, Finding, Habit, LegName, Seen};

/// The cases of clients that left, and those that may speak against them.
#[derive(Debug, Default)]
pub(super) struct GivesUp {
    cases: Last<Case, 256>,
    /// Long waits that were answered after all.
    endured: Last<(Amid, Arc<str>, Duration), 256>,
    healthy: Healthy,
    /// How many clients left amid a wait in health, and how many ended their stream there and were answered.
    left_in_health: u64,
    half_closes: u64,
    /// How many left in the middle of an answer in health: they had what they wanted.
    content: u64,
}

/// A client that left while something was to come.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says another thing of how it left"
)]
#[derive(Debug)]
struct Case {
    conn: ConnId,
    at: Duration,
    amid: Amid,
    /// The first bytes of its request.
    bytes: u64,
    under: Arc<str>,
    waited: Duration,
    /// Since its request began; for an answer that stopped, that is longer.
    since_asked: Duration,
    /// Whether its connection broke: it did not only end its stream.
    broke: bool,
    /// Whether another connection of its client was answered just then, and whether one was a little before, by chance.
    at_answer: bool,
    by_chance: bool,
    /// Whether another one left in the same instant that had waited for another time: a program ended.
    with_others: bool,
}

/// The connections that clients ended in health with nothing that had waited for long.
#[derive(Debug, Default)]
struct Healthy(Last<Ended, 128>);

/// When such a connection ended, how long it had been silent, and how old it was.
#[derive(Clone, Copy, Debug)]
struct Ended {
    at: Duration,
    silent: Duration,
    age: Duration,
}

/// Who leaves so soon after another leaves with it.
const INSTANT: Duration = Duration::from_millis(5);

/// What it left amid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amid {
    /// A new connection that had no answer yet.
    New,
    /// A later request without an answer.
    Request,
    /// An answer that had begun.
    Answer,
}

// === impl GivesUp ===

impl Watch for GivesUp {
    fn see(&mut self, sight: &Sight<'_>) {
        let at = sight.fact.at;
        match (sight.fact.seen, sight.step) {
            (_, Some(Step::Answered { waited })) if *waited >= PATIENCE && sight.is_exact() => {
                let amid = if sight.conn.answered == 1 {
                    Amid::New
                } else {
                    Amid::Request
                };
                let under = sight.book.faults.between(sight.conn.began, at);
                self.endured.push((amid, Arc::clone(under), *waited));
            }
            (Seen::Answered { .. }, _) if sight.conn.left.is_some() => self.answered_after(sight),
            (
                Seen::Left {
                    leg: LegName::Client,
                    ..
                },
                _,
            ) => self.left(sight),
            (Seen::Closed { .. }, _) => self.closed(sight),
            _ => {}
        }
    }

    fn state(&self, book: &Book, found: &mut Vec<Finding>) {
        if book.answered < Finding::CASES as u64 || self.is_ordinary(book) {
            return;
        }
        for amid in [Amid::New, Amid::Request, Amid::Answer] {
            let mut cases: Vec<&Case> =
                self.cases.iter().filter(|case| case.amid == amid).collect();
            cases.retain(|case| (self.half_closes == 0 || case.broke) && !case.with_others);
            let mut unders: Vec<&Arc<str>> = cases.iter().map(|case| &case.under).collect();
            unders.sort_unstable();
            unders.dedup();
            for under in unders {
                let cases: Vec<&Case> = cases
                    .iter()
                    .copied()
                    .filter(|case| case.under == *under)
                    .collect();
                self.state_of(amid, under, &cases, book, found);
            }
        }
    }
}

impl GivesUp {
    fn left(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        let Seen::Left { amid, .. } = sight.fact.seen else {
            return;
        };
        let again = conn.left.is_some_and(|left| left.at < at);
        if again {
            // It broke after its end: it did not read any more.
            for case in self.cases.iter_mut().filter(|case| case.conn == conn.id) {
                case.broke = true;
            }
            return;
        }
        self.content += u64::from(is_content(sight, amid));
        let (what, waited) = match sight.step {
            Some(Step::GivenUp { waited }) if conn.answered == 0 => (Amid::New, *waited),
            Some(Step::GivenUp { waited }) => (Amid::Request, *waited),
            _ if amid.held && amid.waiting.is_none() && conn.answered > 0 => {
                (Amid::Answer, amid.silent_down.unwrap_or_default())
            }
            _ => {
                if sight.book.faults.clean(conn.began, at) {
                    let (silent, age) = (amid.silent_up, conn.age(at));
                    self.healthy.ended(Ended { at, silent, age });
                }
                return;
            }
        };
        let is_cancel = conn.requests == 1 && conn.bytes == CANCEL_BYTES;
        if is_cancel || !sight.is_exact() {
            return;
        }
        let together = |case: &&mut Case| case.at + INSTANT >= at;
        let with = self.cases.iter_mut().rev().take_while(together);
        let mut with_others = false;
        for other in with.filter(|other| !Width::TIMER.joins(other.waited, waited)) {
            (other.with_others, with_others) = (true, true);
        }
        let just_before = |at| sight.book.answered_just_before(conn, at, LOSER).is_some();
        self.cases.push(Case {
            conn: conn.id,
            at,
            amid: what,
            bytes: conn.bytes,
            under: Arc::clone(sight.book.faults.between(conn.began, at)),
            waited,
            since_asked: at.saturating_sub(conn.began),
            broke: conn.left.is_some_and(|left| left.broke),
            at_answer: just_before(at),
            by_chance: just_before(at.saturating_sub(LOSER * 4)),
            with_others,
        });
    }

    /// An answer was written to a client that had ended its stream: it may read it, or be gone.
    fn answered_after(&mut self, sight: &Sight<'_>) {
        let conn = sight.conn;
        let in_health = sight.book.faults.clean(conn.began, sight.fact.at);
        let read_on = conn
            .left
            .is_some_and(|left| left.waited.is_some() && !left.broke);
        if in_health && read_on {
            self.half_closes += 1;
        }
    }

    fn closed(&mut self, sight: &Sight<'_>) {
        let Some(left) = sight.conn.left else { return };
        let in_health = sight.book.faults.clean(sight.conn.began, sight.fact.at);
        if left.answered_after && !left.broke {
            // It was answered, and nothing shows that it did not read that.
            self.cases.retain(|case| case.conn != sight.conn.id);
        }
        let patient = left.waited.is_some_and(|waited| waited >= PATIENCE);
        if in_health && patient && !left.answered_after {
            self.left_in_health += 1;
        }
    }

    /// Whether clients leave amid a wait as a matter of course: they ask what has no answer.
    fn is_ordinary(&self, book: &Book) -> bool {
        self.left_in_health * 10 > book.answered_clean
    }

    /// Whether those that leave in the middle of an answer give it up: in health they take answers whole.
    fn tells_of_answers(&self) -> bool {
        self.healthy.0.len() >= Finding::CASES && self.content < Finding::CASES as u64
    }

    fn state_of(
        &self,
        amid: Amid,
        under: &Arc<str>,
        cases: &[&Case],
        book: &Book,
        found: &mut Vec<Finding>,
    ) {
        if amid == Amid::Answer && !self.tells_of_answers() {
            return;
        }
        // In an answer, either the silence since its last byte is what is alike, or the time since the request.
        let reading: &[fn(&Case) -> Duration] = match amid {
            Amid::Answer => &[|case| case.waited, |case| case.since_asked],
            Amid::New | Amid::Request => &[|case| case.waited],
        };
        for (index, read) in reading.iter().enumerate() {
            let times: Vec<Duration> = cases.iter().map(|case| read(case)).collect();
            let clusters = clusters(&times, Width::TIMER);
            let clusters: Vec<Vec<&Case>> = clusters
                .into_iter()
                .map(|members| members.into_iter().map(|index| cases[index]).collect())
                .filter(|members: &Vec<&Case>| {
                    members.len() * 7 >= cases.len()
                        && moments(members.iter().map(|case| case.at)) >= Finding::CASES
                })
                .collect();
            let explained: usize = clusters.iter().map(Vec::len).sum();
            if explained * 10 < cases.len() * 7 {
                continue;
            }
            let which = amid.which(index == 1);
            let before = found.len();
            for members in clusters {
                let times: Vec<Duration> = members.iter().map(|case| read(case)).collect();
                // Bytes were coming: it had what it wanted.
                if amid == Amid::Answer && median(times.iter().copied()) < PATIENCE {
                    continue;
                }
                if self.is_otherwise_explained(&members, &times, under, book) {
                    continue;
                }
                let finding = self.finding(amid, which, under, &members, &times);
                // Where most wait longer, those that left may have had other reasons.
                if finding.n * 4 >= finding.of {
                    found.push(finding);
                }
            }
            if found.len() > before {
                return;
            }
        }
    }

    /// Whether something else than a time-out makes these ends.
    fn is_otherwise_explained(
        &self,
        cases: &[&Case],
        times: &[Duration],
        under: &str,
        book: &Book,
    ) -> bool {
        let at_answer = cases.iter().filter(|case| case.at_answer).count();
        let by_chance = cases.iter().filter(|case| case.by_chance).count();
        let losers = at_answer * 10 >= cases.len() * 3 + by_chance * 10;
        let middle = median(times.iter().copied());
        let habits = self.healthy.alike(middle);
        // Without a fault, only what nobody has to wait for is a time-out: an answer never takes so long.
        let longest = book.clean_waits.iter().max().copied().unwrap_or_default();
        // A message that never has an answer is given up by nobody.
        let answered = cases
            .iter()
            .filter(|case| book.answers_to(case.bytes))
            .count();
        let one_way = answered * 10 < cases.len() * 7;
        let ordinary = under == NONE
            && (book.answered_clean < 20
                || middle < longest * 3
                || self.cases.len() as u64 * 10 > book.answered_clean);
        losers || habits >= Finding::CASES || one_way || ordinary
    }

    fn finding(
        &self,
        amid: Amid,
        which: &'static str,
        under: &Arc<str>,
        cases: &[&Case],
        times: &[Duration],
    ) -> Finding {
        let after = median(times.iter().copied());
        let most = times.iter().max().copied().unwrap_or_default();
        let beyond = |time: Duration| time > most + Width::TIMER.of(most);
        let endured = self
            .endured
            .iter()
            .filter(|(what, faults, waited)| *what == amid && faults == under && beyond(*waited));
        let later = self
            .cases
            .iter()
            .filter(|case| case.amid == amid && case.under == *under && beyond(case.waited));
        let mut last: Vec<&&Case> = cases.iter().collect();
        last.sort_unstable_by_key(|case| std::cmp::Reverse(case.at));
        let n = cases.len();
        let of = n + endured.count() + later.count();
        let range = Range::of(times.iter().copied()).expect("a cluster has members");
        let text = format!(
            "gives up {} after {}{} ({n} of {of}, {range})",
            amid.text(),
            time(after),
            if which == "stalled answer" {
                " without a byte"
            } else {
                ""
            },
        );
        let values = vec![
            ("after", Figure::Time(after)),
            ("least", Figure::Time(range.least)),
            ("most", Figure::Time(range.most)),
        ];
        let conns = last.iter().map(|case| case.conn);
        Finding::new((Habit::GivesUp, which), text, under, (n, of), values, conns)
    }
}

/// Whether a client leaves in the middle of an answer in health: it has what it wanted.
fn is_content(sight: &Sight<'_>, amid: snapshot::Amid) -> bool {
    let conn = sight.conn;
    let broke = conn.left.is_some_and(|left| left.broke);
    let amid_answer = conn.answered > 0 && amid.waiting.is_none() && (amid.held || broke);
    amid_answer && sight.book.faults.clean(conn.began, sight.fact.at)
}

// === impl Healthy ===

impl Healthy {
    /// Takes one in. Of a program that ends many at once a few say how old they were: the others would displace what else is known.
    fn ended(&mut self, ended: Ended) {
        let with = |other: &&Ended| {
            other.at + INSTANT >= ended.at && Width::TIMER.joins(other.age, ended.age)
        };
        if self.0.iter().rev().take_while(with).count() < Finding::CASES {
            self.0.push(ended);
        }
    }

    /// How many had been silent for as long or were as old.
    fn alike(&self, time: Duration) -> usize {
        let alike = |other: Duration| Width::TIMER.joins(other, time);
        let ended = self.0.iter();
        ended.filter(|it| alike(it.silent) || alike(it.age)).count()
    }
}

// === impl Amid ===

impl Amid {
    fn which(self, since_asked: bool) -> &'static str {
        match self {
            Self::New => "new connection",
            Self::Request => "request",
            Self::Answer if since_asked => "whole answer",
            Self::Answer => "stalled answer",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::New => "on a new connection without an answer",
            Self::Request => "on a request",
            Self::Answer => "in the middle of an answer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_that_ends_hides_no_other_program() {
        let mut healthy = Healthy::default();
        let mut ends = |at: u64, age: u64, many: u64| {
            for conn in 0..many {
                healthy.ended(Ended {
                    at: Duration::from_millis(at) + Duration::from_micros(conn * 20),
                    silent: Duration::from_millis(conn),
                    age: Duration::from_millis(age),
                });
            }
        };
        ends(10_000, 4_000, 8);
        for second in 11..21 {
            ends(second * 1_000, 2_000, 50);
        }
        assert_eq!(healthy.alike(Duration::from_millis(4_010)), Finding::CASES);
        assert_eq!(healthy.alike(Duration::from_secs(3)), 0);
    }
}
