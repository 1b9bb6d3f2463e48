//! Where it listens, who it listens to, and how much it bears.

use faultboard::api::{Address, ApiArgs, Listener, Tokens, ping};
use faultboard::snapshot::CloseReason;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[cfg(unix)]
use super::http::ask_unix;
use super::http::{desk, desk_with, exchange, rest};
use super::support;

const VERSION: &str = "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn the_version_is_toxiproxys_in_its_bytes() {
    let desk = desk().await;
    let reply = desk.raw(VERSION).await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (200, "{\"version\": \"2.12.0\"}\n")
    );
    assert_eq!(
        reply.header("content-type"),
        Some("application/json;charset=utf-8")
    );
    assert_eq!(reply.header("content-length"), Some("22"));
    assert_eq!(
        reply.header("x-toxiproxy-request-id").map(str::len),
        Some(20)
    );
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert!(!reply.head.contains("access-control"), "{}", reply.head);
}

#[tokio::test]
async fn unknown_paths_are_404_and_other_methods_405() {
    let desk = desk().await;
    let theirs = "404 page not found\n";
    let no_path = r#"{"error":"no such path: /faultboard/v1/openapi.json says which there are","status":404}"#;
    let no_method = r#"{"error":"POST is not for this path: /faultboard/v1/openapi.json says what is","status":405}"#;
    for (method, path, status, body) in [
        ("GET", "/nothing", 404, theirs),
        ("GET", "/version/", 404, theirs),
        ("GET", "/", 404, theirs),
        ("GET", "/faultboard", 404, theirs),
        ("POST", "/version", 405, ""),
        ("OPTIONS", "/version", 405, ""),
        ("GET", "/faultboard/v1/nothing", 404, no_path),
        ("GET", "/faultboard/v1/ports/1/2", 404, no_path),
        ("POST", "/faultboard/v1", 405, no_method),
        ("POST", "/faultboard/v1/kinds", 405, no_method),
    ] {
        let reply = desk.ask(method, path, "").await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (status, body),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn http_1_0_is_answered_and_its_connection_ended() {
    let desk = desk().await;
    let reply = desk.raw("GET /version HTTP/1.0\r\n\r\n").await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn one_connection_carries_many_requests_also_when_they_come_together() {
    let desk = desk().await;
    let twice = format!("GET /version HTTP/1.1\r\nHost: a\r\n\r\n{VERSION}");
    let mut stream = desk.connect().await;
    stream.write_all(twice.as_bytes()).await.expect("it reads");
    assert_eq!(rest(stream).await.matches("200 OK").count(), 2);
}

#[tokio::test]
async fn a_page_is_refused_in_toxiproxys_words() {
    let desk = desk().await;
    let get =
        |headers: &str| format!("GET /version HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
    let reply = desk
        .raw(&get("Host: localhost\r\nUser-Agent: Mozilla/5.0\r\n"))
        .await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (403, "User agent not allowed\n")
    );
    let reply = desk.raw(&get("Host: evil.example\r\n")).await;
    assert_eq!(reply.status, 403);
    assert_eq!(
        reply.body,
        r#"{"error":"host \"evil.example\" is not known here: start with --api-host evil.example","status":403}"#
    );
    let both =
        "GET http://evil.example/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(desk.raw(both).await.status, 403);
}

#[tokio::test]
async fn without_its_token_nothing_is_told_and_how_to_give_it_is() {
    let args = ApiArgs {
        api: Address::parse("127.0.0.1:0").ok(),
        ..ApiArgs::default()
    };
    let desk = desk_with(&args, Tokens::parse("secret").expect("a token")).await;
    let reply = desk.raw(VERSION).await;
    assert_eq!(reply.status, 401);
    assert_eq!(
        reply.header("www-authenticate"),
        Some("basic realm=\"faultboard\", bearer")
    );
    let (right, wrong) = (Address::Tcp(desk.addr), Address::Tcp(desk.addr));
    let pinged =
        tokio::task::spawn_blocking(move || (ping(&right, Some("secret")), ping(&wrong, None)));
    let (right, wrong) = pinged.await.expect("no panic");
    assert_eq!(right, Ok(format!("the API answers on {}", desk.addr)));
    assert!(wrong.expect_err("no token").contains("401"));
}

#[tokio::test]
async fn whoever_is_one_too_many_is_told_so() {
    let desk = desk().await;
    let mut served = Vec::new();
    for _ in 0..64 {
        let mut stream = desk.connect().await;
        // It is served once it has been answered.
        stream
            .write_all(b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .expect("it reads");
        assert_eq!(stream.read_u8().await.expect("an answer"), b'H');
        served.push(stream);
    }
    let reply = desk.raw(VERSION).await;
    assert_eq!(reply.status, 503);
    assert!(
        reply.body.starts_with(r#"{"error":"64 clients"#),
        "{}",
        reply.body
    );
    // Whoever goes makes room.
    drop(served.pop());
    loop {
        if desk.raw(VERSION).await.status == 200 {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_whole_is_waited_for_ten_seconds() {
    let desk = desk().await;
    let mut stream = desk.connect().await;
    let begun = desk.engine.now();
    stream
        .write_all(b"GET /version HTTP/1.1\r\nHos")
        .await
        .expect("it reads");
    let _ = rest(stream).await;
    let waited = desk.engine.now().saturating_sub(begun).as_secs();
    assert!((10..12).contains(&waited), "{waited}");
}

#[tokio::test]
async fn a_proxy_cannot_lead_to_the_api() {
    let desk = desk().await;
    let mut events = desk.engine.events();
    let any = std::net::SocketAddr::from(([0, 0, 0, 0], desk.addr.port()));
    for addr in [desk.addr, any] {
        let (_, proxy) =
            support::proxy(&desk.engine, addr, faultboard::fault::Plan::default()).await;
        // It may be reset before it is known to be connected.
        let _client = TcpStream::connect(proxy).await;
        let reason = support::close_reason(&mut events).await;
        assert!(matches!(reason, CloseReason::Dial(_)), "{reason:?}");
        assert!(
            reason.to_string().contains("that is faultboard's own API"),
            "{reason}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_its_owners_alone_and_goes_with_the_api() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("api.sock");
    let args = ApiArgs {
        api: Some(Address::Unix(path.clone())),
        ..ApiArgs::default()
    };
    {
        // One that was left behind is taken over.
        drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
        let desk = desk_with(&args, Tokens::default()).await;
        let mode = path.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(ask_unix(&path, VERSION).await.status, 200);
        let taken = Listener::bind(&Address::Unix(path.clone())).expect_err("it is in use");
        assert!(
            taken.to_string().ends_with("address already in use"),
            "{taken}"
        );
        desk.api.stop().await;
    }
    assert!(!path.exists());
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_with_its_address() {
    let desk = desk().await;
    let taken = Listener::bind(&Address::Tcp(desk.addr)).expect_err("it is taken");
    assert_eq!(
        taken.to_string(),
        format!(
            "cannot listen for the API on {}: address already in use",
            desk.addr
        )
    );
}

#[tokio::test]
async fn who_comes_before_the_desk_is_there_waits_and_is_answered() {
    let engine = support::engine();
    let args = ApiArgs::default();
    let listener = Listener::bind(&Address::parse("0").expect("a port")).expect("a free port");
    let Address::Tcp(addr) = *listener.address() else {
        panic!("a port");
    };
    let api = faultboard::api::Api::start(listener, &engine, &args, Tokens::default());
    let early = TcpStream::connect(addr).await.expect("it listens");
    api.open();
    assert_eq!(exchange(early, VERSION).await.status, 200);
}
