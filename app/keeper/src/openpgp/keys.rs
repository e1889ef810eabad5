//! The keys that the configuration names, read and judged before any work begins.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use galeno_contract::backup::OpenPgp;
use pgp::composed::{Deserializable as _, SignedPublicKey, SignedSecretKey};
use pgp::packet::{PublicKey, PublicSubkey, SecretKey, SecretSubkey, Signature};
use pgp::types::{KeyDetails as _, Password, Timestamp};

use super::PgpError;
use super::policy::{Component, Usable, usable_keys};

/// How far a signature's date may be ahead of this machine's clock.
const TOLERATED_SKEW: u32 = 15 * 60;

/// Whom a backup is encrypted to.
#[derive(Debug, Clone)]
pub(crate) struct Recipients {
    pub(super) keys: Vec<Encryptor>,
    /// Fingerprints of the certificates, upper-case hexadecimal.
    pub(crate) fingerprints: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) enum Encryptor {
    Primary(PublicKey),
    Subkey(PublicSubkey),
}

/// The key that signs.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(super) key: SigningComponent,
    pub(super) passphrase: Passphrase,
    /// Fingerprint of the certificate, upper-case hexadecimal.
    pub(crate) fingerprint: String,
}

#[derive(Debug)]
pub(super) enum SigningComponent {
    Primary(SecretKey),
    Subkey(SecretSubkey),
}

/// The keys that decrypt.
#[derive(Debug)]
pub(crate) struct Decryptor {
    pub(super) keys: Vec<SignedSecretKey>,
    pub(super) passphrase: Passphrase,
}

/// What opens a private key; empty for a key without protection.
#[derive(Clone)]
pub(super) struct Passphrase(String);

impl Passphrase {
    pub(super) fn password(&self) -> Password {
        Password::from(self.0.as_str())
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Passphrase(…)")
    }
}

/// Whose signatures are believed.
#[derive(Debug, Clone)]
pub(crate) struct Trusted {
    signers: Vec<(String, Vec<Usable>)>,
}

impl Recipients {
    /// Every certificate in every file must have a key that may be encrypted to now: nobody is silently left out.
    pub(crate) fn load(config: &OpenPgp) -> Result<Self, PgpError> {
        let mut recipients = Self {
            keys: Vec::new(),
            fingerprints: Vec::new(),
        };
        for path in &config.recipient_files {
            for certificate in certificates(path)? {
                recipients.keys.push(encryptor(&certificate, path)?);
                recipients.fingerprints.push(fingerprint(&certificate));
            }
        }
        if recipients.keys.is_empty() {
            let path = config
                .recipient_files
                .first()
                .cloned()
                .unwrap_or_else(|| "recipientFiles".into());
            return Err(PgpError::NoUsableKey {
                path,
                purpose: "encrypt",
                reason: "there is none".to_owned(),
            });
        }
        Ok(recipients)
    }
}

fn encryptor(certificate: &SignedPublicKey, path: &Path) -> Result<Encryptor, PgpError> {
    let now = Timestamp::now().as_secs();
    let keys = usable_keys(certificate);
    let newest = keys
        .iter()
        .filter(|key| key.may_encrypt && key.validity.contains(now))
        .max_by_key(|key| (matches!(key.component, Component::Subkey(_)), key.validity.from));
    match newest.map(|key| key.component.clone()) {
        Some(Component::Primary(key)) => Ok(Encryptor::Primary(key)),
        Some(Component::Subkey(key)) => Ok(Encryptor::Subkey(key)),
        None => Err(PgpError::NoUsableKey {
            path: path.to_owned(),
            purpose: "be encrypted to",
            reason: why_none(&keys, now),
        }),
    }
}

impl Signer {
    /// Reads the signing key and proves that its passphrase opens it.
    pub(crate) fn load(config: &OpenPgp) -> Result<Self, PgpError> {
        let path = named(config.signing_key_file.as_ref(), "signingKeyFile")?;
        let passphrase = passphrase(config.signing_passphrase_file.as_deref())?;
        let now = Timestamp::now().as_secs();
        let mut reason = "there is no private key".to_owned();
        for secret in secrets(path)? {
            let certificate = secret.to_public_key();
            let keys = usable_keys(&certificate);
            let mut candidates: Vec<&Usable> = keys
                .iter()
                .filter(|key| key.may_sign && key.validity.contains(now))
                .collect();
            candidates.sort_by_key(|key| {
                std::cmp::Reverse((matches!(key.component, Component::Subkey(_)), key.validity.from))
            });
            reason = why_none(&keys, now);
            for candidate in candidates {
                let Some(key) = SigningComponent::find(&secret, &candidate.component) else {
                    continue;
                };
                let signer = Self {
                    key,
                    passphrase: passphrase.clone(),
                    fingerprint: fingerprint(&certificate),
                };
                match signer.detached("a probe", b"") {
                    Ok(_) => return Ok(signer),
                    // An offline primary key: only its public half is in the file.
                    Err(_) if matches!(signer.key, SigningComponent::Primary(_)) => {}
                    Err(_) => return Err(PgpError::Passphrase { path: path.clone() }),
                }
            }
        }
        Err(PgpError::NoUsableKey {
            path: path.clone(),
            purpose: "sign",
            reason,
        })
    }
}

impl SigningComponent {
    fn find(secret: &SignedSecretKey, component: &Component) -> Option<Self> {
        match component {
            Component::Primary(_) => Some(Self::Primary(secret.primary_key.clone())),
            Component::Subkey(key) => secret
                .secret_subkeys
                .iter()
                .find(|subkey| subkey.key.fingerprint() == key.fingerprint())
                .map(|subkey| Self::Subkey(subkey.key.clone())),
        }
    }
}

impl Decryptor {
    /// Reads the private keys; whether they fit shows only with a message.
    pub(crate) fn load(config: &OpenPgp) -> Result<Self, PgpError> {
        let path = named(config.decryption_key_file.as_ref(), "decryptionKeyFile")?;
        let keys = secrets(path)?;
        if keys.is_empty() {
            let reason = "there is no private key".to_owned();
            return Err(PgpError::NoUsableKey {
                path: path.clone(),
                purpose: "decrypt",
                reason,
            });
        }
        Ok(Self {
            keys,
            passphrase: passphrase(config.decryption_passphrase_file.as_deref())?,
        })
    }

    /// Fingerprints for messages.
    pub(super) fn names(&self) -> String {
        self.keys
            .iter()
            .map(|key| fingerprint(&key.to_public_key()))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl Trusted {
    /// Reads the trusted signers' certificates.
    pub(crate) fn load(config: &OpenPgp) -> Result<Self, PgpError> {
        let mut signers = Vec::new();
        for path in &config.trusted_signer_files {
            for certificate in certificates(path)? {
                let keys: Vec<Usable> = usable_keys(&certificate)
                    .into_iter()
                    .filter(|key| key.may_sign)
                    .collect();
                signers.push((fingerprint(&certificate), keys));
            }
        }
        if signers.iter().all(|(_, keys)| keys.is_empty()) {
            let path = config
                .trusted_signer_files
                .first()
                .cloned()
                .unwrap_or_else(|| "trustedSignerFiles".into());
            let reason = "it is no signing key, or it was revoked".to_owned();
            return Err(PgpError::NoUsableKey {
                path,
                purpose: "be believed",
                reason,
            });
        }
        Ok(Self { signers })
    }

    /// Finds the trusted key that made `signature`, by letting `check` try each; then judges whether it was valid.
    /// Returns the signer's fingerprint.
    pub(super) fn judge(
        &self,
        what: &str,
        signature: &Signature,
        check: impl Fn(&Component) -> Result<(), pgp::errors::Error>,
    ) -> Result<String, PgpError> {
        let issuer = issuer(signature);
        let candidates = self
            .signers
            .iter()
            .flat_map(|(name, keys)| keys.iter().map(move |key| (name, key)));
        let mut failure = None;
        for (name, key) in candidates.filter(|(_, key)| is_issuer(signature, &key.component)) {
            match check(&key.component) {
                Ok(()) => return judge_time(what, signature, name, key),
                Err(error) => failure = Some(error.to_string()),
            }
        }
        match failure {
            Some(reason) => Err(PgpError::BadSignature {
                what: what.to_owned(),
                reason,
            }),
            None => Err(PgpError::Stranger {
                what: what.to_owned(),
                signer: issuer,
                trusted: self.names(),
            }),
        }
    }

    fn names(&self) -> String {
        self.signers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn judge_time(what: &str, signature: &Signature, name: &str, key: &Usable) -> Result<String, PgpError> {
    let refuse = |at: String, reason: &str| {
        let (what, signer, reason) = (what.to_owned(), name.to_owned(), reason.to_owned());
        Err(PgpError::NotValidThen {
            what,
            at,
            signer,
            reason,
        })
    };
    let Some(created) = signature.created().map(pgp::types::Timestamp::as_secs) else {
        return refuse("an unknown time".to_owned(), "is not believed without a date");
    };
    let at = jiff::Timestamp::from_second(i64::from(created))
        .map(|at| at.to_string())
        .unwrap_or_default();
    if created > Timestamp::now().as_secs().saturating_add(TOLERATED_SKEW) {
        return refuse(
            at,
            "is in the future: correct the clock of this machine or of the one that signed",
        );
    }
    if !key.validity.contains(created) {
        return refuse(at, "was not valid then (expired, or not made yet)");
    }
    Ok(name.to_owned())
}

fn is_issuer(signature: &Signature, component: &Component) -> bool {
    let (fingerprint, id) = match component {
        Component::Primary(key) => (key.fingerprint(), key.legacy_key_id()),
        Component::Subkey(key) => (key.fingerprint(), key.legacy_key_id()),
    };
    let fingerprints = signature.issuer_fingerprint();
    if fingerprints.is_empty() {
        signature.issuer_key_id().contains(&&id)
    } else {
        fingerprints.contains(&&fingerprint)
    }
}

fn issuer(signature: &Signature) -> String {
    if let Some(fingerprint) = signature.issuer_fingerprint().first() {
        return format!("{fingerprint:X}");
    }
    signature
        .issuer_key_id()
        .first()
        .map_or_else(|| "an unnamed key".to_owned(), |id| id.to_string().to_uppercase())
}

fn why_none(keys: &[Usable], now: u32) -> String {
    let end = keys
        .iter()
        .filter_map(|key| key.validity.until)
        .filter(|&until| until <= now)
        .max();
    match end.and_then(|end| jiff::Timestamp::from_second(i64::from(end)).ok()) {
        Some(end) => format!("it expired at {end}"),
        None if keys.is_empty() => "it was revoked, or has no valid self-signature".to_owned(),
        None => "none has that flag".to_owned(),
    }
}

fn named<'p>(path: Option<&'p PathBuf>, field: &'static str) -> Result<&'p PathBuf, PgpError> {
    path.ok_or_else(|| PgpError::KeyFile {
        path: format!("openpgp.{field}").into(),
        reason: "the configuration names none, and this command needs it".to_owned(),
    })
}

fn fingerprint(certificate: &SignedPublicKey) -> String {
    format!("{:X}", certificate.primary_key.fingerprint())
}

fn passphrase(path: Option<&Path>) -> Result<Passphrase, PgpError> {
    let Some(path) = path else {
        return Ok(Passphrase(String::new()));
    };
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    Ok(Passphrase(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn certificates(path: &Path) -> Result<Vec<SignedPublicKey>, PgpError> {
    let bytes = read(path)?;
    let keys = SignedPublicKey::from_reader_many(bytes.as_slice()).and_then(|(keys, _)| keys.collect());
    keys.map_err(|error| unreadable(path, &error))
}

fn secrets(path: &Path) -> Result<Vec<SignedSecretKey>, PgpError> {
    let bytes = read(path)?;
    let keys = SignedSecretKey::from_reader_many(bytes.as_slice()).and_then(|(keys, _)| keys.collect());
    keys.map_err(|error| unreadable(path, &error))
}

fn read(path: &Path) -> Result<Vec<u8>, PgpError> {
    fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &dyn fmt::Display) -> PgpError {
    PgpError::KeyFile {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
