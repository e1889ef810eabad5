//! What was joined to a registration: `patients` joins, this tells it.

use std::sync::Arc;

use axum::response::Response;
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    authz::Action,
    db::{Day, Stamp},
    http::{Cx, Path, Result},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A registration that was joined to another one.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Merged {
    /// The registration that ended, as it was called.
    merged: Uuid,
    given_name: String,
    family_name: String,
    birth_date: Day,
    /// How it was known that they are one person.
    reason: String,
    actor: Uuid,
    at: Stamp,
}

/// Registrations that were joined to this one, the newest first.
#[utoipa::path(get, path = "/patients/{id}/merges", tag = "patients", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<Merged>)))]
async fn list(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientRead, patient).await?;
    let query = scope.query_as::<Merged>(scoped!(
        "SELECT m.merged, p.given_name, p.family_name, p.birth_date, m.reason, m.actor, m.at FROM patient_merge m \
         JOIN patient p ON p.organization = m.organization AND p.id = m.merged \
         WHERE m.organization = ? AND m.survivor = ? ORDER BY m.id DESC LIMIT 100"
    ));
    let merges = query.bind(patient).fetch_all(scope.db()).await?;
    scope.note("merge", None, Some(patient));
    scope.ok(&merges).await
}
