//! A toxiproxy server on the desk: a stand-in that answers in toxiproxy's own words, as they were recorded.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossterm::event::KeyCode;
use faultboard::desk::Desk as _;
use faultboard::remote::Target;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::console::Console;
use crate::desk::{Desk, Place, attach, console};
use crate::support::PATIENCE;

/// The stand-in; clones are the same one.
#[derive(Clone)]
struct Server {
    address: String,
    proxies: Arc<Mutex<BTreeMap<String, Value>>>,
    /// Told whenever something was asked, and done.
    asked: Arc<Notify>,
    listens: AbortHandle,
}

impl Server {
    async fn start() -> Self {
        Self::at("127.0.0.1:0", Arc::default()).await
    }

    async fn at(address: &str, proxies: Arc<Mutex<BTreeMap<String, Value>>>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("it listens").to_string();
        let asked = Arc::<Notify>::default();
        let (told, tells) = (Arc::clone(&proxies), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (told, tells) = (Arc::clone(&told), Arc::clone(&tells));
                tokio::spawn(async move { serve(stream, &told, &tells).await });
            }
        });
        Self {
            address,
            proxies,
            asked,
            listens: task.abort_handle(),
        }
    }

    /// A proxy `db` with these toxics.
    async fn with(toxics: Value) -> Self {
        let server = Self::start().await;
        let proxy = proxy("db", "127.0.0.1:25432", "db.internal:5432", &toxics);
        server.proxies.lock().insert("db".to_owned(), proxy);
        server
    }

    fn target(&self) -> Target {
        Target::parse(&self.address).expect("a target")
    }

    async fn console(&self) -> Console {
        let mut console = console(Desk::of(attach(&[self.target()], "me@here").await));
        console.resize(120, 35);
        console.shows(&["toxiproxy 2.12.0"]).await;
        console
    }

    /// The toxics of a proxy, as `NAME TYPE TOXICITY ATTRIBUTES`.
    fn toxics(&self, proxy: &str) -> Vec<String> {
        let proxies = self.proxies.lock();
        let toxics = proxies[proxy]["toxics"].as_array().expect("toxics").clone();
        let text = |it: &Value| {
            let [name, kind] = ["name", "type"].map(|key| it[key].as_str().expect(key).to_owned());
            let toxicity = it["toxicity"].as_f64().expect("a number");
            format!("{name} {kind} {toxicity} {}", it["attributes"])
        };
        toxics.iter().map(text).collect()
    }

    /// Waits until the server is so: the console has no word of when it has done something.
    async fn is(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let waits = async {
            loop {
                let asked = self.asked.notified();
                if is_so(self) {
                    break;
                }
                asked.await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, waits).await;
        assert!(found.is_ok(), "never {what}: {:?}", self.proxies.lock());
    }
}

fn proxy(name: &str, listen: &str, upstream: &str, toxics: &Value) -> Value {
    json!({"name": name, "listen": listen, "upstream": upstream, "enabled": true, "Logger": {}, "toxics": toxics})
}

fn toxic(name: &str, kind: &str, attributes: &Value) -> Value {
    json!({"attributes": attributes, "name": name, "type": kind, "stream": "downstream", "toxicity": 1})
}

/// Answers one question, and closes, as toxiproxy does where it is asked to.
async fn serve(
    mut stream: TcpStream,
    proxies: &Mutex<BTreeMap<String, Value>>,
    asked: &Notify,
) -> Option<()> {
    let mut read = Vec::new();
    let (head, body) = loop {
        let mut more = [0; 4_096];
        let count = stream
            .read(&mut more)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        read.extend_from_slice(&more[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let lower = head.to_lowercase();
        let length = lower.split("content-length: ").nth(1);
        let length: usize = length.map_or(0, |it| {
            it.lines()
                .next()
                .and_then(|it| it.trim().parse().ok())
                .unwrap_or(0)
        });
        if body.len() >= length {
            break (head.to_owned(), body.to_owned());
        }
    };
    let mut words = head.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let path: Vec<String> = path
        .trim_start_matches('/')
        .split('/')
        .map(decoded)
        .collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let body = serde_json::from_str(&body).unwrap_or(Value::Null);
    let (status, answer) = answer(&mut proxies.lock(), method, &path, &body);
    asked.notify_waiters();
    let text = match status {
        204 => format!("HTTP/1.1 {status} X\r\nConnection: close\r\n\r\n"),
        _ => format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        ),
    };
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

/// A part of a path without its percent signs.
fn decoded(part: &str) -> String {
    let mut parts = part.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).expect("two digits"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).expect("text")
}

fn error(status: u16, text: &str) -> (u16, String) {
    (
        status,
        format!("{{\"error\":\"{text}\",\"status\":{status}}}\n"),
    )
}

/// What toxiproxy 2.12 answers.
fn answer(
    proxies: &mut BTreeMap<String, Value>,
    method: &str,
    path: &[&str],
    body: &Value,
) -> (u16, String) {
    match (method, path) {
        ("GET", ["version"]) => (200, "{\"version\": \"2.12.0\"}\n".to_owned()),
        ("GET", ["proxies"]) => (200, json!(proxies).to_string()),
        ("POST", ["proxies"]) => {
            let name = body["name"].as_str().unwrap_or_default().to_owned();
            if proxies.contains_key(&name) {
                return error(409, "proxy already exists");
            }
            let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
            let mut made = proxy(&name, &text("listen"), &text("upstream"), &json!([]));
            made["enabled"] = body["enabled"].clone();
            proxies.insert(name, made.clone());
            (201, made.to_string())
        }
        (_, ["proxies", name, rest @ ..]) => {
            let Some(proxy) = proxies.get_mut(*name) else {
                return error(404, "proxy not found");
            };
            match (method, rest) {
                ("DELETE", []) => {
                    proxies.remove(*name);
                    (204, String::new())
                }
                ("POST", []) => {
                    for key in ["listen", "upstream", "enabled"] {
                        if !body[key].is_null() {
                            proxy[key] = body[key].clone();
                        }
                    }
                    (200, proxy.to_string())
                }
                _ => toxics(
                    proxy["toxics"].as_array_mut().expect("toxics"),
                    method,
                    rest,
                    body,
                ),
            }
        }
        _ => (404, "404 page not found\n".to_owned()),
    }
}

fn toxics(all: &mut Vec<Value>, method: &str, path: &[&str], body: &Value) -> (u16, String) {
    let place = |name: &str| all.iter().position(|it| it["name"] == name);
    match (method, path) {
        ("POST", ["toxics"]) => {
            let name = body["name"].as_str().unwrap_or_default();
            if place(name).is_some() {
                return error(409, "toxic already exists");
            }
            all.push(body.clone());
            (200, body.to_string())
        }
        (_, ["toxics", name]) => {
            let Some(place) = place(name) else {
                return error(404, "toxic not found");
            };
            if method == "DELETE" {
                all.remove(place);
                return (204, String::new());
            }
            for key in ["attributes", "toxicity"] {
                all[place][key] = body[key].clone();
            }
            (200, all[place].to_string())
        }
        _ => (405, String::new()),
    }
}

#[tokio::test]
async fn its_proxies_and_toxics_are_strips_and_what_it_does_not_tell_is_no_zero() {
    let toxics = json!([
        toxic("slow", "latency", &json!({"jitter": 0, "latency": 300})),
        toxic("mine", "noop", &json!({})),
    ]);
    let server = Server::with(toxics).await;
    let mut console = server.console().await;
    console
        .shows(&[
            "- conn",
            "↑- ↓-",
            "25432=db.internal:5432",
            "slow: LAT ↓300ms",
            "mine (noop)",
            "toxiproxy shows no connections",
            "toxiproxy does not tell",
        ])
        .await;
    let screen = console.screen();
    assert!(
        !screen.contains("0 conn") && !screen.contains("seed"),
        "{screen}"
    );
}

#[tokio::test]
async fn a_knob_is_two_toxics_that_are_turned_and_taken_off_and_undone() {
    let theirs = toxic("slow", "latency", &json!({"jitter": 0, "latency": 300}));
    let server = Server::with(json!([theirs])).await;
    let mut console = server.console().await;
    let own = |up: u32, down: u32| {
        let one = |way: &str, ms: u32| {
            format!("faultboard_latency_{way} latency 1 {{\"jitter\":0,\"latency\":{ms}}}")
        };
        let theirs = "slow latency 1 {\"jitter\":0,\"latency\":300}".to_owned();
        vec![theirs, one("upstream", up), one("downstream", down)]
    };
    console.press("5");
    server
        .is("250 ms", |it| it.toxics("db") == own(125, 125).as_slice())
        .await;
    console.shows(&["LAT off → 250ms", "250ms"]).await;
    console.press("2");
    server
        .is("25 ms", |it| it.toxics("db") == own(12, 13).as_slice())
        .await;
    console.press("u");
    server
        .is("250 ms again", |it| {
            it.toxics("db") == own(125, 125).as_slice()
        })
        .await;
    console.press("u");
    server
        .is("theirs alone", |it| it.toxics("db") == own(0, 0)[..1])
        .await;
    console.press(":clear db");
    console.enter();
    server.is("nothing", |it| it.toxics("db").is_empty()).await;
}

#[tokio::test]
async fn a_name_with_blanks_and_quotation_marks_is_as_good_as_any_other() {
    let name = r#"my "db" #1"#;
    let server = Server::start().await;
    let made = proxy(name, "127.0.0.1:25432", "db.internal:5432", &json!([]));
    server.proxies.lock().insert(name.to_owned(), made);
    let mut console = server.console().await;
    console.shows(&[name]).await;
    console.press("5");
    server.is("slow", |it| it.toxics(name).len() == 2).await;
    console.press(r#":clear "my \"db\" #1" latency"#);
    console.enter();
    server
        .is("as before", |it| it.toxics(name).is_empty())
        .await;
    // The selected one, which its line does not name, and the one that it names at its end.
    console.press(":set bandwidth 64kB/s down");
    console.enter();
    server.is("narrow", |it| it.toxics(name).len() == 1).await;
    console.press(r#":latency 100ms on "my \"db\" #1""#);
    console.enter();
    server
        .is("slow, too", |it| it.toxics(name).len() == 3)
        .await;
    console.press("o");
    let is_on = |it: &Server| it.proxies.lock()[name]["enabled"] == true;
    server.is("closed", |it| !is_on(it)).await;
    console.shows(&["o opens it"]).await;
    console.press("o");
    server.is("open", is_on).await;
}

#[tokio::test]
async fn a_bypass_stands_in_the_toxics_so_that_each_console_sees_it() {
    let theirs = json!({"attributes": {"rate": 64}, "name": "narrow", "type": "bandwidth", "stream": "upstream", "toxicity": 0.5});
    let server = Server::with(json!([theirs, toxic("mine", "noop", &json!({}))])).await;
    let mut console = server.console().await;
    let narrow = |toxicity: &str| {
        let mine = "mine noop 1 {}".to_owned();
        vec![format!("narrow bandwidth {toxicity} {{\"rate\":64}}"), mine]
    };
    console.press(" ");
    server
        .is("bypassed", |it| it.toxics("db") == narrow("-0.5"))
        .await;
    let mut other = server.console().await;
    other.shows(&["BYPASS", "narrow: BW ↑64K/s"]).await;
    other.press(" ");
    server
        .is("it acts", |it| it.toxics("db") == narrow("0.5"))
        .await;
    console.shows(&["somebody bypass off"]).await;
}

#[tokio::test]
async fn a_proxy_is_added_closed_opened_deleted_and_brought_back() {
    let server = Server::start().await;
    let mut console = server.console().await;
    console.press("16379=redis:6379 as cache latency 100ms");
    console.enter();
    let enabled = |is: bool| {
        move |it: &Server| {
            let proxies = it.proxies.lock();
            proxies.get("cache").is_some_and(|it| it["enabled"] == is)
        }
    };
    server.is("enabled", enabled(true)).await;
    assert_eq!(server.toxics("cache").len(), 2);
    assert_eq!(server.proxies.lock()["cache"]["listen"], "127.0.0.1:16379");
    console.shows(&["1 cache", "100ms"]).await;
    console.press("o");
    server.is("disabled", enabled(false)).await;
    console.shows(&["port closed, its connections end"]).await;
    console.press("o");
    server.is("enabled again", enabled(true)).await;
    console.shows(&["port open"]).await;
    console.press("d");
    server
        .is("deleted", |it| it.proxies.lock().is_empty())
        .await;
    console.shows(&["u brings it back"]).await;
    console.press("u");
    server.is("back", enabled(true)).await;
    assert_eq!(server.toxics("cache").len(), 2);
    console.shows(&["1 cache", "is back"]).await;
    console.press(":repoint cache other:6380");
    console.enter();
    server
        .is("repointed", |it| {
            it.proxies.lock()["cache"]["upstream"] == "other:6380"
        })
        .await;
    // The mapping in the line, with another port and other faults.
    console.shows(&["16379=other:6380"]).await;
    console.press("e");
    console.key(KeyCode::Char('u'), crossterm::event::KeyModifiers::CONTROL);
    console.press("16380=other:6380 as cache latency 1s up");
    console.enter();
    server
        .is("moved", |it| {
            it.proxies.lock()["cache"]["listen"] == "127.0.0.1:16380"
        })
        .await;
    console.shows(&["1 cache", "16380=other:6380"]).await;
}

#[tokio::test]
async fn what_it_cannot_do_is_said_in_a_line_and_changes_nothing() {
    let server = Server::with(json!([])).await;
    let before = server.proxies.lock().clone();
    let mut console = server.console().await;
    console.shows(&["1 db"]).await;
    for (keys, says) in [
        (
            ":set db loss 2%",
            "toxiproxy has no loss: nothing was changed",
        ),
        (
            ":set db latency 1s for=9s",
            "toxiproxy's toxics have no start and end",
        ),
        (":rename db orders", "toxiproxy cannot rename a proxy"),
        (
            ":sweep db latency from=1ms to=9ms steps=2",
            "toxiproxy measures nothing",
        ),
        (":kill 1", "toxiproxy shows no connections: none"),
        (
            "a1=https://example.com",
            "toxiproxy speaks no TLS with an upstream",
        ),
    ] {
        console.press(keys);
        console.enter();
        console.shows(&[says]).await;
        console.key(KeyCode::Esc, crossterm::event::KeyModifiers::NONE);
        console.key(KeyCode::Esc, crossterm::event::KeyModifiers::NONE);
    }
    // A line stays for what does not fit, and takes the keys.
    assert_eq!(*server.proxies.lock(), before);
}

#[tokio::test]
async fn help_and_the_list_of_knobs_say_what_is_not_to_be_had() {
    let server = Server::with(json!([])).await;
    let mut console = server.console().await;
    console.shows(&["1 db"]).await;
    console.press("?sweep");
    console.shows(&["not over toxiproxy: "]).await;
    console.key(KeyCode::Esc, crossterm::event::KeyModifiers::NONE);
    console.key(KeyCode::Enter, crossterm::event::KeyModifiers::NONE);
    console.shows(&["toxiproxy has no loss", "none"]).await;
}

#[tokio::test]
async fn it_is_lost_and_found_again_and_nothing_is_asked_meanwhile() {
    let server = Server::with(json!([])).await;
    let desk = attach(&[server.target()], "me@here").await;
    let mut console = console(Desk::of(desk.clone()));
    console.shows(&["1 db"]).await;
    server.listens.abort();
    console.shows(&["NO CONTACT"]).await;
    console.press("5");
    console
        .shows(&["is out of contact: nothing was changed"])
        .await;
    let again = Server::at(&server.address, Arc::clone(&server.proxies)).await;
    desk.try_now();
    console.shows(&["is in contact again"]).await;
    assert!(again.toxics("db").is_empty());
    console.press("5");
    again.is("turned", |it| it.toxics("db").len() == 2).await;
}

#[tokio::test]
async fn one_desk_has_engines_of_both_programs() {
    let server = Server::with(json!([])).await;
    let place = Place::open();
    let targets = [place.target.clone(), server.target()];
    let mut console = console(Desk::of(attach(&targets, "me@here").await));
    console.resize(120, 35);
    console.shows(&["2 desks", ".db"]).await;
    console.press("5");
    server.is("turned", |it| it.toxics("db").len() == 2).await;
    console.press(":loss 2%");
    console.enter();
    console.shows(&["toxiproxy has no loss"]).await;
}
