//! The pictures of the README, made from the program itself; and whether they are of the screens as they are now.
//!
//! `FAULTBOARD_PICTURES=draw cargo test --test pictures` runs the console on a terminal of its own, with an upstream and its
//! clients, presses the keys below, and writes `assets/console.svg`, a still, and `assets/tour.svg`, which moves. Without
//! the variable it only compares: each picture says of which snapshots of the screens it is.

#![cfg(all(unix, feature = "tui"))]
#![expect(
    clippy::disallowed_methods,
    reason = "what moves takes its time, and only drawing does it"
)]

mod support;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use faultboard::proxy::clock;
use support::pty::Terminal;
use support::services::free_port;

/// The size of both pictures, in cells.
const SIZE: (u16, u16) = (120, 35);
/// The size of a cell, in pixels.
const CELL: (f64, f64) = (8.0, 17.0);
/// The colours of the page, of text that asks for none, and how much of it text has that is dim.
const GROUND: &str = "#14161a";
const TEXT: &str = "#d4d7dd";
const DIM: &str = "0.55";
/// How often the screen is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long an upstream thinks before it answers.
const THINKS: Duration = Duration::from_millis(40);

/// What is pressed in the moving picture, and how long it is watched then, in tenths of a second. `MAPPING` is typed
/// letter by letter.
const TOUR: &[(&str, u32)] = &[
    ("", 10),
    ("MAPPING", 6),
    ("\r", 40),
    ("5", 45),
    (" ", 22),
    (" ", 22),
    ("c", 6),
    ("\r", 40),
];

/// When the still is taken: before this step of the tour.
const STILL: usize = 6;

#[test]
fn the_pictures_are_of_the_screens_as_they_are() {
    let screens = screens();
    if env::var("FAULTBOARD_PICTURES").is_ok_and(|word| word == "draw") {
        draw(&screens);
    }
    for name in ["console.svg", "tour.svg"] {
        let picture = fs::read_to_string(asset(name)).unwrap_or_default();
        assert!(
            picture.contains(&screens),
            "assets/{name} is older than the screens: FAULTBOARD_PICTURES=draw cargo test --test pictures makes it anew"
        );
    }
}

/// Of which screens a picture is: a number made of the snapshots of the main screen.
fn screens() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui_view/snapshots");
    let mut hasher = DefaultHasher::new();
    for screen in ["main_120x35", "detail_120x35_unicode"] {
        let path = folder.join(format!("ui_view__{screen}.snap"));
        let snapshot = fs::read_to_string(path).expect("a snapshot");
        // Behind what says where it comes from.
        let screen = snapshot.splitn(3, "---\n").last();
        screen.expect("a screen").hash(&mut hasher);
    }
    format!("screens {:016x}", hasher.finish())
}

fn asset(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("assets")
        .join(name)
}

// === the session ===

/// Runs the tour and writes both pictures.
fn draw(screens: &str) {
    let terminal = Terminal::faultboard(SIZE, &[]);
    terminal.text("no proxies yet");
    let (port, upstream) = (free_port(), shop());
    let mut film = Film::new();
    for (step, (keys, tenths)) in TOUR.iter().enumerate() {
        if step == STILL {
            let still = film.picture(&[(film.last(), 0)], screens);
            fs::write(asset("console.svg"), still).expect("written");
        }
        match *keys {
            "MAPPING" => {
                for letter in format!("{port}=localhost:{} as shop", upstream.port()).chars() {
                    terminal.keys(&letter.to_string());
                    film.watch(&terminal, 1);
                }
            }
            keys => terminal.keys(keys),
        }
        if *keys == "\r" && step == 2 {
            terminal.text("none yet: point a client at");
            for _ in 0..4 {
                thread::spawn(move || browse(port));
            }
        }
        film.watch(&terminal, *tenths);
    }
    let moving = film.picture(&film.shown, screens);
    fs::write(asset("tour.svg"), moving).expect("written");
}

/// An upstream that answers each request after a while with some bytes.
fn shop() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let addr = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                while matches!(stream.read(&mut [0; 512]), Ok(1..)) {
                    thread::sleep(THINKS);
                    if stream.write_all(&[b'x'; 6_000]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    addr
}

/// A client that asks, waits for the answer, and asks again.
fn browse(port: u16) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the proxy listens");
    while stream.write_all(&[b'g'; 300]).is_ok() {
        if stream.read_exact(&mut [0; 6_000]).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(60));
    }
}

// === the pictures ===

/// Screens as they were shown, row by row.
struct Film {
    began: Instant,
    /// Each row that was ever shown, drawn; and its number.
    rows: HashMap<String, usize>,
    /// The rows of each screen, and since which millisecond it was shown.
    shown: Vec<(Vec<usize>, u64)>,
}

impl Film {
    fn new() -> Self {
        Self {
            began: clock::now(),
            rows: HashMap::new(),
            shown: Vec::new(),
        }
    }

    /// Looks at the screen for so many tenths of a second.
    fn watch(&mut self, terminal: &Terminal, tenths: u32) {
        for _ in 0..tenths {
            thread::sleep(LOOK);
            let drawn = terminal.wait("a screen", |shown| {
                let rows = (0..SIZE.1).map(|row| row_of(shown.screen(), row));
                Some(rows.collect::<Vec<_>>())
            });
            let at = (clock::now() - self.began).as_millis();
            let rows = drawn.into_iter().map(|row| self.number(row)).collect();
            self.shown
                .push((rows, u64::try_from(at).expect("a short film")));
        }
    }

    fn number(&mut self, row: String) -> usize {
        let next = self.rows.len();
        *self.rows.entry(row).or_insert(next)
    }

    fn last(&self) -> Vec<usize> {
        self.shown.last().expect("something was shown").0.clone()
    }

    /// These screens one after another; one alone stands still.
    fn picture(&self, shown: &[(Vec<usize>, u64)], screens: &str) -> String {
        let (width, height) = (
            CELL.0 * f64::from(SIZE.0) + 16.0,
            CELL.1 * f64::from(SIZE.1) + 16.0,
        );
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace\" font-size=\"13\">\n\
             <!-- {screens}, by tests/pictures.rs -->\n\
             <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{GROUND}\"/>\n<defs>\n"
        );
        let whole = shown.last().map_or(0, |(_, at)| at + 1_500);
        let mut used: Vec<(&String, &usize)> = self.rows.iter().collect();
        used.retain(|(_, number)| shown.iter().any(|(rows, _)| rows.contains(number)));
        used.sort_by_key(|(_, number)| **number);
        for (row, number) in used {
            let _ = writeln!(svg, "<g id=\"r{number}\">{row}</g>");
        }
        svg += "</defs>\n<g transform=\"translate(8 8)\">\n";
        for row in 0..usize::from(SIZE.1) {
            let y = CELL.1 * f64::from(u16::try_from(row).expect("a row"));
            let mut since = 0;
            for (index, (rows, at)) in shown.iter().enumerate() {
                let next = shown.get(index + 1);
                if next.is_some_and(|(next, _)| next[row] == rows[row]) {
                    continue;
                }
                let until = next.map_or(whole, |(_, at)| *at);
                let _ = write!(svg, "<use href=\"#r{}\" y=\"{y}\"", rows[row]);
                if since == 0 && next.is_none() {
                    svg += "/>\n";
                } else {
                    let part = |at: u64| at as f64 / whole as f64;
                    let _ = writeln!(
                        svg,
                        " display=\"none\"><animate attributeName=\"display\" calcMode=\"discrete\" \
                         values=\"none;inline;none\" keyTimes=\"0;{:.4};{:.4}\" dur=\"{whole}ms\" \
                         repeatCount=\"indefinite\"/></use>",
                        part(since).max(0.0001),
                        part(until).min(0.9999)
                    );
                }
                since = until;
                let _ = at;
            }
        }
        svg + "</g>\n</svg>\n"
    }
}

/// A row of the screen, a piece of text for each run of cells that look alike.
fn row_of(screen: &vt100::Screen, row: u16) -> String {
    let (mut svg, mut column) = (String::new(), 0);
    while column < SIZE.0 {
        let look = Look::of(screen, row, column);
        let (begin, mut text) = (column, String::new());
        while column < SIZE.0 && Look::of(screen, row, column) == look {
            let cell = screen.cell(row, column).expect("in the screen");
            if !cell.is_wide_continuation() {
                text += if cell.has_contents() {
                    cell.contents()
                } else {
                    " "
                };
            }
            column += 1;
        }
        look.draw(&mut svg, begin, column - begin, &text);
    }
    svg
}

/// How a cell looks.
#[derive(PartialEq)]
struct Look {
    colour: String,
    ground: Option<String>,
    bold: bool,
    dim: bool,
    underlined: bool,
}

impl Look {
    fn of(screen: &vt100::Screen, row: u16, column: u16) -> Self {
        let cell = screen.cell(row, column).expect("in the screen");
        let text = colour(cell.fgcolor()).unwrap_or_else(|| TEXT.to_owned());
        let ground = colour(cell.bgcolor());
        let (colour, ground) = if cell.inverse() {
            (ground.unwrap_or_else(|| GROUND.to_owned()), Some(text))
        } else {
            (text, ground)
        };
        Self {
            colour,
            ground,
            bold: cell.bold(),
            dim: cell.dim(),
            underlined: cell.underline(),
        }
    }

    fn draw(&self, svg: &mut String, column: u16, cells: u16, text: &str) {
        let (x, width) = (CELL.0 * f64::from(column), CELL.0 * f64::from(cells));
        if let Some(ground) = &self.ground {
            let _ = write!(
                svg,
                "<rect x=\"{x}\" width=\"{width}\" height=\"{}\" fill=\"{ground}\"/>",
                CELL.1
            );
        }
        if text.trim().is_empty() && !self.underlined {
            return;
        }
        let _ = write!(
            svg,
            "<text x=\"{x}\" y=\"13\" fill=\"{}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"",
            self.colour
        );
        for (says, attribute) in [
            (self.bold, " font-weight=\"bold\"".to_owned()),
            (self.dim, format!(" opacity=\"{DIM}\"")),
            (self.underlined, " text-decoration=\"underline\"".to_owned()),
        ] {
            svg.push_str(if says { &attribute } else { "" });
        }
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = write!(svg, ">{text}</text>");
    }
}

/// A colour of the terminal as the picture has it; none where the cell asks for none.
fn colour(colour: vt100::Color) -> Option<String> {
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        // The program uses none of these on a terminal of many colours.
        vt100::Color::Idx(_) => Some(TEXT.to_owned()),
    }
}
