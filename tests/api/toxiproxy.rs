//! Row for row what toxiproxy answers, as its clients send it, over an API of ours.

use serde_json::{Value, json};

use super::http::{Desk, Reply, desk};
use super::support;

/// A desk with the proxy `p` before an echo.
async fn with_proxy() -> Desk {
    let desk = desk().await;
    let echo = support::echo().await;
    let body = json!({"name": "p", "upstream": echo.to_string(), "listen": "127.0.0.1:0"});
    let reply = desk.ask("POST", "/proxies", &body.to_string()).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    desk
}

fn error(status: u16, text: &str) -> String {
    json!({"error": text, "status": status}).to_string()
}

/// Asks, and compares the whole body.
async fn answers(desk: &Desk, method: &str, path: &str, body: &str, status: u16, wanted: &str) {
    let reply = desk.ask(method, path, body).await;
    assert_eq!(
        (reply.status, &*reply.body),
        (status, wanted),
        "{method} {path} {body}"
    );
}

fn listen(reply: &Reply) -> String {
    reply.json()["listen"]
        .as_str()
        .expect("an address")
        .to_owned()
}

#[tokio::test]
async fn a_proxy_is_made_told_and_removed() {
    let desk = desk().await;
    answers(&desk, "GET", "/proxies", "", 200, "{}").await;
    let body = r#"{"name":"a b:1","upstream":"localhost:20001","listen":"localhost:0"} junk"#;
    let reply = desk.ask("POST", "/proxies", body).await;
    let at = listen(&reply);
    let told = format!(
        r#"{{"name":"a b:1","listen":"{at}","upstream":"localhost:20001","enabled":true,"toxics":[]}}"#
    );
    assert_eq!((reply.status, &reply.body), (201, &told));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(at.starts_with("127.0.0.1:") && !at.ends_with(":0"), "{at}");
    answers(&desk, "GET", "/proxies/a%20b:1", "", 200, &told).await;
    answers(
        &desk,
        "GET",
        "/proxies",
        "{junk",
        200,
        &format!("{{\"a b:1\":{told}}}"),
    )
    .await;
    answers(&desk, "DELETE", "/proxies/a%20b:1", "{junk", 204, "").await;
    answers(
        &desk,
        "DELETE",
        "/proxies/a%20b:1",
        "",
        404,
        &error(404, "proxy not found"),
    )
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of questions and answers")]
async fn what_is_wrong_with_a_proxy_is_said_in_gos_words() {
    let desk = with_proxy().await;
    let taken = listen(&desk.ask("GET", "/proxies/p", "").await);
    let make = |listen: &str| json!({"name": "c", "upstream": "x:1", "listen": listen}).to_string();
    let bind = |addr: &str, why: &str| error(500, &format!("listen tcp {addr}: bind: {why}"));
    for (body, status, wanted) in [
        (
            r#"{"upstream":"127.0.0.1:1"}"#.to_owned(),
            400,
            error(400, "missing required field: name"),
        ),
        (
            r#"{"name":"x"}"#.to_owned(),
            400,
            error(400, "missing required field: upstream"),
        ),
        (
            r#"{"name":"p","upstream":"127.0.0.1:1"}"#.to_owned(),
            409,
            error(409, "proxy already exists"),
        ),
        (
            make("nonsense"),
            500,
            error(500, "listen tcp: address nonsense: missing port in address"),
        ),
        (
            make("127.0.0.1:99999"),
            500,
            error(500, "listen tcp: address 99999: invalid port"),
        ),
        (
            make("192.0.2.1:9"),
            500,
            bind("192.0.2.1:9", "cannot assign requested address"),
        ),
        (make(&taken), 500, bind(&taken, "address already in use")),
    ] {
        answers(&desk, "POST", "/proxies", &body, status, &wanted).await;
    }
    for body in [
        "",
        "{",
        "[]",
        "5",
        r#"{"name":5}"#,
        r#"{"name":"x","enabled":"yes"}"#,
    ] {
        let reply = desk.ask("POST", "/proxies", body).await;
        let why = reply.json()["error"].as_str().expect("an error").to_owned();
        assert!(
            reply.status == 400 && why.starts_with("bad request body: "),
            "{body}: {reply:?}"
        );
    }
    // The proxy is looked for first.
    answers(
        &desk,
        "PATCH",
        "/proxies/none",
        "{bad",
        404,
        &error(404, "proxy not found"),
    )
    .await;
    assert_eq!(
        desk.ask("GET", "/proxies", "")
            .await
            .json()
            .as_object()
            .map(serde_json::Map::len),
        Some(1)
    );
}

#[tokio::test]
async fn one_that_was_never_enabled_tells_its_address_as_given() {
    let desk = desk().await;
    let body = r#"{"Name":"d","Upstream":"127.0.0.1:1","Listen":"localhost:0","Enabled":false,"Toxics":[{}]}"#;
    let reply = desk.ask("POST", "/proxies", body).await;
    assert_eq!(
        (reply.status, listen(&reply)),
        (201, "localhost:0".to_owned())
    );
    assert_eq!(reply.json()["enabled"], false);
    let enabled = desk
        .ask("POST", "/proxies/d", r#"{"enabled":true,"listen":null}"#)
        .await;
    let at = listen(&enabled);
    assert!(at.starts_with("127.0.0.1:") && !at.ends_with(":0"), "{at}");
    let disabled = desk
        .ask("PATCH", "/proxies/d", r#"{"enabled":false}"#)
        .await;
    assert_eq!(
        (listen(&disabled), &disabled.json()["enabled"]),
        (at, &json!(false))
    );
}

#[tokio::test]
async fn a_change_ends_connections_where_it_moves_or_disables_and_else_none() {
    let desk = with_proxy().await;
    let at = listen(&desk.ask("GET", "/proxies/p", "").await);
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
        let mut client = tokio::net::TcpStream::connect(&at)
            .await
            .expect("it listens");
        support::round_trip(&mut client, b"x").await;
        let reply = desk.ask("PATCH", "/proxies/p", &body).await;
        assert_eq!((reply.status, listen(&reply)), (200, at.clone()), "{body}");
        if ends {
            assert_eq!(super::http::rest(client).await, "", "{body}");
        } else {
            support::round_trip(&mut client, b"y").await;
        }
    }
    assert!(
        tokio::net::TcpStream::connect(&at).await.is_err(),
        "it is disabled"
    );
    answers(&desk, "POST", "/reset", "{junk", 204, "").await;
    assert!(
        tokio::net::TcpStream::connect(&at).await.is_ok(),
        "it is enabled"
    );
    let reply = desk
        .ask("PATCH", "/proxies/p", r#"{"listen":"nonsense"}"#)
        .await;
    assert_eq!(
        (reply.status, reply.body),
        (500, error(500, "address nonsense: missing port in address"))
    );
}

#[tokio::test]
async fn each_type_of_toxic_is_accepted_without_attributes_and_told_whole() {
    let desk = with_proxy().await;
    for (kind, attributes) in [
        ("latency", r#"{"latency":0,"jitter":0}"#),
        ("bandwidth", r#"{"rate":0}"#),
        ("slow_close", r#"{"delay":0}"#),
        ("timeout", r#"{"timeout":0}"#),
        ("reset_peer", r#"{"timeout":0}"#),
        (
            "slicer",
            r#"{"average_size":0,"size_variation":0,"delay":0}"#,
        ),
        ("limit_data", r#"{"bytes":0}"#),
        ("noop", "{}"),
    ] {
        let wanted = format!(
            r#"{{"attributes":{attributes},"name":"{kind}_downstream","type":"{kind}","stream":"downstream","toxicity":1}}"#
        );
        let body = format!(r#"{{"type":"{kind}"}}"#);
        answers(&desk, "POST", "/proxies/p/toxics", &body, 200, &wanted).await;
        answers(
            &desk,
            "GET",
            &format!("/proxies/p/toxics/{kind}_downstream"),
            "",
            200,
            &wanted,
        )
        .await;
    }
    assert_eq!(
        desk.ask("GET", "/proxies/p/toxics", "")
            .await
            .json()
            .as_array()
            .map(Vec::len),
        Some(8)
    );
    answers(&desk, "POST", "/reset", "", 204, "").await;
    answers(&desk, "GET", "/proxies/p/toxics", "", 200, "[]").await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of questions and answers")]
async fn what_is_wrong_with_a_toxic_is_judged_in_toxiproxys_order() {
    let desk = with_proxy().await;
    assert_eq!(
        desk.ask(
            "POST",
            "/proxies/p/toxics",
            r#"{"type":"latency","name":"t"}"#
        )
        .await
        .status,
        200
    );
    let stream = error(
        400,
        "stream was invalid, can be either upstream or downstream",
    );
    let kind = error(400, "invalid toxic type");
    let bad = |why: &str| error(400, &format!("bad request body: {why}"));
    for (body, status, wanted) in [
        (r#"{"type":"latency","stream":"both"}"#, 400, stream.clone()),
        (r#"{"type":"latency","stream":""}"#, 400, stream.clone()),
        (r#"{"type":"nosuch","stream":"sideways"}"#, 400, stream),
        (r#"{"type":"nosuch"}"#, 400, kind.clone()),
        (r#"{"type":"Latency"}"#, 400, kind.clone()),
        ("{}", 400, kind),
        (
            r#"{"type":"bandwidth","name":"t","stream":"upstream"}"#,
            409,
            error(409, "toxic already exists"),
        ),
        (
            r#"{"type":"bandwidth","attributes":{"rate":-1}}"#,
            400,
            bad("rate must be at least 0"),
        ),
        (
            r#"{"type":"slicer","attributes":{"average_size":-1}}"#,
            400,
            bad("average_size must be at least 0"),
        ),
        (
            r#"{"type":"latency","attributes":[]}"#,
            400,
            bad("array where an object is expected"),
        ),
        (
            r#"{"type":"latency","attributes":{"latency":1.5}}"#,
            400,
            bad("1.5 where an integer is expected as latency"),
        ),
    ] {
        answers(&desk, "POST", "/proxies/p/toxics", body, status, &wanted).await;
    }
    for (method, path) in [
        ("GET", "/proxies/p/toxics/x"),
        ("DELETE", "/proxies/p/toxics/x"),
        ("PATCH", "/proxies/p/toxics/x"),
    ] {
        answers(
            &desk,
            method,
            path,
            "{bad",
            404,
            &error(404, "toxic not found"),
        )
        .await;
    }
    answers(
        &desk,
        "DELETE",
        "/proxies/none/toxics/t",
        "",
        404,
        &error(404, "proxy not found"),
    )
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of questions and answers")]
async fn a_toxic_is_changed_whole_or_not_at_all_and_keeps_what_is_not_given() {
    let desk = with_proxy().await;
    let told = |attributes: &str, toxicity: &str| {
        format!(
            r#"{{"attributes":{attributes},"name":"tx","type":"latency","stream":"DownStream","toxicity":{toxicity}}}"#
        )
    };
    let body = r#"{"type":"latency","name":"tx","stream":"DownStream","toxicity":0.5,"attributes":{"LATENCY":100,"jitter":10,"x":"y"}}"#;
    answers(
        &desk,
        "POST",
        "/proxies/p/toxics",
        body,
        200,
        &told(r#"{"latency":100,"jitter":10}"#, "0.5"),
    )
    .await;
    for (method, body, attributes, toxicity) in [
        (
            "PATCH",
            r#"{"attributes":{"latency":250}}"#,
            r#"{"latency":250,"jitter":10}"#,
            "0.5",
        ),
        (
            "POST",
            r#"{"toxicity":0.3333333333333333}"#,
            r#"{"latency":250,"jitter":10}"#,
            "0.33333334",
        ),
        (
            "PATCH",
            r#"{"name":"new","type":"bandwidth","stream":"upstream"}"#,
            r#"{"latency":250,"jitter":10}"#,
            "0.33333334",
        ),
        (
            "PATCH",
            r#"{"toxicity":2.5}"#,
            r#"{"latency":250,"jitter":10}"#,
            "2.5",
        ),
    ] {
        answers(
            &desk,
            method,
            "/proxies/p/toxics/tx",
            body,
            200,
            &told(attributes, toxicity),
        )
        .await;
    }
    let half = r#"{"attributes":{"jitter":77,"latency":"a"}}"#;
    assert_eq!(
        desk.ask("PATCH", "/proxies/p/toxics/tx", half).await.status,
        400
    );
    answers(
        &desk,
        "GET",
        "/proxies/p/toxics/tx",
        "",
        200,
        &told(r#"{"latency":250,"jitter":10}"#, "2.5"),
    )
    .await;
    answers(&desk, "DELETE", "/proxies/p/toxics/tx", "", 204, "").await;
}

#[tokio::test]
async fn toxics_are_named_settings_beside_what_a_person_sets() {
    let desk = with_proxy().await;
    let id = desk.engine.find("p").expect("it is there");
    let own = support::latency(7);
    desk.engine
        .set_plan(id, faultboard::fault::Plan::of([own]))
        .await;
    for (name, stream, ms) in [
        ("b", "downstream", 30),
        ("a", "downstream", 100),
        ("z", "upstream", 5),
    ] {
        let body = json!({"type": "latency", "name": name, "stream": stream, "attributes": {"latency": ms}});
        assert_eq!(
            desk.ask("POST", "/proxies/p/toxics", &body.to_string())
                .await
                .status,
            200
        );
    }
    let plan = || desk.engine.plan(id).expect("it is there").to_string();
    assert_eq!(
        plan(),
        "latency 7ms, latency 30ms as=b down, latency 100ms as=a down, latency 5ms as=z up"
    );
    let reply = desk.ask("GET", "/proxies/p", "").await;
    assert_eq!(reply.header("x-faultboard-faults"), Some("latency 7ms"));
    let names: Vec<Value> = reply.json()["toxics"]
        .as_array()
        .expect("toxics")
        .iter()
        .map(|it| it["name"].clone())
        .collect();
    assert_eq!(names, [json!("z"), json!("b"), json!("a")]);
    // Turned by a person, it is told as it is; taken off, it is gone.
    let by = faultboard::snapshot::Author::CONSOLE;
    let command = |line: &str| faultboard::command::parse(line).expect("a command");
    faultboard::operate::run(&desk.engine, command("set p latency 45ms as=a down"), &by)
        .await
        .expect("done");
    assert_eq!(
        desk.ask("GET", "/proxies/p/toxics/a", "").await.json()["attributes"]["latency"],
        45
    );
    faultboard::operate::run(&desk.engine, command("clear p as=b"), &by)
        .await
        .expect("done");
    assert_eq!(desk.ask("GET", "/proxies/p/toxics/b", "").await.status, 404);
    answers(&desk, "POST", "/reset", "", 204, "").await;
    assert_eq!(plan(), "latency 7ms");
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
        assert_eq!(
            event.by.as_ref().map(faultboard::snapshot::Author::as_str),
            Some(author)
        );
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of questions and answers")]
async fn populate_leaves_what_is_there_and_ends_at_the_first_that_cannot_be() {
    let desk = desk().await;
    let echo = support::echo().await.to_string();
    let one = json!({"name": "one", "listen": "0.0.0.0:0", "upstream": echo});
    let two = json!({"name": "two", "listen": "localhost:0", "upstream": "127.0.0.1:1", "enabled": false});
    let both = json!([one, two]).to_string();
    let reply = desk.ask("POST", "/populate", &both).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let proxies = reply.json()["proxies"].clone();
    assert_eq!(
        (&proxies[0]["enabled"], &proxies[1]["enabled"]),
        (&json!(true), &json!(false))
    );
    let at = proxies[0]["listen"]
        .as_str()
        .expect("an address")
        .to_owned();
    let mut client = tokio::net::TcpStream::connect(&at)
        .await
        .expect("it listens");
    support::round_trip(&mut client, b"x").await;
    assert_eq!(
        desk.ask("POST", "/proxies/one/toxics", r#"{"type":"noop"}"#)
            .await
            .status,
        200
    );
    let again = desk.ask("POST", "/populate", &both).await;
    assert_eq!(
        again.json()["proxies"][0]["toxics"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    support::round_trip(&mut client, b"y").await;
    for (body, status, wanted) in [
        ("[]".to_owned(), 201, r#"{"proxies":[]}"#.to_owned()),
        (
            json!([{"name": "five", "upstream": "x:1"}, {"name": "six"}]).to_string(),
            400,
            r#"{"error":"missing required field: upstream at proxy 2","proxies":null,"status":400}"#.to_owned(),
        ),
    ] {
        answers(&desk, "POST", "/populate", &body, status, &wanted).await;
    }
    assert_eq!(desk.ask("GET", "/proxies/five", "").await.status, 404);
    let some = json!([{"name": "five", "upstream": "x:1"}, {"name": "six", "upstream": "x:1", "listen": "local373"}, {"name": "seven", "upstream": "x:1"}]);
    let reply = desk.ask("POST", "/populate", &some.to_string()).await;
    assert_eq!(reply.status, 500);
    assert_eq!(
        reply.json()["error"],
        "listen tcp: address local373: missing port in address"
    );
    assert_eq!(reply.json()["proxies"][0]["name"], "five");
    assert_eq!(desk.ask("GET", "/proxies/seven", "").await.status, 404);
    // Another upstream takes the place of the first.
    let moved = json!([{"name": "one", "listen": "0.0.0.0:0", "upstream": "127.0.0.1:1"}]);
    assert_eq!(
        desk.ask("POST", "/populate", &moved.to_string())
            .await
            .status,
        201
    );
    assert_eq!(super::http::rest(client).await, "");
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

#[tokio::test]
async fn a_client_that_does_not_read_holds_no_answer_up() {
    let desk = desk().await;
    let flood = support::serve(|mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let bytes = vec![0; 65_536];
        while stream.write_all(&bytes).await.is_ok() {}
    })
    .await;
    let body = json!({"name": "p", "upstream": flood.to_string()});
    let at = listen(&desk.ask("POST", "/proxies", &body.to_string()).await);
    let _client = tokio::net::TcpStream::connect(&at)
        .await
        .expect("it listens");
    // So much has come that the client's buffers are full.
    support::snapshot(&desk.engine, |snapshot| snapshot.rates.down > 0.0).await;
    let reply = desk
        .ask(
            "POST",
            "/proxies/p/toxics",
            r#"{"type":"latency","attributes":{"latency":100}}"#,
        )
        .await;
    assert_eq!(reply.status, 200);
    let taken = support::snapshot(&desk.engine, |snapshot| {
        snapshot
            .proxies
            .iter()
            .all(|row| row.open == 1 && row.up_to_date == 1)
    });
    taken.await;
    answers(&desk, "DELETE", "/proxies/p", "", 204, "").await;
}
