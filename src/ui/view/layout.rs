//! Where everything stands: a pure function of the screen's size and what must be on it.
//!
//! Rows go first to the strips (at most half of them, then the strips scroll), then to the charts, then to the
//! connections; the input line takes its rows from the connections, so that nothing else moves when it opens.

use ratatui::layout::Constraint::{Fill, Length};
use ratatui::layout::{Layout, Position, Rect, Size};

use super::last;
use crate::ui::find::Place;
use crate::ui::knob;
use crate::ui::model::{Focus, Model, Overlay};

/// From this size on, everything is drawn.
const FULL: Size = Size::new(60, 16);
/// From this size on, strips are drawn.
pub(super) const STRIPS: Size = Size::new(40, 10);
/// From this size on, charts stand in a column of their own beside the strips.
const WIDE: Size = Size::new(160, 30);
/// From this width on, set and measured have a row each, and what happened stands beside the connections.
pub(super) const TALL: u16 = 100;

/// How the strips are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Two rows: name and state, then the knobs with set and measured in one track.
    #[default]
    Compact,
    /// Two rows: set, then measured.
    Tall,
    /// Three rows and a blank one, the knobs' names above.
    Wide,
}

/// Where the strips stand, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mixer {
    /// The titles above the strips; no rows in the compact form.
    pub(super) head: Rect,
    /// Where the strips stand, one below the other.
    pub(super) strips: Rect,
    pub(super) form: Form,
    /// Rows of one strip.
    pub(super) height: u16,
    /// Columns before the knobs.
    pub(super) margin: u16,
    /// Columns of one knob.
    pub(super) knob: u16,
    /// Cells of a track.
    pub(super) track: u16,
    /// The first knob that is drawn, and how many.
    pub(super) knobs: (usize, usize),
}

/// Where everything stands; what has no place has no rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Screen {
    pub(super) header: Rect,
    pub(super) mixer: Mixer,
    /// What the application feels.
    pub(super) feels: Rect,
    /// Bytes per second.
    pub(super) rates: Rect,
    /// Injected beside measured.
    pub(super) compare: Rect,
    /// The last thing that happened, and the first gap.
    pub(super) last: Rect,
    pub(super) conns: Rect,
    pub(super) log: Rect,
    /// The input line, or the field of a value.
    pub(super) input: Rect,
    pub(super) footer: Rect,
    /// What is drawn where there is no proxy.
    pub(super) empty: Rect,
    /// Where a page stands that takes the place of all panes, and the last thing that happened below it.
    pub(super) page: Rect,
    pub(super) page_last: Rect,
}

/// What a size is enough for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A message that the screen is too small.
    TooSmall,
    /// The strips, without charts and lists.
    Strips,
    /// Strips, charts and lists.
    Full,
}

/// What a size is enough for.
pub(super) fn class(size: Size) -> Class {
    let holds = |least: Size| size.width >= least.width && size.height >= least.height;
    if holds(FULL) {
        Class::Full
    } else if holds(STRIPS) {
        Class::Strips
    } else {
        Class::TooSmall
    }
}

/// Where everything stands on a screen of this size.
pub(super) fn layout(size: Size, model: &Model) -> Screen {
    let class = class(size);
    let (input, footer) = match class {
        Class::TooSmall => (0, 0),
        Class::Strips => (3, 1),
        // Narrow screens have a row more for what is wrong.
        Class::Full if size.width < 120 => (4, 2),
        Class::Full => (3, 2),
    };
    let input = if has_input(model) { input } else { 0 };
    let rows = [Length(1), Fill(1), Length(input), Length(footer)];
    let whole = Rect::from((Position::ORIGIN, size));
    let [header, body, input, footer] = Layout::vertical(rows).areas(whole);
    let mut screen = Screen {
        header,
        input,
        footer,
        ..Screen::default()
    };
    let last = Length(u16::from(body.height > 6));
    [screen.page, screen.page_last] = Layout::vertical([Fill(1), last]).areas(body);
    match class {
        Class::TooSmall => {}
        Class::Strips => screen.mixer = mixer(body, Form::Compact, model),
        Class::Full if model.snapshot.proxies.is_empty() => {
            let last = Length(last::rows(size.width, model));
            [screen.empty, screen.last] = Layout::vertical([Fill(1), last]).areas(body);
        }
        Class::Full if size.width >= WIDE.width && size.height >= WIDE.height => {
            wide(&mut screen, size, body, model);
        }
        Class::Full => stacked(&mut screen, size, body, model),
    }
    screen
}

/// Whether the input line, or the field of a value or a file's name, is on the screen.
fn has_input(model: &Model) -> bool {
    let is_field = |overlay: &Overlay| {
        matches!(
            overlay,
            Overlay::Value(_) | Overlay::Path(_) | Overlay::Find(_)
        )
    };
    model.focus == Focus::Input || model.overlays.iter().any(is_field)
}

/// Strips, charts, connections, one below the other.
fn stacked(screen: &mut Screen, size: Size, body: Rect, model: &Model) {
    // Rows above the strips, and columns of what happened beside the connections.
    let (form, head, log) = if size.width < TALL {
        (Form::Compact, 0, 0)
    } else {
        (Form::Tall, 2, (size.width * 34 / 100).clamp(40, 64))
    };
    let wanted = strips_wanted(model, 2).saturating_add(head);
    let top = wanted.min(size.height / 2).min(body.height);
    // The rows that there would be without the input line, less the one for the last line.
    let taken = screen.header.height + top + screen.footer.height + 1;
    let charts = (size.height.saturating_sub(taken) * 2 / 5).clamp(5, 12);
    // Whoever looks for a connection wants to see those that there are.
    let finds = matches!(model.overlays.last(), Some(Overlay::Find(Place::Conns)));
    let rows = if finds { 8 } else { 3 };
    let charts = match (body.height - top).saturating_sub(1) {
        left if left >= charts + rows => charts,
        0..3 => 0,
        _ if model.focus == Focus::Connections => 0,
        left => left,
    };
    let last = last::rows(size.width, model).min(body.height - top - charts);
    let rows = [Length(top), Length(charts), Length(last), Fill(1)];
    let [strips, charts, last, lists] = Layout::vertical(rows).areas(body);
    screen.mixer = mixer(strips, form, model);
    let halves = [Length(charts.width / 2), Fill(1)];
    [screen.feels, screen.rates] = Layout::horizontal(halves).areas(charts);
    screen.last = last;
    [screen.conns, screen.log] = beside(lists, log);
}

/// Strips with charts beside them, connections with what happened beside them.
fn wide(screen: &mut Screen, size: Size, body: Rect, model: &Model) {
    let column = (size.width * 31 / 100).clamp(52, 80);
    let knobs = u16::try_from(knob::all().len()).unwrap_or(u16::MAX);
    let compare = knobs.saturating_add(4).min(8);
    let airy = strips_wanted(model, 4).saturating_add(2);
    let most = (size.height * 56 / 100).min(body.height.saturating_sub(1));
    let top = airy.max(compare + 16).min(most);
    let last = last::rows(size.width, model);
    let rows = [Length(top), Length(last), Fill(1)];
    let [top, last, lists] = Layout::vertical(rows).areas(body);
    let [left, right] = beside(top, column);
    screen.mixer = mixer(left, Form::Wide, model);
    let compare = if right.height < compare + 12 {
        0
    } else {
        compare
    };
    let feels = (right.height - compare).div_ceil(2);
    let rows = [Length(feels), Fill(1), Length(compare)];
    [screen.feels, screen.rates, screen.compare] = Layout::vertical(rows).areas(right);
    screen.last = last;
    [screen.conns, screen.log] = beside(lists, column);
}

/// An area in two, a line of one column between them; the right part this wide.
fn beside(area: Rect, right: u16) -> [Rect; 2] {
    let right = right.min(area.width);
    Layout::horizontal([Fill(1), Length(right)])
        .spacing(right.min(1))
        .areas(area)
}

fn strips_wanted(model: &Model, height: u16) -> u16 {
    let strips = u16::try_from(model.strips().count().max(1)).unwrap_or(u16::MAX);
    strips.saturating_mul(height)
}

/// The strips in an area: as many knobs as there is room for, the selected one among them.
fn mixer(area: Rect, form: Form, model: &Model) -> Mixer {
    let all = knob::all().len();
    let slots = |margin: u16, knob: u16| usize::from(area.width.saturating_sub(margin) / knob);
    // Columns before the knobs at least; a knob; its track; rows above the strips; knobs at most.
    let (least, knob, track, head, most) = match form {
        Form::Compact => (2, 26, 9, 0, 3),
        Form::Tall if slots(26, 31) >= all.min(3) => (26, 31, 18, 2, 3),
        Form::Tall => (26, 22, 9, 2, 3),
        Form::Wide => (25, 27, 18, 2, all),
    };
    let shown = slots(least, knob).min(most.min(all)).max(1);
    let [head, strips] = Layout::vertical([Length(head), Fill(1)]).areas(area);
    let taken = knob.saturating_mul(u16::try_from(shown).unwrap_or(1));
    let (height, margin) = match form {
        Form::Compact => (2, least),
        Form::Tall => (2, area.width.saturating_sub(taken).max(least)),
        Form::Wide => {
            let is_airy = strips_wanted(model, 4) <= strips.height;
            // A title may be a column longer than its knob.
            let margin = area.width.saturating_sub(taken + 1).max(least);
            (if is_airy { 4 } else { 3 }, margin)
        }
    };
    Mixer {
        head,
        strips,
        form,
        height,
        margin,
        knob,
        track,
        knobs: (page(model.knob, shown, all), shown),
    }
}

/// The first knob of the page that the selected one is on: knobs stay where they are until the selection leaves the page.
fn page(selected: usize, shown: usize, all: usize) -> usize {
    (selected / shown * shown).min(all.saturating_sub(shown))
}

// === impl Mixer ===

impl Mixer {
    /// How many strips there is room for.
    pub(super) fn room(&self) -> usize {
        usize::from(self.strips.height / self.height.max(1)).max(1)
    }
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
