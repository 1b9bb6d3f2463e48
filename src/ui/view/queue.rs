//! What waits at a proxy, drawn as a small queue that fills and empties: the longer it is, the more bytes are held.
//!
//! ```text
//!  ▕█▄▁▁▏ 2.1 kB      a cell is ten times the one before it: 1 kB, 10 kB, 100 kB, 1 MB
//! ```

use super::charts::block;
use super::pen::{Pen, width};
use crate::fault::knob::Metric;
use crate::fault::{Directions, Plan};
use crate::snapshot::ProxyRow;
use crate::ui::format;
use crate::ui::knob;
use crate::ui::theme::Role;

/// How many cells it has, and what the first one begins at, in bytes.
const CELLS: u16 = 4;
const LEAST: f64 = 100.0;
/// Columns that stay free before it.
const GAP: u16 = 2;

/// Draws at the end of a row what waits at a proxy with this plan: with its size, where there is room; nothing where no fault
/// holds bytes.
pub(super) fn draw(row: &ProxyRow, plan: &Plan, pen: &mut Pen<'_>) {
    let bytes = row.held.sum();
    if row.foreign.is_some() || (bytes == 0 && !holds(plan)) {
        return;
    }
    let role = if bytes > 0 {
        Role::Injected
    } else {
        Role::Rest
    };
    let queue = queue(bytes);
    let size = (bytes > 0).then(|| format!("{queue} {}", format::bytes(bytes)));
    let mut texts = size.into_iter().chain([queue]);
    let room = pen.room().saturating_sub(GAP);
    if let Some(text) = texts.find(|text| width(text) <= room) {
        pen.skip(pen.room() - width(&text)).text(text, role);
    }
}

/// Whether some fault of a plan makes bytes wait.
fn holds(plan: &Plan) -> bool {
    let mut dials = knob::all().iter();
    let holds = |metric| matches!(metric, Metric::AddedDelay | Metric::Held | Metric::Rate);
    let is_set = |dial: &knob::Dial| dial.value(plan, Directions::Both).is_some();
    !plan.bypassed && dials.any(|dial| holds(dial.knob.metric) && is_set(dial))
}

fn queue(bytes: u64) -> String {
    let filled = (bytes as f64 / LEAST).log10();
    let cells = (0..CELLS).map(|cell| match filled - f64::from(cell) {
        _ if bytes == 0 => "▁",
        // Whatever waits is seen.
        part if cell == 0 => block(part.clamp(0.25, 1.0), 0, 1),
        part if part > 0.125 => block(part.min(1.0), 0, 1),
        _ => "▁",
    });
    format!("▕{}▏", cells.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_queue_is_drawn_longer() {
        for (bytes, drawn) in [
            (0, "▕▁▁▁▁▏"),
            (1, "▕▂▁▁▁▏"),
            (207, "▕▃▁▁▁▏"),
            (1_000, "▕█▁▁▁▏"),
            (5_000, "▕█▆▁▁▏"),
            (100_000, "▕███▁▏"),
            (9_000_000, "▕████▏"),
        ] {
            assert_eq!(queue(bytes), drawn, "{bytes}");
        }
    }
}
