//! The signed manifest: what a backup is. A backup without one does not exist.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{BackupId, Kind};

/// The only format there is so far. A reader refuses what it does not know.
pub(crate) const FORMAT: u32 = 1;

/// Everything about one backup. Written last, signed, never overwritten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) id: BackupId,
    pub(crate) kind: Kind,
    /// The environment's name.
    pub(crate) cluster: String,
    pub(crate) generation: u32,
    /// The member that was copied.
    pub(crate) member: String,
    pub(crate) started_at: Timestamp,
    pub(crate) completed_at: Timestamp,
    pub(crate) position: Position,
    pub(crate) versions: Versions,
    /// The git revision that ran, where somebody knew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) git_revision: Option<String>,
    /// Bytes of the data directory: what a restore needs on disk.
    pub(crate) database_bytes: u64,
    /// The database: mbstream, compressed.
    pub(crate) data: StoredStream,
    /// The configuration of a snapshot: tar, compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) configuration: Option<StoredStream>,
    /// Rows and checksums of every table of an application, at exactly the backup's position.
    pub(crate) tables: Vec<TableSum>,
    /// The last line of each chain of the access log, at exactly the backup's position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) access_log: Vec<ChainHead>,
    /// Fingerprint of the certificate that signed.
    pub(crate) signer: String,
    /// Fingerprints of the certificates that can read.
    pub(crate) recipients: Vec<String>,
    pub(crate) timings: Timings,
}

/// Where in the cluster's history the backup stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Position {
    /// `wsrep_cluster_state_uuid`.
    pub(crate) state_uuid: String,
    /// Galera's sequence number.
    pub(crate) seqno: i64,
    /// `gtid_binlog_pos`; empty where the server writes no binary log.
    pub(crate) gtid: String,
}

/// Which programs made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Versions {
    /// `10.11.19-MariaDB-…`.
    pub(crate) server: String,
    pub(crate) mariadb_backup: String,
    pub(crate) keeper: String,
}

/// A stream, cut into segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct StoredStream {
    /// Always `zstd`.
    pub(crate) compression: String,
    /// Bytes before compression.
    pub(crate) bytes: u64,
    /// In order.
    pub(crate) segments: Vec<Segment>,
}

/// One OpenPGP message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Segment {
    /// Key below the backup's folder, `data/000017.pgp`; also the file name inside the message, after the id.
    pub(crate) name: String,
    /// Bytes of the object.
    pub(crate) size: u64,
    /// SHA-256 of the object, hexadecimal.
    pub(crate) sha256: String,
    /// Bytes inside the message.
    pub(crate) content: u64,
}

/// One table at the backup's position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TableSum {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) rows: u64,
    /// `CHECKSUM TABLE`.
    pub(crate) checksum: u64,
}

/// The head of one chain of the access log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChainHead {
    pub(crate) schema: String,
    /// Hexadecimal.
    pub(crate) organization: String,
    pub(crate) lane: u32,
    /// Lines in the lane.
    pub(crate) seq: u64,
    /// Of the last line, hexadecimal.
    pub(crate) hash: String,
}

/// How long the parts of the backup took, in milliseconds (whole numbers: they are compared after they were read back).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Timings {
    /// Copying, compressing, encrypting and sending, which happen at once.
    pub(crate) stream: u64,
    /// Counting and checksumming.
    pub(crate) tables: u64,
    pub(crate) total: u64,
}

impl StoredStream {
    /// Bytes of all objects.
    pub(crate) fn stored(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }
}

impl Manifest {
    /// Bytes of all objects.
    pub(crate) fn stored(&self) -> u64 {
        self.data.stored() + self.configuration.as_ref().map_or(0, StoredStream::stored)
    }
}
