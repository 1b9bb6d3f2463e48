//! What PostgreSQL's clients open with, cut into chunks anywhere.

use proptest::prelude::*;
use tokio::io::duplex;

use super::*;

const SSL: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
const GSS: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];
const CANCEL: &[u8] = &[0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 42, 1, 2, 3, 4];
const STARTUP: &[u8] = b"\0\0\0\x14\0\x03\0\0user\0alice\0\0";

/// What came of an opening: how often `N` was answered, and how it ended.
fn open(chunks: &[&[u8]]) -> (u32, Result<First, String>) {
    let mut opening = Opening::default();
    let mut chunks = chunks.iter();
    let mut refused = 0;
    loop {
        match opening.poll() {
            Ok(Step::Read) => match chunks.next() {
                Some(chunk) => opening.push(chunk),
                None => return (refused, Err(opening.ended().to_string())),
            },
            Ok(Step::Refuse) => refused += 1,
            Ok(Step::First(mut first)) => {
                chunks.for_each(|chunk| first.rest.extend_from_slice(chunk));
                return (refused, Ok(first));
            }
            Err(error) => return (refused, Err(error.to_string())),
        }
    }
}

fn started(rest: &[u8]) -> First {
    First {
        bytes: STARTUP.to_vec(),
        rest: rest.to_vec(),
        cancel: false,
    }
}

#[test]
fn encryption_is_refused_in_either_order_before_the_startup() {
    for (requests, refused) in [
        (&[][..], 0),
        (&[SSL][..], 1),
        (&[GSS], 1),
        (&[SSL, GSS], 2),
        (&[GSS, SSL], 2),
    ] {
        let mut bytes = requests.concat();
        bytes.extend_from_slice(STARTUP);
        for size in [1, 3, 8, 64] {
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(open(&chunks), (refused, Ok(started(b""))));
        }
    }
}

#[test]
fn what_comes_behind_the_startup_is_kept_apart() {
    let bytes = [STARTUP, b"p\0\0\0\x08abc\0"].concat();
    assert_eq!(open(&[&bytes]), (0, Ok(started(b"p\0\0\0\x08abc\0"))));
}

#[test]
fn a_cancel_request_is_known_as_one() {
    let cancel = |bytes: &[u8]| First {
        bytes: bytes.to_vec(),
        rest: Vec::new(),
        cancel: true,
    };
    assert_eq!(open(&[SSL, CANCEL]), (1, Ok(cancel(CANCEL))));
    let mut long = CANCEL.to_vec();
    long[2..4].copy_from_slice(&268u16.to_be_bytes());
    long.resize(268, 7);
    assert_eq!(open(&[&long]), (0, Ok(cancel(&long))));
}

fn error_of(bytes: &[u8]) -> String {
    open(&[bytes]).1.expect_err("an error")
}

#[test]
fn a_client_that_leaves_is_told_apart_by_what_it_had_asked() {
    let told = "the client closed after it was told that this port speaks clear text";
    for (bytes, expected) in [
        (&b""[..], "the client closed before it sent a request"),
        (
            &STARTUP[..12],
            "the client closed in the middle of its first request",
        ),
        (SSL, &format!("{told}: use sslmode=prefer or disable")),
        (
            &[SSL, GSS].concat(),
            &format!("{told}: use gssencmode=prefer or disable"),
        ),
    ] {
        assert_eq!(error_of(bytes), expected);
    }
}

#[test]
fn a_client_that_cannot_be_served_is_told_why() {
    for (bytes, expected) in [
        (
            &[0x16, 3, 1, 2, 0][..],
            "the client began TLS itself: use sslmode=prefer or disable on this port",
        ),
        (
            b"\0\0\x01\x2c\0\x02\0\0",
            "the client speaks version 2.0 of PostgreSQL's protocol: only version 3 is passed on",
        ),
        (
            &[SSL, GSS, SSL, GSS, SSL].concat(),
            "the client asked for encryption again and again",
        ),
    ] {
        assert_eq!(error_of(bytes), expected);
    }
}

#[test]
fn what_is_not_postgresql_is_refused_at_its_first_bytes() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n"[..],
        // One byte longer than any server reads, too short for its own header, and a cancel without a key.
        b"\0\0\x27\x15\0\x03\0\0",
        b"\0\0\0\x07\0\x03\0\0",
        b"\0\0\0\x0c\x04\xd2\x16\x2e",
    ] {
        let began = bytes[..8].escape_ascii();
        assert_eq!(
            error_of(bytes),
            format!("the client does not speak PostgreSQL: it began with \"{began}\"")
        );
    }
}

#[test]
fn the_longest_startup_of_postgresql_is_taken() {
    let mut bytes = STARTUP.to_vec();
    bytes[..4].copy_from_slice(&10_004u32.to_be_bytes());
    bytes.resize(10_004, b'x');
    let (_, first) = open(&[&bytes]);
    assert_eq!(first.map(|first| first.bytes.len()), Ok(10_004));
}

proptest! {
    #[test]
    fn chunks_do_not_matter(
        requests in prop::collection::vec(prop::bool::ANY, 0..4),
        rest in prop::collection::vec(any::<u8>(), 0..64),
        cuts in prop::collection::vec(0_usize..128, 0..8),
    ) {
        let mut bytes = Vec::new();
        for gss in &requests {
            bytes.extend_from_slice(if *gss { GSS } else { SSL });
        }
        bytes.extend_from_slice(STARTUP);
        bytes.extend_from_slice(&rest);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut from = 0;
        for cut in cuts {
            chunks.push(&bytes[from..cut]);
            from = cut;
        }
        chunks.push(&bytes[from..]);
        let refused = u32::try_from(requests.len()).unwrap();
        prop_assert_eq!(open(&chunks), (refused, Ok(started(&rest))));
    }

    #[test]
    fn no_bytes_make_it_panic_or_grow_without_bound(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..32), 0..32),
    ) {
        let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let (refused, _) = open(&chunks);
        prop_assert!(refused <= Opening::MOST_REFUSALS);
    }
}

fn in_a_minute() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

#[tokio::test]
async fn a_client_is_led_to_its_startup() {
    let (mut client, mut ours) = duplex(64);
    let asking = async {
        let mut answer = [0];
        for request in [GSS, SSL] {
            client.write_all(request).await.unwrap();
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"N");
        }
        client.write_all(STARTUP).await.unwrap();
    };
    let (first, ()) = tokio::join!(negotiate_client(&mut ours, in_a_minute()), asking);
    assert_eq!(first.unwrap(), started(b""));
}

#[tokio::test]
async fn a_client_of_an_old_version_is_told_so() {
    let (mut client, mut ours) = duplex(1024);
    client.write_all(&[0, 0, 0, 8, 0, 2, 0, 0]).await.unwrap();
    let error = negotiate_client(&mut ours, in_a_minute())
        .await
        .unwrap_err();
    drop(ours);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_eq!(
        answer,
        error_response(PROTOCOL_VIOLATION, &error.to_string())
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_ends_at_the_deadline() {
    let (_client, mut ours) = duplex(64);
    let error = negotiate_client(&mut ours, in_a_minute())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the client sent no complete request within 60s"
    );
}

#[tokio::test]
async fn a_reset_behind_a_refusal_is_a_client_that_wants_tls() {
    let mut opening = Opening::default();
    opening.push(SSL);
    assert_eq!(opening.poll().unwrap(), Step::Refuse);
    let reset = || io::Error::from(ErrorKind::ConnectionReset);
    assert!(matches!(
        opening.broken(reset()),
        ClientError::WantsEncryption("sslmode")
    ));
    assert_eq!(
        Opening::default().broken(reset()).to_string(),
        "client: connection reset"
    );
}
