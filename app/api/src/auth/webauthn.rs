//! The relying party's side of WebAuthn (level 3), as far as passkeys need it.
//!
//! Attestation is not asked for and not looked at: which make of authenticator a person uses decides nothing here. User
//! verification is required, so that a passkey alone is two factors.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ciborium::Value;
use serde::Deserialize;

use super::signature::{Form, PublicKey};
use crate::keys::sha256;

/// What both ceremonies are checked against.
pub(super) struct Expected<'a> {
    /// The relying party's id.
    pub(super) rp_id: &'a str,
    /// Origins of our web application.
    pub(super) origins: &'a [String],
    /// The challenge that we sent.
    pub(super) challenge: &'a [u8],
}

/// A credential that was registered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) id: Vec<u8>,
    /// The COSE key, as it came.
    pub(super) public_key: Vec<u8>,
    pub(super) sign_count: u32,
}

#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

struct AuthenticatorData<'a> {
    flags: u8,
    sign_count: u32,
    rest: &'a [u8],
}

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// Why a ceremony is refused; for the log, never with data of the client.
pub(super) type Refusal = &'static str;

fn client_data(expected: &Expected<'_>, kind: &str, json: &[u8]) -> Result<(), Refusal> {
    let data: ClientData = serde_json::from_slice(json).map_err(|_| "client data does not parse")?;
    let challenge = URL_SAFE_NO_PAD
        .decode(data.challenge.trim_end_matches('='))
        .map_err(|_| "challenge is no base64url")?;
    if data.r#type != kind {
        return Err("wrong type of ceremony");
    }
    if challenge != expected.challenge {
        return Err("another challenge");
    }
    if data.cross_origin || !expected.origins.contains(&data.origin) {
        return Err("another origin");
    }
    Ok(())
}

fn authenticator_data<'a>(expected: &Expected<'_>, bytes: &'a [u8]) -> Result<AuthenticatorData<'a>, Refusal> {
    let (hash, rest) = bytes.split_at_checked(32).ok_or("authenticator data is too short")?;
    let (head, rest) = rest.split_at_checked(5).ok_or("authenticator data is too short")?;
    if hash != sha256(expected.rp_id) {
        return Err("another relying party");
    }
    let flags = head[0];
    if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
        return Err("the user was not verified");
    }
    let count = <[u8; 4]>::try_from(&head[1..]).map_err(|_| "authenticator data is too short")?;
    Ok(AuthenticatorData {
        flags,
        sign_count: u32::from_be_bytes(count),
        rest,
    })
}

/// Takes bytes for what an authenticator sent, without a look at whose they are. For the fuzzer.
pub(crate) fn parses(data: &[u8]) {
    let expected = Expected {
        rp_id: "clinic.example",
        origins: &[],
        challenge: &[],
    };
    let _ = client_data(&expected, "webauthn.create", data);
    let _ = cose(data);
    // Behind a right relying party and flags, so that what follows is reached.
    let mut whole = sha256(expected.rp_id).to_vec();
    whole.push(USER_PRESENT | USER_VERIFIED | ATTESTED);
    whole.extend(data);
    if let Ok(parsed) = authenticator_data(&expected, &whole) {
        let _ = credential(parsed.rest);
    }
    let _ = ciborium::from_reader::<Value, _>(data);
}

/// Checks a registration.
pub(super) fn register(expected: &Expected<'_>, client: &[u8], attestation: &[u8]) -> Result<Registered, Refusal> {
    client_data(expected, "webauthn.create", client)?;
    let object: Value = ciborium::from_reader(attestation).map_err(|_| "attestation object does not parse")?;
    let data = member(&object, "authData")
        .and_then(Value::as_bytes)
        .ok_or("no authenticator data")?;
    let data = authenticator_data(expected, data)?;
    if data.flags & ATTESTED == 0 {
        return Err("no credential in it");
    }
    let (id, public_key) = credential(data.rest)?;
    Ok(Registered {
        id: id.to_vec(),
        public_key: public_key.to_vec(),
        sign_count: data.sign_count,
    })
}

/// The identifier and the COSE key in what follows the authenticator data's head.
fn credential(bytes: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let (_aaguid, rest) = bytes.split_at_checked(16).ok_or("credential is too short")?;
    let (length, rest) = rest.split_at_checked(2).ok_or("credential is too short")?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let (id, mut key) = rest.split_at_checked(length).ok_or("credential is too short")?;
    if id.is_empty() || id.len() > 1023 {
        return Err("credential id has a wrong length");
    }
    let whole = key;
    let _: Value = ciborium::from_reader(&mut key).map_err(|_| "public key does not parse")?;
    let public_key = &whole[..whole.len() - key.len()];
    cose(public_key).ok_or("public key is of no kind that we know")?;
    Ok((id, public_key))
}

/// An assertion: proof that somebody holds a credential.
pub(super) struct Assertion<'a> {
    pub(super) client: &'a [u8],
    pub(super) authenticator: &'a [u8],
    pub(super) signature: &'a [u8],
}

/// Checks an assertion against the stored credential. Returns the new counter.
pub(super) fn assert(
    expected: &Expected<'_>,
    assertion: &Assertion<'_>,
    public_key: &[u8],
    sign_count: u32,
) -> Result<u32, Refusal> {
    client_data(expected, "webauthn.get", assertion.client)?;
    let data = authenticator_data(expected, assertion.authenticator)?;
    let signed = [assertion.authenticator, &sha256(assertion.client)].concat();
    let key = cose(public_key).ok_or("stored key is of no kind that we know")?;
    if !key.verifies(Form::Asn1, &signed, assertion.signature) {
        return Err("wrong signature");
    }
    if (data.sign_count != 0 || sign_count != 0) && data.sign_count <= sign_count {
        return Err("the counter went back: the credential was copied");
    }
    Ok(data.sign_count)
}

fn member<'a>(map: &'a Value, name: &str) -> Option<&'a Value> {
    map.as_map()?
        .iter()
        .find(|(key, _)| key.as_text() == Some(name))
        .map(|(_, value)| value)
}

/// A COSE key (RFC 9053): ES256, EdDSA or RS256.
fn cose(bytes: &[u8]) -> Option<PublicKey> {
    let key: Value = ciborium::from_reader(bytes).ok()?;
    let field = |label: i64| {
        let is = |key: &Value| key.as_integer().is_some_and(|key| i128::from(key) == i128::from(label));
        key.as_map()?.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
    };
    let number = |label: i64| {
        field(label)?
            .as_integer()
            .and_then(|value| i64::try_from(i128::from(value)).ok())
    };
    let bytes = |label: i64| field(label)?.as_bytes().map(Vec::as_slice);
    match (number(1)?, number(3)?) {
        (2, -7) if number(-1)? == 1 => PublicKey::p256(bytes(-2)?, bytes(-3)?),
        (1, -8) if number(-1)? == 6 => bytes(-2)
            .filter(|x| x.len() == 32)
            .map(|x| PublicKey::Ed25519(x.to_vec())),
        (3, -257) => Some(PublicKey::Rsa(bytes(-1)?.to_vec(), bytes(-2)?.to_vec())),
        _ => None,
    }
}
