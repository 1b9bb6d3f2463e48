//! The user's own presets: faults under a name, in a file of TOML.
//!
//! ```text
//! [cafe]
//! faults = "latency 80ms jitter=30ms, bandwidth 2Mbit/s down"
//! source = "measured in June"
//! ```
//!
//! What is wrong is told with its place, and the others hold. Nothing here opens a file: the program hands its text over once,
//! at the start. A preset that was read stays until the program ends.

use std::ops::Range;
use std::path::{Path, PathBuf};

#[cfg(not(test))]
use parking_lot::Mutex;
use toml::de::{DeTable, DeValue};

use super::{PRESETS, Preset};
use crate::fault::{Kind, language};
use crate::syntax::{nearest, no_toml, place, unknown};

/// What is said of a preset without a source.
pub const SOURCE: &str = "your own";

/// What the table of a preset may have.
const KEYS: [&str; 2] = ["faults", "source"];

/// The longest name.
const LONGEST: usize = 32;

/// Those that are known now, in the order in which they came.
pub(super) fn all() -> Vec<&'static Preset> {
    with_known(|known| known.clone())
}

/// What `look` makes of those that were read or kept. Bound: the tables of one file, and what is kept by hand. Each of our own
/// tests, which run side by side in threads of one process, has its own.
fn with_known<T>(look: impl FnOnce(&mut Vec<&'static Preset>) -> T) -> T {
    #[cfg(not(test))]
    {
        static KNOWN: Mutex<Vec<&'static Preset>> = Mutex::new(Vec::new());
        look(&mut KNOWN.lock())
    }
    #[cfg(test)]
    {
        thread_local!(static KNOWN: std::cell::RefCell<Vec<&'static Preset>> = const { std::cell::RefCell::new(Vec::new()) });
        KNOWN.with_borrow_mut(look)
    }
}

/// The file that they stand in, of the folder of what its user has chosen.
#[must_use]
pub fn path(config: &Path) -> PathBuf {
    config.join("presets.toml")
}

/// Takes the presets of a file's text; those that are right hold. Each fault is a line: `FILE:LINE:COLUMN: why`.
#[must_use]
pub fn take(file: &str, text: &str) -> Vec<String> {
    let at = |span: Range<usize>, why: &str| {
        let (line, column) = place(text, span.start);
        format!("{file}:{line}:{column}: {why}")
    };
    let tables = match DeTable::parse(text) {
        Ok(tables) => tables.into_inner(),
        Err(error) => return vec![at(error.span().unwrap_or(0..0), &no_toml(error.message()))],
    };
    let mut tables: Vec<_> = tables.iter().collect();
    tables.sort_by_key(|(name, _)| name.span().start);
    let mut wrong = Vec::new();
    for (name, table) in tables {
        let kept = entry_of(name.span(), table.get_ref()).and_then(|(faults, source)| {
            let kept = keep(name.get_ref(), faults.1, source);
            kept.map_err(|why| (faults.0, why))
        });
        if let Err((span, why)) = kept {
            wrong.push(at(span, &format!("{}: {why}", name.get_ref())));
        }
    }
    wrong
}

/// Where something stands in the file, and what.
type Placed<T> = (Range<usize>, T);

/// The faults of a table, with their place, and its source. Where a table has no place of its own, its name has.
fn entry_of<'a>(
    name: Range<usize>,
    table: &'a DeValue<'_>,
) -> Result<(Placed<&'a str>, &'a str), Placed<String>> {
    let form =
        "a preset is a table with faults = \"latency 80ms\", and source = \"…\" where you like";
    let table = table.as_table().ok_or((name.clone(), form.to_owned()))?;
    let mut faults = Err((name, format!("it has no faults: {form}")));
    let mut source = SOURCE;
    for (key, value) in table {
        let text = || {
            let why = format!("{} wants a text in quotes", key.get_ref());
            let text = value.get_ref().as_str();
            text.ok_or((value.span(), why))
        };
        match &**key.get_ref() {
            "faults" => faults = Ok((value.span(), text()?)),
            "source" => source = text()?,
            other => {
                let guess = nearest(other, KEYS);
                let why = format!("{}: {form}", unknown("key", other, guess, &KEYS));
                return Err((key.span(), why));
            }
        }
    }
    Ok((faults?, source))
}

/// Keeps a preset for as long as the program runs.
///
/// # Errors
/// One line: why it can have no such name or no such faults.
pub fn keep(name: &str, faults: &str, source: &str) -> Result<(), String> {
    check_name(name)?;
    language::parse(faults).map_err(|error| error.message)?;
    let leaked = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let preset = Preset {
        name: leaked(name),
        down_kbit: None,
        up_kbit: None,
        delay_down_us: 0,
        delay_up_us: 0,
        jitter_us: 0,
        queue: "",
        link: "",
        more: leaked(faults),
        source: leaked(source),
    };
    with_known(|known| known.push(Box::leak(Box::new(preset))));
    Ok(())
}

/// Whether a new preset can be called so.
///
/// # Errors
/// One line: why not.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_word = !name.is_empty() && name.len() <= LONGEST && name.chars().all(is_letter);
    if !is_word {
        let why = format!("a name has 1 to {LONGEST} letters, digits, - _ and .");
        return Err(why);
    }
    if Kind::named(name).is_some() || ["as", "all", "off"].contains(&name) {
        return Err(format!("{name} means something else: another name"));
    }
    if PRESETS.iter().any(|preset| preset.name == name) {
        return Err(format!("{name} comes with the program: another name"));
    }
    if all().iter().any(|preset| preset.name == name) {
        return Err(format!("{name} is there already: another name"));
    }
    Ok(())
}

/// A preset as the file has it.
#[must_use]
pub fn entry(name: &str, faults: &str) -> String {
    // The fault language knows no sign that a basic string of TOML escapes, but for a path.
    let escaped = faults.replace('\\', "\\\\").replace('"', "\\\"");
    let key = if name.contains('.') {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    };
    format!("[{key}]\nfaults = \"{escaped}\"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::{find, names};

    #[test]
    fn what_is_kept_reads_back_and_is_found_by_its_name() {
        let text = [
            ("cafe", "latency 80ms, loss 1%"),
            ("v1.2", "bandwidth trace=\"a\\b\""),
        ];
        let file = text.map(|(name, faults)| entry(name, faults)).concat();
        let read = DeTable::parse(&file).expect("TOML").into_inner();
        for (name, faults) in text {
            assert_eq!(
                read[name].get_ref()["faults"].get_ref().as_str(),
                Some(faults)
            );
        }
        assert_eq!(take("presets.toml", &entry(text[0].0, text[0].1)), [""; 0]);
        let cafe = find("cafe").expect("a preset");
        assert_eq!(cafe.settings().len(), 2);
        assert_eq!((cafe.source, names().last()), ("your own", Some("cafe")));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_the_others_hold() {
        let text = "# mine\n[bad]\nfaults = \"latncy 5ms\"\n[3g]\nfaults = \"loss 1%\"\n\n[good]\nfaults = \"loss 2%\"\n";
        let wrong = take("p.toml", text);
        let told = [
            "p.toml:3:10: bad: unknown fault \"latncy\": did you mean \"latency\"?",
            "p.toml:5:10: 3g: 3g comes with the program: another name",
        ];
        assert_eq!(wrong.len(), told.len(), "{wrong:?}");
        for (wrong, told) in wrong.iter().zip(told) {
            assert!(wrong.starts_with(told), "{wrong}");
        }
        assert!(find("good").is_ok());
        for (table, told) in [
            (
                "[a]\nfaults = 3",
                "p.toml:2:10: a: faults wants a text in quotes",
            ),
            (
                "[a]\nfaults = \"loss 1%\"\nsource = []",
                "p.toml:3:10: a: source wants a text in quotes",
            ),
            (
                "[a]\nfault = \"loss 1%\"",
                "p.toml:2:1: a: unknown key \"fault\": did you mean \"faults\"? (faults, source): a preset is a table",
            ),
            (
                "[a]\nsource = \"mine\"",
                "p.toml:1:2: a: it has no faults: a preset is a table",
            ),
            ("a = 3", "p.toml:1:1: a: a preset is a table"),
        ] {
            let good = format!("good-{}", table.len());
            let text = format!("{table}\n[{good}]\nfaults = \"loss 2%\"\n");
            let wrong = take("p.toml", &text);
            assert_eq!(wrong.len(), 1, "{wrong:?}");
            assert!(wrong[0].starts_with(told), "{wrong:?}");
            assert!(find(&good).is_ok(), "{table}");
        }
        let wrong = take("p.toml", "[a\n").concat();
        assert!(wrong.starts_with("p.toml:1:3: "), "{wrong}");
    }
}
