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
const TEXTS: &[Mode] = &[Mode::Input, Mode::Value, Mode::Path, Mode::Help];
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
) -> Binding {
    Binding {
        modes,
        keys: keys.to_vec(),
        action,
        group,
        printed: None,
    }
}

/// A row that help prints in its own way; not at all where that is nothing.
fn printed(printed: &'static str, row: Binding) -> Binding {
    Binding {
        printed: Some(printed),
        ..row
    }
}

fn turning() -> Vec<Binding> {
    let left = [plain(KeyCode::Left), letter('h'), letter('-')];
    let right = [plain(KeyCode::Right), letter('l'), letter('+')];
    let further_left = [letter('H'), Key::with(KeyCode::Left, SHIFT)];
    let further_right = [letter('L'), Key::with(KeyCode::Right, SHIFT)];
    let turn = |keys: &[Key], turn| Binding {
        modes: PANES,
        keys: keys.to_vec(),
        action: Action::Turn(turn),
        group: Group::Turn,
        printed: None,
    };
    let mut rows = vec![
        turn(&left, Turn::Fine(-1)),
        turn(&right, Turn::Fine(1)),
        turn(&further_left, Turn::Stop(-1)),
        turn(&further_right, Turn::Stop(1)),
    ];
    for (stop, digit) in (1..=9).zip('1'..='9') {
        let words = if stop == 1 { "1 … 9" } else { "" };
        rows.push(printed(words, turn(&[letter(digit)], Turn::To(stop))));
    }
    rows.push(turn(&[letter('0')], Turn::Off));
    rows.extend([
        row(PANES, Group::Turn, [letter('=')], Action::TypeValue),
        row(PANES, Group::Turn, [letter('p')], Action::Presets),
        row(PANES, Group::Turn, [letter('x')], Action::AllOff),
        row(PANES, Group::Turn, [letter('D')], Action::NextDirections),
        row(PANES, Group::Turn, [letter('[')], Action::PreviousKnob),
        row(PANES, Group::Turn, [letter(']')], Action::NextKnob),
    ]);
    rows
}

fn comparing() -> Vec<Binding> {
    let all = |keys, action| row(PANES, Group::Compare, keys, action);
    vec![
        all([letter(' ')], Action::Bypass),
        all([letter('!')], Action::BypassAll),
        all([letter('s')], Action::Solo),
        all([letter('u')], Action::Undo),
        row(
            PANES,
            Group::Compare,
            [letter('U'), Key::ctrl('r')],
            Action::Redo,
        ),
    ]
}

fn managing() -> Vec<Binding> {
    let on = |modes, key, action| row(modes, Group::Manage, [key], action);
    vec![
        on(PANES, letter('a'), Action::Add),
        on(PANES, letter('e'), Action::EditMapping),
        on(PANES, letter('o'), Action::TogglePort),
        on(MIXER, letter('d'), Action::Delete),
        on(PANES, letter('w'), Action::WriteScene),
        on(PANES, Key::ctrl('o'), Action::OpenScene),
        on(CONNECTIONS, letter('X'), Action::Reset),
        on(CONNECTIONS, letter('F'), Action::HalfClose),
    ]
}

fn moving() -> Vec<Binding> {
    let on = |modes, keys, action| row(modes, Group::Move, keys, action);
    vec![
        on(PANES, [plain(KeyCode::Up), letter('k')], Action::Up),
        on(PANES, [plain(KeyCode::Down), letter('j')], Action::Down),
        on(PANES, [letter('g'), plain(KeyCode::Home)], Action::First),
        on(PANES, [letter('G'), plain(KeyCode::End)], Action::Last),
        row(LISTS, Group::Move, [plain(KeyCode::PageUp)], Action::PageUp),
        row(
            LISTS,
            Group::Move,
            [plain(KeyCode::PageDown)],
            Action::PageDown,
        ),
        row(OVERLAYS, Group::Move, [plain(KeyCode::Up)], Action::Up),
        row(OVERLAYS, Group::Move, [plain(KeyCode::Down)], Action::Down),
        row(PRESETS, Group::Move, [letter('k')], Action::Up),
        row(PRESETS, Group::Move, [letter('j')], Action::Down),
        row(PRESETS, Group::Turn, [letter(' ')], Action::Audition),
        row(PANES, Group::Move, [plain(KeyCode::Tab)], Action::NextPane),
        row(
            &[Mode::Mixer, Mode::Connections, Mode::Input],
            Group::Move,
            [plain(KeyCode::BackTab)],
            Action::PreviousPane,
        ),
        row(MIXER, Group::Move, [letter('c')], Action::ToConnections),
        row(PANES, Group::See, [letter('f')], Action::Freeze),
        row(PANES, Group::See, [letter('S')], Action::NextSort),
    ]
}

fn typing() -> Vec<Binding> {
    let edit = |keys: &[Key], request| Binding {
        modes: TEXTS,
        keys: keys.to_vec(),
        action: Action::Edit(request),
        group: Group::Type,
        printed: None,
    };
    let (left, right) = (KeyCode::Left, KeyCode::Right);
    vec![
        row(INPUT, Group::Type, [plain(KeyCode::Tab)], Action::Complete),
        row(
            INPUT,
            Group::Type,
            [plain(KeyCode::Up), Key::ctrl('p')],
            Action::HistoryBack,
        ),
        row(
            INPUT,
            Group::Type,
            [plain(KeyCode::Down), Key::ctrl('n')],
            Action::HistoryForward,
        ),
        row(TEXTS, Group::Type, [Key::ctrl('u')], Action::ClearText),
        edit(&[plain(left), Key::ctrl('b')], Text::GoToPrevChar),
        edit(&[plain(right), Key::ctrl('f')], Text::GoToNextChar),
        edit(&[Key::alt('b'), Key::with(left, CTRL)], Text::GoToPrevWord),
        edit(&[Key::alt('f'), Key::with(right, CTRL)], Text::GoToNextWord),
        edit(&[plain(KeyCode::Home), Key::ctrl('a')], Text::GoToStart),
        edit(&[plain(KeyCode::End), Key::ctrl('e')], Text::GoToEnd),
        edit(
            &[plain(KeyCode::Backspace), Key::ctrl('h')],
            Text::DeletePrevChar,
        ),
        edit(
            &[plain(KeyCode::Delete), Key::ctrl('d')],
            Text::DeleteNextChar,
        ),
        edit(
            &[
                Key::ctrl('w'),
                Key::with(KeyCode::Backspace, KeyModifiers::ALT),
            ],
            Text::DeletePrevWord,
        ),
        edit(&[Key::alt('d')], Text::DeleteNextWord),
        edit(&[Key::ctrl('k')], Text::DeleteTillEnd),
        edit(&[Key::ctrl('y')], Text::Yank),
    ]
}

fn leaving() -> Vec<Binding> {
    let on = |modes, key, action| row(modes, Group::Leave, [key], action);
    vec![
        on(TEXTS, plain(KeyCode::Enter), Action::Accept),
        on(PRESETS, plain(KeyCode::Enter), Action::Accept),
        on(QUESTIONS, plain(KeyCode::Enter), Action::Back),
        on(CONFIRM, letter('y'), Action::Accept),
        on(CONFIRM, letter('n'), Action::Back),
        on(QUIT, letter('d'), Action::Drain),
        on(QUIT, letter('q'), Action::QuitNow),
        row(
            PANES,
            Group::Leave,
            [letter('?'), plain(KeyCode::F(1))],
            Action::Help,
        ),
        on(INPUT, plain(KeyCode::F(1)), Action::Help),
        on(EVERYWHERE, plain(KeyCode::Esc), Action::Back),
        on(PANES, letter('q'), Action::Quit),
        on(EVERYWHERE, Key::ctrl('c'), Action::Interrupt),
        on(EVERYWHERE, Key::ctrl('z'), Action::Suspend),
        on(EVERYWHERE, Key::ctrl('l'), Action::Redraw),
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
