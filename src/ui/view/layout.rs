//! Where everything stands: a pure function of the screen's size and what must be on it.
//!
//! Rows go first to the strips (at most half of them, then the strips scroll), then to the charts, then to the
//! connections; the input line takes its rows from the connections, so that nothing else moves when it opens.

use ratatui::layout::Constraint::{Fill, Length};
use ratatui::layout::{Layout, Position, Rect, Size};

use super::last;
use crate::snapshot::ProxyRow;
use crate::ui::find::Place;
use crate::ui::knob;
use crate::ui::model::{Focus, Model, Overlay};

/// From this size on, everything is drawn.
const FULL: Size = Size::new(60, 16);
/// From this size on, strips are drawn.
pub(super) const STRIPS: Size = Size::new(40, 10);
/// From this size on, charts stand in a column of their own beside the strips.
const WIDE: Size = Size::new(160, 30);
/// Rows that those who look for a connection, or choose a preset, need at least.
const LISTED: u16 = 8;
/// Columns of a strip in one row, where two of them stand side by side.
const ROW: u16 = 53;
/// From this width on, set and measured have a row each, and what happened stands beside the connections.
pub(super) const TALL: u16 = 100;

/// How a whole strip is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Two rows: name and state, then the knobs with set and measured in one track.
    #[default]
    Compact,
    /// Two rows: set, then measured.
    Tall,
    /// Three rows and a blank one: set, measured, then both in figures; the knobs' names above.
    Wide,
}

/// Which strips are drawn whole, and which in one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Density {
    /// All of them whole.
    #[default]
    Whole,
    /// Those whole that have a connection or a fault.
    Busy,
    /// None: each in one row, in one column or two.
    Rows,
}

/// Where the strips stand, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mixer {
    /// The titles above the strips.
    pub(super) head: Rect,
    /// Where the strips stand, one below the other.
    pub(super) strips: Rect,
    pub(super) form: Form,
    pub(super) density: Density,
    /// Columns of strips in one row each that stand side by side.
    pub(super) columns: u16,
    /// Rows of a whole strip.
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

/// Where one strip stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Its proxy, by the place in the snapshot.
    pub(super) index: usize,
    pub(super) area: Rect,
    /// Whether it has one row only.
    pub(super) is_row: bool,
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
    /// What is chosen from in the place of connections and of what happened: presets.
    pub(super) dock: Rect,
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
        Class::Strips => {
            let pack = Pack::of(model, Form::Compact, body.as_size());
            let rows = [Length(docked(model, pack, body.height)), Fill(1)];
            let [strips, dock] = Layout::vertical(rows).areas(body);
            screen.mixer = mixer(strips, pack, model);
            screen.dock = dock;
        }
        Class::Full if model.snapshot.proxies.is_empty() => {
            let last = Length(last::rows(size.width, model));
            [screen.empty, screen.last] = Layout::vertical([Fill(1), last]).areas(body);
        }
        Class::Full if size.width >= WIDE.width && size.height >= WIDE.height => {
            wide(&mut screen, size, body, model);
        }
        Class::Full => stacked(&mut screen, size, body, model),
    }
    if is_docked(model) && model.page().is_some() {
        let rows = [Fill(1), Length(screen.page.height / 2)];
        [screen.page, screen.dock] = Layout::vertical(rows).areas(screen.page);
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
    // Columns of what happened beside the connections.
    let (form, log) = if size.width < TALL {
        (Form::Compact, 0)
    } else {
        (Form::Tall, (size.width * 34 / 100).clamp(40, 64))
    };
    let most = (size.height / 2).min(body.height);
    let pack = Pack::of(model, form, Size::new(size.width, most));
    let pack = pack.scrolling(is_docked(model) && pack.rows > docked(model, pack, most));
    let top = docked(model, pack, most);
    // The rows that there would be without the input line, less the one for the last line.
    let taken = screen.header.height + top + screen.footer.height + 1;
    let charts = (size.height.saturating_sub(taken) * 2 / 5).clamp(5, 12);
    // Whoever looks for a connection wants to see those that there are.
    let finds = matches!(model.overlays.last(), Some(Overlay::Find(Place::Conns)));
    let rows = if finds || is_docked(model) { LISTED } else { 3 };
    let charts = match (body.height - top).saturating_sub(1) {
        left if left >= charts + rows => charts,
        _ if is_docked(model) => 0,
        0..3 => 0,
        _ if model.focus == Focus::Connections => 0,
        left => left,
    };
    let last = last::rows(size.width, model).min(body.height - top - charts);
    let rows = [Length(top), Length(charts), Length(last), Fill(1)];
    let [strips, charts, last, lists] = Layout::vertical(rows).areas(body);
    screen.mixer = mixer(strips, pack, model);
    let halves = [Length(charts.width / 2), Fill(1)];
    [screen.feels, screen.rates] = Layout::horizontal(halves).areas(charts);
    screen.last = last;
    lists_in(lists, log, model, screen);
}

/// Connections with what happened beside them; or what is chosen from in their place.
fn lists_in(area: Rect, log: u16, model: &Model, screen: &mut Screen) {
    if is_docked(model) {
        screen.dock = area;
    } else {
        [screen.conns, screen.log] = beside(area, log);
    }
}

/// Whether presets are chosen from: beside the strip that they are for and what its clients feel.
fn is_docked(model: &Model) -> bool {
    let mut overlays = model.overlays.iter();
    overlays.any(|overlay| matches!(overlay, Overlay::Presets(_)))
}

/// Rows of the strips of at most so many: fewer, where presets are to have room.
fn docked(model: &Model, pack: Pack, most: u16) -> u16 {
    let rows = pack.rows.min(most);
    if is_docked(model) {
        rows.min((most / 2).max(pack.head + pack.height))
    } else {
        rows
    }
}

/// Strips with charts beside them, connections with what happened beside them.
fn wide(screen: &mut Screen, size: Size, body: Rect, model: &Model) {
    let column = (size.width * 31 / 100).clamp(52, 80);
    let knobs = u16::try_from(knob::all().len()).unwrap_or(u16::MAX);
    let compare = knobs.saturating_add(4).min(8);
    let most = (size.height * 56 / 100).min(body.height.saturating_sub(1));
    let left = body.width.saturating_sub(column + 1);
    let pack = Pack::of(model, Form::Wide, Size::new(left, most));
    let top = pack.rows.max(compare + 16).min(most);
    let last = last::rows(size.width, model);
    let rows = [Length(top), Length(last), Fill(1)];
    let [top, last, lists] = Layout::vertical(rows).areas(body);
    let [left, right] = beside(top, column);
    screen.mixer = mixer(left, pack, model);
    let compare = if right.height < compare + 12 {
        0
    } else {
        compare
    };
    let feels = (right.height - compare).div_ceil(2);
    let rows = [Length(feels), Fill(1), Length(compare)];
    [screen.feels, screen.rates, screen.compare] = Layout::vertical(rows).areas(right);
    screen.last = last;
    lists_in(lists, column, model, screen);
}

/// An area in two, a line of one column between them; the right part this wide.
fn beside(area: Rect, right: u16) -> [Rect; 2] {
    let right = right.min(area.width);
    Layout::horizontal([Fill(1), Length(right)])
        .spacing(right.min(1))
        .areas(area)
}

/// How many rows all strips want, and in which density.
#[derive(Clone, Copy, Debug)]
struct Pack {
    form: Form,
    density: Density,
    columns: u16,
    /// Rows above the strips.
    head: u16,
    /// Rows of a whole strip.
    height: u16,
    /// Rows of the strips and what stands above them.
    rows: u16,
}

impl Pack {
    /// The strips in a room: whole where there is enough of it, else first the idle ones in one row, then all.
    fn of(model: &Model, form: Form, room: Size) -> Self {
        let head = match form {
            Form::Compact if room.height < FULL.height / 2 => 0,
            Form::Compact => 1,
            Form::Tall | Form::Wide => 2,
        };
        let count = |of: &dyn Fn(&ProxyRow) -> bool| {
            let rows = model.strips();
            u16::try_from(rows.filter(|(_, row)| of(row)).count()).unwrap_or(u16::MAX)
        };
        // Where none is found, a row says so.
        let all = count(&|_| true).max(1);
        let idle = count(&|row| is_idle(model, row));
        let least: u16 = if form == Form::Wide { 3 } else { 2 };
        let wants = |whole: u16, rows: u16, height: u16| {
            let whole = whole.saturating_mul(height);
            whole.saturating_add(rows).saturating_add(head)
        };
        let pack = |density, height, rows| Self {
            form,
            density,
            columns: 1,
            head,
            height,
            rows,
        };
        // Where there is room for it, a blank row stands between wide strips.
        let airy = if form == Form::Wide { 4 } else { least };
        let whole = [airy, least].map(|height| pack(Density::Whole, height, wants(all, 0, height)));
        let busy = pack(Density::Busy, least, wants(all - idle, idle, least));
        let fits = |pack: &Self| pack.rows <= room.height;
        let found = match model.compact {
            Some(true) => None,
            Some(false) => whole.into_iter().find(fits).or(Some(whole[1])),
            None => whole.into_iter().chain([busy]).find(fits),
        };
        found.unwrap_or_else(|| {
            let head = head.min(1);
            let columns = if room.width >= 2 * ROW && all + head > room.height {
                2
            } else {
                1
            };
            Self {
                columns,
                head,
                ..pack(Density::Rows, 1, all.div_ceil(columns).saturating_add(head))
            }
        })
    }
}

impl Pack {
    /// These rows with every strip whole, where not all strips are drawn: strips of several heights do not scroll.
    fn scrolling(self, scrolls: bool) -> Self {
        match self.density {
            Density::Busy if scrolls => Self {
                density: Density::Whole,
                ..self
            },
            _ => self,
        }
    }
}

/// Whether nothing is set on a proxy, and nobody uses it.
fn is_idle(model: &Model, row: &ProxyRow) -> bool {
    let plan = model.plan(row.id).unwrap_or(&row.plan);
    row.open == 0 && plan.is_empty() && !plan.bypassed
}

/// The strips in an area: as many knobs as there is room for, the selected one among them.
fn mixer(area: Rect, pack: Pack, model: &Model) -> Mixer {
    let all = knob::all().len();
    let slots = |margin: u16, knob: u16| usize::from(area.width.saturating_sub(margin) / knob);
    // Columns before the knobs at least; a knob; its track; knobs at most.
    let (least, knob, track, most) = match pack.form {
        Form::Compact => (2, 26, 9, 3),
        Form::Tall if slots(26, 31) >= all.min(3) => (26, 31, 18, 3),
        Form::Tall => (26, 22, 9, 3),
        Form::Wide => (25, 13, 9, all),
    };
    let shown = slots(least, knob).min(most.min(all)).max(1);
    let [head, strips] = Layout::vertical([Length(pack.head), Fill(1)]).areas(area);
    let room = area.width.saturating_sub(least);
    let count = u16::try_from(shown).unwrap_or(1);
    let (knob, margin) = match pack.form {
        Form::Compact => (knob, least),
        Form::Tall => (knob, area.width.saturating_sub(knob * count).max(least)),
        Form::Wide => {
            let knob = (room / count).clamp(knob, 18);
            (knob, area.width.saturating_sub(knob * count).max(least))
        }
    };
    Mixer {
        head,
        strips,
        form: pack.form,
        density: pack.density,
        columns: pack.columns,
        height: pack.height,
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
    pub(super) fn room(&self, model: &Model) -> usize {
        let rows = self.strips.height;
        let room = match self.density {
            Density::Whole => usize::from(rows / self.height.max(1)),
            Density::Busy => model.strips().count(),
            Density::Rows => usize::from(rows) * usize::from(self.columns),
        };
        room.max(1)
    }

    /// Where the visible strips stand.
    pub(super) fn places(&self, model: &Model) -> Vec<Spot> {
        let area = self.strips;
        let column = area.width / self.columns.max(1);
        let rows = model
            .strips()
            .skip(model.first_strip)
            .take(self.room(model));
        let mut places = Vec::new();
        let (mut x, mut y) = (area.x, area.y);
        for (index, row) in rows {
            let is_row = match self.density {
                Density::Whole => false,
                Density::Busy => is_idle(model, row),
                Density::Rows => true,
            };
            if self.density == Density::Rows && y >= area.bottom() {
                (x, y) = (x + column, area.y);
            }
            let height = if is_row { 1 } else { self.height };
            let width = if self.columns > 1 { column } else { area.width };
            let area = Rect::new(x, y, width, height).intersection(area);
            places.push(Spot {
                index,
                area,
                is_row,
            });
            y = y.saturating_add(height);
        }
        places
    }
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
