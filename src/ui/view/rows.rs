//! Areas, given away a few rows at a time.

use ratatui::layout::{Rect, Size};

/// Rows that are given away from the top and from the bottom.
pub(super) struct Rows {
    area: Rect,
}

// === impl Rows ===

impl Rows {
    /// All rows of a screen.
    pub(super) fn of(size: Size) -> Self {
        Self::within(Rect::new(0, 0, size.width, size.height))
    }

    /// All rows of an area.
    pub(super) fn within(area: Rect) -> Self {
        Self { area }
    }

    /// How many rows are left.
    pub(super) fn left(&self) -> u16 {
        self.area.height
    }

    /// Gives rows away from the top, as many as there are.
    pub(super) fn top(&mut self, rows: u16) -> Rect {
        let height = rows.min(self.area.height);
        let taken = Rect {
            height,
            ..self.area
        };
        self.area.y += height;
        self.area.height -= height;
        taken
    }

    /// Gives rows away from the bottom, as many as there are.
    pub(super) fn bottom(&mut self, rows: u16) -> Rect {
        let height = rows.min(self.area.height);
        self.area.height -= height;
        Rect {
            y: self.area.bottom(),
            height,
            ..self.area
        }
    }

    /// The rest.
    pub(super) fn all(&self) -> Rect {
        self.area
    }
}

/// An area in two, a line of one column between them; the right part this wide.
pub(super) fn beside(area: Rect, right: u16) -> (Rect, Rect) {
    if right == 0 {
        return (area, Rect { width: 0, ..area });
    }
    let right = right.min(area.width);
    let left = Rect {
        width: (area.width - right).saturating_sub(1),
        ..area
    };
    let right = Rect {
        x: area.right() - right,
        width: right,
        ..area
    };
    (left, right)
}
