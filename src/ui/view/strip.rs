//! One strip: who it is, what it is doing, its knobs.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::dial::DialCell;
use super::layout::{Form, Mixer};
use super::pen::{Pen, fit, fit_name, row, width, widths};
use super::state::{State, feels, mapping, state};
use super::strips::{directions_word, knobs};
use crate::fault::{Directions, Value};
use crate::snapshot::{Phase, ProxyRow};
use crate::ui::model::{Focus, Model};
use crate::ui::proof::Proof;
use crate::ui::theme::{Role, Theme};
use crate::ui::{format, knob};

/// Columns of what stands at the right of a compact strip: the note with its gap, and what clients feel.
const NOTE: u16 = 12;
const FEELS: u16 = 13;
/// From so many columns before the knobs on, what clients feel stands in the first row.
const ROOMY: u16 = 48;

/// One proxy's strip.
pub(super) struct Strip<'a> {
    pub(super) model: &'a Model,
    pub(super) mixer: &'a Mixer,
    pub(super) row: &'a ProxyRow,
    /// Counted from 1.
    pub(super) number: usize,
    /// Columns of the longest name that is visible.
    pub(super) names: u16,
    /// Columns of the longest number of connections.
    pub(super) conns: u16,
    pub(super) proof: Proof<'a>,
}

impl Widget for &Strip<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let state = state(self.row, self.proof.plan);
        match self.mixer.form {
            Form::Compact => self.compact(row(area, 0), buf, &state),
            Form::Tall | Form::Wide => self.column(area, buf, &state),
        }
        self.knobs(area, buf);
        self.mark(area, buf);
    }
}

impl Strip<'_> {
    fn theme(&self) -> Theme {
        self.model.theme
    }

    fn is_selected(&self) -> bool {
        self.model.selected == Some(self.row.id)
    }

    /// `▌` beside the selected strip, thin where another pane has the keys.
    fn mark(&self, area: Rect, buf: &mut Buffer) {
        if !self.is_selected() {
            return;
        }
        let (glyph, role) = if self.model.focus == Focus::Mixer {
            ("▌", Role::Title)
        } else {
            ("▏", Role::Plain)
        };
        // The blank row of the wide form belongs to no strip.
        let rows = area.height.min(3);
        for at in 0..rows {
            Pen::new(buf, row(area, at)).text(glyph, self.theme().style(role));
        }
    }

    /// Columns of a number and the blank after it: as many in each strip.
    fn digits(&self) -> u16 {
        width(&self.model.snapshot.proxies.len().to_string()) + 1
    }

    fn name(&self) -> Style {
        self.theme().style(if self.is_selected() {
            Role::Title
        } else {
            Role::Plain
        })
    }

    /// The first row of the compact form: everything but the knobs.
    fn compact(&self, area: Rect, buf: &mut Buffer, state: &State) {
        let plain = self.theme().style(Role::Plain);
        let names = self.names.clamp(4, (area.width / 4).max(10));
        let state_columns = 2 + self.conns + NOTE;
        let right = match area.width {
            76.. => state_columns + FEELS,
            56.. => state_columns,
            _ => 12,
        };
        let left = Rect {
            width: area.width.saturating_sub(right),
            ..area
        };
        let mut pen = Pen::new(buf, left);
        pen.skip(1)
            .left(&self.number.to_string(), self.digits(), plain);
        pen.left(&fit_name(&self.row.name, names), names, self.name())
            .skip(1);
        self.mapping(&mut pen);
        let mut pen = Pen::new(buf, area);
        pen.to(area.width.saturating_sub(right));
        pen.text(state.glyph, self.theme().style(state.role));
        if right < state_columns {
            pen.text(" ", plain).text(short(state), plain);
            return;
        }
        pen.skip(1).right(&state.conns, self.conns, plain).skip(2);
        pen.left(&state.note, NOTE - 2, self.note(state));
        if right > state_columns {
            let (text, role) = feels(self.row);
            pen.right(&text, FEELS, self.theme().style(role));
        }
    }

    /// The column before the knobs: two rows, or three.
    fn column(&self, area: Rect, buf: &mut Buffer, state: &State) {
        let plain = self.theme().style(Role::Plain);
        let area = Rect {
            width: self.mixer.margin.min(area.width).saturating_sub(1),
            ..area
        };
        let status = self.status(area.width, state);
        let names = self.names.clamp(4, (self.model.size.width / 4).max(24));
        let names = names.min(
            area.width
                .saturating_sub(widths(&status) + self.digits() + 2),
        );
        let mut pen = Pen::new(buf, row(area, 0));
        pen.skip(1)
            .left(&self.number.to_string(), self.digits(), plain);
        pen.left(&fit_name(&self.row.name, names), names, self.name())
            .skip(1)
            .spans(&status);
        let mut pen = Pen::new(buf, row(area, 1));
        self.mapping(pen.skip(3));
        let (text, role) = feels(self.row);
        let felt = self.theme().style(role);
        if area.width >= ROOMY {
            let mut pen = Pen::new(buf, row(area, 0));
            pen.at_end(&[Span::styled(format!("  {text} "), felt)]);
        }
        if self.mixer.form == Form::Wide {
            let mut pen = Pen::new(buf, row(area, 2));
            pen.skip(3);
            if area.width < ROOMY {
                pen.text(&text, felt);
            } else {
                let (text, role) = self.gap();
                pen.text(&text, self.theme().style(role));
            }
        }
    }

    /// `● 4 conn  set 4/4`, shorter where there is no room for all of it.
    fn status(&self, room: u16, state: &State) -> Vec<Span<'static>> {
        let plain = self.theme().style(Role::Plain);
        let note = if room < 40 {
            state.note.trim_start_matches("set ").to_owned()
        } else {
            state.note.clone()
        };
        let gap = if state.conns.is_empty() || note.is_empty() {
            ""
        } else if room < 40 {
            " "
        } else {
            "  "
        };
        let conns = if room < 40 || state.conns.is_empty() {
            state.conns.clone()
        } else {
            format!("{:>1$}", state.conns, usize::from(self.conns))
        };
        vec![
            Span::styled(state.glyph, self.theme().style(state.role)),
            Span::styled(format!(" {conns}{gap}"), plain),
            Span::styled(note, self.note(state)),
        ]
    }

    fn note(&self, state: &State) -> Style {
        self.theme().style(match state.role {
            Role::Trouble => Role::Trouble,
            _ => Role::Plain,
        })
    }

    /// The mapping, the direction that the keys turn, and what is set on knobs that are not drawn. The mapping is cut
    /// off for them, but not for a direction that is both.
    fn mapping(&self, pen: &mut Pen<'_>) {
        let mapping = mapping(self.row);
        let mut more = self.chips();
        if self.is_selected() {
            let directions = self.model.directions;
            let word = format!("  {}", directions_word(directions));
            let all = width(&mapping) + width(&word) + widths(&more) + 1;
            if directions != Directions::Both || all <= pen.room() {
                more.insert(0, Span::styled(word, self.theme().style(Role::Title)));
            }
        }
        let room = pen.room().saturating_sub(widths(&more) + 1);
        pen.text(&fit(&mapping, room), self.theme().style(Role::Rest));
        pen.spans(&more);
    }

    /// What is set and no track shows: the values of knobs that are not drawn, which share of the connections is hit, and
    /// where a schedule stands.
    fn chips(&self) -> Vec<Span<'static>> {
        let style = self.theme().style(Role::Injected);
        let chips =
            knob::all().iter().enumerate().filter_map(|(index, dial)| {
                let is_drawn = knobs(self.mixer).any(|(drawn, _)| drawn == index);
                let directions = self.model.directions;
                let value = dial.value(self.proof.plan, directions);
                let is_set = dial.value(&self.row.plan, directions).is_some();
                let mut parts = Vec::new();
                parts.extend(value.filter(|_| !is_drawn).map(format::value));
                if value.is_some() {
                    let share = dial.share(self.proof.plan).map(Value::Percent);
                    parts.extend(share.map(|share| format!("on {}", format::value(share))));
                }
                parts.extend(self.proof.phase(dial).filter(|_| is_set).and_then(
                    |phase| match phase {
                        Phase::Acting(left) => Some(format!("{} left", self.age(left?))),
                        // The knob says it, where it is drawn.
                        Phase::Coming(wait) => {
                            (!is_drawn).then(|| format!("in {}", self.age(wait)))
                        }
                        Phase::Over => (!is_drawn).then(|| "over".to_owned()),
                    },
                ));
                (!parts.is_empty()).then(|| format!("  {} {}", dial.knob.label, parts.join(" ")))
            });
        chips.map(|chip| Span::styled(chip, style)).collect()
    }

    /// A time that runs; a screen that stands still shows no seconds of it.
    fn age(&self, time: Duration) -> String {
        if self.model.quiet {
            format::age_in_minutes(time)
        } else {
            // What is left of a second is one.
            format::age(time + Duration::from_millis(999))
        }
    }

    /// Why the first knob that does not simply agree does not.
    fn gap(&self) -> (String, Role) {
        match self.proof.gap(self.model.directions) {
            Some(gap) if gap.differs => (format!("! {}", gap.text), Role::Trouble),
            Some(gap) => (gap.text, Role::Rest),
            None => (String::new(), Role::Rest),
        }
    }

    fn knobs(&self, area: Rect, buf: &mut Buffer) {
        let down = u16::from(self.mixer.form == Form::Compact);
        for (at, (index, dial)) in (0..).zip(knobs(self.mixer)) {
            let reading = self.proof.reading(dial, self.model.directions);
            let cell = DialCell {
                theme: self.theme(),
                mixer: self.mixer,
                dial,
                reading: &reading,
                selected: self.is_selected() && index == self.model.knob,
            };
            let place = Rect {
                x: area.x + self.mixer.margin + at * self.mixer.knob,
                y: area.y + down,
                width: self.mixer.knob,
                height: 2,
            };
            cell.render(place.intersection(area), buf);
        }
    }
}

/// The state in a word or two, for strips without room.
fn short(state: &State) -> &str {
    let is_set = state.note.starts_with("set ") || width(&state.note) == 0;
    if is_set { &state.conns } else { &state.note }
}
