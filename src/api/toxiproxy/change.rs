//! Changes that are made whole, one after the other.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;

use crate::api::Control;
use crate::api::answer::Refusal;

/// What a handler comes to.
pub(super) type Answered = Result<Response, Refusal>;

/// Makes a change whole, also where its client goes away meanwhile, and no other one beside it.
pub(super) async fn whole<F, Fut>(control: Control, change: F) -> Answered
where
    F: FnOnce(Control) -> Fut + Send + 'static,
    Fut: Future<Output = Answered> + Send,
{
    let changing = tokio::spawn(async move {
        let parts = Arc::clone(&control.parts);
        let _alone = parts.toxiproxy.alone.lock().await;
        change(control).await
    });
    let changed = changing.await;
    changed.unwrap_or_else(|_| {
        Err(failed(
            "a fault of faultboard's own: its log says more".to_owned(),
        ))
    })
}

/// What toxiproxy answers where it is the world that refuses.
pub(super) fn failed(error: String) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error)
}
