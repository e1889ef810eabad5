//! Signing and encrypting one segment, streaming.

use std::io::{Read, Write};

use pgp::composed::MessageBuilder;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use rand::rngs::OsRng;

use super::PgpError;
use super::keys::{Encryptor, Recipients, Signer, SigningComponent};

/// Size of a partial packet: what is buffered, and what gpg reads at a time.
const CHUNK: u32 = 256 * 1024;

impl Signer {
    /// Writes `source` to `sink` as an OpenPGP message named `name`, signed by this key and encrypted to `recipients`.
    /// It is what `gpg --sign --encrypt` makes without compression: AES-256 with modification detection (`SEIPDv1`, which
    /// every `GnuPG` reads), SHA-256.
    pub(crate) fn seal(
        &self,
        name: &str,
        recipients: &Recipients,
        source: impl Read,
        sink: impl Write,
    ) -> Result<(), PgpError> {
        let failed = |error: pgp::errors::Error| PgpError::Write {
            what: name.to_owned(),
            reason: error.to_string(),
        };
        let mut builder =
            MessageBuilder::from_reader(name.to_owned(), source).seipd_v1(OsRng, SymmetricKeyAlgorithm::AES256);
        builder.partial_chunk_size(CHUNK).map_err(failed)?;
        for recipient in &recipients.keys {
            match recipient {
                Encryptor::Primary(key) => builder.encrypt_to_key(OsRng, key),
                Encryptor::Subkey(key) => builder.encrypt_to_key(OsRng, key),
            }
            .map_err(failed)?;
        }
        let passphrase = self.passphrase.password();
        match &self.key {
            SigningComponent::Primary(key) => builder.sign(key, passphrase, HashAlgorithm::Sha256),
            SigningComponent::Subkey(key) => builder.sign(key, passphrase, HashAlgorithm::Sha256),
        };
        builder.to_writer(OsRng, sink).map_err(failed)
    }
}
