//! Loss on the virtual clock: through the link, as connections use it.

use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

use super::*;
use crate::fault::link::{Circumstances, Link, SLICES, Step};
use crate::fault::{Direction, InForce, Plan, language, trace};

#[expect(
    clippy::disallowed_methods,
    reason = "an origin for simulated times, never read again"
)]
fn clock() -> Instant {
    Instant::now()
}

/// A link under `faults`, in simulated time.
struct Path {
    link: Link,
    circumstances: Circumstances,
    in_force: Arc<InForce>,
    start: Instant,
    now: Instant,
}

impl Path {
    fn new(faults: &str, direction: Direction) -> Self {
        let start = clock();
        let circumstances = Circumstances {
            seed: 11,
            opened: start,
            path: Duration::ZERO,
            handshakes: 1,
        };
        let mut path = Self {
            link: Link::new(direction, &circumstances),
            circumstances,
            in_force: Arc::default(),
            start,
            now: start,
        };
        path.set(faults);
        path
    }

    fn set(&mut self, faults: &str) {
        let settings = match faults {
            "" => Vec::new(),
            faults => language::parse(faults).expect("faults"),
        };
        self.in_force = Arc::new(InForce::succeed(
            &self.in_force,
            Plan::of(settings),
            self.now,
        ));
        self.link
            .replan(&self.in_force, &self.circumstances, self.now);
    }

    /// Writes what is due, or goes on to when something is. False where nothing ever is.
    fn step(&mut self) -> bool {
        match self.link.poll(self.now) {
            Step::Write => {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let filled = self.link.slices(self.now, &mut slices);
                let n = slices[..filled].iter().map(|slice| slice.len()).sum();
                self.link.wrote(n, self.now, |_| {});
                true
            }
            Step::Wait(Some(due)) => {
                self.now = due;
                true
            }
            _ => false,
        }
    }

    /// Bytes per second of a stream that never ends, over so many bytes.
    fn goodput(&mut self, bytes: usize) -> f64 {
        let chunk = vec![0; 64 << 10];
        while self.link.passed() < bytes as u64 {
            while self.link.wants_input() {
                self.link.push(self.now, &chunk);
            }
            assert!(self.step());
        }
        self.link.passed() as f64 / (self.now - self.start).as_secs_f64()
    }

    /// How long a message of so many bytes takes.
    fn message(&mut self, bytes: usize, at: Instant) -> Instant {
        self.now = at;
        self.link.push(at, &vec![0; bytes]);
        while !self.link.is_empty() {
            assert!(self.step());
        }
        self.now
    }
}

/// The round trips of messages and their answers, in milliseconds, sorted.
fn round_trips(faults: &str, [up, down]: [usize; 2], count: usize) -> Vec<f64> {
    let mut ways = Direction::BOTH.map(|direction| Path::new(faults, direction));
    let mut at = ways[0].start.max(ways[1].start);
    let mut times: Vec<f64> = (0..count)
        .map(|_| {
            let there = ways[0].message(up, at);
            let back = ways[1].message(down, there);
            let time = (back - at).as_secs_f64() * 1_000.0;
            at = back;
            time
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

fn within(what: &str, measured: f64, real: f64, tolerance: f64) {
    assert!(
        (measured / real - 1.0).abs() <= tolerance,
        "{what}: {measured:.1}, and Linux's TCP {real:.1}"
    );
}

/// The rates of Linux's Reno on a path that loses packets both ways (kB/s), as `sender` has them.
#[test]
fn a_stream_is_as_fast_as_linux_would_be() {
    for (rtt, loss, real, bytes) in [
        ("10ms", "0.1%", 5_242.0, 60_000_000),
        ("10ms", "1%", 1_534.0, 20_000_000),
        ("10ms", "5%", 515.0, 6_000_000),
        ("50ms", "0.1%", 1_228.0, 30_000_000),
        ("50ms", "1%", 297.0, 6_000_000),
        ("50ms", "5%", 132.0, 2_000_000),
        ("200ms", "1%", 82.0, 4_000_000),
        ("200ms", "5%", 34.3, 1_000_000),
    ] {
        let mut path = Path::new(
            &format!("loss {loss}, latency {rtt}, tcp reno"),
            Direction::Down,
        );
        let measured = path.goodput(bytes) / 1_000.0;
        within(&format!("{rtt}, {loss}"), measured, real, 0.3);
    }
}

/// The round trips of 64-byte messages on the same paths (ms): mean, 99th percentile.
#[test]
fn messages_stall_as_often_and_as_long_as_on_linux() {
    for (rtt, loss, mean, p99) in [
        (10.0, 0.01, 14.4, Some(226.0)),
        (10.0, 0.05, 34.65, None),
        (50.0, 0.001, 50.4, Some(54.0)),
        (50.0, 0.01, 56.2, Some(322.0)),
        (50.0, 0.05, 78.2, None),
        (200.0, 0.01, 208.7, Some(610.0)),
        (200.0, 0.05, 252.0, None),
    ] {
        let faults = format!("loss {}%, latency {rtt}ms, tcp reno", loss * 100.0);
        let times = round_trips(&faults, [64, 64], 10_000);
        let measured = times.iter().sum::<f64>() / times.len() as f64;
        within(&format!("{faults}: mean"), measured, mean, 0.1);
        if let Some(p99) = p99 {
            let measured = times[times.len() * 99 / 100];
            within(&format!("{faults}: p99"), measured, p99, 0.2);
        }
        let stalled = times.iter().filter(|time| **time > rtt * 1.2 + 1.0).count();
        let share = stalled as f64 / times.len() as f64;
        let lost: f64 = 1.0 - (1.0 - loss) * (1.0 - loss);
        within(
            &format!("{faults}: stalled"),
            share * 100.0,
            lost * 100.0,
            0.3,
        );
    }
}

#[test]
fn larger_messages_wait_for_the_window_to_grow_again() {
    for (loss, real) in [("0.1%", 59.6), ("1%", 140.5)] {
        let faults = format!("loss {loss}, latency 50ms, tcp reno");
        let times = round_trips(&faults, [20_000, 20_000], 5_000);
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        within(&faults, mean, real, 0.1);
    }
}

#[test]
fn without_loss_nothing_waits_and_lifting_it_frees_everything() {
    let mut path = Path::new("loss 50% rtt=10ms", Direction::Down);
    path.link.push(path.now, &vec![0; 100_000]);
    while path.link.poll(path.now) == Step::Write {
        path.step();
    }
    assert!(matches!(path.link.poll(path.now), Step::Wait(Some(_))));
    assert!(path.link.held() > 50_000);
    path.set("");
    assert_eq!(path.link.poll(path.now), Step::Write);
    while path.link.poll(path.now) == Step::Write {
        path.step();
    }
    assert!(path.link.is_empty());
    assert_eq!(path.now, path.start);
}

#[test]
fn stalls_alone_leave_a_stream_its_rate() {
    let reno = Path::new("loss 1% rtt=50ms", Direction::Down).goodput(2_000_000);
    let stalls = Path::new("loss 1% rtt=50ms stalls=on", Direction::Down).goodput(20_000_000);
    assert!(stalls > 10.0 * reno, "{stalls} and {reno}");
}

#[test]
fn a_warm_connection_sends_at_once_what_it_sent_before() {
    let mut path = Path::new("latency 100ms, tcp cubic", Direction::Down);
    let transfer = |path: &mut Path| {
        let (began, from) = (path.now, path.link.passed());
        let mut left = 1_000_000_usize;
        while path.link.passed() < from + 1_000_000 {
            while left > 0 && path.link.wants_input() {
                let n = left.min(path.link.room()).min(64 << 10);
                path.link.push(path.now, &vec![0; n]);
                left -= n;
            }
            assert!(path.step());
        }
        (path.now - began).as_millis()
    };
    transfer(&mut path);
    path.now += Duration::from_millis(50);
    assert_eq!(transfer(&mut path), 50);
}

#[test]
fn what_virtual_senders_lost_is_counted_over_their_ends() {
    let mut path = Path::new("latency 50ms, loss 10%", Direction::Down);
    path.goodput(600_000);
    let lost = path.link.losses().lost;
    assert!(lost > 10, "{lost}");
    path.set("latency 50ms, loss 1%");
    assert!(path.link.losses().lost >= lost);
    path.set("");
    assert!(path.link.losses().lost >= lost);
}

#[test]
fn lost_syns_hold_a_new_connection_for_one_three_or_seven_seconds() {
    let setting = language::parse("loss 50% syn=on")
        .expect("a fault")
        .remove(0);
    let mut counts = [0; 4];
    for draw in 0..10_000 {
        let mut demands = Demands::default();
        lose_syns(&setting, crate::fault::random::mix(draw), &mut demands);
        let place = [0, 1, 3, 7].map(Duration::from_secs);
        let place = place.into_iter().position(|time| time == demands.accept);
        counts[place.expect("one of these")] += 1;
    }
    // A quarter comes through each time.
    for (count, share) in counts.into_iter().zip([0.25, 0.1875, 0.140_6, 0.421_9]) {
        within("share", f64::from(count) / 10_000.0, share, 0.1);
    }
}

#[test]
fn loss_that_is_turned_down_frees_what_was_lost_under_more() {
    for (before, after) in [
        ("loss 90%", "loss 0.1%"),
        ("loss 100%", "loss 0.1%"),
        ("loss 100% stalls=on", "loss 0.1% stalls=on"),
        ("loss 100% rtt=60s", "loss 0.1% rtt=60s"),
    ] {
        let mut path = Path::new(before, Direction::Up);
        path.link.push(path.now, &[7; 1_000]);
        path.now += Duration::from_secs(2);
        assert!(
            matches!(path.link.poll(path.now), Step::Wait(_)),
            "{before}"
        );
        path.set(after);
        assert_eq!(path.link.poll(path.now), Step::Write, "{before}");
    }
}

#[test]
fn loss_that_is_turned_up_leaves_what_is_under_way() {
    let mut path = Path::new("loss 90% rtt=100ms", Direction::Up);
    path.link.push(path.now, &vec![7; 100_000]);
    let Step::Wait(Some(due)) = path.link.poll(path.now) else {
        panic!("the first of these segments is lost with this seed");
    };
    path.set("loss 95% rtt=100ms");
    assert_eq!(path.link.poll(path.now), Step::Wait(Some(due)));
}

#[test]
fn a_sender_is_made_with_its_first_byte_and_sends_as_one_made_before() {
    let faults = "latency 100ms, bandwidth 1MB/s, tcp cubic";
    let mut fresh = Path::new(faults, Direction::Down);
    assert_eq!(fresh.link.sending(), None);
    assert!(fresh.link.wants_input() && !fresh.link.is_clear());
    let mut ended = Path::new(faults, Direction::Down);
    ended.link.push_eof(ended.start);
    assert_eq!(
        ended.link.poll(ended.start),
        Step::Wait(Some(ended.start + Duration::from_millis(50))),
        "an end without a byte takes its way as well"
    );
    let mut early = Path::new(faults, Direction::Down);
    early.link.push(early.start, &[0; 1]);
    while early.step() {}
    let second = |path: &Path| path.start + Duration::from_secs(60);
    let (first, later) = (second(&fresh), second(&early));
    let took = fresh.message(20_000, first) - first;
    assert_eq!(took, early.message(20_000, later) - later);
    assert!(fresh.link.sending().is_some());
}

/// Four seconds: round trips of 80 and of 200 ms in turn, 5 % of the packets lost in the third.
fn moving() {
    let text = b"time,rtt,loss\n0,80,0\n1,200,0\n2,80,5\n3,200,0\n";
    trace::keep("moving-line.csv", text).expect("a trace");
}

#[test]
fn a_latency_that_follows_a_trace_is_half_the_round_trip_of_the_moment_each_way() {
    moving();
    // What moves a connection's latency moves what its sender waits for acknowledgements too.
    for sender in ["", ", tcp cubic"] {
        for (runs, at) in [("", 4_100), (" loop=off", 4_100)] {
            let faults = format!("latency trace=moving-line.csv{runs}{sender}");
            let mut path = Path::new(&faults, Direction::Down);
            let start = path.start;
            let mut takes = |ms| {
                let at = start + Duration::from_millis(ms);
                (path.message(500, at) - at).as_millis()
            };
            assert_eq!(
                [100, 1_100, 2_100].map(&mut takes),
                [40, 100, 40],
                "{faults}"
            );
            let last = if runs.is_empty() { 40 } else { 100 };
            assert_eq!(takes(at), last, "{faults}");
        }
    }
    let mut path = Path::new("latency trace=moving-line.csv, tcp cubic", Direction::Down);
    let mut heard = Vec::new();
    for ms in [100, 300, 1_100, 1_700, 2_500] {
        path.message(500, path.start + Duration::from_millis(ms));
        // Until it has been acknowledged.
        path.message(500, path.start + Duration::from_millis(ms + 210));
        heard.push(
            path.link
                .sending()
                .expect("a sender")
                .round_trip
                .as_millis(),
        );
    }
    assert!(
        heard[0] == 80 && heard[3] > heard[2] && heard[2] > 80,
        "{heard:?}"
    );
}

#[test]
fn a_loss_that_follows_a_trace_loses_when_it_says() {
    moving();
    let faults = "latency 20ms, bandwidth 1MB/s queue=1MB, loss trace=moving-line.csv";
    let lost = |more: &str| {
        let mut path = Path::new(&format!("{faults}{more}"), Direction::Down);
        let chunk = vec![0; 64 << 10];
        let mut counts = Vec::new();
        for second in 1..=8 {
            let end = path.start + Duration::from_secs(second);
            while path.now < end {
                while path.link.wants_input() {
                    path.link.push(path.now, &chunk);
                }
                assert!(path.step());
            }
            counts.push(path.link.losses().lost);
        }
        counts
    };
    let by_second = lost("");
    // What is sent just before a second ends may be on its way when it does.
    let [before, after] = [by_second[1], by_second[2]];
    assert_eq!(before, 0, "{by_second:?}");
    assert!((10..70).contains(&after), "{by_second:?}");
    assert!(
        by_second[6] >= by_second[5] + 10,
        "in the next round again: {by_second:?}"
    );
    let once = lost(" loop=off");
    assert_eq!(once[7], once[3], "{once:?}");
    assert_eq!(by_second, lost(""), "one seed, one schedule");
}

#[test]
fn a_new_connection_loses_its_syn_by_the_loss_of_the_moment() {
    moving();
    let setting = language::parse("loss trace=moving-line.csv syn=on").expect("a fault");
    let start = clock();
    let in_force = InForce::succeed(&InForce::default(), Plan::of(setting), start);
    let waits = |ms| {
        let now = start + Duration::from_millis(ms);
        let waiting = (0..1_000).filter(|draw| {
            let draw = crate::fault::random::mix(*draw);
            let demands = in_force.demands(|_| true, |_| draw, now);
            !demands.accept.is_zero()
        });
        waiting.count()
    };
    assert_eq!((waits(500), waits(3_500)), (0, 0));
    assert!((70..130).contains(&waits(2_500)), "{}", waits(2_500));
}

#[test]
fn behind_a_rate_of_nothing_a_sender_is_not_looked_at_for_ever() {
    trace::keep("ends.csv", b"time,rate\n0,1MB/s\n1,0\n").expect("a trace");
    for faults in [
        "latency 100ms, bandwidth 0B/s, tcp cubic",
        "latency 100ms, bandwidth trace=ends.csv loop=off, tcp cubic",
    ] {
        let mut path = Path::new(faults, Direction::Down);
        path.link.push(path.now, &vec![0; 3 << 20]);
        let steps = (0..10_000).take_while(|_| path.step()).count();
        assert!(steps < 10_000, "{faults}: something is due for ever");
        let passed = path.link.passed();
        assert_eq!(passed > 0, faults.contains("trace"), "{faults}: {passed}");
        // What comes back passes all of it.
        path.set("latency 100ms, bandwidth 1MB/s, tcp cubic");
        while path.step() {}
        assert!(path.link.is_empty(), "{faults}");
    }
}
