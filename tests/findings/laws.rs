//! The laws of pauses: clients with each, alone and beside others, and what was stated of them.

use std::time::Duration;

use faultboard::findings::Habit;

use crate::application::{Application, Retry, Settings, millis};
use crate::case::{Beside, Course, company, is_table, seeds};
use crate::desk::Desk;
use crate::tally::{Tallied, Tally};

/// A name, the retries, for how many seconds requests fail, and what the law has to say; nothing where no law may be told.
type Row = (&'static str, Retry, u64, &'static [&'static str]);

const FAILS: Course = &[(60, "reset share=100%")];

/// Words of laws: of what is told of a client, only its own may be.
const WORDS: [&str; 5] = ["doubling", "growing", "jitter", "full", "at most"];

#[test]
fn laws_are_told_as_they_are() {
    let doubling = |more, cap, jitter| Retry::Doubling {
        more,
        base: millis(100),
        cap: millis(cap),
        jitter,
    };
    let linear = |more, cap, jitter| Retry::Linear {
        more,
        step: millis(200),
        cap: millis(cap),
        jitter,
    };
    let rows: [Row; 11] = [
        (
            "fixed",
            Retry::Fixed {
                more: 3,
                pause: millis(1_000),
            },
            120,
            &["1.0 s apart"],
        ),
        (
            "doubling",
            doubling(4, 5_000, false),
            120,
            &["doubling from 100 ms"],
        ),
        (
            "doubling up to a cap",
            doubling(6, 800, false),
            120,
            &["doubling from 100 ms", "at most 800 ms"],
        ),
        (
            "doubling, two at the cap",
            doubling(4, 400, false),
            120,
            &["more attempts"],
        ),
        (
            "linear",
            linear(4, 5_000, 0.0),
            120,
            &["growing by 200 ms from 200 ms"],
        ),
        (
            "linear up to a cap",
            linear(6, 800, 0.0),
            120,
            &["growing by 200 ms from 200 ms", "at most 800 ms"],
        ),
        (
            "fixed, jitter of a half",
            Retry::Linear {
                more: 3,
                step: millis(1_000),
                cap: millis(1_000),
                jitter: 0.5,
            },
            260,
            &["jitter"],
        ),
        (
            "linear, jitter of a third",
            linear(4, 5_000, 0.33),
            260,
            &["4 more attempts"],
        ),
        (
            "twice",
            doubling(2, 5_000, false),
            120,
            &["2 more attempts"],
        ),
        (
            "doubling, full jitter",
            doubling(5, 5_000, true),
            260,
            &["doubling", "full", "jitter"],
        ),
        (
            "doubling up to a cap, full jitter",
            doubling(8, 800, true),
            300,
            &["doubling", "full", "jitter", "at most"],
        ),
    ];
    let mut tally = Tally::default();
    for (name, retry, fails, words) in rows {
        let mut row = Tallied::new(format!("law: {name}"));
        // In one of them the first few trains are alike by chance.
        for (seed, beside) in seeds().step_by(2).chain([5_144]).flat_map(|seed| {
            [Beside::Nothing, Beside::Others, Beside::Stalls].map(|beside| (seed, beside))
        }) {
            let settings = Settings {
                callers: 1,
                think: (2.0, 3.0),
                retry,
                ..Settings::PLAIN
            };
            let mut desk = Desk::new(seed * 31 + 11, FAILS);
            let mut clients = vec![Application::new(settings).0];
            if beside == Beside::Others {
                clients.extend(company(true));
            }
            if beside == Beside::Stalls {
                desk.busy(Duration::ZERO, millis(150), Duration::from_secs(60 + fails));
            }
            desk.run(&mut clients, Duration::from_secs(60 + fails));
            let told = desk.stated.iter().filter(|it| it.kind == Habit::TriesAgain);
            let told: Vec<&str> = told.map(|it| it.text.as_str()).collect();
            // The kind of chance is told after its being there.
            let wrong = |text: &&&str| {
                WORDS.iter().any(|word| {
                    text.contains(word) && !words.iter().any(|mine| mine.contains(word))
                })
            };
            for text in told.iter().filter(wrong) {
                row.wrong(seed, format_args!("{beside:?}: {text}"));
            }
            let last = told.last().copied().unwrap_or_default();
            let stated = words.iter().all(|word| last.contains(word));
            if beside != Beside::Stalls {
                row.ran(stated);
            }
            if is_table() && !stated {
                println!("    seed {seed}, {beside:?}: {last:?}");
            }
        }
        tally.stated_row(row);
    }
    tally.holds();
}
