//! The printer between an engine and a reader that does not read.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use parking_lot::Mutex;
use serde_json::Value;

use super::*;
use crate::proxy;

/// A sink that takes nothing until it is opened.
struct Gate {
    opened: Option<Receiver<()>>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(opened) = self.opened.take() {
            // An error is the other side's drop, which opens it as well.
            let _ = opened.recv();
        }
        self.written.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn options(style: Style) -> Options {
    Options {
        facts: false,
        style,
        quiet_connections: false,
        again: None,
    }
}

#[tokio::test]
async fn what_a_reader_is_too_slow_for_is_counted_and_said() {
    const PRINTED: u64 = 20_000;
    let of_engine = proxy::Options {
        workers: 1,
        ..proxy::Options::default()
    };
    let engine = Engine::start(of_engine).expect("an engine");
    let (open, opened) = sync_channel(0);
    let written = Arc::default();
    let gate = Gate {
        opened: Some(opened),
        written: Arc::clone(&written),
    };
    let output = Output::new(gate).expect("a thread");
    let mut printer = Printer::new(&engine, options(Style::Json), output);
    for _ in 0..PRINTED {
        printer.fail("x");
    }
    drop(open);
    printer
        .finish("done")
        .await
        .expect("the gate takes everything");
    let text = String::from_utf8(written.lock().clone()).expect("text");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let lost = lines.iter().find_map(|line| line["lost"].as_u64());
    let shown = lines.iter().filter(|line| line["error"] == "x").count() as u64;
    assert!(
        lost > Some(0),
        "{PRINTED} lines are more than the queue holds"
    );
    assert_eq!(lost.map(|lost| lost + shown), Some(PRINTED));
    assert_eq!(
        lines.last().map(|line| &line["event"]),
        Some(&Value::from("stopped"))
    );
    engine.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn a_reader_that_never_reads_does_not_hold_up_the_end() {
    let engine = Engine::start(proxy::Options::default()).expect("an engine");
    let (open, opened) = sync_channel(0);
    let gate = Gate {
        opened: Some(opened),
        written: Arc::default(),
    };
    let output = Output::new(gate).expect("a thread");
    let mut printer = Printer::new(&engine, options(Style::Words), output);
    for _ in 0..20_000 {
        printer.fail("x");
    }
    tokio::time::pause();
    printer.finish("done").await.expect("giving up is no error");
    drop(open);
    engine.stop(Duration::ZERO).await;
}

fn answered(command: &str) -> Answered {
    Answered {
        command: command.to_owned(),
        outcome: Ok(Answer::Quit),
        note: None,
    }
}

#[tokio::test]
async fn an_answer_finds_room_where_events_find_none_and_one_that_does_not_is_waited_for_once() {
    const COMMANDS: usize = 2_000;
    let engine = Engine::start(proxy::Options::default()).expect("an engine");
    let (open, opened) = sync_channel(0);
    let written = Arc::default();
    let gate = Gate {
        opened: Some(opened),
        written: Arc::clone(&written),
    };
    let output = Output::new(gate).expect("a thread");
    let mut printer = Printer::new(&engine, options(Style::Json), output);
    for _ in 0..20_000 {
        printer.fail("x");
    }
    tokio::time::pause();
    let began = engine.now();
    printer.answer(&answered("first")).await;
    assert_eq!(engine.now(), began);
    for _ in 0..COMMANDS {
        printer.answer(&answered("more")).await;
    }
    assert_eq!(engine.now().abs_diff(began).as_secs(), PATIENCE.as_secs());
    tokio::time::resume();
    drop(open);
    printer.finish("done").await.expect("the gate is open");
    let text = String::from_utf8(written.lock().clone()).expect("text");
    let count = |what: &str| text.lines().filter(|line| line.contains(what)).count();
    assert_eq!(count("\"first\""), 1);
    assert!((1..COMMANDS).contains(&count("\"more\"")));
    assert!(count("events lost") > 0);
    engine.stop(Duration::ZERO).await;
}
