//! The document of the APIs and the router say the same.

use faultboard::fault::Plan;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::http::{Desk, Reply, desk};
use super::support::{self, echo};

const DOCUMENT: &str = include_str!("../../assets/openapi.json");
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Where the routers are.
const ROUTERS: [(&str, &str); 3] = [
    ("", include_str!("../../src/api/toxiproxy/mod.rs")),
    ("/faultboard/v1", include_str!("../../src/api/live/mod.rs")),
    ("", include_str!("../../src/api/mod.rs")),
];

fn document() -> Value {
    serde_json::from_str(DOCUMENT).expect("JSON")
}

/// The answer to a request; of one that goes on, its beginning.
async fn asked(desk: &Desk, method: &str, path: &str) -> Reply {
    let body = "{}";
    let mut stream = desk.connect().await;
    let request = format!(
        "{} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{body}",
        method.to_uppercase()
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut bytes = vec![0; 65_536];
    let length = stream.read(&mut bytes).await.expect("an answer");
    Reply::of(&String::from_utf8_lossy(&bytes[..length]))
}

#[tokio::test]
async fn each_path_answers_to_the_methods_of_the_document_and_to_no_others() {
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    for (path, item) in paths {
        for method in METHODS {
            // Of its own: what one of them does is nothing to the next.
            let desk = desk().await;
            let upstream = echo().await;
            support::proxy(&desk.engine, upstream, Plan::default()).await;
            let name = desk.engine.proxies()[0].1.clone();
            let real = path
                .replace("{proxy}", &name)
                .replace("{name}", &name)
                .replace("{port}", "1")
                .replace("{id}", "1")
                .replace("{toxic}", "x");
            let reply = asked(&desk, method, &real).await;
            let says = |words: &str| reply.body.contains(words);
            let is_unknown = says("404 page not found") || says("no such path");
            let answers = reply.status != 405 && !is_unknown;
            let stands = item.get(method).is_some();
            assert_eq!(answers, stands, "{method} {path}: {reply:?}");
            // The answer is one that the document knows.
            if stands {
                let status = reply.status.to_string();
                let known = &item[method]["responses"];
                assert!(known.get(&status).is_some(), "{method} {path}: {status}");
            }
        }
    }
}

#[test]
fn each_route_stands_in_the_document() {
    let document = document();
    let mut count = 0;
    for (root, source) in ROUTERS {
        for rest in source.split(".route(").skip(1) {
            let route = rest.trim_start().strip_prefix('"');
            let route = route.and_then(|route| route.split('"').next());
            let route = route.unwrap_or_else(|| panic!("a path: {rest}"));
            let path = format!(
                "{root}{}",
                if root.is_empty() {
                    route
                } else {
                    route.trim_end_matches('/')
                }
            );
            assert!(document["paths"].get(&path).is_some(), "{path}");
            count += 1;
        }
    }
    assert_eq!(
        count,
        document["paths"]
            .as_object()
            .map_or(0, serde_json::Map::len)
    );
}

/// Each `$ref` of a part of the document.
fn references(part: &Value, found: &mut Vec<String>) {
    match part {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|_| name == "$ref") {
                    Some(reference) => found.push(reference.to_owned()),
                    None => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn whatever_the_document_refers_to_is_in_it() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("in this document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_document_is_served_as_it_is() {
    let desk = desk().await;
    let reply = desk.ask("GET", "/faultboard/v1/openapi.json", "").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, DOCUMENT));
}
