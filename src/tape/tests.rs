//! Tapes that are written, read, cut and forgotten.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::fault::PerDirection;

pub(super) fn head() -> Head {
    Head {
        tape: Head::FORM,
        faultboard: "0.1.0".to_owned(),
        seed: 7,
        began: "2026-11-29T21:00:00Z".to_owned(),
        t: Duration::from_millis(4),
        demo: false,
        arguments: vec!["--no-spin".to_owned()],
        proxies: vec![Standing {
            proxy: "db".to_owned(),
            mapping: "1=db:2".to_owned(),
            ..Standing::default()
        }],
    }
}

pub(super) fn faults(millis: u64, faults: &str) -> Record {
    Record {
        t: Duration::from_millis(millis),
        what: What::Faults(Arc::new(FaultChange {
            proxy: "db".to_owned(),
            before: String::new(),
            faults: faults.to_owned(),
            bypassed: false,
            by: "console".to_owned(),
        })),
    }
}

pub(super) fn second(number: u64, waits: &[u64]) -> Record {
    let mut counted = Waits::default();
    for millis in waits {
        counted.count(Duration::from_millis(*millis));
    }
    Record {
        t: Duration::from_secs(number),
        what: What::Second(Box::new(Second {
            proxy: "db".to_owned(),
            span: Duration::from_secs(1),
            connections: 3,
            bytes: PerDirection::of(1, 2),
            waits: counted,
            ..Second::default()
        })),
    }
}

fn written(head: &Head, records: &[Record]) -> String {
    let lines = records.iter().map(line);
    [line(head)].into_iter().chain(lines).collect()
}

#[test]
fn a_tape_looks_like_this() {
    let records = [faults(12_500, "latency 250ms"), second(13, &[250])];
    assert_eq!(
        written(&head(), &records),
        concat!(
            r#"{"tape":1,"faultboard":"0.1.0","seed":7,"began":"2026-11-29T21:00:00Z","t":0.004,"demo":false,"#,
            r#""arguments":["--no-spin"],"proxies":[{"proxy":"db","mapping":"1=db:2","port":"open","faults":"","bypassed":false}]}"#,
            "\n",
            r#"{"t":12.5,"event":"faults","proxy":"db","before":"","faults":"latency 250ms","bypassed":false,"by":"console"}"#,
            "\n",
            r#"{"t":13.0,"event":"second","proxy":"db","span":1.0,"connections":3,"bytes":{"up":1,"down":2},"waits":[[250368,1]]}"#,
            "\n",
        )
    );
}

#[test]
fn who_changed_a_port_is_written_and_need_not_be_known() {
    let port = |by: &str| Record {
        t: Duration::from_secs(1),
        what: What::Port {
            proxy: "db".to_owned(),
            port: Port::Closed,
            by: by.to_owned(),
        },
    };
    let nobody = r#"{"t":1.0,"event":"port","proxy":"db","port":"closed"}"#;
    let ana = nobody.replace('}', r#","by":"ana@laptop"}"#);
    for (by, text) in [("", nobody), ("ana@laptop", &ana)] {
        assert_eq!(line(&port(by)), format!("{text}\n"));
        assert_eq!(
            serde_json::from_str::<Record>(text).expect("a record"),
            port(by)
        );
    }
}

#[test]
fn what_is_no_tape_is_refused_in_one_line() {
    for (text, why) in [
        ("", "it is empty"),
        (
            "35432=psql://db\n",
            "it is no tape: its first line is 35432=psql://db",
        ),
        (
            "{\"tape\":1,\"faultb",
            "it is cut off in its first line: nothing of it can be read",
        ),
        ("{\"t\":1}\n", "it is no tape: its first line is {\"t\":1}"),
        (
            "{\"tape\":2,\"new\":true}\n",
            "it is a tape of form 2, which a later faultboard writes: this one reads up to 1",
        ),
    ] {
        let refused = read(text.as_bytes()).expect_err("no tape").to_string();
        assert_eq!(refused, why);
    }
}

#[test]
fn an_event_of_a_later_version_is_passed_over() {
    let text = written(&head(), &[faults(1, "loss 1%")])
        + "{\"t\":2.0,\"event\":\"moon\",\"phase\":[1]}\n{\"t\":3.0,\"event\":\"end\",\"reason\":\"stopped\"}\n";
    let read = read(text.as_bytes()).expect("a tape");
    assert_eq!(read.damage, None);
    let unknown = read
        .tape
        .records()
        .filter(|record| record.what == What::Unknown);
    assert_eq!((unknown.count(), read.tape.records().count()), (1, 3));
}

#[test]
fn a_time_that_is_none_is_damage() {
    for t in ["-1.0", "1e300", "null", "\"x\""] {
        let text = line(&head()) + &format!("{{\"t\":{t},\"event\":\"lost\",\"lost\":1}}\n");
        let read = read(text.as_bytes()).expect("a tape");
        let damage = read.damage.expect("it is damaged").to_string();
        assert!(damage.starts_with("is damaged in line 2 ("), "{damage}");
    }
}

#[test]
fn a_record_that_comes_late_finds_its_place() {
    let mut tape = Tape::new(head());
    for record in [
        faults(1_000, ""),
        faults(2_100, ""),
        second(2, &[]),
        second(3, &[]),
    ] {
        tape.push(record);
    }
    let times: Vec<u128> = tape.records().map(|record| record.t.as_millis()).collect();
    assert_eq!(times, [1_000, 2_000, 2_100, 3_000]);
}

#[test]
fn what_is_older_than_an_hour_goes_and_stays_in_force() {
    let mut tape = Tape::new(head());
    tape.push(faults(1_000, "latency 1s"));
    for number in 2..=4_000 {
        tape.push(second(number, &[5]));
        tape.trim();
    }
    assert_eq!(tape.records().count(), 3_601);
    assert_eq!(tape.head.t, Duration::from_secs(399));
    assert_eq!(tape.head.proxies[0].faults, "latency 1s");
}

#[test]
fn a_tape_in_memory_takes_so_much_and_no_more() {
    let mut tape = Tape::new(head());
    let long = "x".repeat(10_000);
    for number in 0..5_000 {
        tape.push(faults(number, &long));
        tape.trim();
    }
    let kept = tape.records().count();
    assert!((1_000..1_700).contains(&kept), "{kept}");
}

fn record() -> impl Strategy<Value = Record> {
    let name = "[a-z\"\\\\\u{e4}\n]{0,8}";
    let what = prop_oneof![
        (name, name, name).prop_map(|(proxy, before, by)| What::Renamed { proxy, before, by }),
        (name, name, any::<bool>()).prop_map(|(proxy, faults, bypassed)| What::Faults(Arc::new(
            FaultChange {
                proxy: proxy.clone(),
                before: String::new(),
                faults: faults.clone(),
                bypassed,
                by: "console".to_owned(),
            }
        ))),
        (name, proptest::collection::vec(0_u64..100_000, 0..9)).prop_map(|(proxy, waits)| {
            let What::Second(second) = second(1, &waits).what else {
                unreachable!("it makes seconds");
            };
            What::Second(Box::new(Second { proxy, ..*second }))
        }),
        any::<u64>().prop_map(|lost| What::Lost { lost }),
        (0_u64..1 << 40).prop_map(|micros| What::Stall {
            lasted: Duration::from_micros(micros)
        }),
    ];
    (0_u64..1 << 40, what).prop_map(|(micros, what)| Record {
        t: Duration::from_micros(micros),
        what,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(mut records in proptest::collection::vec(record(), 0..20)) {
        let text = written(&head(), &records);
        let read = read(text.as_bytes()).expect("a tape");
        records.sort_by_key(|record| record.t);
        prop_assert_eq!(&read.tape.head, &head());
        let found: Vec<Record> = read.tape.records().cloned().collect();
        prop_assert_eq!(found, records);
    }

    /// Wherever it is cut, and whatever a byte of it becomes, the records before that are read and no program panics.
    #[test]
    fn a_damaged_tape_is_read_up_to_its_last_whole_record(
        records in proptest::collection::vec(record(), 1..12),
        at in any::<prop::sample::Index>(),
        byte in any::<Option<u8>>(),
    ) {
        let mut bytes = written(&head(), &records).into_bytes();
        let first = line(&head()).len();
        let at = first + at.index(bytes.len() - first);
        let whole = bytes[first..at].split(|byte| *byte == b'\n').count() - 1;
        match byte {
            Some(byte) => bytes[at] = byte,
            None => bytes.truncate(at),
        }
        let read = read(&bytes).expect("its first line is whole");
        prop_assert!(read.damage.is_some());
        prop_assert!(read.tape.records().count() >= whole);
    }
}
