//! What somebody is to a patient, from the database.

use sqlx::Row;
use uuid::Uuid;

use super::table::Relation;
use crate::{
    auth::{Actor, Person},
    db::{Stamp, Tx},
};

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// What one look at the database says about an actor and a patient.
#[derive(Debug)]
pub struct Standing {
    /// What the actor is to the patient.
    pub relations: Vec<Relation>,
    /// The patient's data may be kept and hardly used: GDPR, article 18.
    pub restricted: bool,
}

/// Looks at the database. None: no such patient in the organization.
pub async fn relations(tx: &mut Tx, actor: &Actor, patient: Uuid) -> Result<Option<Standing>, sqlx::Error> {
    let now = Stamp::now();
    let mut found = Vec::new();
    let restricted: bool;
    match actor.person {
        Person::Staff(staff) => {
            let Some(row) = sqlx::query(STAFF)
                .bind(actor.organization)
                .bind(staff)
                .bind(now)
                .bind(actor.organization)
                .bind(staff)
                .bind(now.minus(DAY * 30))
                .bind(now.plus(DAY * 7))
                .bind(actor.organization)
                .bind(staff)
                .bind(now)
                .bind(actor.organization)
                .bind(patient)
                .fetch_optional(&mut **tx)
                .await?
            else {
                return Ok(None);
            };
            restricted = row.try_get("restricted")?;
            let has = |column: &str| row.try_get::<i64, _>(column).map(|value| value != 0);
            if has("named")? || has("appointed")? {
                found.push(Relation::Care);
            }
            if has("emergency")? {
                found.push(Relation::Emergency);
            }
            found.push(Relation::Organization);
        }
        Person::Patient(own) => {
            let Some(row) = sqlx::query(PATIENT)
                .bind(actor.organization)
                .bind(own)
                .bind(now)
                .bind(actor.organization)
                .bind(patient)
                .fetch_optional(&mut **tx)
                .await?
            else {
                return Ok(None);
            };
            restricted = row.try_get("restricted")?;
            if own == patient {
                found.push(Relation::Own);
            }
            if row.try_get::<i64, _>("guardian")? != 0 {
                found.push(Relation::Guardian);
            }
        }
        Person::Service(_) => {
            let known: Option<bool> =
                sqlx::query_scalar("SELECT restricted FROM patient WHERE organization = ? AND id = ?")
                    .bind(actor.organization)
                    .bind(patient)
                    .fetch_optional(&mut **tx)
                    .await?;
            let Some(known) = known else {
                return Ok(None);
            };
            restricted = known;
            found.push(Relation::Organization);
        }
    }
    Ok(Some(Standing {
        relations: found,
        restricted,
    }))
}

const STAFF: &str = "SELECT \
  EXISTS (SELECT 1 FROM care_team c WHERE c.organization = ? AND c.staff = ? AND c.patient = p.id \
    AND (c.until IS NULL OR c.until > ?)) AS named, \
  EXISTS (SELECT 1 FROM appointment a WHERE a.organization = ? AND a.staff = ? AND a.patient = p.id \
    AND a.starts_at BETWEEN ? AND ? AND a.status IN ('booked', 'arrived', 'fulfilled')) AS appointed, \
  EXISTS (SELECT 1 FROM break_glass b WHERE b.organization = ? AND b.staff = ? AND b.patient = p.id \
    AND b.expires_at > ?) AS emergency, p.restricted \
  FROM patient p WHERE p.organization = ? AND p.id = ?";

const PATIENT: &str = "SELECT \
  EXISTS (SELECT 1 FROM guardian g WHERE g.organization = ? AND g.guardian = ? AND g.patient = p.id \
    AND (g.until IS NULL OR g.until > ?)) AS guardian, p.restricted \
  FROM patient p WHERE p.organization = ? AND p.id = ?";
