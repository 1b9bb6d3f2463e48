//! Reads the files that people name, whole but never without end.
//!
//! A path may be that of a device, of a pipe or of a disk's image by mistake: the program then says so instead of filling
//! its memory. What is in a file is for its reader to judge.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

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
