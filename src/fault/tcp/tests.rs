//! The sender against real Linux TCP, in virtual time.
//!
//! The figures of real TCP are Linux 6.18 with Reno over a link in user space that delays packets and loses each by chance in
//! both directions. Where a row has two, they are of two series of runs.

use super::window::Use;
use super::*;
use crate::fault::random::{Random, derive, unit};

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const SEGMENT: u64 = 1448;
/// How many segments the bursts are counted over.
const SEGMENTS: u64 = 200_000;

fn path(rtt_ms: u64, percent: f64) -> Path {
    Path {
        loss: percent / 100.0,
        burst: 1.0,
        rtt: rtt_ms * MS,
        stalls_only: false,
    }
}

/// The rate in kB/s of 24 connections that send for `seconds` each.
fn bulk(path: &Path, seconds: u64) -> f64 {
    const CONNECTIONS: u64 = 24;
    let mut bytes = 0;
    for number in 0..CONNECTIONS {
        let mut sender = Sender::new(derive(1, "bulk", number));
        while sender.release(path, 0, 1_000) < seconds * SECOND {
            bytes += SEGMENT;
        }
    }
    bytes as f64 / 1e3 / (seconds * CONNECTIONS) as f64
}

/// Messages to and fro, one after the other.
#[derive(Clone, Copy, Debug)]
struct Talk {
    /// Segments of a request and of a response.
    up: u32,
    down: u32,
    /// How long the client rests before the next, in ms.
    rest_ms: u64,
}

/// The times of 40,000 messages on 40 connections in ms, sorted.
fn messages(path: &Path, talk: Talk) -> Vec<f64> {
    let mut times = Vec::new();
    for number in 0..40 {
        let mut up = Sender::new(derive(1, "up", number));
        let mut down = Sender::new(derive(1, "down", number));
        let mut now = 0;
        for _ in 0..1_000 {
            let began = now;
            for (sender, segments) in [(&mut up, talk.up), (&mut down, talk.down)] {
                let available = now;
                for behind in (0..segments).rev() {
                    now = sender.release(path, available, behind);
                }
                now += path.rtt / 2;
            }
            times.push((now - began) as f64 / MS as f64);
            now += talk.rest_ms * MS;
        }
    }
    times.sort_by(f64::total_cmp);
    times
}

fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / times.len() as f64
}

fn p99(times: &[f64]) -> f64 {
    times[times.len() * 99 / 100]
}

/// Prints the row, and checks that `model` is within `percent` of each of the real figures.
fn compare(case: &str, model: f64, real: &[f64], percent: f64) {
    let off: Vec<f64> = real
        .iter()
        .map(|real| 100.0 * (model / real - 1.0))
        .collect();
    println!("{case} | {real:?} | {model:.2} | {off:+.1?} %");
    assert!(
        off.iter().all(|off| off.abs() <= percent),
        "{case}: real {real:?}, model {model:.2}: {off:+.1?} %"
    );
}

#[test]
fn a_bulk_transfer_is_as_fast_as_reno() {
    for (rtt, loss, real) in [
        (10, 0.1, &[5242.0][..]),
        (10, 1.0, &[1534.0, 1572.0]),
        (10, 5.0, &[485.0, 520.0]),
        (50, 0.1, &[1228.0, 1265.0]),
        (50, 1.0, &[297.0, 367.0]),
        (50, 5.0, &[111.0, 132.0]),
        (200, 1.0, &[82.0, 99.0]),
        (200, 5.0, &[34.3]),
    ] {
        let rate = bulk(&path(rtt, loss), 30);
        compare(&format!("bulk kB/s, {rtt} ms, {loss} %"), rate, real, 30.0);
    }
}

#[test]
fn small_messages_stall_as_often_and_as_long_as_in_linux() {
    let talk = Talk {
        up: 1,
        down: 1,
        rest_ms: 0,
    };
    // Mean and 99th percentile in ms. At 10 ms and 0.1 % the latter shows the real machine's own jitter, not stalls.
    for (rtt, loss, real_mean, real_p99) in [
        (10, 0.1, &[11.24][..], &[][..]),
        (10, 1.0, &[14.4, 15.06], &[226.0, 225.6]),
        (10, 5.0, &[34.65], &[310.8]),
        (50, 0.1, &[50.4, 51.08], &[54.0, 54.5]),
        (50, 1.0, &[56.2, 55.76], &[322.0, 305.4]),
        (50, 5.0, &[78.2, 80.87], &[371.0, 453.3]),
        (200, 0.1, &[202.35], &[216.3]),
        (200, 1.0, &[208.7, 209.66], &[610.0, 626.1]),
        (200, 5.0, &[252.12], &[947.5]),
    ] {
        let times = messages(&path(rtt, loss), talk);
        let case = format!("64 B, {rtt} ms, {loss} %");
        compare(&format!("{case}, mean ms"), mean(&times), real_mean, 10.0);
        compare(&format!("{case}, p99 ms"), p99(&times), real_p99, 20.0);
        let stalled = times.iter().filter(|time| **time > 1.25 * rtt as f64);
        let share = 100.0 * stalled.count() as f64 / times.len() as f64;
        let both = 100.0 * (1.0 - (1.0 - loss / 100.0).powi(2));
        compare(&format!("{case}, stalled %"), share, &[both], 20.0);
    }
}

#[test]
fn messages_larger_than_the_window_take_as_long_as_in_linux() {
    // 20,000 bytes are 14 segments. Mean and 99th percentile in ms, at 50 ms.
    for (up, down, rest_ms, loss, real_mean, real_p99) in [
        (14, 1, 0, 0.1, &[55.65][..], 106.9),
        (14, 1, 0, 1.0, &[97.98], 367.8),
        (1, 14, 0, 0.1, &[54.83, 56.85], 102.0),
        (1, 14, 0, 1.0, &[96.89, 101.06], 367.0),
        (14, 14, 0, 0.1, &[59.60, 61.94], 151.5),
        (14, 14, 0, 1.0, &[140.46], 456.4),
        (1, 14, 500, 0.1, &[102.77], 151.2),
        (1, 14, 500, 1.0, &[118.55], 405.5),
    ] {
        let talk = Talk { up, down, rest_ms };
        let times = messages(&path(50, loss), talk);
        let case = format!("{up}/{down} segments, rest {rest_ms} ms, {loss} %");
        compare(&format!("{case}, mean ms"), mean(&times), real_mean, 10.0);
        compare(&format!("{case}, p99 ms"), p99(&times), &[real_p99], 10.0);
    }
}

#[test]
fn segments_come_through_in_order_and_not_before_they_are_there() {
    let mut random = Random::new(5);
    for stalls_only in [false, true] {
        let mut sender = Sender::new(3);
        let (mut available, mut last) = (0, 0);
        for _ in 0..50_000 {
            // Another path for each segment: loss up to 30 %, bursts up to 4, round trips up to 100 ms.
            let path = Path {
                loss: 0.001 + 0.3 * unit(random.draw()),
                burst: 1.0 + 3.0 * unit(random.draw()),
                rtt: random.draw() % (100 * MS),
                stalls_only,
            };
            available += random.draw() % (5 * MS);
            let release = sender.release(&path, available, (random.draw() % 20) as u32);
            assert!(release >= available && release >= last);
            last = release;
        }
    }
}

#[test]
fn without_loss_nothing_waits() {
    let mut sender = Sender::new(1);
    for number in 0..2_000 {
        assert_eq!(sender.release(&path(50, 0.0), number, 5), number);
    }
}

#[test]
fn a_share_that_is_no_number_loses_nothing() {
    let mut sender = Sender::new(1);
    assert_eq!(sender.release(&path(50, f64::NAN), 7, 0), 7);
    assert_eq!(sender.release(&path(50, -1.0), 8, 0), 8);
}

#[test]
fn loss_that_is_lifted_frees_at_once_what_is_asked_next() {
    let mut sender = Sender::new(1);
    assert!(sender.release(&path(50, 100.0), 0, 2) > 60 * SECOND);
    assert!(sender.release(&path(50, 100.0), 0, 1) > 60 * SECOND);
    assert_eq!(sender.release(&path(50, 0.0), 3, 0), 3);
    // A later loss knows nothing of what was given up.
    let release = sender.release(&path(50, 0.000_1), 10, 0);
    assert_eq!(release, 10);
}

#[test]
fn the_same_seed_gives_the_same_schedule() {
    let schedule = |seed| -> Vec<u64> {
        let mut sender = Sender::new(seed);
        let release = |number| sender.release(&path(50, 2.0), number * MS, 3);
        (0..2_000).map(release).collect()
    };
    assert_eq!(schedule(1), schedule(1));
    assert_ne!(schedule(1), schedule(2));
}

#[test]
fn bursts_are_as_long_as_asked_and_leave_the_share_of_losses() {
    for (percent, burst) in [(1.0, 1.0), (1.0, 4.0), (5.0, 10.0), (30.0, 3.0)] {
        let path = Path {
            burst,
            stalls_only: true,
            ..path(10, percent)
        };
        let mut sender = Sender::new(9);
        let (mut lost, mut bursts, mut behind_loss) = (0.0, 0.0, false);
        for number in 0..SEGMENTS {
            // So far apart that none stalls another one.
            let available = number * 10_000 * SECOND;
            let stalls = sender.release(&path, available, 0) > available;
            lost += f64::from(u8::from(stalls));
            bursts += f64::from(u8::from(stalls && !behind_loss));
            behind_loss = stalls;
        }
        let case = format!("{percent} % in bursts of {burst}");
        let share = 100.0 * lost / SEGMENTS as f64;
        compare(&format!("{case}, share %"), share, &[percent], 10.0);
        compare(&format!("{case}, length"), lost / bursts, &[burst], 10.0);
    }
}

#[test]
fn stalls_alone_leave_the_rate() {
    // 10 MB/s, of which Reno reaches about 0.35.
    let stalls = Path {
        stalls_only: true,
        ..path(50, 1.0)
    };
    let last = |path: &Path| {
        let mut sender = Sender::new(4);
        let release = |number| sender.release(path, number * SEGMENT * 100, 10);
        (0..70_000).map(release).max().unwrap_or(0)
    };
    let sent = 70_000 * SEGMENT * 100;
    assert!(last(&stalls) < sent + SECOND);
    assert!(last(&path(50, 1.0)) > 20 * sent);
}

#[test]
fn a_message_that_fits_the_window_is_not_held_back() {
    let mut sender = Sender::new(1);
    // So little loss that none comes.
    let path = path(50, 0.000_000_1);
    let releases: Vec<u64> = (0..11).map(|n| sender.release(&path, 0, 10 - n)).collect();
    assert_eq!(releases[..10], [0; 10]);
    assert_eq!(releases[10], 50 * MS);
}

#[test]
fn a_shorter_round_trip_frees_the_window_sooner() {
    let mut sender = Sender::new(1);
    let long = path(1_000, 0.000_000_1);
    for behind in (1..11).rev() {
        sender.release(&long, 0, behind);
    }
    assert_eq!(sender.release(&path(10, 0.000_000_1), 5 * MS, 0), 15 * MS);
}

#[test]
fn a_lone_lost_segment_comes_a_round_trip_and_200_ms_late() {
    // A seed whose first segment is lost and whose first copy is not.
    let release = (0..1_000)
        .map(|seed| Sender::new(seed).release(&path(50, 5.0), 0, 0))
        .find(|release| *release > 0);
    assert_eq!(release, Some(250 * MS));
}

#[test]
fn a_lost_segment_with_others_behind_comes_a_round_trip_late() {
    let releases: Vec<u64> = (0..1_000)
        .map(|seed| Sender::new(seed).release(&path(50, 1.0), 0, 9))
        .filter(|release| *release > 0)
        .collect();
    let fast = releases.iter().filter(|release| **release == 50 * MS);
    assert!(fast.count() * 10 >= releases.len() * 9, "{releases:?}");
}

#[test]
fn after_a_timeout_the_window_starts_slowly_up_to_half() {
    let mut window = Window::new();
    let full = Use { out: 1, full: true };
    window.collapse(false);
    let mut sizes = vec![window.segments()];
    for _ in 0..4 {
        // All of a round trip's segments are acknowledged.
        window.acknowledged(window.segments(), full);
        sizes.push(window.segments());
    }
    assert_eq!(sizes, [1, 2, 4, 5, 6]);
}

#[test]
fn a_window_that_is_not_used_does_not_grow() {
    let mut window = Window::new();
    window.halve();
    window.acknowledged(
        100,
        Use {
            out: 3,
            full: false,
        },
    );
    assert_eq!(window.segments(), 5);
}
