//! From the start of the program to its first frame.

use std::time::Duration;

use super::terminal::{Answers, Console};
use super::{Effort, Row, Times, ms};

/// The demo's desk is whole when each of its proxies is there, and the last row.
const WHOLE: [&str; 5] = ["echo", "shop", "files", "flaky", "←→ turn"];

/// Starts on a terminal that answers what it is asked, and on one that does not.
pub(crate) fn rows(effort: Effort) -> Vec<Row> {
    let of = |name: &str, answers: Answers| {
        let starts = (0..effort.starts).map(|_| ms(first_frame(answers)));
        let times = Times(starts.collect());
        let name = format!("start to the first whole frame, {name}");
        Row::new(
            &name,
            "p99 <= 50 ms",
            times.to_string(),
            times.p(99) <= 50.0,
        )
    };
    vec![
        of("on a terminal that answers", Answers::AtOnce),
        of("on one that answers nothing", Answers::Never),
    ]
}

/// How long it took until the screen showed a whole desk. A frame of an empty desk before it is a fault.
fn first_frame(answers: Answers) -> Duration {
    let mut console = Console::start((120, 35), &["demo", "--seed", "1"], answers);
    let began = console.began;
    let whole = console.wait("its start", |rows| {
        let shows = |text: &&str| rows.iter().any(|row| row.contains(text));
        assert!(!shows(&"no proxies yet"), "an empty desk is shown first");
        WHOLE.iter().all(shows)
    });
    whole - began
}
