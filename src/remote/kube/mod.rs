//! Engines in pods of a Kubernetes cluster: found by the API of the cluster, and reached by its port-forward.
//!
//! ```text
//!  k8s://prod/?app=shop ── list ──► pods ── each by its name ──► forward ── WebSocket ──► the engine's API in the pod
//!                                     └───────── cluster: kubeconfig, or the pod that this runs in ─────────┘
//! ```
//!
//! Only the API is forwarded, each connection by a forward of its own: what happens to one ends no other, and bytes of the proxies
//! never come this way.

mod cluster;
mod forward;
mod pods;

pub(super) use pods::{MOST, Pods};
