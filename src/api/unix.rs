//! Unix sockets, where the system has them: an API that its owner alone can reach.

use std::io::{self, Read, Write};
use std::path::Path;

use tokio::io::{AsyncRead, AsyncWrite};

pub(super) use system::{UnixSocket, bind, connect};

/// Something to read and write without waiting.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Something to read and write.
pub(super) trait Blocking: Read + Write {}
impl<T: Read + Write> Blocking for T {}

#[cfg(unix)]
mod system {
    use std::fs::{Permissions, remove_file, set_permissions};
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    use std::os::unix::net::UnixStream;
    use std::path::PathBuf;
    use std::time::Duration;

    use socket2::{Domain, SockAddr, Socket, Type};
    use tokio::net::UnixListener;

    use super::{Blocking, Path, Stream, io};

    /// How many clients may wait to be accepted.
    const BACKLOG: i32 = 128;

    /// A socket that listens; its path goes with it.
    #[derive(Debug)]
    pub(in crate::api) struct UnixSocket(UnixListener, PathBuf);

    /// Listens on a path that nobody but its owner may open, from the first moment on.
    pub(in crate::api) fn bind(path: &Path) -> io::Result<UnixSocket> {
        let found = path.symlink_metadata();
        let is_socket = found.is_ok_and(|found| found.file_type().is_socket());
        if is_socket && UnixStream::connect(path).is_err() {
            // Left behind by a program that was killed.
            remove_file(path)?;
        }
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        // Before it listens: until then nobody can connect.
        set_permissions(path, Permissions::from_mode(0o600))?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let listener = UnixListener::from_std(socket.into())?;
        Ok(UnixSocket(listener, path.to_owned()))
    }

    pub(in crate::api) fn connect(
        path: &Path,
        patience: Duration,
    ) -> io::Result<Box<dyn Blocking>> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(patience))?;
        Ok(Box::new(stream))
    }

    impl UnixSocket {
        pub(in crate::api) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
            Ok(Box::new(self.0.accept().await?.0))
        }
    }

    impl Drop for UnixSocket {
        fn drop(&mut self) {
            // Where it cannot go there is nobody to tell.
            let _ = remove_file(&self.1);
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::time::Duration;

    use super::{Blocking, Path, Stream, io};

    /// There are none.
    #[derive(Debug)]
    pub(in crate::api) enum UnixSocket {}

    fn lacking() -> io::Error {
        io::Error::new(
            io::ErrorKind::Unsupported,
            "this system's programs have ports: give one, as in 8474",
        )
    }

    pub(in crate::api) fn bind(_path: &Path) -> io::Result<UnixSocket> {
        Err(lacking())
    }

    pub(in crate::api) fn connect(
        _path: &Path,
        _patience: Duration,
    ) -> io::Result<Box<dyn Blocking>> {
        Err(lacking())
    }

    impl UnixSocket {
        pub(in crate::api) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
            match *self {}
        }
    }
}
