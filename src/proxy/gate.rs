//! Whether a proxy's port is open: as its user wants it, unless a fault refuses all clients.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::error::BindError;
use super::port::Proxy;
use super::{Inner, clock};
use crate::snapshot::Happening;

/// How often a port that another program took is asked for again.
const RETRY: Duration = Duration::from_secs(1);

// === impl Proxy ===

impl Proxy {
    /// Opens or closes the port as its user and the faults want it now, and sees to it that it stays so as time passes.
    ///
    /// # Errors
    /// The port cannot be listened on: another program took it while it was closed, say. It is asked for again until it can.
    pub(super) async fn settle_port(
        self: &Arc<Self>,
        engine: &Arc<Inner>,
    ) -> Result<(), BindError> {
        let settled = self.open_or_close(engine).await;
        let in_force = self.settings.in_force();
        let turns = in_force.mentions_refusal() && in_force.next_turn(clock::now()).is_some();
        if turns || settled.is_err() {
            let keeper = keep(Arc::clone(self), Arc::downgrade(engine), settled.is_err());
            // It ends with the proxy or with the next change of settings, and owns nothing.
            tokio::spawn(keeper);
        }
        settled
    }

    /// The same, with an error told as an event.
    pub(super) async fn settle_port_or_tell(self: &Arc<Self>, engine: &Arc<Inner>) {
        if let Err(error) = self.settle_port(engine).await {
            engine.tell(self, Happening::Error(lost(&error)));
        }
    }

    async fn open_or_close(self: &Arc<Self>, engine: &Arc<Inner>) -> Result<(), BindError> {
        let _alone = self.gate.lock().await;
        let refused = self.settings.in_force().refuses(clock::now());
        if self.wants_port() && !refused {
            if let Some(listeners) = self.bind(engine)? {
                engine.tell_listening(self);
                self.accept(listeners, engine).await;
            }
        } else if self.close_port().await {
            engine.tell(self, Happening::PortClosed);
        }
        Ok(())
    }
}

fn lost(error: &BindError) -> String {
    format!("{error}; trying again every second")
}

/// Settles a proxy's port whenever its plan changes by itself, and asks again for one that was taken by another program.
async fn keep(proxy: Arc<Proxy>, engine: Weak<Inner>, mut lost: bool) {
    let generation = proxy.settings.generation();
    loop {
        let turn = proxy.settings.in_force().next_turn(clock::now());
        let turn = turn.map(|turn| turn.saturating_duration_since(clock::now()));
        let wait = match (turn, lost) {
            (Some(turn), true) => turn.min(RETRY),
            (Some(turn), false) => turn,
            (None, true) => RETRY,
            (None, false) => return,
        };
        tokio::time::sleep(wait).await;
        let Some(engine) = engine.upgrade() else {
            return;
        };
        if proxy.settings.generation() != generation || proxy.settings.is_stopped() {
            return;
        }
        lost = proxy.open_or_close(&engine).await.is_err();
    }
}
