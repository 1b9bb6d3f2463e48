//! What can be undone and done again.

/// The steps, newest last.
#[derive(Debug, Default)]
pub struct Undo {
    done: Vec<()>,
    undone: Vec<()>,
}

impl Undo {
    /// How many steps can be undone.
    #[must_use]
    pub fn len(&self) -> usize {
        self.done.len()
    }

    /// Whether nothing can be undone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// How many steps can be done again.
    #[must_use]
    pub fn redo_len(&self) -> usize {
        self.undone.len()
    }
}
