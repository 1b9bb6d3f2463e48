//! A busy machine: timers of clients are late, and the desk itself does not run now and then. Less is told then, and nothing that is
//! not so.

use std::time::Duration;

use faultboard::fault::{Plan, language};
use faultboard::findings::{Finding, Findings, Habit};
use faultboard::snapshot::{ConnId, Fact, ProxyId, Seen, Stall};

use crate::application::{Application, Deeds, Retry, Settings, millis};
use crate::case::{Course, seeds};
use crate::desk::{Desk, HERE};
use crate::tally::{Tallied, Tally};

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
    let near = |did: &Duration| (did.as_secs_f64() - stated).abs() <= (stated * 0.05).max(0.02);
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

/// What is told of a client that asks every 20 ms, behind latency from the fourteenth second to the twentieth, where the desk did not run
/// for three seconds just after that, and its stall is told before the change.
fn recoveries(stalls: bool) -> usize {
    let mut findings = Findings::default();
    findings.faults(Duration::ZERO, &Plan::default());
    let see = |findings: &mut Findings, at, seen| {
        let (proxy, conn) = (ProxyId(1), ConnId(1));
        findings.see(&Fact {
            at,
            proxy,
            conn,
            seen,
        });
    };
    let client = (HERE, 1).into();
    see(&mut findings, Duration::ZERO, Seen::Opened { client });
    see(&mut findings, Duration::ZERO, Seen::Reached);
    let (from, to) = (millis(20_030), millis(23_000));
    for at in (0..30_000).step_by(20).map(millis) {
        if at == millis(20_020) && stalls {
            findings.stalled(Stall { from, to });
        }
        if at == millis(14_000) {
            findings.faults(
                at,
                &Plan::of(language::parse("latency 1s").expect("a fault")),
            );
        } else if at == millis(20_020) {
            findings.faults(at, &Plan::default());
        }
        // Behind the latency it is answered once a second.
        let slow = (millis(14_000)..millis(20_020)).contains(&at);
        let (waited, bytes) = (millis(if slow { 1_000 } else { 2 }), 9);
        if (slow && at.subsec_millis() != 0) || (from..to).contains(&at) {
            continue;
        }
        let (upstream, more, silent) = (millis(2), false, millis(18));
        see(
            &mut findings,
            at.saturating_sub(waited),
            Seen::Asked { bytes, silent },
        );
        see(
            &mut findings,
            at,
            Seen::Answered {
                waited,
                upstream,
                more,
                gone: false,
            },
        );
    }
    let stated = findings.state(millis(31_000));
    stated
        .iter()
        .filter(|it| it.kind == Habit::Recovers)
        .count()
}

#[test]
fn no_recovery_is_told_that_a_stall_of_the_desk_lies_in() {
    assert_eq!(recoveries(false), 1);
    assert_eq!(recoveries(true), 0);
}
