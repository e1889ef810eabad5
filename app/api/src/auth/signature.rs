//! Signatures of passkeys and of identity providers.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

/// A public key that we can check signatures of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// ECDSA on P-256 with SHA-256: the point, uncompressed.
    P256(Vec<u8>),
    /// Ed25519.
    Ed25519(Vec<u8>),
    /// RSA, PKCS#1 v1.5 with SHA-256: modulus and exponent, big-endian.
    Rsa(Vec<u8>, Vec<u8>),
}

/// How an ECDSA signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// ASN.1, as WebAuthn does.
    Asn1,
    /// r and s side by side, as JWS does.
    Fixed,
}

impl PublicKey {
    /// A point on P-256 from its coordinates.
    pub(super) fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        (x.len() == 32 && y.len() == 32).then(|| Self::P256([&[4][..], x, y].concat()))
    }

    pub(super) fn verifies(&self, form: Form, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(point) => {
                let algorithm = match form {
                    Form::Asn1 => &ECDSA_P256_SHA256_ASN1,
                    Form::Fixed => &ECDSA_P256_SHA256_FIXED,
                };
                UnparsedPublicKey::new(algorithm, point)
                    .verify(message, signature)
                    .is_ok()
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok(),
            Self::Rsa(n, e) => {
                let n = n
                    .iter()
                    .position(|byte| *byte != 0)
                    .map_or(&[][..], |start| &n[start..]);
                RsaPublicKeyComponents { n, e: &e[..] }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                    .is_ok()
            }
        }
    }
}
