//! Opening a record in an emergency.

use galeno_api::authz::Role;
use galeno_contract::metrics::api;
use serde_json::json;

use crate::support::{Client, World};

#[tokio::test]
async fn an_emergency_opens_a_record_for_a_time_and_is_judged_once() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let entries = format!("/patients/{}/entries", alfa.patient);
    assert_eq!(
        alfa.physician().get(&entries).await.expect(403).problem(),
        "no-care-relation"
    );
    let open = format!("/patients/{}/emergency", alfa.patient);
    alfa.physician()
        .post(&open, json!({"reason": "urge"}))
        .await
        .expect(422);
    alfa.receptionist()
        .post(&open, json!({"reason": "quiero mirar una cosa"}))
        .await
        .expect(403);
    let opened = alfa
        .physician()
        .post(&open, json!({"reason": "inconsciente, sin acompañante"}))
        .await
        .expect(201)
        .json();
    alfa.physician().get(&entries).await.expect(200);
    let auditor = alfa.client(Role::Auditor);
    let listed = auditor.get("/emergencies").await.expect(200).json();
    assert_eq!(listed["items"][0]["id"], opened["id"]);
    assert_eq!(listed["items"][0]["reviewed_at"], json!(null));
    let log = auditor
        .get(&format!("/patients/{}/access-log", alfa.patient))
        .await
        .expect(200)
        .json();
    let line = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["action"] == "record.read" && line["outcome"] == "done");
    let line = line.expect("the reading is in the log");
    assert_eq!(
        (line["relation"].as_str(), line["purpose"].as_str()),
        (Some("emergency"), Some("ETREAT"))
    );
    let review = format!("/emergencies/{}/review", opened["id"].as_str().unwrap());
    let verdict = json!({"verdict": "justified", "comment": "parte de urgencias comprobado"});
    auditor.change("POST", &review, 1, verdict.clone()).await.expect(200);
    auditor.change("POST", &review, 2, verdict).await.expect(409);
    // Afterwards it is closed again.
    sqlx::query("UPDATE break_glass SET expires_at = opened_at")
        .execute(&mut world.db)
        .await
        .unwrap();
    alfa.physician().get(&entries).await.expect(403);
}

/// The generator's alert rules and the dashboard take their names from the same place as this test.
#[tokio::test]
async fn what_alerts_ask_for_is_exported_and_an_emergency_counts() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let management = Client::new(world.running.management);
    let figures = || async { String::from_utf8(management.at("/metrics").await.bytes.to_vec()).unwrap() };
    let value = |text: &str, name: &str| -> f64 {
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not exported:\n{text}"));
        line.split(' ').nth(1).unwrap().parse().unwrap()
    };
    assert!(
        value(&figures().await, api::EMERGENCY_ACCESSES).abs() < f64::EPSILON,
        "it starts at zero, so that the first one is an increase"
    );
    let open = format!("/patients/{}/emergency", alfa.patient);
    let reason = json!({"reason": "inconsciente, sin acompañante"});
    alfa.physician().post(&open, reason).await.expect(201);
    let text = figures().await;
    assert!((value(&text, api::EMERGENCY_ACCESSES) - 1.0).abs() < f64::EPSILON);
    for name in api::ALL {
        let exported = text.lines().any(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']) || rest.starts_with("_bucket{"))
        });
        assert!(exported, "{name} is not exported:\n{text}");
    }
    for part in ["García", "Ana", &alfa.patient.to_string()] {
        assert!(!text.contains(part));
    }
}
