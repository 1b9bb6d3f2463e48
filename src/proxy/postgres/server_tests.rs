//! Errors that come in place of an answer. The answers themselves are tested over sockets, in `tests/engine_tls/postgres.rs`.

use super::*;
use crate::proxy::postgres::error_response;

#[test]
fn an_error_is_whole_at_its_last_byte_and_not_before() {
    let modern = error_response("53300", "too many connections");
    for bytes in [modern.as_slice(), b"Efork failed\n\0"] {
        for end in 1..bytes.len() {
            assert!(!is_whole(&bytes[..end]), "after {end} bytes");
        }
        assert!(is_whole(bytes));
    }
}

#[test]
fn the_text_of_an_error_is_found_in_old_and_new_forms() {
    let modern = error_response("53300", "too many connections");
    assert_eq!(message(&modern), "faultboard: too many connections");
    assert_eq!(message(b"Efork failed\n\0"), "fork failed");
    assert_eq!(message(b"E\0\0\0\x0bC12345\0"), "no message");
    assert_eq!(message(b"E"), "");
}

#[test]
fn an_error_cannot_write_control_characters_to_the_terminal() {
    assert_eq!(message(b"Ea\x1b]0;b\x07c\0"), "a\\u{1b}]0;b\\u{7}c");
}
