//! Names, and a certificate that no library of today can read.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::ParsedCertificate;

use super::explain::is_version_1;
use super::*;

/// From `openssl x509 -req` of version 3.0, which makes version 1 of the form where nobody asks for extensions.
const VERSION_1: &[u8] = b"-----BEGIN CERTIFICATE-----
MIIBJDCBywIUWSOfkIT2RebqxzQOZezqaY2jspUwCgYIKoZIzj0EAwIwFDESMBAG
A1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzA1MDk1MVoYDzIxMjYxMDMwMDUwOTUx
WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATLjSMlTHfwrCkCQxGTtaq9tSV23QRJX1n7zRNZkrDUVnL7jE0ZPN7Nd23my4ww
hEaMFykzfjrbdsvjoLAvn2uNMAoGCCqGSM49BAMCA0gAMEUCIQCJT+IpM0LNHKXb
spS9IWtg54JPLTTUp3Q4lqxA5i1Y8QIgC0T3UZLje3O1YvsCIUJqoKnA/u7mB76a
Qk5gSqOre2w=
-----END CERTIFICATE-----
";

#[test]
fn a_certificate_of_version_1_is_known_by_its_error() {
    let cert = CertificateDer::from_pem_slice(VERSION_1).unwrap();
    let Err(rustls::Error::InvalidCertificate(problem)) = ParsedCertificate::try_from(&cert) else {
        panic!("it can be read");
    };
    assert!(is_version_1(&problem));
}

#[test]
fn a_name_is_asked_for_without_its_root_dot() {
    for (host, name) in [
        ("db.local.", "db.local"),
        ("db_1.local", "db_1.local"),
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "::1"),
    ] {
        let found = server_name(host).expect("a name");
        assert_eq!(found.to_str(), name);
    }
    assert!(server_name("a b").is_none());
}

#[test]
fn handshakes_with_one_protocol_on_offer_share_a_configuration() {
    let tls = TlsConfigs::load(&TlsOptions::default()).unwrap();
    assert!(Arc::ptr_eq(tls.config(Some("http/1.1")), &tls.http));
    assert_eq!(tls.http.alpn_protocols, [b"http/1.1"]);
    assert!(Arc::ptr_eq(tls.config(Some("postgresql")), &tls.postgres));
    assert_eq!(tls.postgres.alpn_protocols, [b"postgresql"]);
    assert!(Arc::ptr_eq(tls.config(None), &tls.none));
    assert!(tls.none.alpn_protocols.is_empty());
}

#[test]
fn every_protocol_of_a_mapping_has_a_configuration_that_offers_it() {
    let tls = TlsConfigs::load(&TlsOptions::default()).unwrap();
    for protocol in Protocol::ALL {
        if let crate::mapping::TlsMode::Direct(alpn) = protocol.tls() {
            let offered: Vec<Vec<u8>> = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
            assert_eq!(tls.config(alpn).alpn_protocols, offered);
        }
    }
}

#[test]
fn what_was_negotiated_is_one_line() {
    let mut negotiated = Negotiated {
        version: "TLS 1.3",
        alpn: Some("http/1.1".to_owned()),
        resumed: false,
        took: Duration::from_micros(18_700),
    };
    assert_eq!(negotiated.to_string(), "TLS 1.3 ok 18ms, ALPN http/1.1");
    negotiated.alpn = None;
    negotiated.resumed = true;
    assert_eq!(negotiated.to_string(), "TLS 1.3 ok 18ms, resumed");
}
