//! One signed request to S3, repeated until it is answered or its deadline has passed.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use galeno_contract::backup::{Deadlines, Storage};
use jiff::Timestamp;
use rusty_s3::{Bucket as SignedBucket, Method, UrlStyle, signing};
use serde::Deserialize;
use ureq::Agent;
use ureq::http::{Request, Response, request};

use super::error::StoreError;

/// A signature is made anew for every attempt, so it need not live longer than a request may take.
const SIGNATURE_LIFE: Duration = Duration::from_hours(1);
/// More difference than this between two clocks makes dates in backups meaningless (and S3 refuses signatures).
pub(crate) const MAX_SKEW: Duration = Duration::from_mins(15);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The last attempt gets what is left of the time, and at least this.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(100);

/// The connection to one bucket.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    bucket: SignedBucket,
    storage: Storage,
    deadline: Duration,
    /// How the bucket is called in messages.
    pub(crate) name: String,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// `None` for the bucket itself.
    pub(crate) key: Option<&'a str>,
    /// Sorted by name.
    pub(crate) query: Vec<(&'a str, String)>,
    /// Sorted by name, names in lower case; all of them are signed.
    pub(crate) headers: Vec<(&'a str, String)>,
    pub(crate) body: &'a [u8],
    /// For messages: `write …`, `list …`.
    pub(crate) action: String,
}

#[derive(Debug, Default, Deserialize)]
struct ErrorBody {
    #[serde(rename = "Code", default)]
    code: String,
    #[serde(rename = "Message", default)]
    message: String,
}

enum Failure {
    Final(StoreError),
    /// Worth another attempt.
    Retry(String),
    /// There was no answer in the time that the attempt had.
    Unanswered,
}

impl Client {
    /// Reads what the connection needs and builds it; sends nothing.
    pub(crate) fn new(storage: &Storage, deadlines: &Deadlines) -> Result<Self, StoreError> {
        let invalid = StoreError::Configuration;
        let endpoint = storage
            .endpoint
            .parse::<url::Url>()
            .map_err(|error| invalid(format!("`endpoint` {:?} is not an address: {error}", storage.endpoint)))?;
        if endpoint.scheme() == "http" && !is_loopback(&endpoint) {
            return Err(invalid(format!("`endpoint` {endpoint} is in the clear; use https://")));
        }
        if !storage.prefix.is_empty() && !storage.prefix.ends_with('/') {
            return Err(invalid(format!("`prefix` {:?} must end in `/`", storage.prefix)));
        }
        let style = if storage.path_style {
            UrlStyle::Path
        } else {
            UrlStyle::VirtualHost
        };
        let bucket = SignedBucket::new(endpoint.clone(), style, storage.bucket.clone(), storage.region.clone())
            .map_err(|error| invalid(format!("`endpoint` {endpoint} with bucket {}: {error}", storage.bucket)))?;
        let agent = crate::http::agent(storage.ca_file.as_deref(), deadlines.connect.to_std())
            .map_err(|error| invalid(format!("{error:#}")))?;
        let host = endpoint.host_str().unwrap_or("s3");
        Ok(Self {
            agent,
            bucket,
            storage: storage.clone(),
            deadline: deadlines.request.to_std(),
            name: format!("bucket {} at {host}", storage.bucket),
        })
    }

    /// Sends `call` until it succeeds, is refused, or the deadline passes. A conditional write may be refused because an
    /// earlier attempt, whose answer was lost, was carried out: the caller looks.
    pub(crate) fn send(&self, call: &Call<'_>) -> Result<Response<ureq::Body>, StoreError> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut attempts = 0;
        let mut answered = None;
        loop {
            attempts += 1;
            let left = self.deadline.saturating_sub(start.elapsed()).max(SHORTEST_ATTEMPT);
            let last = match self.attempt(call, left) {
                Ok(response) => return Ok(response),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Retry(answer)) => answered.insert(answer).clone(),
                Err(Failure::Unanswered) => unanswered(answered.as_deref(), left),
            };
            if start.elapsed() + pause >= self.deadline {
                let (store, action) = (self.name.clone(), call.action.clone());
                return Err(StoreError::Unavailable {
                    store,
                    action,
                    waited: start.elapsed(),
                    attempts,
                    last,
                });
            }
            tracing::warn!(store = %self.name, action = %call.action, attempts, error = %last, "retrying");
            std::thread::sleep(jitter(pause));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn attempt(&self, call: &Call<'_>, timeout: Duration) -> Result<Response<ureq::Body>, Failure> {
        let request = self.request(call).map_err(Failure::Final)?;
        let configured = |request| {
            self.agent
                .configure_request(request)
                .timeout_global(Some(timeout))
                .build()
        };
        let answer = if matches!(call.method, Method::Put | Method::Post) {
            let request = request
                .header("content-length", call.body.len().to_string())
                .body(call.body);
            request
                .map(|request| {
                    self.agent
                        .configure_request(request)
                        .timeout_global(Some(timeout))
                        .build()
                })
                .map(|request| self.agent.run(request))
        } else {
            request.body(()).map(configured).map(|request| self.agent.run(request))
        };
        let response = answer
            .map_err(|error| Failure::Final(StoreError::Configuration(format!("request to S3: {error}"))))?
            .map_err(|error| match error {
                ureq::Error::Timeout(ureq::Timeout::Global) => Failure::Unanswered,
                other => Failure::Retry(without_address(&other)),
            })?;
        self.judge(call, response)
    }

    fn request(&self, call: &Call<'_>) -> Result<request::Builder, StoreError> {
        let id = read_secret(&self.storage.access_key_id_file)?;
        let secret = read_secret(&self.storage.secret_access_key_file)?;
        let token = self
            .storage
            .session_token_file
            .as_deref()
            .map(read_secret)
            .transpose()?;
        let url = match call.key {
            Some(key) => self.bucket.object_url(key),
            None => self.bucket.base_url().clone(),
        };
        let url = signing::sign(
            &Timestamp::now(),
            call.method,
            url,
            &id,
            &secret,
            token.as_deref(),
            self.bucket.region(),
            SIGNATURE_LIFE.as_secs(),
            call.query.iter().map(|(name, value)| (*name, value.as_str())),
            call.headers.iter().map(|(name, value)| (*name, value.as_str())),
        );
        let mut request = Request::builder().method(call.method.to_str()).uri(url.as_str());
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        Ok(request)
    }

    fn judge(&self, call: &Call<'_>, mut response: Response<ureq::Body>) -> Result<Response<ureq::Body>, Failure> {
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(response);
        }
        let skew = skew(&response);
        let mut text = String::new();
        let _ = response
            .body_mut()
            .as_reader()
            .take(64 * 1024)
            .read_to_string(&mut text);
        let body: ErrorBody = quick_xml::de::from_str(&text).unwrap_or_default();
        let key = call.key.unwrap_or_default().to_owned();
        let (store, action, code) = (self.name.clone(), call.action.clone(), body.code);
        let failure = match (status, code.as_str()) {
            (_, "NoSuchBucket") => StoreError::NoSuchBucket { store },
            (404, "") if call.key.is_none() => StoreError::NoSuchBucket { store },
            (404, "NoSuchKey" | "") => StoreError::NotFound { store, key },
            (409 | 412, "PreconditionFailed" | "ConditionalRequestConflict" | "") => StoreError::Exists { store, key },
            (_, "RequestTimeTooSkewed") => StoreError::ClockSkew {
                store,
                skew: skew.unwrap_or(MAX_SKEW),
            },
            (_, "ExpiredToken" | "TokenRefreshRequired") => StoreError::Expired { store, code },
            (403, _) if skew.is_some_and(|skew| skew > MAX_SKEW) => StoreError::ClockSkew {
                store,
                skew: skew.unwrap_or_default(),
            },
            (401 | 403, _) => StoreError::Denied { store, code, action },
            (408 | 429 | 500..=599, _) | (_, "RequestTimeout" | "SlowDown") => {
                return Err(Failure::Retry(
                    format!("{status} {code} {}", body.message).trim().to_owned(),
                ));
            }
            _ => StoreError::Refused {
                store,
                action,
                status,
                code,
                message: body.message,
            },
        };
        Err(Failure::Final(failure))
    }

    /// The error for an answer that cannot be read.
    pub(crate) fn not_s3(&self, action: &str, detail: &dyn std::fmt::Display) -> StoreError {
        StoreError::NotS3 {
            store: self.name.clone(),
            action: action.to_owned(),
            detail: detail.to_string(),
        }
    }

    /// How long one request may take, retries included.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }
}

/// How far this machine's clock is from the store's, by the answer's `Date`.
pub(crate) fn skew(response: &Response<ureq::Body>) -> Option<Duration> {
    let date = response.headers().get("date")?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    Some(Timestamp::now().duration_since(theirs).unsigned_abs())
}

/// Credentials are read for every request: a renewed secret is used at once.
fn read_secret(path: &Path) -> Result<String, StoreError> {
    let text = fs::read_to_string(path)
        .map_err(|error| StoreError::Configuration(format!("cannot read {}: {error}", path.display())))?;
    match text.trim() {
        "" => Err(StoreError::Configuration(format!("{} is empty", path.display()))),
        secret => Ok(secret.to_owned()),
    }
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The address holds the signature, which is as good as a password for an hour: it is never shown.
fn without_address(error: &ureq::Error) -> String {
    match error {
        ureq::Error::BadUri(_) => "bad address".to_owned(),
        other => other.to_string(),
    }
}

/// The last attempt may have had only a moment: what the one before it was told says more about what is wrong.
fn unanswered(earlier: Option<&str>, within: Duration) -> String {
    match earlier {
        Some(earlier) => format!("{earlier}; then none within {within:.1?}"),
        None => format!("none within {within:.1?}"),
    }
}

/// Between half of `pause` and all of it, so that many clients do not come back at the same moment.
fn jitter(pause: Duration) -> Duration {
    pause / 2 + pause.mul_f64(rand::random::<f64>() / 2.0)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_last_attempt_without_an_answer_does_not_hide_the_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // The first attempt is answered; the others are not, and are held open.
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for mut client in listener.incoming().flatten() {
                if silent.is_empty() {
                    let request = BufReader::new(client.try_clone().unwrap()).lines();
                    assert!(request.map_while(Result::ok).any(|line| line.is_empty()));
                    let body = "<Error><Code>SlowDown</Code><Message>later</Message></Error>";
                    let head = format!("HTTP/1.1 503 No\r\nContent-Length: {}\r\nConnection: close", body.len());
                    write!(client, "{head}\r\n\r\n{body}").unwrap();
                }
                silent.push(client);
            }
        });
        let secret = tempfile::NamedTempFile::new().unwrap();
        fs::write(secret.path(), "secret").unwrap();
        let storage = serde_json::json!({
            "endpoint": format!("http://127.0.0.1:{port}"), "bucket": "any",
            "accessKeyIdFile": secret.path(), "secretAccessKeyFile": secret.path(),
        });
        let deadlines = serde_json::json!({"request": "5s"});
        let client = Client::new(
            &serde_json::from_value(storage).unwrap(),
            &serde_json::from_value(deadlines).unwrap(),
        );
        let error = client.unwrap().send(&Call::new(Method::Get, None, "list")).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("503 SlowDown later; then none within"), "{error}");
    }

    #[test]
    fn a_store_that_never_answered_has_said_nothing() {
        assert_eq!(unanswered(None, Duration::from_millis(1500)), "none within 1.5s");
    }
}
