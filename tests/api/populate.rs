//! Many proxies at once.

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::http::{Desk, desk, rest};
use super::support;

async fn populate(desk: &Desk, body: &Value) -> (u16, Value) {
    let reply = desk.ask("POST", "/populate", &body.to_string()).await;
    (reply.status, reply.json())
}

#[tokio::test]
async fn populate_leaves_alone_what_is_there_and_has_what_is_other_begin_anew() {
    let desk = desk().await;
    let echo = support::echo().await.to_string();
    let one = json!({"name": "one", "listen": "0.0.0.0:0", "upstream": echo});
    let two = json!({"name": "two", "listen": "localhost:0", "upstream": "127.0.0.1:1", "enabled": false});
    let both = json!([one, two]);
    let (status, told) = populate(&desk, &both).await;
    let [one, two] = [0, 1].map(|at| &told["proxies"][at]);
    let enabled = [one, two].map(|proxy| proxy["enabled"].as_bool());
    assert_eq!((status, enabled), (201, [Some(true), Some(false)]));
    let at = one["listen"].as_str().expect("an address");
    let mut client = TcpStream::connect(at).await.expect("it listens");
    support::round_trip(&mut client, b"x").await;
    desk.ask("POST", "/proxies/one/toxics", r#"{"type":"noop"}"#)
        .await;
    let toxics = |told: &Value| told["proxies"][0]["toxics"].as_array().map(Vec::len);
    let (_, again) = populate(&desk, &both).await;
    assert_eq!(toxics(&again), Some(1));
    support::round_trip(&mut client, b"y").await;

    let id = desk.engine.find("one");
    let moved = json!([{"name": "one", "listen": "0.0.0.0:0", "upstream": "127.0.0.1:1"}]);
    let (status, moved) = populate(&desk, &moved).await;
    assert_eq!((status, toxics(&moved)), (201, Some(0)));
    assert_eq!(moved["proxies"][0]["listen"], at, "it keeps its port");
    assert_eq!(desk.engine.find("one"), id, "and its number");
    assert_eq!(rest(client).await, "");
}

#[tokio::test]
async fn populate_makes_none_where_one_is_wrong_and_ends_at_the_first_that_cannot_be() {
    let desk = desk().await;
    desk.says(
        r#"
        POST /populate []
        201 {"proxies":[]}
        POST /populate {}
        400 bad request body: …
        POST /populate [{"name":"five","upstream":"x:1"},{"name":"six"}]
        400 {"error":"missing required field: upstream at proxy 2","proxies":null,"status":400}
        GET /proxies
        200 {}
        POST /populate [{"name":"five","upstream":"x:1"},{"name":"six","upstream":"x:1","listen":"local373"},{"name":"seven","upstream":"x:1"}]
        500 listen tcp: address local373: missing port in address…
        GET /proxies/seven
        404 proxy not found
        "#,
    )
    .await;
    assert!(desk.engine.find("five").is_some());
    // The one that is there stays as it was where it cannot be what is wanted of it.
    let at = desk.listen("five").await;
    let text = r#"
        POST /populate [{"name":"five","upstream":"y:1","listen":"local373"}]
        500 {"error":"listen tcp: address local373: missing port in address","proxies":[],"status":500}
        GET /proxies/five
        200 {"name":"five","listen":"AT","upstream":"x:1","enabled":true,"toxics":[]}
        "#;
    desk.says(&text.replace("AT", &at)).await;
}
