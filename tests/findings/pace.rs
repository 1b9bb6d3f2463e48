//! What sets a client's pace: its own reading, the latency, the bandwidth, or none of it; and pings.

use std::time::Duration;

use faultboard::findings::{Finding, Habit};

use crate::application::{Application, Settings};
use crate::case::{Course, seeds};
use crate::desk::{Client, Desk};
use crate::ordinary::{Does, Ordinary};
use crate::tally::{Tallied, Tally};

/// A client by itself, and with others from another address.
fn stated(seed: u64, does: &[Does], course: Course, lasts: u64) -> [Vec<Finding>; 2] {
    let others = [
        Does::Subscriber,
        Does::LongPoll { most: 20.0 },
        Does::Loop { sleeps: 0.7 },
    ];
    [&others[..0], &others].map(|others| {
        let own = does.iter().map(|does| Ordinary::new(*does));
        let others = others.iter().map(|does| Ordinary::far(*does));
        let mut clients: Vec<Box<dyn Client>> = own.chain(others).collect();
        let mut desk = Desk::new(seed, course);
        desk.run(&mut clients, Duration::from_secs(lasts));
        desk.stated
    })
}

/// A name, the clients, the faults, and which finding under which faults is to be told; none where nothing is.
type Row<'a> = (
    &'a str,
    &'a [Does],
    Course,
    Option<(&'static str, &'static str)>,
);

/// What each of some clients has to come to, of this kind.
fn judge(habit: Habit, rows: &[Row<'_>]) {
    let mut tally = Tally::default();
    for (name, does, course, wanted) in rows {
        let mut row = Tallied::new(format!("{habit:?}: {name}"));
        for seed in seeds() {
            for stated in stated(seed, does, course, 140) {
                let of: Vec<&Finding> = stated.iter().filter(|it| it.kind == habit).collect();
                row.ran(wanted.is_some() && !of.is_empty());
                let wrong = of
                    .iter()
                    .filter(|it| Some((it.which, &*it.under)) != *wanted);
                wrong.for_each(|it| row.wrong(seed, it));
            }
        }
        match wanted {
            Some(_) => tally.stated_row(row),
            None => tally.row(row),
        }
    }
    tally.holds();
}

#[test]
fn who_reads_slowly_is_told_from_whom_the_link_makes_wait() {
    let reads = |rate, lasts| [Does::Reads { rate, lasts }];
    let slow = reads(200e3, 8.0);
    let quick = reads(80e6, 8.0);
    let full = Some(("window full", "none"));
    judge(
        Habit::ReadsSlowly,
        &[
            ("slow", &slow, &[], full),
            ("slow, long", &reads(5e6, 120.0), &[], full),
            // A slower link hides it.
            ("slower link", &slow, &[(5, "bandwidth 100kB/s")], None),
            (
                "slow, then slower",
                &slow,
                &[(100, "bandwidth 100kB/s")],
                full,
            ),
            ("quick", &quick, &[], None),
            (
                "quick, slow link",
                &quick,
                &[(10, "bandwidth 500kB/s")],
                None,
            ),
            (
                "one of many",
                &[
                    quick[0],
                    quick[0],
                    quick[0],
                    Does::Reads {
                        rate: 80e6,
                        lasts: 2.0,
                    },
                ],
                &[],
                None,
            ),
        ],
    );
}

const LATENCIES: Course = &[
    (20, "latency 50ms"),
    (40, "latency 100ms"),
    (60, "latency 200ms"),
    (80, "latency 400ms"),
    (100, ""),
];
const RATES: Course = &[
    (20, "bandwidth 400kB/s"),
    (40, "bandwidth 200kB/s"),
    (60, "bandwidth 100kB/s"),
    (80, "bandwidth 50kB/s"),
    (100, ""),
];
const BOTH: Course = &[
    (20, "latency 50ms"),
    (35, "latency 200ms"),
    (50, "latency 400ms"),
    (65, ""),
    (80, "bandwidth 400kB/s"),
    (95, "bandwidth 100kB/s"),
    (110, "bandwidth 50kB/s"),
    (125, ""),
];

#[test]
fn a_pace_that_follows_what_is_set_is_told_from_one_that_does_not() {
    let closed = Does::Benchmark {
        conns: 3,
        lasts: 1e6,
    };
    let open = Does::Paced { every: 0.05 };
    // Of its requests some have no answer of their own.
    let streams = Does::Streams { every: 0.05 };
    // It goes away by itself while a fault is climbed.
    let leaves = Does::Benchmark {
        conns: 3,
        lasts: 55.0,
    };
    let two: Course = &[(20, "latency 100ms"), (40, "latency 400ms"), (60, "")];
    let once: Course = &[
        (20, "latency 50ms"),
        (40, "latency 100ms"),
        (60, "latency 400ms"),
    ];
    judge(
        Habit::Depends,
        &[
            (
                "closed, latency",
                &[closed],
                LATENCIES,
                Some(("follows", "latency")),
            ),
            (
                "closed, bandwidth",
                &[closed],
                RATES,
                Some(("follows", "bandwidth")),
            ),
            (
                "open, latency",
                &[open],
                LATENCIES,
                Some(("does not follow", "latency")),
            ),
            (
                "open, bandwidth",
                &[open],
                RATES,
                Some(("does not follow", "bandwidth")),
            ),
            ("streams, latency", &[streams], LATENCIES, None),
            ("closed, two settings", &[closed], two, None),
            // Nothing shows that it did not fall by itself.
            ("closed, no way back", &[closed], once, None),
            ("leaves", &[leaves], once, None),
            ("rare", &[Does::Loop { sleeps: 0.5 }], LATENCIES, None),
            (
                "in bursts",
                &[Does::Benchmark {
                    conns: 3,
                    lasts: 4.0,
                }],
                &[],
                None,
            ),
        ],
    );
}

#[test]
fn a_pace_that_follows_neither_is_told_once() {
    let mut row = Tallied::new("Depends: on neither");
    for seed in seeds() {
        for stated in stated(seed, &[Does::Paced { every: 0.05 }], BOTH, 160) {
            let depends = stated.iter().filter(|it| it.kind == Habit::Depends);
            let depends: Vec<&Finding> = depends.collect();
            let last = depends.last().map(|it| it.which);
            row.ran(last == Some("follows neither"));
            let wrong = depends.iter().filter(|it| it.which == "follows");
            wrong.for_each(|it| row.wrong(seed, it));
        }
    }
    let mut tally = Tally::default();
    tally.stated_row(row);
    tally.holds();
}

#[test]
fn an_application_that_thinks_between_requests_depends_on_latency_too() {
    let mut row = Tallied::new("Depends: thinks between requests");
    for seed in seeds() {
        let (client, _) = Application::new(Settings {
            callers: 8,
            ..Settings::PLAIN
        });
        let mut desk = Desk::new(seed, LATENCIES);
        desk.run(&mut [client], Duration::from_secs(140));
        let depends = desk.stated.iter().filter(|it| it.kind == Habit::Depends);
        let depends: Vec<&Finding> = depends.collect();
        row.ran(!depends.is_empty());
        for told in depends {
            // 8 / 0.25 s before, 8 / 0.65 s at 400 ms.
            let factor = told.values[0].1.number();
            if told.which != "follows" || !(0.3..0.5).contains(&factor) {
                row.wrong(seed, told);
            }
        }
    }
    let mut tally = Tally::default();
    tally.stated_row(row);
    tally.holds();
}

#[test]
fn pings_are_told_by_what_they_are_and_not_by_fixed_times() {
    let mut tally = Tally::default();
    for (does, which, after) in [
        (Does::Pings, Some("pings"), 2.0),
        (Does::IsPinged, Some("pings upstream"), 20.0),
        (Does::Polls, None, 0.0),
    ] {
        let mut row = Tallied::new(format!("Pool: {does:?}"));
        for seed in seeds() {
            for stated in stated(seed, &[does], &[], 200) {
                let is_ping = |it: &&Finding| it.which.starts_with("pings");
                let pings: Vec<&Finding> = stated.iter().filter(is_ping).collect();
                row.ran(which.is_some() && !pings.is_empty());
                for ping in pings {
                    let off = (ping.values[0].1.number() - after).abs();
                    if Some(ping.which) != which || off >= 0.02 {
                        row.wrong(seed, ping);
                    }
                }
            }
        }
        match which {
            Some(_) => tally.stated_row(row),
            None => tally.row(row),
        }
    }
    tally.holds();
}
