//! TLS of the API, with certificates that may change while it runs.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::{Context, Result};
use galeno_contract::api::ServerTls;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

use crate::keys::sha256;

/// The TLS in force, replaced when the files change.
#[derive(Clone)]
pub(crate) struct Tls {
    files: ServerTls,
    current: Arc<RwLock<(Arc<ServerConfig>, [u8; 32])>>,
}

impl Tls {
    /// Reads the files.
    pub(crate) fn read(files: &ServerTls) -> Result<Self> {
        let current = load(files)?;
        Ok(Self {
            files: files.clone(),
            current: Arc::new(RwLock::new(current)),
        })
    }

    /// The configuration for the next connection.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Looks at the files again and again. Files that do not fit leave what is in force in force.
    pub(crate) async fn watch(self, every: Duration) {
        let mut told = None;
        loop {
            tokio::time::sleep(every).await;
            let known = self.current.read().unwrap_or_else(PoisonError::into_inner).1;
            match load(&self.files) {
                Ok((_, hash)) if hash == known => told = None,
                Ok(new) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
                    tracing::info!("new TLS certificate in force");
                    told = None;
                }
                Err(error) => {
                    let text = format!("{error:#}");
                    if told.as_ref() != Some(&text) {
                        tracing::warn!(
                            error = text,
                            "the new TLS files cannot be used; the old ones stay in force"
                        );
                        told = Some(text);
                    }
                }
            }
        }
    }
}

fn load(files: &ServerTls) -> Result<(Arc<ServerConfig>, [u8; 32])> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let certificate = read(&files.certificate_file)?;
    let key = read(&files.key_file)?;
    let authority = files
        .client_ca_file
        .as_deref()
        .map(read)
        .transpose()?
        .unwrap_or_default();
    let hash = sha256([sha256(&certificate), sha256(&key), sha256(&authority)].concat());
    let chain = CertificateDer::pem_slice_iter(&certificate)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{} holds no certificates in PEM", files.certificate_file.display()))?;
    let key = PrivateKeyDer::from_pem_slice(&key)
        .with_context(|| format!("{} holds no private key in PEM", files.key_file.display()))?;
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = match &files.client_ca_file {
        None => builder.with_no_client_auth(),
        Some(path) => builder.with_client_cert_verifier(verifier(&authority, path, provider)?),
    };
    let mut config = builder.with_single_cert(chain, key).with_context(|| {
        format!(
            "{} and {} do not belong together",
            files.certificate_file.display(),
            files.key_file.display()
        )
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(config), hash))
}

fn verifier(
    authority: &[u8],
    path: &Path,
    provider: Arc<tokio_rustls::rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority) {
        roots
            .add(certificate?)
            .with_context(|| format!("{} holds no usable authority", path.display()))?;
    }
    Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
}
