//! HTTP towards other people's servers: object storage, webhooks, the Kubernetes API.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// An HTTP client that trusts `ca_file` only, or the public authorities without one. It follows no redirect, and takes
/// any status for an answer.
pub(crate) fn agent(ca_file: Option<&Path>, connect: Duration) -> anyhow::Result<Agent> {
    let roots = match ca_file {
        None => RootCerts::WebPki,
        Some(path) => {
            let pem = fs::read(path).with_context(|| format!("cannot read the authority {}", path.display()))?;
            let mut certificates = Vec::new();
            for item in parse_pem(&pem) {
                if let PemItem::Certificate(certificate) =
                    item.with_context(|| format!("{} is not PEM", path.display()))?
                {
                    certificates.push(certificate);
                }
            }
            if certificates.is_empty() {
                bail!("{} holds no certificate", path.display());
            }
            RootCerts::from(certificates.into_iter())
        }
    };
    let tls = TlsConfig::builder().root_certs(roots).build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(connect))
        .timeout_resolve(Some(connect))
        .user_agent(concat!("galeno-keeper/", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(config.new_agent())
}
