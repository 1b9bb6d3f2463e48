//! The README names what the program has, and nothing else: its table of faults is the table of kinds, its table of keys the
//! keymap, and what it shows of a configuration is what comes.

use std::fmt::Write as _;

use faultboard::fault::param::Default;
use faultboard::fault::{KINDS, ParamSpec, Unit};

/// The table as the README has it.
fn table() -> String {
    let mut table = String::from("| fault | parameters | what it does |\n|---|---|---|\n");
    for kind in KINDS {
        let short = kind
            .short
            .map_or(String::new(), |short| format!(" (`{short}`)"));
        let params: Vec<String> = kind.params.iter().map(parameter).collect();
        let _ = writeln!(
            table,
            "| `{}`{short} | {} | {} |",
            kind.name,
            params.join(", "),
            kind.summary
        );
    }
    table
}

fn parameter(param: &ParamSpec) -> String {
    let unit = match param.unit {
        Unit::Time => "TIME".to_owned(),
        Unit::Rate => "RATE".to_owned(),
        Unit::Size => "SIZE".to_owned(),
        Unit::Percent => "PERCENT".to_owned(),
        Unit::Number => "NUMBER".to_owned(),
        Unit::Switch => "on·off".to_owned(),
        Unit::Word(words) => words.join("·"),
        Unit::TimeOrSize => "TIME or SIZE".to_owned(),
        Unit::Trace(_) => "FILE".to_owned(),
    };
    let name = if param.bare {
        String::new()
    } else {
        format!("`{}=`", param.name)
    };
    match param.default {
        Default::Is(value) => format!("{name}{unit} ({value})"),
        Default::Required | Default::Absent => format!("{name}{unit}"),
    }
}

#[test]
fn the_table_of_faults_is_the_table_of_kinds() {
    let readme = include_str!("../README.md");
    let table = table();
    assert!(
        readme.contains(&table),
        "README.md has another table of faults than the program. It should be:\n\n{table}"
    );
}

#[test]
fn the_error_that_it_shows_is_the_one_that_comes() {
    let error = faultboard::fault::language::parse("latncy 1s").expect_err("no such fault");
    let shown = error.message.replace('"', "\\\"");
    assert!(
        include_str!("../README.md").contains(&format!("\"error\":\"{shown}\"")),
        "README.md should show: {shown}"
    );
}

#[test]
fn every_example_of_a_fault_is_one() {
    for kind in KINDS {
        let settings = faultboard::fault::language::parse(kind.example).expect("an example parses");
        assert_eq!(settings.len(), 1);
        assert_eq!(settings[0].kind.name, kind.name);
    }
}

/// The README's text between two marks, which are lines of it.
#[cfg(feature = "tui")]
fn between<'a>(readme: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = readme.split_once(begin).expect(begin);
    rest.split_once(end).expect(end).0
}

/// Every action with its keys, as the README has them: the nine stops in one line, the knobs by the letters of `'`.
#[cfg(feature = "tui")]
fn keys() -> String {
    let mut table = String::from("| action | keys | what they do |\n|---|---|---|\n");
    for (name, keys, words) in faultboard::ui::keymap::default_keys() {
        let is_later_stop = name.starts_with("stop-") && name != "stop-1" && name != "stop-before";
        let is_later = is_later_stop || (name.starts_with("take-off-") && name != "take-off-1");
        if is_later || name.ends_with("-in-knobs") {
            continue;
        }
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let (name, keys) = match &*name {
            "stop-1" => ("`stop-1` … `stop-9`".to_owned(), "`1` … `9`".to_owned()),
            "take-off-1" => (
                "`take-off-1` … `take-off-9`".to_owned(),
                "`1` … `9`".to_owned(),
            ),
            name => (format!("`{name}`"), keys.join(" ")),
        };
        let _ = writeln!(table, "| {name} | {keys} | {words} |");
    }
    table
}

#[cfg(feature = "tui")]
#[test]
fn the_table_of_keys_is_the_keymap() {
    let readme = include_str!("../README.md");
    let keys = keys();
    assert!(
        readme.contains(&keys),
        "README.md has another table of keys than the program. It should be:\n\n{keys}"
    );
}

#[cfg(feature = "tui")]
#[test]
fn the_configuration_that_it_shows_is_one_and_the_error_is_what_a_wrong_one_gets() {
    use faultboard::ui::config;

    let readme = include_str!("../README.md");
    let block = between(
        readme,
        "one needs to have only what differs:\n\n",
        "\n\nWhere something",
    );
    let lines = block
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line));
    let file = lines.collect::<Vec<_>>().join("\n");
    config::read("config.toml", &file).expect("the sample is right");
    let wrong = file.replace("\"ctrl-x\"", "\"U\"");
    let error = config::read("~/.config/faultboard/config.toml", &wrong).expect_err("U is taken");
    assert!(
        readme.contains(&format!("\n    {error}\n")),
        "README should show: {error}"
    );
}
