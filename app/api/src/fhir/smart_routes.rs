//! Tokens for apps: a person's session, narrowed to SMART scopes (RFC 8693, token exchange).

use std::time::Duration;

use axum::{
    body::Bytes,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use sqlx::Row;
use uuid::Uuid;

use super::{kind::Type, routes::pairs, smart::Grant};
use crate::{
    auth::{APP_PREFIX, Person},
    db::Stamp,
    http::{Cx, Kind, Problem, Result},
    keys::sha256,
    scoped,
};

/// How long an app's token lives at most; it ends with the session, too.
const LIFETIME: Duration = Duration::from_hours(1);
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What is true of SMART here.
pub(super) fn configuration(base: &str) -> Value {
    let scopes: Vec<String> = ["patient", "user"]
        .iter()
        .flat_map(|context| {
            ["*"]
                .into_iter()
                .chain(Type::ALL.iter().map(|kind| kind.name()))
                .map(move |kind| format!("{context}/{kind}.cruds"))
        })
        .collect();
    json!({
        "token_endpoint": format!("{base}/auth/token"),
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": [EXCHANGE],
        "code_challenge_methods_supported": [],
        "scopes_supported": scopes,
        "capabilities": ["permission-patient", "permission-user", "permission-v1", "permission-v2"],
    })
}

/// Serves the configuration; open to all.
pub(super) fn serve(configuration: &Value) -> Response {
    axum::Json(configuration).into_response()
}

/// A refusal as OAuth 2.0 words it.
fn refused(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, axum::Json(json!({"error": error}))).into_response()
}

/// `POST /fhir/auth/token`, by the person whose session it is: a token for an app, with some of the scopes that it asks for.
pub(super) async fn exchange(cx: Cx, body: Bytes) -> Result<Response> {
    let form = pairs(&body);
    let field = |name: &str| {
        form.iter()
            .find(|(known, _)| known == name)
            .map(|(_, text)| text.as_str())
    };
    if field("grant_type") != Some(EXCHANGE) {
        return Ok(refused("unsupported_grant_type"));
    }
    if field("requested_token_type").is_some_and(|kind| kind != ACCESS_TOKEN) {
        return Ok(refused("invalid_request"));
    }
    let patient = match field("patient") {
        Some(text) => match text.parse() {
            Ok(id) => Some(id),
            Err(_) => return Ok(refused("invalid_request")),
        },
        None => match cx.actor().person {
            Person::Patient(id) => Some(id),
            Person::Staff(_) | Person::Service(_) => None,
        },
    };
    let Some(grant) = Grant::given(field("scope").unwrap_or_default(), patient) else {
        return Ok(refused("invalid_scope"));
    };
    let enrolled = cx.actor().enrolled;
    let mut scope = cx.own_account().await?;
    if !enrolled {
        return Err(Problem::new(Kind::SecondFactorNeeded));
    }
    let account = scope.actor().account;
    let Some(session) = scope.actor().session else {
        return Err(Problem::new(Kind::Forbidden));
    };
    let token = scope.app().keys.token(APP_PREFIX)?;
    let (id, now) = (Uuid::now_v7(), Stamp::now());
    let patient = patient.filter(|_| grant.of_patient());
    let query = scope.query(scoped!(
        "SELECT token_hash, expires_at FROM session WHERE organization = ? AND account = ? AND id = ?"
    ));
    let row = query.bind(account).bind(session).fetch_one(scope.db()).await?;
    let (of, ends): (Vec<u8>, Stamp) = (row.try_get("token_hash")?, row.try_get("expires_at")?);
    let ends = ends.min(now.plus(LIFETIME));
    let query = scope.query(scoped!(
        "INSERT INTO app_token (organization, token_hash, id, session, scopes, patient, created_at, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(sha256(&token).to_vec())
        .bind(id)
        .bind(of)
        .bind(grant.text())
        .bind(patient)
        .bind(now)
        .bind(ends)
        .execute(scope.db())
        .await?;
    scope.note("app-token", Some(id), None);
    scope
        .ok(&json!({
            "access_token": token,
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": (ends.micros() - now.micros()) / 1_000_000,
            "scope": grant.text(),
            "patient": patient,
        }))
        .await
}
