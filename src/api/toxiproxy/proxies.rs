//! Proxies made, moved, enabled, disabled and removed, as toxiproxy does each.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::book::Entry;
use super::change::{Answered, failed, whole};
use super::json::{self, Members};
use super::listen::Listen;
use crate::api::answer::{self, Refusal};
use crate::api::{Control, Desk};
use crate::fault::{Plan, SettingName};
use crate::mapping::{self, Mapping, Name};
use crate::proxy::AddError;
use crate::snapshot::{Kill, ProxyId};

/// So many proxies there may be.
const MOST: usize = 512;

/// A proxy as it is asked for.
pub(super) struct Wanted {
    pub(super) name: String,
    listen: String,
    upstream: String,
    enabled: bool,
}

pub(super) async fn list(Desk(control): Desk) -> Response {
    let proxies = control.proxies().into_iter();
    let shown = proxies.filter_map(|(id, name)| Some((name, control.shown(id)?)));
    let shown: std::collections::BTreeMap<_, _> = shown.collect();
    answer::json(StatusCode::OK, &shown)
}

pub(super) async fn create(Desk(control): Desk, body: Body) -> Answered {
    let body = answer::read(body).await?;
    let wanted = Wanted::read(&json::object(&body)?)?;
    whole(control, move |control| async move {
        let id = control.make(wanted).await?;
        control.told(StatusCode::CREATED, id)
    })
    .await
}

pub(super) async fn one(Desk(control): Desk, Path(name): Path<String>) -> Answered {
    control.told(StatusCode::OK, control.named(&name)?)
}

pub(super) async fn change(Desk(control): Desk, Path(name): Path<String>, body: Body) -> Answered {
    control.named(&name)?;
    let body = answer::read(body).await?;
    let members = json::object(&body)?;
    let (listen, upstream) = (members.text("listen")?, members.text("upstream")?);
    let enabled = members.switch("enabled")?;
    whole(control, move |control| async move {
        let id = control.named(&name)?;
        let id = control.put(id, listen, upstream, enabled).await?;
        control.told(StatusCode::OK, id)
    })
    .await
}

pub(super) async fn remove(Desk(control): Desk, Path(name): Path<String>) -> Answered {
    whole(control, move |control| async move {
        let id = control.named(&name)?;
        control.refuse_fixed()?;
        control.engine.remove(id).await;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

/// Enables every proxy and takes its toxics off. What could not be enabled is told, and the rest is done.
pub(super) async fn reset(Desk(control): Desk) -> Answered {
    whole(control, move |control| async move {
        let mut refused = Ok(StatusCode::NO_CONTENT.into_response());
        for (id, _) in control.proxies() {
            if !control.is_enabled(id)
                && let Err(refusal) = control.enable(id).await
            {
                refused = Err(refusal);
            }
            control.take_all_off(id).await;
        }
        refused
    })
    .await
}

// === impl Wanted ===

impl Wanted {
    pub(super) fn read(members: &Members) -> Result<Self, Refusal> {
        let listen = members.text("listen")?;
        let enabled = members.switch("enabled")?;
        Ok(Self {
            name: members.required("name")?,
            upstream: members.required("upstream")?,
            listen: listen.unwrap_or_default(),
            enabled: enabled.unwrap_or(true),
        })
    }

    /// Whether a proxy is it already, whatever else was done to it.
    pub(super) async fn is(&self, entry: &Entry, bound: Option<std::net::SocketAddr>) -> bool {
        let listen = Listen::resolve(&self.listen).await;
        let same = listen.is_ok_and(|listen| listen.is(entry.asked, bound));
        same && self.upstream == entry.upstream
    }
}

// === impl Control ===

impl Control {
    /// The proxy that clients know by this name.
    pub(super) fn named(&self, name: &str) -> Result<ProxyId, Refusal> {
        let found = self.proxies().into_iter().find(|(_, own)| own == name);
        let gone = || Refusal::new(StatusCode::NOT_FOUND, "proxy not found");
        found.map(|(id, _)| id).ok_or_else(gone)
    }

    /// A proxy as an answer, with what acts on it beside its toxics.
    fn told(&self, status: StatusCode, id: ProxyId) -> Answered {
        let gone = || Refusal::new(StatusCode::NOT_FOUND, "proxy not found");
        let mut response = answer::json(status, &self.shown(id).ok_or_else(gone)?);
        let plan = self.engine.plan(id).unwrap_or_default();
        let others = plan
            .settings()
            .iter()
            .filter(|setting| setting.name.is_none());
        let faults = Plan::of(others.cloned()).to_string();
        if let Some(faults) = HeaderValue::from_str(&faults)
            .ok()
            .filter(|it| !it.is_empty())
        {
            response.headers_mut().insert("x-faultboard-faults", faults);
        }
        if plan.bypassed {
            let yes = HeaderValue::from_static("true");
            response.headers_mut().insert("x-faultboard-bypassed", yes);
        }
        Ok(response)
    }

    pub(super) fn refuse_fixed(&self) -> Result<(), Refusal> {
        if !self.parts.fixed {
            return Ok(());
        }
        let why = "this desk is fixed: its proxies are neither made, moved nor removed";
        Err(Refusal::new(StatusCode::FORBIDDEN, why))
    }

    /// Makes a proxy.
    pub(super) async fn make(&self, wanted: Wanted) -> Result<ProxyId, Refusal> {
        let Wanted {
            name,
            listen,
            upstream,
            enabled,
        } = wanted;
        self.refuse_fixed()?;
        // Setting names have the same bounds: so many bytes, no control characters.
        SettingName::new(&name).map_err(Refusal::bad)?;
        let proxies = self.proxies();
        if proxies.iter().any(|(_, other)| *other == name) {
            return Err(Refusal::new(StatusCode::CONFLICT, "proxy already exists"));
        }
        if proxies.len() >= MOST {
            return Err(Refusal::bad(format!(
                "there are {MOST} proxies, and no more may be"
            )));
        }
        let asked = Listen::resolve(&listen).await;
        let asked = asked.map_err(|why| failed(format!("listen tcp: {why}")))?;
        self.refuse_address(asked)?;
        let mapping = Self::mapping(asked, &upstream)?.called(self.free_name(&name));
        let added = self.engine.add(mapping, Plan::default()).await;
        let id = added.map_err(|error| refused(asked, &error))?;
        if !enabled {
            self.disable(id).await;
        }
        let entry = Entry {
            own: self.own_name(id).unwrap_or_else(|| name.clone()),
            name,
            listen,
            asked,
            upstream,
            opened: enabled,
            toxics: Vec::new(),
        };
        self.keep(id, entry);
        Ok(id)
    }

    /// Moves, enables and disables a proxy, as far as each is asked for; returns its number, which is another one where it was
    /// moved.
    async fn put(
        &self,
        id: ProxyId,
        listen: Option<String>,
        upstream: Option<String>,
        enabled: Option<bool>,
    ) -> Result<ProxyId, Refusal> {
        let gone = || Refusal::new(StatusCode::NOT_FOUND, "proxy not found");
        let entry = self.entry(id).ok_or_else(gone)?;
        let was_enabled = self.is_enabled(id);
        let enabled = enabled.unwrap_or(was_enabled);
        let asked = match &listen {
            Some(text) => Listen::resolve(text).await.map_err(failed)?,
            None => entry.asked,
        };
        let is_there = asked.is(entry.asked, self.bound(id));
        let upstream = upstream.unwrap_or_else(|| entry.upstream.clone());
        if is_there && upstream == entry.upstream {
            match (was_enabled, enabled) {
                (false, true) => self.enable(id).await?,
                (true, false) => self.disable(id).await,
                _ => {}
            }
            return Ok(id);
        }
        self.refuse_fixed()?;
        self.refuse_address(asked)?;
        // At the same place it keeps its port, also one that was any.
        let bound = self.bound(id).filter(|_| is_there);
        let port = bound.map_or(asked.port, |bound| bound.port());
        let next = Entry {
            listen: listen.unwrap_or(entry.listen),
            asked: if is_there { entry.asked } else { asked },
            upstream,
            opened: entry.opened || enabled,
            ..entry
        };
        self.move_to(id, next, port, enabled).await
    }

    /// Puts a proxy in the place of one, whose connections end; its faults stay.
    async fn move_to(
        &self,
        id: ProxyId,
        next: Entry,
        port: u16,
        enabled: bool,
    ) -> Result<ProxyId, Refusal> {
        let gone = || Refusal::new(StatusCode::NOT_FOUND, "proxy not found");
        let own = self.own_name(id).and_then(|own| Name::parse(&own).ok());
        let at = Listen { port, ..next.asked };
        let mapping = Self::mapping(at, &next.upstream)?.called(own);
        let plan = self.engine.plan(id).ok_or_else(gone)?;
        let replaced = self.engine.replace(id, mapping, Plan::clone(&plan)).await;
        let new = replaced.map_err(|error| refused(next.asked, &error))?;
        if !enabled {
            self.disable(new).await;
        }
        let own = self.own_name(new).unwrap_or_else(|| next.own.clone());
        self.keep(new, Entry { own, ..next });
        Ok(new)
    }

    async fn enable(&self, id: ProxyId) -> Result<(), Refusal> {
        if let Err(error) = self.engine.set_port(id, true).await {
            // It stays as it was, and is not asked for again.
            let _ = self.engine.set_port(id, false).await;
            let asked = self.entry(id).map(|entry| entry.asked);
            let asked = asked.unwrap_or(Listen::ANY);
            return Err(failed(asked.failed(&error)));
        }
        if let Some(entry) = self.entry(id).filter(|entry| !entry.opened) {
            self.keep(
                id,
                Entry {
                    opened: true,
                    ..entry
                },
            );
        }
        Ok(())
    }

    /// Closes a proxy's port and ends its connections.
    async fn disable(&self, id: ProxyId) {
        // A port is closed without fail.
        let _ = self.engine.set_port(id, false).await;
        let snapshot = self.engine.snapshot().await;
        let conns = snapshot.conns.iter().filter(|row| row.proxy == id);
        for conn in conns {
            // One that has ended meanwhile needs no end.
            let _ = self.engine.kill(conn.id, Kill::Fin);
        }
    }

    fn refuse_address(&self, asked: Listen) -> Result<(), Refusal> {
        let why = asked.refuse(self.engine.bind());
        why.map_or(Ok(()), |why| Err(failed(why)))
    }

    /// The mapping from where it is to listen to an upstream.
    fn mapping(asked: Listen, upstream: &str) -> Result<Mapping, Refusal> {
        let read = mapping::parse(&format!("{}={}", asked.port, upstream.trim()));
        read.map_err(|error| Refusal::bad(format!("upstream {upstream:?}: {}", error.message)))
    }

    /// A name for the desk: the given one, or the like of it where no proxy can be called so and it is free.
    fn free_name(&self, given: &str) -> Option<Name> {
        if let Ok(name) = Name::parse(given) {
            return Some(name);
        }
        let may = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let like: String = given
            .chars()
            .map(|c| if may(c) { c } else { '-' })
            .take(32)
            .collect();
        Name::parse(&like)
            .ok()
            .filter(|name| self.engine.find(name.as_str()).is_none())
    }
}

/// Why a proxy could not be made, as toxiproxy says it where it would.
fn refused(asked: Listen, error: &AddError) -> Refusal {
    match error {
        AddError::Bind(error) => failed(asked.failed(error)),
        AddError::Circle(_) => Refusal::bad(error.to_string()),
        AddError::Name(_) => Refusal::new(StatusCode::CONFLICT, "proxy already exists"),
    }
}
