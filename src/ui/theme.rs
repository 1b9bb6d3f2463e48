//! What the screen looks like: styles by role, for the terminal that is there.
//!
//! Code names roles, never colours. Only foregrounds and attributes are set, the background stays the user's. Colour
//! repeats what a word or a glyph says already, so a theme without colours loses nothing, and a terminal without
//! Unicode gets the same screen cell by cell in ASCII.
//!
//! Everything is drawn in the terminal's own sixteen colours and in Unicode; a theme turns the finished screen into what
//! the terminal shows.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use crate::look::{Glyphs, Scheme};

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
    /// Whether contrast counts for more than calm: nothing is dim.
    pub high_contrast: bool,
}

/// The terminal's background, which is never painted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// Light text on a dark background.
    #[default]
    Dark,
    /// Dark text on a light background.
    Light,
    /// Nobody has said; taken for dark where colours are ours, and no colour is trusted where they are the user's.
    Unknown,
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

/// Red, green and blue of a colour, and the one of the 256 that stands for it.
type Shades = (u32, u8);

/// What a colour that is drawn is shown as: on dark and on light, then the two of high contrast; and, of the terminal's own
/// sixteen, on dark and on light.
type Paint = (Color, [Shades; 4], [Color; 2]);

/// On dark the colours of Okabe and Ito, two of them lighter for grounds that are not quite black; on light darker ones.
/// In each column they stay far apart for colour-blind eyes. What the sixteen are their user chose: those that many
/// terminals show pale, and the green that colour-blind eyes take for yellow, are left to the words.
#[expect(clippy::unreadable_literal, reason = "a colour reads as rrggbb")]
#[rustfmt::skip]
const PAINTS: [Paint; 5] = [
    (Color::Yellow, [(0xeca304, 214), (0x9a5b00, 94), (0xffee11, 220), (0x7f4500, 58)], [Color::LightYellow, Color::Reset]),
    (Color::Cyan, [(0x54bbf3, 117), (0x0068b8, 61), (0xccddee, 153), (0x0252a6, 17)], [Color::Cyan, Color::Blue]),
    (Color::Green, [(0x25a679, 36), (0x004d38, 23), (0x00ff77, 48), (0x004c38, 23)], [Color::Reset, Color::Reset]),
    (Color::Red, [(0xe96e26, 202), (0x8b0000, 88), (0xeeaa99, 217), (0x730000, 52)], [Color::LightRed, Color::Red]),
    (Color::Magenta, [(0xc978a7, 139), (0x5b2a86, 53), (0xddaaff, 147), (0x4e1f7a, 55)], [Color::Reset, Color::Reset]),
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
        high_contrast: false,
    };

    /// What the variables of the environment say: `NO_COLOR`, `COLORTERM`, `TERM`, `COLORFGBG`, and the locale's. Windows sets
    /// none of them but has two of its own: `OS`, and `WT_SESSION` in Windows Terminal. The older console of Windows has
    /// sixteen colours on black, and a font without braille.
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let or_none = |name| set(name).unwrap_or_default();
        let term = or_none("TERM");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        let is_utf8 = locale.contains("utf-8") || locale.contains("utf8");
        let is_old_console =
            term.is_empty() && or_none("OS") == "Windows_NT" && set("WT_SESSION").is_none();
        let is_windows_terminal = set("WT_SESSION").is_some();
        Self {
            // `COLORFGBG` ends in the background's number among the sixteen colours. The console of Linux is black.
            ground: match or_none("COLORFGBG").rsplit(';').next() {
                Some("7" | "9" | "10" | "11" | "12" | "13" | "14" | "15") => Ground::Light,
                Some("0" | "1" | "2" | "3" | "4" | "5" | "6" | "8") => Ground::Dark,
                _ if term.starts_with("linux") || is_old_console => Ground::Dark,
                _ => Ground::Unknown,
            },
            depth: match or_none("COLORTERM").as_str() {
                _ if set("NO_COLOR").is_some() || term == "dumb" => Depth::Mono,
                "truecolor" | "24bit" => Depth::True,
                _ if is_windows_terminal => Depth::True,
                _ if term.contains("256color") => Depth::Indexed,
                _ => Depth::Ansi,
            },
            // The console of Linux takes UTF-8 and has neither braille nor half blocks in its font.
            charset: if (is_utf8 || is_windows_terminal && locale.is_empty())
                && !term.starts_with("linux")
            {
                Charset::Unicode
            } else {
                Charset::Ascii
            },
            high_contrast: false,
        }
    }

    /// What a terminal of this kind shows where its user asks for these colours and these glyphs. Where it has no colours, no
    /// wish gives it any.
    #[must_use]
    pub const fn wished(self, scheme: Scheme, glyphs: Glyphs) -> Self {
        let mut theme = self;
        match (scheme, self.depth) {
            (Scheme::Auto, _) => {}
            (Scheme::Dark, _) => theme.ground = Ground::Dark,
            (Scheme::Light, _) => theme.ground = Ground::Light,
            (Scheme::Ansi, Depth::Mono) | (Scheme::Mono, _) => theme.depth = Depth::Mono,
            (Scheme::Ansi, _) => theme.depth = Depth::Ansi,
            (Scheme::HighContrast, _) => theme.high_contrast = true,
        }
        match glyphs {
            Glyphs::Auto => {}
            Glyphs::Unicode => theme.charset = Charset::Unicode,
            Glyphs::Ascii => theme.charset = Charset::Ascii,
        }
        theme
    }

    /// Turns a drawn screen into what the terminal can show.
    pub fn finish(self, buf: &mut Buffer) {
        for cell in &mut buf.content {
            cell.fg = self.colour(cell.fg);
            if self.high_contrast {
                cell.modifier.remove(Modifier::DIM);
            }
            if self.charset == Charset::Ascii
                && let Some(ascii) = ascii(cell.symbol())
            {
                cell.set_char(ascii);
            }
        }
    }

    /// What a colour of the sixteen is shown as; what no role has stays as it is.
    fn colour(self, drawn: Color) -> Color {
        let Some((_, shades, own)) = PAINTS.iter().find(|(ansi, ..)| *ansi == drawn) else {
            return drawn;
        };
        let is_light = self.ground == Ground::Light;
        let (rgb, index) = shades[usize::from(is_light) + 2 * usize::from(self.high_contrast)];
        match (self.depth, self.ground) {
            (Depth::Mono, _) | (Depth::Ansi, Ground::Unknown) => Color::Reset,
            (Depth::Ansi, _) => own[usize::from(is_light)],
            (Depth::Indexed, _) => Color::Indexed(index),
            (Depth::True, _) => Color::from_u32(rgb),
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
        '‖' | '│' | '├' | '┤' | '┃' | '▏' | '▕' => '|',
        '─' | '╌' | '–' => '-',
        '━' | '▀' | '⇄' => '=',
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
