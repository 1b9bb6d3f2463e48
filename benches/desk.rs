//! The engine between a client and an upstream on loopback, beside a direct connection in the same run.
//!
//! `cargo bench --bench desk` prints a table. Client, engine and upstream share the machine's cores, so a ratio here is a
//! lower bound for a machine that has more; compare only figures of one run.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use faultboard::fault::Direction;
use faultboard::fault::{Directions, Kind, Plan, Setting, Value};
use faultboard::mapping::{Host, Mapping};
use faultboard::proxy::{Engine, Options, clock, sys};
use faultboard::snapshot::ProxyId;
use faultboard::units::ByteRate;

/// Rounds of each measurement; the median is shown.
const ROUNDS: usize = 5;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _ = sys::raise_descriptor_limit();
    let engine = runtime
        .block_on(async { Engine::start(Options::default()) })
        .expect("the engine starts");
    let desk = Desk { runtime, engine };
    println!("| figure | value |\n|---|---|");
    // First: memory that other measurements gave back would be taken again.
    idle(&desk);
    bulk(&desk);
    round_trips(&desk);
    delays(&desk);
    rates(&desk);
    change(&desk);
    std::process::exit(0);
}

struct Desk {
    runtime: tokio::runtime::Runtime,
    engine: Engine,
}

// === impl Desk ===

impl Desk {
    /// A proxy in front of `upstream`, where it listens, and its number.
    fn proxy(&self, upstream: SocketAddr, plan: Plan) -> (SocketAddr, ProxyId) {
        let SocketAddr::V4(addr) = upstream else {
            unreachable!("bound to IPv4")
        };
        let mapping = Mapping {
            listen: 0,
            protocol: None,
            host: Host::V4(*addr.ip()),
            port: addr.port(),
        };
        let id = self
            .runtime
            .block_on(self.engine.add(mapping, plan))
            .expect("a free port");
        let mut snapshots = self.engine.snapshots();
        let seen = self
            .runtime
            .block_on(snapshots.wait_for(|shown| shown.proxies.iter().any(|row| row.id == id)));
        let row = seen
            .expect("the engine lives")
            .proxies
            .iter()
            .find(|row| row.id == id)
            .expect("seen")
            .clone();
        (row.listening[0], id)
    }
}

/// One bulk stream down: direct, through a proxy without faults, and with 50 ms of delay.
fn bulk(desk: &Desk) {
    let upstream = source();
    let (clear, _) = desk.proxy(upstream, Plan::default());
    let (delayed, _) = desk.proxy(upstream, Plan::of([down(latency(50))]));
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (addr, rates) in [upstream, clear, delayed].into_iter().zip(&mut rates) {
            rates.push(drain(addr, Duration::from_secs(1)) / f64::from(1 << 30));
        }
    }
    let [direct, clear, delayed] = rates.map(median);
    println!("| one bulk stream, direct | {direct:.2} GiB/s |");
    println!(
        "| no fault | {clear:.2} GiB/s, {:.2} of direct |",
        clear / direct
    );
    println!(
        "| 50 ms of latency | {delayed:.2} GiB/s, {:.2} of direct |",
        delayed / direct
    );
}

fn round_trips(desk: &Desk) {
    let upstream = echo();
    let (proxied, _) = desk.proxy(upstream, Plan::default());
    let direct = ping(upstream, 5_000, Duration::ZERO);
    let added = ping(proxied, 5_000, Duration::ZERO);
    println!(
        "| 64-byte round trip, direct p50 / p99, then added | {:.0} / {:.0}, +{:.0} / +{:.0} us |",
        us(direct.0),
        us(direct.1),
        us(added.0) - us(direct.0),
        us(added.1) - us(direct.1),
    );
}

fn delays(desk: &Desk) {
    let upstream = echo();
    for ms in [1, 20, 100] {
        let (proxied, _) = desk.proxy(upstream, Plan::of([down(latency(ms))]));
        let count = if ms == 100 { 50 } else { 300 };
        let think = Duration::from_millis(3);
        let direct = ping(upstream, 300, think);
        let delayed = ping(proxied, count, think);
        let asked = ms as f64 * 1e3;
        println!(
            "| {ms} ms of latency, error p50 / p99 | {:+.2} / {:+.2} ms |",
            (us(delayed.0) - us(direct.0) - asked) / 1e3,
            (us(delayed.1) - us(direct.0) - asked) / 1e3,
        );
    }
}

fn rates(desk: &Desk) {
    let upstream = source();
    for rate in [100_000, 1_000_000, 10_000_000] {
        let (proxied, _) = desk.proxy(upstream, Plan::of([down(bandwidth(rate))]));
        let got = drain(proxied, Duration::from_secs(4));
        println!(
            "| {rate} B/s, error | {:+.2} % |",
            (got / rate as f64 - 1.0) * 100.0
        );
    }
}

/// Memory of idle connections: client, engine and upstream are one process here, so their sockets' own are in it; the
/// upstream's end keeps nothing but its socket.
fn idle(desk: &Desk) {
    let upstream = silent();
    let (proxied, _) = desk.proxy(upstream, Plan::default());
    let before = resident();
    let conns: Vec<TcpStream> = (0..2_000)
        .map(|_| TcpStream::connect(proxied).expect("connects"))
        .collect();
    wait_open(desk, conns.len());
    let after = resident();
    println!(
        "| idle connection, resident | {:.1} KiB |",
        (after - before) as f64 / 1024.0 / conns.len() as f64
    );
}

/// A change on 1,000 connections that all hold bytes.
fn change(desk: &Desk) {
    let upstream = echo();
    let (proxied, id) = desk.proxy(upstream, Plan::of([latency(3_600_000)]));
    let conns: Vec<TcpStream> = (0..1_000)
        .map(|_| {
            let mut conn = TcpStream::connect(proxied).expect("connects");
            conn.write_all(b"held").expect("sent");
            conn
        })
        .collect();
    let mut snapshots = desk.engine.snapshots();
    let held = conns.len() as u64 * 4;
    let all = desk.runtime.block_on(snapshots.wait_for(|shown| {
        shown
            .proxies
            .iter()
            .any(|row| row.id == id && row.held[0] == held)
    }));
    drop(all.expect("the engine lives"));
    let mut micros: Vec<f64> = Vec::new();
    for turn in 0..50 {
        let plan = Plan::of([latency(3_600_000 - turn)]);
        let taken = desk
            .runtime
            .block_on(desk.engine.set_plan(id, plan))
            .expect("the proxy");
        assert_eq!((taken.taken, taken.of), (1_000, 1_000), "all take it");
        micros.push(taken.micros as f64);
    }
    micros.sort_by(f64::total_cmp);
    println!(
        "| command to the last of 1,000 connections, p50 / p99 | {:.0} / {:.0} us |",
        micros[25], micros[49]
    );
}

fn wait_open(desk: &Desk, count: usize) {
    let mut snapshots = desk.engine.snapshots();
    let open = desk.runtime.block_on(snapshots.wait_for(|shown| {
        shown
            .conns
            .iter()
            .filter(|conn| conn.upstream.is_some())
            .count()
            >= count
    }));
    drop(open.expect("the engine lives"));
}

// Upstreams: blocking threads, so that their cost is the least.

fn source() -> SocketAddr {
    serve(|mut stream| {
        let block = vec![7_u8; 256 << 10];
        while stream.write_all(&block).is_ok() {}
    })
}

fn echo() -> SocketAddr {
    serve(|mut stream| {
        let mut block = [0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut block) {
            if stream.write_all(&block[..n]).is_err() {
                return;
            }
        }
    })
}

fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let kept: Vec<TcpStream> = listener.incoming().map_while(Result::ok).collect();
        drop(kept);
    });
    addr
}

fn serve(each: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.set_nodelay(true);
            let small = std::thread::Builder::new().stack_size(512 << 10);
            small.spawn(move || each(stream)).expect("a thread");
        }
    });
    addr
}

/// Reads as fast as it comes, for so long; bytes per second from the first byte on.
fn drain(addr: SocketAddr, time: Duration) -> f64 {
    let mut stream = TcpStream::connect(addr).expect("connects");
    let mut block = vec![0; 256 << 10];
    stream.read_exact(&mut block[..1]).expect("a first byte");
    let began = now();
    let mut bytes = 0_usize;
    while now() - began < time {
        bytes += stream.read(&mut block).expect("more bytes");
    }
    bytes as f64 / (now() - began).as_secs_f64()
}

/// Round trips of 64 bytes, one after the other with a pause between: median and 99th percentile.
fn ping(addr: SocketAddr, count: usize, think: Duration) -> (Duration, Duration) {
    let mut stream = TcpStream::connect(addr).expect("connects");
    stream.set_nodelay(true).expect("a socket option");
    let mut block = [1; 64];
    let mut times = Vec::with_capacity(count);
    for _ in 0..count + 20 {
        pause(think);
        let began = now();
        stream.write_all(&block).expect("sent");
        stream.read_exact(&mut block).expect("back");
        times.push(now() - began);
    }
    times.drain(..20);
    times.sort_unstable();
    (times[count / 2], times[count * 99 / 100])
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client that thinks between its requests"
)]
fn pause(time: Duration) {
    if !time.is_zero() {
        std::thread::sleep(time);
    }
}

fn now() -> Instant {
    clock::now()
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Resident memory of this process in bytes; 0 where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0) * 1024
}

fn down(setting: Setting) -> Setting {
    setting.acting(Directions::Only(Direction::Down))
}

fn latency(ms: u64) -> Setting {
    let kind = Kind::named("latency").expect("a kind of the table");
    Setting::new(kind).with("time", Value::Time(Duration::from_millis(ms)))
}

fn bandwidth(rate: u64) -> Setting {
    let kind = Kind::named("bandwidth").expect("a kind of the table");
    Setting::new(kind).with("rate", Value::Rate(ByteRate::new(rate)))
}
