//! The main screen at every size, and the desk before its first proxy.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use faultboard::fault::Plan;
use faultboard::snapshot::{ConnState, ProxyId, Snapshot};
use faultboard::ui::action::Action;
use faultboard::ui::knob::Turn;
use faultboard::ui::model::{Line, Model, Solo, Tone};
use faultboard::ui::theme::Charset;
use faultboard::ui::update::update;

use crate::support;
use crate::support::{NOW, empty, few, ms, rich, screen, text};
use crate::{
    ago, assert_screen, assert_screens, bypass, change_row, frozen, in_all, insecure, row,
    type_text, words,
};

#[test]
fn the_main_screen_at_every_size() {
    assert_screen("main_80x24", &few(80, 24, 3));
    assert_screen("main_100x30", &few(100, 30, 4));
    assert_screen("main_120x35", &few(120, 35, 4));
    assert_screen("main_160x45", &rich(160, 45));
    assert_screen("main_200x50", &rich(200, 50));
    assert_screen("main_60x16", &few(60, 16, 4));
    assert_screen("main_40x10", &rich(40, 10));
    assert_screen("main_38x8", &rich(38, 8));
}

#[test]
fn the_main_screen_in_ascii() {
    for (name, mut model) in [
        ("ascii_80x24", few(80, 24, 4)),
        ("ascii_120x35", few(120, 35, 4)),
    ] {
        model.theme.charset = Charset::Ascii;
        assert_screen(name, &model);
    }
}

#[test]
fn thirty_proxies_have_a_row_each() {
    assert_screens("thirty", 30, |model| {
        update(model, Action::Mark);
    });
}

#[test]
fn faults_with_names_stand_on_the_strip_in_the_list_of_knobs_and_on_the_page() {
    let faults = "latency 250ms, latency 100ms as=slow down, blackhole share=20% as=\"my toxic\", reset as=x";
    let faults = faultboard::fault::language::parse(faults).expect("faults");
    let pages: [(&str, &[Action]); 3] = [
        ("named", &[]),
        ("named_knobs", &[Action::PickKnob]),
        ("named_page", &[Action::LookCloser]),
    ];
    for (name, actions) in pages {
        assert_screens(name, 3, |model| {
            change_row(model, 0, |row| {
                row.plan = Arc::new(Plan::of(faults.clone()));
            });
            for action in actions {
                update(model, action.clone());
            }
        });
    }
}

#[test]
fn what_fails_of_others_is_counted_beside_what_the_user_did() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 3);
        update(&mut model, Action::Turn(Turn::To(6)));
        change_row(&mut model, 1, |row| {
            row.history = support::history(|_| None, |_| [0.0; 2], |at| 7 * u32::from(at > 117));
        });
        let line = Line::new(NOW, "web", "#44 connection reset", Tone::Trouble);
        model.log.push_back(line);
        let shown = text(&screen(&model));
        let said = shown
            .lines()
            .find(|line| line.contains("LAT 250ms → 500ms"));
        let said = said.expect("the user's own line");
        assert!(said.contains("web: 14 failed in 10 s"), "{shown}");
        model.now += Duration::from_secs(60);
        assert!(!words(&model).contains("! web: #44"), "{width}");
    }
}

#[test]
fn all_bypassed_stands_in_the_place_of_live() {
    let mut model = few(80, 24, 3);
    bypass(&mut model, |_| true);
    let header = row(&screen(&model), 0);
    assert!(
        header.contains("⊘ ALL BYPASSED") && !header.contains("LIVE"),
        "{header}"
    );
    frozen(&mut model);
    let header = row(&screen(&model), 0);
    assert!(header.contains("⊘ ALL BYPASSED  ‖ FROZEN"), "{header}");
}

#[test]
fn the_first_screen() {
    in_all(|model, name| {
        let mut first = empty(model.size.width, model.size.height);
        first.theme = model.theme;
        assert_screen(format!("empty_{name}"), &first);
    });
    let mut model = empty(80, 24);
    let why = "cannot listen on 127.0.0.1:5432: address already in use";
    model.notice = Some(Line::new(ms(1_900), "", why, Tone::Trouble));
    type_text(&mut model, "5432=psql://my-db");
    assert_screen("empty_refused", &model);
}

#[test]
fn the_header_says_what_is_not_as_usual() {
    for (says, change) in [
        ("INSECURE", &insecure as &dyn Fn(&mut Model)),
        ("7 events lost", &|model| model.lost = 7),
        ("FROZEN 12s", &frozen),
        ("QUIET", &|model| model.quiet = true),
        ("DRAINING 8s", &|model| {
            model.draining = Some(NOW + ms(8_000));
        }),
        ("ALL BYPASSED", &|model| bypass(model, |_| true)),
        ("SOLO db", &|model| {
            model.solo = Some(Solo {
                proxy: ProxyId(1),
                before: Vec::new(),
            });
        }),
        ("bind 0.0.0.0", &|model| {
            model.bind = vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)];
        }),
    ] {
        for (width, height) in [(80, 24), (120, 35), (200, 50)] {
            let mut model = few(width, height, 3);
            let usual = row(&screen(&model), 0);
            assert!(!usual.contains(says), "{usual}");
            change(&mut model);
            let header = row(&screen(&model), 0);
            assert!(header.contains(says), "{width}: {header}");
        }
    }
}

#[test]
fn a_frozen_screen_says_so_down_to_the_smallest_size() {
    for (width, height) in [(40, 10), (60, 16), (80, 24)] {
        let mut model = few(width, height, 3);
        frozen(&mut model);
        insecure(&mut model);
        let header = row(&screen(&model), 0);
        assert!(header.contains("FROZEN"), "{header}");
    }
}

#[test]
fn the_seed_is_on_every_full_screen() {
    for (width, height) in [(60, 16), (80, 24), (120, 35), (200, 50)] {
        assert!(text(&screen(&few(width, height, 3))).contains("seed 42"));
        assert!(text(&screen(&empty(width, height))).contains("seed 42"));
    }
}

#[test]
fn an_answer_outlasts_the_failures_that_come_after_it() {
    let mut model = few(120, 35, 3);
    let answer = Line::new(ago(900), "", "nothing to undo", Tone::Plain);
    model.notice = Some(answer);
    let line = Line::new(ago(300), "db", "#44 refused", Tone::Trouble);
    model.log.push_back(line);
    assert!(text(&screen(&model)).contains("00:12:40 nothing to undo"));
    model.now = NOW + Duration::from_secs(9);
    let later = text(&screen(&model));
    assert!(!later.contains("nothing to undo"));
    assert!(later.contains("! db: #44 refused"));
}

#[test]
fn a_quiet_screen_has_no_seconds() {
    let mut model = few(80, 24, 3);
    model.quiet = true;
    let before = text(&screen(&model));
    model.now += ms(10_000);
    let mut snapshot = Snapshot::clone(&model.snapshot);
    for conn in &mut snapshot.conns {
        conn.age += ms(4_000);
        if let ConnState::Idle(time) = &mut conn.state {
            *time += ms(4_000);
        }
    }
    model.snapshot = Arc::new(snapshot);
    assert_eq!(text(&screen(&model)), before);
    assert!(before.contains(" 12 min\n"), "{before}");
}

#[test]
fn the_header_drops_the_seed_before_the_steps_that_can_be_undone() {
    for width in 40..=200 {
        let mut model = rich(width, 30);
        update(&mut model, Action::Turn(Turn::To(6)));
        update(&mut model, Action::Turn(Turn::To(7)));
        let header = row(&screen(&model), 0);
        assert!(
            !header.contains("seed") || header.contains("undo 2"),
            "{header}"
        );
    }
}
