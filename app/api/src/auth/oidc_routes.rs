//! Sign-in at another identity provider.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    account::{self, By},
    ceremony::{self, Ceremony},
    oidc::{Provider, encode},
    sign_in::{Delivery, FirstFactor, Half, SignInState, after_first_factor, signed_in},
};
use crate::{
    app::App,
    http::{Body, Check, Faults, Info, Kind, Open, Path, Problem, Query, Result},
    keys::sha256,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(providers))
        .routes(routes!(start))
        .routes(routes!(finish))
}

/// Whose providers.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Of {
    /// Slug of the organization.
    organization: String,
}

/// The identity providers of an organization.
#[utoipa::path(get, path = "/auth/sign-in/oidc", tag = "auth", security(()), params(Of),
    responses((status = 200, body = Vec<String>)))]
async fn providers(State(app): State<Arc<App>>, Query(of): Query<Of>) -> Result<Response> {
    Ok(axum::Json(app.oidc.names(&of.organization)).into_response())
}

/// Where to come back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartOidc {
    /// An address of our web application; the provider must know it too.
    redirect_uri: String,
    /// How the session's token travels.
    #[serde(default)]
    delivery: Delivery,
}

impl Check for StartOidc {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.redirect_uri, 500, "/redirect_uri");
    }
}

/// Where to send the browser.
#[derive(Serialize, ToSchema)]
pub(crate) struct OidcStarted {
    /// To be given back at the end, within five minutes.
    token: String,
    /// The provider's page.
    authorization_url: String,
}

#[derive(Serialize, Deserialize)]
struct Pending {
    provider: String,
    state: String,
    nonce: String,
    verifier: String,
    redirect: String,
    delivery: Delivery,
    /// What the provider proved. A code is good once: when the end of a sign-in runs again, this is what is left of it.
    #[serde(default)]
    proven: Option<Proven>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Proven {
    subject: String,
    /// The provider asked for more than a password.
    strong: bool,
}

fn unreachable(error: &anyhow::Error) -> Problem {
    tracing::warn!(error = format!("{error:#}"), "an identity provider cannot be used");
    Problem::new(Kind::Busy).retry_after(10).detail(
        "El proveedor de identidad no responde.",
        "The identity provider does not answer.",
    )
}

/// Start a sign-in at a provider.
#[utoipa::path(post, path = "/auth/sign-in/oidc/{provider}/start", tag = "auth", security(()), request_body = StartOidc,
    params(("provider" = String, Path)), responses((status = 200, body = OidcStarted)))]
async fn start(
    State(app): State<Arc<App>>,
    info: Info,
    Path(name): Path<String>,
    Body(body): Body<StartOidc>,
) -> Result<Response> {
    let provider = app.oidc.get(&name).ok_or_else(|| Problem::new(Kind::NotFound))?;
    let ours = |origin: &String| body.redirect_uri == *origin || body.redirect_uri.starts_with(&format!("{origin}/"));
    if !app.config.server.web_origins.iter().any(ours) {
        return Err(Problem::field(
            "/redirect_uri",
            "No es de nuestra aplicación.",
            "Not an address of our application.",
        ));
    }
    let known = provider.known(false).await.map_err(|error| unreachable(&error))?;
    let random = || app.keys.random::<32>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let state = Pending {
        provider: name,
        state: random()?,
        nonce: random()?,
        verifier: random()?,
        redirect: body.redirect_uri,
        delivery: body.delivery,
        proven: None,
    };
    let challenge = URL_SAFE_NO_PAD.encode(sha256(&state.verifier));
    let separator = if known.authorization.contains('?') { '&' } else { '?' };
    let authorization_url = format!(
        "{}{separator}response_type=code&scope=openid&client_id={}&redirect_uri={}&state={}&nonce={}&code_challenge={challenge}\
         &code_challenge_method=S256",
        known.authorization,
        encode(&provider.config.client_id),
        encode(&state.redirect),
        state.state,
        state.nonce,
    );
    let mut open = Open::begin(&app, info).await?;
    let organization = account::organization(&mut open.tx, &provider.config.organization).await?;
    let organization = organization.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let token = ceremony::begin(&mut open.tx, &app.keys, Ceremony::Oidc, organization, None, &state).await?;
    open.commit(organization, &[]).await?;
    Ok(axum::Json(OidcStarted {
        token,
        authorization_url,
    })
    .into_response())
}

/// What the provider sent along.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FinishOidc {
    /// `token` of the start.
    token: String,
    /// `state` in the address that the provider sent the browser to.
    state: String,
    /// `code` in it.
    code: String,
}

impl Check for FinishOidc {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.token, 200, "/token");
        faults.line(&self.state, 200, "/state");
        faults.line(&self.code, 4000, "/code");
    }
}

/// Redeems the code, once: what the provider says of who it is stays with the ceremony, for whoever has to begin anew after it.
async fn prove(
    app: &Arc<App>,
    info: &Info,
    provider: &Provider,
    body: &FinishOidc,
    organization: Uuid,
    state: &mut Pending,
) -> Result<Proven> {
    let redeemed = redeem(provider, &body.code, state).await;
    let mut open = Open::begin(app, info.clone()).await?;
    state.proven = redeemed;
    match &state.proven {
        Some(_) => ceremony::keep(&mut open.tx, &app.keys, &body.token, state).await?,
        None => ceremony::end(&mut open.tx, &body.token).await?,
    }
    open.commit(organization, &[]).await?;
    state.proven.take().ok_or_else(|| {
        app.metrics.sign_in_failed();
        Problem::new(Kind::SignInRefused)
    })
}

/// Finish a sign-in at a provider.
#[utoipa::path(post, path = "/auth/sign-in/oidc/{provider}", tag = "auth", security(()), request_body = FinishOidc,
    params(("provider" = String, Path)), responses((status = 200, body = SignInState)))]
async fn finish(
    State(app): State<Arc<App>>,
    info: Info,
    Path(name): Path<String>,
    Body(body): Body<FinishOidc>,
) -> Result<Response> {
    let refused = || Problem::new(Kind::SignInRefused);
    let provider = app.oidc.get(&name).ok_or_else(|| Problem::new(Kind::NotFound))?;
    let mut open = Open::begin(&app, info.clone()).await?;
    let taken = ceremony::find::<Pending>(&mut open.tx, &app.keys, Ceremony::Oidc, &body.token).await?;
    let mut state = taken.state;
    if state.provider != name || state.state != body.state {
        ceremony::end(&mut open.tx, &body.token).await?;
        open.commit(taken.organization, &[]).await?;
        return Err(refused());
    }
    // The provider takes its time: no transaction stays open meanwhile.
    drop(open);
    let proven = match state.proven.take() {
        Some(proven) => proven,
        None => prove(&app, &info, &provider, &body, taken.organization, &mut state).await?,
    };
    let mut open = Open::begin(&app, info).await?;
    // Again, and locked: the sign-in is finished once.
    ceremony::find::<Pending>(&mut open.tx, &app.keys, Ceremony::Oidc, &body.token).await?;
    ceremony::end(&mut open.tx, &body.token).await?;
    let by = By::Oidc(&name, &proven.subject);
    let account = account::find(&mut open.tx, taken.organization, by)
        .await?
        .ok_or_else(refused)?;
    if provider.config.second_factor && proven.strong {
        return signed_in(open, &account, "oidc", true, state.delivery).await;
    }
    after_first_factor(
        open,
        &account,
        Half {
            method: FirstFactor::Oidc,
            device: None,
            delivery: state.delivery,
        },
    )
    .await
}

/// What the provider proves for a code; none when that is nothing.
async fn redeem(provider: &Provider, code: &str, state: &Pending) -> Option<Proven> {
    // RFC 8176: what the provider says it asked for besides a password.
    const STRONG: [&str; 8] = ["mfa", "otp", "hwk", "swk", "fpt", "face", "pin", "user"];
    match provider
        .redeem(code, &state.redirect, &state.verifier, &state.nonce)
        .await
    {
        Ok(claims) => Some(Proven {
            strong: claims.amr.iter().any(|method| STRONG.contains(&method.as_str())),
            subject: claims.sub,
        }),
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "a sign-in at an identity provider was refused"
            );
            None
        }
    }
}
