//! The files of scenes: small, so that reading and writing them is over before anyone waits.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::format::{reason, shown_path};
use crate::scene;

/// Writes a file; one that is there already is replaced only where that is said. The error is one line.
pub(super) fn write(path: &Path, text: &str, replaces: bool) -> Result<(), String> {
    write_all(path, text, replaces).map_err(|error| failed("write", path, &error))
}

/// Reads a file. The error is one line.
pub(super) fn read(path: &Path) -> Result<String, String> {
    read_all(path).map_err(|error| failed("read", path, &error))
}

fn failed(what: &str, path: &Path, error: &io::Error) -> String {
    let path = shown_path(path);
    if error.kind() == io::ErrorKind::AlreadyExists {
        return format!("{path} is there already: give another name");
    }
    format!("cannot {what} {path}: {}", reason(error))
}

fn write_all(path: &Path, text: &str, replaces: bool) -> io::Result<()> {
    if replaces {
        return fs::write(path, text);
    }
    File::create_new(path)?.write_all(text.as_bytes())
}

fn read_all(path: &Path) -> io::Result<String> {
    // Reading what is no file might never end, and the console waits for it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("no scene: a file of text is wanted"));
    }
    scene::read(path)
}
