//! The rules of the source that no compiler knows: which layer may name which, which files form a circle, where the clock is.
//!
//! Every failure names the file and the line.

#[path = "support/imports.rs"]
#[allow(unreachable_pub, reason = "shared as a module of the tests")]
mod imports;
#[path = "support/source.rs"]
#[allow(unreachable_pub, reason = "shared as a module of the tests")]
mod source;

use std::path::Path;

use faultboard::fault::KINDS;
use imports::Imports;
use source::{Source, sources};

/// Each module of the top level, and those that it may name: never one that stands below it here.
const LAYERS: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("format", &[]),
    ("file", &["format"]),
    ("folders", &[]),
    ("look", &[]),
    ("syntax", &["units", "format"]),
    ("fault", &["format", "units", "syntax"]),
    ("sweep", &["format", "units", "syntax", "fault"]),
    ("mapping", &["format", "units", "syntax"]),
    ("toxic", &["units", "fault"]),
    ("preset", &["format", "units", "syntax", "fault"]),
    (
        "snapshot",
        &["format", "units", "fault", "sweep", "mapping"],
    ),
    ("findings", &["format", "units", "fault", "snapshot"]),
    (
        "command",
        &[
            "format", "units", "syntax", "fault", "sweep", "preset", "mapping", "snapshot",
        ],
    ),
    (
        "wire",
        &["format", "units", "fault", "sweep", "mapping", "snapshot"],
    ),
    (
        "proxy",
        &[
            "format", "file", "units", "fault", "sweep", "mapping", "snapshot", "findings",
        ],
    ),
    (
        "scene",
        &[
            "format", "file", "units", "syntax", "fault", "mapping", "snapshot", "command",
        ],
    ),
    (
        "tour",
        &["format", "syntax", "fault", "mapping", "command", "scene"],
    ),
    ("address", &[]),
    ("stop", &[]),
    ("allocator", &[]),
    ("program", &[]),
    (
        "logging",
        &["units", "format", "file", "sweep", "snapshot", "proxy"],
    ),
    (
        "check",
        &["format", "units", "syntax", "fault", "mapping", "command"],
    ),
    (
        "request",
        &[
            "units", "fault", "sweep", "mapping", "snapshot", "command", "proxy",
        ],
    ),
    ("desk", &["fault", "toxic", "request", "snapshot", "proxy"]),
    (
        "operate",
        &[
            "request", "format", "units", "syntax", "fault", "sweep", "preset", "mapping",
            "snapshot", "command", "proxy",
        ],
    ),
    (
        "tape",
        &[
            "request", "format", "file", "units", "syntax", "fault", "sweep", "mapping",
            "snapshot", "command", "proxy",
        ],
    ),
    (
        "expect",
        &["units", "format", "syntax", "fault", "sweep", "tape"],
    ),
    ("farewell", &["format", "fault", "mapping", "snapshot"]),
    (
        "report",
        &[
            "format", "units", "fault", "sweep", "mapping", "command", "tape", "farewell",
        ],
    ),
    (
        "headless",
        &[
            "request", "format", "units", "syntax", "fault", "sweep", "preset", "mapping",
            "snapshot", "command", "proxy", "operate", "stop", "farewell", "file", "tape", "wire",
        ],
    ),
    (
        "demo",
        &["format", "units", "fault", "mapping", "snapshot", "proxy"],
    ),
    (
        "api",
        &[
            "address", "toxic", "request", "format", "units", "fault", "sweep", "preset",
            "mapping", "snapshot", "wire", "command", "proxy", "operate", "headless",
        ],
    ),
    (
        "remote",
        &[
            "address", "units", "format", "fault", "toxic", "mapping", "snapshot", "command",
            "wire", "proxy", "request", "desk",
        ],
    ),
    (
        "cli",
        &[
            "address", "remote", "snapshot", "api", "format", "look", "units", "syntax", "fault",
            "preset", "mapping", "command", "proxy", "demo", "expect", "report",
        ],
    ),
    (
        "ui",
        &[
            "file", "folders", "look", "request", "format", "units", "syntax", "fault", "sweep",
            "preset", "mapping", "snapshot", "command", "proxy", "operate", "scene", "tour",
            "stop", "farewell", "tape", "desk",
        ],
    ),
];

/// The parts of the engine, from the ground up: none imports one that stands after it here.
const ENGINE: &[&str] = &[
    "events",
    "meter",
    "thread",
    "net",
    "tls",
    "record",
    "settings",
    "postgres",
    "proxy",
    "leg",
    "relay",
    "shared",
    "conn",
    "collector",
    "port",
    "engine",
    "sweeps",
    "mod",
];

/// The layers in which text and numbers go in and come out, and nothing else happens.
const PURE: &[&str] = &[
    "units", "format", "syntax", "fault", "sweep", "mapping", "snapshot", "findings", "command",
    "toxic", "wire",
];

/// What has no place in them.
const IMPURE: &[&str] = &[
    "tokio",
    "rustls",
    "tracing",
    "std::fs",
    "std::env",
    "std::thread",
    "std::process",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "stdin",
    "stdout",
    "println",
    "eprintln",
];

/// The console's crates.
const SCREEN: &[&str] = &["ratatui", "crossterm", "tui_input", "unicode_width"];

fn fail_with(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Where `source` has one of `words`.
fn uses(source: &Source, words: &[&str], why: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for word in words {
        for line in source.lines_with(word) {
            faults.push(format!("src/{}:{line}: {word}: {why}", source.path));
        }
    }
    faults
}

/// Where `source` names a module that its layer may not.
fn turned_round(source: &Source) -> Vec<String> {
    let layer = source.layer();
    let allowed = LAYERS.iter().find(|(name, _)| *name == layer);
    let Some((_, allowed)) = allowed else {
        return vec![format!(
            "src/{}: {layer} has no place in the layers of tests/architecture.rs",
            source.path
        )];
    };
    let known = |name: &str| LAYERS.iter().any(|(layer, _)| *layer == name);
    let wrong = |name: &str| name != layer && known(name) && !allowed.contains(&name);
    let names = source.names().into_iter().filter(|(_, name)| wrong(name));
    names
        .map(|(line, name)| format!("src/{}:{line}: {layer} may not name {name}", source.path))
        .collect()
}

fn is_part(source: &Source, layers: &[&str]) -> bool {
    layers.contains(&source.layer())
}

#[test]
fn no_layer_names_one_above_it() {
    let parts = sources();
    let parts = parts
        .iter()
        .filter(|source| !is_part(source, &["main", "lib"]));
    fail_with(&parts.flat_map(turned_round).collect::<Vec<_>>());
}

#[test]
fn the_layers_have_no_circle() {
    for (index, (layer, allowed)) in LAYERS.iter().enumerate() {
        let below = &LAYERS[..index];
        for name in *allowed {
            let is_below = below.iter().any(|(lower, _)| lower == name);
            assert!(is_below, "{name} must stand before {layer}");
        }
    }
}

/// The part of the engine that a file below `proxy/` is, or belongs to.
fn part_of_engine(path: &str) -> Option<&str> {
    let part = path.strip_prefix("proxy/")?.split('/').next()?;
    Some(part.strip_suffix(".rs").unwrap_or(part))
}

#[test]
fn no_part_of_the_engine_imports_one_above_it() {
    let parts = sources();
    let floor = |path: &str| {
        let part = part_of_engine(path)?;
        let floor = ENGINE.iter().position(|known| *known == part);
        Some(floor.unwrap_or_else(|| panic!("{part} has no place in ENGINE")))
    };
    for source in &parts {
        floor(&source.path);
    }
    let imports = Imports::of(&parts);
    let between = imports.arrows().into_iter();
    let between: Vec<_> = between
        .filter_map(|(from, to)| Some((from, to, floor(from)?, floor(to)?)))
        .collect();
    assert!(between.len() > 100, "{} arrows are seen", between.len());
    let faults = between.iter().filter(|(.., from, to)| from < to);
    let faults = faults.map(|(from, to, ..)| format!("src/{from} may not import src/{to}"));
    fail_with(&faults.collect::<Vec<_>>());
}

/// Two files that name each other are read together; three or more are a knot.
#[test]
fn no_circle_inside_a_module_has_more_than_two_files() {
    let parts = sources();
    let circles = Imports::of(&parts).circles();
    let large = circles.iter().filter(|circle| circle.len() > 2);
    let faults =
        large.map(|circle| format!("{} files in a circle: {}", circle.len(), circle.join(", ")));
    fail_with(&faults.collect::<Vec<_>>());
}

#[test]
fn a_circle_is_found_through_re_exports_and_paths_in_code() {
    let parts = [
        (
            "a/mod.rs",
            "pub use self::b::B; mod b; mod c; pub struct Home;",
        ),
        ("a/b.rs", "use super::{Home, c::C};\npub struct B;"),
        ("a/c.rs", "fn c() { super::d::e(); }"),
        ("a/d.rs", "use crate::a::B as Other;\nuse crate::f::F;"),
        ("f.rs", "use crate::a::Home;"),
    ];
    let parts = parts.map(|(path, text)| Source::new(path, text));
    let circles = Imports::of(&parts).circles();
    assert_eq!(circles, [["a/b.rs", "a/c.rs", "a/d.rs"]]);
}

#[test]
fn pure_layers_do_nothing_but_compute() {
    let parts = sources();
    let parts = parts.iter().filter(|source| is_part(source, PURE));
    let why = "this layer is pure";
    fail_with(
        &parts
            .flat_map(|part| uses(part, IMPURE, why))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn only_the_console_knows_the_screen() {
    let parts = sources();
    let parts = parts.iter().filter(|source| !is_part(source, &["ui"]));
    let why = "the console's crates belong to ui";
    fail_with(
        &parts
            .flat_map(|part| uses(part, SCREEN, why))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn only_the_consoles_rim_knows_the_engine() {
    let rim = ["ui/mod.rs"];
    let parts = sources();
    let inside = |source: &&Source| source.layer() == "ui" && !rim.contains(&&*source.path);
    let faults = parts.iter().filter(inside).flat_map(|source| {
        let named = source
            .names()
            .into_iter()
            .filter(|(_, name)| name == "proxy");
        named.map(|(line, _)| format!("src/{}:{line}: only {rim:?} name proxy", source.path))
    });
    fail_with(&faults.collect::<Vec<_>>());
}

#[test]
fn update_model_and_view_do_no_io() {
    let parts = sources();
    let inside = |source: &&Source| {
        ["ui/update", "ui/model", "ui/view", "ui/keymap"]
            .iter()
            .any(|part| source.path.starts_with(part))
    };
    let why = "what the console computes and draws does no IO";
    let parts = parts.iter().filter(inside);
    fail_with(
        &parts
            .flat_map(|part| uses(part, IMPURE, why))
            .collect::<Vec<_>>(),
    );
}

/// The documentation of each item, with the number of its first line.
fn docs(text: &str) -> Vec<(usize, String)> {
    let mut docs: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(text.lines()) {
        let doc = line.trim_start().strip_prefix("///");
        match (doc, docs.last_mut().filter(|_| goes_on)) {
            (Some(doc), Some((_, whole))) => *whole = format!("{whole} {}", doc.trim()),
            (Some(doc), None) => docs.push((number, doc.trim().to_owned())),
            (None, _) => {}
        }
        goes_on = doc.is_some();
    }
    docs
}

/// What is wrong with a text that documents an item: it cannot be understood where its neighbours are not seen.
fn leans_on_others(doc: &str) -> Option<&'static str> {
    if doc.split_whitespace().count() < 2 {
        return Some("one word documents nothing");
    }
    let begins = doc.starts_with("The same ") || doc.starts_with("The same,");
    begins.then_some("say what is the same, so that it can be read alone")
}

#[test]
fn every_documentation_can_be_read_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = Vec::new();
    for source in sources() {
        let text = std::fs::read_to_string(root.join(&source.path)).expect("text");
        for (line, doc) in docs(&text) {
            if let Some(why) = leans_on_others(&doc) {
                faults.push(format!("src/{}:{line}: \"{doc}\": {why}", source.path));
            }
        }
    }
    fail_with(&faults);
}

#[test]
fn the_guide_and_the_page_of_the_crate_name_every_layer() {
    let guide = include_str!("../.github/CONTRIBUTING.md");
    let page = include_str!("../src/lib.rs");
    let page = page.split("pub mod ").next().unwrap_or(page);
    for (layer, _) in LAYERS {
        assert!(
            guide.contains(&format!("`{layer}`")),
            "{layer} in CONTRIBUTING.md"
        );
        assert!(page.contains(layer), "{layer} in the page of src/lib.rs");
    }
}

#[test]
fn the_reader_of_documentation_knows_one_item_from_the_next() {
    let text = "/// Why.\npub why: u8,\n    /// The same\n    /// up.\n    pub up: u8,\n/// What it is called.\n";
    let read = docs(text);
    let wanted = [(1, "Why."), (3, "The same up."), (6, "What it is called.")];
    assert_eq!(read, wanted.map(|(line, doc)| (line, doc.to_owned())));
    let wrong: Vec<bool> = read
        .iter()
        .map(|(_, doc)| leans_on_others(doc).is_some())
        .collect();
    assert_eq!(wrong, [true, true, false]);
}

#[test]
fn one_place_reads_the_clock() {
    let parts = sources();
    let parts = parts
        .iter()
        .filter(|source| source.path != "proxy/thread/clock.rs");
    let clocks = ["Instant::now", "SystemTime::now", "UNIX_EPOCH"];
    let why = "only proxy/thread/clock.rs reads a clock";
    fail_with(
        &parts
            .flat_map(|part| uses(part, &clocks, why))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn only_the_program_hides_errors() {
    let parts = sources();
    let outside = |source: &&Source| !is_part(source, &["main", "program"]);
    let parts = parts.iter().filter(outside);
    let why = "errors have types outside the program itself";
    fail_with(
        &parts
            .flat_map(|part| uses(part, &["anyhow"], why))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_kind_of_fault_is_in_the_table_under_its_files_name() {
    let parts = sources();
    let mut files: Vec<&str> = parts
        .iter()
        .filter(|source| source.layer() == "fault" && !source.lines_with("KIND: Kind").is_empty())
        .filter_map(|source| Path::new(&source.path).file_stem()?.to_str())
        .collect();
    let mut table: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    files.sort_unstable();
    table.sort_unstable();
    assert_eq!(
        files, table,
        "files with a KIND, and the kinds! of fault/kinds/mod.rs"
    );
}

/// Where the word of a kind is a word of something else (what ends a connection by hand, the header of HTTP, a scheme), or a text in
/// the fault language.
const OTHER_WORDS: &[&str] = &[
    "command/grammar.rs",
    "ui/keymap/",
    "demo/",
    "preset/",
    "mapping/slips.rs",
    "fault/trace.rs",
    // What becomes of a connection: released, or closed.
    "fault/kinds/ending.rs",
    // toxiproxy's words for its toxics, and which kind each is.
    "toxic.rs",
];

#[test]
fn no_kind_is_named_outside_its_own_file() {
    let mut faults = Vec::new();
    for source in sources() {
        let is_kinds = source.path.starts_with("fault/kinds/");
        if OTHER_WORDS.iter().any(|part| source.path.starts_with(part)) {
            continue;
        }
        let own = Path::new(&source.path).file_stem();
        let own = own.and_then(|stem| stem.to_str()).filter(|_| is_kinds);
        for kind in KINDS.iter().filter(|kind| Some(kind.name) != own) {
            let words = [Some(kind.name), kind.short];
            for word in words.into_iter().flatten() {
                let text = format!("\"{word}\"");
                let path = format!("{word}::KIND");
                let lines = source.texts.iter().enumerate();
                let named = lines.filter(|(_, line)| line.contains(&text) || line.contains(&path));
                faults.extend(named.map(|(index, _)| {
                    format!(
                        "src/{}:{}: {word} is a kind of fault: its row says what others must know",
                        source.path,
                        index + 1
                    )
                }));
            }
        }
    }
    fail_with(&faults);
}

#[test]
fn the_reader_of_source_sees_through_texts_and_comments() {
    let text = "//! crate::proxy\nuse crate::{fault::{self, proxy}, ui as tokio};\nlet x = \"crate::cli\"; // crate::demo\n\
                let q = '\"'; let y: &'a str = crate::headless::z(r#\"crate::\"#);\nsuper::super::stop::now();\n\
                #[cfg(test)]\nmod tests { use crate::proxy; }\n";
    let source = Source::new("units/deep.rs", text);
    let names = source.names();
    let wanted = [(2, "fault"), (2, "ui"), (4, "headless"), (5, "stop")];
    assert_eq!(names, wanted.map(|(line, name)| (line, name.to_owned())));
    assert_eq!(
        (source.code.len(), source.lines_with("tokio")),
        (5, vec![2])
    );
    let faults = turned_round(&source);
    assert_eq!(faults.len(), 4, "{faults:?}");
    assert_eq!(faults[0], "src/units/deep.rs:2: units may not name fault");
}
