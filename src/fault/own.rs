//! What holds for one connection alone, over the plan of its proxy: whether faults spare it, whether it stands still, and the
//! kinds that are set otherwise for it.
//!
//! It is plain data, as a plan is; `InForce::with_own` says what acts then.

use std::fmt;

use super::{KINDS, Kind, Plan, Setting, Value};

/// What holds for one connection alone. The default is nothing: the plan of its proxy acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Whether its proxy's faults spare it, and what is set for it alone rests.
    pub exempt: bool,
    /// Whether all its bytes are held.
    pub frozen: bool,
    /// The kinds that are set for it alone, each with the settings that stand in place of its proxy's; none is off.
    kinds: Vec<(&'static Kind, Vec<Setting>)>,
}

// === impl Own ===

impl Own {
    /// Whether the plan of its proxy acts as on any other.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a kind is set for it alone.
    #[must_use]
    pub fn sets(&self, kind: &Kind) -> bool {
        self.kinds.iter().any(|(own, _)| *own == kind)
    }

    /// The kinds that are set for it alone, each with the settings that stand in place of its proxy's; none is off.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static Kind, &[Setting])> {
        let kinds = self.kinds.iter();
        kinds.map(|(kind, settings)| (*kind, settings.as_slice()))
    }

    /// Sets a kind for it alone, as it stands in `plan` without a name. A link that connections of a proxy share is its own then.
    pub fn set(&mut self, kind: &'static Kind, plan: &Plan) {
        let own = plan.settings().iter().filter(|own| own.is(kind, None));
        let settings = own.cloned().map(alone).collect();
        self.kinds.retain(|(other, _)| *other != kind);
        self.kinds.push((kind, settings));
        self.kinds.sort_by_key(|(kind, _)| kind.index());
    }

    /// Takes back all kinds that are set for it alone.
    pub fn clear(&mut self) {
        self.kinds.clear();
    }

    /// The plan that acts on the connection, where `plan` is its proxy's.
    #[must_use]
    pub fn over(&self, plan: &Plan) -> Plan {
        let mut all = plan.clone();
        if self.exempt {
            all.clear_all();
        } else {
            for (kind, settings) in &self.kinds {
                all.clear(kind);
                settings.iter().cloned().for_each(|own| all.set(own));
            }
        }
        let frozen = KINDS.iter().find_map(|kind| kind.freezes);
        if let Some(setting) = frozen.filter(|_| self.frozen) {
            all.set(setting());
        }
        all
    }
}

/// The setting on a link of the connection's own.
fn alone(setting: Setting) -> Setting {
    match setting.kind.shares {
        Some(shares) if shares(&setting) => setting.with("scope", Value::Word("connection")),
        _ => setting,
    }
}

/// In a few words: `frozen, latency 250ms`; nothing where its proxy's plan acts.
impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = [(self.exempt, "exempt"), (self.frozen, "frozen")];
        let flags = flags.iter().filter(|(is_set, _)| *is_set);
        let mut words: Vec<String> = flags.map(|(_, word)| (*word).to_owned()).collect();
        for (kind, settings) in &self.kinds {
            if settings.is_empty() {
                words.push(format!("{} off", kind.name));
            }
            words.extend(settings.iter().map(Setting::to_string));
        }
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::language::plan;

    #[test]
    fn what_is_set_alone_stands_over_the_plan_of_the_proxy() {
        let proxy = plan("latency 250ms, bandwidth 64kB/s");
        let kind = |name| Kind::named(name).expect("a kind");
        let mut own = Own::default();
        assert_eq!(own.over(&proxy), proxy);
        own.set(kind("latency"), &plan("latency 1s down"));
        own.set(kind("bandwidth"), &Plan::default());
        assert_eq!(own.over(&proxy).to_string(), "latency 1s down");
        assert_eq!(own.to_string(), "latency 1s down, bandwidth off");
        own.frozen = true;
        assert_eq!(own.over(&proxy).to_string(), "latency 1s down, blackhole");
        own.exempt = true;
        assert_eq!(own.over(&proxy).to_string(), "blackhole");
        own = Own::default();
        own.set(kind("bandwidth"), &plan("bandwidth 1MB/s"));
        let shares = kind("bandwidth").shares.expect("it may");
        let over = own.over(&proxy);
        let mut rates = over.settings().iter().filter(|it| own.sets(it.kind));
        assert!(rates.next().is_some_and(|own| !shares(own)), "{over}");
        let mut bypassed = proxy.clone();
        bypassed.bypassed = true;
        assert!(own.over(&bypassed).bypassed);
        own.clear();
        assert!(own.is_empty());
    }
}
