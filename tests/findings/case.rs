//! A client under a course of faults: what it did, and what has to be stated of it.

use std::time::Duration;

use faultboard::findings::{Finding, Habit};

use crate::application::{Application, Deeds, Settings, millis};
use crate::desk::{Client, Desk};
use crate::ordinary::{Does, Ordinary};
use crate::tally::{Tallied, Tally};

/// At which second which faults are set.
pub type Course = &'static [(u64, &'static str)];

/// One client under one course of faults, and what has to be said of it.
pub struct Case {
    pub name: &'static str,
    pub settings: Settings,
    pub scenes: Course,
    pub lasts: u64,
    /// The habit that has to be stated, and the figure with what the client did; none where nothing is to be said of it.
    pub habit: Option<(Habit, &'static str)>,
    pub did: fn(&Settings, &Deeds) -> (&'static str, f64),
    /// What may be stated besides.
    pub besides: &'static [(Habit, &'static str)],
}

/// The seeds that each case is run with: those of `FAULTBOARD_SEEDS` (`1000..1200`), ten where the table is asked for, else as
/// many as a test may take.
pub fn seeds() -> std::ops::Range<u64> {
    let Ok(asked) = std::env::var("FAULTBOARD_SEEDS") else {
        return if is_table() { 0..10 } else { 0..2 };
    };
    let (from, to) = asked.split_once("..").expect("FROM..TO");
    let number = |text: &str| text.parse().expect("a number");
    number(from)..number(to)
}

/// What a case is run with besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    Nothing,
    /// Other clients, from other addresses and the same one.
    Others,
    /// Those, and moments in which facts are dropped: then less is stated, and nothing false.
    Gaps,
    /// Those, and a desk that does not run now and then: the same.
    Stalls,
}

/// Whether the table of accuracy is asked for.
pub fn is_table() -> bool {
    std::env::var_os("FAULTBOARD_TABLE").is_some()
}

pub fn mean(times: &[Duration]) -> Duration {
    times.iter().sum::<Duration>() / (times.len().max(1) as u32)
}

/// Other clients from other addresses and the same one, or `apart` from others only.
pub fn company(apart: bool) -> Vec<Box<dyn Client>> {
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

pub fn judge(cases: &[Case]) {
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

pub const HOLE: &[(u64, &str)] = &[(20, "blackhole"), (80, ""), (100, "")];
pub const LONG_HOLE: &[(u64, &str)] = &[(20, "blackhole"), (260, "")];
