//! A report as a page: one file, without a script, that asks nobody for anything.
//!
//! It is light or dark as its reader's other windows are, and black on white on paper.

use std::fmt::Write as _;

use super::page::{Page, Row, Section, Swept, seconds};
use super::{TITLE, chart};
use crate::format::figures::clock;

/// What the page looks like.
const STYLE: &str = include_str!("page.css");

/// The page.
pub(super) fn write(page: &Page) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{TITLE}: {0}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{TITLE}</h1>\n<p>{0}</p>\n</header>\n<main>\n",
        escaped(&page.summary())
    );
    for section in &page.proxies {
        write_section(&mut html, section);
    }
    if !page.remarks.is_empty() {
        html.push_str("<section>\n<h2>What went wrong</h2>\n<ul>\n");
        for (at, remark) in &page.remarks {
            let (at, remark) = (clock(seconds(*at)), escaped(remark));
            let _ = writeln!(html, "<li><time>{at}</time> {remark}</li>");
        }
        html.push_str("</ul>\n</section>\n");
    }
    html.push_str("<section>\n<h2>Once more</h2>\n<pre>");
    let lines = page.again.iter().chain(&page.replay);
    let lines: Vec<String> = lines.map(|line| escaped(line)).collect();
    let _ = writeln!(html, "{}</pre>\n</section>", lines.join("\n"));
    html.push_str(
        "</main>\n<footer>Times count from the start. <em>Waited</em> is the time from a client’s first byte after silence to the \
         first byte back: the median, and in brackets what one request in a hundred exceeded; <em>x7.1</em> says that it is 7.1 \
         times the median without faults. <em>Cut by us</em> are connections that a fault ended, <em>broke</em> those that a \
         client or an upstream broke off, or whose upstream was out of reach.</footer>\n</body>\n</html>\n",
    );
    html
}

fn write_section(html: &mut String, section: &Section) {
    let (name, mapping) = (escaped(&section.name), escaped(&section.mapping));
    let _ = write!(html, "<section>\n<h2>{name} <code>{mapping}</code></h2>\n");
    if section.series.steps.is_empty() {
        html.push_str("<p>No client came.</p>\n");
    } else {
        let _ = write!(
            html,
            "<figure>\n{}<figcaption>{LEGEND}</figcaption>\n</figure>\n",
            chart::draw(section)
        );
    }
    html.push_str(
        "<table>\n<thead><tr><th></th><th>when</th><th>what was done</th><th>by</th><th>the application waited</th>\
         <th class=\"n\">answers/s</th><th class=\"n\">cut by us</th><th class=\"n\">broke</th></tr></thead>\n<tbody>\n",
    );
    for (number, row) in (1..).zip(&section.rows) {
        write_row(html, number, row);
    }
    html.push_str("</tbody>\n</table>\n");
    if !section.findings.is_empty() {
        html.push_str("<ul class=\"found\">\n");
        for found in &section.findings {
            let (said, evidence) = (escaped(&found.text), escaped(&found.evidence()));
            let tag = if found.withdrawn { "del" } else { "strong" };
            let _ = writeln!(
                html,
                "<li><{tag}>{said}</{tag}> <small>{evidence}</small></li>"
            );
        }
        html.push_str("</ul>\n");
    }
    for swept in &section.sweeps {
        write_sweep(html, swept);
    }
    let endings = section.endings();
    if !endings.is_empty() {
        let _ = writeln!(
            html,
            "<p>Connections ended: {}.</p>",
            escaped(&endings.join(", "))
        );
    }
    for line in section.recovery_lines() {
        let _ = writeln!(html, "<p>{}</p>", escaped(&line));
    }
    html.push_str("</section>\n");
}

/// The answer's curve, the sentence, and a row for each value.
fn write_sweep(html: &mut String, swept: &Swept) {
    let (heading, text) = (escaped(&swept.heading()), escaped(&swept.text));
    let _ = write!(
        html,
        "<h3>{heading}</h3>\n<p><strong>{text}</strong></p>\n<figure>\n{}<figcaption>{SWEEP_LEGEND}</figcaption>\n</figure>\n\
         <table class=\"sweep\">\n<thead><tr><th>set</th><th>the application waited</th><th class=\"n\">answers/s</th>\
         <th class=\"n\">failed</th><th class=\"n\">cut by us</th><th class=\"n\">left unanswered</th></tr></thead>\n<tbody>\n",
        swept.curve.picture()
    );
    for row in swept.rows() {
        let [set, waited, counts @ ..] = row.map(|cell| escaped(&cell));
        let _ = write!(html, "<tr><td>{set}</td><td>{waited}</td>");
        for count in counts {
            let _ = write!(html, "<td class=\"n\">{count}</td>");
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n");
}

/// What the lines and marks of a sweep's curve are.
const SWEEP_LEGEND: &str = "<span class=\"key median\">median wait</span> <span class=\"key tail\">p99</span> \
    <span class=\"key open\">cliff</span> <span class=\"key rate\">answers a second</span> \
    <span class=\"key theirs\">failed, or left without an answer</span>";

/// What the lines and marks of a chart are.
const LEGEND: &str = "<span class=\"key median\">median wait</span> <span class=\"key tail\">p99</span> \
    <span class=\"key open\">oldest request without an answer</span> <span class=\"key rate\">answers a second</span> \
    <span class=\"key ours\">cut by us</span> <span class=\"key theirs\">broke</span>";

fn write_row(html: &mut String, number: usize, row: &Row) {
    let class = if row.clean { "clean" } else { "set" };
    let faults = escaped(&row.faults);
    let faults = if row.clean {
        faults
    } else {
        format!("<code>{faults}</code>")
    };
    let failed = |count: u64, class: &str| match count {
        0 => "<td class=\"n none\">0</td>".to_owned(),
        count => format!("<td class=\"n {class}\">{count}</td>"),
    };
    let _ = writeln!(
        html,
        "<tr class=\"{class}\"><td class=\"n\">{number}</td><td>{}</td><td>{faults}</td><td>{}</td><td>{}</td>\
         <td class=\"n\">{:.1}</td>{}{}</tr>",
        row.when(),
        escaped(&row.by),
        escaped(&row.waited()),
        row.answers_per_s,
        failed(row.ours, "ours"),
        failed(row.theirs, "theirs"),
    );
}

/// A text as HTML shows it, in elements and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
