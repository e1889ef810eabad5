//! Bounds on time, size and number, and the headers that keep an answer where it belongs.

use std::time::Duration;

use galeno_api::authz::Role;
use galeno_contract::api::ApiConfig;
use serde_json::json;
use sqlx::AssertSqlSafe;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Answer, Client, MariaDb, World, eventually, mariadb::run, world::person};

/// The world's configuration with other limits.
fn limited(world: &World, limits: &serde_json::Value) -> ApiConfig {
    let mut config = serde_json::to_value(&world.config).unwrap();
    for (name, value) in limits.as_object().unwrap() {
        config["limits"][name] = value.clone();
    }
    serde_json::from_value(config).unwrap()
}

#[tokio::test]
async fn every_answer_says_that_it_is_not_to_be_kept_framed_or_guessed_at() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let reception = alfa.receptionist();
    let patient = format!("/patients/{}", alfa.patient);
    let answers = [
        reception.get(&patient).await.expect(200),
        reception
            .post("/patients", json!({"patient": person("Eva", "Nueva")}))
            .await
            .expect(201),
        alfa.client(Role::Patient)
            .get(&format!("{patient}/export.html"))
            .await
            .expect(200),
        reception
            .fhir("GET", &format!("Patient/{}", alfa.patient), &[], None)
            .await
            .expect(200),
        reception.get("/access-log").await.expect(403),
        reception.get("/nothing").await.expect(404),
        world.anonymous.get(&patient).await.expect(401),
        world.anonymous.post("/auth/sign-in", json!({})).await.expect(400),
        world.anonymous.get("/docs").await.expect(200),
    ];
    for answer in &answers {
        let is = |name: &str, value: &str| assert_eq!(answer.header(name), value, "{name}: {answer:?}");
        is("x-content-type-options", "nosniff");
        is("referrer-policy", "no-referrer");
        is("x-frame-options", "DENY");
        is("cache-control", "no-store");
        is("strict-transport-security", "max-age=31536000; includeSubDomains");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

/// A registration: it hangs while the table or COMMIT is locked.
async fn register(client: &Client) -> Answer {
    let body = json!({"patient": person("Eva", "Paciente"), "not_a_duplicate": true});
    client.post("/patients", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_ends_and_says_whether_something_may_be_saved() {
    let server = MariaDb::alone();
    let mut world = World::on(&server, |_| {}).await;
    let alfa = world.organization("alfa").await;
    let token = alfa.receptionist().token.clone().unwrap();
    let config = limited(&world, &json!({"requestTimeout": "5s"}));
    let (_app, _running, client) = world.replica(&config).await;
    let client = client.with(&token);
    let family = format!(
        "SELECT COUNT(*) FROM {}.patient WHERE family_name = 'Paciente'",
        world.database
    );

    // Before COMMIT: nothing is saved, and the answer says so.
    run(&mut world.db, "LOCK TABLES patient WRITE").await;
    let answer = register(&client).await;
    assert_eq!(answer.expect(504).problem(), "timed-out");
    run(&mut world.db, "UNLOCK TABLES").await;
    let mut root = server.connect().await;
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(family.clone()))
        .fetch_one(&mut root)
        .await
        .unwrap();
    assert_eq!(count, 0);

    // At COMMIT: it may be done or not, and the answer says that. On a busy machine a request may not get as far in time.
    eventually("a request hangs in COMMIT", || async {
        let mut backup = server.connect().await;
        for stage in ["START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT"] {
            run(&mut backup, &format!("BACKUP STAGE {stage}")).await;
        }
        let answer = register(&client).await;
        run(&mut backup, "BACKUP STAGE END").await;
        assert_ne!(answer.status, 201);
        (answer.problem() == "outcome-unknown").then_some(())
    })
    .await;
    // What is asked again later is answered.
    client.get("/auth/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_turned_away_and_told_when_to_come_again() {
    let server = MariaDb::alone();
    let mut world = World::on(&server, |_| {}).await;
    let alfa = world.organization("alfa").await;
    let token = alfa.receptionist().token.clone().unwrap();
    let config = limited(&world, &json!({"concurrentRequests": 1}));
    let (_app, _running, client) = world.replica(&config).await;
    let client = client.with(&token);
    run(&mut world.db, "LOCK TABLES patient WRITE").await;
    let (one, two) = (client.clone(), client);
    // It comes again itself when the other one was sooner.
    let first = tokio::spawn(async move {
        eventually("a place is free", || async {
            let answer = register(&one).await;
            (answer.status != 503).then_some(answer)
        })
        .await
    });
    let refused = eventually("there is no place left", || async {
        let answer = two.get("/auth/me").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(refused.problem(), "busy");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    run(&mut world.db, "UNLOCK TABLES").await;
    first.await.unwrap().expect(201);
    two.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn headers_are_bounded_in_size_and_in_time() {
    let world = World::new().await;
    let config = limited(&world, &json!({"headerTimeout": "3s", "headerBytes": 8192}));
    let (_app, running, client) = world.replica(&config).await;
    let long = "x".repeat(20_000);
    let answer = client.attempt("GET", "/auth/me", &[("x-long", &long)], None).await;
    assert!(answer.is_none_or(|answer| answer.status == 431));
    // A client that never ends its headers does not keep its place.
    let mut slow = TcpStream::connect(running.address).await.unwrap();
    slow.write_all(b"GET /api/v1/auth/me HTTP/1.1\r\nhost: a\r\nx-slow: ")
        .await
        .unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_mins(1), slow.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the connection is still open");
    assert!(!rest.starts_with(b"HTTP/1.1 2"));
    client.get("/auth/me").await.expect(401);
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_in_any_case_some_day() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let end = |what: &str, role: &str| {
        format!(
            "UPDATE session s JOIN account a ON a.organization = s.organization AND a.id = s.account \
             LEFT JOIN staff m ON m.organization = a.organization AND m.id = a.staff \
             SET {what} WHERE COALESCE(m.role, 'patient') = '{role}'"
        )
    };
    let idle = |minutes: u32| format!("s.seen_at = UTC_TIMESTAMP(6) - INTERVAL {minutes} MINUTE");
    for (role, still, too_long) in [(Role::Nurse, 25, 31), (Role::Patient, 10, 16)] {
        // A request counts as use: the time begins anew.
        run(&mut world.db, &end(&idle(still), role.word())).await;
        alfa.client(role).get("/auth/me").await.expect(200);
        let fresh = "SELECT COUNT(*) FROM session WHERE seen_at < UTC_TIMESTAMP(6) - INTERVAL 5 MINUTE";
        let left: i64 = sqlx::query_scalar(fresh).fetch_one(&mut world.db).await.unwrap();
        assert_eq!(left, 0);
        run(&mut world.db, &end(&idle(too_long), role.word())).await;
        alfa.client(role).get("/auth/me").await.expect(401);
        run(
            &mut world.db,
            "DELETE FROM session WHERE seen_at < UTC_TIMESTAMP(6) - INTERVAL 5 MINUTE",
        )
        .await;
    }
    // In use all the time, and yet it ends.
    let over = "s.seen_at = UTC_TIMESTAMP(6), s.expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND";
    alfa.physician().get("/auth/me").await.expect(200);
    run(&mut world.db, &end(over, "physician")).await;
    alfa.physician().get("/auth/me").await.expect(401);
}

#[tokio::test]
async fn a_method_that_somebody_makes_up_is_no_figure_of_its_own() {
    let world = World::new().await;
    for method in ["MADEUP1", "MADEUP2", "get"] {
        let answer = world.anonymous.send(method, "/auth/me", &[], None).await;
        assert_eq!(answer.status, 405, "{method}");
    }
    let figures = Client::new(world.running.management).at("/metrics").await.expect(200);
    let figures = String::from_utf8(figures.bytes.to_vec()).unwrap();
    assert!(figures.contains("method=\"OTHER\""), "{figures}");
    assert!(!figures.contains("MADEUP") && !figures.contains("\"get\""), "{figures}");
}
