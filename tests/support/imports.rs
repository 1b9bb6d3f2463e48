//! Which file of `src/` imports which, as far as paths tell: `use` trees and paths in the code, through re-exports to the
//! file that defines the name. A re-export by itself is no import.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// The path of a module from the top level, `["proxy", "leg"]`.
type ModulePath = Vec<String>;

/// One file, as the others find it.
struct Module<'a> {
    source: &'a Source,
    /// What its `use` trees bind, re-exports included: name to path, in this module's words.
    bound: BTreeMap<String, Vec<String>>,
    /// The paths that its code takes names by, re-exports left out.
    taken: Vec<Vec<String>>,
}

/// The files of `src/` and the arrows between them.
pub struct Imports<'a> {
    modules: BTreeMap<ModulePath, Module<'a>>,
}

impl<'a> Imports<'a> {
    pub fn of(sources: &'a [Source]) -> Self {
        let outside = ["main.rs", "lib.rs"];
        let inside = sources
            .iter()
            .filter(|source| !outside.contains(&&*source.path));
        let modules = inside.map(|source| (module_path(&source.path), Module::of(source)));
        Self {
            modules: modules.collect(),
        }
    }

    /// Which file imports which of the same top-level module.
    pub fn arrows(&self) -> Vec<(&str, &str)> {
        let file = |path: &ModulePath| &*self.modules[path].source.path;
        let of = |(path, module)| {
            let imported = self.imported(path, module);
            imported.into_iter().map(move |to| (file(path), file(&to)))
        };
        self.modules.iter().flat_map(of).collect()
    }

    /// The files that import one another in a circle, the largest circle first.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let arrows: BTreeMap<&ModulePath, BTreeSet<ModulePath>> = self
            .modules
            .iter()
            .map(|(path, module)| (path, self.imported(path, module)))
            .collect();
        let reachable: BTreeMap<_, _> = arrows
            .keys()
            .map(|path| (*path, reach(path, &arrows)))
            .collect();
        let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
        for (path, reached) in &reachable {
            if !reached.contains(*path) {
                continue;
            }
            let mutual = reached.iter().filter(|other| {
                reachable
                    .get(other)
                    .is_some_and(|back| back.contains(*path))
            });
            let file = |path: &ModulePath| self.modules[path].source.path.clone();
            circles.insert(mutual.map(file).collect());
        }
        let mut circles: Vec<_> = circles.into_iter().collect();
        circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
        circles
    }

    /// The modules of the same top-level module that the code of `module` takes names from.
    fn imported(&self, path: &ModulePath, module: &Module<'_>) -> BTreeSet<ModulePath> {
        let targets = module.taken.iter().filter_map(|taken| {
            let target = self.resolve(path, taken, 0)?;
            // A module may always name what the module around it defines: that is no circle but its home.
            let is_around = path.starts_with(&target);
            (target[0] == path[0] && !is_around).then_some(target)
        });
        targets.collect()
    }

    /// The module that defines what `taken` names in the module at `from`; nothing for names from elsewhere.
    fn resolve(&self, from: &ModulePath, taken: &[String], depth: usize) -> Option<ModulePath> {
        let mut at = from.clone();
        let mut rest = taken;
        let first = rest.first()?;
        if first == "crate" {
            at = Vec::new();
            rest = &rest[1..];
        } else {
            if first == "self" {
                rest = &rest[1..];
            }
            while rest.first().is_some_and(|word| word == "super") {
                at.pop()?;
                rest = &rest[1..];
            }
        }
        let is_bare = rest.len() == taken.len();
        let mut steps = 0;
        while let Some(word) = rest.first() {
            let mut below = at.clone();
            below.push(word.clone());
            if self.modules.contains_key(&below) {
                at = below;
                rest = &rest[1..];
                steps += 1;
                continue;
            }
            let bound = self
                .modules
                .get(&at)
                .and_then(|module| module.bound.get(word));
            if let Some(bound) = bound
                && depth < 8
                && bound != taken
            {
                let onward: Vec<String> = bound.iter().chain(&rest[1..]).cloned().collect();
                return self.resolve(&at, &onward, depth + 1);
            }
            break;
        }
        // A bare word that is no module and bound by nothing is the file's own, or another crate's.
        if is_bare && steps == 0 && depth == 0 {
            return None;
        }
        self.modules.contains_key(&at).then_some(at)
    }
}

impl<'a> Module<'a> {
    fn of(source: &'a Source) -> Self {
        let text = source.code.join("\n");
        let mut bound = BTreeMap::new();
        let mut taken = Vec::new();
        let mut rest = String::new();
        let mut behind = 0;
        for (at, _) in text.match_indices("use ") {
            let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let before = text[line_start..at].trim();
            let is_public = before.starts_with("pub");
            if at < behind || !(before.is_empty() || is_public) {
                continue;
            }
            let Some(end) = text[at..].find(';').map(|end| at + end) else {
                continue;
            };
            for leaf in leaves(&text[at + "use ".len()..end]) {
                let (name, path) = leaf;
                if !is_public {
                    taken.push(path.clone());
                }
                bound.insert(name, path);
            }
            rest.push_str(&text[behind..line_start]);
            behind = end + 1;
        }
        rest.push_str(&text[behind.min(text.len())..]);
        taken.extend(paths(&rest));
        Self {
            source,
            bound,
            taken,
        }
    }
}

/// All that can be reached from `start` by one arrow or more.
fn reach(
    start: &ModulePath,
    arrows: &BTreeMap<&ModulePath, BTreeSet<ModulePath>>,
) -> BTreeSet<ModulePath> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start.clone()];
    while let Some(path) = open.pop() {
        for next in arrows.get(&path).into_iter().flatten() {
            if reached.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    reached
}

fn module_path(file: &str) -> ModulePath {
    let parts = file.split('/').filter(|part| *part != "mod.rs");
    parts
        .map(|part| part.strip_suffix(".rs").unwrap_or(part).to_owned())
        .collect()
}

/// The names that a `use` tree binds, each with its whole path.
fn leaves(tree: &str) -> Vec<(String, Vec<String>)> {
    fn walk(tree: &str, prefix: &[String], found: &mut Vec<(String, Vec<String>)>) {
        let tree = tree.trim();
        let (head, group) = match tree.find('{') {
            Some(at) => (
                &tree[..at],
                tree[at + 1..].rsplit_once('}').map(|(in_it, _)| in_it),
            ),
            None => (tree, None),
        };
        let (head, alias) = match head.split_once(" as ") {
            Some((head, alias)) => (head, Some(alias.trim().to_owned())),
            None => (head, None),
        };
        let words = head
            .split("::")
            .map(str::trim)
            .filter(|word| !word.is_empty());
        let mut path: Vec<String> = prefix.to_vec();
        path.extend(words.map(str::to_owned));
        if let Some(group) = group {
            for part in top_level_parts(group) {
                walk(part, &path, found);
            }
            return;
        }
        if path.last().is_some_and(|word| word == "self") && path.len() > 1 {
            path.pop();
        }
        if let Some(last) = path.last().cloned() {
            found.push((alias.unwrap_or(last), path));
        }
    }
    let mut found = Vec::new();
    walk(tree, &[], &mut found);
    found
}

/// The parts of a group between its own commas.
fn top_level_parts(group: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut begin) = (0, 0);
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[begin..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// The paths of two words or more in code.
fn paths(code: &str) -> Vec<Vec<String>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("::") {
        let begin = rest[..at].rfind(|c| !is_word(c)).map_or(0, |before| {
            before + rest[before..].chars().next().map_or(1, char::len_utf8)
        });
        let mut end = at;
        while rest[end..].starts_with("::") {
            let word = &rest[end + 2..];
            let length = word.find(|c| !is_word(c)).unwrap_or(word.len());
            if length == 0 {
                break;
            }
            end += 2 + length;
        }
        let path: Vec<String> = rest[begin..end].split("::").map(str::to_owned).collect();
        if path.len() > 1 && path.iter().all(|word| !word.is_empty()) {
            found.push(path);
        }
        rest = &rest[end.max(at + 2)..];
    }
    found
}
