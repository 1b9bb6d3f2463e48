//! The selected proxy on the whole screen: every knob in a row of its own, with what proves it; the charts below where there is
//! room.
//!
//! ```text
//! ─ db  35432=psql://my-db ───────────────────────── 1 of 4  n N ─
//!  ● 4 conn  set 4/4  feels 256 ms                     both ways
//! ▌LAT t latency     ━━━━◉╌╌╌╌  250ms = 251ms    n 412
//!  JIT i jitter      ╌╌╌╌╌╌╌╌╌    off ▸   0ms    …
//! ```

use ratatui::layout::Constraint::{Fill, Length};
use ratatui::layout::{Layout, Rect};
use ratatui::text::Span;

use super::hits::Target;
use super::pen::{Pen, Sheet, fit, width, widths};
use super::state::{feels, mapping, side, state};
use super::strips::directions_word;
use super::track::{KEYS, Track};
use super::{feels, rates};
use crate::snapshot::ProxyRow;
use crate::ui::format;
use crate::ui::knob::{self, Dial};
use crate::ui::model::Model;
use crate::ui::named::{self, Named};
use crate::ui::proof::{Busiest, Proof, Reading, Verdict};
use crate::ui::theme::Role;

/// Rows above the knobs: the title, the state, the keys of the stops.
const HEAD: u16 = 3;
/// Rows that the charts take at least.
const CHARTS: u16 = 7;
/// Columns of a value.
const VALUE: u16 = 7;

/// Draws the selected proxy.
pub(super) fn draw(model: &Model, busiest: &Busiest, mut sheet: Sheet<'_>) {
    let Some((place, row)) = model.selected.and_then(|id| model.proxy(id)) else {
        return;
    };
    let knobs = u16::try_from(knob::all().len()).unwrap_or(u16::MAX);
    let left = sheet.area.height.saturating_sub(HEAD + knobs);
    let charts = if left < CHARTS { 0 } else { left };
    let [top, charts] = Layout::vertical([Fill(1), Length(charts)]).areas(sheet.area);
    title(model, place, row, &mut sheet);
    let proof = Proof::new(model, row, busiest);
    draw_state(model, row, &proof, &mut sheet);
    let mut list = sheet.part(Rect {
        y: top.y.saturating_add(2),
        height: top.height.saturating_sub(2),
        ..top
    });
    draw_named(model, row, &mut list);
    draw_knobs(model, &proof, &mut list);
    if charts.height > 0 {
        let halves = [Length(charts.width / 2), Fill(1)];
        let [felt, moved] = Layout::horizontal(halves).areas(charts);
        feels::draw(model, row, sheet.part(felt));
        rates::draw(model, row, sheet.part(moved));
    }
}

fn title(model: &Model, place: usize, row: &ProxyRow, sheet: &mut Sheet<'_>) {
    let left = [
        Span::styled(row.name.clone(), Role::Title),
        Span::styled(side(model, row), Role::Injected),
        Span::styled(format!("  {}", mapping(row)), Role::Plain),
    ];
    let all = model.snapshot.proxies.len();
    let right = vec![
        Span::styled(format!("{} of {all}   ", place + 1), Role::Plain),
        Span::styled("n N", Role::Title),
        Span::styled(" next, previous", Role::Plain),
    ];
    sheet.rule(Role::Title, &left, [right]);
}

fn draw_state(model: &Model, row: &ProxyRow, proof: &Proof<'_>, sheet: &mut Sheet<'_>) {
    let state = state(row, proof.measured.plan);
    let word = format!("{} ", directions_word(model.directions));
    let columns = sheet.area.width.saturating_sub(width(&word) + 1);
    let mut pen = sheet.row(1);
    pen.until(columns).skip(1);
    let columns = 3 + width(&state.conns) + 2 + width(&state.note);
    pen.holds(columns, Target::State(row.id));
    pen.text(state.glyph, state.role).skip(1);
    pen.text(&state.conns, Role::Plain).skip(2);
    pen.text(&state.note, state.role).skip(2);
    let (text, role) = feels(row);
    pen.text(text, role).skip(2);
    let listening = row.listening.first();
    let listening = listening.map(|addr| format!("listens on {addr}"));
    pen.text(listening.unwrap_or_default(), Role::Rest);
    sheet.row(1).at_end(&[Span::styled(word, Role::Title)]);
}

/// What stands in the columns, for tracks of so many cells and titles of so many columns.
fn draw_heads(cells: u16, titles: u16, mut pen: Pen<'_>) {
    let narrow: String = KEYS.split_whitespace().collect();
    let keys = if cells < 18 { &narrow } else { KEYS };
    pen.skip(1).text("KNOB", Role::Rest).to(8 + titles);
    pen.text(keys, Role::Rest).skip(1);
    pen.right("SET", VALUE, Role::Rest);
    pen.skip(1).right("MEASURED", VALUE + 2, Role::Rest);
    pen.skip(2).text("PROOF", Role::Rest);
}

/// The faults with names, in a row of their own where there are any.
fn draw_named(model: &Model, row: &ProxyRow, list: &mut Sheet<'_>) {
    let named = named::of(model.plan(row.id).unwrap_or(&row.plan), model.rates);
    if named.is_empty() {
        return;
    }
    let texts: Vec<String> = named.iter().map(Named::text).collect();
    let keys = [
        Span::styled("' 1-9", Role::Title),
        Span::styled(" take off ", Role::Rest),
    ];
    let room = list.area.width.saturating_sub(widths(&keys) + 2);
    let mut pen = list.row(0);
    pen.skip(1)
        .text(fit(&texts.join("  "), room), Role::Injected);
    pen.at_end(&keys);
    list.area = Rect {
        y: list.area.y + 1,
        height: list.area.height.saturating_sub(1),
        ..list.area
    };
}

/// A row for each knob; those around the selected one where there is not room for all.
fn draw_knobs(model: &Model, proof: &Proof<'_>, sheet: &mut Sheet<'_>) {
    let is_wide = sheet.area.width >= 100;
    let cells = if is_wide { 18 } else { 9 };
    let titles = knob::all().iter().map(|dial| width(dial.knob.title));
    let titles = titles.max().unwrap_or(0).min(14);
    draw_heads(cells, titles, sheet.row(0));
    let room = usize::from(sheet.area.height.saturating_sub(1)).max(1);
    let first = (model.knob + 1).saturating_sub(room);
    for (at, (index, dial)) in (1..).zip(knob::all().iter().enumerate().skip(first)) {
        let reading = proof.reading(dial, model.directions);
        let mut pen = sheet.row(at);
        let proxy = proof.measured.row.id;
        pen.holds(u16::MAX, Target::Knob(proxy, index));
        pen.holds(8 + titles - 1, Target::Label(proxy, index));
        let is_selected = index == model.knob;
        pen.text(if is_selected { "▌" } else { " " }, Role::Title);
        let label = if is_selected {
            Role::Title.selected()
        } else {
            Role::Title.into()
        };
        pen.left(dial.knob.label, 3, label).skip(1);
        let key = dial.knob.letter.to_string();
        pen.left(key, 1, Role::Title).skip(1);
        let set = match reading.set {
            Some(_) => Role::Injected,
            None => Role::Rest,
        };
        pen.left(dial.knob.title.to_lowercase(), titles, Role::Plain)
            .skip(1);
        pen.holds(cells, Target::Track(proxy, index));
        draw_track(model, dial, &reading, cells, &mut pen);
        pen.skip(1).right(&reading.set_text, VALUE, set).skip(1);
        let (why, role) = why(dial, &reading, is_wide);
        let mark = match reading.verdict {
            Verdict::Agrees => Role::Good,
            Verdict::Differs(_) => Role::Trouble,
            _ => Role::Rest,
        };
        pen.text(reading.verdict.mark(), mark);
        let measured = if reading.set.is_some() {
            Role::Measured
        } else {
            Role::Rest
        };
        pen.right(&reading.measured_text, VALUE + 1, measured);
        pen.skip(2).text(why, role);
    }
}

fn draw_track(model: &Model, dial: &Dial, reading: &Reading, cells: u16, pen: &mut Pen<'_>) {
    let track = Track {
        cells,
        set: reading.set.map(|set| dial.position(set)),
        measured: reading.on_track().map(|measured| dial.position(measured)),
        agrees: reading.verdict == Verdict::Agrees,
    };
    track.draw(model.theme.charset, pen);
}

/// What proves the knob, or why nothing does; of one that is off, what it would do.
fn why(dial: &Dial, reading: &Reading, is_wide: bool) -> (String, Role) {
    let count = reading
        .count
        .map(|count| format!("n {}", format::count(count)));
    let in_words = reading.in_words.clone().filter(|_| is_wide);
    let more = in_words.or_else(|| reading.more.clone());
    let beside = |why: &str| match &more {
        Some(more) => format!("{more}  {why}"),
        None => why.to_owned(),
    };
    let figures: Vec<String> = [more.clone(), count].into_iter().flatten().collect();
    let figures = figures.join("  ");
    match &reading.verdict {
        Verdict::Off => {
            let lacks = reading.in_words.clone();
            let text = lacks.unwrap_or_else(|| dial.kind.summary.to_owned());
            (text, Role::Rest)
        }
        Verdict::Agrees => (format!("as set  {figures}"), Role::Good),
        Verdict::Settling => ("was turned a moment ago".to_owned(), Role::Rest),
        Verdict::Unjudged if figures.is_empty() => {
            ("nothing measures it yet".to_owned(), Role::Rest)
        }
        Verdict::Unjudged => (figures, Role::Measured),
        Verdict::Unknown(why) => (beside(why), Role::Rest),
        Verdict::Differs(why) => (beside(why), Role::Trouble),
    }
}
