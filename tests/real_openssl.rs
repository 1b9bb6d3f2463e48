//! Certificates and servers of OpenSSL that are refused: the line that each is told by, and what `--insecure` does.

#![cfg(unix)]

mod support;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use faultboard::mapping::Protocol;
use faultboard::proxy::barred::Barred;
use faultboard::proxy::clock::Deadline;
use faultboard::proxy::dial::dial;
use faultboard::proxy::look_up::LookUps;
use faultboard::proxy::tls::{TlsConfigs, TlsOptions, UpstreamTls};
use rustix::process::Signal;
use support::mapping_to;
use support::services::{Service, find};
use tempfile::TempDir;

/// The extensions of the certificates that are made.
const CONFIG: &str = "
[req]
distinguished_name = names
[names]
[ca]
basicConstraints = critical, CA:TRUE
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost
extendedKeyUsage = serverAuth
";

/// `NAME KEY SIGNER DIGEST`: `ca` in a name is an authority; who signs itself is its own signer.
const CERTIFICATES: &[[&str; 4]] = &[
    ["ca", "P-256", "ca", "sha256"],
    ["inter-ca", "P-256", "ca", "sha256"],
    ["short-ca", "rsa:1024", "ca", "sha256"],
    ["short-root-ca", "rsa:1024", "short-root-ca", "sha256"],
    ["long-ca", "P-521", "long-ca", "sha512"],
    ["good", "P-256", "ca", "sha256"],
    ["rsa", "rsa:2048", "ca", "sha256"],
    ["own", "P-256", "own", "sha256"],
    ["short", "rsa:1024", "ca", "sha256"],
    ["of-short", "P-256", "short-ca", "sha256"],
    ["of-short-root", "P-256", "short-root-ca", "sha256"],
    ["of-inter", "P-256", "inter-ca", "sha256"],
    ["sha1", "P-256", "ca", "sha1"],
    ["long", "P-521", "ca", "sha256"],
    ["of-long", "P-256", "long-ca", "sha512"],
];

/// OpenSSL, and a folder with the certificates.
struct OpenSsl {
    program: PathBuf,
    folder: TempDir,
}

// === impl OpenSsl ===

impl OpenSsl {
    /// Makes the certificates; nothing where there is no OpenSSL.
    fn new() -> Option<Self> {
        let program = find("openssl", "openssl", &[])?;
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("config"), CONFIG).expect("a file is written");
        let openssl = Self { program, folder };
        for certificate in CERTIFICATES {
            openssl.issue(certificate);
        }
        Some(openssl)
    }

    fn issue(&self, [name, key, signer, digest]: &[&str; 4]) {
        let key = match key.strip_prefix("P-") {
            Some(bits) => format!("ec -pkeyopt ec_paramgen_curve:P-{bits}"),
            None => (*key).to_owned(),
        };
        self.run(&format!(
            "req -new -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj /CN={name} -config config"
        ));
        let by = if signer == name {
            format!("-signkey {name}.key")
        } else {
            format!("-CA {signer}.pem -CAkey {signer}.key -CAcreateserial")
        };
        let extensions = if name.ends_with("ca") { "ca" } else { "server" };
        self.run(&format!(
            "x509 -req -in {name}.csr {by} -{digest} -days 3 -extfile config -extensions {extensions} -out {name}.pem"
        ));
    }

    fn run(&self, arguments: &str) {
        let output = self.command(arguments).output().expect("openssl runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {said}");
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments.split_whitespace());
        command.current_dir(self.path());
        command
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A server with these certificates, and its port.
    fn serve(&self, sends: &[&str], options: &str) -> (Service, u16) {
        let [own, others @ ..] = sends else {
            panic!("a server has a certificate");
        };
        let chain = others.iter().map(|name| {
            std::fs::read_to_string(self.path().join(format!("{name}.pem"))).expect("it is there")
        });
        std::fs::write(self.path().join("chain"), chain.collect::<String>()).expect("written");
        let along = if others.is_empty() {
            ""
        } else {
            "-cert_chain chain"
        };
        let server = |port: u16| {
            self.command(&format!(
                "s_server -www -4 -accept 127.0.0.1:{port} -cert {own}.pem -key {own}.key {along} {options}"
            ))
        };
        Service::on_a_free_port(server, "ACCEPT", Signal::KILL)
    }

    /// The line that a handshake fails with, its port left out; nothing where it succeeds.
    async fn reach(&self, port: u16, trusted: &str, insecure: bool) -> Option<String> {
        let options = TlsOptions {
            ca_files: vec![self.path().join(format!("{trusted}.pem"))],
            insecure,
            ..TlsOptions::default()
        };
        let mapping = mapping_to(Protocol::Tls, "localhost", port);
        let tls = TlsConfigs::load(&options).expect("the files are there");
        let client = SocketAddr::from(([127, 0, 0, 1], 1));
        let deadline = Deadline::after(Duration::from_secs(60));
        let tls = UpstreamTls::new(&tls, &mapping);
        let dialed = dial(
            &mapping,
            &tls,
            &LookUps::default(),
            &Barred::default(),
            client,
            None,
            deadline,
        )
        .await;
        let error = dialed.err()?.to_string();
        Some(error.replace(&format!(":{port}"), ""))
    }
}

const NOTHING_IN_COMMON: &str = "upstream localhost refused the TLS handshake: handshake failure, as of one that has only \
    CBC, CCM, RSA key exchange, P-521 or SHA-1: let it speak ECDHE with AES-GCM over X25519 or P-256";

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn certificates_that_are_refused_are_told_by_their_fault_and_insecure_accepts_them() {
    let Some(openssl) = OpenSsl::new() else {
        return;
    };
    let weak = "-cipher ALL:@SECLEVEL=0";
    for (sends, trusted, line) in [
        (
            &["short"][..],
            "ca",
            "has an RSA key of 1024 bits, and fewer than 2048 are not verified: \
             replace it, or give --insecure to try without",
        ),
        (
            &["of-short", "short-ca"],
            "ca",
            "relies on \"short-ca\", which has an RSA key of 1024 bits, and fewer than 2048 are not verified: \
             replace it, or give --insecure to try without",
        ),
        (
            &["of-short-root"],
            "short-root-ca",
            "is signed by \"short-root-ca\" with an RSA key of 1024 bits, and fewer than 2048 are not verified: \
             replace both, or give --insecure to try without",
        ),
        (
            &["sha1"],
            "ca",
            "is signed with ECDSA and SHA-1, which is not accepted: \
             replace it, or give --insecure to try without",
        ),
        (
            &["of-long"],
            "long-ca",
            "is signed with ECDSA and SHA-512, which is not accepted: \
             replace it, or give --insecure to try without",
        ),
        (
            &["of-inter"],
            "ca",
            "is signed by \"inter-ca\", which is unknown here and was not sent along: give it as --ca-file, have the server send it, or give --insecure to try without",
        ),
        (
            &["of-inter", "inter-ca"],
            "good",
            "leads to \"ca\", which is unknown here: give its certificate as --ca-file, or --insecure to try without",
        ),
        (
            &["own"],
            "ca",
            "is signed by itself: give it as --ca-file, or --insecure to try without",
        ),
    ] {
        let (_running, port) = openssl.serve(sends, weak);
        let refused = openssl.reach(port, trusted, false).await;
        let line = format!("certificate of localhost {line}");
        assert_eq!(refused.as_deref(), Some(&*line), "{sends:?}");
        let refused = openssl.reach(port, trusted, true).await;
        assert_eq!(refused, None, "{sends:?}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn servers_with_nothing_in_common_are_told_what_is_offered() {
    let Some(openssl) = OpenSsl::new() else {
        return;
    };
    let neither = "upstream localhost refused the TLS handshake: it speaks neither TLS 1.2 nor 1.3";
    for (sends, options, line, insecure) in [
        // A key that cannot be verified is let through where nothing is, unless its curve must be spoken too, as before TLS 1.3.
        (&["long"], "-tls1_3", NOTHING_IN_COMMON, None),
        (
            &["long"],
            "-tls1_2",
            NOTHING_IN_COMMON,
            Some(NOTHING_IN_COMMON),
        ),
        (
            &["good"],
            "-groups P-521",
            NOTHING_IN_COMMON,
            Some(NOTHING_IN_COMMON),
        ),
        (
            &["good"],
            "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256",
            NOTHING_IN_COMMON,
            Some(NOTHING_IN_COMMON),
        ),
        (
            &["good"],
            "-tls1_2 -cipher ECDHE-ECDSA-AES128-CCM",
            NOTHING_IN_COMMON,
            Some(NOTHING_IN_COMMON),
        ),
        (
            &["good"],
            "-tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256",
            NOTHING_IN_COMMON,
            Some(NOTHING_IN_COMMON),
        ),
        (
            &["rsa"],
            "-tls1_2 -cipher AES128-GCM-SHA256",
            NOTHING_IN_COMMON,
            Some(NOTHING_IN_COMMON),
        ),
        (
            &["rsa"],
            "-tls1_1 -cipher ALL:@SECLEVEL=0",
            neither,
            Some(neither),
        ),
    ] {
        let (_running, port) = openssl.serve(sends, options);
        let refused = openssl.reach(port, "ca", false).await;
        assert_eq!(refused.as_deref(), Some(line), "{sends:?} {options}");
        let refused = openssl.reach(port, "ca", true).await;
        assert_eq!(refused.as_deref(), insecure, "{sends:?} {options}");
    }
}
