//! The table itself, and the footers made from it.

use crossterm::event::{KeyCode, KeyModifiers};
use tui_input::InputRequest as Text;

use super::{Binding, Group, Key, Mode};
use crate::ui::action::Action;
use crate::ui::knob::Turn;

/// Where proxies are looked at and turned.
pub(super) const PANES: &[Mode] = &[Mode::Mixer, Mode::Connections];
const EVERYWHERE: &[Mode] = &Mode::ALL;
const MIXER: &[Mode] = &[Mode::Mixer];
const CONNECTIONS: &[Mode] = &[Mode::Connections];
const LISTS: &[Mode] = &[Mode::Mixer, Mode::Connections, Mode::Help, Mode::Presets];
const PRESETS: &[Mode] = &[Mode::Presets];
const OVERLAYS: &[Mode] = &[Mode::Help, Mode::Presets];
const TEXTS: &[Mode] = &[
    Mode::Input,
    Mode::Value,
    Mode::Path,
    Mode::Help,
    Mode::Presets,
];
const INPUT: &[Mode] = &[Mode::Input];
const QUESTIONS: &[Mode] = &[Mode::Quit, Mode::Confirm];
const QUIT: &[Mode] = &[Mode::Quit];
const CONFIRM: &[Mode] = &[Mode::Confirm];
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;

const fn plain(code: KeyCode) -> Key {
    Key::plain(code)
}

const fn letter(letter: char) -> Key {
    Key::letter(letter)
}

/// The rows, in the order of help.
pub(super) fn rows() -> Vec<Binding> {
    let mut rows = turning();
    rows.extend(comparing());
    rows.extend(managing());
    rows.extend(moving());
    rows.extend(typing());
    rows.extend(leaving());
    rows
}

fn row<const N: usize>(
    modes: &'static [Mode],
    group: Group,
    keys: [Key; N],
    action: Action,
    words: &'static str,
) -> Binding {
    Binding {
        modes,
        keys: keys.to_vec(),
        action,
        words: words.into(),
        group,
        printed: None,
    }
}

fn turning() -> Vec<Binding> {
    let left = [plain(KeyCode::Left), letter('h'), letter('-')];
    let right = [plain(KeyCode::Right), letter('l'), letter('+')];
    let further_left = [letter('H'), Key::with(KeyCode::Left, SHIFT)];
    let further_right = [letter('L'), Key::with(KeyCode::Right, SHIFT)];
    let on = |key, action, words| row(PANES, Group::Turn, [key], action, words);
    let mut rows = vec![
        row(
            PANES,
            Group::Turn,
            left,
            Action::Turn(Turn::Fine(-1)),
            "turn a little, less pain",
        ),
        row(
            PANES,
            Group::Turn,
            right,
            Action::Turn(Turn::Fine(1)),
            "turn a little, more pain",
        ),
        row(
            PANES,
            Group::Turn,
            further_left,
            Action::Turn(Turn::Stop(-1)),
            "to the stop before",
        ),
        row(
            PANES,
            Group::Turn,
            further_right,
            Action::Turn(Turn::Stop(1)),
            "to the next stop",
        ),
    ];
    for (stop, digit) in (1..=9).zip('1'..='9') {
        // One line of help speaks for all nine.
        rows.push(Binding {
            printed: Some(if stop == 1 { "1 … 9" } else { "" }),
            ..on(letter(digit), Action::Turn(Turn::To(stop)), "to a stop")
        });
    }
    rows.extend([
        on(letter('0'), Action::Turn(Turn::Off), "knob off"),
        on(letter('='), Action::TypeValue, "type a value: 300ms, off"),
        on(letter('p'), Action::Presets, "presets: networks by name"),
        on(letter('x'), Action::AllOff, "all knobs here off"),
        on(
            letter('D'),
            Action::NextDirections,
            "turn both directions, down, up",
        ),
        on(letter('['), Action::PreviousKnob, "knob before"),
        on(letter(']'), Action::NextKnob, "next knob"),
    ]);
    rows
}

fn comparing() -> Vec<Binding> {
    let all = |key, action, words| row(PANES, Group::Compare, [key], action, words);
    vec![
        all(letter(' '), Action::Bypass, "bypass this one (A/B)"),
        all(
            letter('!'),
            Action::BypassAll,
            "bypass all at once, or none",
        ),
        all(letter('s'), Action::Solo, "solo: bypass the others"),
        all(letter('u'), Action::Undo, "undo"),
        row(
            PANES,
            Group::Compare,
            [letter('U'), Key::ctrl('r')],
            Action::Redo,
            "do again",
        ),
    ]
}

fn managing() -> Vec<Binding> {
    let on = |modes, key, action, words| row(modes, Group::Manage, [key], action, words);
    vec![
        on(PANES, letter('a'), Action::Add, "add a proxy"),
        on(
            PANES,
            letter('e'),
            Action::EditMapping,
            "edit mapping and faults",
        ),
        on(
            PANES,
            letter('o'),
            Action::TogglePort,
            "open or close the port",
        ),
        on(
            MIXER,
            letter('d'),
            Action::Delete,
            "delete; undo brings it back",
        ),
        on(
            PANES,
            letter('w'),
            Action::WriteScene,
            "write the desk to a file",
        ),
        on(
            PANES,
            Key::ctrl('o'),
            Action::OpenScene,
            "add the proxies of a file",
        ),
        on(
            CONNECTIONS,
            letter('X'),
            Action::Reset,
            "reset the connection (RST)",
        ),
        on(
            CONNECTIONS,
            letter('F'),
            Action::HalfClose,
            "end the connection (FIN)",
        ),
    ]
}

fn moving() -> Vec<Binding> {
    let on = |modes, keys, action, words| row(modes, Group::Move, keys, action, words);
    let one = |modes, key, action, words| row(modes, Group::Move, [key], action, words);
    let (up, down) = (KeyCode::Up, KeyCode::Down);
    vec![
        on(PANES, [plain(up), letter('k')], Action::Up, "one up"),
        on(PANES, [plain(down), letter('j')], Action::Down, "one down"),
        on(
            PANES,
            [letter('g'), plain(KeyCode::Home)],
            Action::First,
            "to the first",
        ),
        on(
            PANES,
            [letter('G'), plain(KeyCode::End)],
            Action::Last,
            "to the last",
        ),
        one(
            LISTS,
            plain(KeyCode::PageUp),
            Action::PageUp,
            "a screenful up",
        ),
        one(
            LISTS,
            plain(KeyCode::PageDown),
            Action::PageDown,
            "a screenful down",
        ),
        one(OVERLAYS, plain(up), Action::Up, "one up"),
        one(OVERLAYS, plain(down), Action::Down, "one down"),
        row(
            PRESETS,
            Group::Turn,
            [letter(' ')],
            Action::Audition,
            "try it",
        ),
        one(PANES, plain(KeyCode::Tab), Action::NextPane, "next pane"),
        one(
            &[Mode::Mixer, Mode::Connections, Mode::Input],
            plain(KeyCode::BackTab),
            Action::PreviousPane,
            "pane before",
        ),
        one(
            MIXER,
            letter('c'),
            Action::ToConnections,
            "to its connections",
        ),
        row(
            PANES,
            Group::See,
            [letter('f')],
            Action::Freeze,
            "freeze the screen, or go on",
        ),
        row(
            PANES,
            Group::See,
            [letter('S')],
            Action::NextSort,
            "sort the connections",
        ),
    ]
}

fn typing() -> Vec<Binding> {
    let on = |keys, action, words| row(INPUT, Group::Type, keys, action, words);
    let edit = |keys: &[Key], request, words: &'static str| Binding {
        keys: keys.to_vec(),
        ..row(TEXTS, Group::Type, [], Action::Edit(request), words)
    };
    let (left, right, alt) = (KeyCode::Left, KeyCode::Right, KeyModifiers::ALT);
    vec![
        row(
            INPUT,
            Group::Type,
            [plain(KeyCode::Tab)],
            Action::Complete,
            "complete the word",
        ),
        on(
            [plain(KeyCode::Up), Key::ctrl('p')],
            Action::HistoryBack,
            "the line before",
        ),
        on(
            [plain(KeyCode::Down), Key::ctrl('n')],
            Action::HistoryForward,
            "the line after",
        ),
        row(
            TEXTS,
            Group::Type,
            [Key::ctrl('u')],
            Action::ClearText,
            "clear; twice: bring it back",
        ),
        edit(
            &[plain(left), Key::ctrl('b')],
            Text::GoToPrevChar,
            "a character back",
        ),
        edit(
            &[plain(right), Key::ctrl('f')],
            Text::GoToNextChar,
            "a character on",
        ),
        edit(
            &[Key::alt('b'), Key::with(left, CTRL)],
            Text::GoToPrevWord,
            "a word back",
        ),
        edit(
            &[Key::alt('f'), Key::with(right, CTRL)],
            Text::GoToNextWord,
            "a word on",
        ),
        edit(
            &[plain(KeyCode::Home), Key::ctrl('a')],
            Text::GoToStart,
            "to the start",
        ),
        edit(
            &[plain(KeyCode::End), Key::ctrl('e')],
            Text::GoToEnd,
            "to the end",
        ),
        edit(
            &[plain(KeyCode::Backspace), Key::ctrl('h')],
            Text::DeletePrevChar,
            "delete the character before",
        ),
        edit(
            &[plain(KeyCode::Delete), Key::ctrl('d')],
            Text::DeleteNextChar,
            "delete the character here",
        ),
        edit(
            &[Key::ctrl('w'), Key::with(KeyCode::Backspace, alt)],
            Text::DeletePrevWord,
            "delete the word before",
        ),
        edit(
            &[Key::alt('d')],
            Text::DeleteNextWord,
            "delete the word here",
        ),
        edit(&[Key::ctrl('k')], Text::DeleteTillEnd, "delete to the end"),
        edit(&[Key::ctrl('y')], Text::Yank, "put back what was deleted"),
    ]
}

fn leaving() -> Vec<Binding> {
    let on = |modes, key, action, words| row(modes, Group::Leave, [key], action, words);
    vec![
        on(TEXTS, plain(KeyCode::Enter), Action::Accept, "do it"),
        on(
            QUESTIONS,
            plain(KeyCode::Enter),
            Action::Back,
            "one step back",
        ),
        on(CONFIRM, letter('y'), Action::Accept, "do it"),
        on(CONFIRM, letter('n'), Action::Back, "one step back"),
        on(
            QUIT,
            letter('d'),
            Action::Drain,
            "accept no more, wait, then quit",
        ),
        on(QUIT, letter('q'), Action::QuitNow, "close them and quit"),
        row(
            PANES,
            Group::Leave,
            [letter('?'), plain(KeyCode::F(1))],
            Action::Help,
            "help",
        ),
        on(INPUT, plain(KeyCode::F(1)), Action::Help, "help"),
        on(
            EVERYWHERE,
            plain(KeyCode::Esc),
            Action::Back,
            "one step back",
        ),
        on(PANES, letter('q'), Action::Quit, "quit"),
        on(
            EVERYWHERE,
            Key::ctrl('c'),
            Action::Interrupt,
            "quit; twice: at once",
        ),
        on(EVERYWHERE, Key::ctrl('z'), Action::Suspend, "suspend"),
        on(
            EVERYWHERE,
            Key::ctrl('l'),
            Action::Redraw,
            "draw the screen again",
        ),
    ]
}

/// A hint of a footer: its modes, a key of the row that it stands for, the keys as printed, a word or two.
type Footer = (&'static [Mode], Key, &'static str, &'static str);

/// The footers, the most needed hints first.
pub(super) static FOOTERS: &[Footer] = &[
    (PANES, plain(KeyCode::Left), "←→", "turn"),
    (PANES, letter('1'), "1-9", "stop"),
    (PANES, letter('0'), "0", "off"),
    (MIXER, letter(' '), "Space", "A/B"),
    (MIXER, letter(']'), "[ ]", "knob"),
    (CONNECTIONS, letter('X'), "X", "reset"),
    (CONNECTIONS, letter('F'), "F", "end"),
    (CONNECTIONS, letter('S'), "S", "sort"),
    (MIXER, letter('a'), "a", "add"),
    (PANES, letter('p'), "p", "preset"),
    (PANES, letter('?'), "?", "help"),
    (PANES, letter('u'), "u", "undo"),
    (MIXER, letter('c'), "c", "conns"),
    (CONNECTIONS, plain(KeyCode::Esc), "Esc", "back"),
    (PANES, letter('='), "=", "type a value"),
    (PANES, letter('!'), "!", "all off"),
    (PANES, letter('L'), "HL", "to stop"),
    (MIXER, letter('o'), "o", "open/close"),
    (MIXER, letter('s'), "s", "solo"),
    (PANES, letter('f'), "f", "freeze"),
    (PANES, letter('q'), "q", "quit"),
    (INPUT, plain(KeyCode::Enter), "Enter", "add"),
    (INPUT, plain(KeyCode::Tab), "Tab", "complete"),
    (INPUT, plain(KeyCode::Up), "↑", "history"),
    (INPUT, plain(KeyCode::Esc), "Esc", "leave"),
    (INPUT, Key::ctrl('c'), "Ctrl-C", "quit"),
    (INPUT, plain(KeyCode::F(1)), "F1", "help"),
    (&[Mode::Value], plain(KeyCode::Enter), "Enter", "set"),
    (&[Mode::Value], plain(KeyCode::Esc), "Esc", "leave"),
    (&[Mode::Path], plain(KeyCode::Enter), "Enter", "do it"),
    (&[Mode::Path], plain(KeyCode::Esc), "Esc", "leave"),
    (&[Mode::Help], plain(KeyCode::Enter), "Enter", "do it"),
    (&[Mode::Help], plain(KeyCode::Up), "↑↓", "choose"),
    (&[Mode::Help], plain(KeyCode::Esc), "Esc", "close"),
    (PRESETS, letter(' '), "Space", "try it"),
    (PRESETS, plain(KeyCode::Enter), "Enter", "take it"),
    (PRESETS, plain(KeyCode::Up), "↑↓", "choose"),
    (PRESETS, plain(KeyCode::Esc), "Esc", "as before"),
    (QUIT, plain(KeyCode::Esc), "Esc", "stay"),
    (QUIT, letter('d'), "d", "drain"),
    (QUIT, letter('q'), "q", "close them now"),
    (CONFIRM, letter('y'), "y", "yes"),
    (CONFIRM, plain(KeyCode::Esc), "Esc", "no"),
];
