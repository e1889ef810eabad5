//! Health, problems, idempotency, versions, limits, the gate.

use std::time::Duration;

use galeno_api::{
    authz::Role,
    db::{Stamp, migrate},
};
use galeno_contract::api::DatabaseNode;
use serde_json::json;

use crate::support::{
    Client, MariaDb, World, eventually,
    mariadb::run,
    world::{grant, person},
};

#[tokio::test]
async fn health_is_told_on_the_management_port_and_nowhere_else() {
    let world = World::new().await;
    let management = Client::new(world.running.management);
    for (path, body) in [
        ("/livez", "ok"),
        ("/readyz", "\"ready\":true"),
        ("/metrics", "galeno_api_database_node_fit"),
    ] {
        let answer = management.at(path).await.expect(200);
        assert!(String::from_utf8_lossy(&answer.bytes).contains(body), "{path}");
        world.anonymous.at(path).await.expect(404);
    }
}

#[tokio::test]
async fn problems_are_told_in_the_language_asked_for() {
    let world = World::new().await;
    for (language, title) in [
        ("es-ES,en;q=0.5", "Hay que iniciar sesión."),
        ("en", "Sign in first."),
        ("de", "Sign in first."),
    ] {
        let answer = world
            .anonymous
            .send("GET", "/organization", &[("accept-language", language)], None)
            .await
            .expect(401);
        assert_eq!(answer.json()["title"], title);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(
            answer.json()["instance"],
            format!("urn:uuid:{}", answer.header("x-request-id"))
        );
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    assert_eq!(world.anonymous.get("/nothing").await.expect(404).problem(), "not-found");
    assert_eq!(
        world
            .anonymous
            .send("DELETE", "/organization", &[], None)
            .await
            .expect(405)
            .problem(),
        "method-not-allowed"
    );
}

#[tokio::test]
async fn bodies_are_bounded_and_strict() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let large = json!({"patient": person(&"x".repeat(300_000), "y")});
    assert_eq!(
        alfa.receptionist().post("/patients", large).await.expect(413).problem(),
        "too-large"
    );
    // Mass assignment: what is not in the contract is refused, not ignored.
    let mut sneaky = person("Eva", "Ruiz");
    sneaky["organization"] = json!(alfa.id);
    let answer = alfa
        .receptionist()
        .post("/patients", json!({"patient": sneaky}))
        .await
        .expect(400);
    assert_eq!(answer.problem(), "malformed");
    let answer = alfa
        .receptionist()
        .send("POST", "/patients", &[("content-type", "text/plain")], Some(&json!({})))
        .await;
    assert_eq!(answer.expect(415).problem(), "unsupported-media-type");
    let mut wrong = person("", "Ruiz");
    wrong["phone"] = json!("12");
    wrong["document"] = json!({"type": "dni", "number": "12345678A"});
    let answer = alfa
        .receptionist()
        .post("/patients", json!({"patient": wrong}))
        .await
        .expect(422);
    let pointers: Vec<_> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/document/number", "/given_name", "/phone"]);
}

#[tokio::test]
async fn the_same_request_twice_has_one_effect_and_one_answer() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let client = alfa.receptionist();
    let body = json!({"patient": person("Eva", "Ruiz Gil"), "not_a_duplicate": true});
    let key = [("idempotency-key", "one")];
    let requests = (0..20).map(|_| client.send("POST", "/patients", &key, Some(&body)));
    let answers = futures_util::future::join_all(requests).await;
    let first = answers[0].json();
    for answer in answers {
        assert_eq!(answer.status, 201);
        assert_eq!(answer.json(), first);
        assert!(answer.header("location").ends_with(first["id"].as_str().unwrap()));
        assert_eq!(answer.header("etag"), "\"1\"");
    }
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM patient WHERE family_name = 'Ruiz Gil'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(count, 1);
    // The key stands for that request, and only of that person.
    let other = json!({"patient": person("Eva", "Ruiz Otra"), "not_a_duplicate": true});
    let answer = client.send("POST", "/patients", &key, Some(&other)).await.expect(422);
    assert_eq!(answer.problem(), "idempotency-key-reused");
    alfa.client(Role::Nurse)
        .send("POST", "/patients", &key, Some(&other))
        .await
        .expect(201);
    // An answer that has expired gives way, swept or not.
    sqlx::query("UPDATE idempotency SET at = at - INTERVAL 25 HOUR")
        .execute(&mut world.db)
        .await
        .unwrap();
    let anew = client.send("POST", "/patients", &key, Some(&other)).await.expect(201);
    assert_ne!(anew.json()["id"], first["id"]);
    // Answers that are kept are sealed: they hold personal data.
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("SELECT body FROM idempotency")
        .fetch_all(&mut world.db)
        .await
        .unwrap();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|body| !String::from_utf8_lossy(body).contains("Ruiz")));
}

#[tokio::test]
async fn a_lost_update_is_impossible() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let client = alfa.receptionist();
    let path = format!("/patients/{}", alfa.patient);
    let read = client.get(&path).await.expect(200);
    assert_eq!(read.header("etag"), "\"1\"");
    let change = |name: String| json!({"patient": person(&name, "García alfa")});
    let answer = client
        .send("PUT", &path, &[], Some(&change("Nadie".into())))
        .await
        .expect(428);
    assert_eq!(answer.problem(), "if-match-needed");
    // All have read version 1; one may write.
    let writers = (0..25).map(|number| {
        let body = change(format!("Ana {number}"));
        let path = path.clone();
        async move { client.change("PUT", &path, 1, body).await }
    });
    let answers = futures_util::future::join_all(writers).await;
    let done: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(done.len(), 1);
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 200 || answer.problem() == "changed")
    );
    let now = client.get(&path).await.expect(200).json();
    assert_eq!(now["version"], 2);
    assert_eq!(now["given_name"], done[0].json()["given_name"]);
    let versions = client.get(&format!("{path}/versions")).await.expect(200).json();
    assert_eq!(versions.as_array().unwrap().len(), 2);
    assert_eq!(
        versions[1]["content"]["given_name"], "Ana",
        "what was there before stays readable"
    );
}

#[tokio::test]
async fn no_request_is_served_before_the_generation_is_accepted() {
    let server = MariaDb::shared();
    let mut root = server.connect().await;
    for statement in [
        "CREATE DATABASE IF NOT EXISTS keeper",
        "CREATE TABLE IF NOT EXISTS keeper.generation (number INT UNSIGNED PRIMARY KEY, accepted_at DATETIME(6) NULL)",
        "REPLACE INTO keeper.generation VALUES (7, NOW(6)), (8, NULL)",
    ] {
        run(&mut root, statement).await;
    }
    let mut world = World::with(|config| config.database.expected_generation = Some(7)).await;
    let alfa = world.organization("alfa").await;
    alfa.physician().get("/organization").await.expect(200);
    let management = Client::new(world.running.management);
    // Generation 8 is restored, and nobody has accepted it yet.
    let mut next = world.config.database.clone();
    next.expected_generation = Some(8);
    world.app.cluster.change(&next).unwrap();
    let refused = eventually("the API knows that generation 8 is not accepted", || async {
        let answer = alfa.physician().get("/organization").await;
        (answer.status == 503 && answer.problem() == "restoring").then_some(answer)
    })
    .await;
    assert_eq!(refused.header("retry-after"), "10");
    let ready = management.at("/readyz").await.expect(503);
    assert_eq!(ready.json()["why"], "not-accepted");
    management.at("/livez").await.expect(200);
    // Acceptance is a row; traffic resumes by itself.
    run(
        &mut root,
        "UPDATE keeper.generation SET accepted_at = NOW(6) WHERE number = 8",
    )
    .await;
    eventually("traffic resumes", || async {
        (alfa.physician().get("/organization").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_never_served_from_two_generations() {
    let other = MariaDb::alone();
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    // The other generation holds the same database, and has not heard yet that it is not the one.
    let mut root = other.connect().await;
    run(&mut root, &format!("CREATE DATABASE {}", world.database)).await;
    grant(&mut root, &world.database).await;
    migrate(&other.root().database(&world.database), Duration::from_mins(1))
        .await
        .unwrap();
    let mut config = world.config.database.clone();
    config.other_generations = vec![DatabaseNode {
        host: "127.0.0.1".to_owned(),
        port: other.port,
    }];
    // One that appears beside a generation that serves is new, and disturbs nobody until it serves.
    run(&mut root, "SET GLOBAL read_only = ON").await;
    world.app.cluster.change(&config).unwrap();
    let asked = async || alfa.physician().get("/organization").await;
    asked().await.expect(200);
    let told = async |status: u16| {
        eventually("the API to notice", || async {
            Some(asked().await).filter(|answer| answer.status == status)
        })
        .await
    };
    run(&mut root, "SET GLOBAL read_only = OFF").await;
    let refused = told(503).await;
    assert_eq!(refused.problem(), "restoring");
    let management = Client::new(world.running.management);
    assert_eq!(
        management.at("/readyz").await.expect(503).json()["why"],
        "other-generation"
    );
    run(&mut root, "SET GLOBAL read_only = ON").await;
    told(200).await;
    // Turning to a generation, nobody is served before every node of the others has said that it does not serve, or is silent.
    other.signal("STOP");
    config.connections_per_node += 1;
    world.app.cluster.change(&config).unwrap();
    let refused = asked().await.expect(503);
    assert_eq!(refused.problem(), "restoring");
    told(200).await;
    other.end();
    told(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_node_may_be_late_and_a_silent_one_is_given_up() {
    let server = MariaDb::alone();
    let mut world = World::on(&server, |_| {}).await;
    let alfa = world.organization("alfa").await;
    let management = Client::new(world.running.management);
    let state = async || {
        let answer = management.at("/readyz").await.json();
        let mut states = answer["database"].as_object().unwrap().values().cloned();
        states.next().unwrap().as_str().unwrap().to_owned()
    };
    let becomes = async |word: &'static str| {
        eventually(word, || async { (state().await == word).then_some(()) }).await;
    };
    // It stands still for a moment, as on a machine that has too much to do: whoever asks is answered, late. Where this test
    // itself is what is late, it tries again.
    eventually("a late answer", || async {
        becomes("fit").await;
        server.signal("STOP");
        let reception = alfa.receptionist().clone();
        let asked = tokio::spawn(async move { reception.get("/organization").await });
        let seen = eventually("trouble", || async {
            Some(state().await).filter(|state| state != "fit")
        })
        .await;
        server.signal("CONT");
        (asked.await.unwrap().status == 200 && seen == "late").then_some(())
    })
    .await;
    becomes("fit").await;
    // It says nothing for longer: nobody waits for it.
    server.signal("STOP");
    becomes("unreachable").await;
    management.at("/readyz").await.expect(503);
    let refused = alfa.receptionist().get("/organization").await.expect(503);
    assert_eq!(refused.problem(), "database-unavailable");
    server.signal("CONT");
    becomes("fit").await;
    alfa.receptionist().get("/organization").await.expect(200);
}

#[tokio::test]
async fn a_node_that_is_fenced_leaves_the_pool_and_nothing_is_half_written() {
    let server = MariaDb::alone();
    let mut world = World::on(&server, |_| {}).await;
    let alfa = world.organization("alfa").await;
    let mut root = server.connect().await;
    run(&mut root, "SET GLOBAL read_only = ON").await;
    eventually("the node left the pool", || async { world.app.cluster.choose().err() }).await;
    let body = json!({"patient": person("Eva", "Nadie"), "not_a_duplicate": true});
    let answer = alfa.receptionist().post("/patients", body).await.expect(503);
    assert_eq!(answer.problem(), "restoring");
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM patient WHERE family_name = 'Nadie'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(count, 0);
    run(&mut root, "SET GLOBAL read_only = OFF").await;
    eventually("the node is back", || async { world.app.cluster.choose().ok() }).await;
    alfa.physician().get("/organization").await.expect(200);
    // The database dies: a clear answer, and no waiting for ever.
    server.signal("KILL");
    eventually("the node left the pool", || async { world.app.cluster.choose().err() }).await;
    let answer = alfa.physician().get("/organization").await.expect(503);
    assert_eq!(answer.problem(), "database-unavailable");
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn requests_are_bounded_for_each_client_apart() {
    let mut world = World::with(|config| {
        config.limits.anonymous_requests_per_minute = 5;
        config.limits.requests_per_minute = 50;
    })
    .await;
    let alfa = world.organization("alfa").await;
    let refusal = async |client: &Client| {
        for _ in 0..500 {
            let answer = client.get("/organization").await;
            if answer.status == 429 {
                return answer;
            }
        }
        panic!("nobody was bounded")
    };
    alfa.physician().get("/organization").await.expect(200);
    let refused = refusal(&world.anonymous).await;
    assert_eq!(refused.problem(), "too-many-requests");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    // Who has a token is somebody else, however many they are, and so is who guesses at tokens.
    for role in [
        Role::Nurse,
        Role::Receptionist,
        Role::Pharmacist,
        Role::Administrator,
        Role::Auditor,
        Role::Patient,
    ] {
        alfa.client(role).get("/organization").await.expect(200);
    }
    refusal(&world.anonymous.with("gs_guess")).await;
    // Another token is no way around it, nor is a place where nobody has to be known.
    for (token, path) in [("gs_another", "/organization"), ("gs_third", "/openapi.json")] {
        world.anonymous.with(token).get(path).await.expect(429);
    }
    // They share an address with people who work there: those who are known to be signed in are not held up.
    alfa.client(Role::Nurse).get("/organization").await.expect(200);
    refusal(alfa.client(Role::Nurse)).await;
    alfa.physician().get("/organization").await.expect(200);
    // A token that is good no longer is a guess like another one.
    alfa.physician().post("/auth/sign-out", json!({})).await.expect(204);
    alfa.physician().get("/organization").await.expect(401);
    refusal(alfa.physician()).await;
}

#[tokio::test]
async fn migrations_run_once_whoever_asks() {
    let server = MariaDb::shared();
    let name = server.database().await;
    let options = server.root().database(&name);
    let wait = std::time::Duration::from_mins(2);
    let all = futures_util::future::join_all((0..4).map(|_| galeno_api::db::migrate(&options, wait))).await;
    let done: Vec<usize> = all.into_iter().map(|result| result.unwrap().len()).collect();
    assert_eq!(done.iter().filter(|count| **count > 0).count(), 1, "{done:?}");
    let mut root = server.connect().await;
    run(
        &mut root,
        &format!("UPDATE {name}.schema_migration SET sha256 = REPEAT('x', 32) WHERE version = 1"),
    )
    .await;
    let error = galeno_api::db::migrate(&options, wait).await.unwrap_err();
    assert!(error.to_string().contains("was changed after it ran"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_after_january_2038_are_kept() {
    let mut world = World::new().await;
    let far: Stamp = "2040-02-29T08:30:00.000001Z".parse::<jiff::Timestamp>().unwrap().into();
    sqlx::query("CREATE TABLE far (id INT PRIMARY KEY, at DATETIME(6) NOT NULL)")
        .execute(&mut world.db)
        .await
        .unwrap();
    sqlx::query("INSERT INTO far VALUES (1, ?)")
        .bind(far)
        .execute(&mut world.db)
        .await
        .unwrap();
    let (kept, before): (Stamp, bool) = sqlx::query_as("SELECT at, at < ? FROM far WHERE at >= ?")
        .bind(far.plus(std::time::Duration::from_secs(1)))
        .bind(far)
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!((kept, before), (far, true));
}

/// On a busy machine a handshake takes longer than an answer may. A node that has left the pool must find back all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_handshake_is_slow_is_found() {
    let server = MariaDb::shared();
    let port = server.port;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            tokio::spawn(async move {
                // The delay is what is tested: beyond the deadline of an answer, which is 500 ms here.
                tokio::time::sleep(std::time::Duration::from_millis(800)).await;
                let mut to = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            });
        }
    });
    // Waits until the API is ready.
    let world = World::on(server, |config| config.database.nodes[0].port = slow).await;
    world.anonymous.with("gs_guess").get("/organization").await.expect(401);
}

#[tokio::test]
async fn a_kept_answer_is_for_who_may_still_see_it_and_searches_are_not_kept() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let logged = |patient: uuid::Uuid| {
        sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM access_log WHERE patient = ?").bind(patient)
    };
    let key = [("idempotency-key", "one")];
    let client = alfa.receptionist();
    for search in 0..2 {
        let before = logged(alfa.patient).fetch_one(&mut world.db).await.unwrap();
        let body = json!({"name": "garcía"});
        client
            .send("POST", "/patients/search", &key, Some(&body))
            .await
            .expect(200);
        let after = logged(alfa.patient).fetch_one(&mut world.db).await.unwrap();
        assert_eq!(after, before + 1, "search {search} is in the log");
    }
    world.treats(&alfa, alfa.staff[&Role::Physician], alfa.patient).await;
    let path = format!("/patients/{}/entries", alfa.patient);
    let allergy =
        json!({"content": {"kind": "allergy", "substance": "Látex", "criticality": "low", "category": "environment"}});
    let send = || alfa.physician().send("POST", &path, &key, Some(&allergy));
    let first = send().await.expect(201);
    let before = logged(alfa.patient).fetch_one(&mut world.db).await.unwrap();
    assert_eq!(send().await.expect(201).bytes, first.bytes);
    let after = logged(alfa.patient).fetch_one(&mut world.db).await.unwrap();
    assert_eq!(after, before + 1, "to show it again is an access too");
    sqlx::query("UPDATE care_team SET until = UTC_TIMESTAMP(6)")
        .execute(&mut world.db)
        .await
        .unwrap();
    assert_eq!(send().await.expect(403).problem(), "no-care-relation");
}

#[tokio::test]
async fn a_transaction_sees_a_change_behind_its_back_as_a_conflict_whatever_the_server_says() {
    let server = MariaDb::alone();
    let mut root = server.connect().await;
    sqlx::raw_sql("SET GLOBAL innodb_snapshot_isolation = OFF")
        .execute(&mut root)
        .await
        .unwrap();
    let world = World::on(&server, |_| {}).await;
    let mut tx = world.app.cluster.choose().unwrap().begin().await.unwrap();
    let on: bool = sqlx::query_scalar("SELECT @@SESSION.innodb_snapshot_isolation")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert!(on);
}

#[tokio::test]
async fn a_migration_that_takes_long_keeps_its_lock() {
    let server = MariaDb::alone();
    let mut world = World::on(&server, |_| {}).await;
    run(&mut world.db, "DELETE FROM schema_migration WHERE version = 7").await;
    run(&mut world.db, "DROP INDEX patient_email ON patient").await;
    let mut reader = server.connect().await;
    run(&mut reader, &format!("LOCK TABLES {}.patient READ", world.database)).await;
    let options = server.root().database(&world.database);
    let migration = tokio::spawn(async move { migrate(&options, Duration::from_mins(1)).await });
    let mut root = server.connect().await;
    let waiting =
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table metadata lock%'";
    eventually("the migration waits for a table", || async {
        let mut connection = server.connect().await;
        let count: i64 = sqlx::query_scalar(waiting).fetch_one(&mut connection).await.unwrap();
        (count > 0).then_some(())
    })
    .await;
    let seen = format!("SELECT seen_at FROM {}.schema_lock", world.database);
    let first: Stamp = sqlx::query_scalar(sqlx::AssertSqlSafe(seen.clone()))
        .fetch_one(&mut root)
        .await
        .unwrap();
    eventually("the migrator gives a sign of life", || async {
        let mut connection = server.connect().await;
        let now: Stamp = sqlx::query_scalar(sqlx::AssertSqlSafe(seen.clone()))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        (now > first).then_some(())
    })
    .await;
    run(&mut reader, "UNLOCK TABLES").await;
    assert_eq!(migration.await.unwrap().unwrap(), ["0007_search"]);
}
