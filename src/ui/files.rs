//! The files of scenes: small, so that reading and writing them is over before anyone waits.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::action::Answer;
use super::effect::Effect;

/// No scene is longer.
const MOST: u64 = 1 << 20;

/// Does what an effect says of files; nothing where it says nothing.
pub(super) fn carry_out(effect: Effect) -> Option<Answer> {
    match effect {
        Effect::WriteScene {
            file,
            text,
            replaces,
        } => Some(Answer::SceneWritten {
            result: write(&file, &text, replaces),
            file,
        }),
        Effect::ReadScene(file) => Some(Answer::SceneRead {
            text: read(&file),
            file,
        }),
        _ => None,
    }
}

/// Writes a file; one that is there already is replaced only where that is said. The error is one line.
fn write(path: &Path, text: &str, replaces: bool) -> Result<(), String> {
    write_all(path, text, replaces).map_err(|error| failed("write", path, &error))
}

/// Reads a file. The error is one line.
fn read(path: &Path) -> Result<String, String> {
    read_all(path).map_err(|error| failed("read", path, &error))
}

fn failed(what: &str, path: &Path, error: &io::Error) -> String {
    let path = path.display();
    if error.kind() == io::ErrorKind::AlreadyExists {
        return format!("{path} is there already: give another name");
    }
    let why = error.to_string();
    // The number of the system's error tells people nothing.
    let why = why
        .split(" (os error")
        .next()
        .unwrap_or(&why)
        .to_lowercase();
    format!("cannot {what} {path}: {why}")
}

fn write_all(path: &Path, text: &str, replaces: bool) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).truncate(replaces);
    if replaces {
        options.create(true);
    } else {
        options.create_new(true);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())
}

fn read_all(path: &Path) -> io::Result<String> {
    let file = fs::metadata(path)?;
    if !file.is_file() || file.len() > MOST {
        return Err(io::Error::other("no scene: a file of text is wanted"));
    }
    fs::read_to_string(path)
}
