//! Passkeys: registering, listing, removing, and signing in with one.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Row;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    account::{self, By},
    ceremony::{self, Ceremony},
    sign_in::{Delivery, FirstFactor, Half, SignInState, sign_in_line, signed_in},
    totp_routes::{enrolled, may_change_factors},
    webauthn::{Assertion, Expected, assert, register},
};
use crate::{
    app::App,
    audit::Outcome,
    db::Stamp,
    http::{Body, Check, Cx, Faults, Info, Kind, Open, Path, Problem, Result},
    keys::sha256,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(start_registration))
        .routes(routes!(finish_registration, list))
        .routes(routes!(remove))
        .routes(routes!(start_sign_in))
        .routes(routes!(finish_sign_in))
}

/// What the browser's `navigator.credentials` takes, and the token that goes with it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyOptions {
    /// To be given back with the credential, within five minutes.
    token: String,
    /// `PublicKeyCredentialCreationOptions` or `PublicKeyCredentialRequestOptions`, in JSON.
    #[schema(value_type = Object)]
    public_key: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Challenge {
    challenge: Vec<u8>,
    half: Option<Half>,
}

fn origins(app: &App) -> Vec<String> {
    let mut origins = app.config.server.web_origins.clone();
    origins.push(app.config.server.public_url.clone());
    origins
}

/// Start registering a passkey.
#[utoipa::path(post, path = "/auth/passkeys/start", tag = "auth", responses((status = 200, body = PasskeyOptions)))]
async fn start_registration(cx: Cx) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let account = may_change_factors(&mut scope).await?;
    let app = scope.shared_app();
    let challenge: [u8; 32] = app.keys.random()?;
    let query = scope.query(crate::scoped!(
        "SELECT credential FROM passkey WHERE organization = ? AND account = ?"
    ));
    let known: Vec<serde_json::Value> = query
        .bind(account.id)
        .fetch_all(scope.db())
        .await?
        .iter()
        .filter_map(|row| row.try_get::<Vec<u8>, _>("credential").ok())
        .map(|id| json!({"type": "public-key", "id": URL_SAFE_NO_PAD.encode(id)}))
        .collect();
    let state = Challenge {
        challenge: challenge.to_vec(),
        half: None,
    };
    let id = Some(account.id);
    let kind = Ceremony::PasskeyRegistration;
    let token = ceremony::begin(scope.tx(), &app.keys, kind, account.organization, id, &state).await?;
    let webauthn = &app.config.security.webauthn;
    let public_key = json!({
        "rp": {"id": webauthn.rp_id, "name": webauthn.rp_name},
        "user": {
            // The account's identifier and not the person: authenticators store it in the clear.
            "id": URL_SAFE_NO_PAD.encode(account.id.as_bytes()),
            "name": account.username,
            "displayName": account.username
        },
        "challenge": URL_SAFE_NO_PAD.encode(challenge),
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -257}
        ],
        "timeout": 300_000,
        "excludeCredentials": known,
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
        "attestation": "none"
    });
    scope.ok(&PasskeyOptions { token, public_key }).await
}

/// What `navigator.credentials.create` gave.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPasskey {
    /// `token` of the start.
    token: String,
    /// A name for the list of passkeys.
    name: String,
    /// `response.clientDataJSON`, base64url.
    client_data: String,
    /// `response.attestationObject`, base64url.
    attestation: String,
}

impl Check for NewPasskey {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.token, 200, "/token");
        faults.line(&self.name, 100, "/name");
    }
}

/// A passkey of the account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Passkey {
    id: Uuid,
    name: String,
    created_at: Stamp,
    used_at: Option<Stamp>,
}

fn bytes(text: &str, pointer: &str) -> Result<Vec<u8>> {
    URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map_err(|_| Problem::field(pointer, "No es base64url.", "Not base64url."))
}

/// Finish registering a passkey.
#[utoipa::path(post, path = "/auth/passkeys", tag = "auth", request_body = NewPasskey,
    responses((status = 201, body = Passkey)))]
async fn finish_registration(cx: Cx, Body(body): Body<NewPasskey>) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let account = may_change_factors(&mut scope).await?;
    let app = scope.shared_app();
    let kind = Ceremony::PasskeyRegistration;
    let taken = ceremony::find::<Challenge>(scope.tx(), &app.keys, kind, &body.token).await?;
    if taken.account != Some(account.id) {
        return Err(Problem::new(Kind::Forbidden));
    }
    let origins = origins(&app);
    let rp_id = &app.config.security.webauthn.rp_id;
    let expected = Expected {
        rp_id,
        origins: &origins,
        challenge: &taken.state.challenge,
    };
    let client = bytes(&body.client_data, "/client_data")?;
    let attestation = bytes(&body.attestation, "/attestation")?;
    let new = register(&expected, &client, &attestation).map_err(|why| {
        tracing::warn!(why, "a passkey registration was refused");
        Problem::field(
            "/attestation",
            "No se acepta esta llave.",
            "This passkey is not accepted.",
        )
    })?;
    ceremony::end(scope.tx(), &body.token).await?;
    let id = Uuid::now_v7();
    let now = Stamp::now();
    let query = scope.query(crate::scoped!(
        "INSERT INTO passkey (organization, id, account, credential, credential_hash, public_key, sign_count, name, \
         created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(account.id)
        .bind(new.id.clone())
        .bind(sha256(&new.id).to_vec())
        .bind(new.public_key)
        .bind(new.sign_count)
        .bind(body.name.clone())
        .bind(now)
        .execute(scope.db())
        .await?;
    enrolled(&mut scope).await?;
    scope.note("passkey", Some(id), None);
    let passkey = Passkey {
        id,
        name: body.name,
        created_at: now,
        used_at: None,
    };
    scope.created(format!("/api/v1/auth/passkeys/{id}"), 1, &passkey).await
}

/// The account's passkeys.
#[utoipa::path(get, path = "/auth/passkeys", tag = "auth", responses((status = 200, body = Vec<Passkey>)))]
async fn list(cx: Cx) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let account = scope.actor().account;
    let query = scope.query(crate::scoped!(
        "SELECT id, name, created_at, used_at FROM passkey WHERE organization = ? AND account = ? ORDER BY id"
    ));
    let passkeys = query
        .bind(account)
        .fetch_all(scope.db())
        .await?
        .iter()
        .map(|row| {
            Ok(Passkey {
                id: row.try_get("id")?,
                name: row.try_get("name")?,
                created_at: row.try_get("created_at")?,
                used_at: row.try_get("used_at")?,
            })
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    scope.ok(&passkeys).await
}

/// Remove a passkey. Staff keep at least one second factor.
#[utoipa::path(delete, path = "/auth/passkeys/{id}", tag = "auth", params(("id" = Uuid, Path)), responses((status = 204)))]
async fn remove(cx: Cx, Path(id): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let account = may_change_factors(&mut scope).await?;
    let query = scope.query(crate::scoped!(
        "DELETE FROM passkey WHERE organization = ? AND account = ? AND id = ?"
    ));
    query
        .bind(account.id)
        .bind(id)
        .change(scope.db(), Kind::NotFound)
        .await?;
    if account.staff() && account.passkeys == 1 && !account.totp_confirmed {
        return Err(Problem::new(Kind::Conflict)
            .detail("El personal necesita un segundo factor.", "Staff need a second factor."));
    }
    scope.note("passkey", Some(id), None);
    scope.done().await
}

/// Which account: half signed in already, or any of an organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartPasskeySignIn {
    /// `token` of a first step. Without it, the passkey alone signs in.
    token: Option<String>,
    /// Slug of the organization, when there is no token.
    organization: Option<String>,
    /// How the session's token travels, when there is no first step.
    #[serde(default)]
    delivery: Delivery,
}

impl Check for StartPasskeySignIn {
    fn check(&self, faults: &mut Faults) {
        faults.optional_line(self.token.as_deref(), 200, "/token");
        faults.optional_line(self.organization.as_deref(), 63, "/organization");
        let one = self.token.is_some() != self.organization.is_some();
        faults.expect(
            one,
            "/token",
            "Dé token u organization, uno de los dos.",
            "Give token or organization, one of them.",
        );
    }
}

/// Start a sign-in with a passkey.
#[utoipa::path(post, path = "/auth/sign-in/passkey/start", tag = "auth", security(()), request_body = StartPasskeySignIn,
    responses((status = 200, body = PasskeyOptions)))]
async fn start_sign_in(
    State(app): State<Arc<App>>,
    info: Info,
    Body(body): Body<StartPasskeySignIn>,
) -> Result<Response> {
    let mut open = Open::begin(&app, info).await?;
    let challenge: [u8; 32] = app.keys.random()?;
    let (organization, account, half) = match (&body.token, &body.organization) {
        (Some(token), _) => {
            let step = ceremony::find::<Half>(&mut open.tx, &app.keys, Ceremony::SecondFactor, token).await?;
            ceremony::end(&mut open.tx, token).await?;
            (step.organization, step.account, step.state)
        }
        (None, Some(slug)) => {
            let organization = account::organization(&mut open.tx, slug).await?;
            let organization = organization.ok_or_else(|| Problem::new(Kind::SignInRefused))?;
            (
                organization,
                None,
                Half {
                    method: FirstFactor::Passkey,
                    device: None,
                    delivery: body.delivery,
                },
            )
        }
        (None, None) => return Err(Problem::new(Kind::Malformed)),
    };
    let mut allowed = Vec::new();
    if let Some(account) = account {
        let rows = sqlx::query("SELECT credential FROM passkey WHERE organization = ? AND account = ?")
            .bind(organization)
            .bind(account)
            .fetch_all(&mut *open.tx)
            .await?;
        for row in rows {
            let id = URL_SAFE_NO_PAD.encode(row.try_get::<Vec<u8>, _>("credential")?);
            allowed.push(json!({"type": "public-key", "id": id}));
        }
    }
    let state = Challenge {
        challenge: challenge.to_vec(),
        half: Some(half),
    };
    let kind = Ceremony::PasskeySignIn;
    let token = ceremony::begin(&mut open.tx, &app.keys, kind, organization, account, &state).await?;
    open.commit(organization, &[]).await?;
    let public_key = json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge),
        "timeout": 300_000,
        "rpId": app.config.security.webauthn.rp_id,
        "allowCredentials": allowed,
        "userVerification": "required"
    });
    Ok(axum::response::IntoResponse::into_response(axum::Json(
        PasskeyOptions { token, public_key },
    )))
}

/// What `navigator.credentials.get` gave.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeySignIn {
    /// `token` of the start.
    token: String,
    /// `rawId`, base64url.
    credential: String,
    /// `response.clientDataJSON`, base64url.
    client_data: String,
    /// `response.authenticatorData`, base64url.
    authenticator_data: String,
    /// `response.signature`, base64url.
    signature: String,
}

impl Check for PasskeySignIn {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.token, 200, "/token");
    }
}

/// Finish a sign-in with a passkey.
#[utoipa::path(post, path = "/auth/sign-in/passkey", tag = "auth", security(()), request_body = PasskeySignIn,
    responses((status = 200, body = SignInState)))]
async fn finish_sign_in(State(app): State<Arc<App>>, info: Info, Body(body): Body<PasskeySignIn>) -> Result<Response> {
    let refused = || Problem::new(Kind::SignInRefused);
    let mut open = Open::begin(&app, info.clone()).await?;
    let taken = ceremony::find::<Challenge>(&mut open.tx, &app.keys, Ceremony::PasskeySignIn, &body.token).await?;
    let credential = bytes(&body.credential, "/credential")?;
    let row = sqlx::query(
        "SELECT id, account, public_key, sign_count FROM passkey WHERE organization = ? AND credential_hash = ? FOR UPDATE",
    )
    .bind(taken.organization)
    .bind(&sha256(&credential)[..])
    .fetch_optional(&mut *open.tx)
    .await?
    .ok_or_else(refused)?;
    let owner: Uuid = row.try_get("account")?;
    let account = account::find(&mut open.tx, taken.organization, By::Id(owner))
        .await?
        .ok_or_else(refused)?;
    let origins = origins(&app);
    let rp_id = &app.config.security.webauthn.rp_id;
    let expected = Expected {
        rp_id,
        origins: &origins,
        challenge: &taken.state.challenge,
    };
    let (client, authenticator, signature) = (
        bytes(&body.client_data, "/client_data")?,
        bytes(&body.authenticator_data, "/authenticator_data")?,
        bytes(&body.signature, "/signature")?,
    );
    let assertion = Assertion {
        client: &client,
        authenticator: &authenticator,
        signature: &signature,
    };
    let right = assert(
        &expected,
        &assertion,
        &row.try_get::<Vec<u8>, _>("public_key")?,
        row.try_get("sign_count")?,
    );
    ceremony::end(&mut open.tx, &body.token).await?;
    let count = match right {
        Ok(count) if taken.account.is_none_or(|half| half == owner) => count,
        other => {
            tracing::warn!(
                why = other.err().unwrap_or("another account"),
                "a passkey sign-in was refused"
            );
            app.metrics.sign_in_failed();
            let line = sign_in_line(&account, &info, Outcome::Refused, "passkey");
            open.commit(taken.organization, &[line]).await?;
            return Err(refused());
        }
    };
    sqlx::query("UPDATE passkey SET sign_count = ?, used_at = ? WHERE organization = ? AND id = ?")
        .bind(count)
        .bind(Stamp::now())
        .bind(taken.organization)
        .bind(row.try_get::<Uuid, _>("id")?)
        .execute(&mut *open.tx)
        .await?;
    let delivery = taken.state.half.map_or(Delivery::Bearer, |half| half.delivery);
    signed_in(open, &account, "passkey", true, delivery).await
}
