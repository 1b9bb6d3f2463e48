//! What must hold after any keys and any answers of the engine.

use proptest::strategy::ValueTree as _;
use proptest::test_runner::{TestCaseError, TestRunner};

use super::*;
use crate::sweep::Curve;

fn turns() -> impl Strategy<Value = Turn> {
    prop_oneof![
        (-3i8..=3).prop_map(Turn::Fine),
        (-2i8..=2).prop_map(Turn::Stop),
        (0u8..=9).prop_map(Turn::To),
        Just(Turn::Off),
    ]
}

/// Actions that change plans, and those that choose what is changed.
pub(super) fn changes() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => turns().prop_map(Action::Turn),
        1 => Just(Action::NextKnob),
        1 => Just(Action::Down),
        1 => Just(Action::Up),
        1 => Just(Action::Mark),
        1 => Just(Action::Compact),
        1 => Just(Action::NextDirections),
        1 => Just(Action::AllOff),
        1 => Just(Action::Bypass),
        1 => Just(Action::SwapSettings),
        1 => Just(Action::BypassAll),
        1 => Just(Action::Solo),
    ]
}

fn key() -> impl Strategy<Value = crossterm::event::KeyEvent> {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let named = prop::sample::select(vec![
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(1),
    ]);
    let modifiers = prop::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::SHIFT,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
    ]);
    let code = prop_oneof![
        2 => prop::char::range(' ', '~').prop_map(KeyCode::Char),
        1 => named,
        1 => prop::sample::select("9=:h,tl cE/SnNe~X?p'wdq%T\\".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
        1 => strange().prop_map(KeyCode::Char),
    ];
    (code, modifiers).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

/// Characters that take more than a byte, no column or two: blanks, marks that combine or turn the direction, wide letters.
fn strange() -> impl Strategy<Value = char> {
    let known =
        "\u{a0}\u{1680}\u{2009}\u{2028}\u{3000}\u{85}\t\u{301}\u{200d}\u{fe0f}\u{202e}éßİ大🤦🦀";
    prop_oneof![
        3 => prop::sample::select(known.chars().collect::<Vec<_>>()),
        1 => any::<char>(),
    ]
}

/// A text that begins like what belongs into the fields, and goes on with anything.
fn text() -> impl Strategy<Value = String> {
    let words = vec![
        "9090=", "held>1k", "state:", "not ", "or ", "id:2", "https://", "h:80", " lat", " 250ms",
        ", ", " share=", "off", "#", "/", "=", "\r", "\n",
    ];
    let piece = prop_oneof![
        prop::sample::select(words).prop_map(str::to_owned),
        strange().prop_map(String::from),
    ];
    let begin = prop::sample::select(vec!["", "9090=h:80", "9090=h:80 latency 5ms"]);
    let pieces = prop::collection::vec(piece, 0..6);
    (begin, pieces).prop_map(|(begin, pieces)| begin.to_owned() + &pieces.concat())
}

/// What is done to a field.
#[derive(Clone, Debug)]
enum Stroke {
    Type(String),
    Paste(String),
    Key(crossterm::event::KeyEvent),
}

fn strokes() -> impl Strategy<Value = Vec<Stroke>> {
    use crossterm::event::KeyCode;
    let stroke = prop_oneof![
        3 => text().prop_map(Stroke::Type),
        1 => text().prop_map(Stroke::Paste),
        2 => Just(Stroke::Key(KeyCode::Tab.into())),
        4 => key().prop_map(Stroke::Key),
    ];
    prop::collection::vec(stroke, 0..20)
}

/// Something that is done with the mouse, mostly on the screen.
fn mouse() -> impl Strategy<Value = Action> {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let kind = prop::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Right),
        MouseEventKind::Down(MouseButton::Middle),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Right),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollLeft,
        MouseEventKind::ScrollRight,
        MouseEventKind::Moved,
    ]);
    let place = prop_oneof![
        8 => (0u16..80, 0u16..24),
        2 => (0u16..500, 0u16..200),
        1 => any::<(u16, u16)>(),
    ];
    (kind, place).prop_map(|(kind, (column, row))| {
        let modifiers = KeyModifiers::NONE;
        Action::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers,
        })
    })
}

#[derive(Clone, Debug)]
pub(super) enum Move {
    Key(crossterm::event::KeyEvent),
    Other(Action),
    Answer(bool),
    Wait(u64),
}

pub(super) fn moves() -> impl Strategy<Value = Move> {
    let sampled = (0usize..4, 0u32..3).prop_map(|(proxies, open)| {
        let mut snapshot = desk();
        snapshot.proxies.truncate(proxies);
        for row in &mut snapshot.proxies {
            row.open = open;
        }
        for row in snapshot.conns.split_off(open.min(4) as usize) {
            snapshot.ended.push(ended(row));
        }
        Action::Sampled(Arc::new(snapshot))
    });
    // Mostly those that terminals have: the largest take as long to draw as all others together.
    let sizes = prop_oneof![
        8 => (0u16..=130, 0u16..=50),
        1 => (0u16..=500, 0u16..=200),
    ];
    let other = prop_oneof![
        sampled,
        sizes.prop_map(|(width, height)| Action::Resized(Size::new(width, height))),
        "9=a:1\n8=b:2 lat 5ms\nx".prop_map(Action::Pasted),
        text().prop_map(Action::Pasted),
        changes(),
        Just(Action::Tick),
        Just(Action::Lost(1)),
        Just(Action::Focused),
    ];
    prop_oneof![
        20 => key().prop_map(Move::Key),
        6 => mouse().prop_map(Move::Other),
        4 => other.prop_map(Move::Other),
        4 => any::<bool>().prop_map(Move::Answer),
        2 => (0u64..3_000).prop_map(Move::Wait),
    ]
}

/// What would be answered, well or badly.
fn answer(effect: &Effect, well: bool) -> Option<Action> {
    let no = || "no".to_owned();
    let answer = match effect {
        Effect::Ask(_, Request::Stop(_))
        | Effect::Copy(_)
        | Effect::Mouse(_)
        | Effect::Quit
        | Effect::Suspend
        | Effect::Repaint => {
            return None;
        }
        Effect::Ask(ticket, request) => {
            return Some(if well {
                did(*ticket, outcome(request))
            } else {
                refused(*ticket, refusal(request))
            });
        }
        Effect::KeepPreset { name, .. } => Answer::PresetKept {
            name: name.clone(),
            result: well.then(|| "presets.toml".to_owned()).ok_or_else(no),
        },
        Effect::WriteSweep { file, .. } => Answer::SweepWritten {
            file: file.clone(),
            result: well.then_some(()).ok_or_else(no),
        },
        Effect::SaveTape { file, .. } => Answer::TapeSaved {
            file: file.clone(),
            result: Err("a disk that is full".to_owned()),
        },
        Effect::WriteScene { file, .. } => Answer::SceneWritten {
            file: file.clone(),
            result: well.then_some(()).ok_or_else(no),
        },
        Effect::ReadScene(file) => Answer::SceneRead {
            file: file.clone(),
            text: well
                .then(|| "7=x:1 latency 5ms\n8=\n".to_owned())
                .ok_or_else(no),
        },
    };
    Some(Action::Answered(answer))
}

fn outcome(request: &Request) -> Outcome {
    let taken = Taken {
        taken: 1,
        of: 1,
        cut: 0,
        micros: 9,
    };
    match *request {
        Request::Add { .. } | Request::Replace { .. } => Outcome::Added(ProxyId(50)),
        Request::Remove(proxy) => Outcome::Removed(proxy),
        Request::Rename { proxy, .. } => Outcome::Renamed(proxy, "new".to_owned()),
        Request::SetPlan { proxy, .. } => Outcome::Planned(proxy, taken),
        Request::SetPort { proxy, .. } | Request::Close(proxy) => Outcome::PortSet(proxy),
        Request::Repoint { proxy, .. } => Outcome::Repointed(proxy),
        Request::Sweep(proxy, ref sweep) => {
            Outcome::Sweeping(proxy, Arc::new(Curve::new(1, "db".to_owned(), sweep)))
        }
        Request::StopSweep(proxy) => Outcome::Swept(proxy, Arc::default()),
        Request::Probe(port) => Outcome::Probed(port, Ok(())),
        Request::Kill(conn, how) => Outcome::Killed(conn, how),
        Request::SetOwn(conn, _) => Outcome::Owned(ProxyId(1), conn, taken),
        Request::Watch(_) => Outcome::Watching,
        Request::KillAll(ref conns, how) => Outcome::KilledAll(conns.len(), how),
        Request::Stop(_) => Outcome::Stopped,
    }
}

fn refusal(request: &Request) -> RequestError {
    match *request {
        Request::Remove(proxy)
        | Request::Rename { proxy, .. }
        | Request::Close(proxy)
        | Request::Repoint { proxy, .. }
        | Request::SetPlan { proxy, .. } => RequestError::NoProxy(proxy),
        Request::Kill(conn, _) | Request::SetOwn(conn, _) => RequestError::NoConnection(conn),
        Request::Add { .. }
        | Request::Replace { .. }
        | Request::SetPort { .. }
        | Request::Sweep(..)
        | Request::StopSweep(_)
        | Request::Probe(_)
        | Request::KillAll(..)
        | Request::Watch(_)
        | Request::Stop(_) => in_use("127.0.0.1:9001"),
    }
}

/// Does all of this, and says after each what must hold.
fn play(
    model: &mut Model,
    moves: Vec<Move>,
    mut holds: impl FnMut(&Model) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    play_and_hear(model, moves, |model, _| holds(model))
}

/// Does all of this, and says after each what must hold, and of what was caused.
pub(super) fn play_and_hear(
    model: &mut Model,
    moves: Vec<Move>,
    mut holds: impl FnMut(&Model, &[Effect]) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut asked = std::collections::VecDeque::new();
    for step in moves {
        let action = match step {
            Move::Key(key) => keymap::lookup(model.mode(), key),
            Move::Other(action) => action,
            Move::Wait(millis) => {
                model.now += Duration::from_millis(millis);
                Action::Tick
            }
            Move::Answer(well) => {
                match asked.pop_front().and_then(|effect| answer(&effect, well)) {
                    Some(answer) => answer,
                    None => continue,
                }
            }
        };
        let effects = update(model, action);
        holds(model, &effects)?;
        asked.extend(effects);
    }
    Ok(())
}

fn draw_at(model: &Model, size: Size) {
    let area = ratatui::layout::Rect::from((ratatui::layout::Position::ORIGIN, size));
    crate::ui::view::render(model, area, &mut ratatui::buffer::Buffer::empty(area));
}

#[test]
fn random_moves_reach_every_mode() {
    let mut runner = TestRunner::deterministic();
    let moves = prop::collection::vec(moves(), 120);
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let moves = moves.new_tree(&mut runner).expect("a case").current();
        let played = play(&mut model(), moves, |model| {
            reached.insert(format!("{:?}", model.mode()));
            Ok(())
        });
        assert!(played.is_ok());
    }
    let missed = keymap::Mode::ALL.map(|mode| format!("{mode:?}"));
    let missed: Vec<_> = missed
        .iter()
        .filter(|mode| !reached.contains(*mode))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

proptest! {
    #[test]
    fn as_many_undos_as_changes_end_at_the_start(changes in prop::collection::vec(changes(), 0..40), pause in 0u64..900) {
        let mut model = model();
        for change in &changes {
            model.now += Duration::from_millis(pause);
            update(&mut model, change.clone());
        }
        let all = |model: &Model| -> Vec<_> {
            (1..=3).map(|id| (shown(model, id), model.settings.get(&ProxyId(id)).cloned())).collect()
        };
        let end = all(&model);
        let steps = model.undo.len();
        for _ in 0..steps {
            update(&mut model, Action::Undo);
        }
        prop_assert_eq!(model.undo.len(), 0);
        for id in 1..=3 {
            prop_assert_eq!(shown(&model, id), "");
        }
        for _ in 0..steps {
            update(&mut model, Action::Redo);
        }
        prop_assert_eq!(all(&model), end);
    }

    #[test]
    fn no_key_click_or_paste_in_any_mode_panics_or_leaves_the_lists_astray(moves in prop::collection::vec(moves(), 0..120)) {
        let mut model = model();
        play(&mut model, moves, |model| {
            prop_assert!(model.conns.rows.iter().all(|row| model.snapshot.conn(*row).is_some()));
            prop_assert!(model.conns.ended <= model.conns.total && model.conns.total <= model.conns.all);
            prop_assert!(model.first_strip <= model.snapshot.proxies.len());
            prop_assert!(model.selected.is_none_or(|id| model.knows(id)));
            prop_assert!(model.knob < knob::all().len());
            prop_assert!(model.marked.iter().all(|id| model.proxy(*id).is_some()));
            prop_assert!(model.log.len() <= LOG_LEN);
            if let Check::Wrong(error) | Check::Unfinished(error) = &model.input.check {
                prop_assert!(error.span.end <= error.input.chars().count());
            }
            Ok(())
        })?;
        draw_at(&model, model.size);
    }

    #[test]
    fn whatever_was_done_can_be_drawn_at_any_size(
        moves in prop::collection::vec(moves(), 0..60),
        size in (1u16..=500, 1u16..=200),
    ) {
        let mut model = model();
        play(&mut model, moves, |_| Ok(()))?;
        let size = Size::new(size.0, size.1);
        update(&mut model, Action::Resized(size));
        draw_at(&model, size);
    }

    #[test]
    fn no_text_in_any_field_panics_and_each_can_be_drawn(
        opens in prop::sample::select(vec![
            Action::Add, Action::EditMapping, Action::TypeValue, Action::WriteScene, Action::Help, Action::Presets, Action::Palette(String::new()),
            Action::Find, Action::Sort,
        ]),
        strokes in strokes(),
        size in (1u16..130, 1u16..40),
    ) {
        let mut model = model();
        update(&mut model, opens);
        for stroke in strokes {
            match stroke {
                Stroke::Type(text) => {
                    let keys = text.chars().map(|letter| Action::Edit(InputRequest::InsertChar(letter)));
                    does(&mut model, keys.collect::<Vec<_>>());
                }
                Stroke::Paste(text) => drop(update(&mut model, Action::Pasted(text))),
                Stroke::Key(key) => {
                    let action = keymap::lookup(model.mode(), key);
                    update(&mut model, action);
                }
            }
            if let Check::Wrong(error) | Check::Unfinished(error) = &model.input.check {
                prop_assert!(error.span.end <= error.input.chars().count());
            }
        }
        let size = Size::new(size.0, size.1);
        update(&mut model, Action::Resized(size));
        draw_at(&model, size);
    }
}
