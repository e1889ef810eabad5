//! Consent.

use serde_json::{Value, json};
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::{
    json::{compact, concept, meta, reference},
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
    scoped,
};

pub(super) const DEFINITION: Definition = Definition {
    kind: Type::Consent,
    params: &[
        ID,
        LAST_UPDATED,
        param("patient", Reference, "Whose consent"),
        param("status", Token, "active, inactive"),
        param("purpose", Token, "research, sharing, contact, teaching"),
        param("date", Date, "When it was given"),
    ],
    sorts: &["date", "_lastUpdated"],
    includes: &[Include {
        param: "patient",
        path: &["patient"],
    }],
    writable: false,
    history: true,
    about: "Consents, those that were withdrawn included (`inactive`). Of one patient, as the record.",
};

macro_rules! columns {
    () => {
        "c.id, c.organization, c.patient, c.purpose, c.status, c.wording, c.version, c.created_at, c.updated_at"
    };
}

const TABLE: Table = table!(
    select: columns!(),
    from: concat!(
        "consent c WHERE c.organization = ?",
        one_of!("c.patient"),
        one_of!("c.id"),
        within!("c.updated_at"),
        words!("IF(c.status = 'active', 'active', 'inactive')"),
        words!("c.purpose"),
        within!("c.created_at")
    ),
    id: "c.id",
    key: "WHEN '_lastUpdated' THEN c.updated_at ELSE c.created_at",
    newest first
);

/// What is agreed to.
const PURPOSE: &str = "urn:galeno:consent-purpose";

#[derive(Clone, FromRow)]
struct Consent {
    id: Uuid,
    organization: Uuid,
    patient: Uuid,
    purpose: String,
    status: String,
    wording: String,
    version: u32,
    created_at: Stamp,
    updated_at: Stamp,
}

/// Runs a search of consents of one patient.
pub(super) async fn search(scope: &mut Scope, patient: Uuid, search: &Search) -> Result<Found<Value>> {
    let mut binds = Binds::default();
    binds
        .one_of(Some(vec![patient]))
        .one_of(search.ids("_id"))
        .range(dates(scope, search, "_lastUpdated").await?)
        .words(search.codes("status", Some("http://hl7.org/fhir/consent-state-codes")))
        .words(search.codes("purpose", Some(PURPOSE)))
        .range(dates(scope, search, "date").await?);
    run(scope, &TABLE, search, &binds, |row| {
        Ok(consent(&Consent::from_row(row)?))
    })
    .await
}

async fn find(scope: &mut Scope, id: Uuid) -> Result<Consent> {
    let query = scope.query_as::<Consent>(scoped!(concat!(
        "SELECT ",
        columns!(),
        " FROM consent c WHERE c.organization = ? AND c.id = ?"
    )));
    Ok(query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?)
}

/// A consent.
pub(super) async fn read(scope: &mut Scope, id: Uuid) -> Result<Value> {
    Ok(consent(&find(scope, id).await?))
}

/// Every version, the newest first.
pub(super) async fn versions(scope: &mut Scope, id: Uuid) -> Result<Vec<Version>> {
    let now = find(scope, id).await?;
    let query = scope.query(scoped!(
        "SELECT version, status, at FROM consent_event WHERE organization = ? AND consent = ? ORDER BY version DESC LIMIT 500"
    ));
    let rows = query.bind(id).fetch_all(scope.db()).await?;
    rows.iter()
        .map(|row| {
            let number: u32 = row.try_get("version")?;
            let then = Consent {
                version: number,
                status: row.try_get("status")?,
                // The newest version is the row itself.
                updated_at: if number == now.version {
                    now.updated_at
                } else {
                    row.try_get("at")?
                },
                ..now.clone()
            };
            Ok(Version {
                number: then.version,
                at: then.updated_at,
                resource: consent(&then),
            })
        })
        .collect()
}

fn consent(one: &Consent) -> Value {
    let scope = if one.purpose == "research" {
        "research"
    } else {
        "patient-privacy"
    };
    let active = one.status == "active";
    compact(json!({
        "resourceType": "Consent",
        "id": one.id,
        "meta": meta(one.version, one.updated_at),
        "status": if active { "active" } else { "inactive" },
        "scope": concept("http://terminology.hl7.org/CodeSystem/consentscope", scope, None),
        "category": [concept("http://loinc.org", "59284-0", Some("Consent Document"))],
        "patient": reference(Type::Patient, one.patient),
        "dateTime": one.created_at,
        "organization": [reference(Type::Organization, one.organization)],
        "policyRule": {"text": one.wording},
        "provision": {
            "type": "permit",
            "period": {"start": one.created_at, "end": if active { None } else { Some(one.updated_at) }},
            "purpose": [{"system": PURPOSE, "code": one.purpose}],
        },
    }))
}
