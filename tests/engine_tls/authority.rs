//! Certificates for the tests, made anew in each.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;

/// An authority that nobody else trusts, and a folder for its files.
pub(crate) struct Authority {
    cert: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
    name: String,
}

/// A certificate with its key.
pub(crate) struct Issued {
    pub(crate) cert: CertificateDer<'static>,
    /// What its server sends along.
    pub(crate) along: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    pem: String,
    key_pem: String,
}

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub(crate) enum Valid {
    Now,
    /// Until the end of 2001.
    Past,
    /// From 2900 on.
    Future,
}

impl Authority {
    /// One with a name of its own, so that no two are taken for each other.
    pub(crate) fn new() -> Self {
        Self::made(None, None, Valid::Now)
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::made(Some(name), None, Valid::Now)
    }

    /// One that this one has signed.
    pub(crate) fn under(&self, valid: Valid) -> Self {
        Self::made(None, Some(self), valid)
    }

    fn made(name: Option<&str>, signer: Option<&Self>, valid: Valid) -> Self {
        let mut params = params(&[], valid);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let folder = TempDir::new().unwrap();
        let own = folder.path().display().to_string();
        let name = name.map_or(own, str::to_owned);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, name.as_str());
        let key = KeyPair::generate().unwrap();
        let cert = match signer {
            Some(signer) => params.signed_by(&key, &signer.issuer),
            None => params.self_signed(&key),
        };
        Self {
            cert: cert.unwrap(),
            issuer: Issuer::new(params, key),
            folder,
            name,
        }
    }

    /// What it calls itself.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A certificate for these names, signed by the authority.
    pub(crate) fn issue(&self, names: &[&str], valid: Valid) -> Issued {
        let key = KeyPair::generate().unwrap();
        let params = params(names, valid);
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Issued::new(&cert, &key)
    }

    /// A certificate that is its own authority's.
    pub(crate) fn own(names: &[&str], valid: Valid) -> Issued {
        let mut params = params(names, valid);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Issued::new(&params.self_signed(&key).unwrap(), &key)
    }

    /// The authority's certificate as a file.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.file("ca.pem", &self.cert.pem())
    }

    /// The authority as a root of a server that verifies its clients.
    pub(crate) fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.cert.der().clone()).unwrap();
        Arc::new(roots)
    }

    /// The files of a certificate and of its key.
    pub(crate) fn files(&self, issued: &Issued) -> (PathBuf, PathBuf) {
        (
            self.file("cert.pem", &issued.pem),
            self.file("key.pem", &issued.key_pem),
        )
    }

    /// A file with this text.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Issued {
    fn new(cert: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            cert: cert.der().clone(),
            along: Vec::new(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            pem: cert.pem(),
            key_pem: key.serialize_pem(),
        }
    }

    /// With the certificate of the authority that signed it sent along.
    pub(crate) fn with(mut self, signer: &Authority) -> Self {
        self.along = vec![signer.cert.der().clone()];
        self
    }

    /// The same in the first version of the form: the number of the version is the first thing in a certificate.
    pub(crate) fn in_version_1(mut self) -> Self {
        let mut der = self.cert.to_vec();
        let version = [0xa0, 3, 2, 1, 2];
        let at = der
            .windows(version.len())
            .position(|bytes| bytes == version)
            .expect("a version");
        der[at + 4] = 0;
        self.cert = der.into();
        self
    }
}

fn params(names: &[&str], valid: Valid) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    let (from, until) = match valid {
        Valid::Now => (1975, 4096),
        Valid::Past => (1975, 2002),
        Valid::Future => (2900, 4096),
    };
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params
}
