//! What traces are read as, what is said of those that are wrong, and what passes along them.

use super::*;

fn course(text: &str, loops: bool) -> Course {
    // Two tests that use one name mean one text.
    let trace = keep(&format!("of {text}"), text.as_bytes()).expect("a trace");
    Course::of(trace, Column::Rate, loops).expect("a rate")
}

/// In thousandths.
#[expect(clippy::cast_possible_truncation, reason = "small numbers, rounded")]
fn whole(value: f64) -> i64 {
    (value * 1_000.0).round() as i64
}

/// A second of 1 kB/s, two of nothing, one of 3 kB/s.
const STEPS: &str = "# made by hand\n\ntime,rate\n0,8kbit/s\r\n1,0\n3, 3kB/s\n3.5,24000\n";

#[test]
fn a_rate_holds_until_the_next_and_the_last_as_long_as_the_one_before() {
    let course = course(STEPS, true);
    let at = [0.0, 0.99, 1.0, 2.99, 3.0, 3.75, 4.0, 5.0, -0.5].map(|at| whole(course.at(at)));
    let [kilo, three] = [1_000_000, 3_000_000];
    assert_eq!(at, [kilo, kilo, 0, 0, three, three, kilo, 0, three]);
}

#[test]
fn without_a_loop_the_last_rate_stays() {
    let course = course(STEPS, false);
    let at = [-1.0, 0.0, 2.0, 4.0, 100.0].map(|at| whole(course.at(at)));
    assert_eq!(at, [1_000_000, 1_000_000, 0, 3_000_000, 3_000_000]);
    let (end, sum) = course.sum(0.0, f64::INFINITY, 10_000.0);
    // 1 kB in the first second, 9 kB from the fourth on.
    assert_eq!((whole(end), whole(sum)), (6_000, 10_000_000));
    assert_eq!(whole(course.most(1.0)), 3_000_000);
}

#[test]
fn a_trace_of_chances_passes_a_packet_for_each_of_them() {
    let course = course("0\n5\n5\n100\n101\n250\n", true);
    let passed = |from, until| whole(course.sum(from, until, f64::INFINITY).1);
    assert_eq!(passed(0.0, 0.1), 4 * 1_500_000);
    assert_eq!(passed(0.1, 0.2), 1_500_000);
    // The last bin ends with the trace.
    assert_eq!(passed(0.2, 0.25), 1_500_000);
    assert_eq!(passed(0.25, 0.35), 4 * 1_500_000);
    assert_eq!(passed(0.0, 2.5), 60 * 1_500_000);
}

#[test]
fn whole_rounds_are_summed_at_once_and_end_with_their_last_byte() {
    let course = course(STEPS, true);
    // A round passes 4 kB in 4 s: the last byte of one at its end, the first of the next at once.
    let reach = |bytes: f64| whole(course.sum(0.0, f64::INFINITY, bytes).0);
    assert_eq!([1_000.0, 1_003.0].map(reach), [1_000, 3_001]);
    assert_eq!(
        [4_000.0, 4_001.0, 4e9].map(reach),
        [4_000, 4_001, 4_000_000_000]
    );
    let (end, sum) = course.sum(2.0, 3.0, f64::INFINITY);
    assert_eq!((whole(end), whole(sum)), (3_000, 0));
}

#[test]
fn a_trace_without_any_rate_passes_nothing_ever() {
    for loops in [true, false] {
        let course = course("time,rate\n0,0\n", loops);
        let (end, sum) = course.sum(0.0, f64::INFINITY, 1.0);
        assert_eq!((end, whole(sum)), (f64::INFINITY, 0));
    }
}

fn refused(text: &str) -> Option<String> {
    keep("t.csv", text.as_bytes()).err()
}

#[test]
fn what_is_no_trace_is_said_in_a_line() {
    let no_trace = "begins no trace: the header time,rate, or a millisecond a line";
    for (text, why) in [
        ("", "t.csv: is an empty trace"),
        ("# nothing\n\n", "t.csv: is an empty trace"),
        ("GIF89a\n", &format!("t.csv:1: \"GIF89a\" {no_trace}")),
        (
            "time,rate,rssi\n0,1,2\n",
            "t.csv:1: \"rssi\" is no column of a trace: time, then any of rate, rtt, loss",
        ),
        (
            "time,rtt,rtt\n0,1,2\n",
            "t.csv:1: rtt stands there twice: leave one out",
        ),
        ("time\n0\n", &format!("t.csv:1: \"time\" {no_trace}")),
    ] {
        assert_eq!(refused(text).as_deref(), Some(why), "{text:?}");
    }
    let why = keep("t.csv", b"\xff\xfe").expect_err("no text");
    assert_eq!(why, "t.csv: is no UTF-8 text");
}

#[test]
fn a_chance_that_is_wrong_is_said_with_file_and_line() {
    for (text, why) in [
        (
            "0\n0\n",
            "t.csv: ends at 0 milliseconds: the last is its length",
        ),
        ("3\n2\n", "t.csv:2: 2 is before 3, the line above it"),
        ("3\n\n4x\n", "t.csv:3: \"4x\" is no millisecond"),
    ] {
        assert_eq!(refused(text).as_deref(), Some(why), "{text:?}");
    }
}

#[test]
fn a_rate_or_time_that_is_wrong_is_said_with_file_and_line() {
    assert_eq!(
        refused("time,rate\n").as_deref(),
        Some("t.csv: has no line below its header")
    );
    for (rows, why) in [
        ("0,1\n1,12x\n", "3: \"12x\" is no rate: 4000000, 4Mbit/s"),
        ("0,-1\n", "2: \"-1\" is no rate: 4000000, 4Mbit/s"),
        ("0;1\n", "2: \"0;1\" is no time,rate: 0.5,4Mbit/s"),
        ("x,1\n", "2: \"x\" is no time: seconds, as 0.5"),
        ("3,1\n", "2: the first time is 0, not \"3\""),
        ("0,1\n0,1\n", "3: \"0\" is not after the line above it"),
        ("0,1\n604801,1\n", "3: \"604801\" is beyond 7 days"),
        ("0,101GB/s\n", "2: \"101GB/s\" is more than 100GB/s"),
    ] {
        let said = refused(&format!("time,rate\n{rows}"));
        assert_eq!(said, Some(format!("t.csv:{why}")), "{rows:?}");
    }
}

#[test]
fn each_column_is_read_by_itself_whatever_their_order() {
    let text = "time,loss,rtt,rate\n0,0,80,1kB/s\n1.5,2.5%,0.5s,0\n2,100,1h,8000000\n";
    let trace = keep("columns.csv", text.as_bytes()).expect("a trace");
    let at = |column| {
        let course = Course::of(trace, column, true).expect("a column");
        [0.0, 1.49, 1.5, 2.4, 2.5].map(|at| whole(course.at(at)))
    };
    assert_eq!(
        at(Column::Rate),
        [1_000_000, 1_000_000, 0, 1_000_000_000, 1_000_000]
    );
    // Half of a round trip is spent each way.
    assert_eq!(at(Column::Rtt), [40, 40, 250, 1_800_000, 40]);
    assert_eq!(at(Column::Loss), [0, 0, 25, 1_000, 0]);
    let chances = keep("chances.txt", b"5\n10\n").expect("a trace");
    assert!(Course::of(chances, Column::Rtt, true).is_none());
}

#[test]
fn a_round_trip_or_loss_that_is_wrong_is_said_with_file_and_line() {
    for (rows, why) in [
        ("0,1\n", "2: \"0,1\" is no time,rtt,loss: 0.5,80ms,1%"),
        ("0,80,1\n1,80ms,1s\n", "3: \"1s\" is no loss: 1, 1%"),
        ("0,80kB,1\n", "2: \"80kB\" is no round trip: 80, 80ms"),
        ("0,,1\n", "2: \"\" is no round trip: 80, 80ms"),
        ("0,61m,1\n", "2: \"61m\" is more than 1h"),
        ("0,80,101\n", "2: \"101\" is more than 100%"),
    ] {
        let said = refused(&format!("time,rtt,loss\n{rows}"));
        assert_eq!(said, Some(format!("t.csv:{why}")), "{rows:?}");
    }
}

#[test]
fn the_traces_of_the_program_are_as_they_are_said_to_be() {
    let span = |name: &str| {
        let trace = find(name).expect("a trace");
        let course = Course::of(trace, Column::Rate, true).expect("a rate");
        let Series {
            length, ref steps, ..
        } = *course.series;
        let least = steps
            .iter()
            .fold(f64::INFINITY, |least, step| least.min(step.value));
        (whole(length), least, course.most(0.0))
    };
    let (length, least, most) = span("@lte-moving");
    assert_eq!(length, 60_000);
    assert!(
        least >= 62_500.0 && most <= 2_500_000.0,
        "{least} to {most}"
    );
    let (length, least, most) = span("@train");
    assert_eq!((length, whole(least)), (120_000, 0));
    assert!(most <= 3_750_000.0, "{most}");
    let why = find("@trian").expect_err("no such trace");
    assert!(
        why.starts_with("unknown trace \"@trian\": did you mean \"@train\"?"),
        "{why}"
    );
}
