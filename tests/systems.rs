//! What is not the same on every system: each file of the source that asks which one it is for has code for the others, or
//! README says what is missing there.

#[path = "support/source.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared as a module of the tests")]
mod source;

use std::collections::BTreeSet;

use source::{Source, sources};

/// The files that ask for a system, and what README says of it, in its row or its words; nothing where what a user meets is the same.
const SAID: &[(&str, &str)] = &[
    ("allocator.rs", "| memory of connections that closed |"),
    ("api/unix.rs", "| `--api unix:PATH` |"),
    // What stands between quotation marks is a file there too, whose backslashes are its own.
    ("command.rs", ""),
    ("file.rs", "| files for you alone |"),
    ("folders.rs", "`%APPDATA%\\faultboard` on Windows"),
    // Windows has its errors in its user's language.
    ("format/mod.rs", ""),
    // What a shell forbids its processes is refused in words where shells do that.
    ("program/start.rs", ""),
    ("proxy/leg/error.rs", "| no port left for a connection |"),
    (
        "proxy/net/intake.rs",
        "| what kernels take in before a slow link |",
    ),
    (
        "proxy/net/rounds.rs",
        "| a mapping that leads back to itself by a name |",
    ),
    // Sockets that are accepted have on each system what a listener's have on Linux.
    ("proxy/net/socket.rs", ""),
    (
        "proxy/net/sys.rs",
        "| another program may listen on a port of ours |",
    ),
    ("proxy/thread/mod.rs", "| a wait is ended by |"),
    (
        "proxy/thread/pulse.rs",
        "| faultboard's own stalls are told from |",
    ),
    ("proxy/thread/sleeper.rs", "| a wait is ended by |"),
    ("proxy/thread/wait.rs", "| a wait is ended by |"),
    ("remote/http.rs", "| `--api unix:PATH` |"),
    ("stop/mod.rs", "| asks for an end |"),
    (
        "stop/unix.rs",
        "| a signal that was ignored at the start (`nohup`) |",
    ),
    ("ui/keymap.rs", "| `Ctrl-Z` |"),
    ("ui/terminal.rs", ""),
    ("ui/tty.rs", "| the terminal is asked for its background |"),
];

/// The words by which code asks which system it is for.
const SYSTEMS: &[&str] = &[
    "unix",
    "windows",
    "target_os",
    "target_family",
    "target_env",
];

/// What stands in the brackets of each `cfg` of a file that asks for a system.
fn asked(source: &Source) -> Vec<String> {
    let text = source.texts.join("\n");
    let mut found = Vec::new();
    for (at, begin) in ["cfg(", "cfg!(", "cfg_attr("]
        .iter()
        .flat_map(|begin| text.match_indices(begin))
    {
        let inside = &text[at + begin.len()..];
        let mut depth = 1;
        let end = inside.find(|letter| {
            depth += match letter {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        let inside = &inside[..end.unwrap_or(inside.len())];
        let words = || inside.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        if words().any(|word| SYSTEMS.contains(&word)) {
            found.push(inside.to_owned());
        }
    }
    found
}

#[test]
fn every_file_that_asks_for_a_system_is_listed_and_no_other() {
    let ask: BTreeSet<String> = sources()
        .into_iter()
        .filter(|source| !asked(source).is_empty())
        .map(|source| source.path)
        .collect();
    let listed: BTreeSet<String> = SAID.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(
        ask, listed,
        "files with a cfg of a system, and the table of this test"
    );
}

#[test]
fn what_is_said_of_them_stands_in_the_readme() {
    let readme = include_str!("../README.md");
    for (path, said) in SAID {
        assert!(readme.contains(said), "{path}: README lacks: {said}");
    }
}

/// `cfg!` compiles both sides; an attribute leaves code out, and something else must be there in its place.
#[test]
fn code_that_is_left_out_on_a_system_has_its_other_side() {
    // Each says itself why the others need none: the system's own allocator, options that an accepted socket inherits on Linux,
    // and numbers that only Linux has.
    let alone = ["allocator.rs", "proxy/net/socket.rs", "stop/unix.rs"];
    for source in sources() {
        if alone.contains(&&*source.path) {
            continue;
        }
        let asked = asked(&source);
        for inside in &asked {
            let negated = format!("not({inside})");
            let others = |other: &&String| {
                let pairs = [("unix", "windows"), ("windows", "unix")];
                other.contains(&negated)
                    || inside.contains(&format!("not({other})"))
                    || pairs.contains(&(inside.as_str(), other.as_str()))
            };
            let text = source.texts.join("\n");
            let is_asked_at_run_time = !text.contains(&format!("#[cfg({inside})]"));
            assert!(
                is_asked_at_run_time || asked.iter().any(|other| others(&other)),
                "src/{}: cfg({inside}) has no other side",
                source.path
            );
        }
    }
}

#[test]
fn a_question_for_a_system_is_found_in_attributes_and_in_code() {
    let text = "#[cfg(feature = \"tui\")]\nmod a;\n#[cfg(all(unix, feature = \"x\"))]\nmod b;\nfn c() { if cfg!(not(windows)) {} }\n// cfg(unix)\n";
    let source = Source::new("a.rs", text);
    assert_eq!(
        asked(&source),
        ["all(unix, feature = \"x\")", "not(windows)"]
    );
}
