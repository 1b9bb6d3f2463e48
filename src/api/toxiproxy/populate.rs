//! Many proxies at once: those that are there already are left alone, others made or put in the place of those of their name.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::change::{Answered, whole};
use super::json;
use super::proxies::{Wanted, gone};
use super::toxics;
use crate::api::answer::{self, Refusal};
use crate::api::{Control, Desk};
use crate::snapshot::ProxyId;

/// What was done of them, and why no more was.
pub(super) struct Populated {
    pub(super) done: Vec<ProxyId>,
    pub(super) refused: Option<Refusal>,
}

pub(super) async fn populate(Desk(control): Desk, body: Body) -> Answered {
    let body = answer::read(body).await?;
    let wanted = match read(&body) {
        Ok(wanted) => wanted,
        Err(refusal) => return Ok(told(&refusal, &Value::Null)),
    };
    whole(control, move |control| async move {
        let Populated { done, refused } = control.populate(wanted).await;
        let done: Vec<_> = done
            .into_iter()
            .filter_map(|id| control.shown(id))
            .collect();
        Ok(match refused {
            None => answer::json(StatusCode::CREATED, &json!({"proxies": done})),
            Some(refusal) => told(&refusal, &json!(done)),
        })
    })
    .await
}

/// A refusal with what was done before it.
fn told(refusal: &Refusal, proxies: &Value) -> Response {
    let Refusal { status, error } = refusal;
    let body = json!({"error": error, "status": status.as_u16(), "proxies": proxies});
    answer::json(*status, &body)
}

/// Reads all of them, before any is made.
pub(super) fn read(body: &Bytes) -> Result<Vec<Wanted>, Refusal> {
    let members = json::array(body)?;
    let numbered = members.iter().zip(1..);
    let read = numbered.map(|(members, number)| {
        Wanted::read(members).map_err(|refusal| Refusal {
            error: format!("{} at proxy {number}", refusal.error),
            ..refusal
        })
    });
    read.collect()
}

impl Control {
    /// Has the proxies of a file be there, with the toxics that it gives them.
    pub(in crate::api) async fn fill(&self, config: Bytes) -> Result<(), String> {
        let said = |refusal: Refusal| refusal.error;
        let wanted = read(&config).map_err(said)?;
        let members = json::array(&config).map_err(said)?;
        for ((wanted, members), number) in wanted.into_iter().zip(members).zip(1..) {
            let at = |refusal: Refusal| format!("{} at proxy {number}", refusal.error);
            let Populated { done, refused } = self.populate(vec![wanted]).await;
            refused.map_or(Ok(()), Err).map_err(at)?;
            for (id, toxic) in done.iter().zip([members.array("toxics").map_err(at)?]) {
                for toxic in toxic {
                    let toxic = toxics::new(&toxic, &self.toxics(*id)).map_err(at)?;
                    self.put_on(*id, None, toxic).await;
                }
            }
        }
        Ok(())
    }

    /// Has these proxies be there; the first one that cannot be ends it.
    pub(super) async fn populate(&self, wanted: Vec<Wanted>) -> Populated {
        let mut done = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            match self.have(wanted).await {
                Ok(id) => done.push(id),
                Err(refusal) => {
                    let refused = Some(refusal);
                    return Populated { done, refused };
                }
            }
        }
        let refused = None;
        Populated { done, refused }
    }

    /// Makes a proxy, leaves it alone where it is so already, and else has it begin anew.
    async fn have(&self, wanted: Wanted) -> Result<ProxyId, Refusal> {
        let Ok(old) = self.named(&wanted.name) else {
            return self.make(wanted).await;
        };
        let entry = self.entry(old).ok_or_else(gone)?;
        if !wanted.is(&entry, self.bound(old)).await {
            self.make_anew(old, wanted).await?;
        }
        Ok(old)
    }
}
