//! The input line as data: its text, the lines that were pasted into it, and what is said of them.
//!
//! Checking is pure and as fast as one types: the parser, and the ports of the proxies that there are. Nothing is
//! looked up or opened here.

use std::net::{IpAddr, SocketAddr};

use crate::command::parse_line;
use crate::fault::{Setting, older_word};
use crate::mapping::{Circle, Mapping, Name, Other, TlsMode, at_port, clash};
use crate::snapshot::{ProxyId, ProxyRow};
use crate::syntax::ParseError;
use crate::ui::input::Check;
use crate::ui::model::Model;

/// What the parser says to the line, or to the lines that were pasted: they are others than before, so their ports are looked
/// at, and what was known of these is forgotten.
pub(super) fn check(model: &mut Model) {
    let input = &model.input;
    let pasted = input.pasted.iter().map(|line| line.text.as_str());
    let typed = Some(input.field.text.value()).filter(|_| input.pasted.is_empty());
    let ports = pasted.chain(typed);
    let ports = ports.filter_map(|text| port_to_probe(model, text));
    for port in ports.collect::<Vec<u16>>() {
        model.input.refused.remove(&port);
        model.input.unprobed.insert(port);
    }
    recheck(model);
}

/// What the parser says to each line, as the proxies and the ports are now.
pub(super) fn recheck(model: &mut Model) {
    model.input.check = checked(model, model.input.field.text.value());
    let mut lines = std::mem::take(&mut model.input.pasted);
    for line in &mut lines {
        line.check = checked(model, &line.text);
    }
    model.input.pasted = lines;
}

/// A port was looked at.
pub(super) fn probed(model: &mut Model, port: u16, result: Result<(), String>) {
    if let Err(why) = result {
        model.input.refused.insert(port, why);
    }
    recheck(model);
}

/// Puts a text into the input line.
pub(super) fn refill(model: &mut Model, text: String, editing: Option<ProxyId>) {
    forget(model);
    model.input.editing = editing;
    model.input.field.set(text);
    check(model);
}

/// Forgets the pasted lines.
pub(super) fn forget(model: &mut Model) {
    model.input.pasted.clear();
    model.input.armed = false;
}

/// What the parser says to a line, and what else stands against it.
pub(super) fn checked(model: &Model, line: &str) -> Check {
    if line.trim().is_empty() {
        return Check::Empty;
    }
    match parse_line(line) {
        Err(error) if error.unfinished => Check::Unfinished(error),
        Err(error) => Check::Wrong(error),
        Ok((mapping, settings)) => {
            let circle = || circle(model, &mapping).map(|circle| circle.to_string());
            let refused = || model.input.refused.get(&mapping.listen).cloned();
            let closed = || Some(at_port(line, circle().or_else(refused)?));
            match taken(model, line, &mapping).or_else(closed) {
                Some(error) => Check::Wrong(error),
                None => Check::Right(promise(model, &mapping, &settings)),
            }
        }
    }
}

/// The port that a line would open, where none of the proxies has it.
fn port_to_probe(model: &Model, line: &str) -> Option<u16> {
    let port = parse_line(line).ok()?.0.listen;
    let mut rows = model.newest().proxies.iter();
    let is_ours = rows.any(|row| ports(row).any(|own| own == port));
    (port != 0 && !is_ours).then_some(port)
}

/// The ports that a proxy has: those that it listens on, and the one that it was asked to.
fn ports(row: &ProxyRow) -> impl Iterator<Item = u16> {
    let listening = row.listening.iter().map(SocketAddr::port);
    listening.chain([row.mapping.listen])
}

/// Another proxy has the port, or the name.
fn taken(model: &Model, line: &str, mapping: &Mapping) -> Option<ParseError> {
    let rows = model.newest().proxies.iter().zip(1..);
    let rows = rows.filter(|(row, _)| Some(row.id) != model.input.editing);
    let others = rows.flat_map(|(row, number)| {
        ports(row).map(move |port| Other {
            port,
            bind: row.mapping.bind.clone(),
            name: Some(row.name.clone()),
            called: format!("proxy {number} ({})", row.name),
        })
    });
    clash(line, mapping, &others.collect::<Vec<_>>())
}

/// The way back to itself that a mapping would have.
fn circle(model: &Model, mapping: &Mapping) -> Option<Circle> {
    let others = model.newest().proxies.iter();
    let others = others.filter(|row| Some(row.id) != model.input.editing);
    let others = others.filter(|row| !row.listening.is_empty());
    let others: Vec<Mapping> = others.map(ProxyRow::bound).collect();
    let all = others.iter().chain([mapping]);
    let ports = all.map(|mapping| (mapping.listen, mapping)).collect();
    Circle::through(mapping.listen, &ports, &model.bind, |addr| {
        addr.is_loopback()
    })
}

/// What is spoken with the upstream.
fn spoken(mapping: &Mapping) -> &'static str {
    match mapping.tls() {
        TlsMode::Clear => "clear text",
        TlsMode::Direct(_) => "TLS",
        TlsMode::Postgres => "PostgreSQL over TLS",
    }
}

/// What Enter does with a line.
fn promise(model: &Model, mapping: &Mapping, settings: &[Setting]) -> String {
    let mut parts = Vec::new();
    let mut rows = model.newest().proxies.iter();
    let edited = rows.find(|row| Some(row.id) == model.input.editing);
    match edited {
        Some(row) if row.mapping.serves_like(mapping) || row.bound().serves_like(mapping) => {
            let renames = mapping.name != row.mapping.name;
            if renames {
                let name = mapping.name.as_ref();
                let name = name.map_or("what it is called by itself".to_owned(), Name::to_string);
                parts.push(format!("renames {} to {name}", row.name));
            }
            if !renames || row.plan.settings() != settings {
                parts.push(format!("sets the faults of {}", row.name));
            } else {
                return parts.join(", ");
            }
        }
        edited => {
            let moves = edited.is_none_or(|row| !mapping.repoints(&row.bound()));
            if let Some(row) = edited {
                let does = if moves { "replaces" } else { "repoints" };
                parts.push(match row.open {
                    0 => format!("{does} {}", row.name),
                    1 => format!("{does} {}, whose connection ends", row.name),
                    open => format!("{does} {}, whose {open} connections end", row.name),
                });
            }
            if moves {
                parts.push(format!(
                    "listens on {}",
                    address(mapping.listen, &model.bind)
                ));
            }
            parts.push(format!("{} to {}", spoken(mapping), mapping.upstream()));
            parts.extend(mapping.name.as_ref().map(|name| format!("called {name}")));
        }
    }
    // In front, where a narrow screen still shows it.
    if let Some(note) = older_word(settings) {
        parts.insert(0, note.to_owned());
    }
    match settings.len() {
        0 => {}
        1 => parts.push(format!("with {}", settings[0])),
        faults => parts.push(format!("with {faults} faults")),
    }
    parts.join(", ")
}

fn address(port: u16, bind: &[IpAddr]) -> String {
    match (port, bind) {
        (0, [addr]) => format!("any free port of {addr}"),
        (0, bind) => format!("any free port of {} addresses", bind.len()),
        (port, [IpAddr::V6(addr)]) => format!("[{addr}]:{port}"),
        (port, [addr]) => format!("{addr}:{port}"),
        (port, bind) => format!("port {port} of {} addresses", bind.len()),
    }
}
