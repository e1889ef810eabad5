//! What every request may use.

use std::sync::{Arc, atomic::AtomicBool};

use anyhow::{Context, Result};
use galeno_contract::api::ApiConfig;
use tokio::sync::Semaphore;

use crate::{
    audit::Lanes,
    auth::Oidc,
    db::Cluster,
    http::{Limiter, Metrics, Proxies, Traces},
    keys::Keys,
};

/// The running API.
pub struct App {
    /// What it was told at start.
    pub config: ApiConfig,
    /// The database.
    pub cluster: Cluster,
    /// Its keys.
    pub keys: Keys,
    /// The access log's lanes that this process writes.
    pub lanes: Lanes,
    /// Requests per minute.
    pub limiter: Limiter,
    /// Figures for Prometheus.
    pub metrics: Metrics,
    /// Spans for a trace collector.
    pub traces: Traces,
    /// Bounds the passwords that are hashed at once.
    pub hashing: Semaphore,
    /// Other identity providers.
    pub oidc: Oidc,
    /// Whose word about the client's address is believed.
    pub proxies: Proxies,
    /// Set when the API has been told to stop: `/readyz` says no from then on.
    pub draining: AtomicBool,
}

impl App {
    /// Reads secrets and starts watching the database. Serves nothing yet.
    pub fn start(config: ApiConfig) -> Result<Arc<Self>> {
        let keys = Keys::read(&config.security.key_files)?;
        let proxies = Proxies::parse(&config.server.trusted_proxies).context("server.trustedProxies")?;
        let oidc = Oidc::new(&config).context("security.oidc")?;
        Ok(Arc::new(Self {
            cluster: Cluster::start(&config.database)?,
            lanes: Lanes::new(&keys)?,
            limiter: Limiter::new(),
            metrics: Metrics::new(),
            traces: Traces::start(config.telemetry.otlp_endpoint.as_deref()).context("telemetry.otlpEndpoint")?,
            hashing: Semaphore::new(config.limits.concurrent_password_hashes.max(1) as usize),
            oidc,
            proxies,
            draining: AtomicBool::new(false),
            keys,
            config,
        }))
    }
}
