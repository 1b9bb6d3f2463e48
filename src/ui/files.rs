//! The files of scenes, and of the user's own presets: small, so that reading and writing them is over before anyone waits.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::file::{self, Readers, failed};
use crate::format::shown_path;
use crate::preset::own;
use crate::scene;

/// Writes a file; one that is there already is replaced only where that is said. The error is one line.
pub(super) fn write(path: &Path, text: &str, replaces: bool) -> Result<(), String> {
    let written = file::write(path, text.as_bytes(), Readers::All, replaces);
    written.map_err(|error| failed("write", path, &error))
}

/// Reads a file. The error is one line.
pub(super) fn read(path: &Path) -> Result<String, String> {
    read_all(path).map_err(|error| failed("read", path, &error))
}

/// Keeps a preset, at the end of its file and for this run; returns the file's name. The error is one line.
pub(super) fn keep_preset(file: Option<&Path>, name: &str, faults: &str) -> Result<String, String> {
    let path = file.ok_or("there is no folder for presets: set XDG_CONFIG_HOME or HOME")?;
    append_preset(path, &own::entry(name, faults))
        .map_err(|error| failed("write", path, &error))?;
    own::keep(name, faults, own::SOURCE)?;
    Ok(shown_path(path))
}

fn append_preset(path: &Path, entry: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::options().create(true).append(true).open(path)?;
    let blank = if file.metadata()?.len() > 0 { "\n" } else { "" };
    file.write_all(format!("{blank}{entry}").as_bytes())
}

fn read_all(path: &Path) -> io::Result<String> {
    // Reading what is no file might never end, and the console waits for it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("no scene: a file of text is wanted"));
    }
    scene::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_preset_stands_behind_those_of_the_file_and_is_found_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("faultboard/presets.toml");
        for name in ["cafe", "train-home"] {
            let kept = keep_preset(Some(&path), name, "latency 80ms");
            assert_eq!(kept, Ok(shown_path(&path)));
            assert!(crate::preset::named(name).is_some());
        }
        let text = fs::read_to_string(&path).expect("a file");
        let table = |name| format!("[{name}]\nfaults = \"latency 80ms\"\n");
        assert_eq!(text, format!("{}\n{}", table("cafe"), table("train-home")));
        assert!(keep_preset(None, "x", "latency 80ms").is_err());
    }
}
