//! Certificates: read, checked, and read again when the files change.

use std::fs;
use std::path::Path;
use std::sync::{Arc, RwLock};

use anyhow::{Context as _, ensure};
use galeno_contract::keeper::TlsFiles;
use jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use x509_cert::der::Decode as _;

/// What this keeper shows to others and what it expects of them.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
    /// When the own certificate expires.
    pub(crate) not_after: Timestamp,
    /// The files' contents, to notice a change.
    files: [Vec<u8>; 3],
}

/// The identity that is current.
pub(crate) type SharedIdentity = Arc<RwLock<Identity>>;

impl Identity {
    pub(crate) fn load(files: &TlsFiles) -> anyhow::Result<Self> {
        Self::build(read_all(files)?).with_context(|| {
            format!(
                "the certificates cannot be used (authority {}, certificate {}, key {})",
                files.ca.display(),
                files.certificate.display(),
                files.key.display()
            )
        })
    }

    /// The identity in the files if they have changed since this one was loaded.
    pub(crate) fn renewed(&self, files: &TlsFiles) -> anyhow::Result<Option<Self>> {
        let now = read_all(files)?;
        if now == self.files {
            Ok(None)
        } else {
            Self::build(now).map(Some)
        }
    }

    /// Whether the own certificate has expired.
    pub(crate) fn has_expired(&self) -> bool {
        Timestamp::now() >= self.not_after
    }

    fn build(files: [Vec<u8>; 3]) -> anyhow::Result<Self> {
        let [ca, certificate, key] = &files;
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_slice_iter(ca) {
            roots
                .add(authority.context("the authority's file is not PEM")?)
                .context("the authority")?;
        }
        ensure!(!roots.is_empty(), "the authority's file holds no certificate");
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<_, _>>()
            .context("the certificate is not PEM")?;
        let own = chain.first().context("the certificate's file holds none")?;
        let not_after = expiry(own)?;
        let private = || PrivateKeyDer::from_pem_slice(key).context("the private key is not PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(roots);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build()?;
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), private()?)
            .context("certificate and key do not belong together")?;
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, private()?)?;
        Ok(Self {
            server: Arc::new(server),
            client: Arc::new(client),
            not_after,
            files,
        })
    }
}

/// A server's configuration without client certificates: for probes.
pub(crate) fn probe_server(certificate: &Path, key: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("cannot use {}", certificate.display()))?;
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| format!("cannot use {}", key.display()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    Ok(Arc::new(config))
}

fn read_all(files: &TlsFiles) -> anyhow::Result<[Vec<u8>; 3]> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    Ok([read(&files.ca)?, read(&files.certificate)?, read(&files.key)?])
}

fn expiry(certificate: &CertificateDer<'_>) -> anyhow::Result<Timestamp> {
    let parsed = x509_cert::Certificate::from_der(certificate).context("the certificate is not X.509")?;
    let end = parsed.tbs_certificate.validity.not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs())?).context("the certificate's end of validity")
}
