//! Reads the files that people name, whole but never without end, and writes those that they ask for.
//!
//! One rule says what is written over: only what is faultboard's own. A file that a typed word names is replaced where this run has
//! written it; one that an option of the command line names, also where an earlier run has. Whatever else is there stays, and its
//! user is told to give another name.
//!
//! A path may be that of a device, of a pipe or of a disk's image by mistake: the program then says so instead of filling
//! its memory. What is in a file is for its reader to judge.
//!
//! On Unix a file that is made has the mode 600, and a folder 700. On Windows they have the access list of the folder that they
//! are in: the user's own folders let nobody else in but administrators.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

pub use system::{Identity, identity, is_shared};
use system::{no_links, private, private_folder, to_write};

use crate::format::{reason, shown_path};

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

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whom the process's mask allows.
    All,
    /// Its owner alone.
    Owner,
}

/// Writes a file; one that is there already is replaced only where that is said.
pub fn write(path: &Path, bytes: &[u8], readers: Readers, replaces: bool) -> io::Result<()> {
    let was_there = path.symlink_metadata().is_ok();
    let mut file = match (readers, replaces) {
        (Readers::Owner, true) => create_private(path)?,
        (Readers::All, true) => to_write(
            path,
            File::options().write(true).create(true).truncate(true),
        )?,
        (Readers::Owner, false) => private(&mut new()).open(path)?,
        (Readers::All, false) => new().open(path)?,
    };
    file.write_all(bytes).inspect_err(|_| {
        if !was_there {
            // A part of what was asked for is of no use, and in the way of the next try.
            let _ = fs::remove_file(path);
        }
    })
}

fn new() -> OpenOptions {
    let mut options = File::options();
    options.write(true).create_new(true);
    options
}

/// Whether what has this path may be replaced where an option of the command line names it: there is nothing, or nothing in it, or
/// it is as those are that `is_ours` knows by their beginning. What is no file takes what is written, and loses nothing.
pub fn may_replace(path: &Path, is_ours: impl Fn(&[u8]) -> bool) -> io::Result<bool> {
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        found => {
            if !found?.is_file() {
                return Ok(true);
            }
        }
    }
    let mut begins = Vec::new();
    File::open(path)?.take(BEGINS).read_to_end(&mut begins)?;
    Ok(begins.is_empty() || is_ours(&begins))
}

/// So many bytes of a file say whose it is.
const BEGINS: u64 = 1_024;

/// What a file that cannot be read or written is told as, in one line.
#[must_use]
pub fn failed(what: &str, path: &Path, error: &io::Error) -> String {
    let path = shown_path(path);
    if error.kind() == io::ErrorKind::AlreadyExists {
        return format!("{path} is there already: give another name");
    }
    format!("cannot {what} {path}: {}", reason(error))
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

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use rustix::io::Errno;

    /// What tells a file from every other one: its device, and its number there.
    pub type Identity = (u64, u64);

    /// The identity of the file that a path leads to.
    pub fn identity(path: &Path) -> io::Result<Identity> {
        let found = path.metadata()?;
        Ok((found.dev(), found.ino()))
    }

    /// Whether others than its owner may read or write a file.
    #[must_use]
    pub fn is_shared(path: &Path) -> bool {
        path.metadata().is_ok_and(|found| found.mode() & 0o077 != 0)
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    pub(super) fn private_folder(builder: &mut DirBuilder) -> &mut DirBuilder {
        builder.mode(0o700)
    }

    /// Opens a file; `None` where it is a symbolic link.
    pub(super) fn no_links(path: &Path, options: &mut OpenOptions) -> io::Result<Option<File>> {
        match without_waiting(path, options, OFlags::NOFOLLOW) {
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Opens what is to be written.
    pub(super) fn to_write(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
        without_waiting(path, options, OFlags::empty())
    }

    /// Opens what may be a pipe: one that nobody reads is told, where opening it would wait for a reader without end.
    fn without_waiting(path: &Path, options: &mut OpenOptions, flags: OFlags) -> io::Result<File> {
        let flags = (flags | OFlags::NONBLOCK).bits().cast_signed();
        let file = match options.custom_flags(flags).open(path) {
            Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
                return Err(io::Error::other("it is a pipe that nobody reads"));
            }
            opened => opened?,
        };
        let flags = fcntl_getfl(&file)?;
        fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
        Ok(file)
    }
}

#[cfg(windows)]
mod system {
    use std::fs::{DirBuilder, File, OpenOptions};
    use std::io;
    use std::path::Path;

    /// What tells a file from every other one: its volume, and its number there.
    pub type Identity = same_file::Handle;

    /// The identity of the file that a path leads to.
    pub fn identity(path: &Path) -> io::Result<Identity> {
        Identity::from_path(path)
    }

    /// Whether others than its owner may read or write a file: its folder says, and is not asked.
    #[must_use]
    pub fn is_shared(_path: &Path) -> bool {
        false
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn private_folder(builder: &mut DirBuilder) -> &mut DirBuilder {
        builder
    }

    /// Opens what is to be written.
    pub(super) fn to_write(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
        options.open(path)
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
    fn a_file_is_written_over_only_where_that_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        for readers in [Readers::All, Readers::Owner] {
            let path = folder.path().join(format!("{readers:?}"));
            let write = |text: &str, replaces| {
                let written = super::write(&path, text.as_bytes(), readers, replaces);
                written.map_err(|error| failed("write", &path, &error))
            };
            assert_eq!(write("first", false), Ok(()));
            let said = format!("{} is there already: give another name", path.display());
            assert_eq!(write("second", false), Err(said));
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), "first");
            assert_eq!(write("3rd", true), Ok(()));
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), "3rd");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = path.metadata().expect("a file").permissions().mode();
                assert_eq!(
                    mode.trailing_zeros() >= 6,
                    readers == Readers::Owner,
                    "{mode:o}"
                );
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_pipe_that_nobody_reads_is_not_waited_for() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
        for readers in [Readers::All, Readers::Owner] {
            let refused = write(&path, b"text", readers, true).expect_err("nobody reads");
            assert_eq!(refused.to_string(), "it is a pipe that nobody reads");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_device_that_takes_nothing_is_told_and_stays() {
        let full = Path::new("/dev/full");
        let refused = write(full, b"text", Readers::All, true).expect_err("no room");
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        assert!(full.exists());
    }

    #[test]
    fn the_command_line_replaces_what_begins_as_ours_and_what_is_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let may = || may_replace(&path, |begins| begins.starts_with(b"ours")).expect("readable");
        assert!(may(), "there is none");
        for (text, replaced) in [("", true), ("ours, of before", true), ("notes", false)] {
            std::fs::write(&path, text).expect("a file");
            assert_eq!(may(), replaced, "{text}");
        }
        #[cfg(unix)]
        assert!(may_replace(Path::new("/dev/null"), |_| false).expect("a device"));
    }

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
