//! What the console asks for, as changes of a toxiproxy server's proxies and toxics.
//!
//! It is looked at before each change, so that what others have set meanwhile stays, and after it, so that what it came to is
//! shown at once.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::told::Told;
use super::{Server, Toxiproxy, somebody};
use crate::command;
use crate::desk::{Ability, Program};
use crate::fault::Plan;
use crate::mapping::{Mapping, TlsMode};
use crate::remote::words::encoded;
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::{ProxyId, Taken};
use crate::toxic::{self, Toxic};

// === impl Toxiproxy ===

impl Toxiproxy {
    /// Does what is asked for; proxies have the desk's numbers, and the server's names.
    pub(in crate::remote) async fn carry_out(
        &self,
        request: Request,
    ) -> Result<Outcome, RequestError> {
        if let Some(outcome) = aside(&request) {
            return outcome;
        }
        let mut server = self.server.lock().await;
        self.look(&mut server, &somebody()).await?;
        let done = self.change(&mut server, request).await;
        let looked = self.look(&mut server, &self.board.author(self.place)).await;
        let named = done?;
        looked?;
        Ok(named(&|name| {
            let id = server.seen.proxy(name).map_or(ProxyId(0), |it| it.0.id);
            self.board.desk_proxy(self.place, id)
        }))
    }

    /// Changes what is asked for; returns what it comes to, once the number of a proxy of some name is known.
    #[expect(clippy::too_many_lines, reason = "one arm for each request")]
    async fn change(
        &self,
        server: &mut Server,
        request: Request,
    ) -> Result<Box<Came>, RequestError> {
        let called = |id: &ProxyId| {
            let name = self.board.own_name(self.place, *id);
            name.ok_or(RequestError::NoProxy(*id))
        };
        let outcome = match request {
            Request::Add { mapping, plan } => {
                let name = mapping.name_beside(mapping.listen, |_| false);
                server.add(&name, &mapping, &plan).await?;
                return Ok(Box::new(move |id| Outcome::Added(id(&name))));
            }
            Request::Replace {
                proxy,
                mapping,
                plan,
            } => {
                let name = called(&proxy)?;
                if mapping.name.as_ref().is_some_and(|it| it.as_str() != name) {
                    return Err(lacks(Ability::Names));
                }
                server.move_to(&name, &mapping).await?;
                server.set(&name, None, plan).await?;
                server.seen.renumber(&name);
                return Ok(Box::new(move |id| Outcome::Added(id(&name))));
            }
            Request::Remove(proxy) => {
                let path = path(&called(&proxy)?);
                server.ask(Method::DELETE, &path, Value::Null).await?;
                Outcome::Removed(proxy)
            }
            Request::SetPlan {
                proxy,
                before,
                plan,
            } => {
                server.set(&called(&proxy)?, before.as_ref(), plan).await?;
                // How its connections take it is not told.
                Outcome::Planned(proxy, Taken::default())
            }
            Request::SetPort { proxy, open } => {
                server.enable(&called(&proxy)?, open).await?;
                Outcome::PortSet(proxy)
            }
            Request::Close(proxy) => {
                server.enable(&called(&proxy)?, false).await?;
                Outcome::PortSet(proxy)
            }
            Request::Repoint { proxy, mapping } => {
                server.move_to(&called(&proxy)?, &mapping).await?;
                Outcome::Repointed(proxy)
            }
            // Answered aside.
            Request::Rename { .. }
            | Request::Sweep(..)
            | Request::StopSweep(_)
            | Request::Probe(_)
            | Request::Kill(..)
            | Request::SetOwn(..)
            | Request::Watch(_)
            | Request::KillAll(..)
            | Request::Stop(_) => Outcome::Watching,
        };
        Ok(Box::new(move |_| outcome.clone()))
    }
}

/// What a change came to, by the number of a proxy of some name.
type Came = dyn Fn(&dyn Fn(&str) -> ProxyId) -> Outcome + Send;

/// What the server is not asked for.
fn aside(request: &Request) -> Option<Result<Outcome, RequestError>> {
    Some(match request {
        Request::Watch(_) => Ok(Outcome::Watching),
        // It says so when it is asked to listen there.
        Request::Probe(port) => Ok(Outcome::Probed(*port, Ok(()))),
        Request::Rename { .. } => Err(lacks(Ability::Names)),
        Request::Sweep(..) | Request::StopSweep(_) => Err(lacks(Ability::Measures)),
        Request::Kill(..) | Request::KillAll(..) | Request::SetOwn(..) => {
            Err(lacks(Ability::Connections))
        }
        Request::Stop(_) => {
            let why = "it goes on where it runs: q leaves this console";
            Err(RequestError::Refused(why.to_owned()))
        }
        Request::Add { .. }
        | Request::Replace { .. }
        | Request::Remove(_)
        | Request::SetPlan { .. }
        | Request::SetPort { .. }
        | Request::Close(_)
        | Request::Repoint { .. } => return None,
    })
}

fn lacks(ability: Ability) -> RequestError {
    let why = Program::Toxiproxy.lacks(ability);
    RequestError::Refused(why.unwrap_or_default().to_owned())
}

// === impl Server ===

impl Server {
    /// Makes a proxy, which listens once its toxics stand; where one of them is refused there is none.
    async fn add(
        &mut self,
        name: &str,
        mapping: &Mapping,
        plan: &Plan,
    ) -> Result<(), RequestError> {
        let toxics = toxics(plan)?;
        let mut body = upstream(mapping)?;
        body.insert("name".to_owned(), name.into());
        body.insert("listen".to_owned(), listen(mapping).into());
        body.insert("enabled".to_owned(), false.into());
        self.ask(Method::POST, "/proxies", body.into()).await?;
        let made = async {
            for toxic in &toxics {
                self.put(name, toxic, true).await?;
            }
            if mapping.closed {
                return Ok(());
            }
            self.enable(name, true).await
        };
        let made = made.await;
        if made.is_err() {
            // What was refused is told; that half of it stands would be another wrong.
            let _ = self.ask(Method::DELETE, &path(name), Value::Null).await;
        }
        made
    }

    async fn enable(&mut self, name: &str, enabled: bool) -> Result<(), RequestError> {
        let body = json!({"enabled": enabled});
        self.ask(Method::POST, &path(name), body).await.map(|_| ())
    }

    /// Gives a proxy another upstream, or another place to listen; what stays the same is not asked for.
    async fn move_to(&mut self, name: &str, mapping: &Mapping) -> Result<(), RequestError> {
        let mut body = upstream(mapping)?;
        let is = self.seen.proxy(name).map(|(row, _)| row.bound());
        if is.is_none_or(|is| (is.listen, &is.bind) != (mapping.listen, &mapping.bind)) {
            body.insert("listen".to_owned(), listen(mapping).into());
        }
        self.ask(Method::POST, &path(name), body.into())
            .await
            .map(|_| ())
    }

    /// Makes a proxy's toxics what a plan asks for; where it was made of another one, only what differs from that.
    async fn set(
        &mut self,
        name: &str,
        before: Option<&Plan>,
        plan: Plan,
    ) -> Result<(), RequestError> {
        let Some((_, proxy)) = self.seen.proxy(name).cloned() else {
            return Err(RequestError::Refused(format!("{name} is gone")));
        };
        let now = self.seen.plan(name, &proxy);
        let wanted = match before {
            Some(before) => command::merged(&now, before, &plan),
            None => plan,
        };
        let (are, wanted_toxics) = (proxy.toxics(), toxics(&wanted)?);
        if wanted.bypassed && wanted.is_empty() {
            self.seen.bypassed.insert(name.to_owned());
        } else {
            self.seen.bypassed.remove(name);
        }
        let by_toxicity = now.bypassed || wanted.bypassed;
        let stays = |is: &Toxic, toxic: &Toxic| {
            // One that does not act among others that do says what it will be again.
            let rests = is.toxicity < 0.0 && toxic.toxicity <= 0.0 && !now.bypassed;
            let is_same = !by_toxicity || is.toxicity.total_cmp(&toxic.toxicity).is_eq() || rests;
            is.setting() == toxic.setting() && is_same
        };
        for toxic in &wanted_toxics {
            let is = are.iter().find(|is| is.name == toxic.name);
            match is {
                Some(is) if is.kind.name == toxic.kind.name && is.direction == toxic.direction => {
                    if !stays(is, toxic) {
                        self.put(name, toxic, false).await?;
                    }
                }
                Some(is) => {
                    self.take_off(name, is).await?;
                    self.put(name, toxic, true).await?;
                }
                None => self.put(name, toxic, true).await?,
            }
        }
        for is in &are {
            if !wanted_toxics.iter().any(|toxic| toxic.name == is.name) {
                self.take_off(name, is).await?;
            }
        }
        Ok(())
    }

    /// Makes a toxic, or turns it.
    async fn put(&mut self, proxy: &str, toxic: &Toxic, new: bool) -> Result<(), RequestError> {
        let told = Told::of(toxic);
        let mut path = format!("{}/toxics", path(proxy));
        let body = if new {
            serde_json::to_value(&told).unwrap_or_default()
        } else {
            path = format!("{path}/{}", encoded(&toxic.name));
            json!({"toxicity": told.toxicity, "attributes": told.attributes})
        };
        self.ask(Method::POST, &path, body).await.map(|_| ())
    }

    async fn take_off(&mut self, proxy: &str, toxic: &Toxic) -> Result<(), RequestError> {
        let path = format!("{}/toxics/{}", path(proxy), encoded(&toxic.name));
        self.ask(Method::DELETE, &path, Value::Null)
            .await
            .map(|_| ())
    }
}

fn path(proxy: &str) -> String {
    format!("/proxies/{}", encoded(proxy))
}

fn toxics(plan: &Plan) -> Result<Vec<Toxic>, RequestError> {
    toxic::toxics_of(plan).map_err(RequestError::Refused)
}

/// Where a proxy of a mapping leads.
fn upstream(mapping: &Mapping) -> Result<Map<String, Value>, RequestError> {
    if mapping.tls() != TlsMode::Clear {
        let why = "toxiproxy speaks no TLS with an upstream: name it as HOST:PORT";
        return Err(RequestError::Refused(why.to_owned()));
    }
    Ok(Map::from_iter([(
        "upstream".to_owned(),
        mapping.upstream().into(),
    )]))
}

/// Where it listens.
fn listen(mapping: &Mapping) -> String {
    let ip = mapping.bind.first().copied();
    let ip = ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    std::net::SocketAddr::new(ip, mapping.listen).to_string()
}
