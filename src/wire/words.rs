//! Words that another program tells, as those that this one has.

use std::collections::BTreeSet;

use parking_lot::Mutex;

use crate::fault::Kind;

/// So many words that are not ours are kept for as long as the program runs, and none that is longer: what a peer tells is
/// bounded whatever it is.
const MOST: usize = 512;
const LONGEST: usize = 64;

static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The word as one that lasts; `other` where there are too many.
pub(super) fn kept(word: &str) -> &'static str {
    if let Some(kind) = Kind::named(word).filter(|kind| kind.name == word) {
        return kind.name;
    }
    let mut kept = KEPT.lock();
    if let Some(known) = kept.get(word) {
        return known;
    }
    if kept.len() >= MOST || word.len() > LONGEST {
        return "other";
    }
    let word: &'static str = Box::leak(word.to_owned().into_boxed_str());
    kept.insert(word);
    word
}
