//! The ledger of restores: append-only, one file a restore.

use crate::spec::RestoreRequest;

/// The requests of one environment, by number, without gaps.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Its entries, the first is generation 1.
    pub entries: Vec<LedgerEntry>,
}

/// One request with the file it stands in.
#[derive(Clone, Debug)]
pub struct LedgerEntry {
    /// The file, as a person would type it.
    pub file: String,
    /// What it asks for.
    pub request: RestoreRequest,
    /// SHA-256 of the file's bytes, in hexadecimal.
    pub digest: String,
}
