//! HTTP's own rules, as far as toxiproxy's clients rely on them.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::dialogue::{make, with_proxy};
use super::http::{Reply, desk};
use super::support::PATIENCE;

#[tokio::test]
async fn each_answer_of_a_route_has_a_number_of_its_own_and_a_body_that_it_names() {
    let desk = with_proxy().await;
    let mut numbers = Vec::new();
    for (method, path, body, status) in [
        ("GET", "/proxies?x=1", "", 200),
        ("GET", "/proxies/p", "", 200),
        ("GET", "/proxies/none", "", 404),
        ("POST", "/proxies", "{", 400),
        ("POST", "/populate", "[]", 201),
        ("DELETE", "/proxies/p", "", 204),
    ] {
        let reply = desk.ask(method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path}");
        let number = reply.header("x-toxiproxy-request-id").unwrap_or_default();
        assert_eq!(number.len(), 20, "{method} {path}: {reply:?}");
        let kind = reply.header("content-type");
        let wanted = (status != 204).then_some("application/json");
        assert_eq!(kind, wanted, "{method} {path}");
        assert_eq!(reply.header("content-length").is_none(), status == 204);
        numbers.push(number.to_owned());
    }
    numbers.dedup();
    assert_eq!(numbers.len(), 6);
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("GET", "/proxies/", 404),
        ("GET", "/proxies/p/", 404),
        ("PUT", "/proxies", 405),
        ("OPTIONS", "/reset", 405),
        ("GET", "/populate", 405),
    ] {
        let reply = desk.ask(method, path, "").await;
        assert_eq!(reply.status, status, "{method} {path}");
        assert!(!reply.head.contains("access-control"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_name_in_a_path_is_decoded_once() {
    let desk = desk().await;
    for (name, path) in [
        ("a b", "a%20b"),
        ("a+b", "a+b"),
        ("a%20b", "a%2520b"),
        ("a/b", "a%2Fb"),
        ("db:5432", "db:5432"),
        ("<&>", "%3C&%3E"),
        ("\u{e4}", "%C3%A4"),
    ] {
        make(&desk, name, "127.0.0.1:1").await;
        let reply = desk.ask("GET", &format!("/proxies/{path}"), "").await;
        assert_eq!((reply.status, &reply.json()["name"]), (200, &json!(name)));
        assert!(!reply.body.contains(['<', '>', '&']), "{}", reply.body);
    }
    let bad = desk.ask("GET", "/proxies/%ff", "").await;
    assert!((400..500).contains(&bad.status), "{bad:?}");
}

#[tokio::test]
async fn who_asks_first_whether_to_send_a_body_is_told_to() {
    let desk = with_proxy().await;
    let mut stream = desk.connect().await;
    let head = "POST /proxies/p HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let wanted = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut said = vec![0; wanted.len()];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut said)).await;
    read.expect("a word in time").expect("a word");
    assert_eq!(said, wanted);
    stream
        .write_all(b"{\"enabled\":false}")
        .await
        .expect("it reads");
    let reply = Reply::of(&super::http::rest(stream).await);
    assert_eq!(
        (reply.status, &reply.json()["enabled"]),
        (200, &json!(false))
    );
}

#[tokio::test]
async fn old_http_is_kept_open_where_it_asks_for_it() {
    let desk = desk().await;
    let kept = "GET /proxies HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let last = "GET /version HTTP/1.0\r\n\r\n";
    let mut stream = desk.connect().await;
    stream.write_all(kept.as_bytes()).await.expect("it reads");
    stream.write_all(last.as_bytes()).await.expect("it reads");
    let both = super::http::rest(stream).await;
    assert_eq!(both.matches("200 OK").count(), 2, "{both}");
    // What is new must name its host.
    let without = desk
        .raw("GET /proxies HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(without.status, 400, "{without:?}");
}
