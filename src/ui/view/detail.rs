//! One connection on the whole screen: where the time of a round trip goes, what faults add, its rate, what happened to it.
//!
//! ```text
//! ─ connection #31 of db ──────────────────────── 2 of 4  n N ─
//!  127.0.0.1:50122 → db :35432 → 10.0.0.7:5432     open 4m12s
//!  ↑ 1.2 MB  ↓ 88 MB  held ↓ 14 kB  obeys #17
//! ─ one round trip ──────── median of 10 s, n 41  whole 256 ms ─
//!  held up        0 ms                                      off
//!  upstream     4.8 ms  █                              not ours
//!  held down  251.0 ms  ·██████████████████████████   LAT 250ms
//!  faultboard  0.02 ms  ··························█    overhead
//! ```

use std::time::Duration;

use ratatui::layout::Constraint::{Fill, Length};
use ratatui::layout::{Layout, Rect};
use ratatui::text::Span;

use super::columns::{self, Cell, ending, state, state_role};
use super::histogram;
use super::hits::Target;
use super::pen::{Sheet, fit, width};
use super::rates;
use super::story::{self, Told};
use super::strips::position;
use super::waterfall;
use crate::fault::{Direction, Directions, Own, PerDirection, Plan};
use crate::snapshot::{ConnState, History, Point, ProxyRow};
use crate::ui::format;
use crate::ui::knob;
use crate::ui::model::{Detail, Model};
use crate::ui::theme::Role;

/// Where the parts of the page stand.
struct Parts {
    head: Rect,
    trip: Rect,
    added: Rect,
    rates: Rect,
    story: Rect,
}

fn parts(area: Rect) -> Parts {
    let left = area.height.saturating_sub(8);
    let rows = [Length(3), Length(5), Length((left / 2).min(10)), Fill(1)];
    let [head, trip, charts, story] = Layout::vertical(rows).areas(area);
    let halves = [Length(charts.width / 2), Fill(1)];
    let [added, rates] = Layout::horizontal(halves).areas(charts);
    Parts {
        head,
        trip,
        added,
        rates,
        story,
    }
}

/// How many lines of what happened to a connection are visible.
pub(super) fn room(area: Rect) -> usize {
    usize::from(parts(area).story.height.saturating_sub(1))
}

/// Draws a connection.
pub(super) fn draw(model: &Model, detail: &Detail, mut sheet: Sheet<'_>) {
    let Some((_, proxy)) = model.proxy(detail.row.proxy) else {
        return;
    };
    let own = model.own(detail.row.id);
    let acting = own.over(model.plan(proxy.id).unwrap_or(&proxy.plan));
    let parts = parts(sheet.area);
    sheet.holds(Target::Page);
    let mut head = sheet.part(parts.head);
    title(model, detail, proxy, &mut head);
    way(model, detail, proxy, &mut head);
    figures(detail, &own, &mut head);
    waterfall::draw(detail, &acting, model.rates, &mut sheet.part(parts.trip));
    let way = match model.directions {
        Directions::Only(way) => way,
        Directions::Both => Direction::Down,
    };
    let added = detail.watched.iter().flat_map(|it| &it.added[way]);
    let added: Vec<Duration> = added.copied().collect();
    histogram::draw(way, &added, set(&acting, way), &mut sheet.part(parts.added));
    let alone = alone(detail, proxy);
    rates::draw(model, &alone, sheet.part(parts.rates));
    let told = story::of(model, detail);
    draw_story(detail, &told, &mut sheet.part(parts.story));
}

/// A connection in words: its row, and a line for each thing that happened to it, the newest first.
pub(super) fn in_words(model: &Model, detail: &Detail) -> Option<String> {
    let (_, proxy) = model.proxy(detail.row.proxy)?;
    let row = columns::in_words(&cell(model, detail, proxy));
    let told = story::of(model, detail);
    let told = told.iter();
    let lines = told.map(|told| format!("\n{} {}", format::clock_exact(told.at), told.text));
    Some(format!("{} {row}{}", proxy.name, lines.collect::<String>()))
}

fn cell<'a>(model: &'a Model, detail: &'a Detail, proxy: &'a ProxyRow) -> Cell<'a> {
    Cell {
        model,
        proxy,
        conn: &detail.row,
        ended: detail.ended.as_deref(),
    }
}

/// The connection as a proxy would be drawn that has no other.
fn alone(detail: &Detail, proxy: &ProxyRow) -> ProxyRow {
    let rates = detail.watched.iter().flat_map(|watched| &watched.rates);
    let points = rates.map(|(at, rates)| Point {
        at: *at,
        rates: *rates,
        ..Point::default()
    });
    let history = History {
        points: points.collect(),
    };
    ProxyRow {
        name: format!("#{}", detail.row.id.0),
        open: 1,
        rates: detail.row.rates,
        history: history.into(),
        ..proxy.clone()
    }
}

/// What is set to be added in one direction, by the knobs that are measured so.
fn set(plan: &Plan, way: Direction) -> Option<Duration> {
    let mut dials = knob::all().iter();
    let is_delay = crate::fault::knob::Metric::AddedDelay;
    let dial = dials.find(|dial| dial.knob.metric == is_delay)?;
    let set = dial.value(plan, Directions::Only(way))?.time()?;
    (!plan.bypassed).then_some(set)
}

fn title(model: &Model, detail: &Detail, proxy: &ProxyRow, sheet: &mut Sheet<'_>) {
    let row = &detail.row;
    let id = format!("connection #{}", row.id.0);
    let mut left = vec![
        Span::styled(id, Role::Title),
        Span::styled(format!(" of {}", proxy.name), Role::Plain),
    ];
    left.extend(turned(model, detail, proxy));
    let list = &model.conns;
    let mut shown = list.rows.iter();
    let here = shown.position(|place| {
        model
            .snapshot
            .conn(*place)
            .is_some_and(|it| it.id == row.id)
    });
    let count = |count: usize| format::count(count as u64);
    let here = here.map(|at| format!("{} of {}", count(list.first + at + 1), count(list.total)));
    let place = here.map(|here| {
        vec![
            Span::styled(format!("{here}   "), Role::Plain),
            Span::styled("n N", Role::Title),
            Span::styled(" next, previous", Role::Plain),
        ]
    });
    sheet.rule(Role::Title, &left, place);
}

/// The knob that the keys turn, what it stands at, and whose it is.
fn turned(model: &Model, detail: &Detail, proxy: &ProxyRow) -> Option<Span<'static>> {
    let dial = knob::all().get(model.knob)?;
    let plan = model.plan(proxy.id).unwrap_or(&proxy.plan);
    let (plan, whose) = if detail.alone {
        let own = model.own(detail.row.id);
        (own.over(plan), "of it alone".to_owned())
    } else {
        (plan.clone(), format!("of {}", proxy.name))
    };
    let value = dial.value(&plan, model.directions);
    let value = value.map_or_else(
        || "off".to_owned(),
        |value| format::value(value, model.rates),
    );
    let text = format!("  ←→ {} {value} {whose}", dial.knob.label);
    Some(Span::styled(text, Role::Injected))
}

/// From where to where it goes, for how long it has been open, and what it is doing.
fn way(model: &Model, detail: &Detail, proxy: &ProxyRow, sheet: &mut Sheet<'_>) {
    let row = &detail.row;
    let port = proxy
        .listening
        .first()
        .map_or(0, std::net::SocketAddr::port);
    let upstream = row
        .upstream
        .map_or_else(|| proxy.mapping.upstream(), |addr| addr.to_string());
    let way = format!("{} → {} :{port} → {upstream}", row.client, proxy.name);
    let cell = cell(model, detail, proxy);
    let age = if model.quiet {
        format::age_in_minutes(row.age)
    } else {
        format::age(row.age)
    };
    let (age, (state, role)) = match (&detail.ended, row.state) {
        (Some(_), _) => (format!("was open {age}"), ending(&cell)),
        (None, ConnState::Open) => (format!("open {age}"), (String::new(), Role::Plain)),
        (None, _) => (format!("open {age}"), (state(&cell), state_role(&cell))),
    };
    let mut pen = sheet.row(1);
    let columns = width(&age) + width(&state) + 5;
    let room = pen.room().saturating_sub(columns);
    pen.skip(1).text(fit(&way, room), Role::Plain);
    pen.at_end(&[
        Span::styled(state, role),
        Span::styled(format!("  {age} "), Role::Plain),
    ]);
}

/// What has passed, what waits, and which settings it obeys.
fn figures(detail: &Detail, own: &Own, sheet: &mut Sheet<'_>) {
    let row = &detail.row;
    let PerDirection { up, down } = row.bytes.map(format::bytes);
    let mut pen = sheet.row(2);
    pen.skip(1)
        .text(format!("↑ {up}  ↓ {down}"), Role::Measured);
    let held = row.held.map(format::bytes);
    let held = if row.held.sum() > 0 {
        format!("  held ↑ {} ↓ {}", held.up, held.down)
    } else {
        "  nothing waits".to_owned()
    };
    pen.text(
        held,
        if row.held.sum() > 0 {
            Role::Injected
        } else {
            Role::Rest
        },
    );
    if !own.is_empty() {
        pen.text(format!("  alone: {own}"), Role::Injected);
    }
    if let Some(added) = row.added {
        let text = format!("  last added {}", format::time(added));
        pen.text(text, Role::Measured);
    }
    pen.text(format!("  obeys #{}", row.generation), Role::Plain);
}

fn draw_story(detail: &Detail, told: &[Told], sheet: &mut Sheet<'_>) {
    let visible = usize::from(sheet.area.height.saturating_sub(1));
    let shown = position(detail.first, visible, told.len());
    let left = [
        Span::styled("what happened to it", Role::Plain),
        Span::styled(format!("  {shown}"), Role::Rest),
    ];
    sheet.title(&left, None);
    for (at, told) in (1..).zip(told.iter().skip(detail.first).take(visible)) {
        let mut pen = sheet.row(at);
        let clock = format::clock_exact(told.at);
        pen.holds_line(|| Target::Told(format!("{clock} {}", told.text)));
        pen.skip(1).text(&clock, Role::Rest);
        pen.skip(2).text(&told.text, told.role);
    }
}
