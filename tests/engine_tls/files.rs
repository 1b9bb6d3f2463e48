//! Options that cannot be used: one line, with the option and the file.

use std::path::{Path, PathBuf};

use faultboard::proxy::tls::{TlsConfigs, TlsOptions};

use crate::authority::{Authority, Valid};

fn refused(options: &TlsOptions) -> String {
    TlsConfigs::load(options).expect_err("an error").to_string()
}

fn ca(path: &Path) -> TlsOptions {
    TlsOptions {
        ca_files: vec![path.to_owned()],
        ..TlsOptions::default()
    }
}

#[test]
fn a_ca_file_that_cannot_be_used_is_named_with_the_reason() {
    let folder = Authority::new();
    for (path, why) in [
        (
            PathBuf::from("/nowhere/ca.pem"),
            "no such file or directory",
        ),
        (PathBuf::from("/dev/zero"), "it is longer than 16 MiB"),
        (
            folder.file("empty.pem", ""),
            "no certificate in PEM form in it",
        ),
        (
            folder.file(
                "damaged.pem",
                "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
            ),
            "its PEM text is damaged",
        ),
        (
            folder.file("cut.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n"),
            "its PEM text has no end line",
        ),
        (
            folder.file(
                "nonsense.pem",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
            "its certificate is damaged",
        ),
    ] {
        let expected = format!("cannot use --ca-file {}: {why}", path.display());
        assert_eq!(refused(&ca(&path)), expected);
    }
}

#[test]
fn a_bad_ca_file_is_refused_even_where_nothing_is_verified() {
    let options = TlsOptions {
        insecure: true,
        ..ca(Path::new("/nowhere/ca.pem"))
    };
    assert!(refused(&options).starts_with("cannot use --ca-file"));
}

#[test]
fn a_client_certificate_needs_its_key_and_the_other_way_round() {
    let path = Some(PathBuf::from("x.pem"));
    let cert_only = TlsOptions {
        client_cert: path.clone(),
        ..TlsOptions::default()
    };
    assert_eq!(
        refused(&cert_only),
        "cannot use --client-cert without --client-key"
    );
    let key_only = TlsOptions {
        client_key: path,
        ..TlsOptions::default()
    };
    assert_eq!(
        refused(&key_only),
        "cannot use --client-key without --client-cert"
    );
}

#[test]
fn a_client_certificate_and_a_key_that_do_not_belong_together_are_named() {
    let (ours, other) = (Authority::new(), Authority::new());
    let (cert, _) = ours.files(&ours.issue(&["me"], Valid::Now));
    let (_, key) = other.files(&other.issue(&["me"], Valid::Now));
    let expected = format!(
        "cannot use --client-cert {} with --client-key {}: the key is another certificate's",
        cert.display(),
        key.display()
    );
    let options = TlsOptions {
        client_cert: Some(cert.clone()),
        client_key: Some(key),
        ..TlsOptions::default()
    };
    assert_eq!(refused(&options), expected);
    let swapped = TlsOptions {
        client_key: Some(cert.clone()),
        ..options
    };
    assert_eq!(
        refused(&swapped),
        format!(
            "cannot use --client-key {}: no private key in PEM form in it, or an encrypted one",
            cert.display()
        )
    );
}

#[test]
fn a_server_name_that_is_none_is_refused() {
    let options = TlsOptions {
        sni: Some("not a name".to_owned()),
        ..TlsOptions::default()
    };
    assert_eq!(
        refused(&options),
        "cannot use --sni \"not a name\": not a host name or an address"
    );
}
