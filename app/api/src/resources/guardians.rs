//! Guardians: patients who act for another patient.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{care_team::end_now, patients};
use crate::{
    app::App,
    authz::Action,
    db::{Day, Stamp},
    http::{Body, Check, Cx, Faults, Path, Problem, Result},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, name))
        .routes(routes!(end))
        .routes(routes!(wards))
}

/// Somebody who acts for a patient.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Guardian {
    id: Uuid,
    /// The guardian's own registration.
    #[serde(rename = "guardian")]
    person: Uuid,
    given_name: String,
    family_name: String,
    relationship: String,
    since: Stamp,
    /// No longer after this.
    until: Option<Stamp>,
}

/// A guardian to be named.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGuardian {
    /// The guardian's own registration as a patient.
    guardian: Uuid,
    /// Mother, father, legal guardian…
    relationship: String,
    /// Until when, for example the age of majority.
    until: Option<Stamp>,
}

impl Check for NewGuardian {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.relationship, 40, "/relationship");
        let ahead = self.until.is_none_or(|until| until > Stamp::now());
        faults.expect(ahead, "/until", "Debe estar en el futuro.", "It must be in the future.");
    }
}

/// Who acts for a patient.
#[utoipa::path(get, path = "/patients/{id}/guardians", tag = "patients", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<Guardian>)))]
async fn list(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientRead, patient).await?;
    let query = scope.query_as::<Guardian>(scoped!(
        "SELECT g.id, g.guardian AS person, p.given_name, p.family_name, g.relationship, g.since, g.until FROM guardian g \
         JOIN patient p ON p.organization = g.organization AND p.id = g.guardian \
         WHERE g.organization = ? AND g.patient = ? ORDER BY g.id LIMIT 100"
    ));
    let guardians = query.bind(patient).fetch_all(scope.db()).await?;
    scope.note("guardian", None, Some(patient));
    scope.ok(&guardians).await
}

/// Name a guardian.
#[utoipa::path(post, path = "/patients/{id}/guardians", tag = "patients", request_body = NewGuardian,
    params(("id" = Uuid, Path)), responses((status = 201, body = Guardian)))]
async fn name(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<NewGuardian>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::GuardianManage, patient).await?;
    if body.guardian == patient {
        return Err(Problem::field(
            "/guardian",
            "Nadie es su propio tutor.",
            "Nobody is their own guardian.",
        ));
    }
    patients::hold(&mut scope, patient).await?;
    let who = patients::hold(&mut scope, body.guardian).await?;
    let (id, since) = (Uuid::now_v7(), Stamp::now());
    let query = scope.query(scoped!(
        "INSERT INTO guardian (organization, id, patient, guardian, relationship, since, until) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(patient)
        .bind(body.guardian)
        .bind(body.relationship.clone())
        .bind(since)
        .bind(body.until)
        .execute(scope.db())
        .await?;
    scope.note("guardian", Some(id), Some(patient));
    let guardian = Guardian {
        id,
        person: body.guardian,
        given_name: who.given_name,
        family_name: who.family_name,
        relationship: body.relationship,
        since,
        until: body.until,
    };
    scope
        .created(format!("/api/v1/patients/{patient}/guardians/{id}"), 1, &guardian)
        .await
}

/// End a guardianship now.
#[utoipa::path(delete, path = "/patients/{id}/guardians/{guardianship}", tag = "patients",
    params(("id" = Uuid, Path), ("guardianship" = Uuid, Path)), responses((status = 204)))]
async fn end(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let ends = scoped!(
        "UPDATE guardian SET until = LEAST(COALESCE(until, ?), ?) WHERE organization = ? AND patient = ? AND id = ?"
    );
    end_now(cx, Action::GuardianManage, "guardian", ends, (patient, id)).await
}

/// Somebody for whom a patient acts.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Ward {
    /// Their own registration.
    #[serde(rename = "patient")]
    person: Uuid,
    given_name: String,
    family_name: String,
    birth_date: Day,
    relationship: String,
    until: Option<Stamp>,
}

/// For whom a patient acts now.
#[utoipa::path(get, path = "/patients/{id}/wards", tag = "patients", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<Ward>)))]
async fn wards(cx: Cx, Path(guardian): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientRead, guardian).await?;
    let query = scope.query_as::<Ward>(scoped!(
        "SELECT g.patient AS person, p.given_name, p.family_name, p.birth_date, g.relationship, g.until FROM guardian g \
         JOIN patient p ON p.organization = g.organization AND p.id = g.patient \
         WHERE g.organization = ? AND g.guardian = ? AND (g.until IS NULL OR g.until > ?) AND p.erased_at IS NULL \
         ORDER BY p.birth_date, g.id LIMIT 100"
    ));
    let wards = query.bind(guardian).bind(Stamp::now()).fetch_all(scope.db()).await?;
    scope.note("guardian", None, Some(guardian));
    for ward in &wards {
        scope.note("guardian", None, Some(ward.person));
    }
    scope.ok(&wards).await
}
