//! FHIR: reading, searching, versions, representations.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use galeno_api::authz::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Answer, Client, World,
    world::{Organization, register},
};

/// One of everything that FHIR shows, of one patient whom the physician treats.
pub struct Things {
    pub schedule: Uuid,
    pub slots: Vec<Uuid>,
    pub appointment: Uuid,
    pub encounter: Uuid,
    pub condition: Uuid,
    pub allergy: Uuid,
    pub observation: Uuid,
    pub prescription: Uuid,
    pub consent: Uuid,
}

fn id(answer: Answer) -> Uuid {
    answer.expect(201).id().parse().unwrap()
}

async fn sign(client: &Client, path: &str, version: u64) {
    client
        .change("POST", &format!("{path}/sign"), version, json!({}))
        .await
        .expect(200);
}

pub async fn furnish(world: &World, org: &Organization) -> Things {
    let (schedule, slots) = crate::appointments::slots(org).await;
    world.treats(org, org.staff[&Role::Physician], org.patient).await;
    let (physician, base) = (org.physician(), format!("/patients/{}", org.patient));
    let appointment = json!({"slot": slots[0], "reason": "Revisión"});
    let appointment = id(org
        .receptionist()
        .post(&format!("{base}/appointments"), appointment)
        .await);
    let entries = format!("{base}/entries");
    let entry = |content: Value| physician.post(&entries, json!({"content": content}));
    let encounter = id(entry(json!({
        "kind": "encounter", "class": "AMB", "reason": "Revisión", "started_at": "2026-03-02T09:00:00Z",
        "ended_at": "2026-03-02T09:20:00Z", "appointment": appointment
    }))
    .await);
    let condition = id(entry(json!({
        "kind": "condition", "icd10": "E11.9", "description": "Diabetes tipo 2", "status": "active",
        "onset": "2020-01-15T00:00:00Z", "encounter": encounter
    }))
    .await);
    let allergy = id(entry(json!({
        "kind": "allergy", "category": "medication", "atc": "J01C", "substance": "Penicilinas", "reaction": "Urticaria",
        "criticality": "high"
    }))
    .await);
    let observation = id(entry(json!({
        "kind": "observation", "loinc": "8480-6", "description": "Presión sistólica",
        "value": {"type": "quantity", "value": 128.5, "unit": "mm[Hg]"}, "observed_at": "2026-03-02T09:05:00Z",
        "encounter": encounter
    }))
    .await);
    sign(physician, &format!("{entries}/{observation}"), 1).await;
    id(entry(json!({
        "kind": "observation", "loinc": "2339-0", "description": "Glucosa", "value": {"type": "text", "value": "normal"},
        "observed_at": "2026-04-02T09:05:00Z"
    }))
    .await);
    let wrong = id(entry(json!({
        "kind": "condition", "icd10": "I10", "description": "Hipertensión", "status": "resolved",
        "abatement": "2025-01-15T00:00:00Z"
    }))
    .await);
    physician
        .change(
            "POST",
            &format!("{entries}/{wrong}/error"),
            1,
            json!({"reason": "otro paciente"}),
        )
        .await
        .expect(200);
    let prescription = json!({
        "atc": "N02BE01", "national_code": "653457", "medication": "Paracetamol 1 g", "dose": "1 comprimido",
        "route": "oral", "frequency": "cada 8 horas", "duration_days": 7, "quantity": 20, "unit": "comprimidos",
        "indication": "Dolor"
    });
    let made = physician
        .post(&format!("{base}/prescriptions"), prescription)
        .await
        .expect(201)
        .json();
    let prescription: Uuid = made["prescription"]["id"].as_str().unwrap().parse().unwrap();
    sign(physician, &format!("{base}/prescriptions/{prescription}"), 1).await;
    let consent = json!({"purpose": "research", "wording": "Acepto el uso seudonimizado de mis datos."});
    let consent = id(org.receptionist().post(&format!("{base}/consents"), consent).await);
    Things {
        schedule,
        slots,
        appointment,
        encounter,
        condition,
        allergy,
        observation,
        prescription,
        consent,
    }
}

/// Where one of each type is.
pub fn places(org: &Organization, things: &Things) -> Vec<(&'static str, Uuid)> {
    vec![
        ("Patient", org.patient),
        ("Practitioner", org.staff[&Role::Physician]),
        ("Organization", org.id),
        ("Location", org.clinic),
        ("Schedule", things.schedule),
        ("Slot", things.slots[0]),
        ("Appointment", things.appointment),
        ("Encounter", things.encounter),
        ("Condition", things.condition),
        ("AllergyIntolerance", things.allergy),
        ("Observation", things.observation),
        ("MedicationRequest", things.prescription),
        ("Consent", things.consent),
    ]
}

/// The identifiers that a search finds, in order; mode `match` alone.
async fn found(client: &Client, path: &str) -> Vec<String> {
    let bundle = client.fhir("GET", path, &[], None).await.expect(200).json();
    ids(&bundle, "match")
}

fn ids(bundle: &Value, mode: &str) -> Vec<String> {
    assert_eq!(bundle["type"], "searchset");
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .filter(|entry| entry["search"]["mode"] == mode)
        .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_type_is_read_searched_and_has_its_versions() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    let physician = alfa.physician();
    for (kind, id) in places(&alfa, &things) {
        let answer = physician
            .fhir("GET", &format!("{kind}/{id}"), &[], None)
            .await
            .expect(200);
        assert_eq!(
            answer.header("content-type"),
            "application/fhir+json; charset=utf-8",
            "{kind}"
        );
        let resource = answer.json();
        assert_eq!(resource["resourceType"], kind);
        assert_eq!(resource["id"], json!(id));
        let query = match kind {
            "Slot" | "Practitioner" | "Organization" | "Location" | "Schedule" => format!("{kind}?_id={id}"),
            "Patient" => format!("{kind}?_id={id}&name=garcia"),
            _ => format!("{kind}?patient=Patient/{}&_id={id}", alfa.patient),
        };
        assert_eq!(found(physician, &query).await, [id.to_string()], "{query}");
        if kind == "Slot" {
            assert_eq!(answer.header("etag"), "");
            continue;
        }
        let version = resource["meta"]["versionId"].as_str().unwrap();
        let tag = format!("W/\"{version}\"");
        assert_eq!(answer.header("etag"), tag, "{kind}");
        assert!(answer.header("last-modified").ends_with("GMT"), "{kind}");
        let again = physician
            .fhir("GET", &format!("{kind}/{id}"), &[("if-none-match", &tag)], None)
            .await;
        assert_eq!(again.status.as_u16(), 304, "{kind}");
        assert!(again.bytes.is_empty());
        let history = physician
            .fhir("GET", &format!("{kind}/{id}/_history"), &[], None)
            .await
            .expect(200)
            .json();
        assert_eq!(history["type"], "history");
        assert_eq!(history["entry"][0]["resource"], resource, "{kind}");
        let exact = physician
            .fhir("GET", &format!("{kind}/{id}/_history/{version}"), &[], None)
            .await
            .expect(200);
        assert_eq!(exact.json(), resource, "{kind}");
        physician
            .fhir("GET", &format!("{kind}/{id}/_history/99"), &[], None)
            .await
            .expect(404);
    }
    // The version before the signature is there, as it was.
    let before = physician
        .fhir(
            "GET",
            &format!("Observation/{}/_history/1", things.observation),
            &[],
            None,
        )
        .await
        .expect(200)
        .json();
    assert_eq!(before["status"], "preliminary");
    let draft = physician
        .fhir(
            "GET",
            &format!("MedicationRequest/{}/_history/1", things.prescription),
            &[],
            None,
        )
        .await
        .expect(200)
        .json();
    assert_eq!(draft["status"], "draft");
    assert!(
        draft.get("identifier").is_none(),
        "a draft has no code for the pharmacy"
    );
    let events = alfa
        .client(Role::Auditor)
        .fhir("GET", "AuditEvent?outcome=0&_count=5", &[], None)
        .await
        .expect(200)
        .json();
    let event = events["entry"][0]["resource"]["id"].as_str().unwrap().to_owned();
    alfa.client(Role::Auditor)
        .fhir("GET", &format!("AuditEvent/{event}"), &[], None)
        .await
        .expect(200);
}

#[tokio::test]
async fn searches_mean_what_fhir_says() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    let (physician, reception) = (alfa.physician(), alfa.receptionist());
    let maria = register(reception, "María José", "Núñez de la Peña").await.to_string();
    let mario = register(reception, "Mario", "Núñez Gil").await.to_string();
    let patient = |query: &'static str| async move {
        let mut ids = found(reception, &format!("Patient?{query}")).await;
        ids.sort();
        ids
    };
    let both = {
        let mut both = vec![maria.clone(), mario.clone()];
        both.sort();
        both
    };
    assert_eq!(patient("name=nunez").await, both);
    assert_eq!(patient("family=N%C3%BA%C3%B1ez&given=mari").await, both);
    assert_eq!(patient("name=pena%20jose").await, std::slice::from_ref(&maria));
    assert_eq!(
        patient("family=jose").await,
        Vec::<String>::new(),
        "a given name is no family name"
    );
    assert_eq!(patient("given:exact=Mario").await, std::slice::from_ref(&mario));
    assert_eq!(patient("given:exact=mario").await, Vec::<String>::new());
    assert_eq!(
        patient("birthdate=1980-05-17&family:contains=%C3%BA%C3%B1ez%20g").await,
        std::slice::from_ref(&mario)
    );
    assert_eq!(patient("name=nunez&birthdate=1980").await, both);
    assert_eq!(patient("name=nunez&birthdate=gt1980-05-17").await, Vec::<String>::new());
    assert_eq!(
        patient("name=nunez&birthdate=ge1980-05-17&birthdate=le1980-05-17").await,
        both
    );
    assert_eq!(patient("name=nunez&birthdate=ne1980-05-17").await, Vec::<String>::new());
    assert_eq!(patient("name=nunez&gender=male,other").await, Vec::<String>::new());
    assert_eq!(patient("name=nunez&gender=female").await, both);
    assert_eq!(patient("name=nunez&_lastUpdated=ge2100").await, Vec::<String>::new());
    assert_eq!(
        patient("name=50%25").await,
        Vec::<String>::new(),
        "no pattern slips through"
    );
    // An older program has written a name: until it has its pairs, they do not lead.
    sqlx::query("UPDATE patient_word SET unpaired = TRUE WHERE word = 'nunez'")
        .execute(&mut world.db)
        .await
        .unwrap();
    sqlx::query("DELETE FROM patient_pair")
        .execute(&mut world.db)
        .await
        .unwrap();
    assert_eq!(patient("family=N%C3%BA%C3%B1ez&given=mari").await, both);
    assert_eq!(patient("name=pena%20jose").await, std::slice::from_ref(&maria));
    // What no index leads to is refused, with what to add.
    for alone in [
        "gender=female",
        "address-postalcode=28",
        "_lastUpdated=ge2020",
        "family:contains=ez",
        "name=n",
        "gender=female&_total=none",
    ] {
        let answer = reception
            .fhir("GET", &format!("Patient?{alone}"), &[], None)
            .await
            .expect(400);
        assert!(
            answer.json()["issue"][0]["diagnostics"]
                .to_string()
                .contains("birthdate"),
            "{alone}"
        );
    }
    let auditor = alfa.client(Role::Auditor);
    for (query, status) in [
        ("_total=accurate", 400),
        ("_summary=count", 400),
        ("_sort=date", 400),
        ("_sort=-date", 200),
    ] {
        let answer = auditor.fhir("GET", &format!("AuditEvent?{query}"), &[], None).await;
        assert_eq!(answer.status, status, "{query}");
    }
    let newest = auditor
        .fhir("GET", "AuditEvent?_count=2", &[], None)
        .await
        .expect(200)
        .json();
    assert!(newest.get("total").is_none());
    let of_one = format!("AuditEvent?patient={}&_count=1&_sort=date", alfa.patient);
    assert!(auditor.fhir("GET", &of_one, &[], None).await.expect(200).json()["total"].is_u64());
    let one = |query: String| async move { found(physician, &query).await };
    let of = format!("patient={}", alfa.patient);
    for (query, count) in [
        (format!("Observation?{of}"), 2),
        (format!("Observation?subject=Patient/{}", alfa.patient), 2),
        (format!("Observation?{of}&code=http://loinc.org|8480-6"), 1),
        (format!("Observation?{of}&code=http://snomed.info/sct|8480-6"), 0),
        (format!("Observation?{of}&code=8480-6,2339-0"), 2),
        (format!("Observation?{of}&category=vital-signs"), 1),
        (format!("Observation?{of}&category=laboratory"), 0),
        (format!("Observation?{of}&status=final"), 1),
        (format!("Observation?{of}&status=preliminary,amended"), 1),
        (format!("Observation?{of}&date=2026-03"), 1),
        (format!("Observation?{of}&date=ge2026-03&date=lt2026-04"), 1),
        (format!("Observation?{of}&date=2026-03-02T10:05%2B01:00"), 1),
        (format!("Observation?{of}&encounter=Encounter/{}", things.encounter), 1),
        (format!("Observation?patient:Patient={}", alfa.patient), 2),
        (format!("Condition?{of}"), 2),
        (format!("Condition?{of}&clinical-status=active"), 1),
        (format!("Condition?{of}&clinical-status=resolved"), 0),
        (format!("Condition?{of}&verification-status=entered-in-error"), 1),
        (format!("Condition?{of}&code=E11.9"), 1),
        (
            format!("AllergyIntolerance?{of}&criticality=high&category=medication&clinical-status=active"),
            1,
        ),
        (format!("AllergyIntolerance?{of}&clinical-status=resolved"), 0),
        (format!("Encounter?{of}&class=AMB&status=finished"), 1),
        (format!("Encounter?{of}&status=in-progress"), 0),
        (format!("MedicationRequest?{of}&status=active&code=N02BE01"), 1),
        (format!("MedicationRequest?{of}&code=653457"), 1),
        (format!("MedicationRequest?{of}&status=draft"), 0),
        (format!("Consent?{of}&status=active&purpose=research"), 1),
        (format!("Consent?{of}&status=inactive"), 0),
        (format!("Appointment?{of}&status=booked"), 1),
        (
            format!(
                "Appointment?practitioner=Practitioner/{}&date=ge2026-01-01",
                alfa.staff[&Role::Physician]
            ),
            1,
        ),
        (format!("Slot?schedule={}&status=free", things.schedule), 5),
        (format!("Slot?schedule=Schedule/{}&status=busy", things.schedule), 1),
        (
            format!(
                "Schedule?actor=Practitioner/{}&active=true",
                alfa.staff[&Role::Physician]
            ),
            1,
        ),
        (format!("Schedule?actor=Location/{}", alfa.clinic), 1),
        ("Practitioner?name=test&active=true".to_owned(), 6),
        (
            "Practitioner?identifier=urn:galeno:identifier:license|physician-1".to_owned(),
            1,
        ),
        ("Location?status=active&name=mai".to_owned(), 1),
        ("Organization?identifier=alfa".to_owned(), 1),
    ] {
        let ids = one(query.clone()).await;
        assert_eq!(ids.len(), count, "{query}: {ids:?}");
    }
    // Sorted, both ways.
    let up = one(format!("Observation?{of}&_sort=date")).await;
    let mut down = one(format!("Observation?{of}&_sort=-date")).await;
    assert_eq!(up[0], things.observation.to_string());
    down.reverse();
    assert_eq!(up, down);
    // What is beside.
    let path = format!(
        "Appointment?{of}&_include=Appointment:patient&_include=Appointment:practitioner&_include=Appointment:slot"
    );
    let bundle = physician.fhir("GET", &path, &[], None).await.expect(200).json();
    let mut beside = ids(&bundle, "include");
    beside.sort();
    let mut wanted = vec![
        alfa.patient.to_string(),
        alfa.staff[&Role::Physician].to_string(),
        things.slots[0].to_string(),
    ];
    wanted.sort();
    assert_eq!(beside, wanted);
    assert_eq!(bundle["total"], 1);
    // The same by a form.
    let answer = reception
        .request(
            "POST",
            "/fhir/Patient/_search",
            &[("content-type", "application/x-www-form-urlencoded")],
            Some("name=nunez".into()),
        )
        .await
        .expect(200);
    assert_eq!(ids(&answer.json(), "match").len(), 2);
}

#[tokio::test]
async fn pages_follow_one_another_and_show_each_one_once() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    for number in 0..5 {
        register(alfa.receptionist(), &format!("Eva {number}"), "Paginada Ruiz").await;
    }
    // One of them has two words that begin so.
    register(alfa.receptionist(), "Paginera Eva", "Paginada Ruiz").await;
    for (client, path, total) in [
        (
            alfa.receptionist(),
            "Patient?family=paginada&_count=2&_total=accurate".to_owned(),
            6,
        ),
        (
            alfa.receptionist(),
            "Patient?name=pagin&_count=2&_total=accurate".to_owned(),
            6,
        ),
        // By pairs of words, of which each has several: "eva" with "paginada" and with "0", and the other way.
        (
            alfa.receptionist(),
            "Patient?name=eva%20paginada&_count=2&_total=accurate".to_owned(),
            6,
        ),
        (
            alfa.receptionist(),
            "Patient?name=ev%20pagin&_count=2&_total=accurate".to_owned(),
            6,
        ),
        (
            alfa.receptionist(),
            "Patient?given=eva&family=paginada%20ruiz&_count=2&_sort=_lastUpdated".to_owned(),
            6,
        ),
        (
            alfa.receptionist(),
            "Patient?family=paginada&_count=2&_sort=-_lastUpdated".to_owned(),
            6,
        ),
        (
            alfa.physician(),
            format!("Slot?schedule={}&_count=4&_sort=-start", things.schedule),
            6,
        ),
        (
            alfa.physician(),
            format!("Observation?patient={}&_count=1", alfa.patient),
            2,
        ),
        (
            alfa.physician(),
            format!("Observation?patient={}&_count=1&_sort=date", alfa.patient),
            2,
        ),
    ] {
        let mut seen = Vec::new();
        let mut next = Some(path.clone());
        let mut pages = 0;
        while let Some(path) = next {
            let bundle = client.fhir("GET", &path, &[], None).await.expect(200).json();
            assert_eq!(bundle["total"], total, "{path}");
            seen.extend(ids(&bundle, "match"));
            let link = |relation: &str| {
                let links = bundle["link"].as_array().unwrap();
                let link = links.iter().find(|link| link["relation"] == relation)?;
                Some(
                    link["url"]
                        .as_str()
                        .unwrap()
                        .strip_prefix("https://api.clinic.example/fhir/")
                        .unwrap()
                        .to_owned(),
                )
            };
            let own = link("self").unwrap();
            assert_eq!(
                ids(&client.fhir("GET", &own, &[], None).await.expect(200).json(), "match"),
                ids(&bundle, "match")
            );
            next = link("next");
            pages += 1;
            assert!(pages < 10, "{path}");
        }
        let count = seen.len();
        assert_eq!(count, total, "{path}");
        assert!(pages > 1, "{path}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count, "{path}");
    }
    let asked = async |path: &str| {
        let path = format!("Patient?{path}");
        let answer = alfa.receptionist().fhir("GET", &path, &[], None).await;
        answer.expect(200).json()
    };
    let total = asked("family=paginada&_summary=count").await;
    assert_eq!(total["total"], 6);
    assert!(total.get("entry").is_none());
    assert!(asked("family=paginada&_total=none").await.get("total").is_none());
    // Who they all are is read for nobody who did not ask, and known of a page that has them all.
    assert!(asked("family=paginada&_count=5").await.get("total").is_none());
    let all = asked("family=paginada&_count=6").await;
    assert_eq!(all["total"], 6);

    // The version before had one order: a list that began in it goes on in it.
    let mut everybody: Vec<Uuid> = ids(&all, "match").iter().map(|id| id.parse().unwrap()).collect();
    everybody.sort();
    let cursor = URL_SAFE_NO_PAD.encode(everybody[3]);
    let rest = asked(&format!("family=paginada&_cursor={cursor}")).await;
    let left: Vec<Uuid> = ids(&rest, "match").iter().map(|id| id.parse().unwrap()).collect();
    assert_eq!(left, everybody[4..]);
    // A place in another list is none.
    for place in ["w/garcia/", "i//"] {
        let place = URL_SAFE_NO_PAD.encode(format!("{place}/{}", everybody[0].simple()));
        for path in [
            "Patient?family=paginada",
            "Patient?name=eva%20paginada",
            "Patient?phone=600",
        ] {
            let path = format!("{path}&_cursor={place}");
            alfa.receptionist().fhir("GET", &path, &[], None).await.expect(400);
        }
    }
}

#[tokio::test]
async fn what_goes_wrong_is_an_operation_outcome() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let physician = alfa.physician();
    let patient = alfa.patient;
    let check = |answer: Answer, status: u16, code: &str| {
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&answer.bytes)
        );
        assert!(answer.header("content-type").starts_with("application/fhir+json"));
        let outcome = answer.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome");
        assert_eq!(outcome["issue"][0]["code"], code, "{outcome:#}");
        outcome
    };
    let get = |path: String| async move { physician.fhir("GET", &path, &[], None).await };
    check(
        get(format!("Patient/{}", Uuid::now_v7())).await.expect(404),
        404,
        "not-found",
    );
    check(get("Patient/nobody".to_owned()).await, 404, "not-found");
    check(get("Basic/1".to_owned()).await, 404, "not-found");
    check(get("Patient/a/b/c/d".to_owned()).await, 404, "not-found");
    check(get("Patient".to_owned()).await, 400, "structure");
    check(get("Observation".to_owned()).await, 400, "structure");
    check(
        get(format!("Observation?patient={patient},{}", Uuid::now_v7())).await,
        400,
        "structure",
    );
    check(
        get(format!("Observation?patient={patient}&date=yesterday")).await,
        400,
        "structure",
    );
    check(
        get(format!("Observation?patient={patient}&code:not=1")).await,
        400,
        "structure",
    );
    check(
        get(format!("Observation?patient.name=x&patient={patient}")).await,
        400,
        "structure",
    );
    check(get(format!("Condition?patient={patient}")).await, 403, "forbidden");
    check(world.anonymous.fhir("GET", "Slot", &[], None).await, 401, "login");
    check(
        physician.fhir("DELETE", &format!("Patient/{patient}"), &[], None).await,
        405,
        "not-supported",
    );
    check(
        physician
            .fhir(
                "POST",
                "Practitioner",
                &[],
                Some(&json!({"resourceType": "Practitioner"})),
            )
            .await,
        405,
        "not-supported",
    );
    let xml = [("accept", "application/fhir+xml")];
    check(
        physician.fhir("GET", "metadata", &xml, None).await,
        406,
        "not-supported",
    );
    check(get("metadata?_format=xml".to_owned()).await, 406, "not-supported");
    let body = Some("<Patient/>".into());
    let sent = physician
        .request(
            "POST",
            "/fhir/Patient",
            &[("content-type", "application/fhir+xml")],
            body,
        )
        .await;
    check(sent, 415, "not-supported");
    let body = Some("{".into());
    let sent = physician
        .request(
            "POST",
            "/fhir/Patient",
            &[("content-type", "application/fhir+json")],
            body,
        )
        .await;
    check(sent, 400, "structure");
    // What is unknown: told, or refused.
    let lenient = get("Practitioner?name=test&shoe-size=42".to_owned())
        .await
        .expect(200)
        .json();
    let last = lenient["entry"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["search"]["mode"], "outcome");
    assert!(
        last["resource"]["issue"][0]["diagnostics"]
            .as_str()
            .unwrap()
            .contains("shoe-size")
    );
    assert!(!lenient["link"][0]["url"].as_str().unwrap().contains("shoe-size"));
    let strict = [("prefer", "handling=strict")];
    let refused = physician.fhir("GET", "Practitioner?shoe-size=42", &strict, None).await;
    let outcome = check(refused, 400, "structure");
    assert!(
        outcome["issue"][0]["diagnostics"]
            .as_str()
            .unwrap()
            .contains("shoe-size")
    );
    // In the language that was asked for, and with the request's number.
    let spanish = physician
        .fhir("GET", "Basic/1", &[("accept-language", "es")], None)
        .await;
    assert!(
        spanish.json()["issue"][0]["details"]["text"]
            .as_str()
            .unwrap()
            .contains("No existe")
    );
    assert_eq!(spanish.json()["id"], spanish.header("x-request-id"));
}

#[tokio::test]
async fn the_capability_statement_tells_the_truth() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    let statement = world
        .anonymous
        .fhir("GET", "metadata", &[], None)
        .await
        .expect(200)
        .json();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    // Every parameter that is stated for a type is understood by it, and every include.
    let mut tried = 0;
    for resource in statement["rest"][0]["resource"].as_array().unwrap() {
        let kind = resource["type"].as_str().unwrap();
        let base = match kind {
            "Patient" => "birthdate=1980-05-17".to_owned(),
            "Slot" => format!("schedule={}", things.schedule),
            "Practitioner" | "Organization" | "Location" | "Schedule" | "AuditEvent" => "_total=none".to_owned(),
            _ => format!("patient={}", alfa.patient),
        };
        let client = if kind == "AuditEvent" {
            alfa.client(Role::Auditor)
        } else {
            alfa.physician()
        };
        let mut asked: Vec<String> = resource["searchParam"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|param| !["patient", "subject"].contains(&param["name"].as_str().unwrap()))
            .map(|param| {
                let value = match param["type"].as_str().unwrap() {
                    "date" => "ge2000-01-01".to_owned(),
                    "reference" | "token" if param["name"] == "active" => "true".to_owned(),
                    "reference" => Uuid::now_v7().to_string(),
                    _ => "x".to_owned(),
                };
                format!("{}={value}", param["name"].as_str().unwrap())
            })
            .collect();
        let includes = resource["searchInclude"].as_array().cloned().unwrap_or_default();
        asked.extend(
            includes
                .iter()
                .map(|include| format!("_include={}", include.as_str().unwrap())),
        );
        for one in asked {
            let path = format!("{kind}?{base}&{one}");
            let answer = client.fhir("GET", &path, &[("prefer", "handling=strict")], None).await;
            assert_eq!(
                answer.status.as_u16(),
                200,
                "{path}: {}",
                String::from_utf8_lossy(&answer.bytes)
            );
            tried += 1;
        }
    }
    assert!(tried > 70, "{tried}");
}
