//! Which keys of a certificate may do what, and when (RFC 9580, section 5.2.3 and 10.1).

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{PublicKey, PublicSubkey, RevocationCode, Signature, SignatureType};
use pgp::types::{KeyDetails as _, Tag};

/// Seconds since the epoch, as OpenPGP counts.
pub(super) type Seconds = u32;

/// The span in which a key is good: from its creation until it expires or is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: Seconds,
    /// `None`: no end.
    pub(super) until: Option<Seconds>,
}

impl Validity {
    pub(super) fn contains(self, at: Seconds) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    fn and(self, other: Self) -> Self {
        let until = match (self.until, other.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            from: self.from.max(other.from),
            until,
        }
    }
}

/// A key of a certificate.
#[derive(Debug, Clone)]
pub(super) enum Component {
    Primary(PublicKey),
    Subkey(PublicSubkey),
}

/// A key of a certificate with what its owner says about it.
#[derive(Debug, Clone)]
pub(super) struct Usable {
    pub(super) component: Component,
    pub(super) validity: Validity,
    pub(super) may_sign: bool,
    pub(super) may_encrypt: bool,
}

/// Every key of `certificate` that is bound to it by a good signature of its owner and not revoked for good. Signatures
/// that do not verify are ignored, as if they were not there.
pub(super) fn usable_keys(certificate: &SignedPublicKey) -> Vec<Usable> {
    let Some(primary) = primary(certificate) else {
        return Vec::new();
    };
    let mut usable: Vec<Usable> = certificate
        .public_subkeys
        .iter()
        .filter_map(|subkey| subkey_of(certificate, subkey, &primary))
        .collect();
    usable.push(primary);
    usable
}

fn primary(certificate: &SignedPublicKey) -> Option<Usable> {
    let key = &certificate.primary_key;
    let direct = certificate
        .details
        .direct_signatures
        .iter()
        .filter(|signature| signature.verify_key(key).is_ok());
    let users = certificate.details.users.iter().flat_map(|user| {
        user.signatures.iter().filter(|signature| {
            signature.is_certification() && signature.verify_certification(key, Tag::UserId, &user.id).is_ok()
        })
    });
    let newest = newest(direct.chain(users))?;
    let revocations = certificate
        .details
        .revocation_signatures
        .iter()
        .filter(|signature| signature.verify_key(key).is_ok());
    let created = key.created_at().as_secs();
    let validity = Validity {
        from: created,
        until: end(created, newest),
    }
    .and(revoked(revocations)?);
    let flags = newest.key_flags();
    Some(Usable {
        component: Component::Primary(key.clone()),
        validity,
        may_sign: flags.sign(),
        may_encrypt: flags.encrypt_comms() || flags.encrypt_storage(),
    })
}

fn subkey_of(certificate: &SignedPublicKey, subkey: &SignedPublicSubKey, primary: &Usable) -> Option<Usable> {
    let (owner, key) = (&certificate.primary_key, &subkey.key);
    let good = |kind| {
        subkey.signatures.iter().filter(move |signature| {
            signature.typ() == Some(kind) && signature.verify_subkey_binding(owner, key).is_ok()
        })
    };
    let binding = newest(good(SignatureType::SubkeyBinding))?;
    let flags = binding.key_flags();
    // A key that signs must say itself that it belongs to this owner, or anybody could adopt another's key.
    let backed = || {
        binding
            .embedded_signature()
            .is_some_and(|back| back.verify_primary_key_binding(key, owner).is_ok())
    };
    let created = key.created_at().as_secs();
    let own = Validity {
        from: created,
        until: end(created, binding),
    };
    let validity = own
        .and(revoked(good(SignatureType::SubkeyRevocation))?)
        .and(primary.validity);
    Some(Usable {
        component: Component::Subkey(key.clone()),
        validity,
        may_sign: flags.sign() && backed(),
        may_encrypt: flags.encrypt_comms() || flags.encrypt_storage(),
    })
}

fn newest<'s>(signatures: impl Iterator<Item = &'s Signature>) -> Option<&'s Signature> {
    signatures.max_by_key(|signature| signature.created().map(pgp::types::Timestamp::as_secs))
}

fn end(created: Seconds, signature: &Signature) -> Option<Seconds> {
    let life = signature
        .key_expiration_time()
        .map(pgp::types::Duration::as_secs)
        .filter(|&life| life > 0)?;
    Some(created.saturating_add(life))
}

/// `None`: revoked for good (also for what was signed before). A key that was merely replaced or retired stays good for
/// what it signed until then.
fn revoked<'s>(signatures: impl Iterator<Item = &'s Signature>) -> Option<Validity> {
    let mut validity = Validity { from: 0, until: None };
    for signature in signatures {
        match signature.revocation_reason_code() {
            Some(RevocationCode::KeySuperseded | RevocationCode::KeyRetired) => {
                let at = signature.created().map_or(0, pgp::types::Timestamp::as_secs);
                validity = validity.and(Validity {
                    from: 0,
                    until: Some(at),
                });
            }
            _ => return None,
        }
    }
    Some(validity)
}
