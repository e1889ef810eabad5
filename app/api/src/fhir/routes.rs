//! Reading and searching.

use axum::{
    body::Bytes,
    extract::RawQuery,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    bundle,
    kind::{Type, definition},
    negotiate::prefers,
    params::Search,
    reach,
    version::{number, time},
};
use crate::http::{Cx, Kind, Path, Problem, Result, Scope};

/// The type of that name.
pub(super) fn served(kind: &str) -> Result<Type> {
    Type::from_name(kind).ok_or_else(|| {
        Problem::new(Kind::NotFound).detail(
            "Ese tipo de recurso no se sirve aquí.",
            "That type of resource is not served here.",
        )
    })
}

/// Parameters as they stand in an address or a form.
pub(super) fn pairs(query: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(query).into_owned().collect()
}

/// An answer with one resource.
pub(super) async fn one(scope: Scope, resource: &Value) -> Result<Response> {
    let response = match number(resource) {
        Some(number) => scope.versioned(number, resource).await?,
        None => scope.ok(resource).await?,
    };
    Ok(dated(response, resource))
}

/// Says when the resource was last changed.
pub(super) fn dated(mut response: Response, resource: &Value) -> Response {
    let at = time(resource).map(|at| at.timestamp().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(value) = at.and_then(|at| HeaderValue::from_str(&at).ok()) {
        response.headers_mut().insert(header::LAST_MODIFIED, value);
    }
    response
}

/// `GET /fhir/Type/id`
pub(super) async fn read(cx: Cx, Path((kind, id)): Path<(String, Uuid)>) -> Result<Response> {
    let (scope, resource) = reach::read(cx, served(&kind)?, id).await?;
    one(scope, &resource).await
}

/// `GET /fhir/Type/id/_history`
pub(super) async fn history(cx: Cx, Path((kind, id)): Path<(String, Uuid)>) -> Result<Response> {
    let kind = served(&kind)?;
    let (scope, versions) = reach::versions(cx, kind, id).await?;
    let bundle = bundle::history(&scope, kind, id, versions);
    scope.ok(&bundle).await
}

/// `GET /fhir/Type/id/_history/version`
pub(super) async fn read_version(cx: Cx, Path((kind, id, version)): Path<(String, Uuid, String)>) -> Result<Response> {
    let (scope, versions) = reach::versions(cx, served(&kind)?, id).await?;
    let found = versions
        .into_iter()
        .find(|one| one.number.to_string() == version)
        .ok_or_else(|| Problem::new(Kind::NotFound))?;
    one(scope, &found.resource).await
}

/// `GET /fhir/Type?…`
pub(super) async fn search(
    cx: Cx,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response> {
    run(cx, &kind, &headers, pairs(query.unwrap_or_default().as_bytes())).await
}

/// `POST /fhir/Type/_search`: the same, with nothing about a person in an address.
pub(super) async fn search_by_form(
    cx: Cx,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    let mut asked = pairs(query.unwrap_or_default().as_bytes());
    asked.extend(pairs(&body));
    run(cx, &kind, &headers, asked).await
}

async fn run(cx: Cx, kind: &str, headers: &HeaderMap, asked: Vec<(String, String)>) -> Result<Response> {
    let kind = served(kind)?;
    let strict = prefers(headers, "handling=strict");
    let base = bundle::base_of(&cx.app().config.server.public_url);
    let mut search = Search::parse(definition(kind), &asked, strict, &base)?;
    let (mut scope, found) = reach::search(cx, kind, &mut search).await?;
    let bundle = bundle::searchset(&mut scope, kind, &search, found).await?;
    scope.shown(&bundle).await
}
