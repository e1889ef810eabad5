//! FHIR: the walls between organizations, who sees what, the access log, apps with scopes, everything about a patient.

use galeno_api::authz::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    fhir::{furnish, places},
    support::{Answer, Client, World, world::register},
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn another_organization_finds_nothing_reads_nothing_and_changes_nothing() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let beta = world.organization("beta").await;
    let things = furnish(&world, &alfa).await;
    let mut places = places(&alfa, &things);
    let event = alfa
        .client(Role::Auditor)
        .fhir("GET", "AuditEvent?_count=1", &[], None)
        .await
        .expect(200)
        .json();
    places.push((
        "AuditEvent",
        event["entry"][0]["resource"]["id"].as_str().unwrap().parse().unwrap(),
    ));
    let secrets: Vec<String> = places.iter().map(|(_, id)| id.to_string()).collect();
    let silent = |answer: &Answer, asked: &str| {
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        for secret in secrets.iter().filter(|secret| !asked.contains(secret.as_str())) {
            assert!(!text.contains(secret.as_str()), "{asked} told {secret}: {text}");
        }
        assert!(
            !text.contains("García alfa") && !text.contains("Penicilinas"),
            "{asked}: {text}"
        );
    };
    let mut tried = 0;
    for role in Role::ALL {
        if *role == Role::Service {
            continue;
        }
        let client = beta.client(*role);
        for (kind, id) in &places {
            for path in [
                format!("{kind}/{id}"),
                format!("{kind}/{id}/_history"),
                format!("{kind}/{id}/_history/1"),
                format!("{kind}/{id}/$everything"),
            ] {
                let answer = client.fhir("GET", &path, &[], None).await;
                let status = answer.status.as_u16();
                assert!(matches!(status, 403 | 404), "{role:?} of beta: {path} gave {status}");
                silent(&answer, &path);
                tried += 1;
            }
            for query in [
                format!("_id={id}"),
                format!("patient={}", alfa.patient),
                format!("_id={id}&patient={}", alfa.patient),
                format!("schedule={}", things.schedule),
                "name=garcia".to_owned(),
                "_lastUpdated=ge2000".to_owned(),
            ] {
                let path = format!("{kind}?{query}");
                let answer = client.fhir("GET", &path, &[], None).await;
                silent(&answer, &path);
                if answer.status == 200 && query.starts_with("_id") {
                    let bundle = answer.json();
                    let found = bundle["entry"].as_array().into_iter().flatten();
                    let found = found.filter(|entry| entry["search"]["mode"] != "outcome").count();
                    assert_eq!(found, 0, "{role:?} of beta: {path}");
                }
                tried += 1;
            }
        }
        // Whoever may do it at home cannot do it here: there is no such patient.
        let reading = client
            .fhir("GET", &format!("Patient/{}", alfa.patient), &[], None)
            .await;
        if matches!(role, Role::Physician | Role::Receptionist | Role::Patient) {
            assert_eq!(reading.status.as_u16(), 404, "{role:?}");
        }
        for (kind, id) in [
            ("Patient", alfa.patient),
            ("Appointment", things.appointment),
            ("MedicationRequest", things.prescription),
        ] {
            let mut resource = alfa
                .physician()
                .fhir("GET", &format!("{kind}/{id}"), &[], None)
                .await
                .expect(200)
                .json();
            let version = resource["meta"]["versionId"].as_str().unwrap().to_owned();
            let tag = format!("W/\"{version}\"");
            let answer = client
                .fhir("PUT", &format!("{kind}/{id}"), &[("if-match", &tag)], Some(&resource))
                .await;
            assert!(
                matches!(answer.status.as_u16(), 403 | 404),
                "{role:?}: {kind} {}",
                answer.status
            );
            resource.as_object_mut().unwrap().remove("id");
            if kind != "Patient" {
                let answer = client.fhir("POST", kind, &[], Some(&resource)).await;
                assert!(
                    matches!(answer.status.as_u16(), 403 | 404 | 409),
                    "{role:?}: {kind} {}",
                    answer.status
                );
            }
            let after = alfa
                .physician()
                .fhir("GET", &format!("{kind}/{id}"), &[], None)
                .await
                .expect(200)
                .json();
            assert_eq!(after["meta"]["versionId"], version);
        }
    }
    assert!(tried > 700, "{tried}");
}

async fn status(client: &Client, path: &str) -> u16 {
    client.fhir("GET", path, &[], None).await.status.as_u16()
}

#[tokio::test]
async fn the_table_of_permissions_holds_for_fhir() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    let (_, stranger) = world.staff(alfa.id, Role::Physician, 2).await;
    let other = register(alfa.receptionist(), "Eva", "Otra Persona").await;
    let guardian = json!({"guardian": alfa.patient, "relationship": "madre"});
    let child = register(alfa.receptionist(), "Niño", "García Sol").await;
    alfa.receptionist()
        .post(&format!("/patients/{child}/guardians"), guardian)
        .await
        .expect(201);
    let of = |kind: &str, patient: Uuid| format!("{kind}?patient={patient}");
    // What is clinical is for those who treat, and for the patient.
    for (client, path, expected) in [
        (alfa.physician(), of("Condition", alfa.patient), 200),
        (&stranger, of("Condition", alfa.patient), 403),
        (&stranger, format!("Condition/{}", things.condition), 403),
        (&stranger, format!("MedicationRequest/{}", things.prescription), 403),
        (&stranger, format!("Patient/{}", alfa.patient), 200),
        (alfa.receptionist(), of("Observation", alfa.patient), 403),
        (alfa.receptionist(), of("Appointment", alfa.patient), 200),
        (alfa.client(Role::Administrator), of("Condition", alfa.patient), 403),
        (
            alfa.client(Role::Pharmacist),
            of("MedicationRequest", alfa.patient),
            200,
        ),
        (alfa.client(Role::Pharmacist), of("Condition", alfa.patient), 403),
        (alfa.client(Role::Auditor), "AuditEvent?date=ge2000".to_owned(), 200),
        (alfa.physician(), "AuditEvent?date=ge2000".to_owned(), 403),
        (alfa.patient(), format!("Patient/{}", alfa.patient), 200),
        (alfa.patient(), format!("Patient/{other}"), 403),
        (alfa.patient(), format!("Patient/{child}"), 200),
        (alfa.patient(), of("Observation", other), 403),
        (alfa.patient(), of("Observation", child), 200),
        (alfa.patient(), "Practitioner?name=test".to_owned(), 403),
        (alfa.patient(), format!("Slot?schedule={}", things.schedule), 200),
    ] {
        assert_eq!(status(client, &path).await, expected, "{path}");
    }
    // Patients who name nobody mean themselves, and find nobody else whatever they ask.
    for path in [
        "Patient",
        "Patient?name=otra",
        "Condition",
        "Observation?_count=1",
        "Appointment",
        "AuditEvent",
    ] {
        let bundle = alfa.patient().fhir("GET", path, &[], None).await.expect(200).json();
        let text = bundle.to_string();
        assert!(
            !text.contains(&other.to_string()) && !text.contains(&child.to_string()),
            "{path}"
        );
    }
    let own = alfa
        .patient()
        .fhir("GET", "Patient", &[], None)
        .await
        .expect(200)
        .json();
    assert_eq!(own["entry"][0]["resource"]["id"], json!(alfa.patient));
    assert_eq!(status(alfa.patient(), &format!("Patient?_id={other}")).await, 403);
    // What may not be seen is not included either.
    let path = "Appointment?_include=Appointment:practitioner&_include=Appointment:patient";
    let bundle = alfa.patient().fhir("GET", path, &[], None).await.expect(200).json();
    let modes: Vec<_> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["resource"]["resourceType"].clone())
        .collect();
    assert_eq!(
        modes,
        [json!("Appointment"), json!("Patient")],
        "patients do not read the list of staff"
    );
    // Programs need the scope besides.
    let token = json!({"name": "laboratory", "scopes": ["record.read"], "days": 30});
    let token = alfa
        .client(Role::Administrator)
        .post("/service-tokens", token)
        .await
        .expect(201)
        .json();
    let program = world.anonymous.with(token["token"].as_str().unwrap());
    assert_eq!(status(&program, &of("Observation", alfa.patient)).await, 200);
    assert_eq!(status(&program, &format!("Patient/{}", alfa.patient)).await, 403);
    assert_eq!(status(&program, "Observation").await, 400);
}

#[tokio::test]
async fn every_access_by_fhir_is_in_the_access_log() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    let count = "SELECT COUNT(*) FROM access_log";
    let mut lines: i64 = sqlx::query_scalar(count).fetch_one(&mut world.db).await.unwrap();
    let mut paths: Vec<String> = Vec::new();
    for (kind, id) in places(&alfa, &things) {
        paths.extend([format!("{kind}/{id}"), format!("{kind}?_id={id}")]);
        if kind != "Slot" {
            paths.push(format!("{kind}/{id}/_history"));
        }
    }
    paths.push(format!("Patient/{}/$everything", alfa.patient));
    paths.push("Patient?name=nobody-of-that-name".to_owned());
    for path in paths {
        alfa.physician().fhir("GET", &path, &[], None).await.expect(200);
        let now: i64 = sqlx::query_scalar(count).fetch_one(&mut world.db).await.unwrap();
        assert!(now > lines, "{path} left no line");
        lines = now;
    }
    let refused = format!("Condition?patient={}", alfa.patient);
    alfa.client(Role::Receptionist)
        .fhir("GET", &refused, &[], None)
        .await
        .expect(403);
    let log = alfa
        .patient()
        .fhir("GET", "AuditEvent?_count=100", &[], None)
        .await
        .expect(200)
        .json();
    let events: Vec<&Value> = log["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"])
        .collect();
    let refusal = events.iter().find(|event| event["outcome"] == "4").unwrap();
    assert_eq!(refusal["agent"][0]["role"][0]["coding"][0]["code"], "receptionist");
    let seen = |kind: &str, id: Uuid| {
        let reference = json!(format!("{kind}/{id}"));
        events.iter().any(|event| {
            event["agent"][0]["who"]["reference"] == json!(format!("Practitioner/{}", alfa.staff[&Role::Physician]))
                && event["entity"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|entity| entity["what"]["reference"] == reference)
        })
    };
    assert!(seen("Condition", things.condition) && seen("MedicationRequest", things.prescription));
    assert!(seen("Patient", alfa.patient));
    assert!(!log.to_string().contains("127.0.0.1"), "addresses are for the auditor");
    let verdict = alfa
        .client(Role::Auditor)
        .post("/access-log/verify", json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(verdict["intact"], true);
}

async fn exchange(client: &Client, form: &str) -> Answer {
    client
        .request("POST", "/fhir/auth/token", &[FORM], Some(form.to_owned().into()))
        .await
}

const GRANT: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";

#[tokio::test]
async fn an_app_gets_what_its_scopes_say_and_never_more_than_its_person() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    let other = register(alfa.receptionist(), "Eva", "Otra Persona").await;
    let configuration = world
        .anonymous
        .fhir("GET", ".well-known/smart-configuration", &[], None)
        .await
        .expect(200);
    assert_eq!(configuration.header("content-type"), "application/json");
    let endpoint = configuration.json()["token_endpoint"].as_str().unwrap().to_owned();
    assert_eq!(endpoint, "https://api.clinic.example/fhir/auth/token");
    // A patient's app, in the words of version 2.
    let form = format!("{GRANT}&scope=openid+patient/Observation.rs+patient/Patient.r");
    let given = exchange(alfa.patient(), &form).await.expect(200).json();
    assert_eq!(given["scope"], "patient/Observation.rs patient/Patient.r");
    assert_eq!(given["patient"], json!(alfa.patient));
    assert!(given["expires_in"].as_i64().unwrap() <= 3600);
    let app = world.anonymous.with(given["access_token"].as_str().unwrap());
    assert_eq!(status(&app, "Observation").await, 200);
    assert_eq!(status(&app, &format!("Observation/{}", things.observation)).await, 200);
    assert_eq!(status(&app, &format!("Patient/{}", alfa.patient)).await, 200);
    assert_eq!(status(&app, "Condition").await, 403);
    assert_eq!(status(&app, &format!("Condition/{}", things.condition)).await, 403);
    assert_eq!(status(&app, &format!("Patient/{other}")).await, 403);
    let bundle = app
        .fhir("GET", "Observation?_include=Observation:encounter", &[], None)
        .await
        .expect(200)
        .json();
    assert!(
        !bundle.to_string().contains("\"Encounter\""),
        "no scope for what is beside"
    );
    let all = app
        .fhir("GET", &format!("Patient/{}/$everything", alfa.patient), &[], None)
        .await
        .expect(200)
        .json();
    let kinds: Vec<_> = all["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["resource"]["resourceType"].clone())
        .collect();
    assert!(kinds.iter().all(|kind| kind == "Observation"), "{kinds:?}");
    // Only by FHIR, and no token out of a token.
    app.get(&format!("/patients/{}", alfa.patient)).await.expect(403);
    app.post("/auth/sign-out", json!({})).await.expect(403);
    exchange(&app, &format!("{GRANT}&scope=user/*.*")).await.expect(403);
    // A physician's app for one patient, in the words of version 1: another patient is out of reach.
    world.treats(&alfa, alfa.staff[&Role::Physician], other).await;
    let form = format!("{GRANT}&scope=patient/*.read&patient={}", alfa.patient);
    let given = exchange(alfa.physician(), &form).await.expect(200).json();
    let app = world.anonymous.with(given["access_token"].as_str().unwrap());
    assert_eq!(status(&app, "Condition").await, 200);
    assert_eq!(
        status(alfa.physician(), &format!("Condition?patient={other}")).await,
        200
    );
    assert_eq!(status(&app, &format!("Condition?patient={other}")).await, 403);
    let draft = json!({"resourceType": "Patient", "id": alfa.patient, "name": [{"family": "x", "given": ["y"]}],
        "gender": "female", "birthDate": "1980-05-17"});
    let change = app
        .fhir(
            "PUT",
            &format!("Patient/{}", alfa.patient),
            &[("if-match", "W/\"1\"")],
            Some(&draft),
        )
        .await;
    assert_eq!(change.status.as_u16(), 403, "to read is not to write");
    // To create is not to read: what must not exist is looked for only by who may look for it.
    let given = exchange(
        alfa.receptionist(),
        &format!("{GRANT}&scope=user/Patient.c+user/Appointment.c"),
    )
    .await
    .expect(200)
    .json();
    let creator = world.anonymous.with(given["access_token"].as_str().unwrap());
    let new = json!({"resourceType": "Patient", "name": [{"family": "García alfa", "given": ["Ana"]}],
        "gender": "female", "birthDate": "1980-05-17"});
    let unless = [("if-none-exist", "name=garcia&birthdate=1980-05-17")];
    let blind = creator.fhir("POST", "Patient", &unless, Some(&new)).await.expect(403);
    assert!(!String::from_utf8_lossy(&blind.bytes).contains(&alfa.patient.to_string()));
    let reader = alfa
        .receptionist()
        .fhir("POST", "Patient", &unless, Some(&new))
        .await
        .expect(200);
    assert_eq!(reader.json()["id"], json!(alfa.patient));
    let sure = [("x-not-a-duplicate", "true")];
    creator.fhir("POST", "Patient", &sure, Some(&new)).await.expect(201);
    // A scope gives nothing that the person may not do.
    let given = exchange(alfa.receptionist(), &format!("{GRANT}&scope=user/*.*"))
        .await
        .expect(200)
        .json();
    let token = given["access_token"].as_str().unwrap().to_owned();
    let app = world.anonymous.with(&token);
    assert_eq!(status(&app, &format!("Condition?patient={}", alfa.patient)).await, 403);
    assert_eq!(status(&app, "Patient?name=garcia").await, 200);
    for (form, error) in [
        (
            "grant_type=password&scope=user/*.read".to_owned(),
            "unsupported_grant_type",
        ),
        (format!("{GRANT}&scope=system/*.read"), "invalid_scope"),
        (format!("{GRANT}&scope=patient/*.read"), "invalid_scope"),
        (format!("{GRANT}&scope=patient/*.read&patient=1"), "invalid_request"),
    ] {
        let answer = exchange(alfa.receptionist(), &form).await.expect(400);
        assert_eq!(answer.json()["error"], error, "{form}");
    }
    // It ends with the session.
    alfa.receptionist().post("/auth/sign-out", json!({})).await;
    assert_eq!(status(&app, "Patient?name=garcia").await, 401);
    let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM access_log WHERE resource_kind = 'app-token'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(kept, 4);
}

#[tokio::test]
async fn everything_about_a_patient_comes_page_by_page_and_as_far_as_one_may_see() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    let mut seen = Vec::new();
    let mut next = Some(format!("Patient/{}/$everything?_count=2", alfa.patient));
    while let Some(path) = next {
        let bundle = alfa.physician().fhir("GET", &path, &[], None).await.expect(200).json();
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        assert!(entries.len() <= 2);
        seen.extend(entries.iter().map(|one| {
            let resource = &one["resource"];
            format!(
                "{}/{}",
                resource["resourceType"].as_str().unwrap(),
                resource["id"].as_str().unwrap()
            )
        }));
        next = bundle["link"]
            .as_array()
            .unwrap()
            .iter()
            .find(|link| link["relation"] == "next")
            .map(|link| {
                link["url"]
                    .as_str()
                    .unwrap()
                    .strip_prefix("https://api.clinic.example/fhir/")
                    .unwrap()
                    .to_owned()
            });
        assert!(seen.len() < 50);
    }
    for (kind, id) in places(&alfa, &things) {
        let about = !["Practitioner", "Organization", "Location", "Schedule", "Slot"].contains(&kind);
        let count = seen.iter().filter(|one| **one == format!("{kind}/{id}")).count();
        assert_eq!(count, usize::from(about), "{kind} {seen:?}");
    }
    assert_eq!(seen.len(), 10, "{seen:?}");
    // Reception sees the person and the appointments, and nothing clinical.
    let path = format!("Patient/{}/$everything", alfa.patient);
    let bundle = alfa
        .receptionist()
        .fhir("GET", &path, &[], None)
        .await
        .expect(200)
        .json();
    let kinds: Vec<_> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["resource"]["resourceType"].clone())
        .collect();
    assert_eq!(kinds, [json!("Patient"), json!("Appointment"), json!("Consent")]);
    alfa.receptionist()
        .fhir("GET", &format!("{path}?_since=2020"), &[], None)
        .await
        .expect(400);
}

#[tokio::test]
async fn what_is_restricted_is_restricted_by_fhir_too() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    sqlx::query("UPDATE patient SET restricted = TRUE, phone = '+34600000009' WHERE id = ?")
        .bind(alfa.patient)
        .execute(&mut world.db)
        .await
        .unwrap();
    for path in [
        format!("Patient/{}", alfa.patient),
        format!("Patient/{}/_history", alfa.patient),
        format!("Patient/{}/$everything", alfa.patient),
        format!("Condition?patient={}", alfa.patient),
        format!("Observation/{}", things.observation),
        format!("MedicationRequest?patient={}", alfa.patient),
    ] {
        let answer = alfa.physician().fhir("GET", &path, &[], None).await.expect(403);
        assert_eq!(
            answer.json()["issue"][0]["details"]["coding"][0]["code"],
            "data-restricted",
            "{path}"
        );
    }
    // Found, and shown beside an appointment, it is enough to recognise the person.
    let day = format!(
        "Appointment?practitioner={}&date=ge2026-01-01&_include=Appointment:patient",
        alfa.staff[&Role::Physician]
    );
    for path in ["Patient?name=garcia".to_owned(), day] {
        let bundle = alfa
            .receptionist()
            .fhir("GET", &path, &[], None)
            .await
            .expect(200)
            .json();
        let text = bundle.to_string();
        assert!(
            text.contains("García alfa") && text.contains("v3-Confidentiality") && !text.contains("+34600000009"),
            "{text}"
        );
    }
    let own = alfa
        .patient()
        .fhir("GET", "Patient", &[], None)
        .await
        .expect(200)
        .json();
    assert!(own.to_string().contains("+34600000009"), "the person sees all of it");
    sqlx::query("UPDATE patient SET erased_at = UTC_TIMESTAMP(6) WHERE id = ?")
        .bind(alfa.patient)
        .execute(&mut world.db)
        .await
        .unwrap();
    let gone = alfa
        .receptionist()
        .fhir("GET", "Patient?name=garcia", &[], None)
        .await
        .expect(200)
        .json();
    assert_eq!(gone["total"], 0);
}
