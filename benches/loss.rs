//! What the fault `loss` makes of real sockets, beside what Linux's own TCP made of a path that loses packets.
//!
//! ```text
//! cargo bench --bench loss        a minute and a half
//! ```
//!
//! The reference is Linux 6.18 with Reno over a link between two network namespaces that delays packets and drops each with
//! the given probability, both ways. Here the path is loopback with `latency`, `loss` and `tcp reno` set.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use faultboard::fault::{Plan, language};
use faultboard::mapping;
use faultboard::proxy::{Engine, Options, clock};
use tokio::runtime::Runtime;

/// A stream: round trip, loss, kB/s of Linux's Reno.
const STREAMS: [(&str, &str, f64); 5] = [
    ("10ms", "1%", 1_534.0),
    ("10ms", "5%", 485.0),
    ("50ms", "0.1%", 1_228.0),
    ("50ms", "1%", 297.0),
    ("200ms", "1%", 82.0),
];

/// Messages of 64 bytes and their answers: round trip in ms, loss, mean in ms on Linux.
const MESSAGES: [(u32, &str, f64); 3] = [(10, "1%", 14.4), (10, "5%", 34.65), (50, "1%", 56.2)];

/// How long each row takes.
const TIME: Duration = Duration::from_secs(10);

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    println!("| row | Linux | measured | of it |\n|---|---|---|---|");
    for (rtt, loss, real) in STREAMS {
        let measured = stream(&runtime, &format!("latency {rtt}, loss {loss}, tcp reno")) / 1_000.0;
        row(&format!("stream, {rtt}, {loss}"), "kB/s", real, measured);
    }
    for (rtt, loss, real) in MESSAGES {
        let measured = messages(&runtime, &format!("latency {rtt}ms, loss {loss}, tcp reno"));
        row(
            &format!("64 bytes, {rtt}ms, {loss}: mean"),
            "ms",
            real,
            measured,
        );
    }
}

fn row(what: &str, unit: &str, real: f64, measured: f64) {
    let ratio = measured / real;
    println!("| {what} | {real:.1} {unit} | {measured:.1} {unit} | {ratio:.2} |");
}

/// A proxy with these faults in front of what `serve` does with each connection.
fn proxy(runtime: &Runtime, faults: &str, serve: fn(TcpStream)) -> (Engine, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let upstream = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(stream));
        }
    });
    let plan = Plan::of(language::parse(faults).expect("faults"));
    let mapping = mapping::parse(&format!("0={upstream}")).expect("a mapping");
    runtime.block_on(async {
        let options = Options {
            seed: 11,
            ..Options::default()
        };
        let engine = Engine::start(options).expect("the engine starts");
        let id = engine.add(mapping, plan).await.expect("a free port");
        let mut snapshots = engine.snapshots();
        let known = snapshots.wait_for(|snapshot| snapshot.proxies.iter().any(|row| row.id == id));
        let addr = known.await.expect("the engine lives").proxies[0].listening[0];
        (engine, addr)
    })
}

/// Bytes per second of a download.
fn stream(runtime: &Runtime, faults: &str) -> f64 {
    let (engine, addr) = proxy(runtime, faults, |mut stream| {
        let bytes = vec![7; 64 << 10];
        while stream.write_all(&bytes).is_ok() {}
    });
    let mut client = TcpStream::connect(addr).expect("connects");
    let mut buffer = vec![0; 64 << 10];
    let began = clock::now();
    let mut bytes = 0;
    while (clock::now() - began) < TIME {
        bytes += client.read(&mut buffer).expect("bytes");
    }
    let rate = bytes as f64 / (clock::now() - began).as_secs_f64();
    drop(client);
    runtime.block_on(engine.stop(Duration::ZERO));
    rate
}

/// The mean round trip of messages, in milliseconds.
fn messages(runtime: &Runtime, faults: &str) -> f64 {
    let (engine, addr) = proxy(runtime, faults, |mut stream| {
        let mut message = [0; 64];
        while stream.read_exact(&mut message).is_ok() && stream.write_all(&message).is_ok() {}
    });
    // Several at a time, so that there are enough of them.
    let clients: Vec<_> = (0..16)
        .map(|_| {
            thread::spawn(move || {
                let mut client = TcpStream::connect(addr).expect("connects");
                client.set_nodelay(true).expect("an option");
                let (began, mut count) = (clock::now(), 0);
                let mut message = [7; 64];
                while (clock::now() - began) < TIME {
                    client.write_all(&message).expect("it is taken");
                    client.read_exact(&mut message).expect("it comes back");
                    count += 1;
                }
                ((clock::now() - began).as_secs_f64(), count)
            })
        })
        .collect();
    let (mut time, mut count) = (0.0, 0);
    for client in clients {
        let (took, made) = client.join().expect("a client");
        time += took;
        count += made;
    }
    runtime.block_on(engine.stop(Duration::ZERO));
    time * 1_000.0 / f64::from(count)
}
