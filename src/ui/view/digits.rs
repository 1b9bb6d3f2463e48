//! Large figures, for who reads the screen from the other end of a room: three dots by five each.
//!
//! ```text
//!  Large             Small        Words
//!  ██████    ██      ▀▀█ ▄█       21 ms
//!      ██  ████      █▀▀  █
//!  ██████    ██      ▀▀▀ ▀▀▀ ms
//!  ██        ██
//!  ██████  ██████ ms
//! ```
//!
//! Without half blocks the small ones take five rows as well.

use ratatui::style::Style;

use super::pen::{Sheet, width};
use crate::ui::theme::Charset;

/// The glyphs there are, each in its rows.
const GLYPHS: [(char, [&str; ROWS]); 14] = [
    ('0', ["###", "# #", "# #", "# #", "###"]),
    ('1', [" # ", "## ", " # ", " # ", "###"]),
    ('2', ["###", "  #", "###", "#  ", "###"]),
    ('3', ["###", "  #", " ##", "  #", "###"]),
    ('4', ["# #", "# #", "###", "  #", "  #"]),
    ('5', ["###", "#  ", "###", "  #", "###"]),
    ('6', ["###", "#  ", "###", "# #", "###"]),
    ('7', ["###", "  #", "  #", " # ", " # "]),
    ('8', ["###", "# #", "###", "# #", "###"]),
    ('9', ["###", "# #", "###", "  #", "###"]),
    ('.', [" ", " ", " ", " ", "#"]),
    ('-', ["  ", "  ", "##", "  ", "  "]),
    ('o', ["   ", "###", "# #", "# #", "###"]),
    ('f', [" ##", "#  ", "## ", "#  ", "#  "]),
];

const ROWS: usize = 5;

/// How large figures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Two cells a dot.
    Large,
    /// Half a cell a dot, where the terminal has half blocks; else a cell.
    Small,
    /// As any other text.
    Words,
}

/// A text as its figures and what stands behind them: `250`, `ms`. Nothing but words where no glyph is made for them.
fn parts(text: &str) -> (&str, &str) {
    let is_glyph = |letter: char| GLYPHS.iter().any(|(glyph, _)| *glyph == letter);
    match text {
        "off" | "-" => (text, ""),
        _ if !text.starts_with(|first: char| first.is_ascii_digit()) => ("", text),
        _ => {
            let end = text.find(|letter| !is_glyph(letter)).unwrap_or(text.len());
            (&text[..end], text[end..].trim_start())
        }
    }
}

/// The rows of a glyph; blank where there is none.
fn glyph(letter: char) -> [&'static str; ROWS] {
    let mut glyphs = GLYPHS.iter();
    let found = glyphs.find(|(glyph, _)| *glyph == letter);
    found.map_or([" "; ROWS], |(_, rows)| *rows)
}

impl Scale {
    /// How many rows it takes.
    pub(super) fn rows(self, charset: Charset) -> u16 {
        match (self, charset) {
            (Self::Words, _) => 1,
            (Self::Small, Charset::Unicode) => 3,
            (Self::Small, Charset::Ascii) | (Self::Large, _) => 5,
        }
    }

    /// Writes a text so, its unit behind the foot of its figures.
    pub(super) fn draw(self, text: &str, charset: Charset, style: Style, mut sheet: Sheet<'_>) {
        let rows = self.rows(charset);
        let (figures, unit) = parts(text);
        if self == Self::Words || figures.is_empty() {
            sheet.row(sheet.area.height / 2).text(text, style);
            return;
        }
        let foot = self.line_of(figures, usize::from(rows) - 1, charset);
        if width(&foot) + 1 + width(unit) > sheet.area.width {
            let smaller = match self {
                Self::Large => Self::Small,
                Self::Small | Self::Words => Self::Words,
            };
            return smaller.draw(text, charset, style, sheet);
        }
        for row in 0..rows {
            let mut pen = sheet.row(row);
            pen.text(self.line_of(figures, usize::from(row), charset), style);
            if row + 1 == rows {
                pen.skip(1).text(unit, style);
            }
        }
    }

    /// A row of all figures.
    fn line_of(self, figures: &str, row: usize, charset: Charset) -> String {
        let glyphs = figures.chars().map(glyph);
        let lines = glyphs.map(|glyph| self.line(glyph, row, charset));
        let gap = if self == Self::Large { "  " } else { " " };
        lines.collect::<Vec<_>>().join(gap)
    }

    /// A row of a glyph.
    fn line(self, glyph: [&str; ROWS], row: usize, charset: Charset) -> String {
        let is_set = |row: usize, at: usize| {
            let rows = glyph.get(row);
            rows.is_some_and(|dots| dots.as_bytes()[at] == b'#')
        };
        let dots = 0..glyph[0].len();
        match (self, charset) {
            (Self::Large, _) => dots
                .map(|at| if is_set(row, at) { "██" } else { "  " })
                .collect(),
            (_, Charset::Ascii) => dots
                .map(|at| if is_set(row, at) { "█" } else { " " })
                .collect(),
            (_, Charset::Unicode) => dots
                .map(|at| match (is_set(2 * row, at), is_set(2 * row + 1, at)) {
                    (true, true) => "█",
                    (true, false) => "▀",
                    (false, true) => "▄",
                    (false, false) => " ",
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn every_glyph_is_as_wide_in_all_its_rows() {
        for (letter, rows) in GLYPHS {
            assert!(
                rows.iter().all(|row| row.len() == rows[0].len()),
                "{letter}"
            );
        }
    }

    #[test]
    fn a_unit_stands_at_the_foot_of_its_figures_and_a_word_stays_one() {
        let drawn = |text, scale: Scale, charset| {
            let area = Rect::new(0, 0, 12, scale.rows(charset));
            let mut buf = Buffer::empty(area);
            scale.draw(text, charset, Style::new(), Sheet::new(&mut buf, area));
            let cell = |at| buf[at].symbol().to_owned();
            let rows = area.rows();
            let rows = rows.map(|row| row.positions().map(cell).collect::<String>());
            rows.map(|row| row.trim_end().to_owned())
                .collect::<Vec<_>>()
        };
        let (small, unicode) = (Scale::Small, Charset::Unicode);
        assert_eq!(
            drawn("2.1 s", small, unicode),
            ["▀▀█   ▄█", "█▀▀    █", "▀▀▀ ▀ ▀▀▀ s"]
        );
        assert_eq!(
            drawn("21%", small, Charset::Ascii),
            ["███  █", "  █ ██", "███  █", "█    █", "███ ███ %"]
        );
        assert_eq!(drawn("cubic", small, unicode), ["", "cubic", ""]);
        assert_eq!(drawn("2.1 s", Scale::Words, unicode), ["2.1 s"]);
    }
}
