//! What an entry of a record says.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{db::Stamp, http::Faults};

/// The content of an entry. The kind of an entry never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Content {
    /// A contact between the patient and the organization.
    Encounter(Encounter),
    /// A problem or a diagnosis.
    Condition(Condition),
    /// An allergy or an intolerance.
    Allergy(Allergy),
    /// A measurement or a finding: vital signs, laboratory.
    Observation(Observation),
    /// Words.
    Note(Note),
    /// A document that was uploaded.
    Document(DocumentReference),
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A contact.
    Encounter,
    /// A problem or diagnosis.
    Condition,
    /// An allergy.
    Allergy,
    /// A measurement.
    Observation,
    /// Words.
    Note,
    /// A document.
    Document,
}

impl Kind {
    /// The word in the database.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Encounter => "encounter",
            Self::Condition => "condition",
            Self::Allergy => "allergy",
            Self::Observation => "observation",
            Self::Note => "note",
            Self::Document => "document",
        }
    }
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Encounter {
    /// Where and how.
    pub class: EncounterClass,
    /// Why the patient came.
    pub reason: String,
    /// When it began.
    pub started_at: Stamp,
    /// When it ended.
    pub ended_at: Option<Stamp>,
    /// The appointment that it came from.
    pub appointment: Option<Uuid>,
}

/// The class of a contact: HL7 `ActEncounterCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum EncounterClass {
    /// In the consulting room.
    #[serde(rename = "AMB")]
    Ambulatory,
    /// Emergency.
    #[serde(rename = "EMER")]
    Emergency,
    /// Admitted.
    #[serde(rename = "IMP")]
    Inpatient,
    /// By telephone or video.
    #[serde(rename = "VR")]
    Virtual,
    /// At the patient's home.
    #[serde(rename = "HH")]
    Home,
}

/// A problem or diagnosis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    /// ICD-10 (in Spain: CIE-10-ES).
    #[schema(example = "E11.9", pattern = "^[A-Z][0-9][0-9A-Z](\\.[0-9A-Z]{1,4})?$")]
    pub icd10: String,
    /// In words.
    pub description: String,
    /// Active, in remission, resolved.
    pub status: ConditionStatus,
    /// When it began.
    pub onset: Option<Stamp>,
    /// When it ended.
    pub abatement: Option<Stamp>,
    /// The contact in which it was found.
    pub encounter: Option<Uuid>,
}

/// Where a condition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ConditionStatus {
    /// There.
    Active,
    /// In remission.
    Remission,
    /// Over.
    Resolved,
}

/// An allergy or intolerance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allergy {
    /// To what kind of thing.
    pub category: AllergyCategory,
    /// For a medication: ATC code, or the beginning of one for a whole group (J01C: penicillins).
    #[schema(example = "J01C")]
    pub atc: Option<String>,
    /// To what, in words.
    pub substance: String,
    /// What happens.
    pub reaction: Option<String>,
    /// How bad it may get.
    pub criticality: Criticality,
    /// It no longer holds.
    #[serde(default)]
    pub resolved: bool,
    /// The contact in which it was found.
    pub encounter: Option<Uuid>,
}

/// What kind of thing somebody is allergic to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AllergyCategory {
    /// A medication.
    Medication,
    /// Food.
    Food,
    /// Pollen, dust, animals.
    Environment,
    /// A biological substance.
    Biologic,
}

/// How bad it may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Criticality {
    /// Not life-threatening.
    Low,
    /// May be life-threatening.
    High,
    /// Not known.
    Unknown,
}

/// A measurement or finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Observation {
    /// LOINC.
    #[schema(example = "8480-6", pattern = "^[0-9]{1,7}-[0-9]$")]
    pub loinc: String,
    /// What, in words.
    pub description: String,
    /// What was found.
    pub value: Value,
    /// When.
    pub observed_at: Stamp,
    /// The contact in which it was made.
    pub encounter: Option<Uuid>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Value {
    /// A number with its unit.
    Quantity {
        /// The number.
        value: f64,
        /// UCUM.
        #[schema(example = "mm[Hg]")]
        unit: String,
    },
    /// In words.
    Text {
        /// The words.
        value: String,
    },
}

/// Words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    /// Title.
    pub title: String,
    /// Text.
    pub text: String,
    /// The contact that it is about.
    pub encounter: Option<Uuid>,
}

/// A document that was uploaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentReference {
    /// Title.
    pub title: String,
    /// The upload.
    pub attachment: Uuid,
    /// The contact that it is about.
    pub encounter: Option<Uuid>,
}

fn icd10(code: &str) -> bool {
    let (stem, rest) = code
        .split_once('.')
        .map_or((code, None), |(stem, rest)| (stem, Some(rest)));
    let part = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    };
    let mut bytes = stem.bytes();
    stem.len() == 3
        && bytes.next().is_some_and(|byte| byte.is_ascii_uppercase())
        && bytes.next().is_some_and(|byte| byte.is_ascii_digit())
        && part(stem)
        && rest.is_none_or(|rest| (1..=4).contains(&rest.len()) && part(rest))
}

/// Whether a LOINC code has the check digit that it must have (modulus 10, as LOINC's guide says).
fn loinc(code: &str) -> bool {
    let Some((number, check)) = code.split_once('-') else {
        return false;
    };
    if number.is_empty() || number.len() > 7 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0') * if place % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    check == ((10 - sum % 10) % 10).to_string()
}

/// Whether an ATC code, or the beginning of one, is well formed: letter, two digits, two letters, two digits.
pub(crate) fn atc(code: &str) -> bool {
    matches!(code.len(), 1 | 3 | 4 | 5 | 7)
        && code.bytes().enumerate().all(|(place, byte)| match place {
            1 | 2 | 5 | 6 => byte.is_ascii_digit(),
            _ => byte.is_ascii_uppercase(),
        })
}

/// Whether a unit can be one of UCUM: printable ASCII without spaces.
fn ucum(unit: &str) -> bool {
    (1..=40).contains(&unit.len()) && unit.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Content {
    /// Its kind.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Encounter(_) => Kind::Encounter,
            Self::Condition(_) => Kind::Condition,
            Self::Allergy(_) => Kind::Allergy,
            Self::Observation(_) => Kind::Observation,
            Self::Note(_) => Kind::Note,
            Self::Document(_) => Kind::Document,
        }
    }

    /// The code that it is found by: ICD-10, ATC or LOINC.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Condition(condition) => Some(&condition.icd10),
            Self::Allergy(allergy) => allergy.atc.as_deref(),
            Self::Observation(observation) => Some(&observation.loinc),
            Self::Encounter(_) | Self::Note(_) | Self::Document(_) => None,
        }
    }

    /// When it holds, where that is not when it was written.
    pub(crate) const fn effective(&self) -> Option<Stamp> {
        match self {
            Self::Encounter(encounter) => Some(encounter.started_at),
            Self::Condition(condition) => condition.onset,
            Self::Observation(observation) => Some(observation.observed_at),
            Self::Allergy(_) | Self::Note(_) | Self::Document(_) => None,
        }
    }

    /// The contact that it belongs to.
    pub(crate) const fn encounter(&self) -> Option<Uuid> {
        match self {
            Self::Encounter(_) => None,
            Self::Condition(content) => content.encounter,
            Self::Allergy(content) => content.encounter,
            Self::Observation(content) => content.encounter,
            Self::Note(content) => content.encounter,
            Self::Document(content) => content.encounter,
        }
    }

    /// Notes every fault.
    pub(super) fn check(&self, faults: &mut Faults) {
        let past = |faults: &mut Faults, at: Option<Stamp>, pointer: &str| {
            let soon = Stamp::now().plus(std::time::Duration::from_mins(5));
            faults.expect(
                at.is_none_or(|at| at <= soon),
                pointer,
                "No puede estar en el futuro.",
                "It cannot be in the future.",
            );
        };
        match self {
            Self::Encounter(content) => {
                faults.line(&content.reason, 500, "/content/reason");
                past(faults, Some(content.started_at), "/content/started_at");
                let forward = content.ended_at.is_none_or(|end| end >= content.started_at);
                faults.expect(
                    forward,
                    "/content/ended_at",
                    "Acaba antes de empezar.",
                    "It ends before it begins.",
                );
            }
            Self::Condition(content) => {
                faults.expect(
                    icd10(&content.icd10),
                    "/content/icd10",
                    "No es un código CIE-10.",
                    "Not an ICD-10 code.",
                );
                faults.line(&content.description, 300, "/content/description");
                past(faults, content.onset, "/content/onset");
            }
            Self::Allergy(content) => {
                let code = content.atc.as_deref().is_none_or(atc);
                faults.expect(code, "/content/atc", "No es un código ATC.", "Not an ATC code.");
                let needed = content.category != AllergyCategory::Medication || content.atc.is_some();
                faults.expect(
                    needed,
                    "/content/atc",
                    "Un medicamento lleva su código ATC.",
                    "A medication has its ATC code.",
                );
                faults.line(&content.substance, 200, "/content/substance");
                faults.optional_line(content.reaction.as_deref(), 500, "/content/reaction");
            }
            Self::Observation(content) => {
                faults.expect(
                    loinc(&content.loinc),
                    "/content/loinc",
                    "No es un código LOINC.",
                    "Not a LOINC code.",
                );
                faults.line(&content.description, 200, "/content/description");
                past(faults, Some(content.observed_at), "/content/observed_at");
                match &content.value {
                    Value::Quantity { value, unit } => {
                        faults.expect(
                            value.is_finite(),
                            "/content/value/value",
                            "No es un número.",
                            "Not a number.",
                        );
                        faults.expect(
                            ucum(unit),
                            "/content/value/unit",
                            "No es una unidad UCUM.",
                            "Not a UCUM unit.",
                        );
                    }
                    Value::Text { value } => faults.prose(value, 2000, "/content/value/value"),
                }
            }
            Self::Note(content) => {
                faults.line(&content.title, 200, "/content/title");
                faults.prose(&content.text, 100_000, "/content/text");
            }
            Self::Document(content) => faults.line(&content.title, 200, "/content/title"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{atc, icd10, loinc, ucum};

    #[test]
    fn codes_are_checked() {
        for good in ["E11.9", "I10", "S72.001A", "Z99"] {
            assert!(icd10(good), "{good}");
        }
        for wrong in ["e11", "E1", "E11.", "E11.12345", "11E"] {
            assert!(!icd10(wrong), "{wrong}");
        }
        for good in ["8480-6", "8462-4", "8867-4", "29463-7", "2339-0"] {
            assert!(loinc(good), "{good}");
        }
        for wrong in ["8480-5", "8480", "-6", "abc-1"] {
            assert!(!loinc(wrong), "{wrong}");
        }
        assert!(atc("J01CA04") && atc("J01C") && !atc("J1CA04") && !atc("J01CA0"));
        assert!(ucum("mm[Hg]") && ucum("/min") && !ucum("mm Hg"));
    }
}
