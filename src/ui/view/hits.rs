//! What stands where on the screen, for the mouse: panels say it as they draw, so that nothing else has to know.
//!
//! Drawing for real records nothing. For a click the screen is drawn once more, beside the one that is shown, and recorded.

use ratatui::layout::{Position, Rect};

use crate::snapshot::{ConnId, ProxyId};
use crate::ui::action::Action;
use crate::ui::model::{Column, Focus};

/// What the mouse can mean.
#[derive(Clone, Debug)]
pub enum Target {
    /// A pane, where nothing else is.
    Pane(Focus),
    /// A proxy's strip.
    Strip(ProxyId),
    /// What a proxy is doing: whether its faults act.
    State(ProxyId),
    /// A knob of a strip, by its index in `knob::all()`.
    Knob(ProxyId, usize),
    /// The name of a knob.
    Label(ProxyId, usize),
    /// The track of a knob.
    Track(ProxyId, usize),
    /// A connection's row.
    Conn(ConnId),
    /// The head of a column.
    Head(Column),
    /// A key that is printed, and what it does.
    Key(Action),
    /// A text that is typed, which has left its field by so many columns.
    Text(usize),
    /// A page, which the wheel scrolls, where nothing else is.
    Page,
    /// A line of what happened, as text.
    Told(String),
    /// A line of the list in a box.
    Line(usize),
    /// The box over the panes, where nothing else is.
    Box,
    /// What is beside the box over the panes.
    Beside,
}

/// What stands where; what is drawn later lies above.
#[derive(Debug, Default)]
pub(super) struct Hits(Vec<(Rect, Target)>);

// === impl Hits ===

impl Hits {
    /// Records what stands in an area.
    pub(super) fn add(&mut self, area: Rect, target: Target) {
        self.0.push((area, target));
    }

    /// What stands here, and the area that it has. Under a box only keys count: what they do, they do to the box.
    pub(super) fn at(self, position: Position) -> Option<(Target, Rect)> {
        let is_box = |(_, target): &(Rect, Target)| matches!(target, Target::Box);
        let over = self.0.iter().rposition(is_box).unwrap_or(0);
        let has_box = self.0.iter().any(is_box);
        let mut found = self.0.into_iter().enumerate().rev();
        let found = found.find(|(_, (area, _))| area.contains(position));
        match found {
            Some((at, (_, target))) if at < over && !matches!(target, Target::Key(_)) => None,
            Some((_, (area, target))) => Some((target, area)),
            None => None,
        }
        .or_else(|| has_box.then_some((Target::Beside, Rect::ZERO)))
    }
}
