//! The whole surface of crates.io's `toxiproxy_rust` and `noxious-client` over the API on 127.0.0.1:PORT, in front of an echo at
//! UPSTREAM: `faultboard-clients LIBRARY PORT UPSTREAM`.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [library, port, upstream] = words.as_slice() else {
        panic!("faultboard-clients LIBRARY PORT UPSTREAM");
    };
    let port = port.parse().expect("a port");
    match library.as_str() {
        "toxiproxy_rust" => toxiproxy_rust(port, upstream),
        "noxious-client" => noxious(port, upstream),
        other => panic!("no library: {other}"),
    }
}

/// One byte there and back, how long it took, or why it did not come.
fn echo(listen: &str) -> Result<Duration, ErrorKind> {
    let addr: SocketAddr = listen.parse().expect("an address with its port");
    let begun = Instant::now();
    let there_and_back = || {
        let mut stream = TcpStream::connect(addr)?;
        stream.write_all(b"x")?;
        stream.read_exact(&mut [0])?;
        Ok::<_, std::io::Error>(begun.elapsed())
    };
    there_and_back().map_err(|error| error.kind())
}

fn toxiproxy_rust(port: u16, upstream: &str) {
    use toxiproxy_rust::client::Client;
    use toxiproxy_rust::proxy::ProxyPack;

    let server = Client::new(("127.0.0.1", port));
    assert!(server.is_running());
    assert!(server.version().expect("a version").contains("2.12.0"));
    assert!(server.all().expect("proxies").is_empty());
    assert!(server.find_proxy("db").is_err());
    let wanted =
        |name: &str, listen: &str| ProxyPack::new(name.into(), listen.into(), upstream.into());
    let made = server.populate(vec![
        wanted("db", "127.0.0.1:0"),
        wanted("cache", "localhost:0"),
    ]);
    let made = made.expect("proxies");
    let names: Vec<_> = made
        .iter()
        .map(|proxy| proxy.proxy_pack.name.as_str())
        .collect();
    assert_eq!(names, ["db", "cache"]);
    assert!(server.populate(Vec::new()).expect("none").is_empty());
    made[1].delete().expect("it is deleted");
    assert_eq!(server.all().expect("proxies").len(), 1);

    let db = server.find_proxy("db").expect("it is there");
    let listen = db.proxy_pack.listen.clone();
    assert!(db.proxy_pack.enabled && db.proxy_pack.upstream == upstream);
    echo(&listen).expect("it passes");
    let [up, down] = ["upstream", "downstream"].map(str::to_owned);
    db.with_latency(down.clone(), 50, 0, 1.0)
        .with_latency(up.clone(), 30, 5, 1.0)
        .with_bandwidth(down.clone(), 1_000, 0.5)
        .with_slow_close(down.clone(), 10, 1.0)
        .with_timeout(up.clone(), 3_600_000, 0.0)
        .with_slicer(up.clone(), 64, 8, 10, 1.0)
        .with_limit_data(down.clone(), 100, 1.0);
    assert!(echo(&listen).expect("it passes") >= Duration::from_millis(75));
    let toxics = db.toxics().expect("toxics");
    let told: Vec<_> = toxics
        .iter()
        .map(|toxic| (&*toxic.name, toxic.toxicity))
        .collect();
    // Those up first.
    assert_eq!(
        told,
        [
            ("latency_upstream", 1.0),
            ("timeout_upstream", 0.0),
            ("slicer_upstream", 1.0),
            ("latency_downstream", 1.0),
            ("bandwidth_downstream", 0.5),
            ("slow_close_downstream", 1.0),
            ("limit_data_downstream", 1.0),
        ]
    );
    assert_eq!(toxics[2].attributes["size_variation"], 8);
    db.delete_all_toxics().expect("they are deleted");
    assert!(db.toxics().expect("toxics").is_empty());
    db.with_timeout(down, 0, 1.0)
        .apply(|| assert_eq!(db.toxics().map(|toxics| toxics.len()), Ok(1)))
        .expect("it is taken off");
    db.with_down(|| assert_eq!(echo(&listen), Err(ErrorKind::ConnectionRefused)))
        .expect("it is enabled");
    db.disable().expect("it is disabled");
    db.with_slicer(up, 1, 0, 0, 1.0);
    let found = server.find_and_reset_proxy("db").expect("it is there");
    assert!(found.toxics().expect("toxics").is_empty());
    echo(&listen).expect("it is enabled");
    db.disable().expect("it is disabled");
    server.reset().expect("all is reset");
    echo(&listen).expect("it is enabled");
    db.delete().expect("it is deleted");
    assert!(server.all().expect("proxies").is_empty());
}

#[tokio::main(flavor = "current_thread")]
async fn noxious(port: u16, upstream: &str) {
    use noxious_client::error::ClientError;
    use noxious_client::{Client, ProxyConfig, StreamDirection, Toxic, ToxicKind};

    let status = |error: ClientError| match error {
        ClientError::ApiError(error) => (error.status_code, error.message),
        other => panic!("{other:?}"),
    };
    let server = Client::new(&format!("127.0.0.1:{port}"));
    assert!(server.proxies().await.expect("proxies").is_empty());
    let gone = status(server.proxy("db").await.expect_err("it is not there"));
    assert_eq!(gone, (404, "proxy not found".to_owned()));
    server
        .create_proxy("db", "127.0.0.1:0", upstream)
        .await
        .expect("it is made");
    let twice = server.create_proxy("db", "127.0.0.1:0", upstream).await;
    assert_eq!(
        status(twice.expect_err("it is there")),
        (409, "proxy already exists".to_owned())
    );

    let mut db = server.proxy("db").await.expect("it is there");
    let listen = db.config.listen.clone();
    echo(&listen).expect("it passes");
    let toxic = |name: &str, kind| Toxic {
        kind,
        name: name.to_owned(),
        toxicity: 1.0,
        direction: StreamDirection::Downstream,
    };
    let latency = |latency| ToxicKind::Latency { latency, jitter: 0 };
    let slow = toxic("slow", latency(20));
    assert_eq!(
        db.add_toxic(&slow).await.expect("it is set").kind,
        latency(20)
    );
    let twice = db.add_toxic(&slow).await;
    assert_eq!(
        status(twice.expect_err("it is there")),
        (409, "toxic already exists".to_owned())
    );
    let turned = db
        .update_toxic("slow", 1.0, latency(50), StreamDirection::Downstream)
        .await;
    assert_eq!(turned.expect("it is turned").kind, latency(50));
    for (name, kind) in [
        ("t", ToxicKind::Timeout { timeout: 3_600_000 }),
        ("b", ToxicKind::Bandwidth { rate: 1_000 }),
        ("c", ToxicKind::SlowClose { delay: 10 }),
        (
            "s",
            ToxicKind::Slicer {
                average_size: 64,
                size_variation: 8,
                delay: 10,
            },
        ),
        ("l", ToxicKind::LimitData { bytes: 100 }),
    ] {
        let set = db.add_toxic(&toxic(name, kind)).await.expect("it is set");
        assert_eq!((set.kind, set.toxicity), (kind, 1.0));
        let spared = db
            .update_toxic(name, 0.0, kind, StreamDirection::Downstream)
            .await;
        assert_eq!(spared.expect("it is turned").toxicity, 0.0);
    }
    assert!(echo(&listen).expect("it passes") >= Duration::from_millis(50));
    let toxics = db.toxics().await.expect("toxics");
    let names: Vec<_> = toxics.iter().map(|toxic| toxic.name.as_str()).collect();
    assert_eq!(names, ["slow", "t", "b", "c", "s", "l"]);
    db.remove_toxic("slow").await.expect("it is taken off");
    let gone = status(db.remove_toxic("slow").await.expect_err("it is off"));
    assert_eq!(gone, (404, "toxic not found".to_owned()));

    db.disable().await.expect("it is disabled");
    assert!(!db.is_enabled());
    assert_eq!(echo(&listen), Err(ErrorKind::ConnectionRefused));
    db.enable().await.expect("it is enabled");
    echo(&listen).expect("it passes");
    db.disable().await.expect("it is disabled");
    server.reset_state().await.expect("all is reset");
    echo(&listen).expect("it passes");
    assert!(db.toxics().await.expect("toxics").is_empty());
    // A name is not changed: toxiproxy takes no notice of it.
    db.change_name("other").await.expect("it is asked for");
    let config = ProxyConfig {
        name: "cache".to_owned(),
        listen: "127.0.0.1:0".to_owned(),
        upstream: upstream.to_owned(),
        enabled: true,
        rand_seed: None,
    };
    // It reads another answer than toxiproxy gives, and makes the proxies all the same.
    let populated = server.populate(&[config]).await;
    assert!(matches!(populated, Err(ClientError::IoError(_))));
    let proxies = server.proxies().await.expect("proxies");
    assert_eq!(proxies.len(), 2);
    for (_, proxy) in proxies {
        proxy.delete().await.expect("it is deleted");
    }
    assert!(server.proxies().await.expect("proxies").is_empty());
}
