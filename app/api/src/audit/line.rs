//! One line of the access log.

use std::net::IpAddr;

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::Stamp;

/// Why an access happens: HL7 `PurposeOfUse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Purpose {
    /// Treatment.
    #[serde(rename = "TREAT")]
    Treatment,
    /// Emergency treatment.
    #[serde(rename = "ETREAT")]
    Emergency,
    /// Operation of the organization: registration, appointments.
    #[serde(rename = "HOPERAT")]
    Operation,
    /// The patient asks.
    #[serde(rename = "PATRQT")]
    PatientRequest,
    /// Compliance and data protection.
    #[serde(rename = "HCOMPL")]
    Compliance,
    /// Research.
    #[serde(rename = "HRESCH")]
    Research,
    /// A program, on behalf of the organization.
    #[serde(rename = "HSYSADMIN")]
    System,
}

impl Purpose {
    /// Every one, in the order of the type.
    pub const ALL: [Self; 7] = [
        Self::Treatment,
        Self::Emergency,
        Self::Operation,
        Self::PatientRequest,
        Self::Compliance,
        Self::Research,
        Self::System,
    ];

    /// The code.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Treatment => "TREAT",
            Self::Emergency => "ETREAT",
            Self::Operation => "HOPERAT",
            Self::PatientRequest => "PATRQT",
            Self::Compliance => "HCOMPL",
            Self::Research => "HRESCH",
            Self::System => "HSYSADMIN",
        }
    }

    /// The purpose of a code.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }
}

/// Whether the access was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It happened.
    Done,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// One line, before it has a place in a lane.
#[derive(Clone, Debug)]
pub struct Line {
    /// Identifier, in order of time.
    pub id: Uuid,
    /// When.
    pub at: Stamp,
    /// `staff`, `patient`, `service`, `system`, or `stranger`: somebody who tried a name that nobody has.
    pub actor_kind: String,
    /// Who: the staff member, the patient or the token; all zero for a stranger.
    pub actor: Uuid,
    /// As what.
    pub role: String,
    /// On the strength of what.
    pub relation: String,
    /// Why.
    pub purpose: String,
    /// What was done.
    pub action: String,
    /// Granted or refused.
    pub outcome: String,
    /// Whose record, if it is about a patient.
    pub patient: Option<Uuid>,
    /// What kind of thing.
    pub resource_kind: String,
    /// Which one.
    pub resource: Option<Uuid>,
    /// The request.
    pub request: Uuid,
    /// The client's address.
    pub source: Option<IpAddr>,
}

/// The address as it is stored: 4 or 16 bytes.
pub(super) fn source_bytes(source: Option<IpAddr>) -> Option<Vec<u8>> {
    source.map(|ip| match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    })
}

/// The address that is stored.
pub(crate) fn source_from(bytes: Option<&[u8]>) -> Option<IpAddr> {
    let bytes = bytes?;
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

impl Line {
    /// The line's hash at its place: it covers the hash before it, the place, and every field with its length.
    pub(super) fn hash(&self, organization: Uuid, lane: u16, seq: u64, before: &[u8]) -> [u8; 32] {
        let mut hash = Context::new(&SHA256);
        let mut put = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        put(before);
        put(organization.as_bytes());
        put(&lane.to_be_bytes());
        put(&seq.to_be_bytes());
        put(self.id.as_bytes());
        put(&self.at.micros().to_be_bytes());
        put(self.actor_kind.as_bytes());
        put(self.actor.as_bytes());
        put(self.role.as_bytes());
        put(self.relation.as_bytes());
        put(self.purpose.as_bytes());
        put(self.action.as_bytes());
        put(self.outcome.as_bytes());
        put(self.patient.as_ref().map_or(&[][..], |id| &id.as_bytes()[..]));
        put(self.resource_kind.as_bytes());
        put(self.resource.as_ref().map_or(&[][..], |id| &id.as_bytes()[..]));
        put(self.request.as_bytes());
        put(source_bytes(self.source).as_deref().unwrap_or_default());
        let mut out = [0; 32];
        out.copy_from_slice(hash.finish().as_ref());
        out
    }
}

/// What the seal of a lane's head covers.
pub(super) fn sealed(organization: Uuid, lane: u16, seq: u64, hash: &[u8]) -> Vec<u8> {
    [
        organization.as_bytes(),
        &lane.to_be_bytes()[..],
        &seq.to_be_bytes(),
        hash,
    ]
    .concat()
}
