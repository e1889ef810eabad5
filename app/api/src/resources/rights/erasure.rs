//! Erasure (GDPR, article 17) as far as the law lets it: what is erased, what is kept, why and until when.
//!
//! What may go, goes. Of what must stay, contact details go nevertheless, and the rest is blocked (LOPDGDD, article 32)
//! unless the officer says otherwise. The row of the patient stays as an empty shell, so that the access log, which is
//! never erased, goes on meaning somebody.

mod forget;
mod plan;

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{consents, restriction};
use crate::{
    app::App,
    authz::Action,
    db::Stamp,
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Problem, Query, Result, Scope},
    resources::patients,
    scoped,
};
use forget::{clear, forget, forget_contact};
use plan::{ErasureOutcome, plan};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(assess, erase))
        .routes(routes!(list))
}

/// What an erasure would do now: nothing is changed.
#[utoipa::path(get, path = "/patients/{id}/erasure", tag = "data-protection", params(("id" = Uuid, Path)),
    responses((status = 200, body = ErasureOutcome)))]
async fn assess(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataRights, patient).await?;
    let plan = plan(&mut scope, patient).await?;
    scope.note("erasure", None, Some(patient));
    scope.versioned(plan.outcome.version, &plan.outcome).await
}

/// An erasure.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewErasure {
    /// The request it answers, or another ground of article 17.1.
    reason: String,
    /// Block what must be kept (LOPDGDD, article 32). False only while the person is still in treatment.
    #[serde(default = "yes")]
    block: bool,
}

const fn yes() -> bool {
    true
}

impl Check for NewErasure {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.reason, 500, "/reason");
    }
}

/// An erasure that was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Erasure {
    id: Uuid,
    patient: Uuid,
    reason: String,
    outcome: ErasureOutcome,
    actor: Uuid,
    at: Stamp,
}

/// Erase what may be erased. There is no way back; `GET` shows beforehand what it will do.
#[utoipa::path(post, path = "/patients/{id}/erasure", tag = "data-protection", request_body = NewErasure,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 201, body = Erasure)))]
async fn erase(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<NewErasure>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataRights, patient).await?;
    let version = scope.if_match()?;
    // Nothing is written to the patient, and nobody is joined to them, before this ends.
    if patients::lock(&mut scope, patient).await?.version != version {
        return Err(Problem::new(Kind::Changed));
    }
    let plan = plan(&mut scope, patient).await?;
    clear(&mut scope, &plan).await?;
    for person in &plan.people {
        consents::withdraw_all(&mut scope, *person).await?;
        if plan.outcome.complete {
            forget(&mut scope, *person).await?;
        } else {
            forget_contact(&mut scope, *person).await?;
        }
    }
    if body.block && !plan.outcome.complete {
        let version = patients::find(&mut scope, patient).await?.version;
        let reason = "LOPDGDD, artículo 32: erasure; kept by law".to_owned();
        restriction::set(&mut scope, patient, version, true, reason).await?;
    }
    let erasure = Erasure {
        id: Uuid::now_v7(),
        patient,
        reason: body.reason,
        outcome: plan.outcome,
        actor: scope.actor().id(),
        at: Stamp::now(),
    };
    write_down(&mut scope, &erasure).await?;
    scope.note("erasure", Some(erasure.id), Some(patient));
    let version = patients::find(&mut scope, patient).await?.version;
    scope.created("/api/v1/erasures".to_owned(), version, &erasure).await
}

async fn write_down(scope: &mut Scope, erasure: &Erasure) -> Result<()> {
    let outcome = serde_json::to_string(&erasure.outcome).map_err(|_| Problem::bug("an outcome does not serialize"))?;
    let query = scope.query(scoped!(
        "INSERT INTO erasure (organization, id, patient, reason, outcome, actor, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(erasure.id)
        .bind(erasure.patient)
        .bind(erasure.reason.clone())
        .bind(outcome)
        .bind(erasure.actor)
        .bind(erasure.at)
        .execute(scope.db())
        .await?;
    Ok(())
}

/// Erasures of the organization, the newest first. After a restore from an older backup they are to be done again.
#[utoipa::path(get, path = "/erasures", tag = "data-protection", params(PageQuery),
    responses((status = 200, body = Page<Erasure>)))]
async fn list(cx: Cx, Query(page): Query<PageQuery>) -> Result<Response> {
    let mut scope = cx.allow(Action::DataRights).await?;
    let limit = page.limit()?;
    let query = scope.query(scoped!(
        "SELECT id, patient, reason, outcome, actor, at FROM erasure WHERE organization = ? AND id < ? \
         ORDER BY id DESC LIMIT ?"
    ));
    let rows = query.bind(page.before()?).bind(limit + 1).fetch_all(scope.db()).await?;
    let erasures = rows
        .iter()
        .map(|row| {
            let outcome: String = row.try_get("outcome")?;
            Ok(Erasure {
                id: row.try_get("id")?,
                patient: row.try_get("patient")?,
                reason: row.try_get("reason")?,
                outcome: serde_json::from_str(&outcome).map_err(|error| sqlx::Error::Decode(error.into()))?,
                actor: row.try_get("actor")?,
                at: row.try_get("at")?,
            })
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    scope.note("erasure", None, None);
    scope.ok(&Page::new(erasures, limit, |erasure| erasure.id)).await
}
