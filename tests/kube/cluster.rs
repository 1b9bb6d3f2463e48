//! A stand-in for a cluster: the requests that `attach` makes of its API, answered as an API server answers them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, UPGRADE};
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use faultboard::remote::Target;

use crate::desk::Place;
use crate::websocket;

/// The port-forward's protocol: each port has a channel of bytes and one of errors, each message begins with its channel, and the
/// first of each channel is the port.
const PROTOCOL: &str = "v4.channel.k8s.io";

/// Who may ask.
pub(crate) const TOKEN: &str = "a-token-of-the-cluster";

/// A cluster with one namespace, `prod`.
pub(crate) struct Cluster {
    pub(crate) addr: SocketAddr,
    state: Arc<State>,
    folder: TempDir,
}

#[derive(Default)]
struct State {
    pods: Mutex<BTreeMap<String, Pod>>,
    /// Which ports of which pods were asked for.
    asked: Mutex<Vec<String>>,
    /// Every forward ends when this changes; with it, whether new ones are answered.
    refuses: watch::Sender<bool>,
    /// What is answered in place of everything.
    answers: Mutex<Option<StatusCode>>,
}

#[derive(Clone)]
struct Pod {
    app: &'static str,
    phase: &'static str,
    /// Where its port 8474 leads.
    api: Option<SocketAddr>,
}

// === impl Cluster ===

impl Cluster {
    /// One that is asked without TLS.
    pub(crate) async fn start() -> Self {
        Self::serve(|socket| async { Some(socket) }).await
    }

    /// One whose connections are greeted by `greet` first.
    pub(crate) async fn serve<F, G, S>(greet: F) -> Self
    where
        F: Fn(TcpStream) -> G + Send + 'static,
        G: Future<Output = Option<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("bound");
        let state = Arc::<State>::default();
        let answering = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (greeted, state) = (greet(socket), Arc::clone(&answering));
                tokio::spawn(async move {
                    let Some(stream) = greeted.await else { return };
                    let answer = |request| {
                        let state = Arc::clone(&state);
                        async move { Ok::<_, Infallible>(answer(&state, request)) }
                    };
                    let served = http1::Builder::new();
                    let served = served.serve_connection(TokioIo::new(stream), service_fn(answer));
                    // Who asks may leave at any time.
                    let _ = served.with_upgrades().await;
                });
            }
        });
        Self {
            addr,
            state,
            folder: TempDir::new().expect("a temporary folder"),
        }
    }

    /// A pod runs, with an engine in it.
    pub(crate) fn run(&self, name: &str, app: &'static str, place: &Place) {
        let addr = place.target.to_string().parse().expect("an address");
        self.put(name, app, "Running", Some(addr));
    }

    /// A pod is in this phase, and its port leads there.
    pub(crate) fn put(
        &self,
        name: &str,
        app: &'static str,
        phase: &'static str,
        api: Option<SocketAddr>,
    ) {
        let pod = Pod { app, phase, api };
        self.state.pods.lock().insert(name.to_owned(), pod);
    }

    /// A pod is deleted.
    pub(crate) fn delete(&self, name: &str) {
        self.state.pods.lock().remove(name);
        self.end_forwards(false);
    }

    /// Each forward ends, and new ones are refused or not.
    pub(crate) fn end_forwards(&self, refuses: bool) {
        self.state.refuses.send_replace(refuses);
    }

    /// Everything is answered with this.
    pub(crate) fn answer_all(&self, status: StatusCode) {
        *self.state.answers.lock() = Some(status);
    }

    /// Which ports of which pods were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.asked.lock().clone()
    }

    /// A target in this cluster.
    pub(crate) fn target(&self, text: &str) -> Target {
        let path = self.kubeconfig(&format!("server: http://{}", self.addr), TOKEN);
        Target::parse(text).expect("pods").by_kubeconfig(&path)
    }

    /// A kubeconfig with these lines about the cluster, and this token.
    pub(crate) fn kubeconfig(&self, cluster: &str, token: &str) -> PathBuf {
        self.file(&format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
             contexts:\n- name: here\n  context: {{cluster: here, user: me}}\n\
             clusters:\n- name: here\n  cluster: {{{cluster}}}\n\
             users:\n- name: me\n  user: {{token: {token}}}\n"
        ))
    }

    /// A file of this text.
    pub(crate) fn file(&self, text: &str) -> PathBuf {
        let path = tempfile::Builder::new()
            .tempfile_in(self.folder.path())
            .and_then(|file| file.keep().map_err(|error| error.error))
            .expect("a file")
            .1;
        std::fs::write(&path, text).expect("it is written");
        path
    }
}

// === answers ===

fn answer(state: &Arc<State>, request: Request<Incoming>) -> Response<Body> {
    let says_who = format!("Bearer {TOKEN}");
    let who = request.headers().get(AUTHORIZATION);
    if who.is_none_or(|it| it.as_bytes() != says_who.as_bytes()) {
        return failure(StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    if let Some(status) = *state.answers.lock() {
        return failure(
            status,
            "pods is forbidden: User \"me\" cannot list resource \"pods\"",
        );
    }
    let path = request.uri().path().to_owned();
    let path: Vec<&str> = path.split('/').skip(1).collect();
    let ["api", "v1", "namespaces", "prod", "pods", ref pod @ ..] = path[..] else {
        return failure(StatusCode::NOT_FOUND, "pods not found");
    };
    let found = pod
        .first()
        .and_then(|name| state.pods.lock().get(*name).cloned());
    match (pod, found) {
        ([], _) => list(state, request.uri().query().unwrap_or_default()),
        ([name, ..], None) => failure(StatusCode::NOT_FOUND, &format!("pods \"{name}\" not found")),
        ([name], Some(pod)) => json_of(StatusCode::OK, &shown(name, &pod)),
        ([name, "portforward"], Some(_)) => {
            if *state.refuses.borrow() {
                return failure(StatusCode::SERVICE_UNAVAILABLE, "no kubelet");
            }
            forward(state, (*name).to_owned(), request)
        }
        _ => failure(StatusCode::NOT_FOUND, "the server could not find it"),
    }
}

fn json_of(status: StatusCode, value: &Value) -> Response<Body> {
    let answer = Response::builder().status(status);
    let answer = answer.header(CONTENT_TYPE, "application/json");
    answer
        .body(Body::from(value.to_string()))
        .expect("an answer")
}

fn failure(status: StatusCode, message: &str) -> Response<Body> {
    let status_of = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": status.canonical_reason(), "code": status.as_u16(),
    });
    json_of(status, &status_of)
}

fn shown(name: &str, pod: &Pod) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"name": name, "namespace": "prod", "labels": {"app": pod.app}},
    })
}

/// The pods that the query wants: by equal labels, running ones, no more than so many.
fn list(state: &State, query: &str) -> Response<Body> {
    let wants = |name: &str| {
        let mut parts = query.split('&').filter_map(|part| part.split_once('='));
        let value = parts.find(|(key, _)| *key == name).map(|(_, value)| value);
        value.unwrap_or_default().replace("%3D", "=")
    };
    assert_eq!(wants("fieldSelector"), "status.phase=Running", "{query}");
    let labels = wants("labelSelector");
    let Some(("app", app)) = labels.split_once('=') else {
        let message = format!("unable to parse requirement: {labels}");
        return failure(StatusCode::BAD_REQUEST, &message);
    };
    let limit: usize = wants("limit").parse().expect("a limit");
    let pods = state.pods.lock();
    let found = pods
        .iter()
        .filter(|(_, pod)| pod.app == app && pod.phase == "Running");
    let items: Vec<Value> = found
        .take(limit)
        .map(|(name, pod)| shown(name, pod))
        .collect();
    let all = json!({
        "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "1"}, "items": items,
    });
    json_of(StatusCode::OK, &all)
}

/// Takes the upgrade, and forwards behind it.
fn forward(state: &Arc<State>, name: String, mut request: Request<Incoming>) -> Response<Body> {
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let offered = header("sec-websocket-protocol");
    let offers = offered.split(", ").any(|it| it == PROTOCOL);
    assert!(offers && header("upgrade") == "websocket", "{offered}");
    let key = websocket::accept(&header("sec-websocket-key"));
    let ports = request
        .uri()
        .query()
        .and_then(|it| it.split("ports=").nth(1));
    let port: u16 = ports.and_then(|it| it.parse().ok()).expect("one port");
    state.asked.lock().push(format!("{name}:{port}"));
    let state = Arc::clone(state);
    tokio::spawn(async move {
        let upgraded = hyper::upgrade::on(&mut request).await.expect("a WebSocket");
        // It may end at any time.
        let _ = carry(&state, &name, port, TokioIo::new(upgraded)).await;
    });
    let answer = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let answer = answer
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket");
    let answer = answer.header("sec-websocket-accept", key);
    let answer = answer.header("sec-websocket-protocol", PROTOCOL);
    answer.body(Body::empty()).expect("an answer")
}

/// Carries bytes of one port until one side, or the cluster, ends it.
async fn carry(
    state: &State,
    name: &str,
    port: u16,
    stream: impl AsyncRead + AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut ended = state.refuses.subscribe();
    let (mut from, mut to) = tokio::io::split(stream);
    for channel in [0, 1] {
        let [low, high] = port.to_le_bytes();
        websocket::write(&mut to, &[channel, low, high]).await?;
    }
    let api = state.pods.lock().get(name).and_then(|pod| pod.api);
    let dialed = match api.filter(|_| port == 8474) {
        Some(addr) => TcpStream::connect(addr).await.ok(),
        None => None,
    };
    let Some(mut engine) = dialed else {
        let text = format!(
            "\x01error forwarding port {port} to pod 5f2c, uid : failed to execute portforward in network namespace \
             \"/var/run/netns/cni-1\": failed to connect to localhost:{port} inside namespace \"5f2c\", IPv4: dial tcp4 \
             127.0.0.1:{port}: connect: connection refused"
        );
        websocket::write(&mut to, text.as_bytes()).await?;
        while websocket::read(&mut from).await?.is_some() {}
        return Ok(());
    };
    let (mut out, mut into) = engine.split();
    let up = async {
        while let Some(message) = websocket::read(&mut from).await? {
            assert_eq!(message[0], 0, "the channel of the bytes");
            into.write_all(&message[1..]).await?;
        }
        io::Result::Ok(())
    };
    let down = async {
        let mut bytes = vec![0; 4_000];
        loop {
            let read = out.read(&mut bytes[1..]).await?;
            if read == 0 {
                return io::Result::Ok(());
            }
            bytes[0] = 0;
            websocket::write(&mut to, &bytes[..=read]).await?;
        }
    };
    // Not cancel-safe, and needs not be: whichever ends, all of it ends.
    tokio::select! {
        done = up => done?,
        done = down => done?,
        _ = ended.changed() => {}
    }
    websocket::close(&mut to).await;
    Ok(())
}
