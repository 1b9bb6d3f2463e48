//! The table of the keymap, a row for each action with its keys and the modes in which they hold; and the footers made from it.

use std::borrow::Cow;

use crossterm::event::{KeyCode, KeyModifiers};
use tui_input::InputRequest as Text;

use super::key::{Key, alt, ctrl, letter, plain, with};
use super::{Binding, Group, Mode};
use crate::ui::action::Action;
use crate::ui::knob::Turn;

/// Where proxies are looked at and turned.
pub(super) const PANES: &[Mode] = &[Mode::Mixer, Mode::Connections];
/// Where knobs are turned.
pub(super) const TURNED: &[Mode] = &[
    Mode::Mixer,
    Mode::Connections,
    Mode::Detail,
    Mode::Strip,
    Mode::Presenter,
];
/// Where something is looked at, and nothing typed.
pub(super) const SEEN: &[Mode] = &[
    Mode::Mixer,
    Mode::Connections,
    Mode::Detail,
    Mode::Strip,
    Mode::Events,
    Mode::Findings,
    Mode::Sweep,
    Mode::Presenter,
];
/// Where a connection is selected.
const CONNECTION: &[Mode] = &[Mode::Connections, Mode::Detail];
const PROXY: &[Mode] = &[Mode::Mixer, Mode::Strip, Mode::Presenter];
const DETAIL: &[Mode] = &[Mode::Detail];
const STRIP: &[Mode] = &[Mode::Strip];
const EVENTS: &[Mode] = &[Mode::Events];
const FINDINGS: &[Mode] = &[Mode::Findings];
const SWEEP: &[Mode] = &[Mode::Sweep];
/// Where the knob of a proxy is selected.
const CLIMBED: &[Mode] = &[
    Mode::Mixer,
    Mode::Connections,
    Mode::Strip,
    Mode::Sweep,
    Mode::Presenter,
];
const LISTED: &[Mode] = &[Mode::Events, Mode::Findings];
const PAGES: &[Mode] = &[Mode::Detail, Mode::Strip];
const PRESENTER: &[Mode] = &[Mode::Presenter];
/// Where one proxy or connection is looked at, and `n` shows the next.
const ONES: &[Mode] = &[Mode::Detail, Mode::Strip, Mode::Presenter];
/// Where the selection goes from proxy to proxy, or from row to row.
const ROWED: &[Mode] = &[Mode::Mixer, Mode::Connections, Mode::Presenter];
/// Where what happened is scrolled.
const TOLD: &[Mode] = &[Mode::Detail, Mode::Events, Mode::Findings];
const FOUND: &[Mode] = &[Mode::Mixer, Mode::Connections, Mode::Events];
const EVERYWHERE: &[Mode] = &Mode::ALL;
const MIXER: &[Mode] = &[Mode::Mixer];
const CONNECTIONS: &[Mode] = &[Mode::Connections];
/// The panes, and the line that stands below them.
const STOPS: &[Mode] = &[Mode::Mixer, Mode::Connections, Mode::Input];
const LISTS: &[Mode] = &[
    Mode::Mixer,
    Mode::Connections,
    Mode::Help,
    Mode::Presets,
    Mode::Palette,
    Mode::Find,
    Mode::Detail,
    Mode::Events,
    Mode::Findings,
];
const PRESETS: &[Mode] = &[Mode::Presets];
/// Where each knob has a letter.
pub(super) const KNOBS: &[Mode] = &[Mode::Knobs];
/// Where one goes from knob to knob.
const BESIDE: &[Mode] = &[
    Mode::Mixer,
    Mode::Connections,
    Mode::Detail,
    Mode::Strip,
    Mode::Presenter,
    Mode::Knobs,
];
const OVERLAYS: &[Mode] = &[
    Mode::Help,
    Mode::Presets,
    Mode::Palette,
    Mode::Find,
    Mode::Sort,
];
const PALETTE: &[Mode] = &[Mode::Palette];
const SORT: &[Mode] = &[Mode::Sort];
const FIND: &[Mode] = &[Mode::Find];
/// Where text is typed.
pub(super) const TEXTS: &[Mode] = &[
    Mode::Input,
    Mode::Value,
    Mode::Path,
    Mode::Help,
    Mode::Presets,
    Mode::Palette,
    Mode::Find,
];
/// Where what was deleted is put back: in the palette, that key copies.
const YANKED: &[Mode] = &[
    Mode::Input,
    Mode::Value,
    Mode::Path,
    Mode::Help,
    Mode::Presets,
    Mode::Find,
];
const INPUT: &[Mode] = &[Mode::Input];
const PATH: &[Mode] = &[Mode::Path];
const COMPLETED: &[Mode] = &[Mode::Input, Mode::Value, Mode::Palette];
const QUESTIONS: &[Mode] = &[Mode::Quit, Mode::Confirm];
const QUIT: &[Mode] = &[Mode::Quit];
const CONFIRM: &[Mode] = &[Mode::Confirm];

const LEFT: Key = plain(KeyCode::Left);
const RIGHT: Key = plain(KeyCode::Right);
const UP: Key = plain(KeyCode::Up);
const DOWN: Key = plain(KeyCode::Down);
const HOME: Key = plain(KeyCode::Home);
const END: Key = plain(KeyCode::End);
const ENTER: Key = plain(KeyCode::Enter);
const ESC: Key = plain(KeyCode::Esc);
const TAB: Key = plain(KeyCode::Tab);
const F1: Key = plain(KeyCode::F(1));
const FAR_LEFT: Key = with(KeyCode::Left, KeyModifiers::SHIFT);
const FAR_RIGHT: Key = with(KeyCode::Right, KeyModifiers::SHIFT);
const WORD_LEFT: Key = with(KeyCode::Left, KeyModifiers::CONTROL);
const WORD_RIGHT: Key = with(KeyCode::Right, KeyModifiers::CONTROL);
/// As iTerm sends Option with an arrow.
const ALT_LEFT: Key = with(KeyCode::Left, KeyModifiers::ALT);
const ALT_RIGHT: Key = with(KeyCode::Right, KeyModifiers::ALT);
const BACKSPACE: Key = plain(KeyCode::Backspace);
const DELETE: Key = plain(KeyCode::Delete);
const ALT_BACKSPACE: Key = with(KeyCode::Backspace, KeyModifiers::ALT);

/// What help prints for the keys of a row, where the table says so.
const fn printed(said: &[&'static str]) -> Option<&'static str> {
    match said {
        [said, ..] => Some(said),
        [] => None,
    }
}

/// The modes and the heading of each row, its keys, what they mean, and the words of help; after `as`, what help prints
/// for the keys.
macro_rules! rows {
    ($($modes:ident $group:ident [$($key:expr),+] $action:expr => $words:literal $(as $printed:literal)?;)+) => {
        &[$(Binding {
            modes: $modes,
            keys: Cow::Borrowed(&[$($key),+]),
            action: $action,
            words: Cow::Borrowed($words),
            group: Group::$group,
            printed: printed(&[$($printed)?]),
        }),+]
    };
}

/// The rows, in the order of help.
pub(super) static ROWS: &[Binding] = rows! {
    TURNED Turn [LEFT, letter('h'), letter('-')] Action::Turn(Turn::Fine(-1)) => "turn a little, less pain";
    TURNED Turn [RIGHT, letter('l'), letter('+')] Action::Turn(Turn::Fine(1)) => "turn a little, more pain";
    TURNED Turn [letter('H'), FAR_LEFT] Action::Turn(Turn::Stop(-1)) => "to the stop before";
    TURNED Turn [letter('L'), FAR_RIGHT] Action::Turn(Turn::Stop(1)) => "to the next stop";
    TURNED Turn [letter('1')] Action::Turn(Turn::To(1)) => "to a stop" as "1 … 9";
    TURNED Turn [letter('2')] Action::Turn(Turn::To(2)) => "to a stop" as "";
    TURNED Turn [letter('3')] Action::Turn(Turn::To(3)) => "to a stop" as "";
    TURNED Turn [letter('4')] Action::Turn(Turn::To(4)) => "to a stop" as "";
    TURNED Turn [letter('5')] Action::Turn(Turn::To(5)) => "to a stop" as "";
    TURNED Turn [letter('6')] Action::Turn(Turn::To(6)) => "to a stop" as "";
    TURNED Turn [letter('7')] Action::Turn(Turn::To(7)) => "to a stop" as "";
    TURNED Turn [letter('8')] Action::Turn(Turn::To(8)) => "to a stop" as "";
    TURNED Turn [letter('9')] Action::Turn(Turn::To(9)) => "to a stop" as "";
    TURNED Turn [letter('0')] Action::Turn(Turn::Off) => "knob off";
    TURNED Turn [letter('=')] Action::TypeValue => "type a value: 300ms, off";
    TURNED Turn [letter('p')] Action::Presets => "presets: networks by name";
    TURNED Turn [letter('x')] Action::AllOff => "all knobs here off";
    TURNED Turn [letter('D')] Action::NextDirections => "turn both directions, down, up";
    TURNED Turn [letter('\'')] Action::PickKnob => "choose any knob by its letter";
    BESIDE Turn [letter('['), letter(',')] Action::PreviousKnob => "knob before";
    BESIDE Turn [letter(']'), letter('.')] Action::NextKnob => "next knob";
    KNOBS Turn [LEFT] Action::PreviousKnob => "knob before";
    KNOBS Turn [RIGHT] Action::NextKnob => "next knob";
    KNOBS Leave [ENTER] Action::Accept => "do it";
    PRESETS Turn [letter(' ')] Action::Audition => "try it";
    PRESETS Turn [letter('A')] Action::PresetForAll => "take it on all proxies";
    PRESETS Manage [letter('W')] Action::KeepPreset => "keep what is set under the typed name";
    TURNED Compare [letter(' ')] Action::Bypass => "bypass this one, or not";
    TURNED Compare [letter('\\')] Action::SwapSettings => "A/B: keep as A, turn B; again: swap";
    TURNED Compare [letter('|')] Action::EndSettings => "end A/B: what acts stays";
    CLIMBED Compare [letter('R')] Action::Sweep => "sweep: climb the knob until it gives";
    SEEN Compare [letter('!')] Action::BypassAll => "bypass all at once, or none";
    TURNED Compare [letter('s')] Action::Solo => "solo: bypass the others";
    SEEN Compare [letter('u')] Action::Undo => "undo";
    SEEN Compare [letter('U'), ctrl('r')] Action::Redo => "do again";
    SEEN Manage [letter(':')] Action::Palette(String::new()) => "do anything by its name: loss 2%, 3g";
    PANES Manage [letter('a')] Action::Add => "add a proxy";
    PROXY Manage [letter('e')] Action::EditMapping => "edit mapping and faults";
    TURNED Manage [letter('o')] Action::TogglePort => "open or close the port";
    MIXER Manage [letter('M')] Action::Mark => "mark: marked ones turn together";
    MIXER Manage [letter('d')] Action::Delete => "delete; undo brings it back";
    PROXY Manage [letter('y')] Action::Copy => "copy it as a command line";
    CONNECTIONS Manage [letter('y')] Action::Copy => "copy the row";
    LISTED Manage [letter('y')] Action::Copy => "copy what is listed";
    DETAIL Manage [letter('y')] Action::Copy => "copy what is known of it";
    SWEEP Manage [letter('y')] Action::Copy => "copy the sentence";
    SWEEP Manage [letter('w')] Action::WriteScene => "write the curve: .json, .csv, .svg";
    PANES Manage [letter('w')] Action::WriteScene => "write the desk to a file";
    SEEN Manage [ctrl('t')] Action::SaveTape => "save the tape of the last hour";
    STOPS Manage [ctrl('o')] Action::OpenScene => "add the proxies of a file";
    CONNECTION Manage [letter('X')] Action::Reset => "reset the connection (RST)";
    CONNECTION Manage [letter('F')] Action::HalfClose => "end the connection (FIN)";
    CONNECTION Manage [letter('e')] Action::Exempt => "exempt it from faults, or not";
    CONNECTION Manage [letter('~')] Action::FreezeConnection => "freeze it: hold its bytes";
    DETAIL Manage [TAB] Action::Alone => "turn this connection alone";
    ROWED Move [UP, letter('k')] Action::Up => "one up";
    ROWED Move [DOWN, letter('j')] Action::Down => "one down";
    ROWED Move [letter('g'), HOME] Action::First => "to the first";
    ROWED Move [letter('G'), END] Action::Last => "to the last";
    LISTS Move [plain(KeyCode::PageUp)] Action::PageUp => "a screenful up";
    LISTS Move [plain(KeyCode::PageDown)] Action::PageDown => "a screenful down";
    TOLD Move [UP, letter('k')] Action::Up => "one up";
    TOLD Move [DOWN, letter('j')] Action::Down => "one down";
    TOLD Move [letter('g'), HOME] Action::First => "to the first";
    EVENTS Move [letter('G'), END] Action::Last => "to the oldest";
    STRIP Move [UP, letter('k')] Action::PreviousKnob => "knob before";
    STRIP Move [DOWN, letter('j')] Action::NextKnob => "next knob";
    ONES Move [letter('n')] Action::NextOne => "next one";
    ONES Move [letter('N')] Action::PreviousOne => "one before";
    OVERLAYS Move [UP] Action::Up => "one up";
    OVERLAYS Move [DOWN] Action::Down => "one down";
    PANES Move [TAB] Action::NextPane => "next pane";
    STOPS Move [plain(KeyCode::BackTab)] Action::PreviousPane => "pane before";
    MIXER Move [letter('c')] Action::ToConnections => "to its connections";
    PANES See [letter('m')] Action::Compact => "strips in one row each, or whole";
    PANES See [ENTER] Action::LookCloser => "look closer";
    SEEN See [letter('E')] Action::Events => "all that happened";
    SEEN See [letter('I')] Action::Findings => "findings: what applications do about it";
    SEEN See [letter('C')] Action::Sweeps => "curves: the sweeps of this session";
    SWEEP See [letter('o')] Action::LayOver => "lay an earlier sweep over it";
    SWEEP Move [letter('n')] Action::NextOne => "next sweep";
    SWEEP Move [letter('N')] Action::PreviousOne => "sweep before";
    SEEN See [letter('z')] Action::Presenter => "presenter's view: large figures";
    EVENTS See [ENTER] Action::Fold => "fold connections, or unfold";
    SEEN See [letter('f')] Action::Freeze => "freeze the screen, or go on";
    FOUND See [letter('/')] Action::Find => "find: rows that match words";
    SEEN See [letter('T')] Action::NextScheme => "the next colours: dark, light …";
    SEEN See [letter('%')] Action::ToggleMouse => "mouse on, or off to select text";
    SEEN See [letter('B')] Action::NextRateUnit => "rates in bits, or in bytes";
    PANES See [letter('S')] Action::Sort => "sort the connections";
    SORT See [ENTER, letter('S')] Action::Accept => "sort by it; again: turn it round";
    SORT Move [letter('k')] Action::Up => "one up" as "";
    SORT Move [letter('j')] Action::Down => "one down" as "";
    COMPLETED Type [TAB] Action::Complete => "complete the word";
    PATH Type [TAB] Action::Complete => "write the times of changes, too";
    INPUT Type [UP, ctrl('p')] Action::HistoryBack => "the line before";
    INPUT Type [DOWN, ctrl('n')] Action::HistoryForward => "the line after";
    TEXTS Type [ctrl('u')] Action::ClearText => "clear; twice: bring it back";
    TEXTS Type [LEFT, ctrl('b')] Action::Edit(Text::GoToPrevChar) => "a character back";
    TEXTS Type [RIGHT, ctrl('f')] Action::Edit(Text::GoToNextChar) => "a character on";
    TEXTS Type [alt('b'), WORD_LEFT, ALT_LEFT] Action::Edit(Text::GoToPrevWord) => "a word back";
    TEXTS Type [alt('f'), WORD_RIGHT, ALT_RIGHT] Action::Edit(Text::GoToNextWord) => "a word on";
    TEXTS Type [HOME, ctrl('a')] Action::Edit(Text::GoToStart) => "to the start";
    TEXTS Type [END, ctrl('e')] Action::Edit(Text::GoToEnd) => "to the end";
    TEXTS Type [BACKSPACE, ctrl('h')] Action::Edit(Text::DeletePrevChar) => "delete the character before";
    TEXTS Type [DELETE, ctrl('d')] Action::Edit(Text::DeleteNextChar) => "delete the character here";
    TEXTS Type [ctrl('w'), ALT_BACKSPACE] Action::Edit(Text::DeletePrevWord) => "delete the word before";
    TEXTS Type [alt('d')] Action::Edit(Text::DeleteNextWord) => "delete the word here";
    TEXTS Type [ctrl('k')] Action::Edit(Text::DeleteTillEnd) => "delete to the end";
    PALETTE Type [ctrl('y')] Action::Copy => "copy the line, as standard input takes it";
    YANKED Type [ctrl('y')] Action::Edit(Text::Yank) => "put back what was deleted";
    TEXTS Leave [ENTER] Action::Accept => "do it";
    QUESTIONS Leave [ENTER] Action::Back => "one step back";
    CONFIRM Leave [letter('y')] Action::Accept => "do it";
    CONFIRM Leave [letter('n')] Action::Back => "one step back";
    QUIT Leave [letter('d')] Action::Drain => "accept no more, wait, then quit";
    QUIT Leave [letter('q')] Action::QuitNow => "close them and quit";
    ONES Leave [ENTER] Action::Back => "one step back";
    SEEN Leave [letter('?'), F1] Action::Help => "help";
    INPUT Leave [F1] Action::Help => "help";
    EVERYWHERE Leave [ESC] Action::Back => "one step back";
    SEEN Leave [letter('q')] Action::Quit => "quit";
    EVERYWHERE Leave [ctrl('c')] Action::Interrupt => "quit; twice: at once";
    EVERYWHERE Leave [ctrl('z')] Action::Suspend => "suspend";
    EVERYWHERE Leave [ctrl('l')] Action::Redraw => "draw the screen again";
};

/// A hint of a footer: its modes, a key of the row that it stands for, the keys as printed, a word or two.
type Footer = (&'static [Mode], Key, &'static str, &'static str);

/// The footers, the most needed hints first.
pub(super) static FOOTERS: &[Footer] = &[
    (PANES, LEFT, "←→", "turn"),
    (MIXER, letter('1'), "1-9", "stop"),
    (MIXER, letter('0'), "0", "off"),
    (MIXER, letter(' '), "Space", "bypass"),
    (MIXER, letter('\''), "'", "knob"),
    (CONNECTIONS, letter('X'), "X", "reset"),
    (CONNECTIONS, letter('F'), "F", "end"),
    (CONNECTIONS, ENTER, "Enter", "detail"),
    (CONNECTIONS, letter('/'), "/", "find"),
    (CONNECTIONS, letter('S'), "S", "sort"),
    (MIXER, letter('a'), "a", "add"),
    (MIXER, letter('p'), "p", "preset"),
    (PANES, letter(':'), ":", "cmd"),
    (PANES, letter('?'), "?", "help"),
    (CONNECTIONS, ESC, "Esc", "back"),
    (CONNECTIONS, letter('1'), "1-9", "stop"),
    (PANES, letter('u'), "u", "undo"),
    (MIXER, letter('c'), "c", "conns"),
    (PANES, letter('='), "=", "value"),
    (PANES, letter('!'), "!", "all off"),
    (PANES, letter('\\'), "\\", "A/B"),
    (CONNECTIONS, letter('p'), "p", "preset"),
    (PANES, letter('L'), "HL", "to stop"),
    (MIXER, letter('o'), "o", "open/close"),
    (MIXER, letter('s'), "s", "solo"),
    (MIXER, letter('/'), "/", "find"),
    (MIXER, ENTER, "Enter", "all knobs"),
    (PANES, letter('f'), "f", "freeze"),
    (PANES, letter('q'), "q", "quit"),
    (CONNECTIONS, letter('E'), "E", "events"),
    (INPUT, ENTER, "Enter", "add"),
    (INPUT, TAB, "Tab", "complete"),
    (INPUT, UP, "↑", "history"),
    (INPUT, ESC, "Esc", "leave"),
    (INPUT, ctrl('c'), "Ctrl-C", "quit"),
    (INPUT, F1, "F1", "help"),
    (&[Mode::Value], ENTER, "Enter", "set"),
    (&[Mode::Value], TAB, "Tab", "complete"),
    (&[Mode::Value], ESC, "Esc", "leave"),
    (PATH, ENTER, "Enter", "do it"),
    (PATH, TAB, "Tab", "with times"),
    (PATH, ESC, "Esc", "leave"),
    (&[Mode::Help], ENTER, "Enter", "do it"),
    (&[Mode::Help], UP, "↑↓", "choose"),
    (&[Mode::Help], ESC, "Esc", "close"),
    (PALETTE, ENTER, "Enter", "do it"),
    (PALETTE, TAB, "Tab", "complete"),
    (PALETTE, UP, "↑↓", "choose"),
    (PALETTE, ctrl('y'), "Ctrl-Y", "copy it"),
    (PALETTE, ESC, "Esc", "close"),
    (PRESETS, letter(' '), "Space", "try it"),
    (PRESETS, ENTER, "Enter", "take it"),
    (PRESETS, ESC, "Esc", "as before"),
    (PAGES, LEFT, "←→", "turn"),
    (STRIP, letter('1'), "1-9", "stop"),
    (STRIP, letter('0'), "0", "off"),
    (STRIP, UP, "↑↓", "knob"),
    (DETAIL, TAB, "Tab", "it alone"),
    (DETAIL, letter('X'), "X", "reset"),
    (DETAIL, letter('e'), "e", "exempt"),
    (PAGES, letter('n'), "n N", "next"),
    (PAGES, ESC, "Esc", "back"),
    (PAGES, letter(':'), ":", "cmd"),
    (PAGES, letter('?'), "?", "help"),
    (DETAIL, letter('F'), "F", "end"),
    (DETAIL, letter('~'), "~", "freeze"),
    (DETAIL, letter('1'), "1-9", "stop"),
    (PAGES, letter(' '), "Space", "bypass"),
    (PAGES, letter(']'), "[ ]", "knob"),
    (STRIP, letter('='), "=", "value"),
    (STRIP, letter('p'), "p", "preset"),
    (DETAIL, letter('y'), "y", "copy"),
    (PAGES, letter('E'), "E", "events"),
    (PRESENTER, LEFT, "←→", "turn"),
    (PRESENTER, letter(' '), "Space", "bypass"),
    (PRESENTER, letter('z'), "z", "back"),
    (PRESENTER, letter('?'), "?", "help"),
    (PRESENTER, letter('1'), "1-9", "stop"),
    (PRESENTER, letter('0'), "0", "off"),
    (PRESENTER, letter(']'), "[ ]", "fault"),
    (PRESENTER, UP, "↑↓", "proxy"),
    (PRESENTER, letter('!'), "!", "all off"),
    (PRESENTER, letter('I'), "I", "findings"),
    (PRESENTER, letter(':'), ":", "cmd"),
    (SWEEP, letter('y'), "y", "copy"),
    (SWEEP, letter('w'), "w", "write"),
    (SWEEP, letter('o'), "o", "lay over"),
    (SWEEP, letter('n'), "n N", "next"),
    (SWEEP, letter('R'), "R", "again"),
    (SWEEP, ESC, "Esc", "back"),
    (SWEEP, letter('I'), "I", "findings"),
    (SWEEP, letter(':'), ":", "cmd"),
    (SWEEP, letter('?'), "?", "help"),
    (FINDINGS, UP, "↑↓", "scroll"),
    (FINDINGS, letter('y'), "y", "copy"),
    (FINDINGS, letter('E'), "E", "events"),
    (FINDINGS, ESC, "Esc", "back"),
    (FINDINGS, letter(':'), ":", "cmd"),
    (FINDINGS, letter('?'), "?", "help"),
    (EVENTS, UP, "↑↓", "scroll"),
    (EVENTS, letter('g'), "g", "newest"),
    (EVENTS, ENTER, "Enter", "fold"),
    (EVENTS, letter('/'), "/", "find"),
    (EVENTS, letter('y'), "y", "copy"),
    (EVENTS, ESC, "Esc", "back"),
    (EVENTS, letter(':'), ":", "cmd"),
    (EVENTS, letter('?'), "?", "help"),
    (PRESETS, UP, "↑↓", "choose"),
    (PRESETS, letter('A'), "A", "on all"),
    (
        PRESETS,
        letter('W'),
        "W",
        "keep what is set under the typed name",
    ),
    (FIND, ENTER, "Enter", "keep it"),
    (FIND, UP, "↑↓", "choose"),
    (FIND, ESC, "Esc", "show all"),
    (SORT, ENTER, "Enter", "sort by it"),
    (SORT, UP, "↑↓", "choose"),
    (SORT, ESC, "Esc", "as it is"),
    (KNOBS, LEFT, "←→", "another"),
    (KNOBS, ENTER, "Enter", "this one"),
    (KNOBS, ESC, "Esc", "close"),
    (QUIT, ESC, "Esc", "stay"),
    (QUIT, letter('d'), "d", "drain"),
    (QUIT, letter('q'), "q", "close them now"),
    (CONFIRM, letter('y'), "y", "yes"),
    (CONFIRM, ESC, "Esc", "no"),
];
