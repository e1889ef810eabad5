//! Appointment.

use serde_json::{Value, json};
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::{
    json::{compact, meta, reference},
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
    kind: Type::Appointment,
    params: &[
        ID,
        LAST_UPDATED,
        param("patient", Reference, "Whose appointment"),
        param("practitioner", Reference, "With whom"),
        param("location", Reference, "In which clinic"),
        param("slot", Reference, "In which slot"),
        param("date", Date, "When it begins"),
        param("status", Token, "booked, arrived, fulfilled, cancelled, noshow"),
    ],
    sorts: &["date", "_lastUpdated"],
    includes: &[
        Include {
            param: "patient",
            path: &["participant", "actor"],
        },
        Include {
            param: "practitioner",
            path: &["participant", "actor"],
        },
        Include {
            param: "location",
            path: &["participant", "actor"],
        },
        Include {
            param: "actor",
            path: &["participant", "actor"],
        },
        Include {
            param: "slot",
            path: &["slot"],
        },
    ],
    writable: true,
    history: true,
    about: "Made by booking a slot. Without `patient`, staff who may see everybody's day search the agenda.",
};

macro_rules! columns {
    () => {
        "a.id, a.slot, a.patient, a.staff, a.status, a.starts_at, a.ends_at, a.reason, a.version, a.created_at, \
         a.updated_at, p.restricted, c.clinic, (SELECT v.reason FROM appointment_event v WHERE v.organization = a.organization \
         AND v.appointment = a.id AND v.version = a.version) AS why"
    };
}

macro_rules! tables {
    () => {
        "appointment a JOIN slot s ON s.organization = a.organization AND s.id = a.slot \
         JOIN schedule c ON c.organization = s.organization AND c.id = s.schedule \
         JOIN patient p ON p.organization = a.organization AND p.id = a.patient WHERE a.organization = ?"
    };
}

const TABLE: Table = table!(
    select: columns!(),
    from: concat!(
        tables!(),
        one_of!("a.id"),
        within!("a.updated_at"),
        one_of!("a.patient"),
        one_of!("a.staff"),
        one_of!("c.clinic"),
        one_of!("a.slot"),
        within!("a.starts_at"),
        words!("a.status")
    ),
    id: "a.id",
    key: "WHEN 'date' THEN a.starts_at WHEN '_lastUpdated' THEN a.updated_at",
    newest first
);

#[derive(FromRow)]
pub(super) struct Booked {
    pub(super) id: Uuid,
    pub(super) slot: Uuid,
    pub(super) patient: Uuid,
    pub(super) staff: Uuid,
    pub(super) clinic: Uuid,
    pub(super) status: String,
    pub(super) starts_at: Stamp,
    pub(super) ends_at: Stamp,
    pub(super) reason: Option<String>,
    /// Why it came to this version.
    pub(super) why: Option<String>,
    pub(super) version: u32,
    pub(super) created_at: Stamp,
    pub(super) updated_at: Stamp,
    /// Whether the processing of the patient's data is restricted.
    pub(super) restricted: bool,
}

impl Booked {
    /// What a list of many persons' appointments shows of it: that somebody comes, and while their data is restricted not
    /// why.
    fn into_listed(self) -> Self {
        if !self.restricted {
            return self;
        }
        Self {
            reason: None,
            why: None,
            ..self
        }
    }
}

/// Runs a search of appointments.
pub(super) async fn search(scope: &mut Scope, search: &Search) -> Result<Found<Value>> {
    let mut binds = Binds::default();
    binds
        .one_of(search.ids("_id"))
        .range(dates(scope, search, "_lastUpdated").await?)
        .one_of(search.ids("patient"))
        .one_of(search.ids("practitioner"))
        .one_of(search.ids("location"))
        .one_of(search.ids("slot"))
        .range(dates(scope, search, "date").await?)
        .words(search.codes("status", Some("http://hl7.org/fhir/appointmentstatus")));
    let of_one = scope.subject().is_some();
    run(scope, &TABLE, search, &binds, |row| {
        let row = Booked::from_row(row)?;
        Ok(appointment(&if of_one { row } else { row.into_listed() }))
    })
    .await
}

async fn find(scope: &mut Scope, id: Uuid) -> Result<Booked> {
    let query = scope.query_as::<Booked>(scoped!(concat!(
        "SELECT ",
        columns!(),
        " FROM ",
        tables!(),
        " AND a.id = ?"
    )));
    Ok(query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?)
}

/// An appointment.
pub(super) async fn read(scope: &mut Scope, id: Uuid) -> Result<Value> {
    let row = find(scope, id).await?;
    // Beside something else, an appointment is shown as a list shows it.
    let row = if scope.subject() == Some(row.patient) {
        row
    } else {
        row.into_listed()
    };
    Ok(appointment(&row))
}

/// Every version, the newest first.
pub(super) async fn versions(scope: &mut Scope, id: Uuid) -> Result<Vec<Version>> {
    let now = find(scope, id).await?;
    let query = scope.query(scoped!(
        "SELECT v.version, v.status, v.slot, v.reason, v.at, s.starts_at, s.ends_at, c.staff, c.clinic \
         FROM appointment_event v JOIN slot s ON s.organization = v.organization AND s.id = v.slot \
         JOIN schedule c ON c.organization = s.organization AND c.id = s.schedule \
         WHERE v.organization = ? AND v.appointment = ? ORDER BY v.version DESC LIMIT 500"
    ));
    let rows = query.bind(id).fetch_all(scope.db()).await?;
    let mut versions = vec![Version {
        number: now.version,
        at: now.updated_at,
        resource: appointment(&now),
    }];
    for row in rows {
        let (number, at): (u32, Stamp) = (row.try_get("version")?, row.try_get("at")?);
        // Joining two registrations of a patient makes a version without an event: what the row says now is it.
        if number >= now.version {
            continue;
        }
        let then = Booked {
            id,
            slot: row.try_get("slot")?,
            patient: now.patient,
            staff: row.try_get("staff")?,
            clinic: row.try_get("clinic")?,
            status: row.try_get("status")?,
            starts_at: row.try_get("starts_at")?,
            ends_at: row.try_get("ends_at")?,
            reason: now.reason.clone(),
            why: row.try_get("reason")?,
            version: number,
            created_at: now.created_at,
            updated_at: at,
            restricted: now.restricted,
        };
        versions.push(Version {
            number,
            at,
            resource: appointment(&then),
        });
    }
    Ok(versions)
}

/// How each participant stands.
fn participation(status: &str) -> &'static str {
    match status {
        "cancelled" => "declined",
        _ => "accepted",
    }
}

/// The resource of a row.
pub(super) fn appointment(row: &Booked) -> Value {
    let participant = |kind: Type, id: Uuid| json!({"actor": reference(kind, id), "required": "required", "status": participation(&row.status)});
    let minutes = (row.ends_at.micros() - row.starts_at.micros()) / 60_000_000;
    compact(json!({
        "resourceType": "Appointment",
        "id": row.id,
        "meta": meta(row.version, row.updated_at),
        "status": row.status,
        "cancelationReason": row.why.as_ref().filter(|_| row.status == "cancelled").map(|why| json!({"text": why})),
        "reasonCode": [row.reason.as_ref().map(|reason| json!({"text": reason}))],
        "start": row.starts_at,
        "end": row.ends_at,
        "minutesDuration": minutes,
        "slot": [reference(Type::Slot, row.slot)],
        "created": row.created_at,
        "participant": [
            participant(Type::Patient, row.patient),
            participant(Type::Practitioner, row.staff),
            participant(Type::Location, row.clinic),
        ],
    }))
}
