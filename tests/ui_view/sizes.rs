//! Terminals of any size.

use faultboard::snapshot::ConnId;
use faultboard::ui::action::Action;
use faultboard::ui::keymap;
use faultboard::ui::model::{Column, Focus, Line, Model, Sort, Tone};
use faultboard::ui::theme::Charset;
use faultboard::ui::update::update;
use faultboard::ui::view;
use ratatui::layout::Size;

use crate::support::{NOW, empty, few, ms, rich, screen, text};
use crate::{change_conn_at, change_row, many, type_text};

#[test]
fn no_size_is_too_small_or_too_large() {
    let tall = (1..=60).flat_map(|height| [1, 39, 60, 100, 160].map(|width| (width, height)));
    let wide = (1..=200).flat_map(|width| [1, 7, 10, 16, 24, 35, 50].map(|height| (width, height)));
    for (at, (width, height)) in tall.chain(wide).chain([(500, 200)]).enumerate() {
        let mut model = rich(width, height);
        model.theme.charset = if at % 2 == 0 {
            Charset::Unicode
        } else {
            Charset::Ascii
        };
        match at % 9 {
            0 => drop(update(&mut model, Action::Help)),
            1 => drop(update(&mut model, Action::Quit)),
            2 => drop(update(&mut model, Action::TypeValue)),
            3 => drop(update(&mut model, Action::Delete)),
            4 => {
                update(&mut model, Action::Add);
                type_text(&mut model, "9091=名前です://www.google.com lat 250ms");
            }
            5 => model.focus = Focus::Connections,
            6 => model = empty(width, height),
            _ => {}
        }
        let drawn = screen(&model);
        assert_eq!(drawn.area.as_size(), Size::new(width, height));
        if model.theme.charset == Charset::Ascii {
            assert!(text(&drawn).is_ascii(), "{width}x{height}");
        }
    }
}

#[test]
fn wide_characters_do_not_shift_what_stands_beside_them() {
    let wide = |model: &mut Model| {
        change_row(model, 0, |row| row.name = "名前です".to_owned());
        change_row(model, 1, |row| row.name = "데이터베이스".to_owned());
        let line = Line::new(
            NOW,
            "名前です",
            "接続が拒否されました、接続が拒否されました、接続",
            Tone::Trouble,
        );
        model.log.push_back(line);
    };
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let narrow = screen(&few(width, height, 3));
        let mut model = few(width, height, 3);
        wide(&mut model);
        let drawn = screen(&model);
        for (at, (cell, before)) in drawn.content.iter().zip(&narrow.content).enumerate() {
            if ["│", "┤", "┬", "├"].contains(&before.symbol()) {
                assert_eq!(cell.symbol(), before.symbol(), "{:?}", drawn.pos_of(at));
            }
        }
        update(&mut model, Action::Quit);
        for line in text(&screen(&model))
            .lines()
            .filter(|line| line.contains("  Esc "))
        {
            assert_eq!(line.matches('│').count() % 2, 0, "{line}");
        }
    }
}

#[test]
fn the_room_that_update_scrolls_by_is_what_is_drawn() {
    for (width, height) in [
        (40, 10),
        (60, 16),
        (80, 24),
        (120, 35),
        (160, 45),
        (200, 50),
    ] {
        for focus in [Focus::Mixer, Focus::Connections, Focus::Input] {
            let mut model = many(width, height);
            model.focus = focus;
            let room = view::room(model.size, &model);
            model.conns.rows = (0..room.conns).collect();
            let shown = text(&screen(&model));
            let strips = (1..=40).filter(|number| shown.contains(&format!("proxy{number:02} ")));
            assert_eq!(
                strips.count(),
                room.strips.min(40),
                "{width}x{height} {focus:?}"
            );
            let conns = (1_001..=1_200).filter(|number| shown.contains(&format!("#{number} ")));
            let conns = conns.count();
            if conns > 0 {
                assert_eq!(conns, room.conns, "{width}x{height} {focus:?}");
            }
        }
    }
}

#[test]
fn lists_say_which_part_of_them_is_visible() {
    let mut model = many(120, 35);
    let room = view::room(model.size, &model);
    model.first_strip = 3;
    model.conns.first = 20;
    model.conns.rows = (20..20 + room.conns).collect();
    let shown = text(&screen(&model));
    let strips = format!("mixer  4-{} of 40", 3 + room.strips);
    assert!(shown.contains(&strips), "{shown}");
    let conns = format!("21-{} of 10 000", 20 + room.conns);
    assert!(shown.contains(&conns), "{shown}");
    update(&mut model, Action::Help);
    let help = view::room(model.size, &model).help;
    let lines = keymap::help(keymap::Mode::Mixer, "").len();
    let keys = format!("keys here: mixer  1-{help} of {lines}");
    assert!(
        text(&screen(&model)).contains(&keys),
        "{}",
        text(&screen(&model))
    );
}

#[test]
fn the_column_that_rows_are_sorted_by_is_always_drawn() {
    for width in 60..=200 {
        for column in Column::ALL {
            let mut model = few(width, 24, 3);
            for at in 0..model.conns.rows.len() {
                change_conn_at(&mut model, at, |conn| conn.id = ConnId(1_000 + at as u64));
            }
            model.conns.sort = Sort {
                column,
                descending: false,
            };
            let shown = text(&screen(&model));
            let heads = shown.lines().find(|line| line.contains("  ID"));
            let heads = heads.expect("a table");
            let title = column.label().to_uppercase();
            assert!(heads.contains(&title), "{title} at {width}: {heads}");
        }
    }
}

#[test]
fn a_screen_that_is_too_small_says_what_a_key_did() {
    let mut model = few(38, 8, 3);
    update(&mut model, Action::BypassAll);
    assert!(text(&screen(&model)).contains("all: bypass on"));
    model.now += ms(4_000);
    assert!(text(&screen(&model)).contains("all bypassed: no fault acts"));
    update(&mut model, Action::BypassAll);
    model.now += ms(4_000);
    assert!(text(&screen(&model)).contains("proxies keep running"));
}
