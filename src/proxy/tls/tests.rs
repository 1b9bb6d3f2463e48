//! Names, and a certificate that no library of today can read.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::ParsedCertificate;

use super::*;
use crate::mapping::Mapping;
use crate::proxy::tls::certificate::{NamedBy, Shown, judge};

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
    let verdict = judge(&problem, &Shown::default(), NamedBy::Mapping);
    let why = "has the first version of the form, which cannot be read";
    assert_eq!(verdict.why, why);
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

fn mapping(text: &str) -> Mapping {
    crate::mapping::parse(text).expect("a mapping")
}

#[test]
fn every_protocol_offers_its_own_name() {
    let tls = TlsConfigs::load(&TlsOptions::default()).unwrap();
    for (text, offered) in [
        ("1=https://db", Some("http/1.1")),
        ("1=psqls://db", Some("postgresql")),
        ("1=tls://db", None),
    ] {
        let offered: Vec<&[u8]> = offered.map(str::as_bytes).into_iter().collect();
        assert_eq!(
            UpstreamTls::new(&tls, &mapping(text)).config.alpn_protocols,
            offered
        );
    }
}
