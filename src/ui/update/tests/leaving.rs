//! Freezing, what is told of events, and leaving the console.

use super::*;
use crate::fault::PerDirection;

#[test]
fn a_frozen_screen_keeps_its_snapshot_and_shows_the_newest_when_it_goes_on() {
    let mut model = model();
    does(&mut model, [Action::Freeze]);
    let newer = Snapshot {
        proxies: vec![row(1, "db", 8)],
        ..desk()
    };
    let event = Event {
        at: Duration::from_secs(2),
        proxy: "db".to_owned(),
        by: None,
        what: Happening::Removed,
    };
    does(
        &mut model,
        [
            Action::Sampled(Arc::new(newer)),
            Action::Happened(Arc::new(event)),
        ],
    );
    assert_eq!((model.snapshot.proxies.len(), model.open()), (3, 8));
    assert!(model.log.is_empty());
    does(&mut model, [Action::Freeze]);
    assert_eq!(model.snapshot.proxies.len(), 1);
    assert_eq!(model.log.len(), 1);
}

#[test]
fn a_knob_turned_on_a_frozen_screen_moves() {
    let mut model = model();
    does(&mut model, [Action::Freeze, turn(Turn::To(5))]);
    assert_eq!(shown(&model, 1), "latency 250ms");
    assert_eq!(model.log.len(), 1);
}

#[test]
fn a_proxy_that_is_added_thaws_the_screen() {
    let mut model = model();
    does(&mut model, [Action::Freeze, Action::Down, Action::Delete]);
    let ticket = ticket(&does(&mut model, [Action::Undo]));
    does(&mut model, [did(ticket, Outcome::Added(ProxyId(9)))]);
    assert!(model.frozen.is_none());
}

#[test]
fn turning_a_proxy_that_went_says_so_and_leaves_no_draft() {
    let mut model = model();
    let ticket = ticket(&does(&mut model, [turn(Turn::To(5))]));
    let answer = refused(ticket, RequestError::NoProxy(ProxyId(1)));
    does(&mut model, [answer]);
    assert_eq!(notice(&model), "that proxy is gone");
    assert_eq!(shown(&model, 1), "");
}

#[test]
fn five_seconds_without_traffic_or_keys_are_quiet_and_a_byte_ends_it() {
    let mut model = model();
    let mut snapshot = desk();
    for (at, expected) in [(5_999, false), (6_000, true)] {
        model.now = Duration::from_millis(at);
        snapshot.at = model.now;
        snapshot.conns[0].age += Duration::from_secs(1);
        does(
            &mut model,
            [Action::Sampled(Arc::new(snapshot.clone())), Action::Tick],
        );
        assert_eq!(model.quiet, expected, "at {at} ms");
    }
    snapshot.proxies[2].bytes.down += 1;
    does(&mut model, [Action::Sampled(Arc::new(snapshot))]);
    assert!(!model.quiet);
    model.now = Duration::from_secs(60);
    does(&mut model, [Action::Tick]);
    assert!(model.quiet);
    does(&mut model, [Action::Redraw]);
    assert!(!model.quiet, "a key wakes it");
}

#[test]
fn the_log_is_bounded_and_counts_what_was_lost() {
    let mut model = model();
    let last = LOG_LEN as u64 + 99;
    for conn in 0..=last {
        let event = Event {
            at: model.now,
            proxy: "db".to_owned(),
            by: None,
            what: Happening::Closed {
                conn: ConnId(conn),
                bytes: PerDirection::default(),
                lasted: Duration::ZERO,
                reason: CloseReason::Dial("refused".to_owned()),
                truncated: false,
            },
        };
        does(&mut model, [Action::Happened(Arc::new(event))]);
    }
    assert_eq!(model.log.len(), LOG_LEN);
    assert_eq!(told(&model, LOG_LEN - 1), format!("#{last} refused"));
    assert_eq!(
        model.said(&model.log[0]).map(|line| line.tone),
        Some(Tone::Trouble)
    );
    does(&mut model, [Action::Lost(5), Action::Lost(2)]);
    assert_eq!(model.lost, 7);
}

#[test]
fn an_end_of_tls_without_notice_is_told_without_alarm() {
    let mut model = model();
    let event = Event {
        at: model.now,
        proxy: "db".to_owned(),
        by: None,
        what: Happening::Closed {
            conn: ConnId(7),
            bytes: PerDirection::default(),
            lasted: Duration::ZERO,
            reason: CloseReason::UpstreamDone,
            truncated: true,
        },
    };
    does(&mut model, [Action::Happened(Arc::new(event))]);
    let line = model.said(&model.log[model.log.len() - 1]).expect("a line");
    assert_eq!(
        (line.tone, line.text),
        (
            Tone::Doubtful,
            "#7 upstream done (closed without close_notify)"
        )
    );
}

#[test]
fn a_tls_handshake_is_told_once_and_again_when_it_changes() {
    let mut model = model();
    let lines = model.log.len();
    for (conn, version) in [(1, "TLS 1.3"), (2, "TLS 1.3"), (3, "TLS 1.2")] {
        let tls = Negotiated {
            version,
            alpn: None,
            offered: Vec::new(),
            resumed: conn > 1,
            round_trips: 1,
            took: Duration::from_millis(18),
        };
        let event = Event {
            at: model.now,
            proxy: "db".to_owned(),
            by: None,
            what: Happening::Secured {
                conn: ConnId(conn),
                tls: Arc::new(tls),
            },
        };
        does(&mut model, [Action::Happened(Arc::new(event))]);
    }
    let told: Vec<&str> = model
        .log
        .iter()
        .skip(lines)
        .filter_map(|line| Some(model.said(line)?.text))
        .collect();
    assert_eq!(
        told,
        [
            "upstream TLS 1.3 ok 18ms",
            "upstream TLS 1.2 ok 18ms, resumed"
        ]
    );
}

#[test]
fn quitting_asks_only_with_live_connections() {
    assert_eq!(does(&mut empty(), [Action::Quit]), [Effect::Quit]);
    let mut model = model();
    assert_eq!(does(&mut model, [Action::Quit]), []);
    assert_eq!(model.mode(), Mode::Quit);
    assert_eq!(does(&mut model, [Action::Accept]), [], "Enter stays");
    assert_eq!(model.mode(), Mode::Mixer);
    assert_eq!(
        does(&mut model, [Action::Quit, Action::QuitNow]),
        [Effect::Quit]
    );
}

#[test]
fn draining_waits_and_a_second_quit_does_not() {
    let mut model = model();
    let effects = does(&mut model, [Action::Quit, Action::Drain]);
    let stop = Request::Stop(Duration::from_secs(10));
    assert_eq!(effects, [Effect::Ask(1, stop)]);
    assert_eq!(model.draining, Some(Duration::from_secs(11)));
    assert_eq!(does(&mut model, [Action::Quit]), [Effect::Quit]);
    assert_eq!(does(&mut model, [did(1, Outcome::Stopped)]), [Effect::Quit]);
}

#[test]
fn a_second_interrupt_within_two_seconds_ends_it_at_once() {
    let mut model = model();
    assert_eq!(does(&mut model, [Action::Interrupt]), []);
    model.now += Duration::from_millis(2_001);
    assert_eq!(does(&mut model, [Action::Interrupt]), []);
    model.now += Duration::from_secs(2);
    assert_eq!(does(&mut model, [Action::Interrupt]), [Effect::Quit]);
}

#[test]
fn suspending_asks_once_more_with_live_connections() {
    assert_eq!(does(&mut empty(), [Action::Suspend]), [Effect::Suspend]);
    let mut model = model();
    assert_eq!(does(&mut model, [Action::Suspend]), []);
    assert_eq!(model.mode(), Mode::Confirm);
    assert_eq!(does(&mut model, [Action::Suspend]), [Effect::Suspend]);
    assert_eq!(model.mode(), Mode::Mixer);
}

#[test]
fn escape_closes_the_top_overlay_alone() {
    let mut model = model();
    does(&mut model, [Action::Quit, Action::Help, Action::Back]);
    assert_eq!(model.mode(), Mode::Quit);
}

#[test]
fn help_is_filtered_by_typing_and_enter_does_the_line() {
    let mut model = model();
    let typed = "bypass this".chars();
    let typed = typed.map(|letter| Action::Edit(InputRequest::InsertChar(letter)));
    does(&mut model, [Action::Help]);
    does(&mut model, typed);
    let effects = does(&mut model, [Action::Accept]);
    assert_eq!(effects.len(), 1);
    assert_eq!(shown(&model, 1), " (bypassed)");
    assert!(model.overlays.is_empty());
}

#[test]
fn a_question_about_a_proxy_goes_when_the_proxy_does() {
    let mut model = model();
    does(
        &mut model,
        [Action::Delete, Action::Sampled(Arc::default())],
    );
    assert!(model.overlays.is_empty());
}
