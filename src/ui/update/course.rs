//! The course of a session: which plan was set when, so that a scene can say it.

use std::time::Duration;

use crate::fault::Plan;
use crate::snapshot::ProxyId;
use crate::ui::model::{Model, Turned};

/// So many changes are kept for a scene with times; the oldest go first.
const COURSE: usize = 2_000;

/// Of a knob that is held only the last plan counts in so long a time.
const HELD: Duration = Duration::from_millis(250);

/// Keeps a plan that was set.
pub(super) fn remember(model: &mut Model, proxy: ProxyId, before: Plan, after: Plan) {
    let now = model.now;
    let course = &mut model.private.course;
    let last = course.iter_mut().rev().find(|turned| turned.proxy == proxy);
    match last.filter(|last| now.saturating_sub(last.at) < HELD) {
        Some(last) => last.after = after,
        None => course.push_back(Turned {
            at: now,
            proxy,
            before,
            after,
        }),
    }
    if course.len() > COURSE {
        course.pop_front();
    }
}

/// The changes of the proxies that are there.
pub(super) fn of(model: &Model) -> Vec<&Turned> {
    let course = model.private.course.iter();
    let is_there = |turned: &&Turned| model.proxy(turned.proxy).is_some();
    course.filter(is_there).collect()
}
