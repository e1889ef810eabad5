//! Appointments, under concurrency.

use galeno_api::authz::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Client, World,
    world::{Organization, register},
};

/// A schedule with slots tomorrow; the slots in order.
pub async fn slots(org: &Organization) -> (Uuid, Vec<Uuid>) {
    let administrator = org.client(Role::Administrator);
    let schedule = json!({"clinic": org.clinic, "staff": org.staff[&Role::Physician], "name": "General"});
    let schedule: Uuid = administrator
        .post("/schedules", schedule)
        .await
        .expect(201)
        .id()
        .parse()
        .unwrap();
    let day = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .tomorrow()
        .unwrap();
    let day = day.tomorrow().unwrap();
    let wish = json!({
        "from": day, "to": day, "weekdays": [1, 2, 3, 4, 5, 6, 7], "start": "09:00", "end": "11:00", "minutes": 20
    });
    let made = administrator
        .post(&format!("/schedules/{schedule}/slots"), wish.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(made, json!({"made": 6, "overlapping": 0}));
    let again = administrator
        .post(&format!("/schedules/{schedule}/slots"), wish)
        .await
        .expect(200)
        .json();
    assert_eq!(again, json!({"made": 0, "overlapping": 6}));
    (schedule, free(administrator, schedule).await)
}

async fn free(client: &Client, schedule: Uuid) -> Vec<Uuid> {
    let slots = client
        .get(&format!("/slots?schedule={schedule}"))
        .await
        .expect(200)
        .json();
    slots
        .as_array()
        .unwrap()
        .iter()
        .map(|slot| slot["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn two_hundred_clients_on_one_slot_make_one_booking() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (schedule, slots) = slots(&alfa).await;
    let (_app, running, replica) = world.replica(&world.config).await;
    let token = alfa.receptionist().token.clone().unwrap();
    let clients = [alfa.receptionist().clone(), replica.with(&token)];
    let path = format!("/patients/{}/appointments", alfa.patient);
    let requests = (0..200).map(|number| {
        let (client, path, slot) = (clients[number % 2].clone(), path.clone(), slots[0]);
        tokio::spawn(async move { client.post(&path, json!({"slot": slot})).await })
    });
    let answers: Vec<_> = futures_util::future::join_all(requests)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let booked = answers.iter().filter(|answer| answer.status == 201).count();
    let taken = answers
        .iter()
        .filter(|answer| answer.status == 409 && answer.problem() == "slot-taken")
        .count();
    assert_eq!((booked, taken), (1, 199));
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM appointment")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(count, 1);
    assert_eq!(free(alfa.receptionist(), schedule).await.len(), 5);
    let verdict = alfa
        .client(Role::Auditor)
        .post("/access-log/verify", json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(verdict["intact"], true, "two replicas wrote the log: {verdict:#}");
    assert_eq!(world.broken().await, [""; 0]);
    running.stop().await;
}

#[tokio::test]
async fn an_appointment_is_moved_cancelled_and_attended_by_legal_steps_only() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (schedule, slots) = slots(&alfa).await;
    let reception = alfa.receptionist();
    let base = format!("/patients/{}/appointments", alfa.patient);
    let book = |slot: Uuid| reception.post(&base, json!({"slot": slot}));
    let first = book(slots[0]).await.expect(201).id();
    let second = book(slots[1]).await.expect(201).id();
    let path = format!("{base}/{first}");
    // Into a slot that is taken: the old one is kept.
    let answer = reception
        .change("POST", &format!("{path}/move"), 1, json!({"slot": slots[1]}))
        .await
        .expect(409);
    assert_eq!(answer.problem(), "slot-taken");
    let moved = reception
        .change("POST", &format!("{path}/move"), 1, json!({"slot": slots[2]}))
        .await
        .expect(200)
        .json();
    assert_eq!(moved["slot"], json!(slots[2]));
    assert!(free(reception, schedule).await.contains(&slots[0]));
    let attend = |version: u64, status: &'static str| {
        let path = format!("{path}/attendance");
        async move {
            reception
                .change("POST", &path, version, json!({"status": status}))
                .await
        }
    };
    assert_eq!(attend(2, "fulfilled").await.expect(409).problem(), "illegal-transition");
    attend(2, "arrived").await.expect(200);
    attend(3, "fulfilled").await.expect(200);
    let cancel = |id: String, version: u64| {
        let path = format!("{base}/{id}/cancel");
        async move {
            reception
                .change("POST", &path, version, json!({"reason": "no puede venir"}))
                .await
        }
    };
    cancel(first, 4).await.expect(409);
    // Somebody waits for the slot that is given up.
    let other = register(reception, "Eva", "Espera Mucho").await;
    let wish = json!({"schedule": schedule, "priority": 2});
    let waiting = reception
        .post(&format!("/patients/{other}/waiting"), wish.clone())
        .await
        .expect(201)
        .id();
    reception
        .post(&format!("/patients/{other}/waiting"), wish)
        .await
        .expect(409);
    let cancelled = cancel(second, 1).await.expect(200).json();
    assert_eq!(cancelled["next_waiting"], json!(waiting));
    let booking = json!({"slot": slots[1], "waiting": waiting});
    reception
        .post(&format!("/patients/{other}/appointments"), booking)
        .await
        .expect(201);
    let list = reception
        .get(&format!("/schedules/{schedule}/waiting"))
        .await
        .expect(200)
        .json();
    assert_eq!(list["items"], Value::Array(Vec::new()));
    // Page by page in their turn: the urgent first, then whoever came first.
    let mut turns = Vec::new();
    for (name, priority) in [("Uno", 3), ("Dos", 1), ("Tres", 3), ("Cuatro", 1), ("Cinco", 5)] {
        let patient = register(reception, name, "Espera Turno").await;
        let wish = json!({"schedule": schedule, "priority": priority});
        let path = format!("/patients/{patient}/waiting");
        turns.push((priority, reception.post(&path, wish).await.expect(201).id()));
    }
    turns.sort();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/schedules/{schedule}/waiting?limit=2{cursor}");
        let page = reception.get(&path).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, turns.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    assert_eq!(world.broken().await, [""; 0]);
}

#[tokio::test]
async fn a_patient_books_for_themselves_and_an_appointment_makes_a_care_relation() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let (schedule, slots) = slots(&alfa).await;
    let entries = format!("/patients/{}/entries", alfa.patient);
    alfa.physician().get(&entries).await.expect(403);
    let path = format!("/patients/{}/appointments", alfa.patient);
    let made = alfa.patient().post(&path, json!({"slot": slots[3]})).await.expect(201);
    alfa.physician().get(&entries).await.expect(200);
    let other = register(alfa.receptionist(), "Eva", "Otra Persona").await;
    alfa.patient()
        .post(&format!("/patients/{other}/appointments"), json!({"slot": slots[4]}))
        .await
        .expect(403);
    let held = alfa
        .client(Role::Administrator)
        .change("PUT", &format!("/slots/{}", slots[4]), 1, json!({"blocked": true}))
        .await
        .expect(200);
    assert_eq!(
        (&held.json()["free"], &held.json()["version"]),
        (&json!(false), &json!(2))
    );
    assert!(!free(alfa.patient(), schedule).await.contains(&slots[4]));
    alfa.patient().post(&path, json!({"slot": slots[4]})).await.expect(409);
    let path = format!("{path}/{}/cancel", made.id());
    alfa.patient().change("POST", &path, 1, json!({})).await.expect(200);
    alfa.physician().get(&entries).await.expect(403);
}
