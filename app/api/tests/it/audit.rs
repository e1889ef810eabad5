//! The access log: complete, in the same transaction, and tamper-evident.

use galeno_api::authz::Role;
use serde_json::{Value, json};

use crate::support::{World, mariadb::run, world::register};

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
