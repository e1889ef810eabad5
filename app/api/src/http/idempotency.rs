//! `Idempotency-Key`: the same request twice has one effect and one answer.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sqlx::Row;
use uuid::Uuid;

use super::problem::{Kind, Problem, Result};
use crate::{
    db::{Stamp, Tx},
    keys::{Keys, Purpose, sha256},
};

/// How long an answer is kept.
pub const KEPT: std::time::Duration = std::time::Duration::from_hours(24);

/// A key that a client gave, bound to who gave it, and the request that it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    hash: [u8; 32],
    fingerprint: [u8; 32],
}

/// An answer as it was given.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(super) status: StatusCode,
    pub(super) location: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Key {
    /// `account` gives the key `key` with a request of this fingerprint.
    pub(crate) fn new(account: Uuid, key: &[u8], fingerprint: [u8; 32]) -> Self {
        Self {
            hash: sha256([account.as_bytes(), key].concat()),
            fingerprint,
        }
    }

    /// The answer that the key already has. One that has expired gives way.
    pub(super) async fn answered(&self, tx: &mut Tx, keys: &Keys, organization: Uuid) -> Result<Option<Stored>> {
        let row = sqlx::query(
            "SELECT fingerprint, status, location, etag, body, at FROM idempotency WHERE organization = ? AND key_hash = ?",
        )
        .bind(organization)
        .bind(&self.hash[..])
        .fetch_optional(&mut **tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.try_get::<Stamp, _>("at")? < Stamp::now().minus(KEPT) {
            sqlx::query("DELETE FROM idempotency WHERE organization = ? AND key_hash = ?")
                .bind(organization)
                .bind(&self.hash[..])
                .execute(&mut **tx)
                .await?;
            return Ok(None);
        }
        if row.try_get::<Vec<u8>, _>("fingerprint")? != self.fingerprint {
            return Err(Problem::new(Kind::KeyReused));
        }
        Ok(Some(Stored {
            status: StatusCode::from_u16(row.try_get("status")?).unwrap_or(StatusCode::OK),
            location: row.try_get("location")?,
            etag: row.try_get("etag")?,
            body: keys
                .open(Purpose::Secrets, &self.hash, &row.try_get::<Vec<u8>, _>("body")?)
                .ok_or_else(|| Problem::bug("a kept answer does not open"))?,
        }))
    }

    /// Keeps the answer, in the transaction that it answers. A duplicate is another request with the same key that was
    /// faster: this one is rolled back and then finds that answer.
    pub(super) async fn keep(&self, tx: &mut Tx, keys: &Keys, organization: Uuid, answer: &Stored) -> Result<()> {
        // Answers hold patients' data, and some a token that is stored nowhere else: they are kept sealed.
        let body = keys.seal(Purpose::Secrets, &self.hash, &answer.body)?;
        let kept = sqlx::query(
            "INSERT INTO idempotency (organization, key_hash, fingerprint, status, location, etag, body, at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(organization)
        .bind(&self.hash[..])
        .bind(&self.fingerprint[..])
        .bind(answer.status.as_u16())
        .bind(&answer.location)
        .bind(&answer.etag)
        .bind(body)
        .bind(Stamp::now())
        .execute(&mut **tx)
        .await;
        match kept.map_err(|error| crate::db::classify(&error)) {
            Err(crate::db::Fault::Duplicate(_)) => Err(crate::db::Fault::Conflict.into()),
            Err(fault) => Err(fault.into()),
            Ok(_) => Ok(()),
        }
    }
}

impl IntoResponse for Stored {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if self.status != StatusCode::NO_CONTENT {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in [(header::LOCATION, self.location), (header::ETAG, self.etag)] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}
