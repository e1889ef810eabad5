//! Joining two registrations of one person.

use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    content::{Patient, PatientContent},
    store::{find, lock, write_version},
};
use crate::{
    authz::Action,
    db::Stamp,
    http::{Body, Check, Cx, Faults, Kind, Path, Problem, Result, Scope},
    resources::{
        belongings::{AtMerge, BELONGINGS},
        prescriptions, rights,
    },
    scoped,
};

/// Two registrations of one person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Merge {
    /// The registration that ends. Its record stays readable, and new entries go to the other one.
    duplicate: Uuid,
    /// How it is known that they are one person.
    reason: String,
}

impl Check for Merge {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.reason, 500, "/reason");
    }
}

/// Join a duplicate to this patient: its record moves here, its identity document too if this one has none, and the fact
/// stays on record. A consent of the duplicate goes on unless this patient said something about the same purpose.
#[utoipa::path(post, path = "/patients/{id}/merge", tag = "patients", request_body = Merge,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = Patient)))]
pub(super) async fn merge(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<Merge>) -> Result<Response> {
    let mut scope = cx.allow_for_both(Action::PatientMerge, id, body.duplicate).await?;
    let (survivor, duplicate) = lock_both(&mut scope, id, body.duplicate).await?;
    scope.expect_version(survivor.version)?;
    if body.duplicate == id {
        return Err(Problem::field(
            "/duplicate",
            "Es el mismo registro.",
            "It is the same registration.",
        ));
    }
    survivor.must_be_current()?;
    duplicate.must_be_current()?;
    end(&mut scope, &duplicate, id).await?;
    inherit(&mut scope, &survivor, &duplicate, &body.reason).await?;
    prescriptions::rehome(&mut scope, duplicate.id, id).await?;
    rights::rehome_consents(&mut scope, duplicate.id, id).await?;
    move_record(&mut scope, duplicate.id, id).await?;
    write_down(&mut scope, id, body).await?;
    let patient = find(&mut scope, id).await?;
    scope.note("patient", Some(duplicate.id), Some(duplicate.id));
    scope.versioned(patient.version, &patient).await
}

/// Both, held until the end: whatever is written to either comes before or sees the merge. Always in the same order, so
/// that two merges of the same two do not wait for each other.
async fn lock_both(scope: &mut Scope, survivor: Uuid, duplicate: Uuid) -> Result<(Patient, Patient)> {
    if survivor < duplicate {
        let survivor = lock(scope, survivor).await?;
        Ok((survivor, lock(scope, duplicate).await?))
    } else {
        let duplicate = lock(scope, duplicate).await?;
        Ok((lock(scope, survivor).await?, duplicate))
    }
}

/// Ends the duplicate. It gives up its document, which belongs to one registration; its history keeps it.
async fn end(scope: &mut Scope, duplicate: &Patient, into: Uuid) -> Result<()> {
    let query = scope.query(scoped!(
        "UPDATE patient SET document_type = NULL, document_number = NULL, merged_into = ?, updated_at = ?, \
         version = version + 1 WHERE organization = ? AND id = ? AND merged_into IS NULL"
    ));
    query
        .bind(into)
        .bind(Stamp::now())
        .bind(duplicate.id)
        .change(scope.db(), Kind::Changed)
        .await
}

/// What the survivor takes over: the document that it lacks, and the restriction, which a merge must not undo.
async fn inherit(scope: &mut Scope, survivor: &Patient, duplicate: &Patient, reason: &str) -> Result<()> {
    let given = duplicate
        .document_type
        .clone()
        .zip(duplicate.document_number.clone())
        .filter(|_| survivor.document_number.is_none());
    let query = scope.query(scoped!(
        "UPDATE patient SET document_type = COALESCE(document_type, ?), document_number = COALESCE(document_number, ?), \
         updated_at = ?, version = version + 1 WHERE organization = ? AND id = ? AND version = ?"
    ));
    let (kind, number) = given.clone().unzip();
    query
        .bind(kind)
        .bind(number)
        .bind(Stamp::now())
        .bind(survivor.id)
        .bind(survivor.version)
        .change(scope.db(), Kind::Changed)
        .await?;
    let version = survivor.version + 1;
    if let Some((kind, number)) = given {
        let content = PatientContent::of(&Patient {
            document_type: Some(kind),
            document_number: Some(number),
            ..survivor.clone()
        })?;
        write_version(scope, survivor.id, version, &content, Some(reason.to_owned())).await?;
    }
    if duplicate.restricted && !survivor.restricted {
        let reason = "GDPR, article 18: the registration that was joined was restricted".to_owned();
        rights::restrict(scope, survivor.id, version, true, reason).await?;
    }
    Ok(())
}

/// What hangs on a patient moves to another one, or ends.
async fn move_record(scope: &mut Scope, from: Uuid, to: Uuid) -> Result<()> {
    for one in BELONGINGS {
        match one.merge {
            AtMerge::Moves(statement) => {
                scope.query(statement).bind(to).bind(from).execute(scope.db()).await?;
            }
            AtMerge::Ends(statement) => {
                scope.query(statement).bind(from).execute(scope.db()).await?;
            }
            AtMerge::Rehomed | AtMerge::Stays => {}
        }
    }
    // Two registrations of one person, one of them the other's guardian: nobody is their own.
    let query = scope.query(scoped!(
        "UPDATE guardian SET until = LEAST(COALESCE(until, ?), ?) WHERE organization = ? AND patient = ? AND guardian = ?"
    ));
    let now = Stamp::now();
    query.bind(now).bind(now).bind(to).bind(to).execute(scope.db()).await?;
    Ok(())
}

async fn write_down(scope: &mut Scope, survivor: Uuid, body: Merge) -> Result<()> {
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "INSERT INTO patient_merge (organization, id, survivor, merged, actor, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(Uuid::now_v7())
        .bind(survivor)
        .bind(body.duplicate)
        .bind(by)
        .bind(body.reason)
        .bind(Stamp::now())
        .execute(scope.db())
        .await?;
    Ok(())
}
