//! Staff: who works here, and their access.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    auth::{Person, activation, create_account},
    authz::{Action, Role},
    db::{Fault, Stamp, classify},
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Problem, Query, Result, Scope},
    people, scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(access))
}

/// A member of staff.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct StaffMember {
    id: Uuid,
    /// One of physician, nurse, receptionist, pharmacist, administrator, auditor.
    role: String,
    given_name: String,
    family_name: String,
    license_number: Option<String>,
    email: Option<String>,
    /// Works here now. Without it, no session of theirs goes on.
    active: bool,
    version: u32,
    updated_at: Stamp,
}

/// A member of staff as written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffContent {
    role: Role,
    given_name: String,
    family_name: String,
    /// Registration with the professional body (número de colegiado): needed to prescribe and to dispense.
    license_number: Option<String>,
    email: Option<String>,
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

impl Check for StaffContent {
    fn check(&self, faults: &mut Faults) {
        let staff = !matches!(self.role, Role::Patient | Role::Service);
        faults.expect(staff, "/role", "No es un puesto del personal.", "Not a role of staff.");
        faults.line(&self.given_name, 100, "/given_name");
        faults.line(&self.family_name, 150, "/family_name");
        faults.optional_line(self.license_number.as_deref(), 40, "/license_number");
        let licensed = !matches!(self.role, Role::Physician | Role::Pharmacist) || self.license_number.is_some();
        faults.expect(
            licensed,
            "/license_number",
            "Hace falta el número de colegiado.",
            "The registration number is needed.",
        );
        let email = self.email.as_deref().is_none_or(people::email);
        faults.expect(
            email,
            "/email",
            "No es un correo electrónico.",
            "Not an e-mail address.",
        );
    }
}

async fn find(scope: &mut Scope, id: Uuid) -> Result<StaffMember> {
    let query = scope.query_as::<StaffMember>(scoped!(
        "SELECT id, role, given_name, family_name, license_number, email, active, version, updated_at FROM staff \
         WHERE organization = ? AND id = ?"
    ));
    Ok(query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?)
}

fn taken(error: &sqlx::Error) -> Problem {
    match classify(error) {
        Fault::Duplicate(key) if key == "staff_license" => Problem::new(Kind::Conflict).detail(
            "Ese número de colegiado ya consta.",
            "That registration number is known already.",
        ),
        Fault::Duplicate(key) if key == "account_username" => {
            Problem::new(Kind::Conflict).detail("Ese nombre de usuario ya existe.", "That user name is taken.")
        }
        fault => fault.into(),
    }
}

/// Who works here.
#[utoipa::path(get, path = "/staff", tag = "staff", params(PageQuery), responses((status = 200, body = Page<StaffMember>)))]
async fn list(cx: Cx, Query(page): Query<PageQuery>) -> Result<Response> {
    let mut scope = cx.allow(Action::StaffRead).await?;
    let limit = page.limit()?;
    let query = scope.query_as::<StaffMember>(scoped!(
        "SELECT id, role, given_name, family_name, license_number, email, active, version, updated_at FROM staff \
         WHERE organization = ? AND id > ? ORDER BY id LIMIT ?"
    ));
    let staff = query.bind(page.after()?).bind(limit + 1).fetch_all(scope.db()).await?;
    scope.ok(&Page::new(staff, limit, |one| one.id)).await
}

/// Register a member of staff.
#[utoipa::path(post, path = "/staff", tag = "staff", request_body = StaffContent, responses((status = 201, body = StaffMember)))]
async fn create(cx: Cx, Body(body): Body<StaffContent>) -> Result<Response> {
    let mut scope = cx.allow(Action::StaffManage).await?;
    let id = Uuid::now_v7();
    let now = Stamp::now();
    let query = scope.query(scoped!(
        "INSERT INTO staff (organization, id, role, given_name, family_name, license_number, email, active, created_at, \
         updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(body.role.word())
        .bind(body.given_name)
        .bind(body.family_name)
        .bind(body.license_number)
        .bind(body.email)
        .bind(body.active)
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await
        .map_err(|error| taken(&error))?;
    let member = find(&mut scope, id).await?;
    scope.note("staff", Some(id), None);
    scope
        .created(format!("/api/v1/staff/{id}"), member.version, &member)
        .await
}

/// A member of staff.
#[utoipa::path(get, path = "/staff/{id}", tag = "staff", params(("id" = Uuid, Path)),
    responses((status = 200, body = StaffMember)))]
async fn read(cx: Cx, Path(id): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow(Action::StaffRead).await?;
    let member = find(&mut scope, id).await?;
    scope.versioned(member.version, &member).await
}

/// Change a member of staff. When they stop working here, or their role changes, their sessions end.
#[utoipa::path(put, path = "/staff/{id}", tag = "staff", request_body = StaffContent,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = StaffMember)))]
async fn change(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<StaffContent>) -> Result<Response> {
    let mut scope = cx.allow(Action::StaffManage).await?;
    let version = scope.if_match()?;
    let before = find(&mut scope, id).await?;
    if scope.actor().id() == id && (!body.active || body.role.word() != before.role) {
        return Err(Problem::new(Kind::Forbidden).detail(
            "Nadie cambia su propio puesto ni se da de baja.",
            "Nobody changes their own role or deactivates themselves.",
        ));
    }
    let ends = !body.active || body.role.word() != before.role;
    let query = scope.query(scoped!(
        "UPDATE staff SET role = ?, given_name = ?, family_name = ?, license_number = ?, email = ?, active = ?, \
         updated_at = ?, version = version + 1 WHERE organization = ? AND id = ? AND version = ?"
    ));
    query
        .bind(body.role.word())
        .bind(body.given_name)
        .bind(body.family_name)
        .bind(body.license_number)
        .bind(body.email)
        .bind(body.active)
        .bind(Stamp::now())
        .bind(id)
        .bind(version)
        .change_unless(scope.db(), Kind::Changed, taken)
        .await?;
    if ends {
        let query = scope.query(scoped!(
            "DELETE FROM session WHERE organization = ? AND account IN \
             (SELECT id FROM account a WHERE a.organization = session.organization AND a.staff = ?)"
        ));
        query.bind(id).execute(scope.db()).await?;
    }
    let member = find(&mut scope, id).await?;
    scope.note("staff", Some(id), None);
    scope.versioned(member.version, &member).await
}

/// Access for somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccess {
    /// The user name, for a first access; it stays what it is when the person has one.
    username: Option<String>,
    /// A provider of the configuration, to sign in there. It takes the place of the one before, if there was one.
    oidc_provider: Option<String>,
    /// The person's subject at that provider.
    oidc_subject: Option<String>,
}

impl Check for NewAccess {
    fn check(&self, faults: &mut Faults) {
        let good = self.username.as_deref().is_none_or(people::username);
        faults.expect(
            good,
            "/username",
            "Minúsculas, cifras y . - _ @ +",
            "Lower case, digits and . - _ @ +",
        );
        let both = self.oidc_provider.is_some() == self.oidc_subject.is_some();
        faults.expect(
            both,
            "/oidc_subject",
            "Proveedor y sujeto van juntos.",
            "Provider and subject go together.",
        );
        faults.optional_line(self.oidc_provider.as_deref(), 63, "/oidc_provider");
        faults.optional_line(self.oidc_subject.as_deref(), 255, "/oidc_subject");
    }
}

/// How somebody gets in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Access {
    username: String,
    /// To set a password with, within three days. Shown once.
    activation_code: String,
}

/// Gives a person access, or gives it anew: password, second factors and sessions of before end.
pub(super) async fn give_access(scope: &mut Scope, person: Person, body: NewAccess) -> Result<Access> {
    let app = scope.shared_app();
    let organization = scope.organization();
    let row = match person {
        Person::Staff(id) => {
            let query = scope.query(scoped!(
                "SELECT id, username FROM account WHERE organization = ? AND staff = ?"
            ));
            query.bind(id).fetch_optional(scope.db()).await?
        }
        Person::Patient(id) => {
            let query = scope.query(scoped!(
                "SELECT id, username FROM account WHERE organization = ? AND patient = ?"
            ));
            query.bind(id).fetch_optional(scope.db()).await?
        }
        Person::Service(_) => return Err(Problem::new(Kind::NotFound)),
    };
    if let Some(row) = row {
        let account: Uuid = row.try_get("id")?;
        if let Some((provider, subject)) = body.oidc_provider.zip(body.oidc_subject) {
            link(scope, account, provider, subject).await?;
        }
        let activation_code = activation(scope.db(), &app.keys, organization, account).await?;
        scope.note("account", Some(account), None);
        return Ok(Access {
            username: row.try_get("username")?,
            activation_code,
        });
    }
    let Some(username) = body.username else {
        return Err(Problem::field(
            "/username",
            "Hace falta para el primer acceso.",
            "Needed for a first access.",
        ));
    };
    let oidc = body.oidc_provider.as_deref().zip(body.oidc_subject.as_deref());
    let made = create_account(scope.db(), &app.keys, organization, person, &username, oidc).await;
    let activation_code = made.map_err(|fault| match fault {
        Fault::Duplicate(_) => {
            Problem::new(Kind::Conflict).detail("Ese nombre de usuario ya existe.", "That user name is taken.")
        }
        fault => fault.into(),
    })?;
    scope.note("account", None, None);
    Ok(Access {
        username,
        activation_code,
    })
}

/// From now on, the account is that subject's at that provider.
async fn link(scope: &mut Scope, account: Uuid, provider: String, subject: String) -> Result<()> {
    let query = scope.query(scoped!(
        "UPDATE account SET oidc_provider = ?, oidc_subject = ? WHERE organization = ? AND id = ?"
    ));
    let done = query
        .bind(provider)
        .bind(subject)
        .bind(account)
        .execute(scope.db())
        .await;
    match done.map_err(|error| classify(&error)) {
        Err(Fault::Duplicate(_)) => Err(Problem::new(Kind::Conflict).detail(
            "Esa identidad del proveedor ya es de otra cuenta.",
            "That identity at the provider is another account's.",
        )),
        other => Ok(other.map(|_| ())?),
    }
}

/// Give a member of staff access, or give it anew after a loss.
#[utoipa::path(post, path = "/staff/{id}/access", tag = "staff", request_body = NewAccess, params(("id" = Uuid, Path)),
    responses((status = 200, body = Access)))]
async fn access(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<NewAccess>) -> Result<Response> {
    let mut scope = cx.allow(Action::StaffManage).await?;
    find(&mut scope, id).await?;
    let access = give_access(&mut scope, Person::Staff(id), body).await?;
    scope.ok(&access).await
}
