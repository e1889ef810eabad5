//! What somebody with bad intent tries on every endpoint: injection, members that nobody asked for, and requests sent
//! twice. The description names the endpoints: a new one is covered by itself.

use std::collections::BTreeMap;

use galeno_api::authz::{Relation, Role, allowed};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    authorization::{action, body, contents, fill, furnish, meant, open_to_all, operations, query},
    support::{Answer, Client, World, world::Organization},
};

/// Somebody who may do this: the endpoint itself answers, and not the table of permissions.
fn allowed_client<'a>(org: &'a Organization, method: &str, path: &str) -> Option<&'a Client> {
    let action = action(method, path)?;
    let has = |role: Role| match role {
        Role::Patient => vec![Relation::Own],
        _ => vec![Relation::Organization, Relation::Care],
    };
    [
        Role::Physician,
        Role::Receptionist,
        Role::Administrator,
        Role::Auditor,
        Role::Pharmacist,
        Role::Nurse,
        Role::Patient,
    ]
    .into_iter()
    .find(|role| allowed(*role, action, &has(*role)).is_some())
    .map(|role| org.client(role))
}

fn address(path: &str, things: &BTreeMap<&'static str, Uuid>, patient: Uuid) -> String {
    fill(path, &|name| *things.get(meant(path, name)).unwrap_or(&patient)) + &query(path, things)
}

fn takes(operation: &Value, header: &str) -> bool {
    operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|parameter| parameter["in"] == "header" && parameter["name"] == header)
}

/// What may be asked for in the address.
fn asked(operation: &Value) -> Vec<&str> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .filter(|parameter| parameter["in"] == "query")
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect()
}

fn has_json_body(operation: &Value) -> bool {
    operation["requestBody"]["content"]["application/json"].is_object()
}

/// What an answer says, without letters that are drawn by lot: any word may stand in them.
fn said(answer: &Answer) -> String {
    let Ok(mut said) = serde_json::from_slice::<Value>(&answer.bytes) else {
        return String::from_utf8_lossy(&answer.bytes).into_owned();
    };
    if let Some(fields) = said.as_object_mut() {
        fields.remove("token");
        fields.remove("next");
    }
    said.to_string()
}

#[tokio::test]
async fn every_change_needs_the_version_that_was_read() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&mut world, &alfa).await;
    let (mut tried, mut wrong) = (0, Vec::new());
    for (method, path, operation) in operations() {
        if path.starts_with("/auth/") || open_to_all(&operation) {
            continue;
        }
        // A PUT replaces what is there: none of them may do without.
        assert!(
            method != "PUT" || takes(&operation, "If-Match"),
            "{method} {path} takes no If-Match"
        );
        if !takes(&operation, "If-Match") {
            continue;
        }
        let client = allowed_client(&alfa, &method, &path).unwrap_or_else(|| panic!("{method} {path}: nobody may"));
        let to = address(&path, &things, alfa.patient);
        let content = body(&path, &method, &things);
        let blind = client.send(&method, &to, &[], Some(&content)).await;
        if blind.status != 428 {
            wrong.push(format!("{method} {path} without a version: {blind:?}"));
        }
        for stale in ["\"999\"", "*", "nonsense", "\"-1\""] {
            let answer = client.send(&method, &to, &[("if-match", stale)], Some(&content)).await;
            if answer.status != 412 {
                wrong.push(format!("{method} {path} {stale}: {answer:?}"));
            }
        }
        tried += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried >= 20, "{tried}");
}

#[tokio::test]
async fn a_request_that_is_sent_twice_has_one_effect_and_one_answer() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&mut world, &alfa).await;
    let (mut tried, mut made) = (0, 0);
    for (method, path, operation) in operations() {
        if method != "POST" || path.starts_with("/auth/") || open_to_all(&operation) || !has_json_body(&operation) {
            continue;
        }
        assert!(takes(&operation, "Idempotency-Key"), "{path} takes no Idempotency-Key");
        // Nothing is kept of what only looks something up: it is allowed, and logged, each time.
        let looks = path.ends_with("/search") || path.ends_with("/verify");
        if takes(&operation, "If-Match") || path.ends_with("/access") || looks {
            continue;
        }
        let client = allowed_client(&alfa, &method, &path).unwrap_or_else(|| panic!("{method} {path}: nobody may"));
        let to = address(&path, &things, alfa.patient);
        let content = body(&path, &method, &things);
        let key = [("idempotency-key", path.as_str())];
        let first = client.send(&method, &to, &key, Some(&content)).await;
        if !first.status.is_success() {
            continue;
        }
        let before = contents(&mut world, alfa.id).await;
        let second = client.send(&method, &to, &key, Some(&content)).await;
        assert_eq!((second.status, &second.bytes), (first.status, &first.bytes), "{path}");
        assert_eq!(second.header("location"), first.header("location"), "{path}");
        assert_eq!(
            contents(&mut world, alfa.id).await,
            before,
            "{path} had a second effect"
        );
        let other = client.raw(&method, &to, &key, Some(format!("{content} ").into())).await;
        assert_eq!(
            (other.status.as_u16(), other.problem().as_str()),
            (422, "idempotency-key-reused"),
            "{path}"
        );
        made += usize::from(first.status == 201);
        tried += 1;
    }
    assert!(tried >= 10 && made >= 8, "{tried} {made}");
}

/// What a member of a body could be taken for by a server that copies bodies into rows.
const UNASKED: &[&str] = &[
    "id",
    "organization",
    "version",
    "created_at",
    "updated_at",
    "actor",
    "author",
    "role",
    "restricted",
    "merged_into",
    "erased_at",
    "dispensed",
    "signed_at",
    "signature",
    "taken",
    "staff_id",
    "patient_id",
    "is_admin",
    "__proto__",
];

#[tokio::test]
async fn no_body_takes_a_member_that_it_does_not_name() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&mut world, &alfa).await;
    let before = contents(&mut world, alfa.id).await;
    let mut tried = 0;
    for (method, path, operation) in operations() {
        if path.starts_with("/auth/") || open_to_all(&operation) || !has_json_body(&operation) {
            continue;
        }
        let client = allowed_client(&alfa, &method, &path).unwrap_or_else(|| panic!("{method} {path}: nobody may"));
        let to = address(&path, &things, alfa.patient);
        let content = body(&path, &method, &things);
        for place in objects(&content, String::new()) {
            for member in UNASKED {
                let mut content = content.clone();
                let object = content.pointer_mut(&place).unwrap().as_object_mut().unwrap();
                if object.insert((*member).to_owned(), json!("1")).is_some() {
                    continue;
                }
                let answer = client
                    .send(&method, &to, &[("if-match", "\"1\"")], Some(&content))
                    .await;
                let status = answer.status.as_u16();
                assert!(
                    matches!(status, 400 | 422),
                    "{method} {path} took {place}/{member}: {answer:?}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
    assert_eq!(contents(&mut world, alfa.id).await, before, "something was written");
}

/// Pointers to every object in a body.
fn objects(value: &Value, at: String) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let inner = members
                .iter()
                .flat_map(|(name, value)| objects(value, format!("{at}/{name}")))
                .collect::<Vec<_>>();
            [vec![at], inner].concat()
        }
        _ => Vec::new(),
    }
}

const INJECTIONS: &[&str] = &[
    "' OR '1'='1",
    "'; DROP TABLE patient; -- ",
    "\" OR \"\"=\"",
    "1) UNION SELECT id, slug, name, time_zone FROM organization -- ",
    "%' AND (SELECT 1 FROM (SELECT SLEEP(5)) x) AND '%'='",
    "\\'; UPDATE patient SET given_name='x' WHERE 1=1; #",
    "{{7*7}}${jndi:ldap://x}",
    "%_%",
    // Letters that a column of codes does not hold, and that it cannot even be compared with.
    "niña 𠢂",
];

/// Every text in a body, one after the other, becomes that text.
fn poisoned(value: &Value, with: &str) -> Vec<Value> {
    match value {
        Value::String(_) => vec![json!(with)],
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| {
                poisoned(member, with).into_iter().map(move |changed| {
                    let mut whole = value.clone();
                    whole[name.as_str()] = changed;
                    whole
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn nothing_that_is_sent_becomes_part_of_a_statement() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let beta = world.organization("beta").await;
    let things = furnish(&mut world, &alfa).await;
    furnish(&mut world, &beta).await;
    let others = contents(&mut world, beta.id).await;
    let people: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM patient WHERE given_name = 'Ana'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    let mut tried = 0;
    for (method, path, operation) in operations() {
        if path.starts_with("/auth/") || open_to_all(&operation) {
            continue;
        }
        let client = allowed_client(&alfa, &method, &path).unwrap_or_else(|| panic!("{method} {path}: nobody may"));
        let to = address(&path, &things, alfa.patient);
        let content = body(&path, &method, &things);
        for probe in INJECTIONS {
            let mut answers = Vec::new();
            for poisoned in poisoned(&content, probe) {
                answers.push(
                    client
                        .send(&method, &to, &[("if-match", "\"999\"")], Some(&poisoned))
                        .await,
                );
            }
            let encoded: String = probe.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let mark = if to.contains('?') { '&' } else { '?' };
            // In a header they are no letters at all.
            let header = if probe.is_ascii() { *probe } else { "none" };
            let headers = [
                ("if-match", header),
                ("idempotency-key", header),
                ("accept-language", header),
            ];
            if method == "GET" {
                answers.push(client.get(&format!("{to}{mark}cursor={encoded}")).await);
                for name in asked(&operation) {
                    answers.push(
                        client
                            .get(&format!("{}?{name}={encoded}", to.split('?').next().unwrap()))
                            .await,
                    );
                }
                answers.push(client.send("GET", &to, &headers, None).await);
                answers.push(client.send("GET", &to, &[("x-purpose", header)], None).await);
            }
            if path.contains('{') {
                let strange = fill(&path, &|_| alfa.patient).replace(&alfa.patient.to_string(), &encoded);
                answers.push(client.send(&method, &strange, &headers[..1], Some(&content)).await);
            }
            for answer in answers {
                assert!(answer.status.as_u16() < 500, "{method} {path} {probe}: {answer:?}");
                let text = said(&answer).to_lowercase();
                for word in ["sql", "syntax", "mariadb", "beta"] {
                    assert!(!text.contains(word), "{method} {path} {probe} told {word}: {text}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "{tried}");
    let found = alfa
        .receptionist()
        .post("/patients/search", json!({"name": "ana' OR '1'='1"}))
        .await;
    assert!(!String::from_utf8_lossy(&found.bytes).contains("beta"));
    assert_eq!(
        contents(&mut world, beta.id).await,
        others,
        "another organization was touched"
    );
    let still: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM patient WHERE given_name = 'Ana'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(still, people);
}

/// A body for what needs no session or is about one's own account; the description has no examples of secrets.
fn own_or_open_body(path: &str) -> Value {
    let code = json!({"code": "000000"});
    match path {
        "/auth/sign-in" => json!({"organization": "alfa", "username": "x", "password": "x", "device": "x"}),
        "/auth/sign-in/totp" => json!({"token": "x", "code": "000000"}),
        "/auth/sign-in/activate" => {
            json!({"organization": "alfa", "username": "x", "code": "x", "password": "cuatro palabras muy largas"})
        }
        "/auth/sign-in/passkey" => {
            json!({"token": "x", "credential": "x", "client_data": "x", "authenticator_data": "x", "signature": "x"})
        }
        "/auth/sign-in/passkey/start" => json!({"organization": "alfa"}),
        "/auth/sign-in/oidc/{provider}" => json!({"token": "x", "state": "x", "code": "x"}),
        "/auth/sign-in/oidc/{provider}/start" => json!({"redirect_uri": "https://clinic.example/"}),
        "/auth/password" => json!({"current": "x", "password": "cuatro palabras muy largas"}),
        "/auth/passkeys" => json!({"token": "x", "name": "x", "client_data": "x", "attestation": "x"}),
        "/auth/totp/confirm" => code,
        "/prescriptions/verify" => json!({"code": "x"}),
        other => panic!("{other} has no body to probe with"),
    }
}

#[tokio::test]
async fn accounts_and_open_endpoints_are_as_strict_as_the_rest() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    // Failures are counted and ceremonies begun: that is what these endpoints are for.
    let kept = |all: Vec<(String, String)>| -> Vec<(String, String)> {
        all.into_iter()
            .filter(|(table, _)| !["sign_in_failure", "ceremony"].contains(&table.as_str()))
            .collect()
    };
    let before = kept(contents(&mut world, alfa.id).await);
    let mut tried = 0;
    for (method, path, operation) in operations() {
        let open = open_to_all(&operation);
        if !(open || path.starts_with("/auth/")) || !has_json_body(&operation) {
            continue;
        }
        let client = if open { &world.anonymous } else { alfa.receptionist() };
        let to = path.replace("{provider}", "idp");
        let content = own_or_open_body(&path);
        for member in UNASKED {
            let mut more = content.clone();
            if more
                .as_object_mut()
                .unwrap()
                .insert((*member).to_owned(), json!("1"))
                .is_some()
            {
                continue;
            }
            let status = client.send(&method, &to, &[], Some(&more)).await.status.as_u16();
            assert!(matches!(status, 400 | 422), "{path} took {member}: {status}");
            tried += 1;
        }
        for probe in INJECTIONS {
            for poisoned in poisoned(&content, probe) {
                innocent(&client.send(&method, &to, &[], Some(&poisoned)).await, &path, probe);
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
    assert_eq!(
        kept(contents(&mut world, alfa.id).await),
        before,
        "something was written"
    );
}

/// An answer that is no accident and tells nothing of the database.
fn innocent(answer: &Answer, what: &str, probe: &str) {
    assert!(answer.status.as_u16() < 500, "{what} {probe}: {answer:?}");
    let text = String::from_utf8_lossy(&answer.bytes).to_lowercase();
    for word in ["mariadb", "syntax error", "sqlx"] {
        assert!(!text.contains(word), "{what} {probe} told {word}: {text}");
    }
}

#[tokio::test]
async fn fhir_takes_no_element_that_it_does_not_name_and_no_part_of_a_statement() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let client = alfa.receptionist();
    let statement = client.fhir("GET", "metadata", &[], None).await.expect(200).json();
    let mut tried = 0;
    for resource in statement["rest"][0]["resource"].as_array().unwrap() {
        let kind = resource["type"].as_str().unwrap();
        for param in resource["searchParam"].as_array().unwrap() {
            for probe in INJECTIONS {
                let encoded: String = probe.bytes().map(|byte| format!("%{byte:02X}")).collect();
                let query = format!("{kind}?{}={encoded}", param["name"].as_str().unwrap());
                innocent(&client.fhir("GET", &query, &[], None).await, &query, probe);
                tried += 1;
            }
        }
    }
    let patient = json!({"resourceType": "Patient", "name": [{"family": "Nadie", "given": ["Eva"]}], "gender": "female",
        "birthDate": "1980-05-17", "address": [{"line": ["Calle 1"], "postalCode": "28001"}]});
    for place in ["", "/name/0", "/address/0"] {
        for member in [
            "organization",
            "version",
            "restricted",
            "merged_into",
            "role",
            "__proto__",
        ] {
            let mut more = patient.clone();
            more.pointer_mut(place).unwrap()[member] = json!("1");
            let status = client.fhir("POST", "Patient", &[], Some(&more)).await.status.as_u16();
            assert!(matches!(status, 400 | 422), "Patient{place} took {member}: {status}");
            tried += 1;
        }
    }
    assert!(tried > 400, "{tried}");
    let made: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM patient WHERE family_name = 'Nadie'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(made, 0);
}
