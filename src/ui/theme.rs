//! What the screen looks like: styles by role, for the terminal that is there.
//!
//! Code names roles, never colours. Only foregrounds and attributes are set, the background stays the user's. Colour
//! repeats what a word or a glyph says already, so a theme without colours loses nothing, and a terminal without
//! Unicode gets the same screen cell by cell in ASCII.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// What the colours stand on.
    pub ground: Ground,
    /// How many colours there are.
    pub depth: Depth,
    /// Which glyphs there are.
    pub charset: Charset,
}

/// The terminal's background, which is never painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Light text on a dark background.
    Dark,
    /// Dark text on a light background.
    Light,
}

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None: attributes only.
    Mono,
    /// The sixteen that the user chose for the terminal.
    Ansi,
    /// The 256 of xterm.
    Indexed,
    /// All 16 million.
    True,
}

/// Which glyphs a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Box drawing, blocks and braille.
    Unicode,
    /// Printable ASCII alone.
    Ascii,
}

/// A colour at each depth.
struct Paint {
    rgb: u32,
    index: u8,
    ansi: Color,
}

// === impl Theme ===

impl Default for Theme {
    fn default() -> Self {
        Self {
            ground: Ground::Dark,
            depth: Depth::True,
            charset: Charset::Unicode,
        }
    }
}

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
        Self {
            ground: ground(set("COLORFGBG").as_deref()),
            depth: depth(
                set("NO_COLOR").is_some(),
                set("COLORTERM").as_deref(),
                set("TERM").as_deref(),
            ),
            charset: charset(
                ["LC_ALL", "LC_CTYPE", "LANG"]
                    .into_iter()
                    .find_map(set)
                    .as_deref(),
                set("TERM").as_deref(),
            ),
        }
    }

    /// The style of a role.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        let style = Style::new().add_modifier(match role {
            Role::Rest => Modifier::DIM,
            Role::Title | Role::Injected | Role::Trouble => Modifier::BOLD,
            Role::Plain | Role::Measured | Role::Good | Role::Second => Modifier::empty(),
        });
        match (paint(role, self.ground), self.depth) {
            (None, _) | (_, Depth::Mono) => style,
            (Some(paint), Depth::Ansi) => style.fg(paint.ansi),
            (Some(paint), Depth::Indexed) => style.fg(Color::Indexed(paint.index)),
            (Some(paint), Depth::True) => style.fg(Color::from_u32(paint.rgb)),
        }
    }

    /// The style of a role, where it is selected.
    #[must_use]
    pub fn selected(self, role: Role) -> Style {
        self.style(role)
            .remove_modifier(Modifier::DIM)
            .add_modifier(Modifier::REVERSED)
    }

    /// Turns a drawn screen into what the terminal can show.
    pub fn finish(self, buf: &mut Buffer) {
        if self.charset == Charset::Unicode {
            return;
        }
        for cell in &mut buf.content {
            if let Some(ascii) = ascii(cell.symbol()) {
                cell.set_char(ascii);
            }
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

fn depth(no_color: bool, colorterm: Option<&str>, term: Option<&str>) -> Depth {
    match (no_color, colorterm, term) {
        (true, ..) | (_, _, Some("dumb")) => Depth::Mono,
        (_, Some("truecolor" | "24bit"), _) => Depth::True,
        (_, _, Some(term)) if term.contains("256color") => Depth::Indexed,
        _ => Depth::Ansi,
    }
}

/// `COLORFGBG` ends in the background's number among the sixteen colours.
fn ground(colorfgbg: Option<&str>) -> Ground {
    match colorfgbg.and_then(|both| both.rsplit(';').next()) {
        Some("7" | "9" | "10" | "11" | "12" | "13" | "14" | "15") => Ground::Light,
        _ => Ground::Dark,
    }
}

/// The console of Linux takes UTF-8 and has neither braille nor half blocks in its font.
fn charset(locale: Option<&str>, term: Option<&str>) -> Charset {
    let has_font = !term.is_some_and(|term| term.starts_with("linux"));
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    if has_font && (locale.contains("utf-8") || locale.contains("utf8")) {
        Charset::Unicode
    } else {
        Charset::Ascii
    }
}

/// The colours of Okabe and Ito on dark; on light, darker ones that stay as far apart for colour-blind eyes.
#[expect(clippy::unreadable_literal, reason = "a colour reads as rrggbb")]
fn paint(role: Role, ground: Ground) -> Option<Paint> {
    let (ansi, dark, light) = match role {
        Role::Plain | Role::Rest | Role::Title => return None,
        Role::Injected => (Color::Yellow, (0xe69f00, 178), (0x9a5b00, 94)),
        Role::Measured => (Color::Cyan, (0x56b4e9, 74), (0x0068b8, 25)),
        Role::Good => (Color::Green, (0x009e73, 35), (0x004d38, 23)),
        Role::Trouble => (Color::Red, (0xd55e00, 166), (0x8b0000, 88)),
        Role::Second => (Color::Magenta, (0xcc79a7, 175), (0x5b2a86, 54)),
    };
    let (rgb, index) = match ground {
        Ground::Dark => dark,
        Ground::Light => light,
    };
    Some(Paint { rgb, index, ansi })
}

#[cfg(test)]
#[path = "theme_tests.rs"]
mod tests;
