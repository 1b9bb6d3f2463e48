//! Toxics added, turned and taken off. Each is a named setting of its proxy's plan, which open connections obey at once.

use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::book::ShownToxic;
use super::change::{Answered, whole};
use super::json::{self, Members};
use crate::api::answer::{self, Refusal};
use crate::api::{Control, Desk};
use crate::fault::{Direction, Plan, SettingName};
use crate::snapshot::ProxyId;
use crate::toxic::{Toxic, ToxicType};

/// So many toxics a proxy may have.
const MOST: usize = 256;

type Named = Path<(String, String)>;

pub(super) async fn list(Desk(control): Desk, Path(proxy): Path<String>) -> Answered {
    let toxics = control.toxics(control.named(&proxy)?);
    let shown: Vec<_> = toxics.iter().map(ShownToxic::of).collect();
    Ok(answer::json(StatusCode::OK, &shown))
}

pub(super) async fn create(Desk(control): Desk, Path(proxy): Path<String>, body: Body) -> Answered {
    control.named(&proxy)?;
    let body = answer::read(body).await?;
    let members = json::object(&body)?;
    whole(control, move |control| async move {
        let id = control.named(&proxy)?;
        let toxics = control.toxics(id);
        let toxic = new(&members, &toxics)?;
        let told = told(&toxic);
        control.put_on(id, None, toxic).await;
        Ok(told)
    })
    .await
}

pub(super) async fn one(Desk(control): Desk, Path((proxy, toxic)): Named) -> Answered {
    let id = control.named(&proxy)?;
    Ok(told(&control.toxic(id, &toxic)?))
}

pub(super) async fn change(
    Desk(control): Desk,
    Path((proxy, name)): Named,
    body: Body,
) -> Answered {
    control.toxic(control.named(&proxy)?, &name)?;
    let body = answer::read(body).await?;
    let members = json::object(&body)?;
    whole(control, move |control| async move {
        let id = control.named(&proxy)?;
        let before = control.toxic(id, &name)?;
        let mut toxic = before.clone();
        toxic.values = attributes(toxic.kind, &members, &before.values)?;
        toxic.toxicity = members.number("toxicity")?.unwrap_or(before.toxicity);
        let told = told(&toxic);
        control.put_on(id, Some(before), toxic).await;
        Ok(told)
    })
    .await
}

pub(super) async fn remove(Desk(control): Desk, Path((proxy, name)): Named) -> Answered {
    whole(control, move |control| async move {
        let id = control.named(&proxy)?;
        let toxic = control.toxic(id, &name)?;
        control.take_off(id, &toxic).await;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

fn told(toxic: &Toxic) -> Response {
    answer::json(StatusCode::OK, &ShownToxic::of(toxic))
}

/// Reads a toxic that is to stand beside others: its stream is judged first, then its type, its name, its attributes.
pub(super) fn new(members: &Members, others: &[Toxic]) -> Result<Toxic, Refusal> {
    let (stream, kind) = (members.text("stream")?, members.text("type")?);
    let (name, toxicity) = (members.text("name")?, members.number("toxicity")?);
    let stream = stream.unwrap_or_else(|| "downstream".to_owned());
    let direction = match stream.to_lowercase().as_str() {
        "upstream" => Direction::Up,
        "downstream" => Direction::Down,
        _ => {
            let error = "stream was invalid, can be either upstream or downstream";
            return Err(Refusal::bad(error));
        }
    };
    let kind = kind.as_deref().and_then(ToxicType::named);
    let kind = kind.ok_or_else(|| Refusal::bad("invalid toxic type"))?;
    let name = name.filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| format!("{}_{stream}", kind.name));
    SettingName::new(&name).map_err(Refusal::bad)?;
    if others.iter().any(|other| other.name == name) {
        return Err(Refusal::new(StatusCode::CONFLICT, "toxic already exists"));
    }
    if others.len() >= MOST {
        return Err(Refusal::bad(format!("a proxy has at most {MOST} toxics")));
    }
    let values = attributes(kind, members, &vec![0; kind.attributes.len()])?;
    Ok(Toxic {
        name,
        kind,
        stream,
        direction,
        toxicity: toxicity.unwrap_or(1.0),
        values,
    })
}

/// The attributes of a type as they are given, and where not, as they were; all of them or none.
fn attributes(kind: &ToxicType, members: &Members, before: &[i64]) -> Result<Vec<i64>, Refusal> {
    let given = members.members("attributes")?;
    let both = kind.attributes.iter().zip(before);
    let read = both.map(|(attribute, before)| {
        let value = given.integer(attribute.name)?.unwrap_or(*before);
        attribute
            .refuse(value)
            .map_or(Ok(value), |why| Err(json::bad(&why)))
    });
    read.collect()
}

// === impl Control ===

impl Control {
    fn toxic(&self, id: ProxyId, name: &str) -> Result<Toxic, Refusal> {
        let mut toxics = self.toxics(id).into_iter();
        let gone = || Refusal::new(StatusCode::NOT_FOUND, "toxic not found");
        toxics.find(|toxic| toxic.name == name).ok_or_else(gone)
    }

    /// Puts a toxic on, in the place of what it was before where it stood already; returns when the connections run it.
    pub(super) async fn put_on(&self, id: ProxyId, before: Option<Toxic>, toxic: Toxic) {
        let (was, is) = (before.and_then(|it| it.setting()), toxic.setting());
        self.turn(id, |plan| {
            if was.as_ref().map(|it| it.kind) != is.as_ref().map(|it| it.kind) {
                take_name(plan, &toxic);
            }
            if let Some(setting) = is {
                plan.set(setting);
            }
        })
        .await;
        let Some(mut entry) = self.entry(id) else {
            return;
        };
        match entry
            .toxics
            .iter_mut()
            .find(|other| other.name == toxic.name)
        {
            Some(other) => *other = toxic,
            None => entry.toxics.push(toxic),
        }
        self.keep(id, entry);
    }

    async fn take_off(&self, id: ProxyId, toxic: &Toxic) {
        self.turn(id, |plan| take_name(plan, toxic)).await;
        if let Some(mut entry) = self.entry(id) {
            entry.toxics.retain(|other| other.name != toxic.name);
            self.keep(id, entry);
        }
    }

    /// Takes all toxics of a proxy off; what else is set stays.
    pub(super) async fn take_all_off(&self, id: ProxyId) {
        let toxics = self.toxics(id);
        if toxics.is_empty() {
            return;
        }
        self.turn(id, |plan| {
            for toxic in &toxics {
                take_name(plan, toxic);
            }
        })
        .await;
        if let Some(mut entry) = self.entry(id).filter(|entry| !entry.toxics.is_empty()) {
            entry.toxics.clear();
            self.keep(id, entry);
        }
    }

    /// Changes a proxy's plan, beside whoever else does.
    async fn turn(&self, id: ProxyId, edit: impl FnOnce(&mut Plan)) {
        // A proxy that is gone meanwhile has no plan to change.
        let _ = self.engine.edit_plan(id, edit).await;
    }
}

fn take_name(plan: &mut Plan, toxic: &Toxic) {
    if let Ok(name) = SettingName::new(&toxic.name) {
        plan.clear_named(None, &name);
    }
}
