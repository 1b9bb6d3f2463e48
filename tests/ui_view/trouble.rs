//! Failures: of which connections, whose doing they are, and why.

use std::sync::Arc;

use faultboard::snapshot::ProxyRow;
use faultboard::ui::model::{Line, Tone};

use crate::support;
use crate::support::{few, screen, text};
use crate::{ago, change_row, cut, row, words};

#[test]
fn the_reason_of_a_failed_connection_is_on_the_screen() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 3);
        let why = "#44 my-db:5432: connection refused";
        let line = Line::new(ago(300), "db", why, Tone::Trouble);
        model.log.push_back(line);
        model.changes.clear();
        let shown = text(&screen(&model));
        assert!(shown.contains(&format!("! db: {why}")), "{shown}");
    }
}

#[test]
fn a_proxy_without_connections_says_what_became_of_them() {
    let mut model = few(80, 24, 1);
    model.conns = faultboard::ui::model::ConnList::default();
    let line = Line::new(ago(60_000), "db", "#44 connection refused", Tone::Trouble);
    model.log.push_back(line);
    model.changes.clear();
    for (total, failed, ended, says) in [
        (0, 0, &[][..], "none yet: point a client at 127.0.0.1:35432"),
        (12, 3, &[], "none open: 12 so far, 3 of them failed"),
        (
            68,
            0,
            &[("reset", 68)],
            "none open: 68 so far, 68 cut by reset",
        ),
        (
            80,
            9,
            &[("reset", 40), ("timeout", 28)],
            "none open: 80 so far, 40 cut by reset, 28 by timeout, 9 failed",
        ),
    ] {
        change_row(&mut model, 0, |row| {
            (row.open, row.up_to_date, row.total, row.failed) = (0, 0, total, failed);
            row.ended = ended.to_vec();
        });
        let shown = text(&screen(&model));
        assert!(shown.contains(says), "{shown}");
        assert!(
            shown.contains("00:11:41 ! #44 connection refused"),
            "{shown}"
        );
    }
}

/// The longest reason that a handshake is refused for, with what helps at its end.
const UNTRUSTED: &str = "#44 upstream: certificate of my-db.example is signed by an unknown authority: \
                         give --ca-file, or --insecure to try without";

#[test]
fn a_proxy_whose_connections_faults_end_is_no_calm_green_dot() {
    let strip = |change: &dyn Fn(&mut ProxyRow)| {
        let mut model = few(80, 24, 1);
        change_row(&mut model, 0, |row| {
            (row.open, row.up_to_date) = (0, 0);
            change(row);
        });
        row(&screen(&model), 2)
    };
    let lately = strip(&|row| cut(row, 118));
    assert!(lately.contains("✕ 0 conn  cut 3"), "{lately}");
    let since = strip(&|row| cut(row, 3));
    assert!(since.contains("✕ 0 conn  cut 68"), "{since}");
    let lifted = strip(&|row| {
        cut(row, 118);
        row.plan = Arc::default();
    });
    assert!(lifted.contains("● 0 conn"), "{lifted}");
}

#[test]
fn the_name_of_a_proxy_in_trouble_comes_before_its_connections() {
    let strip = |name: &str, failures: u32| {
        let mut model = few(120, 35, 1);
        change_row(&mut model, 0, |row| {
            name.clone_into(&mut row.name);
            let failed = |at| failures * u32::from(at == 118);
            row.history = support::history(|_| Some(256), |_| [0.0; 2], failed);
        });
        row(&screen(&model), 3)
    };
    for (name, failures, says) in [
        ("flaky", 3, "1 flaky ! 4 conn failed 3 "),
        ("flaky", 16, "1 flaky ! failed 16 "),
        // Not even so it would be whole.
        ("reporting-db", 16, "1 re…b ! 4 conn failed 16 "),
    ] {
        let strip = strip(name, failures);
        assert!(strip.contains(says), "{strip}");
    }
}

#[test]
fn a_long_reason_is_whole_where_no_connection_is_open() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 1);
        model.conns = faultboard::ui::model::ConnList::default();
        model.log.clear();
        let line = Line::new(ago(60_000), "db", UNTRUSTED, Tone::Trouble);
        model.log.push_back(line);
        let shown = text(&screen(&model));
        let pane: Vec<&str> = shown
            .lines()
            .skip_while(|line| !line.contains("last failure"))
            .collect();
        let pane: Vec<&str> = pane
            .iter()
            .map(|line| line.split('│').next().unwrap_or(""))
            .collect();
        let pane = pane.join(" ");
        let pane = pane.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            pane.starts_with(&format!("last failure 00:11:41 ! {UNTRUSTED}")),
            "{shown}"
        );
    }
}

#[test]
fn a_long_reason_takes_a_second_row_over_open_connections() {
    for (width, height) in [(80, 24), (100, 30), (120, 35), (200, 50)] {
        let mut model = few(width, height, 3);
        model
            .log
            .push_back(Line::new(ago(300), "db", UNTRUSTED, Tone::Trouble));
        model.changes.clear();
        let shown = words(&model);
        assert!(shown.contains(&format!("! db: {UNTRUSTED}")), "{shown}");
    }
}
