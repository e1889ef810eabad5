//! Organization: the hospital group. Location: its clinics.

use serde_json::{Value, json};
use sqlx::{FromRow, mysql::MySqlRow};
use uuid::Uuid;

use super::{
    json::{CLINIC, SLUG, compact, meta, reference},
    kind::{
        Definition, ID, Include, LAST_UPDATED,
        ParamType::{Reference, Text, Token},
        Type, param,
    },
    params::Search,
    search::{Binds, Found, Table, dates, like, one_of, run, table, within, words},
};
use crate::{
    db::{Fault, Stamp},
    http::{Result, Scope},
    scoped,
};

pub(super) const ORGANIZATION: Definition = Definition {
    kind: Type::Organization,
    params: &[ID, param("identifier", Token, "The organization's short name")],
    sorts: &[],
    includes: &[],
    writable: false,
    history: false,
    about: "The organization of whoever asks; there is no other one to be seen.",
};

pub(super) const LOCATION: Definition = Definition {
    kind: Type::Location,
    params: &[
        ID,
        LAST_UPDATED,
        param("identifier", Token, "The clinic's code"),
        param("name", Text, "The clinic's name"),
        param("status", Token, "active, inactive"),
        param("organization", Reference, "The organization"),
    ],
    sorts: &["_lastUpdated"],
    includes: &[Include {
        param: "organization",
        path: &["managingOrganization"],
    }],
    writable: false,
    history: false,
    about: "The clinics.",
};

macro_rules! columns {
    () => {
        "c.id, c.organization, c.code, c.name, c.address, c.phone, c.active, c.version, c.updated_at"
    };
}

const TABLE: Table = table!(
    select: columns!(),
    from: concat!(
        "clinic c WHERE c.organization = ?",
        one_of!("c.id"),
        within!("c.updated_at"),
        words!("c.code"),
        like!("c.name"),
        words!("IF(c.active, 'active', 'inactive')"),
        one_of!("c.organization")
    ),
    id: "c.id",
    key: "WHEN '_lastUpdated' THEN c.updated_at",
    oldest first
);

#[derive(FromRow)]
struct Clinic {
    id: Uuid,
    organization: Uuid,
    code: String,
    name: String,
    address: Option<String>,
    phone: Option<String>,
    active: bool,
    version: u32,
    updated_at: Stamp,
}

#[derive(FromRow)]
struct Group {
    id: Uuid,
    slug: String,
    name: String,
    created_at: Stamp,
}

async fn own(scope: &mut Scope) -> Result<Group> {
    Ok(
        sqlx::query_as("SELECT id, slug, name, created_at FROM organization WHERE id = ?")
            .bind(scope.organization())
            .fetch_one(scope.db())
            .await?,
    )
}

fn group(group: &Group) -> Value {
    json!({
        "resourceType": "Organization",
        "id": group.id,
        "meta": meta(1, group.created_at),
        "identifier": [{"system": SLUG, "value": group.slug}],
        "active": true,
        "type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "prov"}]}],
        "name": group.name,
    })
}

/// The organization, if it is what is looked for.
pub(super) async fn search_organization(scope: &mut Scope, search: &Search) -> Result<Found<Value>> {
    let own = own(scope).await?;
    let fits = search.ids("_id").is_none_or(|ids| ids.contains(&own.id))
        && search
            .codes("identifier", Some(SLUG))
            .is_none_or(|codes| codes.contains(&own.slug));
    let first = search.cursor.is_none();
    Ok(Found::all(if fits && first { vec![group(&own)] } else { Vec::new() }))
}

/// The organization.
pub(super) async fn read_organization(scope: &mut Scope, id: Uuid) -> Result<Value> {
    let own = own(scope).await?;
    if own.id == id {
        Ok(group(&own))
    } else {
        Err(Fault::NoRow.into())
    }
}

/// Runs a search of clinics.
pub(super) async fn search_location(scope: &mut Scope, search: &Search) -> Result<Found<Value>> {
    let mut binds = Binds::default();
    binds
        .one_of(search.ids("_id"))
        .range(dates(scope, search, "_lastUpdated").await?)
        .words(search.codes("identifier", Some(CLINIC)))
        .text(search.text("name")?.as_ref())
        .words(search.codes("status", Some("http://hl7.org/fhir/location-status")))
        .one_of(search.ids("organization"));
    run(scope, &TABLE, search, &binds, location).await
}

/// A clinic.
pub(super) async fn read_location(scope: &mut Scope, id: Uuid) -> Result<Value> {
    let query = scope.query(scoped!(concat!(
        "SELECT ",
        columns!(),
        " FROM clinic c WHERE c.organization = ? AND c.id = ?"
    )));
    let row = query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?;
    location(&row)
}

fn location(row: &MySqlRow) -> Result<Value> {
    let clinic = Clinic::from_row(row)?;
    Ok(compact(json!({
        "resourceType": "Location",
        "id": clinic.id,
        "meta": meta(clinic.version, clinic.updated_at),
        "identifier": [{"system": CLINIC, "value": clinic.code}],
        "status": if clinic.active { "active" } else { "inactive" },
        "name": clinic.name,
        "mode": "instance",
        "telecom": [clinic.phone.map(|phone| json!({"system": "phone", "value": phone, "use": "work"}))],
        "address": {"text": clinic.address},
        "physicalType": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": "si", "display": "Site"
        }]},
        "managingOrganization": reference(Type::Organization, clinic.organization),
    })))
}
