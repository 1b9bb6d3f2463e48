//! The report of a session: one page for a ticket or a talk, as HTML, Markdown or JSON.
//!
//! It says what was set when, what the application waited before and meanwhile, what broke and by whose doing, and how to have it
//! again. The page is one file: charts are drawn in it, and it has no script and asks nobody for anything. It states what was
//! measured and what was found; it draws no conclusion of its own. What others wrote is escaped, always.

use std::path::Path;

use crate::tape::Tape;
use crate::tape::account::Account;

mod chart;
mod html;
mod markdown;
mod page;
mod series;

use page::Page;

/// What a report is called: by it a file is known again as one.
const TITLE: &str = "What the application did";

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A page for a browser, and for paper.
    Html,
    /// Text for a ticket.
    Markdown,
    /// Figures for a program.
    Json,
}

// === impl Form ===

impl Form {
    /// The form that a file's name asks for: a page where it asks for none.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let ending = path
            .extension()
            .map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("md" | "markdown" | "txt") => Self::Markdown,
            Some("json") => Self::Json,
            _ => Self::Html,
        }
    }
}

/// The report of what was recorded; `file` is the tape's, where it is in one.
///
/// # Panics
/// Never: all keys of its JSON are text.
#[must_use]
pub fn report(tape: &Tape, account: &Account, file: Option<&Path>, form: Form) -> String {
    let page = Page::of(tape, account, file);
    match form {
        Form::Html => html::write(&page),
        Form::Markdown => markdown::write(&page),
        Form::Json => {
            let json = serde_json::to_string_pretty(&page);
            json.expect("no map here has keys that are not text") + "\n"
        }
    }
}

/// Whether a file that begins so is a report.
#[must_use]
pub fn is_report(begins: &[u8]) -> bool {
    let text = String::from_utf8_lossy(begins);
    let title = |before: &str| text.contains(&format!("{before}{TITLE}"));
    text.starts_with(&format!("# {TITLE}"))
        || title("<title>")
        || text.starts_with("{\n  \"faultboard\":")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
