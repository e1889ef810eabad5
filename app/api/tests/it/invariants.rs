//! What is asked of a restored database before it may serve: each question finds what it is for.

use galeno_contract::invariants;
use serde_json::json;

use crate::{
    appointments::slots,
    prescriptions::{medication, signed},
    support::{World, world::register},
};

/// What breaks each, as no client of the API could.
const BREAKS: [(&str, &str); 8] = [
    (
        "access-log-heads.sql",
        "UPDATE access_lane SET seq = seq + 1 ORDER BY seq DESC LIMIT 1",
    ),
    (
        "appointments-apart.sql",
        "ALTER TABLE appointment DROP KEY appointment_slot_taken; \
         INSERT INTO appointment (organization, id, slot, patient, staff, status, starts_at, ends_at, version, created_at, updated_at) \
         SELECT organization, REVERSE(id), slot, patient, staff, status, starts_at, ends_at, version, created_at, updated_at \
         FROM appointment; \
         INSERT INTO appointment_event (organization, appointment, version, status, slot, actor, reason, at) \
         SELECT organization, REVERSE(appointment), version, status, slot, actor, reason, at FROM appointment_event",
    ),
    (
        "appointments-in-slots.sql",
        "UPDATE slot SET ends_at = ends_at + INTERVAL 1 MINUTE",
    ),
    ("appointments-told.sql", "DELETE FROM appointment_event"),
    (
        "dispensed-as-recorded.sql",
        "UPDATE prescription SET dispensed = dispensed + 1",
    ),
    ("merged-with-history.sql", "DELETE FROM patient_merge"),
    ("nothing-overwritten.sql", "DELETE FROM entry_version WHERE version = 1"),
    ("signed-prescriptions.sql", "UPDATE prescription SET signature = NULL"),
];

#[tokio::test]
async fn each_finds_what_it_is_for_and_nothing_else() {
    for (name, statement) in BREAKS {
        let mut world = World::new().await;
        work(&mut world).await;
        assert_eq!(world.broken().await, [""; 0], "before {name}");
        let text = format!("SET FOREIGN_KEY_CHECKS = 0, check_constraint_checks = 0; {statement}");
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut world.db).await;
        assert!(done.unwrap().rows_affected() > 0, "{name}: {statement}");
        assert_eq!(world.broken().await, [name]);
    }
    assert_eq!(BREAKS.map(|(name, _)| name), invariants::ALL.map(|(name, _)| name));
}

/// A little of everything that they speak of.
async fn work(world: &mut World) {
    let alfa = world.organization("alfa").await;
    world
        .treats(&alfa, alfa.staff[&galeno_api::authz::Role::Physician], alfa.patient)
        .await;
    let patient = format!("/patients/{}", alfa.patient);
    let (_, slots) = slots(&alfa).await;
    let appointments = format!("{patient}/appointments");
    alfa.receptionist()
        .post(&appointments, json!({"slot": slots[0]}))
        .await
        .expect(201);
    let note = json!({"content": {"kind": "note", "title": "Nota", "text": "Texto"}});
    alfa.physician()
        .post(&format!("{patient}/entries"), note)
        .await
        .expect(201);
    let prescriptions = format!("{patient}/prescriptions");
    let prescription = signed(&alfa, &prescriptions, medication("N02BE01", "Paracetamol 1 g", 20)).await;
    let path = format!("{prescriptions}/{}/dispensations", prescription["id"].as_str().unwrap());
    alfa.client(galeno_api::authz::Role::Pharmacist)
        .post(&path, json!({"quantity": 3}))
        .await
        .expect(201);
    let duplicate = register(alfa.receptionist(), "Ana Maria", "Garcia").await;
    let body = json!({"duplicate": duplicate, "reason": "mismo DNI"});
    let merged = alfa
        .receptionist()
        .change("POST", &format!("{patient}/merge"), 1, body)
        .await;
    merged.expect(200);
}
