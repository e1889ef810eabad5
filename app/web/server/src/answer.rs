//! What a request is answered with. Nothing here waits for anything.

use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use galeno_contract::web::WebConfig;
use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Response, StatusCode,
    header::{self, HeaderValue},
};

use crate::{
    management::State,
    site::{File, Site},
};

/// A whole answer.
pub(crate) type Answer = Response<Full<Bytes>>;

const MAINTENANCE: &str = include_str!("maintenance.html");
const PROBLEM: &str = r#"{"type":"urn:galeno:problem:unavailable","title":"El servicio no está disponible. / The service is not available.","status":503}"#;

/// Headers that every answer carries besides its own.
const FIXED: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self)",
    ),
];

/// Everything that is needed to answer.
pub(crate) struct Answers {
    site: Site,
    state: Arc<State>,
    policy: HeaderValue,
    browser: Bytes,
    maintenance: String,
    maintenance_page: Bytes,
    retry_after: HeaderValue,
}

impl Answers {
    pub(crate) fn new(site: Site, config: &WebConfig, state: Arc<State>) -> Result<Self> {
        Ok(Self {
            maintenance_page: maintenance_page(&site).into(),
            site,
            state,
            policy: HeaderValue::from_str(&config.content_security_policy)
                .context("contentSecurityPolicy is no value of a header")?,
            browser: serde_json::to_vec(&config.browser)?.into(),
            maintenance: config.maintenance.path.clone(),
            retry_after: HeaderValue::from(config.maintenance.retry_after.to_std().as_secs()),
        })
    }

    /// The answer to a request.
    pub(crate) fn to(&self, method: &Method, path: &str, headers: &HeaderMap) -> Answer {
        let mut answer = self.body(method, path, headers);
        self.state.count(answer.status());
        let fixed = answer.headers_mut();
        for (name, value) in FIXED {
            fixed.insert(name, HeaderValue::from_static(value));
        }
        fixed.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        if method == Method::HEAD {
            *answer.body_mut() = Full::default();
        }
        answer
    }

    fn body(&self, method: &Method, path: &str, headers: &HeaderMap) -> Answer {
        if method != Method::GET && method != Method::HEAD {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD\n");
            answer
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        if path == self.maintenance {
            return self.maintenance(headers);
        }
        if path == "/config.json" {
            return with(StatusCode::OK, "application/json", "no-store", self.browser.clone());
        }
        let page = if path == "/" { "/index.html" } else { path };
        if let Some(file) = self.site.get(page) {
            return send(file, headers);
        }
        // An old page asks for files that a newer version no longer has: they must not be answered with a page.
        let last = path.rsplit('/').next().unwrap_or_default();
        match self.site.get("/index.html") {
            Some(index) if !path.starts_with("/assets/") && !last.contains('.') => send(index, headers),
            _ => plain(StatusCode::NOT_FOUND, "There is no such file.\n"),
        }
    }

    fn maintenance(&self, headers: &HeaderMap) -> Answer {
        let (kind, text) = if accepts(headers, header::ACCEPT, "text/html") {
            ("text/html; charset=utf-8", self.maintenance_page.clone())
        } else {
            ("application/problem+json", Bytes::from_static(PROBLEM.as_bytes()))
        };
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut answer = with(status, kind, "no-store", text);
        let own = answer.headers_mut();
        own.insert(header::RETRY_AFTER, self.retry_after.clone());
        own.insert(header::VARY, HeaderValue::from_static("accept"));
        answer
    }
}

/// With the application's own styles, whatever their file is called in this version.
fn maintenance_page(site: &Site) -> String {
    const LINK: &str = "<link rel=\"stylesheet\"";
    let index = site.get("/index.html").map(|file| String::from_utf8_lossy(&file.plain));
    let link = index
        .as_deref()
        .and_then(|page| page.split_once(LINK)?.1.split_once('>'));
    match link {
        Some((attributes, _)) => MAINTENANCE.replace("</head>", &format!("  {LINK}{attributes}>\n  </head>")),
        None => MAINTENANCE.to_owned(),
    }
}

fn send(file: &File, headers: &HeaderMap) -> Answer {
    let page = file.media_type.starts_with("text/html");
    let cache = match (file.hashed, page) {
        (true, _) => "public, max-age=31536000, immutable",
        (false, true) => "no-store",
        (false, false) => "no-cache",
    };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if !page && known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == file.etag)) {
        let mut answer = with(StatusCode::NOT_MODIFIED, file.media_type, cache, Bytes::new());
        tag(&mut answer, file);
        return answer;
    }
    let (encoding, bytes) = match (&file.brotli, &file.gzip) {
        (Some(bytes), _) if accepts(headers, header::ACCEPT_ENCODING, "br") => (Some("br"), bytes),
        (_, Some(bytes)) if accepts(headers, header::ACCEPT_ENCODING, "gzip") => (Some("gzip"), bytes),
        _ => (None, &file.plain),
    };
    let mut answer = with(StatusCode::OK, file.media_type, cache, bytes.clone());
    if let Some(encoding) = encoding {
        let value = HeaderValue::from_static(encoding);
        answer.headers_mut().insert(header::CONTENT_ENCODING, value);
    }
    tag(&mut answer, file);
    answer
}

fn tag(answer: &mut Answer, file: &File) {
    let own = answer.headers_mut();
    own.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(value) = HeaderValue::from_str(&file.etag) {
        own.insert(header::ETAG, value);
    }
}

/// Whether a list of preferences holds a word that is not refused (`q=0`).
fn accepts(headers: &HeaderMap, name: header::HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| {
            let mut parts = item.split(';').map(str::trim);
            let refused = |part: &str| {
                part.strip_prefix("q=")
                    .is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0))
            };
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case(word)) && !parts.any(refused)
        })
}

pub(crate) fn with(status: StatusCode, kind: &'static str, cache: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let own = answer.headers_mut();
    own.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    own.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    answer
}

pub(crate) fn plain(status: StatusCode, text: &'static str) -> Answer {
    with(
        status,
        "text/plain; charset=utf-8",
        "no-store",
        Bytes::from_static(text.as_bytes()),
    )
}

#[cfg(test)]
mod tests;
