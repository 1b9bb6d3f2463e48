//! The list of a server's ways to authenticate, cut into chunks anywhere.

use proptest::prelude::*;

use super::*;

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

fn offer(mechanisms: &[&str]) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 10];
    for mechanism in mechanisms {
        body.extend_from_slice(mechanism.as_bytes());
        body.push(0);
    }
    body.push(0);
    message(b'R', &body)
}

/// Everything that comes out for these chunks, and the reason where the stream was refused.
fn pass(chunks: &[&[u8]]) -> (Vec<u8>, Option<String>) {
    let mut filter = SaslFilter::new("db:5432".to_owned());
    let mut out = Vec::new();
    for chunk in chunks {
        filter.push(chunk);
        drain(&mut filter, &mut out);
    }
    filter.push_eof();
    drain(&mut filter, &mut out);
    (out, filter.refusal().map(ToString::to_string))
}

fn drain(filter: &mut SaslFilter, out: &mut Vec<u8>) {
    let mut space = [0; 7];
    let mut buf = ReadBuf::new(&mut space);
    while filter.poll_output(&mut buf) {
        out.extend_from_slice(buf.filled());
        buf.clear();
    }
}

#[test]
fn only_the_mechanism_with_channel_binding_is_removed() {
    for (offered, left) in [
        (
            &["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"][..],
            &["SCRAM-SHA-256"][..],
        ),
        (&["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"], &["SCRAM-SHA-256"]),
        (
            &["A", "SCRAM-SHA-256-PLUS", "OAUTHBEARER"],
            &["A", "OAUTHBEARER"],
        ),
        (&["SCRAM-SHA-256"], &["SCRAM-SHA-256"]),
        (&[], &[]),
    ] {
        let bytes = offer(offered);
        assert_eq!(pass(&[&bytes]), (offer(left), None));
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(pass(&single), (offer(left), None));
    }
}

#[test]
fn channel_binding_alone_is_refused_with_an_error_for_the_client() {
    let bytes = offer(&["SCRAM-SHA-256-PLUS"]);
    let (out, refusal) = pass(&[&bytes, b"dropped"]);
    let error = TlsError::ChannelBinding("db:5432".to_owned());
    assert_eq!(out, reply(&error));
    assert_eq!(refusal, Some(error.to_string()));
}

#[test]
fn the_first_answer_about_authentication_ends_the_watch() {
    let plus = offer(&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
    for answer in [
        message(b'R', &[0, 0, 0, 0]),
        message(b'R', &[0, 0, 0, 5, 1, 2, 3, 4]),
        message(b'R', &[0, 0, 0, 3]),
        message(b'E', b"SFATAL\0\0"),
        b"Eold style\n\0".to_vec(),
        message(b'Z', b"I"),
        message(b'R', b""),
    ] {
        let bytes = [answer, plus.clone()].concat();
        assert_eq!(pass(&[&bytes]), (bytes, None));
    }
}

#[test]
fn messages_that_may_come_first_pass_and_the_watch_goes_on() {
    let first = [
        message(b'v', &[0, 3, 0, 0, 0, 0, 0, 0]),
        message(b'N', b"MX\0\0"),
    ]
    .concat();
    let plus = offer(&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
    let (out, refusal) = pass(&[&[first.clone(), plus].concat()]);
    assert_eq!(out, [first, offer(&["SCRAM-SHA-256"])].concat());
    assert_eq!(refusal, None);
}

#[test]
fn a_stream_that_ends_in_the_middle_of_a_message_loses_nothing() {
    let bytes = offer(&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
    for end in 0..bytes.len() {
        assert_eq!(pass(&[&bytes[..end]]), (bytes[..end].to_vec(), None));
    }
}

#[test]
fn a_message_without_bounds_is_refused_at_its_header() {
    for (bytes, why) in [
        (
            &b"R\xff\xff\xff\xff\0\0\0\x0a"[..],
            "a message before authentication is longer than 1 MiB",
        ),
        (
            b"N\0\x10\0\0",
            "a message before authentication is longer than 1 MiB",
        ),
        (b"v\0\0\0\x03", "a message in its answer has no length"),
    ] {
        let (out, refusal) = pass(&[bytes]);
        assert_eq!(
            refusal,
            Some(format!("upstream db:5432 does not speak PostgreSQL: {why}"))
        );
        assert_eq!(out[0], b'E');
    }
}

#[test]
fn a_list_in_a_wrong_form_is_left_to_the_client() {
    let bytes = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS");
    assert_eq!(pass(&[&bytes]), (bytes, None));
}

#[test]
fn a_filter_is_done_when_nothing_is_left_in_it() {
    let mut filter = SaslFilter::new("db:5432".to_owned());
    assert!(!filter.is_done());
    filter.push(&message(b'R', &[0, 0, 0, 0]));
    assert!(!filter.is_done());
    drain(&mut filter, &mut Vec::new());
    assert!(filter.is_done());
}

proptest! {
    #[test]
    fn chunks_do_not_matter(
        mechanisms in prop::collection::vec("[A-Z-]{1,8}|SCRAM-SHA-256-PLUS", 0..4),
        notices in 0_usize..3,
        rest in prop::collection::vec(any::<u8>(), 0..64),
        sizes in prop::collection::vec(1_usize..24, 1..8),
    ) {
        let names: Vec<&str> = mechanisms.iter().map(String::as_str).collect();
        let mut bytes = message(b'N', b"MX\0\0").repeat(notices);
        bytes.extend_from_slice(&offer(&names));
        bytes.extend_from_slice(&rest);
        let mut chunks = Vec::new();
        let mut left = bytes.as_slice();
        for size in sizes.iter().cycle() {
            if left.is_empty() {
                break;
            }
            let (chunk, behind) = left.split_at((*size).min(left.len()));
            chunks.push(chunk);
            left = behind;
        }
        prop_assert_eq!(pass(&chunks), pass(&[&bytes]));
    }

    #[test]
    fn whatever_a_server_sends_is_passed_on_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let (out, refusal) = pass(&[&bytes]);
        prop_assert!(refusal.is_some() || out == bytes);
    }
}
