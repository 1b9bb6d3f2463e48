//! The console's real loop, with scripted keys, over a desk that is not an engine.
//!
//! Time is tokio's paused clock: it moves when everybody waits, so a run of ten minutes takes none.

#![cfg(feature = "tui")]

use std::io;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use faultboard::farewell::Farewell;
use faultboard::snapshot::Kill;
use faultboard::snapshot::{ConnId, ProxyId};
use tokio::sync::oneshot;

#[path = "support/ui_console.rs"]
mod console;
#[path = "support/ui_desk.rs"]
mod desk;

use console::{Console, Options};
use desk::{Desk, Taken};
use faultboard::request::Request;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn plans(requests: &[Request]) -> Vec<String> {
    let plan = |request: &Request| match request {
        Request::SetPlan { proxy, plan, .. } => Some(format!("{}: {plan}", proxy.0)),
        _ => None,
    };
    requests.iter().filter_map(plan).collect()
}

#[tokio::test(start_paused = true)]
async fn a_key_is_on_the_screen_in_the_next_frame() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 4);
    console.wait(ms(1_000)).await;
    let before = console.frames();
    console.press("5");
    console.wait(Duration::ZERO).await;
    assert_eq!(console.frames(), before + 1);
    assert!(console.screen().contains("250ms"), "{}", console.screen());
    assert_eq!(plans(&console.desk.requests()), ["1: latency 250ms"]);
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_ready_together_are_one_frame_and_one_change() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 4);
    console.wait(ms(1_000)).await;
    let before = console.frames();
    console.press("123456789");
    console.wait(Duration::ZERO).await;
    assert_eq!(console.frames(), before + 1);
    assert_eq!(plans(&console.desk.requests()), ["1: latency 10s"]);
}

#[tokio::test(start_paused = true)]
async fn the_answer_of_the_engine_is_drawn_when_it_comes() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 4);
    let (answer, answered) = oneshot::channel();
    console.desk.answer_next_plan(answered);
    console.wait(ms(100)).await;
    console.press("5");
    console.wait(ms(100)).await;
    assert!(!console.screen().contains("4 of 4"));
    let taken = Taken {
        taken: 4,
        of: 4,
        cut: 0,
        micros: 3_000,
    };
    answer.send(taken).expect("the console waits for it");
    console.wait(ms(100)).await;
    assert!(console.screen().contains("4 of 4"), "{}", console.screen());
}

#[tokio::test(start_paused = true)]
async fn changes_reach_the_engine_in_the_order_of_the_keys_while_answers_are_awaited() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 4);
    let (_never, answered) = oneshot::channel();
    console.desk.answer_next_plan(answered);
    console.wait(ms(100)).await;
    for key in ["5", "6", "0"] {
        console.press(key);
        console.wait(ms(50)).await;
    }
    assert_eq!(
        plans(&console.desk.requests()),
        ["1: latency 250ms", "1: latency 500ms", "1: "]
    );
}

#[tokio::test(start_paused = true)]
async fn traffic_draws_ten_frames_a_second_however_many_snapshots_there_are() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 4);
    console.wait(ms(100)).await;
    let before = console.frames();
    for _ in 0..500 {
        console.desk.traffic(1, 1_000);
        console.wait(ms(10)).await;
    }
    let frames = console.frames() - before;
    assert!((45..=51).contains(&frames), "{frames} in 5 s");
}

#[tokio::test(start_paused = true)]
async fn a_held_key_draws_at_most_thirty_frames_a_second() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 4);
    console.wait(ms(1_000)).await;
    let before = console.frames();
    for _ in 0..500 {
        console.press("l");
        console.wait(ms(10)).await;
    }
    let frames = console.frames() - before;
    assert!((140..=155).contains(&frames), "{frames} in 5 s");
}

#[tokio::test(start_paused = true)]
async fn a_held_key_changes_settings_once_a_frame() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 4);
    console.wait(ms(1_000)).await;
    let before = console.frames();
    for step in 0..500 {
        console.press(["l", "h"][step % 2]);
        console.wait(ms(10)).await;
    }
    console.wait(ms(100)).await;
    let frames = console.frames() - before;
    let changes = plans(&console.desk.requests());
    assert!(
        changes.len() <= frames,
        "{} changes in {frames} frames",
        changes.len()
    );
    let last = changes
        .last()
        .and_then(|change| change.strip_prefix("1: latency "));
    assert!(console.screen().contains(last.expect("a latency")));
}

#[tokio::test(start_paused = true)]
async fn without_traffic_the_console_falls_to_a_frame_a_minute() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 4);
    console.wait(ms(10_000)).await;
    let before = console.frames();
    for _ in 0..600 {
        console.desk.grow_older(ms(1_000));
        console.wait(ms(1_000)).await;
    }
    let frames = console.frames() - before;
    assert!((9..=11).contains(&frames), "{frames} in 10 min");
    console.desk.traffic(1, 1);
    console.wait(ms(1)).await;
    assert_eq!(console.frames(), before + frames + 1, "a byte wakes it");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_events_does_not_keep_keys_waiting() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 4);
    console.wait(ms(1_000)).await;
    for conn in 0..20_000 {
        console.desk.happen(ConnId(conn));
    }
    console.press("5");
    console.wait(Duration::ZERO).await;
    assert_eq!(plans(&console.desk.requests()), ["1: latency 250ms"]);
}

#[tokio::test(start_paused = true)]
async fn a_mapping_is_typed_added_selected_and_turned() {
    let mut console = Console::start(Options::default());
    console.wait(ms(100)).await;
    console.press("35432=psql://my-db:5432 latency 100ms");
    console.key(KeyCode::Enter, KeyModifiers::NONE);
    console.wait(ms(200)).await;
    let requests = console.desk.requests();
    let [Request::Add { mapping, plan, .. }] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(mapping.to_string(), "35432=psql://my-db");
    assert_eq!(plan.to_string(), "latency 100ms");
    console.press("5");
    console.wait(ms(10)).await;
    assert_eq!(plans(&console.desk.requests()), ["1: latency 250ms"]);
}

#[tokio::test(start_paused = true)]
async fn a_port_that_another_program_has_is_said_while_typing_and_after_enter() {
    const SAYS: &str = "cannot listen on 127.0.0.1:9005: address already in use";
    let mut console = Console::start(Options::default());
    console.desk.take_port(9_005, true);
    console.wait(ms(100)).await;
    console.press("9005=h:80");
    console.wait(ms(10)).await;
    assert!(console.screen().contains(SAYS), "{}", console.screen());
    console.key(KeyCode::Enter, KeyModifiers::NONE);
    console.wait(ms(10_000)).await;
    let shown = console.screen();
    assert!(shown.contains("+ 9005=h:80"), "the line is back: {shown}");
    assert!(shown.contains(SAYS), "and wrong: {shown}");
    assert!(!shown.contains("ok  listens on"), "{shown}");
    console.desk.take_port(9_005, false);
    console.key(KeyCode::Enter, KeyModifiers::NONE);
    console.wait(ms(10)).await;
    let requests = console.desk.requests();
    assert!(
        matches!(requests.as_slice(), [Request::Add { .. }]),
        "{requests:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_port_that_another_program_has_is_said_of_a_pasted_line() {
    let mut console = Console::start(Options::default());
    console.desk.take_port(9_005, true);
    console.wait(ms(100)).await;
    console.send(Input::Paste("9004=h:80\r9005=h:80\r".to_owned()));
    console.wait(ms(10)).await;
    let shown = console.screen();
    assert!(
        shown.contains("2 mappings, 1 right, line 2: cannot listen on"),
        "{shown}"
    );
}

#[tokio::test(start_paused = true)]
async fn pasted_lines_are_added_by_a_second_enter() {
    let mut console = Console::start(Options::default());
    console.wait(ms(100)).await;
    console.send(Input::Paste("1=a:1\n2=b:2\nnonsense\n".to_owned()));
    console.key(KeyCode::Enter, KeyModifiers::NONE);
    console.wait(ms(100)).await;
    assert!(console.desk.requests().is_empty());
    console.key(KeyCode::Enter, KeyModifiers::NONE);
    console.wait(ms(100)).await;
    assert_eq!(console.desk.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn each_key_asks_the_engine_for_what_help_says_of_it() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 0);
    console.desk.connection(7, 1);
    console.wait(ms(100)).await;
    console.press("ocXF");
    console.key(KeyCode::Esc, KeyModifiers::NONE);
    console.press("d");
    console.wait(ms(100)).await;
    let requests = console.desk.requests();
    assert!(
        matches!(
            requests.as_slice(),
            [
                Request::SetPort {
                    proxy: ProxyId(1),
                    open: false
                },
                Request::Kill(ConnId(7), Kill::Rst),
                Request::Kill(ConnId(7), Kill::Fin),
                Request::Remove(ProxyId(1))
            ]
        ),
        "{requests:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_is_typed_behind_the_mapping_and_undone() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 4);
    console.wait(ms(100)).await;
    console.press("e as orders");
    console.key(KeyCode::Enter, KeyModifiers::NONE);
    console.wait(ms(300)).await;
    assert!(
        console.screen().contains("1 orders"),
        "{}",
        console.screen()
    );
    console.press("u");
    console.wait(ms(300)).await;
    let names = console.desk.requests();
    let names = names.iter().map(|request| match request {
        Request::Rename {
            proxy: ProxyId(1),
            name,
        } => name.as_ref().map(ToString::to_string),
        other => panic!("{other:?}"),
    });
    let names: Vec<Option<String>> = names.collect();
    assert_eq!(names, [Some("orders".to_owned()), None]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_proxy_is_added_again_by_undo() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 0);
    console.wait(ms(100)).await;
    console.press("5d");
    console.wait(ms(100)).await;
    assert!(console.screen().contains("u brings it back"));
    console.press("u");
    console.wait(ms(100)).await;
    let requests = console.desk.requests();
    let [_, Request::Remove(_), Request::Add { mapping, plan, .. }] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(
        (mapping.to_string(), plan.to_string()),
        ("9001=db:80".into(), "latency 250ms".into())
    );
    assert!(console.screen().contains("250ms"), "{}", console.screen());
}

async fn farewell(console: Console) -> Farewell {
    console.left().await.expect("it left in peace")
}

#[tokio::test(start_paused = true)]
async fn quitting_without_connections_says_how_to_have_it_again() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 0);
    console.desk.traffic(1, 1_000);
    console.wait(ms(2_500)).await;
    console.press("5q");
    let farewell = farewell(console).await;
    let text = farewell.to_string();
    assert!(text.starts_with("faultboard: 00:00:02, "), "{text}");
    assert!(text.contains("1.0 kB down"), "{text}");
    assert!(text.contains("-f 'latency 250ms' 9001=db:80"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn quitting_with_connections_asks_and_a_drain_waits_for_them() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 2);
    console.wait(ms(100)).await;
    console.press("qd");
    console.wait(ms(5_000)).await;
    assert!(
        matches!(console.desk.requests().as_slice(), [Request::Stop(limit)] if *limit == ms(10_000))
    );
    assert!(!console.is_over(), "connections are still open");
    console.desk.stopped();
    farewell(console).await;
}

#[tokio::test(start_paused = true)]
async fn two_interrupts_end_it_at_once() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 2);
    console.wait(ms(100)).await;
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    console.send(Input::Key(interrupt));
    console.wait(ms(1_000)).await;
    assert!(!console.is_over());
    console.send(Input::Key(interrupt));
    farewell(console).await;
}

#[tokio::test(start_paused = true)]
async fn a_signal_ends_it_without_a_question() {
    let (signal, arrived) = oneshot::channel::<()>();
    let mut console = Console::start(Options {
        until: Box::pin(async move {
            let _ = arrived.await;
        }),
        ..Options::default()
    });
    console.desk.proxy(1, "db", 2);
    console.wait(ms(100)).await;
    signal.send(()).expect("the console listens");
    farewell(console).await;
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_is_gone_ends_it() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 2);
    console.wait(ms(100)).await;
    console.hang_up();
    farewell(console).await;
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_keyboard_is_an_error() {
    let mut console = Console::start(Options::default());
    console.wait(ms(100)).await;
    console.fail(io::Error::other("no such device"));
    let error = console.left().await.expect_err("it failed");
    assert_eq!(error.to_string(), "cannot read the keyboard");
}

static SUSPENDED: AtomicUsize = AtomicUsize::new(0);

#[tokio::test(start_paused = true)]
async fn suspending_gives_the_terminal_back_and_then_draws_all_of_it() {
    let mut console = Console::start(Options {
        suspend: || {
            SUSPENDED.fetch_add(1, Ordering::Relaxed);
            Ok(())
        },
        ..Options::default()
    });
    console.desk.proxy(1, "db", 0);
    console.wait(ms(1_000)).await;
    console.scribble();
    console.send(Input::Key(KeyEvent::new(
        KeyCode::Char('z'),
        KeyModifiers::CONTROL,
    )));
    console.wait(ms(100)).await;
    assert_eq!(SUSPENDED.load(Ordering::Relaxed), 1);
    let screen = console.screen();
    assert!(
        screen.contains("db") && !screen.contains("scribble"),
        "{screen}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_stops_telling_leaves_the_keys_alive() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 0);
    console.wait(ms(100)).await;
    console.desk.fall_silent();
    console.wait(ms(100)).await;
    console.press("q");
    farewell(console).await;
}

#[tokio::test(start_paused = true)]
async fn another_size_is_drawn() {
    let mut console = Console::start(Options::default());
    console.desk.proxy(1, "db", 0);
    console.wait(ms(100)).await;
    for (width, height) in [(40, 10), (1, 1), (200, 50), (80, 24)] {
        console.resize(width, height);
        console.wait(ms(100)).await;
    }
    assert!(console.screen().contains("db"));
}

#[tokio::test(start_paused = true)]
async fn proxies_of_the_start_are_in_the_first_frame() {
    let desk = Desk::default();
    desk.proxy(1, "db", 0);
    let mut console = Console::over(desk, Options::default());
    console.wait(Duration::ZERO).await;
    assert_eq!(console.frames(), 1);
    assert!(console.screen().contains("db"));
    console.press("5");
    console.wait(Duration::ZERO).await;
    assert!(matches!(
        console.desk.requests().as_slice(),
        [Request::SetPlan {
            proxy: ProxyId(1),
            ..
        }]
    ));
}
