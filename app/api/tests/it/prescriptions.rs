//! Prescriptions: safety checks, signing, dispensing under concurrency, the code.

use galeno_api::authz::Role;
use serde_json::{Value, json};

use crate::support::{World, world::Organization};

pub fn medication(atc: &str, name: &str, quantity: u32) -> Value {
    json!({
        "atc": atc, "medication": name, "dose": "1 comprimido", "route": "oral", "frequency": "cada 8 horas",
        "duration_days": 7, "quantity": quantity, "unit": "comprimidos"
    })
}

async fn world() -> (World, Organization, String) {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    world.treats(&alfa, alfa.staff[&Role::Physician], alfa.patient).await;
    let path = format!("/patients/{}/prescriptions", alfa.patient);
    (world, alfa, path)
}

pub async fn signed(alfa: &Organization, base: &str, content: Value) -> Value {
    let draft = alfa.physician().post(base, content).await.expect(201).json();
    let path = format!("{base}/{}/sign", draft["prescription"]["id"].as_str().unwrap());
    alfa.physician()
        .change("POST", &path, 1, json!({}))
        .await
        .expect(200)
        .json()
}

#[tokio::test]
async fn fifty_dispensers_never_exceed_what_was_prescribed() {
    let (mut world, alfa, base) = world().await;
    let prescription = signed(&alfa, &base, medication("N02BE01", "Paracetamol 1 g", 20)).await;
    let path = format!("{base}/{}/dispensations", prescription["id"].as_str().unwrap());
    let pharmacist = alfa.client(Role::Pharmacist);
    alfa.physician().post(&path, json!({"quantity": 1})).await.expect(403);
    let (_app, running, replica) = world.replica(&world.config).await;
    let clients = [pharmacist.clone(), replica.with(pharmacist.token.as_deref().unwrap())];
    let requests = (0..50).map(|number: usize| {
        let (client, path) = (clients[number % 2].clone(), path.clone());
        tokio::spawn(async move { client.post(&path, json!({"quantity": 3, "batch": "L1"})).await })
    });
    let answers: Vec<_> = futures_util::future::join_all(requests)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let given = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers
        .iter()
        .filter(|answer| answer.status == 409 && answer.problem() == "exceeds-prescribed")
        .count();
    assert_eq!((given, refused), (6, 44));
    pharmacist.post(&path, json!({"quantity": 2})).await.expect(201);
    assert_eq!(
        pharmacist
            .post(&path, json!({"quantity": 1}))
            .await
            .expect(409)
            .problem(),
        "illegal-transition"
    );
    let (dispensed, parts): (u32, i64) = sqlx::query_as(
        "SELECT p.dispensed, CAST(SUM(d.quantity) AS INTEGER) FROM prescription p JOIN dispensation d ON d.prescription = p.id GROUP BY p.id",
    )
    .fetch_one(&mut world.db)
    .await
    .unwrap();
    assert_eq!((dispensed, parts), (20, 20));
    let now = pharmacist
        .get(&format!("{base}/{}", prescription["id"].as_str().unwrap()))
        .await
        .expect(200)
        .json();
    assert_eq!(now["status"], "completed");
    assert_eq!(world.broken().await, [""; 0]);
    running.stop().await;
}

#[tokio::test]
async fn warnings_need_an_answer_before_a_signature() {
    let (_world, alfa, base) = world().await;
    let physician = alfa.physician();
    let allergy = json!({"content": {
        "kind": "allergy", "category": "medication", "atc": "J01C", "substance": "Penicilinas", "criticality": "high"
    }});
    physician
        .post(&format!("/patients/{}/entries", alfa.patient), allergy)
        .await
        .expect(201);
    signed(&alfa, &base, medication("B01AA03", "Warfarina 5 mg", 30)).await;
    let kinds = |answer: &Value| -> Vec<String> {
        answer["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    let amoxicillin = physician
        .post(&base, medication("J01CA04", "Amoxicilina 500 mg", 21))
        .await
        .expect(201)
        .json();
    assert_eq!(kinds(&amoxicillin), ["allergy"]);
    assert_eq!(amoxicillin["warnings"][0]["severity"], "contraindicated");
    let again = physician
        .post(&base, medication("B01AA03", "Warfarina 5 mg", 30))
        .await
        .expect(201)
        .json();
    assert_eq!(kinds(&again), ["duplicate"]);
    let ibuprofen = physician
        .post(&base, medication("M01AE01", "Ibuprofeno 600 mg", 30))
        .await
        .expect(201)
        .json();
    assert_eq!(kinds(&ibuprofen), ["interaction"]);
    assert_eq!(ibuprofen["warnings"][0]["source"], "SmPC warfarin, 4.5");
    let path = format!("{base}/{}/sign", ibuprofen["prescription"]["id"].as_str().unwrap());
    let refused = physician.change("POST", &path, 1, json!({})).await.expect(409);
    assert_eq!(refused.problem(), "unsafe-prescription");
    let answer = json!({"overrides": [{"warning": refused.json()["warnings"][0]["id"], "reason": "control de INR en tres días"}]});
    let signed = physician.change("POST", &path, 1, answer).await.expect(200).json();
    assert_eq!(signed["overridden"][0]["reason"], "control de INR en tres días");
}

#[tokio::test]
async fn a_code_is_verified_without_telling_who_it_is_for() {
    let (mut world, alfa, base) = world().await;
    let draft = alfa
        .physician()
        .post(&base, medication("N02BE01", "Paracetamol 1 g", 20))
        .await
        .expect(201)
        .json();
    assert_eq!(draft["prescription"]["code"], json!(null));
    let id = draft["prescription"]["id"].as_str().unwrap().to_owned();
    let pharmacist = alfa.client(Role::Pharmacist);
    pharmacist
        .post(&format!("{base}/{id}/dispensations"), json!({"quantity": 1}))
        .await
        .expect(409);
    let (colleague_id, colleague) = world.staff(alfa.id, Role::Physician, 7).await;
    world.treats(&alfa, colleague_id, alfa.patient).await;
    colleague
        .change("POST", &format!("{base}/{id}/sign"), 1, json!({}))
        .await
        .expect(403);
    let signed = alfa
        .physician()
        .change("POST", &format!("{base}/{id}/sign"), 1, json!({}))
        .await
        .expect(200)
        .json();
    let code = signed["code"].as_str().unwrap().to_owned();
    let verify = |code: String| {
        let client = world.anonymous.clone();
        async move { client.post("/prescriptions/verify", json!({"code": code})).await }
    };
    let answer = verify(code.to_lowercase()).await.expect(200);
    let told = answer.json();
    assert_eq!(told["valid"], true);
    assert_eq!(told["medication"], "Paracetamol 1 g");
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    assert!(!text.contains("García") && !text.contains(&alfa.patient.to_string()));
    let mut wrong = code.clone();
    wrong.replace_range(0..1, if code.starts_with('A') { "B" } else { "A" });
    verify(wrong).await.expect(422);
    let found = pharmacist
        .post("/prescriptions/look-up", json!({"code": code}))
        .await
        .expect(200)
        .json();
    assert_eq!(found["id"], json!(id));
    // Stopped, held, resumed: by legal steps.
    let step = |version: u64, status: &'static str| {
        let (physician, path) = (alfa.physician().clone(), format!("{base}/{id}/status"));
        async move {
            physician
                .change("POST", &path, version, json!({"status": status, "reason": "revisión"}))
                .await
        }
    };
    step(2, "completed").await.expect(409);
    step(2, "on-hold").await.expect(200);
    assert_eq!(verify(code.clone()).await.expect(200).json()["valid"], false);
    step(3, "active").await.expect(200);
    // Whoever alters a row in the database cannot sign it.
    sqlx::query("UPDATE prescription SET quantity = 2000")
        .execute(&mut world.db)
        .await
        .unwrap();
    assert_eq!(verify(code.clone()).await.expect(200).json()["valid"], false);
    pharmacist
        .post(&format!("{base}/{id}/dispensations"), json!({"quantity": 1}))
        .await
        .expect(409);
    let dispensed: u32 = sqlx::query_scalar("SELECT dispensed FROM prescription")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(dispensed, 0);
}
