//! The page of a report in a real browser: chromium without a window takes a picture of it, on a light and on a dark ground.
//!
//! Where there is no chromium the test says so and is skipped, but not where `CI` is set.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use faultboard::fault::PerDirection;
use faultboard::report::{Form, report};
use faultboard::tape::account::Account;
use faultboard::tape::{FaultChange, Head, Record, Second, Standing, Tape, Waits, What};

/// A session of a minute with latency in its middle third.
fn tape() -> Tape {
    let mut tape = Tape::new(Head {
        tape: Head::FORM,
        faultboard: "0.1.0".to_owned(),
        seed: 42,
        began: "2026-11-29T21:00:00Z".to_owned(),
        t: std::time::Duration::ZERO,
        demo: false,
        arguments: Vec::new(),
        proxies: vec![Standing {
            proxy: "shop".to_owned(),
            mapping: "8080=http://shop.internal as shop".to_owned(),
            ..Standing::default()
        }],
    });
    let second = std::time::Duration::from_secs;
    for (at, faults) in [(20, "latency 250ms"), (40, "")] {
        tape.push(Record {
            t: second(at),
            what: What::Faults(Arc::new(FaultChange {
                proxy: "shop".to_owned(),
                before: String::new(),
                faults: faults.to_owned(),
                bypassed: false,
                by: "console".to_owned(),
            })),
        });
    }
    for number in 1..=60 {
        let mut waits = Waits::default();
        let base = if (21..=40).contains(&number) { 290 } else { 40 };
        for more in 0..12 {
            waits.count(std::time::Duration::from_millis(base + more));
        }
        tape.push(Record {
            t: second(number),
            what: What::Second(Box::new(Second {
                proxy: "shop".to_owned(),
                span: second(1),
                connections: 6,
                bytes: PerDirection::of(900, 40_000),
                waits,
                ..Second::default()
            })),
        });
    }
    tape
}

/// Has the browser draw the page; what it says where it cannot.
fn draw(browser: &str, page: &Path, picture: &Path, dark: bool) -> Result<(), String> {
    let folder = page.parent().expect("a folder");
    let mut command = Command::new(browser);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=1000,700",
    ]);
    command.arg(format!(
        "--user-data-dir={}",
        folder.join("profile").display()
    ));
    command.arg(format!("--screenshot={}", picture.display()));
    if dark {
        command.arg("--blink-settings=preferredColorScheme=0");
    }
    let output = command
        .arg(page)
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(())
    } else {
        Err(said)
    }
}

#[test]
fn a_browser_draws_the_page_light_and_dark() {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let runs = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let Some(browser) = names.into_iter().find(runs) else {
        assert!(std::env::var_os("CI").is_none(), "chromium is missing");
        eprintln!("skipped: there is no chromium to draw the page");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    let tape = tape();
    let html = report(&tape, &Account::of(&tape), None, Form::Html);
    std::fs::write(&page, html).expect("a page");
    let mut pictures = Vec::new();
    for (name, dark) in [("light.png", false), ("dark.png", true)] {
        let picture = folder.path().join(name);
        draw(browser, &page, &picture, dark).expect("the browser draws");
        pictures.push(std::fs::read(&picture).expect("a picture"));
    }
    for picture in &pictures {
        assert!(picture.starts_with(b"\x89PNG"));
        // A page without anything on it is a few kilobytes.
        assert!(picture.len() > 20_000, "{} bytes", picture.len());
    }
    assert_ne!(pictures[0], pictures[1], "the dark page is the light one");
    if let Some(folder) = std::env::var_os("FAULTBOARD_LOOK") {
        for (name, picture) in ["light.png", "dark.png"].into_iter().zip(&pictures) {
            std::fs::write(Path::new(&folder).join(name), picture).expect("a place for it");
        }
    }
}
