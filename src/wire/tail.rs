//! What has changed of a list that loses its oldest entries and gets new ones at its end, where the newest may still grow.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// So many of the oldest go, and of the newest; these come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tail<T> {
    #[serde(default, skip_serializing_if = "is_none")]
    drop: usize,
    #[serde(default, skip_serializing_if = "is_none")]
    pop: usize,
    #[serde(default = "Vec::new")]
    add: Vec<T>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

// === impl Tail ===

impl<T> Tail<T> {
    /// What makes `after` of `before`.
    pub(super) fn between<U: PartialEq>(
        before: &VecDeque<U>,
        after: &VecDeque<U>,
        told: impl Fn(&U) -> T,
    ) -> Self {
        let stays = |from: usize, until: usize| {
            let fits = from <= until && until - from <= after.len();
            fits && before.range(from..until).eq(after.range(..until - from))
        };
        let len = before.len();
        let kept = [len, len.saturating_sub(1)].into_iter().find_map(|until| {
            let from = (0..until).find(|from| stays(*from, until))?;
            Some((from, until))
        });
        let (drop, until) = kept.unwrap_or((len, len));
        Self {
            drop,
            pop: len - until,
            add: after.range(until - drop..).map(told).collect(),
        }
    }

    /// Whether it changes anything.
    pub(super) fn changes(&self) -> bool {
        self.drop > 0 || self.pop > 0 || !self.add.is_empty()
    }

    /// Does it to a list; one that has fewer entries than are to go loses all.
    pub(super) fn apply<U>(self, list: &mut VecDeque<U>, read: impl FnMut(T) -> U) {
        list.drain(..self.drop.min(list.len()));
        list.truncate(list.len().saturating_sub(self.pop));
        list.extend(self.add.into_iter().map(read));
    }
}
