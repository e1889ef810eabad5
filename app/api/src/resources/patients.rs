//! Patients: registration, search, changes with history, duplicates, merging, access.

mod content;
mod lead;
mod merge;
mod names;
mod pairs;
mod search;
mod store;

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::staff::{Access, NewAccess, give_access};
use crate::{
    app::App,
    auth::Person,
    authz::Action,
    db::Stamp,
    http::{Body, Check, Cx, Faults, Path, Result},
    scoped,
};

pub(crate) use content::{Document, Patient, PatientContent, Sex};
pub(crate) use lead::{Place, Value, Way, leading, pair_values, paired, with_pair, with_word, word_values};
pub use pairs::mend;
pub(crate) use pairs::pair;
pub(crate) use search::PatientSearch;
pub(crate) use store::{find, hold, lock, register, registrations, update};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(search::search))
        .routes(routes!(read, change))
        .routes(routes!(versions))
        .routes(routes!(merge::merge))
        .routes(routes!(access))
}

/// A registration.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPatient {
    patient: PatientContent,
    /// Somebody looked at the likely duplicates: this is another person.
    #[serde(default)]
    not_a_duplicate: bool,
}

impl Check for NewPatient {
    fn check(&self, faults: &mut Faults) {
        self.patient.check(faults);
    }
}

/// Register a patient. Likely duplicates are shown first.
#[utoipa::path(post, path = "/patients", tag = "patients", request_body = NewPatient,
    responses((status = 201, body = Patient)))]
async fn create(cx: Cx, Body(body): Body<NewPatient>) -> Result<Response> {
    let mut scope = cx.allow(Action::PatientCreate).await?;
    let patient = register(&mut scope, &body.patient, body.not_a_duplicate).await?;
    scope
        .created(format!("/api/v1/patients/{}", patient.id), patient.version, &patient)
        .await
}

/// A patient's personal details.
#[utoipa::path(get, path = "/patients/{id}", tag = "patients", params(("id" = Uuid, Path)),
    responses((status = 200, body = Patient)))]
async fn read(cx: Cx, Path(id): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientRead, id).await?;
    let patient = find(&mut scope, id).await?;
    scope.versioned(patient.version, &patient).await
}

/// A change of personal details.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatientChange {
    patient: PatientContent,
    /// Why it changes.
    reason: Option<String>,
}

impl Check for PatientChange {
    fn check(&self, faults: &mut Faults) {
        self.patient.check(faults);
        faults.optional_line(self.reason.as_deref(), 500, "/reason");
    }
}

/// Change a patient's personal details. Earlier versions stay.
#[utoipa::path(put, path = "/patients/{id}", tag = "patients", request_body = PatientChange,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = Patient)))]
async fn change(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<PatientChange>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientUpdate, id).await?;
    let version = scope.if_match()?;
    let patient = update(&mut scope, id, version, &body.patient, body.reason).await?;
    scope.versioned(patient.version, &patient).await
}

/// A version of a patient's details.
#[derive(Serialize, ToSchema)]
pub(crate) struct PatientVersion {
    version: u32,
    #[schema(value_type = PatientContent)]
    content: serde_json::Value,
    /// Who wrote it.
    actor: Uuid,
    reason: Option<String>,
    at: Stamp,
}

/// Every version of a patient's details, the newest first.
#[utoipa::path(get, path = "/patients/{id}/versions", tag = "patients", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<PatientVersion>)))]
async fn versions(cx: Cx, Path(id): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientRead, id).await?;
    let query = scope.query(scoped!(
        "SELECT version, content, actor, reason, at FROM patient_version WHERE organization = ? AND patient = ? \
         ORDER BY version DESC LIMIT 200"
    ));
    let rows = query.bind(id).fetch_all(scope.db()).await?;
    let versions = rows
        .iter()
        .map(|row| {
            let content: String = row.try_get("content")?;
            Ok(PatientVersion {
                version: row.try_get("version")?,
                content: serde_json::from_str(&content).map_err(|error| sqlx::Error::Decode(error.into()))?,
                actor: row.try_get("actor")?,
                reason: row.try_get("reason")?,
                at: row.try_get("at")?,
            })
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    scope.ok(&versions).await
}

/// Give a patient access to their own record, or give it anew after a loss.
#[utoipa::path(post, path = "/patients/{id}/access", tag = "patients", request_body = NewAccess,
    params(("id" = Uuid, Path)), responses((status = 200, body = Access)))]
async fn access(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<NewAccess>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientAccount, id).await?;
    hold(&mut scope, id).await?;
    let access = give_access(&mut scope, Person::Patient(id), body).await?;
    scope.ok(&access).await
}
