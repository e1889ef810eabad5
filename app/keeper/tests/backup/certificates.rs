//! Certificates of an authority of one's own.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;

/// An authority, and a certificate of it for this machine.
pub(crate) struct Tls {
    directory: TempDir,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        fs::write(directory.path().join("ca.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(params, key);
        let own = KeyPair::generate().unwrap();
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&own, &issuer).unwrap();
        fs::write(directory.path().join("tls.crt"), certificate.pem()).unwrap();
        fs::write(directory.path().join("tls.key"), own.serialize_pem()).unwrap();
        fs::write(directory.path().join("tls.der"), certificate.der()).unwrap();
        fs::write(directory.path().join("key.der"), own.serialize_der()).unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.path("ca.crt")
    }

    /// For a server.
    pub(crate) fn server(&self) -> Arc<rustls::ServerConfig> {
        let certificate = fs::read(self.path("tls.der")).unwrap().into();
        let key = PrivateKeyDer::try_from(fs::read(self.path("key.der")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Arc::new(config)
    }
}
