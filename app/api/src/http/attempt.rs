//! Running a request again when its transaction lost a race or its node.
//!
//! A handler touches nothing but its transaction, so running it again repeats no side effect. Galera reports a lost race
//! at COMMIT; the transaction is then gone as a whole.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderName, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use ring::digest::{Context, SHA256};

use super::{
    problem::{Again, Kind, Problem},
    trace::RequestSpan,
};
use crate::{app::App, db::Lease};

/// `Idempotency-Key`.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

const ATTEMPTS: u32 = 10;

/// Whether COMMIT was sent and its answer is not known yet. It outlives the handler: whoever gives up waiting must know.
#[derive(Clone, Default)]
pub(crate) struct Sent(Arc<AtomicBool>);

impl Sent {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn set(&self, sent: bool) {
        self.0.store(sent, Ordering::SeqCst);
    }
}

/// What one attempt tells the one who may start another.
#[derive(Clone, Default)]
pub(crate) struct Attempt(Arc<Inner>);

#[derive(Default)]
struct Inner {
    node: Mutex<Option<Arc<Lease>>>,
    chosen: tokio::sync::Notify,
    sent: Sent,
}

/// A hash of the request: method, address, body.
#[derive(Clone, Copy)]
pub(crate) struct Fingerprint(pub [u8; 32]);

impl Attempt {
    fn new(sent: Sent) -> Self {
        Self(Arc::new(Inner {
            sent,
            ..Inner::default()
        }))
    }

    /// The transaction runs on this node.
    pub(crate) fn runs_on(&self, lease: Arc<Lease>) {
        *self.0.node.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease);
        self.0.chosen.notify_one();
    }

    /// COMMIT is about to be sent.
    pub(crate) fn committing(&self) {
        self.0.sent.set(true);
    }

    async fn node_lost(&self) {
        self.0.chosen.notified().await;
        let lease = self.0.node.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(lease) = lease {
            lease.lost().await;
        }
    }
}

/// Reads the body, then runs the handler until it neither lost a race nor its node, within bounds.
pub(crate) async fn retry(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let document = parts.uri.path().ends_with("/documents");
    let limit = if document {
        app.config.limits.document_bytes
    } else {
        app.config.limits.body_bytes
    };
    let too_long = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if too_long.is_some_and(|length| length > u64::from(limit)) {
        return Problem::new(Kind::TooLarge).into_response();
    }
    let Ok(bytes) = to_bytes(body, limit as usize).await else {
        return Problem::new(Kind::TooLarge).into_response();
    };
    let mut hash = Context::new(&SHA256);
    for part in [
        parts.method.as_str().as_bytes(),
        parts.uri.to_string().as_bytes(),
        &bytes[..],
    ] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut fingerprint = Fingerprint([0; 32]);
    fingerprint.0.copy_from_slice(hash.finish().as_ref());
    // After a COMMIT without an answer, only a key or a safe method shows what became of it.
    let repeatable = parts.method.is_safe() || parts.headers.contains_key(&IDEMPOTENCY_KEY);
    let sent = parts.extensions.get::<Sent>().cloned().unwrap_or_default();
    let mut number = 0;
    loop {
        number += 1;
        sent.set(false);
        let attempt = Attempt::new(sent.clone());
        let mut request = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
        request.extensions_mut().insert(attempt.clone());
        request.extensions_mut().insert(fingerprint);
        let span = app.traces.attempt(parts.extensions.get::<RequestSpan>(), number);
        let response = tokio::select! {
            biased;
            response = next.clone().run(request) => response,
            () = attempt.node_lost() => {
                let problem = Problem::from(crate::db::Fault::NodeLost);
                (if sent.is_set() { problem.after_commit() } else { problem }).into_response()
            }
        };
        if let Some(span) = span {
            let problem = response
                .extensions()
                .get::<Problem>()
                .map(|problem| problem.kind.slug());
            span.answered(response.status().as_u16(), problem);
        }
        let again = response.extensions().get::<Problem>().and_then(Problem::again);
        let may = match again {
            None => false,
            Some(Again::Safe) => true,
            Some(Again::Unknown) => repeatable,
        };
        if !may || number >= ATTEMPTS {
            return response;
        }
        app.metrics.retried();
        tokio::time::sleep(pause(&app, number)).await;
    }
}

/// A random part of a bound that doubles: those who met once do not meet again.
fn pause(app: &App, number: u32) -> Duration {
    let bound = (4_u64 << number.min(6)).min(250);
    let dice = app.keys.random::<8>().map_or(0, u64::from_be_bytes);
    Duration::from_millis(1 + dice % bound)
}
