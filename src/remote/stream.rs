//! What bytes come and go by: a socket, or a forward to a pod.

use tokio::io::{AsyncRead, AsyncWrite};

/// Something to read and write without waiting.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
