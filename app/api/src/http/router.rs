//! The addresses, and their description in OpenAPI.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, header},
    middleware::{from_fn, from_fn_with_state},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use tokio::sync::Semaphore;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

use super::{
    attempt::retry,
    layers::{crowd, preflight, surround},
    problem::{Kind, Problem, ProblemDetails},
};
use crate::app::App;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Galeno clinical API",
        description = "Records, appointments, prescriptions, access control and an access log that can be verified.\n\n\
            Every answer carries `X-Request-Id`. Errors are problem details (RFC 9457) in the language of \
            `Accept-Language` (es, en). Every POST takes `Idempotency-Key`; every change of something that exists needs \
            `If-Match` with the `ETag` that was read. `X-Purpose` says why (HL7 PurposeOfUse), where it is not obvious."
    ),
    components(schemas(ProblemDetails)),
    modifiers(&Security),
    security(("session" = []), ("cookie" = []))
)]
struct Description;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.add_security_scheme(
            "cookie",
            SecurityScheme::ApiKey(utoipa::openapi::security::ApiKey::Cookie(
                utoipa::openapi::security::ApiKeyValue::new(super::open::SESSION_COOKIE),
            )),
        );
    }
}

fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", crate::resources::router())
}

/// The description of `/api/v1`, with the answers that every operation may give.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut openapi) = api().split_for_parts();
    crate::resources::complete(&mut openapi);
    openapi
}

/// Everything that clients call.
pub fn service(app: Arc<App>) -> Router {
    let (router, _) = api().split_for_parts();
    let text: Arc<str> = openapi().to_pretty_json().unwrap_or_default().into();
    let places = Arc::new(Semaphore::new(app.config.limits.concurrent_requests as usize));
    router
        .merge(crate::fhir::router(&app))
        .method_not_allowed_fallback(|| async { Problem::new(Kind::MethodNotAllowed) })
        // The layer around has read the body already, within the configured bounds.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(app.clone(), retry))
        .layer(from_fn_with_state(places, crowd))
        .route(
            "/api/v1/openapi.json",
            get(move || std::future::ready(described(&text))),
        )
        .route("/api/v1/docs", get(page))
        .fallback(|| async { Problem::new(Kind::NotFound) })
        .layer(from_fn(caught))
        .layer(from_fn_with_state(app.clone(), preflight))
        .layer(from_fn_with_state(app.clone(), surround))
        .with_state(app)
}

/// A panic is a mistake in the program: the client gets a problem, the log gets a line, the process lives on.
async fn caught(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let run = std::panic::AssertUnwindSafe(next.run(request));
    match futures_util::FutureExt::catch_unwind(run).await {
        Ok(response) => response,
        Err(_) => Problem::bug("a handler panicked").into_response(),
    }
}

fn described(text: &str) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text.to_owned()).into_response()
}

/// The description for people: one page, no request to anybody else.
async fn page() -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'";
    (
        StatusCode::OK,
        [(header::CONTENT_SECURITY_POLICY, policy)],
        Html(include_str!("docs.html")),
    )
        .into_response()
}
