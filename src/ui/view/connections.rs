//! The connections of the selected proxy: only the rows that are visible are made.
//!
//! ```text
//! ─ connections  db  1-4 of 12 ─────────────────────── S sort: ↓rate ▾ ─
//!   ID    PEER             AGE   ↑BYTES   ↓BYTES    ↓RATE▾   ADDED  STATE
//! ▌ #31   127.0.0.1:50122  4m12  1.2 MB    88 MB  210 kB/s  251 ms  open
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::columns::{BETWEEN, Columns};
use super::pen::{Pen, Rule, row, width, wrap};
use super::strips::{focused, position};
use crate::snapshot::{ConnRow, PortState, ProxyRow};
use crate::ui::format;
use crate::ui::model::{Focus, Model, Said, Tone};
use crate::ui::theme::{Role, Theme};

/// Rows of the table that are no connections: the title and the heads of the columns.
pub(super) const HEAD: u16 = 2;

/// The connections of the selected proxy.
pub(super) struct Connections<'a> {
    pub(super) model: &'a Model,
    pub(super) proxy: &'a ProxyRow,
}

impl Widget for &Connections<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let visible = usize::from(area.height.saturating_sub(HEAD));
        let conns = &self.model.snapshot.conns;
        let rows = self.model.conns.rows.iter().take(visible);
        let rows: Vec<&ConnRow> = rows.filter_map(|index| conns.get(*index)).collect();
        self.title(rows.len(), area, buf);
        if rows.is_empty() {
            self.nothing(area, buf);
            return;
        }
        let sorted = self.model.conns.sort.column;
        let columns = Columns::fitting(area.width.saturating_sub(1), self.proxy, &rows, sorted);
        self.heads(&columns, row(area, 1), buf);
        for (at, conn) in (HEAD..).zip(&rows) {
            self.row(&columns, conn, row(area, at), buf);
        }
    }
}

/// What became of a proxy's connections: `3 of them failed`, `40 cut by reset, 28 by timeout, 1 failed`.
fn ends(proxy: &ProxyRow) -> String {
    let failed = format::count(proxy.failed);
    if proxy.ended.is_empty() {
        return format!("{failed} of them failed");
    }
    let mut parts: Vec<String> = Vec::new();
    for (kind, count) in &proxy.ended {
        let cut = if parts.is_empty() { "cut " } else { "" };
        parts.push(format!("{} {cut}by {kind}", format::count(*count)));
    }
    parts.extend((proxy.failed > 0).then(|| format!("{failed} failed")));
    parts.join(", ")
}

impl Connections<'_> {
    fn theme(&self) -> Theme {
        self.model.theme
    }

    fn title(&self, visible: usize, area: Rect, buf: &mut Buffer) {
        let theme = self.theme();
        let list = &self.model.conns;
        let shown = position(list.first, visible, list.total);
        let style = focused(self.model, Focus::Connections, theme);
        let left = vec![
            Span::styled("connections", style),
            Span::styled(format!("  {}", self.proxy.name), theme.style(Role::Title)),
            Span::styled(format!("  {shown}"), theme.style(Role::Plain)),
        ];
        let sort = format!("sort: {} {}", list.sort.column.label(), self.arrow());
        let right = vec![vec![
            Span::styled("S", theme.style(Role::Title)),
            Span::styled(format!(" {sort}"), theme.style(Role::Plain)),
        ]];
        Rule { left, right }.draw(row(area, 0), buf, theme);
    }

    const fn arrow(&self) -> &'static str {
        if self.model.conns.sort.descending {
            "▾"
        } else {
            "▴"
        }
    }

    /// Why there is none, what became of those that were, and the last failure of this proxy.
    fn nothing(&self, area: Rect, buf: &mut Buffer) {
        let rest = self.theme().style(Role::Rest);
        let proxy = self.proxy;
        let addr = proxy.listening.first();
        let text = match (&proxy.port, addr, proxy.total) {
            (PortState::Refusing, ..) => "none: the port is closed by the fault refuse".to_owned(),
            (PortState::Closed, ..) => "none: the port is closed, o opens it".to_owned(),
            (PortState::Waiting(why), ..) => format!("clients wait: {why}"),
            (PortState::Open, Some(addr), 0) => format!("none yet: point a client at {addr}"),
            (PortState::Open, None, 0) => "none yet".to_owned(),
            (PortState::Open, _, total) => {
                format!(
                    "none open: {} so far, {}",
                    format::count(total),
                    ends(proxy)
                )
            }
        };
        Pen::new(buf, row(area, 1)).skip(2).text(&text, rest);
        let lines = self.model.log.iter().rev();
        let mut said = lines.filter_map(|line| self.model.said(line));
        let failed = |said: &Said<'_>| said.tone == Tone::Trouble && said.proxy == proxy.name;
        if let Some(said) = said.find(failed) {
            self.failure(said, area, buf);
        }
    }

    /// The whole reason, over as many lines as it takes: what helps stands at its end.
    fn failure(&self, said: Said<'_>, area: Rect, buf: &mut Buffer) {
        let theme = self.theme();
        let trouble = theme.style(Role::Trouble);
        let head = format!("last failure {}", format::clock(said.at));
        let margin = width(&head) + 5;
        let mut lines = wrap(said.text, area.width.saturating_sub(margin + 1));
        let mut indent = margin;
        if lines.len() + usize::from(HEAD) > usize::from(area.height) {
            // Too few lines: those after the first begin further left.
            let text = lines[1..].join(" ");
            lines.truncate(1);
            indent = 4;
            lines.extend(wrap(&text, area.width.saturating_sub(indent + 1)));
        }
        let mut pen = Pen::new(buf, row(area, HEAD));
        pen.skip(2).text(&head, theme.style(Role::Rest)).skip(1);
        pen.text("! ", trouble);
        for (at, text) in (HEAD..).zip(&lines) {
            let indent = if at == HEAD { margin } else { indent };
            Pen::new(buf, row(area, at))
                .skip(indent)
                .text(text, trouble);
        }
    }

    fn heads(&self, columns: &Columns, area: Rect, buf: &mut Buffer) {
        let mut pen = Pen::new(buf, area);
        for (column, wide) in &columns.shown {
            let mut title = column.title().to_owned();
            let mut role = Role::Rest;
            if column.sorts(self.model.conns.sort.column) {
                role = Role::Title;
                if width(&title) < *wide {
                    title.push_str(self.arrow());
                }
            }
            let style = self.theme().style(role);
            pen.skip(BETWEEN);
            if column.is_figure() {
                pen.right(&title, *wide, style);
            } else {
                pen.left(&title, *wide, style);
            }
        }
    }

    fn row(&self, columns: &Columns, conn: &ConnRow, area: Rect, buf: &mut Buffer) {
        let theme = self.theme();
        let selected = self.model.conns.selected == Some(conn.id);
        let has_keys = self.model.focus == Focus::Connections;
        let mut pen = Pen::new(buf, area);
        for (column, wide) in &columns.shown {
            let text = column.text(self.model, self.proxy, conn);
            let style = theme.style(column.role(self.proxy, conn));
            pen.skip(BETWEEN);
            if column.is_figure() {
                pen.right(&text, *wide, style);
            } else {
                pen.left(&text, *wide, style);
            }
        }
        if selected && has_keys {
            let behind = Rect {
                x: area.x + 1,
                width: area.width.saturating_sub(1),
                ..area
            };
            buf.set_style(behind.intersection(buf.area), theme.selected(Role::Plain));
            Pen::new(buf, area).text("▌", theme.style(Role::Title));
        } else if selected {
            Pen::new(buf, area).text("▏", theme.style(Role::Plain));
        }
    }
}
