//! Which connections clients keep, when they stop trying, and their second requests, as it was.

use std::time::Duration;

use faultboard::findings::{Finding, Habit};

use crate::application::{Application, Deeds, Settings, millis};
use crate::case::{Case, Course, judge, mean, seeds};
use crate::desk::Desk;
use crate::ordinary::{Does, Ordinary};
use crate::retries::RESETS;
use crate::tally::{Tallied, Tally};

/// A name, the settings, the faults, what has to be told, and what the client did.
type Kept = (
    &'static str,
    Settings,
    Course,
    (Habit, &'static str),
    fn(&Settings, &Deeds) -> (&'static str, f64),
);

fn of_pool(callers: usize) -> Settings {
    Settings {
        callers,
        think: (0.0, 0.05),
        takes: (0.1, 0.4),
        ..Settings::PLAIN
    }
}

#[test]
fn pools_breakers_hedges_and_cancels_are_told_as_they_were() {
    let open: fn(&Settings, &Deeds) -> (&'static str, f64) =
        |_, deeds| ("most", deeds.most_open as f64);
    let kept = (Habit::Pool, "kept");
    let rows: [Kept; 11] = [
        ("pool of 1", of_pool(1), &[], kept, open),
        ("pool of 8", of_pool(8), &[], kept, open),
        ("pool of 50", of_pool(50), &[], kept, open),
        (
            "lifetime 5 s",
            Settings {
                lifetime: Some(millis(5_000)),
                ..of_pool(8)
            },
            &[],
            (Habit::Pool, "lifetime"),
            |_, deeds| ("after", mean(&deeds.ages).as_secs_f64()),
        ),
        (
            "idle 3 s",
            Settings {
                callers: 12,
                idle: Some(millis(3_000)),
                think: (0.5, 6.0),
                takes: (0.1, 0.4),
                ..Settings::PLAIN
            },
            &[],
            (Habit::Pool, "idle"),
            |_, deeds| ("after", mean(&deeds.idle).as_secs_f64()),
        ),
        (
            "one connection for each request",
            Settings {
                pooled: false,
                ..Settings::PLAIN
            },
            &[],
            (Habit::Pool, "one request each"),
            |_, _| ("", 0.0),
        ),
        (
            "pool grows under latency",
            Settings {
                callers: 20,
                think: (0.2, 0.6),
                ..Settings::PLAIN
            },
            &[(40, "latency 600ms"), (100, "")],
            (Habit::Pool, "grows"),
            open,
        ),
        (
            "breaker 5 / 10 s, resets",
            Settings {
                breaker: Some((5, millis(10_000))),
                ..Settings::PLAIN
            },
            RESETS,
            (Habit::StopsTrying, ""),
            |_, _| ("for", 10.0),
        ),
        (
            "breaker 5 / 10 s, hole",
            Settings {
                breaker: Some((5, millis(10_000))),
                timeout: Some(millis(1_000)),
                ..Settings::PLAIN
            },
            &[(40, "blackhole"), (140, "")],
            (Habit::StopsTrying, ""),
            |_, _| ("for", 10.0),
        ),
        (
            "hedge after 200 ms",
            Settings {
                hedge: Some(millis(200)),
                ..Settings::PLAIN
            },
            &[(40, "latency 300ms"), (100, "")],
            (Habit::Hedges, ""),
            |_, deeds| ("after", mean(&deeds.hedged).as_secs_f64()),
        ),
        (
            "cancels after 2 s",
            Settings {
                callers: 1,
                timeout: Some(millis(2_000)),
                cancels: true,
                ..Settings::PLAIN
            },
            &[(40, "blackhole"), (100, "")],
            (Habit::Cancels, ""),
            |_, deeds| ("after", mean(&deeds.gave_up).as_secs_f64()),
        ),
    ];
    kept_as_told(&rows);
}

/// Behind one address, nobody knows how many connections are whose.
#[test]
fn of_a_pool_beside_another_program_no_number_is_told() {
    let mut tally = Tally::default();
    for (beside, is_numbered) in [
        (vec![], true),
        (vec![Does::Loop { sleeps: 0.7 }], false),
        (vec![Does::Goodbye, Does::LongPoll { most: 5.0 }], false),
    ] {
        let mut row = Tallied::new(format!("pool of 8 beside {} others", beside.len()));
        for seed in seeds() {
            let mut clients = vec![Application::new(of_pool(8)).0];
            clients.extend(beside.iter().map(|does| Ordinary::new(*does)));
            let mut desk = Desk::new(seed, &[(60, "latency 600ms"), (90, "")]);
            desk.run(&mut clients, Duration::from_secs(120));
            let told = desk.stated.iter().filter(|it| it.kind == Habit::Pool);
            let kept: Vec<&Finding> = told
                .filter(|it| ["kept", "grows"].contains(&it.which))
                .collect();
            let is_so = |it: &&Finding| it.values.is_empty() != is_numbered;
            row.ran(!kept.is_empty());
            let wrong = kept.iter().filter(|it| !is_so(it));
            wrong.for_each(|it| row.wrong(seed, it));
        }
        tally.stated_row(row);
    }
    tally.holds();
}

#[test]
fn what_becomes_of_other_connections_when_one_fails_is_told() {
    let distrustful = |distrusts| Settings {
        callers: 12,
        distrusts,
        ..Settings::PLAIN
    };
    let some_resets: Course = &[(40, "reset share=4%"), (140, "")];
    kept_as_told(&[
        (
            "goes on after an error",
            distrustful(false),
            some_resets,
            (Habit::Pool, "reuses after a failure"),
            |_, _| ("", 0.0),
        ),
        (
            "closes all after an error",
            distrustful(true),
            some_resets,
            (Habit::Pool, "closes after a failure"),
            |_, _| ("", 0.0),
        ),
    ]);
}

fn kept_as_told(rows: &[Kept]) {
    let rows = rows.iter().copied();
    let cases = rows.map(|(name, settings, scenes, habit, did)| Case {
        name,
        settings,
        scenes,
        lasts: 200,
        habit: Some(habit),
        did,
        besides: if settings.timeout.is_some() {
            &[
                (Habit::Pool, ""),
                (Habit::Recovers, ""),
                (Habit::GivesUp, ""),
            ]
        } else {
            &[(Habit::Pool, ""), (Habit::Recovers, "")]
        },
    });
    judge(&cases.collect::<Vec<_>>());
}
