//! A desk elsewhere: whose it is, and what is shown where it cannot be reached.

use std::sync::Arc;

use faultboard::desk::{Contact, Peer, Program, Reach, Why};
use faultboard::snapshot::{ProxyRow, Snapshot};
use faultboard::ui::model::Model;
use ratatui::style::Color;

use crate::assert_screens;
use crate::support::{NOW, few, ms, screen};

/// An engine elsewhere that two others look at too.
fn elsewhere(model: &mut Model, reach: Reach) {
    let peer = Peer {
        place: 0,
        name: "shop-7d9f".to_owned(),
        address: "127.0.0.1:8474".to_owned(),
        program: Program::Faultboard,
        version: "0.2.0".to_owned(),
        seed: Some(7),
        others: 2,
        read_only: false,
        restarts: 0,
        reach,
    };
    model.contact = Contact::of(vec![peer]);
}

#[test]
fn an_engine_elsewhere_is_named_in_the_place_of_the_title() {
    assert_screens("elsewhere", 3, |model| elsewhere(model, Reach::Here));
}

#[test]
fn of_a_toxiproxy_server_what_it_does_not_tell_is_no_zero() {
    assert_screens("toxiproxy", 3, |model| {
        elsewhere(model, Reach::Here);
        let peer = &mut model.contact.peers[0];
        (peer.program, peer.seed, peer.others) = (Program::Toxiproxy, None, 0);
        "127.0.0.1:8474".clone_into(&mut peer.name);
        "2.12.0".clone_into(&mut peer.version);
        let rows = model.snapshot.proxies.iter().map(|row| ProxyRow {
            plan: Arc::clone(&row.plan),
            foreign: Some(["mine (noop)".to_owned()].into()),
            ..ProxyRow::quiet(row.id, row.mapping.clone())
        });
        model.snapshot = Arc::new(Snapshot {
            at: model.snapshot.at,
            proxies: rows.collect(),
            ..Snapshot::default()
        });
        (model.conns.rows, model.conns.all, model.conns.total) = (Vec::new(), 0, 0);
    });
}

fn out_of_contact() -> Reach {
    Reach::Lost {
        since: NOW.saturating_sub(ms(4_000)),
        next: Some(NOW + ms(2_000)),
        why: Why::Silent,
    }
}

#[test]
fn out_of_contact_the_last_picture_stays_and_the_head_says_for_how_long() {
    assert_screens("out_of_contact", 3, |model| {
        elsewhere(model, out_of_contact());
    });
}

#[test]
fn out_of_contact_nothing_has_a_colour_but_what_says_so() {
    let mut model = few(120, 35, 3);
    elsewhere(&mut model, out_of_contact());
    let screen = screen(&model);
    let coloured = screen.area.positions().filter(|at| {
        let cell = &screen[*at];
        cell.fg != Color::Reset && at.y != 0 && at.x < 78 && at.y < 24
    });
    let coloured: Vec<_> = coloured
        .map(|at| (at, screen[at].symbol().to_owned()))
        .collect();
    assert!(coloured.is_empty(), "{coloured:?}");
}
