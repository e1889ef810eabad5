//! What is in the bucket: backups by id, each with its signed manifest and its records of verification.

mod entries;
mod id;
mod keys;
mod manifest;
mod record;

pub(crate) use entries::{Entry, State, list, read_manifest};
pub(crate) use id::{BackupId, Kind};
pub(crate) use keys::Layout;
pub(crate) use manifest::{ChainHead, Manifest, Position, Segment, StoredStream, TableSum, Timings, Versions};
pub(crate) use record::{Record, signed_get, signed_put, write_record};
