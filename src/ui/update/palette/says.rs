//! What a line of the palette will do, in words, before Enter does it.

use super::{carry_out, reading};
use crate::command::{Command, Sweeping, Target};
use crate::fault::{Directions, ParamSpec, Plan, Setting, Unit};
use crate::format::shown_path;
use crate::snapshot::{Kill, ProxyId};
use crate::ui::ability;
use crate::ui::catalog::{Does, Entry};
use crate::ui::difference::difference;
use crate::ui::format;
use crate::ui::input::Check;
use crate::ui::model::Model;
use crate::ui::update::{line, proxies};

/// What Enter on an entry does, in at most a few lines.
pub(super) fn of(model: &Model, entry: &Entry) -> Vec<String> {
    let line = match &entry.does {
        Does::Act(action) => {
            let why = ability::why_not(model, action);
            return vec![why.map_or_else(|| entry.about.clone(), str::to_owned)];
        }
        Does::Begin(_) => return vec![entry.about.clone(), begun(&entry.name)],
        Does::Run(line) => line,
    };
    let read = match reading::read(model, line, false) {
        Ok(read) => read.into_iter().next(),
        Err(error) => return vec![error.message],
    };
    let Some(command) = read.map(|read| read.command) else {
        return vec![entry.about.clone()];
    };
    let mut lines = vec![effect(model, &command)];
    lines.extend(command.settings().last().map(also));
    lines.push(format!("the same on standard input:  {command}"));
    lines
}

/// Whom a command is for, in a word or two.
pub(super) fn whom(model: &Model, command: &Command) -> String {
    match command.target() {
        Some(Target::Proxy(name)) => match model.selected_row() {
            Some(row) if row.name == *name => format!("on {name}, the selected proxy"),
            _ => format!("on {name}"),
        },
        Some(Target::All) => {
            let count = model.newest().proxies.len();
            format!("{count} proxies, {}", connections(model.open()))
        }
        None => String::new(),
    }
}

/// What a command changes.
#[expect(clippy::too_many_lines, reason = "one arm for each command")]
fn effect(model: &Model, command: &Command) -> String {
    if let Some(why) = ability::why_not_say(model, command) {
        return why.to_owned();
    }
    match command {
        Command::Set(..) | Command::Clear(..) | Command::Preset(..) | Command::Bypass(..) => {
            faults(model, command)
        }
        Command::Add(mapping, settings) => {
            let plan = Plan::of(settings.iter().cloned());
            match line::checked(model, &proxies::in_words(mapping, &plan)) {
                Check::Right(text) => text,
                Check::Wrong(error) | Check::Unfinished(error) => error.message,
                Check::Empty => String::new(),
            }
        }
        Command::Remove(name) => {
            let open = row(model, name).map_or(0, |row| row.open);
            let ends = if open > 0 {
                format!(" and ends {}", connections(open))
            } else {
                String::new()
            };
            format!("deletes {name}{ends}; u brings the proxy back")
        }
        Command::Rename(name, Some(after)) => format!("{name} is called {after} from now on"),
        Command::Rename(name, None) => format!("{name} is called as its mapping says from now on"),
        Command::Port(name, open) => port(name, *open),
        Command::Off(name) => {
            let open = row(model, name).map_or(0, |row| row.open);
            format!("closes the port of {name} and ends {}", connections(open))
        }
        Command::Repoint(name, to) => {
            let open = row(model, name).map_or(0, |row| row.open);
            format!(
                "{name} leads to {} from now on; {} end",
                to.right(),
                connections(open)
            )
        }
        Command::Kill(conn, how) => {
            let known = model.newest().conns.iter().any(|row| row.id == *conn);
            let how = match how {
                Kill::Rst => "resets",
                Kill::Fin => "ends",
            };
            let gone = if known {
                ""
            } else {
                ": no such connection is open"
            };
            format!("{how} connection #{}{gone}", conn.0)
        }
        Command::Exempt(conn, exempt) => {
            let does = if *exempt { "no longer obeys" } else { "obeys" };
            format!("connection #{} {does} its proxy's faults", conn.0)
        }
        Command::Freeze(conn, frozen) => {
            let does = if *frozen { "wait" } else { "pass" };
            format!("all bytes of connection #{} {does}", conn.0)
        }
        Command::Sweep(name, Sweeping::Begin(sweep)) => {
            let (from, to) = sweep.ends();
            format!(
                "climbs {} of {name} from {from} to {to} in {} steps, {} in all, and marks where something gives",
                sweep.fault(),
                sweep.values().len(),
                format::time(sweep.lasts()),
            )
        }
        Command::Sweep(name, Sweeping::Stop) => {
            format!("ends the sweep of {name} and sets what was set before it")
        }
        Command::Sweep(name, Sweeping::Save(file)) => {
            format!("writes the last sweep of {name} to {}", shown_path(file))
        }
        Command::Facts(_) => "has a desk without a screen print what is seen of clients".to_owned(),
        Command::List => "names the proxies".to_owned(),
        Command::SaveTape(file) => format!(
            "writes what was done and met in the last hour to {}, for faultboard report and replay",
            shown_path(file)
        ),
        Command::Quit if model.contact.is_remote() => {
            "leaves this console: what it shows goes on where it runs".to_owned()
        }
        Command::Quit => "ends the program, after a question where connections are open".to_owned(),
    }
}

fn port(name: &str, open: bool) -> String {
    if open {
        format!("opens the port of {name}: clients are let in")
    } else {
        format!("closes the port of {name} to new clients; its connections live on")
    }
}

/// `db: LOS off → 2%, on 4 open connections. What TCP makes of packet loss …`
fn faults(model: &Model, command: &Command) -> String {
    let who = command
        .target()
        .map(ToString::to_string)
        .unwrap_or_default();
    let plans = carry_out::plans(model, command);
    if plans.is_empty() {
        return format!("{who}: it is so already");
    }
    let rows = plans.iter().filter_map(|(id, _)| model.proxy(*id));
    let open = rows.map(|(_, row)| row.open).sum();
    let ends = command.settings().iter().any(|setting| setting.kind.ends);
    let ends = if ends && open > 0 {
        ", which it may end"
    } else {
        ""
    };
    let is_bypass = matches!(command, Command::Bypass(..));
    let unheard = if !is_bypass && plans.iter().all(|(_, plan)| plan.bypassed) {
        " (bypassed: nothing acts now)"
    } else {
        ""
    };
    let about = match command.settings() {
        [setting] => format!(". {}", sentence(setting.kind.summary)),
        _ => String::new(),
    };
    let is_preset = matches!(command, Command::Preset(..));
    let change = is_preset.then(|| differs(model, &plans)).flatten();
    let change = change.unwrap_or_else(|| carry_out::changes(model, command, &plans));
    format!(
        "{who}: {change}, on {}{ends}{unheard}{about}",
        connections(open)
    )
}

/// The knobs that stand elsewhere in these plans, where that is the same for all.
fn differs(model: &Model, plans: &[(ProxyId, Plan)]) -> Option<String> {
    let mut texts = plans.iter().map(|(id, plan)| {
        let before = model.plan(*id).cloned().unwrap_or_default();
        difference(&before, plan, model.rates)
    });
    let first = texts.next().filter(|text| !text.is_empty())?;
    texts.all(|text| text == first).then_some(first)
}

/// What else the kind of a setting takes.
fn also(setting: &Setting) -> String {
    let said = setting.to_string();
    let has = |name: &&str| setting.value(name).is_some();
    let open = |param: &&ParamSpec| {
        let fits = !param.instead_of.iter().any(has) && param.of.as_ref().is_none_or(has);
        fits && !param.bare && !said.contains(&format!("{}=", param.name))
    };
    let params = setting.kind.params.iter().filter(open);
    let mut words: Vec<String> = params.map(|param| sample(setting, param)).collect();
    words.extend((!said.contains("share=")).then(|| "share=30%".to_owned()));
    let is_whole = setting.kind.directed && setting.directions == Directions::Both;
    words.extend(is_whole.then(|| "up  down".to_owned()));
    format!("also here:  {}", words.join("  "))
}

/// A text that begins as a sentence does.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// A parameter with a value that it could have.
fn sample(setting: &Setting, param: &ParamSpec) -> String {
    let mut knobs = setting.kind.knobs.iter();
    let stop = knobs
        .find(|knob| knob.param == param.name)
        .map(|knob| knob.stops[3]);
    let value = match (stop, param.unit) {
        (Some(stop), _) => stop.to_string(),
        (None, Unit::Word(words)) => words
            .get(1)
            .or(words.first())
            .copied()
            .unwrap_or("")
            .to_owned(),
        (None, unit) => {
            let examples = unit.describe().1;
            examples.split(',').next().unwrap_or(examples).to_owned()
        }
    };
    format!("{}={value}", param.name)
}

/// How a line goes on that needs more.
fn begun(name: &str) -> String {
    let mut kinds = crate::fault::KINDS.iter();
    match kinds.find(|kind| kind.name == name) {
        Some(kind) => format!("needs more, as in {}", kind.example),
        None => "needs more: Enter or Tab goes on with it".to_owned(),
    }
}

fn row<'a>(model: &'a Model, name: &str) -> Option<&'a crate::snapshot::ProxyRow> {
    model.newest().proxies.iter().find(|row| row.name == name)
}

fn connections(count: u32) -> String {
    match count {
        1 => "1 open connection".to_owned(),
        count => format!("{count} open connections"),
    }
}
