//! The chart of bytes per second: one direction in columns under its cap, the other one in a row of its own.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::charts::{Chart, FIGURES, round_up};
use super::pen::{Pen, row};
use super::plot::block;
use crate::fault::knob::Metric;
use crate::fault::{Direction, Directions, Value};
use crate::snapshot::ProxyRow;
use crate::ui::format;
use crate::ui::knob;
use crate::ui::model::Model;
use crate::ui::proof::arrow;
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
        let mut chart = Chart::new(self.model, self.row, area);
        let beside = part(&mut chart);
        let cap = self.cap();
        let most = self.most(self.first());
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
        self.columns(&chart, chart.plot, self.first(), top, buf);
        if let Some(beside) = beside {
            self.second(&chart, beside, buf);
        }
        if most == 0.0 {
            chart.say(&format!("no bytes {} in this minute", self.first()), buf);
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
        let plan = self.model.present(self.row);
        let dial = knob::all()
            .iter()
            .find(|dial| dial.knob.metric == Metric::Rate)?;
        let Value::Rate(rate) = dial.value(plan, Directions::Only(self.first()))? else {
            return None;
        };
        let setting = plan.find(dial.kind, self.first())?;
        let rate = rate.bytes_per_second() as f64;
        let shares = setting.kind.shares.is_some_and(|shares| shares(setting));
        let one = shares || self.row.open <= 1;
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

    fn most(&self, direction: Direction) -> f64 {
        let points = self.row.history.points.iter();
        points
            .map(|point| point.rates[direction])
            .fold(0.0, f64::max)
    }

    fn figures(&self, cap: Option<&Cap>) -> Vec<Vec<Span<'static>>> {
        let theme = self.model.theme;
        let cap = cap.map_or_else(Vec::new, |cap| {
            vec![Span::styled(cap.text.clone(), theme.style(Role::Injected))]
        });
        let gap = if cap.is_empty() { "" } else { "  " };
        let first = self.first();
        let second = first.opposite();
        let rate = |direction: Direction| format::rate(self.row.rates[direction]);
        let legend = [
            (format!("{} {}", arrow(first), rate(first)), Role::Measured),
            (
                format!("  {} {}", arrow(second), rate(second)),
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

    /// The other direction, on a scale of its own.
    fn second(&self, chart: &Chart<'_>, plot: Rect, buf: &mut Buffer) {
        let second = self.first().opposite();
        let most = self.most(second);
        let figure = format!("{}{}", arrow(second), format::bytes_short(most));
        let beside = Rect {
            x: plot.x.saturating_sub(FIGURES + 1),
            width: FIGURES + 1,
            ..plot
        };
        let theme = self.model.theme;
        Pen::new(buf, beside)
            .right(&figure, FIGURES, theme.style(Role::Second))
            .text("┤", theme.style(Role::Rest));
        if most > 0.0 {
            // A blank above the highest column keeps it apart from the picture above.
            self.columns(chart, plot, second, most * 4.0 / 3.0, buf);
        }
    }

    fn columns(&self, chart: &Chart<'_>, plot: Rect, way: Direction, top: f64, buf: &mut Buffer) {
        let mut columns = vec![None::<(f64, f64)>; usize::from(plot.width)];
        for point in &self.row.history.points {
            let covered = chart.covered(point, plot.width).into_iter().flatten();
            for column in covered {
                if let Some(sum) = columns.get_mut(usize::from(column)) {
                    let (rates, count) = sum.unwrap_or_default();
                    *sum = Some((rates + point.rates[way], count + 1.0));
                }
            }
        }
        let role = if way == self.first() {
            Role::Measured
        } else {
            Role::Second
        };
        let style = self.model.theme.style(role);
        for (column, sum) in (0..).zip(columns) {
            let Some((rates, count)) = sum else {
                continue;
            };
            for from_bottom in 0..plot.height {
                let glyph = block(rates / count / top, from_bottom, plot.height);
                if glyph != " " {
                    let line = row(plot, plot.height - 1 - from_bottom);
                    Pen::new(buf, line).skip(column).text(glyph, style);
                }
            }
        }
    }
}

/// Takes the last row of the picture for the other direction, where there is enough room.
fn part(chart: &mut Chart<'_>) -> Option<Rect> {
    if chart.plot.height < 5 {
        return None;
    }
    chart.plot.height -= 1;
    Some(Rect {
        y: chart.plot.bottom(),
        height: 1,
        ..chart.plot
    })
}
