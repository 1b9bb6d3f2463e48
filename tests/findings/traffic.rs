//! Of ordinary traffic nothing is stated that is not so.

use std::time::Duration;

use faultboard::findings::{Finding, Habit};

use crate::application::millis;
use crate::case::{Course, seeds};
use crate::desk::{Client, Desk};
use crate::ordinary::{Does, Ordinary};
use crate::tally::{Tallied, Tally};

#[test]
fn of_ordinary_traffic_nothing_is_told_that_is_not_so() {
    ordinary(&[], &[], ORDINARY);
}

#[test]
fn of_ordinary_traffic_under_latency_and_a_hole_nothing_is_told_that_is_not_so() {
    let course = &[
        (60, "latency 300ms"),
        (120, ""),
        (180, "blackhole"),
        (200, ""),
    ];
    // In these who asks what has no answer left as another was answered, six times; in the last one a benchmark began thrice in the
    // hole, and the ends of a larger one had displaced those that it had in health.
    ordinary(course, &[5_024, 5_096, 32_060], ORDINARY);
}

#[test]
fn of_ordinary_traffic_under_resets_nothing_is_told_that_is_not_so() {
    // In these a person closed a connection soon after another program's was reset, a few times.
    ordinary(
        &[(60, "reset share=20%"), (120, "")],
        &[5_144, 5_192],
        ORDINARY,
    );
}

#[test]
fn of_less_ordinary_traffic_nothing_is_told_that_is_not_so() {
    ordinary(&[], &[], LESS_ORDINARY);
    let slow = &[(60, "latency 300ms"), (120, "")];
    ordinary(slow, &[], LESS_ORDINARY);
    // A view whose connections are reset begins anew at once, and does what may be said of it.
    let reset = &[(60, "reset share=100%"), (150, "")];
    ordinary(reset, &[], &LESS_ORDINARY[1..]);
}

const ORDINARY: &[Does] = &[
    Does::Benchmark {
        conns: 8,
        lasts: 4.0,
    },
    Does::Benchmark {
        conns: 50,
        lasts: 2.0,
    },
    Does::Streams { every: 0.013 },
    Does::Loop { sleeps: 0.5 },
    Does::LongPoll { most: 30.0 },
    Does::Subscriber,
    Does::Goodbye,
    Does::HalfCloses,
    Does::FireAndForget { lasts: 5.0 },
    Does::Person,
];

/// Each of these was once taken for something else.
const LESS_ORDINARY: &[Does] = &[
    Does::View,
    Does::OneWay {
        bytes: 40,
        lasts: 2.0,
    },
    Does::OneWay {
        bytes: 16,
        lasts: 0.002,
    },
    Does::Cron { every: 5.0 },
    Does::Waits,
    Does::Pieces,
    Does::Streams { every: 0.05 },
];

/// Each kind of ordinary client by itself, and all together; the latter with these seeds too.
fn ordinary(course: Course, also: &[u64], kinds: &[Does]) {
    let mut row = Tallied::new(format!("ordinary traffic under {course:?}"));
    let mut facts = 0;
    let alone = seeds().step_by(4).map(|seed| (seed, kinds));
    for (seed, alone) in alone.chain(also.iter().map(|seed| (*seed, &[][..]))) {
        let mixes = alone.iter().map(|one| vec![*one]).chain([kinds.to_vec()]);
        for (mix, stalls) in mixes.flat_map(|mix| [(mix.clone(), 0), (mix, 300)]) {
            let mut desk = Desk::new(seed, course);
            desk.busy(Duration::ZERO, millis(stalls), Duration::from_secs(240));
            let mut clients: Vec<Box<dyn Client>> =
                mix.iter().map(|does| Ordinary::new(*does)).collect();
            desk.run(&mut clients, Duration::from_secs(240));
            facts += desk.facts;
            row.ran(false);
            let wrong = desk.stated.iter().filter(|finding| !is_so(finding, &mix));
            wrong.for_each(|it| {
                row.wrong(
                    seed,
                    format_args!("{mix:?}, stalls {stalls} ms: [{}] {}", it.under, it.text),
                );
            });
        }
    }
    assert!(facts > 20_000, "{facts} facts");
    let mut tally = Tally::default();
    tally.row(row);
    tally.holds();
}

/// What is true of ordinary clients too: connections are kept, or each has one request; and what was felt was over in time.
fn is_so(finding: &Finding, mix: &[Does]) -> bool {
    let single = |does: &Does| {
        matches!(
            does,
            Does::Loop { .. } | Does::HalfCloses | Does::Goodbye | Does::Person | Does::Cron { .. }
        )
    };
    match (finding.kind, finding.which) {
        (Habit::Pool, "one request each") => mix.iter().any(single),
        (Habit::Pool, "kept") => !matches!(mix, [Does::Pieces]),
        (Habit::Pool, "grows") | (Habit::Recovers, _) => true,
        // Of several clients behind one address, those stay in use that are another's.
        (Habit::Pool, "reuses after a failure") => {
            mix.len() > 1 || matches!(mix[0], Does::Benchmark { .. })
        }
        _ => false,
    }
}
