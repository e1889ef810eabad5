//! Opening a record in an emergency: with a reason, for a limited time, and reviewed afterwards.

use std::{sync::Arc, time::Duration};

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
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Problem, Query, Result, Scope},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(open))
        .routes(routes!(list))
        .routes(routes!(review))
}

/// How long a record stays open.
const OPEN: Duration = Duration::from_hours(4);

/// A record that was opened in an emergency.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct EmergencyAccess {
    id: Uuid,
    patient: Uuid,
    staff: Uuid,
    reason: String,
    opened_at: Stamp,
    expires_at: Stamp,
    reviewed_at: Option<Stamp>,
    reviewed_by: Option<Uuid>,
    /// `justified` or `unjustified`.
    verdict: Option<String>,
    comment: Option<String>,
    version: u32,
}

/// Why a record must be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenInEmergency {
    /// In words: at least ten characters, read by the reviewer and by the patient.
    reason: String,
}

impl Check for OpenInEmergency {
    fn check(&self, faults: &mut Faults) {
        faults.prose(&self.reason, 1000, "/reason");
        let said = self.reason.trim().chars().count() >= 10;
        faults.expect(
            said,
            "/reason",
            "Explique el motivo (10 caracteres o más).",
            "Say why (10 characters or more).",
        );
    }
}

async fn find(scope: &mut Scope, id: Uuid) -> Result<EmergencyAccess> {
    let query = scope.query_as::<EmergencyAccess>(scoped!(
        "SELECT id, patient, staff, reason, opened_at, expires_at, reviewed_at, reviewed_by, verdict, comment, version \
         FROM break_glass WHERE organization = ? AND id = ?"
    ));
    Ok(query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?)
}

/// Open a patient's record in an emergency, for four hours. The auditor is alerted.
#[utoipa::path(post, path = "/patients/{id}/emergency", tag = "emergency", request_body = OpenInEmergency,
    params(("id" = Uuid, Path)), responses((status = 201, body = EmergencyAccess)))]
async fn open(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<OpenInEmergency>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::EmergencyOpen, patient).await?;
    patients::hold(&mut scope, patient).await?;
    let staff = scope.actor().staff().ok_or_else(|| Problem::new(Kind::Forbidden))?;
    let (id, now) = (Uuid::now_v7(), Stamp::now());
    let query = scope.query(scoped!(
        "INSERT INTO break_glass (organization, id, patient, staff, reason, opened_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(patient)
        .bind(staff)
        .bind(body.reason)
        .bind(now)
        .bind(now.plus(OPEN))
        .execute(scope.db())
        .await?;
    let access = find(&mut scope, id).await?;
    scope.note("emergency", Some(id), Some(patient));
    // Alerts are made from this line and this counter; both say that it happened and not whose record it is. They come before
    // COMMIT: when its answer is lost, whoever repeats the request finds the kept answer, and nobody would be alerted.
    let request = scope.info().request;
    tracing::warn!(%request, emergency = %id, "a record is opened in an emergency");
    scope.app().metrics.emergency_opened();
    scope
        .created(format!("/api/v1/emergencies/{id}"), access.version, &access)
        .await
}

/// Emergencies, the newest first.
#[utoipa::path(get, path = "/emergencies", tag = "emergency", params(PageQuery),
    responses((status = 200, body = Page<EmergencyAccess>)))]
async fn list(cx: Cx, Query(page): Query<PageQuery>) -> Result<Response> {
    let mut scope = cx.allow(Action::EmergencyReview).await?;
    let limit = page.limit()?;
    let query = scope.query_as::<EmergencyAccess>(scoped!(
        "SELECT id, patient, staff, reason, opened_at, expires_at, reviewed_at, reviewed_by, verdict, comment, version \
         FROM break_glass WHERE organization = ? AND id < ? ORDER BY id DESC LIMIT ?"
    ));
    let accesses = query.bind(page.before()?).bind(limit + 1).fetch_all(scope.db()).await?;
    scope.note("emergency", None, None);
    scope.ok(&Page::new(accesses, limit, |access| access.id)).await
}

/// A judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EmergencyVerdict {
    /// There was an emergency.
    Justified,
    /// There was none.
    Unjustified,
}

/// A review.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Review {
    verdict: EmergencyVerdict,
    comment: String,
}

impl Check for Review {
    fn check(&self, faults: &mut Faults) {
        faults.prose(&self.comment, 1000, "/comment");
    }
}

/// Judge an emergency. It is judged once.
#[utoipa::path(post, path = "/emergencies/{id}/review", tag = "emergency", request_body = Review,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = EmergencyAccess)))]
async fn review(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<Review>) -> Result<Response> {
    let mut scope = cx.allow(Action::EmergencyReview).await?;
    let before = find(&mut scope, id).await?;
    scope.expect_version(before.version)?;
    if before.reviewed_at.is_some() {
        return Err(Problem::new(Kind::IllegalTransition));
    }
    let verdict = match body.verdict {
        EmergencyVerdict::Justified => "justified",
        EmergencyVerdict::Unjustified => "unjustified",
    };
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "UPDATE break_glass SET reviewed_at = ?, reviewed_by = ?, verdict = ?, comment = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ? AND reviewed_at IS NULL"
    ));
    query
        .bind(Stamp::now())
        .bind(by)
        .bind(verdict)
        .bind(body.comment)
        .bind(id)
        .bind(before.version)
        .change(scope.db(), Kind::Changed)
        .await?;
    let access = find(&mut scope, id).await?;
    scope.note("emergency", Some(id), Some(access.patient));
    scope.versioned(access.version, &access).await
}
