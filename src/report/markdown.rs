//! A report as Markdown, for a ticket.

use std::fmt::Write as _;

use super::TITLE;
use super::page::{Page, Row, Section, Swept, seconds};
use crate::format::figures::clock;

/// The text, with a line ending at its end.
pub(super) fn write(page: &Page) -> String {
    let mut text = format!("# {TITLE}\n\n{}.\n", escaped(&page.summary()));
    for section in &page.proxies {
        write_section(&mut text, section);
    }
    if !page.remarks.is_empty() {
        text.push_str("\n## What went wrong\n\n");
        for (at, remark) in &page.remarks {
            let _ = writeln!(text, "- {} {}", clock(seconds(*at)), escaped(remark));
        }
    }
    text.push_str("\n## Once more\n\n");
    for line in page.again.iter().chain(&page.replay) {
        let _ = writeln!(text, "    {line}");
    }
    text
}

fn write_section(text: &mut String, section: &Section) {
    let (name, mapping) = (code(&section.name), code(&section.mapping));
    let _ = write!(
        text,
        "\n## {name}\n\n{mapping}\n\n\
         | when | what was done | by | the application waited | answers/s | cut by us | broke |\n\
         |---|---|---|---|---:|---:|---:|\n"
    );
    for row in &section.rows {
        let faults = if row.clean {
            escaped(&row.faults)
        } else {
            code(&row.faults)
        };
        let Row {
            by,
            answers_per_s,
            ours,
            theirs,
            ..
        } = row;
        let (when, waited) = (row.when(), row.waited());
        let by = escaped(by);
        let _ = writeln!(
            text,
            "| {when} | {faults} | {by} | {waited} | {answers_per_s:.1} | {ours} | {theirs} |"
        );
    }
    write_findings(text, section);
    for swept in &section.sweeps {
        write_sweep(text, swept);
    }
    let endings = section.endings();
    if !endings.is_empty() {
        let _ = write!(
            text,
            "\nConnections ended: {}.\n",
            escaped(&endings.join(", "))
        );
    }
    for line in section.recovery_lines() {
        let _ = write!(text, "\n{}\n", escaped(&line));
    }
}

/// What the application was found to do, with its evidence.
fn write_findings(text: &mut String, section: &Section) {
    if !section.findings.is_empty() {
        text.push_str("\nWhat it was found to do:\n\n");
    }
    for found in &section.findings {
        let (said, evidence) = (escaped(&found.text), escaped(&found.evidence()));
        let said = if found.withdrawn {
            format!("~~{said}~~")
        } else {
            format!("**{said}**")
        };
        let _ = writeln!(text, "- {said} ({evidence})");
    }
}

/// The sentence of a sweep, and a row for each value.
fn write_sweep(text: &mut String, swept: &Swept) {
    let (heading, said) = (escaped(&swept.heading()), escaped(&swept.text));
    let _ = write!(
        text,
        "\n### {heading}\n\n**{said}**\n\n\
         | set | the application waited | answers/s | failed | cut by us | left unanswered |\n\
         |---|---|---:|---:|---:|---:|\n"
    );
    for row in swept.rows() {
        let _ = writeln!(text, "| {} |", row.map(|cell| escaped(&cell)).join(" | "));
    }
}

/// A text as code, in a cell of a table too.
fn code(text: &str) -> String {
    let text = text.replace('`', "'").replace('|', "\\|");
    format!("`{text}`")
}

/// A text that Markdown shows as it stands.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_{}[]<>|#!&~$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
