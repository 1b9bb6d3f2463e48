//! The grammar of commands, a function a production:
//!
//! ```text
//! line       = mapping [ settings ]
//! command    = add | remove | rename | port | repoint | set | clear | preset | bypass | kill | exempt | freeze | facts | sweep | save | "list" | "quit"
//! add        = "add" line
//! remove     = "remove" proxy
//! rename     = "rename" proxy name
//! unname     = "unname" proxy
//! port       = "port" proxy ( "open" | "closed" | "off" )
//! repoint    = "repoint" proxy right
//! set        = "set" target settings
//! clear      = "clear" target [ kind ] [ "as=" called ]
//! preset     = "preset" target name
//! bypass     = "bypass" target ( "on" | "off" )
//! kill       = "kill" connection [ "rst" | "fin" ]
//! exempt     = "exempt" connection ( "on" | "off" )
//! freeze     = "freeze" connection ( "on" | "off" )
//! facts      = "facts" ( "on" | "off" )
//! sweep      = "sweep" proxy ( "stop" | "save" file | kind … )
//! save       = "save" "tape" file
//! settings   = name [ "," faults ] | faults
//! target     = "all" | proxy
//! proxy      = any characters but blanks | '"' any characters '"'
//! file       = any characters | '"' any characters '"'
//! connection = [ "#" ] digit { digit }
//! ```
//!
//! What a sweep takes behind its kind has a grammar of its own (`sweep::grammar`).
//! The name of `settings` and of `preset` is a preset's: in the place of faults it stands for its own.
//!
//! A new command is a row of `FORMS` and a production.

use std::path::PathBuf;

use winnow::Parser;
use winnow::combinator::opt;
use winnow::error::ErrMode;
use winnow::stream::Location;
use winnow::token::{rest, take, take_till};

use super::{Cleared, Command, Sweeping, Target};
use crate::fault::language::{AS, called, faults_after, kind};
use crate::fault::{KINDS, Kind, Setting};
use crate::format::shortened;
use crate::format::{listed, quoted};
use crate::mapping::grammar::{begun_option, mapping, name, upstream};
use crate::mapping::{Mapping, Name};
use crate::preset;
use crate::snapshot::{ConnId, Kill};
use crate::sweep::{self, grammar};
use crate::syntax::{Input, Parsed, Slip, blanks, nearest, unknown, until_blank};

/// A word that begins a command, an example of it, and what reads the rest.
struct Form {
    word: &'static str,
    example: &'static str,
    rest: fn(&Form, &mut Input<'_>) -> Parsed<Command>,
}

static FORMS: [Form; 18] = [
    form("add", "add 9090=https://host", add),
    form("remove", "remove my-db", remove),
    form("rename", "rename my-db orders", rename),
    form("unname", "unname orders", |form, input| {
        Ok(Command::Rename(one(form, input)?, None))
    }),
    form("port", "port my-db closed", port),
    form("repoint", "repoint my-db db-2:5432", repoint),
    form("set", "set all latency 250ms", set),
    form("clear", "clear all", clear),
    form("preset", "preset all 3g", preset),
    form("bypass", "bypass all on", bypass),
    form("kill", "kill 31", kill),
    form("exempt", "exempt 31 on", |form, input| {
        let (conn, on) = connection_switch(form, input)?;
        Ok(Command::Exempt(conn, on))
    }),
    form("freeze", "freeze 31 on", |form, input| {
        let (conn, on) = connection_switch(form, input)?;
        Ok(Command::Freeze(conn, on))
    }),
    form("facts", "facts on", |form, input| {
        Ok(Command::Facts(switch(form, input)?))
    }),
    form("sweep", "sweep my-db latency from=1ms to=10s", sweep),
    form("save", "save tape desk.tape", save),
    form("list", "list", |_, _| Ok(Command::List)),
    form("quit", "quit", |_, _| Ok(Command::Quit)),
];

const fn form(
    word: &'static str,
    example: &'static str,
    rest: fn(&Form, &mut Input<'_>) -> Parsed<Command>,
) -> Form {
    Form {
        word,
        example,
        rest,
    }
}

/// The words that begin a command.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|form| form.word)
}

/// An example of each command.
pub(super) fn examples() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|form| form.example)
}

/// `line = mapping [ settings ]`
pub(super) fn line(input: &mut Input<'_>) -> Parsed<(Mapping, Vec<Setting>)> {
    let mapping = mapping(input)?;
    blanks(input)?;
    if input.is_empty() {
        return Ok((mapping, Vec::new()));
    }
    let (rest, at) = (*input.as_ref(), input.current_token_start());
    let begun = begun_option(&mapping, input);
    match settings(input) {
        Ok(settings) => Ok((mapping, settings)),
        Err(error) => Err(error.map(|slip| match begun {
            Some(begun) => begun.or(slip),
            None => no_fault(&mapping, at, rest, &slip).unwrap_or(slip),
        })),
    }
}

/// `settings = name [ "," faults ] | faults`
fn settings(input: &mut Input<'_>) -> Parsed<Vec<Setting>> {
    settings_after(&[], input)
}

/// Reads `settings` that must get along with those `earlier`: none sets what is set already.
pub(super) fn settings_after(earlier: &[Setting], input: &mut Input<'_>) -> Parsed<Vec<Setting>> {
    let (begin, before) = (input.current_token_start(), *input);
    let written: &str =
        take_till(0.., |c: char| c == ',' || c.is_whitespace()).parse_next(input)?;
    let Some(preset) = preset::named(written) else {
        let is_end = input.is_empty() && !written.is_empty();
        *input = before;
        let begins = |name: &&str| is_end && name.starts_with(written);
        let follows: Vec<&str> = preset::names().filter(begins).collect();
        return faults_after(KINDS, earlier.to_vec(), input).map_err(|error| {
            error.map(|slip| match (slip.begin() == begin, follows.is_empty()) {
                (true, false) => slip.unfinished_if(true).expecting(follows),
                (true, true) => no_preset(written, begin, slip),
                (false, _) => slip,
            })
        });
    };
    let mut settings = preset.settings();
    let is_set = |own: &&Setting| earlier.iter().any(|it| it.is(own.kind, own.name.as_ref()));
    if let Some(twice) = settings.iter().find(is_set) {
        let message = format!(
            "{written} sets {0} too, and {0} is set already",
            twice.kind.name
        );
        return Err(Slip::over(begin..begin + written.len(), message).cut());
    }
    blanks(input)?;
    if input.is_empty() {
        return Ok(settings);
    }
    if opt((',', blanks)).parse_next(input)?.is_none() {
        let message = format!("faults beside a preset: {written}, {}", KINDS[0].example);
        return Err(Slip::here(input, message).cut());
    }
    let before = [earlier, &settings].concat();
    let more = faults_after(KINDS, before, input)?;
    settings.extend(more);
    Ok(settings)
}

/// What was probably meant where a word, at byte `begin`, is no preset, and wrong as a fault for the reason `slip`.
fn no_preset(written: &str, begin: usize, slip: Slip) -> Slip {
    let kinds = KINDS.iter().flat_map(|kind| [Some(kind.name), kind.short]);
    let is_word = (written.chars()).all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let may_go_on = slip.is_unfinished() || written.is_empty();
    let is_fault = Kind::named(written).is_some() || nearest(written, kinds.flatten()).is_some();
    if may_go_on || !is_word || is_fault {
        return slip;
    }
    // `4g` is a part of two names, and one letter away from another.
    let parts = preset::names().filter(|name| name.split('-').any(|part| part == written));
    let parts: Vec<String> = parts.map(quoted).collect();
    let near = || nearest(written, preset::names()).map(quoted);
    let guess = Some(parts.join(" or ")).filter(|parts| !parts.is_empty());
    let message = match guess.or_else(near) {
        Some(guess) => format!("no fault and no preset: did you mean {guess}?"),
        None => format!(
            "no fault and no preset is called {}: faults are {}; presets are {}",
            quoted(written),
            listed(&KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>()),
            listed(&preset::names().collect::<Vec<_>>()),
        ),
    };
    Slip::over(begin..begin + written.len(), message)
}

/// What was probably meant where the faults of a mapping, `rest` at byte `at`, are none: the name was left out, or stands
/// behind the faults.
fn no_fault(mapping: &Mapping, at: usize, rest: &str, slip: &Slip) -> Option<Slip> {
    let (faults, tail) = rest.split_at_checked(slip.begin().checked_sub(at)?)?;
    let word = until_blank(tail);
    let over = |message: String| Slip::over(slip.begin()..slip.begin() + word.len(), message);
    let name = mapping.name.as_ref().map(Name::as_str);
    if let Some(name) = name.filter(|name| faults.is_empty() && Kind::named(name).is_some()) {
        let example = format!("as orders {name} {}", shortened(tail.trim_end()));
        return Some(over(format!("{name} was read as the name: {example}")));
    }
    let words = if word == "as" { 2 } else { 1 };
    let is_option = word == "as" || ["alpn=", "bind="].iter().any(|it| word.starts_with(it));
    if faults.is_empty() || slip.is_unfinished() || !is_option {
        return None;
    }
    let option: Vec<&str> = tail.split_whitespace().take(words).collect();
    let faults = shortened(faults.trim_end().trim_end_matches(','));
    let example = format!("{} {faults}", option.join(" "));
    Some(over(format!("faults come last: {example}")))
}

/// `command = add | remove | rename | port | repoint | set | clear | preset | bypass | kill | exempt | freeze | facts | sweep | save | "list" | "quit"`
pub(super) fn command(input: &mut Input<'_>) -> Parsed<Command> {
    if let Some(slip) = no_command(input) {
        return Err(slip.cut());
    }
    let words: Vec<&str> = words().collect();
    let form = &FORMS[keyword("command", "needs a command: list", &words, input)?];
    blanks(input)?;
    (form.rest)(form, input)
}

/// `add = "add" line`
fn add(_: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let (mapping, faults) = line(input)?;
    Ok(Command::Add(mapping, faults))
}

/// `remove = "remove" proxy`
fn remove(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    one(form, input).map(Command::Remove)
}

/// The `proxy` of a command that is about one.
fn one(form: &Form, input: &mut Input<'_>) -> Parsed<String> {
    let message = format!("{} wants a proxy: {}", form.word, form.example);
    proxy(&message, &["a proxy"], input)
}

/// `rename = "rename" proxy name`
fn rename(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let message = format!("rename wants a proxy and its new name: {}", form.example);
    let proxy = proxy(&message, &["a proxy"], input)?;
    blanks(input)?;
    Ok(Command::Rename(proxy, Some(name(input)?)))
}

/// `repoint = "repoint" proxy right`
fn repoint(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let message = format!(
        "repoint wants a proxy and its new upstream: {}",
        form.example
    );
    let proxy = proxy(&message, &["a proxy"], input)?;
    blanks(input)?;
    Ok(Command::Repoint(proxy, Box::new(upstream(input)?)))
}

/// `port = "port" proxy ( "open" | "closed" | "off" )`
fn port(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let proxy = one(form, input)?;
    blanks(input)?;
    let wanted = format!("port wants open, closed or off: {}", form.example);
    let word = keyword("word", &wanted, &["open", "closed", "off"], input)?;
    Ok(match word {
        2 => Command::Off(proxy),
        word => Command::Port(proxy, word == 0),
    })
}

/// `set = "set" target settings`
fn set(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let begin = input.current_token_start();
    let target = target(form, input)?;
    match (settings(input), &target) {
        (Ok(faults), _) => Ok(Command::Set(target, faults)),
        (Err(ErrMode::Cut(slip)), Target::Proxy(name))
            if Kind::named(name).is_some() && !slip.is_unfinished() =>
        {
            let message = format!("set wants a proxy or all first: {}", form.example);
            Err(Slip::over(begin..begin + name.len(), message).cut())
        }
        (Err(error), _) => Err(error),
    }
}

/// `clear = "clear" target [ kind ] [ "as=" called ]`
fn clear(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let target = target(form, input)?;
    let mut cleared = Cleared::default();
    let has_name = |input: &Input<'_>| input.starts_with("as=");
    let begun = |input: &Input<'_>| {
        let rest: &str = input.as_ref();
        let begin = input.current_token_start();
        let begins = !rest.is_empty() && "as=".starts_with(rest) && !has_name(input);
        let slip = Slip::over(begin..begin + rest.len(), "needs the whole word: as=");
        begins.then(|| slip.unfinished_if(true).expecting(["as="]))
    };
    if !input.is_empty() && !has_name(input) {
        let name = begun(input);
        let kind = kind(KINDS, &[], input).map_err(|error| {
            error.map(|slip| match name {
                Some(name) if slip.is_unfinished() => slip.or(name),
                name => name.unwrap_or(slip),
            })
        })?;
        cleared.kind = Some(kind);
        blanks(input)?;
    }
    if let Some(slip) = begun(input) {
        return Err(slip.cut());
    }
    if has_name(input) {
        (AS, '=').void().parse_next(input)?;
        cleared.name = Some(called(input)?);
    }
    Ok(Command::Clear(target, cleared))
}

/// `preset = "preset" target name`
fn preset(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let target = target(form, input)?;
    let wanted = format!("preset wants a name: {}", form.example);
    let presets = preset::all();
    let names: Vec<&str> = presets.iter().map(|preset| preset.name).collect();
    let place = keyword("preset", &wanted, &names, input)?;
    Ok(Command::Preset(target, presets[place]))
}

/// `bypass = "bypass" target ( "on" | "off" )`
fn bypass(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let target = target(form, input)?;
    Ok(Command::Bypass(target, switch(form, input)?))
}

/// `sweep = "sweep" proxy ( "stop" | "save" file | kind … )`
fn sweep(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let wanted = format!("sweep wants a proxy and a fault: {}", form.example);
    let name = proxy(&wanted, &["a proxy"], input)?;
    blanks(input)?;
    let mut ahead = *input;
    let what = match word(&mut ahead)? {
        "" if input.is_empty() => {
            let faults = KINDS.iter().map(|kind| kind.name);
            let follows = faults.chain(["stop", "save"]);
            return Err(Slip::here(input, wanted).expecting(follows).cut());
        }
        "stop" => {
            *input = ahead;
            Sweeping::Stop
        }
        "save" => {
            *input = ahead;
            blanks(input)?;
            Sweeping::Save(file_of_form(form, input)?)
        }
        _ => Sweeping::Begin(Box::new(grammar::sweep(input)?)),
    };
    Ok(Command::Sweep(name, what))
}

/// `save = "save" "tape" file`
fn save(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let wanted = format!("save wants the tape and a file: {}", form.example);
    keyword("word", &wanted, &["tape"], input)?;
    blanks(input)?;
    if input.is_empty() {
        return Err(Slip::here(input, wanted).expecting(["a file"]).cut());
    }
    let (path, _) = file(form, input)?;
    Ok(Command::SaveTape(path))
}

/// `file = any characters | '"' any characters '"'`
///
/// It is the rest of the line. With it comes what was written for it.
fn file<'i>(form: &Form, input: &mut Input<'i>) -> Parsed<(PathBuf, &'i str)> {
    let begin = input.current_token_start();
    let name: &str = rest.parse_next(input)?.trim_end();
    let path = super::unspelled_file(name).ok_or_else(|| {
        let message = format!(
            "a file's name that begins with a quotation mark ends with one: {} \"my desk\"",
            form.word
        );
        let is_open = name.len() < 2 || !name.ends_with('"');
        let slip = Slip::over(begin..begin + name.len(), message);
        slip.unfinished_if(is_open).expecting(["a file"]).cut()
    })?;
    Ok((path, name))
}

/// A file whose ending says what is written.
fn file_of_form(form: &Form, input: &mut Input<'_>) -> Parsed<PathBuf> {
    let begin = input.current_token_start();
    let (path, name) = file(form, input)?;
    let message = format!(
        "save wants a file that ends in {}: save curve.svg",
        sweep::Form::ENDINGS
    );
    match sweep::Form::of(&path) {
        Some(_) => Ok(path),
        None => Err(Slip::over(begin..begin + name.len(), message)
            .unfinished_if(!name.contains('.'))
            .expecting(["a file"])
            .cut()),
    }
}

/// `"on" | "off"`
fn switch(form: &Form, input: &mut Input<'_>) -> Parsed<bool> {
    let wanted = format!("{} wants on or off: {}", form.word, form.example);
    let word = keyword("word", &wanted, &["on", "off"], input)?;
    Ok(word == 0)
}

/// `connection ( "on" | "off" )`
fn connection_switch(form: &Form, input: &mut Input<'_>) -> Parsed<(ConnId, bool)> {
    let conn = connection(form, input)?;
    blanks(input)?;
    Ok((conn, switch(form, input)?))
}

/// `kill = "kill" connection [ "rst" | "fin" ]`
fn kill(form: &Form, input: &mut Input<'_>) -> Parsed<Command> {
    let conn = connection(form, input)?;
    blanks(input)?;
    if input.is_empty() {
        return Ok(Command::Kill(conn, Kill::default()));
    }
    let how = match keyword("word", "", &["rst", "fin"], input)? {
        0 => Kill::Rst,
        _ => Kill::Fin,
    };
    Ok(Command::Kill(conn, how))
}

/// `target = "all" | proxy`
///
/// The blanks after it are taken with it.
fn target(form: &Form, input: &mut Input<'_>) -> Parsed<Target> {
    let message = format!("{} wants a proxy or all: {}", form.word, form.example);
    let is_every = until_blank(input) == "all";
    let name = proxy(&message, &["a proxy", "all"], input)?;
    blanks(input)?;
    Ok(if is_every {
        Target::All
    } else {
        Target::Proxy(name)
    })
}

/// `proxy = any characters but blanks | '"' any characters '"'`
fn proxy(message: &str, expected: &[&str], input: &mut Input<'_>) -> Parsed<String> {
    if input.is_empty() {
        let slip = Slip::here(input, message).expecting(expected.iter().copied());
        return Err(slip.cut());
    }
    let written = super::first_proxy(input);
    let chars = written.chars().count();
    take(chars).parse_next(input).map(super::unspelled)
}

/// `connection = [ "#" ] digit { digit }`
fn connection(form: &Form, input: &mut Input<'_>) -> Parsed<ConnId> {
    let begin = input.current_token_start();
    let sign = opt('#').parse_next(input)?;
    let digits = word(input)?;
    if let (true, Ok(number)) = (digits.bytes().all(|b| b.is_ascii_digit()), digits.parse()) {
        return Ok(ConnId(number));
    }
    let message = format!(
        "{} wants the number of a connection: {}",
        form.word, form.example
    );
    let end = begin + sign.map_or(0, char::len_utf8) + digits.len();
    Err(Slip::over(begin..end, message)
        .unfinished_if(digits.is_empty() && input.is_empty())
        .expecting(["a number"])
        .cut())
}

/// One of some words, as its place among them.
fn keyword(what: &str, wanted: &str, known: &[&str], input: &mut Input<'_>) -> Parsed<usize> {
    let (written, at) = word.with_span().parse_next(input)?;
    if let Some(index) = known.iter().position(|word| *word == written) {
        return Ok(index);
    }
    let follows: Vec<&str> = known
        .iter()
        .copied()
        .filter(|word| word.starts_with(written))
        .collect();
    let message = if written.is_empty() {
        wanted.to_owned()
    } else {
        unknown(
            what,
            written,
            nearest(written, known.iter().copied()),
            known,
        )
    };
    Err(Slip::over(at, message)
        .unfinished_if(input.is_empty() && !follows.is_empty())
        .expecting(follows)
        .cut())
}

/// A mapping or a fault where a command must stand: no command begins so.
fn no_command(input: &Input<'_>) -> Option<Slip> {
    let written = until_blank(input);
    let begin = input.current_token_start();
    let meant = |text: &str| shortened(text.trim_end().trim_end_matches('.'));
    let message = if written.starts_with(|c: char| c.is_ascii_digit()) && written.contains('=') {
        format!("a mapping is added: add {}", meant(written))
    } else {
        let is_preset = preset::named(written).is_some();
        Kind::named(written)
            .map(|_| ())
            .or(is_preset.then_some(()))?;
        format!("faults are set: set all {}", meant(input))
    };
    Some(Slip::over(begin..begin + written.len(), message))
}

/// Everything up to a blank.
fn word<'i>(input: &mut Input<'i>) -> Parsed<&'i str> {
    take_till(0.., char::is_whitespace).parse_next(input)
}
