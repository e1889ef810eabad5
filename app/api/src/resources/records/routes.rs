//! Endpoints of the record.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    content::{Content, Kind},
    store::{self, Entry, Status},
};
use crate::{
    app::App,
    authz::Action,
    http::{Body, Check, Cx, Faults, Kind as Problems, Page, PageQuery, Path, Problem, Query, Result, Scope},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(versions))
        .routes(routes!(sign))
        .routes(routes!(amend))
        .routes(routes!(mark_as_error))
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Of one kind.
    #[param(inline)]
    kind: Option<Kind>,
    /// With one code: ICD-10, ATC or LOINC.
    code: Option<String>,
    /// Of one contact.
    encounter: Option<Uuid>,
    /// Items on a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The record, the newest entries first.
#[utoipa::path(get, path = "/patients/{id}/entries", tag = "records", params(("id" = Uuid, Path), Which),
    responses((status = 200, body = Page<Entry>)))]
async fn list(cx: Cx, Path(patient): Path<Uuid>, Query(which): Query<Which>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::RecordRead, patient).await?;
    let page = PageQuery {
        limit: which.limit,
        cursor: which.cursor,
    };
    let limit = page.limit()?;
    let kind = which.kind.map(Kind::word);
    let query = scope.query(scoped!(
        "SELECT e.id, e.patient, v.status, v.content, e.amends, v.author, v.reason, v.version, e.created_at, v.at \
         FROM entry e JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id AND v.version = e.version \
         WHERE e.organization = ? AND e.patient = ? AND e.id < ? AND (? IS NULL OR e.kind = ?) \
         AND (? IS NULL OR e.code = ?) AND (? IS NULL OR e.encounter = ?) ORDER BY e.id DESC LIMIT ?"
    ));
    let rows = query
        .bind(patient)
        .bind(page.before()?)
        .bind(kind)
        .bind(kind)
        .bind(which.code.clone())
        .bind(which.code)
        .bind(which.encounter)
        .bind(which.encounter)
        .bind(limit + 1)
        .fetch_all(scope.db())
        .await?;
    let entries = rows.iter().map(store::entry).collect::<Result<Vec<_>, _>>()?;
    let page = Page::new(entries, limit, |entry| entry.id);
    scope.note(kind.unwrap_or("record"), None, Some(patient));
    scope.ok(&page).await
}

/// An entry to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEntry {
    content: Content,
}

impl Check for NewEntry {
    fn check(&self, faults: &mut Faults) {
        self.content.check(faults);
    }
}

fn place(entry: &Entry) -> String {
    format!("/api/v1/patients/{}/entries/{}", entry.patient, entry.id)
}

/// Add to the record.
#[utoipa::path(post, path = "/patients/{id}/entries", tag = "records", request_body = NewEntry,
    params(("id" = Uuid, Path)), responses((status = 201, body = Entry)))]
async fn create(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<NewEntry>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::RecordWrite, patient).await?;
    let entry = store::insert(&mut scope, patient, &body.content, None).await?;
    scope.note(body.content.kind().word(), Some(entry.id), Some(patient));
    scope.created(place(&entry), entry.version, &entry).await
}

/// An entry.
#[utoipa::path(get, path = "/patients/{id}/entries/{entry}", tag = "records",
    params(("id" = Uuid, Path), ("entry" = Uuid, Path)), responses((status = 200, body = Entry)))]
async fn read(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::RecordRead, patient).await?;
    let entry = store::find(&mut scope, patient, id).await?;
    scope.note(entry.content.kind().word(), Some(id), Some(patient));
    scope.versioned(entry.version, &entry).await
}

/// A new version of an entry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVersion {
    content: Content,
    /// Why it is written.
    reason: String,
}

impl Check for NewVersion {
    fn check(&self, faults: &mut Faults) {
        self.content.check(faults);
        faults.line(&self.reason, 500, "/reason");
    }
}

fn must_be_open(entry: &Entry) -> Result<()> {
    match entry.status {
        Status::Open => Ok(()),
        Status::Signed => Err(Problem::new(Problems::Locked)),
        Status::EnteredInError => Err(Problem::new(Problems::IllegalTransition)),
    }
}

async fn matching(scope: &mut Scope, patient: Uuid, id: Uuid) -> Result<Entry> {
    let version = scope.if_match()?;
    let entry = store::find(scope, patient, id).await?;
    if entry.version == version {
        Ok(entry)
    } else {
        Err(Problem::new(Problems::Changed))
    }
}

/// Write a new version of an entry that is not signed. Earlier ones stay.
#[utoipa::path(put, path = "/patients/{id}/entries/{entry}", tag = "records", request_body = NewVersion,
    params(("id" = Uuid, Path), ("entry" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Entry)))]
async fn change(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>, Body(body): Body<NewVersion>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::RecordWrite, patient).await?;
    let before = matching(&mut scope, patient, id).await?;
    must_be_open(&before)?;
    if before.content.kind() != body.content.kind() {
        return Err(Problem::field(
            "/content/kind",
            "El tipo no cambia.",
            "The kind does not change.",
        ));
    }
    let entry = store::advance(&mut scope, &before, Status::Open, &body.content, Some(body.reason)).await?;
    scope.note(entry.content.kind().word(), Some(id), Some(patient));
    scope.versioned(entry.version, &entry).await
}

/// Every version of an entry, the newest first.
#[utoipa::path(get, path = "/patients/{id}/entries/{entry}/versions", tag = "records",
    params(("id" = Uuid, Path), ("entry" = Uuid, Path)), responses((status = 200, body = Vec<Entry>)))]
async fn versions(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::RecordRead, patient).await?;
    store::find(&mut scope, patient, id).await?;
    let query = scope.query(scoped!(
        "SELECT e.id, e.patient, v.status, v.content, e.amends, v.author, v.reason, v.version, e.created_at, v.at \
         FROM entry e JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id \
         WHERE e.organization = ? AND e.patient = ? AND e.id = ? ORDER BY v.version DESC LIMIT 500"
    ));
    let rows = query.bind(patient).bind(id).fetch_all(scope.db()).await?;
    let versions = rows.iter().map(store::entry).collect::<Result<Vec<_>, _>>()?;
    scope.note("entry", Some(id), Some(patient));
    scope.ok(&versions).await
}

/// Sign an entry: from then on it is locked.
#[utoipa::path(post, path = "/patients/{id}/entries/{entry}/sign", tag = "records",
    params(("id" = Uuid, Path), ("entry" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Entry)))]
async fn sign(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::RecordSign, patient).await?;
    let before = matching(&mut scope, patient, id).await?;
    must_be_open(&before)?;
    if before.author != scope.actor().id() {
        return Err(
            Problem::new(Problems::Forbidden).detail("Solo firma quien lo ha escrito.", "Only its author signs it.")
        );
    }
    let entry = store::advance(&mut scope, &before, Status::Signed, &before.content, None).await?;
    scope.note(entry.content.kind().word(), Some(id), Some(patient));
    scope.versioned(entry.version, &entry).await
}

/// Add an amendment to a signed entry. The signed one stays as it is.
#[utoipa::path(post, path = "/patients/{id}/entries/{entry}/amendments", tag = "records", request_body = NewEntry,
    params(("id" = Uuid, Path), ("entry" = Uuid, Path)), responses((status = 201, body = Entry)))]
async fn amend(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>, Body(body): Body<NewEntry>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::RecordWrite, patient).await?;
    let amended = store::find(&mut scope, patient, id).await?;
    if amended.status != Status::Signed {
        return Err(Problem::new(Problems::IllegalTransition)
            .detail("Solo se enmienda lo firmado.", "Only what is signed is amended."));
    }
    if amended.content.kind() != body.content.kind() {
        return Err(Problem::field(
            "/content/kind",
            "El tipo no cambia.",
            "The kind does not change.",
        ));
    }
    let entry = store::insert(&mut scope, patient, &body.content, Some(id)).await?;
    scope.note(entry.content.kind().word(), Some(entry.id), Some(patient));
    scope.created(place(&entry), entry.version, &entry).await
}

/// Why an entry is a mistake.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mistake {
    reason: String,
}

impl Check for Mistake {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.reason, 500, "/reason");
    }
}

/// Mark an entry as written by mistake. It stays readable, signed or not.
#[utoipa::path(post, path = "/patients/{id}/entries/{entry}/error", tag = "records", request_body = Mistake,
    params(("id" = Uuid, Path), ("entry" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Entry)))]
async fn mark_as_error(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>, Body(body): Body<Mistake>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::RecordWrite, patient).await?;
    let before = matching(&mut scope, patient, id).await?;
    if before.status == Status::EnteredInError {
        return Err(Problem::new(Problems::IllegalTransition));
    }
    let entry = store::advance(
        &mut scope,
        &before,
        Status::EnteredInError,
        &before.content,
        Some(body.reason),
    )
    .await?;
    scope.note(entry.content.kind().word(), Some(id), Some(patient));
    scope.versioned(entry.version, &entry).await
}
