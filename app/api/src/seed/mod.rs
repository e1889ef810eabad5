//! A made-up organization: clinics, staff, patients and their records. Everybody in it is synthetic and marked as such.

mod names;
mod people;
mod random;
mod records;
mod rows;

use anyhow::{Result, bail};
use jiff::Timestamp;
use sqlx::{Connection, MySqlConnection};
use uuid::Uuid;

use self::random::Random;
use crate::{
    auth::{hash_password, provision_totp},
    authz::Role,
    keys::Keys,
};

/// How much to make up.
#[derive(Clone, Debug)]
pub struct Size {
    /// Patients.
    pub patients: u32,
    /// Clinics; each has a physician for each service, and reception, nursing and a pharmacy.
    pub clinics: u32,
    /// Entries of a record, on average.
    pub entries: u32,
    /// Days from today on for which slots are made.
    pub days: u32,
}

/// A made-up account.
#[derive(Clone, Debug)]
pub struct SeedAccount {
    /// The role.
    pub role: Role,
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// Secret of the code generator, for staff.
    pub totp: Option<[u8; 20]>,
}

/// What was made up.
#[derive(Clone, Debug)]
pub struct Seeded {
    /// The organization.
    pub organization: Uuid,
    /// An account of each role.
    pub accounts: Vec<SeedAccount>,
}

/// What the parts of the generator share.
struct Making {
    random: Random,
    organization: Uuid,
    now: Timestamp,
    clinics: Vec<Uuid>,
    physicians: Vec<Uuid>,
    schedules: Vec<(Uuid, Uuid)>,
}

/// Fills the database. The same seed and size make the same people; times are counted from `now`.
pub async fn seed(
    db: &mut MySqlConnection,
    keys: &Keys,
    slug: &str,
    seed: u64,
    size: &Size,
    now: Timestamp,
    mut progress: impl FnMut(&str, u32, u32),
) -> Result<Seeded> {
    let known: Option<i32> = sqlx::query_scalar("SELECT 1 FROM organization WHERE slug = ?")
        .bind(slug)
        .fetch_optional(&mut *db)
        .await?;
    if known.is_some() {
        bail!("the organization {slug} is there already; seed another one with --slug, or an empty database");
    }
    let mut random = Random::new(seed);
    let organization = random.id(now);
    let mut making = Making {
        random,
        organization,
        now,
        clinics: Vec::new(),
        physicians: Vec::new(),
        schedules: Vec::new(),
    };
    let mut tx = db.begin().await?;
    let staff = people::organization(&mut tx, &mut making, slug, size).await?;
    tx.commit().await?;
    let mut first = None;
    let mut done = 0;
    while done < size.patients {
        let batch = (size.patients - done).min(rows::BATCH);
        let mut tx = db.begin().await?;
        let patients = people::patients(&mut tx, &mut making, done, batch).await?;
        records::records(&mut tx, &mut making, &patients, size).await?;
        tx.commit().await?;
        first = first.or(patients.first().copied());
        done += batch;
        progress("patients", done, size.patients);
    }
    records::slots(db, &mut making, size, &mut progress).await?;
    let accounts = accounts(db, keys, &mut making, &staff, first).await?;
    Ok(Seeded { organization, accounts })
}

/// One account of each role, with a password and, for staff, a code generator.
async fn accounts(
    db: &mut MySqlConnection,
    keys: &Keys,
    making: &mut Making,
    staff: &[(Role, Uuid)],
    patient: Option<Uuid>,
) -> Result<Vec<SeedAccount>> {
    let places = tokio::sync::Semaphore::new(1);
    let mut accounts = Vec::new();
    let mut people: Vec<(Role, Option<Uuid>, Option<Uuid>)> = Vec::new();
    for (role, id) in staff {
        if !people.iter().any(|(known, _, _)| known == role) {
            people.push((*role, Some(*id), None));
        }
    }
    people.extend(patient.map(|id| (Role::Patient, None, Some(id))));
    for (role, staff, patient) in people {
        let words: Vec<_> = (0..4).map(|_| *making.random.pick(names::PASSWORD_WORDS)).collect();
        let password = words.join("-");
        let hash = hash_password(&places, &password)
            .await
            .map_err(|_| anyhow::anyhow!("the password could not be hashed"))?;
        let id = making.random.id(making.now);
        let username = role.word().to_owned();
        rows::account(db, making, id, &username, staff, patient, &hash).await?;
        let totp = if role == Role::Patient {
            None
        } else {
            let mut secret = [0; 20];
            for part in secret.chunks_mut(4) {
                part.copy_from_slice(&making.random.next().to_be_bytes()[..4]);
            }
            provision_totp(db, keys, making.organization, id, &secret, true).await?;
            Some(secret)
        };
        accounts.push(SeedAccount {
            role,
            username,
            password,
            totp,
        });
    }
    Ok(accounts)
}
