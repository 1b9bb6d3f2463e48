//! Effects: what must happen outside the model, and how it is answered.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::request::{Outcome, Request, RequestError};

/// One thing that must happen outside the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The engine is asked for something; its answer carries the same number. Of several plans for one proxy in one frame,
    /// the last one is asked for.
    Ask(u64, Request),
    /// A scene is written to a file.
    WriteScene {
        /// The file, as its name was typed.
        file: PathBuf,
        /// The scene as text.
        text: String,
        /// Whether a file of this name is replaced.
        replaces: bool,
    },
    /// What a sweep came to is written to a file.
    WriteSweep {
        /// The file, as its name was typed.
        file: PathBuf,
        /// The curve, in the form that the file's name asks for.
        text: String,
        /// Whether a file of this name is replaced.
        replaces: bool,
    },
    /// The tape is saved to a file.
    SaveTape {
        /// The file, as its name was typed.
        file: PathBuf,
        /// Whether a file of this name is replaced.
        replaces: bool,
    },
    /// A scene is read from a file.
    ReadScene(PathBuf),
    /// The terminal's clipboard takes a text, where the terminal lets programs write to it.
    Copy(String),
    /// Faults are kept as a preset of this name.
    KeepPreset {
        /// What it is called.
        name: String,
        /// Its faults, in the fault language.
        faults: String,
    },
    /// The terminal tells what is done with the mouse from now on, or no more.
    Mouse(bool),
    /// The program ends.
    Quit,
    /// The process stops until its shell lets it go on.
    Suspend,
    /// The screen is drawn again from nothing.
    Repaint,
}

/// What the terminal is told beside what stands on the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum ToTerminal {
    /// To put a text into the clipboard.
    Copy(String),
    /// To tell what is done with the mouse, or no more.
    Mouse(bool),
    /// To give its window a title.
    Title(String),
}

/// Tells the terminal.
pub type Tell = Box<dyn FnMut(&ToTerminal) -> io::Result<()> + Send>;

/// What an effect came to.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The engine did, or refused, what it was asked for under this number.
    Engine(u64, Result<Outcome, Arc<RequestError>>),
    /// A scene was written, or could not be.
    SceneWritten {
        /// The file, as its name was typed.
        file: PathBuf,
        /// Why it could not be written.
        result: Result<(), String>,
    },
    /// A sweep was written, or could not be.
    SweepWritten {
        /// The file, as its name was typed.
        file: PathBuf,
        /// Why it could not be written.
        result: Result<(), String>,
    },
    /// The tape was saved, or could not be.
    TapeSaved {
        /// The file, as its name was typed.
        file: PathBuf,
        /// Why it could not be saved.
        result: Result<(), String>,
    },
    /// A preset was kept, or could not be.
    PresetKept {
        /// What it is called.
        name: String,
        /// The file that it stands in, or why not.
        result: Result<String, String>,
    },
    /// A scene's text was read, or could not be.
    SceneRead {
        /// The file, as its name was typed.
        file: PathBuf,
        /// The text, or why not.
        text: Result<String, String>,
    },
}
