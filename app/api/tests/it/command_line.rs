//! Commands that run once: what they make, and how they find a node that can take it.

use std::{net::TcpListener, process::Command};

use galeno_api::authz::Role;
use galeno_contract::api::{ApiConfig, DatabaseNode};
use serde_json::json;
use sqlx::{AssertSqlSafe, raw_sql};

use crate::support::{MariaDb, World, mariadb, world};

/// Runs `api`; whether it succeeded, what it said and what it complained of.
fn run(config: &ApiConfig, directory: &tempfile::TempDir, arguments: &[&str]) -> (bool, String, String) {
    let path = directory.path().join("api.yaml");
    std::fs::write(&path, serde_json::to_string(config).unwrap()).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_api"))
        .args(arguments)
        .arg("--config")
        .arg(&path)
        .output()
        .unwrap();
    (
        done.status.success(),
        String::from_utf8(done.stdout).unwrap(),
        String::from_utf8(done.stderr).unwrap(),
    )
}

const fn organization(slug: &str) -> [&str; 8] {
    [
        "organization",
        "create",
        "--slug",
        slug,
        "--name",
        "Gamma",
        "--administrator",
        "ana",
    ]
}

// The API answers probes while a command runs.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_makes_an_organization_and_a_made_up_clinic() {
    let world = World::new().await;
    let run = |arguments: &[&str]| run(&world.config, &world.directory, arguments);
    let make = organization("gamma");
    let (good, out, error) = run(&make);
    assert!(good, "{error}");
    let code = out.lines().last().unwrap();
    let body = json!({"organization": "gamma", "username": "ana", "code": code, "password": "tres gatos en el tejado"});
    world.anonymous.post("/auth/sign-in/activate", body).await.expect(204);
    assert!(!run(&make).0, "a second one of that name is refused");

    let seed = ["seed", "--patients", "60", "--clinics", "1", "--seed", "7"];
    let (good, out, error) = run(&seed);
    assert!(good, "{error}");
    let physician: Vec<&str> = out
        .lines()
        .find(|line| line.starts_with("physician"))
        .unwrap()
        .split_whitespace()
        .collect();
    let body = json!({"organization": "san-telmo", "username": "physician", "password": physician[1]});
    let state = world.anonymous.post("/auth/sign-in", body).await.expect(200).json();
    let body = json!({"token": state["token"], "code": physician[3]});
    let state = world
        .anonymous
        .post("/auth/sign-in/totp", body)
        .await
        .expect(200)
        .json();
    let client = world.anonymous.with(state["token"].as_str().unwrap());
    let found = client
        .post("/patients/search", json!({"name": "garcía"}))
        .await
        .expect(200)
        .json();
    let items = found["items"].as_array().unwrap();
    assert!(!items.is_empty() && items.iter().all(|one| one["synthetic"] == true));
    assert!(!run(&seed).0, "seeding twice is refused");
}

#[tokio::test]
async fn the_command_line_verifies_an_access_log() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let heads = alfa.client(Role::Auditor).get("/access-log/heads").await.expect(200);
    let anchors = world.directory.path().join("heads.json");
    std::fs::write(&anchors, &heads.bytes).unwrap();
    let verify = [
        "access-log",
        "verify",
        "--organization",
        "alfa",
        "--anchors",
        anchors.to_str().unwrap(),
    ];
    let (good, out, error) = run(&world.config, &world.directory, &verify);
    assert!(good && out.ends_with("intact\n"), "{out}{error}");
    mariadb::run(&mut world.db, "UPDATE access_log SET action = 'nothing' LIMIT 1").await;
    let (good, out, error) = run(&world.config, &world.directory, &verify);
    assert!(!good && out.contains("\"finding\":\"altered\""), "{out}");
    assert!(error.contains("not intact"), "{error}");
    let (good, _, error) = run(
        &world.config,
        &world.directory,
        &["access-log", "verify", "--organization", "nobody"],
    );
    assert!(!good && error.contains("nobody"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_runs_once_asks_one_node_after_the_other() {
    let world = World::new().await;
    let mut fit = MariaDb::shared().connect().await;
    // Migrations run as the same account here.
    let own = format!("GRANT ALL ON {}.* TO api@'127.0.0.1'", world.database);
    raw_sql(AssertSqlSafe(own.clone())).execute(&mut fit).await.unwrap();
    let server = MariaDb::alone();
    let mut read_only = server.connect().await;
    raw_sql(AssertSqlSafe(format!("CREATE DATABASE {}", world.database)))
        .execute(&mut read_only)
        .await
        .unwrap();
    world::grant(&mut read_only, &world.database).await;
    raw_sql(AssertSqlSafe(format!("{own}; SET GLOBAL read_only = ON")))
        .execute(&mut read_only)
        .await
        .unwrap();
    // Takes connections, as the kernel does for a program that hangs, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let ports = [
        mariadb::free_port(),
        silent.local_addr().unwrap().port(),
        server.port,
        MariaDb::shared().port,
    ];
    let over = |ports: &[u16]| {
        let mut config = world.config.clone();
        config.database.nodes = ports
            .iter()
            .map(|port| DatabaseNode {
                host: "127.0.0.1".into(),
                port: *port,
            })
            .collect();
        config
    };

    let (good, out, error) = run(&over(&ports), &world.directory, &organization("delta"));
    assert!(good && out.contains("organization delta made"), "{out}{error}");
    let (good, out, error) = run(&over(&ports), &world.directory, &["migrate"]);
    assert!(good && out.contains("up to date"), "{out}{error}");

    for command in [&organization("epsilon")[..], &["seed"], &["migrate", "--wait", "1s"]] {
        let (good, out, error) = run(&over(&ports[..3]), &world.directory, command);
        assert!(!good, "{out}");
        let places: Vec<_> = ports[..3]
            .iter()
            .map(|port| {
                error
                    .find(&format!("127.0.0.1:{port}: "))
                    .unwrap_or_else(|| panic!("{error}"))
            })
            .collect();
        assert!(places.is_sorted(), "{error}");
        assert!(error.contains("read-only"), "{error}");
    }
    let made = format!(
        "SELECT COUNT(*) FROM {}.organization WHERE slug = 'epsilon'",
        world.database
    );
    let made: i64 = sqlx::query_scalar(AssertSqlSafe(made))
        .fetch_one(&mut fit)
        .await
        .unwrap();
    assert_eq!(made, 0);
}
