//! What the screen looks like: styles by role, for the terminal that is there.
//!
//! Code names roles, never colours. Only foregrounds and attributes are set, the background stays the user's. Colour
//! repeats what a word or a glyph says already, so a theme without colours loses nothing, and a terminal without
//! Unicode gets the same screen cell by cell in ASCII.
//!
//! Everything is drawn in the terminal's own sixteen colours and in Unicode; a theme turns the finished screen into what
//! the terminal shows.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Style};

/// What a piece of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Text without a meaning of its own.
    Plain,
    /// What rests: frames, units of empty tracks, hints.
    Rest,
    /// Headings, and the keys of hints.
    Title,
    /// What is set: knobs, their changes, the set line in a chart.
    Injected,
    /// What was measured.
    Measured,
    /// What is as it should be.
    Good,
    /// What is not.
    Trouble,
    /// The other direction in a chart.
    Second,
}

/// The styles and glyphs of one terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// What the colours stand on.
    pub ground: Ground,
    /// How many colours there are.
    pub depth: Depth,
    /// Which glyphs there are.
    pub charset: Charset,
}

/// The terminal's background, which is never painted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// Light text on a dark background.
    #[default]
    Dark,
    /// Dark text on a light background.
    Light,
}

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// None: attributes only.
    Mono,
    /// The sixteen that the user chose for the terminal.
    Ansi,
    /// The 256 of xterm.
    Indexed,
    /// All 16 million.
    #[default]
    True,
}

/// Which glyphs a terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Box drawing, blocks and braille.
    #[default]
    Unicode,
    /// Printable ASCII alone.
    Ascii,
}

/// Red, green and blue of a colour, and the nearest of the 256.
type Shades = (u32, u8);

/// The colours of Okabe and Ito on dark; on light, darker ones that stay as far apart for colour-blind eyes. Of each: the
/// terminal's own colour, then the shades on dark and on light.
#[expect(clippy::unreadable_literal, reason = "a colour reads as rrggbb")]
const PAINTS: [(Color, Shades, Shades); 5] = [
    (Color::Yellow, (0xe69f00, 178), (0x9a5b00, 94)),
    (Color::Cyan, (0x56b4e9, 74), (0x0068b8, 25)),
    (Color::Green, (0x009e73, 35), (0x004d38, 23)),
    (Color::Red, (0xd55e00, 166), (0x8b0000, 88)),
    (Color::Magenta, (0xcc79a7, 175), (0x5b2a86, 54)),
];

// === impl Role ===

impl Role {
    /// The style of what is selected.
    #[must_use]
    pub fn selected(self) -> Style {
        Style::from(self).not_dim().reversed()
    }
}

impl From<Role> for Style {
    fn from(role: Role) -> Self {
        match role {
            Role::Plain => Self::new(),
            Role::Rest => Self::new().dim(),
            Role::Title => Self::new().bold(),
            Role::Injected => Self::new().yellow().bold(),
            Role::Measured => Self::new().cyan(),
            Role::Good => Self::new().green(),
            Role::Trouble => Self::new().red().bold(),
            Role::Second => Self::new().magenta(),
        }
    }
}

// === impl Theme ===

impl Theme {
    /// No colours, all glyphs.
    pub const MONO: Self = Self {
        ground: Ground::Dark,
        depth: Depth::Mono,
        charset: Charset::Unicode,
    };

    /// What the variables of the environment say: `NO_COLOR`, `COLORTERM`, `TERM`, `COLORFGBG`, and the locale's.
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let or_none = |name| set(name).unwrap_or_default();
        let term = or_none("TERM");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        let is_utf8 = locale.contains("utf-8") || locale.contains("utf8");
        Self {
            // `COLORFGBG` ends in the background's number among the sixteen colours.
            ground: match or_none("COLORFGBG").rsplit(';').next() {
                Some("7" | "9" | "10" | "11" | "12" | "13" | "14" | "15") => Ground::Light,
                _ => Ground::Dark,
            },
            depth: match or_none("COLORTERM").as_str() {
                _ if set("NO_COLOR").is_some() || term == "dumb" => Depth::Mono,
                "truecolor" | "24bit" => Depth::True,
                _ if term.contains("256color") => Depth::Indexed,
                _ => Depth::Ansi,
            },
            // The console of Linux takes UTF-8 and has neither braille nor half blocks in its font.
            charset: if is_utf8 && !term.starts_with("linux") {
                Charset::Unicode
            } else {
                Charset::Ascii
            },
        }
    }

    /// Turns a drawn screen into what the terminal can show.
    pub fn finish(self, buf: &mut Buffer) {
        for cell in &mut buf.content {
            cell.fg = self.colour(cell.fg);
            if self.charset == Charset::Ascii
                && let Some(ascii) = ascii(cell.symbol())
            {
                cell.set_char(ascii);
            }
        }
    }

    /// What a colour of the sixteen is shown as; what no role has stays as it is.
    fn colour(self, drawn: Color) -> Color {
        let Some((_, dark, light)) = PAINTS.iter().find(|(ansi, ..)| *ansi == drawn) else {
            return drawn;
        };
        let (rgb, index) = *match self.ground {
            Ground::Dark => dark,
            Ground::Light => light,
        };
        match self.depth {
            Depth::Mono => Color::Reset,
            Depth::Ansi => drawn,
            Depth::Indexed => Color::Indexed(index),
            Depth::True => Color::from_u32(rgb),
        }
    }
}

/// The ASCII glyph for a symbol that is none; `?` where there is no likeness.
#[must_use]
pub fn ascii(symbol: &str) -> Option<char> {
    let first = symbol.chars().next().filter(|first| !first.is_ascii())?;
    Some(match first {
        '▌' | '▸' | '→' | '≥' => '>',
        '←' | '≤' => '<',
        '●' => '*',
        '○' => 'o',
        '⊘' => '/',
        '✕' => 'x',
        '‖' | '│' | '├' | '┤' | '┃' | '▏' => '|',
        '─' | '╌' | '–' => '-',
        '━' | '▀' => '=',
        '·' | '▁' | '▂' => '.',
        '▃' | '▄' => ':',
        '▅' | '▆' | '┌' | '┐' | '└' | '┘' | '┬' | '┴' | '┼' => '+',
        '▇' | '█' => '#',
        '↑' | '▲' | '▴' | '⇧' => '^',
        '↓' | '▾' | '▼' => 'v',
        '↕' | '…' | '±' | '≈' => '~',
        'µ' | 'μ' => 'u',
        // Braille: a dot high, low, or both.
        '\u{2800}' => ' ',
        braille @ '\u{2801}'..='\u{28ff}' => {
            let dots = u32::from(braille) - 0x2800;
            match (dots & 0x1b != 0, dots & 0xe4 != 0) {
                (true, false) => '\'',
                (false, _) => '.',
                (true, true) => ':',
            }
        }
        _ => '?',
    })
}

#[cfg(test)]
#[path = "theme_tests.rs"]
mod tests;
