//! Reads the files that people name, whole but never without end, and makes those that are their owner's alone.
//!
//! A path may be that of a device, of a pipe or of a disk's image by mistake: the program then says so instead of filling
//! its memory. What is in a file is for its reader to judge.
//!
//! On Unix a file that is made has the mode 600, and a folder 700. On Windows they have the access list of the folder that they
//! are in: the user's own folders let nobody else in but administrators.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

pub use system::{Identity, identity};
use system::{no_links, private, private_folder};

/// Reads a file, or whatever else has a path and ends, of at most so many MiB.
pub fn read(path: &Path, most_mib: u64) -> io::Result<Vec<u8>> {
    let most = most_mib << 20;
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let why = format!("it is longer than {most_mib} MiB");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(bytes)
}

/// Makes a file that nobody but its owner may read, in the place of one that was there, as [`open_private`] does.
pub fn create_private(path: &Path) -> io::Result<File> {
    open_private(path, File::options().write(true).truncate(true))
}

/// Opens a file in this way, or makes one that nobody but its owner may read. It follows no symbolic link: somebody else may
/// have put one there.
pub fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = no_links(path, private(options.create(true)))?;
    file.ok_or_else(|| io::Error::other("it is a symbolic link: give the file itself"))
}

/// Writes a file of the user's own in a folder of theirs, which is made where it is not there: nobody else may read or open them.
pub fn write_own(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    private_folder(DirBuilder::new().recursive(true)).create(folder)?;
    let mut options = File::options();
    let options = private(options.write(true).create(true).truncate(true));
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(unix)]
mod system {
    use std::fs::{DirBuilder, File, OpenOptions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
    use std::path::Path;

    use rustix::fs::OFlags;
    use rustix::io::Errno;

    /// What tells a file from every other one: its device, and its number there.
    pub type Identity = (u64, u64);

    /// The identity of the file that a path leads to.
    pub fn identity(path: &Path) -> io::Result<Identity> {
        let found = path.metadata()?;
        Ok((found.dev(), found.ino()))
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    pub(super) fn private_folder(builder: &mut DirBuilder) -> &mut DirBuilder {
        builder.mode(0o700)
    }

    /// Opens a file; `None` where it is a symbolic link.
    pub(super) fn no_links(path: &Path, options: &mut OpenOptions) -> io::Result<Option<File>> {
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        match options.custom_flags(flags).open(path) {
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => Ok(None),
            opened => opened.map(Some),
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::{DirBuilder, File, OpenOptions};
    use std::io;
    use std::path::{Path, PathBuf};

    /// What tells a file from every other one: its whole path. Two hard links to one file are taken for two files.
    pub type Identity = PathBuf;

    /// The identity of the file that a path leads to.
    pub fn identity(path: &Path) -> io::Result<Identity> {
        path.canonicalize()
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn private_folder(builder: &mut DirBuilder) -> &mut DirBuilder {
        builder
    }

    /// Opens a file; `None` where it is a symbolic link. Only administrators, or users who have asked for it, may make links,
    /// so nobody else puts one there between the look and the opening.
    pub(super) fn no_links(path: &Path, options: &mut OpenOptions) -> io::Result<Option<File>> {
        if path
            .symlink_metadata()
            .is_ok_and(|found| found.is_symlink())
        {
            return Ok(None);
        }
        options.open(path).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_bound_and_no_further() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for (length, why) in [
            (1 << 20, None),
            ((1 << 20) + 1, Some("it is longer than 1 MiB")),
        ] {
            std::fs::write(&path, vec![b'x'; length]).expect("a file");
            let read = read(&path, 1).map(|bytes| assert_eq!(bytes.len(), length));
            let refused = read.err().map(|error| error.to_string());
            assert_eq!(refused.as_deref(), why);
        }
        if cfg!(unix) {
            let endless = read(Path::new("/dev/zero"), 16).expect_err("no end");
            assert_eq!(endless.to_string(), "it is longer than 16 MiB");
        }
    }
}
