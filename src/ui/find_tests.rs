//! What is looked for: which rows match, and what is wrong with a text.

use std::time::Duration;

use super::*;
use crate::fault::PerDirection;
use crate::snapshot::{ConnId, ProxyId};

fn conn() -> ConnRow {
    ConnRow {
        bytes: PerDirection::of(2_000, 18_000),
        rates: PerDirection::of(0.0, 1_400.0),
        held: PerDirection::of(0, 1_900),
        added: Some(Duration::from_millis(250)),
        age: Duration::from_secs(12),
        state: ConnState::Held,
        upstream: "10.0.0.7:5432".parse().ok(),
        ..ConnRow::opened(
            ConnId(2214),
            ProxyId(1),
            "127.0.0.1:41850".parse().expect("an address"),
        )
    }
}

fn find(place: Place, text: &str) -> Find {
    let mut find = Find::default();
    find.field.set(text.to_owned());
    find.changed(place);
    find
}

#[test]
fn a_connection_is_found_by_every_word() {
    for (text, found) in [
        ("", true),
        ("41850", true),
        ("10.0.0.7", true),
        (":5432", true),
        ("127.0.0.2", false),
        ("peer:41850", true),
        ("peer:5432", false),
        ("id:2214", true),
        ("#2214", true),
        ("id:221", false),
        ("state:held", true),
        ("state:open", false),
        ("age>10", true),
        ("age>10s age<1m", true),
        ("age>1m", false),
        ("added>100", true),
        ("added<100ms", false),
        ("held>1kB", true),
        ("held>1900", false),
        ("rate>1kB/s", true),
        ("up>1kB down<18kB", false),
        ("not state:open", true),
        ("alone", true),
        ("not alone", false),
        ("state:open or held>1", true),
        ("state:open and held>1", false),
        ("state:open or", false),
    ] {
        let find = find(Place::Conns, text);
        assert_eq!(find.error, None, "{text}");
        assert_eq!(find.takes_conn(&conn(), true), found, "{text}");
    }
}

#[test]
fn a_proxy_is_found_by_its_names_and_by_what_it_is_at() {
    let mapping = crate::mapping::parse("35432=psql://my-db").expect("a mapping");
    let mut row = ProxyRow::quiet(ProxyId(1), mapping);
    let plan = Plan::of(crate::fault::language::parse("latency 5ms").expect("a fault"));
    for (text, plain, set_and_failed) in [
        ("DB", true, true),
        ("35432", true, true),
        ("psql", true, true),
        ("web", false, false),
        ("on", false, true),
        ("not on", true, false),
        ("failed", false, true),
        ("web or on", false, true),
    ] {
        let find = find(Place::Strips, text);
        row.failed = 0;
        assert_eq!(find.takes_proxy(&row, &Plan::default()), plain, "{text}");
        row.failed = 1;
        assert_eq!(find.takes_proxy(&row, &plan), set_and_failed, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_at_its_column_and_what_is_begun_is_not_wrong() {
    for (text, column, says) in [
        (
            "state:hold",
            7,
            "unknown state \"hold\": did you mean \"held\"?",
        ),
        (
            "age>1m stat:held",
            8,
            "unknown word \"stat\": did you mean \"state\"?",
        ),
        ("held>5ms", 7, "held wants a size, not a time"),
        ("id:x", 4, "id wants a number: id:31"),
        ("added:5ms", 6, "added is compared: added>5ms or added<5ms"),
        ("age> held>1", 5, "age wants a time"),
        ("hel age>1", 1, "held> follows, or peer:hel for an address"),
    ] {
        let error = find(Place::Conns, text).error.expect(text);
        assert!(!error.unfinished, "{text}: {error}");
        assert_eq!((error.column(), &*error.input), (column, text), "{error}");
        assert!(error.message.contains(says), "{error}");
    }
    for text in [
        "st", "age>1 h", "no", "state:", "state:he", "age>", "held>1k", "id:", "#", "peer:",
    ] {
        let error = find(Place::Conns, text).error.expect(text);
        assert!(error.unfinished, "{text}: {error}");
        assert!(!error.expected.is_empty(), "{text}: {error}");
    }
}

#[test]
fn a_text_that_is_wrong_leaves_the_rows_of_the_last_right_one() {
    let mut find = find(Place::Conns, "state:open");
    find.field.set("state:open age>".to_owned());
    find.changed(Place::Conns);
    assert!(find.error.is_some());
    assert!(!find.takes_conn(&conn(), true));
    find.forget();
    assert!(find.is_empty() && find.takes_conn(&conn(), true));
}
