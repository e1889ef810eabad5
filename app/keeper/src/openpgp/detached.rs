//! Detached signatures, as `gpg --verify FILE.asc FILE` checks them.

use pgp::composed::{ArmorOptions, Deserializable as _, DetachedSignature};
use pgp::crypto::hash::HashAlgorithm;
use rand::rngs::OsRng;

use super::keys::{Signer, SigningComponent, Trusted};
use super::policy::Component;
use super::{PgpError, open};

impl Signer {
    /// An armored detached signature over `data`. `what` is for messages.
    pub(crate) fn detached(&self, what: &str, data: &[u8]) -> Result<String, PgpError> {
        let (hash, passphrase) = (HashAlgorithm::Sha256, &self.passphrase.password());
        let signature = match &self.key {
            SigningComponent::Primary(key) => DetachedSignature::sign_binary_data(OsRng, key, passphrase, hash, data),
            SigningComponent::Subkey(key) => DetachedSignature::sign_binary_data(OsRng, key, passphrase, hash, data),
        };
        signature
            .and_then(|signature| signature.to_armored_string(ArmorOptions::default()))
            .map_err(|error| PgpError::Write {
                what: what.to_owned(),
                reason: error.to_string(),
            })
    }
}

impl Trusted {
    /// Checks a detached signature; returns the signer's fingerprint.
    pub(crate) fn verify_detached(&self, what: &str, data: &[u8], armored: &[u8]) -> Result<String, PgpError> {
        if armored.trim_ascii().is_empty() {
            return Err(PgpError::Unsigned { what: what.to_owned() });
        }
        let damaged = |reason: String| PgpError::BadSignature {
            what: what.to_owned(),
            reason,
        };
        let (signature, _) =
            DetachedSignature::from_reader_single(armored).map_err(|error| damaged(error.to_string()))?;
        open::strong_hash(what, &signature.signature)?;
        self.judge(what, &signature.signature, |component| match component {
            Component::Primary(key) => signature.verify(key, data),
            Component::Subkey(key) => signature.verify(key, data),
        })
    }
}
