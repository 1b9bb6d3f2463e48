//! Text that is typed: a field, and the line where proxies are added, with what the parser says to it.

use std::collections::{BTreeMap, BTreeSet};

use tui_input::{Input, InputRequest};
use unicode_width::UnicodeWidthChar;

use crate::format::is_shown;
use crate::snapshot::ProxyId;
use crate::syntax::ParseError;

/// A text takes no more characters than this from the clipboard.
const PASTE_LEN: usize = 4_096;

/// How many entered lines are kept; the oldest go first.
pub(super) const HISTORY_LEN: usize = 200;

/// A field of one line, with what `tui-input` lacks.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// The text and the cursor.
    pub text: Input,
    /// Whether the text is only a proposal: typing takes its place, moving in it keeps it.
    pub proposed: bool,
    /// What Ctrl-U took away, for the second Ctrl-U.
    pub(super) cleared: Option<String>,
    /// The text that Tab began with, and which of its completions is shown.
    completing: Option<(String, usize)>,
}

/// The line where proxies are added: a mapping and its faults.
#[derive(Debug, Default)]
pub struct InputLine {
    /// The text and the cursor.
    pub field: Field,
    /// What the parser says to it.
    pub check: Check,
    /// Lines that were pasted together: they are added, or left, as one.
    pub pasted: Vec<PastedLine>,
    /// Whether the next Enter adds the pasted lines.
    pub armed: bool,
    /// The proxy that the line was refilled from, by `e`.
    pub editing: Option<ProxyId>,
    /// The lines that were entered, oldest first.
    pub history: Vec<String>,
    /// Why ports that lines ask for cannot be listened on, as far as that is known.
    pub(super) refused: BTreeMap<u16, String>,
    /// Ports that lines ask for and nobody has looked at since.
    pub(super) unprobed: BTreeSet<u16>,
    /// Which line of the history is shown, and what had been typed before.
    pub(super) recalled: Option<(usize, String)>,
}

/// What the parser says to the line, in the frame of the key.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Check {
    /// Nothing is typed.
    #[default]
    Empty,
    /// It begins something valid; `expected` says what may follow.
    Unfinished(ParseError),
    /// It cannot become valid by typing on, or its port is taken.
    Wrong(ParseError),
    /// What Enter does.
    Right(String),
}

/// One of several lines that were pasted.
#[derive(Clone, Debug, PartialEq)]
pub struct PastedLine {
    /// The line as it was pasted, without blanks around it.
    pub text: String,
    /// What the parser says to it.
    pub check: Check,
}

/// A character as a text that is typed or pasted takes it: in place of what cannot be seen a blank, lest the line say
/// something else than it shows.
pub(super) fn shown_or_blank(letter: char) -> char {
    if is_shown(letter) { letter } else { ' ' }
}

// === impl Field ===

impl Field {
    /// A field with a proposal, the cursor at its end.
    pub(super) fn proposing(text: &str) -> Self {
        let mut field = Self::default();
        field.set(text.to_owned());
        field.proposed = true;
        field
    }

    /// An edit by a key.
    pub(super) fn edit(&mut self, request: InputRequest) {
        use InputRequest::{DeleteNextChar, DeletePrevChar, InsertChar};

        self.completing = None;
        let replaces = matches!(request, InsertChar(_) | DeletePrevChar | DeleteNextChar);
        if std::mem::take(&mut self.proposed) && replaces {
            self.clear();
        }
        self.text.handle(match request {
            InsertChar(letter) => InsertChar(shown_or_blank(letter)),
            other => other,
        });
    }

    /// Puts the cursor on the character in this column.
    pub(super) fn go_to(&mut self, column: usize) {
        let mut ends = 0;
        let letters = self.text.value().chars();
        let before = letters.take_while(|letter| {
            ends += letter.width().unwrap_or(0);
            ends <= column
        });
        let before = before.count();
        self.edit(InputRequest::SetCursor(before));
    }

    /// Puts `text` in at the cursor.
    pub(super) fn insert(&mut self, text: &str) {
        for letter in text.chars().take(PASTE_LEN) {
            self.edit(InputRequest::InsertChar(letter));
        }
    }

    /// Another text, the cursor at its end; what was taken away belonged to the one before.
    pub(super) fn set(&mut self, text: String) {
        self.cleared = None;
        self.completing = None;
        self.proposed = false;
        self.text = std::mem::take(&mut self.text).with_value(text);
    }

    /// Another way to go on with the text that Tab began with: the number of each is given to `complete`, and after the
    /// last comes the first. Says whether there is one.
    pub(super) fn go_on(&mut self, complete: impl Fn(&str, usize) -> Option<String>) -> bool {
        let (stem, turn) = match self.completing.take() {
            Some((stem, turn)) => (stem, turn + 1),
            None => (self.text.value().to_owned(), 0),
        };
        let text = complete(&stem, turn);
        let found = text.is_some();
        if let Some(text) = text {
            self.set(text);
            self.completing = Some((stem, turn));
        }
        found
    }

    /// Takes the text away, or brings back what was taken away before.
    pub(super) fn clear(&mut self) {
        self.completing = None;
        self.proposed = false;
        if self.text.value().is_empty() {
            if let Some(text) = self.cleared.take() {
                self.set(text);
            }
        } else {
            self.cleared = Some(self.text.value_and_reset());
        }
    }
}

// === impl InputLine ===

impl InputLine {
    /// Keeps an entered line.
    pub(super) fn remember(&mut self, line: &str) {
        self.recalled = None;
        if self.history.last().is_some_and(|last| last == line) {
            return;
        }
        self.history.push(line.to_owned());
        if self.history.len() > HISTORY_LEN {
            self.history.remove(0);
        }
    }

    /// Shows the line before or after in the history; after the last one, what had been typed.
    pub(super) fn recall(&mut self, back: bool) {
        let last = self.history.len();
        let (place, typed) = match self.recalled.take() {
            Some(recalled) => recalled,
            None => (last, self.field.text.value().to_owned()),
        };
        let place = if back {
            place.saturating_sub(1)
        } else {
            (place + 1).min(last)
        };
        if let Some(line) = self.history.get(place) {
            self.field.set(line.clone());
            self.recalled = Some((place, typed));
        } else {
            self.field.set(typed);
        }
    }

    /// What to say of pasted lines: `2 mappings, Enter adds them`, `3 mappings, 2 right, line 3: …`.
    #[must_use]
    pub fn pasted_summary(&self) -> String {
        let len = self.pasted.len();
        let right = self.pasted.iter().filter(|line| line.is_right()).count();
        let Some(wrong) = self.pasted.iter().position(|line| !line.is_right()) else {
            return format!("{len} mappings, Enter adds them");
        };
        let number = wrong + 1;
        if self.armed && right == 0 {
            return format!("none is right: Enter puts line {number} here to be corrected");
        }
        if self.armed {
            return format!(
                "Enter again adds {right}, and puts line {number} here to be corrected"
            );
        }
        let why = match &self.pasted[wrong].check {
            Check::Unfinished(error) => format!("not complete: {}", error.message),
            Check::Wrong(error) => error.message.clone(),
            Check::Empty | Check::Right(_) => "nothing there".to_owned(),
        };
        format!("{len} mappings, {right} right, line {number}: {why}")
    }

    /// Whether each of the pasted lines can be added.
    #[must_use]
    pub fn pasted_right(&self) -> bool {
        self.pasted.iter().all(PastedLine::is_right)
    }
}

// === impl PastedLine ===

impl PastedLine {
    /// Whether Enter adds it.
    pub(super) fn is_right(&self) -> bool {
        matches!(self.check, Check::Right(_))
    }
}
