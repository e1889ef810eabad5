//! What surrounds every request: its identifier, its language, its bounds, one line in the log.

use std::{net::IpAddr, sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use super::{
    attempt::Sent,
    limiter::Who,
    open::credential,
    problem::{Kind, Problem},
    text::preferred,
};
use crate::app::App;

/// The request's identifier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId(pub Uuid);

/// The client's address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(pub IpAddr);

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub IpAddr);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

struct InFlight<'a>(&'a App);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.metrics.ended();
    }
}

/// The outermost layer.
pub(crate) async fn surround(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    app.metrics.started();
    let in_flight = InFlight(&app);
    let id = RequestId(Uuid::now_v7());
    let peer = request
        .extensions()
        .get::<Peer>()
        .map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.0);
    let client = app.proxies.client(peer, request.headers());
    let sent = Sent::default();
    request.extensions_mut().insert(sent.clone());
    request.extensions_mut().insert(id);
    request.extensions_mut().insert(Client(client));
    let method = known(request.method());
    let safe = request.method().is_safe();
    let language = request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    let locale = preferred(language, app.config.locale);
    let fhir = request.uri().path().starts_with("/fhir");
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("(none)".to_owned(), |path| path.as_str().to_owned());
    let origin = allowed_origin(&app, &request);
    let span = app.traces.request(id.0, method, &route, request.headers());
    if let Some(span) = &span {
        request.extensions_mut().insert(span.clone());
    }

    let token = credential(request.headers()).map(|(credential, _)| Who::Token(*credential.hash()));
    let stranger = token.filter(|token| !app.limiter.is_good(*token));
    let mut response = match bounds(&app, &request, client, token) {
        Err(problem) => problem.into_response(),
        Ok(()) => match tokio::time::timeout(app.config.limits.request_timeout.to_std(), next.run(request)).await {
            Ok(response) => response,
            // What was sent may yet be done: only before COMMIT is it certain that nothing was saved.
            Err(_) if sent.is_set() && !safe => Problem::new(Kind::OutcomeUnknown).into_response(),
            Err(_) => Problem::new(Kind::TimedOut).into_response(),
        },
    };
    if let Some(token) = token.filter(|_| response.status() == StatusCode::UNAUTHORIZED) {
        app.limiter.judge(token, false);
    }
    if stranger.is_some_and(|token| app.limiter.is_good(token)) {
        app.limiter.give_back(Who::Guess(Who::network(client)));
    }
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        if let Some(what) = problem.bug_text() {
            tracing::error!(request = %id.0, what, "request failed");
        }
        response = if fhir {
            crate::fhir::outcome(problem, locale, id.0)
        } else {
            problem.render(locale, id.0)
        };
    }
    decorate(&mut response, id.0, origin.as_deref());
    drop(in_flight);
    let took = started.elapsed();
    let status = response.status().as_u16();
    app.metrics.answered(method, &route, status, took);
    // The address holds identifiers and the query may hold more: only the route is logged.
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let kind = problem.as_ref().map(|problem| problem.kind.slug());
    if let Some(span) = &span {
        span.answered(status, kind);
    }
    tracing::info!(request = %id.0, method, route, status, millis, problem = kind, "request");
    response
}

/// The method as figures and logs name it. Anybody may make methods up: each would be a figure of its own, for ever.
fn known(method: &Method) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
        .into_iter()
        .find(|known| method.as_str() == *known)
        .unwrap_or("OTHER")
}

fn bounds(app: &App, request: &Request, client: IpAddr, token: Option<Who>) -> Result<(), Problem> {
    let limits = &app.config.limits;
    let full = |wait: std::time::Duration| Problem::new(Kind::TooMany).retry_after(wait.as_secs().max(1));
    let network = Who::network(client);
    if request.uri().path().starts_with("/api/v1/auth/sign-in") {
        return app
            .limiter
            .take(Who::SignIn(network), limits.sign_ins_per_minute)
            .map_err(full);
    }
    let Some(token) = token else {
        return app
            .limiter
            .take(Who::Address(network), limits.anonymous_requests_per_minute)
            .map_err(full);
    };
    // Made-up tokens would each have a bucket of their own; the address's bucket holds the guesses, and what turns out to be
    // none is given back. Many people share the address of a hospital: who is known to be signed in does not answer for what
    // somebody else there makes up.
    if !app.limiter.is_good(token) {
        app.limiter
            .take(Who::Guess(network), limits.anonymous_requests_per_minute)
            .map_err(full)?;
    }
    app.limiter.take(token, limits.requests_per_minute).map_err(full)
}

fn allowed_origin(app: &App, request: &Request) -> Option<String> {
    let origin = request.headers().get(header::ORIGIN)?.to_str().ok()?;
    app.config
        .server
        .web_origins
        .iter()
        .find(|known| *known == origin)
        .cloned()
}

fn decorate(response: &mut Response, id: Uuid, origin: Option<&str>) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.append(header::VARY, HeaderValue::from_static("Origin, Accept-Language"));
    if let Some(origin) = origin.and_then(|origin| HeaderValue::from_str(origin).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("ETag, Last-Modified, Location, Retry-After, X-Request-Id"),
        );
    }
}

/// Answers a browser that asks beforehand whether a page of another origin may call.
pub(crate) async fn preflight(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let asks =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks {
        return next.run(request).await;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if allowed_origin(&app, &request).is_some() {
        let headers = response.headers_mut();
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, PUT, DELETE"),
        );
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(
                "Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Exist, If-None-Match, \
                 Prefer, X-Not-A-Duplicate, X-Purpose",
            ),
        );
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

/// Bounds the requests that are at work at once.
pub(crate) async fn crowd(State(crowd): State<Arc<tokio::sync::Semaphore>>, request: Request, next: Next) -> Response {
    match crowd.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => Problem::new(Kind::Busy).retry_after(1).into_response(),
    }
}
