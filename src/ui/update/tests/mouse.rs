//! The mouse, on the screens that are really drawn.

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::*;
use crate::ui::view::{self, Target};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 35), (200, 50)];

const LEFT: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
const RIGHT: MouseEventKind = MouseEventKind::Down(MouseButton::Right);
const DRAG: MouseEventKind = MouseEventKind::Drag(MouseButton::Left);
const UP: MouseEventKind = MouseEventKind::Up(MouseButton::Left);

fn sized(size: (u16, u16)) -> Model {
    let mut model = model();
    does(&mut model, [Action::Resized(Size::new(size.0, size.1))]);
    model
}

fn rows(model: &Model) -> Vec<String> {
    let area = Rect::from((Position::ORIGIN, model.size));
    let mut buf = Buffer::empty(area);
    view::render(model, area, &mut buf);
    let rows = buf.content.chunks(usize::from(area.width).max(1));
    let text =
        |row: &[ratatui::buffer::Cell]| row.iter().map(ratatui::buffer::Cell::symbol).collect();
    rows.map(text).collect()
}

fn narrow(place: usize) -> u16 {
    u16::try_from(place).expect("on the screen")
}

/// Where a text stands on the screen: its first column and its row.
fn find(model: &Model, text: &str) -> (u16, u16) {
    let rows = rows(model);
    let found = rows.iter().enumerate().find_map(|(row, line)| {
        let at = line.find(text)?;
        Some((line[..at].chars().count(), row))
    });
    let (column, row) = found.unwrap_or_else(|| panic!("no {text} in\n{}", rows.join("\n")));
    (narrow(column), narrow(row))
}

fn mouse(model: &mut Model, kind: MouseEventKind, (column, row): (u16, u16)) -> Vec<Effect> {
    let modifiers = KeyModifiers::NONE;
    let event = MouseEvent {
        kind,
        column,
        row,
        modifiers,
    };
    update(model, Action::Mouse(event))
}

fn click(model: &mut Model, text: &str) -> Vec<Effect> {
    let at = find(model, text);
    mouse(model, LEFT, at)
}

/// The first track of a strip, by what stands behind its first cell: its first column and its row.
fn track(model: &Model, proxy: u32) -> (u16, u16, u16) {
    let size = model.size;
    let cells = (0..size.height).flat_map(|row| (0..size.width).map(move |column| (column, row)));
    cells
        .into_iter()
        .find_map(
            |(column, row)| match view::target_at(model, Position::new(column, row))? {
                (Target::Track(ProxyId(id), 0), area) if id == proxy => {
                    Some((area.x, area.y, area.width))
                }
                _ => None,
            },
        )
        .expect("a track")
}

#[test]
fn a_click_on_a_track_sets_what_stands_there() {
    for size in SIZES {
        let mut model = sized(size);
        let (left, row, cells) = track(&model, 2);
        for cell in 0..cells {
            mouse(&mut model, LEFT, (left + cell, row));
            mouse(&mut model, UP, (left + cell, row));
            assert_eq!(model.selected, Some(ProxyId(2)));
            let row: Vec<char> = rows(&model)[usize::from(row)].chars().collect();
            // Before the track stands what the proxy is doing.
            let drawn = row.iter().rposition(|c| *c == '●');
            // Between two stops the nearest value that the arrow keys know may stand beside it.
            let beside = drawn.expect("set").abs_diff(usize::from(left + cell));
            assert!(beside <= usize::from(cells > 9), "{size:?}, cell {cell}");
        }
        let stop = cells / 9 * 5 - 1;
        mouse(&mut model, LEFT, (left + stop, row));
        assert_eq!(shown(&model, 2), "latency 250ms", "{size:?}");
    }
}

#[test]
fn a_drag_keeps_its_row_and_is_one_step_that_can_be_undone() {
    for size in SIZES {
        let mut model = sized(size);
        let (left, row, cells) = track(&model, 1);
        mouse(&mut model, LEFT, (left + 1, row));
        for (after, (column, row)) in [
            (700, (left + cells / 2, row + 3)),
            (900, (left + cells - 1, row + 5)),
            (100, (left + cells + 9, 0)),
        ] {
            model.now += Duration::from_millis(after);
            mouse(&mut model, DRAG, (column, row));
        }
        assert_eq!(shown(&model, 1), "latency 10s", "{size:?}");
        assert_eq!(model.undo.len(), 1, "{size:?}");
        mouse(&mut model, DRAG, (0, row));
        assert_eq!(shown(&model, 1), "", "left of the track is off");
        mouse(&mut model, DRAG, (left + cells - 1, row));
        mouse(&mut model, UP, (left, row));
        mouse(&mut model, DRAG, (left, row));
        assert_eq!(shown(&model, 1), "latency 10s", "{size:?}: it was let go");
        assert_eq!(shown(&model, 2), "");
    }
}

#[test]
fn the_wheel_over_a_knob_turns_it_and_the_right_button_on_its_name_turns_it_off() {
    for size in SIZES {
        let mut model = sized(size);
        let (left, row, _) = track(&model, 2);
        mouse(&mut model, MouseEventKind::ScrollUp, (left, row));
        assert_eq!(shown(&model, 2), "latency 10ms");
        mouse(&mut model, MouseEventKind::ScrollUp, (left, row));
        assert_eq!(shown(&model, 2), "latency 12ms");
        mouse(&mut model, MouseEventKind::ScrollDown, (left, row));
        assert_eq!(shown(&model, 2), "latency 10ms");
        let name = if size.0 < 160 {
            (left - 4, row)
        } else {
            (left, find(&model, "PROXY").1)
        };
        mouse(&mut model, LEFT, name);
        assert_eq!(model.knob, 0);
        mouse(&mut model, RIGHT, name);
        assert_eq!(shown(&model, 2), "", "{size:?}");
    }
}

#[test]
fn a_click_on_what_a_proxy_is_doing_bypasses_it() {
    for size in SIZES {
        let mut model = sized(size);
        does(&mut model, [turn(Turn::To(5))]);
        click(&mut model, "● 3 conn");
        assert_eq!(shown(&model, 1), "latency 250ms (bypassed)", "{size:?}");
        click(&mut model, "⊘ 3 conn");
        assert_eq!(shown(&model, 1), "latency 250ms");
    }
}

#[test]
fn a_click_on_a_head_sorts_and_a_second_one_turns_the_order_round() {
    for size in SIZES {
        let mut model = sized(size);
        click(&mut model, "AGE");
        let sort = |column, descending| Sort { column, descending };
        assert_eq!(model.conns.sort, sort(Column::Age, true), "{size:?}");
        click(&mut model, "AGE▾");
        assert_eq!(model.conns.sort, sort(Column::Age, false));
    }
}

#[test]
fn a_click_on_a_row_selects_it_and_the_wheel_goes_through_the_rows() {
    for size in SIZES {
        let mut model = sized(size);
        click(&mut model, "#4 ");
        assert_eq!(model.focus, Focus::Connections);
        assert_eq!(model.conns.selected, Some(ConnId(4)), "{size:?}");
        let row = find(&model, "#4 ");
        mouse(&mut model, MouseEventKind::ScrollDown, row);
        assert_eq!(model.conns.selected, Some(ConnId(1)), "the last");
        click(&mut model, "2 web");
        assert_eq!(
            (model.focus, model.selected),
            (Focus::Mixer, Some(ProxyId(2)))
        );
        let row = find(&model, "2 web");
        mouse(&mut model, MouseEventKind::ScrollDown, row);
        assert_eq!(model.selected, Some(ProxyId(3)), "{size:?}");
    }
}

#[test]
fn a_key_that_is_printed_is_pressed_by_a_click() {
    for size in SIZES {
        for mode in [
            Action::Redraw,
            Action::ToConnections,
            Action::Presets,
            Action::Help,
        ] {
            let mut model = sized(size);
            does(&mut model, [mode]);
            let last = usize::from(size.1 - 1);
            let footer = rows(&model)[last].clone();
            let hints = keymap::footer(model.mode()).into_iter();
            let shown =
                hints.take_while(|hint| footer.contains(&format!("{} {}", hint.keys, hint.words)));
            for hint in shown {
                let text = format!("{} {}", hint.keys, hint.words);
                let at = footer.find(&text).expect("shown");
                let column = footer[..at].chars().count();
                let at = Position::new(narrow(column), size.1 - 1);
                let target = view::target_at(&model, at).expect("a key").0;
                let wanted = format!("{:?}", Target::Key(hint.action));
                assert_eq!(format!("{target:?}"), wanted, "{size:?} {text}");
            }
        }
        let mut model = sized(size);
        click(&mut model, "? help");
        assert_eq!(model.mode(), Mode::Help);
    }
}

#[test]
fn lines_of_a_box_are_chosen_and_what_is_beside_it_closes_it() {
    let mut model = sized((120, 35));
    does(&mut model, [Action::Presets]);
    click(&mut model, "2g ");
    assert_eq!(shown(&model, 1), "", "only selected");
    click(&mut model, "2g ");
    assert_eq!(model.mode(), Mode::Mixer);
    assert!(
        shown(&model, 1).starts_with("latency 1.3s"),
        "{}",
        shown(&model, 1)
    );
    let was = model.selected;
    does(&mut model, [Action::Help]);
    mouse(&mut model, LEFT, (2, 3));
    assert_eq!((model.mode(), model.selected), (Mode::Mixer, was));
}

#[test]
fn every_page_takes_clicks_and_the_wheel() {
    for size in SIZES {
        let mut model = sized(size);
        does(&mut model, [Action::LookCloser]);
        assert_eq!(model.mode(), Mode::Strip);
        let (left, row, cells) = track(&model, 1);
        mouse(&mut model, LEFT, (left + cells / 9 * 5 - 1, row));
        mouse(&mut model, UP, (left, row));
        assert_eq!(shown(&model, 1), "latency 250ms", "{size:?}");
        mouse(&mut model, MouseEventKind::ScrollDown, (left, row));
        assert_eq!(shown(&model, 1), "latency 200ms", "{size:?}");
        click(&mut model, "jitter");
        assert_eq!((model.mode(), model.knob), (Mode::Strip, 1), "{size:?}");
        let name = find(&model, "latency");
        mouse(&mut model, RIGHT, name);
        assert_eq!(shown(&model, 1), "", "{size:?}");
        click(&mut model, "● 3 conn");
        assert_eq!(shown(&model, 1), " (bypassed)", "{size:?}");
        click(&mut model, "Esc back");
        assert_eq!(model.mode(), Mode::Mixer);

        does(&mut model, [Action::PickKnob]);
        click(&mut model, "loss");
        let loss = knob::all().iter().position(|dial| dial.kind.name == "loss");
        assert_eq!((model.mode(), Some(model.knob)), (Mode::Mixer, loss));

        for number in 0..100 {
            model.log(Line::new(
                model.now,
                "db",
                &format!("line {number}"),
                Tone::Plain,
            ));
        }
        does(&mut model, [Action::Events]);
        let effects = click(&mut model, "line 98");
        let copied = |effects: &[Effect], text: &str| {
            let is_it = |effect: &Effect| matches!(effect, Effect::Copy(it) if it.ends_with(text));
            effects.iter().any(is_it)
        };
        assert!(copied(&effects, "db: line 98"), "{effects:?}");
        let at = find(&model, "line 98");
        mouse(&mut model, MouseEventKind::ScrollDown, at);
        assert!(rows(&model)[2].contains("line 96"), "{size:?}");
        mouse(&mut model, MouseEventKind::ScrollUp, at);
        assert!(rows(&model)[2].contains("line 99"), "{size:?}");
    }
}

#[test]
fn a_click_beside_the_lines_of_what_happened_lists_all_of_it_and_on_one_copies_it() {
    let mut model = sized((120, 35));
    model.log(Line::new(
        model.now,
        "db",
        "something happened",
        Tone::Plain,
    ));
    let effects = click(&mut model, "something happened");
    assert!(
        matches!(effects.as_slice(), [Effect::Copy(line)] if line.ends_with("db: something happened"))
    );
    click(&mut model, "what happened");
    assert_eq!(model.mode(), Mode::Events);
}

#[test]
fn a_click_in_a_text_puts_the_cursor_there() {
    for size in SIZES {
        for (open, typed) in [
            (Action::Add, "9091=wéb:80 lat 5ms"),
            (Action::TypeValue, "300ms"),
            (Action::WriteScene, "my.scene"),
            (Action::Help, "undo"),
            (Action::Find, "zqx"),
            (Action::Palette(String::new()), "loss 2"),
            (Action::Presets, "3g"),
        ] {
            let mut model = sized(size);
            does(&mut model, [open.clone(), Action::ClearText]);
            let letter = |letter| Action::Edit(InputRequest::InsertChar(letter));
            does(&mut model, typed.chars().map(letter).collect::<Vec<_>>());
            let area = Rect::from((Position::ORIGIN, model.size));
            let end = view::render(&model, area, &mut Buffer::empty(area)).expect("a cursor");
            let begin = end.x - narrow(typed.chars().count());
            mouse(&mut model, LEFT, (begin + 2, end.y));
            does(&mut model, [letter('_')]);
            let wanted = format!("{}_{}", &typed[..2], &typed[2..]);
            let all = rows(&model).join("\n");
            assert!(all.contains(&wanted), "{size:?} {open:?}\n{all}");
        }
    }
}

#[test]
fn the_click_that_brings_the_window_forward_does_nothing_else() {
    let mut model = sized((80, 24));
    let (left, row, _) = track(&model, 1);
    does(&mut model, [Action::Focused]);
    model.now += Duration::from_millis(20);
    mouse(&mut model, LEFT, (left, row));
    mouse(&mut model, DRAG, (left + 4, row));
    assert_eq!(shown(&model, 1), "");
    mouse(&mut model, LEFT, (left, row));
    assert_eq!(shown(&model, 1), "latency 10ms", "the next one");
    does(&mut model, [Action::Focused]);
    model.now += Duration::from_secs(2);
    mouse(&mut model, LEFT, (left + 4, row));
    assert_eq!(
        shown(&model, 1),
        "latency 250ms",
        "long after the focus came"
    );
}

#[test]
fn the_mouse_can_be_switched_off_and_the_screen_says_so() {
    let mut model = sized((80, 24));
    assert_eq!(
        does(&mut model, [Action::ToggleMouse]),
        [Effect::Mouse(false)]
    );
    find(&model, "% mouse off");
    assert_eq!(
        does(&mut model, [Action::ToggleMouse]),
        [Effect::Mouse(true)]
    );
    assert!(!rows(&model).concat().contains("mouse off"));
}

proptest! {
    #[test]
    fn the_mouse_does_nothing_that_panics_wherever_it_is(
        size in (0u16..210, 0u16..60),
        events in prop::collection::vec((0usize..7, 0u16..210, 0u16..60, any::<bool>()), 0..40),
    ) {
        let mut model = sized(size);
        for (kind, column, row, key) in events {
            if key {
                let keys = [KeyCode::Char('p'), KeyCode::Char('?'), KeyCode::Char('q'), KeyCode::Char('a'), KeyCode::Esc];
                let action = keymap::lookup(model.mode(), keys[kind % keys.len()].into());
                update(&mut model, action);
            }
            let kinds = [LEFT, RIGHT, DRAG, UP, MouseEventKind::ScrollUp, MouseEventKind::ScrollDown, MouseEventKind::Moved];
            mouse(&mut model, kinds[kind], (column, row));
            prop_assert!(model.selected.is_none_or(|id| model.knows(id)));
            prop_assert!(model.knob < knob::all().len());
        }
        rows(&model);
    }
}
