//! Joining two registrations of one person: what moves, what ends, and what ended stays ended.

use galeno_api::authz::Role;
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    Answer, Client, World,
    world::{Organization, person, register},
};

/// Joins a duplicate to a patient whose newest version that is.
pub async fn merge(org: &Organization, survivor: Uuid, version: u64, duplicate: Uuid) -> Answer {
    let body = json!({"duplicate": duplicate, "reason": "mismo DNI"});
    let path = format!("/patients/{survivor}/merge");
    org.receptionist().change("POST", &path, version, body).await
}

#[tokio::test]
async fn a_merge_undoes_no_restriction() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let restricted = register(alfa.receptionist(), "Ana Maria", "Garcia").await;
    let body = json!({"restricted": true, "reason": "GDPR, 18.1.a"});
    alfa.client(Role::Auditor)
        .change("PUT", &format!("/patients/{restricted}/restriction"), 1, body)
        .await
        .expect(200);
    for (survivor, version, duplicate) in [(alfa.patient, 1, restricted), (restricted, 2, alfa.patient)] {
        let refused = merge(&alfa, survivor, version, duplicate).await.expect(403);
        assert_eq!(refused.problem(), "data-restricted");
    }
    let logged: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM access_log WHERE patient = ? AND action = 'patient.merge' AND outcome = 'refused'",
    )
    .bind(restricted)
    .fetch_one(&mut world.db)
    .await
    .unwrap();
    assert_eq!(logged, 2);
}

#[tokio::test]
async fn the_document_of_a_duplicate_goes_to_the_survivor_that_has_none() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let documented = async |number: &str| -> Uuid {
        let mut one = person("Ana Maria", "Garcia");
        one["document"] = json!({"type": "dni", "number": number});
        let body = json!({"patient": one, "not_a_duplicate": true});
        let made = alfa.receptionist().post("/patients", body).await.expect(201).id();
        made.parse().unwrap()
    };
    let read = async |patient: Uuid| {
        let path = format!("/patients/{patient}");
        alfa.receptionist().get(&path).await.expect(200).json()
    };
    let first = documented("12345678Z").await;
    let merged = merge(&alfa, alfa.patient, 1, first).await.expect(200).json();
    assert_eq!(
        (&merged["document_number"], &merged["version"]),
        (&json!("12345678Z"), &json!(2))
    );
    assert_eq!(read(first).await["document_number"], json!(null));
    let found = json!({"document_number": "12345678Z"});
    let found = alfa.receptionist().post("/patients/search", found).await.expect(200);
    assert_eq!(found.json()["items"][0]["id"], json!(alfa.patient));
    let versions = async |patient: Uuid| {
        let path = format!("/patients/{patient}/versions");
        alfa.receptionist().get(&path).await.expect(200).json()
    };
    let told = versions(alfa.patient).await;
    assert_eq!(told[0]["content"]["document"]["number"], "12345678Z");
    assert_eq!(
        (&told[0]["version"], &told[0]["reason"]),
        (&json!(2), &json!("mismo DNI"))
    );
    assert_eq!(
        versions(first).await[0]["content"]["document"]["number"],
        "12345678Z",
        "the duplicate's history keeps it"
    );
    // Who has one keeps it, and the other one is free for whoever it belongs to.
    let second = documented("00000000T").await;
    let merged = merge(&alfa, alfa.patient, 2, second).await.expect(200).json();
    assert_eq!(merged["document_number"], "12345678Z");
    documented("00000000T").await;
    assert_eq!(world.broken().await, [""; 0]);
}

#[tokio::test]
async fn nothing_is_written_to_a_registration_that_has_ended() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (schedule, slots) = crate::appointments::slots(&alfa).await;
    let merged = register(alfa.receptionist(), "Ana Maria", "Garcia").await;
    merge(&alfa, alfa.patient, 1, merged).await.expect(200);
    let erased = register(alfa.receptionist(), "Eva", "Cruz").await;
    let body = json!({"reason": "solicitud"});
    alfa.client(Role::Auditor)
        .change("POST", &format!("/patients/{erased}/erasure"), 1, body)
        .await
        .expect(201);
    let physician = alfa.staff[&Role::Physician];
    for (patient, version, survivor) in [(merged, 2, json!(alfa.patient)), (erased, 2, json!(null))] {
        for (path, body) in [
            ("appointments", json!({"slot": slots[0]})),
            ("waiting", json!({"schedule": schedule, "priority": 3})),
            ("guardians", json!({"guardian": alfa.patient, "relationship": "madre"})),
            ("consents", json!({"purpose": "contact", "wording": "Sí."})),
            ("rights-requests", json!({"kind": "access", "wording": "Todo."})),
            ("access", json!({"username": "ana.maria"})),
        ] {
            let path = format!("/patients/{patient}/{path}");
            let refused = alfa.receptionist().post(&path, body).await.expect(409).json();
            assert_eq!(refused["merged_into"], survivor, "{path}");
        }
        let team = json!({"staff": physician, "reason": "x"});
        let path = format!("/patients/{patient}/care-team");
        alfa.client(Role::Administrator).post(&path, team).await.expect(409);
        let urgent = json!({"reason": "inconsciente en urgencias"});
        let path = format!("/patients/{patient}/emergency");
        alfa.physician().post(&path, urgent).await.expect(409);
        let change = json!({"patient": person("Otra", "Cosa")});
        let path = format!("/patients/{patient}");
        let refused = alfa.receptionist().change("PUT", &path, version, change).await;
        assert_eq!(refused.expect(409).json()["merged_into"], survivor);
        let limit = json!({"restricted": true, "reason": "x"});
        let path = format!("/patients/{patient}/restriction");
        let auditor = alfa.client(Role::Auditor);
        auditor.change("PUT", &path, version, limit).await.expect(409);
    }
    let path = format!("/patients/{merged}/erasure");
    alfa.client(Role::Auditor).get(&path).await.expect(409);
    assert_eq!(merge(&alfa, alfa.patient, 2, erased).await.status, 409);
}

/// Until a request has met what another transaction holds, and begins anew; it must not have its answer before.
async fn somebody_tries_again(world: &World, request: &tokio::task::JoinHandle<Answer>) {
    let management = Client::new(world.running.management);
    loop {
        let metrics = management.at("/metrics").await.expect(200);
        let text = String::from_utf8_lossy(&metrics.bytes).into_owned();
        if !text.lines().any(|line| line == "galeno_api_retries_total 0") {
            assert!(text.contains("galeno_api_retries_total "), "{text}");
            return;
        }
        assert!(!request.is_finished(), "it had to try again");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_restriction_that_comes_while_a_merge_is_under_way_holds() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let duplicate = register(alfa.receptionist(), "Ana Maria", "Garcia").await;
    sqlx::raw_sql("BEGIN").execute(&mut world.db).await.unwrap();
    sqlx::query("UPDATE patient SET restricted = TRUE, version = version + 1 WHERE id = ?")
        .bind(duplicate)
        .execute(&mut world.db)
        .await
        .unwrap();
    let path = format!("/patients/{}/merge", alfa.patient);
    let (client, body) = (
        alfa.receptionist().clone(),
        json!({"duplicate": duplicate, "reason": "mismo DNI"}),
    );
    let merging = tokio::spawn(async move { client.change("POST", &path, 1, body).await });
    somebody_tries_again(&world, &merging).await;
    sqlx::raw_sql("COMMIT").execute(&mut world.db).await.unwrap();
    // Seen in time it is a refusal; seen afterwards it goes over to the survivor.
    let answer = merging.await.unwrap();
    let carried = answer.status == 200 && answer.json()["restricted"] == true;
    assert!(carried || answer.problem() == "data-restricted", "{answer:?}");
}

#[tokio::test]
async fn what_is_written_while_a_merge_is_under_way_does_not_stay_behind() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (_, slots) = crate::appointments::slots(&alfa).await;
    let duplicate = register(alfa.receptionist(), "Ana Maria", "Garcia").await;
    sqlx::raw_sql("BEGIN").execute(&mut world.db).await.unwrap();
    sqlx::query("UPDATE patient SET merged_into = ? WHERE id = ?")
        .bind(alfa.patient)
        .bind(duplicate)
        .execute(&mut world.db)
        .await
        .unwrap();
    let path = format!("/patients/{duplicate}/appointments");
    let (client, slot) = (alfa.receptionist().clone(), slots[0]);
    let booking = tokio::spawn(async move { client.post(&path, json!({"slot": slot})).await });
    somebody_tries_again(&world, &booking).await;
    sqlx::raw_sql("COMMIT").execute(&mut world.db).await.unwrap();
    let refused = booking.await.unwrap().expect(409).json();
    assert_eq!(refused["merged_into"], json!(alfa.patient));
}

#[tokio::test]
async fn what_is_live_of_a_duplicate_goes_on_with_the_survivor() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let receptionist = alfa.receptionist();
    let duplicate = register(receptionist, "Ana Maria", "Garcia").await;
    let child = register(receptionist, "Leo", "Garcia").await;
    let guardian = json!({"guardian": duplicate, "relationship": "madre"});
    for ward in [child, alfa.patient] {
        let path = format!("/patients/{ward}/guardians");
        receptionist.post(&path, guardian.clone()).await.expect(201);
    }
    for (patient, purpose) in [
        (duplicate, "contact"),
        (duplicate, "research"),
        (alfa.patient, "research"),
    ] {
        let consent = json!({"purpose": purpose, "wording": "Acepto."});
        let path = format!("/patients/{patient}/consents");
        receptionist.post(&path, consent).await.expect(201);
    }
    let asked = json!({"kind": "access", "wording": "Quiero una copia."});
    let path = format!("/patients/{duplicate}/rights-requests");
    receptionist.post(&path, asked).await.expect(201);
    let urgent = json!({"reason": "inconsciente en urgencias"});
    let path = format!("/patients/{duplicate}/emergency");
    alfa.physician().post(&path, urgent).await.expect(201);
    merge(&alfa, alfa.patient, 1, duplicate).await.expect(200);
    let of = async |what: &str| {
        let path = format!("/patients/{}/{what}", alfa.patient);
        alfa.patient().get(&path).await.expect(200).json()
    };
    assert_eq!(of("wards").await.as_array().unwrap().len(), 1, "nobody is their own");
    assert_eq!(of("wards").await[0]["patient"], json!(child));
    assert_eq!(of("rights-requests").await[0]["wording"], "Quiero una copia.");
    let mut consents: Vec<_> = of("consents").await.as_array().unwrap().clone();
    consents.sort_by_key(|one| (one["purpose"].to_string(), one["status"].to_string()));
    let consents: Vec<_> = consents.iter().map(|one| (&one["purpose"], &one["status"])).collect();
    assert_eq!(
        consents,
        [
            (&json!("contact"), &json!("active")),
            (&json!("research"), &json!("active")),
            (&json!("research"), &json!("withdrawn")),
        ]
    );
    // The record that an emergency opened stays open: it is this one now.
    let path = format!("/patients/{}/entries", alfa.patient);
    alfa.physician().get(&path).await.expect(200);
    assert_eq!(world.broken().await, [""; 0]);
}
