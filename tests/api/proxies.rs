//! Proxies made, told, moved, enabled and removed, as toxiproxy answers.

use faultboard::snapshot::{Author, Event, Happening, PortState};
use serde_json::json;
use tokio::net::TcpStream;

use super::dialogue::{make, with_proxy};
use super::http::{desk, rest};
use super::support;

#[tokio::test]
async fn a_proxy_is_made_told_and_removed() {
    let desk = desk().await;
    desk.says("GET /proxies\n200 {}").await;
    let body = r#"{"name":"a b:1","upstream":"localhost:20001","listen":"localhost:0"} junk"#;
    let reply = desk.ask("POST", "/proxies", body).await;
    let at = desk.listen("a%20b:1").await;
    assert!(at.starts_with("127.0.0.1:") && !at.ends_with(":0"), "{at}");
    let told = format!(
        r#"{{"name":"a b:1","listen":"{at}","upstream":"localhost:20001","enabled":true,"toxics":[]}}"#
    );
    assert_eq!((reply.status, &reply.body), (201, &told));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    desk.says(&format!(
        r#"
        GET /proxies/a%20b:1
        200 {told}
        GET /proxies {{junk
        200 {{"a b:1":{told}}}
        DELETE /proxies/a%20b:1 {{junk
        204
        DELETE /proxies/a%20b:1
        404 proxy not found
        "#
    ))
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_proxy_is_said_in_gos_words() {
    let desk = with_proxy().await;
    let taken = desk.listen("p").await;
    let text = r#"
        POST /proxies {"upstream":"127.0.0.1:1"}
        400 missing required field: name
        POST /proxies {"name":"x"}
        400 missing required field: upstream
        POST /proxies {"name":"p","upstream":"127.0.0.1:1"}
        409 proxy already exists
        POST /proxies {"name":"c","upstream":"x:1","listen":"nonsense"}
        500 listen tcp: address nonsense: missing port in address
        POST /proxies {"name":"c","upstream":"x:1","listen":"127.0.0.1:99999"}
        500 listen tcp: address 99999: invalid port
        POST /proxies {"name":"c","upstream":"x:1","listen":"192.0.2.1:9"}
        500 listen tcp 192.0.2.1:9: bind: cannot assign requested address
        POST /proxies {"name":"c","upstream":"x:1","listen":"TAKEN"}
        500 listen tcp TAKEN: bind: address already in use
        PATCH /proxies/p {"listen":"nonsense"}
        500 address nonsense: missing port in address
        POST /proxies
        400 bad request body: …
        POST /proxies {
        400 bad request body: …
        POST /proxies []
        400 bad request body: …
        POST /proxies 5
        400 bad request body: …
        POST /proxies {"name":5}
        400 bad request body: …
        POST /proxies {"name":"x","enabled":"yes"}
        400 bad request body: …
        POST /proxies {"name":"x","upstream":"nonsense"}
        400 upstream "nonsense": …
        POST /proxies {"name":"x","upstream":"x:1 bind=0.0.0.0"}
        400 upstream "x:1 bind=0.0.0.0": …
        PATCH /proxies/none {bad
        404 proxy not found
        "#;
    desk.says(&text.replace("TAKEN", &taken)).await;
    let proxies = desk.ask("GET", "/proxies", "").await.json();
    assert_eq!(proxies.as_object().map(serde_json::Map::len), Some(1));
}

#[tokio::test]
async fn one_that_is_made_disabled_listens_from_when_it_is_enabled_and_tells_its_address_as_given()
{
    let desk = desk().await;
    let mut events = desk.engine.events();
    let told = |listen: &str, enabled| {
        format!(
            r#"{{"name":"d","listen":"{listen}","upstream":"127.0.0.1:1","enabled":{enabled},"toxics":[]}}"#
        )
    };
    let as_given = told("localhost:0", false);
    desk.says(&format!(
        r#"
        POST /proxies {{"Name":"d","Upstream":"127.0.0.1:1","Listen":"localhost:0","Enabled":false,"Toxics":[{{}}]}}
        201 {as_given}
        PATCH /proxies/d {{"listen":"localhost:0"}}
        200 {as_given}
        "#
    ))
    .await;
    let event = support::next(&mut events).await;
    assert!(matches!(event.what, Happening::PortClosed(_)), "{event:?}");
    let id = desk.engine.find("d").expect("it is there");
    assert_eq!(desk.engine.port(id), Some((PortState::Closed, Vec::new())));

    let body = r#"{"enabled":true,"listen":null}"#;
    let enabled = desk.ask("POST", "/proxies/d", body).await;
    let at = desk.listen("d").await;
    assert!(at.starts_with("127.0.0.1:") && !at.ends_with(":0"), "{at}");
    assert_eq!((enabled.status, enabled.body), (200, told(&at, true)));
    let event = support::next(&mut events).await;
    assert!(
        matches!(event.what, Happening::Listening { .. }),
        "{event:?}"
    );
    let disabled = told(&at, false);
    desk.says(&format!(
        "PATCH /proxies/d {{\"enabled\":false}}\n200 {disabled}"
    ))
    .await;
    assert!(TcpStream::connect(&at).await.is_err(), "it is disabled");
}

#[tokio::test]
async fn one_that_cannot_be_enabled_stays_closed_and_asks_for_its_port_no_more() {
    let desk = desk().await;
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = other.local_addr().expect("bound").to_string();
    let text = r#"
        POST /proxies {"name":"d","upstream":"127.0.0.1:1","listen":"TAKEN","enabled":false}
        201 {"name":"d","listen":"TAKEN","upstream":"127.0.0.1:1","enabled":false,"toxics":[]}
        PATCH /proxies/d {"enabled":true}
        500 listen tcp TAKEN: bind: address already in use
        POST /reset
        500 listen tcp TAKEN: bind: address already in use
        GET /proxies/d
        200 {"name":"d","listen":"TAKEN","upstream":"127.0.0.1:1","enabled":false,"toxics":[]}
        "#;
    desk.says(&text.replace("TAKEN", &taken)).await;
    drop(other);
    let id = desk.engine.find("d").expect("it is there");
    assert_eq!(desk.engine.port(id), Some((PortState::Closed, Vec::new())));
    let text = r#"
        PATCH /proxies/d {"enabled":true}
        200 {"name":"d","listen":"TAKEN","upstream":"127.0.0.1:1","enabled":true,"toxics":[]}
        "#;
    desk.says(&text.replace("TAKEN", &taken)).await;
}

#[tokio::test]
async fn a_change_ends_connections_where_it_moves_or_disables_and_else_none() {
    let desk = with_proxy().await;
    let at = desk.listen("p").await;
    let other = support::echo().await.to_string();
    let whole = desk.ask("GET", "/proxies/p", "").await.body;
    for (body, ends) in [
        ("{}".to_owned(), false),
        ("null".to_owned(), false),
        (whole, false),
        (
            json!({"listen": at, "name": "other", "toxics": [1]}).to_string(),
            false,
        ),
        (json!({"enabled": true}).to_string(), false),
        (json!({"upstream": other}).to_string(), true),
        (json!({"enabled": false}).to_string(), true),
    ] {
        let mut client = TcpStream::connect(&at).await.expect("it listens");
        support::round_trip(&mut client, b"x").await;
        let reply = desk.ask("PATCH", "/proxies/p", &body).await;
        assert_eq!(
            (reply.status, &reply.json()["listen"]),
            (200, &json!(at)),
            "{body}"
        );
        if ends {
            assert_eq!(rest(client).await, "", "{body}");
        } else {
            support::round_trip(&mut client, b"y").await;
        }
    }
    assert!(TcpStream::connect(&at).await.is_err(), "it is disabled");
    desk.says("POST /reset {junk\n204").await;
    assert!(TcpStream::connect(&at).await.is_ok(), "it is enabled");
}

/// The author of an event, and what of a proxy it tells.
fn told(event: &Event) -> (String, &'static str) {
    let what = match &event.what {
        Happening::Listening { .. } => "listens",
        Happening::Repointed { .. } => "moved",
        Happening::PortClosed(_) => "closed",
        Happening::Faults { .. } => "faults",
        Happening::Removed => "removed",
        other => panic!("{other:?}"),
    };
    let by = event.by.as_ref().map_or("nobody", Author::as_str);
    (by.to_owned(), what)
}

#[tokio::test]
async fn a_proxy_that_moves_keeps_its_number_its_faults_and_who_moved_it() {
    let desk = with_proxy().await;
    let id = desk.engine.find("p").expect("it is there");
    let first = desk.listen("p").await;
    let other = support::echo().await.to_string();
    desk.ask("POST", "/proxies/p/toxics", r#"{"type":"noop"}"#)
        .await;
    let free = support::nobody().await.to_string();
    for (body, what) in [
        (json!({"upstream": other}), &["moved"][..]),
        (json!({"listen": free}), &["moved", "listens"]),
        (
            json!({"listen": "127.0.0.1:0", "enabled": false}),
            &["closed", "moved"],
        ),
        // Enabled where it is to be, never where it was.
        (
            json!({"listen": free, "upstream": first, "enabled": true}),
            &["moved", "listens"],
        ),
    ] {
        let mut events = desk.engine.events();
        let body = body.to_string();
        let reply = desk.ask("PATCH", "/proxies/p", &body).await;
        assert_eq!(reply.status, 200, "{body}: {reply:?}");
        let toxics = reply.json()["toxics"].as_array().map(Vec::len);
        assert_eq!(toxics, Some(1), "{body}");
        assert_eq!(desk.engine.find("p"), Some(id), "{body}");
        for what in what {
            let event = support::next(&mut events).await;
            assert_eq!(told(&event), ("api".to_owned(), *what), "{body}");
        }
    }
    assert_eq!(desk.listen("p").await, free);
    assert!(TcpStream::connect(&first).await.is_err(), "it has moved");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_proxy_listens_on_the_address_that_is_asked_for_and_on_no_other() {
    let desk = with_proxy().await;
    let mut port = 0;
    for addr in ["127.0.0.2", "127.0.0.3"] {
        let body = json!({"listen": format!("{addr}:{port}")}).to_string();
        let reply = desk.ask("PATCH", "/proxies/p", &body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let at: std::net::SocketAddr = desk.listen("p").await.parse().expect("an address");
        assert_eq!(at.ip().to_string(), addr);
        port = at.port();
        let mut client = TcpStream::connect(at).await.expect("it listens");
        support::round_trip(&mut client, b"x").await;
        let elsewhere = TcpStream::connect(("127.0.0.1", port)).await;
        assert!(elsewhere.is_err(), "on {addr} alone");
    }
}

#[tokio::test]
async fn what_somebody_else_moves_is_told_as_it_is_now() {
    let desk = with_proxy().await;
    desk.ask("POST", "/proxies/p/toxics", r#"{"type":"noop"}"#)
        .await;
    let at = desk.listen("p").await;
    let id = desk.engine.find("p").expect("it is there");
    let mapping = desk.engine.mapping(id).expect("it is there");
    let other = faultboard::mapping::parse_upstream("https://example.com").expect("an upstream");
    let moved = desk.engine.repoint(id, mapping.towards(&other)).await;
    assert!(moved.expect("it moves"));
    let told = format!(
        r#"{{"name":"p","listen":"{at}","upstream":"https://example.com","enabled":true,"toxics":[{{"attributes":{{}},"name":"noop_downstream","type":"noop","stream":"downstream","toxicity":1}}]}}"#
    );
    desk.says(&format!("GET /proxies/p\n200 {told}")).await;
}

#[tokio::test]
async fn what_a_person_edits_or_brings_back_keeps_its_toxics_and_what_a_client_removes_does_not() {
    let desk = with_proxy().await;
    for body in [
        r#"{"type":"noop"}"#,
        r#"{"type":"latency","name":"slow","attributes":{"latency":5}}"#,
    ] {
        desk.ask("POST", "/proxies/p/toxics", body).await;
    }
    let toxics = async || {
        let toxics = desk.ask("GET", "/proxies/p/toxics", "").await.json();
        toxics.as_array().map(Vec::len)
    };
    let id = desk.engine.find("p").expect("it is there");
    let mapping = desk.engine.mapping(id).expect("it is there");
    let plan = desk.engine.plan(id).expect("it is there");
    let plan = || faultboard::fault::Plan::clone(&plan);
    let edited = desk.engine.replace(id, mapping.clone(), plan()).await;
    let edited = edited.expect("a free port");
    assert_eq!(toxics().await, Some(2));
    assert!(desk.engine.remove(edited).await);
    desk.says("GET /proxies/p\n404 proxy not found").await;
    desk.engine.add(mapping, plan()).await.expect("a free port");
    assert_eq!(toxics().await, Some(2));
    desk.says("DELETE /proxies/p\n204").await;
    make(&desk, "p", "127.0.0.1:1").await;
    assert_eq!(toxics().await, Some(0));
}

#[tokio::test]
async fn a_change_is_told_with_its_author() {
    let desk = with_proxy().await;
    let mut events = desk.engine.events();
    for (field, author) in [
        ("", "api"),
        ("User-Agent: Java/17 (x)\r\n", "api (Java/17)"),
        (
            "User-Agent: a\r\nX-Faultboard-Author: ana@laptop\r\n",
            "ana@laptop",
        ),
    ] {
        let body = json!({"type": "latency", "name": author}).to_string();
        let length = body.len();
        let head =
            format!("Host: a\r\n{field}Content-Length: {length}\r\nConnection: close\r\n\r\n");
        let reply = desk
            .raw(&format!("POST /proxies/p/toxics HTTP/1.1\r\n{head}{body}"))
            .await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let event = support::next(&mut events).await;
        assert_eq!(told(&event), (author.to_owned(), "faults"));
    }
}

#[tokio::test]
async fn no_content_type_is_asked_for_and_chunks_are_read() {
    let desk = with_proxy().await;
    for kind in [
        "",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: \r\n",
    ] {
        let request = format!(
            "POST /proxies/p HTTP/1.1\r\nHost: localhost\r\n{kind}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
             5\r\n{{\"ena\r\nc\r\nbled\":false}}\r\n0\r\n\r\n"
        );
        let reply = desk.raw(&request).await;
        assert_eq!(
            (reply.status, &reply.json()["enabled"]),
            (200, &json!(false)),
            "{kind}"
        );
    }
    let long = "x".repeat((1 << 20) + 1);
    assert_eq!(desk.ask("POST", "/proxies", &long).await.status, 413);
}
