//! The chart of what the application feels: the time to the first byte back, beside what is set.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::charts::{Chart, round_up};
use super::plot::Line;
use super::state::is_felt_now;
use crate::fault::knob::Metric;
use crate::fault::{Directions, Plan};
use crate::snapshot::ProxyRow;
use crate::ui::format;
use crate::ui::knob;
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// What the clients of a proxy feel.
pub(super) struct Feels<'a> {
    pub(super) model: &'a Model,
    pub(super) row: &'a ProxyRow,
}

impl Widget for &Feels<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let chart = Chart::new(self.model, self.row, area);
        let set = added(self.model.present(self.row));
        let top = self.top(added(
            self.model.plan(self.row.id).unwrap_or(&self.row.plan),
        ));
        let names = ["app feels: first byte", "app feels"];
        chart.title(names, self.figures(set), buf);
        chart.axis(top, figure, buf);
        if let Some(set) = set {
            chart.dashes(set / top, Role::Injected, buf);
        }
        self.line(&chart, top, buf);
        self.failures(&chart, buf);
    }
}

/// What a round trip grows by under a plan, in milliseconds.
fn added(plan: &Plan) -> Option<f64> {
    let mut dials = knob::all().iter();
    let dial = dials.find(|dial| dial.knob.metric == Metric::AddedDelay)?;
    let set = dial.value(plan, Directions::Both)?.time()?;
    (!plan.bypassed).then_some(set.as_secs_f64() * 1e3)
}

impl Feels<'_> {
    /// The top of the scale: twice what is set, so that it stands in the middle, where that is enough.
    fn top(&self, set: Option<f64>) -> f64 {
        let points = self.row.history.points.iter();
        let felt = points.filter_map(|point| point.feels);
        let most = felt
            .map(|time| time.as_secs_f64() * 1e3)
            .fold(0.0, f64::max);
        match set {
            Some(set) if most < 1.9 * set => 2.0 * set,
            _ if most == 0.0 => 100.0,
            _ => round_up(most * 1.1),
        }
    }

    fn figures(&self, set: Option<f64>) -> Vec<Vec<Span<'static>>> {
        let theme = self.model.theme;
        let set = set.map_or_else(Vec::new, |set| {
            vec![Span::styled(
                format!("set {}", figure(set)),
                theme.style(Role::Injected),
            )]
        });
        let Some(spread) = self.row.feels else {
            return vec![set];
        };
        let (felt, style): (_, Style) = if is_felt_now(self.row) {
            ("", theme.style(Role::Measured))
        } else {
            ("last ", theme.style(Role::Rest))
        };
        let gap = if set.is_empty() { "" } else { "  " };
        let with = |text: String| {
            let mut spans = vec![Span::styled(format!("{felt}{text}{gap}"), style)];
            spans.extend(set.iter().cloned());
            spans
        };
        let p50 = format!("p50 {}", format::time(spread.p50));
        let p99 = format!("p99 {}", format::time(spread.p99));
        vec![with(format!("{p50}  {p99}")), with(p50), set.clone()]
    }

    fn line(&self, chart: &Chart<'_>, top: f64, buf: &mut Buffer) {
        let mut line = Line::new(chart.plot.width, chart.plot.height);
        let mut before: Option<(u16, f64)> = None;
        let mut drawn = false;
        for point in &self.row.history.points {
            let Some(over) = chart.covered(point, line.dots()) else {
                continue;
            };
            before = point.feels.map(|felt| {
                let value = felt.as_secs_f64() * 1e3 / top;
                let joined = before.filter(|(end, _)| *end >= over.start);
                let end = over.end;
                line.draw(over, value, joined.map(|(_, value)| value));
                drawn = true;
                (end, value)
            });
        }
        if !drawn {
            chart.say("no round trip in this minute", buf);
            return;
        }
        for column in 0..chart.plot.width {
            for level in 0..chart.plot.height {
                if let Some(glyph) = line.glyph(column, level) {
                    let glyph = glyph.encode_utf8(&mut [0; 4]).to_owned();
                    chart.cell(column, level, &glyph, Role::Measured, buf);
                }
            }
        }
    }

    /// A cross at the top wherever a connection failed, or was ended by a fault.
    fn failures(&self, chart: &Chart<'_>, buf: &mut Buffer) {
        let top = chart.plot.height.saturating_sub(1);
        for point in &self.row.history.points {
            let role = match (point.failed, point.cut) {
                (0, 0) => continue,
                (0, _) => Role::Injected,
                _ => Role::Trouble,
            };
            if let Some(over) = chart.covered(point, chart.plot.width) {
                chart.cell(over.start, top, "✕", role, buf);
            }
        }
    }
}

/// Milliseconds as an axis and a title print them.
fn figure(ms: f64) -> String {
    format::time_short(std::time::Duration::from_secs_f64(ms.max(0.0) / 1e3))
}
