//! What a proxy is doing, in a glyph and words: the same on its strip and wherever else it is spoken of.

use std::time::Duration;

use crate::fault::Plan;
use crate::snapshot::{Point, PortState, ProxyRow};
use crate::ui::format;
use crate::ui::model::Model;
use crate::ui::proof::Gap;
use crate::ui::theme::Role;

/// For so long a failed connection marks its proxy.
const RECENT: Duration = Duration::from_secs(10);

/// What a proxy is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) glyph: &'static str,
    pub(super) role: Role,
    /// `4 conn`; nothing for a closed port without any.
    pub(super) conns: String,
    /// `set 4/4`, `BYPASS`, `closed`, `full`, `waits 4` for those that wait longer than is their habit, `failed 2`, `left 2` for
    /// clients that hung up, and `cut 3` in the last seconds: at most 10 columns.
    pub(super) note: String,
}

/// What a proxy with this plan is doing.
pub(super) fn state(row: &ProxyRow, plan: &Plan) -> State {
    let left = lately(row, |point| point.left);
    let failed = lately(row, |point| point.failed).saturating_sub(left);
    let cut = cut(row, plan);
    let overdue = row.unanswered.overdue;
    let (glyph, role, note) = match &row.port {
        PortState::Closed => ("✕", Role::Trouble, "closed".to_owned()),
        PortState::Refusing => ("✕", Role::Trouble, "refusing".to_owned()),
        PortState::Waiting(_) => ("!", Role::Trouble, "full".to_owned()),
        PortState::Open if plan.bypassed => ("⊘", Role::Trouble, "BYPASS".to_owned()),
        PortState::Open if row.up_to_date < row.open => ("!", Role::Trouble, set(row)),
        PortState::Open if failed > 0 => {
            let note = format!("failed {}", short(failed.into()));
            ("!", Role::Trouble, note)
        }
        PortState::Open if cut > 0 => ("✕", Role::Injected, format!("cut {}", short(cut))),
        PortState::Open if overdue > 0 => (
            "!",
            wait_role(plan),
            format!("waits {}", short(overdue.into())),
        ),
        // Clients that gave up while a fault acts did what the fault makes them do.
        PortState::Open if left > 0 => {
            ("!", wait_role(plan), format!("left {}", short(left.into())))
        }
        PortState::Open => ("●", Role::Good, set(row)),
    };
    let conns = if row.foreign.is_some() {
        // Nobody counts them.
        "- conn".to_owned()
    } else if row.open == 0 && matches!(row.port, PortState::Closed | PortState::Refusing) {
        String::new()
    } else {
        format!("{} conn", row.open)
    };
    State {
        glyph,
        role,
        conns,
        note,
    }
}

/// How a wait beyond habit is meant: as what the user asked for where faults act, else as trouble that others make.
pub(super) fn wait_role(plan: &Plan) -> Role {
    if plan.bypassed || plan.is_empty() {
        Role::Trouble
    } else {
        Role::Injected
    }
}

/// How many connections faults ended in the last ten seconds, as long as such a fault acts. Where none is open any more,
/// all that it ended: an application that has given up looks calm.
fn cut(row: &ProxyRow, plan: &Plan) -> u64 {
    let acts = |kind: &str| plan.settings().iter().any(|it| it.kind.name == kind);
    let ended = row.ended.iter().filter(|(kind, _)| acts(kind));
    let ended: u64 = ended.map(|(_, count)| count).sum();
    let lately = u64::from(lately(row, |point| point.cut));
    if ended > 0 && (lately > 0 || row.open > 0) {
        return lately;
    }
    ended
}

/// A count in at most four columns: `999`, `12k`.
fn short(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}M", count / 1_000_000),
    }
}

/// How many connections came to such an end in the last ten seconds.
pub(super) fn lately(row: &ProxyRow, ends: impl Fn(&Point) -> u32) -> u32 {
    let Some(last) = row.history.points.back() else {
        return 0;
    };
    let points = row.history.points.iter().rev();
    let lately = points.take_while(|point| last.at.saturating_sub(point.at) < RECENT);
    lately.map(ends).sum()
}

/// What clients feel, and whether they feel it now; where some get no answer, for how long the oldest has waited.
pub(super) fn feels(row: &ProxyRow) -> (String, Role) {
    if row.unanswered.overdue > 0 {
        let oldest = format::time(row.unanswered.oldest);
        return (format!("waits {oldest}"), wait_role(&row.plan));
    }
    // A stream that asks for nothing feels how it stands still.
    let stalls = row.felt_now().is_none().then(|| row.losses().stalls);
    if let Some(stalls @ 1..) = stalls {
        return (
            format!("stalls {}/m", format::count(stalls)),
            Role::Measured,
        );
    }
    let Some(spread) = row.feels else {
        return ("feels -".to_owned(), Role::Rest);
    };
    let time = format::time(spread.p50);
    if row.felt_now().is_some() {
        (format!("feels {time}"), Role::Measured)
    } else {
        (format!("felt {time}"), Role::Rest)
    }
}

/// Why a knob does not simply agree, marked where it differs.
pub(super) fn explained(gap: Gap) -> (String, Role) {
    if gap.differs {
        (format!("! {}", gap.text), Role::Trouble)
    } else {
        (gap.text, Role::Rest)
    }
}

/// The mapping, with the port that is really listened on, and without the name that stands beside it.
pub(super) fn mapping(row: &ProxyRow) -> String {
    row.bound().called(None).to_string()
}

/// The side that acts, of two settings, as it stands behind a name; nothing where there are not two.
pub(super) fn side(model: &Model, row: &ProxyRow) -> String {
    let side = model.side(row.id);
    side.map_or_else(String::new, |side| format!(" {side}"))
}

/// Which of the connections run what is set.
fn set(row: &ProxyRow) -> String {
    let ratio = format!("{}/{}", row.up_to_date, row.open);
    match row.open {
        0 => String::new(),
        100.. if row.up_to_date == row.open => "set all".to_owned(),
        100.. => ratio,
        _ => format!("set {ratio}"),
    }
}
