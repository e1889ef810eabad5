//! The API's own keys: sealing of stored secrets, message authentication, and tokens.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, Prk, Salt},
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use crate::db::Fault;

/// What a key is used for; each purpose has a key of its own, derived from the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Seals second-factor secrets and half-finished ceremonies.
    Secrets,
    /// Seals the heads of the access log.
    AccessLog,
    /// Signs prescriptions.
    Prescriptions,
    /// Marks devices that signed in before.
    Devices,
    /// Pseudonyms in research exports.
    Pseudonyms,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Secrets => b"galeno secrets v1",
            Self::AccessLog => b"galeno access log v1",
            Self::Prescriptions => b"galeno prescriptions v1",
            Self::Devices => b"galeno devices v1",
            Self::Pseudonyms => b"galeno pseudonyms v1",
        }
    }
}

/// Names a key without telling it.
pub type KeyId = [u8; 8];

struct Root {
    id: KeyId,
    prk: Prk,
}

/// All keys, the one in use first.
pub struct Keys {
    roots: Vec<Root>,
    random: SystemRandom,
}

impl Keys {
    /// Reads the key files of the configuration.
    pub fn read(files: &[PathBuf]) -> Result<Self> {
        let mut secrets = Vec::new();
        for file in files {
            let text = crate::db::secret(file)?;
            let bytes = STANDARD.decode(text.trim()).with_context(|| {
                format!(
                    "the key in {} is not base64; make one with: openssl rand -base64 32",
                    file.display()
                )
            })?;
            if bytes.len() != 32 {
                bail!(
                    "the key in {} has {} bytes, not 32; make one with: openssl rand -base64 32",
                    file.display(),
                    bytes.len()
                );
            }
            secrets.push(bytes);
        }
        if secrets.is_empty() {
            bail!("security.keyFiles names no key");
        }
        Ok(Self::from_secrets(&secrets))
    }

    /// Keys from secrets that are at hand: for tests and a developer's machine. The first is the one in use.
    pub fn from_secrets(secrets: &[Vec<u8>]) -> Self {
        let root = |secret: &Vec<u8>| {
            let mut id = KeyId::default();
            id.copy_from_slice(&digest(&SHA256, secret).as_ref()[..8]);
            Root {
                id,
                prk: Salt::new(HKDF_SHA256, b"galeno").extract(secret),
            }
        };
        Self {
            roots: secrets.iter().map(root).collect(),
            random: SystemRandom::new(),
        }
    }

    fn derive(root: &Root, purpose: Purpose) -> Result<[u8; 32], Fault> {
        let mut key = [0; 32];
        root.prk
            .expand(&[purpose.label()], HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key))
            .map_err(|_| Fault::Bug("key derivation".into()))?;
        Ok(key)
    }

    fn aead(root: &Root, purpose: Purpose) -> Result<LessSafeKey, Fault> {
        let key = UnboundKey::new(&AES_256_GCM, &Self::derive(root, purpose)?);
        Ok(LessSafeKey::new(key.map_err(|_| Fault::Bug("key".into()))?))
    }

    fn root(&self, id: &[u8]) -> Option<&Root> {
        self.roots.iter().find(|root| root.id == *id)
    }

    /// Encrypts with the key in use; `context` must be given again to open it.
    pub fn seal(&self, purpose: Purpose, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, Fault> {
        let root = self.roots.first().ok_or_else(|| Fault::Bug("no key".into()))?;
        let nonce: [u8; NONCE_LEN] = self.random()?;
        let mut body = secret.to_vec();
        Self::aead(root, purpose)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
            .map_err(|_| Fault::Bug("seal".into()))?;
        Ok([&root.id[..], &nonce, &body].concat())
    }

    /// Decrypts what [`Self::seal`] made, with whichever key made it. None: altered, or its key is gone.
    pub fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (id, rest) = sealed.split_at_checked(8)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN)?;
        let key = Self::aead(self.root(id)?, purpose).ok()?;
        let mut body = body.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = key.open_in_place(nonce, Aad::from(context), &mut body).ok()?.len();
        body.truncate(plain);
        Some(body)
    }

    /// Authenticates `data` with the key in use.
    pub fn sign(&self, purpose: Purpose, data: &[u8]) -> Result<(KeyId, [u8; 32]), Fault> {
        let root = self.roots.first().ok_or_else(|| Fault::Bug("no key".into()))?;
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &Self::derive(root, purpose)?), data);
        let mut out = [0; 32];
        out.copy_from_slice(tag.as_ref());
        Ok((root.id, out))
    }

    /// Whether `tag` is what the key named `id` gives for `data`.
    pub fn verify(&self, purpose: Purpose, id: &[u8], data: &[u8], tag: &[u8]) -> bool {
        self.root(id)
            .and_then(|root| Self::derive(root, purpose).ok())
            .is_some_and(|key| hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), data, tag).is_ok())
    }

    /// Unpredictable bytes.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        self.random
            .fill(&mut bytes)
            .map_err(|_| Fault::Bug("no randomness".into()))?;
        Ok(bytes)
    }

    /// A new bearer token: `prefix` and 256 unpredictable bits.
    pub fn token(&self, prefix: &str) -> Result<String, Fault> {
        Ok(format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(self.random::<32>()?)))
    }
}

/// SHA-256: what is stored instead of a token.
pub fn sha256(data: impl AsRef<[u8]>) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, data.as_ref()).as_ref());
    out
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

#[cfg(test)]
mod tests {
    use super::{Keys, Purpose};

    #[test]
    fn an_old_key_still_opens_and_a_changed_context_never_does() {
        let (old, new) = (vec![1; 32], vec![2; 32]);
        let sealed = Keys::from_secrets(std::slice::from_ref(&old))
            .seal(Purpose::Secrets, b"account", b"seed")
            .unwrap();
        let keys = Keys::from_secrets(&[new.clone(), old]);
        assert_eq!(keys.open(Purpose::Secrets, b"account", &sealed).unwrap(), b"seed");
        assert!(keys.open(Purpose::Secrets, b"another", &sealed).is_none());
        assert!(keys.open(Purpose::Devices, b"account", &sealed).is_none());
        assert!(
            Keys::from_secrets(&[new])
                .open(Purpose::Secrets, b"account", &sealed)
                .is_none()
        );
        assert!(keys.open(Purpose::Secrets, b"account", &sealed[..10]).is_none());
    }
}
