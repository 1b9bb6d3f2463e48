//! toxiproxy's API: its paths, objects and errors as they are on the wire, so that its clients need not know the difference.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Control;

/// The level of toxiproxy's API that this is. Its Ruby client changes proxies by PATCH from 2.6.0 on.
const LEVEL: &str = "2.12.0";

/// The routes of toxiproxy.
pub(super) fn routes() -> Router<Arc<Control>> {
    Router::new().route("/version", get(version))
}

async fn version() -> Response {
    let body = format!("{{\"version\": \"{LEVEL}\"}}\n");
    ([(CONTENT_TYPE, "application/json;charset=utf-8")], body).into_response()
}
