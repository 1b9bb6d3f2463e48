//! Each failure of TLS, and the line it becomes.

use std::time::Duration;

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, OtherError};

use super::*;

fn peer() -> Peer {
    Peer {
        host: "db.local".to_owned(),
        named_by: NamedBy::Mapping,
        upstream: "db.local:443".to_owned(),
        instead: Some("http:// or host:port"),
        asked: false,
        client_cert: false,
        shown: Shown::default(),
    }
}

fn line(peer: &Peer, error: rustls::Error) -> String {
    peer.handshake(io::Error::new(io::ErrorKind::InvalidData, error))
        .to_string()
}

fn alert(peer: &Peer, alert: AlertDescription) -> String {
    line(peer, rustls::Error::AlertReceived(alert))
}

fn wrong_name(presented: &[&str]) -> rustls::Error {
    rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
        expected: ServerName::try_from("db.local").expect("a name"),
        presented: presented.iter().map(|&name| name.to_owned()).collect(),
    })
}

#[test]
fn an_unknown_authority_suggests_its_certificate() {
    assert_eq!(
        line(
            &peer(),
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)
        ),
        "certificate of db.local is signed by an unknown authority: give --ca-file, or --insecure to try without"
    );
}

#[test]
fn a_wrong_name_suggests_one_that_the_certificate_has() {
    for (presented, expected) in [
        (
            &["DnsName(\"*.example.com\")", "DnsName(\"example.com\")"][..],
            "is for *.example.com, example.com: give --sni example.com, or --insecure to try without",
        ),
        (
            &["DnsName(\"*.example.com\")"],
            "is for *.example.com: give --sni NAME, or --insecure to try without",
        ),
        (
            &["IpAddress(10.0.0.1)", "DirectoryName"],
            "is for 10.0.0.1: give --sni 10.0.0.1, or --insecure to try without",
        ),
        (
            &[],
            "names no host, and its common name does not count: give --insecure to try without",
        ),
    ] {
        assert_eq!(
            line(&peer(), wrong_name(presented)),
            format!("certificate of db.local {expected}")
        );
    }
}

#[test]
fn names_in_a_certificate_cannot_reach_the_terminal_as_control_characters() {
    let text = line(&peer(), wrong_name(&["DnsName(\"a\x1b[2Jb\")"]));
    assert!(text.contains("is for a\\u{1b}[2Jb:"), "{text}");
}

#[test]
fn a_certificate_out_of_date_says_since_or_until_when() {
    let day = |secs| UnixTime::since_unix_epoch(Duration::from_secs(secs));
    for (problem, expected) in [
        (
            CertificateError::ExpiredContext {
                time: day(1_800_000_000),
                not_after: day(1_714_521_599),
            },
            "certificate of db.local expired on 2024-04-30: renew it, or give --insecure to try without",
        ),
        (
            CertificateError::NotValidYetContext {
                time: day(0),
                not_before: day(1_709_164_800),
            },
            "certificate of db.local is not valid before 2024-02-29: renew it, or give --insecure to try without",
        ),
    ] {
        assert_eq!(
            line(&peer(), rustls::Error::InvalidCertificate(problem)),
            expected
        );
    }
}

#[test]
fn a_plain_server_suggests_the_plain_form() {
    let error = || rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
    assert_eq!(
        line(&peer(), error()),
        "upstream db.local:443 does not speak TLS: use http:// or host:port"
    );
    let agreed = Peer {
        instead: None,
        ..peer()
    };
    assert_eq!(
        line(&agreed, error()),
        "TLS with db.local:443 failed: it sent something that is no TLS"
    );
}

#[test]
fn a_client_certificate_is_asked_for_where_the_server_asked() {
    let wanted =
        "upstream db.local:443 asks for a client certificate: give --client-cert and --client-key";
    let asked = Peer {
        asked: true,
        ..peer()
    };
    assert_eq!(
        alert(&peer(), AlertDescription::CertificateRequired),
        wanted
    );
    assert_eq!(alert(&asked, AlertDescription::HandshakeFailure), wanted);
    assert_eq!(alert(&asked, AlertDescription::BadCertificate), wanted);
    assert_eq!(
        alert(&peer(), AlertDescription::HandshakeFailure),
        "upstream db.local:443 refused the TLS handshake: handshake failure, as of one that has only CBC, CCM, RSA key \
         exchange, P-521 or SHA-1: let it speak ECDHE with AES-GCM over X25519 or P-256"
    );
}

#[test]
fn a_client_certificate_that_was_given_can_be_refused() {
    let given = Peer {
        asked: true,
        client_cert: true,
        ..peer()
    };
    assert_eq!(
        alert(&given, AlertDescription::UnknownCA),
        "upstream db.local:443 does not accept the client certificate of --client-cert: unknown authority"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn other_alerts_are_put_in_words() {
    let nameless = Peer {
        host: "10.0.0.1".to_owned(),
        ..peer()
    };
    for (peer, alert_, expected) in [
        (
            peer(),
            AlertDescription::UnrecognisedName,
            "it does not know db.local, give --sni NAME",
        ),
        (
            peer(),
            AlertDescription::NoApplicationProtocol,
            "it speaks none of the protocols offered",
        ),
        (
            peer(),
            AlertDescription::ProtocolVersion,
            "it speaks neither TLS 1.2 nor 1.3",
        ),
        (peer(), AlertDescription::InternalError, "internal error"),
        (
            peer(),
            AlertDescription::Unknown(0xc8),
            "alert 200, which has no name",
        ),
        (
            Peer {
                named_by: NamedBy::Sni,
                ..peer()
            },
            AlertDescription::UnrecognisedName,
            "it does not know db.local, the name of --sni",
        ),
        (
            nameless.clone(),
            AlertDescription::HandshakeFailure,
            "handshake failure, as of one that has only CBC, CCM, RSA key exchange, P-521 or SHA-1: let it speak ECDHE \
             with AES-GCM over X25519 or P-256; an address tells it no name, it may want --sni NAME",
        ),
        (
            Peer {
                named_by: NamedBy::Sni,
                ..nameless.clone()
            },
            AlertDescription::InternalError,
            "internal error; an address as --sni tells it no name, it may want one",
        ),
        (
            nameless,
            AlertDescription::InternalError,
            "internal error; an address tells it no name, it may want --sni NAME",
        ),
    ] {
        assert_eq!(
            alert(&peer, alert_),
            format!("upstream db.local:443 refused the TLS handshake: {expected}")
        );
    }
}

#[test]
fn an_alert_on_an_open_connection_is_no_refused_handshake() {
    let nameless = Peer {
        host: "10.0.0.1".to_owned(),
        ..peer()
    };
    for (alert, expected) in [
        (AlertDescription::NoRenegotiation, "no renegotiation"),
        (AlertDescription::HandshakeFailure, "handshake failure"),
        (
            AlertDescription::Unknown(0xc8),
            "alert 200, which has no name",
        ),
    ] {
        let error = rustls::Error::AlertReceived(alert);
        let error = io::Error::new(io::ErrorKind::InvalidData, error);
        assert_eq!(
            nameless.later(&error).expect("it is TLS's").to_string(),
            format!("upstream db.local:443 ended the connection with a TLS alert: {expected}")
        );
    }
}

#[test]
fn what_breaks_the_protocol_is_told_in_words() {
    use rustls::{ContentType, Error};
    for (error, expected) in [
        (
            Error::InvalidMessage(InvalidMessage::MissingData("x")),
            "it sent a damaged message, missing data",
        ),
        (
            Error::InappropriateMessage {
                expect_types: vec![ContentType::Handshake],
                got_type: ContentType::ApplicationData,
            },
            "it sent a message that is not due",
        ),
        (
            Error::DecryptError,
            "what it sent cannot be decrypted: it was changed on the way",
        ),
        (
            Error::PeerSentOversizedRecord,
            "it sent a record that is too long",
        ),
        (
            Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite),
            "it broke the protocol, selected unoffered cipher suite",
        ),
        (
            Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme),
            "it signed the handshake in a way that was not offered, with SHA-1 or a P-521 key, say",
        ),
    ] {
        assert_eq!(
            line(&peer(), error),
            format!("TLS with db.local:443 failed: {expected}")
        );
    }
}

#[test]
fn an_end_in_the_handshake_asks_whether_the_port_is_right() {
    let end = || io::Error::from(io::ErrorKind::UnexpectedEof);
    assert_eq!(
        peer().handshake(end()).to_string(),
        "upstream db.local:443 closed the connection during the TLS handshake: does it speak TLS there?"
    );
    let database = Peer {
        upstream: "db.local:5432".to_owned(),
        ..peer()
    };
    assert_eq!(
        database.handshake(end()).to_string(),
        "upstream db.local:5432 closed the connection during the TLS handshake: \
         a PostgreSQL server wants psqls:// or psql://"
    );
}

#[test]
fn an_error_that_is_not_of_tls_stays_as_it_is() {
    let reset = io::Error::from(io::ErrorKind::ConnectionReset);
    assert!(peer().later(&reset).is_none());
    assert_eq!(
        peer().handshake(reset).to_string(),
        "TLS handshake with db.local:443 failed: connection reset"
    );
}

#[test]
fn other_faults_of_a_certificate_are_named() {
    #[derive(Debug)]
    struct Said(&'static str);
    impl std::fmt::Display for Said {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }
    impl std::error::Error for Said {}
    let other = |text| CertificateError::Other(OtherError(std::sync::Arc::new(Said(text))));
    for (problem, expected) in [
        (
            other("CaUsedAsEndEntity"),
            "certificate of db.local is an authority's own: give it as --ca-file, or --insecure to try without",
        ),
        (
            other("UnsupportedCertVersion"),
            "certificate of db.local has the first version of the form, which cannot be read: replace it, or give --insecure to try without",
        ),
        (
            other("NameConstraintViolation"),
            "certificate of db.local is not valid, name constraint violation: replace it, or give --insecure to try without",
        ),
        (
            CertificateError::BadEncoding,
            "certificate of db.local cannot be read: replace it, or give --insecure to try without",
        ),
        (
            CertificateError::InvalidPurpose,
            "certificate of db.local is not a server's: replace it, or give --insecure to try without",
        ),
    ] {
        assert_eq!(
            line(&peer(), rustls::Error::InvalidCertificate(problem)),
            expected
        );
    }
}
