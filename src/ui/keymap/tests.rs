//! What must hold for every row of the key table.

use std::collections::HashMap;

use crossterm::event::{KeyCode, KeyModifiers};

use super::*;
use crate::ui::catalog;

fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
    KeyEvent::new(code, modifiers)
}

#[test]
fn no_two_actions_share_a_key_in_one_mode() {
    for mode in Mode::ALL {
        let mut taken: HashMap<Key, String> = HashMap::new();
        for row in bindings().iter().filter(|row| row.modes.contains(&mode)) {
            for key in row.keys.iter() {
                let clash = taken.insert(*key, row.words.to_string());
                assert_eq!(clash, None, "{key} in {mode:?} is also {}", row.words);
            }
        }
    }
}

#[test]
fn every_action_of_the_table_has_a_help_text() {
    for row in bindings() {
        assert!(!row.words.is_empty(), "{:?}", row.action);
        assert!(!row.keys.is_empty(), "{:?}", row.action);
    }
}

#[test]
fn every_hint_of_a_footer_stands_for_a_key_of_its_mode() {
    for mode in Mode::ALL {
        let hints = table::FOOTERS
            .iter()
            .filter(|(modes, ..)| modes.contains(&mode));
        assert_eq!(footer(mode).len(), hints.count(), "{mode:?}");
        assert!(!footer(mode).is_empty(), "{mode:?}");
    }
}

#[test]
fn capital_letters_mean_the_same_with_and_without_a_reported_shift() {
    for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
        let action = lookup(Mode::Connections, press(KeyCode::Char('X'), modifiers));
        assert!(matches!(action, Action::Reset), "{action:?}");
    }
}

#[test]
fn a_text_takes_every_printable_key() {
    for mode in [Mode::Input, Mode::Value, Mode::Path, Mode::Help] {
        for letter in ['a', 'q', '0', '!', ' ', 'ü', '?', '='] {
            let action = lookup(mode, press(KeyCode::Char(letter), KeyModifiers::NONE));
            assert!(
                matches!(action, Action::Edit(InputRequest::InsertChar(typed)) if typed == letter),
                "{letter} in {mode:?}: {action:?}"
            );
        }
    }
}

#[test]
fn a_letter_of_alt_gr_is_text_and_one_of_alt_is_not() {
    let alt_gr = KeyModifiers::CONTROL | KeyModifiers::ALT;
    let typed = lookup(Mode::Input, press(KeyCode::Char('['), alt_gr));
    assert!(matches!(typed, Action::Edit(InputRequest::InsertChar('['))));
    let unbound = lookup(Mode::Input, press(KeyCode::Char('q'), KeyModifiers::ALT));
    assert!(matches!(unbound, Action::Unbound(_)));
}

/// What the terminals of macOS send for Option and a key, with Option as Meta (Esc+) and without.
#[test]
fn option_moves_by_words_as_meta_and_types_its_letters_otherwise() {
    use InputRequest::{DeleteNextWord, DeletePrevWord, GoToNextWord, GoToPrevWord, InsertChar};
    use KeyCode::{Backspace, Char, Left, Right};
    let (meta, none) = (KeyModifiers::ALT, KeyModifiers::NONE);
    for (pressed, code, modifiers, wanted) in [
        ("Option-left in Terminal.app", Char('b'), meta, GoToPrevWord),
        (
            "Option-right in Terminal.app",
            Char('f'),
            meta,
            GoToNextWord,
        ),
        ("Option-left in iTerm", Left, meta, GoToPrevWord),
        ("Option-right in iTerm", Right, meta, GoToNextWord),
        ("Option-Delete as Meta", Backspace, meta, DeletePrevWord),
        ("Option-d as Meta", Char('d'), meta, DeleteNextWord),
        ("Option-b as it is", Char('∫'), none, InsertChar('∫')),
        ("Option-5, German", Char('['), none, InsertChar('[')),
        ("Option-Space", Char('\u{a0}'), none, InsertChar(' ')),
    ] {
        let action = lookup(Mode::Input, press(code, modifiers));
        let is_it = matches!(action, Action::Edit(request) if request == wanted);
        assert!(is_it, "{pressed}: {action:?}");
    }
}

#[test]
fn option_space_is_space_where_nothing_is_typed() {
    let action = lookup(
        Mode::Mixer,
        press(KeyCode::Char('\u{a0}'), KeyModifiers::NONE),
    );
    assert!(matches!(action, Action::Bypass), "{action:?}");
}

#[test]
fn the_key_that_suspends_is_there_where_shells_have_jobs() {
    let action = lookup(
        Mode::Mixer,
        press(KeyCode::Char('z'), KeyModifiers::CONTROL),
    );
    assert_eq!(matches!(action, Action::Suspend), cfg!(unix), "{action:?}");
    assert!(names().any(|name| name == "suspend"));
}

#[test]
fn each_knob_is_chosen_by_its_letter() {
    for (index, dial) in knob::all().iter().enumerate() {
        let Some(key) = dial.knob.key else {
            continue;
        };
        let press = press(KeyCode::Char(key), KeyModifiers::NONE);
        let action = lookup(Mode::Mixer, press);
        assert!(matches!(action, Action::ChooseKnob(knob) if knob == index));
    }
}

#[test]
fn the_letter_of_a_knob_is_its_key_or_one_of_its_name() {
    for dial in knob::all() {
        let letter = dial.knob.letter;
        let named = dial.knob.title.to_lowercase().contains(letter);
        assert!(
            dial.knob.key == Some(letter) || named,
            "{}",
            dial.knob.title
        );
    }
}

#[test]
fn escape_never_quits() {
    for mode in Mode::ALL {
        let action = lookup(mode, press(KeyCode::Esc, KeyModifiers::NONE));
        assert!(matches!(action, Action::Back), "{mode:?}: {action:?}");
    }
}

#[test]
fn help_is_found_by_word_and_by_key() {
    let keys = |filter| -> Vec<String> {
        let hints = help(Mode::Mixer, filter);
        hints.into_iter().map(|hint| hint.keys).collect()
    };
    assert_eq!(keys("bypass this"), ["Space"]);
    assert_eq!(keys("!"), ["!"]);
    assert_eq!(keys("ctrl-r"), ["U Ctrl-R"]);
    assert!(keys("").contains(&"1 … 9".to_owned()));
    assert!(keys("no such word").is_empty());
}

#[test]
fn a_letter_in_the_filter_of_help_is_a_key_or_begins_a_word() {
    let found = |mode, filter| -> Vec<String> {
        let hints = help(mode, filter);
        hints.into_iter().map(|hint| hint.keys).collect()
    };
    assert_eq!(found(Mode::Connections, "X"), ["X"]);
    assert!(found(Mode::Mixer, "X").is_empty());
    assert_eq!(found(Mode::Mixer, "x"), ["x"]);
    for hint in help(Mode::Mixer, "a").iter().skip(1) {
        assert!(
            hint.words.split(' ').any(|word| word.starts_with('a')),
            "{hint:?}"
        );
    }
    assert_eq!(
        found(Mode::Mixer, "a")[0],
        "a",
        "the key itself is the first"
    );
}

#[test]
fn letters_filter_presets_and_a_blank_tries_the_selected_one() {
    for letter in ['3', 'g', 'j', 'k', 'q', '-'] {
        let action = lookup(
            Mode::Presets,
            press(KeyCode::Char(letter), KeyModifiers::NONE),
        );
        assert!(
            matches!(action, Action::Edit(InputRequest::InsertChar(typed)) if typed == letter),
            "{action:?}"
        );
    }
    let action = lookup(Mode::Presets, press(KeyCode::Char(' '), KeyModifiers::NONE));
    assert!(matches!(action, Action::Audition));
}

#[test]
fn help_groups_stand_together() {
    for mode in Mode::ALL {
        let mut groups: Vec<Group> = help(mode, "").iter().map(|hint| hint.group).collect();
        groups.dedup();
        let mut once = groups.clone();
        once.sort();
        once.dedup();
        assert_eq!(groups, once, "{mode:?}");
    }
}

/// The actions of a user: those of the enum, up to what the program itself tells the model.
fn of_users() -> Vec<&'static str> {
    let source = include_str!("../action.rs");
    let (_, all) = source.split_once("pub enum Action {").expect("the enum");
    let (users, _) = all
        .split_once("/// Something was done with the mouse.")
        .expect("the mark");
    let lines = users.lines().map(str::trim_start);
    let variants = lines.filter(|line| line.starts_with(char::is_uppercase));
    variants
        .map(|line| line.trim_end_matches(',').split('(').next().unwrap_or(line))
        .collect()
}

#[test]
fn whatever_a_user_can_do_has_a_key() {
    let users = of_users();
    assert!(
        users.contains(&"TypeValue") && users.len() > 60,
        "{users:?}"
    );
    let keyed = |name: &str| {
        let mut rows = bindings().iter();
        rows.any(|row| format!("{:?}", row.action).split('(').next() == Some(name))
    };
    let without: Vec<_> = users.into_iter().filter(|name| !keyed(name)).collect();
    // `go to NAME` of the palette, and a click.
    assert_eq!(without, ["ToProxy"]);
}

#[test]
fn whatever_has_a_key_is_in_help_and_the_palette_has_a_word_for_what_is_done_in_a_pane() {
    let entries = catalog::entries();
    for row in bindings().iter().filter(|row| row.printed != Some("")) {
        for mode in row.modes {
            let mut hints = help(*mode, "").into_iter();
            assert!(
                hints.any(|hint| hint.words == row.words),
                "{mode:?}: {}",
                row.words
            );
        }
        let is_of_panes = row.modes.iter().any(|mode| mode.is_seen());
        let is_meant = match row.action {
            // Whoever reads the palette has opened it.
            Action::Palette(_) => false,
            _ => is_of_panes && row.group != Group::Move,
        };
        let is_it = |entry: &catalog::Entry| match (&entry.does, &row.action) {
            (catalog::Does::Act(Action::ChooseKnob(it)), Action::ChooseKnob(wanted)) => {
                it == wanted
            }
            _ => entry.name == row.words,
        };
        assert!(
            !is_meant || entries.iter().any(is_it),
            "no word for {}",
            row.words
        );
    }
}
