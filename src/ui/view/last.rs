//! One line under the charts: the last thing that happened, and the first gap between set and measured.
//!
//! ```text
//!  00:12:20 ▲1 db: LAT off → 250ms, taken by 4 of 4 in 3 ms             LAT: no traffic yet
//! ```

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::log::role;
use super::pen::{Pen, fit, row, width, wrap};
use crate::fault::PerDirection;
use crate::snapshot::ProxyId;
use crate::ui::format;
use crate::ui::model::{Model, Said, Tone};
use crate::ui::proof::{Proof, waiting};
use crate::ui::theme::Role;

/// For so long an answer is held, whatever fails after it.
const HELD: Duration = Duration::from_secs(3);
/// For so long an answer is the last thing that happened.
const ANSWERED: Duration = Duration::from_secs(8);
/// For so long a failure is.
const FAILED: Duration = Duration::from_secs(20);
/// How many lines of what happened are looked at for a failure.
const LOOKED_AT: usize = 100;
/// Columns before a second row.
const MORE: u16 = 4;

/// The last thing that happened, and the first gap.
pub(super) struct Last<'a> {
    pub(super) model: &'a Model,
    pub(super) busiest: &'a [(ProxyId, PerDirection<f64>)],
}

/// What is said, and when it was true.
struct Saying {
    at: Duration,
    text: String,
    tone: Tone,
}

impl Widget for &Last<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let inner = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        let said = self.said();
        let room = said
            .as_ref()
            .map_or(inner.width, |said| said.beside(inner.width));
        let gap = self.gap(room).filter(|_| room > 0);
        let gap =
            gap.map(|(gap, role)| Span::styled(fit(&gap, room).into_owned(), theme.style(role)));
        let taken = gap.as_ref().map_or(0, |gap| width(&gap.content) + 2);
        Pen::new(buf, inner).at_end(gap.as_slice());
        let Some(said) = said else {
            return;
        };
        let left = Rect {
            width: inner.width.saturating_sub(taken),
            ..inner
        };
        let mut pen = Pen::new(buf, row(left, 0));
        pen.skip(1);
        pen.text(&format::clock(said.at), theme.style(Role::Rest));
        pen.skip(1);
        if said.tone == Tone::Trouble {
            pen.text("! ", theme.style(Role::Trouble));
        }
        let style = theme.style(role(said.tone));
        if area.height < 2 {
            pen.text(&said.text, style);
            return;
        }
        let lines = wrap(&said.text, pen.room());
        pen.text(&lines[0], style);
        Pen::new(buf, row(left, 1))
            .skip(MORE)
            .text(&lines[1..].join(" "), style);
    }
}

impl Saying {
    fn of(said: Said<'_>) -> Self {
        let number = said.change.map(|change| format!("▲{} ", change.number));
        Self {
            at: said.at,
            text: format!("{}{said}", number.unwrap_or_default()),
            tone: said.tone,
        }
    }

    /// Columns of the whole line: the clock, the text, a blank.
    fn columns(&self) -> u16 {
        width(&self.text).saturating_add(14)
    }

    /// Columns for the gap: what the user did comes first, but not alone; the reason of a failure is never cut for it.
    fn beside(&self, columns: u16) -> u16 {
        let left = columns.saturating_sub(self.columns());
        if self.tone == Tone::Trouble {
            left
        } else {
            left.max(columns / 3)
        }
    }
}

impl Last<'_> {
    /// How many rows it wants: a second one where the reason of a failure is longer than one.
    pub(super) fn rows(columns: u16, model: &Model) -> u16 {
        let busiest = &[];
        let said = Last { model, busiest }.said();
        let long = |said: &Saying| said.tone == Tone::Trouble && said.columns() > columns;
        1 + u16::from(said.as_ref().is_some_and(long))
    }

    /// What the user did, or what failed: the newer one, but an answer is held for a moment. Else the last change, or
    /// whatever was last.
    fn said(&self) -> Option<Saying> {
        let within = |said: &Saying, time| self.model.now.saturating_sub(said.at) <= time;
        let own = [self.answer(), self.change()].into_iter().flatten();
        let own = own.filter(|said| within(said, ANSWERED));
        let own = own.max_by_key(|said| said.at);
        if own.as_ref().is_some_and(|said| within(said, HELD)) {
            return own;
        }
        let failure = self.failure().filter(|said| within(said, FAILED));
        own.into_iter()
            .chain(failure)
            .max_by_key(|said| said.at)
            .or_else(|| self.change())
            .or_else(|| self.line())
    }

    /// The answer to what the user did; not what failed by itself.
    fn answer(&self) -> Option<Saying> {
        let said = self.model.said(self.model.notice.as_ref()?)?;
        let mut failures = self.failures();
        if said.change.is_none() && failures.any(|line| line.at == said.at) {
            return None;
        }
        Some(Saying::of(said))
    }

    fn failures(&self) -> impl Iterator<Item = Said<'_>> {
        let newest = self.model.log.iter().rev().take(LOOKED_AT);
        let said = newest.filter_map(|line| self.model.said(line));
        said.filter(|said| said.tone == Tone::Trouble)
    }

    /// The last connection that failed, or whatever else went wrong.
    fn failure(&self) -> Option<Saying> {
        self.failures().next().map(Saying::of)
    }

    /// The last change of the selected proxy's faults.
    fn change(&self) -> Option<Saying> {
        let row = self.model.selected_row()?;
        let change = self.model.changes_of(row.id).next_back()?;
        Some(Saying::of(change.said()))
    }

    fn line(&self) -> Option<Saying> {
        let line = self.model.log.back()?;
        self.model.said(line).map(Saying::of)
    }

    /// The selected proxy's first gap. Where it is no trouble and there is room for it, of the others, connections that
    /// do not run what is set.
    fn gap(&self, room: u16) -> Option<(String, Role)> {
        let row = self.model.selected_row()?;
        let own = Proof::new(self.model, row, self.busiest).gap(self.model.directions);
        if let Some(gap) = own.as_ref().filter(|gap| gap.differs) {
            return Some((format!("! {}", gap.text), Role::Trouble));
        }
        let mut others = self.model.snapshot.proxies.iter();
        let other = others.find(|other| other.taken < other.open && other.id != row.id);
        let text = other.map(|other| format!("! {}: {}", other.name, waiting(other)));
        text.filter(|text| width(text) <= room)
            .map(|text| (text, Role::Trouble))
            .or_else(|| own.map(|gap| (gap.text, Role::Rest)))
    }
}
