//! The S3-compatible object store.
//!
//! Requests are signed by `rusty-s3` and sent by `ureq` (why these two: `docs/decisions/object-store-client.md`).
//! Nothing here overwrites: every write is conditional on the key being free.

mod error;
mod multipart;
mod request;
mod xml;

use std::io::Read;
use std::time::{Duration, Instant};

use base64::Engine as _;
use galeno_contract::backup::{Deadlines, LockMode, ObjectLock, Storage};
use jiff::Timestamp;
use rusty_s3::Method;
use sha2::{Digest, Sha256};

pub(crate) use error::StoreError;
pub(crate) use multipart::{Multipart, Part};
use request::{Call, Client, MAX_SKEW, skew};

/// One bucket, with a prefix.
#[derive(Debug)]
pub(crate) struct Bucket {
    client: Client,
    prefix: String,
    lock: Option<ObjectLock>,
}

/// One object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// Without the configured prefix.
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) last_modified: Timestamp,
}

/// SHA-256 of some bytes.
pub(crate) type Sha256Digest = [u8; 32];

impl Bucket {
    /// Builds the connection; sends nothing yet.
    pub(crate) fn open(storage: &Storage, deadlines: &Deadlines) -> Result<Self, StoreError> {
        let client = Client::new(storage, deadlines)?;
        Ok(Self {
            client,
            prefix: storage.prefix.clone(),
            lock: storage.object_lock.clone(),
        })
    }

    /// How the bucket is called in messages.
    pub(crate) fn name(&self) -> &str {
        &self.client.name
    }

    /// Asks for nothing but whether the bucket is there, the credentials are right and the clocks agree.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let call = Call::new(Method::Get, None, "list the bucket")
            .query("list-type", "2")
            .query("max-keys", "1");
        let answer = self.client.send(&call)?;
        match skew(&answer) {
            Some(skew) if skew > MAX_SKEW => Err(StoreError::ClockSkew {
                store: self.client.name.clone(),
                skew,
            }),
            _ => Ok(()),
        }
    }

    /// Every object whose key starts with `prefix`, in key order. Fails rather than return part of a listing.
    pub(crate) fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        let action = format!("list `{prefix}`");
        let full = format!("{}{prefix}", self.prefix);
        let mut objects = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut call = Call::new(Method::Get, None, &action);
            if let Some(token) = &token {
                call = call.query("continuation-token", token);
            }
            call = call.query("list-type", "2").query("prefix", &full);
            let page: xml::ListPage = self.read_xml(&call)?;
            for entry in page.contents {
                let Some(key) = entry.key.strip_prefix(&self.prefix) else {
                    continue;
                };
                let last_modified = entry
                    .last_modified
                    .parse()
                    .map_err(|error| self.client.not_s3(&action, &error))?;
                objects.push(Object {
                    key: key.to_owned(),
                    size: entry.size,
                    last_modified,
                });
            }
            if !page.is_truncated {
                return Ok(objects);
            }
            token = Some(page.next_continuation_token.ok_or_else(|| {
                self.client
                    .not_s3(&action, &"the listing is cut off and says not where to go on")
            })?);
        }
    }

    /// The whole of a small object.
    pub(crate) fn get(&self, key: &str, limit: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.stream(key, |chunk| {
            if (bytes.len() + chunk.len()) as u64 > limit {
                return Err(format!("`{key}` is larger than the {limit} bytes that it may have"));
            }
            bytes.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Hands an object's bytes to `sink` as they come. A broken transfer goes on where it broke.
    pub(crate) fn stream(
        &self,
        key: &str,
        mut sink: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), StoreError> {
        let full = self.full(key);
        let action = format!("read `{key}`");
        let start = Instant::now();
        let mut done = 0u64;
        let mut buffer = vec![0; 64 * 1024];
        for attempts in 1.. {
            let mut call = Call::new(Method::Get, Some(&full), &action);
            if done > 0 {
                call = call.header("range", format!("bytes={done}-"));
            }
            let answer = self.client.send(&call)?;
            if done > 0 && answer.status().as_u16() != 206 {
                return Err(self
                    .client
                    .not_s3(&action, &"the store ignored the range that was asked for"));
            }
            let expected = content_length(&answer).map(|length| length + done);
            let mut reader = answer.into_body().into_reader();
            let last = loop {
                match reader.read(&mut buffer) {
                    Ok(0) if expected.is_some_and(|expected| done < expected) => {
                        break format!("the answer ended after {done} bytes");
                    }
                    Ok(0) => return Ok(()),
                    Ok(count) => {
                        sink(&buffer[..count]).map_err(StoreError::Local)?;
                        done += count as u64;
                    }
                    Err(error) => break error.to_string(),
                }
            };
            if start.elapsed() >= self.client.deadline() {
                let (store, waited) = (self.client.name.clone(), start.elapsed());
                return Err(StoreError::Unavailable {
                    store,
                    action,
                    waited,
                    attempts,
                    last,
                });
            }
            tracing::warn!(store = %self.client.name, %action, done, error = %last, "going on");
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// Writes a small object under a key that must be free, and reads its lock back.
    pub(crate) fn put_new(&self, key: &str, body: &[u8]) -> Result<(), StoreError> {
        let full = self.full(key);
        let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(body));
        let mut call = Call::new(Method::Put, Some(&full), &format!("write `{key}`"));
        call.body = body;
        call = call
            .header("if-none-match", "*".to_owned())
            .header("x-amz-checksum-sha256", digest);
        call.headers.extend(self.lock_headers());
        call.headers.sort();
        match self.client.send(&call) {
            Ok(_) => {}
            // The store may have done an attempt whose answer was lost: then what is there is ours.
            Err(error @ StoreError::Refused { .. }) if self.lock.is_some() => return Err(self.not_locked(key, &error)),
            Err(StoreError::Exists { .. }) if self.get(key, body.len() as u64).is_ok_and(|there| there == body) => {}
            Err(error) => return Err(error),
        }
        self.check_lock(key)
    }

    /// Removes an object; one that is not there is fine.
    pub(crate) fn delete(&self, key: &str) -> Result<(), StoreError> {
        let full = self.full(key);
        match self
            .client
            .send(&Call::new(Method::Delete, Some(&full), &format!("delete `{key}`")))
        {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Begins a multipart upload under a key that must be free when it ends.
    pub(crate) fn multipart<'b>(&'b self, key: &str) -> Result<Multipart<'b>, StoreError> {
        Multipart::begin(self, key)
    }

    /// Size and SHA-256 of a stored object, computed from its bytes.
    pub(crate) fn digest(&self, key: &str) -> Result<(u64, Sha256Digest), StoreError> {
        let mut hasher = Sha256::new();
        let mut size = 0;
        self.stream(key, |chunk| {
            hasher.update(chunk);
            size += chunk.len() as u64;
            Ok(())
        })?;
        Ok((size, hasher.finalize().into()))
    }

    /// Some stores take the lock's headers and ignore them: ask what was really set.
    fn check_lock(&self, key: &str) -> Result<(), StoreError> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let full = self.full(key);
        let call = Call::new(Method::Get, Some(&full), &format!("read the lock of `{key}`")).query("retention", "");
        let failed = |detail: String| StoreError::NotLocked {
            store: self.client.name.clone(),
            key: key.to_owned(),
            detail,
        };
        let retention: xml::Retention = self.read_xml(&call).map_err(|error| failed(error.to_string()))?;
        let until: Timestamp = retention
            .until
            .parse()
            .map_err(|_| failed(format!("locked until {:?}", retention.until)))?;
        if retention.mode != mode_name(lock.mode) || until < lock_until(lock, -1) {
            return Err(failed(format!("it says {} until {until}", retention.mode)));
        }
        Ok(())
    }

    /// A store that cannot lock answers `InvalidRequest`, which tells nobody anything.
    fn not_locked(&self, key: &str, error: &StoreError) -> StoreError {
        StoreError::NotLocked {
            store: self.client.name.clone(),
            key: key.to_owned(),
            detail: error.to_string(),
        }
    }

    fn lock_headers(&self) -> Vec<(&'static str, String)> {
        self.lock
            .iter()
            .flat_map(|lock| {
                [
                    ("x-amz-object-lock-mode", mode_name(lock.mode).to_owned()),
                    (
                        "x-amz-object-lock-retain-until-date",
                        lock_until(lock, 0).strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                    ),
                ]
            })
            .collect()
    }

    fn read_xml<T: serde::de::DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, StoreError> {
        let mut answer = self.client.send(call)?;
        let text = answer
            .body_mut()
            .with_config()
            .limit(16 * 1024 * 1024)
            .read_to_string()
            .map_err(|error| self.client.not_s3(&call.action, &error))?;
        quick_xml::de::from_str(&text).map_err(|error| self.client.not_s3(&call.action, &error))
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

impl<'a> Call<'a> {
    fn new(method: Method, key: Option<&'a str>, action: &str) -> Self {
        Self {
            method,
            key,
            query: Vec::new(),
            headers: Vec::new(),
            body: &[],
            action: action.to_owned(),
        }
    }

    fn query(mut self, name: &'a str, value: &str) -> Self {
        self.query.push((name, value.to_owned()));
        self
    }

    fn header(mut self, name: &'a str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

fn mode_name(mode: LockMode) -> &'static str {
    match mode {
        LockMode::Governance => "GOVERNANCE",
        LockMode::Compliance => "COMPLIANCE",
    }
}

/// When a lock set now ends, give or take some hours.
fn lock_until(lock: &ObjectLock, hours: i64) -> Timestamp {
    let hours = i64::from(lock.days) * 24 + hours;
    Timestamp::now()
        .checked_add(jiff::SignedDuration::from_hours(hours))
        .unwrap_or(Timestamp::MAX)
}

fn content_length(response: &ureq::http::Response<ureq::Body>) -> Option<u64> {
    response.headers().get("content-length")?.to_str().ok()?.parse().ok()
}
