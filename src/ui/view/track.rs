//! Draws the track of a knob: nine stops, what is set and what was measured.
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

use super::pen::Pen;
use crate::ui::theme::{Charset, Role};

/// How many stops there are.
const STOPS: u16 = 9;

/// A track in one row.
pub(super) struct Track {
    /// How many cells it has, one or two for each stop.
    pub(super) cells: u16,
    /// Where it is set, in stops; `None` is off.
    pub(super) set: Option<f64>,
    /// Where it was measured, in stops.
    pub(super) measured: Option<f64>,
    /// Whether the two are the same within what the eye tells apart, wherever their cells are.
    pub(super) agrees: bool,
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

/// Draws what was measured in a row of its own, under a track of so many cells; nothing of it where it is `None`.
pub(super) fn draw_measured(at: Option<f64>, cells: u16, pen: &mut Pen<'_>) {
    let filled = at.and_then(|stops| cell(stops, cells));
    let filled = filled.map_or(0, |last| last + 1);
    pen.text("▀".repeat(filled.into()), Role::Measured)
        .text("·".repeat((cells - filled).into()), Role::Rest);
}

impl Track {
    /// Draws the track: a sign where it is set, another where it was measured, and a third where both meet.
    pub(super) fn draw(&self, charset: Charset, pen: &mut Pen<'_>) {
        let [set_sign, measured_sign, both] = match charset {
            Charset::Unicode => ["●", "┃", "◉"],
            Charset::Ascii => ["O", "|", "@"],
        };
        let place = |stops: Option<f64>| stops.and_then(|stops| cell(stops, self.cells));
        let set = place(self.set);
        let measured = if self.agrees {
            set
        } else {
            place(self.measured)
        };
        for at in 0..self.cells {
            let (glyph, role) = match (set == Some(at), measured == Some(at)) {
                (true, true) => (both, Role::Injected),
                (true, false) => (set_sign, Role::Injected),
                (false, true) => (measured_sign, Role::Measured),
                (false, false) if set.is_some_and(|set| at < set) => ("━", Role::Injected),
                (false, false) => ("╌", Role::Rest),
            };
            pen.text(glyph, role);
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;
    use crate::ui::theme::Theme;
    use crate::ui::view::pen::Sheet;

    fn drawn(cells: u16, charset: Charset, draw: impl Fn(&mut Pen<'_>)) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, cells, 1));
        let theme = Theme {
            charset,
            ..Theme::MONO
        };
        let area = buf.area;
        draw(&mut Sheet::new(&mut buf, area).row(0));
        theme.finish(&mut buf);
        buf.content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect()
    }

    fn track(cells: u16, charset: Charset, set: Option<f64>, measured: Option<f64>) -> String {
        drawn(cells, charset, |pen| {
            let track = Track {
                cells,
                set,
                measured,
                agrees: false,
            };
            track.draw(charset, pen);
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
            let measured = drawn(18, Charset::Unicode, |pen| draw_measured(at, 18, pen));
            assert_eq!(measured, row);
        }
    }
}
