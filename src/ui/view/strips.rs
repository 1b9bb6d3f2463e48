//! The strips: one for each proxy, with its knobs.
//!
//! ```text
//! ▌1 db     35432=psql://my-db:5432            ●   4 conn  set 4/4    feels 256 ms
//! ▌ LAT ━━━━◉╌╌╌╌ 250ms=251ms JIT ╌╌╌╌╌╌╌╌╌   off▸0ms   BW  ╌╌╌╌╌╌╌╌╌   off▸340K/s
//!  2 web    9090=https://www.google.com        ⊘   1 conn  BYPASS     felt 41 ms
//! ```

use ratatui::text::Span;

use super::dial::LABEL;
use super::hits::Target;
use super::layout::{Density, Form, Mixer};
use super::pen::{Sheet, fit, width, widths};
use super::strip::{Strip, before_knob, called, digits};
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

/// The role of the rule over a pane: bright where it has the keys, so that the eye finds it from afar.
pub(super) fn rule(model: &Model, pane: Focus) -> Role {
    match focused(model, pane) {
        Role::Title => Role::Title,
        _ => Role::Rest,
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
    let proxies = &model.snapshot.proxies;
    let places = mixer.places(model);
    let rows = || places.iter().map(|place| &proxies[place.index]);
    let widest = |text: &dyn Fn(&ProxyRow) -> u16| rows().map(text).max();
    let names = widest(&|row| called(model, row)).unwrap_or(0);
    let conns = widest(&|row| width(&row.open.to_string()) + 5).unwrap_or(0);
    let column = mixer.strips.width / mixer.columns.max(1);
    let behind = before_knob(names, conns, digits(model), column.saturating_sub(1));
    head(model, mixer, behind, sheet.part(mixer.head));
    if places.is_empty() {
        let mut none = sheet.part(mixer.strips);
        let text = format!(
            "no proxy matches {}: Esc shows all",
            model.finds.of(Place::Strips).text()
        );
        none.row(0).skip(3).text(text, Role::Rest);
    }
    for place in &places {
        let row = &proxies[place.index];
        let strip = Strip {
            model,
            mixer,
            row,
            number: place.index + 1,
            names,
            conns,
            proof: Proof::new(model, row, busiest),
        };
        strip.draw(place.is_row, sheet.part(place.area));
        if model.contact.has_lost(row.id) {
            sheet.part(place.area).dim();
        }
    }
}

/// The title, and above the tracks the names of the knobs; above the selected one's, the keys of its stops. Strips in one row
/// have their knob behind `behind` columns.
fn head(model: &Model, mixer: &Mixer, behind: u16, mut sheet: Sheet<'_>) {
    let narrow: String = KEYS.split_whitespace().collect();
    let in_rows = mixer.density == Density::Rows;
    let keys = if mixer.track < 18 || in_rows {
        &narrow
    } else {
        KEYS
    };
    let label = match mixer.form {
        Form::Wide if !in_rows => 0,
        Form::Wide | Form::Tall | Form::Compact => LABEL,
    };
    let has_row = sheet.area.height > 1;
    let at = u16::try_from(model.knob.saturating_sub(mixer.knobs.0)).unwrap_or(0);
    let before = if in_rows {
        behind
    } else {
        mixer.margin + at * mixer.knob
    };
    let keys_at = before + label;
    let title = title(model, mixer, mixer.form == Form::Compact && !has_row);
    let ends = keys_at + width(keys) + 1;
    let columns = sheet.area.width;
    let is_beside = |right: &Vec<Span<'_>>| has_row || ends + widths(right) + 4 <= columns;
    let right = pages(model, mixer).into_iter().filter(is_beside);
    sheet.rule(rule(model, Focus::Mixer), &title, right);
    if !has_row {
        if widths(&title) + 5 <= keys_at && ends < columns {
            sheet.row(0).skip(keys_at).text(keys, Role::Plain);
        }
        return;
    }
    sheet.row(1).skip(3).text("PROXY", Role::Rest);
    for (at, (index, dial)) in (0..).zip(knobs(mixer)) {
        let mut pen = sheet.row(1);
        pen.to(mixer.margin + at * mixer.knob + label);
        if let Some(proxy) = model.selected {
            pen.holds(mixer.knob - label, Target::Label(proxy, index));
        }
        if index == model.knob {
            pen.text(keys, Role::Plain);
        } else {
            pen.text(fit(dial.knob.title, mixer.knob - label - 1), Role::Rest);
        }
    }
}

/// What the strips are called, which are visible, how many are marked, and what is looked for; without the name where the
/// keys stand in the same row.
fn title(model: &Model, mixer: &Mixer, is_brief: bool) -> Vec<Span<'static>> {
    let strips = model.strips().count();
    let shown = position(model.first_strip, mixer.room(model), strips);
    let name = focused(model, Focus::Mixer);
    let mut title = if is_brief {
        vec![Span::styled(shown, name)]
    } else {
        let shown = Span::styled(format!("  {shown}"), Role::Plain);
        vec![Span::styled("mixer", name), shown]
    };
    if !model.marked.is_empty() {
        let marked = format!("  {} marked", model.marked.len());
        title.push(Span::styled(marked, Role::Injected));
    }
    let all = model.snapshot.proxies.len();
    title.extend(looked_for(model, Place::Strips, all));
    title
}

/// What the selected knob is called, and which knobs are drawn; shorter where there is no room.
fn pages(model: &Model, mixer: &Mixer) -> [Vec<Span<'static>>; 2] {
    let (first, count) = mixer.knobs;
    let all = knob::all();
    let (Some(dial), last) = (all.get(model.knob), first + count) else {
        return [Vec::new(), Vec::new()];
    };
    let title = || Span::styled(dial.knob.title, Role::Title);
    let page = match mixer.density {
        Density::Rows => format!("knob {} of {}: ", model.knob + 1, all.len()),
        Density::Whole | Density::Busy => format!("knobs {}-{last} of {}: ", first + 1, all.len()),
    };
    let keys = Span::styled("  ' [ ]", Role::Plain);
    [
        vec![Span::styled(page, Role::Plain), title(), keys],
        vec![title()],
    ]
}
