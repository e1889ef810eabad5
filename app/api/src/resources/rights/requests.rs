//! The register of what people ask for by right, with the day it is due.

use std::{sync::Arc, time::Duration};

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    authz::Action,
    db::{Fault, Stamp},
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Problem, Query, Result, Scope},
    resources::patients,
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(decide))
        .routes(routes!(open))
}

/// A month, at its shortest: GDPR, article 12.3.
const DUE: Duration = Duration::from_hours(28 * 24);

/// Which right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Right {
    /// Article 15, and 20.
    Access,
    /// Article 16.
    Rectification,
    /// Article 17.
    Erasure,
    /// Article 18.
    Restriction,
    /// Article 21.
    Objection,
}

impl Right {
    const fn word(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Rectification => "rectification",
            Self::Erasure => "erasure",
            Self::Restriction => "restriction",
            Self::Objection => "objection",
        }
    }
}

/// Something that was asked for by right.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct RightsRequest {
    id: Uuid,
    patient: Uuid,
    /// `access`, `rectification`, `erasure`, `restriction` or `objection`.
    kind: String,
    /// In the person's words.
    wording: String,
    made_by: Uuid,
    /// `granted`, `partly` or `refused`; none while it is open.
    decision: Option<String>,
    /// What was done and why.
    explanation: Option<String>,
    decided_by: Option<Uuid>,
    decided_at: Option<Stamp>,
    /// The law's last day.
    due_at: Stamp,
    version: u32,
    created_at: Stamp,
}

/// Something that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRightsRequest {
    kind: Right,
    /// In the person's words.
    wording: String,
}

impl Check for NewRightsRequest {
    fn check(&self, faults: &mut Faults) {
        faults.prose(&self.wording, 4000, "/wording");
    }
}

async fn find(scope: &mut Scope, patient: Uuid, id: Uuid) -> Result<RightsRequest> {
    let query = scope.query_as::<RightsRequest>(scoped!(
        "SELECT id, patient, kind, wording, made_by, decision, explanation, decided_by, decided_at, due_at, version, \
         created_at FROM rights_request WHERE organization = ? AND patient = ? AND id = ?"
    ));
    let found = query.bind(patient).bind(id).fetch_optional(scope.db()).await?;
    Ok(found.ok_or(Fault::NoRow)?)
}

/// What was asked for about a patient's data.
#[utoipa::path(get, path = "/patients/{id}/rights-requests", tag = "data-protection", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<RightsRequest>)))]
async fn list(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataRequest, patient).await?;
    let query = scope.query_as::<RightsRequest>(scoped!(
        "SELECT id, patient, kind, wording, made_by, decision, explanation, decided_by, decided_at, due_at, version, \
         created_at FROM rights_request WHERE organization = ? AND patient = ? ORDER BY id LIMIT 500"
    ));
    let requests = query.bind(patient).fetch_all(scope.db()).await?;
    scope.note("rights-request", None, Some(patient));
    scope.ok(&requests).await
}

/// Ask for a right.
#[utoipa::path(post, path = "/patients/{id}/rights-requests", tag = "data-protection", request_body = NewRightsRequest,
    params(("id" = Uuid, Path)), responses((status = 201, body = RightsRequest)))]
async fn ask(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<NewRightsRequest>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataRequest, patient).await?;
    patients::hold(&mut scope, patient).await?;
    let (id, now, by) = (Uuid::now_v7(), Stamp::now(), scope.actor().id());
    let query = scope.query(scoped!(
        "INSERT INTO rights_request (organization, id, patient, kind, wording, made_by, due_at, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(patient)
        .bind(body.kind.word())
        .bind(body.wording)
        .bind(by)
        .bind(now.plus(DUE))
        .bind(now)
        .execute(scope.db())
        .await?;
    let request = find(&mut scope, patient, id).await?;
    scope.note("rights-request", Some(id), Some(patient));
    scope
        .created(
            format!("/api/v1/patients/{patient}/rights-requests/{id}"),
            request.version,
            &request,
        )
        .await
}

/// Requests of the whole organization that wait for a decision, the oldest first.
#[utoipa::path(get, path = "/rights-requests", tag = "data-protection", params(PageQuery),
    responses((status = 200, body = Page<RightsRequest>)))]
async fn open(cx: Cx, Query(page): Query<PageQuery>) -> Result<Response> {
    let mut scope = cx.allow(Action::DataRights).await?;
    let limit = page.limit()?;
    let query = scope.query_as::<RightsRequest>(scoped!(
        "SELECT id, patient, kind, wording, made_by, decision, explanation, decided_by, decided_at, due_at, version, \
         created_at FROM rights_request WHERE organization = ? AND decision IS NULL AND id > ? ORDER BY id LIMIT ?"
    ));
    let requests = query.bind(page.after()?).bind(limit + 1).fetch_all(scope.db()).await?;
    let page = Page::new(requests, limit, |request| request.id);
    if page.items.is_empty() {
        scope.note("rights-request", None, None);
    }
    for request in &page.items {
        scope.note("rights-request", Some(request.id), Some(request.patient));
    }
    scope.ok(&page).await
}

/// How a request is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RightsDecision {
    /// All of it was done.
    Granted,
    /// Some of it was done.
    Partly,
    /// None of it was done.
    Refused,
}

/// A decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRightsDecision {
    decision: RightsDecision,
    /// What was done and why; the person reads it.
    explanation: String,
}

impl Check for NewRightsDecision {
    fn check(&self, faults: &mut Faults) {
        faults.prose(&self.explanation, 4000, "/explanation");
    }
}

/// Decide what was asked for. It is decided once.
#[utoipa::path(post, path = "/patients/{id}/rights-requests/{request}/decision", tag = "data-protection",
    request_body = NewRightsDecision,
    params(("id" = Uuid, Path), ("request" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = RightsRequest)))]
async fn decide(
    cx: Cx,
    Path((patient, id)): Path<(Uuid, Uuid)>,
    Body(body): Body<NewRightsDecision>,
) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataRights, patient).await?;
    let before = find(&mut scope, patient, id).await?;
    scope.expect_version(before.version)?;
    if before.decision.is_some() {
        return Err(Problem::new(Kind::IllegalTransition));
    }
    let decision = match body.decision {
        RightsDecision::Granted => "granted",
        RightsDecision::Partly => "partly",
        RightsDecision::Refused => "refused",
    };
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "UPDATE rights_request SET decision = ?, explanation = ?, decided_by = ?, decided_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ? AND decision IS NULL"
    ));
    query
        .bind(decision)
        .bind(body.explanation)
        .bind(by)
        .bind(Stamp::now())
        .bind(id)
        .bind(before.version)
        .change(scope.db(), Kind::Changed)
        .await?;
    let request = find(&mut scope, patient, id).await?;
    scope.note("rights-request", Some(id), Some(patient));
    scope.versioned(request.version, &request).await
}
