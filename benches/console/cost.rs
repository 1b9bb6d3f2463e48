//! What the console costs: where nothing moves, under traffic, and on the data path.

use std::time::Duration;

use super::load::{Traffic, Upstreams, most};
use super::process::Process;
use super::program::Program;
use super::terminal::{Answers, Console, frames};
use super::traffic::{download, median, now, rest};
use super::{Effort, Row};

const WARM: Duration = Duration::from_millis(400);

/// After so long without traffic and keys the console is quiet.
const QUIET: Duration = Duration::from_secs(7);

/// A desk on which nothing moves: frames, bytes and processor time.
pub(crate) fn quiet(effort: Effort) -> Row {
    let mut console = Console::start(
        (120, 35),
        &["0=127.0.0.1:9", "0=127.0.0.1:10"],
        Answers::AtOnce,
    );
    console.wait("its start", |rows| {
        rows.iter().any(|row| row.contains("QUIET"))
    });
    console.watch(QUIET);
    console.written();
    let process = console.process();
    let [share, _] = shares(process, || console.watch(effort.quiet));
    let written = console.written();
    let drawn = frames(&written).len();
    // A change of the minute may fall into the time twice, and is small enough for no frame of its own.
    let met = drawn <= 1 && written.len() <= 200 && share < 0.1;
    Row::new(
        &format!(
            "quiet desk for {:?}: frames, bytes, of a core",
            effort.quiet
        ),
        "a frame a minute; < 0.1 %",
        format!("{drawn}, {} B, {share:.3} %", written.len()),
        met,
    )
}

/// The processor time of a process with a crowd that has traffic: with the console, and without.
pub(crate) fn under_traffic(upstreams: &Upstreams, effort: Effort) -> Row {
    let (mut bare, mut drawn) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        let program = Program::start(&upstreams.echo.to_string(), &[]);
        let traffic = Traffic::default().messages(program.addr, most());
        rest(2 * WARM);
        bare.push(shares(program.process(), || rest(4 * effort.time)));
        drop(traffic);
        drop(program);

        let (mut console, proxies) = upstreams.console((120, 35));
        let traffic = Traffic::default().messages(proxies.crowd, most());
        console.watch(2 * WARM);
        let process = console.process();
        drawn.push(shares(process, || console.watch(4 * effort.time)));
        drop(traffic);
    }
    let [process, thread] = [0, 1].map(|which| {
        let of = |all: &[[f64; 2]]| median(all.iter().map(|shares| shares[which]).collect());
        (of(&drawn), of(&bare))
    });
    let more = process.0 - process.1;
    Row::new(
        &format!(
            "what the console costs, {} connections, 5,000 messages a second",
            most()
        ),
        "< 2 % of a core more than headless",
        format!(
            "{more:+.1} % ({:.1} beside {:.1}; the thread that draws {:.1} beside {:.1})",
            process.0, process.1, thread.0, thread.1
        ),
        more < 2.0,
    )
}

/// A download through a console that shows its costliest page and has keys pressed, beside one through a headless program.
pub(crate) fn data_path(upstreams: &Upstreams, effort: Effort) -> Row {
    let program = Program::start(&upstreams.bulk.to_string(), &[]);
    let (mut console, shown) = upstreams.console((120, 35));
    let (mut bare, mut drawn) = (Vec::new(), Vec::new());
    for _ in 0..3 * effort.rounds {
        bare.push(download(program.addr, WARM, effort.time));
        let addr = shown.bulk;
        let time = effort.time;
        let load = std::thread::spawn(move || download(addr, WARM, time));
        while !load.is_finished() {
            console.press("]");
            console.watch(Duration::from_millis(200));
        }
        drawn.push(load.join().expect("it ends"));
    }
    let ratio = median(drawn) / median(bare);
    Row::new(
        "throughput of a download with the console drawing, of headless",
        ">= 0.99",
        format!("{ratio:.3}"),
        ratio >= 0.99,
    )
}

/// The part of a core that a process and its first thread take while something goes on, in percent.
fn shares(process: Process, goes_on: impl FnOnce()) -> [f64; 2] {
    let taken = || [process.cpu(), cpu_of_first(process)];
    let (before, began) = (taken(), now());
    goes_on();
    let time = (now() - began).as_secs_f64();
    let after = taken();
    [0, 1].map(|which| (after[which] - before[which]) / time * 100.0)
}

/// The processor time that the first thread of a process has taken, in seconds: it draws, and collects the figures.
fn cpu_of_first(Process(number): Process) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{number}/schedstat"));
    let text = text.unwrap_or_default();
    let nanos = text.split_whitespace().next();
    let nanos = nanos.and_then(|word| word.parse().ok());
    nanos.map_or(f64::NAN, |nanos| Duration::from_nanos(nanos).as_secs_f64())
}
