//! Sweeps of a real engine: what is set, what is put back, and what comes between.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::command;
use crate::fault::language::plan;
use crate::proxy::{Events, Options, Told};
use crate::sweep::Ended;

/// An engine with a proxy before this upstream, and its number.
async fn desk(upstream: SocketAddr) -> (Engine, ProxyId) {
    let engine = Engine::start(Options {
        workers: 1,
        ..Options::default()
    });
    let engine = engine.expect("it starts");
    let (mapping, _) = command::parse_line(&format!("0={upstream} as db")).expect("a line");
    let id = engine.add(mapping, plan("loss 1%")).await.expect("a proxy");
    (engine, id)
}

fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9))
}

/// The sweep that a line says, with each value held for so long.
fn sweep(text: &str, millis: u64) -> Sweep {
    let read = command::parse(&format!("sweep db {text}")).expect("a command");
    let command::Command::Sweep(_, command::Sweeping::Begin(mut sweep)) = read else {
        panic!("{read}");
    };
    sweep.hold = Duration::from_millis(millis);
    *sweep
}

/// What a sweep came to, and the plans that were told until then.
async fn ended(events: &mut Events) -> (Arc<Curve>, Vec<(String, Author)>) {
    let mut plans = Vec::new();
    loop {
        let Told::Event(event) = events.next().await else {
            panic!("the engine has ended");
        };
        match &event.what {
            Happening::Faults { plan, .. } => {
                plans.push((plan.to_string(), event.by.clone().expect("an author")));
            }
            Happening::Swept { curve, .. } if curve.ended.is_some() => {
                return (Arc::clone(curve), plans);
            }
            _ => {}
        }
    }
}

/// Waits until the first value is set.
async fn begun(events: &mut Events) {
    loop {
        let told = events.next().await.event().expect("an event");
        if matches!(told.what, Happening::Swept { .. }) {
            return;
        }
    }
}

#[tokio::test]
async fn each_value_is_told_as_the_sweeps_and_the_plan_before_is_back() {
    let (engine, id) = desk(nowhere()).await;
    let mut events = engine.events();
    let begun = engine.sweep(id, sweep("latency from=1ms to=100ms steps=3", 10));
    assert_eq!(begun.expect("it begins").values.len(), 3);
    let (curve, plans) = ended(&mut events).await;
    assert_eq!((curve.ended, curve.steps.len()), (Some(Ended::Done), 3));
    let wanted = [
        "latency 1ms, loss 1%",
        "latency 10ms, loss 1%",
        "latency 100ms, loss 1%",
        "loss 1%",
    ];
    assert_eq!(plans, wanted.map(|plan| (plan.to_owned(), Author::SWEEP)));
    assert_eq!(engine.swept(id), Ok(curve));
    engine.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn a_step_of_a_known_course_that_begins_late_is_held_all_the_same() {
    let millis = Duration::from_millis;
    // The second was ended before its time then, and is now.
    for (second, end, steps) in [(22, Ended::Done, 3), (12, Ended::Stopped, 1)] {
        let (engine, id) = desk(nowhere()).await;
        let mut events = engine.events();
        let course = Course {
            sets: [0, 11, second].map(millis).into(),
            restores: Some(millis(second + 11)),
        };
        let sweep = sweep("latency from=1ms to=100ms steps=3", 10);
        engine.sweep_again(id, sweep, course).expect("it begins");
        let (curve, _) = ended(&mut events).await;
        assert_eq!((curve.ended, curve.steps.len()), (Some(end), steps));
        engine.stop(Duration::ZERO).await;
    }
}

#[tokio::test]
async fn somebody_elses_change_ends_a_sweep_and_stands() {
    let (engine, id) = desk(nowhere()).await;
    let mut events = engine.events();
    engine
        .sweep(id, sweep("latency", 60_000))
        .expect("it begins");
    begun(&mut events).await;
    engine.set_plan(id, plan("latency 7ms")).await;
    let (curve, _) = ended(&mut events).await;
    assert_eq!(curve.ended, Some(Ended::Changed));
    assert_eq!(engine.plan(id).as_deref(), Some(&plan("latency 7ms")));
    engine.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn one_sweep_of_a_proxy_goes_on_at_a_time_and_stopping_puts_back() {
    let (engine, id) = desk(nowhere()).await;
    let mut events = engine.events();
    let long = || sweep("latency", 60_000);
    assert_eq!(
        engine.stop_sweep(id).await,
        Err(SweepError::None("db".to_owned()))
    );
    engine.sweep(id, long()).expect("it begins");
    assert_eq!(
        engine.sweep(id, long()),
        Err(SweepError::Runs("db".to_owned()))
    );
    begun(&mut events).await;
    assert_eq!(
        engine.plan(id).as_deref(),
        Some(&plan("latency 10ms, loss 1%"))
    );
    let curve = engine.stop_sweep(id).await.expect("it is stopped");
    assert_eq!(curve.ended, Some(Ended::Stopped));
    assert_eq!(engine.plan(id).as_deref(), Some(&plan("loss 1%")));
    engine.sweep(id, long()).expect("another one begins");
    engine.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn a_sweep_ends_with_its_proxy_and_with_the_engine() {
    let (engine, id) = desk(nowhere()).await;
    let mut events = engine.events();
    engine
        .sweep(id, sweep("latency", 60_000))
        .expect("it begins");
    begun(&mut events).await;
    assert!(engine.remove(id).await);
    let (curve, _) = ended(&mut events).await;
    assert_eq!(curve.ended, Some(Ended::Gone));
    let (mapping, _) = command::parse_line("0=x:1 as db").expect("a line");
    let id = engine.add(mapping, plan("loss 2%")).await.expect("a proxy");
    engine
        .sweep(id, sweep("latency", 60_000))
        .expect("it begins");
    begun(&mut events).await;
    engine.stop(Duration::ZERO).await;
    let (curve, plans) = ended(&mut events).await;
    assert_eq!(curve.ended, Some(Ended::Stopped));
    assert_eq!(plans.last(), Some(&("loss 2%".to_owned(), Author::SWEEP)));
}

#[tokio::test]
async fn a_bypassed_proxy_is_not_swept() {
    let (engine, id) = desk(nowhere()).await;
    let mut off = plan("loss 1%");
    off.bypassed = true;
    engine.set_plan(id, off).await;
    let refused = engine.sweep(id, sweep("latency", 10));
    assert_eq!(refused, Err(SweepError::Bypassed("db".to_owned())));
    engine.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn a_step_has_what_clients_met_in_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let upstream = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut byte = [0];
        while stream.read_exact(&mut byte).await.is_ok() {
            stream.write_all(&byte).await.expect("it is read");
        }
    });
    let (engine, id) = desk(upstream).await;
    engine.set_plan(id, Plan::default()).await;
    let (_, addrs) = engine.port(id).expect("a port");
    tokio::spawn(async move {
        let mut stream = TcpStream::connect(addrs[0]).await.expect("a connection");
        let mut byte = [0];
        while stream.write_all(b"x").await.is_ok() && stream.read_exact(&mut byte).await.is_ok() {}
    });
    let mut events = engine.events();
    engine
        .sweep(id, sweep("latency from=5ms to=50ms steps=2", 400))
        .expect("it begins");
    let (curve, _) = ended(&mut events).await;
    let [five, fifty] = &curve.steps[..] else {
        panic!("{curve:?}");
    };
    for (step, least) in [(five, 5.0), (fifty, 50.0)] {
        assert!(
            step.answers > 0 && step.p50_ms >= Some(least * 0.99),
            "{step:?}"
        );
        assert!(step.asked.abs_diff(step.answers) <= 1, "{step:?}");
        assert_eq!((step.failed, step.cut, step.left), (0, 0, 0), "{step:?}");
        assert!(
            step.bytes.up.abs_diff(step.answers) <= step.answers,
            "{step:?}"
        );
    }
    assert!(five.answers > fifty.answers, "{curve:?}");
    assert_eq!(curve.cliff(), None, "{}", curve.sentence());
    engine.stop(Duration::ZERO).await;
}
