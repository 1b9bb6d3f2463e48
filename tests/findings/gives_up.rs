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

/// A client that leaves in the middle of an answer, either so long after its last byte or so long after it asked.
#[test]
fn time_outs_in_the_middle_of_an_answer_are_told_apart() {
    use faultboard::fault::random::{Random, unit};
    let slow = faultboard::fault::language::parse("bandwidth 1kB/s").expect("faults");
    let slow = Plan::of(slow);
    let mut tally = Tally::default();
    for (which, after) in [("stalled answer", 2.0), ("whole answer", 5.0)] {
        let mut row = Tallied::new(format!("time-out: {which}"));
        for seed in seeds() {
            let mut random = Random::new(seed);
            let mut findings = Findings::default();
            findings.faults(Duration::ZERO, &slow);
            for conn in 1..=12 {
                let secs = Duration::from_secs_f64;
                let mut drawn =
                    |least: f64, most: f64| least + (most - least) * unit(random.draw());
                let exact = after + drawn(0.0, 0.01);
                let (silent, whole) = match which {
                    "stalled answer" => (exact, exact + drawn(0.5, 4.0)),
                    _ => (drawn(0.05, 1.5), exact),
                };
                let opened = secs(conn as f64 * 7.0 + drawn(0.0, 1.0));
                let left = opened + secs(whole);
                let amid = Amid {
                    silent_up: secs(whole),
                    silent_down: Some(secs(silent)),
                    asked: 90,
                    answered: 1,
                    held: true,
                    ..Amid::default()
                };
                let client = (HERE, 4_000).into();
                let (leg, how, waited) = (LegName::Client, Leave::Fin, millis(9));
                for (at, seen) in [
                    (opened, Seen::Opened { client }),
                    (opened, Seen::Reached),
                    (
                        opened,
                        Seen::Asked {
                            bytes: 90,
                            silent: Duration::ZERO,
                        },
                    ),
                    (
                        opened + waited,
                        Seen::Answered {
                            waited,
                            upstream: waited,
                            more: false,
                            gone: false,
                        },
                    ),
                    (left, Seen::Left { leg, how, amid }),
                    (
                        left,
                        Seen::Closed {
                            by: By::Client,
                            bytes: 900,
                        },
                    ),
                ] {
                    let (proxy, conn) = (ProxyId(1), ConnId(conn));
                    findings.see(&Fact {
                        at,
                        proxy,
                        conn,
                        seen,
                    });
                }
            }
            let told = findings.state(Duration::from_secs(100));
            let told: Vec<_> = told.iter().filter(|it| it.kind == Habit::GivesUp).collect();
            let is_so = |it: &Finding| {
                let off = (it.values[0].1.number() - after).abs();
                (it.which, it.n) == (which, 12) && off < 0.02
            };
            row.ran(!told.is_empty());
            if told.len() > 1 || !told.iter().all(|it| is_so(it)) {
                row.wrong(seed, format_args!("{told:?}"));
            }
        }
        tally.stated_row(row);
    }
    tally.holds();
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
