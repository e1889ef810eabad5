//! Buckets.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One S3 bucket and the right to use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Storage {
    /// `https://s3.eu-west-1.amazonaws.com`. `http://` is refused but for loopback addresses.
    pub endpoint: String,
    /// Bucket name. It must exist: the keeper never creates one.
    pub bucket: String,
    /// Region in the request's signature.
    #[serde(default = "region")]
    pub region: String,
    /// Put before every key; empty, or ends in `/`.
    #[serde(default)]
    pub prefix: String,
    /// The bucket is part of the path (true; MinIO, Ceph, most others) or of the host name (false; AWS).
    #[serde(default = "yes")]
    pub path_style: bool,
    /// PEM file of an authority to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// A file that holds the access key id.
    pub access_key_id_file: PathBuf,
    /// A file that holds the secret access key.
    pub secret_access_key_file: PathBuf,
    /// A file that holds a session token (temporary credentials).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token_file: Option<PathBuf>,
    /// Write once, read many: each object is locked when it is written, and the lock is read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_lock: Option<ObjectLock>,
}

/// S3 Object Lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ObjectLock {
    /// Whether a privileged account may still lift the lock.
    pub mode: LockMode,
    /// Days for which each object is locked, from its upload.
    #[schemars(range(min = 1, max = 36500))]
    pub days: u32,
}

/// S3 Object Lock's retention mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LockMode {
    /// Accounts with `s3:BypassGovernanceRetention` may lift it.
    Governance,
    /// Nobody may lift it.
    Compliance,
}

fn region() -> String {
    "us-east-1".to_owned()
}

fn yes() -> bool {
    true
}
