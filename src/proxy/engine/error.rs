//! Why an engine could not start, or a proxy not come or be renamed.
//!
//! Each error prints as one whole line, as those of ports and legs do, of which most of these are made.

use std::io;

use thiserror::Error;

use crate::mapping::Circle;
use crate::proxy::port::BindError;
use crate::proxy::proxy::NameTaken;
use crate::proxy::tls::TlsOptionError;

/// Why an engine could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A certificate, key or authority could not be loaded.
    #[error(transparent)]
    Tls(#[from] TlsOptionError),
    /// A worker thread could not be started.
    #[error("cannot start a worker thread")]
    Worker(#[source] io::Error),
}

/// A proxy could not be added.
#[derive(Debug, Error)]
pub enum AddError {
    /// Its port could not be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// It would lead to itself.
    #[error(transparent)]
    Circle(Circle),
    /// Its name is another proxy's.
    #[error(transparent)]
    Name(#[from] NameTaken),
}

/// A proxy could not be renamed.
#[derive(Debug, Error)]
pub enum RenameError {
    /// It was removed.
    #[error("that proxy is gone")]
    Gone,
    /// The name is another proxy's.
    #[error(transparent)]
    Taken(#[from] NameTaken),
}
