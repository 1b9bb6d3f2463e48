//! What frames come to in bytes, and whether what is shown is true.

use std::net::TcpStream;
use std::time::Duration;

use super::load::Upstreams;
use super::terminal::{Answers, Console, frames};
use super::traffic::{exchange, now};
use super::{Effort, Row, Times, ms};

const PAUSE: Duration = Duration::from_millis(350);

/// Bytes of frames: those that show a knob turned on a desk at rest, and all over the demo's traffic, with and without that.
pub(crate) fn frame(effort: Effort) -> Vec<Row> {
    let rest = ["0=127.0.0.1:9 as echo", "0=127.0.0.1:9 as shop"];
    let (turned, _) = turns(&rest, "2 shop", effort);
    let (busy, steady) = turns(&["demo", "--seed", "1"], "12 conn", effort);
    let row = |name: &str, most: f64, bytes: &Times| {
        let name = format!("bytes a frame at 80x24, {name}");
        let (goal, met) = (format!("<= {most}"), bytes.p(99) <= most);
        Row::new(&name, &goal, format!("{bytes:.0}"), met)
    };
    vec![
        row("a knob turned, at rest", 600.0, &turned),
        row("steady, the demo's traffic", 1_500.0, &steady),
        row(
            "a knob turned in the same, with the figures that moved",
            1_500.0,
            &busy,
        ),
    ]
}

/// Turns the first proxy's latency: the bytes of frames that show it, and of those between.
fn turns(arguments: &[&str], begun: &str, effort: Effort) -> (Times, Times) {
    let mut console = Console::start((80, 24), arguments, Answers::AtOnce);
    console.wait("its start", |rows| shows(rows, begun));
    console.watch(PAUSE);
    console.written();
    let (mut turned, mut steady) = (Times::default(), Times::default());
    for turn in 0..effort.keys / 4 {
        console.watch(PAUSE);
        let between = frames(&console.written());
        steady.0.extend(between.into_iter().map(|len| len as f64));
        let (key, value) = [("4", " 100ms"), ("5", " 250ms"), ("0", "off")][turn % 3];
        let before = console.rows()[3].clone();
        console.time(key, |rows| rows[3] != before && rows[3].contains(value));
        console.watch(Duration::from_millis(10));
        let came = frames(&console.written());
        turned.0.extend(came.first().map(|len| *len as f64));
    }
    (turned, steady)
}

/// The median that a strip shows beside that of a client which measures round trips of its own, under several latencies.
pub(crate) fn truth(upstreams: &Upstreams, effort: Effort) -> Row {
    let (mut console, proxies) = upstreams.console((120, 35));
    let mut client = TcpStream::connect(proxies.crowd).expect("connects");
    client.set_nodelay(true).expect("a socket");
    let mut worst: f64 = 0.0;
    let mut told = Vec::new();
    for value in ["5ms", "50ms", "250ms"] {
        console.press(&format!("={value}\r"));
        let set = format!("→ {value}, taken by 1 of 1");
        console.wait(value, |rows| shows(rows, &set));
        let began = now();
        let mut trips = Times::default();
        // The strip looks back one second.
        while now() - began < effort.time.max(Duration::from_secs(3)) {
            let left = now();
            exchange(&mut client, &[1; 64]);
            trips.0.push(ms(now() - left));
            console.watch(Duration::from_millis(1));
        }
        console.watch(Duration::from_millis(250));
        let row = console.row_with("app feels").expect("a chart");
        let shown = median_in(&row);
        let felt = trips.p(50);
        worst = worst.max((shown - felt).abs() / (felt * 0.02).max(2.0));
        told.push(format!("{shown} of {felt:.1}"));
    }
    Row::new(
        "the median that is shown, of that of a client, under 5, 50, 250 ms",
        "within 2 ms or 2 %",
        format!("{} ms", told.join(", ")),
        worst <= 1.0,
    )
}

/// The milliseconds behind `p50`.
fn median_in(row: &str) -> f64 {
    let figure = row.split_once("p50 ").map_or("", |(_, figure)| figure);
    let figure = figure.split(' ').next().unwrap_or_default();
    figure
        .parse()
        .unwrap_or_else(|_| panic!("no median: {row}"))
}

fn shows(rows: &[String], text: &str) -> bool {
    rows.iter().any(|row| row.contains(text))
}
