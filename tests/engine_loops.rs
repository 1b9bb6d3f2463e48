//! Mappings that lead back to themselves by ways that no mapping shows: Linux alone has the signs by which desks see that.

#![cfg(target_os = "linux")]

mod support;

use std::net::SocketAddr;

use faultboard::fault::Plan;
use faultboard::mapping::{Host, Mapping};
use faultboard::proxy::Engine;
use faultboard::snapshot::{CloseReason, Happening};
use support::{engine, mapping, next, nobody, proxy};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// A mapping from any free port to `port` of a name that is looked up, and stands for 127.0.0.1: in a notation that only
/// the system's resolver reads, so that nobody can know it before.
fn by_name(port: u16) -> Mapping {
    Mapping::new(0, None, Host::Name("127.1".to_owned()), port)
}

/// A port that was free just now.
async fn free_port() -> u16 {
    nobody().await.port()
}

/// Every connection that is opened and closed until `client` is gone, and the error of the innermost.
async fn cut_loop(engine: &Engine, addr: SocketAddr) -> (usize, String) {
    let mut events = engine.events();
    let mut client = TcpStream::connect(addr).await.expect("the port is open");
    // The reset comes all the way back.
    client.read(&mut [0]).await.expect_err("a reset");
    let (mut opened, mut closed, mut cut) = (0, 0, None);
    while opened == 0 || closed < opened {
        match &next(&mut events).await.what {
            Happening::Opened { .. } => opened += 1,
            Happening::Closed { reason, .. } => {
                closed += 1;
                if let CloseReason::Dial(why) = reason {
                    cut = Some(why.clone());
                }
            }
            _ => {}
        }
    }
    (opened, cut.unwrap_or_default())
}

#[tokio::test]
async fn a_loop_by_way_of_a_name_ends_after_eight_rounds() {
    let engine = engine();
    let port = free_port().await;
    let mapping = Mapping {
        listen: port,
        ..by_name(port)
    };
    engine.add(mapping, Plan::default()).await.expect("a port");
    let (opened, cut) = cut_loop(&engine, SocketAddr::from(([127, 0, 0, 1], port))).await;
    assert_eq!(opened, 9);
    assert_eq!(
        cut,
        format!(
            "cannot reach 127.1:{port}: this connection has passed 8 proxies already, so it is in a loop: \
             let one of them lead to a server"
        )
    );
}

#[tokio::test]
async fn a_loop_through_a_second_desk_ends_after_eight_rounds() {
    // Engines know nothing of each other, as two processes do not.
    let (one, other) = (engine(), engine());
    let port = free_port().await;
    let (_, back) = proxy(
        &other,
        SocketAddr::from(([127, 0, 0, 1], port)),
        Plan::default(),
    )
    .await;
    let there = Mapping {
        listen: port,
        ..mapping(back)
    };
    one.add(there, Plan::default()).await.expect("a port");
    // Of nine connections the first, third, ... ninth are those of the first.
    let (opened, cut) = cut_loop(&one, SocketAddr::from(([127, 0, 0, 1], port))).await;
    assert_eq!(opened, 5);
    assert!(cut.contains("it is in a loop"), "{cut}");
}
