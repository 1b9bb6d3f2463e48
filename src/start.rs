//! What the program opens at its start: the proxies of the command line and of a scene, or the demo's.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use faultboard::cli::Options;
use faultboard::demo::Demo;
use faultboard::fault::Plan;
use faultboard::format::shown_path;
use faultboard::proxy::Engine;
use faultboard::scene::{self, Scene};
use rustix::process::{Resource, getrlimit};

/// What the proxies forward to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upstreams {
    /// The mappings of the command line.
    Given,
    /// The demo's own.
    BuiltIn,
}

/// What was opened at the start.
pub(crate) struct Opened {
    pub(crate) demo: Option<Demo>,
    /// What could not be, of a scene.
    pub(crate) problems: Vec<String>,
    /// What is worth knowing of a scene.
    pub(crate) note: Option<String>,
}

/// Below this the allocator fails while the program starts, and it can only abort, without a word.
const LEAST_MEMORY: u64 = 96 << 20;

/// Refuses to start where the process may take too little memory.
pub(crate) fn check_memory() -> Result<()> {
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

/// Adds the proxies, or those of the demo with their upstreams; every port that cannot be listened on is said.
pub(crate) async fn open(
    engine: &Engine,
    options: &Options,
    upstreams: Upstreams,
) -> Result<Opened> {
    let scene = options.scene.as_deref().map(read_scene).transpose()?;
    if upstreams == Upstreams::BuiltIn {
        return Ok(Opened {
            demo: Some(Demo::open(engine, &options.settings).await?),
            problems: Vec::new(),
            note: None,
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
    let (mut problems, mut note) = (Vec::new(), None);
    if let (Some(path), Some(scene)) = (&options.scene, scene) {
        note = scene.note(&shown_path(path));
        problems = set_scene(engine, &shown_path(path), scene).await;
    }
    Ok(Opened {
        demo: None,
        problems,
        note,
    })
}

fn read_scene(path: &Path) -> Result<Scene> {
    let text = scene::read(path);
    let text = text.with_context(|| format!("cannot read the scene {}", shown_path(path)))?;
    Ok(scene::parse(&text))
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
