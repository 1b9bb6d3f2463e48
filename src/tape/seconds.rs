//! Makes each second's figures of what the engine shows: facts, cut where settings change, and what snapshots count.
//!
//! Facts and snapshots come over channels of their own, so a second is told only once the facts of its end have come too. It is a
//! state without a clock: the times of what it is shown move it on.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound;
use std::time::Duration;

use super::record::{Record, Second, Unanswered, What};
use super::waits::Waits;
use crate::fault::PerDirection;
use crate::snapshot::{By, ConnId, Fact, LegName, ProxyId, ProxyRow, Seen, Snapshot};

/// So long after the end of a second its last facts have come: they come with the beat, ten a second.
const LATE: Duration = Duration::from_millis(150);

/// What is being counted of each proxy.
#[derive(Debug, Default)]
pub(super) struct Seconds {
    proxies: BTreeMap<ProxyId, Counting>,
    /// Connections whose client has left while it waited, until they are over.
    gone: HashSet<ConnId>,
    /// The last whole second at which snapshots were read.
    sampled: u64,
    /// The seconds before this one were told.
    told: u64,
    /// When the last of what was seen happened.
    seen: Duration,
}

/// What is being counted of one proxy.
#[derive(Debug, Default)]
struct Counting {
    name: String,
    /// When its settings changed in the seconds that are not told yet. A held key makes thousands in a second, in most of
    /// which nothing happens.
    cuts: BTreeSet<Duration>,
    /// The stretches in which something happened and that are not told yet, by their beginnings.
    stretches: BTreeMap<Duration, Stretch>,
    /// What snapshots showed at the ends of seconds that are not told yet.
    levels: BTreeMap<u64, Level>,
    /// What was told last, and what was shown then.
    last: Level,
    gone: bool,
}

/// Part of a second between two changes.
#[derive(Debug, Default)]
struct Stretch {
    waits: Waits,
    /// Requests that began.
    asked: u64,
    /// The longest that one had waited when its waiting was over.
    longest: Option<Duration>,
    ended: BTreeMap<String, u64>,
}

/// What a snapshot shows of a proxy.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    open: u32,
    bytes: PerDirection<u64>,
    unanswered: Option<Unanswered>,
}

// === impl Seconds ===

impl Seconds {
    /// Counts what was seen of a connection.
    pub(super) fn see(&mut self, fact: &Fact) {
        self.seen = self.seen.max(fact.at);
        // Nobody waits any more for what comes after the client had gone.
        let is_gone = self.gone.contains(&fact.conn);
        let counting = self.proxies.entry(fact.proxy).or_default();
        match fact.seen {
            Seen::Asked { .. } => counting.stretch(fact.at).asked += 1,
            Seen::Answered {
                waited,
                gone: false,
                ..
            } if !is_gone => {
                let stretch = counting.stretch(fact.at);
                stretch.waits.count(waited);
                stretch.longest = stretch.longest.max(Some(waited));
            }
            Seen::Left { leg, amid, .. } => {
                if amid.waiting.is_some() && !is_gone {
                    let stretch = counting.stretch(fact.at);
                    stretch.longest = stretch.longest.max(amid.waiting);
                }
                // One that ends its stream with its request goes on reading, and waits.
                let late = amid.silent_up >= Fact::SILENCE;
                if leg == LegName::Client && amid.waiting.is_some() && late {
                    self.gone.insert(fact.conn);
                }
            }
            Seen::Closed { by, .. } => {
                // One that gave up behind a blackhole stays open until the desk stops: its client ended it all the same.
                let gave_up = self.gone.remove(&fact.conn) && by == By::Desk;
                let by = if gave_up { By::Client } else { by };
                let ended = counting.stretch(fact.at).ended.entry(by.key().to_owned());
                *ended.or_default() += 1;
            }
            _ => {}
        }
    }

    /// The settings of the proxy of this name changed at a moment: what comes after it is counted apart.
    pub(super) fn cut(&mut self, name: &str, at: Duration) {
        let mut proxies = self.proxies.values_mut();
        if let Some(counting) = proxies.find(|counting| counting.name == name) {
            counting.cuts.insert(at);
        }
    }

    /// Reads a snapshot, and returns what can be told by now.
    pub(super) fn read(&mut self, snapshot: &Snapshot) -> Vec<Record> {
        let second = snapshot.at.as_secs();
        for counting in self.proxies.values_mut() {
            counting.gone = true;
        }
        for row in &snapshot.proxies {
            let counting = self.proxies.entry(row.id).or_default();
            counting.gone = false;
            counting.name.clone_from(&row.name);
            if second > self.sampled {
                counting.levels.insert(second, Level::of(row));
            }
        }
        self.sampled = self.sampled.max(second);
        let records = self.tell(snapshot.at.saturating_sub(LATE).as_secs());
        self.proxies
            .retain(|_, counting| !counting.gone || !counting.stretches.is_empty());
        records
    }

    /// Tells all that is left, as it stands at the end.
    pub(super) fn finish(&mut self, last: &Snapshot) -> Vec<Record> {
        let mut records = self.read(last);
        let end = last.at.as_secs() + 1;
        for row in &last.proxies {
            let counting = self.proxies.entry(row.id).or_default();
            counting.levels.insert(end, Level::of(row));
        }
        records.extend(self.tell(end));
        let end = last.at.max(self.seen);
        for record in &mut records {
            if let What::Second(second) = &mut record.what {
                let cut = record.t.saturating_sub(end);
                second.span = second.span.saturating_sub(cut);
            }
            record.t = record.t.min(end);
        }
        records
    }

    /// Tells the seconds before `until`.
    fn tell(&mut self, until: u64) -> Vec<Record> {
        let mut records = Vec::new();
        if until > self.told {
            for counting in self.proxies.values_mut() {
                counting.tell(until, &mut records);
            }
            self.told = until;
        }
        records
    }
}

// === impl Counting ===

impl Counting {
    /// The stretch of a moment.
    fn stretch(&mut self, at: Duration) -> &mut Stretch {
        let second = Duration::from_secs(at.as_secs());
        let cut = self.cuts.range(second..=at).next_back();
        let begin = cut.copied().unwrap_or(second);
        self.stretches.entry(begin).or_default()
    }

    fn tell(&mut self, until: u64, records: &mut Vec<Record>) {
        // What moved without a fact of it: bytes of a long answer, connections, waits.
        let levels: Vec<(u64, Level)> =
            self.levels.range(..=until).map(|(k, l)| (*k, *l)).collect();
        for (end, level) in &levels {
            if level.moved_since(&self.last) {
                self.stretch(Duration::from_secs(*end).saturating_sub(Duration::from_nanos(1)));
            }
        }
        let until_then = Duration::from_secs(until);
        let later = self.stretches.split_off(&until_then);
        for (begin, stretch) in std::mem::replace(&mut self.stretches, later) {
            let whole = Duration::from_secs(begin.as_secs() + 1);
            let after = (Bound::Excluded(begin), Bound::Excluded(whole));
            let next = self.cuts.range(after).next().copied();
            let end = next.unwrap_or(whole);
            let level = next.is_none().then(|| self.levels.get(&whole.as_secs()));
            let level = level.flatten().copied();
            let second = self.second(stretch, end.saturating_sub(begin), level);
            if let Some(second) = second {
                let what = What::Second(Box::new(second));
                records.push(Record { t: end, what });
            }
        }
        self.levels = self.levels.split_off(&(until + 1));
        self.cuts = self.cuts.split_off(&until_then);
    }

    /// The figures of a stretch, `None` where nothing moved in it; `level` where it ends a second.
    fn second(&mut self, stretch: Stretch, span: Duration, level: Option<Level>) -> Option<Second> {
        let before = self.last;
        self.last = level.unwrap_or(before);
        let moved = self.last.moved_since(&before);
        let seen = stretch.asked > 0 || stretch.longest.is_some() || !stretch.ended.is_empty();
        if !seen && !moved {
            return None;
        }
        let bytes = |way| self.last.bytes[way].saturating_sub(before.bytes[way]);
        let millis = |share| Some(stretch.waits.quantile(share)?.as_micros() as f64 / 1e3);
        Some(Second {
            proxy: self.name.clone(),
            span,
            connections: self.last.open,
            bytes: PerDirection::from_fn(bytes),
            p50_ms: millis(0.5),
            p99_ms: millis(0.99),
            asked: stretch.asked,
            longest_ms: stretch
                .longest
                .map(|longest| longest.as_micros() as f64 / 1e3),
            waits: stretch.waits,
            unanswered: level.and_then(|level| level.unanswered),
            ended: stretch.ended,
        })
    }
}

// === impl Level ===

impl Level {
    fn of(row: &ProxyRow) -> Self {
        let waits = row.unanswered;
        Self {
            open: row.open,
            bytes: row.bytes,
            unanswered: (waits.count > 0).then(|| Unanswered {
                count: waits.count,
                oldest_ms: waits.oldest.as_micros() as f64 / 1e3,
                overdue: waits.overdue,
            }),
        }
    }

    fn moved_since(&self, before: &Self) -> bool {
        self.open != before.open || self.bytes != before.bytes || self.unanswered.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping;
    use crate::snapshot::{Amid, Leave};

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn snapshot(at: u64, open: u32, down: u64) -> Snapshot {
        let mapping = mapping::parse("80=db:81").expect("valid");
        Snapshot {
            at: ms(at),
            proxies: vec![ProxyRow {
                open,
                bytes: PerDirection::of(0, down),
                ..ProxyRow::quiet(ProxyId(1), mapping)
            }],
            ..Snapshot::default()
        }
    }

    fn fact(at: u64, seen: Seen) -> Fact {
        Fact {
            at: ms(at),
            proxy: ProxyId(1),
            conn: ConnId(1),
            seen,
        }
    }

    fn answered(at: u64, waited: u64) -> Fact {
        let (waited, upstream) = (ms(waited), ms(waited));
        let (more, gone) = (false, false);
        fact(
            at,
            Seen::Answered {
                waited,
                upstream,
                more,
                gone,
            },
        )
    }

    /// `1000+400 conn=1 down=5 n=2`: the end in milliseconds, the span, and what was counted.
    fn told(records: &[Record]) -> Vec<String> {
        let each = records.iter().map(|record| {
            let What::Second(second) = &record.what else {
                panic!("{record:?}");
            };
            let ended: u64 = second.ended.values().sum();
            format!(
                "{}+{} conn={} down={} n={} ended={ended}",
                record.t.as_millis(),
                second.span.as_millis(),
                second.connections,
                second.bytes.down,
                second.waits.total(),
            )
        });
        each.collect()
    }

    #[test]
    fn a_second_is_told_once_its_last_facts_have_come() {
        let mut seconds = Seconds::default();
        assert!(seconds.read(&snapshot(100, 1, 0)).is_empty());
        seconds.see(&answered(900, 5));
        assert!(seconds.read(&snapshot(1_003, 2, 700)).is_empty());
        seconds.see(&answered(990, 6));
        seconds.see(&answered(1_010, 7));
        assert!(seconds.read(&snapshot(1_103, 2, 900)).is_empty());
        let records = seconds.read(&snapshot(1_203, 2, 900));
        assert_eq!(told(&records), ["1000+1000 conn=2 down=700 n=2 ended=0"]);
    }

    #[test]
    fn a_change_cuts_a_second_in_two() {
        let mut seconds = Seconds::default();
        seconds.read(&snapshot(100, 0, 0));
        seconds.cut("db", ms(400));
        for fact in [answered(300, 1), answered(400, 2), answered(500, 3)] {
            seconds.see(&fact);
        }
        seconds.read(&snapshot(1_000, 1, 10));
        let records = seconds.read(&snapshot(1_200, 1, 10));
        let wanted = [
            "400+400 conn=0 down=0 n=1 ended=0",
            "1000+600 conn=1 down=10 n=2 ended=0",
        ];
        assert_eq!(told(&records), wanted);
    }

    #[test]
    fn a_change_under_which_nothing_happens_is_remembered_as_its_moment_alone() {
        let mut seconds = Seconds::default();
        seconds.read(&snapshot(100, 1, 0));
        for micros in 0..5_000 {
            seconds.cut("db", Duration::from_micros(200_000 + 100 * micros));
        }
        assert!(seconds.proxies[&ProxyId(1)].stretches.is_empty());
        // It is counted under the last change before it, up to the next one.
        seconds.see(&answered(300, 1));
        let records = seconds.read(&snapshot(2_000, 1, 0));
        let [record] = &records[..] else {
            panic!("{records:?}");
        };
        assert_eq!(record.t, Duration::from_micros(300_100));
        assert!(seconds.proxies[&ProxyId(1)].cuts.is_empty());
    }

    #[test]
    fn an_answer_that_comes_after_its_client_has_left_is_no_wait() {
        // A client that ends its stream with its request waits for the answer; one that leaves later has gone.
        for (silent, counted) in [(0, 1), (1_000, 0)] {
            let mut seconds = Seconds::default();
            seconds.read(&snapshot(100, 1, 0));
            let amid = Amid {
                waiting: Some(ms(silent)),
                silent_up: ms(silent),
                ..Amid::default()
            };
            let (leg, how) = (LegName::Client, Leave::Fin);
            seconds.see(&fact(300, Seen::Left { leg, how, amid }));
            seconds.see(&answered(900, 700));
            let records = seconds.finish(&snapshot(1_000, 1, 1));
            let told: Vec<String> = told(&records);
            let wanted = format!("1000+1000 conn=1 down=1 n={counted} ended=0");
            assert_eq!(told, [wanted]);
        }
    }

    #[test]
    fn a_client_that_gave_up_ended_its_connection_though_the_desk_closed_it() {
        for (silent, by, who) in [
            (1_000, By::Desk, "client"),
            (0, By::Desk, "desk"),
            (1_000, By::Fault("reset"), "reset"),
        ] {
            let mut seconds = Seconds::default();
            seconds.read(&snapshot(100, 1, 0));
            let amid = Amid {
                waiting: Some(ms(1_000)),
                silent_up: ms(silent),
                ..Amid::default()
            };
            let (leg, how) = (LegName::Client, Leave::Fin);
            seconds.see(&fact(300, Seen::Left { leg, how, amid }));
            seconds.see(&fact(400, Seen::Closed { by, bytes: 1 }));
            let records = seconds.finish(&snapshot(1_000, 0, 1));
            let [record] = &records[..] else {
                panic!("{records:?}");
            };
            let What::Second(second) = &record.what else {
                panic!("{record:?}");
            };
            assert_eq!(second.ended, BTreeMap::from([(who.to_owned(), 1)]));
        }
    }

    #[test]
    fn a_second_in_which_nothing_moved_is_not_told() {
        let mut seconds = Seconds::default();
        let mut records = Vec::new();
        for at in (0..10_000).step_by(100) {
            records.extend(seconds.read(&snapshot(at, u32::from(at >= 4_500), 0)));
        }
        assert_eq!(told(&records), ["5000+1000 conn=1 down=0 n=0 ended=0"]);
    }

    #[test]
    fn the_end_is_told_up_to_where_it_came() {
        let mut seconds = Seconds::default();
        seconds.read(&snapshot(100, 1, 0));
        let closed = Seen::Closed {
            by: By::Fault("reset"),
            bytes: 0,
        };
        seconds.see(&fact(2_400, closed));
        let records = seconds.finish(&snapshot(2_500, 0, 0));
        assert_eq!(told(&records), ["2500+500 conn=0 down=0 n=0 ended=1"]);
    }

    #[test]
    fn a_wait_that_ends_without_an_answer_is_told_as_long_as_it_was() {
        let left = |at, leg, waited| {
            let amid = Amid {
                waiting: Some(ms(waited)),
                silent_up: ms(waited),
                ..Amid::default()
            };
            let how = Leave::Fin;
            fact(at, Seen::Left { leg, how, amid })
        };
        let mut seconds = Seconds::default();
        seconds.read(&snapshot(100, 1, 0));
        let silent = Duration::ZERO;
        seconds.see(&fact(110, Seen::Asked { bytes: 1, silent }));
        seconds.see(&left(710, LegName::Client, 600));
        // What goes on without its client is nobody's wait.
        seconds.see(&left(990, LegName::Upstream, 880));
        let records = seconds.read(&snapshot(1_200, 1, 0));
        let [
            Record {
                what: What::Second(second),
                ..
            },
        ] = &records[..]
        else {
            panic!("{records:?}");
        };
        assert_eq!((second.asked, second.longest_ms), (1, Some(600.0)));
        assert_eq!(second.longest(), ms(600));
    }

    #[test]
    fn facts_that_come_late_are_told_with_the_next_second() {
        let mut seconds = Seconds::default();
        seconds.read(&snapshot(1_000, 0, 0));
        seconds.read(&snapshot(1_200, 0, 0));
        seconds.see(&answered(950, 5));
        seconds.read(&snapshot(2_000, 0, 0));
        let records = seconds.read(&snapshot(2_200, 0, 0));
        assert_eq!(told(&records), ["1000+1000 conn=0 down=0 n=1 ended=0"]);
    }
}
