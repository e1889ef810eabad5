//! Who somebody is: accounts, passwords, second factors, sessions, tokens, other identity providers.

mod account;
mod actor;
mod ceremony;
mod lockout;
mod oidc;
mod oidc_routes;
mod own_account;
mod password;
mod session;
mod sign_in;
mod signature;
mod token_routes;
mod totp;
mod totp_routes;
mod webauthn;
mod webauthn_routes;

pub use account::{activation, create_account};
pub use actor::{Actor, Person};
pub use oidc::Oidc;
pub use password::hash as hash_password;
pub(crate) use session::{APP_PREFIX, Credential, authenticate};
pub use totp::{provision as provision_totp, totp};
pub(crate) use webauthn::parses as passkey_parses;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Sign-in, sign-out, second factors, tokens.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .merge(sign_in::router())
        .merge(own_account::router())
        .merge(totp_routes::router())
        .merge(webauthn_routes::router())
        .merge(oidc_routes::router())
        .merge(token_routes::router())
}
