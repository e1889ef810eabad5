//! What comes in: bodies, identifiers in addresses, query parameters. Each refusal is a problem with a reason.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{
    problem::{FieldFault, Kind, Problem},
    text::text,
};

/// Collects what is not valid in a body.
#[derive(Default)]
pub struct Faults(Vec<FieldFault>);

impl Faults {
    /// Notes a fault unless `good`.
    pub fn expect(&mut self, good: bool, pointer: &str, es: &'static str, en: &'static str) {
        if !good {
            self.0.push(FieldFault {
                pointer: pointer.to_owned(),
                text: text(es, en),
            });
        }
    }

    /// A text that must be there, in one line, of at most `max` characters.
    pub fn line(&mut self, value: &str, max: usize, pointer: &str) {
        let good = !value.trim().is_empty() && value.chars().count() <= max && !value.chars().any(char::is_control);
        self.expect(
            good,
            pointer,
            "Vacío, demasiado largo o con caracteres de control.",
            "Empty, too long, or with control characters.",
        );
    }

    /// The same, when it is there at all.
    pub fn optional_line(&mut self, value: Option<&str>, max: usize, pointer: &str) {
        if let Some(value) = value {
            self.line(value, max, pointer);
        }
    }

    /// A text of several lines, of at most `max` characters.
    pub fn prose(&mut self, value: &str, max: usize, pointer: &str) {
        let good = !value.trim().is_empty()
            && value.chars().count() <= max
            && !value
                .chars()
                .any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r'));
        self.expect(
            good,
            pointer,
            "Vacío, demasiado largo o con caracteres de control.",
            "Empty, too long, or with control characters.",
        );
    }

    /// All of it, or nothing wrong.
    pub fn into_result(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.0))
        }
    }
}

/// What a body must fulfil beyond its types.
pub trait Check {
    /// Notes every fault.
    fn check(&self, faults: &mut Faults);
}

/// A JSON body, parsed and checked. Unknown members are refused by the types themselves.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Check> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Kind::UnsupportedMedia)
                .detail("Se espera application/json.", "application/json is expected."));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Problem::new(Kind::TooLarge))?;
        let value: T = serde_json::from_slice(&bytes).map_err(|error| {
            // The parser's words go back to whoever sent the body, and nowhere else.
            Problem::new(Kind::Malformed).with("parser", error.to_string())
        })?;
        let mut faults = Faults::default();
        value.check(&mut faults);
        faults.into_result()?;
        Ok(Self(value))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Identifiers in the address. What is no identifier does not exist.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::new(Kind::NotFound)),
        }
    }
}

/// Query parameters.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(error) => Err(Problem::new(Kind::Malformed).with("parser", error.body_text())),
        }
    }
}
