//! The names that actions have in the configuration, and the table of keys with other keys in it.

use super::{Key, Keymap, Mode, defaults};
use crate::ui::action::Action;
use crate::ui::knob::{self, Turn};

/// An action that is to have these keys, in place of those it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The action's name.
    pub action: String,
    /// Its keys.
    pub keys: Vec<Key>,
}

/// A key that would mean two things at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Clash {
    /// Which wish it is in, and which of its keys it is.
    pub wish: (usize, usize),
    /// Where both would hold.
    pub mode: &'static str,
    /// Whose it is already.
    pub owner: Owner,
}

/// Whose a key is.
#[derive(Clone, Debug, PartialEq)]
pub enum Owner {
    /// That of an earlier wish, and which of its keys.
    Wish(usize, usize),
    /// That of this action, by default.
    Action(String),
    /// It is a letter of a text.
    Text,
}

/// The names of all actions, in the order of help.
pub fn names() -> impl Iterator<Item = String> {
    default_keys().into_iter().map(|(name, ..)| name)
}

/// Each action by its name, with its keys and what they do.
#[must_use]
pub fn default_keys() -> Vec<(String, Vec<Key>, String)> {
    let mut named: Vec<(String, Vec<Key>, String)> = Vec::new();
    for row in defaults() {
        let mut name = name(&row.action);
        if named.iter().any(|(other, ..)| *other == name) {
            let place = row.modes.first().map_or("", |mode| mode.title());
            name = format!("{name}-in-{}", place.replace(' ', "-"));
        }
        named.push((name, row.keys.to_vec(), row.words.to_string()));
    }
    named
}

/// The table of keys with what is wished.
///
/// # Errors
/// The first key that would mean two things.
pub fn granted(wishes: &[Wish]) -> Result<Keymap, Clash> {
    let named = default_keys();
    let mut rows = defaults().to_vec();
    let mut changed: Vec<Option<usize>> = vec![None; rows.len()];
    for (index, wish) in wishes.iter().enumerate() {
        let Some(row) = named.iter().position(|(name, ..)| *name == wish.action) else {
            continue;
        };
        changed[row] = Some(index);
        if rows[row].keys != wish.keys {
            rows[row].keys = wish.keys.clone().into();
            rows[row].printed = None;
        }
    }
    for (at, row) in rows.iter().enumerate() {
        let Some(wish) = changed[at] else {
            continue;
        };
        for (place, key) in row.keys.iter().enumerate() {
            let is_new = !defaults()[at].keys.contains(key);
            let owner = |mode: &Mode| {
                let mut others = rows.iter().enumerate().filter(|(other, _)| *other != at);
                let other = others.find(|(_, row)| row.holds(*mode, *key));
                match other.map(|(other, row)| (changed[other], other, row)) {
                    Some((Some(earlier), _, row)) if earlier < wish => {
                        let place = row.keys.iter().position(|other| other == key);
                        Some(Owner::Wish(earlier, place.unwrap_or(0)))
                    }
                    // The later wish is the one that is told.
                    Some((Some(_), ..)) => None,
                    Some((None, other, _)) => Some(Owner::Action(named[other].0.clone())),
                    None => {
                        let is_text = mode.is_text() && is_new && key.printable().is_some();
                        is_text.then_some(Owner::Text)
                    }
                }
            };
            if let Some((mode, owner)) = row.modes.iter().find_map(|m| Some((m, owner(m)?))) {
                return Err(Clash {
                    wish: (wish, place),
                    mode: mode.title(),
                    owner,
                });
            }
        }
    }
    Ok(Keymap(rows))
}

/// The name of an action: its own, in small letters.
#[must_use]
pub fn name(action: &Action) -> String {
    match action {
        Action::Turn(Turn::Fine(by)) if *by < 0 => "turn-less".to_owned(),
        Action::Turn(Turn::Fine(_)) => "turn-more".to_owned(),
        Action::Turn(Turn::Stop(by)) if *by < 0 => "stop-before".to_owned(),
        Action::Turn(Turn::Stop(_)) => "next-stop".to_owned(),
        Action::Turn(Turn::To(stop)) => format!("stop-{stop}"),
        Action::Turn(_) => "knob-off".to_owned(),
        Action::ChooseKnob(knob) => {
            let title = knob::all()[*knob].knob.title.to_lowercase();
            format!("choose-{}", title.replace(' ', "-"))
        }
        other => in_small_letters(&format!("{other:?}")),
    }
}

/// `NextKnob` as `next-knob`, `Edit(GoToEnd)` as `edit-go-to-end`.
fn in_small_letters(name: &str) -> String {
    let mut small = String::new();
    for letter in name.chars() {
        let begins = letter.is_uppercase() || !letter.is_alphanumeric();
        if begins && !small.is_empty() && !small.ends_with('-') {
            small.push('-');
        }
        if letter.is_alphanumeric() {
            small.extend(letter.to_lowercase());
        }
    }
    small.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::keymap::Binding;

    #[test]
    fn every_action_has_a_name_of_its_own_that_needs_no_quotes() {
        let mut names: Vec<String> = names().collect();
        let is_plain = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        assert_eq!(names.iter().find(|name| !is_plain(name)), None);
        names.sort();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{names:?}");
    }

    #[test]
    fn every_key_of_the_table_is_read_as_it_is_written() {
        for (name, keys, _) in default_keys() {
            for key in keys {
                assert_eq!(Key::named(&key.word()), Some(key), "{name}: {}", key.word());
            }
        }
        for (word, same) in [
            ("Ctrl-R", "ctrl-r"),
            ("shift-x", "X"),
            ("F12", "f12"),
            ("Shift-Left", "shift-left"),
        ] {
            assert_eq!(Key::named(word), Key::named(same), "{word}");
            assert!(Key::named(word).is_some(), "{word}");
        }
        for wrong in ["", "ctrl-", "hyper-a", "fx", "ab"] {
            assert_eq!(Key::named(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn another_key_takes_the_place_of_those_an_action_had() {
        let wish = Wish {
            action: "undo".to_owned(),
            keys: vec![Key::named("ctrl-x").expect("a key")],
        };
        let Keymap(rows) = granted(&[wish]).expect("free");
        let holds = |word| {
            let key = Key::named(word).expect("a key");
            rows.iter().any(|row: &Binding| {
                row.holds(Mode::Mixer, key) && matches!(row.action, Action::Undo)
            })
        };
        assert!(holds("ctrl-x") && !holds("u"));
    }
}
