//! Multipart uploads: many parts at a time, each checked by the store, all of them or nothing.

use base64::Engine as _;
use jiff::Timestamp;
use rusty_s3::Method;
use sha2::{Digest, Sha256};

use super::{Bucket, Call, Sha256Digest, StoreError, xml};

/// A multipart upload that was begun. Unless it is completed, dropping it aborts it.
#[derive(Debug)]
pub(crate) struct Multipart<'b> {
    bucket: &'b Bucket,
    key: String,
    upload_id: String,
    open: bool,
}

/// One part that the store has taken.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    number: u32,
    etag: String,
    sha256: String,
}

impl<'b> Multipart<'b> {
    pub(super) fn begin(bucket: &'b Bucket, key: &str) -> Result<Self, StoreError> {
        let full = bucket.full(key);
        let mut call = Call::new(Method::Post, Some(&full), &format!("begin to write `{key}`")).query("uploads", "");
        call = call.header("x-amz-checksum-algorithm", "SHA256".to_owned());
        call.headers.extend(bucket.lock_headers());
        call.headers.sort();
        let upload: xml::Upload = bucket.read_xml(&call).map_err(|error| match error {
            StoreError::Refused { .. } if bucket.lock.is_some() => bucket.not_locked(key, &error),
            error => error,
        })?;
        Ok(Self {
            bucket,
            key: key.to_owned(),
            upload_id: upload.upload_id,
            open: true,
        })
    }

    /// Sends one part; parts may be sent from several threads at once.
    pub(crate) fn send(&self, number: u32, body: &[u8]) -> Result<Part, StoreError> {
        let full = self.bucket.full(&self.key);
        let sha256 = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(body));
        let action = format!("write part {number} of `{}`", self.key);
        let mut call = Call::new(Method::Put, Some(&full), &action)
            .query("partNumber", &number.to_string())
            .query("uploadId", &self.upload_id)
            .header("x-amz-checksum-sha256", sha256.clone());
        call.body = body;
        let answer = self.bucket.client.send(&call)?;
        let etag = answer.headers().get("etag").and_then(|etag| etag.to_str().ok());
        let etag = etag
            .ok_or_else(|| self.bucket.client.not_s3(&action, &"a part without an ETag"))?
            .to_owned();
        Ok(Part { number, etag, sha256 })
    }

    /// Makes the parts one object, if nobody has written that key meanwhile. `sha256` and `size` are those of all the
    /// parts together: where the store's answer was lost, they tell whether the object is ours.
    pub(crate) fn complete(mut self, mut parts: Vec<Part>, size: u64, sha256: &Sha256Digest) -> Result<(), StoreError> {
        parts.sort_by_key(|part| part.number);
        let parts = parts
            .into_iter()
            .map(|part| xml::CompletePart {
                number: part.number,
                etag: part.etag,
                sha256: part.sha256,
            })
            .collect();
        let action = format!("finish writing `{}`", self.key);
        let body = quick_xml::se::to_string(&xml::Complete { parts })
            .map_err(|error| self.bucket.client.not_s3(&action, &error))?;
        let full = self.bucket.full(&self.key);
        let mut call = Call::new(Method::Post, Some(&full), &action)
            .query("uploadId", &self.upload_id)
            .header("if-none-match", "*".to_owned());
        call.body = body.as_bytes();
        match self.finish(&call) {
            Ok(()) => {}
            Err(error) if self.is_ours(&error, size, sha256)? => {}
            Err(error) => return Err(error),
        }
        self.open = false;
        self.bucket.check_lock(&self.key)
    }

    /// S3 may answer 200 before it knows, and say in the body that it failed.
    fn finish(&self, call: &Call<'_>) -> Result<(), StoreError> {
        let mut answer = self.bucket.client.send(call)?;
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|error| self.bucket.client.not_s3(&call.action, &error))?;
        if text.contains("<CompleteMultipartUploadResult") {
            return Ok(());
        }
        let message = text.chars().take(200).collect();
        let (store, action) = (self.bucket.client.name.clone(), call.action.clone());
        Err(StoreError::Refused {
            store,
            action,
            status: 200,
            code: "failed later".to_owned(),
            message,
        })
    }

    /// Whether the object that is there now is this upload: true only after an attempt whose answer never came.
    fn is_ours(&self, error: &StoreError, size: u64, sha256: &Sha256Digest) -> Result<bool, StoreError> {
        let gone = matches!(error, StoreError::Refused { code, .. } if code == "NoSuchUpload");
        if !gone && !matches!(error, StoreError::Exists { .. } | StoreError::NotFound { .. }) {
            return Ok(false);
        }
        match self.bucket.digest(&self.key) {
            Ok((there, digest)) => Ok(there == size && digest == *sha256),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn abort(&self) -> Result<(), StoreError> {
        self.bucket.abort_upload(&self.key, &self.upload_id)
    }
}

impl Drop for Multipart<'_> {
    fn drop(&mut self) {
        if self.open
            && let Err(error) = self.abort()
        {
            tracing::warn!(key = %self.key, %error, "an unfinished upload is left; the next prune removes it");
        }
    }
}

/// An upload that somebody began and never ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenUpload {
    /// Without the configured prefix.
    pub(crate) key: String,
    pub(crate) upload_id: String,
    pub(crate) initiated: Option<Timestamp>,
}

impl Bucket {
    /// Uploads under `prefix` that are neither completed nor aborted.
    pub(crate) fn open_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        let full = self.full(prefix);
        let action = format!("list unfinished uploads of `{prefix}`");
        let call = Call::new(Method::Get, None, &action)
            .query("prefix", &full)
            .query("uploads", "");
        let list: xml::Uploads = self.read_xml(&call)?;
        Ok(list
            .uploads
            .into_iter()
            .filter_map(|upload| {
                let key = upload.key.strip_prefix(&self.prefix)?.to_owned();
                let initiated = upload.initiated.and_then(|at| at.parse().ok());
                Some(OpenUpload {
                    key,
                    upload_id: upload.upload_id,
                    initiated,
                })
            })
            .collect())
    }

    /// Ends an upload and frees its parts; one that is not there is fine.
    pub(crate) fn abort_upload(&self, key: &str, upload_id: &str) -> Result<(), StoreError> {
        let full = self.full(key);
        let call = Call::new(Method::Delete, Some(&full), &format!("abort the upload of `{key}`"))
            .query("uploadId", upload_id);
        match self.client.send(&call) {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(StoreError::Refused { code, .. }) if code == "NoSuchUpload" => Ok(()),
            Err(error) => Err(error),
        }
    }
}
