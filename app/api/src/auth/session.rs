//! From a bearer token or a cookie to who asks.

use std::time::Duration;

use galeno_contract::api::Session as Times;
use sqlx::Row;
use uuid::Uuid;

use super::actor::{Actor, Person};
use crate::{
    authz::{Action, Role},
    db::{Fault, Stamp, Tx, classify},
    fhir::Grant,
    http::{Kind, Problem, Result},
    keys::{Keys, sha256},
};

/// Prefix of a session's token.
pub(super) const SESSION_PREFIX: &str = "gs";
/// Prefix of a service token.
pub(super) const SERVICE_PREFIX: &str = "gt";
/// Prefix of an app's token.
pub(crate) const APP_PREFIX: &str = "ga";
/// How often `seen_at` is written.
const SEEN_EVERY: Duration = Duration::from_mins(1);

/// A token that a client presented, as it is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credential {
    /// A person's session.
    Session([u8; 32]),
    /// A program's token.
    Service([u8; 32]),
    /// The token of an app that acts for a person.
    App([u8; 32]),
}

impl Credential {
    /// The kind is in the token's prefix; only the hash is kept.
    pub(crate) fn parse(token: &str) -> Option<Self> {
        match token.split_once('_')?.0 {
            SESSION_PREFIX => Some(Self::Session(sha256(token))),
            SERVICE_PREFIX => Some(Self::Service(sha256(token))),
            APP_PREFIX => Some(Self::App(sha256(token))),
            _ => None,
        }
    }

    pub(crate) const fn hash(&self) -> &[u8; 32] {
        match self {
            Self::Session(hash) | Self::Service(hash) | Self::App(hash) => hash,
        }
    }
}

/// Who presents the credential.
pub(crate) async fn authenticate(tx: &mut Tx, times: &Times, credential: Credential) -> Result<Actor> {
    match credential {
        Credential::Session(hash) => session(tx, times, &hash).await,
        Credential::Service(hash) => service(tx, &hash).await,
        Credential::App(hash) => app(tx, times, &hash).await,
    }
}

/// An app is the person of its session, with what it was given; it ends with the session.
async fn app(tx: &mut Tx, times: &Times, hash: &[u8; 32]) -> Result<Actor> {
    let row = sqlx::query("SELECT session, scopes, patient FROM app_token WHERE token_hash = ? AND expires_at > ?")
        .bind(&hash[..])
        .bind(Stamp::now())
        .fetch_optional(&mut **tx)
        .await?
        .ok_or_else(|| Problem::new(Kind::Unauthenticated))?;
    let of: [u8; 32] = row
        .try_get::<Vec<u8>, _>("session")?
        .try_into()
        .map_err(|_| Problem::bug("a session's hash of another length"))?;
    let mut actor = session(tx, times, &of).await?;
    actor.grant = Some(Grant::stored(
        &row.try_get::<String, _>("scopes")?,
        row.try_get("patient")?,
    ));
    Ok(actor)
}

async fn session(tx: &mut Tx, times: &Times, hash: &[u8; 32]) -> Result<Actor> {
    let now = Stamp::now();
    let row = sqlx::query(
        "SELECT s.id, s.organization, s.account, s.enrolled, s.seen_at, a.staff, a.patient, st.role \
         FROM session s JOIN account a ON a.organization = s.organization AND a.id = s.account \
         LEFT JOIN staff st ON st.organization = a.organization AND st.id = a.staff \
         WHERE s.token_hash = ? AND s.expires_at > ? AND a.active AND (a.staff IS NULL OR st.active)",
    )
    .bind(&hash[..])
    .bind(now)
    .fetch_optional(&mut **tx)
    .await?
    .ok_or_else(|| Problem::new(Kind::Unauthenticated))?;
    let staff: Option<Uuid> = row.try_get("staff")?;
    let patient: Option<Uuid> = row.try_get("patient")?;
    let (person, role, idle) = match (staff, patient) {
        (Some(staff), None) => {
            let role =
                Role::from_word(&row.try_get::<String, _>("role")?).ok_or_else(|| Problem::bug("unknown role"))?;
            (Person::Staff(staff), role, times.staff_idle)
        }
        (None, Some(patient)) => (Person::Patient(patient), Role::Patient, times.patient_idle),
        _ => return Err(Problem::bug("an account of nobody")),
    };
    let seen: Stamp = row.try_get("seen_at")?;
    if seen.plus(idle.to_std()) < now {
        return Err(Problem::new(Kind::Unauthenticated));
    }
    if seen.plus(SEEN_EVERY) < now {
        sqlx::query("UPDATE session SET seen_at = ? WHERE token_hash = ? AND seen_at < ?")
            .bind(now)
            .bind(&hash[..])
            .bind(now)
            .execute(&mut **tx)
            .await?;
    }
    Ok(Actor {
        organization: row.try_get("organization")?,
        account: row.try_get("account")?,
        person,
        role,
        session: Some(row.try_get("id")?),
        enrolled: row.try_get("enrolled")?,
        scopes: Vec::new(),
        grant: None,
    })
}

async fn service(tx: &mut Tx, hash: &[u8; 32]) -> Result<Actor> {
    let row = sqlx::query(
        "SELECT id, organization, scopes FROM service_token \
         WHERE token_hash = ? AND expires_at > ? AND revoked_at IS NULL",
    )
    .bind(&hash[..])
    .bind(Stamp::now())
    .fetch_optional(&mut **tx)
    .await?
    .ok_or_else(|| Problem::new(Kind::Unauthenticated))?;
    let id = row.try_get("id")?;
    let scopes: String = row.try_get("scopes")?;
    Ok(Actor {
        organization: row.try_get("organization")?,
        account: id,
        person: Person::Service(id),
        role: Role::Service,
        session: None,
        enrolled: true,
        scopes: scopes.split(' ').filter_map(Action::from_word).collect(),
        grant: None,
    })
}

/// What a new session is about.
pub(super) struct NewSession {
    pub(super) organization: Uuid,
    pub(super) account: Uuid,
    pub(super) staff: bool,
    pub(super) enrolled: bool,
    pub(super) method: &'static str,
}

/// Starts a session; returns its token and when it ends. The token is not stored.
pub(super) async fn start(tx: &mut Tx, keys: &Keys, times: &Times, new: &NewSession) -> Result<(String, Stamp), Fault> {
    let token = keys.token(SESSION_PREFIX)?;
    let now = Stamp::now();
    let lifetime = if new.staff {
        times.staff_lifetime
    } else {
        times.patient_lifetime
    };
    let expires = now.plus(lifetime.to_std());
    sqlx::query(
        "INSERT INTO session (token_hash, organization, id, account, enrolled, method, created_at, seen_at, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&sha256(&token)[..])
    .bind(new.organization)
    .bind(Uuid::now_v7())
    .bind(new.account)
    .bind(new.enrolled)
    .bind(new.method)
    .bind(now)
    .bind(now)
    .bind(expires)
    .execute(&mut **tx)
    .await
    .map_err(|error| classify(&error))?;
    Ok((token, expires))
}
