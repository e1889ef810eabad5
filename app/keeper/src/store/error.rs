//! What can go wrong with an object store, told for the person who has to mend it.

use std::time::Duration;

/// Why a request to the object store failed for good.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The object does not exist.
    #[error("{store}: there is no object `{key}`")]
    NotFound { store: String, key: String },
    /// The bucket does not exist.
    #[error("{store}: the bucket does not exist; create it (the keeper never creates one) or correct `bucket`")]
    NoSuchBucket { store: String },
    /// A conditional write found an object already there.
    #[error("{store}: `{key}` already exists and is never overwritten")]
    Exists { store: String, key: String },
    /// The credentials are wrong, or do not allow this.
    #[error("{store}: access denied ({code}) to {action}; check the access key and the bucket's policy")]
    Denied {
        store: String,
        code: String,
        action: String,
    },
    /// Temporary credentials ran out.
    #[error("{store}: the credentials have expired ({code}); renew the session token's secret")]
    Expired { store: String, code: String },
    /// The two clocks disagree.
    #[error("{store}: this machine's clock and the store's differ by {skew:?}; correct the clock (NTP) and try again")]
    ClockSkew { store: String, skew: Duration },
    /// Nothing answered well before the deadline.
    #[error("{store}: gave up to {action} after {waited:.0?} and {attempts} attempts; the last answer was: {last}")]
    Unavailable {
        store: String,
        action: String,
        waited: Duration,
        attempts: u32,
        last: String,
    },
    /// The store took the object but not the lock.
    #[error(
        "{store}: `{key}` did not get the object lock that was asked for ({detail}); enable Object Lock on the \
         bucket, or remove `objectLock` from the configuration"
    )]
    NotLocked { store: String, key: String, detail: String },
    /// Any other answer.
    #[error("{store}: could not {action}: the store answered {status} {code}: {message}")]
    Refused {
        store: String,
        action: String,
        status: u16,
        code: String,
        message: String,
    },
    /// The answer could not be understood.
    #[error("{store}: could not {action}: the answer is not S3: {detail}")]
    NotS3 {
        store: String,
        action: String,
        detail: String,
    },
    /// The configuration cannot be used.
    #[error("object storage: {0}")]
    Configuration(String),
    /// The sink or source of the bytes failed, not the store.
    #[error("{0}")]
    Local(String),
}

impl StoreError {
    /// Whether this says that the object is not there (and the store is fine).
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
