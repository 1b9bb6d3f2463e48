//! The project's own source as a test reads it: without comments, texts and tests, and with the modules that it names.

use std::path::{Path, PathBuf};

/// One file of `src/`.
pub struct Source {
    /// Its path below `src/`, with slashes.
    pub path: String,
    /// Its lines before the tests at its end, comments and texts blanked out.
    pub code: Vec<String>,
    /// The same lines with their texts.
    pub texts: Vec<String>,
}

/// All files of `src/` that are not tests by themselves.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let sources = files.iter().map(|file| {
        let path = file.strip_prefix(&root).expect("found below it");
        let text = std::fs::read_to_string(file).expect("text");
        Source::new(path.to_str().expect("plain names"), &text)
    });
    sources.collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let is_test = stem.is_some_and(|stem| stem == "tests" || stem.ends_with("_tests"));
        if is_test {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let tests = ["#[cfg(test)]", "#[cfg(all(test"];
        let is_tests = |line: &str| tests.iter().any(|begin| line.starts_with(begin));
        let lines = |text: String| -> Vec<String> {
            let lines = text.lines().take_while(|line| !is_tests(line));
            lines.map(str::to_owned).collect()
        };
        let path = path.to_owned();
        Self {
            path,
            code: lines(blank(text, |_| true)),
            texts: lines(blank(text, |skipped| skipped.starts_with('/'))),
        }
    }

    /// The module of the top level that it is, or is part of.
    pub fn layer(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or(&self.path);
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The modules of the top level that it names, with the number of the line.
    pub fn names(&self) -> Vec<(usize, String)> {
        let text = self.code.join("\n");
        let mut found = Vec::new();
        for root in self.roots() {
            for (at, _) in text.match_indices(&root) {
                let word_before = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                // A longer chain of `super`, or the middle of another path.
                if word_before || text[..at].ends_with("::") {
                    continue;
                }
                let line = text[..at].matches('\n').count() + 1;
                let rest = &text[at + root.len()..];
                found.extend(heads(rest).into_iter().map(|name| (line, name)));
            }
        }
        found.sort();
        found
    }

    /// How a path to the top level begins in this file.
    fn roots(&self) -> Vec<String> {
        if self.path == "main.rs" {
            return vec!["faultboard::".to_owned()];
        }
        let parts = self.path.split('/').filter(|part| *part != "mod.rs");
        vec!["crate::".to_owned(), "super::".repeat(parts.count())]
    }

    /// The lines that have this word in them, by number.
    pub fn lines_with(&self, word: &str) -> Vec<usize> {
        let has = |line: &str| {
            line.match_indices(word).any(|(at, _)| {
                let is_word = |c: char| c.is_alphanumeric() || c == '_';
                !line[..at].ends_with(is_word) && !line[at + word.len()..].starts_with(is_word)
            })
        };
        let numbered = self.code.iter().enumerate();
        numbered
            .filter(|(_, line)| has(line))
            .map(|(index, _)| index + 1)
            .collect()
    }
}

/// The first names behind `crate::`: one, or those of a group.
fn heads(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = rest.strip_prefix('{') else {
        return vec![name(rest)];
    };
    let mut names = vec![name(group)];
    let mut depth = 1;
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(name(&group[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The text with comments and literals blanked out, line for line, as far as `goes` says so of each.
fn blank(text: &str, goes: fn(&str) -> bool) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let skipped = literal(rest, blanked.chars().next_back());
        let length = skipped.unwrap_or(char.len_utf8());
        let (taken, behind) = rest.split_at(length);
        if skipped.is_some() && goes(taken) {
            blanked.extend(taken.chars().map(|c| if c == '\n' { c } else { ' ' }));
        } else {
            blanked.push_str(taken);
        }
        rest = behind;
    }
    blanked
}

/// How long the comment or literal is that begins here.
fn literal(rest: &str, before: Option<char>) -> Option<usize> {
    let until = |from: usize, end: &str| {
        let found = rest[from..].find(end);
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(until(2, "*/"));
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with('r') && !in_word {
        let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
        if rest[1 + hashes..].starts_with('"') {
            return Some(until(2 + hashes, &format!("\"{}", "#".repeat(hashes))));
        }
    }
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if quote == '\'' && first != '\\' {
        // A character, or else a lifetime, which is no literal.
        let end = 1 + first.len_utf8();
        return rest[end..].starts_with('\'').then_some(end + 1);
    }
    let mut escaped = first == '\\';
    if first == quote {
        return Some(2);
    }
    for (at, char) in chars {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == quote => return Some(at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}
