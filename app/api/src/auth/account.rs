//! Accounts: one for each person that signs in.

use std::time::Duration;

use sqlx::{MySqlConnection, Row};
use uuid::Uuid;

use super::actor::Person;
use crate::{
    authz::Role,
    db::{Fault, Stamp, Tx, classify},
    http::{Problem, Result},
    keys::{Keys, sha256},
};

/// How long an activation code works.
const ACTIVATION: Duration = Duration::from_hours(72);

/// What a sign-in needs to know.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) organization: Uuid,
    pub(super) id: Uuid,
    pub(super) username: String,
    pub(super) person: Person,
    pub(super) role: Role,
    pub(super) password_hash: Option<String>,
    pub(super) totp_secret: Option<Vec<u8>>,
    pub(super) totp_confirmed: bool,
    pub(super) totp_last_step: u64,
    pub(super) passkeys: i64,
}

impl Account {
    pub(super) const fn staff(&self) -> bool {
        matches!(self.person, Person::Staff(_))
    }

    pub(super) const fn person_id(&self) -> Uuid {
        match self.person {
            Person::Staff(id) | Person::Patient(id) | Person::Service(id) => id,
        }
    }

    pub(super) const fn kind(&self) -> &'static str {
        if self.staff() { "staff" } else { "patient" }
    }
}

/// How an account is looked up.
#[derive(Clone, Copy, Debug)]
pub(super) enum By<'a> {
    Username(&'a str),
    Id(Uuid),
    Oidc(&'a str, &'a str),
}

/// The organization of a slug.
pub(super) async fn organization(tx: &mut Tx, slug: &str) -> Result<Option<Uuid>> {
    // The database does not compare other letters with those of a slug: it refuses to.
    if !slug.is_ascii() {
        return Ok(None);
    }
    Ok(sqlx::query_scalar("SELECT id FROM organization WHERE slug = ?")
        .bind(slug)
        .fetch_optional(&mut **tx)
        .await?)
}

/// An account that may sign in.
pub(super) async fn find(tx: &mut Tx, organization: Uuid, by: By<'_>) -> Result<Option<Account>> {
    const BASE: &str = "SELECT a.id, a.username, a.staff, a.patient, s.role, a.password_hash, a.totp_secret, \
        a.totp_confirmed, a.totp_last_step, \
        (SELECT COUNT(*) FROM passkey k WHERE k.organization = a.organization AND k.account = a.id) AS passkeys \
        FROM account a LEFT JOIN staff s ON s.organization = a.organization AND s.id = a.staff \
        WHERE a.organization = ? AND a.active AND (a.staff IS NULL OR s.active) AND ";
    if let By::Username(name) = by
        && !name.is_ascii()
    {
        return Ok(None);
    }
    let query = match by {
        By::Username(_) => [BASE, "a.username = ?"].concat(),
        By::Id(_) => [BASE, "a.id = ?"].concat(),
        By::Oidc(..) => [BASE, "a.oidc_provider = ? AND a.oidc_subject = ?"].concat(),
    };
    let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(organization);
    let query = match by {
        By::Username(name) => query.bind(name.to_owned()),
        By::Id(id) => query.bind(id),
        By::Oidc(provider, subject) => query.bind(provider.to_owned()).bind(subject.to_owned()),
    };
    let Some(row) = query.fetch_optional(&mut **tx).await? else {
        return Ok(None);
    };
    let (person, role) = match (
        row.try_get::<Option<Uuid>, _>("staff")?,
        row.try_get::<Option<Uuid>, _>("patient")?,
    ) {
        (Some(staff), None) => {
            let role =
                Role::from_word(&row.try_get::<String, _>("role")?).ok_or_else(|| Problem::bug("unknown role"))?;
            (Person::Staff(staff), role)
        }
        (None, Some(patient)) => (Person::Patient(patient), Role::Patient),
        _ => return Err(Problem::bug("an account of nobody")),
    };
    Ok(Some(Account {
        organization,
        id: row.try_get("id")?,
        username: row.try_get("username")?,
        person,
        role,
        password_hash: row.try_get("password_hash")?,
        totp_secret: row.try_get("totp_secret")?,
        totp_confirmed: row.try_get("totp_confirmed")?,
        totp_last_step: row.try_get("totp_last_step")?,
        passkeys: row.try_get("passkeys")?,
    }))
}

/// Makes an account for a person; `oidc` is a provider and the person's subject there. The person activates it with the
/// code that is returned.
pub async fn create_account(
    db: &mut MySqlConnection,
    keys: &Keys,
    organization: Uuid,
    person: Person,
    username: &str,
    oidc: Option<(&str, &str)>,
) -> Result<String, Fault> {
    let now = Stamp::now();
    let (staff, patient) = match person {
        Person::Staff(id) => (Some(id), None),
        Person::Patient(id) => (None, Some(id)),
        Person::Service(_) => return Err(Fault::Bug("a program has no account".into())),
    };
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO account (organization, id, username, staff, patient, oidc_provider, oidc_subject, created_at, \
         updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(organization)
    .bind(id)
    .bind(username)
    .bind(staff)
    .bind(patient)
    .bind(oidc.map(|(provider, _)| provider))
    .bind(oidc.map(|(_, subject)| subject))
    .bind(now)
    .bind(now)
    .execute(&mut *db)
    .await
    .map_err(|error| classify(&error))?;
    activation(db, keys, organization, id).await
}

/// A new activation code. Password and second factors end, and so do all sessions: it is also the way back for somebody
/// who lost them.
pub async fn activation(
    db: &mut MySqlConnection,
    keys: &Keys,
    organization: Uuid,
    account: Uuid,
) -> Result<String, Fault> {
    let code = keys.token("ga")?;
    let now = Stamp::now();
    for statement in [
        "DELETE FROM session WHERE organization = ? AND account = ?",
        "DELETE FROM passkey WHERE organization = ? AND account = ?",
    ] {
        sqlx::query(statement)
            .bind(organization)
            .bind(account)
            .execute(&mut *db)
            .await
            .map_err(|error| classify(&error))?;
    }
    sqlx::query(
        "UPDATE account SET password_hash = NULL, totp_secret = NULL, totp_confirmed = FALSE, activation_hash = ?, \
         activation_expires_at = ?, updated_at = ?, version = version + 1 WHERE organization = ? AND id = ?",
    )
    .bind(&sha256(&code)[..])
    .bind(now.plus(ACTIVATION))
    .bind(now)
    .bind(organization)
    .bind(account)
    .execute(&mut *db)
    .await
    .map_err(|error| classify(&error))?;
    Ok(code)
}
