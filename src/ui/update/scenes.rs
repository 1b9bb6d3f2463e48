//! Scenes: the desk is written to a file, or a file's proxies are added to it.

use std::path::PathBuf;
use std::time::Duration;

use super::{course, palette, proxies};
use crate::command::{self, Command};
use crate::fault::Plan;
use crate::format::shown_path;
use crate::mapping::Mapping;
use crate::scene::Scene;
use crate::snapshot::PortState;
use crate::ui::effect::Effect;
use crate::ui::input::Field;
use crate::ui::model::undo::Setup;
use crate::ui::model::{Holds, Line, Model, Overlay, PathField, Tone, Turned};

/// A scene that the desk was read from before the console began.
#[derive(Clone, Debug)]
pub struct OpenScene {
    /// The file, where it is one that may be written again.
    pub file: Option<PathBuf>,
    /// What is wrong in it, a line each.
    pub problems: Vec<String>,
    /// What is worth knowing of it.
    pub note: Option<String>,
    /// What it says is done at which time from now on.
    pub moments: Vec<(Duration, Command)>,
}

/// The file that is offered where none was read or written before.
const FILE: &str = "desk.scene";

/// Opens the field for the name of a file, to write to it or to read it.
pub(super) fn ask(model: &mut Model, writes: bool) {
    if writes && model.snapshot.proxies.is_empty() {
        model.say(Tone::Plain, "nothing to write yet: a adds a proxy");
        return;
    }
    let name = model.private.scene.as_ref();
    let name = name.map_or_else(|| FILE.to_owned(), |path| path.display().to_string());
    model.overlays.push(Overlay::Path(PathField {
        writes,
        changes: writes
            .then(|| course::of(model).len())
            .filter(|count| *count > 0),
        times: false,
        holds: Holds::Desk,
        field: Field::proposing(&name),
    }));
}

/// Enter in the field.
pub(super) fn accept(model: &mut Model, path: PathField) {
    let name = path.field.text.value().trim();
    if name.is_empty() {
        model.say(Tone::Trouble, "a file's name is wanted: desk.scene");
        model.overlays.push(Overlay::Path(path));
        return;
    }
    let file = PathBuf::from(name);
    if path.writes {
        // Its own file may be written again; another one of that name is somebody's.
        let replaces = model.private.scene.as_ref() == Some(&file);
        let text = scene(model, path.times).to_string();
        model.cause(Effect::WriteScene {
            file,
            text,
            replaces,
        });
    } else {
        model.cause(Effect::ReadScene(file));
    }
}

/// So long after its beginning the first change of a scene with times is made.
const LEAD: Duration = Duration::from_secs(1);

/// The desk as it is; with the times of changes, as it was before the first of them, and then the changes.
fn scene(model: &Model, times: bool) -> Scene {
    let course = course::of(model).into_iter().filter(|_| times);
    let course: Vec<&Turned> = course.collect();
    let rows = model.snapshot.proxies.iter();
    let proxies = rows.map(|row| {
        let plan = model.plan(row.id).unwrap_or(&row.plan);
        let first = course.iter().find(|turned| turned.proxy == row.id);
        let plan = first.map_or(plan, |first| &first.before);
        let mapping = Mapping {
            closed: row.port == PortState::Closed,
            ..row.mapping.clone()
        };
        (mapping, plan.settings().to_vec())
    });
    let begun = course.first().map_or(Duration::ZERO, |first| first.at);
    let moments = course.iter().flat_map(|turned| {
        let since = turned.at.saturating_sub(begun) + LEAD;
        let at = Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let commands = command::between(&model.name(turned.proxy), &turned.before, &turned.after);
        commands.into_iter().map(move |command| (at, command))
    });
    Scene {
        proxies: proxies.collect(),
        moments: moments.collect(),
        errors: Vec::new(),
    }
}

/// Does what a scene says for this moment.
pub(super) fn play_on(model: &mut Model) {
    while let Some((at, _)) = model.timeline.front()
        && *at <= model.now
        && let Some((_, command)) = model.timeline.pop_front()
    {
        model.wake();
        palette::carry_out(model, command);
    }
}

/// Takes what a scene says is done from now on.
fn begin(model: &mut Model, moments: Vec<(Duration, Command)>) {
    let now = model.now;
    let moments = moments.into_iter();
    model
        .timeline
        .extend(moments.map(|(at, command)| (now.saturating_add(at), command)));
    model.timeline.make_contiguous().sort_by_key(|(at, _)| *at);
}

/// A file was written, or could not be.
pub(super) fn written(model: &mut Model, file: PathBuf, result: Result<(), String>) {
    match result {
        Ok(()) => {
            let count = model.snapshot.proxies.len();
            let text = format!("{} has the scene: {count} proxies", shown_path(&file));
            model.say(Tone::Good, text);
            model.private.scene = Some(file);
        }
        Err(why) => model.say(Tone::Trouble, why),
    }
}

/// A file was read, or could not be: its proxies are added, and what is wrong in it is told.
pub(super) fn read(model: &mut Model, file: PathBuf, text: Result<String, String>) {
    let text = match text {
        Ok(text) => text,
        Err(why) => return model.say(Tone::Trouble, why),
    };
    let scene = crate::scene::parse(&text);
    let name = shown_path(&file);
    let problems: Vec<String> = scene.problems(&name).collect();
    let note = scene.note(&name);
    let count = scene.proxies.len();
    begin(model, scene.moments);
    for (mapping, settings) in scene.proxies {
        let plan = Plan::of(settings);
        proxies::add(model, Setup { mapping, plan });
    }
    match (problems.first(), &note) {
        (None, None) => model.say(Tone::Plain, format!("{name}: {count} proxies")),
        (None, Some(note)) => model.say(Tone::Plain, format!("{note} ({count} proxies)")),
        (Some(first), _) => {
            let text = format!("{first} ({count} other lines hold)");
            model.say(Tone::Trouble, text);
        }
    }
    tell(model, problems, note);
    model.private.scene = Some(file);
}

/// The desk was read from a file before the console began, and these lines say what is wrong in it, and what is worth knowing.
pub fn begin_with(model: &mut Model, scene: OpenScene) {
    let OpenScene {
        file,
        problems,
        note,
        moments,
    } = scene;
    begin(model, moments);
    if let Some(first) = problems.first() {
        model.say(Tone::Trouble, first.clone());
    } else if let Some(note) = &note {
        model.say(Tone::Plain, note.clone());
    }
    tell(model, problems, note);
    model.private.scene = file;
}

/// Logs what is wrong in a scene, and what is worth knowing of it.
fn tell(model: &mut Model, problems: Vec<String>, note: Option<String>) {
    let problems = problems.into_iter().map(|text| (text, Tone::Trouble));
    let note = note.map(|text| (text, Tone::Plain));
    for (text, tone) in problems.chain(note) {
        model.log(Line::new(model.now, "", &text, tone));
    }
}
