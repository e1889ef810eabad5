//! The waiting list of a schedule.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::schedules;
use crate::{
    app::App,
    authz::Action,
    db::{Day, Fault, Stamp, classify},
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Problem, Query, Result},
    resources::patients,
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(join))
        .routes(routes!(leave))
}

/// A place on the waiting list.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Waiting {
    id: Uuid,
    schedule: Uuid,
    patient: Uuid,
    /// 1 is the most urgent.
    priority: u8,
    not_before: Option<Day>,
    /// `waiting`, `booked` or `cancelled`.
    status: String,
    appointment: Option<Uuid>,
    created_at: Stamp,
}

/// Who waits, in their turn.
#[utoipa::path(get, path = "/schedules/{id}/waiting", tag = "appointments", params(("id" = Uuid, Path), PageQuery),
    responses((status = 200, body = Page<Waiting>)))]
async fn list(cx: Cx, Path(schedule): Path<Uuid>, Query(page): Query<PageQuery>) -> Result<Response> {
    let mut scope = cx.allow(Action::AppointmentList).await?;
    let limit = page.limit()?;
    let after = page.after()?;
    schedules::find(&mut scope, schedule).await?;
    // Whoever ended the page before keeps their turn here, also when they wait no longer.
    let turn = scope.query(scoped!(
        "SELECT priority FROM waiting WHERE organization = ? AND schedule = ? AND id = ?"
    ));
    let turn = turn.bind(schedule).bind(after).fetch_optional(scope.db()).await?;
    let turn: u8 = turn.map(|row| row.try_get("priority")).transpose()?.unwrap_or_default();
    let query = scope.query_as::<Waiting>(scoped!(
        "SELECT id, schedule, patient, priority, not_before, status, appointment, created_at FROM waiting \
         WHERE organization = ? AND schedule = ? AND status = 'waiting' \
         AND (priority > ? OR (priority = ? AND id > ?)) ORDER BY priority, id LIMIT ?"
    ));
    let waiting = query
        .bind(schedule)
        .bind(turn)
        .bind(turn)
        .bind(after)
        .bind(limit + 1)
        .fetch_all(scope.db())
        .await?;
    let page = Page::new(waiting, limit, |one| one.id);
    for one in &page.items {
        scope.note("waiting", Some(one.id), Some(one.patient));
    }
    scope.ok(&page).await
}

/// A wish.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinWaiting {
    schedule: Uuid,
    /// 1 is the most urgent, 5 the least. A patient's own wish is never above 3.
    #[schema(minimum = 1, maximum = 5)]
    priority: u8,
    /// Not before this day.
    not_before: Option<Day>,
}

impl Check for JoinWaiting {
    fn check(&self, faults: &mut Faults) {
        faults.expect(
            (1..=5).contains(&self.priority),
            "/priority",
            "Entre 1 y 5.",
            "Between 1 and 5.",
        );
    }
}

/// Put a patient on the waiting list of a schedule.
#[utoipa::path(post, path = "/patients/{id}/waiting", tag = "appointments", request_body = JoinWaiting,
    params(("id" = Uuid, Path)), responses((status = 201, body = Waiting)))]
async fn join(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<JoinWaiting>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::AppointmentBook, patient).await?;
    patients::hold(&mut scope, patient).await?;
    schedules::find(&mut scope, body.schedule).await?;
    let priority = if scope.actor().staff().is_some() {
        body.priority
    } else {
        body.priority.max(3)
    };
    let (id, now) = (Uuid::now_v7(), Stamp::now());
    let query = scope.query(scoped!(
        "INSERT INTO waiting (organization, id, schedule, patient, priority, not_before, status, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?)"
    ));
    query
        .bind(id)
        .bind(body.schedule)
        .bind(patient)
        .bind(priority)
        .bind(body.not_before)
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await
        .map_err(|error| match classify(&error) {
            Fault::Duplicate(_) => {
                Problem::new(Kind::Conflict).detail("Ya está en esa lista.", "On that list already.")
            }
            fault => fault.into(),
        })?;
    scope.note("waiting", Some(id), Some(patient));
    let waiting = Waiting {
        id,
        schedule: body.schedule,
        patient,
        priority,
        not_before: body.not_before,
        status: "waiting".to_owned(),
        appointment: None,
        created_at: now,
    };
    scope
        .created(format!("/api/v1/patients/{patient}/waiting/{id}"), 1, &waiting)
        .await
}

/// Take a patient off the waiting list.
#[utoipa::path(delete, path = "/patients/{id}/waiting/{waiting}", tag = "appointments",
    params(("id" = Uuid, Path), ("waiting" = Uuid, Path)), responses((status = 204)))]
async fn leave(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::AppointmentBook, patient).await?;
    let query = scope.query(scoped!(
        "UPDATE waiting SET status = 'cancelled', updated_at = ?, version = version + 1 \
         WHERE organization = ? AND patient = ? AND id = ? AND status = 'waiting'"
    ));
    query
        .bind(Stamp::now())
        .bind(patient)
        .bind(id)
        .change(scope.db(), Kind::NotFound)
        .await?;
    scope.note("waiting", Some(id), Some(patient));
    scope.done().await
}
