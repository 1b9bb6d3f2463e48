//! Faults that change at random, from a seed, while something else goes on.

use std::pin::pin;
use std::time::Duration;

use faultboard::fault::random::Random;
use faultboard::fault::{Direction, Directions, Kind, Plan, Setting, Value, language};
use faultboard::proxy::Engine;
use faultboard::snapshot::{ProxyId, Taken};
use faultboard::units::ByteRate;
use tokio::sync::watch;

/// Other faults that leave streams whole and let a test end.
const MORE: [&str; 6] = [
    "latency 0s share=0%",
    "loss 0.1% rtt=1ms stalls=on",
    "slicer 40kB vary=20kB",
    "flap on=20ms off=10ms",
    "latency 2ms wave=sine period=50ms",
    "bandwidth 80MB/s wave=square period=40ms depth=60MB/s down, slicer 100kB gap=10us up",
];

/// The next plan: latency of a few milliseconds with jitter, a rate that lets a test end, bypassed now and then.
pub fn plan(random: &mut Random) -> Plan {
    let mut below = |bound: u64| random.draw() % bound;
    let micros = |micros| Value::Time(Duration::from_micros(micros));
    let latency = Setting::new(Kind::named("latency").expect("a kind of the table"))
        .with("time", micros(below(4_000)))
        .with("jitter", micros(below(2_000)))
        .acting(directions(below(3)));
    let rate = Value::Rate(ByteRate::new(5_000_000 + below(100_000_000)));
    let bandwidth = Setting::new(Kind::named("bandwidth").expect("a kind of the table"))
        .with("rate", rate)
        .acting(directions(below(3)));
    let mut plan = match below(4) {
        0 => Plan::default(),
        1 => Plan::of([latency]),
        2 => Plan::of([bandwidth]),
        _ => Plan::of([latency, bandwidth]),
    };
    let more = MORE[usize::try_from(below(MORE.len() as u64)).unwrap_or(0)];
    for setting in language::parse(more).expect("faults") {
        plan.set(setting);
    }
    plan.bypassed = below(4) == 0;
    plan
}

fn directions(draw: u64) -> Directions {
    match draw {
        0 => Directions::Both,
        1 => Directions::Only(Direction::Up),
        _ => Directions::Only(Direction::Down),
    }
}

/// Changes the faults with every snapshot until `work` is done; says how often that was.
pub async fn while_faults_change<T>(
    engine: &Engine,
    proxy: ProxyId,
    work: impl Future<Output = T>,
) -> (T, u32) {
    let mut work = pin!(work);
    let mut random = Random::new(engine.seed());
    let mut snapshots = engine.snapshots();
    let mut changes = 0;
    loop {
        // Cut off without harm: `work` goes on where it was, and `changed` only looks.
        tokio::select! {
            done = &mut work => return (done, changes),
            shown = snapshots.changed() => shown.expect("the engine lives"),
        }
        change(engine, proxy, &mut random).await;
        changes += 1;
    }
}

/// Changes the faults whenever up to `step` more bytes are counted, until nobody counts any more; says how often that was.
pub async fn change_with_progress(
    engine: Engine,
    proxy: ProxyId,
    mut counted: watch::Receiver<u64>,
    step: u64,
) -> u32 {
    let mut random = Random::new(engine.seed());
    let mut changes = 0;
    let mut next = 0;
    while counted.wait_for(|count| *count >= next).await.is_ok() {
        next += random.draw() % step;
        change(&engine, proxy, &mut random).await;
        changes += 1;
    }
    changes
}

/// Puts the next plan in force; every connection must take it.
async fn change(engine: &Engine, proxy: ProxyId, random: &mut Random) {
    let taken = engine.set_plan(proxy, plan(random)).await;
    let Taken { taken, of, .. } = taken.expect("the proxy");
    assert_eq!(taken, of, "some connections did not take a change");
}
