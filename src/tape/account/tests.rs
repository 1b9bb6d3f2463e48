//! What a tape comes to, of records made by hand.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::tests::{faults, head, second};
use super::super::{Port, Tape, line, read};
use super::proxy::SWEEPS;
use super::recovery::{RECOVERIES, Recoveries};
use super::*;
use crate::command::{self, Command, Sweeping};
use crate::sweep::{Curve, Ended, Step};

/// A tape on which a second has these waits, in milliseconds, and these changes.
fn account(seconds: impl Iterator<Item = (u64, Vec<u64>)>, changes: &[(u64, &str)]) -> Account {
    let mut tape = Tape::new(head());
    for (number, waits) in seconds {
        tape.push(second(number, &waits));
    }
    for (millis, set) in changes {
        tape.push(faults(*millis, set));
    }
    Account::of(&tape)
}

#[test]
fn each_stretch_has_what_was_met_in_it_and_the_whole_has_all() {
    let waits = |number| vec![if (5..10).contains(&number) { 300 } else { 40 }; 10];
    let seconds = (1..=15).map(|number| (number, waits(number - 1)));
    let account = account(seconds, &[(5_000, "latency 250ms"), (10_000, "")]);
    let proxy = &account.proxies[0];
    let told: Vec<String> = proxy
        .stretches
        .iter()
        .map(|stretch| {
            let median = stretch.tally.waits.quantile(0.5).expect("answers");
            format!(
                "{}-{} {}: {} of {}, {:.1}/s",
                stretch.from.as_secs(),
                stretch.to.as_secs(),
                stretch.setting(),
                median.as_millis(),
                stretch.tally.waits.total(),
                stretch.answers()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "0-5 nothing: 40 of 50, 10.0/s",
            "5-10 latency 250ms: 300 of 50, 10.0/s",
            "10-15 nothing: 40 of 50, 10.0/s"
        ]
    );
    assert_eq!(proxy.whole.waits.total(), 150);
}

#[test]
fn a_recovery_is_told_by_wait_and_by_rate() {
    for (after, took) in [
        // Well at once; after two seconds; never: too slow, and too few.
        (vec![(41, 10), (41, 10), (41, 10)], Some(1)),
        (vec![(300, 10), (80, 10), (41, 9)], Some(3)),
        (vec![(300, 10), (80, 10), (80, 10)], None),
        (vec![(40, 1), (40, 1), (40, 2)], None),
    ] {
        let waits = |number: u64| match number {
            1..=5 => vec![40; 10],
            6..=8 => vec![900; 3],
            later => {
                let (wait, count) = after[usize::try_from(later - 9).expect("few")];
                vec![wait; count]
            }
        };
        let seconds = (1..=11).map(|number| (number, waits(number)));
        let account = account(seconds, &[(5_000, "latency 1s"), (8_000, "")]);
        let recoveries = account.proxies[0].recoveries_at(account.end);
        assert_eq!(recoveries.len(), 1, "{after:?}");
        let found = recoveries[0].took.map(|took| took.as_secs());
        assert_eq!((found, recoveries[0].at.as_secs()), (took, 8), "{after:?}");
    }
}

#[test]
fn between_quick_answers_no_recovery_waits_for_the_last_millisecond() {
    for (after, took) in [(1_500, Some(1)), (2_390, Some(1)), (2_500, None)] {
        let seconds = (1..=9).map(|number| {
            let micros = if number <= 5 { 400 } else { after };
            let mut record = second(number, &[]);
            if let What::Second(second) = &mut record.what {
                (0..10).for_each(|_| second.waits.count(Duration::from_micros(micros)));
            }
            record
        });
        let mut tape = Tape::new(head());
        seconds.for_each(|second| tape.push(second));
        tape.push(faults(5_000, "latency 1s"));
        tape.push(faults(8_000, ""));
        let account = Account::of(&tape);
        let recoveries = account.proxies[0].recoveries_at(account.end);
        let told = recoveries
            .iter()
            .map(|it| it.took.map(|took| took.as_secs()));
        assert_eq!(told.collect::<Vec<_>>(), [took], "{after}");
    }
}

#[test]
fn a_recovery_says_whether_anybody_asked() {
    for (asked, silent) in [(0, true), (1, false)] {
        let seconds = (1..=5).map(|number| (number, vec![40; 10]));
        let mut account = account(seconds, &[(5_000, "latency 1s"), (8_000, "")]);
        let mut later = second(9, &[]);
        if let What::Second(second) = &mut later.what {
            second.asked = asked;
        }
        account.take(&later);
        let recoveries = account.proxies[0].recoveries_at(account.end);
        let told: Vec<_> = recoveries.iter().map(|it| (it.took, it.asked)).collect();
        assert_eq!(told, [(None, !silent)]);
    }
}

#[test]
fn the_last_stretch_reaches_to_the_end_of_the_tape() {
    let mut account = account((1..=3).map(|number| (number, vec![5])), &[]);
    let reason = "stopped".to_owned();
    account.take(&Record {
        t: Duration::from_millis(7_250),
        what: What::End { reason },
    });
    assert_eq!(account.proxies[0].stretches[0].to.as_millis(), 7_250);
}

#[test]
fn a_setting_that_was_passed_on_the_way_is_no_stretch() {
    let changes = [
        (1_000, "latency 1ms"),
        (1_100, "latency 2ms"),
        (1_300, "latency 3ms"),
    ];
    let account = account((1..=3).map(|number| (number, vec![5])), &changes);
    let proxy = &account.proxies[0];
    let told: Vec<String> = proxy.stretches.iter().map(Stretch::setting).collect();
    assert_eq!(told, ["nothing", "latency 3ms"]);
    assert_eq!(proxy.stretches[1].from, Duration::from_secs(1));
}

proptest! {
    /// A second is told after the changes that end it: what is judged as it comes is judged in the order of the times.
    #[test]
    fn a_session_and_its_tape_come_to_the_same_account(
        changes in proptest::collection::vec((0_u64..30_000_000_000, 0_usize..3), 0..12),
        waits in proptest::collection::vec(0_u64..60, 30),
        late in 0_u64..3_000,
    ) {
        let mut told: Vec<(u64, Record)> = Vec::new();
        for (nanos, which) in changes {
            let mut record = faults(0, ["", "latency 1s", "loss 2%"][which]);
            record.t = Duration::from_nanos(nanos);
            told.push((nanos / 1_000_000, record));
        }
        for (number, wait) in (1..).zip(waits) {
            told.push((number * 1_000 + late, second(number, &[wait, wait + 1, wait + 2])));
        }
        told.sort_by_key(|(at, _)| *at);
        let mut running = Running::new(&head());
        let mut text = line(&head());
        for (_, record) in told {
            let record = record.rounded();
            running.take(&record);
            text += &line(&record);
        }
        let tape = read(text.as_bytes()).expect("a tape").tape;
        prop_assert_eq!(running.settle(), &Account::of(&tape));
    }
}

#[test]
fn what_somebody_else_set_is_a_stretch_however_short_it_was() {
    let mut tape = Tape::new(head());
    (1..=3).for_each(|number| tape.push(second(number, &[5])));
    for (millis, set, by) in [
        (1_000, "latency 1ms", "sweep"),
        (1_078, "latency 2ms", "commands"),
        (1_100, "latency 3ms", "commands"),
    ] {
        let mut record = faults(millis, set);
        if let What::Faults(change) = &mut record.what {
            Arc::make_mut(change).by = by.to_owned();
        }
        tape.push(record);
    }
    let account = Account::of(&tape);
    let told = account.proxies[0].stretches.iter();
    let told: Vec<_> = told.map(|it| (it.setting(), it.by.as_str())).collect();
    let wanted = [
        ("nothing", "start"),
        ("latency 1ms", "sweep"),
        ("latency 3ms", "commands"),
    ];
    assert_eq!(told, wanted.map(|(set, by)| (set.to_owned(), by)));
}

#[test]
fn a_stretch_says_who_closed_its_port_and_who_set_what_closed_it() {
    let mut tape = Tape::new(head());
    (1..=9).for_each(|number| tape.push(second(number, &[5])));
    tape.push(faults(4_000, "refuse"));
    for (at, port, by) in [
        (2, Port::Closed, "ana"),
        (3, Port::Open, "commands"),
        // It follows of the fault, which nobody else has set.
        (5, Port::Refusing, ""),
    ] {
        let (proxy, by) = ("db".to_owned(), by.to_owned());
        tape.push(Record {
            t: Duration::from_secs(at),
            what: What::Port { proxy, port, by },
        });
    }
    let account = Account::of(&tape);
    let by = account.proxies[0].stretches.iter();
    let by: Vec<&str> = by.map(|stretch| stretch.by.as_str()).collect();
    assert_eq!(by, ["start", "ana", "commands", "console", "console"]);
}

#[test]
fn of_too_many_recoveries_the_slowest_are_kept() {
    let mut recoveries = Recoveries::default();
    for at in 0..3 * RECOVERIES as u64 {
        let took = (at % 1_000 != 7).then(|| Duration::from_millis(at % 1_000));
        recoveries.keep(Recovery {
            at: Duration::from_secs(at),
            took,
            watched: took.unwrap_or_default(),
            asked: true,
        });
    }
    let kept = recoveries.at(Duration::ZERO);
    assert_eq!(kept.len(), RECOVERIES);
    let never = kept.iter().filter(|it| it.took.is_none());
    assert_eq!(never.count(), 3 * RECOVERIES / 1_000);
    let slowest = kept.iter().filter_map(|it| it.took).max();
    assert_eq!(slowest, Some(Duration::from_millis(999)));
}

#[test]
fn of_too_many_sweeps_those_that_found_something_and_the_newest_are_kept() {
    let mut account = account(std::iter::empty(), &[]);
    let proxy = &mut account.proxies[0];
    let line = command::parse("sweep db latency from=10ms to=1s steps=2 until=fails");
    let Ok(Command::Sweep(_, Sweeping::Begin(sweep))) = line else {
        panic!("{line:?}");
    };
    let most = u32::try_from(SWEEPS).expect("few");
    for number in 0..most + 10 {
        let failed = u64::from(number == 3);
        let step = |failed| Step {
            lasted_s: 5.0,
            asked: 10,
            answers: 10 - 10 * failed,
            failed: 10 * failed,
            ..Step::default()
        };
        proxy.keep_sweep(&Curve {
            steps: vec![step(0), step(failed)],
            ended: Some(Ended::Done),
            ..Curve::new(number, "db".to_owned(), &sweep)
        });
    }
    let kept: Vec<u32> = proxy.sweeps.iter().map(|curve| curve.number).collect();
    let wanted: Vec<u32> = std::iter::once(3).chain(11..most + 10).collect();
    assert_eq!(kept, wanted);
}
