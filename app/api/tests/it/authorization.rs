//! The table of permissions and the walls between organizations, tried on every endpoint that the description names: a
//! new endpoint is covered by itself.

use std::collections::BTreeMap;

use galeno_api::authz::{Action, Relation, Role, allowed};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Client, World, world::Organization};

/// Every operation of the description: method, path.
pub(crate) fn operations() -> Vec<(String, String, Value)> {
    let api = serde_json::to_value(galeno_api::http::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if ["get", "post", "put", "delete"].contains(&method.as_str()) {
                let path = path.strip_prefix("/api/v1").unwrap().to_owned();
                operations.push((method.to_uppercase(), path, operation.clone()));
            }
        }
    }
    assert!(operations.len() > 60, "{}", operations.len());
    operations
}

/// Needs no session: its description says so with an empty requirement.
pub(crate) fn open_to_all(operation: &Value) -> bool {
    operation["security"]
        .as_array()
        .is_some_and(|needs| needs.iter().any(|need| need.as_object().unwrap().is_empty()))
}

#[tokio::test]
async fn nothing_is_told_to_whoever_is_not_signed_in() {
    let world = World::new().await;
    let id = Uuid::now_v7();
    let mut tried = 0;
    for (method, path, operation) in operations() {
        if open_to_all(&operation) {
            assert!(
                path.starts_with("/auth/sign-in") || path == "/prescriptions/verify",
                "{path} is open to all"
            );
            continue;
        }
        let path = fill(&path, &|_| id);
        for client in [
            world.anonymous.clone(),
            world.anonymous.with("gs_made-up"),
            world.anonymous.with("nonsense"),
        ] {
            let answer = client
                .send(&method, &path, &[("if-match", "\"1\"")], Some(&json!({})))
                .await;
            assert_eq!(answer.status, 401, "{method} {path}");
        }
        tried += 1;
    }
    assert!(tried > 50);
}

/// Puts identifiers into a path.
pub(crate) fn fill(path: &str, id: &dyn Fn(&str) -> Uuid) -> String {
    path.split('/')
        .map(
            |part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some("provider") => "none".to_owned(),
                Some(name) => id(name).to_string(),
                None => part.to_owned(),
            },
        )
        .collect::<Vec<_>>()
        .join("/")
}

/// One of everything in an organization.
pub(crate) async fn furnish(world: &mut World, org: &Organization) -> BTreeMap<&'static str, Uuid> {
    let id = |answer: crate::support::Answer| -> Uuid { answer.id().parse().unwrap() };
    let administrator = org.client(Role::Administrator);
    let physician = org.physician();
    world.treats(org, org.staff[&Role::Physician], org.patient).await;
    let team = administrator
        .get(&format!("/patients/{}/care-team", org.patient))
        .await
        .expect(200)
        .json();
    let schedule = json!({"clinic": org.clinic, "staff": org.staff[&Role::Physician], "name": "General"});
    let schedule = id(administrator.post("/schedules", schedule).await.expect(201));
    let day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let slots = json!({
        "from": day.tomorrow().unwrap(), "to": day.saturating_add(jiff::Span::new().days(7)),
        "weekdays": [1, 2, 3, 4, 5, 6, 7], "start": "09:00", "end": "10:00", "minutes": 20
    });
    administrator
        .post(&format!("/schedules/{schedule}/slots"), slots)
        .await
        .expect(200);
    let slots = administrator
        .get(&format!("/slots?schedule={schedule}"))
        .await
        .expect(200)
        .json();
    let slot: Uuid = slots[0]["id"].as_str().unwrap().parse().unwrap();
    let patient = org.patient;
    let appointment = json!({"slot": slot});
    let appointment = id(org
        .receptionist()
        .post(&format!("/patients/{patient}/appointments"), appointment)
        .await
        .expect(201));
    let waiting = json!({"schedule": schedule, "priority": 3});
    let waiting = id(org
        .receptionist()
        .post(&format!("/patients/{patient}/waiting"), waiting)
        .await
        .expect(201));
    let note = json!({"content": {"kind": "note", "title": "Nota", "text": "Texto"}});
    let entry = id(physician
        .post(&format!("/patients/{patient}/entries"), note)
        .await
        .expect(201));
    let document = physician
        .raw(
            "POST",
            &format!("/patients/{patient}/documents"),
            &[("content-type", "text/plain")],
            Some("hola".into()),
        )
        .await
        .expect(201);
    let prescription = json!({
        "atc": "N02BE01", "medication": "Paracetamol 1 g", "dose": "1", "route": "oral", "frequency": "cada 8 horas",
        "quantity": 20, "unit": "comprimidos"
    });
    let prescription = physician
        .post(&format!("/patients/{patient}/prescriptions"), prescription)
        .await
        .expect(201)
        .json();
    let emergency = json!({"reason": "inconsciente en urgencias"});
    let emergency = id(org
        .client(Role::Nurse)
        .post(&format!("/patients/{patient}/emergency"), emergency)
        .await
        .expect(201));
    let consent = json!({"purpose": "contact", "wording": "x"});
    let consent = id(org
        .receptionist()
        .post(&format!("/patients/{patient}/consents"), consent)
        .await
        .expect(201));
    let request = json!({"kind": "access", "wording": "x"});
    let request = id(org
        .receptionist()
        .post(&format!("/patients/{patient}/rights-requests"), request)
        .await
        .expect(201));
    let token = json!({"name": "laboratory", "scopes": ["record.read"], "days": 30});
    let token = id(administrator.post("/service-tokens", token).await.expect(201));
    BTreeMap::from([
        ("patient", patient),
        ("clinic", org.clinic),
        ("staff", org.staff[&Role::Physician]),
        ("member", team[0]["id"].as_str().unwrap().parse().unwrap()),
        ("schedule", schedule),
        ("slot", slot),
        ("appointment", appointment),
        ("waiting", waiting),
        ("entry", entry),
        ("document", id(document)),
        (
            "prescription",
            prescription["prescription"]["id"].as_str().unwrap().parse().unwrap(),
        ),
        ("emergency", emergency),
        ("token", token),
        ("consent", consent),
        ("request", request),
    ])
}

/// What `{name}` in a path stands for.
pub(crate) fn meant<'a>(path: &str, name: &'a str) -> &'a str {
    match (path.split('/').nth(1).unwrap_or_default(), name) {
        ("patients", "id") => "patient",
        ("clinics", "id") => "clinic",
        ("staff", "id") => "staff",
        ("schedules", "id") => "schedule",
        ("slots", "id") => "slot",
        ("emergencies", "id") => "emergency",
        ("service-tokens", "id") => "token",
        ("auth", "id") => "patient",
        (_, name) => name,
    }
}

/// A body that the endpoint understands, so that the refusal is about who asks.
pub(crate) fn body(path: &str, method: &str, of: &BTreeMap<&'static str, Uuid>) -> Value {
    let person = crate::support::world::person("Eva", "Cruz");
    let content = json!({"kind": "note", "title": "x", "text": "y"});
    let prescription = json!({
        "atc": "N02BE01", "medication": "x", "dose": "1", "route": "oral", "frequency": "x", "quantity": 1, "unit": "x"
    });
    match (method, path) {
        ("POST", "/patients/{id}/consents") => json!({"purpose": "research", "wording": "x"}),
        ("POST", "/patients/{id}/rights-requests") => json!({"kind": "access", "wording": "x"}),
        ("POST", "/patients/{id}/rights-requests/{request}/decision") => {
            json!({"decision": "granted", "explanation": "x"})
        }
        ("PUT", "/patients/{id}/restriction") => json!({"restricted": true, "reason": "x"}),
        ("PUT", "/patients/{id}/rectification") => json!({"patient": person, "reason": "x"}),
        ("POST", "/patients/{id}/erasure") => json!({"reason": "x"}),
        ("POST", "/research-exports") => json!({"project": "x", "purpose": "x"}),
        ("PUT", "/organization/data-protection") => json!({
            "controller": "x", "controller_contact": "x", "officer_contact": "x", "retention_years": 5
        }),
        ("POST", "/patients") => json!({"patient": person, "not_a_duplicate": true}),
        ("PUT", "/patients/{id}") => json!({"patient": person}),
        ("POST", "/patients/search") => json!({"name": "García"}),
        ("POST", "/patients/{id}/merge") => json!({"duplicate": of["patient"], "reason": "x"}),
        ("POST", "/patients/{id}/access" | "/staff/{id}/access") => json!({"username": "another.one"}),
        ("POST", "/patients/{id}/guardians") => json!({"guardian": Uuid::now_v7(), "relationship": "x"}),
        ("POST", "/patients/{id}/care-team") => json!({"staff": of["staff"], "reason": "x"}),
        ("POST", "/patients/{id}/emergency") => json!({"reason": "inconsciente en urgencias"}),
        ("POST", "/emergencies/{id}/review") => json!({"verdict": "justified", "comment": "x"}),
        ("POST", "/patients/{id}/entries" | "/patients/{id}/entries/{entry}/amendments") => json!({"content": content}),
        ("PUT", "/patients/{id}/entries/{entry}") => json!({"content": content, "reason": "x"}),
        ("POST", "/patients/{id}/entries/{entry}/error") => json!({"reason": "x"}),
        ("POST", "/patients/{id}/appointments") | ("POST", "/patients/{id}/appointments/{appointment}/move") => {
            json!({"slot": of["slot"]})
        }
        ("POST", "/patients/{id}/appointments/{appointment}/attendance") => json!({"status": "arrived"}),
        ("POST", "/patients/{id}/waiting") => json!({"schedule": of["schedule"], "priority": 3}),
        ("POST" | "PUT", "/patients/{id}/prescriptions" | "/patients/{id}/prescriptions/{prescription}") => {
            prescription
        }
        ("POST", "/patients/{id}/prescriptions/{prescription}/dispensations") => json!({"quantity": 1}),
        ("POST", "/patients/{id}/prescriptions/{prescription}/status") => json!({"status": "cancelled", "reason": "x"}),
        ("POST", "/prescriptions/look-up") => json!({"code": "0000000000000000000N"}),
        ("POST" | "PUT", "/schedules" | "/schedules/{id}") => {
            json!({"clinic": of["clinic"], "staff": of["staff"], "name": "x"})
        }
        ("POST", "/schedules/{id}/slots") => json!({
            "from": "2031-01-06", "to": "2031-01-06", "weekdays": [1], "start": "09:00", "end": "10:00", "minutes": 30
        }),
        ("PUT", "/slots/{id}") => json!({"blocked": true}),
        ("POST" | "PUT", "/clinics" | "/clinics/{id}") => json!({"code": "X1", "name": "x"}),
        ("POST", "/clinics/{id}/departments") => json!({"name": "x"}),
        ("POST" | "PUT", "/staff" | "/staff/{id}") => json!({"role": "nurse", "given_name": "x", "family_name": "y"}),
        ("POST", "/service-tokens") => json!({"name": "x", "scopes": ["record.read"], "days": 1}),
        _ => json!({}),
    }
}

pub(crate) fn query(path: &str, of: &BTreeMap<&'static str, Uuid>) -> String {
    match path {
        "/slots" => format!("?schedule={}", of["schedule"]),
        "/appointments" => format!(
            "?staff={}&from=2026-01-01T00:00:00Z&to=2036-01-01T00:00:00Z",
            of["staff"]
        ),
        _ => String::new(),
    }
}

/// A mark in every value of an organization, to be looked for in another one's answers.
pub(crate) async fn contents(world: &mut World, organization: Uuid) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.TABLE_NAME FROM information_schema.COLUMNS c JOIN information_schema.TABLES t \
         ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME \
         WHERE c.TABLE_SCHEMA = DATABASE() AND c.COLUMN_NAME = 'organization' ORDER BY 1",
    )
    .fetch_all(&mut world.db)
    .await
    .unwrap();
    assert!(tables.len() > 20);
    for table in tables {
        // What may differ without anybody's doing: sessions seen, the log of the refusals themselves.
        if ["session", "access_log", "access_lane", "idempotency"].contains(&table.as_str()) {
            continue;
        }
        let sql = format!(
            "SELECT COUNT(*), CAST(COALESCE(BIT_XOR(CRC32(CONCAT_WS('#', {}))), 0) AS UNSIGNED) FROM {table} WHERE organization = ?",
            columns(world, &table).await
        );
        let (count, sum): (i64, u64) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(organization)
            .fetch_one(&mut world.db)
            .await
            .unwrap();
        all.push((table, format!("{count} {sum}")));
    }
    all
}

async fn columns(world: &mut World, table: &str) -> String {
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?",
    )
    .bind(table)
    .fetch_all(&mut world.db)
    .await
    .unwrap();
    columns
        .iter()
        .map(|column| format!("HEX({column})"))
        .collect::<Vec<_>>()
        .join(",")
}

#[tokio::test]
async fn no_endpoint_lets_one_organization_see_or_change_another_one() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let beta = world.organization("beta").await;
    let things = furnish(&mut world, &alfa).await;
    let before = contents(&mut world, alfa.id).await;
    let ids: Vec<String> = things
        .values()
        .map(Uuid::to_string)
        .chain([alfa.id.to_string()])
        .collect();
    let mut tried = 0;
    for (method, path, operation) in operations() {
        if open_to_all(&operation) {
            continue;
        }
        for role in Role::ALL {
            if *role == Role::Service {
                continue;
            }
            let client = beta.client(*role);
            if path == "/auth/sign-out" || path == "/auth/password" {
                continue;
            }
            let filled =
                fill(&path, &|name| *things.get(meant(&path, name)).unwrap_or(&alfa.patient)) + &query(&path, &things);
            let body = body(&path, &method, &things);
            let answer = client
                .send(&method, &filled, &[("if-match", "\"1\"")], Some(&body))
                .await;
            let text = String::from_utf8_lossy(&answer.bytes).into_owned();
            for id in &ids {
                assert!(
                    !text.contains(id.as_str()),
                    "{role:?} of beta: {method} {path} told {id}: {text}"
                );
            }
            assert!(!text.contains("García alfa"), "{method} {path}: {text}");
            if path.contains('{') && !path.starts_with("/auth") {
                let status = answer.status.as_u16();
                assert!(
                    matches!(status, 403 | 404 | 415 | 422),
                    "{role:?} of beta: {method} {path} gave {status}: {text}"
                );
            }
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
    assert_eq!(
        contents(&mut world, alfa.id).await,
        before,
        "beta changed something of alfa"
    );
}

/// Which action each endpoint needs; None is for everybody's own account.
pub(crate) fn action(method: &str, path: &str) -> Option<Action> {
    use Action as A;
    Some(match (method, path) {
        (_, path) if path.starts_with("/auth/") => return None,
        ("GET", "/organization/data-protection" | "/processing-activities") => A::ProcessingRead,
        ("PUT", "/organization/data-protection") => A::ProcessingManage,
        (_, "/research-exports") => A::ResearchExport,
        ("GET", "/erasures" | "/rights-requests") => A::DataRights,
        ("GET", path) if path.starts_with("/patients/{id}/consents") => A::ConsentRead,
        (_, path) if path.starts_with("/patients/{id}/consents") => A::ConsentManage,
        ("POST", "/patients/{id}/rights-requests/{request}/decision") => A::DataRights,
        (_, "/patients/{id}/rights-requests") | ("GET", "/patients/{id}/restriction") => A::DataRequest,
        (_, "/patients/{id}/restriction" | "/patients/{id}/rectification" | "/patients/{id}/erasure") => A::DataRights,
        ("GET", "/patients/{id}/export" | "/patients/{id}/export.html") => A::DataExport,
        (_, path) if path.starts_with("/service-tokens") => A::TokenManage,
        ("GET", "/organization" | "/clinics" | "/clinics/{id}" | "/clinics/{id}/departments") => A::OrganizationRead,
        (_, path) if path.starts_with("/clinics") => A::OrganizationManage,
        ("GET", path) if path.starts_with("/staff") => A::StaffRead,
        (_, path) if path.starts_with("/staff") => A::StaffManage,
        (_, path) if path.starts_with("/access-log") => A::AccessLogRead,
        (_, path) if path.starts_with("/emergencies") => A::EmergencyReview,
        ("GET", "/schedules" | "/schedules/{id}" | "/slots") => A::ScheduleRead,
        ("GET", "/schedules/{id}/waiting" | "/appointments") => A::AppointmentList,
        (_, path) if path.starts_with("/schedules") || path.starts_with("/slots") => A::ScheduleManage,
        ("POST", "/prescriptions/look-up") => A::PrescriptionDispense,
        ("POST", "/patients") => A::PatientCreate,
        ("POST", "/patients/search") => A::PatientSearch,
        (
            "GET",
            "/patients/{id}"
            | "/patients/{id}/versions"
            | "/patients/{id}/guardians"
            | "/patients/{id}/wards"
            | "/patients/{id}/merges",
        ) => A::PatientRead,
        ("PUT", "/patients/{id}") => A::PatientUpdate,
        ("POST", "/patients/{id}/merge") => A::PatientMerge,
        ("POST", "/patients/{id}/access") => A::PatientAccount,
        (_, path) if path.starts_with("/patients/{id}/guardians") => A::GuardianManage,
        ("GET", "/patients/{id}/care-team") => A::CareTeamRead,
        (_, path) if path.starts_with("/patients/{id}/care-team") => A::CareTeamManage,
        ("GET", "/patients/{id}/access-log") => A::AccessLogOfPatient,
        ("POST", "/patients/{id}/emergency") => A::EmergencyOpen,
        ("POST", "/patients/{id}/entries/{entry}/sign") => A::RecordSign,
        ("GET", path) if path.starts_with("/patients/{id}/entries") || path.starts_with("/patients/{id}/documents") => {
            A::RecordRead
        }
        (_, path) if path.starts_with("/patients/{id}/entries") || path.starts_with("/patients/{id}/documents") => {
            A::RecordWrite
        }
        ("POST", "/patients/{id}/appointments/{appointment}/attendance") => A::AppointmentAttend,
        ("GET", path) if path.starts_with("/patients/{id}/appointments") => A::AppointmentRead,
        (_, path) if path.starts_with("/patients/{id}/appointments") || path.starts_with("/patients/{id}/waiting") => {
            A::AppointmentBook
        }
        ("POST", "/patients/{id}/prescriptions/{prescription}/dispensations") => A::PrescriptionDispense,
        ("GET", path) if path.starts_with("/patients/{id}/prescriptions") => A::PrescriptionRead,
        (_, path) if path.starts_with("/patients/{id}/prescriptions") => A::PrescriptionWrite,
        (method, path) => panic!("{method} {path} is in no line of this table: say which action it needs"),
    })
}

#[tokio::test]
async fn every_endpoint_keeps_to_the_table_of_permissions() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&mut world, &alfa).await;
    // Somebody of each role without any relation to the patient, and another patient.
    let stranger = crate::support::world::register(alfa.receptionist(), "Eva", "Otra Persona").await;
    let stranger = world.patient_client(alfa.id, stranger).await;
    let mut clients: Vec<(Role, Vec<Relation>, Client)> = vec![
        (Role::Patient, vec![Relation::Own], alfa.patient().clone()),
        (Role::Patient, vec![], stranger),
        (
            Role::Physician,
            vec![Relation::Organization, Relation::Care],
            alfa.physician().clone(),
        ),
        (
            Role::Nurse,
            vec![Relation::Organization, Relation::Emergency],
            alfa.client(Role::Nurse).clone(),
        ),
    ];
    for role in [
        Role::Physician,
        Role::Nurse,
        Role::Receptionist,
        Role::Pharmacist,
        Role::Administrator,
        Role::Auditor,
    ] {
        let (_, client) = world.staff(alfa.id, role, 2).await;
        clients.push((role, vec![Relation::Organization], client));
    }
    let (mut granted, mut refused) = (0, 0);
    for (method, path, operation) in operations() {
        if open_to_all(&operation) {
            continue;
        }
        let Some(action) = action(&method, &path) else { continue };
        let about_patient = path.starts_with("/patients/{id}");
        // Refusals first: they change nothing. An unmatchable version keeps what is granted from changing anything either.
        for (role, relations, client) in &clients {
            let has = if about_patient {
                relations.clone()
            } else {
                vec![Relation::Organization]
            };
            let filled =
                fill(&path, &|name| *things.get(meant(&path, name)).unwrap_or(&alfa.patient)) + &query(&path, &things);
            let body = body(&path, &method, &things);
            let may = allowed(*role, action, &has).is_some();
            // These would change who is allowed what, and are tried in other tests.
            let upsets = method == "DELETE" || path.ends_with("/access") || path.ends_with("/emergency");
            if may && upsets {
                continue;
            }
            let answer = client
                .send(&method, &filled, &[("if-match", "\"999\"")], Some(&body))
                .await;
            if may {
                // A write may still be refused for another reason: 999 is no version of anything.
                let status = answer.status.as_u16();
                let good = if method == "GET" {
                    answer.status.is_success()
                } else {
                    status != 401 && status < 500
                };
                let authors_only = path.ends_with("/sign") && status == 403 && *role == Role::Nurse;
                assert!(
                    good && (status != 403 || authors_only),
                    "{role:?} {relations:?} {method} {path}: {answer:?}"
                );
                granted += 1;
            } else {
                assert_eq!(answer.status, 403, "{role:?} {relations:?} {method} {path}: {answer:?}");
                refused += 1;
            }
        }
    }
    assert!(granted > 100 && refused > 200, "{granted} {refused}");
}

#[tokio::test]
async fn a_service_token_does_what_its_scopes_say() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let body = json!({"name": "laboratory", "scopes": ["record.read", "organization.read"], "days": 30});
    let made = alfa
        .client(Role::Administrator)
        .post("/service-tokens", body)
        .await
        .expect(201)
        .json();
    let service = world.anonymous.with(made["token"].as_str().unwrap());
    service.get("/organization").await.expect(200);
    service
        .get(&format!("/patients/{}/entries", alfa.patient))
        .await
        .expect(200);
    service.get(&format!("/patients/{}", alfa.patient)).await.expect(403);
    service.get("/auth/me").await.expect(403);
    let wide = json!({"name": "x", "scopes": ["token.manage"], "days": 30});
    alfa.client(Role::Administrator)
        .post("/service-tokens", wide)
        .await
        .expect(422);
    let listed = alfa
        .client(Role::Administrator)
        .get("/service-tokens")
        .await
        .expect(200)
        .json();
    assert!(listed[0].get("token").is_none());
    let path = format!("/service-tokens/{}", made["id"].as_str().unwrap());
    alfa.client(Role::Administrator).delete(&path).await.expect(204);
    service.get("/organization").await.expect(401);
}
