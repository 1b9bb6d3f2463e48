//! What the application does about it: findings, sweeps, the view for an audience, the tour, two settings side by side, waits.

use std::sync::Arc;
use std::time::Duration;

use faultboard::fault::{Directions, PerDirection, Plan};
use faultboard::snapshot::{
    Clean, Confidence, ConnId, ConnState, Event, Figure, Finding, Habit, Happening, Met, Snapshot,
    Spread, Stalls, Unanswered,
};
use faultboard::sweep::{Curve, Ended, GivesUp, Step as SweepStep, Sweep};
use faultboard::tour;
use faultboard::ui::action::Action;
use faultboard::ui::keymap;
use faultboard::ui::model::{Guide, Model, Side, TwoSettings};
use faultboard::ui::theme::Charset;
use faultboard::ui::update::update;

use crate::support;
use crate::support::{NOW, few, ms, screen, spread, text};
use crate::{assert_screen, assert_screens, change_row};

/// Two habits of the first proxy's clients, one of another's.
fn found(model: &mut Model) {
    let finding = |kind, text: &str, n, of, conns: &[u64]| Finding {
        kind,
        which: "request",
        text: text.to_owned(),
        under: "blackhole".into(),
        n,
        of,
        confidence: Confidence::of(n, of),
        values: vec![("after", Figure::Time(ms(2_000)))],
        conns: conns.iter().copied().map(ConnId).collect(),
        since: ms(612_000),
    };
    let gives_up = "gives up on a request after 2.0 s (14 of 14, 1.98–2.03 s)";
    let tries = "tries again: 3 more attempts for each failed request, 1.0 s apart (4 of 5)";
    let herd = "comes back all at once after the upstream broke off: 18 to 29 attempts within 100 ms of each other (4 times)";
    change_row(model, 0, |row| {
        row.findings = [
            finding(Habit::GivesUp, gives_up, 14, 14, &[44, 43, 41, 40, 31]),
            finding(Habit::TriesAgain, tries, 4, 5, &[44, 41]),
        ]
        .into();
    });
    change_row(model, 2, |row| {
        let gives_up = finding(Habit::GivesUp, gives_up, 6, 7, &[51]);
        row.findings = [gives_up, finding(Habit::TriesAgain, herd, 4, 4, &[49])].into();
    });
    update(model, Action::Findings);
}

#[test]
fn what_applications_do_about_it_is_a_page() {
    assert_screens("findings", 4, found);
}

#[test]
fn what_stalls_of_the_desk_leave_out_is_said_on_the_page() {
    let mut model = few(80, 24, 3);
    change_row(&mut model, 0, |row| {
        row.stalls = Stalls {
            count: 8,
            longest: ms(312),
        };
    });
    update(&mut model, Action::Findings);
    let shown = text(&screen(&model));
    for line in [
        "in the last minute: 8, the longest of 312 ms;",
        "shows no times",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
}

/// What the demo's shop answered as its latency was climbed: answers, waits, what failed, who left.
const SHOP: [(u64, f64, f64, u64, u64); 9] = [
    (78, 68.6, 104.4, 0, 0),
    (73, 90.6, 149.5, 0, 0),
    (67, 124.9, 184.3, 0, 0),
    (57, 180.2, 248.8, 0, 0),
    (49, 311.3, 372.7, 0, 0),
    (32, 569.3, 602.1, 0, 0),
    (22, 1_065.0, 1_105.9, 0, 0),
    (1, 0.0, 0.0, 6, 9),
    (0, 0.0, 0.0, 3, 9),
];

/// A sweep of the first proxy, as the demo's shop answered one: the first steps of it, and how it ended.
fn swept(model: &mut Model, number: u32, steps: usize, ended: Option<Ended>) {
    let dial = faultboard::ui::knob::all()[0];
    let sweep = Sweep::of(dial, Directions::Both);
    let proxy = model.snapshot.proxies[0].name.clone();
    let slower = f64::from(number);
    let steps = SHOP[..steps].iter().zip(0_u32..);
    let steps = steps.map(|((answers, p50, p99, failed, left), at)| SweepStep {
        at_s: 700.0 + f64::from(at) * 5.0,
        lasted_s: 5.0,
        asked: *answers,
        answers: *answers,
        p50_ms: (*p50 > 0.0).then_some(p50 * slower),
        p99_ms: (*p99 > 0.0).then_some(p99 * slower),
        mean_ms: (*p50 > 0.0).then_some(p50 * slower),
        pause_ms: Some(300.0),
        oldest_ms: 2_020.0,
        failed: *failed,
        left: *left,
        gives_up: (*left > 0).then_some(GivesUp {
            after_ms: 2_003.0,
            n: 6,
            of: 6,
        }),
        ..SweepStep::default()
    });
    let curve = Curve {
        steps: steps.collect(),
        since_s: NOW.as_secs_f64() - 1.6,
        ended,
        ..Curve::new(number, proxy.clone(), &sweep)
    };
    let what = Happening::Swept {
        curve: Arc::new(curve),
        before: Arc::default(),
    };
    let event = Event {
        at: NOW,
        proxy,
        by: None,
        what,
    };
    update(model, Action::Happened(Arc::new(event)));
}

#[test]
fn a_fault_that_is_climbed_is_drawn_as_it_climbs() {
    assert_screens("sweep_climbs", 4, |model| {
        swept(model, 1, 5, None);
        update(model, Action::Sweeps);
    });
}

#[test]
fn a_sweep_that_has_ended_shows_the_cliff_beside_an_earlier_one() {
    assert_screens("sweep", 4, |model| {
        swept(model, 2, 7, Some(Ended::Stopped));
        swept(model, 1, 9, Some(Ended::Done));
        update(model, Action::Sweeps);
        update(model, Action::LayOver);
    });
}

#[test]
fn a_sweep_that_has_just_begun_says_what_comes_and_what_ends_it() {
    let mut model = few(80, 24, 4);
    swept(&mut model, 1, 0, None);
    update(&mut model, Action::Sweeps);
    assert_screen("sweep_begins", &model);
}

/// A latency of 250 ms where clients waited 41 ms before, and one thing is known of them.
fn slower(model: &mut Model) {
    change_row(model, 0, |row| {
        row.clean = Some(Arc::new(Clean {
            feels: spread(41, 4, 200),
            answers: 20.0,
            rates: PerDirection::default(),
            failed: 0,
            span: ms(10_000),
            until: ms(600_000),
        }));
    });
}

#[test]
fn the_presenters_view_is_read_from_afar() {
    assert_screens("presenter", 4, |model| {
        slower(model);
        update(model, Action::Presenter);
    });
    assert_screens("presenter_waits", 4, |model| {
        slower(model);
        found(model);
        in_a_hole(model);
        update(model, Action::Back);
        update(model, Action::Presenter);
    });
    for (width, height) in [(60, 16), (40, 10)] {
        for (name, charset) in [("", Charset::Unicode), ("_ascii", Charset::Ascii)] {
            let mut model = few(width, height, 4);
            model.theme.charset = charset;
            slower(&mut model);
            update(&mut model, Action::Presenter);
            assert_screen(format!("presenter_{width}x{height}{name}"), &model);
        }
    }
}

/// The demo's tour in an act, counted from 0, of whose keys so many were pressed.
fn led(model: &mut Model, act: usize, pressed: usize) {
    let is_key = |word: &str| keymap::Key::named(word).is_some();
    let tour = tour::parse(include_str!("../../assets/demo.tour"), is_key);
    assert_eq!(tour.problems("demo.tour").collect::<Vec<_>>(), [""; 0]);
    assert_eq!(tour.acts.len(), 6);
    let guide = Guide::new(Arc::new(tour), false);
    model.guide = Some(Guide {
        at: Some(act),
        pressed,
        ..guide
    });
    update(model, Action::Presenter);
}

#[test]
fn a_tour_says_what_to_press_and_then_what_to_look_at() {
    assert_screens("tour", 4, |model| led(model, 2, 1));
    for (width, height) in [(60, 16), (40, 10)] {
        let mut model = few(width, height, 4);
        slower(&mut model);
        led(&mut model, 1, 1);
        assert_screen(format!("tour_{width}x{height}"), &model);
    }
}

#[test]
fn clients_that_hung_up_are_told_apart_from_what_failed() {
    let mut model = few(80, 24, 3);
    change_row(&mut model, 0, |row| {
        row.history = support::history(|_| Some(256), |_| [0.0; 2], |at| u32::from(at == 118) * 3);
    });
    assert!(text(&screen(&model)).contains("failed 3"));
    change_row(&mut model, 0, |row| {
        for point in &mut Arc::make_mut(&mut row.history).points {
            point.left = point.failed;
        }
    });
    let shown = text(&screen(&model));
    assert!(
        shown.contains("left 3") && !shown.contains("failed 3"),
        "{shown}"
    );
    update(&mut model, Action::Presenter);
    let shown = text(&screen(&model));
    let told = "3 connections hung up by the client in the last 10 s";
    assert!(shown.contains(told), "{shown}");
}

/// Every strip has two settings; of the first one and the one below it, A acts.
fn two_settings(model: &mut Model) {
    for at in 0..model.snapshot.proxies.len() {
        let id = model.snapshot.proxies[at].id;
        let side = if at < 2 { Side::A } else { Side::B };
        let other = Plan::default();
        let met = [(41, 24.1, 0), (291, 6.9, 2)].map(|(p50, answers, failed)| {
            let spread = Spread {
                count: 240,
                p1: ms(p50 - 2),
                p50: ms(p50),
                p99: ms(p50 + 22),
            };
            let met = Met {
                feels: Some(spread),
                answers,
                failed,
                cut: 0,
                span: ms(10_000),
            };
            Some((Plan::default(), Arc::new(met)))
        });
        let two = TwoSettings { side, other, met };
        model.settings.insert(id, two);
    }
}

#[test]
fn two_settings_stand_beside_each_other_once_nothing_else_is_new() {
    assert_screens("two_settings_met", 4, |model| {
        two_settings(model);
        model.now += Duration::from_secs(30);
    });
}

#[test]
fn a_strip_with_two_settings_says_which_one_acts() {
    assert_screens("two_settings", 4, |model| {
        two_settings(model);
        update(model, Action::SwapSettings);
    });
    assert_screens("two_settings_of_thirty", 30, two_settings);
    for (name, opens) in [
        ("strip", Action::LookCloser),
        ("presenter", Action::Presenter),
    ] {
        let mut model = few(80, 24, 4);
        two_settings(&mut model);
        update(&mut model, opens);
        assert_screen(format!("two_settings_{name}"), &model);
    }
}

/// The first proxy is in a hole for ten seconds: four of its clients wait for an answer, each twice as long as the next.
fn in_a_hole(model: &mut Model) {
    change_row(model, 0, |row| {
        let hole = faultboard::fault::language::parse("blackhole");
        row.plan = Arc::new(Plan::of(hole.expect("faults")));
        row.unanswered = Unanswered {
            count: 4,
            oldest: ms(10_200),
            overdue: 4,
        };
        let history = Arc::make_mut(&mut row.history);
        for (ago, point) in (0..20).zip(history.points.iter_mut().rev()) {
            point.feels = None;
            point.waits = Some(ms(10_200 - 500 * ago));
        }
    });
    let mut snapshot = Snapshot::clone(&model.snapshot);
    let conns = snapshot.conns.iter_mut().filter(|conn| conn.proxy.0 == 1);
    for (conn, wait) in conns.zip([10_200, 5_100, 2_550, 1_270]) {
        conn.waits = Some(ms(wait));
        conn.state = ConnState::Idle(ms(wait));
    }
    model.snapshot = Arc::new(snapshot);
}

#[test]
fn an_application_that_gets_no_answer_does_not_look_calm() {
    assert_screens("waits", 4, in_a_hole);
}
