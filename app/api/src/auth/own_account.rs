//! What somebody who is signed in does with their own account: who they are, their sessions, their password.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    account::{self, By},
    lockout::Buckets,
    password,
};
use crate::{
    app::App,
    authz::Role,
    db::{Fault, Stamp},
    http::{Body, Check, Cx, Faults, Kind, Path, Problem, Result, SESSION_COOKIE},
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sign_out))
        .routes(routes!(who_am_i))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
        .routes(routes!(change_password))
}

/// End this session.
#[utoipa::path(post, path = "/auth/sign-out", tag = "auth", responses((status = 204)))]
async fn sign_out(cx: Cx) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let query = scope.query(crate::scoped!("DELETE FROM session WHERE organization = ? AND id = ?"));
    let session = scope.actor().session;
    query.bind(session).execute(scope.db()).await?;
    let gone = format!("{SESSION_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    let mut response = scope.done().await?;
    if let Ok(value) = HeaderValue::from_str(&gone) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    organization: Uuid,
    /// The staff member or the patient.
    person: Uuid,
    role: Role,
    /// `staff` or `patient`.
    kind: &'static str,
    username: String,
    /// The session can only set up a second factor.
    must_enrol: bool,
    /// A code generator is set up.
    totp: bool,
    /// Passkeys.
    passkeys: i64,
}

/// Who is signed in.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, body = Me)))]
async fn who_am_i(cx: Cx) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let actor = scope.actor().clone();
    let account = account::find(scope.tx(), actor.organization, By::Id(actor.account))
        .await?
        .ok_or(Fault::NoRow)?;
    let me = Me {
        organization: actor.organization,
        person: actor.id(),
        role: actor.role,
        kind: actor.kind(),
        username: account.username,
        must_enrol: !actor.enrolled,
        totp: account.totp_confirmed,
        passkeys: account.passkeys,
    };
    scope.ok(&me).await
}

/// A session of the account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    id: Uuid,
    /// How it was signed in.
    method: String,
    created_at: Stamp,
    /// Last use, to the minute.
    seen_at: Stamp,
    expires_at: Stamp,
    /// The one that asks.
    current: bool,
}

/// The account's sessions.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth", responses((status = 200, body = Vec<Session>)))]
async fn sessions(cx: Cx) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let (account, current) = (scope.actor().account, scope.actor().session);
    let query = scope.query(crate::scoped!(
        "SELECT id, method, created_at, seen_at, expires_at FROM session \
         WHERE organization = ? AND account = ? AND expires_at > ? ORDER BY created_at DESC LIMIT 100"
    ));
    let rows = query.bind(account).bind(Stamp::now()).fetch_all(scope.db()).await?;
    let sessions = rows
        .iter()
        .map(|row| {
            let id = row.try_get("id")?;
            Ok(Session {
                id,
                method: row.try_get("method")?,
                created_at: row.try_get("created_at")?,
                seen_at: row.try_get("seen_at")?,
                expires_at: row.try_get("expires_at")?,
                current: Some(id) == current,
            })
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    scope.ok(&sessions).await
}

/// End another session of the account.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth", params(("id" = Uuid, Path)), responses((status = 204)))]
async fn end_session(cx: Cx, Path(id): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let account = scope.actor().account;
    let query = scope.query(crate::scoped!(
        "DELETE FROM session WHERE organization = ? AND account = ? AND id = ?"
    ));
    query.bind(account).bind(id).change(scope.db(), Kind::NotFound).await?;
    scope.note("session", Some(id), None);
    scope.done().await
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    /// The one in force.
    current: String,
    /// The one to come.
    password: String,
}

impl Check for ChangePassword {
    fn check(&self, faults: &mut Faults) {
        faults.expect(
            (1..=1024).contains(&self.current.len()),
            "/current",
            "Falta o es demasiado larga.",
            "Missing or too long.",
        );
    }
}

/// Change the password. All other sessions end.
#[utoipa::path(post, path = "/auth/password", tag = "auth", request_body = ChangePassword, responses((status = 204)))]
async fn change_password(cx: Cx, State(app): State<Arc<App>>, Body(body): Body<ChangePassword>) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let actor = scope.actor().clone();
    let account = account::find(scope.tx(), actor.organization, By::Id(actor.account))
        .await?
        .ok_or(Fault::NoRow)?;
    let lockout = app.config.security.lockout.clone();
    // Whoever has the session has proven who they are: strangers' guesses do not count here.
    let buckets = Buckets::proven(&lockout, actor.session.unwrap_or(actor.account));
    buckets.open(scope.tx(), actor.organization).await?;
    password::acceptable(&body.password, &account.username)?;
    if !password::matches(&app.hashing, &body.current, account.password_hash.as_deref()).await? {
        buckets.fail(scope.tx(), actor.organization, &lockout).await?;
        // The failure is counted, and nothing is kept for an idempotency key: nothing was changed.
        let problem = Problem::field(
            "/current",
            "No es la contraseña actual.",
            "It is not the present password.",
        );
        return scope.other(problem.into_response()).await;
    }
    let hash = password::hash(&app.hashing, &body.password).await?;
    sqlx::query(
        "UPDATE account SET password_hash = ?, updated_at = ?, version = version + 1 WHERE organization = ? AND id = ?",
    )
    .bind(hash)
    .bind(Stamp::now())
    .bind(actor.organization)
    .bind(actor.account)
    .execute(scope.db())
    .await?;
    let query = scope.query(crate::scoped!(
        "DELETE FROM session WHERE organization = ? AND account = ? AND id <> ?"
    ));
    query
        .bind(actor.account)
        .bind(actor.session)
        .execute(scope.db())
        .await?;
    scope.note("account", Some(actor.account), None);
    scope.done().await
}
