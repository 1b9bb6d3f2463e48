//! The presenter's view: the selected proxy in large figures, for a room or for a demonstration. What is set, what its clients
//! wait, what they waited before and how many times as long that is; the chart; and in one sentence what the application did
//! about it.
//!
//! ```text
//! ─ shop  your app → :42427 → faultboard → 127.0.0.1:33133 ──────── 2 of 4 ─
//!  YOU INJECT         YOUR APP WAITS     BEFORE             TIMES AS LONG
//!  ▀▀█ █▀▀ █▀█        ▀▀█ █▀█ ▄█         █ █ ▄█             ▀▀█   ▄█
//!  █▀▀ ▀▀█ █ █        █▀▀ ▀▀█  █         ▀▀█  █              █     █
//!  ▀▀▀ ▀▀▀ ▀▀▀ ms     ▀▀▀ ▀▀▀ ▀▀▀ ms       ▀ ▀▀▀ ms          ▀  ▀ ▀▀▀ x
//!  latency both ways  p50, p99 311 ms    without faults
//!  ━━━━●╌╌╌╌
//! ─ shop  app feels: first byte ─────────────────────────────────────────────
//!  500ms┤ …
//! ─ what it did about it ──────────────────────────────── I all findings ─
//!  nothing broke: it only got slower
//! ```

use std::iter;

use ratatui::layout::Constraint::{Fill, Length};
use ratatui::layout::{Layout, Rect};
use ratatui::style::Style;
use ratatui::text::Span;

use super::digits::Scale;
use super::feels;
use super::hits::Target;
use super::pen::{Sheet, wrap};
use super::state::{lately, side, state, wait_role};
use super::strips::directions_word;
use super::tour;
use super::track::Track;
use crate::fault::Plan;
use crate::format::figures;
use crate::mapping::Mapping;
use crate::snapshot::ProxyRow;
use crate::ui::ability;
use crate::ui::format;
use crate::ui::knob;
use crate::ui::model::{Model, Tone};
use crate::ui::proof::{Busiest, Proof, Verdict};
use crate::ui::theme::Role;

/// Columns of a figure at least: where there is not room for all, what was before stands in words, then what is set.
const COLUMN: u16 = 19;
/// From this width on they are large.
const LARGE: u16 = 112;
/// Rows that the chart takes at least.
const CHART: u16 = 6;

/// One of the large figures, with what it is and what stands below it.
struct Figure {
    head: &'static str,
    text: String,
    style: Style,
    below: Vec<(String, Role)>,
}

/// Where everything stands.
struct Places {
    scale: Scale,
    head: Rect,
    figures: Rect,
    below: Rect,
    chart: Rect,
    told: Rect,
}

/// Draws the selected proxy in large figures.
pub(super) fn draw(model: &Model, busiest: &Busiest, mut sheet: Sheet<'_>) {
    let Some((place, row)) = model.selected.and_then(|id| model.proxy(id)) else {
        return;
    };
    let plan = model.plan(row.id).unwrap_or(&row.plan);
    sheet.holds(Target::Page);
    sheet.area = tour::draw(model, &mut sheet);
    title(model, place, row, plan, &mut sheet);
    let places = places(model, sheet.area);
    draw_figures(
        model,
        row,
        &Proof::new(model, row, busiest),
        &places,
        &mut sheet,
    );
    if places.chart.height > 0 {
        feels::draw(model, row, sheet.part(places.chart));
    }
    let says_set = columns(sheet.area) < 3;
    draw_told(model, row, plan, says_set, sheet.part(places.told));
}

/// Columns that are left free on the left.
fn margin(area: Rect) -> u16 {
    if area.width < LARGE { 1 } else { 3 }
}

/// How many figures stand beside each other.
fn columns(area: Rect) -> u16 {
    (area.width.saturating_sub(margin(area)) / COLUMN).clamp(2, 4)
}

fn draw_figures(
    model: &Model,
    row: &ProxyRow,
    proof: &Proof<'_>,
    places: &Places,
    sheet: &mut Sheet<'_>,
) {
    let count = columns(sheet.area);
    let margin = margin(sheet.area);
    let room = sheet.area.width.saturating_sub(margin);
    let times = times(row, count < 4);
    let figures = match count {
        4 => vec![
            injected(model, proof),
            waits(model, row),
            before(row),
            times,
        ],
        3 => vec![injected(model, proof), waits(model, row), times],
        _ => vec![waits(model, row), times],
    };
    let column = room / count;
    for (at, figure) in (0..).zip(figures) {
        let x = sheet.area.x + margin + at * column;
        let of = |area: Rect| Rect {
            x,
            width: column.saturating_sub(1),
            ..area
        };
        sheet
            .part(of(places.head))
            .row(0)
            .text(figure.head, Role::Rest);
        let area = sheet.part(of(places.figures));
        places
            .scale
            .draw(&figure.text, model.theme.charset, figure.style, area);
        let mut below = sheet.part(of(places.below));
        for (at, (text, role)) in (0..).zip(&figure.below) {
            below.row(at).text(text, *role);
        }
    }
    if count > 2 && places.below.height > 1 {
        let area = Rect {
            x: sheet.area.x + margin,
            y: places.below.y + 1,
            width: column.saturating_sub(1).min(27),
            height: 1,
        };
        draw_track(model, proof, sheet.part(area));
    }
}

/// Rows go first to the figures, then to what was done, then to the chart.
fn places(model: &Model, area: Rect) -> Places {
    let charset = model.theme.charset;
    let below = if area.height >= 11 { 3 } else { 1 };
    let scales = [Scale::Large, Scale::Small, Scale::Words].into_iter();
    let fits = |scale: &Scale| {
        let is_wide = area.width >= LARGE || *scale != Scale::Large;
        is_wide && scale.rows(charset) + below + 3 <= area.height
    };
    let mut scales = scales.filter(fits);
    let scale = scales.next().unwrap_or(Scale::Words);
    let air = u16::from(area.height >= 16);
    let air_inside = u16::from(area.height >= 24);
    let told = match area.height {
        0..9 => 1,
        9..18 => 2,
        18..24 => 3,
        _ => 4,
    };
    let rows = [
        Length(1 + air),
        Length(1 + air_inside),
        Length(scale.rows(charset)),
        Length(below + air_inside),
        Fill(1),
        Length(told),
    ];
    let [_, head, figures, below, chart, told] = Layout::vertical(rows).areas(area);
    let mut places = Places {
        scale,
        head,
        figures,
        below,
        chart,
        told,
    };
    if chart.height < CHART {
        places.told = chart.union(told);
        places.chart = Rect::default();
    }
    if area.height >= 24 {
        places.below.y += 1;
        places.below.height -= 1;
    }
    places
}

fn title(model: &Model, place: usize, row: &ProxyRow, plan: &Plan, sheet: &mut Sheet<'_>) {
    let state = state(row, plan);
    let Mapping { host, port, .. } = &row.mapping;
    let listen = row.bound().listen;
    let way = match sheet.area.width {
        0..60 => String::new(),
        60..72 => format!("  :{listen} → {host}:{port}"),
        _ => {
            let program = ability::program_of(model, Some(row.id)).name();
            format!("  your app → :{listen} → {program} → {host}:{port}")
        }
    };
    let left = [
        Span::styled(row.name.clone(), Role::Title),
        Span::styled(side(model, row), Role::Injected),
        Span::styled(way, Role::Plain),
    ];
    let all = model.snapshot.proxies.len();
    let conns = format!("{}  ", state.conns);
    let note = if state.note.is_empty() {
        String::new()
    } else {
        format!("{}   ", state.note)
    };
    let full = vec![
        Span::styled(conns, Role::Plain),
        Span::styled(note.clone(), state.role),
        Span::styled(format!("{} of {all}", place + 1), Role::Plain),
    ];
    let brief = full[1..].to_vec();
    sheet.rule(Role::Title, &left, [full, brief]);
}

/// The knob that is shown: the one that the keys turn, unless it is off and another is not.
fn shown(model: &Model, proof: &Proof<'_>) -> usize {
    let all = knob::all();
    let is_on = |index: &usize| {
        all[*index]
            .value(proof.measured.plan, model.directions)
            .is_some()
    };
    let mut knobs = iter::once(model.knob).chain(0..all.len());
    knobs.find(is_on).unwrap_or(model.knob)
}

/// What is set on the knob that is shown, and what else is.
fn injected(model: &Model, proof: &Proof<'_>) -> Figure {
    let all = knob::all();
    let index = shown(model, proof);
    let reading = proof.reading(&all[index], model.directions);
    let is_on = reading.set.is_some() && !proof.measured.plan.bypassed;
    let role = if is_on { Role::Injected } else { Role::Rest };
    let others = set(model, proof.measured.plan, |other| other != index);
    let more = if proof.measured.plan.bypassed {
        ("bypassed: it rests".to_owned(), Role::Trouble)
    } else if index != model.knob {
        let turned = all[model.knob].knob.label;
        (format!("keys turn {turned}"), Role::Rest)
    } else if others.is_empty() {
        (String::new(), Role::Rest)
    } else {
        (format!("and {others}"), Role::Injected)
    };
    let title = all[index].knob.title.to_lowercase();
    let directions = directions_word(model.directions);
    let text = reading.set_text.trim_start_matches(['±', '↑', '↓']);
    Figure {
        head: "YOU INJECT",
        text: text.to_owned(),
        style: role.into(),
        below: vec![
            (format!("{title}  {directions}"), Role::Plain),
            (String::new(), Role::Rest),
            more,
        ],
    }
}

/// What is set on these knobs: `LAT 250ms, BW 64K/s`.
fn set(model: &Model, plan: &Plan, of: impl Fn(usize) -> bool) -> String {
    let knobs = knob::all().iter().enumerate();
    let knobs = knobs.filter(|(index, _)| of(*index));
    let set = knobs.filter_map(|(_, dial)| {
        let value = dial.value(plan, model.directions)?;
        let value = format::value(value, model.rates);
        Some(format!("{} {value}", dial.knob.label))
    });
    set.collect::<Vec<_>>().join(", ")
}

fn draw_track(model: &Model, proof: &Proof<'_>, mut sheet: Sheet<'_>) {
    let index = shown(model, proof);
    let dial = &knob::all()[index];
    let reading = proof.reading(dial, model.directions);
    let track = Track {
        cells: sheet.area.width / 9 * 9,
        set: reading.set.map(|set| dial.position(set)),
        measured: reading.on_track().map(|measured| dial.position(measured)),
        agrees: reading.verdict == Verdict::Agrees,
    };
    let mut pen = sheet.row(0);
    pen.holds(track.cells, Target::Track(proof.measured.row.id, index));
    track.draw(model.theme.charset, &mut pen);
}

/// How many requests wait: those that are overdue; any, where nobody else is answered.
fn waiting(row: &ProxyRow) -> u32 {
    match (row.unanswered.overdue, row.felt_now()) {
        (0, None) => row.unanswered.count,
        (overdue, _) => overdue,
    }
}

/// What clients wait: the oldest request as it waits, else what was felt, now or last.
fn waits(model: &Model, row: &ProxyRow) -> Figure {
    let waiting = waiting(row);
    let (text, role) = match (row.felt_now(), row.feels) {
        _ if waiting > 0 => (format::time(row.unanswered.oldest), wait_role(&row.plan)),
        (Some(felt), _) => (format::time(felt.p50), Role::Measured),
        (None, Some(felt)) => (format::time(felt.p50), Role::Rest),
        (None, None) => ("-".to_owned(), Role::Rest),
    };
    let felt = match (row.felt_now(), row.feels) {
        // The figure above is of a wait that goes on.
        (None, Some(felt)) if waiting > 0 => {
            (format!("last felt {}", format::time(felt.p50)), Role::Rest)
        }
        (None, None) if waiting > 0 => (String::new(), Role::Rest),
        (Some(felt), _) => (format!("p50, p99 {}", format::time(felt.p99)), Role::Plain),
        (None, Some(_)) => ("the last that was felt".to_owned(), Role::Rest),
        (None, None) => {
            let untold = ability::untold(model, row);
            let text = untold.unwrap_or_else(|| "nothing was asked yet".to_owned());
            (text, Role::Rest)
        }
    };
    let mut below = vec![felt];
    if waiting > 0 {
        let verb = if waiting == 1 { "waits" } else { "wait" };
        below.insert(0, (format!("{waiting} {verb}, no answer"), role));
    }
    Figure {
        head: "YOUR APP WAITS",
        text,
        style: Style::from(role).bold(),
        below,
    }
}

/// What clients waited before faults acted.
fn before(row: &ProxyRow) -> Figure {
    let clean = row.clean.as_ref();
    let text = clean.map(|clean| format::time(clean.feels.p50));
    let below = match clean {
        Some(_) => "without faults",
        None => "nothing measured",
    };
    Figure {
        head: "BEFORE",
        text: text.unwrap_or_else(|| "-".to_owned()),
        style: Role::Plain.into(),
        below: vec![(below.to_owned(), Role::Rest)],
    }
}

/// How many times as long they wait: of a wait that lasts, how many times so far; below it what was before, where nothing else
/// says so.
fn times(row: &ProxyRow, says_before: bool) -> Figure {
    let clean = row.clean.as_ref().map(|clean| clean.feels.p50);
    let so_far = clean.filter(|clean| waiting(row) > 0 && !clean.is_zero());
    let so_far = so_far.map(|clean| row.unanswered.oldest.as_secs_f64() / clean.as_secs_f64());
    let times = so_far.or_else(|| row.factor());
    let before = clean.filter(|_| says_before);
    let before = before.map_or_else(String::new, |clean| {
        format!("before {}", format::time(clean))
    });
    let said = |times| format!("{} x", figures::times(times).trim_start_matches('x'));
    Figure {
        head: "TIMES AS LONG",
        text: times.map_or_else(|| "-".to_owned(), said),
        style: Style::from(Role::Title),
        below: vec![(before, Role::Plain)],
    }
}

/// What the application did about it: what was found of it last, and what the facts say now.
fn told(model: &Model, row: &ProxyRow, plan: &Plan) -> Vec<(String, Role)> {
    let newest = row.findings.iter().max_by_key(|found| found.since);
    let found = newest.map(|found| (found.to_string(), Role::Good));
    found.into_iter().chain([now(model, row, plan)]).collect()
}

/// What happens now, in one sentence.
fn now(model: &Model, row: &ProxyRow, plan: &Plan) -> (String, Role) {
    let requests = |count: u32| match count {
        1 => "1 request waits".to_owned(),
        count => format!("{count} requests wait"),
    };
    let connections = |count: u32| match count {
        1 => "1 connection".to_owned(),
        count => format!("{count} connections"),
    };
    let (left, cut) = (lately(row, |it| it.left), lately(row, |it| it.cut));
    let failed = lately(row, |it| it.failed).saturating_sub(left);
    let acts = !plan.bypassed && !plan.is_empty();
    let waiting = waiting(row);
    if waiting > 0 {
        let oldest = format::time(row.unanswered.oldest);
        let text = format!("no answer for {oldest}: {}", requests(waiting));
        (text, wait_role(&row.plan))
    } else if cut > 0 {
        let text = format!("{} ended by the fault in the last 10 s", connections(cut));
        (text, Role::Injected)
    } else if failed > 0 {
        let mut lines = model.log.iter().rev().filter_map(|line| model.said(line));
        let last = lines.find(|said| said.tone == Tone::Trouble && said.proxy == row.name);
        let why = last.map_or_else(String::new, |said| format!(": {}", said.text));
        let text = format!("{} failed, not by a fault{why}", connections(failed));
        (text, Role::Trouble)
    } else if left > 0 {
        let text = format!(
            "{} hung up by the client in the last 10 s",
            connections(left)
        );
        (text, wait_role(plan))
    } else if let Some(untold) = ability::untold(model, row) {
        (untold, Role::Rest)
    } else if row.felt_now().is_none() {
        ("nobody asks for anything now".to_owned(), Role::Rest)
    } else if !acts {
        let text = "no fault acts: this is what it is like without";
        (text.to_owned(), Role::Plain)
    } else {
        let slower = row.factor().is_some_and(|times| times >= 1.1);
        let text = if slower {
            "nothing broke: it only got slower"
        } else {
            "nothing broke, and nothing got slower"
        };
        (text.to_owned(), Role::Plain)
    }
}

/// Writes it; what is set too, where no figure says so.
fn draw_told(model: &Model, row: &ProxyRow, plan: &Plan, says_set: bool, mut sheet: Sheet<'_>) {
    let Rect { width, height, .. } = sheet.area;
    let has_title = height >= 3;
    if has_title {
        let left = [Span::styled("what it did about it", Role::Plain)];
        let right = vec![Span::styled("I", Role::Title), Span::raw(" all findings")];
        sheet.title(&left, [right]);
    }
    let margin = margin(sheet.area);
    let set = (says_set && height > 1).then(|| (set(model, plan, |_| true), Role::Injected));
    let set = set.filter(|(set, _)| !set.is_empty());
    let lines = set.into_iter().chain(told(model, row, plan));
    let lines = lines.flat_map(|(text, role)| {
        let wrapped = wrap(&text, width.saturating_sub(margin + 1));
        wrapped.into_iter().map(move |line| (line, role))
    });
    for (at, (text, role)) in (u16::from(has_title)..height).zip(lines) {
        sheet.row(at).skip(margin).text(text, role);
    }
}
