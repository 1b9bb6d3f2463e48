//! A fault that is climbed, on the whole screen: what clients waited at each value, how many answers there were, and where
//! something gave.
//!
//! ```text
//! ─ sweep  shop latency ──────────────────────── step 8 of 9  2.5s, then 10s in 3 s ─
//!   10s┤                                      ▼
//!    1s┤                          ●────●      │         waits: the median, and one in a hundred
//! 100ms┤  ●────●────●────●────●               │
//!                                             ✕9        what failed, and who left
//!  16/s┤  █    █    █    ▆    ▄    ▃    ▂     │         answers a second
//!     0┤
//!        10ms 25   50  100ms 250  500  1s    2.5s  10s
//!  holds to 1 s; at 2.5 s clients give up after 2.0 s (6 of 6)
//!  any key stops it and sets what was set before: nothing
//! ```

use std::time::Duration;

use ratatui::layout::Constraint::{Fill, Length};
use ratatui::layout::{Layout, Rect};
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Line};

use super::charts::{FIGURES, block, steps};
use super::hits::Target;
use super::pen::{Sheet, width, wrap};
use crate::snapshot::ProxyRow;
use crate::sweep::{Curve, Step};
use crate::ui::format;
use crate::ui::model::{Model, SweepPage, Swept};
use crate::ui::theme::Role;

/// From this width on a table of the figures stands beside the picture.
const TABLED: u16 = 108;
/// Columns of that table.
const TABLE: u16 = 46;

/// The picture: where its parts stand, and what the heights mean.
struct Picture<'a> {
    curve: &'a Curve,
    waits: Rect,
    rates: Rect,
    /// The decimal logarithms of the shortest and the longest wait, in milliseconds.
    low: f64,
    high: f64,
    /// The most answers a second.
    most: f64,
}

/// Draws a sweep.
pub(super) fn draw(model: &Model, page: &SweepPage, mut sheet: Sheet<'_>) {
    let Some(swept) = model.sweeps.of(page.number) else {
        return;
    };
    let curve = &*swept.curve;
    sheet.holds(Target::Page);
    let left = [
        Span::styled("sweep", Role::Title),
        Span::styled(format!("  {} {}", curve.proxy, curve.fault), Role::Plain),
    ];
    sheet.rule(Role::Title, &left, progress(model, curve));
    let words = words(model, page, swept);
    let columns = sheet.area.width.saturating_sub(4);
    let lines = words.iter().flat_map(|(text, role)| {
        let lines = wrap(text, columns).into_iter();
        lines.map(move |line| (line, *role))
    });
    let lines: Vec<(String, Role)> = lines.collect();
    let said = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let [_, body, below] = Layout::vertical([Length(1), Fill(1), Length(said)]).areas(sheet.area);
    let table = if sheet.area.width < TABLED { 0 } else { TABLE };
    let [picture, table] = Layout::horizontal([Fill(1), Length(table)]).areas(body);
    let others: Vec<&Curve> = model
        .sweeps
        .beside(curve)
        .take(page.over)
        .map(|it| &*it.curve)
        .collect();
    Picture::of(curve, &others, picture).draw(model, swept, &others, &mut sheet);
    figures(curve, sheet.part(table));
    let mut below = sheet.part(below);
    for (at, (line, role)) in (0..).zip(lines) {
        below.row(at).skip(2).text(line, role);
    }
}

/// How far it has come, the most complete first; how it ended, once it has.
fn progress(model: &Model, curve: &Curve) -> Vec<Vec<Span<'static>>> {
    let of = curve.values.len();
    let Some(now) = curve
        .values
        .get(curve.steps.len())
        .filter(|_| curve.ended.is_none())
    else {
        let ended = curve.ended.map_or("ending", |ended| ended.words());
        let role = if curve.ended.is_some() {
            Role::Plain
        } else {
            Role::Rest
        };
        return vec![vec![Span::styled(ended, role)]];
    };
    let since = model.shown_at().as_secs_f64() - curve.since_s;
    let left = (curve.hold_s - since).clamp(0.0, curve.hold_s);
    let to_come = curve.hold_s * (of - curve.steps.len() - 1) as f64;
    let time = |seconds: f64| format::age(Duration::from_secs_f64(seconds.max(0.0).ceil()));
    let step = format!("step {} of {of}", curve.steps.len() + 1);
    let next = match curve.values.get(curve.steps.len() + 1) {
        Some(next) => format!("then {} in {}", next.text, time(left)),
        None => "the last one".to_owned(),
    };
    let end = format!("ends in {}", time(left + to_come));
    let spans = |rest: &str| {
        vec![
            Span::styled(format!("{step}  "), Role::Plain),
            Span::styled(now.text.clone(), Role::Injected),
            Span::styled(rest.to_owned(), Role::Plain),
        ]
    };
    vec![
        spans(&format!(", {next}, {end}")),
        spans(&format!(", {next}")),
        spans(""),
    ]
}

/// What it comes to, and what can be done about it, a line each.
fn words(model: &Model, page: &SweepPage, swept: &Swept) -> Vec<(String, Role)> {
    let curve = &*swept.curve;
    let role = match curve.cliff() {
        Some(_) => Role::Trouble,
        None if curve.steps.is_empty() => Role::Rest,
        None => Role::Good,
    };
    let sentence = if curve.steps.is_empty() && curve.ended.is_none() {
        "the first value is held".to_owned()
    } else {
        curve.sentence()
    };
    let before = swept.before.as_deref();
    let before = match before.map(ToString::to_string).as_deref() {
        Some("") => "no fault".to_owned(),
        Some(plan) => plan.to_owned(),
        None => "what was set before".to_owned(),
    };
    let then = if curve.ended.is_none() {
        format!("any key stops it and sets again: {before}")
    } else {
        format!("set again: {before}")
    };
    let is_theirs = matches!(
        curve.ended,
        Some(crate::sweep::Ended::Changed | crate::sweep::Ended::Gone)
    );
    let then = Some((then, Role::Plain)).filter(|_| !is_theirs);
    let beside = model.sweeps.beside(curve).take(page.over).map(|other| {
        let other = &other.curve;
        let began = other.steps.first().map_or(0.0, |step| step.at_s);
        let began = Duration::try_from_secs_f64(began).unwrap_or_default();
        let text = format!(
            "laid over it: {} at {}: {}",
            other.proxy,
            format::clock(began),
            other.sentence()
        );
        (text, Role::Rest)
    });
    let first = (sentence, role);
    [first].into_iter().chain(then).chain(beside).collect()
}

/// What was measured at each value, as a table.
fn figures(curve: &Curve, mut sheet: Sheet<'_>) {
    let mut pen = sheet.row(0);
    pen.skip(2)
        .left("SET", 9, Role::Title)
        .right("P50", 8, Role::Title);
    pen.right("P99", 8, Role::Title)
        .right("ANSWERS", 9, Role::Title)
        .right("LOST", 7, Role::Title);
    let cliff = curve.cliff().map(|cliff| cliff.step);
    let rows = curve.values.iter().zip(&curve.steps).enumerate();
    for (row, (at, (set, step))) in (1..).zip(rows) {
        let wait = |millis: Option<f64>| millis.map_or_else(|| "-".to_owned(), time);
        let (theirs, ours) = step.lost();
        let lost_role = if theirs > 0 {
            Role::Trouble
        } else {
            Role::Rest
        };
        let role = if cliff == Some(at) {
            Role::Trouble
        } else {
            Role::Injected
        };
        let mut pen = sheet.row(row);
        pen.skip(2)
            .left(&set.text, 9, role)
            .right(wait(step.p50_ms), 8, Role::Measured);
        pen.right(wait(step.p99_ms), 8, Role::Measured);
        pen.right(format!("{:.1}/s", step.rate()), 9, Role::Measured);
        pen.right(format::count(theirs + ours), 7, lost_role);
    }
}

fn time(millis: f64) -> String {
    format::time(Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default())
}

// === impl Picture ===

impl<'a> Picture<'a> {
    fn of(curve: &'a Curve, others: &[&Curve], area: Rect) -> Self {
        let rates = (area.height / 4).clamp(1, 6);
        let rows = [Fill(1), Length(1), Length(rates), Length(1)];
        let columns = [Length(FIGURES + 1), Fill(1), Length(2)];
        let [_, area, _] = Layout::horizontal(columns).areas(area);
        let [waits, _, rates, _] = Layout::vertical(rows).areas(area);
        let all = || {
            others
                .iter()
                .copied()
                .chain([curve])
                .flat_map(|it| &it.steps)
        };
        let felt = || all().flat_map(|step| [step.p50_ms, step.p99_ms]).flatten();
        let longest = felt().fold(0.0, f64::max);
        let least = felt().fold(f64::INFINITY, f64::min);
        let (least, longest) = if longest > 0.0 {
            (least, longest)
        } else {
            (1.0, 100.0)
        };
        let low = least.max(1e-2).log10().floor();
        Self {
            curve,
            waits,
            rates,
            low,
            high: (longest * 1.05).log10().ceil().max(low + 1.0),
            most: all().map(Step::rate).fold(1.0, f64::max),
        }
    }

    fn draw(&self, model: &Model, swept: &Swept, others: &[&Curve], sheet: &mut Sheet<'_>) {
        self.axes(sheet);
        let mut lines = Vec::new();
        for other in others {
            lines.extend(self.line(other, Role::Rest, |step| step.p50_ms));
        }
        lines.extend(self.line(self.curve, Role::Second, |step| step.p99_ms));
        lines.extend(self.line(self.curve, Role::Measured, |step| step.p50_ms));
        let dots = [self.waits.width * 2, self.waits.height * 4]
            .map(|dots| f64::from(dots.saturating_sub(1)));
        Canvas::default()
            .x_bounds([0.0, dots[0]])
            .y_bounds([0.0, dots[1]])
            .paint(|canvas| lines.iter().for_each(|line| canvas.draw(line)))
            .render(self.waits, sheet.buf);
        self.cliff(sheet);
        for (at, step) in self.curve.steps.iter().enumerate() {
            self.point(at, step.p99_ms, ("○", Role::Second), sheet);
            self.point(at, step.p50_ms, ("●", Role::Measured), sheet);
            self.bar(at, step, sheet);
            self.losses(at, step, sheet);
        }
        let row = model.proxy(swept.proxy).map(|(_, row)| row);
        let felt = row
            .filter(|_| self.curve.ended.is_none())
            .and_then(ProxyRow::felt_now);
        let felt = felt.map(|felt| felt.p50.as_secs_f64() * 1e3);
        self.point(self.curve.steps.len(), felt, ("○", Role::Rest), sheet);
        self.values(sheet);
    }

    /// The column of a value of the sweep that is shown.
    fn column(&self, number: f64) -> Option<u16> {
        let place = self.curve.place_of(number)?;
        Some(2 + steps(place, self.waits.width.saturating_sub(5)))
    }

    fn column_of(&self, at: usize) -> Option<u16> {
        self.column(self.curve.values.get(at)?.number)
    }

    /// How high a wait stands, from 0 to 1; what is beyond stands at the end.
    fn height(&self, millis: f64) -> f64 {
        ((millis.max(1e-6).log10() - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The axes: waits by powers of ten, answers a second from nothing to the most.
    fn axes(&self, sheet: &mut Sheet<'_>) {
        let Rect { y, height, .. } = self.waits;
        let mut labels: Vec<(u16, String)> = Vec::new();
        let mut power = self.low;
        while power <= self.high {
            let millis = 10.0_f64.powf(power);
            let row =
                height.saturating_sub(1 + steps(self.height(millis), height.saturating_sub(1)));
            labels.push((
                y + row,
                format::time_short(Duration::from_secs_f64(millis / 1e3)),
            ));
            power += 1.0;
        }
        labels.push((self.rates.y, format!("{:.0}/s", self.most.ceil())));
        if self.rates.height > 1 {
            labels.push((self.rates.bottom() - 1, "0".to_owned()));
        }
        let left = self.waits.x.saturating_sub(FIGURES + 1);
        for row in (y..y + height).chain(self.rates.top()..self.rates.bottom()) {
            let label = labels
                .iter()
                .find(|(at, _)| *at == row)
                .map(|(_, label)| label.as_str());
            let mut cells = sheet.part(Rect::new(left, row, FIGURES + 1, 1));
            let mut pen = cells.row(0);
            pen.right(label.unwrap_or_default(), FIGURES, Role::Rest);
            pen.text(if label.is_some() { "┤" } else { "│" }, Role::Rest);
        }
    }

    /// The strokes between the steps that follow each other and have a value.
    fn line(&self, curve: &Curve, role: Role, value: impl Fn(&Step) -> Option<f64>) -> Vec<Line> {
        let colour = Style::from(role).fg.unwrap_or_default();
        let top = f64::from((self.waits.height * 4).saturating_sub(1));
        let points = curve.values.iter().zip(&curve.steps);
        let points = points.map(|(set, step)| {
            let x = f64::from(self.column(set.number)? * 2);
            Some((x, (self.height(value(step)?) * top).round()))
        });
        let points: Vec<Option<(f64, f64)>> = points.collect();
        let pairs = points.windows(2);
        let pairs = pairs.filter_map(|pair| Some((pair[0]?, pair[1]?)));
        pairs
            .map(|((x, y), (to_x, to_y))| Line::new(x, y, to_x, to_y, colour))
            .collect()
    }

    fn point(
        &self,
        at: usize,
        wait: Option<f64>,
        (glyph, role): (&str, Role),
        sheet: &mut Sheet<'_>,
    ) {
        if let Some((column, wait)) = self.column_of(at).zip(wait) {
            let rows = self.waits.height;
            let from_top =
                rows.saturating_sub(1 + steps(self.height(wait), rows.saturating_sub(1)));
            sheet
                .part(self.waits)
                .row(from_top)
                .skip(column)
                .text(glyph, role);
        }
    }

    /// Answers a second, as wide as there is room between two values.
    fn bar(&self, at: usize, step: &Step, sheet: &mut Sheet<'_>) {
        let Some(column) = self.column_of(at) else {
            return;
        };
        let rows = self.rates.height;
        for row in 0..rows {
            let glyph = block(step.rate() / self.most, row, rows);
            let mut part = sheet.part(self.rates);
            part.row(rows - 1 - row)
                .skip(column)
                .text(glyph, Role::Measured);
        }
    }

    /// How many connections failed or were cut, and how many clients left without an answer.
    fn losses(&self, at: usize, step: &Step, sheet: &mut Sheet<'_>) {
        let (count, role) = match step.lost() {
            (0, 0) => return,
            (0, cut) => (cut, Role::Injected),
            (theirs, _) => (theirs, Role::Trouble),
        };
        if let Some(column) = self.column_of(at) {
            let marks = Rect {
                y: self.waits.bottom(),
                height: 1,
                ..self.waits
            };
            sheet
                .part(marks)
                .row(0)
                .skip(column)
                .text(format!("✕{count}"), role);
        }
    }

    /// The cliff: a line from top to bottom.
    fn cliff(&self, sheet: &mut Sheet<'_>) {
        let cliff = self.curve.cliff();
        let Some(column) = cliff.and_then(|cliff| self.column_of(cliff.step)) else {
            return;
        };
        for row in self.waits.top()..self.rates.bottom() {
            let glyph = if row == self.waits.top() {
                "▼"
            } else {
                "│"
            };
            let cell = Rect::new(self.waits.x + column, row, 1, 1);
            sheet.part(cell).row(0).text(glyph, Role::Trouble);
        }
    }

    /// The values below, those that are set bright; one that would stand on the one before is left out.
    fn values(&self, sheet: &mut Sheet<'_>) {
        let axis = Rect {
            y: self.rates.bottom(),
            height: 1,
            ..self.waits
        };
        let now = self.curve.steps.len();
        let cliff = self.curve.cliff().map(|cliff| cliff.step);
        // Those that must not be left out come first.
        let first = |at: &usize| *at == now && self.curve.ended.is_none() || Some(*at) == cliff;
        let all = 0..self.curve.values.len();
        let (kept, others): (Vec<usize>, Vec<usize>) = all.partition(first);
        let mut taken: Vec<(u16, u16)> = Vec::new();
        for at in kept.into_iter().chain(others) {
            let (Some(column), set) = (self.column_of(at), &self.curve.values[at]) else {
                continue;
            };
            let wide = width(&set.text);
            let end = axis.width.saturating_sub(wide);
            let from = column.saturating_sub(wide / 2).min(end);
            if taken
                .iter()
                .any(|(begin, end)| from <= *end && *begin <= from + wide)
            {
                continue;
            }
            taken.push((from, from + wide));
            let style = match at {
                at if at == now && self.curve.ended.is_none() => Role::Injected.selected(),
                at if Some(at) == cliff => Role::Trouble.into(),
                at if at < now => Role::Injected.into(),
                _ => Role::Rest.into(),
            };
            sheet.part(axis).row(0).skip(from).text(&set.text, style);
        }
    }
}
