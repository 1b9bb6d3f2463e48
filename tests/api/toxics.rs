//! Toxics added, told, changed and removed, as toxiproxy answers.

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::dialogue::{make, with_proxy};
use super::http::desk;
use super::support;

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
        desk.says(&format!(
            r#"
            POST /proxies/p/toxics {{"type":"{kind}"}}
            200 {{"attributes":{attributes},"name":"{kind}_downstream","type":"{kind}","stream":"downstream","toxicity":1}}
            GET /proxies/p/toxics/{kind}_downstream
            200 {{"attributes":{attributes},"name":"{kind}_downstream","type":"{kind}","stream":"downstream","toxicity":1}}
            "#
        ))
        .await;
    }
    let toxics = desk.ask("GET", "/proxies/p/toxics", "").await.json();
    assert_eq!(toxics.as_array().map(Vec::len), Some(8));
    desk.says("POST /reset\n204\nGET /proxies/p/toxics\n200 []")
        .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_toxic_is_judged_in_toxiproxys_order() {
    let desk = with_proxy().await;
    desk.says(
        r#"
        POST /proxies/p/toxics {"type":"noop","name":"t"}
        200 {"attributes":{},"name":"t","type":"noop","stream":"downstream","toxicity":1}
        POST /proxies/p/toxics {"type":"latency","stream":"both"}
        400 stream was invalid, can be either upstream or downstream
        POST /proxies/p/toxics {"type":"latency","stream":""}
        400 stream was invalid, can be either upstream or downstream
        POST /proxies/p/toxics {"type":"nosuch","stream":"sideways"}
        400 stream was invalid, can be either upstream or downstream
        POST /proxies/p/toxics {"type":"nosuch"}
        400 invalid toxic type
        POST /proxies/p/toxics {"type":"Latency"}
        400 invalid toxic type
        POST /proxies/p/toxics {}
        400 invalid toxic type
        POST /proxies/p/toxics {"type":"bandwidth","name":"t","stream":"upstream"}
        409 toxic already exists
        POST /proxies/p/toxics {"type":"bandwidth","attributes":{"rate":-1}}
        400 bad request body: rate must be at least 0
        POST /proxies/p/toxics {"type":"slicer","attributes":{"average_size":-1}}
        400 bad request body: average_size must be at least 0
        POST /proxies/p/toxics {"type":"latency","attributes":[]}
        400 bad request body: array where an object is expected
        POST /proxies/p/toxics {"type":"latency","attributes":{"latency":1.5}}
        400 bad request body: 1.5 where an integer is expected as latency
        GET /proxies/p/toxics/x {bad
        404 toxic not found
        DELETE /proxies/p/toxics/x {bad
        404 toxic not found
        PATCH /proxies/p/toxics/x {bad
        404 toxic not found
        DELETE /proxies/none/toxics/t
        404 proxy not found
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_toxic_is_changed_whole_or_not_at_all_and_keeps_what_is_not_given() {
    let desk = with_proxy().await;
    desk.says(
        r#"
        POST /proxies/p/toxics {"type":"latency","name":"tx","stream":"DownStream","toxicity":0.5,"attributes":{"LATENCY":100,"jitter":10,"x":"y"}}
        200 {"attributes":{"latency":100,"jitter":10},"name":"tx","type":"latency","stream":"DownStream","toxicity":0.5}
        PATCH /proxies/p/toxics/tx {"attributes":{"latency":250}}
        200 {"attributes":{"latency":250,"jitter":10},"name":"tx","type":"latency","stream":"DownStream","toxicity":0.5}
        POST /proxies/p/toxics/tx {"toxicity":0.3333333333333333}
        200 {"attributes":{"latency":250,"jitter":10},"name":"tx","type":"latency","stream":"DownStream","toxicity":0.33333334}
        PATCH /proxies/p/toxics/tx {"name":"new","type":"bandwidth","stream":"upstream"}
        200 {"attributes":{"latency":250,"jitter":10},"name":"tx","type":"latency","stream":"DownStream","toxicity":0.33333334}
        PATCH /proxies/p/toxics/tx {"toxicity":2.5}
        200 {"attributes":{"latency":250,"jitter":10},"name":"tx","type":"latency","stream":"DownStream","toxicity":2.5}
        PATCH /proxies/p/toxics/tx {"attributes":{"jitter":77,"latency":"a"}}
        400 bad request body: …
        GET /proxies/p/toxics/tx
        200 {"attributes":{"latency":250,"jitter":10},"name":"tx","type":"latency","stream":"DownStream","toxicity":2.5}
        DELETE /proxies/p/toxics/tx
        204
        DELETE /proxies/p/toxics/tx
        404 toxic not found
        "#,
    )
    .await;
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
        let body = body.to_string();
        let reply = desk.ask("POST", "/proxies/p/toxics", &body).await;
        assert_eq!(reply.status, 200);
    }
    let plan = || desk.engine.plan(id).expect("it is there").to_string();
    assert_eq!(
        plan(),
        "latency 7ms, latency 30ms as=b down, latency 100ms as=a down, latency 5ms as=z up"
    );
    let reply = desk.ask("GET", "/proxies/p", "").await;
    assert_eq!(reply.header("x-faultboard-faults"), Some("latency 7ms"));
    let proxy = reply.json();
    let toxics = proxy["toxics"].as_array().expect("toxics").iter();
    let names: Vec<&Value> = toxics.map(|it| &it["name"]).collect();
    assert_eq!(names, [&json!("z"), &json!("b"), &json!("a")]);
    // Turned by a person, it is told as it is; taken off, it is gone.
    let by = faultboard::snapshot::Author::CONSOLE;
    let command = |line: &str| faultboard::command::parse(line).expect("a command");
    for line in ["set p latency 45ms as=a down", "clear p as=b"] {
        faultboard::operate::run(&desk.engine, command(line), &by)
            .await
            .expect("done");
    }
    desk.says(
        r#"
        GET /proxies/p/toxics/a
        200 {"attributes":{"latency":45,"jitter":0},"name":"a","type":"latency","stream":"downstream","toxicity":1}
        GET /proxies/p/toxics/b
        404 toxic not found
        POST /reset
        204
        "#,
    )
    .await;
    assert_eq!(plan(), "latency 7ms");
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
    make(&desk, "p", &flood.to_string()).await;
    let at = desk.listen("p").await;
    let _client = TcpStream::connect(&at).await.expect("it listens");
    // Bytes have come, and go on coming until the client's buffers are full.
    let has_come = |row: &faultboard::snapshot::ProxyRow| row.bytes.down > 0;
    support::snapshot(&desk.engine, |snapshot| {
        snapshot.proxies.iter().any(has_come)
    })
    .await;
    let body = r#"{"type":"latency","attributes":{"latency":100}}"#;
    let reply = desk.ask("POST", "/proxies/p/toxics", body).await;
    assert_eq!(reply.status, 200);
    support::snapshot(&desk.engine, |snapshot| {
        let mut rows = snapshot.proxies.iter();
        rows.all(|row| row.open == 1 && row.up_to_date == 1)
    })
    .await;
    desk.says("DELETE /proxies/p\n204").await;
}
