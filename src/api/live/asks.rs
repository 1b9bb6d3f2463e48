//! What a console asks by a key and no word says: each of one kind, in JSON.

use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::api::answer::{self, Refusal};
use crate::api::{Control, Desk};
use crate::command;
use crate::fault::Plan;
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::{ConnId, Kill, ProxyId};
use crate::wire::OwnText;

/// What a handler comes to.
type Answered = Result<Response, Refusal>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Watched {
    /// `null` for none; it must be there.
    #[serde(deserialize_with = "Option::deserialize")]
    connection: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Killed {
    connections: Vec<u64>,
    #[serde(default)]
    how: How,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    #[default]
    Rst,
    Fin,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    line: String,
}

/// Whether a port could be listened on now.
pub(super) async fn probe(Desk(control): Desk, Path(port): Path<String>) -> Answered {
    let port = port.parse::<u16>();
    let port = port.map_err(|_| Refusal::bad("a port is a number from 0 to 65535"))?;
    let error = match control.asks(Request::Probe(port)).await? {
        Outcome::Probed(_, result) => result.err(),
        _ => None,
    };
    let body = json!({
        "port": port,
        "free": error.is_none(),
        "error": error.map(|error| error.to_string()),
    });
    Ok(answer::json(StatusCode::OK, &body))
}

/// Has one connection be looked at closely, or none.
pub(super) async fn watch(Desk(control): Desk, body: Body) -> Answered {
    let Watched { connection } = read(body, "{\"connection\":31}").await?;
    let conn = connection.map(ConnId);
    if let Some(conn) = conn.filter(|conn| control.engine.own(*conn).is_none()) {
        return Err(refused(&RequestError::NoConnection(conn)));
    }
    control.asks(Request::Watch(conn)).await?;
    let body = json!({"connection": connection});
    Ok(answer::json(StatusCode::OK, &body))
}

/// Has something hold for one connection alone, in place of all that did.
pub(super) async fn own(Desk(control): Desk, Path(id): Path<String>, body: Body) -> Answered {
    let id = id.parse::<u64>();
    let id = id.map_err(|_| Refusal::bad("a connection is a number, as in connections/31"))?;
    let own = read::<OwnText>(body, "{\"faults\":\"latency 1s\"}")
        .await?
        .own()
        .map_err(Refusal::bad)?;
    let asked = control.asks_whole(Request::SetOwn(ConnId(id), own)).await?;
    let Outcome::Owned(proxy, conn, taken) = asked else {
        return Err(refused(&RequestError::NoConnection(ConnId(id))));
    };
    let body = json!({
        "proxy": proxy.0,
        "connection": conn.0,
        "taken": taken.taken,
        "of": taken.of,
        "micros": taken.micros,
    });
    Ok(answer::json(StatusCode::OK, &body))
}

/// Ends connections, those of them that are open.
pub(super) async fn kill(Desk(control): Desk, body: Body) -> Answered {
    let Killed { connections, how } = read(body, "{\"connections\":[31]}").await?;
    let how = match how {
        How::Rst => Kill::Rst,
        How::Fin => Kill::Fin,
    };
    let conns = connections.into_iter().map(ConnId).collect();
    let killed = match control.asks(Request::KillAll(conns, how)).await? {
        Outcome::KilledAll(count, _) => count,
        _ => 0,
    };
    Ok(answer::json(StatusCode::OK, &json!({"killed": killed})))
}

/// Puts another proxy in the place of one; where that fails, the first stands as it was.
pub(super) async fn replace(Desk(control): Desk, Path(name): Path<String>, body: Body) -> Answered {
    let Line { line } = read(body, "{\"line\":\"9090=x:80\"}").await?;
    control.refuse_fixed()?;
    let (mapping, settings) =
        command::parse_line(&line).map_err(|error| Refusal::bad(error.message))?;
    control.may_listen(&mapping)?;
    let gone = || Refusal::new(StatusCode::NOT_FOUND, "no proxy has this name");
    let proxy = control.engine.find(&name).ok_or_else(gone)?;
    let plan = Plan::of(settings);
    let request = Request::Replace {
        proxy,
        mapping,
        plan,
    };
    let id = match control.asks_whole(request).await? {
        Outcome::Added(id) => id,
        _ => proxy,
    };
    let name = control.called(id);
    let body = json!({"id": id.0, "proxy": name});
    Ok(answer::json(StatusCode::OK, &body))
}

/// Reads a body in JSON, of this form.
async fn read<T: DeserializeOwned>(body: Body, form: &str) -> Result<T, Refusal> {
    let body = answer::read(body).await?;
    serde_json::from_slice(&body).map_err(|error| {
        let error = error.to_string();
        // What is expected instead is said by the form; the name of a type says nothing to whoever asks.
        let why = error.split(", expected struct").next().unwrap_or(&error);
        Refusal::bad(format!("bad request body: {why}; {form} is wanted"))
    })
}

fn refused(error: &RequestError) -> Refusal {
    let status = match error {
        RequestError::NoProxy(_) | RequestError::NoConnection(_) => StatusCode::NOT_FOUND,
        RequestError::Changed(_) => StatusCode::CONFLICT,
        RequestError::Name(_)
        | RequestError::Add(_)
        | RequestError::Port(_)
        | RequestError::Sweep(_)
        | RequestError::NoContact(_)
        | RequestError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Refusal::new(status, error.to_string())
}

// === impl Control ===

impl Control {
    async fn asks(&self, request: Request) -> Result<Outcome, Refusal> {
        let asked = request.carry_out(&self.engine).await;
        asked.map_err(|error| refused(&error))
    }

    /// Asks by itself: a client that goes away meanwhile leaves nothing half done.
    async fn asks_whole(&self, request: Request) -> Result<Outcome, Refusal> {
        let control = self.clone();
        let asking = tokio::spawn(async move { control.asks(request).await });
        asking.await.unwrap_or_else(|_| {
            let why = "a fault of faultboard's own: its log says more";
            Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, why))
        })
    }

    /// What a proxy is called.
    fn called(&self, id: ProxyId) -> Option<String> {
        let mut proxies = self.engine.proxies().into_iter();
        proxies
            .find(|(other, _)| *other == id)
            .map(|(_, name)| name)
    }
}
