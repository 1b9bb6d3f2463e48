//! How long it takes from a key until the screen says that an engine 20 ms away has taken it. A measurement: it prints, and judges
//! nothing, because the machine is not this test's alone.

use std::time::Duration;

use faultboard::fault::Plan;
use faultboard::proxy::clock;
use faultboard::remote::Target;

use crate::desk::{Desk, Place, attach, console};
use crate::support::{self, echo, latency, mapping, proxy};

#[tokio::test]
#[ignore = "a measurement: cargo test --release --test attach -- --ignored --nocapture pace"]
async fn from_a_key_to_its_answer_over_a_way_of_twenty_milliseconds() {
    for there_and_back in [0, 20, 40] {
        let place = Place::open();
        let (_, addr) = proxy(&place.engine, echo().await, Plan::default()).await;
        let mut client = tokio::net::TcpStream::connect(addr)
            .await
            .expect("it listens");
        support::round_trip(&mut client, b"x").await;
        // The way there is a desk of its own, with latency.
        let way = support::engine();
        let upstream = place.target.to_string().parse().expect("an address");
        let plan = match there_and_back {
            0 => Plan::default(),
            ms => Plan::of([latency(ms)]),
        };
        let mut events = way.events();
        way.add(mapping(upstream), plan).await.expect("a free port");
        let through = support::listening(&mut events).await.to_string();
        let target = Target::parse(&through).expect("a target");
        let mut console = console(Desk::of(attach(&[target], "me@here").await));
        console.shows(&["▌1 :", "1 conn"]).await;
        let (mut drawn, mut answered) = (Vec::new(), Vec::new());
        for turn in 0..40 {
            let (key, value) = [("5", "→ 250ms"), ("6", "→ 500ms")][turn % 2];
            let begun = clock::now();
            console.press(key);
            console
                .until("the key", |screen| screen.contains(value))
                .await;
            drawn.push(clock::now() - begun);
            let taken = format!("{value}, taken by 1 of 1");
            console
                .until("its answer", |screen| screen.contains(&taken))
                .await;
            answered.push(clock::now() - begun);
            console.wait(Duration::from_millis(170)).await;
        }
        let middle = |times: &mut Vec<Duration>| {
            times.sort_unstable();
            (times[20], times[38])
        };
        println!(
            "{there_and_back} ms there and back: drawn {:?}, answered {:?} (p50, p95)",
            middle(&mut drawn),
            middle(&mut answered)
        );
    }
}
