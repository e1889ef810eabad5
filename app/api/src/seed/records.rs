//! Records, prescriptions, slots and appointments of made-up patients.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Weekday, tz::TimeZone};
use serde_json::json;
use sqlx::{Connection, MySqlConnection};
use uuid::Uuid;

use super::{
    Making, Size,
    names::{ALLERGIES, CONDITIONS, MEDICATIONS},
    rows::insert,
};
use crate::{
    db::Stamp,
    resources::records::{
        Allergy, AllergyCategory, Condition, ConditionStatus, Content, Criticality, Note, Observation, Value,
    },
};

struct Entry {
    id: Uuid,
    patient: Uuid,
    author: Uuid,
    at: Stamp,
    content: Content,
}

/// Somebody who treats each patient, some entries, perhaps a prescription.
pub(super) async fn records(
    db: &mut MySqlConnection,
    making: &mut Making,
    patients: &[Uuid],
    size: &Size,
) -> Result<()> {
    let organization = making.organization;
    let mut entries = Vec::new();
    let mut team = Vec::new();
    let mut prescriptions = Vec::new();
    for &patient in patients {
        let author = *making.random.pick(&making.physicians.clone());
        team.push((making.random.id(making.now), patient, author));
        let count = making.random.below(2 * u64::from(size.entries) + 1);
        for _ in 0..count {
            let hours = i64::try_from(making.random.below(17_000)).unwrap_or(0);
            let at = making.now - SignedDuration::from_hours(1 + hours);
            let content = content(making, at);
            entries.push(Entry {
                id: making.random.id(at),
                patient,
                author,
                at: at.into(),
                content,
            });
        }
        if making.random.once_in(3) {
            prescriptions.push((
                making.random.id(making.now),
                patient,
                author,
                *making.random.pick(MEDICATIONS),
            ));
        }
    }
    let now = Stamp::from(making.now);
    insert(
        db,
        "INSERT INTO care_team (organization, id, patient, staff, reason, since, added_by) ",
        &team,
        |values, (id, patient, staff)| {
            values
                .push_bind(organization)
                .push_bind(*id)
                .push_bind(*patient)
                .push_bind(*staff)
                .push_bind("Médico asignado")
                .push_bind(now)
                .push_bind(*staff);
        },
    )
    .await?;
    write_entries(db, organization, &entries).await?;
    insert(
        db,
        "INSERT INTO prescription (organization, id, patient, prescriber, status, atc, medication, dose, route, frequency, \
         quantity, unit, created_at, updated_at) ",
        &prescriptions,
        |values, (id, patient, prescriber, (atc, medication, frequency, quantity, unit))| {
            values
                .push_bind(organization)
                .push_bind(*id)
                .push_bind(*patient)
                .push_bind(*prescriber)
                // Only a person's signature makes one active.
                .push_bind("draft")
                .push_bind(*atc)
                .push_bind(*medication)
                .push_bind("1")
                .push_bind("oral")
                .push_bind(*frequency)
                .push_bind(*quantity)
                .push_bind(*unit)
                .push_bind(now)
                .push_bind(now);
        },
    )
    .await
}

async fn write_entries(db: &mut MySqlConnection, organization: Uuid, entries: &[Entry]) -> Result<()> {
    insert(
        db,
        "INSERT INTO entry (organization, id, patient, kind, status, code, effective_at, author, version, created_at, updated_at) ",
        entries,
        |values, entry| {
            values
                .push_bind(organization)
                .push_bind(entry.id)
                .push_bind(entry.patient)
                .push_bind(entry.content.kind().word())
                .push_bind("open")
                .push_bind(entry.content.code().map(str::to_owned))
                .push_bind(entry.content.effective().unwrap_or(entry.at))
                .push_bind(entry.author)
                .push_bind(1_u32)
                .push_bind(entry.at)
                .push_bind(entry.at);
        },
    )
    .await?;
    insert(
        db,
        "INSERT INTO entry_version (organization, entry, version, status, content, author, at) ",
        entries,
        |values, entry| {
            values
                .push_bind(organization)
                .push_bind(entry.id)
                .push_bind(1_u32)
                .push_bind("open")
                .push_bind(json!(entry.content).to_string())
                .push_bind(entry.author)
                .push_bind(entry.at);
        },
    )
    .await
}

fn content(making: &mut Making, at: Timestamp) -> Content {
    let random = &mut making.random;
    match random.below(10) {
        0 | 1 => {
            let (icd10, description) = *random.pick(CONDITIONS);
            Content::Condition(Condition {
                icd10: icd10.to_owned(),
                description: description.to_owned(),
                status: if random.once_in(4) {
                    ConditionStatus::Resolved
                } else {
                    ConditionStatus::Active
                },
                onset: Some(at.into()),
                abatement: None,
                encounter: None,
            })
        }
        2 => {
            let (substance, atc, category) = *random.pick(ALLERGIES);
            Content::Allergy(Allergy {
                category: match category {
                    "medication" => AllergyCategory::Medication,
                    "food" => AllergyCategory::Food,
                    _ => AllergyCategory::Environment,
                },
                atc: atc.map(str::to_owned),
                substance: substance.to_owned(),
                reaction: Some("Urticaria".to_owned()),
                criticality: if random.once_in(5) {
                    Criticality::High
                } else {
                    Criticality::Low
                },
                resolved: false,
                encounter: None,
            })
        }
        3 => Content::Note(Note {
            title: "Nota de consulta".to_owned(),
            text: "Texto ficticio: acude a revisión, se encuentra bien, se mantiene el tratamiento.".to_owned(),
            encounter: None,
        }),
        _ => {
            // LOINC and UCUM: blood pressure, pulse, weight, temperature, oxygen saturation, glucose.
            let vitals: &[(&str, &str, &str, u64, u64)] = &[
                ("8480-6", "Presión arterial sistólica", "mm[Hg]", 95, 80),
                ("8462-4", "Presión arterial diastólica", "mm[Hg]", 55, 45),
                ("8867-4", "Frecuencia cardiaca", "/min", 50, 60),
                ("29463-7", "Peso", "kg", 45, 60),
                ("2708-6", "Saturación de oxígeno", "%", 90, 10),
                ("2339-0", "Glucosa", "mg/dL", 70, 120),
            ];
            let (loinc, description, unit, low, range) = *random.pick(vitals);
            let value = u32::try_from(low + random.below(range)).unwrap_or(0);
            Content::Observation(Observation {
                loinc: loinc.to_owned(),
                description: description.to_owned(),
                value: Value::Quantity {
                    value: f64::from(value),
                    unit: unit.to_owned(),
                },
                observed_at: at.into(),
                encounter: None,
            })
        }
    }
}

/// Slots on working days, from nine to one, of fifteen minutes.
pub(super) async fn slots(
    db: &mut MySqlConnection,
    making: &mut Making,
    size: &Size,
    progress: &mut impl FnMut(&str, u32, u32),
) -> Result<()> {
    let zone = TimeZone::get("Europe/Madrid").unwrap_or(TimeZone::UTC);
    let today = making.now.to_zoned(zone.clone()).date();
    let schedules = making.schedules.clone();
    let total = u32::try_from(schedules.len()).unwrap_or(u32::MAX);
    for (number, (schedule, _)) in (1..).zip(&schedules) {
        let mut rows = Vec::new();
        for day in 0..i64::from(size.days) {
            let day = today.saturating_add(day.days());
            if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
                continue;
            }
            for quarter in 0..16_i8 {
                let local = day.at(9 + quarter / 4, (quarter % 4) * 15, 0, 0);
                if let Ok(start) = local.to_zoned(zone.clone()) {
                    let start = start.timestamp();
                    rows.push((
                        making.random.id(making.now),
                        start,
                        start + SignedDuration::from_mins(15),
                    ));
                }
            }
        }
        let (organization, schedule) = (making.organization, *schedule);
        let mut tx = db.begin().await?;
        insert(
            &mut tx,
            "INSERT INTO slot (organization, id, schedule, starts_at, ends_at) ",
            &rows,
            |values, (id, start, end)| {
                values
                    .push_bind(organization)
                    .push_bind(*id)
                    .push_bind(schedule)
                    .push_bind(Stamp::from(*start))
                    .push_bind(Stamp::from(*end));
            },
        )
        .await?;
        tx.commit().await?;
        progress("schedules", number, total);
    }
    Ok(())
}
