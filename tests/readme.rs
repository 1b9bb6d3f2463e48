//! The README names what the program has, and nothing else: its table of faults is the table of kinds.

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
        Unit::Trace => "FILE".to_owned(),
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
