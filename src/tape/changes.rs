//! Changes that come again and again, kept once: a held key or a script goes the same way thousands of times.

use std::collections::HashSet;
use std::sync::Arc;

use super::record::FaultChange;

/// The changes that were met of late.
#[derive(Debug, Default)]
pub(super) struct Changes(HashSet<Arc<FaultChange>>);

// === impl Changes ===

impl Changes {
    /// So many are remembered.
    const MOST: usize = 1_024;

    /// The change as it is kept.
    pub(super) fn kept(&mut self, change: FaultChange) -> Arc<FaultChange> {
        if let Some(kept) = self.0.get(&change) {
            return Arc::clone(kept);
        }
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        let kept = Arc::new(change);
        self.0.insert(Arc::clone(&kept));
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_kept_once_and_few_are_remembered() {
        let change = |number: u32| FaultChange {
            faults: format!("latency {number}ms"),
            ..FaultChange::default()
        };
        let mut changes = Changes::default();
        let [one, other] = [changes.kept(change(1)), changes.kept(change(1))];
        assert!(Arc::ptr_eq(&one, &other));
        for number in 0..5_000 {
            assert_eq!(*changes.kept(change(number)), change(number));
            assert!(changes.0.len() <= Changes::MOST);
        }
    }
}
