//! Schedule and Slot.

use serde_json::{Value, json};
use sqlx::{FromRow, mysql::MySqlRow};
use uuid::Uuid;

use super::{
    json::{meta, reference},
    kind::{
        Definition, ID, Include, LAST_UPDATED,
        ParamType::{Date, Reference, Token},
        Type, param,
    },
    params::{Search, refused},
    search::{Binds, Found, Table, dates, one_of, run, table, within},
};
use crate::{
    db::{Fault, Stamp},
    http::{Result, Scope},
    scoped,
};

pub(super) const SCHEDULE: Definition = Definition {
    kind: Type::Schedule,
    params: &[
        ID,
        LAST_UPDATED,
        param("actor", Reference, "The practitioner or the location"),
        param("active", Token, "Takes appointments"),
    ],
    sorts: &["_lastUpdated"],
    includes: &[Include {
        param: "actor",
        path: &["actor"],
    }],
    writable: false,
    history: false,
    about: "Whose time it is, and where.",
};

pub(super) const SLOT: Definition = Definition {
    kind: Type::Slot,
    params: &[
        ID,
        param("schedule", Reference, "The schedule"),
        param("start", Date, "When it begins"),
        param("status", Token, "free, busy, busy-unavailable"),
    ],
    sorts: &["start"],
    includes: &[Include {
        param: "schedule",
        path: &["schedule"],
    }],
    writable: false,
    history: false,
    about: "Searches name a schedule, or slots by `_id`.",
};

macro_rules! columns {
    () => {
        "c.id, c.clinic, c.staff, c.name, c.active, c.version, c.updated_at"
    };
}

const SCHEDULES: Table = table!(
    select: columns!(),
    from: concat!(
        "schedule c WHERE c.organization = ?",
        one_of!("c.id"),
        within!("c.updated_at"),
        " AND (? IS NULL OR c.staff IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) OR c.clinic IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?))",
        " AND (? IS NULL OR c.active = ?)"
    ),
    id: "c.id",
    key: "WHEN '_lastUpdated' THEN c.updated_at",
    oldest first
);

#[derive(FromRow)]
struct Schedule {
    id: Uuid,
    clinic: Uuid,
    staff: Uuid,
    name: String,
    active: bool,
    version: u32,
    updated_at: Stamp,
}

/// Runs a search of schedules.
pub(super) async fn search_schedule(scope: &mut Scope, search: &Search) -> Result<Found<Value>> {
    let mut binds = Binds::default();
    binds
        .one_of(search.ids("_id"))
        .range(dates(scope, search, "_lastUpdated").await?)
        .one_of_two(search.ids("actor"))
        .flag(search.codes("active", None).as_deref())?;
    run(scope, &SCHEDULES, search, &binds, schedule).await
}

/// A schedule.
pub(super) async fn read_schedule(scope: &mut Scope, id: Uuid) -> Result<Value> {
    let query = scope.query(scoped!(concat!(
        "SELECT ",
        columns!(),
        " FROM schedule c WHERE c.organization = ? AND c.id = ?"
    )));
    let row = query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?;
    schedule(&row)
}

fn schedule(row: &MySqlRow) -> Result<Value> {
    let one = Schedule::from_row(row)?;
    Ok(json!({
        "resourceType": "Schedule",
        "id": one.id,
        "meta": meta(one.version, one.updated_at),
        "active": one.active,
        "actor": [reference(Type::Practitioner, one.staff), reference(Type::Location, one.clinic)],
        "comment": one.name,
    }))
}

macro_rules! slot_status {
    () => {
        "CASE WHEN a.id IS NOT NULL THEN 'busy' WHEN s.blocked OR NOT c.active THEN 'busy-unavailable' ELSE 'free' END"
    };
}

macro_rules! slot_columns {
    () => {
        concat!(
            "s.id, s.schedule, s.starts_at, s.ends_at, ",
            slot_status!(),
            " AS status"
        )
    };
}

macro_rules! slot_tables {
    () => {
        "slot s JOIN schedule c ON c.organization = s.organization AND c.id = s.schedule \
         LEFT JOIN appointment a ON a.organization = s.organization AND a.taken = s.id WHERE s.organization = ?"
    };
}

const SLOTS: Table = table!(
    select: slot_columns!(),
    from: concat!(
        slot_tables!(),
        one_of!("s.id"),
        one_of!("s.schedule"),
        within!("s.starts_at"),
        " AND (? IS NULL OR FIND_IN_SET(",
        slot_status!(),
        ", ?) > 0)"
    ),
    id: "s.id",
    key: "WHEN 'start' THEN s.starts_at",
    oldest first
);

#[derive(FromRow)]
struct Slot {
    id: Uuid,
    schedule: Uuid,
    starts_at: Stamp,
    ends_at: Stamp,
    status: String,
}

/// Runs a search of slots.
pub(super) async fn search_slot(scope: &mut Scope, search: &Search) -> Result<Found<Value>> {
    if !search.has("schedule") && !search.has("_id") {
        return Err(refused("schedule is needed: there are very many slots".to_owned()));
    }
    let mut binds = Binds::default();
    binds
        .one_of(search.ids("_id"))
        .one_of(search.ids("schedule"))
        .range(dates(scope, search, "start").await?)
        .words(search.codes("status", Some("http://hl7.org/fhir/slotstatus")));
    run(scope, &SLOTS, search, &binds, slot).await
}

/// A slot.
pub(super) async fn read_slot(scope: &mut Scope, id: Uuid) -> Result<Value> {
    let query = scope.query(scoped!(concat!(
        "SELECT ",
        slot_columns!(),
        " FROM ",
        slot_tables!(),
        " AND s.id = ?"
    )));
    let row = query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?;
    slot(&row)
}

fn slot(row: &MySqlRow) -> Result<Value> {
    let one = Slot::from_row(row)?;
    Ok(json!({
        "resourceType": "Slot",
        "id": one.id,
        "schedule": reference(Type::Schedule, one.schedule),
        "status": one.status,
        "start": one.starts_at,
        "end": one.ends_at,
    }))
}
