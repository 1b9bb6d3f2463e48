//! toxiproxy's API: its paths, objects and errors as they are on the wire, so that its clients need not know the difference.
//!
//! A toxic is a named setting (`as=NAME`) of its proxy's plan: several of a type stand beside each other, and what a person turns
//! by a key is another one. What toxiproxy dies of, hangs at, or does by halves is not copied.

pub(super) mod book;
mod change;
mod json;
mod listen;
mod populate;
mod proxies;
mod toxics;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

pub(super) use self::proxies::FIXED;
use super::Control;

/// The level of toxiproxy's API that this is. Its Ruby client changes proxies by PATCH from 2.6.0 on.
pub const LEVEL: &str = "2.12.0";

/// The routes of toxiproxy.
pub(super) fn routes() -> Router<Control> {
    let proxy = get(proxies::one)
        .patch(proxies::change)
        .post(proxies::change)
        .delete(proxies::remove);
    let toxic = get(toxics::one)
        .patch(toxics::change)
        .post(toxics::change)
        .delete(toxics::remove);
    Router::new()
        .route("/version", get(version))
        .route("/proxies", get(proxies::list).post(proxies::create))
        .route("/proxies/{proxy}", proxy)
        .route(
            "/proxies/{proxy}/toxics",
            get(toxics::list).post(toxics::create),
        )
        .route("/proxies/{proxy}/toxics/{toxic}", toxic)
        .route("/populate", post(populate::populate))
        .route("/reset", post(proxies::reset))
}

/// What is on no path of this API is answered in toxiproxy's words.
pub(super) async fn no_such_path() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "404 page not found\n")
}

async fn version() -> Response {
    let body = format!("{{\"version\": \"{LEVEL}\"}}\n");
    ([(CONTENT_TYPE, "application/json;charset=utf-8")], body).into_response()
}
