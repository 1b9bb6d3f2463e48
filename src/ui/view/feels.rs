//! The chart of what the application feels: the time to the first byte back, beside what is set.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Line};

use super::charts::{Chart, round_up, steps};
use super::pen::Sheet;
use super::state::wait_role;
use super::two;
use crate::fault::knob::Metric;
use crate::fault::{Directions, Losses, Plan};
use crate::snapshot::{ProxyRow, Unanswered};
use crate::ui::format;
use crate::ui::knob;
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// Draws what the clients of a proxy feel.
pub(super) fn draw(model: &Model, row: &ProxyRow, sheet: Sheet<'_>) {
    let mut chart = Chart::new(model, row, sheet);
    let set = added(model.present(row));
    let other = two::other_median(model, row);
    let top = top(
        row,
        added(model.plan(row.id).unwrap_or(&row.plan)),
        other.map(|(_, median)| median),
    );
    let names = ["app feels: first byte", "app feels"];
    let text = set.map(|set| Span::styled(format!("set {}", figure(set)), Role::Injected));
    chart.title(names, &measured(row), text.as_slice());
    chart.axes(top, figure);
    let is_drawn = line(&mut chart, top);
    if let Some(set) = set {
        chart.dashes(set / top);
    }
    if let Some((side, median)) = other {
        let text = format!("╌ {side} {}", format::time(median));
        chart.label(in_ms(median) / top, &text, Role::Rest);
    }
    if !is_drawn {
        let since = chart.since();
        chart.say(&format!("no round trip in the last {since}"));
    }
    failures(&mut chart);
}

/// What a round trip grows by under a plan, in milliseconds.
fn added(plan: &Plan) -> Option<f64> {
    let mut dials = knob::all().iter();
    let dial = dials.find(|dial| dial.knob.metric == Metric::AddedDelay)?;
    let set = dial.value(plan, Directions::Both)?.time()?;
    (!plan.bypassed).then_some(in_ms(set))
}

/// The top of the scale: twice what is set, so that it stands in the middle, where that is enough.
fn top(row: &ProxyRow, set: Option<f64>, other: Option<Duration>) -> f64 {
    let points = row.history.points.iter();
    let felt = points
        .flat_map(|point| [point.feels, point.waits])
        .flatten()
        .chain(other);
    let most = felt.map(in_ms).fold(0.0, f64::max);
    match set {
        Some(set) if most < 1.9 * set => 2.0 * set,
        _ if most == 0.0 => 100.0,
        _ => round_up(most * 1.1),
    }
}

/// How long the oldest request waits where one waits longer than is its habit; how a stream stalls that asks for nothing; what
/// was felt last, whether it is felt now, and how many times as long as without faults.
fn measured(row: &ProxyRow) -> Vec<Span<'static>> {
    let (felt, role) = if row.felt_now().is_some() {
        ("", Role::Measured)
    } else {
        ("last ", Role::Rest)
    };
    let waits = (row.unanswered.overdue > 0).then(|| {
        let Unanswered { count, oldest, .. } = row.unanswered;
        let text = format!("waits {} ({count})", format::time(oldest));
        Span::styled(text, wait_role(&row.plan))
    });
    let gap = |first: Option<&Span<'_>>| if first.is_some() { "  " } else { "" };
    let stalls = row.felt_now().is_none().then(|| stalls(row)).flatten();
    let stalls = stalls.map(|[each, count]| {
        let each = format!("{}{each}", gap(waits.as_ref()));
        [each, count].map(|text| Span::styled(text, Role::Measured))
    });
    let times = row.factor().filter(|times| *times >= 1.1);
    let times = times.map_or_else(String::new, |times| format!(" {}", format::times(times)));
    let parts = row.feels.map(|spread| {
        let gap = gap(waits.as_ref().or(stalls.as_ref().map(|it| &it[0])));
        let p50 = format!("{gap}{felt}p50 {}{times}", format::time(spread.p50));
        let p99 = format!("  p99 {}", format::time(spread.p99));
        [p50, p99].map(|text| Span::styled(text, role))
    });
    waits
        .into_iter()
        .chain(stalls.into_iter().flatten())
        .chain(parts.into_iter().flatten())
        .collect()
}

/// For how long streams stood still until a lost packet had been sent again, each time, and how often in the last minute.
fn stalls(row: &ProxyRow) -> Option<[String; 2]> {
    let Losses {
        stalls, stalled, ..
    } = row.losses();
    let each = stalled.checked_div(u32::try_from(stalls).unwrap_or(u32::MAX))?;
    let count = format::count(stalls);
    let each = format!("stalls {}", format::time(each));
    Some([each, format!(" {count}/min")])
}

/// Draws the line, in dots of braille; returns whether there is any of it. A step is joined to what was before it, and
/// nothing is drawn across what was not measured. Beside it, what had no answer yet: a wait that rises as long as it lasts.
fn line(chart: &mut Chart<'_>, top: f64) -> bool {
    let colour_of = |role: Role| Style::from(role).fg.unwrap_or_default();
    let colour = colour_of(Role::Measured);
    let waiting = colour_of(wait_role(&chart.row.plan));
    let columns = chart.plot.width * 2;
    let Some(highest) = (chart.plot.height * 4).checked_sub(1) else {
        return false;
    };
    let mut strokes = Vec::new();
    let mut before: Option<(u16, f64)> = None;
    for point in &chart.row.history.points {
        let Some(over) = chart.covered(point, columns) else {
            continue;
        };
        if let Some(waits) = point.waits {
            let height = f64::from(steps(in_ms(waits) / top, highest));
            let [first, last] = [over.start, over.end - 1].map(f64::from);
            strokes.push(Line::new(first, height, last, height, waiting));
        }
        before = point.feels.map(|felt| {
            let height = f64::from(steps(in_ms(felt) / top, highest));
            let [first, last] = [over.start, over.end - 1].map(f64::from);
            strokes.push(Line::new(first, height, last, height, colour));
            if let Some((_, from)) = before.filter(|(end, _)| *end >= over.start) {
                strokes.push(Line::new(first, from, first, height, colour));
            }
            (over.end, height)
        });
    }
    Canvas::default()
        .x_bounds([0.0, f64::from(columns.saturating_sub(1))])
        .y_bounds([0.0, f64::from(highest)])
        .paint(|canvas| strokes.iter().for_each(|stroke| canvas.draw(stroke)))
        .render(chart.plot, chart.sheet.buf);
    !strokes.is_empty()
}

/// Draws a cross at the top wherever a connection failed, or was ended by a fault.
fn failures(chart: &mut Chart<'_>) {
    let top = chart.plot.height.saturating_sub(1);
    for point in &chart.row.history.points {
        let role = match (point.failed, point.cut) {
            (0, 0) => continue,
            (0, _) => Role::Injected,
            _ => Role::Trouble,
        };
        if let Some(over) = chart.covered(point, chart.plot.width) {
            chart.cell(over.start, top, "✕", role);
        }
    }
}

fn in_ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Milliseconds as an axis and a title print them.
fn figure(ms: f64) -> String {
    format::time_short(Duration::from_secs_f64(ms.max(0.0) / 1e3))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;
    use crate::fault::PerDirection;
    use crate::snapshot::{History, Point, Spread};
    use crate::ui::proof::tests::{model, proxy};
    use crate::ui::view::pen::Sheet;

    /// The line in a picture of so many cells, for what was felt in each part of the minute; the top is a second.
    fn drawn(columns: u16, rows: u16, felt: &[Option<f64>]) -> Vec<String> {
        let mut row = proxy([]);
        let minute = Duration::from_secs(60);
        let part = minute / u32::try_from(felt.len()).expect("few parts");
        let mut at = Duration::ZERO;
        while at < minute {
            let now = felt[(at.as_nanos() / part.as_nanos()) as usize];
            at += History::STEP;
            Arc::make_mut(&mut row.history).points.push_back(Point {
                at,
                feels: now.map(Duration::from_secs_f64),
                ..Point::default()
            });
        }
        let model = model(row.clone());
        let area = Rect::new(0, 0, columns + 8, rows + 2);
        let mut buf = Buffer::empty(area);
        let mut chart = Chart::new(&model, &row, Sheet::new(&mut buf, area));
        line(&mut chart, 1e3);
        let plot = chart.plot;
        let cell = |at: ratatui::layout::Position| buf[at].symbol().to_owned();
        let rows = plot.rows();
        rows.map(|row| row.positions().map(cell).collect())
            .collect()
    }

    #[test]
    fn a_step_is_joined_and_a_gap_is_not() {
        let felt = [Some(0.0), Some(1.0), None, Some(1.0)];
        assert_eq!(drawn(4, 2, &felt), [" ⡏ ⠉", "⣀⡇  "]);
    }

    #[test]
    fn what_lies_outside_is_not_drawn() {
        assert_eq!(drawn(1, 1, &[Some(0.0), Some(7.0)]), ["⣸"]);
        assert!(drawn(0, 0, &[Some(0.5)]).is_empty());
    }

    /// What is said of a proxy in whose last minute streams down stalled so often, 240 ms each.
    fn said(stalls: u64, feels: Option<Spread>, felt: Option<Duration>) -> String {
        let losses = Losses {
            stalls,
            stalled: Duration::from_millis(240 * stalls),
            ..Losses::default()
        };
        let point = Point {
            at: Duration::from_secs(59),
            feels: felt,
            losses: PerDirection::of(Losses::default(), losses),
            ..Point::default()
        };
        let points = [point].into();
        let row = ProxyRow {
            history: Arc::new(History { points }),
            feels,
            ..proxy([])
        };
        let spans = measured(&row);
        spans.iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn the_stalls_of_a_stream_are_told_where_nothing_was_asked_for() {
        let time = Duration::from_millis(256);
        let spread = Spread {
            count: 1,
            p1: time,
            p50: time,
            p99: time,
        };
        let stalls = "stalls 240 ms 3/min";
        assert_eq!(said(0, None, None), "");
        assert_eq!(said(3, None, None), stalls);
        let last = "  last p50 256 ms  p99 256 ms";
        assert_eq!(said(3, Some(spread), None), format!("{stalls}{last}"));
        assert_eq!(said(3, Some(spread), Some(time)), "p50 256 ms  p99 256 ms");
    }
}
