//! Joining two registrations of one person.

use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{content::Patient, store::find};
use crate::{
    authz::Action,
    db::Stamp,
    http::{Body, Check, Cx, Faults, Kind, Path, Problem, Result, Scope},
    resources::prescriptions,
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

/// Join a duplicate to this patient: its record moves here, and the fact stays on record.
#[utoipa::path(post, path = "/patients/{id}/merge", tag = "patients", request_body = Merge,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = Patient)))]
pub(super) async fn merge(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<Merge>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientMerge, id).await?;
    let survivor = find(&mut scope, id).await?;
    let version = survivor.version;
    scope.expect_version(version)?;
    if body.duplicate == id {
        return Err(Problem::field(
            "/duplicate",
            "Es el mismo registro.",
            "It is the same registration.",
        ));
    }
    let duplicate = find(&mut scope, body.duplicate).await?;
    if duplicate.merged_into.is_some() || survivor.merged_into.is_some() {
        return Err(Problem::new(Kind::IllegalTransition));
    }
    // The survivor first: whoever changed it meanwhile is not overrun.
    let query = scope.query(scoped!(
        "UPDATE patient SET updated_at = ?, version = version + 1 WHERE organization = ? AND id = ? AND version = ?"
    ));
    query
        .bind(Stamp::now())
        .bind(id)
        .bind(version)
        .change(scope.db(), Kind::Changed)
        .await?;
    let query = scope.query(scoped!(
        "UPDATE patient SET merged_into = ?, updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND merged_into IS NULL"
    ));
    query
        .bind(id)
        .bind(Stamp::now())
        .bind(body.duplicate)
        .execute(scope.db())
        .await?;
    prescriptions::rehome(&mut scope, body.duplicate, id).await?;
    move_record(&mut scope, body.duplicate, id).await?;
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "INSERT INTO patient_merge (organization, id, survivor, merged, actor, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(Uuid::now_v7())
        .bind(id)
        .bind(body.duplicate)
        .bind(by)
        .bind(body.reason)
        .bind(Stamp::now())
        .execute(scope.db())
        .await?;
    let patient = find(&mut scope, id).await?;
    scope.note("patient", Some(body.duplicate), Some(body.duplicate));
    scope.versioned(patient.version, &patient).await
}

/// What hangs on a patient moves to another one. The patient of each access-log line stays: it says what was seen then.
async fn move_record(scope: &mut Scope, from: Uuid, to: Uuid) -> Result<()> {
    for statement in [
        scoped!("UPDATE entry SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE attachment SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE appointment SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE dispensation SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE care_team SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE guardian SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!(
            "UPDATE waiting SET status = IF(status = 'waiting', 'cancelled', status), patient = ? \
                 WHERE organization = ? AND patient = ?"
        ),
    ] {
        scope.query(statement).bind(to).bind(from).execute(scope.db()).await?;
    }
    for statement in [
        scoped!("DELETE FROM patient_word WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE account SET active = FALSE WHERE organization = ? AND patient = ?"),
    ] {
        scope.query(statement).bind(from).execute(scope.db()).await?;
    }
    Ok(())
}
