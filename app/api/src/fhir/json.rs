//! The pieces that resources are made of.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::kind::Type;
use crate::db::Stamp;

/// DNI and NIE, as the Spanish Ministry of Health's guides name the register.
pub(super) const DNI: &str = "urn:oid:1.3.6.1.4.1.19126.3";
/// A passport of any country.
pub(super) const PASSPORT: &str = "urn:galeno:identifier:passport";
/// The registration with the professional body.
pub(super) const LICENSE: &str = "urn:galeno:identifier:license";
/// The organization's short name.
pub(super) const SLUG: &str = "urn:galeno:identifier:organization";
/// A clinic's code.
pub(super) const CLINIC: &str = "urn:galeno:identifier:clinic";
/// The code on a prescription.
pub(super) const PRESCRIPTION: &str = "urn:galeno:identifier:prescription";
/// A product's national code.
pub(super) const NATIONAL_CODE: &str = "urn:galeno:national-code";
/// WHO's ATC.
pub(super) const ATC: &str = "http://www.whocc.no/atc";
/// ICD-10.
pub(super) const ICD10: &str = "http://hl7.org/fhir/sid/icd-10";
/// LOINC.
pub(super) const LOINC: &str = "http://loinc.org";
/// UCUM.
pub(super) const UCUM: &str = "http://unitsofmeasure.org";

/// `Type/id`.
pub(super) fn local(kind: Type, id: Uuid) -> String {
    format!("{}/{id}", kind.name())
}

/// A reference.
pub(super) fn reference(kind: Type, id: Uuid) -> Value {
    json!({"reference": local(kind, id)})
}

/// A concept with one code.
pub(super) fn concept(system: &str, code: &str, text: Option<&str>) -> Value {
    json!({"coding": [{"system": system, "code": code}], "text": text})
}

/// What the server knows about a resource.
pub(super) fn meta(version: u32, at: Stamp) -> Value {
    json!({"versionId": version.to_string(), "lastUpdated": at})
}

/// Without what is null or empty: FHIR has no such elements.
pub(super) fn compact(value: Value) -> Value {
    fn keep(value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            _ => true,
        }
    }
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(compact).filter(keep).collect()),
        Value::Object(members) => {
            let members: Map<_, _> = members
                .into_iter()
                .map(|(name, value)| (name, compact(value)))
                .filter(|(_, value)| keep(value))
                .collect();
            Value::Object(members)
        }
        value => value,
    }
}

/// The texts at a path of members, of every item of an array.
pub(super) fn texts<'a>(value: &'a Value, path: &[&str], found: &mut Vec<&'a str>) {
    match (value, path) {
        (Value::Array(items), path) => items.iter().for_each(|item| texts(item, path, found)),
        (Value::String(text), []) => found.push(text),
        (Value::Object(members), [first, rest @ ..]) => {
            if let Some(member) = members.get(*first) {
                texts(member, rest, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{compact, texts};

    #[test]
    fn nothing_empty_is_left() {
        let value =
            json!({"a": null, "b": [], "c": {"d": [null, {"e": null}]}, "f": [{"g": 0}, {}], "h": false, "i": ""});
        assert_eq!(compact(value), json!({"f": [{"g": 0}], "h": false, "i": ""}));
    }

    #[test]
    fn every_reference_at_a_path_is_found() {
        let value =
            json!({"participant": [{"actor": {"reference": "Patient/1"}}, {"actor": {"reference": "Practitioner/2"}}]});
        let mut found = Vec::new();
        texts(&value, &["participant", "actor", "reference"], &mut found);
        assert_eq!(found, ["Patient/1", "Practitioner/2"]);
        texts(&value, &["subject", "reference"], &mut found);
        assert_eq!(found.len(), 2);
    }
}
