//! What the console promises of its speed, in one table: the program in a pseudo-terminal, and its screens in memory.
//!
//! ```text
//! cargo bench --bench console                           all of it; ten minutes
//! cargo bench --bench console -- --quick                short rounds
//! cargo bench --bench console -- --only start,keys      only the rows that these words name
//!
//! start     from the start to the first whole frame
//! keys      a key until its frame, and until all connections have taken it, under full traffic
//! lists     palette, find and sort among all connections
//! screens   one draw in memory of each screen
//! quiet     a desk on which nothing moves
//! cost      processor time beside headless, under traffic
//! path      throughput beside headless
//! bytes     bytes a frame
//! truth     the median that is shown, beside a client's
//! ```
//!
//! Ten thousand connections need 20,064 descriptors a process; where fewer are allowed there are fewer, and the table says
//! how many. Client, upstream, program and this terminal share the machine's cores: compare figures of one run only, on a
//! machine that does nothing else.

mod bytes;
mod cost;
mod keys;
mod load;
mod screens;
mod start;
mod terminal;

#[path = "../../tests/support/ui.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod by_hand;
#[path = "../peers/process.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod process;
#[path = "../peers/program.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod program;
#[path = "../peers/traffic.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod traffic;

use std::fmt;
use std::time::Duration;

use load::Upstreams;

/// A row of the table.
pub(crate) struct Row {
    figure: String,
    goal: String,
    measured: String,
    met: bool,
}

/// Milliseconds, or other figures, of which percentiles are asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(pub(crate) Vec<f64>);

/// How often, and for how long, something is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    starts: usize,
    keys: usize,
    draws: usize,
    rounds: usize,
    time: Duration,
    quiet: Duration,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let only = words.iter().position(|word| word == "--only");
    let only = only.and_then(|at| words.get(at + 1));
    let wanted = |name: &str| only.is_none_or(|only| only.split(',').any(|word| word == name));
    let effort = Effort::read(&words);
    let upstreams = Upstreams::start();
    println!("| figure | target | measured | met |\n|---|---|---|---|");
    let parts: [(&str, &dyn Fn() -> Vec<Row>); 9] = [
        ("start", &|| start::rows(effort)),
        ("keys", &|| keys::bypass(&upstreams, effort)),
        ("lists", &|| keys::lists(&upstreams, effort)),
        ("screens", &|| vec![screens::worst(effort)]),
        ("quiet", &|| vec![cost::quiet(effort)]),
        ("cost", &|| vec![cost::under_traffic(&upstreams, effort)]),
        ("path", &|| vec![cost::data_path(&upstreams, effort)]),
        ("bytes", &|| bytes::frame(effort)),
        ("truth", &|| vec![bytes::truth(&upstreams, effort)]),
    ];
    for (_, rows) in parts.iter().filter(|(name, _)| wanted(name)) {
        rows().into_iter().for_each(Row::print);
    }
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

// === impl Effort ===

impl Effort {
    fn read(words: &[String]) -> Self {
        let long = Self {
            starts: 20,
            keys: 200,
            draws: 500,
            rounds: 5,
            time: Duration::from_secs(1),
            quiet: Duration::from_secs(60),
        };
        let short = Self {
            starts: 5,
            keys: 40,
            draws: 100,
            rounds: 2,
            time: Duration::from_millis(500),
            quiet: Duration::from_secs(10),
        };
        if words.iter().any(|word| word == "--quick") {
            short
        } else {
            long
        }
    }
}

// === impl Times ===

impl Times {
    /// The least of them that so many percent are not above.
    pub(crate) fn p(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(place).copied().unwrap_or(f64::NAN)
    }
}

/// The median, the 99th percentile and the most: `0.6 / 2.3 / 3.1`.
impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(1);
        let [half, most, all] = [50, 99, 100].map(|percent| self.p(percent));
        write!(f, "{half:.digits$} / {most:.digits$} / {all:.digits$}")?;
        if f.precision().is_none() {
            write!(f, " ms")?;
        }
        Ok(())
    }
}

// === impl Row ===

impl Row {
    pub(crate) fn new(figure: &str, goal: &str, measured: String, met: bool) -> Self {
        Self {
            figure: figure.to_owned(),
            goal: goal.to_owned(),
            measured,
            met,
        }
    }

    fn print(self) {
        let met = if self.met { "yes" } else { "no" };
        let Self {
            figure,
            goal,
            measured,
            ..
        } = self;
        println!("| {figure} | {goal} | {measured} | {met} |");
    }
}
