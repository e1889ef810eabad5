//! Sign-in by password and second factor.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    account::{self, Account, By},
    ceremony::{self, Ceremony},
    lockout::{self, Buckets},
    password,
    session::{NewSession, start},
    totp,
};
use crate::{
    app::App,
    audit::{Line, Outcome, Purpose},
    authz::Role,
    db::Stamp,
    http::{Body, Check, Faults, Info, Kind, Open, Problem, Result, SESSION_COOKIE, Who},
    keys::sha256,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sign_in))
        .routes(routes!(second_factor))
        .routes(routes!(activate))
}

/// How the session's token travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Delivery {
    /// In the answer, for `Authorization: Bearer`.
    #[default]
    Bearer,
    /// In a cookie that scripts cannot read; the answer does not hold it.
    Cookie,
}

/// A user name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// Slug of the organization.
    #[schema(example = "san-telmo")]
    organization: String,
    /// User name.
    username: String,
    /// Password.
    password: String,
    /// `device` of an earlier sign-in: keeps strangers' guesses from pausing this device.
    device: Option<String>,
    /// How the token travels.
    #[serde(default)]
    delivery: Delivery,
}

impl Check for SignIn {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.organization, 63, "/organization");
        faults.line(&self.username, 254, "/username");
        faults.expect(
            (1..=1024).contains(&self.password.len()),
            "/password",
            "Falta o es demasiado larga.",
            "Missing or too long.",
        );
    }
}

/// What comes after a step of a sign-in.
#[derive(Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum SignInState {
    /// A second factor is asked for.
    SecondFactor {
        /// To be given with the second factor, within five minutes.
        token: String,
        /// Which factors this account has.
        methods: Vec<Method>,
    },
    /// Signed in.
    SignedIn {
        /// The session's token, unless it is in a cookie.
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// When the session ends at the latest.
        expires_at: Stamp,
        /// Keep it on this device, and give it at the next sign-in.
        device: String,
        /// Staff without a second factor: the session can only set one up.
        must_enrol: bool,
        /// The role.
        role: Role,
    },
}

/// A second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Method {
    /// A code from an app.
    Totp,
    /// A passkey.
    Passkey,
}

/// What somebody proved first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FirstFactor {
    Password,
    Passkey,
    Oidc,
}

impl FirstFactor {
    const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Oidc => "oidc",
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Half {
    pub(super) method: FirstFactor,
    pub(super) device: Option<String>,
    pub(super) delivery: Delivery,
}

pub(super) fn sign_in_line(account: &Account, info: &Info, outcome: Outcome, method: &str) -> Line {
    Line {
        actor_kind: account.kind().to_owned(),
        actor: account.person_id(),
        role: account.role.word().to_owned(),
        relation: "self".to_owned(),
        resource: Some(account.id),
        ..stranger_line(info, outcome, method)
    }
}

/// For a name that nobody has. It is not kept: people type passwords where names belong. The same rows are written as for a known name.
fn stranger_line(info: &Info, outcome: Outcome, method: &str) -> Line {
    Line {
        id: Uuid::now_v7(),
        at: Stamp::now(),
        actor_kind: "stranger".to_owned(),
        actor: Uuid::nil(),
        role: "stranger".to_owned(),
        relation: "none".to_owned(),
        purpose: Purpose::System.word().to_owned(),
        action: format!("account.sign-in.{method}"),
        outcome: outcome.word().to_owned(),
        patient: None,
        resource_kind: "account".to_owned(),
        resource: None,
        request: info.request,
        source: info.source,
    }
}

/// Starts a session and says so.
pub(super) async fn signed_in(
    mut open: Open,
    account: &Account,
    method: &'static str,
    enrolled: bool,
    delivery: Delivery,
) -> Result<Response> {
    let app = open.app.clone();
    let new = NewSession {
        organization: account.organization,
        account: account.id,
        staff: account.staff(),
        enrolled,
        method,
    };
    let (token, expires_at) = start(&mut open.tx, &app.keys, &app.config.security.session, &new).await?;
    let device = lockout::mark(&app.keys, account.organization, &account.username)?;
    let line = sign_in_line(account, &open.info, Outcome::Done, method);
    open.commit(account.organization, &[line]).await?;
    app.limiter
        .welcome(Who::Token(sha256(&token)), app.config.limits.requests_per_minute);
    let (body, cookie) = match delivery {
        Delivery::Bearer => (Some(token), None),
        Delivery::Cookie => (
            None,
            Some(format!(
                "{SESSION_COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict"
            )),
        ),
    };
    let state = SignInState::SignedIn {
        token: body,
        expires_at,
        device,
        must_enrol: !enrolled,
        role: account.role,
    };
    let mut response = axum::Json(state).into_response();
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The step after a first factor: the second one, or a session when there is none.
pub(super) async fn after_first_factor(mut open: Open, account: &Account, half: Half) -> Result<Response> {
    let mut methods = Vec::new();
    if account.totp_confirmed {
        methods.push(Method::Totp);
    }
    if account.passkeys > 0 {
        methods.push(Method::Passkey);
    }
    if methods.is_empty() {
        return signed_in(open, account, half.method.word(), !account.staff(), half.delivery).await;
    }
    let app = open.app.clone();
    let (organization, id) = (account.organization, Some(account.id));
    let token = ceremony::begin(&mut open.tx, &app.keys, Ceremony::SecondFactor, organization, id, &half).await?;
    open.commit(organization, &[]).await?;
    Ok(axum::Json(SignInState::SecondFactor { token, methods }).into_response())
}

/// Sign in with user name and password.
#[utoipa::path(post, path = "/auth/sign-in", tag = "auth", security(()), request_body = SignIn,
    responses((status = 200, body = SignInState)))]
async fn sign_in(State(app): State<Arc<App>>, info: Info, Body(body): Body<SignIn>) -> Result<Response> {
    let lockout = &app.config.security.lockout;
    let mut open = Open::begin(&app, info.clone()).await?;
    let Some(organization) = account::organization(&mut open.tx, &body.organization).await? else {
        drop(open);
        password::matches(&app.hashing, &body.password, None).await?;
        return Err(Problem::new(Kind::SignInRefused));
    };
    let username = body.username.to_lowercase();
    let buckets = Buckets::of(
        &app.keys,
        lockout,
        organization,
        &username,
        body.device.as_deref(),
        info.source,
    );
    buckets.open(&mut open.tx, organization).await?;
    let account = account::find(&mut open.tx, organization, By::Username(&username)).await?;
    // Hashing takes long: no transaction stays open meanwhile.
    open.commit(organization, &[]).await?;
    let hash = account.as_ref().and_then(|account| account.password_hash.as_deref());
    let right = password::matches(&app.hashing, &body.password, hash).await?;

    let mut open = Open::begin(&app, info.clone()).await?;
    let account = match account {
        Some(account) if right => account,
        other => {
            app.metrics.sign_in_failed();
            buckets.fail(&mut open.tx, organization, lockout).await?;
            let (outcome, method) = (Outcome::Refused, "password");
            let line = other.map_or_else(
                || stranger_line(&info, outcome, method),
                |account| sign_in_line(&account, &info, outcome, method),
            );
            open.commit(organization, &[line]).await?;
            return Err(Problem::new(Kind::SignInRefused));
        }
    };
    // With a second factor to come, the failures stay counted until it is right too.
    if !account.totp_confirmed && account.passkeys == 0 {
        buckets.succeed(&mut open.tx, organization).await?;
    }
    let half = Half {
        method: FirstFactor::Password,
        device: body.device,
        delivery: body.delivery,
    };
    after_first_factor(open, &account, half).await
}

/// A code as second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactor {
    /// `token` of the first step.
    token: String,
    /// The six digits of the app.
    #[schema(pattern = "^[0-9]{6}$")]
    code: String,
}

impl Check for SecondFactor {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.token, 200, "/token");
        let six = self.code.len() == 6 && self.code.bytes().all(|byte| byte.is_ascii_digit());
        faults.expect(six, "/code", "Son seis cifras.", "Six digits.");
    }
}

/// Finish a sign-in with a code.
#[utoipa::path(post, path = "/auth/sign-in/totp", tag = "auth", security(()), request_body = SecondFactor,
    responses((status = 200, body = SignInState)))]
async fn second_factor(State(app): State<Arc<App>>, info: Info, Body(body): Body<SecondFactor>) -> Result<Response> {
    let lockout = &app.config.security.lockout;
    let mut open = Open::begin(&app, info.clone()).await?;
    let taken = ceremony::find::<Half>(&mut open.tx, &app.keys, Ceremony::SecondFactor, &body.token).await?;
    let refused = || Problem::new(Kind::SignInRefused);
    let id = taken.account.ok_or_else(refused)?;
    let account = account::find(&mut open.tx, taken.organization, By::Id(id))
        .await?
        .ok_or_else(refused)?;
    let device = taken.state.device.as_deref();
    let buckets = Buckets::second(&app.keys, lockout, &account, device);
    buckets.open(&mut open.tx, account.organization).await?;
    if !account.totp_confirmed || !totp::accept(&mut open.tx, &app.keys, &account, &body.code).await? {
        app.metrics.sign_in_failed();
        buckets.fail(&mut open.tx, account.organization, lockout).await?;
        let line = sign_in_line(&account, &info, Outcome::Refused, "totp");
        open.commit(account.organization, &[line]).await?;
        return Err(refused());
    }
    ceremony::end(&mut open.tx, &body.token).await?;
    buckets.succeed(&mut open.tx, account.organization).await?;
    if taken.state.method == FirstFactor::Password {
        let (organization, username) = (account.organization, account.username.as_str());
        let password = Buckets::of(&app.keys, lockout, organization, username, device, info.source);
        password.succeed(&mut open.tx, organization).await?;
    }
    signed_in(open, &account, "totp", true, taken.state.delivery).await
}

/// A first password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activation {
    /// Slug of the organization.
    organization: String,
    /// User name.
    username: String,
    /// The code that the person was given.
    code: String,
    /// The password of their choice: 12 characters or more.
    password: String,
}

impl Check for Activation {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.organization, 63, "/organization");
        faults.line(&self.username, 254, "/username");
        faults.line(&self.code, 200, "/code");
    }
}

/// Set the first password with an activation code.
#[utoipa::path(post, path = "/auth/sign-in/activate", tag = "auth", security(()), request_body = Activation,
    responses((status = 204)))]
async fn activate(State(app): State<Arc<App>>, info: Info, Body(body): Body<Activation>) -> Result<Response> {
    let username = body.username.to_lowercase();
    password::acceptable(&body.password, &username)?;
    let hash = password::hash(&app.hashing, &body.password).await?;
    let mut open = Open::begin(&app, info.clone()).await?;
    let refused = || Problem::new(Kind::SignInRefused);
    let organization = account::organization(&mut open.tx, &body.organization)
        .await?
        .ok_or_else(refused)?;
    let account = account::find(&mut open.tx, organization, By::Username(&username))
        .await?
        .ok_or_else(refused)?;
    let done = sqlx::query(
        "UPDATE account SET password_hash = ?, activation_hash = NULL, activation_expires_at = NULL, updated_at = ?, \
         version = version + 1 WHERE organization = ? AND id = ? AND activation_hash = ? AND activation_expires_at > ?",
    )
    .bind(hash)
    .bind(Stamp::now())
    .bind(organization)
    .bind(account.id)
    .bind(&sha256(&body.code)[..])
    .bind(Stamp::now())
    .execute(&mut *open.tx)
    .await?;
    if done.rows_affected() == 0 {
        app.metrics.sign_in_failed();
        return Err(refused());
    }
    let line = sign_in_line(&account, &info, Outcome::Done, "activate");
    open.commit(organization, &[line]).await?;
    Ok(axum::http::StatusCode::NO_CONTENT.into_response())
}
