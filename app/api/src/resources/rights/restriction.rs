//! Restriction of processing (GDPR, article 18) and rectification by right (article 16).

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    authz::Action,
    db::Stamp,
    http::{Body, Check, Cx, Faults, Kind, Path, Result, Scope},
    resources::patients::{self, Patient, PatientContent},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, change))
        .routes(routes!(rectify))
}

/// A restriction that began or ended.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct RestrictionEvent {
    id: Uuid,
    restricted: bool,
    reason: String,
    actor: Uuid,
    at: Stamp,
}

/// Every restriction of a patient's data, the newest first.
#[utoipa::path(get, path = "/patients/{id}/restriction", tag = "data-protection", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<RestrictionEvent>)))]
async fn list(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataRequest, patient).await?;
    let query = scope.query_as::<RestrictionEvent>(scoped!(
        "SELECT id, restricted, reason, actor, at FROM restriction_event WHERE organization = ? AND patient = ? \
         ORDER BY id DESC LIMIT 200"
    ));
    let events = query.bind(patient).fetch_all(scope.db()).await?;
    scope.note("restriction", None, Some(patient));
    scope.ok(&events).await
}

/// Whether the data is restricted from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restriction {
    restricted: bool,
    /// Which ground of article 18, or why it ends.
    reason: String,
}

impl Check for Restriction {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.reason, 500, "/reason");
    }
}

/// Restrict the processing of a patient's data, or end that. `If-Match` is about the patient.
#[utoipa::path(put, path = "/patients/{id}/restriction", tag = "data-protection", request_body = Restriction,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = Patient)))]
async fn change(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<Restriction>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataRights, patient).await?;
    let version = scope.if_match()?;
    patients::find(&mut scope, patient).await?.must_be_current()?;
    set(&mut scope, patient, version, body.restricted, body.reason).await?;
    let patient = patients::find(&mut scope, patient).await?;
    scope.note("restriction", Some(patient.id), Some(patient.id));
    scope.versioned(patient.version, &patient).await
}

/// Writes it down, and makes it hold.
pub(in crate::resources) async fn set(
    scope: &mut Scope,
    patient: Uuid,
    version: u32,
    restricted: bool,
    reason: String,
) -> Result<()> {
    let now = Stamp::now();
    let query = scope.query(scoped!(
        "UPDATE patient SET restricted = ?, updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ?"
    ));
    query
        .bind(restricted)
        .bind(now)
        .bind(patient)
        .bind(version)
        .change(scope.db(), Kind::Changed)
        .await?;
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "INSERT INTO restriction_event (organization, id, patient, restricted, reason, actor, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(Uuid::now_v7())
        .bind(patient)
        .bind(restricted)
        .bind(reason)
        .bind(by)
        .bind(now)
        .execute(scope.db())
        .await?;
    Ok(())
}

/// Personal details that were wrong.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rectification {
    patient: PatientContent,
    /// What was wrong, and how it is known.
    reason: String,
}

impl Check for Rectification {
    fn check(&self, faults: &mut Faults) {
        self.patient.check(faults);
        faults.line(&self.reason, 400, "/reason");
    }
}

/// Rectify personal details by right of the person, also while processing is restricted. Clinical statements are not
/// overwritten: whoever treats the patient amends them.
#[utoipa::path(put, path = "/patients/{id}/rectification", tag = "data-protection", request_body = Rectification,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = Patient)))]
async fn rectify(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<Rectification>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataRights, id).await?;
    let version = scope.if_match()?;
    let reason = format!("GDPR, article 16: {}", body.reason);
    let patient = patients::update(&mut scope, id, version, &body.patient, Some(reason)).await?;
    scope.note("rectification", Some(id), Some(id));
    scope.versioned(patient.version, &patient).await
}
