//! What the program does that the benchmark of proxies does not ask of it.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::Row;
use super::program::Program;
use super::traffic::{crowd, download, echo, exchange, gib, median, now, paced, rest, source};
use super::verified;

const WARM: Duration = Duration::from_millis(400);
const SECOND: Duration = Duration::from_secs(1);

/// How long a measurement goes on, and how often it is repeated.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
}

/// One bulk stream under latencies, beside the same program without.
pub(crate) fn delayed(effort: Effort) -> Row {
    let mut program = Program::start(&source().to_string(), &[]);
    let idle = program.process().pss();
    let mut rates = [0, 1, 10, 50].map(|ms| (ms, Vec::new()));
    for _ in 0..effort.rounds {
        for (ms, rates) in &mut rates {
            program.tell(&format!("set all latency {ms}ms down"));
            rates.push(download(program.addr, WARM, effort.time));
        }
    }
    let [none, one, ten, fifty] = rates.map(|(_, rates)| median(rates));
    let addr = program.addr;
    let loading = std::thread::spawn(move || download(addr, WARM, 2 * SECOND));
    let mut peak: f64 = 0.0;
    while !loading.is_finished() {
        rest(Duration::from_millis(20));
        peak = peak.max(program.process().pss() - idle);
    }
    let ratios = [one / none, ten / none, fifty / none];
    let peak = peak / 1024.0;
    Row::new(
        "one bulk stream under 1, 10, 50 ms, of the same engine without fault; peak memory",
        ">= 0.80, 0.80, 0.70; <= 80 MiB",
        format!(
            "{:.2}, {:.2}, {:.2} of {none:.2} GiB/s; {peak:.0} MiB",
            ratios[0], ratios[1], ratios[2]
        ),
        ratios[0] >= 0.8 && ratios[1] >= 0.8 && ratios[2] >= 0.7 && peak <= 80.0,
    )
}

/// Rates from very slow to very fast.
pub(crate) fn rates(effort: Effort) -> Row {
    let mut program = Program::start(&source().to_string(), &[]);
    let (mut worst_error, mut worst_burst): (f64, f64) = (0.0, 0.0);
    let mut told = Vec::new();
    for (rate, name) in [
        (1e4, "10kB/s"),
        (1e5, "100kB/s"),
        (1e6, "1MB/s"),
        (1e7, "10MB/s"),
        (1e8, "100MB/s"),
        (1e9, "1GB/s"),
    ] {
        program.tell(&format!("set all bandwidth {name} down"));
        let runs = (0..effort.rounds.min(3)).map(|_| paced(program.addr, rate, 3 * effort.time));
        let (errors, bursts): (Vec<f64>, Vec<f64>) = runs.unzip();
        let (error, burst) = (median(errors), median(bursts));
        worst_error = worst_error.max(error.abs());
        worst_burst = worst_burst.max(burst);
        told.push(format!("{name} {error:+.2} % x{burst:.2}"));
    }
    Row::new(
        "bandwidth 10 kB/s to 1 GB/s: error; most bytes in any 50 ms over ideal",
        "<= 0.5 %; <= 1.15",
        told.join(", "),
        worst_error <= 0.5 && worst_burst <= 1.15,
    )
}

/// Idle connections before and after bytes passed, and what they leave.
pub(crate) fn idle(runtime: &Runtime) -> Row {
    const CONNS: usize = 5_000;
    let program = Program::start(&echo(runtime).to_string(), &[]);
    rest(SECOND / 2);
    let before = program.process().pss();
    let mut clients = crowd(program.addr, CONNS);
    let each = |pss: f64| (pss - before) / CONNS as f64;
    rest(2 * SECOND);
    let fresh = each(program.process().pss());
    let block = vec![3; 64 << 10];
    for client in &mut clients {
        exchange(client, &block);
    }
    rest(2 * SECOND);
    let used = each(program.process().pss());
    drop(clients);
    rest(3 * SECOND);
    let (kept, before) = ((program.process().pss() - before) / 1024.0, before / 1024.0);
    Row::new(
        "idle connection (5,000; PSS), before / after 64 KiB passed; kept after they close",
        "<= 3.3 KiB; given back",
        format!("{fresh:.2} / {used:.2} KiB; {kept:+.1} MiB to {before:.1}"),
        fresh <= 3.3 && used <= 3.3 && kept <= 5.0,
    )
}

/// A process with as many idle connections as descriptors allow, and changes of its settings.
pub(crate) fn crowded(runtime: &Runtime, effort: Effort) -> [Row; 2] {
    const IDLE: usize = 9_700;
    const ACTIVE: usize = 200;
    let mut program = Program::start(&echo(runtime).to_string(), &[]);
    let clients = crowd(program.addr, IDLE);
    rest(12 * SECOND);
    let (cpu, wakes, began) = (program.process().cpu(), program.process().wake_ups(), now());
    rest(5 * effort.time);
    let time = (now() - began).as_secs_f64();
    let idle_share = (program.process().cpu() - cpu) / time;
    let woken = (program.process().wake_ups() - wakes) as f64 / time;
    let quiet = Row::new(
        "idle process (9,700 connections, headless): wake-ups a second; of a core",
        "the collector's 20; < 0.2 %",
        format!("{woken:.1}; {:.2} %", idle_share * 100.0),
        // Two a beat: tokio's wheel of timers wakes once more on the way to a time that is 100 ms off.
        woken <= 24.0 && idle_share < 0.002,
    );
    let active = holding(&mut program, ACTIVE);
    let mut micros = Vec::new();
    let (cpu, began) = (program.process().cpu(), now());
    let changes = 100;
    for change in 0..changes {
        let answer = program.tell(&format!("set all latency {}s", 60 + change % 2));
        assert_eq!(answer["taken"], answer["of"], "all obey");
        micros.push(answer["micros"].as_f64().unwrap_or(f64::NAN));
    }
    let spent = program.process().cpu() - cpu - idle_share * (now() - began).as_secs_f64();
    let each = spent / f64::from(changes) * 1e3;
    micros.sort_by(f64::total_cmp);
    let p99 = micros[micros.len() * 99 / 100] / 1e3;
    drop((clients, active));
    let live = Row::new(
        "9,700 idle + 200 active connections obey a change, p50 / p99; processor time a change",
        "p99 <= 5 ms; <= 1 ms",
        format!(
            "{:.2} / {p99:.2} ms; {each:.2} ms",
            micros[micros.len() / 2] / 1e3
        ),
        p99 <= 5.0 && each <= 1.0,
    );
    [quiet, live]
}

/// Connections that each hold bytes.
fn holding(program: &mut Program, count: usize) -> Vec<TcpStream> {
    let clients = crowd(program.addr, count);
    program.tell("set all latency 60s");
    for mut client in &clients {
        std::io::Write::write_all(&mut client, b"held").expect("sent");
    }
    rest(SECOND / 2);
    clients
}

/// A stream of which every byte is checked, while faults of any kind come and go.
pub(crate) fn verified(runtime: &Runtime, effort: Effort) -> Row {
    let mut program = Program::start(&echo(runtime).to_string(), &[]);
    let calm = verified::run(program.addr, 5 * effort.time, |_| rest(WARM));
    let (program, mut changes) = (&mut program, 0_u64);
    let toggled = verified::run(program.addr, 5 * effort.time, |dice| {
        program.tell(&verified::change(dice));
        changes += 1;
        rest(Duration::from_millis(1 + dice.draw() % 20));
    });
    let ratio = gib(toggled.bytes, toggled.time) / gib(calm.bytes, calm.time);
    Row::new(
        "verified stream, faults changed every 1-20 ms: errors; goodput of unchanged",
        "0; >= 0.7",
        format!(
            "{} in {:.1} GiB over {changes} changes; {ratio:.2}",
            toggled.errors + calm.errors,
            toggled.bytes as f64 / f64::from(1 << 30)
        ),
        toggled.errors + calm.errors == 0 && ratio >= 0.7,
    )
}

/// Throughput under a console that draws, beside a headless program.
pub(crate) fn drawn(
    effort: Effort,
    console: impl Fn(SocketAddr) -> super::console::Console,
) -> Row {
    let upstream = source();
    let program = Program::start(&upstream.to_string(), &[]);
    let console = console(upstream);
    let stop = Arc::new(AtomicBool::new(false));
    let addr = console.addr;
    let pressing = console.press_until(Arc::clone(&stop));
    let (mut bare, mut drawn) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        bare.push(download(program.addr, WARM, effort.time));
        drawn.push(download(addr, WARM, effort.time));
    }
    stop.store(true, Ordering::Relaxed);
    pressing.join().expect("the console ends");
    let ratio = median(drawn) / median(bare);
    Row::new(
        "throughput with the console drawing / headless",
        ">= 0.97",
        format!("{ratio:.2}"),
        ratio >= 0.97,
    )
}
