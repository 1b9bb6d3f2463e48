//! Everything that has a name and can be done: faults, commands, presets, knobs and the actions of the key table. Help and the
//! palette find it here.

use super::action::Action;
use super::keymap::{self, Group, Hint, Key, Mode};
use super::knob;
use crate::command;
use crate::fault::{KINDS, Kind, Setting};
use crate::preset;

/// One thing that can be done.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is called: a line of the palette, or the words of the key table.
    pub name: String,
    /// What it is, in a few words.
    pub about: String,
    /// The keys that do it, as printed; none where it has none of its own.
    pub keys: String,
    /// What Enter does.
    pub does: Does,
}

/// What Enter does with an entry.
#[derive(Clone, Debug)]
pub enum Does {
    /// What a key does.
    Act(Action),
    /// What a line of the palette says.
    Run(String),
    /// Nothing yet: the line needs more, and goes on from here.
    Begin(String),
}

/// What can be done whatever the proxies are, in the order in which the palette lists it.
#[must_use]
pub fn entries() -> Vec<Entry> {
    named().chain(keys()).collect()
}

/// What has a name of its own and is no key's.
fn named() -> impl Iterator<Item = Entry> {
    let faults = KINDS.iter().map(|kind| fault(kind));
    // The console has its page of findings in the place of facts.
    let commands = command::words().zip(command::examples());
    let commands = commands.filter(|(word, _)| *word != "facts");
    let commands = commands.map(|(word, example)| {
        let does = if word == example {
            Does::Run(word.to_owned())
        } else {
            Does::Begin(format!("{word} "))
        };
        entry(word, format!("as in {example}"), "", does)
    });
    let presets = preset::all().into_iter().map(|preset| {
        let about = format!("preset: {}", preset.summary());
        entry(preset.name, about, "", Does::Run(preset.name.to_owned()))
    });
    let knobs = knob::all().iter().enumerate().map(|(index, dial)| {
        let name = format!("knob {}", dial.knob.title.to_lowercase());
        let about = format!("choose {}: {}", dial.knob.label, dial.kind.summary);
        let key = dial.knob.key.map(String::from).unwrap_or_default();
        entry(&name, about, &key, Does::Act(Action::ChooseKnob(index)))
    });
    faults.chain(commands).chain(presets).chain(knobs)
}

/// The help of a mode. What is typed finds its keys, those of the other modes, and lines of the palette; what is one of the
/// keys itself, or the whole name of a line, comes first.
#[must_use]
pub fn help(mode: Mode, filter: &str) -> Vec<Hint> {
    let mut hints = keymap::help(mode, filter);
    let filter = filter.trim();
    if filter.is_empty() {
        return hints;
    }
    // The letters of the knobs are listed where they hold, each beside its knob.
    let others = Mode::ALL.into_iter();
    let others = others.filter(|other| *other != mode && *other != Mode::Knobs);
    let others = others.flat_map(|other| {
        let hints = keymap::help(other, filter).into_iter();
        hints.map(move |hint| (other, hint))
    });
    for (other, hint) in others {
        let words = format!("{}: {}", other.title(), hint.words);
        let is_known = |known: &Hint| known.keys == hint.keys && words.ends_with(&known.words);
        if !hints.iter().any(is_known) {
            // What a text or a question does with a key makes no sense here: its line says so.
            let key = hint.keys.split_whitespace().next().and_then(Key::named);
            let action = match key {
                _ if other.is_seen() => hint.action,
                Some(key) => Action::Unbound(key),
                None => Action::Help,
            };
            hints.push(Hint {
                words,
                action,
                ..hint
            });
        }
    }
    let lines = named().map(|entry| Hint {
        keys: match &*entry.keys {
            "" => format!(": {}", entry.name),
            keys => keys.to_owned(),
        },
        words: entry.about,
        group: Group::Lines,
        action: match entry.does {
            Does::Act(action) => action,
            Does::Run(line) | Does::Begin(line) => Action::Palette(line),
        },
    });
    let all_said = |hint: &Hint| filter.split_whitespace().all(|word| hint.says(word));
    hints.extend(lines.filter(all_said));
    hints.sort_by_key(|hint| !hint.is_key(filter));
    hints
}

/// The actions of the panes, from the key table.
pub fn keys() -> impl Iterator<Item = Entry> {
    let hints = keymap::of_panes().into_iter();
    // Knobs have entries of their own, and whoever reads the palette has opened it.
    let hints = hints
        .filter(|(_, hint)| !matches!(hint.action, Action::ChooseKnob(_) | Action::Palette(_)));
    hints.map(|(mode, hint)| {
        let about = format!("the key {} in the {}", hint.keys, mode.title());
        entry(&hint.words, about, &hint.keys, Does::Act(hint.action))
    })
}

/// A fault, which is a line by itself where it needs no value.
fn fault(kind: &'static Kind) -> Entry {
    let does = if Setting::new(kind).missing().is_none() {
        Does::Run(kind.name.to_owned())
    } else {
        Does::Begin(format!("{} ", kind.name))
    };
    entry(kind.name, format!("fault: {}", kind.summary), "", does)
}

fn entry(name: &str, about: String, keys: &str, does: Does) -> Entry {
    Entry {
        name: name.to_owned(),
        about,
        keys: keys.to_owned(),
        does,
    }
}
