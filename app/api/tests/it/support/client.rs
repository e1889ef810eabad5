//! A small HTTP client.

use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, StatusCode, body::Bytes};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// A client of one API, perhaps signed in.
#[derive(Clone)]
pub struct Client {
    http: Hyper<HttpConnector, Full<Bytes>>,
    base: String,
    pub token: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, String::from_utf8_lossy(&self.bytes)))
    }

    /// The last part of a problem's type.
    pub fn problem(&self) -> String {
        self.json()["type"]
            .as_str()
            .unwrap_or_default()
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }

    pub fn id(&self) -> String {
        self.json()["id"].as_str().expect("an id").to_owned()
    }
}

impl Client {
    pub fn new(address: std::net::SocketAddr) -> Self {
        let http = Hyper::builder(TokioExecutor::new()).build_http();
        Self {
            http,
            base: format!("http://{address}"),
            token: None,
        }
    }

    pub fn with(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        self.raw(method, path, headers, body.map(|body| Bytes::from(body.to_string())))
            .await
    }

    pub async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Bytes>) -> Answer {
        self.request(method, &format!("/api/v1{path}"), headers, body).await
    }

    /// The same; none when there was no answer at all.
    pub async fn attempt(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<Answer> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        self.exchange(method, &format!("/api/v1{path}"), headers, body).await
    }

    /// A path outside of `/api/v1`.
    pub async fn at(&self, path: &str) -> Answer {
        self.request("GET", path, &[], None).await
    }

    /// The same on the FHIR side.
    pub async fn fhir(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let mut headers = headers.to_vec();
        if body.is_some() {
            headers.push(("content-type", "application/fhir+json"));
        }
        self.request(
            method,
            &format!("/fhir/{path}"),
            &headers,
            body.map(|body| Bytes::from(body.to_string())),
        )
        .await
    }

    /// Any path, any body.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Bytes>) -> Answer {
        self.exchange(method, path, headers, body).await.expect("an answer")
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Bytes>,
    ) -> Option<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let typed = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if body.is_some() && !typed {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.unwrap_or_default())).unwrap();
        let (parts, body) = self.http.request(request).await.ok()?.into_parts();
        let bytes = body.collect().await.ok()?.to_bytes();
        Some(Answer {
            status: parts.status,
            headers: parts.headers,
            bytes,
        })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[], Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }

    /// A change of what was read as `version`.
    pub async fn change(&self, method: &str, path: &str, version: u64, body: Value) -> Answer {
        self.send(method, path, &[("if-match", &format!("\"{version}\""))], Some(&body))
            .await
    }
}
