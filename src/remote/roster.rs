//! Keeps the engines of a desk those of the pods that match: who comes is followed, who is gone is shown no more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::crew::Crew;
use super::kube::Pods;
use super::target::Target;

/// How long is waited before the pods are listed again.
const EVERY: Duration = Duration::from_secs(2);

/// The pods of one target that are engines of a desk.
pub(super) struct Roster {
    target: Target,
    pods: Pods,
    /// Their places, by their names.
    places: BTreeMap<String, usize>,
    /// What was said last of why the list is not whole.
    said: String,
}

// === impl Roster ===

impl Roster {
    pub(super) fn new(target: Target, pods: Pods) -> Self {
        Self {
            target,
            pods,
            places: BTreeMap::new(),
            said: String::new(),
        }
    }

    /// A pod was given a place.
    pub(super) fn note(&mut self, pod: String, place: usize) {
        self.places.insert(pod, place);
    }

    /// Lists the pods again and again, until nobody wants that any more: the caller drops this.
    pub(super) async fn run(mut self, crew: Arc<Crew>) {
        loop {
            sleep(EVERY).await;
            // Who cannot be listed may be there still: what is followed goes on.
            let trouble = match self.pods.found().await {
                Ok(found) => self.take(&crew, &found),
                Err(why) => Some(why),
            };
            let trouble = trouble.unwrap_or_default();
            if !trouble.is_empty() && trouble != self.said {
                crew.board.note(format!("{}: {trouble}", self.target));
            }
            self.said = trouble;
        }
    }

    /// These pods are there; says why some of them are not followed.
    fn take(&mut self, crew: &Crew, found: &[String]) -> Option<String> {
        self.places.retain(|pod, place| {
            let is_there = found.contains(pod);
            if !is_there {
                crew.end(*place);
            }
            is_there
        });
        for pod in found {
            if !self.places.contains_key(pod) {
                let caller = crew.caller(self.target.of_pod(&self.pods, pod));
                let Some(place) = crew.begin(Some(pod.clone()), &caller) else {
                    return Some(format!(
                        "{} pods are shown, and more match",
                        self.places.len()
                    ));
                };
                self.places.insert(pod.clone(), place);
            }
        }
        None
    }
}
