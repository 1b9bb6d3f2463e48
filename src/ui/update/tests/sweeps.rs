//! Faults that are climbed: the page, the key that begins it, and any key that ends it.

use super::*;
use crate::sweep::{Curve, Ended, Step, Sweep};
use crate::ui::model::{Overlay, SweepPage};

/// The curve of the selected knob, with so many steps measured.
fn curve(number: u32, steps: usize, ended: Option<Ended>) -> Arc<Curve> {
    let sweep = Sweep::of(knob::all()[0], Directions::Both);
    let step = Step {
        lasted_s: 5.0,
        answers: 10,
        p50_ms: Some(20.0),
        p99_ms: Some(30.0),
        ..Step::default()
    };
    Arc::new(Curve {
        steps: vec![step; steps],
        ended,
        ..Curve::new(number, "db".to_owned(), &sweep)
    })
}

fn told(curve: Arc<Curve>) -> Action {
    Action::Happened(Arc::new(Event {
        at: Duration::from_secs(2),
        proxy: "db".to_owned(),
        by: None,
        what: Happening::Swept {
            curve,
            before: Arc::default(),
        },
    }))
}

/// A model whose first proxy is climbed and looked at.
fn climbing() -> Model {
    let mut model = model();
    let asked = does(&mut model, [Action::Sweep]);
    let [Effect::Ask(ticket, Request::Sweep(ProxyId(1), _))] = asked[..] else {
        panic!("{asked:?}");
    };
    let begun = Outcome::Sweeping(ProxyId(1), curve(1, 0, None));
    does(&mut model, [did(ticket, begun)]);
    model
}

fn shown(model: &Model) -> Option<SweepPage> {
    match model.overlays.last() {
        Some(Overlay::Sweep(page)) => Some(*page),
        _ => None,
    }
}

#[test]
fn the_knob_is_climbed_over_its_stops_and_looked_at() {
    let mut model = model();
    let asked = does(&mut model, [Action::Sweep]);
    let wanted = Sweep::of(knob::all()[0], Directions::Both);
    let [Effect::Ask(_, Request::Sweep(ProxyId(1), sweep))] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(**sweep, wanted);
    assert_eq!(shown(&climbing()).map(|page| page.number), Some(1));
}

#[test]
fn a_knob_without_values_is_not_climbed() {
    let mut model = model();
    let is_switch = |dial: &knob::Dial| !Sweep::can_climb(dial);
    model.knob = knob::all().iter().position(is_switch).expect("a switch");
    assert!(does(&mut model, [Action::Sweep]).is_empty());
    let said = model.notice.as_ref().and_then(|line| model.said(line));
    assert!(said.is_some_and(|said| said.text.contains("has no value to climb")));
}

#[test]
fn any_key_ends_the_sweep_that_is_looked_at_and_does_nothing_else() {
    for key in [
        Action::Back,
        Action::Quit,
        Action::Interrupt,
        Action::Turn(Turn::To(5)),
        Action::Help,
        Action::Freeze,
        Action::Unbound(keymap::Key::named("x").expect("a key")),
    ] {
        let mut model = climbing();
        let effects = does(&mut model, [key.clone()]);
        let stops =
            |effect: &Effect| matches!(effect, Effect::Ask(_, Request::StopSweep(ProxyId(1))));
        assert!(
            effects.len() == 1 && stops(&effects[0]),
            "{key:?} {effects:?}"
        );
        assert!(shown(&model).is_some() && model.frozen.is_none(), "{key:?}");
        // It is over: keys mean what they mean.
        does(&mut model, [told(curve(1, 2, Some(Ended::Stopped)))]);
        assert!(model.climbing().is_none());
        does(&mut model, [Action::Back]);
        assert_eq!(shown(&model), None);
    }
}

#[test]
fn what_goes_on_by_itself_ends_no_sweep() {
    let mut model = climbing();
    let next = [
        Action::Tick,
        Action::Focused,
        Action::Resized(Size::new(100, 30)),
        Action::Sampled(Arc::new(desk())),
        told(curve(1, 1, None)),
    ];
    let effects = does(&mut model, next);
    assert!(
        effects
            .iter()
            .all(|effect| !matches!(effect, Effect::Ask(_, Request::StopSweep(_))))
    );
    assert_eq!(
        model.climbing().map(|swept| swept.curve.steps.len()),
        Some(1)
    );
    // The same key shows it once more, and begins no second one.
    model.overlays.clear();
    let effects = does(&mut model, [Action::Sweep]);
    assert!(effects.is_empty() && shown(&model).is_some(), "{effects:?}");
}

#[test]
fn finished_sweeps_are_shown_again_laid_over_copied_and_written() {
    let mut model = climbing();
    does(
        &mut model,
        [told(curve(1, 9, Some(Ended::Done))), Action::Back],
    );
    for number in 2..=5 {
        does(&mut model, [told(curve(number, 9, Some(Ended::Done)))]);
    }
    does(&mut model, [Action::Sweeps]);
    assert_eq!(shown(&model), Some(SweepPage { number: 5, over: 0 }));
    for over in [1, 2, 3, 0] {
        does(&mut model, [Action::LayOver]);
        assert_eq!(shown(&model).map(|page| page.over), Some(over));
    }
    does(
        &mut model,
        [Action::PreviousOne, Action::PreviousOne, Action::NextOne],
    );
    assert_eq!(shown(&model), Some(SweepPage { number: 4, over: 0 }));
    let copied = does(&mut model, [Action::Copy]);
    let wanted =
        "db latency: holds to 10 s, the last value: the median wait goes from 20 ms to 20 ms";
    assert_eq!(copied, [Effect::Copy(wanted.to_owned())]);
    does(&mut model, [Action::WriteScene]);
    let written = does(&mut model, [Action::Accept]);
    let [
        Effect::WriteSweep {
            file,
            text,
            replaces: false,
        },
    ] = &written[..]
    else {
        panic!("a file of that name may be somebody's: {written:?}");
    };
    assert_eq!(file.to_str(), Some("db-latency.svg"));
    assert!(text.starts_with("<svg"));
    let (file, result) = (file.clone(), Ok(()));
    let answer = Answer::SweepWritten { file, result };
    let again = [Action::Answered(answer), Action::WriteScene, Action::Accept];
    let again = does(&mut model, again);
    assert!(matches!(
        &again[..],
        [Effect::WriteSweep { replaces: true, .. }]
    ));
    does(&mut model, [Action::Sweeps]);
    assert_eq!(shown(&model), None);
}

#[test]
fn leaving_tells_what_was_set_before_a_sweep() {
    let mut model = climbing();
    let mut snapshot = desk();
    let latency = crate::fault::language::parse("latency 10ms").expect("faults");
    snapshot.proxies[0].plan = Arc::new(Plan::of(latency));
    does(
        &mut model,
        [told(curve(1, 1, None)), Action::Sampled(Arc::new(snapshot))],
    );
    let (_, _, plan) = &model.farewell(Vec::new()).proxies[0];
    assert!(plan.is_empty(), "{plan}");
}

/// Somebody who is not the user has set faults.
fn changed(at: u64, by: Author, [before, plan]: [&str; 2]) -> Action {
    let plan_of = |text: &str| {
        let settings = match text {
            "" => Vec::new(),
            text => crate::fault::language::parse(text).expect("faults"),
        };
        Arc::new(Plan::of(settings))
    };
    Action::Happened(Arc::new(Event {
        at: Duration::from_millis(at),
        proxy: "db".to_owned(),
        what: Happening::Faults {
            before: Some(plan_of(before)),
            plan: plan_of(plan),
        },
        by: Some(by),
    }))
}

#[test]
fn what_a_sweep_or_a_tape_sets_is_marked_as_any_change_is() {
    let mut model = climbing();
    does(&mut model, [told(curve(1, 0, None))]);
    let notice_before = notice(&model);
    does(
        &mut model,
        [
            changed(2_000, Author::SWEEP, ["", "latency 10ms"]),
            changed(7_000, Author::SWEEP, ["latency 10ms", "latency 25ms"]),
            changed(9_000, Author::SWEEP, ["latency 25ms", ""]),
            changed(11_000, Author::REPLAY, ["", "latency 250ms, loss 2%"]),
            // What the user has done was kept as it was done.
            changed(12_000, Author::CONSOLE, ["latency 250ms, loss 2%", ""]),
        ],
    );
    let marks = model.changes_of(ProxyId(1));
    let marks: Vec<String> = marks
        .map(|change| {
            format!(
                "▲{} {} {}",
                change.number,
                change.at.as_millis(),
                change.said()
            )
        })
        .collect();
    assert_eq!(
        marks,
        [
            "▲1 2000 db: sweep LAT off → 10ms",
            "▲2 7000 db: sweep LAT 10ms → 25ms",
            "▲3 9000 db: sweep ends, LAT 25ms → off",
            "▲4 11000 db: replay LAT off → 250ms, LOS off → 2%",
        ]
    );
    assert_eq!(notice(&model), notice_before, "nobody asked for it");
    assert!(model.undo.is_empty(), "it is nothing of the user's to undo");
}

#[test]
fn what_others_set_waits_for_a_screen_that_is_frozen() {
    let mut model = model();
    does(&mut model, [Action::Freeze]);
    let lines = model.logged;
    does(
        &mut model,
        [changed(2_000, Author::REPLAY, ["", "latency 1s"])],
    );
    assert_eq!(model.logged, lines);
    does(&mut model, [turn(Turn::To(5))]);
    assert_eq!(model.logged, lines + 1, "what the user does is told");
    does(&mut model, [Action::Freeze]);
    assert_eq!(model.logged, lines + 2);
}
