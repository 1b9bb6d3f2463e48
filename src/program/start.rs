//! What the program opens at its start: the proxies of the command line and of a scene, or the demo's.

#[cfg(feature = "api")]
use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
#[cfg(feature = "api")]
use faultboard::api::{Api, Listener, TOKEN_VARIABLE, Tokens};
use faultboard::cli::{Lead, Options, Output, Rejected};
use faultboard::command::Command;
use faultboard::demo::Demo;
use faultboard::fault::Plan;
use faultboard::file::{self, Readers};
#[cfg(feature = "api")]
use faultboard::format::reason;
use faultboard::format::shown_path;
use faultboard::proxy::Engine;
use faultboard::report;
use faultboard::scene::{self, Scene};
use faultboard::tape::file::TapeFile;
use faultboard::tape::play::{Move, Play};
use faultboard::tape::player::Player;
use faultboard::tape::{self, Setup, Tape};
use faultboard::tour::{self, Tour};

/// What the proxies forward to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upstreams {
    /// The mappings of the command line.
    Given,
    /// The demo's own.
    BuiltIn,
}

/// Where a desk's proxies come from.
pub(crate) struct Origin {
    pub(crate) upstreams: Upstreams,
    /// What is done to them, where a tape says so.
    pub(crate) play: Option<Play>,
    /// The tour that leads through them, and whether it plays itself.
    pub(crate) tour: Option<(Tour, bool)>,
    /// What the file of a scene says.
    pub(crate) scene: Option<Scene>,
    /// What stands in toxiproxy's file, or why it cannot be read.
    pub(crate) proxies: Option<Result<Vec<u8>, String>>,
}

/// What was opened at the start.
pub(crate) struct Opened {
    pub(crate) demo: Option<Demo>,
    /// What could not be, of a scene.
    pub(crate) problems: Vec<String>,
    /// What is worth knowing of a scene.
    pub(crate) note: Option<String>,
    /// What a scene says is done at which time.
    pub(crate) moments: Vec<(Duration, Command)>,
    /// What a tape says is to be done, and when it is over.
    pub(crate) play: Option<Player>,
}

// === impl Origin ===

impl Origin {
    pub(crate) fn of(upstreams: Upstreams) -> Self {
        Self {
            upstreams,
            play: None,
            tour: None,
            scene: None,
            proxies: None,
        }
    }
}

/// The acts of the demo.
const DEMO: &str = include_str!("../../assets/demo.tour");

/// The tour of the demo.
pub(crate) fn demo_tour(options: &Options, lead: Lead) -> Result<(Tour, bool), Rejected> {
    needs_the_console(options)?;
    Ok((tour::parse(DEMO, is_key), lead == Lead::Auto))
}

/// Reads a tour of the user's own; its proxies are those of the run.
pub(crate) fn read_tour(path: &Path, plays: bool, options: &mut Options) -> Result<(Tour, bool)> {
    needs_the_console(options)?;
    let shown = shown_path(path);
    let text = scene::read(path).with_context(|| format!("cannot read the tour {shown}"))?;
    let tour = tour::parse(&text, is_key);
    let mut problems: Vec<String> = tour.problems(&shown).collect();
    let is_there = |name: &str| {
        let mut proxies = tour.scene.proxies.iter();
        proxies.any(|(mapping, _)| mapping.name_beside(mapping.listen, |_| false) == name)
    };
    let strangers = tour.strangers(is_there);
    problems.extend(strangers.map(|wrong| wrong.told(&shown)));
    if !problems.is_empty() {
        return Err(Rejected(problems).into());
    }
    options.mappings.extend(tour.scene.proxies.iter().cloned());
    Ok((tour, plays))
}

fn needs_the_console(options: &Options) -> Result<(), Rejected> {
    if options.output == Output::Console {
        return Ok(());
    }
    Err(Rejected::because(
        "a tour is led through in the console: leave out --headless and --plain",
    ))
}

/// Whether a word names a key.
#[cfg(feature = "tui")]
fn is_key(word: &str) -> bool {
    faultboard::ui::keymap::Key::named(word).is_some()
}

#[cfg(not(feature = "tui"))]
fn is_key(_: &str) -> bool {
    true
}

/// No tape that is read is longer, in MiB: what is written is no longer either.
const LONGEST_TAPE: u64 = tape::file::LONGEST;

/// Reads a tape; what is damaged of it is said on standard error, and the rest holds.
pub(crate) fn read_tape(path: &Path) -> Result<Tape> {
    let shown = shown_path(path);
    let failed = || format!("cannot read the tape {shown}");
    let bytes = file::read(path, LONGEST_TAPE).with_context(failed)?;
    let read = tape::read(&bytes).map_err(|why| anyhow!("{}: {why}", failed()))?;
    if let Some(damage) = read.damage {
        // Where it cannot be written there is nobody to tell.
        let _ = writeln!(io::stderr(), "the tape {shown} {damage}");
    }
    Ok(read.tape)
}

/// Makes the file of the tape, once it is sure that the report can be written: a tape that is there goes with the making.
pub(crate) fn open_outputs(options: &Options) -> Result<Option<TapeFile>> {
    options.report.as_deref().map(check_report).transpose()?;
    let tape = options.tape.as_deref().map(|path| {
        let file = refuse_foreign(path, tape::is_tape).and_then(|()| TapeFile::create(path));
        file.with_context(|| format!("cannot write the tape {}", shown_path(path)))
    });
    tape.transpose()
}

/// Writes a report, over one that is there.
pub(crate) fn write_report(path: &Path, text: &str) -> Result<()> {
    let written = refuse_foreign(path, report::is_report)
        .and_then(|()| file::write(path, text.as_bytes(), Readers::All, true));
    written.with_context(|| unwritable_report(path))
}

/// Refuses a file that an option names and that is somebody else's: what is there may be replaced where it is as those are that
/// this program writes.
fn refuse_foreign(path: &Path, is_ours: impl Fn(&[u8]) -> bool) -> io::Result<()> {
    if file::may_replace(path, is_ours)? {
        return Ok(());
    }
    let why = "a file is there that faultboard has not written: give another name";
    Err(io::Error::other(why))
}

/// Refuses a report that could not be written at the end of a run; what the file holds until then stays in it.
fn check_report(path: &Path) -> Result<()> {
    let found = path.symlink_metadata();
    if path
        .metadata()
        .is_ok_and(|it| !it.is_file() && !it.is_dir())
    {
        // A pipe would have the run wait for whoever reads it.
        return Ok(());
    }
    if path.is_dir() {
        // As Unix says it; Windows would say that it permits nothing.
        let why = io::Error::from(io::ErrorKind::IsADirectory);
        return Err(why).with_context(|| unwritable_report(path));
    }
    refuse_foreign(path, report::is_report).with_context(|| unwritable_report(path))?;
    let mut options = File::options();
    let opened = options.write(true).create(true).truncate(false).open(path);
    opened.with_context(|| unwritable_report(path))?;
    if found.is_err() {
        // Where it cannot go it is written over later.
        let _ = fs::remove_file(path);
    }
    Ok(())
}

fn unwritable_report(path: &Path) -> String {
    format!("cannot write the report {}", shown_path(path))
}

/// Where a file is.
#[derive(PartialEq)]
enum Place {
    /// What tells it from every other one.
    There(file::Identity),
    /// It is to be made here.
    New(PathBuf),
}

// === impl Place ===

impl Place {
    /// `None` where it is no file, as a device is none.
    fn of(path: &Path) -> Option<Self> {
        if let Ok(found) = path.metadata() {
            let is_file = found.is_file();
            return file::identity(path)
                .ok()
                .filter(|_| is_file)
                .map(Self::There);
        }
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
        path.file_name().map(|name| Self::New(folder.join(name)))
    }
}

/// Refuses two uses of one file: what is read would be lost, or what is written would be overwritten.
pub(crate) fn refuse_same_file(files: &[(&str, Option<&Path>)]) -> Result<(), Rejected> {
    let mut earlier: Vec<(&str, Place)> = Vec::new();
    for (what, path) in files {
        let Some((path, place)) = path.and_then(|path| Some((path, Place::of(path)?))) else {
            continue;
        };
        if let Some((other, _)) = earlier.iter().find(|(_, other)| *other == place) {
            return Err(Rejected::because(&format!(
                "{other} and {what} are the same file, {}: give each its own",
                shown_path(path)
            )));
        }
        earlier.push((what, place));
    }
    Ok(())
}

/// What is recorded beside what the engine tells.
pub(crate) fn tape_setup(options: &Options, origin: &Origin, file: Option<TapeFile>) -> Setup {
    Setup {
        demo: origin.upstreams == Upstreams::BuiltIn,
        arguments: options.repeated.clone(),
        file,
    }
}

/// No file of toxiproxy's with proxies is longer, in MiB.
#[cfg(feature = "api")]
const LONGEST_CONFIG: u64 = 1;

/// No file with tokens is longer, in MiB.
#[cfg(feature = "api")]
const LONGEST_TOKENS: u64 = 1;

/// Listens for the API where that is asked for; nobody is answered yet.
#[cfg(feature = "api")]
pub(crate) fn listen(options: &mut Options) -> Result<Option<(Listener, Tokens)>> {
    let Some(address) = options.api.api.clone() else {
        return Ok(None);
    };
    let tokens = tokens(options.api.api_token_file.as_deref())?;
    // There an address that other machines reach is the wish that they do.
    options.api.api_open |= options.drop_in.is_some() && tokens.operator.is_none();
    if let Some(why) = options.api.unguarded(&tokens) {
        return Err(Rejected::because(&why).into());
    }
    Ok(Some((Listener::bind(&address)?, tokens)))
}

/// The API over an engine, where there is to be one.
#[cfg(feature = "api")]
pub(crate) fn serve(
    listens: Option<(Listener, Tokens)>,
    engine: &Engine,
    options: &Options,
) -> Option<Api> {
    let (listener, tokens) = listens?;
    Some(Api::start(listener, engine, &options.api, tokens))
}

/// Makes the proxies of toxiproxy's file; says what could not be, and the program goes on without, as there.
#[cfg(feature = "api")]
pub(crate) async fn populate(
    api: &Api,
    options: &Options,
    read: Option<Result<Vec<u8>, String>>,
) -> Result<(), String> {
    let Some((path, read)) = toxiproxy_file(options).zip(read) else {
        return Ok(());
    };
    let made = api.populate(read?).await;
    made.map_err(|why| format!("{}: {why}", shown_path(path)))
}

/// Toxiproxy's file of proxies, where one is given.
#[cfg(feature = "api")]
fn toxiproxy_file(options: &Options) -> Option<&Path> {
    options.drop_in.as_ref()?.config.as_deref()
}

/// Reads the tokens of a file, or of the environment where none is given.
#[cfg(feature = "api")]
pub(crate) fn tokens(path: Option<&Path>) -> Result<Tokens> {
    let Some(path) = path else {
        let given = env::var(TOKEN_VARIABLE).ok().filter(|it| !it.is_empty());
        let tokens = given.as_deref().map(Tokens::parse).transpose();
        let wrong = |why| Rejected::because(&format!("{TOKEN_VARIABLE}: {why}"));
        return Ok(tokens.map_err(wrong)?.unwrap_or_default());
    };
    let shown = shown_path(path);
    let bytes = file::read(path, LONGEST_TOKENS);
    let bytes = bytes.with_context(|| format!("cannot read the token file {shown}"))?;
    let read = str::from_utf8(&bytes).map_err(|_| "it is not UTF-8 text");
    let tokens = read.and_then(Tokens::parse);
    if file::is_shared(path) {
        // Where it cannot be written there is nobody to tell.
        let _ = writeln!(
            io::stderr(),
            "others can read the token file {shown}: chmod 600 {shown}"
        );
    }
    tokens.map_err(|why| anyhow!("cannot use the token file {shown}: {why}"))
}

/// Refuses to start where the process may take too little memory: the allocator then fails while the program starts, and it can
/// only abort, without a word.
#[cfg(unix)]
pub(crate) fn check_memory() -> Result<()> {
    use rustix::process::{Resource, getrlimit};
    const LEAST_MEMORY: u64 = 96 << 20;
    for (limit, option) in [(Resource::As, "-v"), (Resource::Data, "-d")] {
        if let Some(allowed) = getrlimit(limit).current
            && allowed < LEAST_MEMORY
        {
            return Err(anyhow!(
                "the limit of this process's memory is {} MiB: give it at least {} MiB (ulimit {option})",
                allowed >> 20,
                LEAST_MEMORY >> 20
            ));
        }
    }
    Ok(())
}

/// Starts: only Unix has a limit that a shell gives its processes.
#[cfg(not(unix))]
pub(crate) fn check_memory() -> Result<()> {
    Ok(())
}

/// Adds the proxies, or those of the demo with their upstreams; every port that cannot be listened on is said.
pub(crate) async fn open(
    engine: &Engine,
    options: &Options,
    Origin {
        upstreams,
        play: taped,
        scene,
        ..
    }: Origin,
) -> Result<Opened> {
    if upstreams == Upstreams::BuiltIn {
        let demo = Demo::open(engine, &options.settings).await?;
        return Ok(Opened {
            demo: Some(demo),
            problems: Vec::new(),
            note: None,
            moments: Vec::new(),
            play: begin(engine, taped).await?,
        });
    }
    let mut failures = Vec::new();
    for (mapping, own) in &options.mappings {
        let plan = Plan::of(options.settings.iter().chain(own).cloned());
        if let Err(error) = engine.add(mapping.clone(), plan).await {
            failures.push(error.to_string());
        }
    }
    if !failures.is_empty() {
        return Err(anyhow!(failures.join("\n")));
    }
    let (mut problems, mut note, mut moments) = (Vec::new(), None, Vec::new());
    if let (Some(path), Some(mut scene)) = (&options.scene, scene) {
        note = scene.note(&shown_path(path));
        moments = std::mem::take(&mut scene.moments);
        problems = set_scene(engine, &shown_path(path), scene).await;
    }
    Ok(Opened {
        demo: None,
        problems,
        note,
        moments,
        play: begin(engine, taped).await?,
    })
}

/// Adds the proxies with which a tape begins; returns what plays the rest of it. Those of the demo are there already.
async fn begin(engine: &Engine, taped: Option<Play>) -> Result<Option<Player>> {
    let Some(Play { first, then, end }) = taped else {
        return Ok(None);
    };
    let player = Player::new(engine.clone(), then, end);
    let mut failures = Vec::new();
    for what in first {
        for what in beside_what_is_there(engine, what) {
            if let Err(error) = player.try_out(what).await {
                failures.push(error.to_string());
            }
        }
    }
    if !failures.is_empty() {
        return Err(anyhow!(failures.join("\n")));
    }
    Ok(Some(player))
}

/// What is to be done for a proxy to stand so that may be there already, under the name that its mapping gives it.
fn beside_what_is_there(engine: &Engine, what: Move) -> Vec<Move> {
    let Move::Add(name, mapping, plan) = what else {
        return vec![what];
    };
    let own = mapping.name.as_ref().map(ToString::to_string);
    let Some(own) = own.filter(|own| engine.find(own).is_some()) else {
        return vec![Move::Add(name, mapping, plan)];
    };
    let renamed = (own != name).then(|| Move::Rename(own, name.clone()));
    let set = (!plan.is_empty()).then_some(Move::Set(name, plan));
    renamed.into_iter().chain(set).collect()
}

/// Reads what proxies come from beside the command line.
pub(crate) fn read_inputs(options: &Options, origin: &mut Origin) -> Result<()> {
    if let Some(path) = &options.scene {
        let text = scene::read(path);
        let text = text.with_context(|| format!("cannot read the scene {}", shown_path(path)))?;
        origin.scene = Some(scene::parse(&text));
    }
    #[cfg(feature = "api")]
    if let Some(path) = toxiproxy_file(options) {
        let read = file::read(path, LONGEST_CONFIG);
        let failed = |error| format!("cannot read {}: {}", shown_path(path), reason(&error));
        origin.proxies = Some(read.map_err(failed));
    }
    Ok(())
}

/// Adds the proxies of a scene; returns what could not be, and the rest holds.
async fn set_scene(engine: &Engine, file: &str, scene: Scene) -> Vec<String> {
    let mut problems: Vec<String> = scene.problems(file).collect();
    for (mapping, settings) in scene.proxies {
        if let Err(error) = engine.add(mapping, Plan::of(settings)).await {
            problems.push(format!("{file}: {error}"));
        }
    }
    problems
}
