//! What people may ask about their data.

use galeno_api::authz::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Client, World,
    world::{Organization, register},
};

pub async fn version(client: &Client, patient: Uuid) -> u64 {
    client.get(&format!("/patients/{patient}")).await.expect(200).json()["version"]
        .as_u64()
        .unwrap()
}

/// Lines of the access log about a patient with that kind of resource.
async fn logged(world: &mut World, patient: Uuid, kind: &str) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM access_log WHERE patient = ? AND resource_kind = ? AND outcome = 'done'")
        .bind(patient)
        .bind(kind)
        .fetch_one(&mut world.db)
        .await
        .unwrap()
}

/// A patient with one of everything.
async fn whole_life(world: &mut World, org: &Organization) {
    let patient = org.patient;
    world.treats(org, org.staff[&Role::Physician], patient).await;
    let content = json!({"patient": {
        "document": {"type": "dni", "number": "12345678Z"}, "given_name": "Ana", "family_name": "García alfa",
        "birth_date": "1980-05-17", "sex": "female", "phone": "+34600111222", "email": "ana@example.org",
        "address": "Calle Mayor 1", "postal_code": "28013"
    }});
    let receptionist = org.receptionist();
    receptionist
        .change("PUT", &format!("/patients/{patient}"), 1, content)
        .await
        .expect(200);
    let contact = json!({"content": {
        "kind": "encounter", "class": "AMB", "reason": "Tos", "started_at": "2026-01-02T09:00:00Z",
        "ended_at": "2026-01-02T09:20:00Z"
    }});
    let entries = format!("/patients/{patient}/entries");
    let contact = org.physician().post(&entries, contact).await.expect(201).id();
    let illness = json!({"content": {
        "kind": "condition", "icd10": "J20.9", "description": "Bronquitis aguda", "status": "active", "encounter": contact
    }});
    org.physician().post(&entries, illness).await.expect(201);
    let upload = org
        .physician()
        .raw(
            "POST",
            &format!("/patients/{patient}/documents"),
            &[("content-type", "text/plain")],
            Some("informe".into()),
        )
        .await
        .expect(201)
        .id();
    let letter = json!({"content": {"kind": "document", "title": "Informe", "attachment": upload}});
    org.physician().post(&entries, letter).await.expect(201);
    let prescription = json!({
        "atc": "N02BE01", "medication": "Paracetamol 1 g", "dose": "1", "route": "oral", "frequency": "cada 8 horas",
        "quantity": 20, "unit": "comprimidos"
    });
    let path = format!("/patients/{patient}/prescriptions");
    let drafted = org.physician().post(&path, prescription).await.expect(201).json();
    let id = drafted["prescription"]["id"].as_str().unwrap();
    org.physician()
        .change("POST", &format!("{path}/{id}/sign"), 1, json!({}))
        .await
        .expect(200);
    org.client(Role::Pharmacist)
        .post(&format!("{path}/{id}/dispensations"), json!({"quantity": 2}))
        .await
        .expect(201);
    let consent = json!({"purpose": "research", "wording": "Acepto el uso de mis datos en investigación."});
    org.patient()
        .post(&format!("/patients/{patient}/consents"), consent)
        .await
        .expect(201);
    let ward = register(receptionist, "Leo", "García alfa").await;
    let guardian = json!({"guardian": patient, "relationship": "madre"});
    receptionist
        .post(&format!("/patients/{ward}/guardians"), guardian)
        .await
        .expect(201);
    let asked = json!({"kind": "access", "wording": "Quiero una copia de todo."});
    org.patient()
        .post(&format!("/patients/{patient}/rights-requests"), asked)
        .await
        .expect(201);
    let urgent = json!({"reason": "inconsciente en urgencias"});
    org.client(Role::Nurse)
        .post(&format!("/patients/{patient}/emergency"), urgent)
        .await
        .expect(201);
}

#[tokio::test]
async fn a_person_gets_everything_about_themself_and_nothing_that_opens_doors() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    whole_life(&mut world, &alfa).await;
    let path = format!("/patients/{}/export", alfa.patient);
    let export = alfa.patient().get(&path).await.expect(200).json();
    assert_eq!(export["format"], "galeno-personal-data/2");
    let data = export["data"].as_object().unwrap();
    assert_eq!(data["person"][0]["document_number"], "12345678Z");
    assert_eq!(data["versions"].as_array().unwrap().len(), 2);
    assert_eq!(data["entries"].as_array().unwrap().len(), 3);
    assert_eq!(data["entries"][1]["content"]["icd10"], "J20.9");
    assert_eq!(data["dispensations"][0]["quantity"], 2);
    assert_eq!(data["consents"][0]["purpose"], "research");
    assert_eq!(data["wards"][0]["relationship"], "madre");
    assert_eq!(data["emergencies"][0]["reason"], "inconsciente en urgencias");
    assert!(data["access_log"].as_array().unwrap().len() > 5);
    // Documents stay where they are, and the person gets them there.
    let letter = &export["documents"][0];
    assert_eq!(
        (&letter["size"], &letter["media_type"]),
        (&json!(7), &json!("text/plain"))
    );
    let address = letter["address"].as_str().unwrap();
    let bytes = alfa
        .patient()
        .request("GET", address, &[], None)
        .await
        .expect(200)
        .bytes;
    assert_eq!((&bytes[..], bytes.len()), (&b"informe"[..], 7));
    assert_eq!(export["elsewhere"], json!([]));
    // What names a patient is in the list of what hangs on one, and in the part that the list says.
    let mut columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE \
         WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME = 'patient' AND REFERENCED_COLUMN_NAME = 'id' \
         UNION SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() \
         AND COLUMN_NAME IN ('patient', 'guardian', 'survivor', 'merged', 'merged_into') ORDER BY 1, 2",
    )
    .fetch_all(&mut world.db)
    .await
    .unwrap();
    columns.sort();
    let listed: Vec<(String, String)> = galeno_api::belongings()
        .map(|(table, column, _)| (table.to_owned(), column.to_owned()))
        .collect();
    assert_eq!(columns, listed, "say what becomes of it in BELONGINGS");
    for (table, _, part) in galeno_api::belongings() {
        assert!(part == "documents" || data.contains_key(part), "{table}: {part}");
    }
    let text = export.to_string();
    for secret in ["password_hash", "totp_secret", "token", "seal", "signature"] {
        assert!(!text.contains(&format!("\"{secret}\"")), "{secret}");
    }
    // For people: one page, nothing loaded, in their language.
    let page = alfa
        .patient()
        .send("GET", &format!("{path}.html"), &[("accept-language", "es")], None)
        .await
        .expect(200);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let page = String::from_utf8(page.bytes.to_vec()).unwrap();
    assert!(page.contains("<html lang=\"es\">") && page.contains("Bronquitis aguda") && page.contains("12345678Z"));
    for outside in ["http://", "https://", "<script", "src="] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(logged(&mut world, alfa.patient, "export").await, 2);
    // The officer can answer a request without reading what is clinical.
    let officers = alfa.client(Role::Auditor).get(&path).await.expect(200).json();
    assert!(officers["data"].get("entries").is_none() && officers["data"].get("prescriptions").is_none());
    assert_eq!(officers["documents"], json!([]));
    assert!(!officers.to_string().contains("J20.9"));
    alfa.physician().get(&path).await.expect(403);
}

#[tokio::test]
async fn consents_have_a_history_and_one_is_in_force() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let path = format!("/patients/{}/consents", alfa.patient);
    let consent = json!({"purpose": "contact", "wording": "Pueden escribirme."});
    let given = alfa
        .receptionist()
        .post(&path, consent.clone())
        .await
        .expect(201)
        .json();
    alfa.patient().post(&path, consent.clone()).await.expect(409);
    let foreign = json!({"purpose": "sharing", "wording": "x", "evidence": Uuid::now_v7()});
    alfa.patient().post(&path, foreign).await.expect(422);
    let one = format!("{path}/{}", given["id"].as_str().unwrap());
    let withdrawal = format!("{one}/withdrawal");
    alfa.patient().post(&withdrawal, json!({})).await.expect(428);
    alfa.patient()
        .change("POST", &withdrawal, 7, json!({}))
        .await
        .expect(412);
    let ended = alfa
        .patient()
        .change("POST", &withdrawal, 1, json!({}))
        .await
        .expect(200);
    assert_eq!(ended.header("etag"), "\"2\"");
    assert_eq!(ended.json()["status"], "withdrawn");
    alfa.patient()
        .change("POST", &withdrawal, 2, json!({}))
        .await
        .expect(409);
    let history = alfa.patient().get(&one).await.expect(200).json();
    let steps: Vec<(&str, &str)> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["status"].as_str().unwrap(), step["actor_kind"].as_str().unwrap()))
        .collect();
    assert_eq!(steps, [("active", "staff"), ("withdrawn", "patient")]);
    alfa.patient().post(&path, consent).await.expect(201);
    assert_eq!(
        alfa.patient()
            .get(&path)
            .await
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert!(logged(&mut world, alfa.patient, "consent").await >= 4);
}

/// Why patients come, as a day's list shows it to a receptionist: ours, then FHIR's.
async fn reasons(alfa: &Organization) -> [Value; 2] {
    let physician = alfa.staff[&Role::Physician];
    let desk = alfa.receptionist();
    let span = "from=2026-01-01T00:00:00Z&to=2036-01-01T00:00:00Z";
    let agenda = desk.get(&format!("/appointments?staff={physician}&{span}")).await;
    let bundle = desk
        .fhir("GET", &format!("Appointment?practitioner={physician}"), &[], None)
        .await;
    let (agenda, bundle) = (agenda.expect(200).json(), bundle.expect(200).json());
    assert_eq!(
        (agenda.as_array().unwrap().len(), &bundle["total"]),
        (1, &json!(1)),
        "{bundle}"
    );
    let resource = &bundle["entry"][0]["resource"];
    [agenda[0]["reason"].clone(), resource["reasonCode"][0]["text"].clone()]
}

#[tokio::test]
async fn a_restriction_holds_for_everybody_but_the_person_and_an_emergency() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    whole_life(&mut world, &alfa).await;
    let patient = alfa.patient;
    let (entries, person) = (format!("/patients/{patient}/entries"), format!("/patients/{patient}"));
    alfa.physician().get(&entries).await.expect(200);
    let (_, slots) = crate::appointments::slots(&alfa).await;
    let booking = json!({"slot": slots[0], "reason": "Dolor de rodilla"});
    let booked = alfa
        .receptionist()
        .post(&format!("{person}/appointments"), booking)
        .await
        .expect(201)
        .id();
    assert_eq!(reasons(&alfa).await, ["Dolor de rodilla", "Dolor de rodilla"]);
    let path = format!("{person}/restriction");
    let body = json!({"restricted": true, "reason": "se discute la exactitud (18.1.a)"});
    let auditor = alfa.client(Role::Auditor);
    auditor.send("PUT", &path, &[], Some(&body)).await.expect(428);
    let now = version(auditor, patient).await;
    let done = auditor.change("PUT", &path, now, body).await.expect(200).json();
    assert_eq!(done["restricted"], true);
    assert_eq!(
        alfa.physician().get(&entries).await.expect(403).problem(),
        "data-restricted"
    );
    assert_eq!(
        alfa.receptionist().get(&person).await.expect(403).problem(),
        "data-restricted"
    );
    alfa.patient().get(&entries).await.expect(200);
    // The day's list, and FHIR's, show that the person comes, and not why.
    assert_eq!(reasons(&alfa).await, [Value::Null, Value::Null]);
    let own = alfa
        .patient()
        .fhir("GET", &format!("Appointment/{booked}"), &[], None)
        .await
        .expect(200)
        .json();
    assert_eq!(own["reasonCode"][0]["text"], "Dolor de rodilla");
    // The nurse opened the record in an emergency before; that goes on, and another one may be opened.
    alfa.client(Role::Nurse).get(&entries).await.expect(200);
    let urgent = json!({"reason": "parada cardiaca en la calle"});
    alfa.physician()
        .post(&format!("{person}/emergency"), urgent)
        .await
        .expect(201);
    alfa.physician().get(&entries).await.expect(200);
    alfa.physician().get(&person).await.expect(200);
    // A search recognises the person and tells nothing else.
    let found = alfa
        .receptionist()
        .post("/patients/search", json!({"name": "García Ana"}))
        .await
        .expect(200)
        .json();
    assert_eq!(found["items"][0]["restricted"], true);
    assert_eq!(
        (&found["items"][0]["phone"], &found["items"][0]["document_number"]),
        (&Value::Null, &Value::Null)
    );
    // Refusals are in the log, too.
    let refused: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM access_log WHERE patient = ? AND outcome = 'refused'")
        .bind(patient)
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(refused, 2);
    let now = version(auditor, patient).await;
    let ends = json!({"restricted": false, "reason": "aclarado"});
    auditor.change("PUT", &path, now, ends).await.expect(200);
    alfa.receptionist().get(&person).await.expect(200);
    let history = alfa.patient().get(&path).await.expect(200).json();
    assert_eq!(history.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_asked_for_by_right_is_registered_decided_once_and_rectified() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let auditor = alfa.client(Role::Auditor);
    let path = format!("/patients/{}/rights-requests", alfa.patient);
    let asked = json!({"kind": "rectification", "wording": "Mi apellido es Garcia."});
    let request = alfa.patient().post(&path, asked).await.expect(201).json();
    let due: jiff::Timestamp = request["due_at"].as_str().unwrap().parse().unwrap();
    let days = due.duration_since(jiff::Timestamp::now()).as_hours() / 24;
    assert!((27..=31).contains(&days), "{days}");
    let open = auditor.get("/rights-requests").await.expect(200).json();
    assert_eq!(open["items"][0]["id"], request["id"]);
    let rectified = json!({"patient": crate::support::world::person("Ana", "Garcia"), "reason": "DNI visto"});
    let place = format!("/patients/{}/rectification", alfa.patient);
    let now = version(auditor, alfa.patient).await;
    alfa.receptionist()
        .change("PUT", &place, now, rectified.clone())
        .await
        .expect(403);
    auditor
        .change("PUT", &place, now + 9, rectified.clone())
        .await
        .expect(412);
    auditor.change("PUT", &place, now, rectified).await.expect(200);
    let versions = auditor
        .get(&format!("/patients/{}/versions", alfa.patient))
        .await
        .expect(200)
        .json();
    assert_eq!(versions[0]["reason"], "GDPR, article 16: DNI visto");
    assert_eq!(
        versions[1]["content"]["family_name"], "García alfa",
        "the wrong version stays on record"
    );
    let decision = format!("{path}/{}/decision", request["id"].as_str().unwrap());
    let body = json!({"decision": "granted", "explanation": "Corregido."});
    auditor.change("POST", &decision, 1, body.clone()).await.expect(200);
    auditor.change("POST", &decision, 2, body).await.expect(409);
    assert_eq!(
        auditor.get("/rights-requests").await.expect(200).json()["items"],
        json!([])
    );
    assert!(logged(&mut world, alfa.patient, "rectification").await == 1);
}

/// Makes everything in an organization as old as this.
pub async fn age(world: &mut World, patient: Uuid, years: i32) {
    for statement in [
        "UPDATE entry SET effective_at = effective_at - INTERVAL ? YEAR, created_at = created_at - INTERVAL ? YEAR WHERE patient = ?",
        "UPDATE entry_version v JOIN entry e ON e.organization = v.organization AND e.id = v.entry \
         SET v.at = v.at - INTERVAL ? YEAR, v.version = IF(?, v.version, v.version) WHERE e.patient = ?",
        "UPDATE attachment SET at = at - INTERVAL ? YEAR, sha256 = IF(?, sha256, sha256) WHERE patient = ?",
        "UPDATE prescription SET updated_at = updated_at - INTERVAL ? YEAR, valid_until = valid_until - INTERVAL ? YEAR WHERE patient = ?",
        "UPDATE break_glass SET opened_at = opened_at - INTERVAL ? YEAR, reviewed_at = opened_at - INTERVAL ? YEAR WHERE patient = ?",
    ] {
        sqlx::query(statement)
            .bind(years)
            .bind(years)
            .bind(patient)
            .execute(&mut world.db)
            .await
            .unwrap();
    }
    let ended = format!("{}-01-02T09:20:00Z", 2026 - years);
    sqlx::query(
        "UPDATE entry_version v JOIN entry e ON e.organization = v.organization AND e.id = v.entry \
         SET v.content = JSON_SET(v.content, '$.ended_at', ?) WHERE e.patient = ? AND e.kind = 'encounter'",
    )
    .bind(ended)
    .bind(patient)
    .execute(&mut world.db)
    .await
    .unwrap();
}

/// Nobody has an illness any more.
async fn heal(world: &mut World, patient: Uuid) {
    sqlx::query(
        "UPDATE entry_version v JOIN entry e ON e.organization = v.organization AND e.id = v.entry \
         SET v.content = JSON_SET(v.content, '$.status', 'resolved') WHERE e.patient = ? AND e.kind = 'condition'",
    )
    .bind(patient)
    .execute(&mut world.db)
    .await
    .unwrap();
}

#[tokio::test]
async fn erasure_keeps_what_the_law_keeps_says_why_and_blocks_it() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    whole_life(&mut world, &alfa).await;
    let auditor = alfa.client(Role::Auditor);
    let patient = alfa.patient;
    let path = format!("/patients/{patient}/erasure");
    let seen = auditor.get(&path).await.expect(200);
    let plan = seen.json();
    assert_eq!(plan["complete"], false);
    let fate = |plan: &Value, what: &str| -> Value {
        let items = plan["items"].as_array().unwrap();
        items.iter().find(|item| item["what"] == what).unwrap().clone()
    };
    let entries = fate(&plan, "entries");
    assert_eq!(
        (entries["kept"].as_u64(), entries["erased"].as_u64()),
        (Some(3), Some(0))
    );
    assert!(entries["why"].as_str().unwrap().contains("has not ended") && entries.get("until").is_none());
    let prescriptions = fate(&plan, "prescriptions");
    assert!(prescriptions["why"].as_str().unwrap().contains("Ley 41/2002") && prescriptions["until"].is_string());
    let body = json!({"reason": "solicitud de la paciente"});
    auditor.change("POST", &path, 1, body.clone()).await.expect(412);
    let now = version(auditor, patient).await;
    let done = auditor.change("POST", &path, now, body).await.expect(201).json();
    assert_eq!(done["outcome"]["items"], plan["items"], "what was announced was done");
    // Contact details and the account are gone, the record is there, and blocked.
    alfa.patient().get("/auth/me").await.expect(401);
    assert_eq!(
        alfa.receptionist()
            .get(&format!("/patients/{patient}"))
            .await
            .expect(403)
            .problem(),
        "data-restricted"
    );
    let kept = auditor.get(&format!("/patients/{patient}")).await.expect(200).json();
    assert_eq!(
        (&kept["phone"], &kept["email"], &kept["address"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(kept["document_number"], "12345678Z");
    let left: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM patient_version WHERE patient = ? AND content LIKE '%600111222%'")
            .bind(patient)
            .fetch_one(&mut world.db)
            .await
            .unwrap();
    assert_eq!(left, 0);
    let consents = auditor
        .get(&format!("/patients/{patient}/consents"))
        .await
        .expect(200)
        .json();
    assert_eq!(consents[0]["status"], "withdrawn");
    let listed = auditor.get("/erasures").await.expect(200).json();
    assert_eq!(listed["items"][0]["id"], done["id"]);

    // Six years later the illness goes on, and what goes on is kept without a date.
    age(&mut world, patient, 6).await;
    let plan = auditor.get(&path).await.expect(200).json();
    let entries = fate(&plan, "entries");
    assert_eq!((&plan["complete"], entries["kept"].as_u64()), (&json!(false), Some(2)));
    assert!(entries.get("until").is_none());
    // Over, nothing holds it any longer.
    heal(&mut world, patient).await;
    let now = version(auditor, patient).await;
    let body = json!({"reason": "fin del plazo de conservación"});
    let done = auditor.change("POST", &path, now, body).await.expect(201).json();
    assert_eq!(done["outcome"]["complete"], true, "{done:#}");
    for table in [
        "entry",
        "attachment",
        "prescription",
        "dispensation",
        "appointment",
        "break_glass",
        "care_team",
        "account",
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE patient = ?");
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(patient)
            .fetch_one(&mut world.db)
            .await
            .unwrap();
        assert_eq!(left, 0, "{table}");
    }
    let shell = auditor.get(&format!("/patients/{patient}")).await.expect(200).json();
    assert_eq!(
        (&shell["given_name"], &shell["document_number"]),
        (&json!("-"), &Value::Null)
    );
    let everywhere = dump(&mut world).await;
    for trace in [
        "12345678Z",
        "600111222",
        "ana@example.org",
        "Calle Mayor",
        "Bronquitis",
        "Quiero una copia",
    ] {
        assert!(!everywhere.contains(trace), "{trace} is left");
    }
    // The proof of who did what stays, and stays whole.
    assert!(logged(&mut world, patient, "erasure").await >= 3);
    let verdict = auditor.post("/access-log/verify", json!({})).await.expect(200).json();
    assert_eq!(verdict["intact"], true);
    assert_eq!(world.broken().await, [""; 0]);
}

/// Every text of the database, but the sealed answers that live for a day.
pub async fn dump(world: &mut World) -> String {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() \
         AND DATA_TYPE IN ('varchar', 'longtext')",
    )
    .fetch_all(&mut world.db)
    .await
    .unwrap();
    let mut all = String::new();
    for (table, column) in columns {
        let sql = format!("SELECT CAST({column} AS CHAR) FROM {table} WHERE {column} IS NOT NULL");
        let values: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_all(&mut world.db)
            .await
            .unwrap();
        all.push_str(&values.join("\n"));
    }
    all
}

#[tokio::test]
async fn the_organization_may_keep_longer_and_never_shorter_and_shows_its_processing() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    whole_life(&mut world, &alfa).await;
    let administrator = alfa.client(Role::Administrator);
    let path = "/organization/data-protection";
    let content = |years: u16| {
        json!({"controller": "Clínica Alfa, S.L.", "controller_contact": "Calle Mayor 1, Madrid",
            "officer_contact": "dpd@alfa.example", "retention_years": years})
    };
    administrator.change("PUT", path, 0, content(4)).await.expect(422);
    administrator.change("PUT", path, 0, content(15)).await.expect(200);
    administrator.change("PUT", path, 0, content(15)).await.expect(412);
    let read = administrator.get(path).await.expect(200);
    assert_eq!(
        (read.header("etag"), read.json()["retention_years"].as_u64()),
        ("\"1\"", Some(15))
    );
    age(&mut world, alfa.patient, 6).await;
    let auditor = alfa.client(Role::Auditor);
    let plan = auditor
        .get(&format!("/patients/{}/erasure", alfa.patient))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&plan["complete"], &plan["retention_years"]),
        (&json!(false), &json!(15))
    );
    let activities = auditor.get("/processing-activities").await.expect(200).json();
    assert_eq!(activities["responsible"]["controller"], "Clínica Alfa, S.L.");
    assert!(activities["activities"].as_array().unwrap().len() >= 6);
    for activity in activities["activities"].as_array().unwrap() {
        for member in [
            "name",
            "purpose",
            "legal_basis",
            "people",
            "data",
            "recipients",
            "transfers",
            "erasure",
            "security",
        ] {
            assert!(!activity[member].as_str().unwrap().is_empty(), "{member}");
        }
    }
}

#[tokio::test]
async fn research_gets_whom_nobody_can_single_out() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let receptionist = alfa.receptionist();
    let mut ids = Vec::new();
    for number in 0..9 {
        // Seven alike, one of another age, one alike who does not consent.
        let year = if number == 7 { 1931 } else { 1980 };
        let person = json!({"patient": {
            "given_name": format!("Nombre{number}"), "family_name": "Secreto", "birth_date": format!("{year}-05-17"),
            "sex": "female", "postal_code": "28013", "phone": format!("+3460000000{number}")
        }, "not_a_duplicate": true});
        let id: Uuid = receptionist
            .post("/patients", person)
            .await
            .expect(201)
            .id()
            .parse()
            .unwrap();
        world.treats(&alfa, alfa.staff[&Role::Physician], id).await;
        let entries = format!("/patients/{id}/entries");
        let code = if number == 0 { "E84.9" } else { "I10" };
        for content in [
            json!({"kind": "condition", "icd10": code, "description": "con palabras", "status": "active"}),
            json!({"kind": "condition", "icd10": "E11.9", "description": "con palabras", "status": "active"}),
            json!({"kind": "observation", "loinc": "8480-6", "description": "presión", "observed_at": "2026-02-03T10:11:12Z",
                "value": {"type": "quantity", "value": 121.0, "unit": "mm[Hg]"}}),
        ] {
            alfa.physician()
                .post(&entries, json!({"content": content}))
                .await
                .expect(201);
        }
        if number != 8 {
            let consent = json!({"purpose": "research", "wording": "Acepto."});
            receptionist
                .post(&format!("/patients/{id}/consents"), consent)
                .await
                .expect(201);
        }
        ids.push(id);
    }
    let auditor = alfa.client(Role::Auditor);
    let wish = |project: &str| json!({"project": project, "purpose": "Estudio, CEIC 2026/17"});
    auditor
        .post(
            "/research-exports",
            json!({"project": "x", "purpose": "y", "smallest_cell": 2}),
        )
        .await
        .expect(422);
    let export = auditor.post("/research-exports", wish("uno")).await.expect(201).json();
    let subjects = export["subjects"].as_array().unwrap();
    assert_eq!((subjects.len(), export["suppressed"].as_u64()), (7, Some(1)));
    assert_eq!(export["suppressed_codes"], 1, "the rare illness is left out");
    for subject in subjects {
        assert_eq!((&subject["age"], &subject["province"]), (&json!("45-49"), &json!("28")));
        assert!(
            subject["conditions"]
                .as_array()
                .unwrap()
                .iter()
                .any(|event| event["code"] == "E11")
        );
        assert_eq!(subject["observations"][0]["quarter"], "2026-Q1");
    }
    // Letters and digits that are drawn by lot are looked at below.
    let mut told = export.clone();
    for drawn in ["id", "made_at"] {
        told.as_object_mut().unwrap().remove(drawn);
    }
    for subject in told["subjects"].as_array_mut().unwrap() {
        subject.as_object_mut().unwrap().remove("pseudonym").unwrap();
    }
    let text = told.to_string();
    for trace in [
        "Nombre",
        "Secreto",
        "1980",
        "28013",
        "+34",
        "con palabras",
        "E84",
        "E11.9",
    ] {
        assert!(!text.contains(trace), "{trace}");
    }
    for id in &ids {
        assert!(!export.to_string().contains(&id.to_string()));
    }
    // The same people, the same pseudonyms; in another project, others.
    let pseudonyms = |export: &Value| -> Vec<String> {
        let all = export["subjects"].as_array().unwrap().iter();
        all.map(|subject| subject["pseudonym"].as_str().unwrap().to_owned())
            .collect()
    };
    let again = auditor.post("/research-exports", wish("uno")).await.expect(201).json();
    let other = auditor.post("/research-exports", wish("dos")).await.expect(201).json();
    assert_eq!(pseudonyms(&export), pseudonyms(&again));
    assert!(pseudonyms(&other).iter().all(|one| !pseudonyms(&export).contains(one)));
    assert_eq!(logged(&mut world, ids[1], "research-export").await, 3);
    assert_eq!(logged(&mut world, ids[7], "research-export").await, 0);
    assert_eq!(logged(&mut world, ids[8], "research-export").await, 0);
    let listed = auditor.get("/research-exports").await.expect(200).json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
}
