//! The management port: alive, ready, figures. Nothing here is about a person.

use std::sync::{Arc, atomic::Ordering};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

use crate::app::App;

/// `/livez`, `/readyz`, `/metrics`.
pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        // A database that is away is no reason to kill this process: it would come back no sooner.
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app)
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let draining = app.draining.load(Ordering::SeqCst);
    let able = app.cluster.choose();
    let nodes: serde_json::Map<_, _> = app
        .cluster
        .states()
        .into_iter()
        .map(|(node, fitness)| (node, json!(fitness.word())))
        .collect();
    let status = if draining || able.is_err() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let why = match able {
        _ if draining => Some("stopping"),
        Err(unavailable) => Some(unavailable.0.word()),
        Ok(_) => None,
    };
    (
        status,
        Json(json!({"ready": why.is_none(), "why": why, "database": nodes})),
    )
        .into_response()
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text(&app.cluster)).into_response()
}
