//! Two settings of a proxy beside each other: what its clients met under A, and under B.

use std::time::Duration;

use ratatui::text::Span;

use super::pen::widths;
use crate::snapshot::{Met, ProxyRow};
use crate::ui::format;
use crate::ui::model::{Model, Side, TwoSettings};
use crate::ui::theme::Role;

/// The settings of a proxy that has two, the side that acts first.
pub(super) fn of<'a>(model: &'a Model, row: &ProxyRow) -> Option<(&'a TwoSettings, [Side; 2])> {
    let two = model.settings.get(&row.id)?;
    Some((two, [two.side, two.side.other()]))
}

/// The median that was felt under the side that does not act.
pub(super) fn other_median(model: &Model, row: &ProxyRow) -> Option<(Side, Duration)> {
    let (two, [_, other]) = of(model, row)?;
    Some((other, two.met(other)?.feels?.p50))
}

/// What was met under a side, whole and in short; nothing where nothing is known yet.
pub(super) fn met(met: Option<&Met>) -> [String; 2] {
    let Some(met) = met else {
        return ["not measured yet", "not yet"].map(str::to_owned);
    };
    let answers = format!("{:.1}/s", met.answers);
    let failed = format::count(met.failed);
    let cut = match met.cut {
        0 => String::new(),
        cut => format!("  cut {}", format::count(cut)),
    };
    let Some(feels) = met.feels else {
        let text = format!("no answer  failed {failed}{cut}");
        return [text.clone(), text];
    };
    let [p50, p99] = [feels.p50, feels.p99].map(format::time);
    [
        format!("p50 {p50}  p99 {p99}  {answers}  failed {failed}{cut}"),
        format!("{p50} {answers} failed {failed}"),
    ]
}

/// How many times as long as under the other side clients waited under the one that acts.
pub(super) fn factor(two: &TwoSettings) -> Option<String> {
    let median = |side| Some(two.met(side)?.feels?.p50.as_secs_f64());
    let times = median(two.side)? / median(two.side.other())?;
    times.is_finite().then(|| format!("x{times:.1}"))
}

/// Both sides in a line, with the keys that swap and end them: as much of it as so many columns take.
pub(super) fn line(model: &Model, row: &ProxyRow, columns: u16) -> Option<Vec<Span<'static>>> {
    let (two, _) = of(model, row)?;
    let [whole, short] = [0, 1].map(|form| {
        let mut spans = Vec::new();
        for side in [Side::A, Side::B] {
            let is_acting = side == two.side;
            let role = if is_acting {
                Role::Injected
            } else {
                Role::Plain
            };
            let text = met(two.met(side))[form].clone();
            let role_of_text = if is_acting {
                Role::Measured
            } else {
                Role::Plain
            };
            spans.push(Span::styled(format!(" {side} "), role));
            spans.push(Span::styled(format!("{text}  "), role_of_text));
        }
        for (key, what) in [("\\", " swaps  "), ("|", " ends A/B")] {
            spans.push(Span::styled(key, Role::Title));
            spans.push(Span::styled(what, Role::Rest));
        }
        spans
    });
    Some(if widths(&whole) <= columns {
        whole
    } else {
        short
    })
}
