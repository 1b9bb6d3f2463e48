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

/// A proxy has been changed since whoever asks saw it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{proxy} was changed meanwhile: it is at generation {generation}")]
pub struct Changed {
    /// Its name.
    pub proxy: String,
    /// The generation of its plan now.
    pub generation: u64,
}

/// A plan could not be changed.
#[derive(Debug, Error)]
pub enum EditError {
    /// The proxy was removed.
    #[error("that proxy is gone")]
    Gone,
    /// The plan is another one than was expected.
    #[error(transparent)]
    Changed(#[from] Changed),
}

/// A proxy could not be added, or be led elsewhere.
#[derive(Debug, Error)]
pub enum AddError {
    /// Its port could not be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// It would lead to itself.
    #[error(transparent)]
    Circle(Circle),
    /// It was changed meanwhile.
    #[error(transparent)]
    Changed(#[from] Changed),
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
