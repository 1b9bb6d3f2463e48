//! Draws the strip of one proxy: its name, what it is doing, its knobs.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::dial::{DialCell, LABEL};
use super::hits::Target;
use super::layout::{Density, Form, Mixer};
use super::pen::{Pen, Sheet, fit, fit_name, width, widths};
use super::queue;
use super::state::{State, explained, feels, mapping, state};
use super::strips::{directions_word, knobs, selection};
use crate::fault::{Direction, Directions, Plan, Value};
use crate::snapshot::{Phase, ProxyRow};
use crate::ui::format;
use crate::ui::knob::{self, Dial};
use crate::ui::model::{Focus, Model};
use crate::ui::named;
use crate::ui::proof::Proof;
use crate::ui::theme::Role;

/// Columns of what stands at the right of a compact strip: the note with its gap, and what clients feel.
const NOTE: u16 = 12;
const FEELS: u16 = 13;
/// From so many columns on, a strip in one row says in words what its proxy is doing; and how many connections do so.
const WORDY: u16 = 56;
const ROOMY_LINE: u16 = 76;
/// Columns of what the proxy of a strip in one row is doing, where its connections are not counted beside it.
const STATE: u16 = 8;
/// Columns of a mapping that are left to it beside what is set.
const LEAST: u16 = 8;
/// Columns of the side that acts, of two settings, behind a name.
const SIDE: u16 = 2;
/// Columns between what waits and what a proxy is doing.
const GAP: u16 = 2;
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
    /// Draws it whole, or in one row.
    pub(super) fn draw(&self, is_row: bool, mut sheet: Sheet<'_>) {
        sheet.holds(Target::Strip(self.row.id));
        let state = state(self.row, self.proof.measured.plan);
        if is_row {
            self.line(&state, &mut sheet);
        } else {
            let chips = self.chips();
            let inline = match self.mixer.form {
                Form::Compact => self.compact(&state, &chips, &mut sheet),
                Form::Tall | Form::Wide => self.column(&state, &chips, &mut sheet),
            };
            self.knobs(&chips[inline..], &mut sheet);
        }
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
        digits(self.model)
    }

    /// Writes the number and the name, in so many columns.
    fn name(&self, names: u16, pen: &mut Pen<'_>) {
        let role = if self.is_selected() {
            Role::Title
        } else {
            Role::Plain
        };
        let marked = self.model.marked.contains(&self.row.id);
        pen.skip(1)
            .left(self.number.to_string(), self.digits() - 1, Role::Plain)
            .left(if marked { "*" } else { "" }, 1, Role::Injected);
        let Some(side) = self.model.side(self.row.id) else {
            pen.left(fit_name(&self.row.name, names), names, role)
                .skip(1);
            return;
        };
        // The name gives way to the side.
        let most = names.saturating_sub(SIDE);
        let name = fit_name(&self.row.name, most);
        let taken = width(&name);
        pen.left(name, taken, role).skip(1);
        pen.left(side.to_string(), names - taken - 1, Role::Injected)
            .skip(1);
    }

    /// The first row of the compact form: everything but the knobs. Says how many chips found room.
    fn compact(&self, state: &State, chips: &[String], sheet: &mut Sheet<'_>) -> usize {
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
        let inline = self.mapping(chips, &mut pen);
        pen.until(left.saturating_sub(GAP));
        queue::draw(self.row, self.proof.measured.plan, &mut pen);
        let mut pen = sheet.row(0);
        pen.to(left)
            .holds(state_columns, Target::State(self.row.id));
        pen.text(state.glyph, state.role).skip(1);
        if right < state_columns {
            pen.text(short(state), Role::Plain);
            return inline;
        }
        pen.right(&state.conns, self.conns, Role::Plain).skip(2);
        pen.left(&state.note, NOTE - 2, note(state));
        if right > state_columns {
            let (text, role) = feels(self.row);
            pen.right(text, FEELS, role);
        }
        inline
    }

    /// The column before the knobs: two rows, or three. Says how many chips found room.
    fn column(&self, state: &State, chips: &[String], sheet: &mut Sheet<'_>) -> usize {
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
            let name = called(self.model, self.row);
            if (room(&status) + 1..=room(&brief)).contains(&name) {
                status = brief;
            }
        }
        let names = self.names.clamp(4, (self.model.size.width / 4).max(24));
        let names = names.min(room(&status));
        let mut pen = sheet.row(0);
        self.name(names, &mut pen);
        pen.holds(widths(&status), Target::State(self.row.id));
        pen.spans(&status);
        let mut pen = sheet.row(1);
        let inline = self.mapping(chips, pen.skip(self.digits() + 1));
        if self.mixer.form == Form::Tall {
            queue::draw(self.row, self.proof.measured.plan, &mut pen);
        }
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
            let mut pen = sheet.row(2);
            pen.skip(self.digits() + 1).text(text, role);
            queue::draw(self.row, self.proof.measured.plan, &mut pen);
        }
        inline
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

    /// All in one row: state, one knob, what else is set, what clients feel.
    fn line(&self, state: &State, sheet: &mut Sheet<'_>) {
        let columns = sheet.area.width.saturating_sub(1);
        self.line_state(state, columns, sheet);
        let mut at = before_knob(self.names, self.conns, self.digits(), columns);
        let dial = self.shown_in_line();
        let reading = self
            .proof
            .reading(&knob::all()[dial], self.model.directions);
        let cell = DialCell {
            charset: self.model.theme.charset,
            form: Form::Compact,
            track: 9,
            dial: &knob::all()[dial],
            reading: &reading,
            selected: self.is_selected() && dial == self.model.knob,
            place: (self.row.id, dial),
        };
        let width_of_cell = 26.min(columns.saturating_sub(at));
        let area = sheet.area;
        let place = Rect::new(area.x + at, area.y, width_of_cell, 1);
        cell.draw(sheet.part(place));
        at += width_of_cell;
        let (felt, role) = feels(self.row);
        let felt = if columns < ROOMY_LINE {
            let time = felt.split_once(' ').map_or("-", |(_, time)| time);
            time.to_owned()
        } else {
            felt
        };
        let mut pen = sheet.row(0);
        pen.until(columns).to(at + 1);
        let chips = self.chips_without(|index| index == dial);
        let room = pen.room().saturating_sub(width(&felt) + 1);
        let inline = fitting(&chips, room.saturating_sub(4));
        for chip in &chips[..inline] {
            pen.text(format!("{chip}  "), Role::Injected);
        }
        let more = chips.len() - inline;
        if more > 0 && room > 3 {
            pen.text(format!("+{more}"), Role::Injected);
        }
        pen.at_end(&[Span::styled(felt, role)]);
        if more > 0 && room <= 3 {
            // Behind the label: more is on than is shown.
            let at = at.saturating_sub(width_of_cell) + LABEL - 1;
            sheet.row(0).skip(at).text("+", Role::Injected);
        }
    }

    /// The number, the name and the state of a strip in one row of so many columns.
    fn line_state(&self, state: &State, columns: u16, sheet: &mut Sheet<'_>) {
        let mut pen = sheet.row(0);
        self.name(names_in_line(self.names, columns), pen.until(columns));
        pen.holds(2 + STATE, Target::State(self.row.id));
        pen.text(state.glyph, state.role).skip(1);
        match columns {
            // The glyph says it.
            0..WORDY => {}
            WORDY..ROOMY_LINE => {
                let text = match state.role {
                    Role::Trouble | Role::Injected if !state.note.is_empty() => state.note.clone(),
                    _ if width(&state.conns) > STATE => self.row.open.to_string(),
                    _ => state.conns.clone(),
                };
                pen.left(text, STATE, note(state));
            }
            _ => {
                pen.right(&state.conns, self.conns, Role::Plain).skip(2);
                pen.left(&state.note, NOTE - 2, note(state));
            }
        }
    }

    /// The knob that a strip in one row shows: the selected one where it is on or this strip's keys turn it, else the first
    /// that is on.
    fn shown_in_line(&self) -> usize {
        let is_on = |dial: &Dial| dial.value(self.plan(), Directions::Both).is_some();
        let all = knob::all();
        let selected = self.model.knob;
        if self.is_selected() || is_on(&all[selected]) {
            return selected;
        }
        all.iter().position(is_on).unwrap_or(selected)
    }

    /// The mapping, the direction that the keys turn, and as many chips as there is room for: says how many. The mapping is cut
    /// off for them, but not for a direction that is both.
    fn mapping(&self, chips: &[String], pen: &mut Pen<'_>) -> usize {
        let mapping = mapping(self.row);
        let room = pen.room().saturating_sub(1);
        let mut word = String::new();
        if self.is_selected() {
            let directions = self.model.directions;
            let all: u16 = chips.iter().map(|chip| width(chip) + 2).sum();
            word = format!("  {}", directions_word(directions));
            if directions == Directions::Both && width(&mapping) + width(&word) + all > room {
                word.clear();
            }
        }
        let least = width(&mapping).min(LEAST) + width(&word);
        let inline = fitting(chips, room.saturating_sub(least));
        let taken: u16 = chips[..inline].iter().map(|chip| width(chip) + 2).sum();
        let room = room.saturating_sub(taken + width(&word));
        pen.text(fit(&mapping, room), Role::Rest)
            .text(word, Role::Title);
        for chip in &chips[..inline] {
            pen.text(format!("  {chip}"), Role::Injected);
        }
        inline
    }

    /// What is set and no track shows: the values of knobs that are not drawn, which share of the connections is hit, and
    /// where a schedule stands.
    fn chips(&self) -> Vec<String> {
        let (first, count) = self.mixer.knobs;
        self.chips_without(|index| (first..first + count).contains(&index))
    }

    /// What is set, but for what the tracks show of the knobs that are drawn.
    fn chips_without(&self, is_drawn: impl Fn(usize) -> bool) -> Vec<String> {
        let chips = knob::all().iter().enumerate().filter_map(|(index, dial)| {
            let mut chip = self.chip(dial, is_drawn(index));
            // The measured side of a knob in one row has no room for all of it.
            let is_short = self.mixer.form != Form::Tall || self.mixer.density == Density::Rows;
            let is_turned = is_short && self.is_selected() && index == self.model.knob;
            if is_turned {
                chip.extend(self.proof.reading(dial, self.model.directions).more);
            }
            let text = || format!("{} {}", dial.knob.label, chip.join(" "));
            (!chip.is_empty()).then(|| (is_turned, text()))
        });
        let mut chips: Vec<(bool, String)> = chips.collect();
        // The knob that is being turned says all of its own before the others are cut.
        chips.sort_by_key(|(is_turned, _)| !is_turned);
        let named = named::of(self.plan(), self.model.rates).into_iter();
        let chips = chips.into_iter().map(|(_, chip)| chip);
        let foreign = self.row.foreign.iter().flat_map(|it| it.iter().cloned());
        chips
            .chain(named.map(|it| it.text()))
            .chain(foreign)
            .collect()
    }

    /// What the track of a knob does not show.
    fn chip(&self, dial: &Dial, is_drawn: bool) -> Vec<String> {
        let directions = if is_drawn {
            self.model.directions
        } else {
            Directions::Both
        };
        let follows = |way| dial.follows(self.plan().find(dial.kind, way)?);
        let follows = Direction::BOTH.into_iter().find_map(follows).is_some();
        if dial.value(self.plan(), directions).is_none() && !follows {
            return Vec::new();
        }
        let value = (!is_drawn).then(|| self.proof.reading(dial, directions).set_text);
        let acts = dial.value(self.proof.measured.plan, directions);
        let share = acts
            .and(dial.share(self.proof.measured.plan))
            .map(Value::Percent);
        let share = share.map(|share| {
            let share = format::value(share, self.model.rates);
            match self.row.foreign {
                Some(_) => format!("on {share}"),
                None => format!("on {share} of {}", self.row.open),
            }
        });
        let phase = match self.proof.phase(dial) {
            Some(Phase::Acting(left)) => left.map(|left| format!("{} left", self.age(left))),
            // The value says it.
            Some(Phase::Coming(_) | Phase::Over) | None => None,
        };
        let mut traced = self.row.traced.iter();
        let place = traced.find(|it| follows && it.kind == dial.kind.name);
        let place = place.map(|it| {
            let [place, length] = [it.place, it.length].map(format::age);
            format!("{place} of {length}")
        });
        [value, share, phase, place].into_iter().flatten().collect()
    }

    /// All that is set, whether or not it acts now.
    fn plan(&self) -> &Plan {
        self.model.plan(self.row.id).unwrap_or(&self.row.plan)
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

    /// Draws the knobs; in the place of those that are off and not turned, the chips that found no room elsewhere.
    fn knobs(&self, chips: &[String], sheet: &mut Sheet<'_>) {
        let down = u16::from(self.mixer.form == Form::Compact);
        let rows = sheet.area.height.saturating_sub(down);
        let (given, chips) = self.spread(chips, if down == 1 { 1 } else { rows.min(3) });
        for (at, (index, dial)) in (0..).zip(knobs(self.mixer)) {
            let place = Rect {
                x: sheet.area.x + self.mixer.margin + at * self.mixer.knob,
                y: sheet.area.y + down,
                width: self.mixer.knob,
                height: 3,
            };
            if let Some((_, chips)) = given.iter().find(|(cell, _)| *cell == at) {
                draw_chips(chips, sheet.part(place));
                continue;
            }
            let cell = DialCell {
                charset: self.model.theme.charset,
                form: self.mixer.form,
                track: self.mixer.track,
                dial,
                reading: &self.proof.reading(dial, self.model.directions),
                selected: self.is_selected() && index == self.model.knob,
                place: (self.row.id, index),
            };
            cell.draw(sheet.part(place));
        }
        if !chips.is_empty() {
            let more = format!("+{}", chips.len());
            let more = Span::styled(more, Role::Injected.selected());
            sheet.row(down).at_end(&[more]);
        }
    }

    /// The chips that stand in the places of knobs that are off and not turned, each place with so many rows; and those that
    /// have no room there either.
    fn spread<'c>(
        &self,
        mut chips: &'c [String],
        rows: u16,
    ) -> (Vec<(u16, &'c [String])>, &'c [String]) {
        let is_on = |dial: &Dial| dial.value(self.plan(), Directions::Both).is_some();
        let cells = (0..).zip(knobs(self.mixer));
        let spare = cells.filter(|(_, (index, dial))| *index != self.model.knob && !is_on(dial));
        // From the right: the first knobs stay where they are looked for.
        let mut spare: Vec<u16> = spare.map(|(at, _)| at).collect();
        let mut given = Vec::new();
        while !chips.is_empty()
            && let Some(at) = spare.pop()
        {
            let mut taken = 0;
            for _ in 0..rows {
                let fits = fitting(&chips[taken..], self.mixer.knob + 1);
                taken += fits.max(1).min(chips.len() - taken);
            }
            given.push((at, &chips[..taken]));
            chips = &chips[taken..];
        }
        (given, chips)
    }
}

/// Columns of a proxy's name, and of the side of its two settings that acts.
pub(super) fn called(model: &Model, row: &ProxyRow) -> u16 {
    width(&row.name) + model.side(row.id).map_or(0, |_| SIDE)
}

/// Columns of a number and the blank after it.
pub(super) fn digits(model: &Model) -> u16 {
    width(&model.snapshot.proxies.len().to_string()) + 1
}

/// Columns of the names of strips in one row.
fn names_in_line(names: u16, columns: u16) -> u16 {
    let most = match columns {
        0..ROOMY_LINE => 10,
        _ => 20,
    };
    names.clamp(4, most)
}

/// Columns of a strip in one row before its knob, for names, connections and numbers of so many columns.
pub(super) fn before_knob(names: u16, conns: u16, digits: u16, columns: u16) -> u16 {
    let state = match columns {
        0..WORDY => 0,
        WORDY..ROOMY_LINE => STATE + 1,
        _ => conns + 2 + NOTE - 1,
    };
    1 + digits + names_in_line(names, columns) + 1 + 2 + state
}

/// How many chips fit side by side in so many columns, two before each.
fn fitting(chips: &[String], room: u16) -> usize {
    let mut taken = 0;
    let fits = |chip: &&String| {
        taken += width(chip) + 2;
        taken <= room
    };
    chips.iter().take_while(fits).count()
}

/// Writes chips in rows, as many in each as fit.
fn draw_chips(mut chips: &[String], mut sheet: Sheet<'_>) {
    let room = sheet.area.width + 1;
    for at in 0..sheet.area.height {
        let count = fitting(chips, room).max(1).min(chips.len());
        let (here, rest) = chips.split_at(count);
        sheet.row(at).text(here.join("  "), Role::Injected);
        chips = rest;
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
