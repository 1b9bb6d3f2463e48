//! What runs, for whatever shows it: the console, or lines without a screen.

use std::convert::Infallible;
use std::future::{Future, pending};

#[cfg(feature = "api")]
use faultboard::api::Api;
use faultboard::cli::Options;
use faultboard::proxy::Engine;
use faultboard::tape;

#[cfg(feature = "api")]
use super::start;

/// What runs, for whatever shows it.
#[derive(Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) engine: &'a Engine,
    pub(super) options: &'a Options,
    pub(super) tape: &'a tape::Recorder,
    #[cfg(feature = "api")]
    pub(super) api: Option<&'a Api>,
}

impl Session<'_> {
    /// From now on all that runs is there, what toxiproxy's file says too: it is recorded, and other programs are answered.
    pub(super) async fn begin(&self, proxies: Option<Result<Vec<u8>, String>>) {
        self.tape.begin().await;
        #[cfg(not(feature = "api"))]
        let _ = proxies;
        #[cfg(feature = "api")]
        if let Some(api) = self.api {
            if let Err(why) = start::populate(api, self.options, proxies).await {
                self.engine.report(why);
            }
            api.open();
        }
    }
}

/// Waits for `stop`; meanwhile something is played, which may be over before.
pub(super) async fn meanwhile<T>(
    stop: impl Future<Output = T>,
    playing: impl Future<Output = ()>,
) -> T {
    let playing = async {
        playing.await;
        pending::<Infallible>().await
    };
    // Cancel-safe: playing never ends, and nobody waits for it when the desk does.
    tokio::select! {
        done = stop => done,
        never = playing => match never {},
    }
}

/// Whether the program stands for another one, which has no commands on standard input.
pub(super) fn is_drop_in(options: &Options) -> bool {
    #[cfg(feature = "api")]
    let is = options.drop_in.is_some();
    #[cfg(not(feature = "api"))]
    let is = {
        let _ = options;
        false
    };
    is
}
