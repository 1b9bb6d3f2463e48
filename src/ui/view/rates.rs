//! The chart of bytes per second: one direction in columns under its cap, the other one in a row of its own.

use ratatui::layout::Constraint::{Fill, Length};
use ratatui::layout::{Layout, Rect};
use ratatui::text::Span;

use super::charts::{Chart, FIGURES, block, round_up};
use super::pen::Sheet;
use crate::fault::knob::Metric;
use crate::fault::{Direction, Directions, Value};
use crate::snapshot::ProxyRow;
use crate::ui::format::RateUnit;
use crate::ui::knob;
use crate::ui::model::Model;
use crate::ui::proof::arrow;
use crate::ui::theme::Role;

/// A cap this many times above the traffic is not in the picture.
const FAR: f64 = 4.0;

/// A rate that is set.
struct Cap {
    /// Of all connections together.
    whole: f64,
    text: String,
}

/// Draws the bytes per second of a proxy.
pub(super) fn draw(model: &Model, row: &ProxyRow, sheet: Sheet<'_>) {
    // The direction in columns is the one that the keys turn.
    let first = match model.directions {
        Directions::Only(direction) => direction,
        Directions::Both => Direction::Down,
    };
    let mut chart = Chart::new(model, row, sheet);
    // The last row of the picture is the other direction's, where there is enough room.
    let last = u16::from(chart.plot.height >= 5);
    let [plot, beside] = Layout::vertical([Fill(1), Length(last)]).areas(chart.plot);
    chart.plot = plot;
    let cap = cap(model, row, first);
    let most = most(row, first);
    let near = cap.as_ref().map(|cap| cap.whole);
    let near = near.filter(|cap| *cap <= most * FAR || most == 0.0);
    let top = match near {
        None if most == 0.0 => 1_000.0,
        // A round number of what is shown.
        near => {
            let top = near.map_or(most, |cap| cap.max(most)) * 1.05;
            let unit = model.rates.bits() as f64 / 8.0;
            round_up(top / unit) * unit
        }
    };
    let names = match model.rates {
        RateUnit::Bytes => ["bytes per second", "bytes/s"],
        RateUnit::Bits => ["bits per second", "bits/s"],
    };
    let text = cap.map(|cap| Span::styled(cap.text, Role::Injected));
    chart.title(names, &measured(model, row, first), text.as_slice());
    chart.axes(top, |rate| match rate {
        0.0 => "0".to_owned(),
        rate => model.rates.short(rate),
    });
    columns(&mut chart, first, Role::Measured, top);
    if let Some(cap) = near {
        chart.dashes(cap / top);
    }
    if most == 0.0 {
        let since = chart.since();
        chart.say(&format!("no bytes {first} in the last {since}"));
    }
    if last > 0 {
        chart.plot = beside;
        second(&mut chart, first.opposite(), model.rates);
    }
}

/// What is set for the direction in columns.
fn cap(model: &Model, row: &ProxyRow, first: Direction) -> Option<Cap> {
    let plan = model.present(row);
    let mut dials = knob::all().iter();
    let dial = dials.find(|dial| dial.knob.metric == Metric::Rate)?;
    let Value::Rate(rate) = dial.value(plan, Directions::Only(first))? else {
        return None;
    };
    let setting = plan.find(dial.kind, first)?;
    let rate = rate.bytes_per_second() as f64;
    let shares = setting.kind.shares.is_some_and(|shares| shares(setting));
    let (times, each) = if shares || row.open <= 1 {
        (1, "")
    } else {
        (row.open, " each")
    };
    (!plan.bypassed).then(|| Cap {
        whole: rate * f64::from(times),
        text: format!("cap {}{each}", model.rates.short(rate)),
    })
}

fn most(row: &ProxyRow, direction: Direction) -> f64 {
    let points = row.history.points.iter();
    let rates = points.map(|point| point.rates[direction]);
    rates.fold(0.0, f64::max)
}

/// What passes now in both directions, the one in columns first.
fn measured(model: &Model, row: &ProxyRow, first: Direction) -> [Span<'static>; 2] {
    let rate = |way: Direction| match row.foreign {
        Some(_) => "-".to_owned(),
        None => model.rates.long(row.rates[way]),
    };
    let text = |way: Direction| format!("{} {}", arrow(way), rate(way));
    let second = format!("  {}", text(first.opposite()));
    [
        Span::styled(text(first), Role::Measured),
        Span::styled(second, Role::Second),
    ]
}

/// Draws the other direction, on a scale of its own.
fn second(chart: &mut Chart<'_>, way: Direction, rates: RateUnit) {
    let most = most(chart.row, way);
    let most_text = match chart.row.foreign {
        Some(_) => "-".to_owned(),
        None => rates.short(most),
    };
    let figure = format!("{}{}", arrow(way), most_text.trim_end_matches("/s"));
    let row = chart.plot.y - chart.sheet.area.y;
    let mut pen = chart.sheet.row(row);
    pen.right(figure, FIGURES, Role::Second)
        .text("┤", Role::Rest);
    if most > 0.0 {
        // A blank above the highest column keeps it apart from the picture above.
        columns(chart, way, Role::Second, most * 4.0 / 3.0);
    }
}

/// Draws the means of what the columns of the picture cover.
fn columns(chart: &mut Chart<'_>, way: Direction, role: Role, top: f64) {
    let Rect { width, height, .. } = chart.plot;
    let mut sums = vec![(0.0, 0.0); usize::from(width)];
    for point in &chart.row.history.points {
        for column in chart.covered(point, width).into_iter().flatten() {
            if let Some((rates, count)) = sums.get_mut(usize::from(column)) {
                *rates += point.rates[way];
                *count += 1.0;
            }
        }
    }
    for (column, (rates, count)) in (0..).zip(sums) {
        if count == 0.0 {
            continue;
        }
        for from_bottom in 0..height {
            let glyph = block(rates / count / top, from_bottom, height);
            if glyph != " " {
                chart.cell(column, from_bottom, glyph, role);
            }
        }
    }
}
