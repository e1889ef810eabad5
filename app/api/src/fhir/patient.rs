//! Patient.

use serde_json::{Value, json};
use sqlx::Row;
use uuid::Uuid;

use super::{
    json::{DNI, PASSPORT, compact, meta, reference},
    kind::{
        Definition, ID, Include, LAST_UPDATED,
        ParamType::{self, Date, Token},
        Type, param,
    },
    version::Version,
};
use crate::{
    db::{Day, Stamp},
    http::{Problem, Result, Scope},
    resources::patients::{Document, Patient, PatientContent, find},
    scoped,
};

pub(super) const DEFINITION: Definition = Definition {
    kind: Type::Patient,
    params: &[
        ID,
        LAST_UPDATED,
        param("identifier", Token, "DNI, NIE or passport, with or without its system"),
        param("name", ParamType::Text, "Words of the name, each by its beginning"),
        param("family", ParamType::Text, "Family name"),
        param("given", ParamType::Text, "Given name"),
        param("birthdate", Date, "Date of birth"),
        param("gender", Token, "male, female, other, unknown"),
        param("phone", Token, "Telephone number with its prefix"),
        param("email", Token, "E-mail address"),
        param("address-postalcode", ParamType::Text, "Postal code"),
    ],
    sorts: &["_lastUpdated", "birthdate"],
    includes: &[Include {
        param: "organization",
        path: &["managingOrganization"],
    }],
    writable: true,
    history: true,
    about: "Searches need something to look for, except by patients, who find themselves. Registrations that were joined to \
            another one are not found, but can be read.",
};

/// The patient as it is now.
pub(super) async fn read(scope: &mut Scope, id: Uuid) -> Result<Value> {
    let organization = scope.organization();
    let row = find(scope, id).await?;
    // Beside something else, a person is shown as a search shows them.
    let row = if scope.subject() == Some(id) {
        row
    } else {
        row.into_found()
    };
    Ok(patient(&row.into(), organization))
}

/// Every version that was written, the newest first.
pub(super) async fn versions(scope: &mut Scope, id: Uuid) -> Result<Vec<Version>> {
    let organization = scope.organization();
    let now = Shown::from(find(scope, id).await?);
    let query = scope.query(scoped!(
        "SELECT version, content, at FROM patient_version WHERE organization = ? AND patient = ? ORDER BY version DESC LIMIT 200"
    ));
    let rows = query.bind(id).fetch_all(scope.db()).await?;
    let mut versions = vec![Version {
        number: now.version,
        at: now.at,
        resource: patient(&now, organization),
    }];
    for row in rows {
        let number: u32 = row.try_get("version")?;
        // Joining registrations makes a version without a text of its own: what the row says now is it.
        if number >= now.version {
            continue;
        }
        let (content, at): (String, Stamp) = (row.try_get("content")?, row.try_get("at")?);
        let content: PatientContent =
            serde_json::from_str(&content).map_err(|_| Problem::bug("a version of a patient does not parse"))?;
        let then = Shown::of(id, number, at, now.synthetic, content);
        versions.push(Version {
            number,
            at,
            resource: patient(&then, organization),
        });
    }
    Ok(versions)
}

/// A patient in one version.
pub(super) struct Shown {
    pub(super) id: Uuid,
    pub(super) version: u32,
    pub(super) at: Stamp,
    pub(super) synthetic: bool,
    pub(super) merged_into: Option<Uuid>,
    pub(super) restricted: bool,
    pub(super) document: Option<(String, String)>,
    pub(super) given_name: String,
    pub(super) family_name: String,
    pub(super) birth_date: Day,
    pub(super) sex: String,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
    pub(super) address: Option<String>,
    pub(super) postal_code: Option<String>,
    pub(super) language: String,
    pub(super) deceased_at: Option<Stamp>,
}

impl From<Patient> for Shown {
    fn from(row: Patient) -> Self {
        Self {
            id: row.id,
            version: row.version,
            at: row.updated_at,
            synthetic: row.synthetic,
            merged_into: row.merged_into,
            restricted: row.restricted,
            document: row.document_type.zip(row.document_number),
            given_name: row.given_name,
            family_name: row.family_name,
            birth_date: row.birth_date,
            sex: row.sex,
            phone: row.phone,
            email: row.email,
            address: row.address,
            postal_code: row.postal_code,
            language: row.language,
            deceased_at: row.deceased_at,
        }
    }
}

impl Shown {
    /// What was written as a version.
    pub(super) fn of(id: Uuid, version: u32, at: Stamp, synthetic: bool, content: PatientContent) -> Self {
        let document = content.document.as_ref().and_then(Document::stored);
        Self {
            id,
            version,
            at,
            synthetic,
            merged_into: None,
            restricted: false,
            document: document.map(|(kind, number)| (kind.to_owned(), number)),
            given_name: content.given_name,
            family_name: content.family_name,
            birth_date: content.birth_date,
            sex: content.sex.word().to_owned(),
            phone: content.phone,
            email: content.email,
            address: content.address,
            postal_code: content.postal_code,
            language: content.language,
            deceased_at: content.deceased_at,
        }
    }
}

fn identifier(kind: &str, number: &str) -> Value {
    // HL7 table 0203: NNESP is Spain's national identifier, PPN a passport.
    let (system, code, text) = match kind {
        "dni" => (DNI, Some("NNESP"), "DNI"),
        "nie" => (DNI, None, "NIE"),
        _ => (PASSPORT, Some("PPN"), "Passport"),
    };
    let coding = code.map(|code| json!([{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": code}]));
    json!({"use": "official", "type": {"coding": coding, "text": text}, "system": system, "value": number})
}

/// The resource of a row.
pub(super) fn patient(row: &Shown, organization: Uuid) -> Value {
    let mut meta = meta(row.version, row.at);
    let label = |system: &str, code: &str, display: &str| json!({"system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code, "display": display});
    meta["security"] = json!([
        row.synthetic
            .then(|| label("v3-ActReason", "HTEST", "test health data")),
        row.restricted.then(|| label("v3-Confidentiality", "R", "restricted")),
    ]);
    let telecom = |system: &str, value: &Option<String>| match value {
        Some(value) => json!({"system": system, "value": value}),
        None => Value::Null,
    };
    compact(json!({
        "resourceType": "Patient",
        "id": row.id,
        "meta": meta,
        "identifier": [row.document.as_ref().map(|(kind, number)| identifier(kind, number))],
        "active": row.merged_into.is_none(),
        "name": [{
            "use": "official",
            "text": format!("{} {}", row.given_name, row.family_name),
            "family": row.family_name,
            "given": [row.given_name],
        }],
        "telecom": [telecom("phone", &row.phone), telecom("email", &row.email)],
        "gender": row.sex,
        "birthDate": row.birth_date,
        "deceasedDateTime": row.deceased_at,
        "address": [{"line": [row.address], "postalCode": row.postal_code}],
        "communication": [{
            "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": row.language}]},
            "preferred": true,
        }],
        "managingOrganization": reference(Type::Organization, organization),
        "link": [row.merged_into.map(|other| json!({"other": reference(Type::Patient, other), "type": "replaced-by"}))],
    }))
}
