//! Schedules: whose time, and where.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    authz::Action,
    db::{Fault, Stamp},
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Query, Result, Scope},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
}

/// A schedule.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Schedule {
    pub(super) id: Uuid,
    pub(super) clinic: Uuid,
    pub(super) staff: Uuid,
    name: String,
    pub(super) active: bool,
    pub(super) version: u32,
    updated_at: Stamp,
}

/// A schedule as written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduleContent {
    clinic: Uuid,
    /// Whose time it is.
    staff: Uuid,
    #[schema(example = "Medicina de familia")]
    name: String,
    /// Takes appointments.
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

impl Check for ScheduleContent {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.name, 200, "/name");
    }
}

pub(super) async fn find(scope: &mut Scope, id: Uuid) -> Result<Schedule> {
    let query = scope.query_as::<Schedule>(scoped!(
        "SELECT id, clinic, staff, name, active, version, updated_at FROM schedule WHERE organization = ? AND id = ?"
    ));
    Ok(query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?)
}

/// Of which clinic.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Of {
    /// Only of this clinic.
    clinic: Option<Uuid>,
    /// Items on a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The schedules.
#[utoipa::path(get, path = "/schedules", tag = "appointments", params(Of), responses((status = 200, body = Page<Schedule>)))]
async fn list(cx: Cx, Query(of): Query<Of>) -> Result<Response> {
    let mut scope = cx.allow(Action::ScheduleRead).await?;
    let page = PageQuery {
        limit: of.limit,
        cursor: of.cursor,
    };
    let limit = page.limit()?;
    let query = scope.query_as::<Schedule>(scoped!(
        "SELECT id, clinic, staff, name, active, version, updated_at FROM schedule \
         WHERE organization = ? AND id > ? AND (? IS NULL OR clinic = ?) ORDER BY id LIMIT ?"
    ));
    let schedules = query
        .bind(page.after()?)
        .bind(of.clinic)
        .bind(of.clinic)
        .bind(limit + 1)
        .fetch_all(scope.db())
        .await?;
    scope.ok(&Page::new(schedules, limit, |schedule| schedule.id)).await
}

/// Make a schedule.
#[utoipa::path(post, path = "/schedules", tag = "appointments", request_body = ScheduleContent,
    responses((status = 201, body = Schedule)))]
async fn create(cx: Cx, Body(body): Body<ScheduleContent>) -> Result<Response> {
    let mut scope = cx.allow(Action::ScheduleManage).await?;
    let (id, now) = (Uuid::now_v7(), Stamp::now());
    let query = scope.query(scoped!(
        "INSERT INTO schedule (organization, id, clinic, staff, name, active, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(body.clinic)
        .bind(body.staff)
        .bind(body.name)
        .bind(body.active)
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await?;
    let schedule = find(&mut scope, id).await?;
    scope.note("schedule", Some(id), None);
    scope
        .created(format!("/api/v1/schedules/{id}"), schedule.version, &schedule)
        .await
}

/// A schedule.
#[utoipa::path(get, path = "/schedules/{id}", tag = "appointments", params(("id" = Uuid, Path)),
    responses((status = 200, body = Schedule)))]
async fn read(cx: Cx, Path(id): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow(Action::ScheduleRead).await?;
    let schedule = find(&mut scope, id).await?;
    scope.versioned(schedule.version, &schedule).await
}

/// Change a schedule. Booked appointments stay.
#[utoipa::path(put, path = "/schedules/{id}", tag = "appointments", request_body = ScheduleContent,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = Schedule)))]
async fn change(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<ScheduleContent>) -> Result<Response> {
    let mut scope = cx.allow(Action::ScheduleManage).await?;
    let version = scope.if_match()?;
    find(&mut scope, id).await?;
    let query = scope.query(scoped!(
        "UPDATE schedule SET clinic = ?, staff = ?, name = ?, active = ?, updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ?"
    ));
    query
        .bind(body.clinic)
        .bind(body.staff)
        .bind(body.name)
        .bind(body.active)
        .bind(Stamp::now())
        .bind(id)
        .bind(version)
        .change(scope.db(), Kind::Changed)
        .await?;
    let schedule = find(&mut scope, id).await?;
    scope.note("schedule", Some(id), None);
    scope.versioned(schedule.version, &schedule).await
}
