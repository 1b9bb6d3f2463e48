//! One direction of one connection, without sockets: what a piece costs on its way through the queue and the faults.

use std::hint::black_box;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use faultboard::fault::link::{Circumstances, Link, SLICES, Step};
use faultboard::fault::{Direction, InForce, Plan, language};
use faultboard::proxy::clock;

/// A link that a benchmark moves through time.
struct Bench {
    link: Link,
    circumstances: Circumstances,
    now: Instant,
}

// === impl Bench ===

impl Bench {
    fn new(faults: &str) -> Self {
        let now = clock::now();
        let circumstances = Circumstances {
            seed: 1,
            opened: now,
            path: Duration::ZERO,
            handshakes: 1,
        };
        let mut bench = Self {
            link: Link::new(Direction::Down, &circumstances),
            circumstances,
            now,
        };
        bench.replan(faults);
        bench
    }

    fn replan(&mut self, faults: &str) {
        let in_force = Arc::new(InForce::succeed(
            &InForce::default(),
            plan(faults),
            self.now,
        ));
        self.link.replan(&in_force, &self.circumstances, self.now);
    }

    fn push(&mut self, bytes: &[u8]) {
        self.link.push(self.now, bytes);
    }

    /// Takes all that waits, from one due time to the next.
    fn drain(&mut self) {
        loop {
            match self.link.poll(self.now) {
                Step::Write => {
                    let mut slices = [IoSlice::new(&[]); SLICES];
                    let filled = self.link.slices(self.now, &mut slices);
                    let written = slices[..filled].iter().map(|slice| slice.len()).sum();
                    self.link.wrote(written, self.now, |held| {
                        black_box(held);
                    });
                }
                Step::Wait(Some(due)) => self.now = due,
                _ => return,
            }
        }
    }
}

fn plan(faults: &str) -> Plan {
    match faults {
        "" => Plan::default(),
        faults => Plan::of(language::parse(faults).expect("faults")),
    }
}

/// Pieces through a link, a hundred at a time.
fn pieces(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("piece");
    for faults in [
        "",
        "latency 10ms",
        "latency 10ms jitter=2ms",
        "latency 10ms jitter=2ms dist=normal",
        "latency 10ms jitter=2ms dist=pareto",
        "latency 10ms jitter=2ms dist=paretonormal corr=25%",
        "bandwidth 1GB/s",
    ] {
        for size in [64, 65_536] {
            let name = if faults.is_empty() {
                "no fault"
            } else {
                faults
            };
            let bytes = vec![7; size];
            group.throughput(Throughput::Elements(100));
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let mut bench = Bench::new(faults);
                bencher.iter(|| {
                    for _ in 0..100 {
                        bench.push(&bytes);
                        bench.now += Duration::from_micros(1);
                    }
                    bench.drain();
                });
            });
        }
    }
    group.finish();
}

/// A megabyte through a link, of which a virtual sender makes segments of 1,448 bytes: what each costs. What it costs beside
/// the first row is the sender's.
fn segments(criterion: &mut Criterion) {
    const PIECE: usize = 65_536;
    const PIECES: usize = 16;
    let mut group = criterion.benchmark_group("segment");
    group.throughput(Throughput::Elements((PIECES * PIECE / 1_448) as u64));
    let bytes = vec![7; PIECE];
    for faults in [
        "latency 20ms",
        "latency 20ms, tcp cubic",
        "latency 20ms, tcp bbr",
        "latency 20ms, bandwidth 10MB/s, tcp cubic",
        "latency 20ms, loss 1%",
    ] {
        group.bench_function(faults, |bencher| {
            let mut bench = Bench::new(faults);
            bencher.iter(|| {
                for _ in 0..PIECES {
                    bench.push(&bytes);
                }
                bench.drain();
            });
        });
    }
    group.finish();
}

/// A change of settings with a thousand pieces in the queue, to the head's new due time.
fn changes(criterion: &mut Criterion) {
    criterion.bench_function("change with 1,000 pieces waiting", |bencher| {
        let mut bench = Bench::new("latency 1s");
        for _ in 0..1_000 {
            bench.push(&[7; 64]);
        }
        let plans = [plan("latency 2s"), plan("latency 1s, bandwidth 1MB/s")]
            .map(|plan| Arc::new(InForce::succeed(&InForce::default(), plan, bench.now)));
        let mut turn = 0;
        bencher.iter(|| {
            turn += 1;
            let plan = &plans[turn % 2];
            bench.link.replan(plan, &bench.circumstances, bench.now);
            black_box(bench.link.poll(bench.now))
        });
    });
}

criterion_group!(benches, pieces, segments, changes);
criterion_main!(benches);
