//! Reads the files that people name, whole but never without end, and makes those that are their owner's alone.
//!
//! A path may be that of a device, of a pipe or of a disk's image by mistake: the program then says so instead of filling
//! its memory. What is in a file is for its reader to judge.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

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

/// Makes a file that nobody but its owner may read, in the place of one that was there. It follows no symbolic link: somebody
/// else may have put one there.
pub fn create_private(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = File::options();
    let options = options.create(true).write(true).truncate(true);
    let file = options.mode(0o600).custom_flags(flags).open(path);
    file.map_err(|error| match error.raw_os_error() {
        Some(number) if number == Errno::LOOP.raw_os_error() => {
            io::Error::other("it is a symbolic link: give the file itself")
        }
        _ => error,
    })
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
        let endless = read(Path::new("/dev/zero"), 16).expect_err("no end");
        assert_eq!(endless.to_string(), "it is longer than 16 MiB");
    }
}
