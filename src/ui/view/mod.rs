//! Draws the model, and changes nothing.
//!
//! `layout` says where everything stands, a panel a file draws what stands there. A screen of 80 columns:
//!
//! ```text
//!  FAULTBOARD  3 proxies  12 conn  ↑412 kB/s ↓8.4 MB/s  ● LIVE  undo 3  00:12:41   header
//! ▌1 db     35432=psql://my-db:5432        ●  4 conn  set 4/4     feels 256 ms     strips
//! ▌ LAT ━━━━◉╌╌╌╌ 250ms=251ms JIT ╌╌╌╌╌╌╌╌╌   off▸0ms   BW  ╌╌╌╌╌╌╌╌╌   off▸340K/s
//!  2 web    …
//! ─ db  app feels ────────── set 250ms ── db  bytes/s ─────────────── ↓ 340 kB/s ─ feels, rates
//!  500ms┤                                 1M/s┤   ▂▅▇█▇▅▂
//!  250ms┤╌╌╌╌╌╌╌╌╌⡏⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉        512K/s┤▂▅██████████▆▃▁
//!    0ms┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⡇                          0┤████████████████▇▅▅▄▄▄▄▄▄▄▄▄▄▄▄
//!       └60s──────▲1─────────────now          └60s──────▲1──────────────────now
//!  00:12:20 ▲1 db: LAT off → 250ms, taken by 4 of 4 in 3 ms                        last
//! ─ connections  db  1-9 of 12 ────────────────────────────────── S sort: ↓rate ▾ ─ connections
//!   ID    PEER             AGE   ↑BYTES   ↓BYTES   ↓RATE▾   ADDED  STATE           (and what happened,
//! ▌ #31   127.0.0.1:50122  4m12  1.2 MB    88 MB  210 kB/s  251 ms  open            from 100 columns on)
//! ─ add proxy ─────────────────────────────────────────────────────────────────── input, while it is used
//!  + 9091=https://www.google.com lat 250ms
//!    ok  …
//! ─────────────────────────────────────────────────────────────────────── seed 42 ─ footer
//!  ←→ turn  1-9 stop  0 off  Space bypass  ' knob  a add  ? help
//! ```
//!
//! From 160 columns on the charts and a table of figures stand in a column of their own beside the strips.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

mod charts;
mod columns;
mod compare;
mod connections;
mod detail;
mod dial;
mod digits;
mod empty;
mod events;
mod feels;
mod findings;
mod footer;
mod header;
mod help;
mod histogram;
mod hits;
mod input;
mod knobs;
mod last;
mod layout;
mod log;
mod palette;
mod pen;
mod popup;
mod presenter;
mod presets;
mod queue;
mod quit;
mod rates;
mod sort;
mod state;
mod story;
mod strip;
mod strips;
mod sweep;
mod title;
mod too_small;
mod tour;
mod track;
mod two;
mod waterfall;
mod whole_strip;

pub use findings::in_words as findings_in_words;
use hits::Hits;
pub use hits::Target;
use layout::{Class, Density, Screen, layout};
use pen::Sheet;
pub use title::title;

use super::model::{Model, Overlay};
use super::proof::busiest;
use super::theme::Role;

/// How much of the lists a screen of some size shows; `update` scrolls by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// How many strips are visible.
    pub strips: usize,
    /// How many rows of the table of connections are visible.
    pub conns: usize,
    /// How many lines of the help overlay are visible.
    pub help: usize,
    /// How many lines of the list of presets are visible.
    pub presets: usize,
    /// How many lines of the palette are visible.
    pub palette: usize,
    /// How many lines of what happened are visible on a page.
    pub told: usize,
}

/// How much of the lists a screen of this size shows; at least one of each, so that a selection has a place.
#[must_use]
pub fn room(size: Size, model: &Model) -> Room {
    let screen = layout(size, model);
    let conns = screen.conns.height.saturating_sub(connections::HEAD);
    Room {
        strips: screen.mixer.room(model),
        conns: usize::from(conns).max(1),
        help: usize::from(help::room(size.height)),
        presets: usize::from(presets::room(screen.dock)),
        palette: usize::from(palette::room(size.height)),
        told: match model.page() {
            Some(Overlay::Conn(_)) => detail::room(screen.page),
            _ => events::room(screen.page),
        },
    }
}

/// How far what happened can be scrolled: all of it, and what happened to the connection that is looked at.
#[must_use]
pub(super) fn ends(model: &Model) -> [usize; 2] {
    let Some(page) = model.page() else {
        return [0, 0];
    };
    let room = room(model.size, model).told;
    match page {
        Overlay::Events(list) => [events::rows(model, list).len().saturating_sub(room), 0],
        Overlay::Findings(_) => {
            let rows = findings::rows(model, model.size.width);
            [rows.len().saturating_sub(room), 0]
        }
        Overlay::Conn(detail) => [0, story::of(model, detail).len().saturating_sub(room)],
        _ => [0, 0],
    }
}

/// Whether no strip is drawn whole on a screen of this size.
#[must_use]
pub fn is_compact(size: Size, model: &Model) -> bool {
    layout(size, model).mixer.density == Density::Rows
}

/// Draws the model on a frame, and puts the terminal's cursor where text is typed.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    if let Some(cursor) = render(model, area, frame.buffer_mut()) {
        frame.set_cursor_position(cursor);
    }
}

/// Draws the model in a buffer, and returns where the terminal's cursor belongs, if anywhere.
pub fn render(model: &Model, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let cursor = drawn(model, area.as_size(), Sheet::new(buf, area));
    model.theme.finish(buf);
    cursor
}

/// What the configuration calls the columns of the table of connections.
pub fn columns() -> impl Iterator<Item = String> {
    columns::names()
}

/// What stands at a place of the screen, and the area that it has.
#[must_use]
pub fn target_at(model: &Model, position: Position) -> Option<(Target, Rect)> {
    let area = Rect::from((Position::ORIGIN, model.size));
    let mut hits = Hits::default();
    let mut buf = Buffer::empty(area);
    drawn(
        model,
        model.size,
        Sheet::recording(&mut buf, area, &mut hits),
    );
    hits.at(position)
}

fn drawn(model: &Model, size: Size, mut sheet: Sheet<'_>) -> Option<Position> {
    if layout::class(size) == Class::TooSmall {
        too_small::draw(model, layout::STRIPS, sheet);
        return None;
    }
    let screen = layout(size, model);
    panes(model, &screen, &mut sheet);
    let typed = input::draw(model, sheet.part(screen.input));
    overlays(model, &screen, &mut sheet).or(typed)
}

/// The selected connection's row in words, as `y` copies it; of one that is looked at, what happened to it too.
#[must_use]
pub fn row_in_words(model: &Model) -> Option<String> {
    if let Some(detail) = model.detail() {
        return detail::in_words(model, detail);
    }
    let proxy = model.selected_row()?;
    let cells = model.conns.rows.iter();
    let mut cells = cells.filter_map(|place| columns::Cell::of(model, proxy, *place));
    let cell = cells.find(|cell| Some(cell.conn.id) == model.conns.selected)?;
    Some(format!("{} {}", proxy.name, columns::in_words(&cell)))
}

/// What lies under the overlays, but for the input line.
fn panes(model: &Model, screen: &Screen, sheet: &mut Sheet<'_>) {
    header::draw(model, sheet.part(screen.header));
    footer::draw(model, sheet.part(screen.footer));
    let busiest = busiest(model);
    if let Some(page) = model.page() {
        let area = sheet.part(screen.page);
        match page {
            Overlay::Conn(detail) => detail::draw(model, detail, area),
            Overlay::Events(list) => events::draw(model, list, area),
            Overlay::Findings(first) => findings::draw(model, *first, area),
            Overlay::Sweep(page) => sweep::draw(model, page, area),
            Overlay::Presenter => presenter::draw(model, &busiest, area),
            _ => whole_strip::draw(model, &busiest, area),
        }
        if model.is_out_of_contact() {
            sheet.part(screen.page).dim();
        }
        last::draw(model, &busiest, sheet.part(screen.page_last));
        return;
    }
    last::draw(model, &busiest, sheet.part(screen.last));
    if screen.empty.height > 0 {
        empty::draw(model, sheet.part(screen.empty));
        return;
    }
    strips::draw(model, &screen.mixer, &busiest, sheet);
    let selected = model.selected.filter(|id| model.contact.has_lost(*id));
    if let Some(row) = model.selected_row() {
        feels::draw(model, row, sheet.part(screen.feels));
        rates::draw(model, row, sheet.part(screen.rates));
        compare::draw(model, row, &busiest, sheet.part(screen.compare));
        connections::draw(model, row, sheet.part(screen.conns));
    }
    if screen.log.width > 0 {
        log::draw(model, sheet.part(screen.log));
        divide(screen.log, sheet);
    }
    if screen.feels.x > screen.mixer.strips.x {
        let column = screen.feels.union(screen.rates).union(screen.compare);
        divide(column, sheet);
    }
    if selected.is_some() {
        for area in [screen.feels, screen.rates, screen.compare, screen.conns] {
            sheet.part(area).dim();
        }
    }
}

/// A vertical line before an area.
fn divide(area: Rect, sheet: &mut Sheet<'_>) {
    let Some(x) = area.x.checked_sub(1) else {
        return;
    };
    for y in area.top()..area.bottom() {
        let symbol = |x| Some(sheet.buf.cell((x, y))?.symbol());
        let joins = |x: Option<u16>| x.and_then(symbol) == Some("─");
        let glyph = match (joins(x.checked_sub(1)), joins(x.checked_add(1))) {
            _ if y == area.top() => "┬",
            (true, true) => "┼",
            (false, true) => "├",
            (true, false) => "┤",
            (false, false) => "│",
        };
        let mut cell = sheet.part(Rect::new(x, y, 1, 1));
        cell.row(0).text(glyph, Role::Rest);
    }
}

/// What lies over the panes; the topmost has the cursor.
fn overlays(model: &Model, screen: &Screen, sheet: &mut Sheet<'_>) -> Option<Position> {
    let mut cursor = None;
    for overlay in &model.overlays {
        cursor = None;
        match overlay {
            Overlay::Knobs => knobs::draw(model, &screen.mixer, sheet),
            Overlay::Value(_)
            | Overlay::Path(_)
            | Overlay::Find(_)
            | Overlay::Conn(_)
            | Overlay::Strip
            | Overlay::Events(_)
            | Overlay::Findings(_)
            | Overlay::Sweep(_)
            | Overlay::Presenter => {}
            Overlay::Sort(list) => sort::draw(model, list, sheet),
            Overlay::ResetAll(conns) => quit::ask_to_reset(model, conns, sheet),
            Overlay::Help(help) => cursor = help::draw(model, help, sheet),
            Overlay::Presets(list) => {
                cursor = presets::draw(model, list, sheet.part(screen.dock));
            }
            Overlay::Palette(line) => cursor = Some(palette::draw(line, sheet)),
            Overlay::Quit => quit::ask_to_quit(model, sheet),
            Overlay::Delete(id) => quit::ask_to_delete(model, *id, sheet),
            Overlay::Suspend => quit::ask_to_suspend(model, sheet),
        }
    }
    cursor
}
