//! The organization and the people in it.

use anyhow::Result;
use jiff::ToSpan;
use sqlx::{Arguments, MySql, MySqlConnection, QueryBuilder, mysql::MySqlArguments};
use uuid::Uuid;

use super::{
    Making, Size,
    names::{FAMILY, GIVEN, SERVICES, STREETS},
    rows::insert,
};
use crate::{
    authz::Role,
    db::{Day, Stamp},
    people::{dni, words},
    resources::patients::pair,
};

/// The organization, its clinics, its staff and their schedules. Returns the staff.
pub(super) async fn organization(
    db: &mut MySqlConnection,
    making: &mut Making,
    slug: &str,
    size: &Size,
) -> Result<Vec<(Role, Uuid)>> {
    let (organization, now) = (making.organization, Stamp::from(making.now));
    sqlx::query(
        "INSERT INTO organization (id, slug, name, time_zone, created_at) VALUES (?, ?, ?, 'Europe/Madrid', ?)",
    )
    .bind(organization)
    .bind(slug)
    .bind("Grupo San Telmo (ficticio)")
    .bind(now)
    .execute(&mut *db)
    .await?;
    let mut staff = Vec::new();
    for number in 1..=size.clinics.max(1) {
        let clinic = making.random.id(making.now);
        sqlx::query(
            "INSERT INTO clinic (organization, id, code, name, address, phone, created_at, updated_at) \
             VALUES (?, ?, ?, ?, ?, '+34999000000', ?, ?)",
        )
        .bind(organization)
        .bind(clinic)
        .bind(format!("ST{number}"))
        .bind(format!("Clínica San Telmo {number} (ficticia)"))
        .bind(format!("{} {number}", making.random.pick(STREETS)))
        .bind(now)
        .bind(now)
        .execute(&mut *db)
        .await?;
        making.clinics.push(clinic);
        for service in SERVICES {
            let physician = member(db, making, Role::Physician, &mut staff).await?;
            making.physicians.push(physician);
            let schedule = making.random.id(making.now);
            sqlx::query(
                "INSERT INTO schedule (organization, id, clinic, staff, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(organization)
            .bind(schedule)
            .bind(clinic)
            .bind(physician)
            .bind(*service)
            .bind(now)
            .bind(now)
            .execute(&mut *db)
            .await?;
            making.schedules.push((schedule, physician));
        }
        for role in [Role::Nurse, Role::Receptionist, Role::Pharmacist] {
            member(db, making, role, &mut staff).await?;
        }
    }
    for role in [Role::Administrator, Role::Auditor] {
        member(db, making, role, &mut staff).await?;
    }
    Ok(staff)
}

async fn member(
    db: &mut MySqlConnection,
    making: &mut Making,
    role: Role,
    staff: &mut Vec<(Role, Uuid)>,
) -> Result<Uuid> {
    let (id, now) = (making.random.id(making.now), Stamp::from(making.now));
    let number = staff.len() + 1;
    sqlx::query(
        "INSERT INTO staff (organization, id, role, given_name, family_name, license_number, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(making.organization)
    .bind(id)
    .bind(role.word())
    .bind(making.random.pick(GIVEN).0)
    .bind(format!("{} {}", making.random.pick(FAMILY), making.random.pick(FAMILY)))
    .bind(format!("SYN-{number:05}"))
    .bind(now)
    .bind(now)
    .execute(db)
    .await?;
    staff.push((role, id));
    Ok(id)
}

struct Row {
    id: Uuid,
    document: (&'static str, String),
    given: &'static str,
    sex: &'static str,
    family: String,
    born: Day,
    phone: String,
    address: String,
}

/// Patients `from` to `from + count`.
pub(super) async fn patients(
    db: &mut MySqlConnection,
    making: &mut Making,
    from: u32,
    count: u32,
) -> Result<Vec<Uuid>> {
    let rows: Vec<Row> = (from..from + count).map(|number| patient(making, number)).collect();
    let (organization, now) = (making.organization, Stamp::from(making.now));
    insert(
        db,
        "INSERT INTO patient (organization, id, document_type, document_number, given_name, family_name, birth_date, sex, \
         phone, address, postal_code, synthetic, created_at, updated_at) ",
        &rows,
        |values, row| {
            values
                .push_bind(organization)
                .push_bind(row.id)
                .push_bind(row.document.0)
                .push_bind(row.document.1.clone())
                .push_bind(row.given)
                .push_bind(row.family.clone())
                .push_bind(row.born)
                .push_bind(row.sex)
                .push_bind(row.phone.clone())
                .push_bind(row.address.clone())
                .push_bind("28001")
                .push_bind(true)
                .push_bind(now)
                .push_bind(now);
        },
    )
    .await?;
    let searched: Vec<(Uuid, String)> = rows
        .iter()
        .flat_map(|row| {
            words(&format!("{} {}", row.given, row.family))
                .into_iter()
                .map(|word| (row.id, word))
        })
        .collect();
    insert(
        db,
        "INSERT INTO patient_word (organization, word, patient, unpaired) ",
        &searched,
        |values, (id, word)| {
            values
                .push_bind(organization)
                .push_bind(word.clone())
                .push_bind(*id)
                .push_bind(None::<bool>);
        },
    )
    .await?;
    let mut given = MySqlArguments::default();
    given.add(organization).map_err(anyhow::Error::from_boxed)?;
    let mut pairs = QueryBuilder::<MySql>::with_arguments(pair!("IN ("), given);
    let mut list = pairs.separated(", ");
    for row in &rows {
        list.push_bind(row.id);
    }
    pairs.push(")").build().execute(&mut *db).await?;
    insert(
        db,
        "INSERT INTO patient_version (organization, patient, version, content, actor, reason, at) ",
        &rows,
        |values, row| {
            let content = serde_json::json!({
                "document": {"type": row.document.0, "number": row.document.1}, "given_name": row.given,
                "family_name": row.family, "birth_date": row.born, "sex": row.sex, "phone": row.phone,
                "address": row.address, "postal_code": "28001", "language": "es"
            });
            values
                .push_bind(organization)
                .push_bind(row.id)
                .push_bind(1_u32)
                .push_bind(content.to_string())
                .push_bind(Uuid::nil())
                .push_bind("synthetic")
                .push_bind(now);
        },
    )
    .await?;
    Ok(rows.iter().map(|row| row.id).collect())
}

fn patient(making: &mut Making, number: u32) -> Row {
    let (given, sex) = *making.random.pick(GIVEN);
    let family = format!("{} {}", making.random.pick(FAMILY), making.random.pick(FAMILY));
    let age = i64::try_from(making.random.below(34_000)).unwrap_or(0);
    let born = making
        .now
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .saturating_sub((1 + age).days());
    // Numbers that the state has not issued, and a passport of no country: nobody real is meant.
    let document = if number % 10 == 9 {
        ("passport", format!("SYN{number:07}"))
    } else {
        ("dni", dni(90_000_000 + number % 9_999_999))
    };
    let at = making.now - jiff::SignedDuration::from_hours(i64::try_from(making.random.below(20_000)).unwrap_or(0));
    Row {
        id: making.random.id(at),
        document,
        given,
        sex,
        family,
        born: born.into(),
        phone: format!("+34999{:06}", number % 1_000_000),
        address: format!("{} {}", making.random.pick(STREETS), 1 + making.random.below(200)),
    }
}
