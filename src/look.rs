//! What the console may look like, in the words of the command line and of the configuration.
//!
//! Words alone: what colours and glyphs they come to on which terminal, `ui::theme` knows.

use clap::ValueEnum;

/// Which colours the console has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Scheme {
    /// Those that fit the terminal's background, as far as the terminal says what it is
    #[default]
    Auto,
    /// Light colours, for a dark background
    Dark,
    /// Dark colours, for a light background
    Light,
    /// The terminal's own sixteen colours
    Ansi,
    /// No colours: bold, dim and reversed text
    Mono,
    /// Colours with a contrast of at least 6:1, and nothing dim
    HighContrast,
}

/// Which glyphs the console draws with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Glyphs {
    /// What the locale and the terminal's name promise
    #[default]
    Auto,
    /// Box drawing, blocks and braille
    Unicode,
    /// Printable ASCII alone
    Ascii,
}

// === impl Scheme ===

impl Scheme {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Self; 6] = [
        Self::Auto,
        Self::Dark,
        Self::Light,
        Self::Ansi,
        Self::Mono,
        Self::HighContrast,
    ];

    /// The one after this one; the first after the last.
    #[must_use]
    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|scheme| *scheme == self);
        Self::ALL[place.map_or(0, |place| (place + 1) % Self::ALL.len())]
    }

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Ansi => "ansi",
            Self::Mono => "mono",
            Self::HighContrast => "high-contrast",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_through_every_scheme_and_each_has_the_word_of_the_command_line() {
        let mut seen = vec![Scheme::default()];
        while seen.last().map(|last| last.next()) != Some(Scheme::default()) {
            seen.push(seen[seen.len() - 1].next());
        }
        assert_eq!(seen, Scheme::value_variants());
        for scheme in seen {
            assert_eq!(Scheme::from_str(scheme.name(), false), Ok(scheme));
        }
    }
}
