//! The console over desks elsewhere: where they are, which token they ask for, and what leaving says.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use faultboard::api::Tokens;
use faultboard::cli::{AttachArgs, Rejected};
use faultboard::desk::Desk as _;
use faultboard::format::{figures, one_line};
use faultboard::proxy::{clock, sys};
use faultboard::remote::{AttachError, Options, RemoteDesk, Target};
use faultboard::snapshot::Author;
use faultboard::stop::StopRequest;
use faultboard::ui::{self, home::Home};

/// The variables with the desks to attach to, where none is named.
const PLACES: [&str; 2] = ["FAULTBOARD_API", "TOXIPROXY_URL"];

/// Runs the console over desks elsewhere until its user leaves.
pub(crate) fn attach(mut args: AttachArgs, tokens: Tokens, notes: Vec<String>) -> Result<ExitCode> {
    if args.targets.is_empty() {
        args.targets = places()?;
    }
    if !io::stdout().is_terminal() {
        let why = "attach shows a console, and standard output is not a terminal: curl reads /faultboard/v1/stream";
        return Err(Rejected::because(why).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let shown = runtime.block_on(show(args, tokens.operator.or(tokens.viewer), notes));
    // Not waited for: a name that is looked up may take its time.
    runtime.shutdown_background();
    shown.map(|()| ExitCode::SUCCESS)
}

async fn show(args: AttachArgs, token: Option<String>, mut notes: Vec<String>) -> Result<()> {
    let request = StopRequest::new(None).context("cannot catch signals")?;
    let options = Options {
        author: args.author.unwrap_or_else(author),
        token,
        read_only: args.read_only,
    };
    let desk = reach(&args.targets, options).await?;
    let home = Home::of_user();
    let (mut config, wrong) = home.config();
    notes.extend(wrong);
    config.scheme = args.theme.unwrap_or(config.scheme);
    config.glyphs = args.charset.unwrap_or(config.glyphs);
    let (names, seed) = {
        let contact = desk.contact();
        let peers = contact.borrow().peers.clone();
        let names: Vec<String> = peers.iter().map(|peer| peer.name.clone()).collect();
        (names.join(", "), peers.iter().find_map(|peer| peer.seed))
    };
    let told = ui::Options {
        config,
        history: home.history(),
        seed: seed.unwrap_or_default(),
        notes,
        resumes: false,
        until: Box::pin(async move {
            request.made().await;
        }),
        ..ui::Options::default()
    };
    let begun = clock::now();
    let mut farewell = ui::start(desk, told).await?;
    // What runs there is not this session's to open again.
    farewell.proxies.clear();
    if let Err(why) = home.keep(&farewell) {
        let _ = writeln!(io::stderr(), "{why}");
    }
    let lasted = figures::clock(clock::now().saturating_duration_since(begun));
    let goes = if args.targets.len() > 1 {
        "they go"
    } else {
        "it goes"
    };
    // A terminal that is gone needs no farewell.
    let _ = writeln!(
        io::stdout(),
        "faultboard: attached to {} for {lasted}; {goes} on",
        one_line(&names)
    );
    Ok(())
}

/// The desks; where one asks for a token that was not given, whoever sits at the terminal is asked for it.
async fn reach(targets: &[Target], mut options: Options) -> Result<RemoteDesk> {
    loop {
        match RemoteDesk::attach(targets, &options).await {
            Ok(desk) => return Ok(desk),
            Err(AttachError::Token(whose, false)) if options.token.is_none() => {
                let asked = format!("token of {}: ", one_line(&whose));
                match ask_unseen(&asked).await? {
                    Some(token) => options.token = Some(token),
                    None => return Err(anyhow!(AttachError::Token(whose, false))),
                }
            }
            Err(why) => return Err(anyhow!(one_line(&why.to_string()))),
        }
    }
}

/// Asks for something without showing what is typed; `None` where nobody can be asked, or nothing is typed.
async fn ask_unseen(question: &str) -> Result<Option<String>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let question = question.to_owned();
    let asked = tokio::task::spawn_blocking(move || ui::terminal::ask_unseen(&question));
    asked.await?.context("cannot read the terminal")
}

/// The desks that the environment names; this machine's where it names none.
fn places() -> Result<Vec<Target>, Rejected> {
    for name in PLACES {
        let Some(text) = env::var(name).ok().filter(|text| !text.trim().is_empty()) else {
            continue;
        };
        let targets = text.split([',', ' ']).filter(|text| !text.is_empty());
        let read: Result<Vec<Target>, String> = targets.map(Target::parse).collect();
        return read.map_err(|why| Rejected::because(&format!("{name}: {why}")));
    }
    Ok(vec![Target::default()])
}

/// Who sits here: `USER@HOST`.
fn author() -> Author {
    let variable = |name: &&str| env::var(name).ok().filter(|value| !value.is_empty());
    let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(variable);
    let user = user.unwrap_or_else(|| "somebody".to_owned());
    let name = match sys::machine() {
        Some(machine) => format!("{user}@{machine}"),
        None => user,
    };
    let plain: String = name.chars().filter(char::is_ascii).collect();
    Author::named(&plain).unwrap_or(Author::CONSOLE)
}
