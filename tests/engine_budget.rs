//! What a thousand connections hold against peers that do not read.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use faultboard::fault::link::Circumstances;
use faultboard::fault::{Direction, InForce, PerDirection, Plan, language};
use faultboard::proxy::budget::Budget;
use faultboard::proxy::clock;
use faultboard::proxy::pump::{Gauge, Pump, Socket};

const MIB: usize = 1 << 20;
const CONNS: usize = 1_000;

/// A peer that sends without end and takes nothing.
struct Flood;

impl Socket for Flood {
    fn poll_read(&mut self, _cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buffer.len()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_error(&mut self, _cx: &mut Context<'_>) -> Poll<io::Error> {
        Poll::Pending
    }
}

/// What a connection told last.
#[derive(Default)]
struct Told {
    held: PerDirection<usize>,
    full: PerDirection<bool>,
}

impl Gauge for Told {
    fn delivered(&mut self, _direction: Direction, _bytes: usize, _now: Instant) {}
    fn added(&mut self, _direction: Direction, _delay: Duration) {}
    fn arrived(&mut self, _direction: Direction, _bytes: usize, _now: Instant) {}
    fn holds(&mut self, direction: Direction, bytes: usize, full: bool) {
        self.held[direction] = bytes;
        self.full[direction] = full;
    }
    fn ended(&mut self, _direction: Direction) {}
}

/// Polls a thousand floods under `faults` until each waits: what all of them hold, and how many directions are full.
fn flood(faults: &str, budget: &Arc<Budget>) -> (usize, usize) {
    let now = clock::now();
    let plan = match faults {
        "" => Plan::default(),
        faults => Plan::of(language::parse(faults).expect("faults")),
    };
    let in_force = Arc::new(InForce::succeed(&InForce::default(), plan, now));
    let circumstances = |seed| Circumstances {
        seed,
        opened: now,
        path: Duration::ZERO,
        handshakes: 1,
    };
    let connection = |seed| {
        let mut pump = Pump::new([Flood, Flood], circumstances(seed), budget);
        pump.replan(&in_force, now);
        (pump, Told::default())
    };
    let mut conns: Vec<_> = (0..CONNS as u64).map(connection).collect();
    let mut buffer = vec![0; MIB / 2];
    let mut cx = Context::from_waker(Waker::noop());
    let mut before = None;
    loop {
        for (pump, told) in &mut conns {
            let polled = pump.poll(&mut cx, &mut buffer, || now, told);
            assert!(polled.is_pending(), "nothing ends it");
        }
        let held: usize = conns.iter().map(|(_, told)| told.held.sum()).sum();
        if before.replace(held) == Some(held) {
            let full = conns.iter().flat_map(|(_, told)| told.full.iter());
            return (held, full.filter(|full| **full).count());
        }
    }
}

#[test]
fn a_thousand_delayed_connections_stay_within_the_budget() {
    let (most, little) = (64 * MIB, 16 << 10);
    let budget = Arc::new(Budget::new(most, little));
    let (held, full) = flood("latency 1h", &budget);
    // Beyond the budget each direction holds little, and the one that spent it at most a read more.
    let bound = most + 2 * CONNS * little + MIB / 2;
    assert!(held <= bound, "{held} bytes, {bound} may be");
    assert!(held >= most / 2, "{held} bytes: the budget is for use");
    assert_eq!(full, 2 * CONNS, "each says that it is full");
}

#[test]
fn a_thousand_connections_without_faults_stay_within_the_budget() {
    let (most, little) = (64 * MIB, 16 << 10);
    let budget = Arc::new(Budget::new(most, little));
    let (held, _) = flood("", &budget);
    let bound = most + 2 * CONNS * little + MIB / 2;
    assert!(held <= bound, "{held} bytes, {bound} may be");
}
