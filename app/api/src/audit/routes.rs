//! Reading and verifying the access log.

use std::{net::IpAddr, sync::Arc};

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::{Row, mysql::MySqlRow};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    line::source_from,
    verify::{Anchor, Verdict, heads, verify},
};
use crate::{
    app::App,
    authz::Action,
    db::Stamp,
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Problem, Query, Result},
    scoped,
};

/// Endpoints of the access log.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(all))
        .routes(routes!(of_patient))
        .routes(routes!(read_heads))
        .routes(routes!(check))
}

/// A line of the access log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccessLine {
    id: Uuid,
    at: Stamp,
    /// `staff`, `patient`, `service`, `system` or `stranger` (who tried to sign in with a name that nobody has).
    actor_kind: String,
    actor: Uuid,
    /// The name of a member of staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_name: Option<String>,
    role: String,
    /// On the strength of what: care, emergency, self, guardian, organization, none.
    relation: String,
    /// Why: HL7 `PurposeOfUse`.
    purpose: String,
    action: String,
    /// `done` or `refused`.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<Uuid>,
    resource_kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Uuid>,
    request: Uuid,
    /// From where; only for the auditor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    source: Option<IpAddr>,
}

fn line(row: &MySqlRow, with_source: bool) -> Result<AccessLine, sqlx::Error> {
    let name: Option<String> = row.try_get("actor_name")?;
    Ok(AccessLine {
        id: row.try_get("id")?,
        at: row.try_get("at")?,
        actor_kind: row.try_get("actor_kind")?,
        actor: row.try_get("actor")?,
        actor_name: name,
        role: row.try_get("role")?,
        relation: row.try_get("relation")?,
        purpose: row.try_get("purpose")?,
        action: row.try_get("action")?,
        outcome: row.try_get("outcome")?,
        patient: row.try_get("patient")?,
        resource_kind: row.try_get("resource_kind")?,
        resource: row.try_get("resource")?,
        request: row.try_get("request")?,
        source: if with_source {
            source_from(row.try_get::<Option<Vec<u8>>, _>("source")?.as_deref())
        } else {
            None
        },
    })
}

/// The access log of the organization, the newest lines first.
#[utoipa::path(get, path = "/access-log", tag = "access-log", params(PageQuery),
    responses((status = 200, body = Page<AccessLine>)))]
async fn all(cx: Cx, Query(page): Query<PageQuery>) -> Result<Response> {
    let mut scope = cx.allow(Action::AccessLogRead).await?;
    let limit = page.limit()?;
    let query = scope.query(scoped!(
        "SELECT l.id, l.at, l.actor_kind, l.actor, CONCAT(s.given_name, ' ', s.family_name) AS actor_name, l.role, \
         l.relation, l.purpose, l.action, l.outcome, l.patient, l.resource_kind, l.resource, l.request, l.source \
         FROM access_log l LEFT JOIN staff s ON s.organization = l.organization AND s.id = l.actor \
         WHERE l.organization = ? AND l.id < ? ORDER BY l.id DESC LIMIT ?"
    ));
    let rows = query.bind(page.before()?).bind(limit + 1).fetch_all(scope.db()).await?;
    let lines = rows.iter().map(|row| line(row, true)).collect::<Result<Vec<_>, _>>()?;
    scope.note("access-log", None, None);
    scope.ok(&Page::new(lines, limit, |line| line.id)).await
}

/// Who saw or changed a patient's record, the newest first. Patients may ask this about themselves.
#[utoipa::path(get, path = "/patients/{id}/access-log", tag = "access-log", params(("id" = Uuid, Path), PageQuery),
    responses((status = 200, body = Page<AccessLine>)))]
async fn of_patient(cx: Cx, Path(patient): Path<Uuid>, Query(page): Query<PageQuery>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::AccessLogOfPatient, patient).await?;
    let limit = page.limit()?;
    let auditor = scope.actor().role == crate::authz::Role::Auditor;
    let query = scope.query(scoped!(
        "SELECT l.id, l.at, l.actor_kind, l.actor, CONCAT(s.given_name, ' ', s.family_name) AS actor_name, l.role, \
         l.relation, l.purpose, l.action, l.outcome, l.patient, l.resource_kind, l.resource, l.request, l.source \
         FROM access_log l LEFT JOIN staff s ON s.organization = l.organization AND s.id = l.actor \
         WHERE l.organization = ? AND l.patient = ? AND l.id < ? ORDER BY l.id DESC LIMIT ?"
    ));
    let rows = query
        .bind(patient)
        .bind(page.before()?)
        .bind(limit + 1)
        .fetch_all(scope.db())
        .await?;
    let lines = rows
        .iter()
        .map(|row| line(row, auditor))
        .collect::<Result<Vec<_>, _>>()?;
    scope.note("access-log", None, Some(patient));
    scope.ok(&Page::new(lines, limit, |line| line.id)).await
}

/// The heads of the log's lanes: to be written down elsewhere.
#[utoipa::path(get, path = "/access-log/heads", tag = "access-log", responses((status = 200, body = Vec<Anchor>)))]
async fn read_heads(cx: Cx) -> Result<Response> {
    let mut scope = cx.allow(Action::AccessLogRead).await?;
    let organization = scope.organization();
    let heads = heads(scope.tx(), organization).await?;
    scope.ok(&heads).await
}

/// What the log must contain.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct VerifyLog {
    /// Heads that were written down earlier.
    anchors: Vec<Anchor>,
}

impl Check for VerifyLog {
    fn check(&self, faults: &mut Faults) {
        faults.expect(
            self.anchors.len() <= 1000,
            "/anchors",
            "Como mucho 1000.",
            "1000 at most.",
        );
    }
}

/// Lines that are read within a request. It would not end in time with more, and the command has all the time it needs.
const MOST_LINES: u64 = 100_000;

/// Verify the whole log: every hash, every place, every seal, every anchor. A log of more than 100,000 lines is for the
/// command `api access-log verify`.
#[utoipa::path(post, path = "/access-log/verify", tag = "access-log", request_body = VerifyLog,
    responses((status = 200, body = Verdict)))]
async fn check(cx: Cx, Body(body): Body<VerifyLog>) -> Result<Response> {
    let mut scope = cx.allow(Action::AccessLogRead).await?;
    let app = scope.shared_app();
    let organization = scope.organization();
    let lines: u64 = heads(scope.tx(), organization).await?.iter().map(|head| head.seq).sum();
    if lines > MOST_LINES {
        return Err(Problem::new(Kind::Conflict).detail(
            "El registro tiene más de 100 000 líneas; verifíquelo con la orden `api access-log verify`.",
            "The log has more than 100,000 lines; verify it with the command `api access-log verify`.",
        ));
    }
    let verdict = verify(scope.tx(), &app.keys, organization, &body.anchors, |_| {}).await?;
    if !verdict.intact {
        tracing::error!(findings = verdict.findings.len(), "the access log is not intact");
    }
    scope.note("access-log", None, None);
    scope.shown(&verdict).await
}
