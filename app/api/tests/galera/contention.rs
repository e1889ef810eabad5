//! Everybody wants the same thing at the same instant, on two nodes.

use galeno_api::authz::Role;
use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    support::{Answer, Client, world},
};

/// The same request many times at once, in turn by each client. Each has a key, so that one whose end nobody saw is asked again.
async fn storm(clients: [Client; 2], path: &str, body: Value, times: usize) -> Vec<Answer> {
    let requests = (0..times).map(|number| {
        let (client, path, body) = (clients[number % 2].clone(), path.to_owned(), body.clone());
        tokio::spawn(async move {
            let key = number.to_string();
            client
                .send("POST", &path, &[("idempotency-key", &key)], Some(&body))
                .await
        })
    });
    futures_util::future::join_all(requests)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slot_is_booked_once_and_a_prescription_is_never_exceeded_on_two_nodes() {
    let cluster = Cluster::start().await;
    let mut world = cluster.world().await;
    let reversed = cluster.config(1, world.directory.path());
    let (_app, other, replica) = world.replica(&reversed).await;
    let alfa = world.organization("alfa").await;
    world.treats(&alfa, alfa.staff[&Role::Physician], alfa.patient).await;
    let reception = alfa.receptionist();
    let elsewhere = replica.with(reception.token.as_deref().unwrap());
    // Causal reads: what one node confirmed, the other one shows at once.
    for number in 0..20 {
        let id = world::register(reception, &format!("Eva {number}"), "Causal").await;
        elsewhere.get(&format!("/patients/{id}")).await.expect(200);
    }

    let administrator = alfa.client(Role::Administrator);
    let schedule = json!({"clinic": alfa.clinic, "staff": alfa.staff[&Role::Physician], "name": "General"});
    let schedule = administrator.post("/schedules", schedule).await.expect(201).id();
    let wish = json!({
        "from": "2031-01-06", "to": "2031-01-06", "weekdays": [1], "start": "09:00", "end": "10:00", "minutes": 20
    });
    administrator
        .post(&format!("/schedules/{schedule}/slots"), wish)
        .await
        .expect(200);
    let slots = administrator
        .get(&format!("/slots?schedule={schedule}&from=2031-01-01T00:00:00Z"))
        .await
        .expect(200)
        .json();
    let path = format!("/patients/{}/appointments", alfa.patient);
    let answers = storm(
        [reception.clone(), elsewhere],
        &path,
        json!({"slot": slots[0]["id"]}),
        200,
    )
    .await;
    let taken = answers
        .iter()
        .filter(|answer| answer.status == 409 && answer.problem() == "slot-taken")
        .count();
    assert_eq!((count(&answers, 201), taken), (1, 199), "{:?}", odd(&answers));
    for node in 0..2 {
        let booked = cluster
            .number(node, "SELECT COUNT(*) FROM appointment WHERE taken IS NOT NULL")
            .await;
        assert_eq!(booked, 1, "node {node}");
    }

    // Twenty tablets, fifty dispensers who want three each.
    let base = format!("/patients/{}/prescriptions", alfa.patient);
    let content = json!({
        "atc": "N02BE01", "medication": "Paracetamol 1 g", "dose": "1", "route": "oral", "frequency": "cada 8 horas",
        "quantity": 20, "unit": "comprimidos"
    });
    let draft = alfa.physician().post(&base, content).await.expect(201).json();
    let id = draft["prescription"]["id"].as_str().unwrap().to_owned();
    alfa.physician()
        .change("POST", &format!("{base}/{id}/sign"), 1, json!({}))
        .await
        .expect(200);
    let pharmacist = alfa.client(Role::Pharmacist);
    let clients = [pharmacist.clone(), replica.with(pharmacist.token.as_deref().unwrap())];
    let answers = storm(
        clients,
        &format!("{base}/{id}/dispensations"),
        json!({"quantity": 3}),
        50,
    )
    .await;
    assert_eq!(
        (count(&answers, 201), count(&answers, 409)),
        (6, 44),
        "{:?}",
        odd(&answers)
    );
    for node in 0..2 {
        let given = cluster
            .number(node, "SELECT CAST(SUM(quantity) AS SIGNED) FROM dispensation")
            .await;
        let counted = cluster
            .number(node, "SELECT CAST(SUM(dispensed) AS SIGNED) FROM prescription")
            .await;
        assert_eq!((given, counted), (18, 18), "node {node}");
    }

    // The nodes did collide, and nobody was told.
    let mut collisions = 0;
    for node in 0..2 {
        for name in ["wsrep_local_cert_failures", "wsrep_local_bf_aborts"] {
            collisions += cluster.status(node, name).await.parse::<u64>().unwrap();
        }
    }
    assert!(
        collisions > 0,
        "no transaction lost a race: this test has shown nothing"
    );
    let auditor = alfa.client(Role::Auditor);
    let verdict = auditor.post("/access-log/verify", json!({})).await.expect(200).json();
    assert_eq!(verdict["intact"], true, "{verdict:#}");
    other.stop().await;
}

/// Answers that are neither a yes nor a no.
fn odd(answers: &[Answer]) -> Vec<&Answer> {
    answers
        .iter()
        .filter(|answer| !matches!(answer.status.as_u16(), 201 | 409))
        .collect()
}
