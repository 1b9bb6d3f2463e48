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
