//! Herds: clients that come back together after failures, and those that only seem to.

use std::time::Duration;

use faultboard::fault::Plan;
use faultboard::findings::{Findings, Habit};
use faultboard::snapshot::{Amid, By, ConnId, Fact, Leave, LegName, ProxyId, Seen};

use crate::application::{Application, Retry, Settings, millis};
use crate::case::{Beside, Course, company, seeds};
use crate::desk::{Desk, HERE};
use crate::tally::{Tallied, Tally};

/// An upstream that breaks every connection four times, and is back after two seconds.
const RESTARTS: Course = &[
    (60, "restart"),
    (62, ""),
    (90, "restart"),
    (92, ""),
    (120, "restart"),
    (122, ""),
    (150, "restart"),
    (152, ""),
];
const HOLES: Course = &[(60, "blackhole"), (100, ""), (130, "blackhole"), (170, "")];

/// Whether something is a herd, or a pool that reconnects.
const HERD: (Habit, &str) = (Habit::TriesAgain, "herd");
const POOL: (Habit, &str) = (Habit::Pool, "reconnects");

/// A name, the client, the faults, and what has to be told of the two.
type Row = (
    &'static str,
    Settings,
    Course,
    Option<(Habit, &'static str)>,
);

#[test]
fn herds_are_told_from_pools_and_clocks() {
    let callers = Settings {
        callers: 40,
        think: (0.2, 2.0),
        takes: (0.5, 2.0),
        ..Settings::PLAIN
    };
    let fixed = Retry::Fixed {
        more: 3,
        pause: millis(1_000),
    };
    let at_once = Retry::Fixed {
        more: 1,
        pause: Duration::ZERO,
    };
    let impatient = Settings {
        timeout: Some(millis(2_500)),
        ..callers
    };
    let spread = Retry::Doubling {
        more: 3,
        base: millis(4_000),
        cap: millis(8_000),
        jitter: true,
    };
    let rows: [Row; 8] = [
        (
            "herd after restarts, 1 s",
            Settings {
                retry: fixed,
                ..callers
            },
            RESTARTS,
            Some(HERD),
        ),
        (
            "herd after restarts, at once",
            Settings {
                retry: at_once,
                ..callers
            },
            RESTARTS,
            Some(HERD),
        ),
        ("no retries after restarts", callers, RESTARTS, None),
        (
            "retries spread by jitter",
            Settings {
                retry: spread,
                ..callers
            },
            RESTARTS,
            None,
        ),
        (
            "a pool of 12 that reconnects",
            Settings {
                callers: 2,
                refills: 12,
                takes: (0.01, 0.05),
                ..callers
            },
            RESTARTS,
            Some(POOL),
        ),
        (
            "time-outs by a common clock",
            Settings {
                clock: Some(millis(5_000)),
                retry: fixed,
                ..impatient
            },
            HOLES,
            None,
        ),
        (
            "time-outs each by itself",
            Settings {
                retry: fixed,
                ..impatient
            },
            HOLES,
            None,
        ),
        (
            "resets of some",
            Settings {
                retry: fixed,
                ..callers
            },
            &[(60, "reset share=40%"), (150, "")],
            None,
        ),
    ];
    let mut tally = Tally::default();
    for (name, settings, course, wanted) in rows {
        let mut row = Tallied::new(name);
        for (seed, beside) in seeds()
            .step_by(2)
            .flat_map(|seed| [(seed, Beside::Nothing), (seed, Beside::Others)])
        {
            let mut desk = Desk::new(seed * 31 + 13, course);
            let mut clients = vec![Application::new(settings).0];
            if beside == Beside::Others {
                clients.extend(company(false));
            }
            desk.run(&mut clients, Duration::from_secs(190));
            let is =
                |habit| move |it: &&faultboard::findings::Finding| (it.kind, it.which) == habit;
            let told = desk.stated.iter().filter(|it| is(HERD)(it) || is(POOL)(it));
            let (right, wrong): (Vec<_>, Vec<_>) =
                told.partition(|it| wanted.is_some_and(|habit| is(habit)(it)));
            row.ran(!right.is_empty());
            for it in wrong {
                row.wrong(seed, format_args!("{beside:?}: {it}"));
            }
        }
        match wanted {
            Some(_) => tally.stated_row(row),
            None => tally.row(row),
        }
    }
    tally.holds();
}

/// Where the upstream ends each connection behind its answer, whoever goes on opens as many again, in health.
#[test]
fn an_upstream_that_ends_each_connection_makes_no_pool_reconnect() {
    let mut findings = Findings::default();
    findings.faults(Duration::ZERO, &Plan::default());
    for round in 0..300 {
        let at = millis(round * 90);
        let waited = millis(30);
        let amid = Amid {
            silent_down: Some(millis(1)),
            answered: 1,
            ..Amid::default()
        };
        let bytes = 90;
        let course = [
            (
                0,
                Seen::Opened {
                    client: (HERE, 4_000).into(),
                },
            ),
            (0, Seen::Reached),
            (
                0,
                Seen::Asked {
                    bytes,
                    silent: Duration::ZERO,
                },
            ),
            (
                30,
                Seen::Answered {
                    waited,
                    upstream: waited,
                    more: false,
                    gone: false,
                },
            ),
            (
                31,
                Seen::Left {
                    leg: LegName::Upstream,
                    how: Leave::Fin,
                    amid,
                },
            ),
            (
                32,
                Seen::Closed {
                    by: By::Upstream,
                    bytes,
                },
            ),
        ];
        for (late, seen) in course {
            for conn in round * 8..round * 8 + 8 {
                let at = at + millis(late);
                let (proxy, conn) = (ProxyId(1), ConnId(conn));
                findings.see(&Fact {
                    at,
                    proxy,
                    conn,
                    seen,
                });
            }
        }
        let told = findings.state(at + millis(40));
        let told: Vec<_> = told
            .iter()
            .filter(|it| [HERD, POOL].contains(&(it.kind, it.which)))
            .collect();
        assert!(told.is_empty(), "{told:?}");
    }
}
