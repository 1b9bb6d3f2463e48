//! The states of a direction's two ends, and what one step of it comes to.

use std::io;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Source {
    Open,
    /// Its stream has ended.
    Ended,
    /// The leg is broken and gives nothing more.
    Broken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Sink {
    Open,
    /// The end of the stream was passed on.
    Ended,
    /// The leg is broken and takes nothing more.
    Broken,
}

/// How a leg refuses what is sent to it; what it sent itself can still be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Refusal {
    /// Its peer had closed: the end of its stream is to be found.
    Closed,
    /// Its connection broke, and that was told: the end that reading then finds was never sent.
    Broke,
}

/// What one step of a direction came to.
pub(in crate::proxy) enum Moved {
    Nothing,
    /// So many bytes, or the end of a stream.
    Something(usize),
    /// The peer is to be reset now.
    Reset,
    /// The leg that is to be read from later refuses what is sent to it.
    SourceRefuses(io::Error),
    SourceBroke(io::Error),
    SinkBroke(io::Error),
}
