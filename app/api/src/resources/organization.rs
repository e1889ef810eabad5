//! The organization, its clinics and their departments.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    authz::Action,
    db::{Fault, Stamp, classify},
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Problem, Query, Result, Scope},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(read))
        .routes(routes!(list, create))
        .routes(routes!(read_clinic, change))
        .routes(routes!(list_departments, create_department))
}

/// The organization.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Organization {
    id: Uuid,
    slug: String,
    name: String,
    /// IANA name.
    time_zone: String,
}

/// The organization of whoever asks.
#[utoipa::path(get, path = "/organization", tag = "organization", responses((status = 200, body = Organization)))]
async fn read(cx: Cx) -> Result<Response> {
    let mut scope = cx.allow(Action::OrganizationRead).await?;
    let organization: Organization = sqlx::query_as("SELECT id, slug, name, time_zone FROM organization WHERE id = ?")
        .bind(scope.organization())
        .fetch_one(scope.db())
        .await?;
    scope.ok(&organization).await
}

/// A clinic.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Clinic {
    id: Uuid,
    code: String,
    name: String,
    address: Option<String>,
    phone: Option<String>,
    active: bool,
    version: u32,
    updated_at: Stamp,
}

/// A clinic as it is written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClinicContent {
    /// Short, unique in the organization.
    #[schema(pattern = "^[A-Za-z0-9-]{1,40}$")]
    code: String,
    name: String,
    address: Option<String>,
    phone: Option<String>,
    /// Takes appointments.
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

impl Check for ClinicContent {
    fn check(&self, faults: &mut Faults) {
        let plain = self
            .code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        faults.expect(
            plain && (1..=40).contains(&self.code.len()),
            "/code",
            "Letras, cifras y guiones.",
            "Letters, digits, hyphens.",
        );
        faults.line(&self.name, 200, "/name");
        faults.optional_line(self.address.as_deref(), 300, "/address");
        faults.expect(
            self.phone.as_deref().is_none_or(crate::people::phone),
            "/phone",
            "Un teléfono con prefijo, como +34912345678.",
            "A telephone with its prefix, like +34912345678.",
        );
    }
}

async fn find(scope: &mut Scope, id: Uuid) -> Result<Clinic> {
    let query = scope.query_as::<Clinic>(scoped!(
        "SELECT id, code, name, address, phone, active, version, updated_at FROM clinic WHERE organization = ? AND id = ?"
    ));
    Ok(query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?)
}

fn code_taken(error: &sqlx::Error) -> Problem {
    match classify(error) {
        Fault::Duplicate(_) => Problem::new(Kind::Conflict).detail(
            "Ya existe una con ese código o nombre.",
            "One with that code or name exists.",
        ),
        fault => fault.into(),
    }
}

/// The clinics.
#[utoipa::path(get, path = "/clinics", tag = "organization", params(PageQuery), responses((status = 200, body = Page<Clinic>)))]
async fn list(cx: Cx, Query(page): Query<PageQuery>) -> Result<Response> {
    let mut scope = cx.allow(Action::OrganizationRead).await?;
    let limit = page.limit()?;
    let query = scope.query_as::<Clinic>(scoped!(
        "SELECT id, code, name, address, phone, active, version, updated_at FROM clinic \
         WHERE organization = ? AND id > ? ORDER BY id LIMIT ?"
    ));
    let clinics = query.bind(page.after()?).bind(limit + 1).fetch_all(scope.db()).await?;
    scope.ok(&Page::new(clinics, limit, |clinic| clinic.id)).await
}

/// Open a clinic.
#[utoipa::path(post, path = "/clinics", tag = "organization", request_body = ClinicContent,
    responses((status = 201, body = Clinic)))]
async fn create(cx: Cx, Body(body): Body<ClinicContent>) -> Result<Response> {
    let mut scope = cx.allow(Action::OrganizationManage).await?;
    let id = Uuid::now_v7();
    let now = Stamp::now();
    let query = scope.query(scoped!(
        "INSERT INTO clinic (organization, id, code, name, address, phone, active, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(body.code)
        .bind(body.name)
        .bind(body.address)
        .bind(body.phone)
        .bind(body.active)
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await
        .map_err(|error| code_taken(&error))?;
    let clinic = find(&mut scope, id).await?;
    scope.note("clinic", Some(id), None);
    scope
        .created(format!("/api/v1/clinics/{id}"), clinic.version, &clinic)
        .await
}

/// A clinic.
#[utoipa::path(get, path = "/clinics/{id}", tag = "organization", params(("id" = Uuid, Path)),
    responses((status = 200, body = Clinic)))]
async fn read_clinic(cx: Cx, Path(id): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow(Action::OrganizationRead).await?;
    let clinic = find(&mut scope, id).await?;
    scope.versioned(clinic.version, &clinic).await
}

/// Change a clinic.
#[utoipa::path(put, path = "/clinics/{id}", tag = "organization", request_body = ClinicContent,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = Clinic)))]
async fn change(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<ClinicContent>) -> Result<Response> {
    let mut scope = cx.allow(Action::OrganizationManage).await?;
    let version = scope.if_match()?;
    find(&mut scope, id).await?;
    let query = scope.query(scoped!(
        "UPDATE clinic SET code = ?, name = ?, address = ?, phone = ?, active = ?, updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ?"
    ));
    query
        .bind(body.code)
        .bind(body.name)
        .bind(body.address)
        .bind(body.phone)
        .bind(body.active)
        .bind(Stamp::now())
        .bind(id)
        .bind(version)
        .change_unless(scope.db(), Kind::Changed, code_taken)
        .await?;
    let clinic = find(&mut scope, id).await?;
    scope.note("clinic", Some(id), None);
    scope.versioned(clinic.version, &clinic).await
}

/// A department of a clinic.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Department {
    id: Uuid,
    clinic: Uuid,
    name: String,
    active: bool,
    version: u32,
}

/// A department as it is written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DepartmentContent {
    name: String,
}

impl Check for DepartmentContent {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.name, 200, "/name");
    }
}

/// The departments of a clinic.
#[utoipa::path(get, path = "/clinics/{id}/departments", tag = "organization", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<Department>)))]
async fn list_departments(cx: Cx, Path(clinic): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow(Action::OrganizationRead).await?;
    find(&mut scope, clinic).await?;
    let query = scope.query_as::<Department>(scoped!(
        "SELECT id, clinic, name, active, version FROM department WHERE organization = ? AND clinic = ? ORDER BY id LIMIT 500"
    ));
    let departments = query.bind(clinic).fetch_all(scope.db()).await?;
    scope.ok(&departments).await
}

/// Open a department.
#[utoipa::path(post, path = "/clinics/{id}/departments", tag = "organization", request_body = DepartmentContent,
    params(("id" = Uuid, Path)), responses((status = 201, body = Department)))]
async fn create_department(cx: Cx, Path(clinic): Path<Uuid>, Body(body): Body<DepartmentContent>) -> Result<Response> {
    let mut scope = cx.allow(Action::OrganizationManage).await?;
    find(&mut scope, clinic).await?;
    let id = Uuid::now_v7();
    let now = Stamp::now();
    let query = scope.query(scoped!(
        "INSERT INTO department (organization, id, clinic, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(clinic)
        .bind(body.name.clone())
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await
        .map_err(|error| code_taken(&error))?;
    scope.note("department", Some(id), None);
    let department = Department {
        id,
        clinic,
        name: body.name,
        active: true,
        version: 1,
    };
    scope
        .created(format!("/api/v1/clinics/{clinic}/departments"), 1, &department)
        .await
}
