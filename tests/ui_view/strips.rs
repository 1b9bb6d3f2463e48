//! The strips of the mixer and the charts beside them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use faultboard::fault::{Direction, Directions, PerDirection, Plan, Sending};
use faultboard::snapshot::{History, Point, Scheduled, Traced};
use faultboard::ui::action::Action;
use faultboard::ui::knob::Turn;
use faultboard::ui::model::Model;
use faultboard::ui::update::update;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use crate::support;
use crate::support::{NOW, few, latency, ms, rich, screen, spread, text};
use crate::{assert_screen, assert_screens, change_row, cut, row};

#[test]
fn a_knob_whose_values_are_words_is_turned_like_any_other() {
    for (name, mut model) in [
        ("words_80x24", few(80, 24, 3)),
        ("words_120x35", few(120, 35, 4)),
    ] {
        let knobs = faultboard::ui::knob::all();
        let knob = knobs.iter().position(|dial| dial.knob.label == "TCP");
        update(&mut model, Action::ChooseKnob(knob.expect("a knob")));
        update(&mut model, Action::Turn(Turn::To(2)));
        let snapshot = Arc::make_mut(&mut model.snapshot);
        let row = &mut snapshot.proxies[0];
        row.sending = Some(Sending {
            window: 23,
            round_trip: ms(334),
        });
        let history = Arc::make_mut(&mut row.history);
        history.points[7].losses.down.lost = 12;
        assert_screen(name, &model);
    }
}

#[test]
fn the_list_of_knobs_lies_below_the_strip_that_they_turn() {
    assert_screens("knobs", 3, |model| {
        update(model, Action::Turn(Turn::To(5)));
        update(model, Action::PickKnob);
    });
}

#[test]
fn all_knobs_that_are_on_are_on_the_strip() {
    let faults = "latency 250ms jitter=30ms, bandwidth 64kB/s, reset 10%, loss 2%, tcp cubic, flap off=2s, \
                  timeout 5s, corrupt 0.1%, slicer 64B, slow_close 2s, accept_delay 1s, dial_delay 2s";
    let faults = faultboard::fault::language::parse(faults).expect("faults");
    assert_screens("all_on", 3, |model| {
        change_row(model, 0, |row| {
            row.plan = Arc::new(Plan::of(faults.clone()));
        });
        change_row(model, 1, |row| {
            row.plan = Arc::new(Plan::of(faults[1..6].to_vec()));
        });
        change_row(model, 2, |row| {
            row.plan = Arc::new(Plan::of(faults[2..4].to_vec()));
        });
    });
}

#[test]
fn a_fault_that_hits_some_connections_says_how_many_on_its_strip() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 1);
        change_row(&mut model, 0, |row| {
            let faults = "latency 250ms share=50%, loss 2% share=10%";
            let faults = faultboard::fault::language::parse(faults).expect("faults");
            row.plan = Arc::new(Plan::of(faults));
        });
        let shown = text(&screen(&model));
        assert!(shown.contains("LAT on 50%"), "{shown}");
        assert!(width > 80 || shown.contains("LOS 2% on 10%"), "{shown}");
    }
}

#[test]
fn a_schedule_is_counted_down_and_draws_no_line_of_what_is_not_injected() {
    let faults = faultboard::fault::language::parse("latency 400ms start=2s for=4s");
    let faults = faults.expect("a fault");
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        for (before, says, line) in [
            (2_000, "in 2s", false),
            (0, "LAT 4s left", true),
            (-3_000, "LAT 1s left", true),
            (-4_000, "over", false),
        ] {
            let mut model = few(width, height, 1);
            let begins = i64::try_from(NOW.as_millis()).expect("a small number") + before;
            let begins = ms(u64::try_from(begins).expect("after the start"));
            change_row(&mut model, 0, |row| {
                row.plan = Arc::new(Plan::of(faults.clone()));
                row.present = (!line).then(Arc::default);
                let setting = faults[0].clone();
                row.scheduled = vec![Scheduled {
                    setting,
                    begins,
                    ends: Some(begins + ms(4_000)),
                }];
            });
            let shown = text(&screen(&model));
            assert!(shown.contains(says), "{says}: {shown}");
            assert_eq!(shown.contains("set 400ms"), line, "{shown}");
            assert!(!shown.contains("~off"), "{shown}");
        }
    }
}

#[test]
fn what_was_felt_long_ago_is_not_said_to_be_felt_now() {
    let mut model = few(80, 24, 1);
    change_row(&mut model, 0, |row| {
        row.history = support::history(|at| (at < 60).then_some(250), |_| [0.0; 2], |_| 0);
    });
    let shown = text(&screen(&model));
    assert!(shown.contains("felt 256 ms"), "{shown}");
    assert!(!shown.contains("feels 256 ms"));
}

#[test]
fn turning_a_knob_is_in_the_next_frame() {
    for (width, height) in [(40, 10), (80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 1);
        update(&mut model, Action::Turn(Turn::To(6)));
        assert!(text(&screen(&model)).contains("500ms"), "{width}");
    }
}

#[test]
fn a_direction_that_is_not_both_is_said() {
    for (width, height) in [(60, 16), (80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 3);
        model.directions = Directions::Only(Direction::Down);
        assert!(text(&screen(&model)).contains("down only"), "{width}");
    }
}

#[test]
fn what_is_set_on_knobs_that_have_no_room_is_said() {
    let mut model = few(60, 16, 2);
    change_row(&mut model, 0, |row| {
        Arc::make_mut(&mut row.plan).set(support::bandwidth(64_000));
    });
    let drawn = screen(&model);
    assert!(row(&drawn, 2).contains("BW 64K/s"), "{}", text(&drawn));
}

#[test]
fn a_line_divides_charts_from_strips_with_and_without_a_table_of_figures() {
    for height in [30, 45] {
        let drawn = screen(&rich(160, height));
        let lines = drawn.area.rows().skip(1).take(10);
        let has_line = lines.flat_map(Rect::columns).filter(|cell| {
            let at = Position::new(cell.x, cell.y);
            cell.x > 100 && cell.x < 110 && "┬│├┤┼".contains(drawn[at].symbol())
        });
        assert!(has_line.count() >= 10, "{}", text(&drawn));
    }
}

#[test]
fn a_chart_has_gaps_where_nothing_was_measured() {
    let line = |feels: &dyn Fn(u32) -> Option<u64>| {
        let mut model = few(200, 50, 1);
        change_row(&mut model, 0, |row| {
            row.history = support::history(feels, |_| [0.0; 2], |_| 0);
        });
        let drawn = text(&screen(&model));
        let braille = |letter: char| ('\u{2801}'..='\u{28ff}').contains(&letter);
        drawn.chars().filter(|letter| braille(*letter)).count()
    };
    let whole = line(&|_| Some(250));
    let half = line(&|at| (at % 40 < 20).then_some(250));
    assert!(half.abs_diff(whole / 2) <= 3, "{half} of {whole}");
    assert_eq!(line(&|_| None), 0);
}

#[test]
fn a_failure_is_a_cross_in_the_chart() {
    let mut model = few(120, 35, 1);
    let crosses = |model: &Model| text(&screen(model)).matches('✕').count();
    assert_eq!(crosses(&model), 0);
    change_row(&mut model, 0, |row| {
        let failed = |at| u32::from(at == 40);
        row.history = support::history(|_| Some(256), |_| [0.0; 2], failed);
    });
    assert_eq!(crosses(&model), 1);
    change_row(&mut model, 0, |row| cut(row, 60));
    assert_eq!(crosses(&model), 2, "one that was cut");
}

#[test]
fn a_trace_says_on_the_strip_how_far_it_is() {
    let faults = faultboard::fault::language::parse("bandwidth trace=@train down");
    let faults = faults.expect("a fault");
    let second = Duration::from_secs(1);
    assert_screens("traced", 1, |model| {
        change_row(model, 0, |row| {
            row.plan = Arc::new(Plan::of(faults.clone()));
            row.present = Some(Arc::new(Plan::of([support::bandwidth(97_000)])));
            row.traced = vec![Traced {
                kind: "bandwidth",
                place: 12 * second,
                length: 60 * second,
            }];
        });
        let shown = text(&screen(model));
        assert!(shown.contains("12s of 1m00"), "{shown}");
    });
}

#[test]
fn a_stream_that_asks_for_nothing_says_on_its_strip_how_often_it_stalls() {
    let faults = faultboard::fault::language::parse("loss 3%").expect("a fault");
    assert_screens("stalls", 1, |model| {
        change_row(model, 0, |row| {
            row.plan = Arc::new(Plan::of(faults.clone()));
            row.feels = None;
            let points = row.history.points.iter().map(|point| Point {
                feels: None,
                ..*point
            });
            let mut points: VecDeque<Point> = points.collect();
            if let Some(last) = points.back_mut() {
                last.losses.down.stalls = 3;
                last.losses.down.stalled = Duration::from_millis(720);
            }
            row.history = Arc::new(History { points });
        });
        let shown = text(&screen(model));
        assert!(shown.contains("3/m"), "{shown}");
    });
}

#[test]
fn what_is_measured_where_nothing_is_set_is_dim() {
    let modifier = |plan: Plan| {
        let mut model = few(80, 24, 1);
        change_row(&mut model, 0, |row| {
            row.plan = Arc::new(plan);
            row.added = PerDirection::both(Some(spread(40, 40, 90)));
        });
        let drawn = screen(&model);
        let line = row(&drawn, 3);
        let at = line.find("JIT").expect("the knob");
        let column = line[..at].chars().count() + 20;
        drawn[(u16::try_from(column).expect("on the screen"), 3)].modifier
    };
    assert!(modifier(Plan::of([latency(80, 0, Directions::Both)])).contains(Modifier::DIM));
    assert!(!modifier(Plan::of([latency(80, 40, Directions::Both)])).contains(Modifier::DIM));
}
