//! Figures as they are printed, and how wide they become.

use super::*;

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

#[test]
fn bytes_take_a_decimal_only_where_one_digit_says_too_little() {
    for (count, text) in [
        (0, "0 B"),
        (412, "412 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (2_149, "2.1 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (640_000, "640 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (88_000_000, "88 MB"),
        (5_000_000_000_000, "5.0 TB"),
    ] {
        assert_eq!(bytes(count), text);
    }
}

#[test]
fn rates_say_per_second_and_knobs_say_it_shorter() {
    for (per_second, long, short) in [
        (0.0, "0 B/s", "0B/s"),
        (64_000.0, "64 kB/s", "64K/s"),
        (210_400.0, "210 kB/s", "210K/s"),
        (1_000_000.0, "1.0 MB/s", "1M/s"),
        (2_560_000.0, "2.6 MB/s", "2.6M/s"),
        (8_400_000.4, "8.4 MB/s", "8.4M/s"),
    ] {
        assert_eq!(RateUnit::Bytes.long(per_second), long);
        assert_eq!(RateUnit::Bytes.short(per_second), short);
    }
    for (per_second, long, short) in [
        (0.0, "0 b/s", "0b"),
        (100.0, "800 b/s", "800b"),
        (64_000.0, "512 kb/s", "512Kb"),
        (1_200_000.0, "9.6 Mb/s", "9.6Mb"),
        (125_000_000.0, "1.0 Gb/s", "1Gb"),
    ] {
        assert_eq!(RateUnit::Bits.long(per_second), long);
        assert_eq!(RateUnit::Bits.short(per_second), short);
    }
}

#[test]
fn times_read_as_people_write_them() {
    for (time, knob, measured) in [
        (micros(0), "0ms", "0 ms"),
        (micros(40), "40µs", "40 µs"),
        (micros(200), "0.2ms", "0.2 ms"),
        (micros(4_810), "4.81ms", "4.8 ms"),
        (micros(25_000), "25ms", "25 ms"),
        (micros(250_000), "250ms", "250 ms"),
        (micros(999_600), "1s", "1 s"),
        (micros(1_200_000), "1.2s", "1.2 s"),
        (micros(2_500_000), "2.5s", "2.5 s"),
        (micros(10_000_000), "10s", "10 s"),
        (micros(90_000_000), "90s", "90 s"),
        (micros(3_600_000_000), "60m", "60 m"),
    ] {
        assert_eq!(time_short(time), knob);
        assert_eq!(super::time(time), measured);
    }
}

#[test]
fn ages_and_clocks_lose_their_seconds_where_asked() {
    for (seconds, with, without) in [
        (3, "3s", "<1m"),
        (252, "4m12", "4m"),
        (3_725, "1h02", "1h02"),
        (273_600, "3d04", "3d04"),
    ] {
        assert_eq!(age(Duration::from_secs(seconds)), with);
        assert_eq!(age_in_minutes(Duration::from_secs(seconds)), without);
    }
    let at = Duration::from_millis(761_204);
    assert_eq!(clock(at), "00:12:41");
    assert_eq!(clock_in_minutes(at), "00:12");
    for (seconds, text) in [(5, "<1 min"), (300, "5 min"), (3_900, "1 h 05 min")] {
        assert_eq!(minutes(Duration::from_secs(seconds)), text);
    }
    assert_eq!(clock_exact(at), "00:12:41.204");
    assert_eq!(clock_narrow(at), "12:41");
}

#[test]
fn counts_keep_their_thousands_apart() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_214, "1 214"),
        (1_234_567, "1 234 567"),
    ] {
        assert_eq!(count(number), text);
    }
}

#[test]
fn no_figure_is_wider_than_its_column() {
    let mut number: u64 = 1;
    while number < 1 << 60 {
        for near in [number - 1, number, number + 1, number / 2 * 3] {
            let per_second = near as f64;
            assert!(bytes(near).len() <= 6, "{}", bytes(near));
            for (unit, per_second) in [
                (RateUnit::Bytes, per_second),
                (RateUnit::Bits, per_second / 8.0),
            ] {
                let (long, short) = (unit.long(per_second), unit.short(per_second));
                assert!(long.len() <= 8, "{long}");
                assert!(short.len() <= 6, "{short}");
            }
            let span = micros(near.min(3_600_000_000_000));
            assert!(
                time_short(span).chars().count() <= 6,
                "{}",
                time_short(span)
            );
            assert!(
                super::time(span).chars().count() <= 6,
                "{}",
                super::time(span)
            );
            assert!(age(Duration::from_secs(near.min(8_000_000))).len() <= 5);
        }
        number = number * 10 / 9 + 1;
    }
}

#[test]
fn a_time_on_a_knob_prints_the_same_again() {
    for (printed, same) in [
        (9_945_000, "9.95s"),
        (9_950_000, "9.95s"),
        (9_994_000, "9.99s"),
        (9_996_000, "10s"),
        (99_460_000, "99.5s"),
        (99_500_000, "99.5s"),
        (99_960_000, "100s"),
        (12_340, "12.3ms"),
    ] {
        assert_eq!(time_short(micros(printed)), same);
    }
}
