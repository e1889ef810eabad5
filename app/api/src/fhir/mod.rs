//! `/fhir`: the same things as `/api/v1`, as HL7 FHIR R4 (4.0.1).
//!
//! Permission, tenancy and the access log are those of every request: handlers ask [`Cx`](crate::http::Cx) for a
//! [`Scope`](crate::http::Scope), and what is written goes through the functions of `resources`. What is here is the
//! other representation: mapping, searching, bundles.

mod appointment;
mod appointment_input;
mod audit_event;
mod bundle;
mod capability;
mod consent;
mod cursor;
mod dates;
mod everything;
mod input;
mod json;
mod kind;
mod medication;
mod medication_input;
mod negotiate;
mod outcome;
mod params;
mod patient;
mod patient_input;
mod patient_search;
mod places;
mod practitioner;
mod reach;
mod record;
mod routes;
mod scheduling;
mod search;
mod smart;
mod smart_routes;
mod version;
mod write;

pub(crate) use outcome::outcome;
pub(crate) use smart::Grant;

use std::sync::Arc;

use axum::{
    Router,
    middleware::from_fn,
    routing::{get, post},
};

use crate::app::App;

/// Whether an address is one of FHIR's.
pub(crate) fn is_at(path: &str) -> bool {
    path.strip_prefix("/fhir")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Everything under `/fhir`.
pub(crate) fn router(app: &App) -> Router<Arc<App>> {
    let base = bundle::base_of(&app.config.server.public_url);
    let capability = capability::statement(&base);
    let smart = smart_routes::configuration(&base);
    Router::new()
        .route(
            "/fhir/metadata",
            get(move || std::future::ready(capability::serve(&capability))),
        )
        .route("/fhir/{kind}", get(routes::search).post(write::create))
        .route("/fhir/{kind}/_search", post(routes::search_by_form))
        .route("/fhir/{kind}/{id}", get(routes::read).put(write::update))
        .route("/fhir/{kind}/{id}/_history", get(routes::history))
        .route("/fhir/{kind}/{id}/_history/{version}", get(routes::read_version))
        .route("/fhir/{kind}/{id}/$everything", get(everything::everything))
        .layer(from_fn(negotiate::negotiate))
        .route(
            "/fhir/.well-known/smart-configuration",
            get(move || std::future::ready(smart_routes::serve(&smart))),
        )
        .route("/fhir/auth/token", post(smart_routes::exchange))
}
