//! Expectations that are read, and what they come to.

use proptest::prelude::*;

use super::*;
use crate::fault::{Dial, Direction, Directions, dial};
use crate::tape::{Head, Record, Second, Standing, Tape, Waits, What};

#[test]
fn each_form_is_read_and_printed() {
    for (text, printed) in [
        ("feels p99 < 500ms", "feels p99 < 500ms"),
        (" feels<1.5s ", "feels p50 < 1.5s"),
        ("feels max<=2s of shop", "feels max <= 2s of shop"),
        ("feels p99.9 >= 1ms", "feels p99.9 >= 1ms"),
        ("failed = 0", "failed = 0"),
        ("cut=0 of db:5433", "cut = 0 of db:5433"),
        ("answers > 100", "answers > 100"),
        ("waits < 1m", "waits < 60s"),
        ("recovers < 5s", "recovers < 5s"),
        ("holds lat >= 500ms", "holds latency >= 500ms"),
        (
            "holds latency  jitter down  >=5ms of shop",
            "holds latency jitter down >= 5ms of shop",
        ),
        ("holds bw <= 64kB/s", "holds bandwidth <= 64kB/s"),
        ("holds loss > 2%", "holds loss > 2%"),
    ] {
        let read = parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(read.to_string(), printed);
        assert_eq!(parse(printed), Ok(read), "{text}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_wrong_is_said_where_it_stands() {
    for (text, column, says) in [
        ("", 1, "what is expected begins with one of feels, waits"),
        (
            "feel < 1s",
            1,
            "unknown quantity \"feel\": did you mean \"feels\"?",
        ),
        ("feels p98 < 1s", 7, "unknown share \"p98\""),
        (
            "hold latency > 1s",
            1,
            "unknown quantity \"hold\": did you mean \"holds\"?",
        ),
        ("holds", 6, "needs a fault: latency 250ms"),
        (
            "holds latncy > 1s",
            7,
            "unknown fault \"latncy\": did you mean \"latency\"?",
        ),
        (
            "holds tcp > 1s",
            7,
            "tcp has no value that could be climbed",
        ),
        ("holds latency 1s", 15, "a comparison stands here"),
        ("holds latency > 1", 18, "a time needs a unit: 1ms"),
        (
            "feels p99",
            10,
            "a comparison stands here: <, <=, =, >= or >",
        ),
        ("feels p99 500ms", 11, "a comparison stands here"),
        ("feels p99 == 1s", 11, "equal is written with one ="),
        ("failed != 0", 8, "!= is no comparison"),
        ("feels p99 < 500", 16, "a time needs a unit: 500ms"),
        ("feels p99 < ", 13, ""),
        (
            "failed < 1ms of shop",
            10,
            "failed wants a number, without a unit: failed < 3",
        ),
        ("failed = none", 10, ""),
        ("failed = 0 of", 14, "a proxy's name stands behind of"),
        (
            "failed = 0 off",
            12,
            "nothing may follow here: leave out \"off\"",
        ),
        (
            "failed = 0 shop",
            12,
            "nothing may follow here: leave out \"shop\"",
        ),
        (
            "failed = 0 of shop too",
            20,
            "nothing may follow here: leave out \"too\"",
        ),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.message.starts_with(says), "{text}: {}", error.message);
        assert_eq!(error.column(), column, "{error}");
    }
}

fn expectation() -> impl Strategy<Value = Expectation> {
    let time =
        (0_u64..10_000_000_000_000).prop_map(|nanos| Measured::Time(Duration::from_nanos(nanos)));
    let count = (0_u32..1_000_000).prop_map(|count| Measured::Count(f64::from(count)));
    let shares = prop::sample::select(vec![0.5, 0.9, 0.99, 0.999, 1.0]);
    let timed = prop_oneof![
        shares.prop_map(Quantity::Feels),
        Just(Quantity::Waits),
        Just(Quantity::Recovers)
    ];
    let counted = prop::sample::select(vec![Quantity::Failed, Quantity::Cut, Quantity::Answers]);
    let dials = dial::all().iter().filter(|dial| Sweep::can_climb(dial));
    let dials: Vec<Dial> = dials.copied().collect();
    let ways = prop::sample::select(vec![
        Directions::Both,
        Directions::Only(Direction::Up),
        Directions::Only(Direction::Down),
    ]);
    let held = (prop::sample::select(dials), ways, 0_usize..9).prop_map(|(dial, ways, stop)| {
        let sweep = Sweep::of(dial, ways);
        let value = Measured::Set(dial.knob.stops[stop]);
        (Quantity::Holds(sweep), value)
    });
    let what = prop_oneof![(timed, time), (counted, count), held];
    let comparison = prop::sample::select(Comparison::ALL.to_vec());
    let of = prop::option::of("[a-z0-9:._-]{1,12}");
    (what, comparison, of).prop_map(|((quantity, value), (_, comparison), of)| Expectation {
        quantity,
        comparison,
        value,
        of,
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_the_same(expectation in expectation()) {
        let text = expectation.to_string();
        prop_assert_eq!(parse(&text).map_err(|error| error.to_string()), Ok(expectation), "{}", text);
    }

    /// Whatever is typed is an expectation or has an error in its one line.
    #[test]
    fn nothing_that_is_typed_breaks_it(text in "(feels|failed|of|p99|<|=| |[0-9]{1,3}|ms|\\PC){0,12}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.span.start <= error.input.chars().count());
            prop_assert!(!error.message.contains('\n'));
        }
    }
}

fn account() -> Account {
    let standing = |name: &str| Standing {
        proxy: name.to_owned(),
        mapping: "1=db:2".to_owned(),
        ..Standing::default()
    };
    let head = Head {
        tape: Head::FORM,
        faultboard: String::new(),
        seed: 1,
        began: String::new(),
        t: Duration::ZERO,
        demo: false,
        arguments: Vec::new(),
        proxies: vec![standing("shop"), standing("idle")],
    };
    let mut tape = Tape::new(head);
    let mut waits = Waits::default();
    (0..100).for_each(|_| waits.count(Duration::from_millis(400)));
    tape.push(Record {
        t: Duration::from_secs(1),
        what: What::Second(Box::new(Second {
            proxy: "shop".to_owned(),
            waits,
            ended: [
                ("reset".to_owned(), 3),
                ("unreached".to_owned(), 2),
                ("client".to_owned(), 9),
            ]
            .into(),
            ..Second::default()
        })),
    });
    Account::of(&tape)
}

#[test]
fn what_did_not_hold_is_said_with_what_was_measured() {
    for (text, said) in [
        ("feels p99 < 500ms", vec![]),
        (
            "feels p99 < 100ms",
            vec!["expected feels p99 < 100ms: shop felt 400 ms"],
        ),
        (
            "feels p99 < 100ms of idle",
            vec!["expected feels p99 < 100ms of idle: no request was answered"],
        ),
        ("failed <= 2", vec![]),
        ("failed = 0", vec!["expected failed = 0: shop had 2"]),
        ("cut < 3", vec!["expected cut < 3: shop had 3"]),
        ("answers >= 100 of shop", vec![]),
        ("answers >= 1", vec!["expected answers >= 1: idle had 0"]),
        (
            "waits < 300ms",
            vec!["expected waits < 300ms: shop waited 400 ms"],
        ),
        (
            "recovers < 5s",
            vec!["expected recovers < 5s: no fault ended after a time without faults"],
        ),
        (
            "waits < 1s of idle",
            vec!["expected waits < 1s of idle: no request was made"],
        ),
        (
            "failed = 0 of nobody",
            vec!["expected failed = 0 of nobody: there was no such proxy"],
        ),
    ] {
        assert_eq!(said_of(text, &account()), said);
    }
}

#[test]
fn where_nobody_connected_no_count_of_connections_holds() {
    for text in ["failed = 0", "cut = 0", "failed <= 9", "cut < 1"] {
        let of = format!("{text} of idle");
        assert_eq!(
            said_of(&of, &account()),
            [format!("expected {of}: nobody connected")]
        );
        // One that nobody uses beside one that is used is not meant.
        let said = said_of(text, &account());
        assert!(said.iter().all(|said| !said.contains("nobody")), "{said:?}");
    }
    let mut one_is_open = account();
    one_is_open.take(&Record {
        t: Duration::from_secs(2),
        what: What::Second(Box::new(Second {
            proxy: "idle".to_owned(),
            connections: 1,
            ..Second::default()
        })),
    });
    assert_eq!(said_of("failed = 0 of idle", &one_is_open), [""; 0]);
}

#[test]
fn what_was_measured_is_told_apart_from_what_was_expected() {
    for (micros, limit, said) in [
        (1_003_000, 1_000_000, "1.003 s"),
        (1_000_400, 1_000_000, "1.0004 s"),
        (999_999, 1_000_000, "999.999 ms"),
        (1_030_000, 1_020_000, "1.03 s"),
        (400_384, 400_000, "400.4 ms"),
        (1_000_000, 1_000_000, "1 s"),
        (400_384, 100_000, "400 ms"),
        (90, 90_000, "90 µs"),
    ] {
        let [time, limit] = [micros, limit].map(Duration::from_micros);
        assert_eq!(told_beside(time, limit), said);
    }
}

fn said_of(text: &str, account: &Account) -> Vec<String> {
    let broken = broken(&[parse(text).expect(text)], account);
    broken.iter().map(ToString::to_string).collect()
}

#[test]
fn a_name_that_a_proxy_has_lost_means_it_unless_another_has_taken_it() {
    let rename = |account: &mut Account, before: &str, now: &str| {
        let (before, proxy) = (before.to_owned(), now.to_owned());
        account.take(&Record {
            t: Duration::from_secs(2),
            what: What::Renamed {
                proxy,
                before,
                by: String::new(),
            },
        });
    };
    let mut account = account();
    rename(&mut account, "shop", "w");
    for name in ["shop", "w"] {
        let text = format!("cut < 3 of {name}");
        let said = format!("expected {text}: w had 3");
        assert_eq!(said_of(&text, &account), [said]);
    }
    rename(&mut account, "idle", "shop");
    let said = "expected cut < 3 of shop: nobody connected";
    assert_eq!(said_of("cut < 3 of shop", &account), [said]);
}

#[test]
fn where_there_is_no_such_proxy_every_quantity_says_so() {
    for text in [
        "feels p99 < 1s",
        "waits < 1s",
        "recovers < 1s",
        "failed = 0",
        "cut = 0",
        "answers > 1",
    ] {
        let of = format!("{text} of nobody");
        let said = format!("expected {of}: there was no such proxy");
        assert_eq!(said_of(&of, &account()), [said]);
        let said = format!("expected {text}: there was no proxy");
        assert_eq!(said_of(text, &Account::default()), [said]);
    }
}
