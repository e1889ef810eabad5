//! Drafting, signing, stopping.

use std::{sync::Arc, time::Duration};

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    checks::{Warning, warnings},
    state::PrescriptionStatus,
    store::{self, Prescription, PrescriptionContent, write_event},
};
use crate::{
    app::App,
    authz::Action,
    db::Stamp,
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Problem, Query, Result, Scope},
    resources::patients,
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(check))
        .routes(routes!(sign))
        .routes(routes!(set_status))
}

/// A prescription and what speaks against it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checked {
    prescription: Prescription,
    warnings: Vec<Warning>,
}

async fn checked(scope: &mut Scope, prescription: Prescription) -> Result<Checked> {
    let locale = scope.locale();
    let (patient, id, atc) = (prescription.patient, prescription.id, prescription.content.atc.clone());
    let warnings = warnings(scope, patient, id, &atc, locale).await?;
    Ok(Checked { prescription, warnings })
}

/// Which prescriptions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only of this status.
    #[param(inline)]
    status: Option<PrescriptionStatus>,
    /// Items on a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A patient's prescriptions, the newest first.
#[utoipa::path(get, path = "/patients/{id}/prescriptions", tag = "prescriptions", params(("id" = Uuid, Path), Which),
    responses((status = 200, body = Page<Prescription>)))]
async fn list(cx: Cx, Path(patient): Path<Uuid>, Query(which): Query<Which>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PrescriptionRead, patient).await?;
    let page = PageQuery {
        limit: which.limit,
        cursor: which.cursor,
    };
    let limit = page.limit()?;
    let status = which.status.map(PrescriptionStatus::word);
    let query = scope.query_as::<Prescription>(scoped!(
        "SELECT * FROM prescription WHERE organization = ? AND patient = ? AND id < ? AND (? IS NULL OR status = ?) \
         ORDER BY id DESC LIMIT ?"
    ));
    let prescriptions = query
        .bind(patient)
        .bind(page.before()?)
        .bind(status)
        .bind(status)
        .bind(limit + 1)
        .fetch_all(scope.db())
        .await?;
    scope.note("prescription", None, Some(patient));
    scope
        .ok(&Page::new(prescriptions, limit, |prescription| prescription.id))
        .await
}

/// Draft a prescription. What speaks against it comes with it.
#[utoipa::path(post, path = "/patients/{id}/prescriptions", tag = "prescriptions", request_body = PrescriptionContent,
    params(("id" = Uuid, Path)), responses((status = 201, body = Checked)))]
async fn create(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<PrescriptionContent>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PrescriptionWrite, patient).await?;
    let prescription = draft(&mut scope, patient, body).await?;
    let place = format!("/api/v1/patients/{patient}/prescriptions/{}", prescription.id);
    let checked = checked(&mut scope, prescription).await?;
    scope.created(place, 1, &checked).await
}

/// Writes a draft of whoever asks.
pub(crate) async fn draft(scope: &mut Scope, patient: Uuid, body: PrescriptionContent) -> Result<Prescription> {
    let prescriber = scope.actor().staff().ok_or_else(|| Problem::new(Kind::Forbidden))?;
    patients::hold(scope, patient).await?;
    let (id, now) = (Uuid::now_v7(), Stamp::now());
    let query = scope.query(scoped!(
        "INSERT INTO prescription (organization, id, patient, prescriber, status, atc, national_code, medication, dose, route, \
         frequency, duration_days, quantity, unit, indication, created_at, updated_at) \
         VALUES (?, ?, ?, ?, 'draft', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(patient)
        .bind(prescriber)
        .bind(body.atc)
        .bind(body.national_code)
        .bind(body.medication)
        .bind(body.dose)
        .bind(body.route)
        .bind(body.frequency)
        .bind(body.duration_days)
        .bind(body.quantity)
        .bind(body.unit)
        .bind(body.indication)
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await?;
    let prescription = store::find(scope, patient, id).await?;
    write_event(scope, &prescription, None).await?;
    scope.note("prescription", Some(id), Some(patient));
    Ok(prescription)
}

/// A prescription.
#[utoipa::path(get, path = "/patients/{id}/prescriptions/{prescription}", tag = "prescriptions",
    params(("id" = Uuid, Path), ("prescription" = Uuid, Path)), responses((status = 200, body = Prescription)))]
async fn read(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PrescriptionRead, patient).await?;
    let prescription = store::find(&mut scope, patient, id).await?;
    scope.note("prescription", Some(id), Some(patient));
    scope.versioned(prescription.version, &prescription).await
}

/// Change a draft.
#[utoipa::path(put, path = "/patients/{id}/prescriptions/{prescription}", tag = "prescriptions",
    request_body = PrescriptionContent,
    params(("id" = Uuid, Path), ("prescription" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Checked)))]
async fn change(
    cx: Cx,
    Path((patient, id)): Path<(Uuid, Uuid)>,
    Body(body): Body<PrescriptionContent>,
) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PrescriptionWrite, patient).await?;
    let prescription = redraft(&mut scope, patient, id, body).await?;
    let version = prescription.version;
    let checked = checked(&mut scope, prescription).await?;
    scope.versioned(version, &checked).await
}

/// Changes a draft whose version the client has read.
pub(crate) async fn redraft(
    scope: &mut Scope,
    patient: Uuid,
    id: Uuid,
    body: PrescriptionContent,
) -> Result<Prescription> {
    let before = store::find(scope, patient, id).await?;
    scope.expect_version(before.version)?;
    if before.status != PrescriptionStatus::Draft {
        return Err(Problem::new(Kind::Locked));
    }
    let query = scope.query(scoped!(
        "UPDATE prescription SET atc = ?, national_code = ?, medication = ?, dose = ?, route = ?, frequency = ?, \
         duration_days = ?, quantity = ?, unit = ?, indication = ?, updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ? AND status = 'draft'"
    ));
    query
        .bind(body.atc)
        .bind(body.national_code)
        .bind(body.medication)
        .bind(body.dose)
        .bind(body.route)
        .bind(body.frequency)
        .bind(body.duration_days)
        .bind(body.quantity)
        .bind(body.unit)
        .bind(body.indication)
        .bind(Stamp::now())
        .bind(id)
        .bind(before.version)
        .change(scope.db(), Kind::Changed)
        .await?;
    let prescription = store::find(scope, patient, id).await?;
    write_event(scope, &prescription, None).await?;
    scope.note("prescription", Some(id), Some(patient));
    Ok(prescription)
}

/// What speaks against a prescription now.
#[utoipa::path(get, path = "/patients/{id}/prescriptions/{prescription}/warnings", tag = "prescriptions",
    params(("id" = Uuid, Path), ("prescription" = Uuid, Path)), responses((status = 200, body = Vec<Warning>)))]
async fn check(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PrescriptionRead, patient).await?;
    let prescription = store::find(&mut scope, patient, id).await?;
    let checked = checked(&mut scope, prescription).await?;
    scope.note("prescription", Some(id), Some(patient));
    scope.ok(&checked.warnings).await
}

/// Why a warning does not hold the prescriber back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Override {
    /// `id` of the warning.
    warning: String,
    reason: String,
}

/// A signature.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Signature {
    /// An answer to each warning.
    pub(crate) overrides: Vec<Override>,
    /// Days in which it may be dispensed.
    #[schema(minimum = 1, maximum = 365, default = 90)]
    pub(crate) valid_days: Option<u16>,
}

impl Check for Signature {
    fn check(&self, faults: &mut Faults) {
        faults.expect(
            self.overrides.len() <= 100,
            "/overrides",
            "Como mucho 100.",
            "100 at most.",
        );
        for (index, one) in self.overrides.iter().enumerate() {
            faults.line(&one.warning, 200, &format!("/overrides/{index}/warning"));
            faults.line(&one.reason, 500, &format!("/overrides/{index}/reason"));
        }
        let days = self.valid_days.is_none_or(|days| (1..=365).contains(&days));
        faults.expect(days, "/valid_days", "Entre 1 y 365.", "Between 1 and 365.");
    }
}

/// Sign a draft. Every warning that stands then needs an answer, and the answers are kept.
#[utoipa::path(post, path = "/patients/{id}/prescriptions/{prescription}/sign", tag = "prescriptions", request_body = Signature,
    params(("id" = Uuid, Path), ("prescription" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Prescription)))]
async fn sign(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>, Body(body): Body<Signature>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PrescriptionWrite, patient).await?;
    let draft = store::find(&mut scope, patient, id).await?;
    scope.expect_version(draft.version)?;
    let prescription = put_signature(&mut scope, draft, body).await?;
    scope.versioned(prescription.version, &prescription).await
}

/// Signs a draft in the name of whoever asks.
pub(crate) async fn put_signature(scope: &mut Scope, draft: Prescription, body: Signature) -> Result<Prescription> {
    let (patient, id) = (draft.patient, draft.id);
    if !draft.status.may_become(PrescriptionStatus::Active) || draft.status != PrescriptionStatus::Draft {
        return Err(Problem::new(Kind::IllegalTransition).with("status", draft.status));
    }
    if scope.actor().staff() != Some(draft.prescriber) {
        return Err(
            Problem::new(Kind::Forbidden).detail("Solo firma quien la ha escrito.", "Only its author signs it.")
        );
    }
    let locale = scope.locale();
    let warnings = warnings(scope, patient, id, &draft.content.atc, locale).await?;
    let open: Vec<&Warning> = warnings
        .iter()
        .filter(|warning| !body.overrides.iter().any(|one| one.warning == warning.id))
        .collect();
    if !open.is_empty() {
        // Allergies and other prescriptions are shown: that is in the log, although nothing is signed.
        let problem = Problem::new(Kind::UnsafePrescription).with("warnings", open);
        return Err(scope.refuse_showing(problem).await);
    }
    let answered: Vec<&Override> = body
        .overrides
        .iter()
        .filter(|one| warnings.iter().any(|warning| warning.id == one.warning))
        .collect();
    let overridden = if answered.is_empty() {
        None
    } else {
        Some(serde_json::to_string(&answered).map_err(|_| Problem::bug("answers do not serialize"))?)
    };
    let days = u32::from(body.valid_days.unwrap_or(90));
    let until = Stamp::now().plus(Duration::from_hours(24) * days);
    store::sign(scope, &draft, until, overridden).await?;
    let prescription = store::find(scope, patient, id).await?;
    write_event(scope, &prescription, None).await?;
    scope.note("prescription", Some(id), Some(patient));
    Ok(prescription)
}

/// A step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// `on-hold`, `active` again, `stopped`; a draft may be `cancelled`.
    status: PrescriptionStatus,
    reason: String,
}

impl Check for Step {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.reason, 500, "/reason");
    }
}

/// Hold, resume, stop or give up a prescription.
#[utoipa::path(post, path = "/patients/{id}/prescriptions/{prescription}/status", tag = "prescriptions", request_body = Step,
    params(("id" = Uuid, Path), ("prescription" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Prescription)))]
async fn set_status(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>, Body(body): Body<Step>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PrescriptionWrite, patient).await?;
    let prescription = advance(&mut scope, patient, id, body.status, body.reason).await?;
    scope.versioned(prescription.version, &prescription).await
}

/// Takes one step with a prescription whose version the client has read.
pub(crate) async fn advance(
    scope: &mut Scope,
    patient: Uuid,
    id: Uuid,
    status: PrescriptionStatus,
    reason: String,
) -> Result<Prescription> {
    use PrescriptionStatus as S;
    let before = store::find(scope, patient, id).await?;
    scope.expect_version(before.version)?;
    // Signing makes an active one of a draft, dispensing a completed one; a mere step does neither.
    let by_step = status != S::Completed && !(before.status == S::Draft && status == S::Active);
    if !by_step || !before.status.may_become(status) {
        return Err(Problem::new(Kind::IllegalTransition).with("status", before.status));
    }
    let query = scope.query(scoped!(
        "UPDATE prescription SET status = ?, updated_at = ?, version = version + 1 WHERE organization = ? AND id = ? AND version = ?"
    ));
    query
        .bind(status.word())
        .bind(Stamp::now())
        .bind(id)
        .bind(before.version)
        .change(scope.db(), Kind::Changed)
        .await?;
    let prescription = store::find(scope, patient, id).await?;
    write_event(scope, &prescription, Some(reason)).await?;
    scope.note("prescription", Some(id), Some(patient));
    Ok(prescription)
}
