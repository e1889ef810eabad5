//! How a backup is encrypted, signed, compressed and sent.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// OpenPGP keys. Every file may be armored or binary and may hold several certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OpenPgp {
    /// Public certificates that every backup is encrypted to: operations and the offline escrow, for example.
    pub recipient_files: Vec<PathBuf>,
    /// Public certificates whose signatures are believed.
    pub trusted_signer_files: Vec<PathBuf>,
    /// The private key that signs. Only in Jobs that write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key_file: Option<PathBuf>,
    /// A file that holds the signing key's passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_passphrase_file: Option<PathBuf>,
    /// The private key that decrypts. Only in Jobs that restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decryption_key_file: Option<PathBuf>,
    /// A file that holds the decryption key's passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decryption_passphrase_file: Option<PathBuf>,
}

/// How the stream is compressed, cut and sent. Memory grows with `segmentMebibytes` and `workers` when restoring, and
/// with `partMebibytes`, `workers` and `uploads` when backing up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Stream {
    /// Size of a segment before encryption, in MiB. Nothing of a segment is used before all of it is verified.
    #[schemars(range(min = 1, max = 128))]
    pub segment_mebibytes: u32,
    /// Zstandard level.
    #[schemars(range(min = 1, max = 19))]
    pub compression_level: u8,
    /// Threads that compress, and threads that encrypt. 0: as many as there are processors, at most 4.
    #[schemars(range(max = 16))]
    pub workers: u8,
    /// Requests to S3 at the same time.
    #[schemars(range(min = 1, max = 16))]
    pub uploads: u8,
    /// Size of one part of a multipart upload, in MiB.
    #[schemars(range(min = 5, max = 64))]
    pub part_mebibytes: u32,
    /// Copying threads of mariadb-backup.
    #[schemars(range(min = 1, max = 16))]
    pub copy_threads: u8,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            segment_mebibytes: 64,
            compression_level: 1,
            workers: 0,
            uploads: 4,
            part_mebibytes: 8,
            copy_threads: 2,
        }
    }
}
