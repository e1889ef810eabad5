//! Dispensing, and verifying a code.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    code,
    state::PrescriptionStatus,
    store::{self, Prescription, signature_holds, write_event},
};
use crate::{
    app::App,
    authz::Action,
    db::{Fault, Stamp},
    http::{Body, Check, Cx, Faults, Info, Kind, Open, Path, Problem, Result},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(dispensations, dispense))
        .routes(routes!(look_up))
        .routes(routes!(verify))
}

/// A part that was dispensed.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Dispensation {
    id: Uuid,
    quantity: u32,
    batch: Option<String>,
    pharmacist: Uuid,
    at: Stamp,
}

/// What has been dispensed.
#[utoipa::path(get, path = "/patients/{id}/prescriptions/{prescription}/dispensations", tag = "prescriptions",
    params(("id" = Uuid, Path), ("prescription" = Uuid, Path)), responses((status = 200, body = Vec<Dispensation>)))]
async fn dispensations(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PrescriptionRead, patient).await?;
    store::find(&mut scope, patient, id).await?;
    let query = scope.query_as::<Dispensation>(scoped!(
        "SELECT id, quantity, batch, pharmacist, at FROM dispensation WHERE organization = ? AND prescription = ? \
         ORDER BY id LIMIT 500"
    ));
    let parts = query.bind(id).fetch_all(scope.db()).await?;
    scope.note("prescription", Some(id), Some(patient));
    scope.ok(&parts).await
}

/// A part to be dispensed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    #[schema(minimum = 1, maximum = 100_000)]
    quantity: u32,
    /// Batch number.
    batch: Option<String>,
}

impl Check for Part {
    fn check(&self, faults: &mut Faults) {
        faults.expect(
            (1..=100_000).contains(&self.quantity),
            "/quantity",
            "Entre 1 y 100000.",
            "Between 1 and 100000.",
        );
        faults.optional_line(self.batch.as_deref(), 60, "/batch");
    }
}

/// A part that was dispensed, and how the prescription stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct Dispensed {
    dispensation: Dispensation,
    prescription: Prescription,
}

/// Dispense a part. All parts together never exceed what was prescribed: one statement checks and counts, a constraint of
/// the table stands behind it, and of two transactions on two nodes one is rolled back.
#[utoipa::path(post, path = "/patients/{id}/prescriptions/{prescription}/dispensations", tag = "prescriptions",
    request_body = Part, params(("id" = Uuid, Path), ("prescription" = Uuid, Path)),
    responses((status = 201, body = Dispensed)))]
async fn dispense(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>, Body(body): Body<Part>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PrescriptionDispense, patient).await?;
    let pharmacist = scope.actor().staff().ok_or_else(|| Problem::new(Kind::Forbidden))?;
    let now = Stamp::now();
    let query = scope.query(scoped!(
        "UPDATE prescription SET status = IF(dispensed + ? = quantity, 'completed', status), dispensed = dispensed + ?, \
         updated_at = ?, version = version + 1 WHERE organization = ? AND patient = ? AND id = ? AND status = 'active' \
         AND valid_until > ? AND dispensed + ? <= quantity"
    ));
    let done = query
        .bind(body.quantity)
        .bind(body.quantity)
        .bind(now)
        .bind(patient)
        .bind(id)
        .bind(now)
        .bind(body.quantity)
        .execute(scope.db())
        .await?;
    let prescription = store::find(&mut scope, patient, id).await?;
    if done.rows_affected() == 0 {
        let left = prescription.content.quantity - prescription.dispensed;
        if prescription.status != PrescriptionStatus::Active {
            return Err(Problem::new(Kind::IllegalTransition).with("status", prescription.status));
        }
        if prescription.valid_until.is_none_or(|until| until <= now) {
            return Err(
                Problem::new(Kind::IllegalTransition).detail("La receta ha caducado.", "The prescription has expired.")
            );
        }
        return Err(Problem::new(Kind::Exceeded).with("left", left));
    }
    let query = scope.query(scoped!("SELECT * FROM prescription WHERE organization = ? AND id = ?"));
    let row = query.bind(id).fetch_one(scope.db()).await?;
    if !signature_holds(&scope.app().keys, scope.organization(), &row)? {
        return Err(Problem::new(Kind::Conflict).detail(
            "La receta no es la que se firmó.",
            "The prescription is not what was signed.",
        ));
    }
    let part = Uuid::now_v7();
    let query = scope.query(scoped!(
        "INSERT INTO dispensation (organization, id, prescription, patient, quantity, batch, pharmacist, at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(part)
        .bind(id)
        .bind(patient)
        .bind(body.quantity)
        .bind(body.batch.clone())
        .bind(pharmacist)
        .bind(now)
        .execute(scope.db())
        .await?;
    write_event(&mut scope, &prescription, None).await?;
    scope.note("dispensation", Some(part), Some(patient));
    let dispensation = Dispensation {
        id: part,
        quantity: body.quantity,
        batch: body.batch,
        pharmacist,
        at: now,
    };
    let place = format!("/api/v1/patients/{patient}/prescriptions/{id}/dispensations");
    let version = prescription.version;
    scope
        .created(
            place,
            version,
            &Dispensed {
                dispensation,
                prescription,
            },
        )
        .await
}

/// The code on a prescription.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    /// Hyphens and spaces are ignored.
    code: String,
}

impl Check for Code {
    fn check(&self, faults: &mut Faults) {
        faults.expect(
            code::parse(&self.code).is_some(),
            "/code",
            "El código está mal copiado.",
            "The code was copied wrongly.",
        );
    }
}

/// The prescription of a code, for a pharmacist of the organization.
#[utoipa::path(post, path = "/prescriptions/look-up", tag = "prescriptions", request_body = Code,
    responses((status = 200, body = Prescription)))]
async fn look_up(cx: Cx, Body(body): Body<Code>) -> Result<Response> {
    let mut scope = cx.allow(Action::PrescriptionDispense).await?;
    let code = code::parse(&body.code).ok_or_else(|| Problem::new(Kind::NotFound))?;
    let query = scope.query_as::<Prescription>(scoped!(
        "SELECT * FROM prescription WHERE organization = ? AND code = ?"
    ));
    let prescription = query.bind(code).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?;
    scope.note("prescription", Some(prescription.id), Some(prescription.patient));
    scope.versioned(prescription.version, &prescription).await
}

/// What anybody who holds the code may know: nothing about the person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verified {
    /// It is signed, unaltered, not expired, not stopped, and something of it is left.
    valid: bool,
    status: PrescriptionStatus,
    medication: String,
    quantity: u32,
    dispensed: u32,
    unit: String,
    valid_until: Option<Stamp>,
    /// The organization that issued it.
    issuer: String,
    /// Registration number of the prescriber.
    prescriber_license: Option<String>,
}

/// Verify a code, without signing in: for pharmacies elsewhere.
#[utoipa::path(post, path = "/prescriptions/verify", tag = "prescriptions", security(()), request_body = Code,
    responses((status = 200, body = Verified)))]
async fn verify(State(app): State<Arc<App>>, info: Info, Body(body): Body<Code>) -> Result<Response> {
    let code = code::parse(&body.code).ok_or_else(|| Problem::new(Kind::NotFound))?;
    let mut open = Open::begin(&app, info).await?;
    let row = sqlx::query(
        "SELECT p.*, o.name AS issuer, s.license_number FROM prescription p JOIN organization o ON o.id = p.organization \
         JOIN staff s ON s.organization = p.organization AND s.id = p.prescriber WHERE p.code = ?",
    )
    .bind(code)
    .fetch_optional(&mut *open.tx)
    .await?
    .ok_or_else(|| Problem::new(Kind::NotFound))?;
    let prescription = Prescription::from_row(&row)?;
    let organization: Uuid = row.try_get("organization")?;
    let valid = signature_holds(&app.keys, organization, &row)?
        && prescription.status == PrescriptionStatus::Active
        && prescription.valid_until.is_some_and(|until| until > Stamp::now());
    let verified = Verified {
        valid,
        status: prescription.status,
        medication: prescription.content.medication,
        quantity: prescription.content.quantity,
        dispensed: prescription.dispensed,
        unit: prescription.content.unit,
        valid_until: prescription.valid_until,
        issuer: row.try_get("issuer")?,
        prescriber_license: row.try_get("license_number")?,
    };
    open.commit(organization, &[]).await?;
    Ok(axum::Json(verified).into_response())
}
