//! Draws one dial (`ui::knob`) of one strip: its label, its track, what is set and what was measured.
//!
//! ```text
//!  compact  LAT ━━━━◉╌╌╌╌ 250ms=251ms
//!  tall     LAT ━━━━━━━━━●╌╌╌╌╌╌╌╌   250ms
//!             ▸ ▀▀▀▀▀▀▀▀▀▀········   251ms=
//! ```

use ratatui::style::Style;

use super::layout::{Form, Mixer};
use super::pen::{Pen, Sheet, width};
use super::track::{Track, draw_measured};
use crate::fault::Value;
use crate::fault::knob::Metric;
use crate::ui::knob::Dial;
use crate::ui::proof::{Reading, Verdict};
use crate::ui::theme::{Charset, Role};

/// Columns of a knob's label and the blank after it.
const LABEL: u16 = 4;
/// Columns of set and measured together, in the form with one row.
const PAIR: u16 = 12;
/// Columns of a value in the forms with two rows.
const VALUE: u16 = 7;

/// One knob of one strip.
pub(super) struct DialCell<'a> {
    pub(super) charset: Charset,
    pub(super) mixer: &'a Mixer,
    pub(super) dial: &'a Dial,
    pub(super) reading: &'a Reading,
    /// Whether the keys turn it.
    pub(super) selected: bool,
}

impl DialCell<'_> {
    pub(super) fn draw(&self, mut sheet: Sheet<'_>) {
        let label = self.dial.knob.label;
        match self.mixer.form {
            Form::Compact => {
                let mut pen = sheet.row(0);
                pen.left(label, LABEL - 1, self.label()).skip(1);
                self.one_row(&mut pen);
            }
            Form::Tall => {
                sheet.row(0).left(label, LABEL - 1, self.label());
                sheet.row(1).skip(2).text("▸", Role::Rest);
                self.two_rows(LABEL, self.value().into(), &mut sheet);
            }
            Form::Wide if self.selected => {
                self.two_rows(0, Role::Injected.selected(), &mut sheet);
            }
            Form::Wide => self.two_rows(0, self.value().into(), &mut sheet),
        }
    }

    fn one_row(&self, pen: &mut Pen<'_>) {
        self.draw_track(true, pen);
        // The label says what strays; a rate's unit stands with what is set.
        let set = self.reading.set_text.trim_start_matches('±');
        let measured = match self.reading.set {
            Some(_) => self.reading.measured_text.trim_end_matches("/s"),
            None => &self.reading.measured_text,
        };
        // One arrow says the direction of both.
        let arrow = set.chars().next().filter(|arrow| "↑↓".contains(*arrow));
        let measured = arrow.map_or(measured, |arrow| measured.trim_start_matches(arrow));
        // The marks stand under each other where set and measured leave them the room.
        let pair = width(set) + 1 + width(measured);
        let blank = 6_u16.saturating_sub(width(set)).max(1);
        let blank = blank.min(PAIR.saturating_sub(pair));
        pen.skip(blank).text(set, self.value());
        pen.text(self.reading.verdict.mark(), self.mark());
        pen.text(measured, self.measured());
    }

    /// Draws set above measured, after so many columns.
    fn two_rows(&self, margin: u16, value: Style, sheet: &mut Sheet<'_>) {
        let reading = self.reading;
        let mut pen = sheet.row(0);
        self.draw_track(false, pen.skip(margin));
        let blank = VALUE.saturating_sub(width(&reading.set_text));
        pen.skip(blank).text(&reading.set_text, value);
        let mut pen = sheet.row(1);
        let room = self.mixer.track + VALUE;
        if let Some(more) = &reading.more {
            // What has no place on the track may take its row.
            let all = format!("{more} {}", reading.measured_text);
            if width(&all) <= room {
                pen.skip(margin).right(all, room, self.measured());
                return;
            }
        }
        let measured = self.place(reading.set.and(reading.measured));
        draw_measured(measured, self.mixer.track, pen.skip(margin));
        pen.right(&reading.measured_text, VALUE, self.measured());
        if let Verdict::Agrees | Verdict::Differs(_) = reading.verdict {
            pen.text(reading.verdict.mark(), self.mark());
        }
    }

    fn draw_track(&self, with_measured: bool, pen: &mut Pen<'_>) {
        let reading = self.reading;
        let measured = reading.set.and(reading.measured);
        let track = Track {
            cells: self.mixer.track,
            set: self.place(reading.set),
            measured: self.place(measured.filter(|_| with_measured)),
            agrees: with_measured && reading.verdict == Verdict::Agrees,
        };
        track.draw(self.charset, pen);
    }

    fn place(&self, value: Option<Value>) -> Option<f64> {
        value.map(|value| self.dial.position(value))
    }

    fn label(&self) -> Style {
        match (self.selected, self.reading.set) {
            (true, _) => Role::Title.selected(),
            (false, Some(_)) => Role::Title.into(),
            (false, None) => Role::Plain.into(),
        }
    }

    fn value(&self) -> Role {
        match self.reading.set {
            Some(_) => Role::Injected,
            None => Role::Rest,
        }
    }

    fn measured(&self) -> Role {
        match &self.reading.verdict {
            Verdict::Differs(_) => Role::Trouble,
            // What is measured where nothing is set has another cause.
            Verdict::Off if self.dial.knob.metric != Metric::Rate => Role::Rest,
            _ => Role::Measured,
        }
    }

    fn mark(&self) -> Role {
        match &self.reading.verdict {
            Verdict::Agrees => Role::Good,
            Verdict::Differs(_) => Role::Trouble,
            _ => Role::Rest,
        }
    }
}
