//! Opening one segment: everything is checked before anything is handed out.

use std::io::{BufReader, Read};

use pgp::composed::{DecryptionOptions, Esk, Message, TheRing};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::Signature;
use pgp::types::{PkeskVersion, Seipdv1ReadMode};

use super::PgpError;
use super::keys::{Decryptor, Trusted};
use super::policy::Component;
use super::seal::PLACE;

/// A message whose integrity, signature and signer have been checked.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The whole content.
    pub(crate) data: Vec<u8>,
    /// The place that its signature says it belongs to; empty if it says none.
    pub(crate) place: String,
}

impl Decryptor {
    /// Decrypts `source` and checks its signature. The content, at most `limit` bytes, is returned only when all of it
    /// is right. `what` is for messages.
    pub(crate) fn open(
        &self,
        what: &str,
        source: impl Read + std::fmt::Debug + Send,
        limit: usize,
        trusted: &Trusted,
    ) -> Result<Opened, PgpError> {
        let damaged = |reason: String| PgpError::Damaged {
            what: what.to_owned(),
            reason,
        };
        let message =
            Message::from_bytes(BufReader::with_capacity(64 * 1024, source)).map_err(|e| damaged(e.to_string()))?;
        if !message.is_encrypted() {
            return Err(damaged("it is not encrypted".to_owned()));
        }
        let recipients = recipients(&message);
        let password = self.passphrase.password();
        let ring = TheRing {
            secret_keys: self.keys.iter().collect(),
            key_passwords: vec![&password; self.keys.len()],
            // Nothing leaves this function before the end of the message was reached and checked, so the library need
            // not hold a second copy of it.
            decrypt_options: DecryptionOptions::new().set_seipdv1_read_mode(Seipdv1ReadMode::Streaming),
            ..Default::default()
        };
        let (mut message, _) = message.decrypt_the_ring(ring, true).map_err(|error| match error {
            pgp::errors::Error::MissingKey => PgpError::WrongKey {
                what: what.to_owned(),
                have: self.names(),
                recipients: recipients.clone(),
            },
            other => damaged(other.to_string()),
        })?;
        if !message.is_signed() {
            return Err(PgpError::Unsigned { what: what.to_owned() });
        }
        let mut data = Vec::with_capacity(limit.min(128 << 20));
        let most = limit as u64 + 1;
        (&mut message)
            .take(most)
            .read_to_end(&mut data)
            .map_err(|error| damaged(error.to_string()))?;
        if data.len() > limit {
            return Err(damaged(format!(
                "it holds more than the {limit} bytes that its manifest says"
            )));
        }
        let Message::Signed { reader, .. } = &message else {
            return Err(PgpError::Unsigned { what: what.to_owned() });
        };
        if reader.num_signatures() != 1 {
            return Err(damaged(format!(
                "it has {} signatures instead of one",
                reader.num_signatures()
            )));
        }
        let signature = reader
            .signature(0)
            .ok_or_else(|| damaged("its signature is cut off".to_owned()))?;
        strong_hash(what, signature)?;
        trusted.judge(what, signature, |component| match component {
            Component::Primary(key) => message.verify(key).map(drop),
            Component::Subkey(key) => message.verify(key).map(drop),
        })?;
        let place = signature
            .notations()
            .into_iter()
            .find(|notation| notation.name.as_ref() == PLACE.as_bytes());
        let place = place
            .map(|notation| String::from_utf8_lossy(&notation.value).into_owned())
            .unwrap_or_default();
        Ok(Opened { data, place })
    }
}

/// Refuses signatures over hashes that can be forged.
pub(super) fn strong_hash(what: &str, signature: &Signature) -> Result<(), PgpError> {
    match signature.hash_alg() {
        Some(
            HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512,
        ) => Ok(()),
        other => Err(PgpError::BadSignature {
            what: what.to_owned(),
            reason: format!("the hash {other:?} is too weak"),
        }),
    }
}

fn recipients(message: &Message<'_>) -> String {
    let Message::Encrypted { esk, .. } = message else {
        return String::new();
    };
    let names: Vec<String> = esk
        .iter()
        .filter_map(|esk| match esk {
            Esk::PublicKeyEncryptedSessionKey(key) if key.version() == PkeskVersion::V3 => {
                key.id().ok().map(|id| id.to_string().to_uppercase())
            }
            _ => None,
        })
        .collect();
    names.join(", ")
}
