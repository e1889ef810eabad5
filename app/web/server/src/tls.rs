//! TLS with certificates that may change while the server runs.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::{Context, Result};
use galeno_contract::api::ServerTls;
use ring::digest::{SHA256, digest};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::ring::default_provider, server::WebPkiClientVerifier};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(5);

/// The TLS in force, replaced when the files change.
#[derive(Clone)]
pub(crate) struct Tls {
    files: ServerTls,
    current: Arc<RwLock<(Arc<ServerConfig>, Vec<u8>)>>,
}

impl Tls {
    /// Reads the files.
    pub(crate) fn read(files: &ServerTls) -> Result<Self> {
        Ok(Self {
            files: files.clone(),
            current: Arc::new(RwLock::new(load(files)?)),
        })
    }

    /// The configuration for the next connection.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Reads the files anew; true when they hold something else than what was in force.
    fn look(&self) -> Result<bool> {
        let new = load(&self.files)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let other = new.1 != current.1;
        if other {
            *current = new;
        }
        Ok(other)
    }

    /// Looks at the files again and again. Files that do not fit leave what is in force in force.
    pub(crate) async fn watch(self) {
        let mut told = String::new();
        loop {
            tokio::time::sleep(EVERY).await;
            match self.look() {
                Ok(false) => told.clear(),
                Ok(true) => {
                    eprintln!("new TLS certificate in force");
                    told.clear();
                }
                Err(error) => {
                    let text = format!("{error:#}");
                    if told != text {
                        eprintln!("warning: the new TLS files cannot be used; the old ones stay in force: {text}");
                        told = text;
                    }
                }
            }
        }
    }
}

fn load(files: &ServerTls) -> Result<(Arc<ServerConfig>, Vec<u8>)> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let (certificate, key) = (read(&files.certificate_file)?, read(&files.key_file)?);
    let authority = files.client_ca_file.as_deref().map(read).transpose()?;
    let all = [&certificate[..], &key, authority.as_deref().unwrap_or_default()].concat();
    let chain = CertificateDer::pem_slice_iter(&certificate)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{} holds no certificates in PEM", files.certificate_file.display()))?;
    let private = PrivateKeyDer::from_pem_slice(&key)
        .with_context(|| format!("{} holds no private key in PEM", files.key_file.display()))?;
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = match &authority {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(authority) {
                roots
                    .add(certificate?)
                    .context("clientCaFile holds no usable authority")?;
            }
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?,
            )
        }
    };
    let mut config = builder
        .with_single_cert(chain, private)
        .context("the certificate and the key do not belong together")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(config), digest(&SHA256, &all).as_ref().to_vec()))
}

#[cfg(test)]
mod tests;
