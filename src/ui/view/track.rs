//! The track of a knob: nine stops, what is set and what was measured.
//!
//! To the right is worse, and the cell under a key's number is that key's stop. In one row both meet; in two, what was
//! measured has its own.
//!
//! ```text
//!  LAT ━━━━◉╌╌╌╌ 250ms=251ms          key  1 2 3 4 5 6 7 8 9
//!      ━━┃━━●╌╌╌ 500ms!140ms          LAT ━━━━━━━━━●╌╌╌╌╌╌╌╌   250ms
//!        │  set                         ▸ ▀▀▀▀▀▀▀▀▀▀········   251ms=
//!        measured
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::pen::Pen;
use crate::ui::theme::{Charset, Role, Theme};

/// How many stops there are.
const STOPS: u16 = 9;

/// A track in one row, as wide as its area: a cell or two for each stop.
pub(super) struct Track {
    pub(super) theme: Theme,
    /// Where it is set, in stops; `None` is off.
    pub(super) set: Option<f64>,
    /// Where it was measured, in stops.
    pub(super) measured: Option<f64>,
    /// Whether the two are the same within what the eye tells apart, wherever their cells are.
    pub(super) agrees: bool,
}

/// What was measured in a row of its own, under a track.
pub(super) struct Measured {
    pub(super) theme: Theme,
    /// Where it was measured, in stops; `None` draws an empty row.
    pub(super) at: Option<f64>,
}

/// The numbers of the stops, above a track of two cells each.
pub(super) const KEYS: &str = " 1 2 3 4 5 6 7 8 9";

/// The cell of a place on a track of this many cells; `None` at its very beginning.
fn cell(stops: f64, cells: u16) -> Option<u16> {
    let per_stop = f64::from(cells) / f64::from(STOPS);
    if stops <= 0.0 || cells == 0 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast saturates, and it is clamped to the track"
    )]
    let place = (stops * per_stop).round() as u16;
    Some(place.clamp(1, cells) - 1)
}

impl Widget for &Track {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let glyphs = match self.theme.charset {
            Charset::Unicode => ["●", "┃", "◉"],
            Charset::Ascii => ["O", "|", "@"],
        };
        let set = self.set.and_then(|stops| cell(stops, area.width));
        let measured = if self.agrees {
            set
        } else {
            self.measured.and_then(|stops| cell(stops, area.width))
        };
        let mut pen = Pen::new(buf, area);
        for at in 0..area.width {
            let (glyph, role) = match (set == Some(at), measured == Some(at)) {
                (true, true) => (glyphs[2], Role::Injected),
                (true, false) => (glyphs[0], Role::Injected),
                (false, true) => (glyphs[1], Role::Measured),
                (false, false) if set.is_some_and(|set| at < set) => ("━", Role::Injected),
                (false, false) => ("╌", Role::Rest),
            };
            pen.text(glyph, self.theme.style(role));
        }
    }
}

impl Widget for &Measured {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let filled = self.at.and_then(|stops| cell(stops, area.width));
        let filled = usize::from(filled.map_or(0, |last| last + 1));
        let empty = usize::from(area.width) - filled.min(usize::from(area.width));
        Pen::new(buf, area)
            .text(&"▀".repeat(filled), self.theme.style(Role::Measured))
            .text(&"·".repeat(empty), self.theme.style(Role::Rest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(cells: u16, charset: Charset, widget: impl Fn(Theme, Rect, &mut Buffer)) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, cells, 1));
        let theme = Theme {
            charset,
            ..Theme::MONO
        };
        widget(theme, buf.area, &mut buf);
        theme.finish(&mut buf);
        buf.content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect()
    }

    fn track(cells: u16, charset: Charset, set: Option<f64>, measured: Option<f64>) -> String {
        drawn(cells, charset, |theme, area, buf| {
            let track = Track {
                theme,
                set,
                measured,
                agrees: false,
            };
            track.render(area, buf);
        })
    }

    #[test]
    fn a_stop_stands_under_its_key() {
        for stop in 1..=9_u16 {
            let wide = track(18, Charset::Unicode, Some(f64::from(stop)), None);
            let under = wide
                .chars()
                .zip(KEYS.chars())
                .find(|(glyph, _)| *glyph == '●');
            assert_eq!(
                under.map(|(_, key)| key.to_string()),
                Some(stop.to_string())
            );
            let narrow = track(9, Charset::Unicode, Some(f64::from(stop)), None);
            assert_eq!(
                narrow.chars().position(|glyph| glyph == '●'),
                Some(usize::from(stop) - 1)
            );
        }
    }

    #[test]
    fn set_and_measured_meet_in_one_glyph() {
        for (set, measured, unicode, ascii) in [
            (None, None, "╌╌╌╌╌╌╌╌╌", "---------"),
            (Some(5.0), Some(5.0), "━━━━◉╌╌╌╌", "====@----"),
            (Some(6.0), Some(4.2), "━━━┃━●╌╌╌", "===|=O---"),
            (Some(2.0), Some(7.0), "━●╌╌╌╌┃╌╌", "=O----|--"),
            (Some(0.1), None, "●╌╌╌╌╌╌╌╌", "O--------"),
            (Some(9.0), Some(0.0), "━━━━━━━━●", "========O"),
        ] {
            assert_eq!(track(9, Charset::Unicode, set, measured), unicode);
            assert_eq!(track(9, Charset::Ascii, set, measured), ascii);
        }
    }

    #[test]
    fn what_was_measured_fills_a_row_of_its_own() {
        for (at, row) in [
            (None, "··················"),
            (Some(0.0), "··················"),
            (Some(5.0), "▀▀▀▀▀▀▀▀▀▀········"),
            (Some(12.0), "▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀"),
        ] {
            let measured = drawn(18, Charset::Unicode, |theme, area, buf| {
                Measured { theme, at }.render(area, buf);
            });
            assert_eq!(measured, row);
        }
    }
}
