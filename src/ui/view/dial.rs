//! One knob of one strip: its label, its track, what is set and what was measured.
//!
//! ```text
//!  compact  LAT ━━━━◉╌╌╌╌ 250ms=251ms
//!  tall     LAT ━━━━━━━━━●╌╌╌╌╌╌╌╌   250ms
//!             ▸ ▀▀▀▀▀▀▀▀▀▀········   251ms=
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::layout::{Form, Mixer};
use super::pen::{Pen, row, width};
use super::track::{Measured, Track};
use crate::fault::knob::Metric;
use crate::ui::knob::Dial;
use crate::ui::proof::{Reading, Verdict};
use crate::ui::theme::{Role, Theme};

/// Columns of a knob's label and the blank after it.
const LABEL: u16 = 4;
/// Columns of set and measured together, in the form with one row.
const PAIR: u16 = 12;
/// Columns of a value in the forms with two rows.
const VALUE: u16 = 7;

/// One knob of one strip.
pub(super) struct DialCell<'a> {
    pub(super) theme: Theme,
    pub(super) mixer: &'a Mixer,
    pub(super) dial: &'a Dial,
    pub(super) reading: &'a Reading,
    /// Whether the keys turn it.
    pub(super) selected: bool,
}

impl Widget for &DialCell<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        match self.mixer.form {
            Form::Compact => self.compact(row(area, 0), buf),
            Form::Tall => {
                Pen::new(buf, row(area, 0)).left(self.dial.knob.label, LABEL - 1, self.label());
                Pen::new(buf, row(area, 1))
                    .skip(2)
                    .text("▸", self.theme.style(Role::Rest));
                let indented = Rect {
                    x: area.x + LABEL.min(area.width),
                    width: area.width.saturating_sub(LABEL),
                    ..area
                };
                self.two_rows(indented, buf, self.value());
            }
            Form::Wide => {
                let value = if self.selected {
                    self.theme.selected(Role::Injected)
                } else {
                    self.value()
                };
                self.two_rows(area, buf, value);
            }
        }
    }
}

impl DialCell<'_> {
    fn compact(&self, area: Rect, buf: &mut Buffer) {
        let mut pen = Pen::new(buf, area);
        pen.left(self.dial.knob.label, LABEL - 1, self.label());
        let track = Rect {
            x: area.x + LABEL.min(area.width),
            width: self.mixer.track.min(area.width.saturating_sub(LABEL)),
            ..area
        };
        self.track(true).render(track, buf);
        let mut pen = Pen::new(buf, area);
        // The label says what strays; a rate's unit stands with what is set.
        let set = self.reading.set_text.trim_start_matches('±');
        let measured = match self.reading.set {
            Some(_) => self.reading.measured_text.trim_end_matches("/s"),
            None => &self.reading.measured_text,
        };
        // One arrow says the direction of both.
        let arrow = set.chars().next().filter(|arrow| "↑↓".contains(*arrow));
        let measured = arrow.map_or(measured, |arrow| measured.trim_start_matches(arrow));
        pen.to(LABEL + self.mixer.track);
        // The marks stand under each other where set and measured leave them the room.
        let pair = width(set) + 1 + width(measured);
        let blank = 6_u16.saturating_sub(width(set)).max(1);
        let blank = blank.min(PAIR.saturating_sub(pair));
        pen.skip(blank).text(set, self.value());
        pen.text(self.reading.verdict.mark(), self.mark());
        pen.text(measured, self.measured());
    }

    fn two_rows(&self, area: Rect, buf: &mut Buffer, value: Style) {
        let tracks = Rect {
            width: self.mixer.track.min(area.width),
            ..area
        };
        self.track(false).render(row(tracks, 0), buf);
        let measured = Measured {
            theme: self.theme,
            at: self.place(self.reading.set.and(self.reading.measured)),
        };
        measured.render(row(tracks, 1), buf);
        let set = &self.reading.set_text;
        let mut pen = Pen::new(buf, row(area, 0));
        let blank = VALUE.saturating_sub(width(set));
        pen.to(self.mixer.track).skip(blank).text(set, value);
        let mark = match &self.reading.verdict {
            verdict @ (Verdict::Agrees | Verdict::Differs(_)) => verdict.mark(),
            Verdict::Off | Verdict::Settling | Verdict::Unjudged | Verdict::Unknown(_) => " ",
        };
        let mut pen = Pen::new(buf, row(area, 1));
        pen.to(self.mixer.track)
            .right(&self.reading.measured_text, VALUE, self.measured())
            .text(mark, self.mark());
    }

    fn track(&self, with_measured: bool) -> Track {
        let measured = self.reading.measured.filter(|_| with_measured);
        Track {
            theme: self.theme,
            set: self.place(self.reading.set),
            measured: self.place(self.reading.set.and(measured)),
            agrees: with_measured && self.reading.verdict == Verdict::Agrees,
        }
    }

    fn place(&self, value: Option<crate::fault::Value>) -> Option<f64> {
        value.map(|value| self.dial.position(value))
    }

    fn label(&self) -> Style {
        match (self.selected, self.reading.set) {
            (true, _) => self.theme.selected(Role::Title),
            (false, Some(_)) => self.theme.style(Role::Title),
            (false, None) => self.theme.style(Role::Plain),
        }
    }

    fn value(&self) -> Style {
        self.theme.style(match self.reading.set {
            Some(_) => Role::Injected,
            None => Role::Rest,
        })
    }

    fn measured(&self) -> Style {
        self.theme.style(match &self.reading.verdict {
            Verdict::Differs(_) => Role::Trouble,
            // What is measured where nothing is set has another cause.
            Verdict::Off if self.dial.knob.metric != Metric::Rate => Role::Rest,
            Verdict::Off
            | Verdict::Settling
            | Verdict::Unjudged
            | Verdict::Agrees
            | Verdict::Unknown(_) => Role::Measured,
        })
    }

    fn mark(&self) -> Style {
        self.theme.style(match &self.reading.verdict {
            Verdict::Agrees => Role::Good,
            Verdict::Differs(_) => Role::Trouble,
            Verdict::Off | Verdict::Settling | Verdict::Unjudged | Verdict::Unknown(_) => {
                Role::Rest
            }
        })
    }
}
