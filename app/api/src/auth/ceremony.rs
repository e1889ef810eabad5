//! Half-finished ceremonies: what the API must remember between two requests of a sign-in or a registration.
//!
//! The client holds a token; the database holds its hash and the sealed state. A ceremony is finished once.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use sqlx::Row;
use uuid::Uuid;

use crate::{
    db::{Fault, Stamp, Tx, classify},
    http::{Kind, Problem, Result},
    keys::{Keys, Purpose, sha256},
};

const LIFETIME: Duration = Duration::from_mins(5);

/// What a ceremony is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ceremony {
    SecondFactor,
    PasskeySignIn,
    PasskeyRegistration,
    Oidc,
}

impl Ceremony {
    const fn word(self) -> &'static str {
        match self {
            Self::SecondFactor => "second-factor",
            Self::PasskeySignIn => "passkey-sign-in",
            Self::PasskeyRegistration => "passkey-new",
            Self::Oidc => "oidc",
        }
    }
}

/// A ceremony that was taken up again.
pub(super) struct Taken<T> {
    pub(super) organization: Uuid,
    pub(super) account: Option<Uuid>,
    pub(super) state: T,
}

fn sealed<T: Serialize>(keys: &Keys, hash: &[u8; 32], state: &T) -> Result<Vec<u8>, Fault> {
    let state = serde_json::to_vec(state).map_err(|_| Fault::Bug("ceremony".into()))?;
    keys.seal(Purpose::Secrets, hash, &state)
}

/// Starts a ceremony; returns its token.
pub(super) async fn begin<T: Serialize>(
    tx: &mut Tx,
    keys: &Keys,
    kind: Ceremony,
    organization: Uuid,
    account: Option<Uuid>,
    state: &T,
) -> Result<String, Fault> {
    let token = keys.token("gc")?;
    let hash = sha256(&token);
    sqlx::query(
        "INSERT INTO ceremony (token_hash, organization, account, kind, payload, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&hash[..])
    .bind(organization)
    .bind(account)
    .bind(kind.word())
    .bind(sealed(keys, &hash, state)?)
    .bind(Stamp::now().plus(LIFETIME))
    .execute(&mut **tx)
    .await
    .map_err(|error| classify(&error))?;
    Ok(token)
}

/// Looks a ceremony up, and locks it so that it is finished once.
pub(super) async fn find<T: DeserializeOwned>(
    tx: &mut Tx,
    keys: &Keys,
    kind: Ceremony,
    token: &str,
) -> Result<Taken<T>> {
    let hash = sha256(token);
    let row = sqlx::query(
        "SELECT organization, account, payload FROM ceremony WHERE token_hash = ? AND kind = ? AND expires_at > ? FOR UPDATE",
    )
    .bind(&hash[..])
    .bind(kind.word())
    .bind(Stamp::now())
    .fetch_optional(&mut **tx)
    .await?
    .ok_or_else(|| Problem::new(Kind::SignInRefused))?;
    let state = keys
        .open(Purpose::Secrets, &hash, &row.try_get::<Vec<u8>, _>("payload")?)
        .and_then(|state| serde_json::from_slice(&state).ok())
        .ok_or_else(|| Problem::new(Kind::SignInRefused))?;
    Ok(Taken {
        organization: row.try_get("organization")?,
        account: row.try_get("account")?,
        state,
    })
}

/// Keeps more of a ceremony than it began with.
pub(super) async fn keep<T: Serialize>(tx: &mut Tx, keys: &Keys, token: &str, state: &T) -> Result<(), Fault> {
    let hash = sha256(token);
    sqlx::query("UPDATE ceremony SET payload = ? WHERE token_hash = ?")
        .bind(sealed(keys, &hash, state)?)
        .bind(&hash[..])
        .execute(&mut **tx)
        .await
        .map_err(|error| classify(&error))?;
    Ok(())
}

/// Ends a ceremony.
pub(super) async fn end(tx: &mut Tx, token: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM ceremony WHERE token_hash = ?")
        .bind(&sha256(token)[..])
        .execute(&mut **tx)
        .await
        .map_err(|error| classify(&error))?;
    Ok(())
}
