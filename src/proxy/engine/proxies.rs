//! Proxies that come, go and change: added, put in another's place, led elsewhere, renamed, opened and closed.
//!
//! What takes a running proxy's port runs in a task of the engine's own, so that a caller that goes away leaves nothing half done.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Engine;
use super::error::{AddError, RenameError};
use crate::fault::Plan;
use crate::mapping::{Circle, Mapping, Name};
use crate::proxy::net::sys;
use crate::proxy::port::{self, BindError};
use crate::proxy::proxy::{Proxy, Way};
use crate::snapshot::{Happening, PortState, ProxyId};

impl Engine {
    /// Starts a proxy: from its first connection on, the plan acts.
    ///
    /// # Errors
    /// The port cannot be listened on, another proxy has the name, or the mapping leads back to itself.
    pub async fn add(&self, mapping: Mapping, plan: Plan) -> Result<ProxyId, AddError> {
        let listeners = if mapping.closed {
            Vec::new()
        } else {
            port::bind(&self.inner.options, &mapping, mapping.listen)?
        };
        let proxy = self.enlist(mapping, plan, &listeners, None)?;
        port::begin(&proxy, listeners, &self.inner, &self.author).await;
        Ok(proxy.id)
    }

    /// Whether a port could be listened on now; it is left as it is.
    ///
    /// # Errors
    /// Another program has the port, or the system keeps it.
    pub fn probe(&self, port: u16) -> Result<(), BindError> {
        port::probe(&self.inner.options.bind, port)
    }

    /// Puts a proxy in the place of another one, whose connections end. Nothing is lost where it cannot be done: the first
    /// one stands as it was. A proxy that is gone meanwhile is not missed.
    ///
    /// # Errors
    /// The port cannot be listened on, another proxy has the name, or the mapping leads back to itself.
    pub async fn replace(
        &self,
        id: ProxyId,
        mapping: Mapping,
        plan: Plan,
    ) -> Result<ProxyId, AddError> {
        let engine = self.clone();
        let replacing = async move { engine.put_in_place_of(id, mapping, plan).await };
        // A task of its own: a caller that goes away does not leave it half done.
        let replaced = self.inner.tasks.spawn(replacing).await;
        replaced.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    async fn put_in_place_of(
        &self,
        id: ProxyId,
        mapping: Mapping,
        plan: Plan,
    ) -> Result<ProxyId, AddError> {
        let old = self.proxy(id);
        let listeners = match &old {
            Some(old) if old.number() == mapping.listen => {
                port::take_over(old, &mapping, &self.inner).await?
            }
            _ => port::bind(&self.inner.options, &mapping, mapping.listen)?,
        };
        let proxy = match self.enlist(mapping, plan, &listeners, Some(id)) {
            Ok(proxy) => proxy,
            Err(error) => {
                drop(listeners);
                if let Some(old) = &old {
                    port::settle_or_tell(old, &self.inner, &self.author).await;
                }
                return Err(error);
            }
        };
        if let Some(old) = &old {
            old.retire();
            old.settings.stop();
            let by = Some(&self.author);
            self.inner.tell_by(old, Happening::Removed, by);
        }
        port::begin(&proxy, listeners, &self.inner, &self.author).await;
        if let Some(old) = &old {
            port::close(old).await;
        }
        Ok(proxy.id)
    }

    /// Gives a proxy a number, a name of its own and a place in the list, where it may replace another one: before its first
    /// client, so that no connection shows under a name that is not its own. Not where it would lead to itself.
    fn enlist(
        &self,
        mapping: Mapping,
        plan: Plan,
        listeners: &[Arc<TcpListener>],
        replaces: Option<ProxyId>,
    ) -> Result<Arc<Proxy>, AddError> {
        let mut proxies = self.inner.proxies.write();
        // Numbered under the lock: the list is in the order of numbers, whatever order ports are bound in.
        let id = ProxyId(self.inner.next_proxy.fetch_add(1, Ordering::Relaxed));
        let name = mapping.name.clone();
        let allotted = self.inner.allot(mapping);
        let proxy = Arc::new(Proxy::new(id, plan, listeners, allotted));
        let mut others = proxies.clone();
        others.retain(|other| Some(other.id) != replaces);
        if let Some(circle) = self.circle(proxy.number(), &proxy.way(), &others) {
            return Err(AddError::Circle(circle));
        }
        proxy.take_name(name, &others)?;
        others.push(Arc::clone(&proxy));
        *proxies = others;
        proxy.touch();
        self.inner.look.notify_one();
        Ok(proxy)
    }

    /// The proxies that a connection on this way, which begins at a port, would pass until it comes to it again.
    fn circle(&self, port: u16, way: &Way, others: &[Arc<Proxy>]) -> Option<Circle> {
        let others = others.iter().map(|proxy| (proxy.number(), proxy.way()));
        let others: Vec<_> = others.collect();
        let ports = others.iter().map(|(port, way)| (*port, &way.mapping));
        let ports = ports.chain([(port, &way.mapping)]).collect();
        let bound = &self.inner.options.bind;
        Circle::through(port, &ports, bound, sys::is_local)
    }

    /// Closes a proxy's port and ends its connections, both streams of each in order; what they hold is dropped. Waits for no
    /// peer. False where there is no such proxy.
    pub async fn close(&self, id: ProxyId) -> bool {
        let Some(proxy) = self.proxy(id) else {
            return false;
        };
        proxy.turn_off();
        // All of it before the first wait: a caller that goes away leaves nothing half done.
        proxy.settings.end_all();
        port::close_with_all(&proxy, &self.inner, &self.author).await;
        // Those that came until the port was closed.
        proxy.settings.end_all();
        self.inner.changed.notify_one();
        true
    }

    /// Opens a proxy's port.
    ///
    /// # Errors
    /// As `set_port`.
    pub async fn open(&self, id: ProxyId) -> Result<(), BindError> {
        self.set_port(id, true).await
    }

    /// Gives a proxy another mapping, under its number and its name and with its faults; its connections end, both streams of
    /// each in order. Nothing changes where it cannot be done. False where there is no such proxy.
    ///
    /// # Errors
    /// The port cannot be listened on, or the mapping leads back to itself.
    pub async fn repoint(&self, id: ProxyId, mapping: Mapping) -> Result<bool, AddError> {
        let Some(proxy) = self.proxy(id) else {
            return Ok(false);
        };
        let engine = self.clone();
        let pointing = async move { engine.point(&proxy, mapping).await };
        // A task of its own: a caller that goes away does not leave it half done.
        let pointed = self.inner.tasks.spawn(pointing).await;
        let pointed = pointed.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        pointed.map(|()| true)
    }

    async fn point(&self, proxy: &Arc<Proxy>, mapping: Mapping) -> Result<(), AddError> {
        let _alone = proxy.changing.lock().await;
        self.expect(proxy.id)?;
        let (old, before) = (proxy.way(), proxy.mapping());
        let way = self.inner.way(mapping);
        let (listen, was) = (way.mapping.listen, old.mapping.listen);
        let stays = way.mapping.bind == old.mapping.bind && [was, proxy.number()].contains(&listen);
        let mut others = self.inner.proxies.read().clone();
        others.retain(|other| other.id != proxy.id);
        let port = if stays { proxy.number() } else { listen };
        if let Some(circle) = self.circle(port, &way, &others) {
            return Err(AddError::Circle(circle));
        }
        let moves = !stays && proxy.wants_port();
        let listeners = if moves {
            Some(port::take_over(proxy, &way.mapping, &self.inner).await?)
        } else {
            None
        };
        proxy.take_way(way);
        proxy.settings.end_all();
        let what = Happening::Repointed {
            before: before.to_string(),
            mapping: proxy.mapping().to_string(),
        };
        self.inner.tell_by(proxy, what, Some(&self.author));
        match listeners {
            Some(listeners) => port::move_to(proxy, listeners, &self.inner, &self.author).await,
            None if !stays => proxy.listens_on(&[]),
            None => {}
        }
        self.inner.look.notify_one();
        Ok(())
    }

    /// What a proxy forwards.
    #[must_use]
    pub fn mapping(&self, id: ProxyId) -> Option<Mapping> {
        Some(self.proxy(id)?.mapping())
    }

    /// Ends a proxy: its port is closed, its connections are ended. False where there is none.
    pub async fn remove(&self, id: ProxyId) -> bool {
        let Some(proxy) = self.proxy(id) else {
            return false;
        };
        self.inner.proxies.write().retain(|other| other.id != id);
        proxy.retire();
        // All of it before the first wait: a caller that goes away leaves nothing behind.
        proxy.settings.stop();
        let by = Some(&self.author);
        self.inner.tell_by(&proxy, Happening::Removed, by);
        port::close(&proxy).await;
        self.inner.changed.notify_one();
        true
    }

    /// Whether a proxy accepts clients, and where; the addresses are those that it listens on as soon as it does.
    #[must_use]
    pub fn port(&self, id: ProxyId) -> Option<(PortState, Vec<SocketAddr>)> {
        Some(self.proxy(id)?.port())
    }

    /// Opens or closes a proxy's port; its open connections live on.
    ///
    /// # Errors
    /// The port cannot be listened on, because another program took it meanwhile, say.
    pub async fn set_port(&self, id: ProxyId, open: bool) -> Result<(), BindError> {
        let Some(proxy) = self.proxy(id) else {
            return Ok(());
        };
        proxy.want_port(open);
        let settled = port::settle(&proxy, &self.inner, &self.author).await;
        self.inner.changed.notify_one();
        settled
    }

    /// Gives a proxy another name, or takes the given one away, and says so; returns the name that it has now.
    ///
    /// # Errors
    /// Another proxy has the name, or there is no such proxy.
    pub fn rename(&self, id: ProxyId, given: Option<Name>) -> Result<String, RenameError> {
        let proxies = self.inner.proxies.write();
        let proxy = proxies.iter().find(|proxy| proxy.id == id);
        let proxy = proxy.ok_or(RenameError::Gone)?;
        let before = proxy.name();
        proxy.take_name(given, &proxies)?;
        if proxy.name() != before {
            let by = Some(&self.author);
            self.inner.tell_by(proxy, Happening::Renamed { before }, by);
            self.inner.changed.notify_one();
        }
        Ok(proxy.name())
    }
}
