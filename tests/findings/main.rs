//! Findings over a simulated population: what clients did, and what was stated of it.
//!
//! `FAULTBOARD_TABLE=1 cargo test --test findings -- --nocapture` prints the table: each client, how often its habit was stated
//! of how many runs, by how much the figure was off, and how much was stated that is not so. `FAULTBOARD_SEEDS=1000..1200` runs
//! each of them with those seeds.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::new_ret_no_self,
    clippy::too_many_lines,
    clippy::unchecked_time_subtraction,
    reason = "a simulation: what is wrong with its times shows in its table"
)]
#![allow(unreachable_pub, reason = "modules of one test")]

mod application;
mod busy;
mod desk;
mod herds;
mod laws;
mod ordinary;
mod pace;
mod tally;

use std::collections::BTreeMap;
use std::time::Duration;

use application::{Application, Deeds, Retry, Settings, millis};
use desk::{Client, Desk};
use faultboard::fault::Plan;
use faultboard::findings::{Finding, Findings, Habit};
use faultboard::snapshot::{Amid, By, ConnId, Fact, Leave, LegName, ProxyId, Seen};
use ordinary::{Does, Ordinary};
use tally::{Tallied, Tally};

/// At which second which faults are set.
type Course = &'static [(u64, &'static str)];

/// One client under one course of faults, and what has to be said of it.
struct Case {
    name: &'static str,
    settings: Settings,
    scenes: Course,
    lasts: u64,
    /// The habit that has to be stated, and the figure with what the client did; none where nothing is to be said of it.
    habit: Option<(Habit, &'static str)>,
    did: fn(&Settings, &Deeds) -> (&'static str, f64),
    /// What may be stated besides.
    besides: &'static [(Habit, &'static str)],
}

/// The seeds that each case is run with: those of `FAULTBOARD_SEEDS` (`1000..1200`), ten where the table is asked for, else as
/// many as a test may take.
fn seeds() -> std::ops::Range<u64> {
    let Ok(asked) = std::env::var("FAULTBOARD_SEEDS") else {
        return if is_table() { 0..10 } else { 0..2 };
    };
    let (from, to) = asked.split_once("..").expect("FROM..TO");
    let number = |text: &str| text.parse().expect("a number");
    number(from)..number(to)
}

/// What a case is run with besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Nothing,
    /// Other clients, from other addresses and the same one.
    Others,
    /// Those, and moments in which facts are dropped: then less is stated, and nothing false.
    Gaps,
    /// Those, and a desk that does not run now and then: the same.
    Stalls,
}

/// Whether the table of accuracy is asked for.
fn is_table() -> bool {
    std::env::var_os("FAULTBOARD_TABLE").is_some()
}

fn mean(times: &[Duration]) -> Duration {
    times.iter().sum::<Duration>() / (times.len().max(1) as u32)
}

/// Other clients from other addresses and the same one, or `apart` from others only.
fn company(apart: bool) -> Vec<Box<dyn Client>> {
    let near = if apart { Ordinary::far } else { Ordinary::new };
    vec![
        near(Does::Subscriber),
        near(Does::LongPoll { most: 20.0 }),
        Ordinary::far(Does::Loop { sleeps: 0.7 }),
    ]
}

/// What is beside a client: behind one address, who asks beside a single caller, a pool or a breaker cannot be told from it.
fn others(case: &Case) -> Vec<Box<dyn Client>> {
    let apart = matches!(case.habit, Some((Habit::Pool | Habit::StopsTrying, _)));
    company(apart || case.settings.callers == 1)
}

fn is(finding: &Finding, (habit, which): (Habit, &str)) -> bool {
    finding.kind == habit && (which.is_empty() || finding.which == which)
}

fn run(case: &Case, beside: Beside) -> Tallied {
    let with = match beside {
        Beside::Nothing => "",
        Beside::Others => ", others beside",
        Beside::Gaps => ", facts missing",
        Beside::Stalls => ", the desk stalls",
    };
    let mut row = Tallied::new(format!("{}{with}", case.name));
    for seed in seeds() {
        let (client, deeds) = Application::new(case.settings);
        let mut desk = Desk::new(seed * 31 + 7, case.scenes);
        let mut clients = match beside {
            Beside::Nothing => Vec::new(),
            Beside::Others | Beside::Gaps | Beside::Stalls => others(case),
        };
        if beside == Beside::Gaps {
            desk.drop_some(Duration::from_secs(case.lasts));
        }
        if beside == Beside::Stalls {
            desk.busy(Duration::ZERO, millis(300), Duration::from_secs(case.lasts));
        }
        clients.insert(0, client);
        desk.run(&mut clients, Duration::from_secs(case.lasts));
        let deeds = deeds.borrow();
        let did = (case.did)(&case.settings, &deeds);
        let mut found = false;
        for finding in &desk.stated {
            let wanted = case.habit.is_some_and(|habit| is(finding, habit));
            let besides = case.besides.iter().any(|besides| is(finding, *besides));
            if wanted {
                let mut figures = finding.values.iter().filter(|(name, _)| *name == did.0);
                let figure = figures
                    .next()
                    .map_or(f64::NAN, |(_, figure)| figure.number());
                let off = (figure - did.1).abs();
                if did.0.is_empty() || off <= (did.1 * 0.05).max(0.02) {
                    found = true;
                    row.off = row.off.max(if off.is_nan() { 0.0 } else { off });
                    continue;
                }
            }
            let trusts = !case.settings.distrusts;
            let is_so = match finding.which {
                "reuses after a failure" => trusts,
                "closes after a failure" => !trusts,
                "pings" | "pings upstream" => false,
                _ => true,
            };
            if !besides || !is_so {
                row.wrong(
                    seed,
                    format_args!("[{}] {} (did {did:?})", finding.under, finding.text),
                );
            }
        }
        row.ran(found);
    }
    row
}

fn judge(cases: &[Case]) {
    let mut tally = Tally::default();
    for case in cases {
        // What a case must come to holds for it alone and beside others together.
        let (mut stated, mut runs) = (0, 0);
        for beside in [
            Beside::Nothing,
            Beside::Others,
            Beside::Gaps,
            Beside::Stalls,
        ] {
            let row = run(case, beside);
            if matches!(beside, Beside::Nothing | Beside::Others) {
                (stated, runs) = (stated + row.stated, runs + row.runs);
            }
            tally.row(row);
        }
        if case.habit.is_some() {
            tally.nine_in_ten(case.name, stated, runs);
        }
    }
    tally.holds();
}

const HOLE: &[(u64, &str)] = &[(20, "blackhole"), (80, ""), (100, "")];
const LONG_HOLE: &[(u64, &str)] = &[(20, "blackhole"), (260, "")];

fn gave_up(_: &Settings, deeds: &Deeds) -> (&'static str, f64) {
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

const RESETS: &[(u64, &str)] = &[(60, "reset share=100%"), (180, "")];

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

/// Who retries after a pause is back when the last pause is over; who waits is back at once.
#[test]
fn a_recovery_takes_as_long_as_the_clients_pauses() {
    let retry = Retry::Fixed {
        more: 1_000,
        pause: millis(8_000),
    };
    let patient = Settings::PLAIN;
    let retrying = Settings {
        callers: 12,
        timeout: Some(millis(1_000)),
        retry,
        ..patient
    };
    // Its callers come back one by one.
    let spread = Settings {
        callers: 60,
        retry: Retry::Doubling {
            more: 1_000,
            base: millis(8_000),
            cap: millis(8_000),
            jitter: true,
        },
        ..retrying
    };
    // The hole is lifted, or ends by itself.
    let lifted: Course = &[(30, "blackhole"), (70, "")];
    let by_itself: Course = &[(30, "blackhole for=40s")];
    let flaps: Course = &[(30, "flap on=20s off=20s")];
    let mut tally = Tally::default();
    for (name, settings, course) in [
        ("recovers: patient, lifted", patient, lifted),
        ("recovers: patient, by itself", patient, by_itself),
        ("recovers: patient, flaps", patient, flaps),
        ("recovers: retrying, flaps", retrying, flaps),
        ("recovers: retrying, lifted", retrying, lifted),
        ("recovers: retrying, by itself", retrying, by_itself),
        ("recovers: one by one, lifted", spread, lifted),
    ] {
        let mut row = Tallied::new(name);
        // In one of them chance thins the first seconds after the fault, in others it fills the last ones.
        for seed in seeds().chain([4_005, 5_028, 5_136]) {
            let (client, deeds) = Application::new(settings);
            let mut desk = Desk::new(seed, course);
            desk.run(&mut [client], Duration::from_secs(89));
            let told = desk.stated.iter().rfind(|it| it.kind == Habit::Recovers);
            row.ran(told.is_some());
            let Some(told) = told else { continue };
            let back = back(&deeds.borrow(), Duration::from_secs(70));
            let [after, least, most] = [0, 1, 2].map(|place| told.values[place].1.number());
            let (first, nine_in_ten) = (back[0], back[(back.len() * 9).div_ceil(10) - 1]);
            let near = |time: f64| (time * 0.05).max(0.02);
            let within = least - near(least)..=most + near(most);
            // Of those that come back together each may be the one.
            let together = nine_in_ten - first <= 0.5;
            let is_so = within.contains(&nine_in_ten) || (together && most + near(most) >= first);
            let is_exact = (least..=most).contains(&after) && least + near(first) >= first;
            let is_exact = is_exact && most <= nine_in_ten + 5.0;
            let under = if course == flaps { "flap" } else { "blackhole" };
            if !is_so || !is_exact || &*told.under != under {
                row.wrong(seed, format_args!("{told} for {first}, {nine_in_ten}"));
            }
        }
        tally.stated_row(row);
    }
    tally.holds();
}

/// How long after a moment each caller was answered first, in seconds.
fn back(deeds: &Deeds, from: Duration) -> Vec<f64> {
    let mut first = BTreeMap::new();
    for (caller, at) in deeds.answered.iter().filter(|(_, at)| *at >= from) {
        first.entry(*caller).or_insert(*at);
    }
    let mut back: Vec<f64> = first
        .values()
        .map(|at| (*at - from).as_secs_f64())
        .collect();
    back.sort_by(f64::total_cmp);
    back
}

/// A wave that comes to nothing is over for as long as it does.
#[test]
fn a_recovery_is_told_where_a_wave_rests() {
    let course: Course = &[(30, "latency 1000ms wave=square period=40s depth=1000ms")];
    let mut row = Tallied::new("recovers: as a wave rests");
    for seed in seeds() {
        let (client, _) = Application::new(Settings::PLAIN);
        let mut desk = Desk::new(seed, course);
        desk.run(&mut [client], Duration::from_secs(120));
        let told = desk.stated.iter().find(|it| it.kind == Habit::Recovers);
        row.ran(told.is_some());
        // Who asked before it waits for as long as it was then.
        let is_so = |it: &&Finding| it.values[1].1.number() <= 2.5 && &*it.under == "latency";
        if let Some(wrong) = told.filter(|it| !is_so(it)) {
            row.wrong(seed, wrong);
        }
    }
    let mut tally = Tally::default();
    tally.stated_row(row);
    tally.holds();
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
                let client = (desk::HERE, 4_000).into();
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

#[test]
fn of_ordinary_traffic_nothing_is_told_that_is_not_so() {
    ordinary(&[], &[]);
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
    ordinary(course, &[5_024, 5_096, 32_060]);
}

#[test]
fn of_ordinary_traffic_under_resets_nothing_is_told_that_is_not_so() {
    // In these a person closed a connection soon after another program's was reset, a few times.
    ordinary(&[(60, "reset share=20%"), (120, "")], &[5_144, 5_192]);
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

/// Each kind of ordinary client by itself, and all together; the latter with these seeds too.
fn ordinary(course: Course, also: &[u64]) {
    let kinds = [
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
    let mut row = Tallied::new(format!("ordinary traffic under {course:?}"));
    let mut facts = 0;
    let alone = seeds().step_by(4).map(|seed| (seed, &kinds[..]));
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
    assert!(facts > 100_000, "{facts} facts");
    let mut tally = Tally::default();
    tally.row(row);
    tally.holds();
}

/// What is true of ordinary clients too: connections are kept, or each has one request; and what was felt was over in time.
fn is_so(finding: &Finding, mix: &[Does]) -> bool {
    let single = |does: &Does| {
        matches!(
            does,
            Does::Loop { .. } | Does::HalfCloses | Does::Goodbye | Does::Person
        )
    };
    match (finding.kind, finding.which) {
        (Habit::Pool, "one request each") => mix.iter().any(single),
        (Habit::Pool, "kept" | "grows") | (Habit::Recovers, _) => true,
        // Of several clients behind one address, those stay in use that are another's.
        (Habit::Pool, "reuses after a failure") => {
            mix.len() > 1 || matches!(mix[0], Does::Benchmark { .. })
        }
        _ => false,
    }
}
