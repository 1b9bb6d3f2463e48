//! The palette: what a line is read as, what it says before Enter, and what Enter does.

use super::*;
use crate::command;
use crate::ui::catalog::{self, Does};

/// The palette with a text typed into it.
pub(super) fn typed(text: &str) -> Model {
    let mut model = model();
    does(&mut model, [Action::Palette(String::new())]);
    let keys = text
        .chars()
        .map(|letter| Action::Edit(InputRequest::InsertChar(letter)));
    does(&mut model, keys.collect::<Vec<_>>());
    model
}

fn palette(model: &Model) -> &crate::ui::model::Palette {
    match model.overlays.last() {
        Some(Overlay::Palette(palette)) => palette,
        other => panic!("no palette: {other:?}"),
    }
}

/// The commands that the first entries of a text come to.
fn lines(text: &str) -> Vec<String> {
    let model = typed(text);
    let entries = palette(&model).entries.iter();
    let lines = entries.map(|entry| match &entry.does {
        Does::Run(line) => line.clone(),
        Does::Begin(line) => format!("{line}…"),
        Does::Act(_) => entry.name.clone(),
    });
    lines.collect()
}

#[test]
fn a_line_is_meant_for_the_selected_proxy_unless_it_names_another() {
    for (text, first) in [
        ("loss 2%", "set db loss 2%"),
        ("los 2", "set db loss 2%"),
        ("loss 2 burst=3", "set db loss 2% burst=3"),
        ("loss 2 on all", "set all loss 2%"),
        ("loss 2 on web", "set web loss 2%"),
        ("lat 1s, loss 2", "set db latency 1s, loss 2%"),
        ("3g", "preset db 3g"),
        ("3g on all", "preset all 3g"),
        ("250ms", "set db latency 250ms"),
        ("+50ms", "set db latency 50ms"),
        ("jitter 30", "set db latency 0ms jitter=30ms"),
        ("blackhole", "set db blackhole"),
        ("loss off", "clear db loss"),
        ("1mbps", "set db bandwidth 125kB/s"),
        ("set web lat 5", "set web latency 5ms"),
        ("set lat 5", "set db latency 5ms"),
        ("set all loss 1%", "set all loss 1%"),
        ("clear", "clear db"),
        ("clear loss", "clear db loss"),
        ("preset 3g", "preset db 3g"),
        ("bypass", "bypass db on"),
        ("bypass all off", "bypass all off"),
        ("remove", "remove db"),
        ("rename orders", "rename db orders"),
        ("sweep latency to=1s", "sweep db latency to=1s"),
        ("rename web orders", "rename web orders"),
        ("kill 3 fin", "kill 3 fin"),
        ("9=x:80 lat 5ms", "add 9=x:80 latency 5ms"),
        ("latncy 250", "set db latency 250ms"),
    ] {
        let found = lines(text);
        assert_eq!(
            found.first().map(String::as_str),
            Some(first),
            "{text}: {found:?}"
        );
        if let Ok(command) = command::parse(first) {
            assert_eq!(
                command.to_string(),
                first,
                "what is run is the language's own"
            );
        }
    }
}

#[test]
fn what_is_meant_for_the_selected_proxy_is_offered_for_all_too() {
    for (text, second) in [
        ("loss 2%", "set all loss 2%"),
        ("los 2", "set all loss 2%"),
        ("250ms", "set all latency 250ms"),
        ("3g", "preset all 3g"),
    ] {
        assert_eq!(lines(text)[1], second, "{text}");
    }
}

#[test]
fn presets_knobs_proxies_and_keys_are_found_by_letters_of_their_names() {
    for (text, found) in [
        ("starl", "starlink"),
        ("go to cache", "go to cache"),
        ("slow close", "knob slow close"),
        ("undo", "undo"),
        ("resetconn", "reset the connection (RST)"),
        ("X", "reset the connection (RST)"),
    ] {
        let all = lines(text);
        assert!(
            all.iter().take(4).any(|line| line == found),
            "{text}: {all:?}"
        );
    }
    assert!(lines("zzzzqq").is_empty());
}

#[test]
fn what_a_line_does_is_said_before_enter() {
    for (text, says) in [
        ("loss 2%", "db: LOS off → 2%, on 3 open connections"),
        ("loss 2%", "the same on standard input:  set db loss 2%"),
        ("loss 2%", "also here:  burst="),
        (
            "cable",
            "db: LAT off → 28ms, BW off → 625K/125K/s, TCP off → cubic, on 3",
        ),
        ("reset", "which it may end"),
        ("bypass", "db: bypass on, on 3 open connections"),
        ("clear", "db: it is so already"),
        ("remove", "deletes db and ends 3 open connections"),
        ("kill 99", "no such connection is open"),
        ("9=x:80", "listens on 127.0.0.1:9"),
        ("latency", "needs more, as in latency"),
    ] {
        let model = typed(text);
        let said = palette(&model).says.join("\n");
        assert!(said.contains(says), "{text}: {said}");
    }
}

#[test]
fn enter_runs_the_line_as_a_step_that_can_be_undone() {
    let mut model = typed("loss 2");
    let effects = does(&mut model, [Action::Accept]);
    assert_eq!(plans(&effects), ["1: loss 2%"]);
    assert_eq!(model.mode(), Mode::Mixer);
    assert_eq!(plans(&does(&mut model, [Action::Undo])), ["1: "]);
    let mut model = typed("3g on all");
    let effects = does(&mut model, [Action::Accept]);
    assert_eq!(effects.len(), 3);
    assert_eq!(notice(&model), "all: preset 3g");
    does(&mut model, [Action::Undo]);
    assert_eq!(shown(&model, 3), "");
    let mut model = typed("kill 3");
    let effects = does(&mut model, [Action::Accept]);
    assert!(matches!(
        effects[..],
        [Effect::Ask(_, Request::Kill(ConnId(3), Kill::Rst))]
    ));
    let mut model = typed("rename orders");
    let effects = does(&mut model, [Action::Accept]);
    assert!(matches!(
        effects[..],
        [Effect::Ask(_, Request::Rename { .. })]
    ));
    let mut model = typed("unname");
    let effects = does(&mut model, [Action::Accept]);
    assert!(matches!(
        effects[..],
        [Effect::Ask(_, Request::Rename { name: None, .. })]
    ));
    let mut model = typed("go to cache");
    does(&mut model, [Action::Accept]);
    assert_eq!(model.selected, Some(ProxyId(3)));
}

#[test]
fn a_wrong_line_stays_with_its_error_under_the_column() {
    for (text, column, unfinished) in [
        ("loss 2x5", 7, false),
        ("loss 2% burts=3", 9, false),
        ("remove nobody", 8, false),
        ("set db latncy 5ms", 8, false),
        ("preset 9g", 8, false),
        ("loss", 5, true),
        ("set c", 6, true),
        ("set NOPE loss 1%", 5, false),
        ("clear latncy", 7, false),
        ("clear los", 7, true),
        ("clear web as=nobody", 11, false),
    ] {
        let mut model = typed(text);
        let effects = does(&mut model, [Action::Accept]);
        assert_eq!(effects, [], "{text}");
        let model = typed(text);
        let error = palette(&model).error.as_ref().expect(text);
        let found = (error.column(), error.unfinished);
        assert_eq!(found, (column, unfinished), "{text}: {}", error.message);
    }
}

#[test]
fn a_name_that_nothing_has_is_told_with_those_that_there_are() {
    for (text, told) in [
        (
            "set NOPE loss 1%",
            "unknown proxy \"NOPE\" (db, web, cache)",
        ),
        ("clear NOPE", "unknown proxy \"NOPE\" (db, web, cache)"),
        ("bypass NOPE on", "unknown proxy \"NOPE\" (db, web, cache)"),
        (
            "preset wep 3g",
            "unknown proxy \"wep\": did you mean \"web\"? (db, web, cache)",
        ),
        (
            "clear as=nobody",
            "no fault is called \"nobody\": none has a name",
        ),
    ] {
        let model = typed(text);
        let error = palette(&model).error.as_ref().expect(text);
        assert_eq!(error.message, told, "{text}");
    }
}

#[test]
fn tab_goes_on_with_what_may_follow_else_with_the_selected_line() {
    for (text, way) in [
        ("loss 2% bu", "loss 2% burst="),
        ("lat 300", "lat 300ms"),
        ("lat 5ms dist=", "lat 5ms dist=uniform"),
        ("set ca", "set cache"),
        ("starl", "starlink"),
    ] {
        let mut model = typed(text);
        does(&mut model, [Action::Complete]);
        assert_eq!(palette(&model).field.text.value(), way, "{text}");
    }
}

#[test]
fn the_line_is_copied_as_standard_input_takes_it() {
    let mut model = typed("loss 2");
    let effects = does(&mut model, [Action::Copy]);
    assert_eq!(effects, [Effect::Copy("set db loss 2%".to_owned())]);
}

#[test]
fn every_action_of_the_panes_has_a_key_a_word_of_the_palette_and_help() {
    for entry in catalog::keys() {
        assert!(!entry.keys.is_empty(), "{}", entry.name);
        let model = typed(&entry.name);
        let names = palette(&model)
            .entries
            .iter()
            .map(|entry| entry.name.as_str());
        assert!(
            names.take(5).any(|name| name == entry.name),
            "{}",
            entry.name
        );
        let all = Mode::ALL.into_iter();
        let mut helps = all.flat_map(|mode| keymap::help(mode, ""));
        assert!(helps.any(|hint| hint.words == entry.name), "{}", entry.name);
    }
}

#[test]
fn help_finds_keys_of_all_panes_and_lines_and_the_exact_key_first() {
    for (filter, first) in [
        ("X", "connections: reset the connection (RST)"),
        ("loss", "fault: what TCP makes of packet loss"),
        ("3g", "preset: 1600/768 kbit/s, 300ms"),
        ("preset", "as in preset all 3g"),
    ] {
        let hints = catalog::help(Mode::Mixer, filter);
        assert!(
            hints[0].words.starts_with(first),
            "{filter}: {:?}",
            hints[0]
        );
    }
    let mut model = model();
    does(&mut model, [Action::Help]);
    for letter in "3g".chars() {
        does(&mut model, [Action::Edit(InputRequest::InsertChar(letter))]);
    }
    does(&mut model, [Action::Accept]);
    assert_eq!(lines_of(&model)[0], "preset db 3g");
}

fn lines_of(model: &Model) -> Vec<String> {
    let entries = palette(model).entries.iter();
    let run = entries.filter_map(|entry| match &entry.does {
        Does::Run(line) => Some(line.clone()),
        Does::Begin(_) | Does::Act(_) => None,
    });
    run.collect()
}

proptest! {
    #[test]
    fn no_line_panics_and_its_error_is_in_it(text in "[ -~é🦀]{0,30}|(set|clear|bypass|loss|lat|add|kill)? ?(db|all|we)? ?[a-z0-9=%.+x ]{0,16}( on (all|db))?") {
        let mut model = typed(&text);
        if let Some(error) = &palette(&model).error {
            prop_assert!(error.span.end <= error.input.chars().count(), "{error:?}");
        }
        does(&mut model, [Action::Complete, Action::Down, Action::Accept]);
    }
}
