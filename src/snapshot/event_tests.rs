//! Events as they are printed, word for word.

use super::*;

#[test]
fn what_was_negotiated_is_one_line() {
    let mut negotiated = Negotiated {
        version: "TLS 1.3",
        alpn: Some("http/1.1".to_owned()),
        offered: Vec::new(),
        resumed: false,
        round_trips: 1,
        took: Duration::from_micros(18_700),
    };
    assert_eq!(negotiated.to_string(), "TLS 1.3 ok 18ms, ALPN http/1.1");
    negotiated.alpn = None;
    negotiated.offered = vec!["h2".to_owned(), "http/1.1".to_owned()];
    assert_eq!(
        negotiated.to_string(),
        "TLS 1.3 ok 18ms, without ALPN: h2, http/1.1 not taken"
    );
    negotiated.offered.clear();
    negotiated.resumed = true;
    assert_eq!(negotiated.to_string(), "TLS 1.3 ok 18ms, resumed");
}
