//! The chart of bytes per second: one direction in columns, the other one dotted, and the cap.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::charts::{Chart, round_up};
use super::plot::{block, level};
use super::proof::arrow;
use crate::fault::knob::Metric;
use crate::fault::{Direction, Directions, Value};
use crate::snapshot::ProxyRow;
use crate::ui::format;
use crate::ui::knob;
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// A cap this many times above the traffic is not in the picture.
const FAR: f64 = 4.0;

/// The bytes per second of a proxy.
pub(super) struct Rates<'a> {
    pub(super) model: &'a Model,
    pub(super) row: &'a ProxyRow,
}

/// A rate that is set.
struct Cap {
    /// Of all connections together.
    whole: f64,
    text: String,
}

impl Widget for &Rates<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let chart = Chart::new(self.model, self.row, area);
        let cap = self.cap();
        let most = self.most();
        let near = cap
            .as_ref()
            .filter(|cap| cap.whole <= most * FAR || most == 0.0);
        let top = match near {
            None if most == 0.0 => 1_000.0,
            near => round_up(near.map_or(most, |cap| cap.whole.max(most)) * 1.05),
        };
        chart.title(
            ["bytes per second", "bytes/s"],
            self.figures(cap.as_ref()),
            buf,
        );
        chart.axis(
            top,
            |rate| {
                if rate == 0.0 {
                    "0".to_owned()
                } else {
                    format::rate_short(rate)
                }
            },
            buf,
        );
        if let Some(cap) = near {
            chart.dashes(cap.whole / top, Role::Injected, buf);
        }
        self.columns(&chart, top, buf);
        if most == 0.0 {
            chart.say("no bytes in this minute", buf);
        }
    }
}

impl Rates<'_> {
    /// The direction in columns: the one that the keys turn.
    fn first(&self) -> Direction {
        match self.model.directions {
            Directions::Only(direction) => direction,
            Directions::Both => Direction::Down,
        }
    }

    /// What is set for the direction in columns.
    fn cap(&self) -> Option<Cap> {
        let plan = self.model.plan(self.row.id)?;
        let dial = knob::all()
            .iter()
            .find(|dial| dial.knob.metric == Metric::Rate)?;
        let Value::Rate(rate) = dial.value(plan, Directions::Only(self.first()))? else {
            return None;
        };
        let setting = plan.find(dial.kind, self.first())?;
        let rate = rate.bytes_per_second() as f64;
        let one = setting.value("scope") == Some(Value::Word("proxy")) || self.row.open <= 1;
        (!plan.bypassed).then(|| Cap {
            whole: if one {
                rate
            } else {
                rate * f64::from(self.row.open)
            },
            text: format!(
                "cap {}{}",
                format::rate_short(rate),
                if one { "" } else { " each" }
            ),
        })
    }

    fn most(&self) -> f64 {
        let points = self.row.history.points.iter();
        points.flat_map(|point| point.rates).fold(0.0, f64::max)
    }

    fn figures(&self, cap: Option<&Cap>) -> Vec<Vec<Span<'static>>> {
        let theme = &self.model.theme;
        let cap = cap.map_or_else(Vec::new, |cap| {
            vec![Span::styled(cap.text.clone(), theme.style(Role::Injected))]
        });
        let gap = if cap.is_empty() { "" } else { "  " };
        let first = self.first();
        let second = first.opposite();
        let rate = |direction: Direction| format::rate(self.row.rates[direction.index()]);
        let legend = [
            (format!("{} {}", arrow(first), rate(first)), Role::Measured),
            (
                format!("  {} dotted {}", arrow(second), rate(second)),
                Role::Second,
            ),
        ];
        let with = |count: usize| {
            let parts = legend.iter().take(count);
            let styled = parts.map(|(text, role)| Span::styled(text.clone(), theme.style(*role)));
            let mut spans: Vec<_> = styled.collect();
            spans.push(Span::raw(gap));
            spans.extend(cap.iter().cloned());
            spans
        };
        vec![with(2), with(1), cap.clone()]
    }

    fn columns(&self, chart: &Chart<'_>, top: f64, buf: &mut Buffer) {
        let rows = chart.plot.height;
        let mut columns = vec![None::<[f64; 3]>; usize::from(chart.plot.width)];
        for point in &self.row.history.points {
            let Some(over) = chart.covered(point, chart.plot.width) else {
                continue;
            };
            for column in over {
                if let Some(sum) = columns.get_mut(usize::from(column)) {
                    let [up, down, count] = sum.unwrap_or_default();
                    *sum = Some([up + point.rates[0], down + point.rates[1], count + 1.0]);
                }
            }
        }
        let first = self.first().index();
        for (column, sums) in (0..).zip(columns) {
            let Some([up, down, count]) = sums else {
                continue;
            };
            let rates = [up / count / top, down / count / top];
            for row in 0..rows {
                let glyph = block(rates[first], row, rows);
                if glyph != " " {
                    chart.cell(column, row, glyph, Role::Measured, buf);
                }
            }
            let second = rates[1 - first];
            if let Some(level) = level(second, rows).filter(|_| second > 0.0 && column % 2 == 0) {
                chart.cell(column, level, "•", Role::Second, buf);
            }
        }
    }
}
