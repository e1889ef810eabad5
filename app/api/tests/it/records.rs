//! The record: versions, signatures, amendments, documents.

use galeno_api::authz::Role;
use serde_json::{Value, json};

use crate::support::{
    World,
    world::{Organization, register},
};

fn note(text: &str) -> Value {
    json!({"content": {"kind": "note", "title": "Consulta", "text": text}})
}

async fn world() -> (World, Organization, String) {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    world.treats(&alfa, alfa.staff[&Role::Physician], alfa.patient).await;
    let path = format!("/patients/{}/entries", alfa.patient);
    (world, alfa, path)
}

#[tokio::test]
async fn nothing_is_overwritten_and_what_is_signed_is_locked() {
    let (mut world, alfa, entries) = world().await;
    world.treats(&alfa, alfa.staff[&Role::Nurse], alfa.patient).await;
    let physician = alfa.physician();
    let id = physician.post(&entries, note("primera")).await.expect(201).id();
    let path = format!("{entries}/{id}");
    let second = json!({"content": note("segunda")["content"], "reason": "error de transcripción"});
    physician.change("PUT", &path, 1, second.clone()).await.expect(200);
    assert_eq!(
        physician
            .change("PUT", &path, 1, second.clone())
            .await
            .expect(412)
            .problem(),
        "changed"
    );
    let versions = physician.get(&format!("{path}/versions")).await.expect(200).json();
    assert_eq!(versions[0]["content"]["text"], "segunda");
    assert_eq!(versions[0]["reason"], "error de transcripción");
    assert_eq!(versions[1]["content"]["text"], "primera");
    // Only the author signs, and once.
    alfa.client(Role::Nurse)
        .change("POST", &format!("{path}/sign"), 2, json!({}))
        .await
        .expect(403);
    physician
        .post(&format!("{path}/amendments"), note("enmienda"))
        .await
        .expect(409);
    let signed = physician
        .change("POST", &format!("{path}/sign"), 2, json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(signed["status"], "signed");
    assert_eq!(
        physician.change("PUT", &path, 3, second).await.expect(409).problem(),
        "locked"
    );
    let amendment = physician
        .post(&format!("{path}/amendments"), note("enmienda"))
        .await
        .expect(201)
        .json();
    assert_eq!(amendment["amends"], json!(id));
    let mistake = json!({"reason": "paciente equivocado"});
    let marked = physician
        .change("POST", &format!("{path}/error"), 3, mistake)
        .await
        .expect(200)
        .json();
    assert_eq!(marked["status"], "entered-in-error");
    assert_eq!(marked["content"]["text"], "segunda", "it stays readable");
    assert_eq!(world.broken().await, [""; 0]);
}

#[tokio::test]
async fn codes_are_checked_and_found() {
    let (_world, alfa, entries) = world().await;
    let physician = alfa.physician();
    let pressure = json!({"content": {
        "kind": "observation", "loinc": "8480-6", "description": "Presión sistólica",
        "value": {"type": "quantity", "value": 132.0, "unit": "mm[Hg]"}, "observed_at": "2026-01-10T10:00:00Z"
    }});
    physician.post(&entries, pressure.clone()).await.expect(201);
    let diabetes = json!({"content": {
        "kind": "condition", "icd10": "E11.9", "description": "Diabetes tipo 2", "status": "active"
    }});
    physician.post(&entries, diabetes).await.expect(201);
    let found = physician
        .get(&format!("{entries}?code=8480-6"))
        .await
        .expect(200)
        .json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let found = physician
        .get(&format!("{entries}?kind=condition"))
        .await
        .expect(200)
        .json();
    assert_eq!(found["items"][0]["content"]["icd10"], "E11.9");
    for (pointer, value) in [
        ("loinc", json!("8480-5")),
        ("observed_at", json!("2126-01-10T10:00:00Z")),
    ] {
        let mut wrong = pressure.clone();
        wrong["content"][pointer] = value;
        let answer = physician.post(&entries, wrong).await.expect(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], format!("/content/{pointer}"));
    }
}

#[tokio::test]
async fn an_entry_hangs_on_contacts_and_documents_of_the_same_patient_only() {
    let (world, alfa, entries) = world().await;
    let physician = alfa.physician();
    let other = register(alfa.receptionist(), "Eva", "Otra Persona").await;
    world.treats(&alfa, alfa.staff[&Role::Physician], other).await;
    let contact = json!({"content": {"kind": "encounter", "class": "AMB", "reason": "Tos", "started_at": "2026-01-10T10:00:00Z"}});
    let contact = physician
        .post(&format!("/patients/{other}/entries"), contact)
        .await
        .expect(201)
        .id();
    let mut body = note("x");
    body["content"]["encounter"] = json!(contact);
    physician.post(&entries, body.clone()).await.expect(422);
    physician
        .post(&format!("/patients/{other}/entries"), body)
        .await
        .expect(201);
    let documents = format!("/patients/{}/documents", alfa.patient);
    let upload = |kind: &'static str, bytes: &'static [u8]| {
        let documents = documents.clone();
        async move {
            physician
                .raw("POST", &documents, &[("content-type", kind)], Some(bytes.into()))
                .await
        }
    };
    upload("application/pdf", b"<html>").await.expect(415);
    upload("text/html", b"<html>").await.expect(415);
    let made = upload("application/pdf", b"%PDF-1.7 synthetic")
        .await
        .expect(201)
        .json();
    let reference = |patient: String| {
        let body = json!({"content": {"kind": "document", "title": "Informe", "attachment": made["id"]}});
        async move { physician.post(&format!("/patients/{patient}/entries"), body).await }
    };
    reference(other.to_string()).await.expect(422);
    reference(alfa.patient.to_string()).await.expect(201);
    let got = physician
        .get(&format!("{documents}/{}", made["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!(&got.bytes[..], b"%PDF-1.7 synthetic");
    assert_eq!(got.header("content-type"), "application/pdf");
    assert_eq!(got.header("content-disposition"), "attachment");
    physician
        .get(&format!("/patients/{other}/documents/{}", made["id"].as_str().unwrap()))
        .await
        .expect(404);
}

#[tokio::test]
async fn a_contact_comes_from_an_appointment_of_the_same_patient() {
    let (_world, alfa, entries) = world().await;
    let other = register(alfa.receptionist(), "Eva", "Otra Persona").await;
    let (_, slots) = crate::appointments::slots(&alfa).await;
    let book = async |patient: &str, slot| {
        let path = format!("/patients/{patient}/appointments");
        let answer = alfa.receptionist().post(&path, json!({"slot": slot})).await;
        answer.expect(201).id()
    };
    let own = book(&alfa.patient.to_string(), slots[0]).await;
    let foreign = book(&other.to_string(), slots[1]).await;
    let contact = |appointment: &str| {
        json!({"content": {"kind": "encounter", "class": "AMB", "reason": "Tos",
            "started_at": "2026-01-10T10:00:00Z", "appointment": appointment}})
    };
    let refused = alfa.physician().post(&entries, contact(&foreign)).await.expect(422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/content/appointment");
    alfa.physician().post(&entries, contact(&own)).await.expect(201);
}
