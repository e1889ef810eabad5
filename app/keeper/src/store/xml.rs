//! The few S3 documents that are read and written.

use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
pub(super) struct ListPage {
    #[serde(rename = "Contents", default)]
    pub(super) contents: Vec<Entry>,
    #[serde(rename = "IsTruncated", default)]
    pub(super) is_truncated: bool,
    #[serde(rename = "NextContinuationToken")]
    pub(super) next_continuation_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "Key")]
    pub(super) key: String,
    #[serde(rename = "Size")]
    pub(super) size: u64,
    #[serde(rename = "LastModified")]
    pub(super) last_modified: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Retention {
    #[serde(rename = "Mode")]
    pub(super) mode: String,
    #[serde(rename = "RetainUntilDate")]
    pub(super) until: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Upload {
    #[serde(rename = "UploadId")]
    pub(super) upload_id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Uploads {
    #[serde(rename = "Upload", default)]
    pub(super) uploads: Vec<OpenUpload>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OpenUpload {
    #[serde(rename = "Key")]
    pub(super) key: String,
    #[serde(rename = "UploadId")]
    pub(super) upload_id: String,
    #[serde(rename = "Initiated")]
    pub(super) initiated: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename = "CompleteMultipartUpload")]
pub(super) struct Complete {
    #[serde(rename = "Part")]
    pub(super) parts: Vec<CompletePart>,
}

#[derive(Debug, Serialize)]
pub(super) struct CompletePart {
    #[serde(rename = "PartNumber")]
    pub(super) number: u32,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
    #[serde(rename = "ChecksumSHA256")]
    pub(super) sha256: String,
}
