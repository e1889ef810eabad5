//! OpenPGP: every segment is a message of its own, signed and encrypted, that plain `gpg --decrypt` verifies and opens;
//! every manifest and record has a detached signature.
//!
//! The cryptography is rPGP's. What is here is policy, which rPGP leaves to its users: which keys of a certificate may
//! sign or be encrypted to, whether they were valid at the time, and whose signatures are believed.

mod detached;
mod keys;
mod open;
mod policy;
mod seal;

pub(crate) use keys::{Decryptor, Recipients, Signer, Trusted};

use std::path::PathBuf;

/// Why something OpenPGP was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PgpError {
    /// A key file cannot be read.
    #[error("cannot read the key file {}: {reason}", path.display())]
    KeyFile { path: PathBuf, reason: String },
    /// A key file holds no key that can do what is asked.
    #[error("{}: no key in it may {purpose} now: {reason}", path.display())]
    NoUsableKey {
        path: PathBuf,
        purpose: &'static str,
        reason: String,
    },
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the private key in {}", path.display())]
    Passphrase { path: PathBuf },
    /// Nobody signed it.
    #[error("{what} has no signature")]
    Unsigned { what: String },
    /// Somebody signed it who is not trusted.
    #[error("{what} is signed by {signer}, which is none of the trusted signers ({trusted})")]
    Stranger {
        what: String,
        signer: String,
        trusted: String,
    },
    /// The signature does not fit the data.
    #[error("{what} was changed after it was signed, or the signature is damaged: {reason}")]
    BadSignature { what: String, reason: String },
    /// The signing key was not valid when it signed.
    #[error("{what} was signed at {at} by {signer}, which {reason}")]
    NotValidThen {
        what: String,
        at: String,
        signer: String,
        reason: String,
    },
    /// It is encrypted to other keys.
    #[error("{what} cannot be decrypted with the key {have}: it is encrypted to {recipients}")]
    WrongKey {
        what: String,
        have: String,
        recipients: String,
    },
    /// The message is broken.
    #[error("{what} is damaged or not an OpenPGP message: {reason}")]
    Damaged { what: String, reason: String },
    /// The message is a good one, but for another place.
    #[error("{what} belongs to {found:?}: it was moved from there")]
    Misplaced { what: String, found: String },
    /// Writing failed.
    #[error("could not sign or encrypt {what}: {reason}")]
    Write { what: String, reason: String },
}
