//! Time-based one-time passwords (RFC 6238): SHA-1, six digits, 30 seconds, which is what every app knows.

use sqlx::MySqlConnection;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use uuid::Uuid;

use super::account::Account;
use crate::{
    db::{Fault, Stamp, Tx, classify},
    http::{Problem, Result},
    keys::{Keys, Purpose},
};

/// The generator of a secret.
pub fn totp(secret: &[u8]) -> Result<Totp> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(Secret::from(secret.to_vec()))
        .build()
        .map_err(|_| Problem::bug("a TOTP secret is too short"))
}

/// Stores a new secret for an account.
pub async fn provision(
    db: &mut MySqlConnection,
    keys: &Keys,
    organization: Uuid,
    account: Uuid,
    secret: &[u8],
    confirmed: bool,
) -> Result<(), Fault> {
    let sealed = keys.seal(Purpose::Secrets, account.as_bytes(), secret)?;
    sqlx::query(
        "UPDATE account SET totp_secret = ?, totp_confirmed = ?, totp_last_step = 0, updated_at = ?, \
         version = version + 1 WHERE organization = ? AND id = ?",
    )
    .bind(sealed)
    .bind(confirmed)
    .bind(Stamp::now())
    .bind(organization)
    .bind(account)
    .execute(&mut *db)
    .await
    .map_err(|error| classify(&error))?;
    Ok(())
}

/// Whether the code is right now, and was not used before: a code is good once.
pub(super) async fn accept(tx: &mut Tx, keys: &Keys, account: &Account, code: &str) -> Result<bool> {
    let Some(sealed) = &account.totp_secret else {
        return Ok(false);
    };
    let Some(secret) = keys.open(Purpose::Secrets, account.id.as_bytes(), sealed) else {
        return Err(Problem::bug("a TOTP secret is sealed with a key that is gone"));
    };
    let now = u64::try_from(Stamp::now().timestamp().as_second()).unwrap_or(0);
    let Some(step) = totp(&secret)?.check(code, now) else {
        return Ok(false);
    };
    let used =
        sqlx::query("UPDATE account SET totp_last_step = ? WHERE organization = ? AND id = ? AND totp_last_step < ?")
            .bind(step)
            .bind(account.organization)
            .bind(account.id)
            .bind(step)
            .execute(&mut **tx)
            .await?;
    Ok(step > account.totp_last_step && used.rows_affected() == 1)
}
