//! Keys, each until the screen shows what it does, while bytes move on as many connections as there can be.

use std::time::Duration;

use super::load::{Traffic, Upstreams, most};
use super::terminal::Console;
use super::{Effort, Row, Times, ms};

/// Between keys: a person does not press thirty a second, at which the console begins to skip frames.
const PAUSE: Duration = Duration::from_millis(70);

const SIZE: (u16, u16) = (120, 35);

/// What was measured of the key that bypasses a proxy.
struct Bypassed {
    shown: Times,
    /// Until the screen says that all connections have taken it, and how long that took as it says.
    told: Times,
    taken: Times,
}

/// The traffic on all connections: messages alone, or beside them a download that takes all there is of processors.
#[derive(Clone, Copy, PartialEq)]
enum Load {
    Messages,
    Full,
}

/// The key that bypasses the crowd's proxy and back.
pub(crate) fn bypass(upstreams: &Upstreams, effort: Effort) -> Vec<Row> {
    let of = |size: usize, load: Load| (size, load, bypassed(upstreams, effort, size, load));
    let few = of(most() / 10, Load::Full);
    let calm = of(most(), Load::Messages);
    let full = of(most(), Load::Full);
    let mut rows = Vec::new();
    for (size, load, what) in [&few, &calm, &full] {
        let traffic = match load {
            Load::Messages => "5,000 messages a second",
            Load::Full => "the same and a download at full speed",
        };
        let name = format!("key to the frame that shows it, {size} connections, {traffic}");
        let shown = &what.shown;
        let met = shown.p(50) <= 2.0 && shown.p(99) <= 10.0 && shown.p(100) <= 16.7;
        let goal = "p50 <= 2, p99 <= 10, never > 16.7 ms";
        rows.push(Row::new(&name, goal, shown.to_string(), met));
    }
    for ((size, _, what), limit) in [(&few, 20.0), (&full, 100.0)] {
        let name = format!("key to taken by each of {size} connections, as the screen says");
        let goal = format!("p99 <= {limit} ms");
        let measured = format!("{}; on the screen after {}", what.taken, what.told);
        rows.push(Row::new(&name, &goal, measured, what.taken.p(99) <= limit));
    }
    rows
}

fn bypassed(upstreams: &Upstreams, effort: Effort, size: usize, load: Load) -> Bypassed {
    let (mut console, proxies) = upstreams.console(SIZE);
    let mut traffic = Traffic::default().messages(proxies.crowd, size);
    if load == Load::Full {
        traffic = traffic.bulk(proxies.bulk);
    }
    crowded(&mut console, size);
    console.press("2");
    console.watch(Duration::from_secs(1));
    let mut what = Bypassed {
        shown: Times::default(),
        told: Times::default(),
        taken: Times::default(),
    };
    for turn in 0..effort.keys {
        let bypasses = turn % 2 == 0;
        let pressed = super::traffic::now();
        let is_shown = |rows: &[String]| rows[..5].iter().any(|row| row.contains("BYPASS"));
        let shown = console.time(" ", |rows| is_shown(rows) == bypasses);
        what.shown.0.push(ms(shown));
        let word = if bypasses {
            "bypass on, "
        } else {
            "bypass off, "
        };
        let says = |row: &String| row.contains(word) && row.contains(" of ");
        let told = console.wait("a bypass", |rows| rows.iter().any(says));
        what.told.0.push(ms(told - pressed));
        let row = console.row_with(word).unwrap_or_default();
        what.taken.0.push(taken_in(&row, size));
        console.watch(PAUSE);
    }
    drop(traffic);
    what
}

/// The milliseconds in `taken by 9900 of 9900 in 8 ms`.
fn taken_in(row: &str, size: usize) -> f64 {
    let all = format!("taken by {size} of {size} in ");
    let (_, figure) = row
        .split_once(&all)
        .unwrap_or_else(|| panic!("not taken by all: {row}"));
    let mut words = figure.split([' ', ',']);
    let figure: f64 = words.next().and_then(|word| word.parse().ok()).expect(row);
    match words.next() {
        Some("µs") => figure / 1e3,
        _ => figure,
    }
}

/// Looking for connections among all, sorting them, and the palette with all that it lists.
pub(crate) fn lists(upstreams: &Upstreams, effort: Effort) -> Vec<Row> {
    let (mut console, proxies) = upstreams.console(SIZE);
    let traffic = Traffic::default().messages(proxies.crowd, most());
    crowded(&mut console, most());
    let (mut palette, mut find, mut sort) = <(Times, Times, Times)>::default();
    for _ in 0..effort.keys / 10 {
        palette
            .0
            .push(press(&mut console, ":", "do anything by its name"));
        for typed in 1..="latency".len() {
            let letter = &"latency"[typed - 1..typed];
            let typed = format!("│ : {} ", &"latency"[..typed]);
            palette.0.push(press(&mut console, letter, &typed));
        }
        console.press("\x1b");
        console.watch(PAUSE);
    }
    console.press("c");
    for turn in 0..effort.keys / 10 {
        press(&mut console, "/", "find connections");
        for typed in 1.."state:open".len() {
            let letter = &"state:open"[typed - 1..typed];
            let typed = format!(" / {} ", &"state:open"[..typed]);
            find.0.push(press(&mut console, letter, &typed));
        }
        console.press("\x1b");
        console.watch(PAUSE);
        press(&mut console, "S", "again turns it round");
        let first = if turn % 2 == 0 {
            "least first"
        } else {
            "greatest first"
        };
        let words = format!("sorted by ↓rate, {first}");
        sort.0.push(press(&mut console, "\r", &words));
        console.watch(PAUSE);
    }
    drop(traffic);
    let row = |name: &str, times: &Times| {
        let met = times.p(50) <= 2.0 && times.p(99) <= 10.0 && times.p(100) <= 16.7;
        let goal = "as above";
        Row::new(name, goal, times.to_string(), met)
    };
    let of = format!("{} connections", most());
    vec![
        row(&format!("palette: each key to its frame, {of}"), &palette),
        row(&format!("find: each key to its frame, among {of}"), &find),
        row(&format!("sort {of}: key to its frame"), &sort),
    ]
}

/// Presses a key and waits for a text: how long, in ms.
fn press(console: &mut Console, keys: &str, text: &str) -> f64 {
    let time = console.time(keys, |rows| shows(rows, text));
    console.watch(PAUSE);
    ms(time)
}

/// Waits for the strip that counts all of a crowd.
fn crowded(console: &mut Console, size: usize) {
    let all = format!("{size} conn");
    console.wait("its crowd", |rows| shows(rows, &all));
}

fn shows(rows: &[String], text: &str) -> bool {
    rows.iter().any(|row| row.contains(text))
}
