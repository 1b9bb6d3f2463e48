//! Text that is typed: a field, and the line where proxies are added, with what the parser says to it.
//!
//! Checking is pure and as fast as one types: the parser, and the ports of the proxies that there are. Nothing is
//! looked up or opened here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use tui_input::{Input, InputRequest};

use crate::command::parse_line;
use crate::fault::Setting;
use crate::format::is_shown;
use crate::mapping::{Circle, Mapping, Name, Other, TlsMode, at_port, clash};
use crate::snapshot::{ProxyId, ProxyRow};
use crate::syntax::ParseError;

/// A text takes no more characters than this from the clipboard.
const PASTE_LEN: usize = 4_096;

/// How many entered lines are kept; the oldest go first.
const HISTORY_LEN: usize = 200;

/// A field of one line, with what `tui-input` lacks.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// The text and the cursor.
    pub text: Input,
    /// Whether the text is only a proposal: typing takes its place, moving in it keeps it.
    pub proposed: bool,
    /// What Ctrl-U took away, for the second Ctrl-U.
    pub(super) cleared: Option<String>,
}

/// The line where proxies are added: a mapping and its faults.
#[derive(Debug, Default)]
pub struct InputLine {
    /// The text and the cursor.
    pub field: Field,
    /// What the parser says to it.
    pub check: Check,
    /// Lines that were pasted together: they are added, or left, as one.
    pub pasted: Vec<PastedLine>,
    /// Whether the next Enter adds the pasted lines.
    pub armed: bool,
    /// The proxy that the line was refilled from, by `e`.
    pub editing: Option<ProxyId>,
    /// The lines that were entered, oldest first.
    pub history: Vec<String>,
    /// Why ports that lines ask for cannot be listened on, as far as that is known.
    pub(super) refused: BTreeMap<u16, String>,
    /// Ports that lines ask for and nobody has looked at since.
    pub(super) unprobed: BTreeSet<u16>,
    /// Which line of the history is shown, and what had been typed before.
    pub(super) recalled: Option<(usize, String)>,
    /// The word that Tab began with, and which of its completions is shown.
    pub(super) completing: Option<(String, usize)>,
}

/// What the parser says to the line, in the frame of the key.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Check {
    /// Nothing is typed.
    #[default]
    Empty,
    /// It begins something valid; `expected` says what may follow.
    Unfinished(ParseError),
    /// It cannot become valid by typing on, or its port is taken.
    Wrong(ParseError),
    /// What Enter does.
    Right(String),
}

/// One of several lines that were pasted.
#[derive(Clone, Debug, PartialEq)]
pub struct PastedLine {
    /// The line as it was pasted, without blanks around it.
    pub text: String,
    /// What the parser says to it.
    pub check: Check,
}

/// What a line is checked against beside the grammar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    /// The proxies that there are.
    pub(super) proxies: &'a [ProxyRow],
    /// Where proxies listen.
    pub(super) bind: &'a [IpAddr],
    /// The proxy that the line is to replace.
    pub(super) editing: Option<ProxyId>,
    /// Why ports cannot be listened on, as far as that is known.
    pub(super) refused: &'a BTreeMap<u16, String>,
}

/// A character as a text that is typed or pasted takes it: in place of what cannot be seen a blank, lest the line say
/// something else than it shows.
pub(super) fn shown_or_blank(letter: char) -> char {
    if is_shown(letter) { letter } else { ' ' }
}

// === impl Field ===

impl Field {
    /// A field with a proposal, the cursor at its end.
    pub(super) fn proposing(text: &str) -> Self {
        let mut field = Self::default();
        field.set(text.to_owned());
        field.proposed = true;
        field
    }

    /// An edit by a key.
    pub(super) fn edit(&mut self, request: InputRequest) {
        let types = matches!(request, InputRequest::InsertChar(_));
        let deletes = matches!(
            request,
            InputRequest::DeletePrevChar | InputRequest::DeleteNextChar
        );
        if std::mem::take(&mut self.proposed) && (types || deletes) {
            self.clear();
        }
        let request = match request {
            InputRequest::InsertChar(letter) => InputRequest::InsertChar(shown_or_blank(letter)),
            other => other,
        };
        self.text.handle(request);
    }

    /// Puts `text` in at the cursor.
    pub(super) fn insert(&mut self, text: &str) {
        for letter in text.chars().take(PASTE_LEN) {
            self.edit(InputRequest::InsertChar(letter));
        }
    }

    /// Another text, the cursor at its end; what was taken away belonged to the one before.
    pub(super) fn set(&mut self, text: String) {
        self.cleared = None;
        self.proposed = false;
        self.text = std::mem::take(&mut self.text).with_value(text);
    }

    /// Takes the text away, or brings back what was taken away before.
    pub(super) fn clear(&mut self) {
        self.proposed = false;
        if self.text.value().is_empty() {
            if let Some(text) = self.cleared.take() {
                self.set(text);
            }
        } else {
            self.cleared = Some(self.text.value_and_reset());
        }
    }
}

// === impl InputLine ===

impl InputLine {
    /// Another text; what was typed for another one is forgotten.
    pub(super) fn set(&mut self, text: String) {
        self.field.set(text);
        self.completing = None;
    }

    /// Keeps an entered line.
    pub(super) fn remember(&mut self, line: &str) {
        self.recalled = None;
        if self.history.last().is_some_and(|last| last == line) {
            return;
        }
        self.history.push(line.to_owned());
        if self.history.len() > HISTORY_LEN {
            self.history.remove(0);
        }
    }

    /// Shows the line before or after in the history; after the last one, what had been typed.
    pub(super) fn recall(&mut self, back: bool) {
        let last = self.history.len();
        let (place, typed) = match self.recalled.take() {
            Some(recalled) => recalled,
            None => (last, self.field.text.value().to_owned()),
        };
        let place = match (back, place) {
            (true, place) => place.saturating_sub(1),
            (false, place) => (place + 1).min(last),
        };
        if let Some(line) = self.history.get(place) {
            self.set(line.clone());
            self.recalled = Some((place, typed));
        } else {
            self.set(typed);
        }
    }

    /// What to say of pasted lines: `2 mappings, Enter adds them`, `3 mappings, 2 right, line 3: …`.
    #[must_use]
    pub fn pasted_summary(&self) -> String {
        let len = self.pasted.len();
        let is_right = |line: &PastedLine| matches!(line.check, Check::Right(_));
        let right = self.pasted.iter().filter(|line| is_right(line)).count();
        let Some(wrong) = self.pasted.iter().position(|line| !is_right(line)) else {
            return format!("{len} mappings, Enter adds them");
        };
        let number = wrong + 1;
        if self.armed && right == 0 {
            return format!("none is right: Enter puts line {number} here to be corrected");
        }
        if self.armed {
            return format!(
                "Enter again adds {right}, and puts line {number} here to be corrected"
            );
        }
        let why = match &self.pasted[wrong].check {
            Check::Unfinished(error) => format!("not complete: {}", error.message),
            Check::Wrong(error) => error.message.clone(),
            Check::Empty | Check::Right(_) => "nothing there".to_owned(),
        };
        format!("{len} mappings, {right} right, line {number}: {why}")
    }

    /// Whether each of the pasted lines can be added.
    #[must_use]
    pub fn pasted_right(&self) -> bool {
        let mut lines = self.pasted.iter();
        lines.all(|line| matches!(line.check, Check::Right(_)))
    }
}

// === impl Check ===

impl Check {
    /// What the parser says to `line`, and what else stands against it.
    pub(super) fn of(line: &str, around: Surroundings<'_>) -> Self {
        if line.trim().is_empty() {
            return Self::Empty;
        }
        match parse_line(line) {
            Err(error) if error.unfinished => Self::Unfinished(error),
            Err(error) => Self::Wrong(error),
            Ok((mapping, settings)) => {
                let circle = || circle(&mapping, around).map(|circle| circle.to_string());
                let refused = || around.refused.get(&mapping.listen).cloned();
                let closed = || Some(at_port(line, circle().or_else(refused)?));
                match taken(line, &mapping, around).or_else(closed) {
                    Some(error) => Self::Wrong(error),
                    None => Self::Right(promise(&mapping, &settings, around)),
                }
            }
        }
    }
}

/// The port that a line would open, where none of the proxies has it.
pub(super) fn port_to_probe(line: &str, around: Surroundings<'_>) -> Option<u16> {
    let (mapping, _) = parse_line(line).ok()?;
    let has_port = |row: &ProxyRow| has_port(row, mapping.listen);
    let is_ours = around.proxies.iter().any(has_port);
    (mapping.listen != 0 && !is_ours).then_some(mapping.listen)
}

fn has_port(row: &ProxyRow, port: u16) -> bool {
    let mut ports = row.listening.iter().map(std::net::SocketAddr::port);
    row.mapping.listen == port || ports.any(|own| own == port)
}

/// Another proxy has the port, or the name.
fn taken(line: &str, mapping: &Mapping, around: Surroundings<'_>) -> Option<ParseError> {
    let rows = around.proxies.iter().zip(1..);
    let rows = rows.filter(|(row, _)| Some(row.id) != around.editing);
    let others = rows.flat_map(|(row, number)| {
        let ports = row.listening.iter().map(std::net::SocketAddr::port);
        ports.chain([row.mapping.listen]).map(move |port| Other {
            port,
            name: Some(row.name.clone()),
            called: format!("proxy {number} ({})", row.name),
        })
    });
    clash(line, mapping, &others.collect::<Vec<_>>())
}

/// The way back to itself that a mapping would have.
fn circle(mapping: &Mapping, around: Surroundings<'_>) -> Option<Circle> {
    let others = around.proxies.iter();
    let others = others.filter(|row| Some(row.id) != around.editing && !row.listening.is_empty());
    let others: Vec<Mapping> = others.map(ProxyRow::bound).collect();
    let all = others.iter().chain([mapping]);
    let ports = all.map(|mapping| (mapping.listen, mapping)).collect();
    Circle::through(mapping.listen, &ports, around.bind, |addr| {
        addr.is_loopback()
    })
}

/// What Enter does with a line.
fn promise(mapping: &Mapping, settings: &[Setting], around: Surroundings<'_>) -> String {
    let mut parts = Vec::new();
    let mut rows = around.proxies.iter();
    let edited = rows.find(|row| Some(row.id) == around.editing);
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
            if let Some(row) = edited {
                parts.push(match row.open {
                    0 => format!("replaces {}", row.name),
                    1 => format!("replaces {}, whose connection ends", row.name),
                    open => format!("replaces {}, whose {open} connections end", row.name),
                });
            }
            parts.push(format!(
                "listens on {}",
                address(mapping.listen, around.bind)
            ));
            let how = match mapping.tls() {
                TlsMode::Clear => "clear text",
                TlsMode::Direct(_) => "TLS",
                TlsMode::Postgres => "PostgreSQL over TLS",
            };
            parts.push(format!("{how} to {}", mapping.upstream()));
            parts.extend(mapping.name.as_ref().map(|name| format!("called {name}")));
        }
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
