//! Everything that the program promises of its speed, in one table: beside a direct connection, beside other proxies where
//! they are installed, and beside itself with other settings, all in one run.
//!
//! ```text
//! cargo bench --bench peers                            all of it; half an hour beside all that can be installed
//! cargo bench --bench peers -- --quick                 short rounds
//! cargo bench --bench peers -- --beside haproxy,nginx  only beside these
//! cargo bench --bench peers -- --own                   without other proxies
//! cargo bench --bench peers -- --only tls,idle         only the rows of its own that these words name
//! ```
//!
//! Client, upstream and proxy share the machine's cores, so a ratio is a lower bound for a machine that has more; compare
//! only figures of one run, on a machine that does nothing else.

mod beside;
mod console;
mod own;
mod process;
mod program;
mod secured;
mod traffic;
mod verified;

use std::time::Duration;

use faultboard::proxy::sys;
use tokio::runtime::Runtime;

use beside::Samples;
use own::Effort;

/// A row of the table.
pub(crate) struct Row {
    figure: String,
    goal: String,
    measured: String,
    best: String,
    met: bool,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let given = |option: &str| words.iter().any(|word| word == option);
    let quick = given("--quick");
    let value = |option: &str| {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1).map(String::as_str)
    };
    let only = value("--only");
    let _ = sys::raise_descriptor_limit();
    let beside = if given("--own") || only.is_some() {
        None
    } else {
        Samples::take(value("--beside").unwrap_or(beside::PROXIES), quick)
    };
    let effort = Effort {
        rounds: if quick { 3 } else { 5 },
        time: Duration::from_millis(if quick { 500 } else { 1_000 }),
    };
    println!("| figure | goal | measured | best of the others | met |\n|---|---|---|---|---|");
    beside.iter().flat_map(Samples::rows).for_each(Row::print);
    measure(effort, |name| {
        only.is_none_or(|only| only.split(',').any(|word| word == name))
    });
}

/// The rows of its own.
fn measure(effort: Effort, wanted: impl Fn(&str) -> bool) {
    let runtime = Runtime::new().expect("a runtime");
    if wanted("idle") {
        own::idle(&runtime).print();
    }
    if wanted("delayed") {
        own::delayed(effort).print();
    }
    if wanted("rates") {
        own::rates(effort).print();
    }
    if wanted("crowded") {
        own::crowded(&runtime, effort)
            .into_iter()
            .for_each(Row::print);
    }
    if wanted("verified") {
        own::verified(&runtime, effort).print();
    }
    if wanted("console") {
        own::drawn(effort, console::Console::start).print();
    }
    if wanted("tls") {
        secured::secured(&runtime, effort).print();
    }
}

// === impl Row ===

impl Row {
    fn new(figure: &str, goal: &str, measured: String, met: bool) -> Self {
        Self {
            figure: figure.to_owned(),
            goal: goal.to_owned(),
            measured,
            best: String::new(),
            met,
        }
    }

    /// The same with what the best of the others reached in this run.
    fn beside(mut self, best: String) -> Self {
        self.best = best;
        self
    }

    fn print(self) {
        let met = if self.met { "yes" } else { "no" };
        println!(
            "| {} | {} | {} | {} | {met} |",
            self.figure, self.goal, self.measured, self.best
        );
    }
}
