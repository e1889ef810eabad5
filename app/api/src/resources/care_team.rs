//! Who treats whom.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::patients;
use crate::{
    app::App,
    authz::Action,
    db::{Fault, Stamp},
    http::{Body, Check, Cx, Faults, Kind, Path, Result, Scoped},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(end))
}

/// Somebody who treats the patient.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct CareTeamMember {
    id: Uuid,
    staff: Uuid,
    role: String,
    given_name: String,
    family_name: String,
    reason: String,
    since: Stamp,
    until: Option<Stamp>,
}

/// Somebody who is to treat the patient.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCareTeamMember {
    staff: Uuid,
    /// Why they need the record.
    reason: String,
    /// Until when.
    until: Option<Stamp>,
}

impl Check for NewCareTeamMember {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.reason, 500, "/reason");
        let ahead = self.until.is_none_or(|until| until > Stamp::now());
        faults.expect(ahead, "/until", "Debe estar en el futuro.", "It must be in the future.");
    }
}

/// Who treats a patient.
#[utoipa::path(get, path = "/patients/{id}/care-team", tag = "patients", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<CareTeamMember>)))]
async fn list(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::CareTeamRead, patient).await?;
    let query = scope.query_as::<CareTeamMember>(scoped!(
        "SELECT c.id, c.staff, s.role, s.given_name, s.family_name, c.reason, c.since, c.until FROM care_team c \
         JOIN staff s ON s.organization = c.organization AND s.id = c.staff \
         WHERE c.organization = ? AND c.patient = ? ORDER BY c.id LIMIT 200"
    ));
    let team = query.bind(patient).fetch_all(scope.db()).await?;
    scope.note("care-team", None, Some(patient));
    scope.ok(&team).await
}

/// Say that somebody treats the patient.
#[utoipa::path(post, path = "/patients/{id}/care-team", tag = "patients", request_body = NewCareTeamMember,
    params(("id" = Uuid, Path)), responses((status = 201, body = CareTeamMember)))]
async fn add(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<NewCareTeamMember>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::CareTeamManage, patient).await?;
    patients::hold(&mut scope, patient).await?;
    let (id, by) = (Uuid::now_v7(), scope.actor().id());
    let query = scope.query(scoped!(
        "INSERT INTO care_team (organization, id, patient, staff, reason, since, until, added_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(patient)
        .bind(body.staff)
        .bind(body.reason)
        .bind(Stamp::now())
        .bind(body.until)
        .bind(by)
        .execute(scope.db())
        .await?;
    let query = scope.query_as::<CareTeamMember>(scoped!(
        "SELECT c.id, c.staff, s.role, s.given_name, s.family_name, c.reason, c.since, c.until FROM care_team c \
         JOIN staff s ON s.organization = c.organization AND s.id = c.staff WHERE c.organization = ? AND c.id = ?"
    ));
    let member = query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?;
    scope.note("care-team", Some(id), Some(patient));
    scope
        .created(format!("/api/v1/patients/{patient}/care-team/{id}"), 1, &member)
        .await
}

/// Say that somebody no longer treats the patient.
#[utoipa::path(delete, path = "/patients/{id}/care-team/{member}", tag = "patients",
    params(("id" = Uuid, Path), ("member" = Uuid, Path)), responses((status = 204)))]
async fn end(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let ends = scoped!(
        "UPDATE care_team SET until = LEAST(COALESCE(until, ?), ?) WHERE organization = ? AND patient = ? AND id = ?"
    );
    end_now(cx, Action::CareTeamManage, "care-team", ends, (patient, id)).await
}

/// Ends now what somebody is to a patient. The statement binds the time twice, the patient, and which one.
pub(super) async fn end_now(
    cx: Cx,
    action: Action,
    resource_kind: &str,
    statement: Scoped,
    (patient, id): (Uuid, Uuid),
) -> Result<Response> {
    let mut scope = cx.allow_for(action, patient).await?;
    let now = Stamp::now();
    scope
        .query(statement)
        .bind(now)
        .bind(now)
        .bind(patient)
        .bind(id)
        .change(scope.db(), Kind::NotFound)
        .await?;
    scope.note(resource_kind, Some(id), Some(patient));
    scope.done().await
}
