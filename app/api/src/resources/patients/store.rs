//! Patients in the database: found, registered, and changed with every version kept.

use serde::Serialize;
use sqlx::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    content::{Document, Patient, PatientContent},
    pairs,
};
use crate::{
    db::{Fault, Stamp, classify},
    http::{Kind, Problem, Result, Scope, Scoped, Statement},
    people, scoped,
};

/// Somebody who may be the same person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Candidate {
    id: Uuid,
    /// Why: `document`, `phone` or `name`.
    because: &'static str,
}

/// The columns of a [`Patient`].
macro_rules! details {
    () => {
        "id, document_type, document_number, given_name, family_name, birth_date, sex, phone, email, address, \
         postal_code, language, deceased_at, synthetic, merged_into, restricted, erased_at, version, updated_at"
    };
}
pub(super) use details;

/// One patient, read with a lock or without.
macro_rules! one {
    ($lock:literal) => {
        scoped!(concat!(
            "SELECT ",
            details!(),
            " FROM patient WHERE organization = ? AND id = ?",
            $lock
        ))
    };
}

async fn read(scope: &mut Scope, statement: Scoped, id: Uuid) -> Result<Patient> {
    let query = scope.query_as::<Patient>(statement);
    Ok(query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?)
}

pub(crate) async fn find(scope: &mut Scope, id: Uuid) -> Result<Patient> {
    read(scope, one!(""), id).await
}

/// The same, held still until the transaction ends: for what ends a registration.
pub(crate) async fn lock(scope: &mut Scope, id: Uuid) -> Result<Patient> {
    read(scope, one!(" FOR UPDATE"), id).await
}

/// The same for what is added to a registration, which must not have ended: no merge and no erasure comes between.
pub(crate) async fn hold(scope: &mut Scope, id: Uuid) -> Result<Patient> {
    let patient = read(scope, one!(" LOCK IN SHARE MODE"), id).await?;
    patient.must_be_current()?;
    Ok(patient)
}

/// Every registration of a person: this one first, then those that were joined to it, and to those.
pub(crate) async fn registrations(scope: &mut Scope, id: Uuid) -> Result<Vec<Uuid>> {
    let query = scope.query(scoped!(
        "WITH RECURSIVE joined (organization, id) AS ( \
           SELECT organization, id FROM patient WHERE organization = ? AND id = ? UNION \
           SELECT p.organization, p.id FROM joined j \
           JOIN patient p ON p.organization = j.organization AND p.merged_into = j.id) \
         SELECT id, organization FROM joined ORDER BY id = ? DESC, id"
    ));
    let rows = query.bind(id).bind(id).fetch_all(scope.db()).await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get("id"))
        .collect::<Result<_, sqlx::Error>>()?)
}

/// People born on the same day who share a telephone or two words of the name.
async fn candidates(scope: &mut Scope, content: &PatientContent) -> Result<Vec<Candidate>> {
    let query = scope.query(scoped!(
        "SELECT id, given_name, family_name, phone FROM patient \
         WHERE organization = ? AND birth_date = ? AND merged_into IS NULL LIMIT 200"
    ));
    let rows = query.bind(content.birth_date).fetch_all(scope.db()).await?;
    let name = people::words(&content.whole_name());
    let mut found = Vec::new();
    for row in rows {
        let other: String = [
            row.try_get::<String, _>("given_name")?,
            row.try_get::<String, _>("family_name")?,
        ]
        .join(" ");
        let shared = people::words(&other)
            .iter()
            .filter(|word| word.len() > 2 && name.contains(word))
            .count();
        let phone: Option<String> = row.try_get("phone")?;
        if phone.is_some() && phone == content.phone {
            found.push(Candidate {
                id: row.try_get("id")?,
                because: "phone",
            });
        } else if shared >= 2 {
            found.push(Candidate {
                id: row.try_get("id")?,
                because: "name",
            });
        }
    }
    Ok(found)
}

async fn same_document(scope: &mut Scope, kind: &str, number: &str) -> Result<Problem> {
    let query = scope.query(scoped!(
        "SELECT id FROM patient WHERE organization = ? AND document_type = ? AND document_number = ? LOCK IN SHARE MODE"
    ));
    let row = query
        .bind(kind.to_owned())
        .bind(number.to_owned())
        .fetch_optional(scope.db())
        .await?;
    let candidates: Vec<Candidate> = row
        .map(|row| {
            row.try_get("id").map(|id| Candidate {
                id,
                because: "document",
            })
        })
        .transpose()?
        .into_iter()
        .collect();
    Ok(possible_duplicate(scope, candidates).await)
}

/// The refusal that shows who it may be. Each of them is in the log.
async fn possible_duplicate(scope: &mut Scope, candidates: Vec<Candidate>) -> Problem {
    for candidate in &candidates {
        scope.note("patient-search", Some(candidate.id), Some(candidate.id));
    }
    let problem = Problem::new(Kind::PossibleDuplicate).with("candidates", candidates);
    scope.refuse_showing(problem).await
}

/// Writes a new registration. The unique key on the document decides, whatever was looked up before.
async fn insert(scope: &mut Scope, content: &PatientContent, synthetic: bool) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let now = Stamp::now();
    let document = content.document.as_ref().and_then(Document::stored);
    let query = scope.query(scoped!(
        "INSERT INTO patient (organization, id, document_type, document_number, given_name, family_name, birth_date, sex, \
         phone, email, address, postal_code, language, deceased_at, synthetic, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    let done = bind_details(query.bind(id), document.as_ref(), content)
        .bind(synthetic)
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await;
    if let Err(error) = done {
        return match (classify(&error), document) {
            (Fault::Duplicate(key), Some((kind, number))) if key == "patient_document" => {
                Err(same_document(scope, kind, &number).await?)
            }
            (fault, _) => Err(fault.into()),
        };
    }
    pairs::write(scope, id, &content.whole_name()).await?;
    write_version(scope, id, 1, content, None).await?;
    Ok(id)
}

/// Binds the columns from `document_type` to `deceased_at`, in the order in which both statements name them.
fn bind_details(query: Statement, document: Option<&(&'static str, String)>, content: &PatientContent) -> Statement {
    query
        .bind(document.map(|(kind, _)| *kind))
        .bind(document.map(|(_, number)| number.clone()))
        .bind(content.given_name.clone())
        .bind(content.family_name.clone())
        .bind(content.birth_date)
        .bind(content.sex.word())
        .bind(content.phone.clone())
        .bind(content.email.clone())
        .bind(content.address.clone())
        .bind(content.postal_code.clone())
        .bind(content.language.clone())
        .bind(content.deceased_at)
}

pub(super) async fn write_version(
    scope: &mut Scope,
    id: Uuid,
    version: u32,
    content: &PatientContent,
    reason: Option<String>,
) -> Result<()> {
    let text = serde_json::to_string(content).map_err(|_| Problem::bug("a patient does not serialize"))?;
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "INSERT INTO patient_version (organization, patient, version, content, actor, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(version)
        .bind(text)
        .bind(by)
        .bind(reason)
        .bind(Stamp::now())
        .execute(scope.db())
        .await?;
    Ok(())
}

/// Registers a patient, unless somebody may be the same person and nobody has looked at that yet.
pub(crate) async fn register(scope: &mut Scope, content: &PatientContent, not_a_duplicate: bool) -> Result<Patient> {
    if !not_a_duplicate {
        let candidates = candidates(scope, content).await?;
        if !candidates.is_empty() {
            return Err(possible_duplicate(scope, candidates).await);
        }
    }
    let id = insert(scope, content, false).await?;
    scope.note("patient", Some(id), Some(id));
    find(scope, id).await
}

/// Writes a new version of a patient's details.
pub(crate) async fn update(
    scope: &mut Scope,
    id: Uuid,
    version: u32,
    content: &PatientContent,
    reason: Option<String>,
) -> Result<Patient> {
    find(scope, id).await?.must_be_current()?;
    let document = content.document.as_ref().and_then(Document::stored);
    let query = scope.query(scoped!(
        "UPDATE patient SET document_type = ?, document_number = ?, given_name = ?, family_name = ?, birth_date = ?, \
         sex = ?, phone = ?, email = ?, address = ?, postal_code = ?, language = ?, deceased_at = ?, updated_at = ?, \
         version = version + 1 WHERE organization = ? AND id = ? AND version = ? \
         AND merged_into IS NULL AND erased_at IS NULL"
    ));
    let done = bind_details(query, document.as_ref(), content)
        .bind(Stamp::now())
        .bind(id)
        .bind(version)
        .execute(scope.db())
        .await;
    let done = match done.map_err(|error| classify(&error)) {
        Err(Fault::Duplicate(_)) => {
            let (kind, number) = document.unwrap_or_default();
            return Err(same_document(scope, kind, &number).await?);
        }
        other => other?,
    };
    if done.rows_affected() == 0 {
        return Err(Problem::new(Kind::Changed));
    }
    pairs::write(scope, id, &content.whole_name()).await?;
    write_version(scope, id, version + 1, content, reason).await?;
    find(scope, id).await
}
