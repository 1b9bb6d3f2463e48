//! How clients try again, as they did.

use std::time::Duration;

use faultboard::findings::Habit;

use crate::application::{Application, Retry, Settings, millis};
use crate::case::{Case, Course, HOLE, company, judge, mean, seeds};
use crate::desk::Desk;
use crate::tally::{Tallied, Tally};

pub const RESETS: &[(u64, &str)] = &[(60, "reset share=100%"), (180, "")];

fn caller(callers: usize, retry: Retry) -> Settings {
    Settings {
        callers,
        timeout: Some(millis(2_000)),
        retry,
        think: if callers > 4 {
            (0.15, 0.45)
        } else {
            (2.0, 3.0)
        },
        ..Settings::PLAIN
    }
}

/// A name, how many callers, their retries, the faults, and what has to be told.
type Row = (&'static str, usize, Retry, Course, Option<Habit>);

#[test]
fn retries_are_told_as_they_were() {
    let fixed = Retry::Fixed {
        more: 3,
        pause: millis(1_000),
    };
    let doubling = |jitter| Retry::Doubling {
        more: 5,
        base: millis(100),
        cap: millis(5_000),
        jitter,
    };
    let rows: [Row; 12] = [
        (
            "retries 3 x 1 s, one caller, resets",
            1,
            fixed,
            RESETS,
            Some(Habit::TriesAgain),
        ),
        (
            "retries 3 x 1 s, four callers, resets",
            4,
            fixed,
            RESETS,
            Some(Habit::TriesAgain),
        ),
        (
            "retries 3 x 1 s, upstream breaks",
            4,
            fixed,
            &[(60, "upstream 100"), (180, "")],
            Some(Habit::TriesAgain),
        ),
        (
            "retries 3 x 1 s, some resets",
            4,
            fixed,
            &[(60, "reset share=60%"), (220, "")],
            Some(Habit::TriesAgain),
        ),
        (
            "retries 3 x 1 s, one caller, hole",
            1,
            fixed,
            &[(60, "blackhole"), (200, "")],
            Some(Habit::TriesAgain),
        ),
        (
            "retries doubling, one caller, resets",
            1,
            doubling(false),
            RESETS,
            Some(Habit::TriesAgain),
        ),
        (
            "retries doubling with jitter, one caller",
            1,
            doubling(true),
            RESETS,
            Some(Habit::TriesAgain),
        ),
        (
            "retries doubling with jitter, four callers",
            4,
            doubling(true),
            RESETS,
            None,
        ),
        (
            "retries 3 x 1 s, six quick callers, hole",
            6,
            fixed,
            &[(60, "blackhole"), (200, "")],
            Some(Habit::TriesAgain),
        ),
        (
            "retries none, six quick callers, hole",
            6,
            Retry::None,
            &[(60, "blackhole"), (200, "")],
            None,
        ),
        (
            "retries none, one caller, resets",
            1,
            Retry::None,
            RESETS,
            None,
        ),
        (
            "retries none, four callers, hole",
            4,
            Retry::None,
            HOLE,
            None,
        ),
    ];
    let cases = rows.map(|(name, callers, retry, scenes, habit)| Case {
        name,
        settings: caller(callers, retry),
        scenes,
        lasts: 240,
        habit: habit.map(|habit| (habit, "")),
        did: |settings, deeds| match settings.retry {
            Retry::Fixed { .. } => {
                let apart = mean(&deeds.pauses) + mean(&deeds.gave_up);
                ("apart", apart.as_secs_f64())
            }
            Retry::Doubling { more, .. } | Retry::Linear { more, .. } => ("attempts", more.into()),
            Retry::None | Retry::Listed(_) => ("", 0.0),
        },
        besides: &[
            (Habit::Pool, ""),
            (Habit::Recovers, ""),
            (Habit::GivesUp, ""),
        ],
    });
    judge(&cases);
}

/// Who asks again after a little more than its caller rests between two requests.
#[test]
fn a_pause_next_to_the_callers_own_is_told_from_it() {
    let settings = Settings {
        callers: 1,
        timeout: Some(millis(600)),
        retry: Retry::Fixed {
            more: 2,
            pause: millis(400),
        },
        think: (0.25, 0.35),
        ..Settings::PLAIN
    };
    judge(&[Case {
        name: "retries 2 x 0.4 s, one caller that rests for 0.3 s",
        settings,
        scenes: &[(13, "blackhole"), (39, "")],
        lasts: 45,
        habit: Some((Habit::TriesAgain, "")),
        did: |_, _| ("apart", 1.0),
        besides: &[
            (Habit::Pool, ""),
            (Habit::Recovers, ""),
            (Habit::GivesUp, ""),
        ],
    }]);
}

/// Of callers that fail in turn the next one tries after a part of the pause that each of them makes, or after a little more.
#[test]
fn a_part_of_a_pause_is_no_pause() {
    let fixed = Retry::Fixed {
        more: 3,
        pause: millis(1_000),
    };
    let mut row = Tallied::new("retries 3 x 1 s, four callers: no other pause than 1 s");
    let alone = seeds().chain([5_033, 5_056, 5_057, 7_180]);
    let alone = alone.map(|seed| (seed, Vec::new()));
    for (seed, beside) in alone.chain([(8_047, company(false))]) {
        let mut desk = Desk::new(seed * 31 + 7, RESETS);
        let mut clients = vec![Application::new(caller(4, fixed)).0];
        clients.extend(beside);
        desk.run(&mut clients, Duration::from_secs(240));
        let told = desk.stated.iter().filter(|it| it.kind == Habit::TriesAgain);
        let others = told.filter(|it| (it.values[0].1.number() - 1.0).abs() > 0.05);
        row.ran(false);
        others.for_each(|it| row.wrong(seed, it));
    }
    let mut tally = Tally::default();
    tally.row(row);
    tally.holds();
}
