//! Practitioner: the staff.

use serde_json::{Value, json};
use sqlx::{FromRow, mysql::MySqlRow};
use uuid::Uuid;

use super::{
    json::{LICENSE, compact, meta},
    kind::{
        Definition, ID, LAST_UPDATED,
        ParamType::{Text, Token},
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

pub(super) const DEFINITION: Definition = Definition {
    kind: Type::Practitioner,
    params: &[
        ID,
        LAST_UPDATED,
        param("identifier", Token, "Registration with the professional body"),
        param("name", Text, "Given and family name"),
        param("family", Text, "Family name"),
        param("given", Text, "Given name"),
        param("active", Token, "Works here now"),
    ],
    sorts: &["_lastUpdated"],
    includes: &[],
    writable: false,
    history: false,
    about: "Everybody who works in the organization.",
};

macro_rules! columns {
    () => {
        "s.id, s.role, s.given_name, s.family_name, s.license_number, s.email, s.active, s.version, s.updated_at"
    };
}

const TABLE: Table = table!(
    select: columns!(),
    from: concat!(
        "staff s WHERE s.organization = ?",
        one_of!("s.id"),
        within!("s.updated_at"),
        words!("s.license_number"),
        like!("CONCAT_WS(' ', s.given_name, s.family_name)"),
        like!("s.family_name"),
        like!("s.given_name"),
        " AND (? IS NULL OR s.active = ?)"
    ),
    id: "s.id",
    key: "WHEN '_lastUpdated' THEN s.updated_at",
    oldest first
);

#[derive(FromRow)]
struct Staff {
    id: Uuid,
    role: String,
    given_name: String,
    family_name: String,
    license_number: Option<String>,
    email: Option<String>,
    active: bool,
    version: u32,
    updated_at: Stamp,
}

/// Runs a search of staff.
pub(super) async fn search(scope: &mut Scope, search: &Search) -> Result<Found<Value>> {
    let mut binds = Binds::default();
    binds
        .one_of(search.ids("_id"))
        .range(dates(scope, search, "_lastUpdated").await?)
        .words(search.codes("identifier", Some(LICENSE)))
        .text(search.text("name")?.as_ref())
        .text(search.text("family")?.as_ref())
        .text(search.text("given")?.as_ref())
        .flag(search.codes("active", None).as_deref())?;
    run(scope, &TABLE, search, &binds, resource).await
}

/// One of the staff.
pub(super) async fn read(scope: &mut Scope, id: Uuid) -> Result<Value> {
    let query = scope.query(scoped!(concat!(
        "SELECT ",
        columns!(),
        " FROM staff s WHERE s.organization = ? AND s.id = ?"
    )));
    let row = query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?;
    resource(&row)
}

fn resource(row: &MySqlRow) -> Result<Value> {
    let staff = Staff::from_row(row)?;
    Ok(compact(json!({
        "resourceType": "Practitioner",
        "id": staff.id,
        "meta": meta(staff.version, staff.updated_at),
        "identifier": [staff.license_number.map(|number| json!({"system": LICENSE, "value": number}))],
        "active": staff.active,
        "name": [{
            "use": "official",
            "text": format!("{} {}", staff.given_name, staff.family_name),
            "family": staff.family_name,
            "given": [staff.given_name],
        }],
        "telecom": [staff.email.map(|email| json!({"system": "email", "value": email, "use": "work"}))],
        "qualification": [{"code": {"coding": [{"system": "urn:galeno:role", "code": staff.role}]}}],
    })))
}
