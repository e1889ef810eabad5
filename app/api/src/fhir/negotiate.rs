//! Which representation: JSON, of FHIR 4.0.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::http::{Kind, Problem};

const JSON: &str = "application/fhir+json; charset=utf-8";

/// One media type of a list, with its parameters.
struct Media<'a> {
    essence: &'a str,
    version: Option<&'a str>,
    refused: bool,
}

fn media(text: &str) -> Media<'_> {
    let mut fields = text.split(';').map(str::trim);
    let essence = fields.next().unwrap_or_default();
    let (mut version, mut refused) = (None, false);
    for field in fields {
        match field
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
        {
            Some((name, value)) if name.eq_ignore_ascii_case("fhirVersion") => version = Some(value),
            Some((name, value)) if name.eq_ignore_ascii_case("q") => {
                refused = value.parse::<f32>().is_ok_and(|q| q <= 0.0);
            }
            _ => {}
        }
    }
    Media {
        essence,
        version,
        refused,
    }
}

/// FHIR R4 in JSON, as it is called.
fn ours(essence: &str) -> bool {
    ["application/fhir+json", "application/json", "text/json", "json"]
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known))
}

fn right_version(version: Option<&str>) -> bool {
    version.is_none_or(|version| version == "4.0" || version.starts_with("4.0."))
}

/// Whether the client takes what there is. `_format` goes before `Accept`.
fn acceptable(headers: &HeaderMap, query: &str) -> bool {
    if let Some((_, format)) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "_format") {
        // In an address, a plus that nobody has encoded arrives as a space.
        let format = format.replace("fhir json", "fhir+json");
        let media = media(&format);
        return ours(media.essence) && right_version(media.version);
    }
    let mut any = false;
    for value in headers.get_all(header::ACCEPT) {
        for media in value.to_str().unwrap_or_default().split(',').map(media) {
            any = true;
            let fits = matches!(media.essence, "*/*" | "application/*") || ours(media.essence);
            if fits && right_version(media.version) && !media.refused {
                return true;
            }
        }
    }
    !any
}

fn readable(headers: &HeaderMap, form: bool) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media(value.unwrap_or_default());
    if form {
        return media.essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    }
    ours(media.essence) && right_version(media.version)
}

/// Whether a `Prefer` header holds that word.
pub(super) fn prefers(headers: &HeaderMap, word: &str) -> bool {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .any(|part| part.trim().eq_ignore_ascii_case(word))
}

/// Around everything under `/fhir`.
pub(super) async fn negotiate(request: Request, next: Next) -> Response {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    if !acceptable(&headers, request.uri().query().unwrap_or_default()) {
        return Problem::new(Kind::NotAcceptable)
            .detail(
                "Solo hay application/fhir+json, de FHIR 4.0.",
                "There is application/fhir+json alone, of FHIR 4.0.",
            )
            .into_response();
    }
    let changes = matches!(method, Method::POST | Method::PUT);
    let form = request.uri().path().ends_with("/_search");
    if changes && !readable(&headers, form) {
        return Problem::new(Kind::UnsupportedMedia)
            .detail(
                "Se espera application/fhir+json, de FHIR 4.0.",
                "application/fhir+json is expected, of FHIR 4.0.",
            )
            .into_response();
    }
    let mut response = next.run(request).await;
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    if plain {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    }
    // FHIR's versions are weak tags: the same version may be written in other words.
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if let Some(weak) = tag.filter(|tag| tag.starts_with('"')).map(|tag| format!("W/{tag}")) {
        let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        if method == Method::GET && known.is_some_and(|known| known.split(',').any(|one| one.trim() == weak)) {
            response = StatusCode::NOT_MODIFIED.into_response();
        }
        if let Ok(weak) = HeaderValue::from_str(&weak) {
            response.headers_mut().insert(header::ETAG, weak);
        }
    }
    if changes && !form && response.status().is_success() && prefers(&headers, "return=minimal") {
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{acceptable, readable};

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn json_of_fhir_4_and_nothing_else() {
        let accept = |value: &str| acceptable(&headers(header::ACCEPT, value), "");
        assert!(acceptable(&HeaderMap::new(), ""));
        for good in [
            "application/fhir+json",
            "application/json",
            "*/*",
            "text/html, */*;q=0.1",
            "Application/FHIR+JSON",
            "application/fhir+json; fhirVersion=4.0",
            "application/fhir+xml, application/fhir+json;q=0.5",
        ] {
            assert!(accept(good), "{good}");
        }
        for wrong in [
            "application/fhir+xml",
            "text/html",
            "application/fhir+json; fhirVersion=5.0",
            "application/fhir+json;q=0",
        ] {
            assert!(!accept(wrong), "{wrong}");
        }
        assert!(acceptable(&headers(header::ACCEPT, "text/html"), "_format=json"));
        assert!(acceptable(
            &headers(header::ACCEPT, "text/html"),
            "_format=application/fhir+json"
        ));
        assert!(!acceptable(&HeaderMap::new(), "_format=xml"));
        assert!(readable(
            &headers(header::CONTENT_TYPE, "application/fhir+json;charset=utf-8"),
            false
        ));
        assert!(!readable(&headers(header::CONTENT_TYPE, "application/fhir+xml"), false));
        assert!(!readable(&HeaderMap::new(), false));
        assert!(readable(
            &headers(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            true
        ));
    }
}
