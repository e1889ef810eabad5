//! Everything about a person: as JSON for machines (GDPR, articles 15 and 20), and as a page for people.
//!
//! [`PARTS`] has what `belongings` says that an export tells, of every registration of the person.

use std::sync::Arc;

use axum::{
    body::Body as Bytes,
    http::{HeaderValue, header},
    response::Response,
};
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
    resources::patients,
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(machine)).routes(routes!(people))
}

/// Lines of the access log that go along, as the statement below has it; the export says where the rest is.
const LINES: usize = 20_000;

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
    /// The form of this export: `galeno-personal-data/2`.
    format: &'static str,
    made_at: Stamp,
    /// Why it is processed, on which ground, who receives it and for how long it is kept (GDPR, article 15.1).
    responsible: processing::DataProtection,
    /// `person`, `entries`, `prescriptions`, …: a list of each.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// Documents, each with the address of its bytes.
    documents: Vec<ExportedDocument>,
    /// What did not fit here, and where it is.
    elsewhere: Vec<Elsewhere>,
}

/// A document of the record.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedDocument {
    id: Uuid,
    media_type: String,
    /// In bytes.
    size: u64,
    /// In hexadecimal.
    sha256: String,
    at: Stamp,
    /// Where whoever may export it downloads it.
    address: String,
}

/// A part that is not whole here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Elsewhere {
    part: &'static str,
    /// Rows that are here, the newest.
    shown: usize,
    /// Rows that there are.
    total: usize,
    /// Where all of them are, page by page.
    address: String,
}

async fn documents(scope: &mut Scope, patient: Uuid) -> Result<Vec<ExportedDocument>> {
    let query = scope.query(scoped!(
        "SELECT id, media_type, sha256, LENGTH(bytes) AS size, at FROM attachment \
         WHERE organization = ? AND patient = ? ORDER BY id"
    ));
    let rows = query.bind(patient).fetch_all(scope.db()).await?;
    let documents = rows.iter().map(|row| {
        let id: Uuid = row.try_get("id")?;
        Ok(ExportedDocument {
            id,
            media_type: row.try_get("media_type")?,
            size: u64::try_from(row.try_get::<i64, _>("size")?).unwrap_or_default(),
            sha256: crate::keys::hex(&row.try_get::<Vec<u8>, _>("sha256")?),
            at: row.try_get("at")?,
            address: format!("/api/v1/patients/{patient}/documents/{id}"),
        })
    });
    Ok(documents.collect::<Result<_, sqlx::Error>>()?)
}

/// What of the access log did not fit; none when all of it did.
async fn rest_of_log(scope: &mut Scope, patient: Uuid, shown: usize) -> Result<Option<Elsewhere>> {
    if shown < LINES {
        return Ok(None);
    }
    let query = scope.query(scoped!(
        "SELECT COUNT(*) AS total FROM access_log WHERE organization = ? AND patient = ?"
    ));
    let row = query.bind(patient).fetch_one(scope.db()).await?;
    let total = usize::try_from(row.try_get::<i64, _>("total")?).unwrap_or_default();
    Ok((total > shown).then(|| Elsewhere {
        part: "access_log",
        shown,
        total,
        address: format!("/api/v1/patients/{patient}/access-log"),
    }))
}

/// A data-protection officer answers requests without reading clinical content: what is clinical is left out for them.
fn kept_from(role: Role, part: &str) -> bool {
    let clinical = ["entries", "prescriptions", "prescription_events", "dispensations"];
    role == Role::Auditor && clinical.contains(&part)
}

/// The rows of a part. Where a person has several registrations, each row says which one it is about.
async fn rows(scope: &mut Scope, part: &Part, patient: Uuid, several: bool) -> Result<Vec<Value>> {
    let rows = scope.query(part.statement).bind(patient).fetch_all(scope.db()).await?;
    let mut objects = rows.iter().map(object).collect::<Result<Vec<_>, _>>()?;
    if several {
        for row in &mut objects {
            row["registration"] = patient.to_string().into();
        }
    }
    Ok(objects)
}

async fn collect(scope: &mut Scope, patient: Uuid) -> Result<PersonalData> {
    let role = scope.actor().role;
    let registrations = patients::registrations(scope, patient).await?;
    let several = registrations.len() > 1;
    let mut data = Map::new();
    let mut elsewhere = Vec::new();
    for part in PARTS.iter().filter(|part| !kept_from(role, part.name)) {
        let mut all = Vec::new();
        for one in &registrations {
            let rows = rows(scope, part, *one, several).await?;
            if part.name == "access_log" {
                elsewhere.extend(rest_of_log(scope, *one, rows.len()).await?);
            }
            all.extend(rows);
        }
        data.insert(part.name.to_owned(), Value::Array(all));
    }
    let mut attached = Vec::new();
    if role != Role::Auditor {
        for one in &registrations {
            attached.extend(documents(scope, *one).await?);
        }
    }
    Ok(PersonalData {
        format: "galeno-personal-data/2",
        made_at: Stamp::now(),
        responsible: processing::find(scope).await?,
        data,
        documents: attached,
        elsewhere,
    })
}

/// Everything about a person, for machines. The auditor gets it without clinical content.
#[utoipa::path(get, path = "/patients/{id}/export", tag = "data-protection", params(("id" = Uuid, Path)),
    responses((status = 200, body = PersonalData)))]
async fn machine(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataExport, patient).await?;
    let data = collect(&mut scope, patient).await?;
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
    let data = collect(&mut scope, patient).await?;
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
