//! Links on a simulated clock: exact due times, live changes, and what every kind of fault owes to the bytes.

use std::io::IoSlice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faultboard::fault::link::{CEILING, Circumstances, Link, SLICES, Step};
use faultboard::fault::{Direction, Directions, InForce, Kind, Plan, Setting, Value};
use faultboard::units::{ByteRate, Percent};

/// A link, its clock, and what has left it.
struct Bench {
    link: Link,
    start: Instant,
    now: Instant,
    out: Vec<(Duration, Vec<u8>)>,
    circumstances: Circumstances,
    in_force: Arc<InForce>,
}

impl Bench {
    fn new(direction: Direction, plan: &Plan) -> Self {
        Self::seeded(direction, plan, 1)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "an origin for simulated times, never read again"
    )]
    fn seeded(direction: Direction, plan: &Plan, seed: u64) -> Self {
        let start = Instant::now();
        let circumstances = Circumstances {
            seed,
            opened: start,
            path: Duration::ZERO,
            handshakes: 1,
        };
        let mut bench = Self {
            link: Link::new(direction, &circumstances),
            start,
            now: start,
            out: Vec::new(),
            circumstances,
            in_force: Arc::default(),
        };
        bench.replan(plan);
        bench
    }

    /// Begins at `start`, under what is in force for others too.
    fn begin(&mut self, start: Instant, in_force: &Arc<InForce>) {
        (self.start, self.now, self.circumstances.opened) = (start, start, start);
        self.in_force = Arc::clone(in_force);
        self.link
            .replan(&Arc::default(), &self.circumstances, start);
        self.link.replan(in_force, &self.circumstances, start);
    }

    fn at(&mut self, ms: f64) -> &mut Self {
        let then = self.start + Duration::from_secs_f64(ms / 1e3);
        self.run_until(then);
        self.now = then;
        self
    }

    fn push(&mut self, bytes: &[u8]) -> &mut Self {
        self.link.push(self.now, bytes);
        self
    }

    fn replan(&mut self, plan: &Plan) -> &mut Self {
        self.in_force = Arc::new(InForce::succeed(&self.in_force, plan.clone(), self.now));
        self.link
            .replan(&self.in_force, &self.circumstances, self.now);
        self
    }

    /// Takes everything that is due, jumping from one due time to the next.
    fn run_until(&mut self, end: Instant) {
        loop {
            match self.link.poll(self.now) {
                Step::Write => self.write(),
                Step::Shutdown | Step::Reset => {
                    self.out.push((self.now - self.start, Vec::new()));
                    self.link.ended();
                }
                Step::Wait(Some(due)) if due <= end => {
                    assert!(due > self.now, "waiting for a time that has come");
                    self.now = due;
                }
                Step::Wait(_) => return,
            }
        }
    }

    fn write(&mut self) {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = self.link.slices(self.now, &mut slices);
        let slices: Vec<&[u8]> = slices[..filled].iter().map(|slice| &**slice).collect();
        let bytes = slices.concat();
        assert!(!bytes.is_empty(), "a write of nothing");
        self.link.wrote(bytes.len(), self.now, |_| {});
        self.out.push((self.now - self.start, bytes));
    }

    fn bytes(&self) -> Vec<u8> {
        let parts: Vec<&[u8]> = self.out.iter().map(|(_, bytes)| &**bytes).collect();
        parts.concat()
    }

    /// When the `n`th byte left, in microseconds.
    fn left_us(&self, n: usize) -> u128 {
        let mut seen = 0;
        for (at, bytes) in &self.out {
            seen += bytes.len();
            if seen > n {
                return at.as_micros();
            }
        }
        u128::MAX
    }
}

fn kind(name: &str) -> &'static Kind {
    Kind::named(name).expect("a kind of the table")
}

fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

fn latency(time: u64) -> Setting {
    Setting::new(kind("latency")).with("time", ms(time))
}

fn bandwidth(bytes: u64) -> Setting {
    let setting = Setting::new(kind("bandwidth")).with("scope", Value::Word("connection"));
    setting.with("rate", Value::Rate(ByteRate::new(bytes)))
}

/// One link for all connections of a proxy, which take turns.
fn fairly_shared(bytes: u64) -> Setting {
    let setting = bandwidth(bytes).with("scope", Value::Word("proxy"));
    setting.with("fair", Value::Switch(true))
}

fn down(setting: Setting) -> Setting {
    setting.acting(Directions::Only(Direction::Down))
}

#[test]
fn every_byte_leaves_the_delay_after_it_arrived() {
    let mut bench = Bench::new(Direction::Down, &Plan::of([down(latency(50))]));
    bench
        .at(0.0)
        .push(b"a")
        .at(10.0)
        .push(b"b")
        .at(10.5)
        .push(b"c")
        .at(200.0);
    assert_eq!(
        [bench.left_us(0), bench.left_us(1), bench.left_us(2)],
        [50_000, 60_000, 60_500]
    );
}

#[test]
fn the_end_of_a_stream_is_delayed_like_its_bytes() {
    let mut bench = Bench::new(Direction::Down, &Plan::of([down(latency(50))]));
    bench.at(0.0).push(b"a").at(10.0);
    bench.link.push_eof(bench.now);
    bench.at(200.0);
    assert_eq!(bench.out.last().map(|(at, _)| at.as_millis()), Some(60));
}

#[test]
fn lowering_the_delay_frees_what_waits_at_once() {
    let mut bench = Bench::new(Direction::Down, &Plan::of([down(latency(5_000))]));
    bench
        .at(0.0)
        .push(b"a")
        .at(20.0)
        .replan(&Plan::of([down(latency(10))]))
        .at(21.0);
    assert_eq!(bench.left_us(0), 20_000);
}

#[test]
fn raising_the_delay_holds_what_waits_for_longer() {
    let mut bench = Bench::new(Direction::Down, &Plan::of([down(latency(50))]));
    bench
        .at(0.0)
        .push(b"a")
        .at(20.0)
        .replan(&Plan::of([down(latency(100))]))
        .at(300.0);
    assert_eq!(bench.left_us(0), 100_000);
}

#[test]
fn bypassing_releases_everything_in_order() {
    let mut plan = Plan::of([down(latency(1_000)), down(bandwidth(10))]);
    let mut bench = Bench::new(Direction::Down, &plan);
    bench.at(0.0).push(b"ab").at(1.0).push(b"cd").at(2.0);
    plan.bypassed = true;
    bench.replan(&plan).at(2.0);
    assert_eq!((bench.bytes(), bench.left_us(3)), (b"abcd".to_vec(), 2_000));
}

#[test]
fn a_latency_leaves_the_other_direction_alone() {
    let mut bench = Bench::new(Direction::Up, &Plan::of([down(latency(50))]));
    assert!(bench.link.is_clear());
    bench.replan(&Plan::of([latency(50)]));
    assert!(!bench.link.is_clear());
    bench.replan(&Plan::of([latency(0)]));
    assert!(bench.link.is_clear());
}

#[test]
fn a_handshake_makes_the_first_byte_up_wait_a_round_trip_more() {
    let plan = Plan::of([latency(100).with("handshake", Value::Switch(true))]);
    let mut bench = Bench::new(Direction::Up, &plan);
    bench.at(0.0).push(b"a").at(500.0).push(b"b").at(900.0);
    assert_eq!([bench.left_us(0), bench.left_us(1)], [150_000, 550_000]);
}

#[test]
fn with_a_handshake_a_greeting_comes_a_round_trip_after_the_connection() {
    let shaken = |setting: Setting| setting.with("handshake", Value::Switch(true));
    let up = Directions::Only(Direction::Up);
    for (setting, greeting, next) in [
        (latency(400), 400_000, 1_200_000),
        (latency(400).acting(up), 400_000, 1_000_000),
        (down(latency(400)), 400_000, 1_400_000),
    ] {
        let plan = Plan::of([shaken(setting)]);
        let mut bench = Bench::new(Direction::Down, &plan);
        bench.at(0.0).push(b"a").at(1_000.0).push(b"b").at(2_000.0);
        assert_eq!(
            [bench.left_us(0), bench.left_us(1)],
            [greeting, next],
            "{plan}"
        );
        let mut silent = Bench::new(Direction::Down, &plan);
        silent.link.push_eof(silent.now);
        silent.at(2_000.0);
        assert_eq!(silent.out[0].0.as_micros(), greeting, "{plan}: no greeting");
    }
}

#[test]
fn a_connection_that_has_spoken_shakes_no_hand() {
    let mut bench = Bench::new(Direction::Up, &Plan::default());
    let plan = Plan::of([latency(100).with("handshake", Value::Switch(true))]);
    bench
        .at(0.0)
        .push(b"a")
        .at(1.0)
        .replan(&plan)
        .push(b"b")
        .at(900.0);
    assert_eq!(bench.left_us(1), 51_000);
}

#[test]
fn a_rate_is_even_and_exact() {
    for rate in [10_000, 100_000, 1_000_000, 20_000_000] {
        let mut bench = Bench::new(Direction::Down, &Plan::of([bandwidth(rate)]));
        let total = usize::try_from(rate * 2).expect("fits");
        bench.at(0.0).push(&vec![7; total]).at(2_000.0);
        assert_eq!(bench.bytes().len(), total, "{rate} B/s for two seconds");
        let mut sent = 0;
        for (at, bytes) in &bench.out {
            sent += bytes.len();
            let ideal = rate as f64 * at.as_secs_f64();
            assert!(
                sent as f64 <= ideal + 1.0,
                "{sent} bytes at {at:?} are ahead of {rate} B/s"
            );
        }
    }
}

#[test]
fn a_late_wake_up_catches_up_and_a_refusing_receiver_does_not() {
    let plan = Plan::of([bandwidth(1_000_000)]);
    let mut late = Bench::new(Direction::Down, &plan);
    late.at(0.0).push(&vec![7; 100_000]);
    // Nobody asks for 20 ms; then everything of that time leaves in one write.
    late.now += Duration::from_millis(20);
    late.write();
    assert_eq!(late.bytes().len(), 20_000);

    let mut refused = Bench::new(Direction::Down, &plan);
    refused.at(0.0).push(&vec![7; 100_000]).at(1.0);
    refused.link.refused(refused.now);
    refused.now += Duration::from_millis(20);
    refused.link.resumed(refused.now);
    assert_eq!(
        refused.link.poll(refused.now),
        Step::Wait(Some(refused.now + Duration::from_micros(448)))
    );
}

#[test]
fn a_refusal_costs_no_more_than_its_own_time() {
    let mut bench = Bench::new(Direction::Down, &Plan::of([bandwidth(1_000_000)]));
    bench.push(&vec![7; 100_000]);
    for _ in 0..50 {
        let Step::Wait(Some(due)) = bench.link.poll(bench.now) else {
            panic!("a piece leaves ahead of the rate");
        };
        bench.link.refused(due);
        bench.now = due + Duration::from_micros(10);
        bench.link.resumed(bench.now);
        bench.run_until(bench.now);
    }
    assert_eq!(bench.bytes().len(), 50 * 1_448);
    assert_eq!(bench.now - bench.start, 50 * Duration::from_micros(1_458));
}

#[test]
fn a_change_while_the_receiver_refuses_paces_from_the_change() {
    let mut bench = Bench::new(Direction::Down, &Plan::of([bandwidth(1_000_000)]));
    bench.at(0.0).push(&vec![7; 100_000]).at(2.0);
    bench.link.refused(bench.now);
    bench.now = bench.start + Duration::from_secs(5);
    bench.replan(&Plan::of([bandwidth(1_000)]));
    bench.now += Duration::from_secs(5);
    bench.link.resumed(bench.now);
    let before = bench.bytes().len();
    bench.run_until(bench.now + Duration::from_secs(2));
    let sent = bench.bytes().len() - before;
    // A packet may have been under way.
    assert!(
        (2_000..=2_000 + 1_448).contains(&sent),
        "{sent} bytes in two seconds at 1,000 B/s"
    );
}

#[test]
fn raising_a_rate_causes_no_burst() {
    let mut bench = Bench::new(Direction::Down, &Plan::of([bandwidth(1_000)]));
    bench.at(0.0).push(&vec![7; 50_000]).at(1_000.0);
    let before = bench.bytes().len();
    bench.replan(&Plan::of([bandwidth(100_000)])).at(1_100.0);
    let gained = bench.bytes().len() - before;
    assert!(
        (9_000..=10_100).contains(&gained),
        "{gained} bytes in 100 ms at 100 kB/s"
    );
}

#[test]
fn bytes_that_a_change_brings_to_the_link_are_paced_from_the_change() {
    let rate = || bandwidth(100_000);
    let shared = || rate().with("scope", Value::Word("proxy"));
    let sized = || shared().with("queue", ms(1_000));
    for (before, after) in [
        ([rate(), down(latency(5_000))], rate()),
        ([shared(), down(latency(5_000))], shared()),
        ([shared(), down(latency(5_000))], sized()),
        ([shared(), down(latency(5_000))], rate()),
        ([rate(), down(latency(5_000))], shared()),
    ] {
        let (before, after) = (Plan::of(before), Plan::of([after]));
        let mut bench = Bench::new(Direction::Down, &before);
        bench.at(0.0).push(&vec![7; 400_000]).at(4_000.0);
        bench.replan(&after).at(4_010.0);
        let sent = bench.bytes().len();
        assert!(
            sent <= 2_000,
            "{sent} bytes in 10 ms at 100 kB/s, from {before}"
        );
    }
}

#[test]
fn a_change_keeps_what_the_link_has_passed_of_a_piece_since_its_bytes_came_to_it() {
    for scope in ["connection", "proxy"] {
        let rate = |rate| bandwidth(rate).with("scope", Value::Word(scope));
        let plan = |bytes| Plan::of([down(latency(1)), rate(bytes)]);
        let mut bench = Bench::new(Direction::Down, &plan(10_000));
        bench.at(0.0).push(&vec![7; 1_000]).at(2.0);
        bench.replan(&plan(20_000));
        // It has passed bytes for 1 ms, which takes half of that now; a piece takes 5 ms.
        let due = bench.now + Duration::from_micros(4_500);
        assert_eq!(bench.link.poll(bench.now), Step::Wait(Some(due)), "{scope}");
    }
}

#[test]
fn a_change_of_scope_causes_no_burst() {
    let rate = || bandwidth(100_000);
    let shared = || rate().with("scope", Value::Word("proxy"));
    for (before, after) in [
        (shared(), rate()),
        (rate(), shared()),
        (shared(), shared().with("queue", ms(1_000))),
    ] {
        let (before, after) = (Plan::of([before]), Plan::of([after]));
        let mut bench = Bench::new(Direction::Down, &before);
        bench.at(0.0).push(&vec![7; 400_000]).at(1_000.0);
        bench.replan(&after).at(1_010.0);
        let sent = bench.bytes().len();
        assert!(sent <= 102_000, "{sent} bytes in 1.01 s at 100 kB/s");
    }
}

#[test]
fn a_held_key_starves_no_queue() {
    for scope in ["connection", "proxy"] {
        let rate = |rate| Plan::of([bandwidth(rate).with("scope", Value::Word(scope))]);
        let mut bench = Bench::new(Direction::Down, &rate(20));
        bench.at(0.0).push(&vec![7; 1_000]);
        for step in 1..=300_u64 {
            bench.at(step as f64 * 33.0).replan(&rate(20 + step % 2));
        }
        let sent = bench.bytes().len();
        assert!(
            (150..=215).contains(&sent),
            "{sent} bytes in 9.9 s at about 20 B/s for each {scope}"
        );
    }
}

#[test]
fn a_rate_of_zero_holds_until_it_is_raised() {
    let mut bench = Bench::new(Direction::Down, &Plan::of([bandwidth(0)]));
    bench.at(0.0).push(b"a").at(10_000.0);
    assert_eq!(bench.bytes().len(), 0);
    bench.replan(&Plan::of([bandwidth(1_000)])).at(10_001.0);
    assert_eq!(bench.bytes(), b"a");
}

#[test]
fn a_rate_bounds_what_waits_and_a_queue_says_how_much() {
    let mut bench = Bench::new(Direction::Down, &Plan::of([bandwidth(100_000), latency(0)]));
    bench.push(&vec![7; 23_000]);
    assert!(bench.link.wants_input());
    bench.push(&vec![7; 1_200]);
    assert!(
        !bench.link.wants_input(),
        "200 ms of 100 kB/s and 4 KiB are 24,096 bytes"
    );
    bench.replan(&Plan::of([bandwidth(100_000).with("queue", ms(2_000))]));
    assert!(bench.link.wants_input());
    bench.replan(&Plan::of([latency(50)]));
    assert_eq!(bench.link.room(), CEILING - bench.link.held());
}

#[test]
fn one_link_for_a_proxy_is_shared_fairly() {
    let setting = fairly_shared(1_000_000);
    let plan = Plan::of([setting]);
    let mut benches: Vec<Bench> = (1..=10)
        .map(|seed| Bench::seeded(Direction::Down, &Plan::default(), seed))
        .collect();
    let start = benches[0].start;
    let in_force = Arc::new(InForce::succeed(&InForce::default(), plan, start));
    for bench in &mut benches {
        bench.begin(start, &in_force);
    }
    for bench in &mut benches {
        bench.push(&vec![7; 1_000_000]);
    }
    for step in 1..=1_000_u32 {
        for bench in &mut benches {
            bench.at(f64::from(step));
        }
    }
    let sent: Vec<f64> = benches
        .iter()
        .map(|bench| bench.bytes().len() as f64)
        .collect();
    let total: f64 = sent.iter().sum();
    let jain = total * total / (sent.len() as f64 * sent.iter().map(|x| x * x).sum::<f64>());
    assert!(
        (970_000.0..=1_002_000.0).contains(&total),
        "{total} bytes in a second over all"
    );
    assert!(jain > 0.99, "Jain's index {jain} of {sent:?}");
}

#[test]
fn a_turn_on_a_shared_link_is_not_taken_before_its_bytes_come_to_the_link() {
    let shared = fairly_shared(1_000_000);
    let plan = Plan::of([shared.clone()]);
    let mut bench = Bench::new(Direction::Down, &plan);
    bench.at(0.0).push(&vec![7; 1_000]).at(0.5);
    bench.replan(&Plan::of([shared, down(latency(100))]));
    let due = bench.start + Duration::from_millis(101);
    assert_eq!(bench.link.poll(bench.now), Step::Wait(Some(due)));
    bench.now += Duration::from_millis(100);
    assert_eq!(bench.link.poll(bench.now), Step::Wait(Some(due)));
}

#[test]
fn a_share_is_drawn_once_and_grows_with_its_setting() {
    let hit = |seed, percent| {
        let plan = Plan::of([down(latency(50)).hitting(Percent::new(percent))]);
        let mut bench = Bench::seeded(Direction::Down, &plan, seed);
        bench.push(b"a").at(1.0);
        bench.bytes().is_empty()
    };
    let thirty: Vec<u64> = (0..1_000).filter(|seed| hit(*seed, 30)).collect();
    assert!(
        (250..350).contains(&thirty.len()),
        "{} of 1,000 are hit by 30 %",
        thirty.len()
    );
    assert!(
        thirty.iter().all(|seed| hit(*seed, 60)),
        "60 % hits all that 30 % hit"
    );
}

/// Jain's index of fairness (Jain, Chiu, Hawe 1984): 1 where all have the same, 1/n where one has all.
fn jain(shares: &[f64]) -> f64 {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    sum * sum / (shares.len() as f64 * squares)
}

#[test]
fn ten_connections_share_one_link_fairly_and_fill_it() {
    let plan = Plan::of([fairly_shared(1_000_000)]);
    let mut benches: Vec<_> = (0..10)
        .map(|seed| Bench::seeded(Direction::Down, &Plan::default(), seed))
        .collect();
    let start = benches[0].start;
    let in_force = Arc::new(InForce::succeed(&InForce::default(), plan, start));
    for (bench, chunk) in benches
        .iter_mut()
        .zip([100, 1_448, 9_000, 64_000].iter().cycle())
    {
        bench.begin(start, &in_force);
        for _ in 0..2_000_000 / chunk {
            bench.link.push(start, &vec![7; *chunk]);
        }
    }
    // Whoever is due first goes first, for ten seconds.
    let mut now = start;
    while now < start + Duration::from_secs(10) {
        let mut next = None;
        for bench in &mut benches {
            bench.now = now;
            match bench.link.poll(now) {
                Step::Write => {
                    bench.write();
                    next = Some(now);
                }
                Step::Wait(Some(due)) => {
                    next = Some(next.map_or(due, |next: Instant| next.min(due)));
                }
                step => panic!("{step:?}"),
            }
        }
        now = next.expect("something is due");
    }
    let passed: Vec<f64> = benches
        .iter()
        .map(|bench| bench.link.passed() as f64)
        .collect();
    let (sum, index) = (passed.iter().sum::<f64>(), jain(&passed));
    println!("10 connections on one link: {sum} bytes in 10 s, Jain's index {index:.5}");
    assert!((sum / 10e6 - 1.0).abs() < 0.005, "{sum} of 10 MB passed");
    assert!(index > 0.99, "Jain's index is {index}");
}

#[test]
fn a_rate_that_swings_passes_its_mean_and_a_flapping_link_its_share() {
    for (faults, bytes) in [
        ("bandwidth 1MB/s wave=sine period=1s depth=500kB/s", 10e6),
        ("bandwidth 1MB/s wave=square period=2s depth=1MB/s", 10e6),
        ("bandwidth 1MB/s wave=saw period=100ms", 10e6),
        ("bandwidth 1MB/s, flap on=300ms off=700ms", 3e6),
        ("bandwidth 1kB/s, flap on=20ms off=80ms", 2e3),
    ] {
        let plan = Plan::of(faultboard::fault::language::parse(faults).expect("faults"));
        let mut bench = Bench::new(Direction::Down, &plan);
        bench.push(&vec![7; 12_000_000]);
        bench.run_until(bench.start + Duration::from_secs(10));
        let passed = bench.link.passed() as f64;
        assert!(
            (passed / bytes - 1.0).abs() < 0.02,
            "{faults}: {passed} bytes"
        );
    }
}
