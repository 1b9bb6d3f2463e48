//! What the console asks for, in the words of commands and where there are none in JSON; and what the answers come to.

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use crate::command::{self, Command, Sweeping, Target};
use crate::fault::Plan;
use crate::format::quoted;
use crate::proxy::BindError;
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::{ConnId, ProxyId, Taken};
use crate::wire::OwnText;

/// A question over HTTP.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: String,
}

/// What asks an engine for what a request asks for; nothing where there is nothing to ask. `named` says what it calls a proxy, and
/// connections have its own numbers here.
pub(super) fn call(
    request: &Request,
    named: impl Fn(ProxyId) -> Option<String>,
) -> Result<Option<Call>, RequestError> {
    let name = |proxy: &ProxyId| named(*proxy).ok_or(RequestError::NoProxy(*proxy));
    let asks = |method, path: &str, body: Value| {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let path = format!("/faultboard/v1/{path}");
        Ok(Some(Call { method, path, body }))
    };
    match request {
        Request::Probe(port) => asks(Method::GET, &format!("ports/{port}"), Value::Null),
        Request::Watch(conn) => {
            let conn = conn.map(|conn| conn.0);
            asks(Method::PUT, "watched", json!({"connection": conn}))
        }
        Request::SetOwn(ConnId(id), own) => {
            let own = serde_json::to_value(OwnText::from(own)).unwrap_or_default();
            asks(Method::PUT, &format!("connections/{id}"), own)
        }
        Request::KillAll(conns, how) => {
            let how = format!("{how:?}").to_ascii_lowercase();
            let conns: Vec<u64> = conns.iter().map(|conn| conn.0).collect();
            let body = json!({"connections": conns, "how": how});
            asks(Method::POST, "kill", body)
        }
        Request::Replace {
            proxy,
            mapping,
            plan,
        } => {
            let line = format!("{mapping} {plan}");
            let path = format!("proxies/{}", encoded(&name(proxy)?));
            asks(Method::PUT, &path, json!({"line": line.trim_end()}))
        }
        Request::Stop(_) => {
            let why = "it goes on where it runs: q leaves this console";
            Err(RequestError::Refused(why.to_owned()))
        }
        in_words => {
            let commands = commands(in_words, name)?;
            let lines: Vec<String> = commands.iter().map(Command::to_string).collect();
            let body = lines.join("\n");
            let path = "/faultboard/v1/command".to_owned();
            let method = Method::POST;
            Ok((!body.is_empty()).then_some(Call { method, path, body }))
        }
    }
}

/// The commands that ask for what a request asks for, in their order.
fn commands(
    request: &Request,
    named: impl Fn(&ProxyId) -> Result<String, RequestError>,
) -> Result<Vec<Command>, RequestError> {
    let name = |proxy: &ProxyId| {
        let name = named(proxy)?;
        if !name.contains(char::is_control) {
            return Ok(name);
        }
        // Commands are lines.
        let name = quoted(&name);
        let why = format!(
            "a proxy with line ends or tabs in its name cannot be named by a word: rename {name} where it runs"
        );
        Err(RequestError::Refused(why))
    };
    Ok(match request {
        Request::Add { mapping, plan } => {
            let name = mapping.name_beside(mapping.listen, |_| false);
            let mut commands = vec![Command::Add(mapping.clone(), plan.settings().to_vec())];
            let bypass = Command::Bypass(Target::Proxy(name), true);
            commands.extend(plan.bypassed.then_some(bypass));
            commands
        }
        Request::Remove(proxy) => vec![Command::Remove(name(proxy)?)],
        Request::Rename { proxy, name: after } => {
            vec![Command::Rename(name(proxy)?, after.clone())]
        }
        Request::SetPlan {
            proxy,
            before,
            plan,
        } => {
            let none = Plan::default();
            command::kind_by_kind(&name(proxy)?, before.as_ref().unwrap_or(&none), plan)
        }
        Request::SetPort { proxy, open } => vec![Command::Port(name(proxy)?, *open)],
        Request::Close(proxy) => vec![Command::Off(name(proxy)?)],
        Request::Repoint { proxy, mapping } => {
            vec![Command::Repoint(name(proxy)?, Box::new(mapping.clone()))]
        }
        Request::Sweep(proxy, sweep) => {
            vec![Command::Sweep(name(proxy)?, Sweeping::Begin(sweep.clone()))]
        }
        Request::StopSweep(proxy) => vec![Command::Sweep(name(proxy)?, Sweeping::Stop)],
        Request::Kill(conn, how) => vec![Command::Kill(*conn, *how)],
        Request::Replace { .. }
        | Request::KillAll(..)
        | Request::SetOwn(..)
        | Request::Watch(_)
        | Request::Probe(_)
        | Request::Stop(_) => Vec::new(),
    })
}

/// A name as a part of a path.
pub(super) fn encoded(name: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    name.bytes().fold(String::new(), |mut text, byte| {
        if is_plain(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// How many connections run what was set, as an answer says it.
fn taken(answer: &Value) -> Taken {
    let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
    let small = |name: &str| u32::try_from(number(name)).unwrap_or(u32::MAX);
    Taken {
        taken: small("taken"),
        cut: small("cut"),
        of: small("of"),
        micros: number("micros"),
    }
}

/// What a request came to, by the last answer; `proxy` says how the desk numbers a proxy of the engine.
pub(super) fn outcome(
    request: &Request,
    answer: &Value,
    proxy: impl Fn(ProxyId) -> ProxyId,
) -> Outcome {
    let number = |name: &str| answer.get(name).and_then(Value::as_u64);
    let id = |name: &str| {
        let id = number(name).and_then(|id| u32::try_from(id).ok());
        proxy(ProxyId(id.unwrap_or_default()))
    };
    let curve = || {
        let curve = answer.get("curve").cloned().unwrap_or_default();
        Arc::new(serde_json::from_value(curve).unwrap_or_default())
    };
    match request {
        Request::Add { .. } | Request::Replace { .. } => Outcome::Added(id("id")),
        Request::Remove(proxy) => Outcome::Removed(*proxy),
        Request::SetPlan { proxy, .. } => Outcome::Planned(*proxy, taken(answer)),
        Request::Rename { proxy, .. } => {
            let name = answer.get("proxy").and_then(Value::as_str);
            Outcome::Renamed(*proxy, name.unwrap_or_default().to_owned())
        }
        Request::SetPort { proxy, .. } | Request::Close(proxy) => Outcome::PortSet(*proxy),
        Request::Repoint { proxy, .. } => Outcome::Repointed(*proxy),
        Request::Sweep(proxy, _) => Outcome::Sweeping(*proxy, curve()),
        Request::StopSweep(proxy) => Outcome::Swept(*proxy, curve()),
        Request::Kill(conn, how) => Outcome::Killed(*conn, *how),
        Request::KillAll(conns, how) => {
            let killed = number("killed").and_then(|it| usize::try_from(it).ok());
            Outcome::KilledAll(killed.unwrap_or(conns.len()), *how)
        }
        Request::SetOwn(conn, _) => Outcome::Owned(id("proxy"), *conn, taken(answer)),
        Request::Watch(_) => Outcome::Watching,
        Request::Probe(port) => Outcome::Probed(*port, probed(*port, answer)),
        Request::Stop(_) => Outcome::Stopped,
    }
}

/// Whether a port could be listened on, as an answer says it.
fn probed(port: u16, answer: &Value) -> Result<(), Arc<BindError>> {
    let Some(text) = answer.get("error").and_then(Value::as_str) else {
        return Ok(());
    };
    let said = text.strip_prefix("cannot listen on ").unwrap_or(text);
    let addr = said.split(": ").next().and_then(|addr| addr.parse().ok());
    let why = addr.map_or(said, |addr: SocketAddr| {
        let rest = said.strip_prefix(&addr.to_string()).unwrap_or(said);
        rest.trim_start_matches(": ")
    });
    Err(Arc::new(BindError {
        addr: addr.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, port).into()),
        source: io::Error::other(why.to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Own;
    use crate::fault::language::plan;
    use crate::mapping;
    use crate::snapshot::Kill;

    fn set(before: &str, after: &str) -> Request {
        Request::SetPlan {
            proxy: ProxyId(1),
            before: Some(plan(before)),
            plan: plan(after),
        }
    }

    /// What is asked, as method, path and body in one line; commands as their words.
    fn asked(request: &Request, name: Option<&str>) -> Result<String, RequestError> {
        let call = call(request, |_| name.map(str::to_owned))?;
        Ok(
            call.map_or_else(String::new, |Call { method, path, body }| {
                let path = path.trim_start_matches("/faultboard/v1/").to_owned();
                match path.as_str() {
                    "command" => body.replace('\n', "; "),
                    _ => format!("{method} {path} {body}").trim_end().to_owned(),
                }
            }),
        )
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a row for each request")]
    fn a_request_is_asked_for_in_words_and_where_there_are_none_in_json() {
        let db = || ProxyId(1);
        let mapping = mapping::parse("1=tls://x as y").expect("a mapping");
        let mut own = Own::default();
        own.exempt = true;
        for (request, words) in [
            (set("", "latency 250ms"), "set db latency 250ms"),
            (set("latency 250ms", ""), "clear db latency"),
            (set("latency 250ms, loss 2%", "loss 2%"), "clear db latency"),
            (set("loss 2%", "latency 1s, loss 2%"), "set db latency 1s"),
            (
                set("loss 2%, latency 1s up", "latency 1s down"),
                "clear db latency; clear db loss; set db latency 1s down",
            ),
            (set("", ""), ""),
            (Request::Remove(db()), "remove db"),
            (
                Request::SetPort {
                    proxy: db(),
                    open: false,
                },
                "port db closed",
            ),
            (Request::Close(db()), "port db off"),
            (Request::Kill(ConnId(31), Kill::Fin), "kill 31 fin"),
            (
                Request::KillAll(vec![ConnId(1), ConnId(2)], Kill::Rst),
                r#"POST kill {"connections":[1,2],"how":"rst"}"#,
            ),
            (
                Request::Replace {
                    proxy: db(),
                    mapping: mapping.clone(),
                    plan: plan("latency 1s"),
                },
                r#"PUT proxies/db {"line":"1=tls://x as y latency 1s"}"#,
            ),
            (
                Request::Repoint {
                    proxy: db(),
                    mapping,
                },
                "repoint db tls://x",
            ),
            (Request::Probe(9), "GET ports/9"),
            (Request::Watch(None), r#"PUT watched {"connection":null}"#),
            (
                Request::SetOwn(ConnId(7), own),
                r#"PUT connections/7 {"exempt":true,"faults":"","frozen":false,"off":[]}"#,
            ),
        ] {
            let said = asked(&request, Some("db")).expect("a question");
            assert_eq!(said, words);
            for line in said
                .split("; ")
                .filter(|line| line.starts_with(char::is_lowercase))
            {
                command::parse(line).unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }

    #[test]
    fn a_proxy_that_is_gone_or_has_line_ends_in_its_name_is_not_asked_for() {
        let request = Request::Remove(ProxyId(7));
        assert!(matches!(
            asked(&request, None),
            Err(RequestError::NoProxy(ProxyId(7)))
        ));
        let lines = asked(&request, Some("my\ndb"));
        assert!(matches!(lines, Err(RequestError::Refused(_))));
        let blanks = asked(&request, Some("my \"db\""));
        assert_eq!(blanks.expect("a question"), "remove \"my \\\"db\\\"\"");
        assert_eq!(encoded("my db/é"), "my%20db%2F%C3%A9");
    }

    #[test]
    fn how_a_change_was_taken_stands_in_its_answer() {
        let answer = json!({"taken": 4, "cut": 1, "of": 5, "micros": 300});
        let Outcome::Planned(ProxyId(1), taken) = outcome(&set("", "latency 1s"), &answer, |id| id)
        else {
            panic!("a plan");
        };
        assert_eq!(taken.to_string(), "taken by 4 of 5 in 300 µs, 1 cut");
    }

    #[test]
    fn why_a_port_cannot_be_listened_on_is_said_as_it_is_there() {
        let text = "cannot listen on 127.0.0.1:9005: address already in use";
        for (answer, says) in [
            (json!({"port": 9005, "free": true, "error": null}), None),
            (
                json!({"port": 9005, "free": false, "error": text}),
                Some(text),
            ),
        ] {
            let why = probed(9_005, &answer).err().map(|why| why.to_string());
            assert_eq!(why.as_deref(), says);
        }
    }
}
