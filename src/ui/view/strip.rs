//! Draws the strip of one proxy: its name, what it is doing, its knobs.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::dial::DialCell;
use super::layout::{Form, Mixer};
use super::pen::{Pen, Sheet, fit, fit_name, width, widths};
use super::state::{State, explained, feels, mapping, state};
use super::strips::{directions_word, knobs, selection};
use crate::fault::{Directions, Value};
use crate::snapshot::{Phase, ProxyRow};
use crate::ui::format;
use crate::ui::knob::{self, Dial};
use crate::ui::model::{Focus, Model};
use crate::ui::proof::Proof;
use crate::ui::theme::Role;

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

impl Strip<'_> {
    pub(super) fn draw(&self, mut sheet: Sheet<'_>) {
        let state = state(self.row, self.proof.plan);
        match self.mixer.form {
            Form::Compact => self.compact(&state, &mut sheet),
            Form::Tall | Form::Wide => self.column(&state, &mut sheet),
        }
        self.knobs(&mut sheet);
        if self.is_selected() {
            let (mark, role) = selection(self.model, Focus::Mixer);
            // The blank row of the wide form belongs to no strip.
            for at in 0..3 {
                sheet.row(at).text(mark, role);
            }
        }
    }

    fn is_selected(&self) -> bool {
        self.model.selected == Some(self.row.id)
    }

    /// Columns of a number and the blank after it: as many in each strip.
    fn digits(&self) -> u16 {
        width(&self.model.snapshot.proxies.len().to_string()) + 1
    }

    /// Writes the number and the name, in so many columns.
    fn name(&self, names: u16, pen: &mut Pen<'_>) {
        let role = if self.is_selected() {
            Role::Title
        } else {
            Role::Plain
        };
        pen.skip(1)
            .left(self.number.to_string(), self.digits(), Role::Plain)
            .left(fit_name(&self.row.name, names), names, role)
            .skip(1);
    }

    /// The first row of the compact form: everything but the knobs.
    fn compact(&self, state: &State, sheet: &mut Sheet<'_>) {
        let columns = sheet.area.width;
        let names = self.names.clamp(4, (columns / 4).max(10));
        let state_columns = 2 + self.conns + NOTE;
        let right = match columns {
            76.. => state_columns + FEELS,
            56.. => state_columns,
            _ => 12,
        };
        let left = columns.saturating_sub(right);
        let mut pen = sheet.row(0);
        self.name(names, pen.until(left));
        self.mapping(&mut pen);
        let mut pen = sheet.row(0);
        pen.to(left).text(state.glyph, state.role).skip(1);
        if right < state_columns {
            pen.text(short(state), Role::Plain);
            return;
        }
        pen.right(&state.conns, self.conns, Role::Plain).skip(2);
        pen.left(&state.note, NOTE - 2, note(state));
        if right > state_columns {
            let (text, role) = feels(self.row);
            pen.right(text, FEELS, role);
        }
    }

    /// The column before the knobs: two rows, or three.
    fn column(&self, state: &State, sheet: &mut Sheet<'_>) {
        let columns = self.mixer.margin.min(sheet.area.width).saturating_sub(1);
        let column = Rect {
            width: columns,
            ..sheet.area
        };
        let mut sheet = sheet.part(column);
        let room = |status: &[Span<'_>]| columns.saturating_sub(widths(status) + self.digits() + 2);
        let mut status = self.status(columns, &state.conns, state);
        if state.role == Role::Trouble {
            // What is wrong and with whom says more than how many are open.
            let brief = self.status(columns, "", state);
            if (room(&status) + 1..=room(&brief)).contains(&width(&self.row.name)) {
                status = brief;
            }
        }
        let names = self.names.clamp(4, (self.model.size.width / 4).max(24));
        let names = names.min(room(&status));
        let mut pen = sheet.row(0);
        self.name(names, &mut pen);
        pen.spans(&status);
        self.mapping(sheet.row(1).skip(3));
        let (text, role) = feels(self.row);
        let (text, role) = if columns < ROOMY {
            (text, role)
        } else {
            let felt = Span::styled(format!("  {text} "), role);
            sheet.row(0).at_end(&[felt]);
            let gap = self.proof.gap(self.model.directions);
            gap.map_or((String::new(), Role::Rest), explained)
        };
        if self.mixer.form == Form::Wide {
            sheet.row(2).skip(3).text(text, role);
        }
    }

    /// `● 4 conn  set 4/4`, shorter where there is no room for all of it.
    fn status(&self, room: u16, conns: &str, state: &State) -> [Span<'static>; 3] {
        let is_narrow = room < 40;
        let text = &state.note;
        let gap = match (conns.is_empty() || text.is_empty(), is_narrow) {
            (true, _) => "",
            (false, true) => " ",
            (false, false) => "  ",
        };
        let (columns, text) = if is_narrow {
            (0, text.trim_start_matches("set "))
        } else {
            (usize::from(self.conns), text.as_str())
        };
        let columns = if conns.is_empty() { 0 } else { columns };
        [
            Span::styled(state.glyph, state.role),
            Span::styled(format!(" {conns:>columns$}{gap}"), Role::Plain),
            Span::styled(text.to_owned(), note(state)),
        ]
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
                more.insert(0, Span::styled(word, Role::Title));
            }
        }
        let room = pen.room().saturating_sub(widths(&more) + 1);
        pen.text(fit(&mapping, room), Role::Rest).spans(&more);
    }

    /// What is set and no track shows: the values of knobs that are not drawn, which share of the connections is hit, and
    /// where a schedule stands.
    fn chips(&self) -> Vec<Span<'static>> {
        let (first, count) = self.mixer.knobs;
        let chips = knob::all().iter().enumerate().filter_map(|(index, dial)| {
            let mut chip = self.chip(dial, (first..first + count).contains(&index));
            // The measured side of a knob in one row has no room for all of it.
            let is_compact = self.mixer.form == Form::Compact;
            let is_turned = is_compact && self.is_selected() && index == self.model.knob;
            if is_turned {
                chip.extend(self.proof.reading(dial, self.model.directions).more);
            }
            let text = || format!("  {} {}", dial.knob.label, chip.join(" "));
            (!chip.is_empty()).then(|| (is_turned, text()))
        });
        let mut chips: Vec<(bool, String)> = chips.collect();
        // The knob that is being turned says all of its own before the others are cut.
        chips.sort_by_key(|(is_turned, _)| !is_turned);
        chips
            .into_iter()
            .map(|(_, chip)| Span::styled(chip, Role::Injected))
            .collect()
    }

    /// What the track of a knob does not show.
    fn chip(&self, dial: &Dial, is_drawn: bool) -> Vec<String> {
        let directions = self.model.directions;
        let value = dial.value(self.proof.plan, directions);
        let is_set = dial.value(&self.row.plan, directions).is_some();
        let share = value.and(dial.share(self.proof.plan)).map(Value::Percent);
        let phase = match self.proof.phase(dial).filter(|_| is_set) {
            Some(Phase::Acting(left)) => left.map(|left| format!("{} left", self.age(left))),
            Some(Phase::Coming(wait)) if !is_drawn => Some(format!("in {}", self.age(wait))),
            Some(Phase::Over) if !is_drawn => Some("over".to_owned()),
            // The knob says it, where it is drawn.
            _ => None,
        };
        let value = value.filter(|_| !is_drawn).map(format::value);
        let share = share.map(|share| format!("on {}", format::value(share)));
        [value, share, phase].into_iter().flatten().collect()
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

    fn knobs(&self, sheet: &mut Sheet<'_>) {
        let down = u16::from(self.mixer.form == Form::Compact);
        for (at, (index, dial)) in (0..).zip(knobs(self.mixer)) {
            let cell = DialCell {
                charset: self.model.theme.charset,
                mixer: self.mixer,
                dial,
                reading: &self.proof.reading(dial, self.model.directions),
                selected: self.is_selected() && index == self.model.knob,
            };
            let place = Rect {
                x: sheet.area.x + self.mixer.margin + at * self.mixer.knob,
                y: sheet.area.y + down,
                width: self.mixer.knob,
                height: 2,
            };
            cell.draw(sheet.part(place));
        }
    }
}

/// The role of what a strip notes beside its connections.
fn note(state: &State) -> Role {
    match state.role {
        Role::Trouble => Role::Trouble,
        _ => Role::Plain,
    }
}

/// The state in a word or two, for strips without room.
fn short(state: &State) -> &str {
    let is_set = state.note.starts_with("set ") || width(&state.note) == 0;
    if is_set { &state.conns } else { &state.note }
}
