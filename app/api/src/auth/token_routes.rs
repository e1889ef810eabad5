//! Service tokens: programs that act for an organization, with scopes from the table of permissions.

use std::{sync::Arc, time::Duration};

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::session::SERVICE_PREFIX;
use crate::{
    app::App,
    authz::{Action, Relation, Role, allowed},
    db::Stamp,
    http::{Body, Check, Cx, Faults, Kind, Path, Result},
    keys::sha256,
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(revoke))
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What it is for.
    name: String,
    /// What it may do.
    scopes: Vec<Action>,
    /// Days until it ends, one year at most.
    #[schema(minimum = 1, maximum = 366)]
    days: u16,
}

impl Check for NewToken {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.name, 100, "/name");
        faults.expect(
            (1..=366).contains(&self.days),
            "/days",
            "Entre 1 y 366.",
            "Between 1 and 366.",
        );
        let may = |action: &Action| allowed(Role::Service, *action, Relation::ALL).is_some();
        let good = !self.scopes.is_empty() && self.scopes.iter().all(may);
        faults.expect(
            good,
            "/scopes",
            "Alguno no se permite a un servicio.",
            "Some are not for a service.",
        );
    }
}

/// A service token.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceToken {
    id: Uuid,
    name: String,
    scopes: Vec<Action>,
    created_at: Stamp,
    expires_at: Stamp,
    revoked_at: Option<Stamp>,
    /// Only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Make a service token. It is shown once.
#[utoipa::path(post, path = "/service-tokens", tag = "service-tokens", request_body = NewToken,
    responses((status = 201, body = ServiceToken)))]
async fn create(cx: Cx, Body(body): Body<NewToken>) -> Result<Response> {
    let mut scope = cx.allow(Action::TokenManage).await?;
    let token = scope.app().keys.token(SERVICE_PREFIX)?;
    let id = Uuid::now_v7();
    let now = Stamp::now();
    let expires_at = now.plus(Duration::from_hours(24) * u32::from(body.days));
    let words: Vec<_> = body.scopes.iter().map(|action| action.word()).collect();
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "INSERT INTO service_token (organization, token_hash, id, name, scopes, created_by, created_at, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(sha256(&token).to_vec())
        .bind(id)
        .bind(body.name.clone())
        .bind(words.join(" "))
        .bind(by)
        .bind(now)
        .bind(expires_at)
        .execute(scope.db())
        .await?;
    scope.note("service-token", Some(id), None);
    let made = ServiceToken {
        id,
        name: body.name,
        scopes: body.scopes,
        created_at: now,
        expires_at,
        revoked_at: None,
        token: Some(token),
    };
    scope.created(format!("/api/v1/service-tokens/{id}"), 1, &made).await
}

/// The organization's service tokens.
#[utoipa::path(get, path = "/service-tokens", tag = "service-tokens", responses((status = 200, body = Vec<ServiceToken>)))]
async fn list(cx: Cx) -> Result<Response> {
    let mut scope = cx.allow(Action::TokenManage).await?;
    let query = scope.query(scoped!(
        "SELECT id, name, scopes, created_at, expires_at, revoked_at FROM service_token WHERE organization = ? \
         ORDER BY id DESC LIMIT 500"
    ));
    let tokens = query
        .fetch_all(scope.db())
        .await?
        .iter()
        .map(|row| {
            let scopes: String = row.try_get("scopes")?;
            Ok(ServiceToken {
                id: row.try_get("id")?,
                name: row.try_get("name")?,
                scopes: scopes.split(' ').filter_map(Action::from_word).collect(),
                created_at: row.try_get("created_at")?,
                expires_at: row.try_get("expires_at")?,
                revoked_at: row.try_get("revoked_at")?,
                token: None,
            })
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    scope.ok(&tokens).await
}

/// Revoke a service token at once.
#[utoipa::path(delete, path = "/service-tokens/{id}", tag = "service-tokens", params(("id" = Uuid, Path)),
    responses((status = 204)))]
async fn revoke(cx: Cx, Path(id): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow(Action::TokenManage).await?;
    let query = scope.query(scoped!(
        "UPDATE service_token SET revoked_at = COALESCE(revoked_at, UTC_TIMESTAMP(6)) WHERE organization = ? AND id = ?"
    ));
    query.bind(id).change(scope.db(), Kind::NotFound).await?;
    scope.note("service-token", Some(id), None);
    scope.done().await
}
