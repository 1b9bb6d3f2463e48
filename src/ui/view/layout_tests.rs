//! Where panes stand on screens of all sizes.

use std::sync::Arc;

use super::*;
use crate::snapshot::{ProxyId, Snapshot};
use crate::ui::proof::tests::{model, proxy};

fn with_proxies(count: u32) -> Model {
    let mut model = model(proxy([]));
    let mut snapshot = Snapshot::clone(&model.snapshot);
    snapshot.proxies = (1..=count)
        .map(|number| crate::snapshot::ProxyRow {
            id: ProxyId(number),
            ..proxy([])
        })
        .collect();
    model.snapshot = Arc::new(snapshot);
    model.focus = Focus::Mixer;
    model
}

fn areas(screen: &Screen) -> Vec<Rect> {
    let all = [
        screen.header,
        screen.mixer.head,
        screen.mixer.strips,
        screen.feels,
        screen.rates,
        screen.compare,
        screen.last,
        screen.conns,
        screen.log,
        screen.dock,
        screen.input,
        screen.footer,
        screen.empty,
    ];
    all.into_iter().filter(|area| !area.is_empty()).collect()
}

/// Around each size from which on something is drawn in another way.
const WIDTHS: [u16; 14] = [1, 20, 39, 40, 59, 60, 80, 99, 100, 119, 120, 159, 160, 220];
const HEIGHTS: [u16; 13] = [1, 2, 5, 9, 10, 15, 16, 17, 24, 29, 30, 31, 60];

#[test]
fn areas_neither_overlap_nor_leave_the_screen() {
    for proxies in [0, 1, 3, 40] {
        let mut model = with_proxies(proxies);
        for focus in [Focus::Mixer, Focus::Connections, Focus::Input] {
            model.focus = focus;
            for width in WIDTHS {
                for height in HEIGHTS {
                    let size = Size::new(width, height);
                    let areas = areas(&layout(size, &model));
                    let whole = Rect::new(0, 0, width, height);
                    for (at, area) in areas.iter().enumerate() {
                        assert_eq!(area.intersection(whole), *area, "{size}, {proxies}");
                        let mut others = areas[at + 1..].iter();
                        assert!(
                            !others.any(|other| other.intersects(*area)),
                            "{size}, {proxies}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_input_line_takes_its_rows_from_the_connections() {
    for size in [Size::new(80, 24), Size::new(120, 35), Size::new(200, 50)] {
        let mut model = with_proxies(3);
        let closed = layout(size, &model);
        model.focus = Focus::Input;
        let open = layout(size, &model);
        let expected = Screen {
            input: open.input,
            conns: open.conns,
            page: open.page,
            page_last: open.page_last,
            log: open.log,
            ..closed
        };
        assert_eq!(open, expected);
        assert_eq!(open.input.height + open.conns.height, closed.conns.height);
    }
}

#[test]
fn strips_take_half_of_the_rows_at_most() {
    for size in [Size::new(60, 16), Size::new(80, 24), Size::new(120, 35)] {
        let screen = layout(size, &with_proxies(100));
        let mixer = screen.mixer.head.height + screen.mixer.strips.height;
        assert!(mixer <= size.height / 2, "{size}");
        assert!(screen.mixer.room(&with_proxies(100)) >= 3, "{size}");
    }
}

#[test]
fn thirty_proxies_are_all_on_a_screen_of_120x35_and_on_larger_ones() {
    for size in [Size::new(120, 35), Size::new(160, 45), Size::new(200, 50)] {
        let mut model = with_proxies(30);
        let screen = layout(size, &model);
        assert_eq!(screen.mixer.places(&model).len(), 30, "{size}");
        assert!(screen.feels.height > 0 && screen.conns.height > 3, "{size}");
        model.compact = Some(false);
        let whole = layout(size, &model).mixer.places(&model);
        assert!(whole.iter().all(|place| !place.is_row), "{size}");
    }
}

#[test]
fn idle_strips_give_up_their_rows_first() {
    let mut model = with_proxies(10);
    let mut snapshot = Snapshot::clone(&model.snapshot);
    for row in &mut snapshot.proxies[..5] {
        row.open = 0;
        row.plan = Arc::default();
    }
    model.snapshot = Arc::new(snapshot);
    let mixer = layout(Size::new(120, 35), &model).mixer;
    let places = mixer.places(&model);
    let rows: Vec<bool> = places.iter().map(|place| place.is_row).collect();
    assert_eq!(rows, [[true; 5], [false; 5]].concat());
}

#[test]
fn visible_strips_neither_overlap_nor_leave_their_room() {
    for proxies in [1, 3, 8, 30, 100] {
        let mut model = with_proxies(proxies);
        for compact in [None, Some(true), Some(false)] {
            model.compact = compact;
            for width in WIDTHS {
                for height in HEIGHTS {
                    let size = Size::new(width, height);
                    let mixer = layout(size, &model).mixer;
                    let places = mixer.places(&model);
                    for (at, place) in places.iter().enumerate() {
                        let inside = place.area.intersection(mixer.strips);
                        assert_eq!(inside, place.area, "{size} {proxies}");
                        let mut others = places[at + 1..].iter();
                        let meets = others.any(|other| other.area.intersects(place.area));
                        assert!(!meets, "{size} {proxies}");
                    }
                }
            }
        }
    }
}

#[test]
fn presets_leave_the_strip_that_they_are_for_and_what_is_felt_alone() {
    for (proxies, size) in [
        (3, (80, 24)),
        (12, (80, 24)),
        (4, (120, 35)),
        (30, (120, 35)),
        (6, (200, 50)),
    ] {
        let mut model = with_proxies(proxies);
        model.selected = Some(ProxyId(1));
        let usual = layout(size.into(), &model);
        crate::ui::update::update(&mut model, crate::ui::action::Action::Presets);
        let screen = layout(size.into(), &model);
        assert!(screen.dock.height >= LISTED, "{size:?} {proxies}");
        assert_eq!(screen.feels.is_empty(), usual.feels.is_empty());
        let spots = screen.mixer.places(&model);
        let selected = spots.iter().find(|spot| spot.index == 0);
        let selected = selected.expect("the selected strip is on the screen");
        assert!(!selected.area.is_empty(), "{size:?} {proxies}");
        assert!(
            areas(&screen)
                .iter()
                .all(|area| *area == screen.dock || !area.intersects(screen.dock))
        );
    }
}

#[test]
fn connections_that_have_the_keys_are_on_the_screen() {
    let mut model = with_proxies(4);
    model.focus = Focus::Connections;
    for width in [60, 80, 120, 200] {
        for height in 16..60 {
            let screen = layout(Size::new(width, height), &model);
            assert!(screen.conns.height >= 3, "{width}x{height}");
        }
    }
}

#[test]
fn knobs_stay_until_the_selection_leaves_their_page() {
    for (selected, first) in [(0, 0), (2, 0), (3, 3), (5, 3), (6, 6), (7, 6), (9, 7)] {
        assert_eq!(page(selected, 3, 10), first);
    }
    assert_eq!(page(1, 3, 3), 0);
    assert_eq!(page(1, 4, 3), 0);
    for all in 1..20 {
        for shown in 1..=all {
            for selected in 0..all {
                let first = page(selected, shown, all);
                assert!((first..first + shown).contains(&selected));
                assert!(first + shown <= all);
            }
        }
    }
}

#[test]
fn a_size_is_enough_for_everything_for_strips_or_for_a_message() {
    for (width, height, enough) in [
        (60, 16, Class::Full),
        (59, 16, Class::Strips),
        (60, 15, Class::Strips),
        (40, 10, Class::Strips),
        (39, 10, Class::TooSmall),
        (200, 9, Class::TooSmall),
    ] {
        assert_eq!(class(Size::new(width, height)), enough);
    }
}
