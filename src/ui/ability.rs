//! Which keys and words the program that runs the selected proxy cannot do, and why: asked by what does them, by help and by the
//! palette.

use super::action::Action;
use super::model::Model;
use crate::command::{Command, Sweeping};
use crate::desk::{Ability, Program};
use crate::snapshot::{ProxyId, ProxyRow};

/// Why an action cannot be done, in one line.
pub(in crate::ui) fn why_not(model: &Model, action: &Action) -> Option<&'static str> {
    // A wildcard: what no program lacks is most of them.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "those that are named are few"
    )]
    let ability = match action {
        Action::Reset
        | Action::HalfClose
        | Action::Exempt
        | Action::FreezeConnection
        | Action::Alone
        | Action::Sort => Ability::Connections,
        Action::Sweep | Action::Findings => Ability::Measures,
        _ => return None,
    };
    program(model).lacks(ability)
}

/// Why a command cannot be carried out, in one line.
pub(in crate::ui) fn why_not_say(model: &Model, command: &Command) -> Option<&'static str> {
    let ability = match command {
        Command::Kill(..) | Command::Exempt(..) | Command::Freeze(..) => Ability::Connections,
        Command::Sweep(_, Sweeping::Begin(_)) => Ability::Measures,
        Command::Rename(..) => Ability::Names,
        Command::Sweep(_, Sweeping::Stop | Sweeping::Save(_))
        | Command::Add(..)
        | Command::Remove(_)
        | Command::Port(..)
        | Command::Off(_)
        | Command::Repoint(..)
        | Command::Set(..)
        | Command::Clear(..)
        | Command::Preset(..)
        | Command::Bypass(..)
        | Command::Facts(_)
        | Command::SaveTape(_)
        | Command::List
        | Command::Quit => return None,
    };
    program(model).lacks(ability)
}

/// The program of the selected proxy; where none is selected, that of the first engine.
pub(in crate::ui) fn program(model: &Model) -> Program {
    program_of(model, model.selected)
}

/// The program that runs a proxy.
pub(in crate::ui) fn program_of(model: &Model, proxy: Option<ProxyId>) -> Program {
    let contact = &model.contact;
    let own = proxy.and_then(|id| contact.peer_of(id));
    let peer = own.or_else(|| contact.peers.first());
    peer.map_or(Program::Faultboard, |peer| peer.program)
}

/// That nobody tells what a proxy does, where that is so.
pub(in crate::ui) fn untold(model: &Model, row: &ProxyRow) -> Option<String> {
    row.foreign.as_ref()?;
    let program = program_of(model, Some(row.id));
    Some(format!("{} does not tell", program.name()))
}
