//! The strips: one for each proxy, with its knobs.
//!
//! ```text
//! ▌1 db     35432=psql://my-db:5432            ●   4 conn  set 4/4    feels 256 ms
//! ▌ LAT ━━━━◉╌╌╌╌ 250ms=251ms JIT ╌╌╌╌╌╌╌╌╌   off▸0ms   BW  ╌╌╌╌╌╌╌╌╌   off▸340K/s
//!  2 web    9090=https://www.google.com        ⊘   1 conn  BYPASS     felt 41 ms
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::layout::{Form, Mixer};
use super::pen::{Pen, Rule, row, width};
use super::strip::Strip;
use super::track::KEYS;
use crate::fault::{Directions, PerDirection};
use crate::snapshot::{ProxyId, ProxyRow};
use crate::ui::knob::{self, Dial};
use crate::ui::model::{Focus, Model};
use crate::ui::proof::Proof;
use crate::ui::theme::{Role, Theme};

/// The strips, from the first visible one on.
pub(super) struct Strips<'a> {
    pub(super) model: &'a Model,
    pub(super) mixer: &'a Mixer,
    /// The rates of the fastest connections, as `Proof` needs them.
    pub(super) busiest: &'a [(ProxyId, PerDirection<f64>)],
}

/// The knobs that are drawn, with their places in the table of all.
pub(super) fn knobs(mixer: &Mixer) -> impl Iterator<Item = (usize, &'static Dial)> {
    let (first, count) = mixer.knobs;
    knob::all().iter().enumerate().skip(first).take(count)
}

/// Which of a list's rows are visible, for its title: `3-6 of 9`; only the number where all are.
pub(super) fn position(first: usize, visible: usize, all: usize) -> String {
    let number = |number: usize| crate::ui::format::count(number as u64);
    if first == 0 && visible >= all {
        number(all)
    } else {
        let last = (first + visible).min(all);
        format!("{}-{} of {}", number(first + 1), number(last), number(all))
    }
}

/// The direction that the keys turn.
pub(super) const fn directions_word(directions: Directions) -> &'static str {
    match directions {
        Directions::Both => "both ways",
        Directions::Only(crate::fault::Direction::Up) => "up only",
        Directions::Only(crate::fault::Direction::Down) => "down only",
    }
}

impl Widget for &Strips<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let rows = self.visible();
        self.head(buf);
        let widest = |text: &dyn Fn(&ProxyRow) -> u16| rows.iter().map(text).max().unwrap_or(0);
        let names = widest(&|row| width(&row.name));
        let conns = widest(&|row| width(&row.open.to_string()) + 5);
        for (at, proxy) in rows.iter().enumerate() {
            let down = u16::try_from(at)
                .unwrap_or(u16::MAX)
                .saturating_mul(self.mixer.height);
            let strip = Strip {
                model: self.model,
                mixer: self.mixer,
                row: proxy,
                number: self.model.first_strip + at + 1,
                names,
                conns,
                proof: Proof::new(self.model, proxy, self.busiest),
            };
            let place = Rect {
                y: area.y.saturating_add(down),
                height: self.mixer.height,
                ..area
            };
            strip.render(place.intersection(area), buf);
        }
    }
}

impl Strips<'_> {
    fn visible(&self) -> &[ProxyRow] {
        let proxies = &self.model.snapshot.proxies;
        let first = self.model.first_strip.min(proxies.len());
        let last = (first + self.mixer.room()).min(proxies.len());
        &proxies[first..last]
    }

    /// The title, and the keys of the stops above the tracks.
    fn head(&self, buf: &mut Buffer) {
        let theme = self.model.theme;
        let area = self.mixer.head;
        if area.height == 0 {
            return;
        }
        let all = self.model.snapshot.proxies.len();
        let shown = position(self.model.first_strip, self.mixer.room(), all);
        let mut title = vec![Span::styled(
            "mixer",
            focused(self.model, Focus::Mixer, theme),
        )];
        title.push(Span::styled(format!("  {shown}"), theme.style(Role::Plain)));
        let (first, count) = self.mixer.knobs;
        let (last, knobs) = (first + count, knob::all().len());
        let right = if count < knobs {
            let text = format!("knobs {}-{last} of {knobs}  [ ]", first + 1);
            vec![vec![Span::styled(text, theme.style(Role::Plain))]]
        } else {
            Vec::new()
        };
        Rule { left: title, right }.draw(row(area, 0), buf, theme);
        self.keys(row(area, 1), buf);
    }

    fn keys(&self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let rest = theme.style(Role::Rest);
        Pen::new(buf, area).skip(3).text("PROXY", rest);
        let narrow: String = KEYS.split_whitespace().collect();
        let keys = if self.mixer.track < 18 { &narrow } else { KEYS };
        for (at, (index, dial)) in (0..).zip(knobs(self.mixer)) {
            let mut pen = Pen::new(buf, area);
            pen.to(self.mixer.margin + at * self.mixer.knob);
            if self.mixer.form == Form::Wide {
                let title = if index == self.model.knob {
                    theme.selected(Role::Title)
                } else {
                    rest
                };
                pen.text(keys, rest)
                    .text(" ", rest)
                    .text(dial.knob.title, title);
            } else {
                pen.text("key ", rest).text(keys, rest);
            }
        }
    }
}

/// The style of a pane's title: bold where it has the keys.
pub(super) fn focused(model: &Model, pane: Focus, theme: Theme) -> ratatui::style::Style {
    let has_keys = model.focus == pane && model.overlays.is_empty();
    theme.style(if has_keys { Role::Title } else { Role::Plain })
}
