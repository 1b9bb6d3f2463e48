//! A busy machine: timers of clients are late, and the desk itself does not run now and then. Less is told then, and nothing that is
//! not so.

use std::time::Duration;

use faultboard::findings::{Finding, Habit};

use crate::application::{Application, Deeds, Retry, Settings, millis};
use crate::desk::Desk;
use crate::tally::{Tallied, Tally};
use crate::{Course, seeds};

/// A name, the settings, the faults, and how often a request is tried again.
type Row = (&'static str, Settings, Course, u64);

/// In health for so long, and in failure for twice as long, as real clients are looked at.
const HELD: Course = &[(13, "blackhole"), (39, "")];
const RESET: Course = &[(13, "reset share=100%"), (39, "")];
const LASTS: u64 = 44;

/// One caller that rests for 0.3 s, by chance a little more or less.
const fn caller(timeout: Option<u64>, retry: Retry) -> Settings {
    Settings {
        callers: 1,
        think: (0.25, 0.35),
        timeout: match timeout {
            Some(timeout) => Some(millis(timeout)),
            None => None,
        },
        retry,
        ..Settings::PLAIN
    }
}

const fn thrice(pause: u64) -> Retry {
    Retry::Fixed {
        more: 3,
        pause: millis(pause),
    }
}

const GROWING: Retry = Retry::Listed(&[0, 400, 800]);

const ROWS: [Row; 9] = [
    ("time-out of 1 s", caller(Some(1_000), Retry::None), HELD, 0),
    (
        "time-out of 0.7 s, 3 x 1 s",
        caller(Some(700), thrice(1_000)),
        HELD,
        3,
    ),
    ("3 x 1 s, resets", caller(None, thrice(1_000)), RESET, 3),
    (
        "time-out of 0.5 s, 0, 0.4 and 0.8 s",
        caller(Some(500), GROWING),
        HELD,
        3,
    ),
    ("0, 0.4 and 0.8 s, resets", caller(None, GROWING), RESET, 3),
    (
        "time-out of 0.5 s, 3 x 0.5 s",
        caller(Some(500), thrice(500)),
        HELD,
        3,
    ),
    ("3 x 0.5 s, resets", caller(None, thrice(500)), RESET, 3),
    (
        "time-out of 0.6 s, 2 x 0.4 s",
        caller(Some(600), Retry::Listed(&[400, 400])),
        HELD,
        2,
    ),
    (
        "time-out of 0.5 s, 3 x 0.7 s",
        caller(Some(500), thrice(700)),
        HELD,
        3,
    ),
];

/// Whether a time that was stated is among those that there were.
fn is_among(stated: f64, did: &[Duration]) -> bool {
    let near = |did: &Duration| (did.as_secs_f64() - stated).abs() <= (stated * 0.05).max(0.025);
    did.iter().any(near)
}

/// Whether what is stated is so of a client that did this, and tries so often again.
fn is_so(finding: &Finding, deeds: &Deeds, more: u64) -> bool {
    let times = |did: &[Duration]| {
        let figures = finding.values.iter();
        let mut times =
            figures.filter(|(name, _)| matches!(*name, "after" | "apart" | "least" | "most"));
        times.all(|(_, time)| is_among(time.number(), did))
    };
    let attempts = finding.values.iter().find(|(name, _)| *name == "attempts");
    let attempts =
        attempts.is_none_or(|(_, attempts)| (attempts.number() - more as f64).abs() < 0.5);
    match (finding.kind, finding.which) {
        (Habit::GivesUp, _) => times(&deeds.gave_up),
        (Habit::TriesAgain, _) => more > 0 && attempts && times(&deeds.apart),
        (Habit::Pool, "kept") | (Habit::Recovers, _) => true,
        _ => false,
    }
}

/// What is told of a client on such a machine: how late its timers are, and how long the desk does not run, in milliseconds. And what of it
/// is not so.
fn told(
    row: &Row,
    seed: u64,
    (late, longest): (u64, u64),
    notices: bool,
) -> (Vec<Finding>, Vec<Finding>) {
    let (_, settings, course, more) = *row;
    let (client, deeds) = Application::new(settings);
    let mut desk = Desk::new(seed * 31 + 3, course);
    let lasts = Duration::from_secs(LASTS);
    desk.busy(millis(late), millis(longest), lasts);
    desk.notices = notices;
    desk.run(&mut [client], lasts);
    let deeds = deeds.borrow();
    let (so, wrong) = desk
        .stated
        .into_iter()
        .partition(|it| is_so(it, &deeds, more));
    (so, wrong)
}

#[test]
fn on_a_busy_machine_nothing_is_told_that_is_not_so() {
    let mut tally = Tally::default();
    let machines = [(0, 0), (0, 150), (0, 1_200), (20, 0), (40, 300), (120, 600)];
    for row in &ROWS {
        let (name, .., more) = row;
        let wanted = if *more > 0 {
            Habit::TriesAgain
        } else {
            Habit::GivesUp
        };
        for machine in machines {
            let (late, longest) = machine;
            let mut tallied =
                Tallied::new(format!("busy: {name}; late {late} ms, stalls {longest} ms"));
            for seed in seeds() {
                let (so, wrong) = told(row, seed, machine, true);
                tallied.ran(so.iter().any(|it| it.kind == wanted));
                for it in &wrong {
                    tallied.wrong(seed, it);
                }
            }
            if machine == (0, 0) {
                tally.stated_row(tallied);
            } else {
                tally.row(tallied);
            }
        }
    }
    tally.holds();
}

/// Else the simulation would show nothing.
#[test]
fn who_does_not_notice_its_stalls_tells_what_is_not_so() {
    let seeds = 100..110;
    let wrong = |seed| {
        ROWS.iter()
            .any(|row| !told(row, seed, (0, 150), false).1.is_empty())
    };
    assert!(seeds.filter(|seed| wrong(*seed)).count() > 5);
}
