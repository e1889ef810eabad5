//! The access log: complete, in the same transaction, and tamper-evident.

use galeno_api::{
    audit::{Line, append},
    authz::Role,
    db::Stamp,
};
use serde_json::{Value, json};

use uuid::Uuid;

use crate::{
    prescriptions::medication,
    support::{
        World,
        mariadb::run,
        world::{person, register},
    },
};

#[tokio::test]
async fn every_access_is_in_the_log_and_the_patient_sees_it() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let patient = alfa.patient;
    alfa.physician()
        .get(&format!("/patients/{patient}/entries"))
        .await
        .expect(403);
    world.treats(&alfa, alfa.staff[&Role::Physician], patient).await;
    alfa.physician()
        .send(
            "GET",
            &format!("/patients/{patient}/entries?kind=allergy"),
            &[("x-purpose", "HRESCH")],
            None,
        )
        .await
        .expect(200);
    // A purpose that is no code would be in the log as another one.
    let path = format!("/patients/{patient}/entries");
    for unknown in ["treat", "", "TREAT, HRESCH"] {
        let answer = alfa
            .physician()
            .send("GET", &path, &[("x-purpose", unknown)], None)
            .await;
        assert_eq!(answer.expect(400).problem(), "malformed");
    }
    let log = alfa
        .patient()
        .get(&format!("/patients/{patient}/access-log"))
        .await
        .expect(200)
        .json();
    let lines = log["items"].as_array().unwrap();
    let find = |outcome: &str| {
        lines
            .iter()
            .find(|line| line["action"] == "record.read" && line["outcome"] == outcome)
            .unwrap_or_else(|| panic!("{log:#}"))
    };
    let done = find("done");
    assert_eq!(done["actor"], json!(alfa.staff[&Role::Physician]));
    assert_eq!(done["actor_name"], "Test physician 1");
    assert_eq!(done["relation"], "care");
    assert_eq!(done["purpose"], "HRESCH");
    assert_eq!(done["resource_kind"], "allergy");
    assert!(done.get("source").is_none(), "addresses are for the auditor");
    let refused = find("refused");
    assert_eq!(refused["relation"], "none");
    let all = alfa
        .client(Role::Auditor)
        .get("/access-log?limit=100")
        .await
        .expect(200)
        .json();
    assert!(
        all["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line["source"] == "127.0.0.1")
    );
    // Another patient's log is nobody else's.
    let other = register(alfa.receptionist(), "Eva", "Otra Persona").await;
    alfa.patient()
        .get(&format!("/patients/{other}/access-log"))
        .await
        .expect(403);
    alfa.physician()
        .get(&format!("/patients/{patient}/access-log"))
        .await
        .expect(403);
}

#[tokio::test]
async fn a_search_is_in_the_log_of_everybody_whom_it_showed() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let body = json!({"name": "garcia"});
    let found = alfa
        .receptionist()
        .post("/patients/search", body)
        .await
        .expect(200)
        .json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let log = alfa
        .patient()
        .get(&format!("/patients/{}/access-log", alfa.patient))
        .await
        .expect(200)
        .json();
    assert!(
        log["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line["resource_kind"] == "patient-search")
    );
}

async fn verify(world: &World, alfa: &crate::support::world::Organization, anchors: &Value) -> Value {
    let _ = world;
    alfa.client(Role::Auditor)
        .post("/access-log/verify", json!({"anchors": anchors}))
        .await
        .expect(200)
        .json()
}

#[tokio::test]
async fn any_alteration_gap_reordering_or_truncation_is_found() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let path = format!("/patients/{}", alfa.patient);
    for _ in 0..12 {
        let requests = (0..8).map(|_| alfa.receptionist().get(&path));
        for answer in futures_util::future::join_all(requests).await {
            answer.expect(200);
        }
    }
    let anchors = alfa
        .client(Role::Auditor)
        .get("/access-log/heads")
        .await
        .expect(200)
        .json();
    let before = verify(&world, &alfa, &anchors).await;
    assert_eq!(before["intact"], true, "{before:#}");
    assert!(before["lines"].as_u64().unwrap() >= 96);
    assert!(
        before["heads"].as_array().unwrap().len() > 1,
        "several lanes were in use"
    );

    let lane = anchors[0]["lane"].as_u64().unwrap();
    let last = anchors[0]["seq"].as_u64().unwrap();
    assert!(last >= 4);
    // Each of these is what somebody with the database's password could do.
    let attempts: Vec<(&str, Vec<String>)> = vec![
        (
            "altered",
            vec![format!(
                "UPDATE access_log SET action = 'nothing' WHERE lane = {lane} AND seq = 2"
            )],
        ),
        (
            "gap",
            vec![format!("DELETE FROM access_log WHERE lane = {lane} AND seq = 2")],
        ),
        (
            "gap",
            vec![format!("DELETE FROM access_log WHERE lane = {lane} AND seq = {last}")],
        ),
        (
            "altered",
            vec![
                format!("UPDATE access_log SET seq = 100000 WHERE lane = {lane} AND seq = 2"),
                format!("UPDATE access_log SET seq = 2 WHERE lane = {lane} AND seq = 3"),
                format!("UPDATE access_log SET seq = 3 WHERE lane = {lane} AND seq = 100000"),
            ],
        ),
        // Cut short, with a head that fits: the seal does not.
        (
            "broken-seal",
            vec![
                format!("DELETE FROM access_log WHERE lane = {lane} AND seq = {last}"),
                format!(
                    "UPDATE access_lane l JOIN access_log a ON a.organization = l.organization AND a.lane = l.lane \
                     AND a.seq = {} SET l.seq = a.seq, l.hash = a.hash WHERE l.lane = {lane}",
                    last - 1
                ),
            ],
        ),
        // A whole lane gone, head and all: the anchors know of it.
        (
            "anchor-missed",
            vec![
                format!("DELETE FROM access_log WHERE lane = {lane}"),
                format!("DELETE FROM access_lane WHERE lane = {lane}"),
            ],
        ),
    ];
    for (finding, statements) in attempts {
        for table in ["access_log", "access_lane"] {
            run(
                &mut world.db,
                &format!("CREATE TABLE {table}_kept AS SELECT * FROM {table}"),
            )
            .await;
        }
        for statement in statements {
            run(&mut world.db, &statement).await;
        }
        let verdict = verify(&world, &alfa, &anchors).await;
        assert_eq!(verdict["intact"], false, "{finding}");
        let found = verdict["findings"].as_array().unwrap();
        assert!(
            found.iter().any(|one| one["finding"] == finding && one["lane"] == lane),
            "{finding}: {verdict:#}"
        );
        for table in ["access_log", "access_lane"] {
            run(&mut world.db, &format!("DELETE FROM {table}")).await;
            run(
                &mut world.db,
                &format!("INSERT INTO {table} SELECT * FROM {table}_kept"),
            )
            .await;
            run(&mut world.db, &format!("DROP TABLE {table}_kept")).await;
        }
    }
    // Writing goes on after all that, and the log is whole.
    alfa.receptionist().get(&path).await.expect(200);
    assert_eq!(verify(&world, &alfa, &anchors).await["intact"], true);
}

#[tokio::test]
async fn an_access_and_its_line_are_one_transaction() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    // With the log out of order, nothing is shown and nothing is written.
    run(&mut world.db, "RENAME TABLE access_log TO access_log_away").await;
    alfa.receptionist()
        .get(&format!("/patients/{}", alfa.patient))
        .await
        .expect(500);
    let body = json!({"patient": crate::support::world::person("Eva", "Nadie"), "not_a_duplicate": true});
    alfa.receptionist().post("/patients", body).await.expect(500);
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM patient WHERE family_name = 'Nadie'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(count, 0);
    run(&mut world.db, "RENAME TABLE access_log_away TO access_log").await;
    alfa.receptionist()
        .get(&format!("/patients/{}", alfa.patient))
        .await
        .expect(200);
}

#[tokio::test]
async fn more_lines_than_a_statement_has_room_for_are_one_chain() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let line = |_| Line {
        id: Uuid::now_v7(),
        at: Stamp::now(),
        actor_kind: "staff".to_owned(),
        actor: alfa.staff[&Role::Auditor],
        role: "auditor".to_owned(),
        relation: "organization".to_owned(),
        purpose: "HRESCH".to_owned(),
        action: "research.export".to_owned(),
        outcome: "done".to_owned(),
        patient: Some(alfa.patient),
        resource_kind: "research-export".to_owned(),
        resource: None,
        request: Uuid::now_v7(),
        source: None,
    };
    let lines: Vec<Line> = (0..5000).map(line).collect();
    let mut tx = world.app.cluster.choose().unwrap().begin().await.unwrap();
    let held = append(&mut tx, &world.app.lanes, &world.app.keys, alfa.id, &lines)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    held.unwrap().committed();
    let verdict = verify(&world, &alfa, &json!([])).await;
    assert_eq!(verdict["intact"], true);
    assert!(verdict["lines"].as_u64().unwrap() >= 5000);
}

/// Lines about that patient of that kind.
async fn lines(world: &mut World, patient: Uuid, kind: &str) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM access_log WHERE patient = ? AND resource_kind = ?")
        .bind(patient)
        .bind(kind)
        .fetch_one(&mut world.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_refusal_that_shows_somebody_is_in_their_log() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    // Who may be the same person.
    let shown = alfa
        .receptionist()
        .post("/patients", json!({"patient": person("Ana", "García alfa")}))
        .await;
    assert_eq!(shown.expect(409).json()["candidates"][0]["id"], json!(alfa.patient));
    assert_eq!(lines(&mut world, alfa.patient, "patient-search").await, 1);
    // Who has that document: by its key, when the duplicate was looked at, and in a change.
    let with_document = |given: &str| {
        let mut patient = person(given, "Dueña del Documento");
        patient["document"] = json!({"type": "dni", "number": "12345678Z"});
        patient
    };
    let receptionist = alfa.receptionist();
    let body = json!({"patient": with_document("Eva"), "not_a_duplicate": true});
    let owner: Uuid = receptionist
        .post("/patients", body)
        .await
        .expect(201)
        .id()
        .parse()
        .unwrap();
    let body = json!({"patient": with_document("Luz"), "not_a_duplicate": true});
    receptionist.post("/patients", body).await.expect(409);
    assert_eq!(lines(&mut world, owner, "patient-search").await, 1);
    let body = json!({"patient": with_document("Ana")});
    receptionist
        .change("PUT", &format!("/patients/{}", alfa.patient), 1, body)
        .await
        .expect(409);
    assert_eq!(lines(&mut world, owner, "patient-search").await, 2);
    let changed: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM patient WHERE version > 1 OR given_name = 'Luz'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(changed, 0, "a refusal changes nothing");
    // Allergies, by a signature that they speak against.
    let patient = alfa.patient;
    world.treats(&alfa, alfa.staff[&Role::Physician], patient).await;
    let allergy = json!({"kind": "allergy", "substance": "Penicilinas", "atc": "J01C", "criticality": "high",
        "category": "medication"});
    let entries = format!("/patients/{patient}/entries");
    alfa.physician()
        .post(&entries, json!({"content": allergy}))
        .await
        .expect(201);
    let draft = medication("J01CA04", "Amoxicilina 500 mg", 21);
    let path = format!("/patients/{patient}/prescriptions");
    let made = alfa.physician().post(&path, draft).await.expect(201).json();
    let id = made["prescription"]["id"].as_str().unwrap().to_owned();
    let signed = "SELECT COUNT(*) FROM access_log WHERE action = 'prescription.write' AND patient IS NOT NULL";
    let before: i64 = sqlx::query_scalar(signed).fetch_one(&mut world.db).await.unwrap();
    let refused = alfa
        .physician()
        .change("POST", &format!("{path}/{id}/sign"), 1, json!({}))
        .await;
    assert_eq!(refused.expect(409).problem(), "unsafe-prescription");
    let after: i64 = sqlx::query_scalar(signed).fetch_one(&mut world.db).await.unwrap();
    assert_eq!(after, before + 1);
    assert_eq!(verify(&world, &alfa, &json!([])).await["intact"], true);
}

#[tokio::test]
async fn a_log_that_is_too_long_for_a_request_is_for_the_command() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    run(&mut world.db, "UPDATE access_lane SET seq = seq + 100000 LIMIT 1").await;
    let answer = alfa
        .client(Role::Auditor)
        .post("/access-log/verify", json!({}))
        .await
        .expect(409);
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("api access-log verify")
    );
}
