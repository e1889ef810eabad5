//! Signing and encrypting one segment, streaming.

use std::io::{Read, Write};

use pgp::composed::{MessageBuilder, SubpacketConfig};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{Notation, Subpacket, SubpacketData};
use pgp::types::{SigningKey, Timestamp};
use rand::rngs::OsRng;

use super::PgpError;
use super::keys::{Encryptor, Recipients, Signer, SigningComponent};

/// The notation that says which place of which backup a segment belongs to.
pub(super) const PLACE: &str = "segment@galeno";

/// Size of a partial packet: what is buffered, and what gpg reads at a time.
const CHUNK: u32 = 256 * 1024;

impl Signer {
    /// Writes `source` to `sink` as an OpenPGP message that belongs to the place `name`, signed by this key and encrypted to `recipients`.
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
        let mut builder = MessageBuilder::from_reader("", source).seipd_v1(OsRng, SymmetricKeyAlgorithm::AES256);
        builder.partial_chunk_size(CHUNK).map_err(failed)?;
        for recipient in &recipients.keys {
            match recipient {
                Encryptor::Primary(key) => builder.encrypt_to_key(OsRng, key),
                Encryptor::Subkey(key) => builder.encrypt_to_key(OsRng, key),
            }
            .map_err(failed)?;
        }
        let (hash, passphrase) = (HashAlgorithm::Sha256, self.passphrase.password());
        match &self.key {
            SigningComponent::Primary(key) => {
                builder.sign_with_subpackets(key, passphrase, hash, subpackets(key, name).map_err(failed)?)
            }
            SigningComponent::Subkey(key) => {
                builder.sign_with_subpackets(key, passphrase, hash, subpackets(key, name).map_err(failed)?)
            }
        };
        builder.to_writer(OsRng, sink).map_err(failed)
    }
}

/// What the signature says besides the data: who made it, when, and which place the data belongs to. The name of a file
/// in an OpenPGP message is signed by nobody; a notation is.
fn subpackets(key: &dyn SigningKey, place: &str) -> pgp::errors::Result<SubpacketConfig> {
    let notation = Notation {
        readable: true,
        name: PLACE.into(),
        value: place.to_owned().into(),
    };
    Ok(SubpacketConfig::UserDefined {
        hashed: vec![
            Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
            Subpacket::regular(SubpacketData::SignatureCreationTime(Timestamp::now()))?,
            Subpacket::regular(SubpacketData::Notation(notation))?,
        ],
        unhashed: vec![Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?],
    })
}
