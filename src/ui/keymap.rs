//! Which key means what: one table that drives dispatch, footer and help.
//!
//! A binding stands once, with the modes in which it holds. The letters of the knobs come from the table of kinds. What
//! is printed for a key, and what help says to it, is made here, so that neither can differ from what the key does.

use std::borrow::Cow;
use std::sync::OnceLock;

use crossterm::event::KeyEvent;
use tui_input::InputRequest;

use super::action::Action;
use super::knob;

mod key;
mod names;
mod table;

pub use key::Key;
pub use names::{Clash, Owner, Wish, default_keys, granted, name, names};

/// What has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The strips.
    Mixer,
    /// The table of connections.
    Connections,
    /// The input line.
    Input,
    /// The field of `=`, for a knob's value.
    Value,
    /// The help overlay.
    Help,
    /// The list of presets.
    Presets,
    /// The knobs, by their letters.
    Knobs,
    /// The palette: a line for everything that can be done.
    Palette,
    /// The field for a file's name.
    Path,
    /// The field for what is looked for.
    Find,
    /// The list of columns to sort by.
    Sort,
    /// A connection on the whole screen.
    Detail,
    /// A proxy on the whole screen.
    Strip,
    /// All that happened on the whole screen.
    Events,
    /// What applications do about it, on the whole screen.
    Findings,
    /// A fault that is climbed, on the whole screen.
    Sweep,
    /// A proxy in large figures, on the whole screen.
    Presenter,
    /// The question whether to quit.
    Quit,
    /// A question with yes and no: whether to delete, whether to suspend.
    Confirm,
}

/// The heading under which help lists a key; help has them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Keys that turn knobs.
    Turn,
    /// Keys that show the difference: with the faults and without.
    Compare,
    /// Keys for proxies and connections.
    Manage,
    /// Keys that move the selection, or from pane to pane.
    Move,
    /// Keys that change what the screen shows.
    See,
    /// Keys that edit text.
    Type,
    /// Keys that do what was typed, go back, or leave the program.
    Leave,
    /// No keys: lines of the palette.
    Lines,
}

/// A line of help or of the footer.
#[derive(Clone, Debug)]
pub struct Hint {
    /// The keys as printed: `← → h l`.
    pub keys: String,
    /// What they do; in the footer a word or two.
    pub words: String,
    /// The heading under which help lists it.
    pub group: Group,
    /// What Enter on the line does.
    pub action: Action,
}

/// One row of the table: keys that mean the same in some modes.
#[derive(Clone, Debug)]
struct Binding {
    modes: &'static [Mode],
    keys: Cow<'static, [Key]>,
    action: Action,
    /// What the keys do, in a few words.
    words: Cow<'static, str>,
    group: Group,
    /// What help prints for the keys where that is not simply all of them; nothing where another row speaks for it.
    printed: Option<&'static str>,
}

/// What a key means in a mode. A text takes every printable key that the table does not name.
#[must_use]
pub fn lookup(mode: Mode, event: KeyEvent) -> Action {
    let key = Key::from(event);
    if let Some(binding) = bindings().iter().find(|row| row.holds(mode, key)) {
        return binding.action.clone();
    }
    match key.printable() {
        Some(letter) if mode.is_text() => Action::Edit(InputRequest::InsertChar(letter)),
        _ => Action::Unbound(key),
    }
}

/// What a key means by default in a mode, and the key that means it now.
#[must_use]
pub fn by_default(mode: Mode, key: Key) -> Option<(Action, Key)> {
    let mut rows = defaults().iter().zip(bindings());
    let (_, row) = rows.find(|(default, _)| default.holds(mode, key))?;
    Some((row.action.clone(), *row.keys.first()?))
}

/// The first key that means such an action in a mode.
#[must_use]
pub fn key_of(mode: Mode, means: impl Fn(&Action) -> bool) -> Option<Key> {
    let mut rows = bindings().iter();
    let row = rows.find(|row| row.modes.contains(&mode) && means(&row.action))?;
    row.keys.first().copied()
}

/// The footer of a mode, the most needed first: the view drops from the end what does not fit.
#[must_use]
pub fn footer(mode: Mode) -> Vec<Hint> {
    let hints = table::FOOTERS
        .iter()
        .filter(|(modes, ..)| modes.contains(&mode));
    // The hint names its row by the key that it has by default.
    let rows = || defaults().iter().zip(bindings());
    let found = |key: &Key| rows().find(|(default, _)| default.holds(mode, *key));
    hints
        .filter_map(|(_, key, printed, words)| {
            let (default, row) = found(key)?;
            let keys = if row.keys == default.keys {
                (*printed).to_owned()
            } else {
                row.keys.first()?.to_string()
            };
            Some(Hint {
                keys,
                words: (*words).to_owned(),
                group: row.group,
                action: row.action.clone(),
            })
        })
        .collect()
}

/// The help of a mode: lines whose words or keys have every word of `filter` in them, grouped in the table's order. What is
/// one of the keys itself comes first.
#[must_use]
pub fn help(mode: Mode, filter: &str) -> Vec<Hint> {
    let rows = bindings().iter();
    let rows = rows.filter(|row| row.modes.contains(&mode) && row.printed != Some(""));
    let hints = rows.map(Binding::hint);
    let mut hints: Vec<Hint> = hints
        .filter(|hint| filter.split_whitespace().all(|word| hint.says(word)))
        .collect();
    hints.sort_by_key(|hint| (!hint.is_key(filter.trim()), hint.group));
    hints
}

/// What can be done where something is looked at and nothing typed, each with a mode in which its keys hold; but for moving.
#[must_use]
pub fn of_panes() -> Vec<(Mode, Hint)> {
    let rows = bindings().iter();
    let rows = rows.filter(|row| row.group != Group::Move && row.printed != Some(""));
    let seen = |row: &&Binding| row.modes.iter().copied().find(|mode| mode.is_seen());
    rows.filter_map(|row| Some((seen(&row)?, row.hint())))
        .collect()
}

/// What the keys mean, as the configuration has it.
#[derive(Debug)]
pub struct Keymap(Vec<Binding>);

/// The keys of this program. Set once, before the first key.
static CHOSEN: OnceLock<Keymap> = OnceLock::new();

/// Has the keys mean this from now on; what was chosen before stays.
pub fn choose(keymap: Keymap) {
    // The second of two would be a bug, and harmless.
    let _ = CHOSEN.set(keymap);
}

/// Every row, with the keys that were chosen.
fn bindings() -> &'static [Binding] {
    CHOSEN.get().map_or_else(defaults, |keymap| &keymap.0)
}

/// Every row: the table's, one for the letter of each knob, and one for each of the first faults with names.
fn defaults() -> &'static [Binding] {
    static ALL: std::sync::LazyLock<Vec<Binding>> = std::sync::LazyLock::new(|| {
        let mut rows = table::ROWS.to_vec();
        let of_knob = |modes, key, index| Binding {
            modes,
            keys: vec![key::letter(key)].into(),
            action: Action::ChooseKnob(index),
            words: format!("choose {}", knob::all()[index].knob.title.to_lowercase()).into(),
            group: Group::Turn,
            printed: None,
        };
        for (index, dial) in knob::all().iter().enumerate() {
            let own = dial.knob.key.map(|key| of_knob(table::TURNED, key, index));
            rows.extend(own);
            rows.push(of_knob(table::KNOBS, dial.knob.letter, index));
        }
        // Where shells have no jobs (Windows) it keeps its name for a configuration that is shared, and holds nowhere.
        if cfg!(not(unix)) {
            let suspends = |row: &&mut Binding| matches!(row.action, Action::Suspend);
            rows.iter_mut()
                .filter(suspends)
                .for_each(|row| row.modes = &[]);
        }
        rows.extend(('1'..='9').zip(1..).map(|(digit, place)| Binding {
            modes: table::KNOBS,
            keys: vec![key::letter(digit)].into(),
            action: Action::TakeOff(place),
            words: match place {
                1 => "take a fault with a name off".into(),
                place => format!("take fault {place} with a name off").into(),
            },
            group: Group::Turn,
            // One row speaks for all.
            printed: Some(if place == 1 { "1-9" } else { "" }),
        }));
        rows
    });
    &ALL
}

// === impl Binding ===

impl Binding {
    fn holds(&self, mode: Mode, key: Key) -> bool {
        self.modes.contains(&mode) && self.keys.contains(&key)
    }

    fn hint(&self) -> Hint {
        let all = || {
            let keys: Vec<String> = self.keys.iter().map(Key::to_string).collect();
            keys.join(" ")
        };
        Hint {
            keys: self.printed.map_or_else(all, str::to_owned),
            words: self.words.to_string(),
            group: self.group,
            action: self.action.clone(),
        }
    }
}

// === impl Hint ===

impl Hint {
    /// Whether the words contain `word`, in any case, or one of the keys is it. A single letter is a key, or begins one of
    /// the words.
    pub(super) fn says(&self, word: &str) -> bool {
        let lower = word.to_lowercase();
        let words = self.words.to_lowercase();
        let is_said = if word.chars().count() == 1 {
            words
                .split_whitespace()
                .any(|said| said.starts_with(&lower))
        } else {
            words.contains(&lower)
        };
        is_said || self.is_key(word)
    }

    /// Whether `word` is one of the keys: a letter as it is, a name like `ctrl-r` in any case.
    pub(super) fn is_key(&self, word: &str) -> bool {
        let lower = word.to_lowercase();
        let is_named = |key: &str| word.chars().count() > 1 && key.to_lowercase() == lower;
        let mut keys = self.keys.split_whitespace();
        keys.any(|key| key == word || is_named(key))
    }
}

// === impl Mode ===

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 19] = [
        Self::Mixer,
        Self::Connections,
        Self::Input,
        Self::Value,
        Self::Help,
        Self::Presets,
        Self::Knobs,
        Self::Palette,
        Self::Path,
        Self::Find,
        Self::Sort,
        Self::Detail,
        Self::Strip,
        Self::Events,
        Self::Findings,
        Self::Sweep,
        Self::Presenter,
        Self::Quit,
        Self::Confirm,
    ];

    /// Whether it takes text.
    #[must_use]
    pub fn is_text(self) -> bool {
        table::TEXTS.contains(&self)
    }

    /// Whether something is looked at in it, and nothing typed.
    #[must_use]
    pub fn is_seen(self) -> bool {
        table::SEEN.contains(&self)
    }

    /// What help calls it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Mixer => "mixer",
            Self::Connections => "connections",
            Self::Input => "input line",
            Self::Value => "value",
            Self::Help => "help",
            Self::Presets => "presets",
            Self::Knobs => "knobs",
            Self::Palette => "palette",
            Self::Path => "file",
            Self::Find => "find",
            Self::Sort => "sort",
            Self::Detail => "connection",
            Self::Strip => "proxy",
            Self::Events => "events",
            Self::Findings => "findings",
            Self::Sweep => "sweep",
            Self::Presenter => "presenter's view",
            Self::Quit => "quit",
            Self::Confirm => "question",
        }
    }
}

// === impl Group ===

impl Group {
    /// The heading in help.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Move => "MOVE",
            Self::Turn => "TURN",
            Self::Compare => "COMPARE",
            Self::Manage => "PROXIES",
            Self::See => "SEE",
            Self::Type => "TYPE",
            Self::Leave => "LEAVE",
            Self::Lines => "LINES",
        }
    }
}

#[cfg(test)]
#[path = "keymap/tests.rs"]
mod tests;
