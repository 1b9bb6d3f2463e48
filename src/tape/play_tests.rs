//! Tapes that are played on a real engine, on a clock that the test owns.

use std::sync::Arc;

use tokio::time::sleep;

use super::super::Record;
use super::super::player::Player;
use super::super::tests::{faults, head, second};
use super::*;
use crate::proxy::{Engine, Options, Told};
use crate::snapshot::Happening;
use crate::sweep::Curve;

fn whole() -> Part {
    Part {
        from: Duration::ZERO,
        to: None,
        speed: 1.0,
    }
}

/// A tape of a minute: latency at 10 s, loss at 12.5 s, nothing at 40 s.
fn tape() -> Tape {
    let mut head = head();
    head.proxies[0].mapping = "0=127.0.0.1:9 as db".to_owned();
    let mut tape = Tape::new(head);
    for (millis, set) in [
        (10_000, "latency 250ms"),
        (12_500, "latency 250ms, loss 2%"),
        (40_000, ""),
    ] {
        tape.push(faults(millis, set));
    }
    tape.push(second(60, &[5]));
    tape
}

/// A player of a play whose proxies are there.
async fn begun(engine: &Engine, play: Play) -> Player {
    let Play { first, then, end } = play;
    let player = Player::new(engine.clone(), then, end);
    for what in first {
        player.try_out(what).await.expect("it can be done");
    }
    player
}

/// Waits for something of the engine's threads. They live by the real time, and the paused clock, which leaps whenever the test
/// waits, would be seconds on before they had answered.
async fn while_the_clock_stands<F: Future>(what: F) -> F::Output {
    let (done, is_done) = std::sync::mpsc::sync_channel::<()>(0);
    // The clock does not leap while something blocks.
    let standing = tokio::task::spawn_blocking(move || is_done.recv());
    let output = what.await;
    drop(done);
    // It ends with the error that the other end is gone.
    let _ = standing.await;
    output
}

fn told(moments: &[Moment]) -> Vec<String> {
    let each = moments.iter().map(|moment| match &moment.what {
        Move::Set(name, plan) => format!("{} {name} {plan}", moment.at.as_millis()),
        other => format!("{} {other:?}", moment.at.as_millis()),
    });
    each.collect()
}

#[test]
fn a_part_begins_as_it_stood_and_goes_as_fast_as_asked() {
    for (from, to, speed, first, then, end) in [
        (
            0,
            None,
            1.0,
            "",
            vec![
                "10000 db latency 250ms",
                "12500 db latency 250ms, loss 2%",
                "40000 db ",
            ],
            60_000,
        ),
        (
            11,
            None,
            2.0,
            "latency 250ms",
            vec!["750 db latency 250ms, loss 2%", "14500 db "],
            24_500,
        ),
        (20, Some(30), 0.5, "latency 250ms, loss 2%", vec![], 20_000),
    ] {
        let part = Part {
            from: Duration::from_secs(from),
            to: to.map(Duration::from_secs),
            speed,
        };
        let play = Play::of(&tape(), &part).expect("a play");
        let Move::Add(_, mapping, begins) = &play.first[0] else {
            panic!("{play:?}");
        };
        assert_eq!(
            (mapping.to_string().as_str(), begins.to_string().as_str()),
            ("0=127.0.0.1:9 as db", first)
        );
        assert_eq!(told(&play.then), then);
        assert_eq!(play.end, Duration::from_millis(end));
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a row for each change")]
fn ports_and_names_are_played_as_their_user_changed_them() {
    let mut tape = tape();
    let at = |second: u64, what: What| Record {
        t: Duration::from_secs(second),
        what,
    };
    let proxy = || "db".to_owned();
    for (second, port) in [
        (1, Port::Closed),
        (2, Port::Open),
        (3, Port::Refusing),
        (4, Port::Open),
        (5, Port::Off),
        (6, Port::Open),
    ] {
        let (proxy, by) = (proxy(), String::new());
        tape.push(at(second, What::Port { proxy, port, by }));
    }
    let (before, orders) = (proxy(), "orders".to_owned());
    tape.push(at(
        7,
        What::Renamed {
            proxy: orders,
            before,
            by: String::new(),
        },
    ));
    tape.push(at(
        8,
        What::Removed {
            proxy: "orders".to_owned(),
            by: String::new(),
        },
    ));
    let play = Play::of(
        &tape,
        &Part {
            to: Some(Duration::from_secs(9)),
            ..whole()
        },
    );
    let moves: Vec<Move> = play
        .expect("a play")
        .then
        .into_iter()
        .map(|moment| moment.what)
        .collect();
    let name = "orders".to_owned();
    assert_eq!(
        moves,
        [
            Move::Port(proxy(), false),
            Move::Port(proxy(), true),
            Move::Off(proxy()),
            Move::Port(proxy(), true),
            Move::Rename(proxy(), name),
            Move::Remove("orders".to_owned())
        ]
    );
}

/// The tape of a minute, with other names for its proxy: each from its second on.
fn renamed(names: &[(u64, &str)]) -> Tape {
    let mut tape = tape();
    let mut before = "db".to_owned();
    for (second, name) in names {
        let t = Duration::from_secs(*second);
        let proxy = (*name).to_owned();
        let before = std::mem::replace(&mut before, proxy.clone());
        let by = String::new();
        let what = What::Renamed { proxy, before, by };
        tape.push(Record { t, what });
    }
    tape
}

#[tokio::test(start_paused = true)]
async fn a_part_after_another_name_was_given_begins_with_that_name_and_goes_on() {
    for (names, is_called) in [
        (&[(1, "orders")][..], Some("orders")),
        // A name that nobody can give is one that its mapping comes to: here that of another free port.
        (&[(1, ":1")], None),
        (&[(1, ":1"), (2, "sold")], Some("sold")),
        // In the part that is played, too.
        (&[(1, "orders"), (11, ":1"), (13, "sold")], Some("sold")),
        (&[(11, ":1")], None),
    ] {
        let engine = Engine::start(Options::default()).expect("an engine");
        let part = Part {
            from: Duration::from_secs(5),
            ..whole()
        };
        let mut tape = Tape::new(renamed(&[]).head);
        for record in renamed(names).records() {
            let mut record = record.clone();
            let name = names.iter().rev().find(|(at, _)| *at < record.t.as_secs());
            if let (What::Faults(change), Some((_, name))) = (&mut record.what, name) {
                Arc::make_mut(change).proxy = (*name).to_owned();
            }
            tape.push(record);
        }
        let mut play = Play::of(&tape, &part).expect("a play");
        // Up to the last but one: it is still set.
        play.then.pop();
        let mut events = engine.events();
        begun(&engine, play).await.play().await;
        let errors = events.drain().filter_map(Told::event);
        let errors = errors.filter(|event| matches!(event.what, Happening::Error(_)));
        assert_eq!(errors.count(), 0, "{names:?}");
        let [(id, name)] = &engine.proxies()[..] else {
            panic!("one proxy");
        };
        assert_eq!(is_called.is_none(), name.starts_with(':'), "{name}");
        assert!(is_called.is_none_or(|called| called == name), "{name}");
        let set = engine.plan(*id).expect("a plan");
        assert_eq!(set.to_string(), "latency 250ms, loss 2%");
        engine.stop(Duration::ZERO).await;
    }
}

#[tokio::test(start_paused = true)]
async fn changes_of_a_proxy_that_is_not_there_are_told_once() {
    let engine = Engine::start(Options::default()).expect("an engine");
    let mut events = engine.events();
    let play = Play::of(&tape(), &whole()).expect("a play");
    Player::new(engine.clone(), play.then, play.end)
        .play()
        .await;
    let told: Vec<String> = events
        .drain()
        .filter_map(Told::event)
        .filter_map(|event| match &event.what {
            Happening::Error(error) => Some(error.clone()),
            _ => None,
        })
        .collect();
    let wanted = "the tape cannot be played whole: no proxy is called db";
    assert_eq!(told, [wanted]);
    engine.stop(Duration::ZERO).await;
}

#[test]
fn what_cannot_be_played_is_said_with_its_time() {
    for (from, to, said) in [
        (61_000, None, "it ends at 60s, before --from 61s"),
        (60_001, None, "it ends at 60s, before --from 60.001s"),
        (62_000, Some(61_500), "--from 62s is after --to 61.5s"),
    ] {
        let part = Part {
            from: Duration::from_millis(from),
            to: to.map(Duration::from_millis),
            ..whole()
        };
        let error = Play::of(&tape(), &part).expect_err("too late").to_string();
        assert_eq!(error, said);
    }
    let mut tape = tape();
    tape.push(faults(50_000, "latncy 1s"));
    let error = Play::of(&tape, &whole()).expect_err("a slip").to_string();
    assert!(
        error.starts_with("what it says at 00:00:50.000 does not read:\nlatncy 1s\n^ "),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn changes_are_made_at_their_times() {
    let options = Options {
        workers: 1,
        seed: 7,
        ..Options::default()
    };
    let engine = Engine::start(options).expect("an engine");
    let mut events = engine.events();
    let play = Play::of(&tape(), &whole()).expect("a play");
    begun(&engine, play).await.play().await;
    assert!(engine.now().abs_diff(Duration::from_secs(60)) < Duration::from_millis(5));
    let changes: Vec<(Duration, String)> = events
        .drain()
        .filter_map(Told::event)
        .filter_map(|event| match &event.what {
            Happening::Faults { plan, .. } => Some((event.at, plan.to_string())),
            _ => None,
        })
        .collect();
    let wanted = [
        (10_000, "latency 250ms"),
        (12_500, "latency 250ms, loss 2%"),
        (40_000, ""),
    ];
    assert_eq!(changes.len(), wanted.len(), "{changes:?}");
    for ((at, plan), (millis, set)) in changes.iter().zip(wanted) {
        let off = at.abs_diff(Duration::from_millis(millis));
        assert!(off < Duration::from_millis(5), "{set} {off:?} away");
        assert_eq!(plan, set);
    }
    engine.stop(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_of_a_replay_is_what_was_played() {
    let engine = Engine::start(Options::default()).expect("an engine");
    let setup = super::super::Setup::default();
    let recorder = super::super::Recorder::start(&engine, setup);
    let mut tape = tape();
    for (second, port) in [
        (56, Port::Off),
        (57, Port::Open),
        (58, Port::Closed),
        (59, Port::Off),
    ] {
        let (proxy, by) = ("db".to_owned(), String::new());
        let t = Duration::from_secs(second);
        let what = What::Port { proxy, port, by };
        tape.push(Record { t, what });
    }
    let play = Play::of(&tape, &whole()).expect("a play");
    let (then, end) = (play.then.clone(), play.end);
    let mut player = begun(&engine, play).await;
    recorder.begin().await;
    player.engine = engine.by(Author::REPLAY);
    for moment in then {
        sleep(moment.at.saturating_sub(engine.now())).await;
        let done = while_the_clock_stands(player.try_out(moment.what)).await;
        done.expect("it can be done");
    }
    sleep(end.saturating_sub(engine.now())).await;
    engine.stop(Duration::ZERO).await;
    let taken = recorder.finish().await.expect("a tape");
    let again = Play::of(&taken.tape, &whole()).expect("a play");
    let moves = |moments: Vec<Moment>| -> Vec<Move> {
        moments.into_iter().map(|moment| moment.what).collect()
    };
    assert_eq!(
        moves(again.then),
        moves(Play::of(&tape, &whole()).expect("a play").then)
    );
    let ports = taken
        .tape
        .records()
        .filter_map(|record| match &record.what {
            What::Port { by, .. } => Some(by.as_str()),
            _ => None,
        });
    let ports = ports.skip_while(|by| *by == "start");
    assert_eq!(ports.collect::<Vec<_>>(), ["replay"; 4]);
    assert!(matches!(
        taken.tape.records().next_back().map(|last| &last.what),
        Some(What::End { reason }) if reason == "stopped"
    ));
}

/// A tape of a sweep of two values, from 5 s on, each held for two seconds; `ended` says how it ended.
fn swept(ended: Ended, sets: &[(u64, &str)]) -> Tape {
    let mut head = head();
    head.proxies[0].mapping = "0=127.0.0.1:9 as db".to_owned();
    let mut tape = Tape::new(head);
    for (millis, set) in sets {
        let mut record = faults(*millis, set);
        if let What::Faults(change) = &mut record.what {
            Arc::make_mut(change).by = "sweep".to_owned();
        }
        tape.push(record);
    }
    let line = command::parse("sweep db latency from=10ms to=1s steps=2 hold=2s");
    let Ok(Command::Sweep(_, Sweeping::Begin(sweep))) = line else {
        panic!("{line:?}");
    };
    let curve = Curve {
        since_s: 5.0,
        ended: Some(ended),
        ..Curve::new(1, "db".to_owned(), &sweep)
    };
    tape.push(Record {
        t: Duration::from_millis(sets[sets.len() - 1].0),
        what: What::Sweep(Box::new(curve)),
    });
    tape.push(second(20, &[5]));
    tape
}

#[tokio::test(start_paused = true)]
#[expect(clippy::too_many_lines, reason = "a table, a sweep for each row")]
async fn a_sweep_climbs_again_at_its_times_and_measures_anew() {
    // One that went to its end, one that was stopped at its second value, one that somebody else's change ended.
    for (end, sets, again, measured) in [
        (
            Ended::Done,
            &[(5_000, "latency 10ms"), (7_160, "latency 1s"), (9_320, "")][..],
            Ended::Done,
            2,
        ),
        (
            Ended::Stopped,
            &[(5_000, "latency 10ms"), (7_160, "latency 1s"), (8_000, "")],
            Ended::Stopped,
            1,
        ),
        (
            Ended::Changed,
            &[(5_000, "latency 10ms"), (7_160, "latency 1s")],
            Ended::Changed,
            1,
        ),
    ] {
        let mut tape = swept(end, sets);
        if end == Ended::Changed {
            tape.push(faults(8_000, "loss 2%"));
        }
        let engine = Engine::start(Options {
            workers: 1,
            ..Options::default()
        });
        let engine = engine.expect("an engine");
        let mut events = engine.events();
        let play = Play::of(&tape, &whole()).expect("a play");
        begun(&engine, play).await.play().await;
        let told: Vec<_> = events.drain().filter_map(Told::event).collect();
        let set = told.iter().filter_map(|event| match &event.what {
            Happening::Faults { plan, .. } => Some((event.at, plan.to_string(), event.by.clone()?)),
            _ => None,
        });
        let wanted = sets.iter().map(|(at, set)| (at, *set, Author::SWEEP));
        let changed = (end == Ended::Changed).then_some((&8_000, "loss 2%", Author::REPLAY));
        let wanted: Vec<_> = wanted.chain(changed).collect();
        let set: Vec<_> = set.collect();
        assert_eq!(set.len(), wanted.len(), "{set:?}");
        for ((at, plan, by), (millis, text, author)) in set.iter().zip(wanted) {
            let off = at.abs_diff(Duration::from_millis(*millis));
            assert!(off < Duration::from_millis(5), "{plan} {off:?} away");
            assert_eq!((plan.as_str(), by.clone()), (text, author));
        }
        let curves = told.iter().filter_map(|event| match &event.what {
            Happening::Swept { curve, .. } => Some((curve.ended?, curve.steps.len())),
            _ => None,
        });
        assert_eq!(curves.collect::<Vec<_>>(), [(again, measured)]);
        engine.stop(Duration::ZERO).await;
    }
}

#[test]
fn a_sweep_that_was_replayed_at_another_speed_is_played_again_as_a_sweep() {
    let sets = [(5_000, "latency 10ms"), (5_540, "latency 1s"), (6_080, "")];
    let mut tape = Tape::new(swept(Ended::Done, &sets).head);
    for record in swept(Ended::Done, &sets).records() {
        let mut record = record.clone();
        if let What::Sweep(curve) = &mut record.what {
            curve.sweep = "latency from=10ms to=1s steps=2 hold=250ms until=rate<0%".to_owned();
            curve.hold_s = 0.25;
        }
        tape.push(record);
    }
    let part = Part {
        speed: 2.0,
        ..whole()
    };
    let play = Play::of(&tape, &part).expect("a play");
    let [Moment { what, .. }] = &play.then[..] else {
        panic!("{:?}", play.then);
    };
    let Move::Sweep(name, sweep, _) = what else {
        panic!("{what:?}");
    };
    let text = "latency from=10ms to=1s steps=2 hold=125ms";
    assert_eq!((name.as_str(), sweep.to_string().as_str()), ("db", text));
}

#[test]
fn a_part_that_begins_in_a_sweep_sets_what_is_left_of_it() {
    let sets = [(5_000, "latency 10ms"), (7_160, "latency 1s"), (9_320, "")];
    let part = Part {
        from: Duration::from_secs(6),
        ..whole()
    };
    let play = Play::of(&swept(Ended::Done, &sets), &part).expect("a play");
    assert_eq!(told(&play.then), ["1160 db latency 1s", "3320 db "]);
}
