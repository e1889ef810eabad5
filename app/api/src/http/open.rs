//! The beginning and the end of a request's transaction, and what the request says about itself.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
};

use uuid::Uuid;

use super::{
    attempt::{Attempt, Fingerprint},
    layers::{Client, RequestId},
    problem::{Problem, Result},
};
use crate::{
    app::App,
    audit::{Line, append},
    auth::Credential,
    db::Tx,
};

/// The cookie that holds a browser's session.
pub const SESSION_COOKIE: &str = "__Host-galeno";

/// An open transaction, before anybody is known.
pub struct Open {
    /// The API.
    pub app: Arc<App>,
    /// The transaction.
    pub tx: Tx,
    /// What the request says about itself.
    pub info: Info,
}

/// What the request says about itself.
#[derive(Clone, Debug)]
pub struct Info {
    /// The request's identifier.
    pub request: Uuid,
    /// The client's address.
    pub source: Option<IpAddr>,
    pub(super) headers: HeaderMap,
    pub(super) fingerprint: [u8; 32],
    pub(super) unsafe_method: bool,
    attempt: AttemptHandle,
}

#[derive(Clone)]
struct AttemptHandle(Attempt);

impl std::fmt::Debug for AttemptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attempt")
    }
}

impl Info {
    fn of(parts: &Parts) -> Result<Self> {
        let attempt = parts
            .extensions
            .get::<Attempt>()
            .cloned()
            .ok_or_else(|| Problem::bug("no attempt"))?;
        let fingerprint = parts
            .extensions
            .get::<Fingerprint>()
            .ok_or_else(|| Problem::bug("no fingerprint"))?
            .0;
        Ok(Self {
            request: parts.extensions.get::<RequestId>().map_or_else(Uuid::now_v7, |id| id.0),
            source: parts.extensions.get::<Client>().map(|client| client.0),
            headers: parts.headers.clone(),
            fingerprint,
            unsafe_method: !parts.method.is_safe(),
            attempt: AttemptHandle(attempt),
        })
    }

    /// A header's value as text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The token of a request: a bearer token, or the cookie of a browser.
pub(super) fn credential(headers: &HeaderMap) -> Option<(Credential, bool)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| Credential::parse(token.trim()))?
            .map(|c| (c, false));
    }
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == SESSION_COOKIE)
        .and_then(|(_, token)| Credential::parse(token))
        .map(|credential| (credential, true))
}

impl FromRequestParts<Arc<App>> for Open {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        Self::begin(app, Info::of(parts)?).await
    }
}

impl FromRequestParts<Arc<App>> for Info {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self> {
        Self::of(parts)
    }
}

impl Open {
    /// Opens a transaction on a node that is fit.
    pub async fn begin(app: &Arc<App>, info: Info) -> Result<Self> {
        let lease = Arc::new(app.cluster.choose()?);
        info.attempt.0.runs_on(lease.clone());
        let tx = lease.begin().await?;
        Ok(Self {
            app: app.clone(),
            tx,
            info,
        })
    }

    /// Ends the transaction well. The access is written to the log as `line` says.
    pub async fn commit(mut self, organization: Uuid, lines: &[Line]) -> Result<()> {
        let held = append(&mut self.tx, &self.app.lanes, &self.app.keys, organization, lines).await?;
        finish(self.tx, &self.info, held).await
    }
}

async fn finish(tx: Tx, info: &Info, held: Option<crate::audit::Held>) -> Result<()> {
    info.attempt.0.committing();
    tx.commit().await.map_err(|error| Problem::from(error).after_commit())?;
    if let Some(held) = held {
        held.committed();
    }
    Ok(())
}
