//! Knobs, bypass and solo: what is sent, and what is said of it.

use super::*;

#[test]
fn one_key_sets_a_value_and_shows_it_before_any_snapshot() {
    let mut model = model();
    let effects = does(&mut model, [turn(Turn::To(5))]);
    assert_eq!(plans(&effects), ["1: latency 250ms"]);
    assert_eq!(shown(&model, 1), "latency 250ms");
    assert_eq!(notice(&model), "db: LAT off → 250ms");
    assert_eq!(model.undo.len(), 1);
}

#[test]
fn a_fault_with_a_name_is_taken_off_by_its_place_and_put_back() {
    let mut model = model();
    let line = "set db latency 100ms as=slow, latency 1s as=\"my toxic\", loss 2%";
    let effects = does(
        &mut model,
        [Action::Palette(line.to_owned()), Action::Accept],
    );
    let all = "latency 100ms as=slow, latency 1s as=\"my toxic\", loss 2%";
    assert_eq!(plans(&effects), [format!("1: {all}")]);
    let effects = does(&mut model, [Action::TakeOff(2)]);
    assert_eq!(plans(&effects), ["1: latency 100ms as=slow, loss 2%"]);
    assert_eq!(notice(&model), "db: my toxic: LAT 1s → off");
    assert_eq!(does(&mut model, [Action::TakeOff(2)]), []);
    does(&mut model, [Action::Undo]);
    assert_eq!(shown(&model, 1), all);
    does(&mut model, [Action::AllOff]);
    assert_eq!(shown(&model, 1), "");
}

#[test]
fn an_answer_completes_the_change_that_notice_mark_and_line_tell_of() {
    let mut model = model();
    let effects = does(&mut model, [turn(Turn::To(5))]);
    does(&mut model, [set(ticket(&effects), 1, 3)]);
    assert_eq!(
        notice(&model),
        "db: LAT off → 250ms, taken by 3 of 3 in 3 ms"
    );
    let change = model.changes_of(ProxyId(1)).next().expect("a mark");
    assert_eq!(
        (change.number, change.text.as_str()),
        (1, "LAT off → 250ms")
    );
    assert_eq!(change.taken.map(|taken| taken.taken), Some(3));
    let line = model.said(&model.log[0]).expect("a line");
    assert_eq!(line.change, Some(change));
}

#[test]
fn an_answer_speaks_for_the_commands_that_it_overtook() {
    let mut model = model();
    let effects = does(&mut model, [turn(Turn::To(5)), turn(Turn::Off)]);
    does(&mut model, [set(ticket(&effects[1..]), 1, 3)]);
    assert!(model.changes.iter().all(|change| change.taken.is_some()));
    assert!(model.changes.iter().all(|change| change.awaited.is_empty()));
}

#[test]
fn a_draft_is_shown_until_a_snapshot_after_the_answer() {
    let mut model = model();
    let effects = does(&mut model, [turn(Turn::To(5))]);
    let sample = |model: &mut Model, at: u64| {
        let snapshot = Snapshot {
            at: Duration::from_millis(at),
            ..desk()
        };
        update(model, Action::Sampled(Arc::new(snapshot)));
    };
    sample(&mut model, 1_050);
    assert_eq!(shown(&model, 1), "latency 250ms", "not answered yet");
    model.now = Duration::from_millis(1_100);
    does(&mut model, [set(ticket(&effects), 1, 3)]);
    sample(&mut model, 1_090);
    assert_eq!(shown(&model, 1), "latency 250ms", "an older snapshot");
    sample(&mut model, 1_150);
    assert_eq!(shown(&model, 1), "", "what the engine says");
}

#[test]
fn a_turn_that_changes_nothing_sends_nothing_and_says_so() {
    let mut model = model();
    assert_eq!(does(&mut model, [turn(Turn::Off)]), []);
    assert_eq!(notice(&model), "db: LAT stays at off");
    assert_eq!(model.undo.len(), 0);
}

#[test]
fn a_held_key_is_one_step_one_mark_and_one_line() {
    let mut model = model();
    for _ in 0..10 {
        model.now += Duration::from_millis(33);
        does(&mut model, [turn(Turn::Fine(1))]);
    }
    assert_eq!(shown(&model, 1), "latency 50ms");
    assert_eq!(model.undo.len(), 1);
    assert_eq!(model.changes_of(ProxyId(1)).count(), 1);
    assert_eq!(model.log.len(), 1);
    assert_eq!(told(&model, 0), "LAT off → 50ms");
    let effects = does(&mut model, [Action::Undo]);
    assert_eq!(plans(&effects), ["1: "]);
}

#[test]
fn a_pause_another_knob_or_another_proxy_ends_a_held_key() {
    let mut model = model();
    does(&mut model, [turn(Turn::Fine(1))]);
    model.now += Duration::from_millis(501);
    does(&mut model, [turn(Turn::Fine(1))]);
    assert_eq!(model.undo.len(), 2);
    does(&mut model, [Action::NextKnob, turn(Turn::Fine(1))]);
    assert_eq!(model.undo.len(), 3);
    does(&mut model, [Action::Down, turn(Turn::Fine(1))]);
    assert_eq!(model.undo.len(), 4);
}

#[test]
fn the_direction_chosen_is_the_one_turned() {
    let mut model = model();
    let effects = does(&mut model, [Action::NextDirections, turn(Turn::To(1))]);
    assert_eq!(plans(&effects), ["1: latency 10ms down"]);
    let effects = does(&mut model, [Action::NextDirections, turn(Turn::To(1))]);
    assert_eq!(plans(&effects), ["1: latency 10ms up, latency 10ms down"]);
    does(&mut model, [Action::NextDirections]);
    assert_eq!(model.directions, Directions::Both);
}

#[test]
fn all_off_takes_every_fault_of_the_proxy_and_undo_gives_them_back() {
    let mut model = model();
    does(
        &mut model,
        [
            turn(Turn::To(5)),
            Action::NextKnob,
            turn(Turn::To(1)),
            Action::AllOff,
        ],
    );
    assert_eq!(shown(&model, 1), "");
    does(&mut model, [Action::Undo]);
    assert_eq!(shown(&model, 1), "latency 250ms jitter=5ms");
}

#[test]
fn turning_a_bypassed_proxy_says_that_it_is() {
    let mut model = model();
    does(&mut model, [Action::Bypass, turn(Turn::To(5))]);
    assert!(notice(&model).contains("bypassed"), "{}", notice(&model));
    assert_eq!(shown(&model, 1), "latency 250ms (bypassed)");
}

#[test]
fn bypassing_all_is_one_step_and_one_line_for_all() {
    let mut model = model();
    let effects = does(&mut model, [Action::BypassAll]);
    assert_eq!(effects.len(), 3);
    let one = ticket(&effects);
    does(&mut model, [set(one, 1, 3), set(one, 2, 0), set(one, 3, 1)]);
    assert_eq!(notice(&model), "all: bypass on, taken by 4 of 4 in 3 ms");
    assert_eq!(model.log.len(), 1);
    does(&mut model, [Action::BypassAll]);
    assert!((1..=3).all(|id| shown(&model, id).is_empty()));
    does(&mut model, [Action::Undo, Action::Undo]);
    assert!((1..=3).all(|id| shown(&model, id).is_empty()));
    assert_eq!(model.undo.len(), 0);
}

#[test]
fn bypassing_all_bypasses_the_rest_where_one_is() {
    let mut model = model();
    let effects = does(&mut model, [Action::Bypass, Action::BypassAll]);
    assert_eq!(effects.len(), 3);
    assert!((1..=3).all(|id| shown(&model, id) == " (bypassed)"));
}

fn alone(model: &Model) -> Option<ProxyId> {
    model.solo.as_ref().map(|solo| solo.proxy)
}

#[test]
fn what_a_change_of_several_proxies_is_called_says_which() {
    let mut model = model();
    does(&mut model, [Action::Solo]);
    assert_eq!(notice(&model), "db: solo, web and cache bypassed");
    does(&mut model, [Action::Undo]);
    assert_eq!(notice(&model), "web and cache: undo bypass off");
    does(&mut model, [Action::Redo, Action::Down, Action::Solo]);
    assert_eq!(notice(&model), "web: solo, db bypassed");
    does(&mut model, [Action::Solo]);
    assert_eq!(notice(&model), "web: solo is off, db and cache act again");
    does(&mut model, [Action::BypassAll]);
    assert_eq!(notice(&model), "all: bypass on");
    for id in 1..=3 {
        let change = model.changes_of(ProxyId(id)).next_back().expect("a mark");
        assert_eq!(change.said().to_string(), "all: bypass on");
    }
    does(&mut model, [Action::Undo]);
    assert_eq!(notice(&model), "all: undo bypass off");
}

#[test]
fn undo_gives_back_which_proxy_acted_alone() {
    let mut model = model();
    does(&mut model, [Action::Solo, turn(Turn::To(5)), Action::Undo]);
    assert_eq!(alone(&model), Some(ProxyId(1)), "a turn is no end of solo");
    does(&mut model, [Action::BypassAll]);
    assert_eq!(alone(&model), None);
    does(&mut model, [Action::Undo]);
    assert_eq!(alone(&model), Some(ProxyId(1)));
    does(&mut model, [Action::Solo]);
    assert!(
        (1..=3).all(|id| shown(&model, id).is_empty()),
        "as before solo"
    );
    does(&mut model, [Action::Undo, Action::Undo]);
    assert_eq!(alone(&model), None);
}

#[test]
fn a_change_of_a_fault_that_hits_some_connections_says_how_many() {
    let mut model = model();
    let half = crate::fault::language::parse("latency 250ms share=50%").expect("a fault");
    let mut row = row(1, "db", 4);
    row.plan = Arc::new(Plan::of(half));
    let desk = Snapshot {
        proxies: vec![row],
        ..desk()
    };
    does(
        &mut model,
        [Action::Sampled(Arc::new(desk)), turn(Turn::To(6))],
    );
    assert_eq!(
        notice(&model),
        "db: LAT 250ms → 500ms on 50% of connections"
    );
}

#[test]
fn a_change_that_knobs_do_not_show_is_said_in_settings() {
    for (before, after, says) in [
        ("latency 250ms", "latency 500ms", "LAT 250ms → 500ms"),
        (
            "latency 250ms",
            "latency 250ms share=50%",
            "latency 250ms → latency 250ms share=50%",
        ),
        (
            "latency 250ms",
            "latency 300ms start=2s",
            "latency 250ms → latency 300ms start=2s",
        ),
        (
            "latency 250ms",
            "latency 250ms jitter=5ms dist=normal",
            "latency 250ms → latency 250ms jitter=5ms dist=normal",
        ),
        (
            "latency 250ms",
            "latency 125ms up, bandwidth 1MB/s",
            "latency 250ms → latency 125ms up, BW off → 1MB/s",
        ),
        (
            "loss 2% burst=3",
            "latency 5ms",
            "LAT off → 5ms, LOS 2% → off",
        ),
    ] {
        let plan = |text: &str| Plan::of(crate::fault::language::parse(text).expect("faults"));
        assert_eq!(
            crate::ui::changes::changes(Some(&plan(before)), &plan(after)),
            says
        );
    }
}

#[test]
fn a_change_that_ends_connections_says_how_many() {
    for (of, cut, says) in [
        (4, 4, "db: RST off → 100%: 4 of 4 cut in 3 ms"),
        (4, 1, "db: RST off → 100%, taken by 4 of 4 in 3 ms, 1 cut"),
        (0, 0, "db: RST off → 100%, no connection is open"),
    ] {
        let mut model = model();
        let knob = knob::all().iter().position(|dial| dial.knob.label == "RST");
        let effects = does(
            &mut model,
            [Action::ChooseKnob(knob.expect("a knob")), turn(Turn::To(9))],
        );
        let taken = Taken {
            taken: of,
            of,
            cut,
            micros: 3_000,
        };
        let answer = did(ticket(&effects), Outcome::Planned(ProxyId(1), taken));
        does(&mut model, [answer]);
        assert_eq!(notice(&model), says);
    }
}

#[test]
fn solo_of_the_only_proxy_is_said_and_its_end_too() {
    let mut model = empty();
    let mut one = desk();
    one.proxies.truncate(1);
    does(&mut model, [Action::Sampled(Arc::new(one)), Action::Solo]);
    assert_eq!(notice(&model), "db is the only one with its faults");
    does(&mut model, [Action::Solo]);
    assert!(notice(&model).starts_with("solo is off"));
    assert_eq!(model.solo, None);
}

#[test]
fn solo_bypasses_the_others_and_gives_back_what_was() {
    let mut model = model();
    does(
        &mut model,
        [Action::Down, Action::Bypass, Action::Up, Action::Solo],
    );
    let bypassed = |model: &Model| {
        (1..=3)
            .map(|id| !shown(model, id).is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(bypassed(&model), [false, true, true]);
    assert_eq!(alone(&model), Some(ProxyId(1)));
    does(&mut model, [Action::Solo]);
    assert_eq!(bypassed(&model), [false, true, false]);
    assert_eq!(model.solo, None);
}

#[test]
fn without_a_proxy_turning_says_what_would_help() {
    let mut model = empty();
    let keys = [
        turn(Turn::To(5)),
        Action::Bypass,
        Action::BypassAll,
        Action::AllOff,
        Action::Delete,
    ];
    assert_eq!(does(&mut model, keys), []);
    assert_eq!(notice(&model), "no proxy yet: a adds one");
}

#[test]
fn a_preset_is_tried_taken_and_left() {
    let mut model = model();
    does(&mut model, [Action::Turn(Turn::To(5))]);
    let before = model.plan(ProxyId(1)).cloned().expect("a plan");
    does(&mut model, [Action::Presets, Action::Down]);
    assert_eq!(model.mode(), Mode::Presets);
    let effects = does(&mut model, [Action::Audition]);
    let preset = Plan::of(crate::preset::PRESETS[1].settings());
    assert!(
        matches!(&effects[..], [Effect::Ask(_, Request::SetPlan { plan, .. })] if *plan == preset),
        "{effects:?}"
    );
    does(&mut model, [Action::Back]);
    assert_eq!(model.plan(ProxyId(1)), Some(&before));
    does(&mut model, [Action::Presets, Action::Down, Action::Accept]);
    assert_eq!(model.plan(ProxyId(1)), Some(&preset));
    assert!(model.overlays.is_empty());
    does(&mut model, [Action::Undo]);
    assert_eq!(model.plan(ProxyId(1)), Some(&before));
}

fn filter(model: &mut Model, text: &str) {
    let typed = text.chars();
    let typed = typed.map(|letter| Action::Edit(InputRequest::InsertChar(letter)));
    does(model, typed.collect::<Vec<_>>());
}

#[test]
fn presets_are_filtered_by_typing_and_enter_takes_what_is_left() {
    for (typed, preset) in [
        ("3g", "3g"),
        ("SATELL", "geo-satellite"),
        ("lossy", "edge-lossy"),
        ("webpagetest dial", "dial-up"),
    ] {
        let mut model = model();
        does(&mut model, [Action::Presets, Action::Last]);
        filter(&mut model, typed);
        does(&mut model, [Action::Accept]);
        assert_eq!(notice(&model), format!("db: preset {preset}"), "{typed}");
        assert!(model.overlays.is_empty());
    }
}

#[test]
fn a_filter_that_leaves_no_preset_says_so_and_changes_nothing() {
    let mut model = model();
    does(&mut model, [Action::Presets]);
    filter(&mut model, "no such network");
    assert_eq!(does(&mut model, [Action::Audition, Action::Accept]), []);
    assert_eq!(model.mode(), Mode::Presets);
    assert_eq!(notice(&model), "no preset has \"no such network\" in it");
    does(&mut model, [Action::ClearText, Action::Accept]);
    assert!(model.overlays.is_empty());
}

// === Knobs by letter, marks, strips in one row ===

#[test]
fn each_knob_is_two_keys_away() {
    for (index, dial) in knob::all().iter().enumerate() {
        let mut model = model();
        let keys = [
            crossterm::event::KeyCode::Char('\''),
            crossterm::event::KeyCode::Char(dial.knob.letter),
        ];
        for key in keys {
            let action = keymap::lookup(model.mode(), key.into());
            does(&mut model, [action]);
        }
        assert_eq!(
            (model.knob, model.mode()),
            (index, Mode::Mixer),
            "{}",
            dial.knob.title
        );
    }
}

#[test]
fn the_list_of_knobs_is_walked_without_closing_it() {
    let mut model = model();
    does(
        &mut model,
        [Action::PickKnob, Action::NextKnob, Action::NextKnob],
    );
    assert_eq!((model.knob, model.mode()), (2, Mode::Knobs));
    does(&mut model, [Action::Accept]);
    assert_eq!((model.knob, model.mode()), (2, Mode::Mixer));
}

#[test]
fn marked_proxies_turn_together_as_one_step() {
    let mut model = model();
    does(&mut model, [Action::Mark, Action::Down, turn(Turn::To(3))]);
    assert_eq!(shown(&model, 1), "", "what is not marked turns alone");
    assert_eq!(shown(&model, 2), "latency 50ms");
    does(&mut model, [Action::Down, Action::Mark]);
    assert_eq!(
        notice(&model),
        "2 marked: keys turn them together, Esc takes the marks away"
    );
    let effects = does(&mut model, [turn(Turn::To(5))]);
    assert_eq!(plans(&effects), ["1: latency 250ms", "3: latency 250ms"]);
    assert_eq!(notice(&model), "db and cache: LAT off → 250ms");
    assert_eq!(model.undo.len(), 2);
    does(&mut model, [Action::Undo]);
    assert_eq!(
        [1, 2, 3].map(|id| shown(&model, id)),
        ["", "latency 50ms", ""]
    );
    does(&mut model, [Action::Bypass]);
    assert_eq!(
        [1, 2, 3].map(|id| shown(&model, id)),
        [" (bypassed)", "latency 50ms", " (bypassed)"]
    );
    does(&mut model, [Action::Back]);
    assert!(model.marked.is_empty());
}

#[test]
fn a_held_key_on_marked_proxies_is_one_step_of_all_of_them() {
    let mut model = model();
    does(
        &mut model,
        [turn(Turn::To(2)), Action::Mark, Action::Down, Action::Mark],
    );
    for _ in 0..3 {
        model.now += Duration::from_millis(33);
        does(&mut model, [turn(Turn::Stop(1))]);
    }
    assert_eq!(
        [1, 2].map(|id| shown(&model, id)),
        ["latency 250ms", "latency 50ms"]
    );
    assert_eq!(model.undo.len(), 2);
    assert_eq!(
        notice(&model),
        "db and web: LAT turned, each from where it was"
    );
    does(&mut model, [Action::Undo]);
    assert_eq!([1, 2].map(|id| shown(&model, id)), ["latency 25ms", ""]);
}

#[test]
fn a_mark_goes_with_its_proxy() {
    let mut model = model();
    does(&mut model, [Action::Mark]);
    let mut snapshot = desk();
    snapshot.proxies.remove(0);
    does(&mut model, [Action::Sampled(Arc::new(snapshot))]);
    assert!(model.marked.is_empty());
}

#[test]
fn strips_in_one_row_are_taken_back_by_the_key_that_made_them() {
    let mut model = model();
    does(&mut model, [Action::Compact]);
    assert_eq!(model.compact, Some(true));
    does(&mut model, [Action::Compact]);
    assert_eq!(model.compact, None, "the room decides the same");
}

#[test]
fn a_key_that_means_nothing_says_so_and_what_lists_those_that_do() {
    use crossterm::event::KeyCode;
    for (opens, key, says) in [
        (
            Action::Redraw,
            KeyCode::Char('Q'),
            "Q does nothing here: ? lists the keys",
        ),
        (
            Action::Add,
            KeyCode::F(5),
            "F5 does nothing here: F1 lists the keys",
        ),
        (
            Action::Delete,
            KeyCode::Char('x'),
            "x does nothing here: Esc goes back",
        ),
    ] {
        let mut model = model();
        does(&mut model, [opens]);
        let action = keymap::lookup(model.mode(), key.into());
        does(&mut model, [action]);
        assert_eq!(notice(&model), says);
    }
}

/// A desk whose first proxy's clients felt this at these times, in milliseconds.
pub(super) fn felt(at: u64, felt: &[(u64, u64)]) -> Action {
    let mut snapshot = desk();
    snapshot.at = Duration::from_millis(at);
    let row = &mut snapshot.proxies[0];
    let points = &mut Arc::make_mut(&mut row.history).points;
    points.extend(felt.iter().map(|(at, ms)| Point {
        at: Duration::from_millis(*at),
        feels: Some(Duration::from_millis(*ms)),
        ..Point::default()
    }));
    let time = Duration::from_millis(felt[felt.len() - 1].1);
    row.feels = Some(Spread {
        count: 1,
        p1: time,
        p50: time,
        p99: time,
    });
    Action::Sampled(Arc::new(snapshot))
}

#[test]
fn a_change_learns_what_clients_feel_since() {
    let mut model = model();
    does(&mut model, [felt(1_000, &[(1_000, 41)])]);
    model.now = Duration::from_millis(1_100);
    let effects = does(&mut model, [turn(Turn::To(5))]);
    does(&mut model, [set(ticket(&effects), 1, 3)]);
    assert_eq!(
        notice(&model),
        "db: LAT off → 250ms, taken by 3 of 3 in 3 ms …"
    );
    // Half of that point is from before the change, and then the last second is.
    does(
        &mut model,
        [felt(1_500, &[(1_500, 90)]), felt(2_000, &[(2_000, 291)])],
    );
    assert!(notice(&model).ends_with("in 3 ms …"), "{}", notice(&model));
    does(&mut model, [felt(2_500, &[(2_500, 291)])]);
    assert!(
        notice(&model).ends_with("… feels 41 → 291 ms (x7.1)"),
        "{}",
        notice(&model)
    );
    does(&mut model, [felt(9_000, &[(9_000, 555)])]);
    assert!(notice(&model).ends_with("(x7.1)"), "it is told once");
}

#[test]
fn a_change_that_nobody_feels_waits_no_longer_than_half_a_minute_or_the_next_one() {
    for (later, wait) in [(None, 32_000), (Some(turn(Turn::To(6))), 2_500)] {
        let mut model = model();
        does(&mut model, [felt(1_000, &[(1_000, 41)])]);
        model.now = Duration::from_millis(1_100);
        let effects = does(&mut model, [turn(Turn::To(5))]);
        does(&mut model, [set(ticket(&effects), 1, 3)]);
        model.now = Duration::from_millis(1_200);
        does(&mut model, later);
        does(&mut model, [felt(wait, &[(1_000, 41)])]);
        let first = model.changes.front().expect("a change");
        assert_eq!(first.felt, None);
    }
}

// === Presets ===

/// Types a text into the field that has the keys.
fn types(model: &mut Model, text: &str) {
    let keys = text
        .chars()
        .map(|letter| Action::Edit(InputRequest::InsertChar(letter)));
    does(model, keys.collect::<Vec<_>>());
}

#[test]
fn three_keys_and_enter_take_a_preset_by_its_name() {
    let mut model = model();
    does(&mut model, [Action::Presets]);
    types(&mut model, "3g");
    does(&mut model, [Action::Accept]);
    assert!(
        shown(&model, 1).starts_with("latency 300ms"),
        "{}",
        shown(&model, 1)
    );
    assert_eq!(notice(&model), "db: preset 3g");
}

#[test]
fn a_preset_is_taken_on_all_proxies_or_on_the_marked_ones_as_one_step() {
    for (keys, taken) in [
        (vec![Action::Presets], [false, true, true, true]),
        (
            vec![Action::Mark, Action::Down, Action::Mark, Action::Presets],
            [false, true, true, false],
        ),
    ] {
        let mut model = model();
        does(&mut model, keys.clone());
        types(&mut model, "offline");
        let takes = if taken[3] {
            Action::PresetForAll
        } else {
            Action::Accept
        };
        does(&mut model, [takes]);
        let is_taken = |id: u32| shown(&model, id) == "blackhole";
        assert_eq!([1, 2, 3].map(is_taken), taken[1..]);
        assert_eq!(model.undo.len(), 1);
        does(&mut model, [Action::Undo]);
        assert_eq!([1, 2, 3].map(|id| shown(&model, id)), ["", "", ""]);
    }
}

#[test]
fn leaving_the_presets_gives_all_marked_proxies_back_what_they_had() {
    let mut model = model();
    does(
        &mut model,
        [
            turn(Turn::To(5)),
            Action::Mark,
            Action::Down,
            Action::Mark,
            Action::Presets,
        ],
    );
    does(&mut model, [Action::Audition]);
    assert_ne!(shown(&model, 2), "");
    does(&mut model, [Action::Back]);
    assert_eq!([1, 2].map(|id| shown(&model, id)), ["latency 250ms", ""]);
}

#[test]
fn what_is_set_is_kept_under_the_name_that_is_typed() {
    for (faults, name, says) in [
        (
            true,
            "",
            "type a name first: W keeps what is set on db under it",
        ),
        (false, "cafe", "db: no fault is set"),
        (true, "3g", "3g comes with the program: another name"),
        (true, "a b", "a name has 1 to 32 letters, digits, - _ and ."),
    ] {
        let mut model = model();
        does(&mut model, faults.then(|| turn(Turn::To(5))));
        does(&mut model, [Action::Presets]);
        types(&mut model, name);
        assert_eq!(does(&mut model, [Action::KeepPreset]), []);
        assert_eq!(notice(&model), says);
    }
    let mut model = model();
    does(&mut model, [turn(Turn::To(5)), Action::Presets]);
    types(&mut model, "cafe");
    let effects = does(&mut model, [Action::KeepPreset]);
    let (name, faults) = ("cafe".to_owned(), "latency 250ms".to_owned());
    assert_eq!(
        effects,
        [Effect::KeepPreset {
            name: name.clone(),
            faults
        }]
    );
    let result = Ok("presets.toml".to_owned());
    does(
        &mut model,
        [Action::Answered(Answer::PresetKept { name, result })],
    );
    assert_eq!(notice(&model), "preset cafe is kept in presets.toml");
}
