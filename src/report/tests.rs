//! Reports of a session that is made up.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::fault::PerDirection;
use crate::sweep::{Curve, Ended, GivesUp, Set, Step};
use crate::tape::{FaultChange, Finding, Head, Record, Second, Standing, Unanswered, Waits, What};

const NAME: &str = "<script>alert(1)</script>|`\"'\u{1b}[31m";

fn faults(proxy: &str, millis: u64, faults: &str) -> Record {
    Record {
        t: Duration::from_millis(millis),
        what: What::Faults(Arc::new(FaultChange {
            proxy: proxy.to_owned(),
            before: String::new(),
            faults: faults.to_owned(),
            bypassed: false,
            by: "console".to_owned(),
        })),
    }
}

fn second(proxy: &str, number: u64) -> Record {
    let (mut waits, mut unanswered) = (Waits::default(), None);
    let mut ended = std::collections::BTreeMap::new();
    match number {
        31..=60 => (0..15).for_each(|at| waits.count(Duration::from_millis(285 + at))),
        61..=80 => {
            unanswered = Some(Unanswered {
                count: 4,
                oldest_ms: (number - 60) as f64 * 1e3,
                overdue: 4,
            });
            if number == 75 {
                ended = [
                    ("client".to_owned(), 2),
                    ("reset".to_owned(), 3),
                    ("unreached".to_owned(), 1),
                ]
                .into();
            }
        }
        _ => (0..24).for_each(|at| waits.count(Duration::from_millis(38 + at / 3))),
    }
    Record {
        t: Duration::from_secs(number),
        what: What::Second(Box::new(Second {
            proxy: proxy.to_owned(),
            span: Duration::from_secs(1),
            connections: 6,
            bytes: PerDirection::of(900, 40_000),
            waits,
            unanswered,
            ended,
            ..Second::default()
        })),
    }
}

/// A sweep that found where clients give up.
fn climbed(name: &str) -> Curve {
    let step = |at: f64, answers: u64, wait: f64| Step {
        at_s: 100.0 + at,
        lasted_s: 5.0,
        asked: answers,
        answers,
        p50_ms: Some(wait),
        p99_ms: Some(wait * 1.1),
        mean_ms: Some(wait),
        pause_ms: Some(300.0),
        ..Step::default()
    };
    let gives = Step {
        failed: 2,
        left: 14,
        p50_ms: None,
        p99_ms: None,
        mean_ms: None,
        oldest_ms: 1_998.0,
        gives_up: Some(GivesUp {
            after_ms: 2_003.0,
            n: 14,
            of: 14,
        }),
        ..step(10.0, 0, 0.0)
    };
    let set = |text: &str, number| Set {
        text: text.to_owned(),
        number,
    };
    Curve {
        number: 1,
        proxy: name.to_owned(),
        sweep: "latency from=100ms to=2.5s steps=3".to_owned(),
        fault: "latency<i>".to_owned(),
        hold_s: 5.0,
        log: true,
        values: vec![set("100ms", 0.1), set("500ms", 0.5), set("2.5s", 2.5)],
        steps: vec![step(0.0, 75, 140.0), step(5.0, 36, 540.0), gives],
        ended: Some(Ended::Done),
        ..Curve::default()
    }
}

/// A session of two minutes with a proxy of this name.
#[expect(clippy::too_many_lines, reason = "all that a tape may hold")]
fn tape(name: &str) -> Tape {
    let standing = |name: &str| Standing {
        proxy: name.to_owned(),
        mapping: "8080=http://shop.internal:80 as shop".to_owned(),
        ..Standing::default()
    };
    let mut tape = Tape::new(Head {
        tape: Head::FORM,
        faultboard: "0.1.0".to_owned(),
        seed: 42,
        began: "2026-11-29T21:00:00Z".to_owned(),
        t: Duration::ZERO,
        demo: false,
        arguments: vec!["--bind".to_owned(), "::1".to_owned()],
        proxies: vec![standing(name), standing("quiet")],
    });
    (1..=120).for_each(|number| tape.push(second(name, number)));
    tape.push(faults(name, 30_000, "latency 250ms"));
    tape.push(faults(name, 60_000, "blackhole"));
    tape.push(faults(name, 80_000, ""));
    for (second, which, state) in [
        (70, "request", "new"),
        (79, "request", "changed"),
        (72, "opening", "new"),
        (78, "opening", "withdrawn"),
    ] {
        tape.push(Record {
            t: Duration::from_secs(second),
            what: What::Finding(Box::new(Finding {
                proxy: name.to_owned(),
                kind: "gives_up".to_owned(),
                which: which.to_owned(),
                state: state.to_owned(),
                text: "clients give up after 2.0 s <i>".to_owned(),
                under: "blackhole".to_owned(),
                n: 14,
                of: 14,
                confidence: "high".to_owned(),
                values: [("after".to_owned(), 2.0)].into(),
                connections: vec![31, 32],
            })),
        });
    }
    tape.push(Record {
        t: Duration::from_secs(115),
        what: What::Sweep(Box::new(climbed(name))),
    });
    tape.push(Record {
        t: Duration::from_secs(75),
        what: What::Error {
            proxy: name.to_owned(),
            error: "cannot listen: <b>no</b>".to_owned(),
        },
    });
    for (millis, lasted) in [(88_000, 612), (88_010, 598), (101_500, 45)] {
        let lasted = Duration::from_millis(lasted);
        tape.push(Record {
            t: Duration::from_millis(millis),
            what: What::Stall { lasted },
        });
    }
    tape
}

fn reported(name: &str, form: Form) -> String {
    let tape = tape(name);
    let file = Some(Path::new("a session.tape"));
    report(&tape, &Account::of(&tape), file, form)
}

#[test]
fn a_report_for_a_ticket_says_what_was_set_and_what_was_met() {
    insta::assert_snapshot!(reported("shop", Form::Markdown));
}

#[test]
fn a_page_looks_like_this() {
    insta::assert_snapshot!(reported("shop", Form::Html));
}

#[test]
fn what_others_wrote_is_shown_and_never_obeyed() {
    let html = reported(NAME, Form::Html);
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;|`&quot;&#39;\\u{1b}[31m"));
    assert!(html.contains("cannot listen: &lt;b&gt;no&lt;/b&gt;"));
    for active in ["<script", "<b>", "<i>", "\u{1b}"] {
        assert!(!html.contains(active), "{active}");
    }
    let markdown = reported(NAME, Form::Markdown);
    assert!(
        markdown.contains("## `<script>alert(1)</script>\\|'\"'\\u{1b}[31m`"),
        "{markdown}"
    );
    assert!(
        markdown.contains("cannot listen: \\<b\\>no\\</b\\>"),
        "{markdown}"
    );
}

#[test]
fn a_sweep_is_drawn_with_its_sentence_and_told_to_programs() {
    let said = "holds to 500 ms; at 2.5 s clients give up after 2.0 s (14 of 14)";
    let html = reported("shop", Form::Html);
    assert!(
        html.contains(said) && html.matches("<svg").count() == 2,
        "{html}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&reported("shop", Form::Json)).expect("JSON");
    let swept = &json["proxies"][0]["sweeps"][0];
    assert_eq!(
        (
            swept["text"].as_str(),
            swept["steps"][1]["answers"].as_u64()
        ),
        (Some(said), Some(36))
    );
}

#[test]
fn what_runs_it_again_writes_over_no_tape_and_no_report() {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect();
    for given in [
        "--duration 1s --tape dm.tape --report dm.html --no-spin",
        "--duration 1s --tape=dm.tape --report=dm.html --no-spin",
        "--tape --report --duration 1s --report --tape --no-spin",
    ] {
        let mut tape = tape("shop");
        for demo in [false, true] {
            (tape.head.arguments, tape.head.demo) = (words(given), demo);
            let path = Path::new("dm.tape");
            let text = report(&tape, &Account::of(&tape), Some(path), Form::Markdown);
            let (_, again) = text.split_once("## Once more").expect("a section");
            let replay = "    faultboard replay --duration 1s --no-spin dm.tape";
            assert!(again.contains(replay), "{again}");
            assert!(
                again.contains("--seed 42 --duration 1s --no-spin"),
                "{again}"
            );
            assert!(
                !again.contains("--tape") && !again.contains("--report"),
                "{again}"
            );
        }
    }
}

#[test]
fn a_page_asks_nobody_for_anything() {
    let html = reported("shop", Form::Html);
    for outside in [
        "src=",
        "href=",
        "url(",
        "@import",
        "<link",
        "<script",
        "javascript:",
    ] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn a_report_for_a_program_has_the_figures() {
    let json: serde_json::Value =
        serde_json::from_str(&reported("shop", Form::Json)).expect("JSON");
    let rows = json["proxies"][0]["rows"].as_array().expect("rows");
    let told: Vec<String> = rows
        .iter()
        .map(|row| {
            let factor = row["factor"]
                .as_f64()
                .map(|factor| (factor * 10.0).round() / 10.0);
            let (faults, answers) = (&row["faults"], &row["answers_per_s"]);
            format!(
                "{faults} {answers} {factor:?} {}/{}",
                row["ours"], row["theirs"]
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "\"nothing\" 24.0 None 0/0",
            "\"latency 250ms\" 15.0 Some(7.1) 0/0",
            "\"blackhole\" 0.0 None 3/1",
            "\"nothing\" 24.0 None 0/0"
        ]
    );
    assert_eq!(json["proxies"][0]["recoveries"][0]["took_s"], 1.0);
    let found = json["proxies"][0]["findings"].as_array().expect("findings");
    let states: Vec<&serde_json::Value> = found.iter().map(|it| &it["withdrawn"]).collect();
    assert_eq!(states, [false, true]);
}

#[test]
fn a_hand_that_turns_a_knob_is_one_row() {
    let mut tape = tape("shop");
    for (number, millis) in (0..8_u64).map(|number| (number, 90_000 + number * 900)) {
        tape.push(faults(
            "shop",
            millis,
            &format!("latency {}ms", 10 + number),
        ));
    }
    let page = report(&tape, &Account::of(&tape), None, Form::Markdown);
    assert!(
        page.contains("latency 10ms … latency 16ms (7 steps)"),
        "{page}"
    );
    assert!(page.contains("| `latency 17ms` |"), "{page}");
}

#[test]
fn what_others_set_meanwhile_is_a_row_of_its_own() {
    let mut tape = tape("shop");
    let by = |number: u64| if number == 4 { "commands" } else { "sweep" };
    for number in 0..9_u64 {
        let mut record = faults(
            "shop",
            90_000 + number * 900,
            &format!("latency {number}ms"),
        );
        if let What::Faults(change) = &mut record.what {
            Arc::make_mut(change).by = by(number).to_owned();
        }
        tape.push(record);
    }
    let page = report(&tape, &Account::of(&tape), None, Form::Markdown);
    for row in [
        "`latency 0ms … latency 3ms (4 steps)` | sweep |",
        "`latency 4ms` | commands |",
        "`latency 5ms … latency 7ms (3 steps)` | sweep |",
    ] {
        assert!(page.contains(row), "{row}\n{page}");
    }
}

#[test]
fn how_many_times_as_long_counts_from_what_was_before() {
    let mut tape = Tape::new(tape("shop").head);
    let waits = [20, 100, 40, 200];
    for number in 1..=40 {
        let millis = waits[(number - 1) / 10];
        let mut waits = Waits::default();
        (0..9).for_each(|_| waits.count(Duration::from_millis(millis)));
        let mut record = second("shop", number as u64);
        if let What::Second(second) = &mut record.what {
            second.waits = waits;
        }
        tape.push(record);
    }
    for (millis, set) in [
        (10_000, "latency 80ms"),
        (20_000, ""),
        (30_000, "latency 160ms"),
    ] {
        tape.push(faults("shop", millis, set));
    }
    let page = report(&tape, &Account::of(&tape), None, Form::Markdown);
    for (set, times) in [("latency 80ms", "x5.0"), ("latency 160ms", "x5.0")] {
        let row = page.lines().find(|line| line.contains(set));
        assert!(row.is_some_and(|row| row.contains(times)), "{page}");
    }
}

#[test]
fn the_form_is_that_of_the_files_name() {
    for (name, form) in [
        ("x.html", Form::Html),
        ("x.MD", Form::Markdown),
        ("x.tape.json", Form::Json),
        ("x", Form::Html),
    ] {
        assert_eq!(Form::of(Path::new(name)), form, "{name}");
    }
}
