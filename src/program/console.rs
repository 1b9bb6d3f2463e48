//! The console over the engine of this program: what it is told at its start, and what is kept when it is left.

use std::future::Future;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::Result;
use faultboard::cli::Options;
use faultboard::operate;
use faultboard::proxy::Engine;
use faultboard::snapshot::Author;
use faultboard::tape::player::Player;
use faultboard::ui;

use super::output::remark;
use super::session::{Session, meanwhile};
use super::start::{Origin, open};

/// Shows the engine on the terminal and turns it by keys.
pub(super) async fn console(
    session: Session<'_>,
    mut origin: Origin,
    mut notes: Vec<String>,
    stop: impl Future<Output = &'static str> + Send + 'static,
) -> Result<()> {
    let Session {
        engine, options, ..
    } = session;
    let (tour, proxies) = (origin.tour.take(), origin.proxies.take());
    // Before there is a port: clients may come at once.
    let happened = engine.events();
    let opened = open(engine, options, origin).await?;
    let demo = opened.demo;
    session.begin(proxies).await;
    let home = ui::home::Home::of_user();
    let config = config(&home, options, &mut notes);
    let told = ui::Options {
        config,
        history: home.history(),
        tour,
        happened: Some(happened),
        seed: options.engine.seed,
        bind: options.engine.bind.clone(),
        #[cfg(feature = "api")]
        api_open: session.api.is_some_and(|api| api.open_to_all().is_some()),
        arguments: options.repeated.clone(),
        scene: options.scene.clone().map(|file| ui::OpenScene {
            file: (!options.resume).then_some(file),
            problems: opened.problems,
            note: opened.note,
            moments: opened.moments,
        }),
        notes,
        // The demo's upstreams end with it.
        resumes: demo.is_none(),
        tape: Some(session.tape.saver()),
        until: Box::pin(until(engine.clone(), opened.play, stop)),
        ..ui::Options::default()
    };
    if let Some(demo) = &demo {
        demo.play();
    }
    // The first frame shows all of them: without this it would be the screen of an empty desk.
    operate::rows(engine).await;
    let mut farewell = ui::start(engine.by(Author::CONSOLE), told).await?;
    if let Some(demo) = demo {
        // First the engine: that the demo's clients go is nothing that they did.
        engine.stop(Duration::ZERO).await;
        demo.stop().await;
        // Its upstreams end with it, so there is nothing to have again but the demo.
        farewell.proxies.clear();
    }
    if let Err(why) = home.keep(&farewell) {
        remark(Some(&why));
    }
    // A terminal that is gone needs no farewell.
    let _ = write!(io::stdout(), "{farewell}");
    Ok(())
}

/// The console's configuration, with what the command line says; what is wrong with the file becomes a note.
fn config(home: &ui::home::Home, options: &Options, notes: &mut Vec<String>) -> ui::config::Config {
    let (mut config, wrong) = home.config();
    notes.extend(wrong);
    config.scheme = options.scheme.unwrap_or(config.scheme);
    config.glyphs = options.glyphs.unwrap_or(config.glyphs);
    config
}

/// Waits for what ends the console, and plays a tape meanwhile; the console stays when that is over.
async fn until(engine: Engine, play: Option<Player>, stop: impl Future<Output = &'static str>) {
    let playing = async {
        if let Some(player) = play {
            player.play().await;
            engine.note("the tape is over".to_owned());
        }
    };
    meanwhile(stop, playing).await;
}
