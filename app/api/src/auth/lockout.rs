//! Pauses after failed sign-ins, in a way that a stranger cannot turn against the owner of an account.
//!
//! A device that has signed in to an account carries a mark. Failures with the mark are counted for that device alone.
//! Failures without it are counted for the stranger's network, and, with ten times the patience, for all strangers
//! together. So guessing from anywhere never pauses a doctor at a desk where they have signed in before. What comes after
//! a proven first factor, or within a session, is counted apart from what anybody can do.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use galeno_contract::api::Lockout;
use sqlx::Row;
use uuid::Uuid;

use super::account::Account;
use crate::{
    db::{Fault, Stamp, Tx, classify},
    http::{Kind, Problem, Result},
    keys::{Keys, Purpose, sha256},
};

/// What failures are counted for.
pub(super) struct Buckets(Vec<([u8; 32], u32)>);

/// A mark for a device that signed in to the account.
pub(super) fn mark(keys: &Keys, organization: Uuid, username: &str) -> Result<String, Fault> {
    let nonce: [u8; 16] = keys.random()?;
    let (key, tag) = keys.sign(Purpose::Devices, &marked(organization, username, &nonce))?;
    Ok(format!(
        "gd_{}",
        URL_SAFE_NO_PAD.encode([&nonce[..], &key, &tag].concat())
    ))
}

fn marked(organization: Uuid, username: &str, nonce: &[u8]) -> Vec<u8> {
    [organization.as_bytes(), nonce, username.as_bytes()].concat()
}

/// The nonce of a mark that is ours and for this account.
fn known(keys: &Keys, organization: Uuid, username: &str, mark: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(mark.strip_prefix("gd_")?).ok()?;
    let (nonce, rest) = bytes.split_at_checked(16)?;
    let (key, tag) = rest.split_at_checked(8)?;
    keys.verify(Purpose::Devices, key, &marked(organization, username, nonce), tag)
        .then(|| nonce.to_vec())
}

impl Buckets {
    /// Where an attempt counts that something was proven for: a first factor of an account, or a session.
    pub(super) fn proven(lockout: &Lockout, whose: Uuid) -> Self {
        Self(vec![(
            sha256([b"proven", &whose.as_bytes()[..]].concat()),
            lockout.attempts,
        )])
    }

    /// Where a second factor counts. With the device's mark it counts with the password of that device: somebody who only
    /// knows the password does not pause the device of its owner.
    pub(super) fn second(keys: &Keys, lockout: &Lockout, account: &Account, device: Option<&str>) -> Self {
        let (organization, username) = (account.organization, account.username.as_str());
        match device.and_then(|mark| known(keys, organization, username, mark)) {
            Some(nonce) => Self::marked(lockout, username, &nonce),
            None => Self::proven(lockout, account.id),
        }
    }

    fn marked(lockout: &Lockout, username: &str, nonce: &[u8]) -> Self {
        Self(vec![(
            sha256([b"device", username.as_bytes(), nonce].concat()),
            lockout.attempts,
        )])
    }

    /// Where an attempt of anybody counts.
    pub(super) fn of(
        keys: &Keys,
        lockout: &Lockout,
        organization: Uuid,
        username: &str,
        device: Option<&str>,
        source: Option<IpAddr>,
    ) -> Self {
        let attempts = lockout.attempts;
        if let Some(nonce) = device.and_then(|mark| known(keys, organization, username, mark)) {
            return Self::marked(lockout, username, &nonce);
        }
        let network = match source.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => ip.octets().to_vec(),
            Some(IpAddr::V6(ip)) => ip.octets()[..8].to_vec(),
            None => Vec::new(),
        };
        Self(vec![
            (
                sha256([b"network", username.as_bytes(), b"\0", &network[..]].concat()),
                attempts,
            ),
            (
                sha256([b"strangers", username.as_bytes()].concat()),
                attempts.saturating_mul(10),
            ),
        ])
    }

    /// Refuses while a pause lasts.
    pub(super) async fn open(&self, tx: &mut Tx, organization: Uuid) -> Result<()> {
        let now = Stamp::now();
        for (bucket, _) in &self.0 {
            let until: Option<Stamp> = sqlx::query_scalar(
                "SELECT closed_until FROM sign_in_failure WHERE organization = ? AND bucket = ? AND closed_until > ?",
            )
            .bind(organization)
            .bind(&bucket[..])
            .bind(now)
            .fetch_optional(&mut **tx)
            .await?;
            if let Some(until) = until {
                let wait = (until.micros() - now.micros()) / 1_000_000 + 1;
                return Err(Problem::new(Kind::SignInPaused).retry_after(u64::try_from(wait).unwrap_or(1)));
            }
        }
        Ok(())
    }

    /// Counts a failure.
    pub(super) async fn fail(&self, tx: &mut Tx, organization: Uuid, lockout: &Lockout) -> Result<(), Fault> {
        let now = Stamp::now();
        for (bucket, attempts) in &self.0 {
            // A day without a failure forgets the ones before.
            sqlx::query(
                "INSERT INTO sign_in_failure (organization, bucket, failures, closed_until, at) VALUES (?, ?, 1, ?, ?) \
                 ON DUPLICATE KEY UPDATE failures = IF(at < ?, 1, failures + 1), at = VALUES(at)",
            )
            .bind(organization)
            .bind(&bucket[..])
            .bind(now)
            .bind(now)
            .bind(now.minus(std::time::Duration::from_hours(24)))
            .execute(&mut **tx)
            .await
            .map_err(|error| classify(&error))?;
            let row =
                sqlx::query("SELECT failures FROM sign_in_failure WHERE organization = ? AND bucket = ? FOR UPDATE")
                    .bind(organization)
                    .bind(&bucket[..])
                    .fetch_one(&mut **tx)
                    .await
                    .map_err(|error| classify(&error))?;
            let failures: u32 = row.try_get("failures").map_err(|error| classify(&error))?;
            let Some(over) = failures.checked_sub(*attempts) else {
                continue;
            };
            let doubled = lockout.first_pause.to_std().saturating_mul(1_u32 << over.min(20));
            sqlx::query("UPDATE sign_in_failure SET closed_until = ? WHERE organization = ? AND bucket = ?")
                .bind(now.plus(doubled.min(lockout.longest_pause.to_std())))
                .bind(organization)
                .bind(&bucket[..])
                .execute(&mut **tx)
                .await
                .map_err(|error| classify(&error))?;
        }
        Ok(())
    }

    /// A success forgets the failures of this device or network (not those of all strangers).
    pub(super) async fn succeed(&self, tx: &mut Tx, organization: Uuid) -> Result<(), Fault> {
        if let Some((bucket, _)) = self.0.first() {
            sqlx::query("DELETE FROM sign_in_failure WHERE organization = ? AND bucket = ?")
                .bind(organization)
                .bind(&bucket[..])
                .execute(&mut **tx)
                .await
                .map_err(|error| classify(&error))?;
        }
        Ok(())
    }
}
