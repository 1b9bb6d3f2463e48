//! What several settings come to, one after the other and beside each other.

use std::time::Duration;

use faultboard::fault::{Direction, Plan, language};

use crate::course::Course;
use crate::draw_courses::by_time;

fn plan(faults: &str) -> Plan {
    Plan::of(language::parse(faults).expect("faults"))
}

#[test]
fn a_rate_that_has_come_down_by_a_ramp_goes_on_passing() {
    for scope in ["connection", "proxy"] {
        let mut course = Course::new(
            Direction::Down,
            1,
            &plan(&format!("bandwidth 1GB/s scope={scope}")),
        );
        course.writes = usize::MAX;
        course.come(4 << 20);
        course.pass(Duration::from_micros(1_234), usize::MAX);
        course.set(&plan(&format!("bandwidth 1kB/s ramp=2ms scope={scope}")));
        course.pass(Duration::from_secs(60), usize::MAX);
        let before = course.link.passed();
        course.pass(Duration::from_secs(15), usize::MAX);
        let late = course.link.passed() - before;
        assert!(
            (14_990..=15_010).contains(&late),
            "{late} bytes in 15 s at 1 kB/s for each {scope}"
        );
        assert!(
            !course.link.wants_input(),
            "the queue is as long as the rate now asks for"
        );
    }
}

#[test]
fn a_rate_that_comes_down_to_nothing_passes_nothing_more() {
    for scope in ["connection", "proxy"] {
        let mut course = Course::new(
            Direction::Down,
            1,
            &plan(&format!("bandwidth 1MB/s scope={scope}")),
        );
        course.writes = usize::MAX;
        course.come(4 << 20);
        course.pass(Duration::from_millis(10), usize::MAX);
        course.set(&plan(&format!("bandwidth 0B/s ramp=500ms scope={scope}")));
        course.pass(Duration::from_secs(2), usize::MAX);
        let passed = course.link.passed();
        // 10 ms at 1 MB/s, then half of it for half a second.
        assert!((255_000..=260_100).contains(&passed), "{passed} bytes");
        course.come(1);
        course.pass(Duration::from_secs(3_600), usize::MAX);
        assert_eq!(course.link.passed(), passed);
    }
}

#[test]
fn what_waits_leaves_as_a_latency_ramps_down() {
    let mut course = Course::new(Direction::Up, 1, &plan("latency 60s up"));
    course.come(100);
    course.pass(Duration::from_secs(1), usize::MAX);
    course.set(&plan("latency 10ms ramp=1s up"));
    course.pass(Duration::from_secs(5), usize::MAX);
    // When it has waited for the latency of the moment: 1 s and 966 ms of 60 s that fall by 59.99 s in a second.
    let left = course.left.first().map(|(at, _)| at.as_millis());
    assert_eq!(left, Some(1_967));
}

#[test]
fn a_partition_that_is_lifted_sends_no_burst_past_a_rate() {
    for gate in ["blackhole", "flap on=10ms off=1h"] {
        let mut course = Course::new(Direction::Down, 1, &plan("bandwidth 100kB/s"));
        course.come(400_000);
        course.pass(Duration::from_millis(100), usize::MAX);
        course.set(&plan(&format!("bandwidth 100kB/s, {gate}")));
        course.pass(Duration::from_secs(10), usize::MAX);
        let held = course.link.passed();
        course.set(&plan("bandwidth 100kB/s"));
        course.pass(Duration::from_millis(100), usize::MAX);
        let sent = course.link.passed() - held;
        assert!(
            (9_000..=11_000).contains(&sent),
            "{sent} bytes in 100 ms behind {gate}"
        );
    }
}

const MS: Duration = Duration::from_millis(1);

/// Bytes that come at once, under these faults of one direction after the other, each for so long: when how many have left.
fn left(steps: &[(&str, Duration)]) -> Vec<(Duration, usize)> {
    let mut course = Course::new(Direction::Up, 1, &Plan::default());
    course.writes = usize::MAX;
    for (index, (faults, time)) in steps.iter().enumerate() {
        course.set(&if faults.is_empty() {
            Plan::default()
        } else {
            plan(faults)
        });
        if index == 0 {
            course.come(100_000);
        }
        course.pass(*time, usize::MAX);
    }
    by_time(&course.left).into_iter().collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of courses")]
fn several_settings_of_a_kind_act_each_by_its_own() {
    let at = |ms: u32| MS * ms;
    for (steps, last) in [
        (
            &[("latency 100ms up, latency 30ms as=x up", at(500))][..],
            at(130),
        ),
        (
            &[(
                "latency 100ms as=x up, latency 30ms as=y up, latency 7ms up",
                at(500),
            )],
            at(137),
        ),
        (
            &[
                ("latency 100ms up, latency 300ms as=x up", at(50)),
                ("latency 100ms up", at(500)),
            ],
            at(100),
        ),
        (
            &[
                ("latency 100ms up, latency 300ms as=x up", at(50)),
                ("latency 300ms as=x up", at(500)),
            ],
            at(300),
        ),
        // As slow as the slowest of them, whichever has a name.
        (
            &[("bandwidth 1MB/s as=x up, bandwidth 500kB/s up", at(900))],
            at(200),
        ),
        (
            &[("bandwidth 500kB/s as=x up, bandwidth 1MB/s up", at(900))],
            at(200),
        ),
        (
            &[(
                "bandwidth 1MB/s as=x up, bandwidth 500kB/s as=y up scope=connection",
                at(900),
            )],
            at(200),
        ),
        // Over a sender's line too, where they add up before the first byte and behind the last.
        (
            &[
                (
                    "blackhole as=x up, blackhole as=y up, latency 10ms up",
                    at(50),
                ),
                ("blackhole as=y up, latency 10ms up", at(50)),
                ("latency 10ms up", at(50)),
            ],
            at(100),
        ),
    ] {
        let left = left(steps);
        let (end, _) = left.last().copied().unwrap_or_default();
        let sum: usize = left.iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(sum, 100_000, "{steps:?}");
        let off = end.abs_diff(last);
        // A piece more or less of a rate.
        assert!(off < 2 * MS, "{steps:?}: {end:?} and not {last:?}");
    }
}

#[test]
fn a_virtual_sender_meets_all_that_is_set_on_its_line() {
    let last = |faults: &str| {
        let left = left(&[(faults, Duration::from_secs(60))]);
        assert_eq!(
            left.iter().map(|(_, bytes)| bytes).sum::<usize>(),
            100_000,
            "{faults}"
        );
        left.last().map(|(at, _)| *at).unwrap_or_default()
    };
    // What two add up to is what one comes to.
    assert_eq!(
        last("tcp cubic, latency 40ms, latency 60ms as=x"),
        last("tcp cubic, latency 100ms")
    );
    let slow = last("tcp cubic, bandwidth 50kB/s scope=connection");
    let both =
        "tcp cubic, bandwidth 50kB/s scope=connection, bandwidth 5MB/s scope=connection as=x";
    assert!(
        last(both) >= slow && last(both) < slow + 5 * MS,
        "{:?} {slow:?}",
        last(both)
    );
    // Each loses packets of its own.
    let [one, two] = ["loss 5% rtt=50ms", "loss 5% rtt=50ms, loss 5% as=x"].map(last);
    assert!(two > one, "{two:?} is no later than {one:?}");
}

#[test]
fn settings_of_one_share_hit_each_its_own_connections() {
    let hits = |faults: &str| -> Vec<bool> {
        let acts = |seed| {
            !Course::new(Direction::Up, seed, &plan(faults))
                .link
                .is_clear()
        };
        (0..400).map(acts).collect()
    };
    let [plain, x, y] =
        ["", " as=x", " as=y"].map(|name| hits(&format!("latency 1ms share=50%{name}")));
    for (one, other) in [(&plain, &x), (&x, &y), (&plain, &y)] {
        let both = one.iter().zip(other).filter(|(a, b)| **a && **b).count();
        assert!((60..140).contains(&both), "{both} of 400 are hit by both");
    }
    assert_eq!(hits("latency 1ms share=50% as=x, loss 2% share=0%"), x);
}

/// How a connection ends on which bytes come at each of these times under these faults, and how many have left by then.
fn ends(steps: &[(&str, Duration, usize)]) -> (Option<(Duration, faultboard::fault::Cut)>, u64) {
    let mut course = Course::new(Direction::Up, 1, &Plan::default());
    for (faults, time, bytes) in steps {
        course.set(&if faults.is_empty() {
            Plan::default()
        } else {
            plan(faults)
        });
        if *bytes > 0 {
            course.come(*bytes);
        }
        let end = course.now + *time;
        loop {
            course.pass(Duration::ZERO, usize::MAX);
            match course.link.fate(course.now) {
                Err(severed) => {
                    return (
                        Some((course.now - course.start, severed.cut)),
                        course.link.passed(),
                    );
                }
                Ok(_) if course.now >= end => break,
                Ok(_) => course.wait_until(course.now + MS),
            }
        }
    }
    (None, course.link.passed())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of courses")]
fn a_connection_ends_after_its_data_with_a_limit_or_when_what_held_it_goes() {
    use faultboard::fault::Cut::{Close, Reset};
    let ms = |ms: u32| MS * ms;
    let after = |at, cut| Some((ms(at), cut));
    for (steps, expected) in [
        // The bytes and all behind them pass no more, and the time counts from them.
        (
            &[("reset on=data", ms(50), 0), ("reset on=data", ms(50), 9)][..],
            (after(50, Reset), 0),
        ),
        (
            &[
                ("reset on=data after=30ms", ms(50), 0),
                ("reset on=data after=30ms", ms(90), 9),
            ],
            (after(80, Reset), 0),
        ),
        (
            &[("", ms(9), 9), ("close on=data after=30ms", ms(50), 0)],
            (None, 9),
        ),
        (
            &[
                ("", ms(10), 9),
                ("close on=data after=30ms", ms(5), 0),
                ("close on=data after=30ms", ms(90), 1),
            ],
            (after(45, Close), 9),
        ),
        // Behind a delay they come when they have been delayed.
        (
            &[("latency 20ms up, reset on=data after=10ms", ms(99), 9)],
            (after(30, Reset), 0),
        ),
        // Another time counts from the same bytes' successors: nothing has passed.
        (
            &[
                ("reset on=data after=1s", ms(10), 9),
                ("reset on=data after=20ms", ms(99), 0),
            ],
            (after(30, Reset), 0),
        ),
        // A size in the place of a size counts on; in the place of nothing it counts from then.
        (
            &[
                ("close after=10B", ms(5), 4),
                ("close after=12B", ms(5), 20),
            ],
            (after(5, Close), 12),
        ),
        (
            &[("", ms(5), 4), ("close after=12B", ms(5), 20)],
            (after(5, Close), 16),
        ),
        (
            &[("close after=10B", ms(5), 6), ("close after=5B", ms(5), 0)],
            (after(5, Close), 6),
        ),
        // What holds everything and goes: as is said.
        (&[("blackhole", ms(5), 9), ("", ms(5), 0)], (None, 9)),
        (
            &[("blackhole lift=close", ms(5), 9), ("", ms(5), 0)],
            (after(5, Close), 0),
        ),
        (
            &[("blackhole lift=close", ms(5), 0), ("", ms(5), 0)],
            (after(5, Close), 0),
        ),
        (
            &[
                ("blackhole lift=close", ms(5), 9),
                ("blackhole", ms(5), 0),
                ("", ms(5), 0),
            ],
            (None, 9),
        ),
        (
            &[("blackhole lift=close down", ms(5), 9), ("", ms(5), 0)],
            (None, 9),
        ),
        (
            &[("blackhole lift=close share=0%", ms(5), 9), ("", ms(5), 0)],
            (None, 9),
        ),
        (
            &[
                ("blackhole lift=close as=x, blackhole", ms(5), 9),
                ("blackhole", ms(5), 0),
            ],
            (after(5, Close), 0),
        ),
        (
            &[("blackhole lift=close for=7ms", ms(20), 9)],
            (after(7, Close), 0),
        ),
        (
            &[("timeout 1s lift=close", ms(5), 9), ("", ms(5), 0)],
            (after(5, Close), 0),
        ),
        (&[("timeout 1s", ms(5), 9), ("", ms(5), 0)], (None, 9)),
    ] {
        assert_eq!(ends(steps), expected, "{steps:?}");
    }
}
