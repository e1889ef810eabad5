//! Everything about a person: as JSON for machines (GDPR, articles 15 and 20), and as a page for people.
//!
//! [`PARTS`] is the one list of what there is about a person. A test asks the database which tables point at patients,
//! and fails when one of them is not in the list.

use std::sync::Arc;

use axum::{
    body::Body as Bytes,
    http::{HeaderValue, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::Row;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{export_page, processing, row::object};
use crate::{
    app::App,
    authz::{Action, Role},
    db::Stamp,
    http::{Cx, Path, Problem, Result, Scope, Scoped},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(machine)).routes(routes!(people))
}

/// Bytes of documents that go along; more stay where they are, and the export names their addresses.
const DOCUMENTS: usize = 32 * 1024 * 1024;

/// One part of what there is about a person.
struct Part {
    name: &'static str,
    statement: Scoped,
}

const fn part(name: &'static str, statement: Scoped) -> Part {
    Part { name, statement }
}

/// Everything there is, apart from documents. Free of what would give somebody access: hashes, seeds, codes of sessions.
const PARTS: &[Part] = &[
    part(
        "person",
        scoped!(
            "SELECT id, document_type, document_number, given_name, family_name, birth_date, sex, phone, email, address, \
             postal_code, language, deceased_at, synthetic, restricted, merged_into, erased_at, version, created_at, updated_at \
             FROM patient WHERE organization = ? AND id = ?"
        ),
    ),
    part(
        "versions",
        scoped!(
            "SELECT version, content, actor, reason, at FROM patient_version WHERE organization = ? AND patient = ? ORDER BY version"
        ),
    ),
    part(
        "merges",
        scoped!(
            "SELECT merged, actor, reason, at FROM patient_merge WHERE organization = ? AND survivor = ? ORDER BY id"
        ),
    ),
    part(
        "guardians",
        scoped!(
            "SELECT guardian, relationship, since, until FROM guardian WHERE organization = ? AND patient = ? ORDER BY id"
        ),
    ),
    part(
        "wards",
        scoped!(
            "SELECT patient, relationship, since, until FROM guardian WHERE organization = ? AND guardian = ? ORDER BY id"
        ),
    ),
    part(
        "care_team",
        scoped!(
            "SELECT c.staff, CONCAT(s.given_name, ' ', s.family_name) AS name, s.role, c.reason, c.since, c.until \
             FROM care_team c JOIN staff s ON s.organization = c.organization AND s.id = c.staff \
             WHERE c.organization = ? AND c.patient = ? ORDER BY c.id"
        ),
    ),
    part(
        "entries",
        scoped!(
            "SELECT e.id, e.kind, v.version, v.status, v.content, v.author, CONCAT(s.given_name, ' ', s.family_name) AS name, \
             v.reason, v.at FROM entry e \
             JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id \
             LEFT JOIN staff s ON s.organization = e.organization AND s.id = v.author \
             WHERE e.organization = ? AND e.patient = ? ORDER BY e.id, v.version"
        ),
    ),
    part(
        "prescriptions",
        scoped!(
            "SELECT id, prescriber, status, atc, national_code, medication, dose, route, frequency, duration_days, quantity, \
             unit, dispensed, indication, overridden, signed_at, valid_until, version, created_at, updated_at \
             FROM prescription WHERE organization = ? AND patient = ? ORDER BY id"
        ),
    ),
    part(
        "prescription_events",
        scoped!(
            "SELECT e.prescription, e.version, e.status, e.actor, e.reason, e.at FROM prescription p \
             JOIN prescription_event e ON e.organization = p.organization AND e.prescription = p.id \
             WHERE p.organization = ? AND p.patient = ? ORDER BY e.prescription, e.version"
        ),
    ),
    part(
        "dispensations",
        scoped!(
            "SELECT prescription, quantity, batch, pharmacist, at FROM dispensation WHERE organization = ? AND patient = ? ORDER BY id"
        ),
    ),
    part(
        "appointments",
        scoped!(
            "SELECT id, staff, status, starts_at, ends_at, reason, created_at FROM appointment \
             WHERE organization = ? AND patient = ? ORDER BY starts_at, id"
        ),
    ),
    part(
        "appointment_events",
        scoped!(
            "SELECT e.appointment, e.version, e.status, e.actor, e.reason, e.at FROM appointment a \
             JOIN appointment_event e ON e.organization = a.organization AND e.appointment = a.id \
             WHERE a.organization = ? AND a.patient = ? ORDER BY e.appointment, e.version"
        ),
    ),
    part(
        "waiting",
        scoped!(
            "SELECT schedule, priority, not_before, status, created_at FROM waiting WHERE organization = ? AND patient = ? ORDER BY id"
        ),
    ),
    part(
        "consents",
        scoped!(
            "SELECT c.id, c.purpose, c.wording, c.evidence, e.version, e.status, e.actor, e.actor_kind, e.reason, e.at \
             FROM consent c JOIN consent_event e ON e.organization = c.organization AND e.consent = c.id \
             WHERE c.organization = ? AND c.patient = ? ORDER BY c.id, e.version"
        ),
    ),
    part(
        "rights_requests",
        scoped!(
            "SELECT kind, wording, made_by, decision, explanation, decided_at, due_at, created_at FROM rights_request \
             WHERE organization = ? AND patient = ? ORDER BY id"
        ),
    ),
    part(
        "restrictions",
        scoped!(
            "SELECT restricted, reason, actor, at FROM restriction_event WHERE organization = ? AND patient = ? ORDER BY id"
        ),
    ),
    part(
        "erasures",
        scoped!("SELECT reason, outcome, actor, at FROM erasure WHERE organization = ? AND patient = ? ORDER BY id"),
    ),
    part(
        "emergencies",
        scoped!(
            "SELECT staff, reason, opened_at, expires_at, reviewed_at, verdict, comment FROM break_glass \
             WHERE organization = ? AND patient = ? ORDER BY id"
        ),
    ),
    part(
        "accounts",
        scoped!(
            "SELECT username, password_hash IS NOT NULL AS has_password, totp_confirmed, oidc_provider, active, created_at \
             FROM account WHERE organization = ? AND patient = ?"
        ),
    ),
    part(
        "app_tokens",
        scoped!(
            "SELECT t.scopes, t.created_at, t.expires_at FROM account a \
             JOIN session s ON s.organization = a.organization AND s.account = a.id \
             JOIN app_token t ON t.organization = s.organization AND t.session = s.token_hash \
             WHERE a.organization = ? AND a.patient = ? ORDER BY t.id"
        ),
    ),
    part(
        "access_log",
        scoped!(
            "SELECT l.at, l.actor_kind, l.actor, CONCAT(s.given_name, ' ', s.family_name) AS name, l.role, l.relation, \
             l.purpose, l.action, l.outcome, l.resource_kind, l.resource FROM access_log l \
             LEFT JOIN staff s ON s.organization = l.organization AND s.id = l.actor \
             WHERE l.organization = ? AND l.patient = ? ORDER BY l.id DESC LIMIT 20000"
        ),
    ),
];

/// Everything about a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonalData {
    /// The form of this export: `galeno-personal-data/1`.
    format: &'static str,
    made_at: Stamp,
    /// Why it is processed, on which ground, who receives it and for how long it is kept (GDPR, article 15.1).
    responsible: processing::DataProtection,
    /// `person`, `entries`, `prescriptions`, …: a list of each.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// Documents; `content` in base64, or `address` where there are too many bytes for one answer.
    documents: Vec<ExportedDocument>,
}

/// A document of the record.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedDocument {
    id: Uuid,
    media_type: String,
    /// In hexadecimal.
    sha256: String,
    at: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

async fn documents(scope: &mut Scope, patient: Uuid, with_content: bool) -> Result<Vec<ExportedDocument>> {
    let query = scope.query(scoped!(
        "SELECT id, media_type, sha256, LENGTH(bytes) AS size, at FROM attachment \
         WHERE organization = ? AND patient = ? ORDER BY id"
    ));
    let mut room = if with_content { DOCUMENTS } else { 0 };
    let mut found = Vec::new();
    for row in query.bind(patient).fetch_all(scope.db()).await? {
        let id: Uuid = row.try_get("id")?;
        let size = usize::try_from(row.try_get::<i64, _>("size")?).unwrap_or(usize::MAX);
        let content = if size <= room {
            room -= size;
            let query = scope.query(scoped!(
                "SELECT bytes FROM attachment WHERE organization = ? AND patient = ? AND id = ?"
            ));
            let row = query.bind(patient).bind(id).fetch_one(scope.db()).await?;
            Some(STANDARD.encode(row.try_get::<Vec<u8>, _>("bytes")?))
        } else {
            None
        };
        let address = content
            .is_none()
            .then(|| format!("/api/v1/patients/{patient}/documents/{id}"));
        found.push(ExportedDocument {
            id,
            media_type: row.try_get("media_type")?,
            sha256: crate::keys::hex(&row.try_get::<Vec<u8>, _>("sha256")?),
            at: row.try_get("at")?,
            content,
            address,
        });
    }
    Ok(found)
}

/// A data-protection officer answers requests without reading clinical content: what is clinical is left out for them.
fn kept_from(role: Role, part: &str) -> bool {
    let clinical = ["entries", "prescriptions", "prescription_events", "dispensations"];
    role == Role::Auditor && clinical.contains(&part)
}

async fn collect(scope: &mut Scope, patient: Uuid, with_content: bool) -> Result<PersonalData> {
    let role = scope.actor().role;
    let mut data = Map::new();
    for part in PARTS.iter().filter(|part| !kept_from(role, part.name)) {
        let rows = scope.query(part.statement).bind(patient).fetch_all(scope.db()).await?;
        let rows = rows.iter().map(object).collect::<Result<Vec<_>, _>>()?;
        data.insert(part.name.to_owned(), Value::Array(rows));
    }
    let documents = if role == Role::Auditor {
        Vec::new()
    } else {
        documents(scope, patient, with_content).await?
    };
    Ok(PersonalData {
        format: "galeno-personal-data/1",
        made_at: Stamp::now(),
        responsible: processing::find(scope).await?,
        data,
        documents,
    })
}

/// Everything about a person, for machines. The auditor gets it without clinical content.
#[utoipa::path(get, path = "/patients/{id}/export", tag = "data-protection", params(("id" = Uuid, Path)),
    responses((status = 200, body = PersonalData)))]
async fn machine(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataExport, patient).await?;
    let data = collect(&mut scope, patient, true).await?;
    scope.note("export", None, Some(patient));
    scope.ok(&data).await
}

/// The same as one page for people: no script, nothing loaded from elsewhere, printable. In the language of
/// `Accept-Language`.
#[utoipa::path(get, path = "/patients/{id}/export.html", tag = "data-protection", params(("id" = Uuid, Path)),
    responses((status = 200, body = String, content_type = "text/html")))]
async fn people(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataExport, patient).await?;
    let locale = scope.locale();
    let data = collect(&mut scope, patient, false).await?;
    let data = serde_json::to_value(&data).map_err(|_| Problem::bug("an export does not serialize"))?;
    let mut response = Response::new(Bytes::from(export_page::page(&data, locale)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"galeno.html\""),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    scope.note("export", None, Some(patient));
    scope.other(response).await
}
