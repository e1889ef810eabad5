//! Resources as clients write them.
//!
//! What cannot be kept is refused, and not dropped in silence: unknown members by the types themselves, known ones that
//! there is no place for by the mapping.

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{kind::Type, params::reference};
use crate::http::Faults;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Coding {
    pub(super) system: Option<String>,
    #[serde(rename = "version")]
    _version: Option<String>,
    pub(super) code: Option<String>,
    #[serde(rename = "display")]
    _display: Option<String>,
    #[serde(rename = "userSelected")]
    _user_selected: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Concept {
    #[serde(default)]
    pub(super) coding: Vec<Coding>,
    pub(super) text: Option<String>,
}

impl Concept {
    /// The code of a system.
    pub(super) fn code(&self, system: &str) -> Option<&str> {
        self.coding
            .iter()
            .find(|coding| coding.system.as_deref() == Some(system))
            .and_then(|coding| coding.code.as_deref())
    }

    /// Notes what neither the systems nor a text can hold.
    pub(super) fn only(&self, systems: &[&str], at: &str, faults: &mut Faults) {
        let known = self
            .coding
            .iter()
            .all(|coding| coding.system.as_deref().is_some_and(|system| systems.contains(&system)));
        not_kept(known, at, faults);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Period {
    #[serde(rename = "start")]
    _start: Option<String>,
    pub(super) end: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quantity {
    pub(super) value: Option<f64>,
    pub(super) unit: Option<String>,
    pub(super) system: Option<String>,
    pub(super) code: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Extension {
    pub(super) url: String,
    pub(super) value_string: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    pub(super) reference: Option<String>,
    #[serde(rename = "type")]
    _kind: Option<String>,
    #[serde(rename = "display")]
    _display: Option<String>,
}

impl Reference {
    /// The identifier, when it points to something of that type here.
    pub(super) fn of(&self, kind: Type, base: &str) -> Option<Uuid> {
        let text = self.reference.as_deref().filter(|text| text.contains('/'))?;
        reference(text, Some(kind), base)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identifier {
    #[serde(rename = "use")]
    _of: Option<String>,
    #[serde(rename = "type")]
    _kind: Option<Concept>,
    pub(super) system: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HumanName {
    #[serde(rename = "use")]
    _of: Option<String>,
    #[serde(rename = "text")]
    _text: Option<String>,
    pub(super) family: Option<String>,
    #[serde(default)]
    pub(super) given: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contact {
    pub(super) system: Option<String>,
    pub(super) value: Option<String>,
    #[serde(rename = "use")]
    _of: Option<String>,
    #[serde(rename = "rank")]
    _rank: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Address {
    #[serde(rename = "use")]
    _of: Option<String>,
    #[serde(rename = "type")]
    _kind: Option<String>,
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) line: Vec<String>,
    pub(super) city: Option<String>,
    pub(super) district: Option<String>,
    pub(super) state: Option<String>,
    pub(super) postal_code: Option<String>,
    pub(super) country: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Communication {
    pub(super) language: Concept,
    #[serde(rename = "preferred")]
    _preferred: Option<bool>,
}

/// Notes an element that there is no place for.
pub(super) fn not_kept(fine: bool, at: &str, faults: &mut Faults) {
    faults.expect(
        fine,
        at,
        "Este sistema no guarda eso; no se ha guardado nada.",
        "This system does not keep that; nothing was saved.",
    );
}

/// A point in time that must be one, if it is there.
pub(super) fn instant(text: Option<&str>, at: &str, faults: &mut Faults) -> Option<Timestamp> {
    let parsed = text.map(str::parse::<Timestamp>);
    faults.expect(
        !matches!(parsed, Some(Err(_))),
        at,
        "Hace falta fecha, hora y zona horaria.",
        "Date, time and time zone are needed.",
    );
    parsed.and_then(Result::ok)
}
