//! Draws one dial (`ui::knob`) of one strip: its label, its track, what is set and what was measured.
//!
//! ```text
//!  compact  LAT ━━━━◉╌╌╌╌ 250ms=251ms
//!  tall     LAT ━━━━━━━━━●╌╌╌╌╌╌╌╌   250ms
//!             ▸ ▀▀▀▀▀▀▀▀▀▀········   251ms=
//!  wide     ━━━━●╌╌╌╌
//!           ▀▀▀▀▀····
//!           250ms=251ms
//! ```

use ratatui::style::Style;

use super::hits::Target;
use super::layout::Form;
use super::pen::{Pen, Sheet, width};
use super::track::{Track, draw_measured};
use crate::fault::Value;
use crate::fault::knob::Metric;
use crate::snapshot::ProxyId;
use crate::ui::knob::Dial;
use crate::ui::proof::{Reading, Verdict};
use crate::ui::theme::{Charset, Role};

/// Columns of a knob's label and the blank after it.
pub(super) const LABEL: u16 = 4;
/// Columns of set and measured together, in the form with one row.
const PAIR: u16 = 12;
/// Columns of a value in the forms with two rows.
const VALUE: u16 = 7;

/// One knob of one strip.
pub(super) struct DialCell<'a> {
    pub(super) charset: Charset,
    pub(super) form: Form,
    /// Cells of the track.
    pub(super) track: u16,
    pub(super) dial: &'a Dial,
    pub(super) reading: &'a Reading,
    /// Whether the keys turn it.
    pub(super) selected: bool,
    /// Whose it is, and its index in `knob::all()`.
    pub(super) place: (ProxyId, usize),
}

impl DialCell<'_> {
    pub(super) fn draw(&self, mut sheet: Sheet<'_>) {
        let (proxy, knob) = self.place;
        sheet.holds(Target::Knob(proxy, knob));
        if self.form != Form::Wide {
            sheet.row(0).holds(LABEL, Target::Label(proxy, knob));
        }
        let label = self.dial.knob.label;
        match self.form {
            Form::Compact => {
                let mut pen = sheet.row(0);
                pen.left(label, LABEL - 1, self.label()).skip(1);
                self.one_row(&mut pen);
            }
            Form::Tall => {
                sheet.row(0).left(label, LABEL - 1, self.label());
                sheet.row(1).skip(2).text("▸", Role::Rest);
                self.two_rows(&mut sheet);
            }
            Form::Wide => {
                self.draw_track(false, &mut sheet.row(0));
                let measured = self.place(self.reading.on_track());
                draw_measured(measured, self.track, &mut sheet.row(1));
                let value = if self.selected {
                    Role::Title.selected()
                } else {
                    self.value().into()
                };
                self.pair(value, &mut sheet.row(2));
            }
        }
    }

    fn one_row(&self, pen: &mut Pen<'_>) {
        self.draw_track(true, pen);
        // The marks stand under each other where set and measured leave them the room.
        let [set, measured] = self.figures();
        let pair = width(set) + 1 + width(measured);
        let blank = 6_u16.saturating_sub(width(set)).max(1);
        pen.skip(blank.min(PAIR.saturating_sub(pair)));
        self.pair(self.value().into(), pen);
    }

    /// Writes what is set, whether it is so, and what was measured.
    fn pair(&self, value: Style, pen: &mut Pen<'_>) {
        let [set, measured] = self.figures();
        pen.text(set, value);
        pen.text(self.reading.verdict.mark(), self.mark());
        pen.text(measured, self.measured());
    }

    /// What is set and what was measured, without what one of them says for both.
    fn figures(&self) -> [&str; 2] {
        // The label says what strays; a rate's unit stands with what is set.
        let set = self.reading.set_text.trim_start_matches('±');
        let measured = match self.reading.set {
            Some(_) => self.reading.measured_text.trim_end_matches("/s"),
            None => &self.reading.measured_text,
        };
        // One arrow says the direction of both.
        let arrow = set.chars().next().filter(|arrow| "↑↓".contains(*arrow));
        let measured = arrow.map_or(measured, |arrow| measured.trim_start_matches(arrow));
        [set, measured]
    }

    /// Draws set above measured, behind the label.
    fn two_rows(&self, sheet: &mut Sheet<'_>) {
        let reading = self.reading;
        let mut pen = sheet.row(0);
        self.draw_track(false, pen.skip(LABEL));
        let blank = VALUE.saturating_sub(width(&reading.set_text));
        pen.skip(blank).text(&reading.set_text, self.value());
        let mut pen = sheet.row(1);
        let room = self.track + VALUE;
        // What has no place on the track may take its row.
        if let Some(more) = reading.more.as_ref().filter(|_| reading.measured.is_none()) {
            let all = format!("{more} {}", reading.measured_text);
            if width(&all) <= room {
                pen.skip(LABEL).right(all, room, self.measured());
                return;
            }
        }
        let measured = self.place(reading.on_track());
        draw_measured(measured, self.track, pen.skip(LABEL));
        pen.right(&reading.measured_text, VALUE, self.measured());
        if let Verdict::Agrees | Verdict::Differs(_) = reading.verdict {
            pen.text(reading.verdict.mark(), self.mark());
        }
    }

    fn draw_track(&self, with_measured: bool, pen: &mut Pen<'_>) {
        let (proxy, knob) = self.place;
        pen.holds(self.track, Target::Track(proxy, knob));
        let reading = self.reading;
        let measured = reading.on_track();
        let track = Track {
            cells: self.track,
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
