//! Carries a command out in the console: as requests that the engine hears, and as a step that can be undone.

use crate::command::{Command, Target};
use crate::fault::Plan;
use crate::snapshot::ProxyId;
use crate::ui::ability;
use crate::ui::action::Action;
use crate::ui::changes::changes as changed;
use crate::ui::input::Check;
use crate::ui::model::undo::{Edit, Edited, Gate, Setup, Swap};
use crate::ui::model::{Model, Origin, Tone};
use crate::ui::update::turn::{self, Wish};
use crate::ui::update::{apply, connections, line, own, proxies, sweeps, tapes};

/// Carries it out.
#[expect(clippy::too_many_lines, reason = "one arm for each command")]
pub(super) fn carry_out(model: &mut Model, command: Command) {
    if let Some(why) = ability::why_not_say(model, &command) {
        return model.say(Tone::Plain, why);
    }
    match command {
        Command::Set(..) | Command::Clear(..) | Command::Preset(..) | Command::Bypass(..) => {
            change(model, &command);
        }
        Command::Add(mapping, settings) => {
            let plan = Plan::of(settings);
            match line::checked(model, &proxies::in_words(&mapping, &plan)) {
                Check::Wrong(error) => model.say(Tone::Trouble, error.message),
                Check::Empty | Check::Unfinished(_) | Check::Right(_) => {
                    proxies::add(model, Setup { mapping, plan });
                }
            }
        }
        Command::Remove(name) => on(model, &name, proxies::delete),
        Command::Rename(name, after) => on(model, &name, |model, proxy| {
            let before = model.proxy(proxy).and_then(|(_, row)| row.bound().name);
            let what = Edited::Renamed(Swap { before, after });
            proxies::ask(model, &Edit { proxy, what }, Origin::User);
        }),
        Command::Port(name, open) => {
            let gate = if open { Gate::Open } else { Gate::Closed };
            on(model, &name, |model, proxy| {
                proxies::set_port(model, proxy, gate);
            });
        }
        Command::Off(name) => on(model, &name, |model, proxy| {
            proxies::set_port(model, proxy, Gate::Off);
        }),
        Command::Repoint(name, to) => on(model, &name, |model, proxy| {
            if let Some(mapping) = model.proxy(proxy).map(|(_, row)| row.mapping.towards(&to)) {
                proxies::repoint(model, proxy, mapping);
            }
        }),
        Command::Kill(conn, how) => connections::kill(model, conn, how),
        Command::Exempt(conn, exempt) => own::say(model, conn, |own| own.exempt = exempt),
        Command::Freeze(conn, frozen) => own::say(model, conn, |own| own.frozen = frozen),
        Command::Sweep(name, what) => {
            on(model, &name, |model, proxy| sweeps::say(model, proxy, what));
        }
        Command::SaveTape(file) => tapes::save(model, file),
        Command::Facts(_) => {
            let text = "facts are lines of a desk without a screen: faultboard --headless --facts";
            model.say(Tone::Plain, text);
        }
        Command::List => {
            let rows = model.newest().proxies.iter();
            let names: Vec<&str> = rows.map(|row| row.name.as_str()).collect();
            let text = format!("{} proxies: {}", names.len(), names.join(", "));
            model.say(Tone::Plain, text);
        }
        Command::Quit => apply(model, Action::Quit),
    }
}

/// The plans that a command makes of those of its target, where they are others.
pub(super) fn plans(model: &Model, command: &Command) -> Vec<(ProxyId, Plan)> {
    let rows = model.newest().proxies.iter();
    let is_meant = |name: &str| match command.target() {
        Some(Target::All) => true,
        Some(Target::Proxy(target)) => target == name,
        None => false,
    };
    let meant = rows.filter(|row| is_meant(&row.name));
    meant
        .filter_map(|row| {
            let before = model.plan(row.id)?;
            let mut plan = before.clone();
            command.edit(&mut plan);
            (plan != *before).then_some((row.id, plan))
        })
        .collect()
}

/// What the plans are other than before: one text where all change in the same way.
pub(super) fn changes(model: &Model, command: &Command, plans: &[(ProxyId, Plan)]) -> String {
    let texts = plans.iter();
    let mut texts: Vec<String> = texts
        .map(|(id, plan)| changed(model.plan(*id), plan))
        .collect();
    texts.dedup();
    match (command, texts.as_slice()) {
        (_, [text]) => text.clone(),
        (Command::Preset(_, preset), _) => format!("preset {}", preset.name),
        (Command::Clear(..), _) => "faults cleared".to_owned(),
        _ => crate::format::joined(command.settings()),
    }
}

fn change(model: &mut Model, command: &Command) {
    let plans = plans(model, command);
    if plans.is_empty() {
        return model.say(Tone::Plain, "nothing changed: it is so already");
    }
    let text = if let Command::Preset(_, preset) = command {
        format!("preset {}", preset.name)
    } else {
        changes(model, command, &plans)
    };
    turn::set(model, Wish::of(plans, text), None);
}

/// Does something to the proxy of a name.
fn on(model: &mut Model, name: &str, does: impl FnOnce(&mut Model, ProxyId)) {
    let mut rows = model.newest().proxies.iter();
    match rows.find(|row| row.name == name).map(|row| row.id) {
        Some(id) => does(model, id),
        None => model.say(Tone::Plain, format!("{name} is gone")),
    }
}
