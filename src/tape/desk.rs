//! How proxies stand after what a tape says has happened.

use super::record::{Head, Record, Standing, What};

// === impl Head ===

impl Head {
    /// Goes on from here by what happened: the proxies stand as they did after it.
    pub fn apply(&mut self, record: &Record) {
        self.t = self.t.max(record.t);
        match &record.what {
            What::Added(standing) => {
                self.proxies.retain(|other| other.proxy != standing.proxy);
                // Who added it belongs to what happened, and not to how it stands.
                let by = String::new();
                self.proxies.push(Standing {
                    by,
                    ..Standing::clone(standing)
                });
            }
            What::Removed { proxy, .. } => self.proxies.retain(|other| other.proxy != *proxy),
            What::Renamed { proxy, before, .. } => {
                self.edit(before, |standing| standing.proxy.clone_from(proxy));
            }
            What::Repointed { proxy, mapping, .. } => {
                self.edit(proxy, |standing| standing.mapping.clone_from(mapping));
            }
            What::Port { proxy, port, .. } => self.edit(proxy, |standing| standing.port = *port),
            What::Faults(change) => self.edit(&change.proxy, |standing| {
                standing.faults.clone_from(&change.faults);
                standing.bypassed = change.bypassed;
            }),
            What::Second(_)
            | What::Finding(_)
            | What::Sweep(_)
            | What::Error { .. }
            | What::Stall { .. }
            | What::Lost { .. }
            | What::End { .. }
            | What::Unknown => {}
        }
    }

    fn edit(&mut self, name: &str, edit: impl FnOnce(&mut Standing)) {
        let mut proxies = self.proxies.iter_mut();
        if let Some(standing) = proxies.find(|standing| standing.proxy == name) {
            edit(standing);
        }
    }
}
