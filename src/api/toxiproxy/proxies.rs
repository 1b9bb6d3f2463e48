//! Proxies made, moved, enabled, disabled and removed, as toxiproxy does each.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::book::Entry;
use super::change::{Answered, failed, whole};
use super::json::{self, Members};
use super::listen::{Listen, Place};
use crate::api::answer::{self, Refusal};
use crate::api::{Control, Desk};
use crate::fault::{Plan, SettingName};
use crate::mapping::{self, Mapping, Name};
use crate::proxy::AddError;
use crate::proxy::sys::is_local;
use crate::snapshot::ProxyId;

/// What is said of a desk whose proxies stay as they are.
pub(in crate::api) const FIXED: &str =
    "this desk is fixed: its proxies are neither made, moved nor removed";

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
        let place = match listen {
            Some(listen) => Some(Place::resolve(listen).await.map_err(failed)?),
            None => None,
        };
        control.put(id, place, upstream, enabled).await?;
        control.told(StatusCode::OK, id)
    })
    .await
}

pub(super) async fn remove(Desk(control): Desk, Path(name): Path<String>) -> Answered {
    whole(control, move |control| async move {
        let id = control.named(&name)?;
        control.refuse_fixed()?;
        control.engine.remove(id).await;
        control.forget(id);
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
        let same = listen.is_ok_and(|listen| listen.is(entry.place.meant, bound));
        same && self.upstream == entry.upstream
    }
}

// === impl Control ===

impl Control {
    /// The proxy that clients know by this name.
    pub(super) fn named(&self, name: &str) -> Result<ProxyId, Refusal> {
        let found = self.proxies().into_iter().find(|(_, own)| own == name);
        found.map(|(id, _)| id).ok_or_else(gone)
    }

    /// A proxy as an answer, with what acts on it beside its toxics.
    fn told(&self, status: StatusCode, id: ProxyId) -> Answered {
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

    pub(in crate::api) fn refuse_fixed(&self) -> Result<(), Refusal> {
        if !self.parts.fixed {
            return Ok(());
        }
        Err(Refusal::new(StatusCode::FORBIDDEN, FIXED))
    }

    /// Whether one more proxy may be made.
    pub(in crate::api) fn may_add(&self) -> Result<(), Refusal> {
        self.refuse_fixed()?;
        let full = self.engine.proxies().len() >= MOST;
        full.then(|| Refusal::bad(format!("there are {MOST} proxies, and no more may be")))
            .map_or(Ok(()), Err)
    }

    /// Whether a proxy of this mapping may listen where it says.
    pub(in crate::api) fn may_listen(&self, mapping: &Mapping) -> Result<(), Refusal> {
        let port = mapping.listen;
        let mut own = mapping.bind.iter();
        own.try_for_each(|ip| {
            self.refuse_address(Listen {
                ip: Some(*ip),
                port,
            })
        })
    }

    /// Makes a proxy.
    pub(super) async fn make(&self, wanted: Wanted) -> Result<ProxyId, Refusal> {
        let Wanted {
            name,
            listen,
            upstream,
            enabled,
        } = wanted;
        self.may_add()?;
        // Setting names have the same bounds: so many bytes, no control characters.
        SettingName::new(&name).map_err(Refusal::bad)?;
        let proxies = self.proxies();
        if proxies.iter().any(|(_, other)| *other == name) {
            return Err(Refusal::new(StatusCode::CONFLICT, "proxy already exists"));
        }
        let place = listen_at(listen).await?;
        self.refuse_address(place.meant)?;
        let mapping = Mapping {
            listen: place.meant.port,
            bind: place.meant.own(self.engine.bind()),
            closed: !enabled,
            ..read(&upstream)?.called(self.free_name(&name))
        };
        let added = self.engine.add(mapping, Plan::default()).await;
        let id = added.map_err(|error| refused(place.meant, &error))?;
        let entry = Entry {
            own: self.own_name(id).unwrap_or_else(|| name.clone()),
            name,
            place,
            upstream,
            mapping: self.engine.mapping(id).ok_or_else(gone)?,
            opened: enabled,
            toxics: Vec::new(),
        };
        self.keep(id, entry);
        Ok(id)
    }

    /// Moves, enables and disables a proxy, as far as each is asked for. Where it is moved its connections end, and its faults
    /// stay.
    pub(super) async fn put(
        &self,
        id: ProxyId,
        place: Option<Place>,
        upstream: Option<String>,
        enabled: Option<bool>,
    ) -> Result<(), Refusal> {
        let entry = self.entry(id).ok_or_else(gone)?;
        let (was_enabled, bound) = (self.is_enabled(id), self.bound(id));
        let enabled = enabled.unwrap_or(was_enabled);
        let place = place.filter(|place| !place.meant.is(entry.place.meant, bound));
        let upstream = upstream.filter(|upstream| *upstream != entry.upstream);
        let moves = place.is_some() || upstream.is_some();
        if moves {
            self.refuse_fixed()?;
        }
        // Closed before it moves and opened behind: it listens nowhere that is not asked for.
        if was_enabled && !enabled {
            self.engine.close(id).await;
        }
        if moves && let Err(refusal) = self.move_to(id, entry, place, upstream).await {
            if was_enabled && !enabled {
                self.enable(id).await?;
            }
            return Err(refusal);
        }
        if enabled && !was_enabled {
            self.enable(id).await?;
        }
        Ok(())
    }

    /// Has a proxy begin anew as this one, without toxics.
    pub(super) async fn make_anew(&self, id: ProxyId, wanted: Wanted) -> Result<(), Refusal> {
        let place = Some(listen_at(wanted.listen).await?);
        let put = self.put(id, place, Some(wanted.upstream), Some(wanted.enabled));
        put.await?;
        self.take_all_off(id).await;
        Ok(())
    }

    async fn move_to(
        &self,
        id: ProxyId,
        entry: Entry,
        place: Option<Place>,
        upstream: Option<String>,
    ) -> Result<(), Refusal> {
        let mut next = entry;
        let mut mapping = self.engine.mapping(id).ok_or_else(gone)?;
        if let Some(upstream) = upstream {
            mapping = mapping.towards(&read(&upstream)?);
            next.upstream = upstream;
        }
        if let Some(place) = place {
            self.refuse_address(place.meant)?;
            mapping.listen = place.meant.port;
            mapping.bind = place.meant.own(self.engine.bind());
            next.place = place;
        }
        let moved = self.engine.repoint(id, mapping).await;
        if !moved.map_err(|error| refused(next.place.meant, &error))? {
            return Err(gone());
        }
        next.mapping = self.engine.mapping(id).ok_or_else(gone)?;
        self.keep(id, next);
        Ok(())
    }

    async fn enable(&self, id: ProxyId) -> Result<(), Refusal> {
        if let Err(error) = self.engine.open(id).await {
            // It stays as it was, and is not asked for again: a port is closed without fail.
            let _ = self.engine.set_port(id, false).await;
            let meant = self.entry(id).map_or(Listen::ANY, |it| it.place.meant);
            return Err(failed(meant.failed(&error)));
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

    fn refuse_address(&self, asked: Listen) -> Result<(), Refusal> {
        let why = asked.refuse(self.engine.bind(), is_local);
        why.map_or(Ok(()), |why| Err(failed(why)))
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

pub(super) fn gone() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "proxy not found")
}

/// Where a new proxy is to listen.
async fn listen_at(written: String) -> Result<Place, Refusal> {
    let place = Place::resolve(written).await;
    place.map_err(|why| failed(format!("listen tcp: {why}")))
}

/// Reads an upstream: an address, or a mapping's URL.
fn read(upstream: &str) -> Result<Mapping, Refusal> {
    let read = mapping::parse_upstream(upstream.trim());
    read.map_err(|error| Refusal::bad(format!("upstream {upstream:?}: {}", error.message)))
}

/// Why a proxy could not be made, as toxiproxy says it where it would.
fn refused(asked: Listen, error: &AddError) -> Refusal {
    match error {
        AddError::Bind(error) => failed(asked.failed(error)),
        AddError::Circle(_) => Refusal::bad(error.to_string()),
        AddError::Name(_) => Refusal::new(StatusCode::CONFLICT, "proxy already exists"),
        AddError::Changed(error) => Refusal::new(StatusCode::CONFLICT, error.to_string()),
    }
}
