//! When clients give up, as they did: on connections without an answer, and in the middle of one.

use std::time::Duration;

use faultboard::fault::Plan;
use faultboard::findings::{Finding, Findings, Habit};
use faultboard::snapshot::{Amid, By, ConnId, Fact, Leave, LegName, ProxyId, Seen};

use crate::application::{Deeds, Settings, millis};
use crate::case::{Case, Course, HOLE, LONG_HOLE, judge, mean, seeds};
use crate::desk::{Client, Desk, HERE};
use crate::ordinary::{Does, Ordinary};
use crate::tally::{Tallied, Tally};

pub fn gave_up(_: &Settings, deeds: &Deeds) -> (&'static str, f64) {
    ("after", mean(&deeds.gave_up).as_secs_f64())
}

#[test]
fn time_outs_are_told_as_they_were() {
    let cases = [
        (500, "0.5 s"),
        (2_000, "2 s"),
        (5_000, "5 s"),
        (30_000, "30 s"),
    ]
    .map(|(timeout, name)| Case {
        name: [
            "time-out 0.5 s",
            "time-out 2 s",
            "time-out 5 s",
            "time-out 30 s",
        ]
        .into_iter()
        .find(|it| it.ends_with(&format!(" {name}")))
        .expect("a name"),
        settings: Settings {
            timeout: Some(millis(timeout)),
            ..Settings::PLAIN
        },
        scenes: if timeout > 10_000 { LONG_HOLE } else { HOLE },
        lasts: if timeout > 10_000 { 280 } else { 120 },
        habit: Some((Habit::GivesUp, "")),
        did: gave_up,
        besides: &[(Habit::Pool, ""), (Habit::Recovers, "")],
    });
    judge(&cases);
}

/// A connection with one request, in seconds since its opening.
struct Exchange {
    opened: f64,
    /// The bytes of its request.
    bytes: u64,
    answered: Option<f64>,
    /// When its client ended its stream, and how.
    left: (f64, Leave),
    /// For how long nothing had been written to it then, and whether more was due.
    silent: f64,
    held: bool,
    /// When it was over.
    over: f64,
}

/// Tells the facts of exchanges, which follow each other, under these faults from `from` on.
fn tell(findings: &mut Findings, exchanges: &[Exchange]) {
    let secs = Duration::from_secs_f64;
    for (conn, it) in exchanges.iter().enumerate() {
        let at = |time: f64| secs(it.opened + time);
        let (client, silent) = ((HERE, 4_000).into(), Duration::ZERO);
        let bytes = it.bytes;
        let before = it.answered.filter(|time| *time <= it.left.0);
        let (leg, how) = (LegName::Client, it.left.1);
        let amid = Amid {
            waiting: before.is_none().then(|| secs(it.left.0)),
            silent_up: secs(it.left.0),
            silent_down: before.map(|_| secs(it.silent)),
            asked: bytes,
            answered: u32::from(before.is_some()),
            held: it.held,
        };
        let answer = it.answered.map(|time| {
            let (waited, upstream) = (secs(time), secs(time));
            let (more, gone) = (false, false);
            let seen = Seen::Answered {
                waited,
                upstream,
                more,
                gone,
            };
            (at(time), seen)
        });
        let by = By::Client;
        let mut seen = vec![
            (at(0.0), Seen::Opened { client }),
            (at(0.0), Seen::Reached),
            (at(0.0), Seen::Asked { bytes, silent }),
            (at(it.left.0), Seen::Left { leg, how, amid }),
            (at(it.over), Seen::Closed { by, bytes: 900 }),
        ];
        seen.extend(answer);
        seen.sort_by_key(|(at, _)| *at);
        for (at, seen) in seen {
            let conn = ConnId(1_000 * it.opened as u64 + conn as u64);
            let proxy = ProxyId(1);
            findings.see(&Fact {
                at,
                proxy,
                conn,
                seen,
            });
        }
    }
}

/// So many exchanges in health, from a moment on, whose clients take their answers whole; every other one breaks its connection
/// in the middle instead where `content`.
fn in_health(from: f64, count: u32, content: bool) -> Vec<Exchange> {
    let each = (0..count).map(|number| Exchange {
        opened: from + f64::from(number),
        bytes: 90,
        answered: Some(0.009),
        left: if content && number % 2 == 0 {
            (0.05, Leave::Rst)
        } else {
            (0.05, Leave::Fin)
        },
        silent: 0.001,
        held: content && number % 2 == 0,
        over: 0.06,
    });
    each.collect()
}

fn gives_up_of(findings: &mut Findings) -> Vec<Finding> {
    let told = findings.state(Duration::from_secs(1_000));
    let told = told.iter().filter(|it| it.kind == Habit::GivesUp);
    told.cloned().collect()
}

/// A client that leaves in the middle of an answer, either so long after its last byte or so long after it asked; nothing is told where
/// nobody knows that it takes answers whole, and where it does not.
#[test]
fn time_outs_in_the_middle_of_an_answer_are_told_apart() {
    use faultboard::fault::random::{Random, unit};
    let mut tally = Tally::default();
    for (which, after) in [("stalled answer", 2.0), ("whole answer", 5.0)] {
        for (health, content) in [(10, false), (0, false), (10, true)] {
            let told = health > 0 && !content;
            let mut row = Tallied::new(format!("time-out: {which}, {health} before, {content}"));
            for seed in seeds() {
                let mut random = Random::new(seed);
                let mut findings = Findings::default();
                tell(&mut findings, &in_health(1.0, health, content));
                findings.faults(Duration::from_secs(50), &plan("bandwidth 1kB/s"));
                let exchanges = (0..12).map(|number| {
                    let mut drawn =
                        |least: f64, most: f64| least + (most - least) * unit(random.draw());
                    let exact = after + drawn(0.0, 0.01);
                    let (silent, whole) = match which {
                        "stalled answer" => (exact, exact + drawn(0.5, 4.0)),
                        _ => (drawn(0.05, 1.5), exact),
                    };
                    Exchange {
                        opened: 60.0 + f64::from(number) * 7.0 + drawn(0.0, 1.0),
                        bytes: 90,
                        answered: Some(0.009),
                        left: (whole, Leave::Fin),
                        silent,
                        held: true,
                        over: whole,
                    }
                });
                let exchanges: Vec<_> = exchanges.collect();
                tell(&mut findings, &exchanges);
                let found = gives_up_of(&mut findings);
                let is_so = |it: &Finding| {
                    let off = (it.values[0].1.number() - after).abs();
                    told && (it.which, it.n) == (which, 12) && off < 0.02
                };
                row.ran(found.is_empty() != told);
                if found.len() > 1 || !found.iter().all(is_so) {
                    row.wrong(seed, format_args!("{found:?}"));
                }
            }
            tally.stated_row(row);
        }
    }
    tally.holds();
}

fn plan(faults: &str) -> Plan {
    Plan::of(faultboard::fault::language::parse(faults).expect("faults"))
}

/// Who takes what it wants of a stream that goes on leaves amid bytes that come; who ends its stream behind its request and reads on
/// waits for nothing less; and a message that is never answered is given up by nobody.
#[test]
fn who_has_what_it_wants_gives_nothing_up() {
    let leaves = |bytes, answered, left, silent, held| {
        let each = (0..12).map(move |number| Exchange {
            opened: 60.0 + f64::from(number) * 7.0,
            bytes,
            answered,
            left: (left, Leave::Fin),
            silent,
            held,
            over: answered.map_or(left, |answered: f64| left.max(answered + 0.001)),
        });
        each.collect::<Vec<_>>()
    };
    for (what, faults, exchanges) in [
        (
            "takes its part",
            "bandwidth 1kB/s",
            leaves(90, Some(0.009), 2.0, 0.001, true),
        ),
        (
            "reads on",
            "latency 500ms",
            leaves(90, Some(0.5), 0.3, 0.0, false),
        ),
        ("one way", "", leaves(17, None, 2.0, 0.0, false)),
    ] {
        let mut findings = Findings::default();
        let (from, count) = (1.0, if faults.is_empty() { 45 } else { 10 });
        tell(&mut findings, &in_health(from, count, false));
        if !faults.is_empty() {
            findings.faults(Duration::from_secs(50), &plan(faults));
        }
        // All of health's answers are there before the first of these.
        tell(&mut findings, &exchanges);
        let told = gives_up_of(&mut findings);
        let is_whole = |it: &Finding| it.which == "whole answer";
        // In the middle of an answer, who stops after as long as ever may have a time-out too.
        let told: Vec<_> = told
            .into_iter()
            .filter(|it| what != "takes its part" || !is_whole(it))
            .collect();
        assert!(told.is_empty(), "{what}: {told:?}");
    }
}

/// What ends all its connections at once leaves amid as many waits, and by chance some are alike.
#[test]
fn a_program_that_ends_amid_its_requests_gives_nothing_up() {
    let course: Course = &[
        (60, "latency 300ms"),
        (120, ""),
        (180, "blackhole"),
        (200, ""),
    ];
    let mut row = Tallied::new("benchmark of 8 that ends amid its requests");
    for seed in seeds().chain([5_160]) {
        let benchmark = Ordinary::new(Does::Benchmark {
            conns: 8,
            lasts: 4.0,
        });
        let mut desk = Desk::new(seed, course);
        desk.run(&mut [benchmark], Duration::from_secs(240));
        let told = desk.stated.iter().filter(|it| it.kind == Habit::GivesUp);
        row.ran(false);
        told.for_each(|it| row.wrong(seed, it));
    }
    let mut tally = Tally::default();
    tally.row(row);
    tally.holds();
}

/// Where answers come at any moment, a client that leaves does so as another is answered.
#[test]
fn who_leaves_among_many_that_are_answered_takes_no_loser_back() {
    let mut row = Tallied::new("who leaves among many that are answered");
    for seed in seeds() {
        let mut desk = Desk::new(seed, &[(3, "latency 100ms"), (60, "")]);
        let drill = Does::Drill {
            conns: 60,
            lasts: 30.0,
        };
        let mut clients: Vec<Box<dyn Client>> = [drill]
            .into_iter()
            .chain([Does::HalfCloses, Does::Goodbye, Does::Person].repeat(3))
            .map(Ordinary::new)
            .collect();
        desk.run(&mut clients, Duration::from_secs(60));
        let told = desk.stated.iter().filter(|it| it.kind == Habit::Hedges);
        row.ran(false);
        told.for_each(|it| row.wrong(seed, it));
    }
    let mut tally = Tally::default();
    tally.row(row);
    tally.holds();
}

/// What comes of a connection that somebody has frozen is no habit of its client.
#[test]
fn of_a_connection_that_is_set_apart_nothing_is_told() {
    let mut findings = Findings::default();
    tell(&mut findings, &in_health(1.0, 40, false));
    let secs = Duration::from_secs;
    for number in 0..12 {
        let (proxy, conn) = (ProxyId(1), ConnId(number));
        let opened = secs(60 + 7 * number);
        let (client, silent, bytes) = ((HERE, 4_000).into(), Duration::ZERO, 90);
        let (leg, how, by) = (LegName::Client, Leave::Fin, By::Client);
        let amid = Amid {
            waiting: Some(secs(2)),
            silent_up: secs(2),
            asked: bytes,
            ..Amid::default()
        };
        for (after, seen) in [
            (0, Seen::Opened { client }),
            (0, Seen::Reached),
            (0, Seen::Asked { bytes, silent }),
            (2, Seen::Left { leg, how, amid }),
            (2, Seen::Closed { by, bytes }),
        ] {
            let at = opened + secs(after);
            findings.see(&Fact {
                at,
                proxy,
                conn,
                seen,
            });
            if matches!(seen, Seen::Asked { .. }) {
                findings.pass_over(at, (proxy, conn));
            }
        }
    }
    let told = gives_up_of(&mut findings);
    assert!(told.is_empty(), "{told:?}");
}
