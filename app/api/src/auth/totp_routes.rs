//! Setting up a code generator.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    account::{self, By},
    totp,
};
use crate::{
    app::App,
    db::Fault,
    http::{Body, Check, Cx, Faults, Kind, Problem, Result, Scope},
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(begin, remove))
        .routes(routes!(confirm))
}

/// A new secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpSecret {
    /// In base32, to type.
    secret: String,
    /// For a QR code.
    url: String,
}

/// A code of the generator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpCode {
    /// Six digits.
    #[schema(pattern = "^[0-9]{6}$")]
    code: String,
}

impl Check for TotpCode {
    fn check(&self, faults: &mut Faults) {
        let six = self.code.len() == 6 && self.code.bytes().all(|byte| byte.is_ascii_digit());
        faults.expect(six, "/code", "Son seis cifras.", "Six digits.");
    }
}

/// A session that a second factor stands behind may change factors; one without may set up the first.
pub(super) async fn may_change_factors(scope: &mut Scope) -> Result<account::Account> {
    let actor = scope.actor().clone();
    let account = account::find(scope.tx(), actor.organization, By::Id(actor.account))
        .await?
        .ok_or(Fault::NoRow)?;
    let has = account.totp_confirmed || account.passkeys > 0;
    if has && !actor.enrolled {
        return Err(Problem::new(Kind::Forbidden));
    }
    Ok(account)
}

/// A second factor stands behind this session from now on.
pub(super) async fn enrolled(scope: &mut Scope) -> Result<()> {
    let session = scope.actor().session;
    let query = scope.query(crate::scoped!(
        "UPDATE session SET enrolled = TRUE WHERE organization = ? AND id = ?"
    ));
    query.bind(session).execute(scope.db()).await?;
    Ok(())
}

/// Make a secret for a code generator. It counts once a code confirms it.
#[utoipa::path(post, path = "/auth/totp", tag = "auth", responses((status = 200, body = TotpSecret)))]
async fn begin(cx: Cx) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let account = may_change_factors(&mut scope).await?;
    if account.totp_confirmed {
        return Err(Problem::new(Kind::Conflict).detail(
            "Ya hay un generador; quítelo antes.",
            "There is one already; remove it first.",
        ));
    }
    let secret: [u8; 20] = scope.app().keys.random()?;
    let app = scope.shared_app();
    totp::provision(scope.db(), &app.keys, account.organization, account.id, &secret, false).await?;
    let secret = base32(&secret);
    let label = url_encode(&account.username);
    let url = format!("otpauth://totp/Galeno:{label}?secret={secret}&issuer=Galeno&algorithm=SHA1&digits=6&period=30");
    scope.note("account", Some(account.id), None);
    scope.ok(&TotpSecret { secret, url }).await
}

/// Confirm the code generator with a code.
#[utoipa::path(post, path = "/auth/totp/confirm", tag = "auth", request_body = TotpCode, responses((status = 204)))]
async fn confirm(cx: Cx, Body(body): Body<TotpCode>) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let account = may_change_factors(&mut scope).await?;
    let app = scope.shared_app();
    if account.totp_confirmed || !totp::accept(scope.tx(), &app.keys, &account, &body.code).await? {
        return Err(Problem::field(
            "/code",
            "El código no es correcto.",
            "The code is not right.",
        ));
    }
    let query = scope.query(crate::scoped!(
        "UPDATE account SET totp_confirmed = TRUE, version = version + 1 WHERE organization = ? AND id = ?"
    ));
    query.bind(account.id).execute(scope.db()).await?;
    enrolled(&mut scope).await?;
    scope.note("account", Some(account.id), None);
    scope.done().await
}

/// Remove the code generator. Staff keep at least one second factor.
#[utoipa::path(delete, path = "/auth/totp", tag = "auth", responses((status = 204)))]
async fn remove(cx: Cx) -> Result<Response> {
    let mut scope = cx.own_account().await?;
    let account = may_change_factors(&mut scope).await?;
    if account.staff() && account.passkeys == 0 {
        return Err(Problem::new(Kind::Conflict)
            .detail("El personal necesita un segundo factor.", "Staff need a second factor."));
    }
    let query = scope.query(crate::scoped!(
        "UPDATE account SET totp_secret = NULL, totp_confirmed = FALSE, version = version + 1 WHERE organization = ? AND id = ?"
    ));
    query.bind(account.id).execute(scope.db()).await?;
    scope.note("account", Some(account.id), None);
    scope.done().await
}

fn base32(bytes: &[u8]) -> String {
    totp_rs::Secret::from(bytes.to_vec()).to_base32()
}

fn url_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
