//! Where the cursor is, and which keys the footer and the help name.

use faultboard::ui::action::Action;
use faultboard::ui::keymap;
use faultboard::ui::update::update;
use ratatui::layout::Position;
use tui_input::InputRequest;

use crate::support::{few, screen, text};
use crate::{cursor, row, type_text};

#[test]
fn the_caret_stands_under_the_wrong_column() {
    for typed in [
        "9091=htps://h",
        "9091=名前://h:80 lat 250ms",
        "9091=h:80 lat 25x",
    ] {
        let mut model = few(120, 35, 3);
        update(&mut model, Action::Add);
        type_text(&mut model, typed);
        let faultboard::ui::input::Check::Wrong(error) = &model.input.check else {
            panic!("{typed} is not wrong: {:?}", model.input.check);
        };
        let wrong: String = typed.chars().take(error.span.start).collect();
        let column = 3 + unicode_width::UnicodeWidthStr::width(wrong.as_str());
        let drawn = screen(&model);
        let rows = 0..drawn.area.height;
        let carets: Vec<(u16, u16)> = rows
            .flat_map(|y| (0..drawn.area.width).map(move |x| (x, y)))
            .filter(|at| drawn[*at].symbol() == "^")
            .collect();
        let [(x, _)] = carets[..] else {
            panic!("{carets:?}");
        };
        assert_eq!(usize::from(x), column, "{typed}");
        assert!(text(&drawn).contains(&error.message), "{}", text(&drawn));
    }
}

#[test]
fn the_cursor_stands_where_text_goes() {
    let mut model = few(80, 24, 3);
    assert_eq!(cursor(&model), None);
    update(&mut model, Action::Add);
    type_text(&mut model, "9091=h");
    assert_eq!(cursor(&model), Some(Position::new(9, 19)));
    type_text(&mut model, "名");
    assert_eq!(cursor(&model), Some(Position::new(11, 19)));
    type_text(&mut model, &"x".repeat(200));
    assert_eq!(cursor(&model).map(|at| at.x < 80), Some(true));
    update(&mut model, Action::Edit(InputRequest::GoToStart));
    assert_eq!(cursor(&model), Some(Position::new(3, 19)));
}

#[test]
fn the_footer_is_the_key_table() {
    for (mode, action) in [
        (keymap::Mode::Mixer, Action::Redraw),
        (keymap::Mode::Input, Action::Add),
        (keymap::Mode::Value, Action::TypeValue),
        (keymap::Mode::Quit, Action::Quit),
        (keymap::Mode::Help, Action::Help),
    ] {
        let mut model = few(200, 50, 3);
        update(&mut model, action);
        let footer = row(&screen(&model), 49);
        let hints = keymap::footer(mode);
        assert!(!hints.is_empty());
        for hint in hints {
            let shown = format!("{} {}", hint.keys, hint.words);
            assert!(footer.contains(&shown), "{shown} in {footer}");
        }
    }
}

#[test]
fn hints_that_do_not_fit_are_dropped_whole() {
    for width in 60..200 {
        let footer = row(&screen(&few(width, 24, 3)), 23);
        let hints = keymap::footer(keymap::Mode::Mixer);
        let whole = hints
            .iter()
            .map(|hint| format!("{} {}", hint.keys, hint.words));
        let mut line = String::new();
        let lines: Vec<String> = whole
            .map(|hint| {
                line = format!("{line}{}{hint}", if line.is_empty() { " " } else { "  " });
                line.clone()
            })
            .collect();
        assert!(lines.contains(&footer), "{footer}");
    }
}

#[test]
fn help_says_where_a_key_of_another_pane_works() {
    let mut model = few(80, 24, 3);
    update(&mut model, Action::Help);
    type_text(&mut model, "X");
    let shown = text(&screen(&model));
    assert!(
        shown.contains("X  connections: reset the connection (RST)"),
        "{shown}"
    );
}
