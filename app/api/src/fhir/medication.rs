//! MedicationRequest: prescriptions.

use serde_json::{Value, json};
use sqlx::{FromRow, Row, mysql::MySqlRow};
use uuid::Uuid;

use super::{
    json::{ATC, NATIONAL_CODE, PRESCRIPTION, compact, meta, reference},
    kind::{
        Definition, ID, Include, LAST_UPDATED,
        ParamType::{Date, Reference, Token},
        Type, param,
    },
    params::Search,
    search::{Binds, Found, Table, dates, one_of, run, table, within, words},
    version::Version,
};
use crate::{
    db::{Fault, Stamp},
    http::{Result, Scope},
    resources::prescriptions::{Prescription, PrescriptionContent, PrescriptionStatus},
    scoped,
};

pub(super) const DEFINITION: Definition = Definition {
    kind: Type::MedicationRequest,
    params: &[
        ID,
        LAST_UPDATED,
        param("patient", Reference, "Whose prescription"),
        param("subject", Reference, "Whose prescription"),
        param("status", Token, "draft, active, on-hold, completed, stopped, cancelled"),
        param("code", Token, "ATC or national code"),
        param(
            "authoredon",
            Date,
            "When it was signed; when it was written, before that",
        ),
        param("requester", Reference, "Who prescribes"),
    ],
    sorts: &["authoredon", "_lastUpdated"],
    includes: &[
        Include {
            param: "patient",
            path: &["subject"],
        },
        Include {
            param: "subject",
            path: &["subject"],
        },
        Include {
            param: "requester",
            path: &["requester"],
        },
    ],
    writable: true,
    history: true,
    about: "Created as a draft, or signed at once (`active`) when nothing speaks against it. Of one patient, as the record.",
};

/// What a dose is in words; FHIR's `doseQuantity` takes numbers alone.
pub(super) const DOSE: &str = "urn:galeno:fhir:dose";

const TABLE: Table = table!(
    select: "p.*",
    from: concat!(
        "prescription p WHERE p.organization = ?",
        one_of!("p.patient"),
        one_of!("p.id"),
        within!("p.updated_at"),
        words!("p.status"),
        words!("p.atc"),
        words!("p.national_code"),
        within!("COALESCE(p.signed_at, p.created_at)"),
        one_of!("p.prescriber")
    ),
    id: "p.id",
    key: "WHEN '_lastUpdated' THEN p.updated_at ELSE COALESCE(p.signed_at, p.created_at)",
    newest first
);

/// Runs a search of prescriptions of one patient.
pub(super) async fn search(scope: &mut Scope, patient: Uuid, search: &Search) -> Result<Found<Value>> {
    // A code is an ATC code unless its system, or its being all digits, says otherwise.
    let (mut atc, mut national) = (search.codes("code", Some(ATC)), None);
    if let Some(codes) = search.codes("code", Some(NATIONAL_CODE)) {
        let digits: Vec<_> = codes
            .into_iter()
            .filter(|code| code.starts_with(|letter: char| letter.is_ascii_digit()))
            .collect();
        if !digits.is_empty() {
            (atc, national) = (None, Some(digits));
        }
    }
    let mut binds = Binds::default();
    binds
        .one_of(Some(vec![patient]))
        .one_of(search.ids("_id"))
        .range(dates(scope, search, "_lastUpdated").await?)
        .words(search.codes(
            "status",
            Some("http://hl7.org/fhir/CodeSystem/medicationrequest-status"),
        ))
        .words(atc)
        .words(national)
        .range(dates(scope, search, "authoredon").await?)
        .one_of(search.ids("requester"));
    run(scope, &TABLE, search, &binds, resource).await
}

async fn find(scope: &mut Scope, id: Uuid) -> Result<MySqlRow> {
    let query = scope.query(scoped!("SELECT * FROM prescription WHERE organization = ? AND id = ?"));
    Ok(query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?)
}

/// A prescription.
pub(super) async fn read(scope: &mut Scope, id: Uuid) -> Result<Value> {
    resource(&find(scope, id).await?)
}

/// The versions whose content is known, the newest first: a draft that was changed is not kept as it was before.
pub(super) async fn versions(scope: &mut Scope, id: Uuid) -> Result<Vec<Version>> {
    let row = find(scope, id).await?;
    let now = Prescription::from_row(&row)?;
    let created: Stamp = row.try_get("created_at")?;
    let query = scope.query(scoped!(
        "SELECT version, status, at FROM prescription_event WHERE organization = ? AND prescription = ? \
         ORDER BY version DESC LIMIT 500"
    ));
    let rows = query.bind(id).fetch_all(scope.db()).await?;
    let mut versions = vec![Version {
        number: now.version,
        at: now.updated_at,
        resource: prescription(&now, created),
    }];
    for row in rows {
        let status: String = row.try_get("status")?;
        let (number, at): (u32, Stamp) = (row.try_get("version")?, row.try_get("at")?);
        let Some(status) = PrescriptionStatus::from_word(&status) else {
            continue;
        };
        if number < now.version {
            let draft = status == PrescriptionStatus::Draft;
            let then = Prescription {
                status,
                version: number,
                updated_at: at,
                code: now.code.clone().filter(|_| !draft),
                signed_at: now.signed_at.filter(|_| !draft),
                valid_until: now.valid_until.filter(|_| !draft),
                ..now.clone()
            };
            versions.push(Version {
                number,
                at,
                resource: prescription(&then, created),
            });
        }
        if status == PrescriptionStatus::Draft {
            break;
        }
    }
    Ok(versions)
}

fn resource(row: &MySqlRow) -> Result<Value> {
    Ok(prescription(&Prescription::from_row(row)?, row.try_get("created_at")?))
}

/// The whole of how it is to be taken, for people.
fn directions(content: &PrescriptionContent) -> String {
    let mut text = format!("{}, {}, {}", content.dose, content.route, content.frequency);
    if let Some(days) = content.duration_days {
        use std::fmt::Write as _;
        let _ = write!(text, ", {days} d");
    }
    text
}

/// The resource of a prescription.
pub(super) fn prescription(one: &Prescription, created: Stamp) -> Value {
    let content = &one.content;
    let coding = |system: &str, code: &str| json!({"system": system, "code": code});
    let bounds = content.duration_days.map(|days| {
        json!({"boundsDuration": {
            "value": days, "unit": "d", "system": super::json::UCUM, "code": "d"
        }})
    });
    compact(json!({
        "resourceType": "MedicationRequest",
        "id": one.id,
        "meta": meta(one.version, one.updated_at),
        "identifier": [one.code.as_ref().map(|code| json!({"system": PRESCRIPTION, "value": code}))],
        "status": one.status,
        "intent": "order",
        "medicationCodeableConcept": {
            "coding": [
                coding(ATC, &content.atc),
                content.national_code.as_ref().map(|code| coding(NATIONAL_CODE, code)),
            ],
            "text": content.medication,
        },
        "subject": reference(Type::Patient, one.patient),
        "authoredOn": one.signed_at.unwrap_or(created),
        "requester": reference(Type::Practitioner, one.prescriber),
        "reasonCode": [content.indication.as_ref().map(|text| json!({"text": text}))],
        "dosageInstruction": [{
            "extension": [{"url": DOSE, "valueString": content.dose}],
            "text": directions(content),
            "timing": {"repeat": bounds, "code": {"text": content.frequency}},
            "route": {"text": content.route},
        }],
        "dispenseRequest": {
            "validityPeriod": {"start": one.signed_at, "end": one.valid_until},
            "quantity": {"value": content.quantity, "unit": content.unit},
        },
    }))
}
