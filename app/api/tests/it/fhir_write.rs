//! FHIR: creating and updating.

use galeno_api::authz::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    fhir::furnish,
    support::{Answer, Client, World, world::Organization},
};

const DNI: &str = "urn:oid:1.3.6.1.4.1.19126.3";

fn person(given: &str, family: &str) -> Value {
    json!({
        "resourceType": "Patient", "name": [{"family": family, "given": [given]}], "gender": "female",
        "birthDate": "1991-02-03",
    })
}

fn reason(answer: &Answer) -> String {
    answer.json()["issue"][0]["details"]["coding"][0]["code"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A resource as it stands.
async fn read(client: &Client, path: &str) -> Value {
    client.fhir("GET", path, &[], None).await.expect(200).json()
}

/// Puts a resource back that was read as `version`.
async fn put(client: &Client, resource: &Value, version: u32) -> Answer {
    let path = format!(
        "{}/{}",
        resource["resourceType"].as_str().unwrap(),
        resource["id"].as_str().unwrap()
    );
    client
        .fhir(
            "PUT",
            &path,
            &[("if-match", &format!("W/\"{version}\""))],
            Some(resource),
        )
        .await
}

#[tokio::test]
async fn a_patient_is_created_changed_by_version_and_kept_in_every_version() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let reception = alfa.receptionist();
    let mut eva = person("Eva", "Cruz Gil");
    eva["identifier"] = json!([{"system": DNI, "value": "12345678-z"}]);
    let made = reception.fhir("POST", "Patient", &[], Some(&eva)).await.expect(201);
    let resource = made.json();
    let id = resource["id"].as_str().unwrap().to_owned();
    assert_eq!(
        made.header("location"),
        format!("https://api.clinic.example/fhir/Patient/{id}/_history/1")
    );
    assert_eq!(made.header("etag"), "W/\"1\"");
    assert_eq!(resource["identifier"][0]["value"], "12345678Z");
    // As it was read, it can be written: nothing changes but the version.
    let again = put(reception, &resource, 1).await.expect(200).json();
    assert_eq!(again["meta"]["versionId"], "2");
    let mut same = again.clone();
    same["meta"] = resource["meta"].clone();
    assert_eq!(same, resource);
    let mut moved = again;
    moved["address"] = json!([{"line": ["Calle Sol 1"], "city": "Soria", "postalCode": "42001"}]);
    let path = format!("Patient/{id}");
    let answer = reception.fhir("PUT", &path, &[], Some(&moved)).await.expect(428);
    assert_eq!(reason(&answer), "if-match-needed");
    assert_eq!(reason(&put(reception, &moved, 1).await.expect(412)), "changed");
    let moved = put(reception, &moved, 2).await.expect(200).json();
    assert_eq!(moved["address"][0]["line"][0], "Calle Sol 1, Soria");
    let history = read(reception, &format!("{path}/_history")).await;
    assert_eq!(history["total"], 3);
    assert!(history["entry"][2]["resource"].get("address").is_none());
    // What is not kept is refused, and says where.
    let mut odd = moved.clone();
    odd["deceasedBoolean"] = json!(true);
    odd["name"][0]["given"] = json!([""]);
    let refused = put(reception, &odd, 3).await.expect(422).json();
    let places: Vec<_> = refused["issue"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|issue| issue["expression"][0].as_str())
        .collect();
    assert_eq!(places, ["Patient.deceasedBoolean", "Patient.name[0].given"]);
    odd["maritalStatus"] = json!({"text": "?"});
    let refused = put(reception, &odd, 3).await.expect(400).json();
    assert!(
        refused["issue"][0]["diagnostics"]
            .as_str()
            .unwrap()
            .contains("maritalStatus")
    );
    let mut other = moved.clone();
    other["id"] = json!(Uuid::now_v7());
    reception
        .fhir("PUT", &path, &[("if-match", "W/\"3\"")], Some(&other))
        .await
        .expect(400);
    assert_eq!(read(reception, &path).await, moved, "no refusal has changed anything");
    // Nobody brings somebody into being by naming their identifier.
    put(reception, &other, 1).await.expect(404);
    let quiet = reception
        .fhir(
            "PUT",
            &path,
            &[("if-match", "W/\"3\""), ("prefer", "return=minimal")],
            Some(&moved),
        )
        .await
        .expect(200);
    assert!(quiet.bytes.is_empty() && quiet.header("etag") == "W/\"4\"");
}

#[tokio::test]
async fn a_conditional_create_makes_one_however_many_ask() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let reception = alfa.receptionist();
    let mut eva = person("Eva", "Cruz Gil");
    eva["identifier"] = json!([{"system": DNI, "value": "12345678Z"}]);
    let unless = format!("identifier={DNI}|12345678Z");
    let headers = [("if-none-exist", unless.as_str()), ("x-not-a-duplicate", "true")];
    let answers =
        futures_util::future::join_all((0..16).map(|_| reception.fhir("POST", "Patient", &headers, Some(&eva)))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1);
    for answer in &answers {
        assert!(answer.status == 201 || answer.status == 200, "{}", answer.status);
        assert_eq!(answer.json()["id"], made[0].json()["id"]);
    }
    // Without the condition it is a duplicate, and of a like name one has to look first.
    let answer = reception.fhir("POST", "Patient", &[], Some(&eva)).await.expect(409);
    assert_eq!(answer.json()["issue"][0]["code"], "duplicate");
    let like = person("Eba", "Cruz Gil");
    let answer = reception.fhir("POST", "Patient", &[], Some(&like)).await.expect(409);
    assert!(
        answer.json()["issue"][0]["diagnostics"]
            .as_str()
            .unwrap()
            .contains(made[0].json()["id"].as_str().unwrap())
    );
    let sure = [("x-not-a-duplicate", "true")];
    reception.fhir("POST", "Patient", &sure, Some(&like)).await.expect(201);
    // Two fit: which one was meant cannot be known.
    let both = [("if-none-exist", "name=cruz&birthdate=1991-02-03")];
    reception.fhir("POST", "Patient", &both, Some(&like)).await.expect(412);
    for wrong in ["", "shoe-size=42", "birthdate=yesterday"] {
        let headers = [("if-none-exist", wrong)];
        reception
            .fhir("POST", "Patient", &headers, Some(&like))
            .await
            .expect(400);
    }
    // The same request with the same key: the same answer.
    let keyed = [("idempotency-key", "k1")];
    let new = person("Zoe", "Única");
    let first = reception.fhir("POST", "Patient", &keyed, Some(&new)).await.expect(201);
    let second = reception.fhir("POST", "Patient", &keyed, Some(&new)).await.expect(201);
    assert_eq!(first.json(), second.json());
    assert_eq!(second.header("content-type"), "application/fhir+json; charset=utf-8");
}

fn appointment(org: &Organization, slot: Uuid) -> Value {
    json!({
        "resourceType": "Appointment", "status": "booked", "slot": [{"reference": format!("Slot/{slot}")}],
        "reasonCode": [{"text": "Revisión"}],
        "participant": [
            {"actor": {"reference": format!("Patient/{}", org.patient)}, "status": "accepted"},
            {"actor": {"reference": format!("Practitioner/{}", org.staff[&Role::Physician])}, "status": "accepted"},
        ],
    })
}

#[tokio::test]
async fn a_slot_is_booked_once_through_fhir_and_api_together() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    let reception = alfa.receptionist();
    let slot = things.slots[1];
    let body = appointment(&alfa, slot);
    let other = format!("/patients/{}/appointments", alfa.patient);
    let answers = futures_util::future::join_all((0..40).map(|number| {
        let (body, other) = (&body, &other);
        async move {
            if number % 2 == 0 {
                reception.fhir("POST", "Appointment", &[], Some(body)).await
            } else {
                reception.post(other, json!({"slot": slot})).await
            }
        }
    }))
    .await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
    assert_eq!((count(201), count(409)), (1, 39));
    // The slot says otherwise: nothing is booked.
    let mut wrong = appointment(&alfa, things.slots[2]);
    wrong["start"] = json!("2026-01-01T09:00:00Z");
    let refused = reception
        .fhir("POST", "Appointment", &[], Some(&wrong))
        .await
        .expect(422)
        .json();
    assert_eq!(refused["issue"][1]["expression"][0], "Appointment.start");
    wrong["start"] = Value::Null;
    wrong["participant"][1]["actor"]["reference"] = json!(format!("Practitioner/{}", alfa.staff[&Role::Nurse]));
    reception
        .fhir("POST", "Appointment", &[], Some(&wrong))
        .await
        .expect(422);
    let free = read(reception, &format!("Slot/{}", things.slots[2])).await;
    assert_eq!(free["status"], "free");
    // One condition, one appointment.
    let unless = format!("slot=Slot/{}&status=booked", things.slots[2]);
    let headers = [("if-none-exist", unless.as_str())];
    let body = appointment(&alfa, things.slots[2]);
    let made = reception
        .fhir("POST", "Appointment", &headers, Some(&body))
        .await
        .expect(201)
        .json();
    let again = reception
        .fhir("POST", "Appointment", &headers, Some(&body))
        .await
        .expect(200)
        .json();
    assert_eq!(made["id"], again["id"]);
}

#[tokio::test]
async fn an_appointment_moves_and_ends_by_legal_steps_only() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    let reception = alfa.receptionist();
    let path = format!("Appointment/{}", things.appointment);
    let now = read(reception, &path).await;
    let unchanged = put(reception, &now, 1).await.expect(200).json();
    assert_eq!(unchanged, now, "nothing to do is done");
    let to = |resource: &Value, slot: Uuid| {
        let mut resource = resource.clone();
        resource["slot"][0]["reference"] = json!(format!("Slot/{slot}"));
        for member in ["start", "end"] {
            resource.as_object_mut().unwrap().remove(member);
        }
        resource
    };
    let moved = put(reception, &to(&now, things.slots[3]), 1).await.expect(200).json();
    assert_eq!(moved["meta"]["versionId"], "2");
    assert_ne!(moved["start"], now["start"]);
    assert_eq!(put(reception, &now, 1).await.status, 412);
    let step = |resource: &Value, status: &str| {
        let mut resource = resource.clone();
        resource["status"] = json!(status);
        resource
    };
    assert_eq!(
        reason(&put(reception, &step(&moved, "fulfilled"), 2).await.expect(409)),
        "illegal-transition"
    );
    let mut silent = moved.clone();
    silent["reasonCode"][0]["text"] = json!("Otra cosa");
    put(reception, &silent, 2).await.expect(422);
    // Patients cancel, and do not say that they came.
    put(alfa.patient(), &step(&moved, "arrived"), 2).await.expect(403);
    let mut cancelled = step(&moved, "cancelled");
    cancelled["cancelationReason"] = json!({"text": "no puede venir"});
    let cancelled = put(alfa.patient(), &cancelled, 2).await.expect(200).json();
    assert_eq!(cancelled["participant"][0]["status"], "declined");
    put(reception, &step(&cancelled, "booked"), 3).await.expect(409);
    let history = read(reception, &format!("{path}/_history")).await;
    let states: Vec<_> = history["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["resource"]["status"].clone(), entry["resource"]["start"].clone()))
        .collect();
    let state = |status: &str, start: &Value| (json!(status), start.clone());
    assert_eq!(
        states,
        [
            state("cancelled", &moved["start"]),
            state("booked", &moved["start"]),
            state("booked", &now["start"])
        ]
    );
    assert_eq!(
        history["entry"][0]["resource"]["cancelationReason"]["text"],
        "no puede venir"
    );
}

fn medication(org: &Organization, atc: &str, status: &str) -> Value {
    json!({
        "resourceType": "MedicationRequest", "status": status, "intent": "order",
        "subject": {"reference": format!("Patient/{}", org.patient)},
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": atc}], "text": atc},
        "dosageInstruction": [{
            "timing": {"code": {"text": "cada 12 horas"}}, "route": {"text": "oral"},
            "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "comprimido"}}],
        }],
        "dispenseRequest": {"quantity": {"value": 20, "unit": "comprimidos"}},
    })
}

#[tokio::test]
async fn a_prescription_is_drafted_signed_and_stopped_with_the_checks_of_every_prescription() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    furnish(&world, &alfa).await;
    let physician = alfa.physician();
    let create = |body: Value| async move { physician.fhir("POST", "MedicationRequest", &[], Some(&body)).await };
    let draft = create(medication(&alfa, "C09AA02", "draft")).await.expect(201).json();
    assert!(draft.get("identifier").is_none());
    let mut changed = draft.clone();
    changed["dispenseRequest"]["quantity"]["value"] = json!(30);
    let mut both = changed.clone();
    both["status"] = json!("active");
    put(physician, &both, 1).await.expect(409);
    let changed = put(physician, &changed, 1).await.expect(200).json();
    let mut active = changed.clone();
    active["status"] = json!("active");
    let signed = put(physician, &active, 2).await.expect(200).json();
    assert_eq!(signed["status"], "active");
    assert_eq!(signed["dispenseRequest"]["quantity"]["value"], 30);
    assert!(
        signed["identifier"][0]["value"].as_str().is_some(),
        "a code for the pharmacy"
    );
    let mut rewritten = signed.clone();
    rewritten["dispenseRequest"]["quantity"]["value"] = json!(300);
    assert_eq!(reason(&put(physician, &rewritten, 3).await.expect(409)), "locked");
    let mut stopped = signed.clone();
    stopped["status"] = json!("stopped");
    stopped["statusReason"] = json!({"text": "tos"});
    put(physician, &stopped, 2).await.expect(412);
    let stopped = put(physician, &stopped, 3).await.expect(200).json();
    let mut resumed = stopped.clone();
    resumed["status"] = json!("active");
    put(physician, &resumed, 4).await.expect(409);
    let history = read(
        physician,
        &format!("MedicationRequest/{}/_history", signed["id"].as_str().unwrap()),
    )
    .await;
    let versions: Vec<_> = history["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["resource"]["meta"]["versionId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        versions,
        ["4", "3", "2"],
        "the draft before its change is not known any more"
    );
    // Signed at once, where nothing speaks against it; an allergy does, and then nothing is written.
    let amlodipine = create(medication(&alfa, "C08CA01", "active")).await.expect(201).json();
    assert_eq!(amlodipine["meta"]["versionId"], "2");
    let refused = create(medication(&alfa, "J01CA04", "active")).await.expect(409);
    assert_eq!(reason(&refused), "unsafe-prescription");
    assert!(
        refused.json()["issue"][0]["diagnostics"]
            .as_str()
            .unwrap()
            .contains("Penicilinas")
    );
    let drafts = read(
        physician,
        &format!("MedicationRequest?patient={}&status=draft", alfa.patient),
    )
    .await;
    assert_eq!(drafts["total"], 0);
    let mut foreign = medication(&alfa, "C08CA01", "draft");
    foreign["requester"] = json!({"reference": format!("Practitioner/{}", alfa.staff[&Role::Nurse])});
    create(foreign).await.expect(403);
    for role in [Role::Nurse, Role::Receptionist, Role::Pharmacist, Role::Patient] {
        alfa.client(role)
            .fhir(
                "POST",
                "MedicationRequest",
                &[],
                Some(&medication(&alfa, "C08CA01", "draft")),
            )
            .await
            .expect(403);
    }
}
