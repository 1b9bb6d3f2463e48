//! The strips: one for each proxy, with its knobs.
//!
//! ```text
//! ▌1 db     35432=psql://my-db:5432            ●   4 conn  set 4/4    feels 256 ms
//! ▌ LAT ━━━━◉╌╌╌╌ 250ms=251ms JIT ╌╌╌╌╌╌╌╌╌   off▸0ms   BW  ╌╌╌╌╌╌╌╌╌   off▸340K/s
//!  2 web    9090=https://www.google.com        ⊘   1 conn  BYPASS     felt 41 ms
//! ```

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::layout::{Form, Mixer};
use super::pen::{Sheet, width};
use super::strip::Strip;
use super::track::KEYS;
use crate::fault::{Direction, Directions};
use crate::snapshot::ProxyRow;
use crate::ui::find::Place;
use crate::ui::format;
use crate::ui::knob::{self, Dial};
use crate::ui::model::{Focus, Model};
use crate::ui::proof::{Busiest, Proof};
use crate::ui::theme::Role;

/// The knobs that are drawn, with their places in the table of all.
pub(super) fn knobs(mixer: &Mixer) -> impl Iterator<Item = (usize, &'static Dial)> {
    let (first, count) = mixer.knobs;
    knob::all().iter().enumerate().skip(first).take(count)
}

/// Which of a list's rows are visible, for its title: `3-6 of 9`; only the number where all are.
pub(super) fn position(first: usize, visible: usize, all: usize) -> String {
    let number = |number: usize| format::count(number as u64);
    if first == 0 && visible >= all {
        number(all)
    } else {
        let last = (first + visible).min(all);
        format!("{}-{} of {}", number(first + 1), number(last), number(all))
    }
}

/// What is looked for in a list, and of how many, for its title: nobody is to forget it.
pub(super) fn looked_for(model: &Model, place: Place, all: usize) -> Option<Span<'static>> {
    let find = model.finds.of(place);
    let all = format::count(all as u64);
    let text = || format!("  / {}  in {all}", find.text());
    (!find.is_empty()).then(|| Span::styled(text(), Role::Injected))
}

/// The direction that the keys turn.
pub(super) const fn directions_word(directions: Directions) -> &'static str {
    match directions {
        Directions::Both => "both ways",
        Directions::Only(Direction::Up) => "up only",
        Directions::Only(Direction::Down) => "down only",
    }
}

/// The role of a pane's title: bold where it has the keys.
pub(super) fn focused(model: &Model, pane: Focus) -> Role {
    if model.focus == pane && model.overlays.is_empty() {
        Role::Title
    } else {
        Role::Plain
    }
}

/// What stands beside the selected row of a pane, thin where another pane has the keys.
pub(super) fn selection(model: &Model, pane: Focus) -> (&'static str, Role) {
    if model.focus == pane {
        ("▌", Role::Title)
    } else {
        ("▏", Role::Plain)
    }
}

/// Draws the strips from the first visible one on, and what stands above them.
pub(super) fn draw(model: &Model, mixer: &Mixer, busiest: &Busiest, sheet: &mut Sheet<'_>) {
    head(model, mixer, sheet.part(mixer.head));
    let rows = model.strips().skip(model.first_strip);
    let rows: Vec<(usize, &ProxyRow)> = rows.take(mixer.room()).collect();
    let widest = |text: &dyn Fn(&ProxyRow) -> u16| rows.iter().map(|(_, row)| text(row)).max();
    let names = widest(&|row| width(&row.name)).unwrap_or(0);
    let conns = widest(&|row| width(&row.open.to_string()) + 5).unwrap_or(0);
    if rows.is_empty() {
        let mut none = sheet.part(mixer.strips);
        let text = format!(
            "no proxy matches {}: Esc shows all",
            model.finds.of(Place::Strips).text()
        );
        none.row(0).skip(3).text(text, Role::Rest);
    }
    for (at, (place, row)) in rows.into_iter().enumerate() {
        let strip = Strip {
            model,
            mixer,
            row,
            number: place + 1,
            names,
            conns,
            proof: Proof::new(model, row, busiest),
        };
        let above = u16::try_from(at).unwrap_or(u16::MAX);
        let place = Rect {
            y: mixer
                .strips
                .y
                .saturating_add(above.saturating_mul(mixer.height)),
            height: mixer.height,
            ..mixer.strips
        };
        strip.draw(sheet.part(mixer.strips).part(place));
    }
}

/// The title, and the keys of the stops above the tracks.
fn head(model: &Model, mixer: &Mixer, mut sheet: Sheet<'_>) {
    let all_strips = model.snapshot.proxies.len();
    let strips = model.strips().count();
    let shown = position(model.first_strip, mixer.room(), strips);
    let (first, count) = mixer.knobs;
    let all = knob::all().len();
    let page = format!("knobs {}-{} of {all}  [ ]", first + 1, first + count);
    let mut title = vec![
        Span::styled("mixer", focused(model, Focus::Mixer)),
        Span::styled(format!("  {shown}"), Role::Plain),
    ];
    title.extend(looked_for(model, Place::Strips, all_strips));
    let right = (count < all).then(|| vec![Span::styled(page, Role::Plain)]);
    sheet.title(&title, right);
    sheet.row(1).skip(3).text("PROXY", Role::Rest);
    let narrow: String = KEYS.split_whitespace().collect();
    let keys = if mixer.track < 18 { &narrow } else { KEYS };
    for (at, (index, dial)) in (0..).zip(knobs(mixer)) {
        let mut pen = sheet.row(1);
        pen.to(mixer.margin + at * mixer.knob);
        if mixer.form != Form::Wide {
            pen.text("key ", Role::Rest).text(keys, Role::Rest);
            continue;
        }
        pen.text(keys, Role::Rest).text(" ", Role::Rest);
        if index == model.knob {
            pen.text(dial.knob.title, Role::Title.selected());
        } else {
            pen.text(dial.knob.title, Role::Rest);
        }
    }
}
