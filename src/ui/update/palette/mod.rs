//! The palette: a line for everything that can be done, with what it will do said before Enter does it.
//!
//! What a line runs is a command of the language that standard input takes (`reading`), parsed by the same parser; carried out
//! here, it is a step that can be undone like any key's.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::command::Command;
use crate::ui::action::Action;
use crate::ui::catalog::{self, Does, Entry};
use crate::ui::complete;
use crate::ui::input::Field;
use crate::ui::model::{Model, Overlay, Palette, Tone};

mod carry_out;
mod reading;
mod says;

/// Opens the palette with a line in it.
pub(super) fn open(model: &mut Model, line: String) {
    let mut field = Field::default();
    field.set(line);
    model.overlays.push(Overlay::Palette(Palette {
        field,
        ..Palette::default()
    }));
}

/// The text is another one: the likeliest entry is selected.
pub(super) fn changed(model: &mut Model) {
    if let Some(Overlay::Palette(palette)) = model.overlays.last_mut() {
        (palette.line, palette.first) = (0, 0);
    }
}

/// Makes the list, and says what Enter does, as proxies and connections are now; at the end of every update.
pub(super) fn refresh(model: &mut Model) {
    let Some(Overlay::Palette(palette)) = model.overlays.last() else {
        return;
    };
    let text = palette.field.text.value();
    let read = reading::read(model, text, false);
    let (entries, error) = match read {
        Ok(read) => (list(model, text, read), None),
        Err(error) => (list(model, text, Vec::new()), Some(error)),
    };
    let line = palette.line.min(entries.len().saturating_sub(1));
    let says = match entries.get(line) {
        Some(entry) => says::of(model, entry),
        None if error.is_some() => error.iter().map(|error| error.message.clone()).collect(),
        None => vec!["nothing is called that: Esc, then ? lists the keys".to_owned()],
    };
    if let Some(Overlay::Palette(palette)) = model.overlays.last_mut() {
        (palette.entries, palette.error, palette.says, palette.line) = (entries, error, says, line);
    }
}

/// Tab: what the language expects there, else the selected line.
pub(super) fn complete(model: &Model, palette: &mut Palette) -> bool {
    let follows = palette.field.go_on(|text, turn| {
        let error = reading::read(model, text, true).err()?;
        complete::follow(text, &error, turn)
    });
    let line = palette
        .entries
        .get(palette.line)
        .map(|entry| match &entry.does {
            Does::Begin(line) => line.clone(),
            Does::Run(_) | Does::Act(_) => entry.name.clone(),
        });
    if let Some(line) = line.filter(|line| !follows && *line != palette.field.text.value()) {
        palette.field.set(line);
        return true;
    }
    follows
}

/// Enter: what the selected line says; where it needs more, it goes into the field. What is wrong stays, with why.
pub(super) fn accept(model: &mut Model, mut palette: Palette) {
    let entry = palette.entries.get(palette.line);
    // What only is like the line is not what was typed: it has to be chosen.
    let goes_on = |unfinished: bool| match entry {
        Some(entry) if entry.name == palette.field.text.value().trim() => true,
        Some(entry) => unfinished && matches!(entry.does, Does::Begin(_)),
        None => false,
    };
    let stays = palette.error.as_ref();
    if let Some(error) = stays.filter(|it| palette.line == 0 && !goes_on(it.unfinished)) {
        model.say(Tone::Trouble, &error.message);
        return model.overlays.push(Overlay::Palette(palette));
    }
    match entry.map(|entry| entry.does.clone()) {
        Some(Does::Act(action)) => super::apply(model, action),
        Some(Does::Run(line)) => run(model, &line),
        Some(Does::Begin(line)) => {
            palette.field.set(line);
            model.overlays.push(Overlay::Palette(palette));
            changed(model);
        }
        None => model.overlays.push(Overlay::Palette(palette)),
    }
}

/// Carries a command out.
pub(super) fn carry_out(model: &mut Model, command: Command) {
    carry_out::carry_out(model, command);
}

/// Runs a line.
fn run(model: &mut Model, line: &str) {
    match reading::read(model, line, false) {
        Ok(read) => match read.into_iter().next() {
            Some(reading) => carry_out::carry_out(model, reading.command),
            None => model.say(Tone::Trouble, format!("no line: {line}")),
        },
        Err(error) => model.say(Tone::Trouble, &error.message),
    }
}

/// The line that is selected, as standard input takes it.
pub(super) fn selected_line(model: &Model, palette: &Palette) -> Option<String> {
    let entry = palette.entries.get(palette.line)?;
    let Does::Run(line) = &entry.does else {
        return None;
    };
    let read = reading::read(model, line, false).ok()?;
    Some(read.first()?.command.to_string())
}

/// What the line was read as, then whatever has its words in its name, the closest first.
fn list(model: &Model, text: &str, read: Vec<reading::Reading>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = read.into_iter().map(|read| typed(model, read)).collect();
    let proxies = model.newest().proxies.iter().map(|row| Entry {
        name: format!("go to {}", row.name),
        about: format!("proxy: {}", row.mapping),
        keys: String::new(),
        does: Does::Act(Action::ToProxy(row.id)),
    });
    let all = catalog::entries().into_iter().chain(proxies);
    let words = text.trim();
    if words.is_empty() {
        entries.extend(all);
        return entries;
    }
    let pattern = Pattern::new(
        words,
        CaseMatching::Ignore,
        Normalization::Smart,
        AtomKind::Fuzzy,
    );
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut letters = Vec::new();
    let mut score = |entry: &Entry| {
        let name = Utf32Str::new(&entry.name, &mut letters);
        let exact = u32::from(entry.name == words || entry.keys == words) * 1_000;
        let named = pattern.score(name, &mut matcher).map(|score| score + exact);
        let about = entry.about.to_lowercase();
        let lower = words.to_lowercase();
        let is_about = lower
            .split_whitespace()
            .all(|word| word.len() > 1 && about.contains(word));
        named
            .or_else(|| (entry.keys == words).then_some(exact))
            .or_else(|| is_about.then_some(1))
    };
    let mut found: Vec<(u32, Entry)> = all
        .filter_map(|entry| Some((score(&entry)?, entry)))
        .filter(|(_, entry)| !entries.iter().any(|read| read.name == entry.name.trim()))
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    // Letters that are strewn over a name are no likeness.
    let best = found
        .iter()
        .map(|(score, _)| *score % 1_000)
        .max()
        .unwrap_or(0);
    found.retain(|(score, _)| *score == 1 || score * 2 > best);
    entries.extend(found.into_iter().map(|(_, entry)| entry));
    entries
}

/// A line that was read, and whom it is for.
fn typed(model: &Model, read: reading::Reading) -> Entry {
    Entry {
        about: says::whom(model, &read.command),
        keys: String::new(),
        does: Does::Run(read.command.to_string()),
        name: read.line,
    }
}
