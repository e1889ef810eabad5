//! Patients: search, duplicates, merging, guardians.

use galeno_api::authz::Role;
use serde_json::{Value, json};

use crate::support::{
    Client, World,
    mariadb::run,
    world::{person, register},
};

/// How many patients are found, one on each page and each once.
async fn page_by_page(client: &Client, search: Value) -> usize {
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut body = search.clone();
        body["limit"] = json!(1);
        body["cursor"] = cursor;
        let page = client.post("/patients/search", body).await.expect(200).json();
        for patient in page["items"].as_array().unwrap() {
            assert!(!seen.contains(&patient["id"]), "twice: {patient}");
            seen.push(patient["id"].clone());
        }
        cursor = match page.get("next") {
            Some(next) => next.clone(),
            None => return seen.len(),
        };
    }
}

#[tokio::test]
async fn patients_are_found_by_parts_of_the_name_without_accents() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let client = alfa.receptionist();
    for (given, family) in [
        ("María José", "Núñez de la Peña"),
        ("Mario", "Núñez Gil"),
        ("José", "Peñalver Ruiz"),
    ] {
        register(client, given, family).await;
    }
    for (name, count) in [
        ("NUNEZ", 2),
        ("nuñez mari", 2),
        ("maria nun", 1),
        ("peña", 2),
        ("peña jose", 2),
        ("ruiz peñ", 1),
        ("pena ruiz", 1),
        ("jose de la peña", 1),
        ("peña de nuñez", 1),
        ("nuñez nuñ", 2),
        ("peña mario", 0),
        ("zzz", 0),
    ] {
        let found = client
            .post("/patients/search", json!({"name": name}))
            .await
            .expect(200)
            .json();
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{name}: {found:#}");
    }
    // Those who have the word itself, and one that only begins so.
    register(client, "José", "Peña Gil").await;
    register(client, "Josefa", "Peñarroya Peña").await;
    for (name, count) in [("jose peña", 4), ("peña", 4), ("jose", 4), ("peñ", 4)] {
        assert_eq!(page_by_page(client, json!({"name": name})).await, count, "{name}");
    }
    assert_eq!(page_by_page(client, json!({"birth_date": "1980-05-17"})).await, 6);
    client.post("/patients/search", json!({})).await.expect(422);
    client.post("/patients/search", json!({"name": "ab"})).await.expect(422);
}

/// A place in a list is one in its order: what happens to names meanwhile neither hides anybody nor shows anybody twice.
#[tokio::test]
async fn a_list_goes_on_where_it_was_whatever_becomes_of_names() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let client = alfa.receptionist();
    for (given, family) in [
        ("Zoe", "Zuritaz Soler"),
        ("Ada", "Zurita Soler"),
        ("Bea", "Zurita Soler"),
        ("Eva", "Zuritaz Soler"),
    ] {
        register(client, given, family).await;
    }
    for (unpaired, name) in [(false, "zurita soler"), (true, "zurita soler"), (false, "zurita")] {
        if unpaired {
            mark(&mut world, "TRUE").await;
        }
        let (mut seen, mut cursor) = (Vec::new(), Value::Null);
        for page in 0.. {
            let body = json!({"name": name, "limit": 1, "cursor": cursor});
            let found = client.post("/patients/search", body).await.expect(200).json();
            seen.push(found["items"][0]["given_name"].as_str().unwrap().to_owned());
            let Some(next) = found.get("next") else { break };
            cursor = next.clone();
            // The last one of the page is called otherwise now; and pairs are written, or some are missing.
            if page == 1 {
                for table in ["patient_word", "patient_pair"] {
                    let other = format!(
                        "UPDATE {table} SET word = 'zuritazz' WHERE word LIKE 'zurita%' AND patient = \
                         (SELECT id FROM patient WHERE given_name = '{}')",
                        seen[1]
                    );
                    run(&mut world.db, &other).await;
                }
                mark(&mut world, if unpaired { "NULL" } else { "TRUE" }).await;
            }
        }
        mark(&mut world, "NULL").await;
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        // Who came to stand further on while the list was read may be seen there again; nobody else is.
        assert_eq!(once, ["Ada", "Bea", "Eva", "Zoe"], "{name} {unpaired}: {seen:?}");
        assert!(seen.len() <= 5, "{name} {unpaired}: {seen:?}");
        for table in ["patient_word", "patient_pair"] {
            let back = format!(
                "UPDATE {table} SET word = IF(patient IN (SELECT id FROM patient WHERE family_name LIKE 'Zuritaz%'), 'zuritaz', \
                 'zurita') WHERE word = 'zuritazz'"
            );
            run(&mut world.db, &back).await;
        }
    }
    let strange = json!({"name": "zurita soler", "cursor": "cC9hL2IvYw"});
    client.post("/patients/search", strange).await.expect(400);
}

/// Says of every name whether its pairs are missing.
async fn mark(world: &mut World, unpaired: &str) {
    run(&mut world.db, &format!("UPDATE patient_word SET unpaired = {unpaired}")).await;
}

/// The program of before knows words and no pairs: what it writes while both run must be found.
#[tokio::test]
async fn names_without_pairs_are_found_and_get_them() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let client = alfa.receptionist();
    for family in ["García López", "López Gil"] {
        register(client, "Inés", family).await;
    }
    let found = async |name: &str| {
        let body = json!({"name": name});
        let page = client.post("/patients/search", body).await.expect(200).json();
        page["items"].as_array().unwrap().len()
    };
    // Its statements, on one of them.
    let write = "DELETE w FROM patient_word w JOIN patient p ON p.id = w.patient WHERE p.family_name = 'López Gil'; \
        DELETE q FROM patient_pair q JOIN patient p ON p.id = q.patient WHERE p.family_name = 'López Gil'; \
        INSERT INTO patient_word (organization, word, patient) SELECT organization, 'perez', id FROM patient \
        WHERE family_name = 'López Gil' UNION ALL SELECT organization, 'ines', id FROM patient WHERE family_name = 'López Gil'";
    sqlx::raw_sql(write).execute(&mut world.db).await.unwrap();
    assert_eq!(
        (
            found("ines perez").await,
            found("ines garcia").await,
            found("ines lop").await
        ),
        (1, 1, 1)
    );
    let pairs = "SELECT COUNT(*) FROM patient_pair";
    let before: i64 = sqlx::query_scalar(pairs).fetch_one(&mut world.db).await.unwrap();
    assert_eq!(galeno_api::mend_pairs(&world.app).await.unwrap(), 1);
    assert_eq!(
        galeno_api::mend_pairs(&world.app).await.unwrap(),
        0,
        "nothing is left to mend"
    );
    let after: i64 = sqlx::query_scalar(pairs).fetch_one(&mut world.db).await.unwrap();
    assert_eq!(after - before, 2, "ines and perez, perez and ana");
    assert_eq!(
        (
            found("ines perez").await,
            found("ines garcia").await,
            found("ines gil").await
        ),
        (1, 1, 0)
    );
    // It ends a registration: the words go, and with them the pairs that it does not know.
    let end = "INSERT INTO patient_merge (organization, id, survivor, merged, actor, reason, at) \
        SELECT organization, id, id, id, id, '-', UTC_TIMESTAMP(6) FROM patient WHERE family_name = 'López Gil'; \
        DELETE w FROM patient_word w JOIN patient p ON p.id = w.patient WHERE p.family_name = 'López Gil'";
    sqlx::raw_sql(end).execute(&mut world.db).await.unwrap();
    galeno_api::mend_pairs(&world.app).await.unwrap();
    let left: i64 = sqlx::query_scalar(pairs).fetch_one(&mut world.db).await.unwrap();
    assert_eq!(left, after - 2);
    // Pairs are what is read now.
    sqlx::query("DELETE FROM patient_word")
        .execute(&mut world.db)
        .await
        .unwrap();
    assert_eq!((found("ines garcia").await, found("ines").await), (1, 0));
}

#[tokio::test]
async fn a_document_belongs_to_one_person_whatever_many_register_at_once() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let beta = world.organization("beta").await;
    let mut eva = person("Eva", "Cruz Gil");
    eva["document"] = json!({"type": "dni", "number": "12345678-z"});
    let body = json!({"patient": eva, "not_a_duplicate": true});
    let answers =
        futures_util::future::join_all((0..20).map(|_| alfa.receptionist().post("/patients", body.clone()))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(), "possible-duplicate");
        assert_eq!(answer.json()["candidates"][0]["id"], made[0].json()["id"]);
    }
    assert_eq!(made[0].json()["document_number"], "12345678Z");
    beta.receptionist().post("/patients", body).await.expect(201);
    // The same person again, misspelt and without a document: somebody has to look.
    let like = json!({"patient": person("Eba", "Cruz Gil")});
    let answer = alfa.receptionist().post("/patients", like.clone()).await.expect(409);
    assert_eq!(answer.json()["candidates"][0]["because"], "name");
    let mut sure = like;
    sure["not_a_duplicate"] = json!(true);
    alfa.receptionist().post("/patients", sure).await.expect(201);
}

#[tokio::test]
async fn a_merge_moves_the_record_and_is_remembered() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let duplicate = register(alfa.receptionist(), "Ana Maria", "Garcia").await;
    world.treats(&alfa, alfa.staff[&Role::Physician], duplicate).await;
    let note = json!({"content": {"kind": "note", "title": "Nota", "text": "Del duplicado"}});
    let entry = alfa
        .physician()
        .post(&format!("/patients/{duplicate}/entries"), note)
        .await
        .expect(201)
        .id();
    let path = format!("/patients/{}/merge", alfa.patient);
    let body = json!({"duplicate": duplicate, "reason": "mismo DNI, comprobado en ventanilla"});
    alfa.physician()
        .change("POST", &path, 1, body.clone())
        .await
        .expect(403);
    alfa.receptionist()
        .change("POST", &path, 9, body.clone())
        .await
        .expect(412);
    let merged = alfa
        .receptionist()
        .change("POST", &path, 1, body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(merged["version"], 2);
    alfa.physician()
        .get(&format!("/patients/{}/entries/{entry}", alfa.patient))
        .await
        .expect(200);
    let gone = alfa
        .receptionist()
        .get(&format!("/patients/{duplicate}"))
        .await
        .expect(200)
        .json();
    assert_eq!(gone["merged_into"], json!(alfa.patient));
    alfa.receptionist().change("POST", &path, 2, body).await.expect(409);
    let joined = alfa
        .receptionist()
        .get(&format!("/patients/{}/merges", alfa.patient))
        .await
        .expect(200)
        .json();
    assert_eq!(joined[0]["merged"], json!(duplicate));
    assert_eq!(joined[0]["reason"], "mismo DNI, comprobado en ventanilla");
    let found = alfa
        .receptionist()
        .post("/patients/search", json!({"name": "garcia"}))
        .await
        .expect(200)
        .json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.broken().await, [""; 0]);
}

#[tokio::test]
async fn a_guardian_acts_for_a_child_until_it_ends() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let child = register(alfa.receptionist(), "Niño", "García Sol").await;
    let entries = format!("/patients/{child}/entries");
    alfa.patient().get(&entries).await.expect(403);
    let body = json!({"guardian": alfa.patient, "relationship": "madre"});
    let path = format!("/patients/{child}/guardians");
    let named = alfa.receptionist().post(&path, body).await.expect(201).id();
    alfa.patient().get(&entries).await.expect(200);
    let wards = format!("/patients/{}/wards", alfa.patient);
    let acts_for = alfa.patient().get(&wards).await.expect(200).json();
    assert_eq!(
        (&acts_for[0]["patient"], &acts_for[0]["given_name"]),
        (&json!(child), &json!("Niño"))
    );
    alfa.patient()
        .post(
            &entries,
            json!({"content": {"kind": "note", "title": "x", "text": "y"}}),
        )
        .await
        .expect(403);
    alfa.receptionist().delete(&format!("{path}/{named}")).await.expect(204);
    alfa.patient().get(&entries).await.expect(403);
    assert_eq!(alfa.patient().get(&wards).await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn a_child_of_the_small_hours_is_registered() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let east = jiff::tz::TimeZone::fixed(jiff::tz::offset(14));
    let latest = jiff::Timestamp::now().to_zoned(east).date();
    let mut child = person("Leo", "Recién Nacido");
    child["birth_date"] = json!(latest);
    let body = json!({"patient": child, "not_a_duplicate": true});
    alfa.receptionist().post("/patients", body.clone()).await.expect(201);
    let mut unborn = body;
    unborn["patient"]["birth_date"] = json!(latest.tomorrow().unwrap().tomorrow().unwrap());
    alfa.receptionist().post("/patients", unborn).await.expect(422);
}

#[tokio::test]
async fn access_given_anew_may_change_the_identity_at_a_provider() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let path = format!("/patients/{}/access", alfa.patient);
    let linked = json!({"oidc_provider": "idp", "oidc_subject": "subject-7"});
    alfa.receptionist().post(&path, linked.clone()).await.expect(200);
    let subject: Option<String> = sqlx::query_scalar("SELECT oidc_subject FROM account WHERE patient = ?")
        .bind(alfa.patient)
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(subject.as_deref(), Some("subject-7"));
    let other = register(alfa.receptionist(), "Eva", "Cruz").await;
    let path = format!("/patients/{other}/access");
    let first = json!({"username": "eva"});
    alfa.receptionist().post(&path, first).await.expect(200);
    alfa.receptionist().post(&path, linked).await.expect(409);
}
