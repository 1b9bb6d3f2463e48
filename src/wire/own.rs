//! What holds for one connection alone, as it is asked for.

use serde::{Deserialize, Serialize};

use crate::fault::{Kind, Own, Plan, language};

/// What holds for one connection alone, over the plan of its proxy; faults are in the fault language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnText {
    /// Whether its proxy's faults spare it.
    pub exempt: bool,
    /// Whether all its bytes wait.
    pub frozen: bool,
    /// The faults that stand in place of its proxy's of the same kinds.
    pub faults: String,
    /// The kinds that do not act on it, whatever its proxy's are.
    pub off: Vec<String>,
}

// === impl OwnText ===

impl OwnText {
    /// What it says.
    ///
    /// # Errors
    /// A fault cannot be read, or no kind has this name.
    pub fn own(&self) -> Result<Own, String> {
        let mut own = Own::default();
        (own.exempt, own.frozen) = (self.exempt, self.frozen);
        let settings = if self.faults.trim().is_empty() {
            Vec::new()
        } else {
            language::parse(&self.faults).map_err(|error| error.message)?
        };
        let plan = Plan::of(settings);
        for setting in plan.settings() {
            own.set(setting.kind, &plan);
        }
        for name in &self.off {
            let kind =
                Kind::named(name).ok_or_else(|| format!("no kind of fault is called {name}"))?;
            own.set(kind, &Plan::default());
        }
        Ok(own)
    }
}

impl From<&Own> for OwnText {
    fn from(own: &Own) -> Self {
        let off = own.kinds().filter(|(_, settings)| settings.is_empty());
        let settings = own.kinds().flat_map(|(_, settings)| settings);
        Self {
            exempt: own.exempt,
            frozen: own.frozen,
            faults: Plan::of(settings.cloned()).to_string(),
            off: off.map(|(kind, _)| kind.name.to_owned()).collect(),
        }
    }
}
