//! No query of any endpoint reads a table from end to end: the server itself says which ones do.

use galeno_api::{
    authz::{Relation, Role, allowed},
    seed::{Size, seed},
};
use sqlx::{Connection, MySqlConnection};

use crate::{
    authorization::{action, body, fill, furnish, meant, open_to_all, operations, query},
    support::{MariaDb, World, eventually},
};

/// Patients besides the one that is asked about. A query that examines this many rows has no index that helps.
const CROWD: u32 = 1500;

#[tokio::test]
async fn no_endpoint_reads_a_table_from_end_to_end() {
    let server = MariaDb::alone();
    let mut world = World::on(&server, |_| {}).await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&mut world, &alfa).await;
    let size = Size {
        patients: CROWD,
        clinics: 2,
        entries: 2,
        // However the weekend falls, more slots than a query may examine.
        days: 7,
    };
    let now = jiff::Timestamp::now();
    let crowd = seed(&mut world.db, &world.app.keys, "crowd", 7, &size, now, |_, _, _| {})
        .await
        .unwrap();
    assert_eq!(world.broken().await, [""; 0], "what a seed makes is sound");
    join(&mut world, crowd.organization, alfa.id).await;

    let mut root = MySqlConnection::connect_with(&server.root()).await.unwrap();
    sqlx::raw_sql(
        "SET GLOBAL log_output = 'TABLE'; SET GLOBAL long_query_time = 0; SET GLOBAL min_examined_row_limit = 500; \
         SET GLOBAL log_slow_filter = 'full_scan,full_join,not_using_index'; SET GLOBAL slow_query_log = ON",
    )
    .execute(&mut root)
    .await
    .unwrap();
    // Sessions take those settings when they begin: another replica begins new ones.
    let (_app, running, fresh) = world.replica(&world.config.clone()).await;
    let (mut asked, mut reached) = (0, 0);
    for (method, path, operation) in operations() {
        if path.starts_with("/auth/") || open_to_all(&operation) || path.ends_with("/erasure") || method == "DELETE" {
            continue;
        }
        let Some(action) = action(&method, &path) else { continue };
        let role = Role::ALL.iter().copied().find(|role| {
            let has = if *role == Role::Patient {
                vec![Relation::Own]
            } else {
                vec![Relation::Organization, Relation::Care]
            };
            *role != Role::Service && allowed(*role, action, &has).is_some()
        });
        let client = fresh.with(alfa.client(role.unwrap()).token.as_deref().unwrap());
        let to = fill(&path, &|name| *things.get(meant(&path, name)).unwrap_or(&alfa.patient)) + &query(&path, &things);
        let content = body(&path, &method, &things);
        for version in ["\"1\"", "\"2\""] {
            let answer = client
                .send(&method, &to, &[("if-match", version)], Some(&content))
                .await;
            // What was refused before its queries has shown nothing of them.
            assert!(
                !matches!(answer.status.as_u16(), 401 | 403 | 429 | 503),
                "{method} {to}: {answer:?}"
            );
            reached += u32::from(answer.status.is_success());
            asked += 1;
        }
    }
    for search in [
        serde_json::json!({"name": "Ana García"}),
        serde_json::json!({"name": "gar", "birth_date": "1980-05-17"}),
        serde_json::json!({"phone": "+34999000001"}),
        serde_json::json!({"document_number": "90000001X"}),
        serde_json::json!({"birth_date": "1980-05-17"}),
    ] {
        let client = fresh.with(alfa.receptionist().token.as_deref().unwrap());
        client.post("/patients/search", search).await.expect(200);
    }
    assert!(asked > 120 && reached > 100, "{asked} {reached}");
    running.stop().await;
    lines_of_before(&mut world, alfa.id).await;
    while galeno_api::mend_pairs(&world.app).await.unwrap() > 0 {}
    // A word that everybody has, beside another one.
    for common in [
        "INSERT INTO patient_pair SELECT organization, 'comunes', 'zz', id, ' comunes zz' FROM patient WHERE organization = ?",
        "INSERT INTO patient_word SELECT organization, 'comunes', id, NULL FROM patient WHERE organization = ?",
    ] {
        let common = sqlx::query(common).bind(alfa.id);
        common.execute(&mut world.db).await.unwrap();
    }
    // FHIR's conditions are folded into statements that an index of another column could serve from end to end: here it
    // counts how many rows each one examines.
    sqlx::raw_sql("SET GLOBAL log_slow_filter = ''")
        .execute(&mut root)
        .await
        .unwrap();
    let (_app, running, fresh) = world.replica(&world.config.clone()).await;
    let (_, auditor) = world.staff(alfa.id, Role::Auditor, 77).await;
    let (_, reception) = world.staff(alfa.id, Role::Receptionist, 77).await;
    let with = |role: Role| {
        let client = if role == Role::Auditor { &auditor } else { &reception };
        fresh.with(client.token.as_deref().unwrap())
    };
    for (role, search) in [
        (Role::Receptionist, "Patient?email=nobody@example.org".to_owned()),
        (Role::Receptionist, "Patient?phone=%2B34999000001".to_owned()),
        (Role::Receptionist, "Patient?identifier=90000001X".to_owned()),
        (
            Role::Receptionist,
            "Patient?birthdate=1980-05-17&gender=female".to_owned(),
        ),
        (
            Role::Receptionist,
            "Patient?family:exact=Nadie&address-postalcode=28".to_owned(),
        ),
        (Role::Receptionist, "Appointment?date=2031-01-01".to_owned()),
        (Role::Receptionist, format!("Appointment?patient={}", alfa.patient)),
        (Role::Auditor, "AuditEvent?_count=5".to_owned()),
        (Role::Auditor, "AuditEvent?_sort=-date&_count=5".to_owned()),
        (Role::Auditor, "AuditEvent?date=2021&outcome=4".to_owned()),
        (Role::Receptionist, "Patient?given=nadie&family=garcia".to_owned()),
        (Role::Receptionist, "Patient?name=comunes%20aa".to_owned()),
        // These lead to everybody: a page is read of them, and no more.
        (Role::Receptionist, "Patient?name=comun&_count=10".to_owned()),
        (
            Role::Receptionist,
            "Patient?name=comunes&gender=female&_count=10".to_owned(),
        ),
        (Role::Receptionist, "Patient?name=comunes%20zz&_count=10".to_owned()),
    ] {
        with(role).fhir("GET", &search, &[], None).await.expect(200);
    }
    // The last one has everybody: a page is read of them, and no more.
    for name in ["comunes aa", "comunes aa bb", "comunes zz", "comunes", "comun"] {
        let search = serde_json::json!({"name": name, "limit": 10});
        with(Role::Receptionist)
            .post("/patients/search", search)
            .await
            .expect(200);
    }
    running.stop().await;
    let slow: Vec<(String, i64)> = sqlx::query_as(
        "SELECT CONVERT(sql_text USING utf8mb4), CAST(MAX(rows_examined) AS SIGNED) FROM mysql.slow_log \
         WHERE db = ? AND user_host LIKE 'api%' GROUP BY 1",
    )
    .bind(&world.database)
    .fetch_all(&mut root)
    .await
    .unwrap();
    // Verifying the whole access log reads the whole access log.
    let unasked: Vec<_> = slow
        .iter()
        .filter(|(statement, _)| {
            !(statement.contains("FROM access_log WHERE organization") && statement.contains("lane"))
        })
        .collect();
    assert!(unasked.is_empty(), "{unasked:#?}");
    // The trap is set: a query without an index is caught.
    let mut caught = MySqlConnection::connect_with(&server.root().database(&world.database))
        .await
        .unwrap();
    let _: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM patient WHERE address = 'x' OR given_name = 'x'")
        .fetch_all(&mut caught)
        .await
        .unwrap();
    // It tells after it has answered.
    eventually("the server tells", async || {
        let told = "SELECT COUNT(*) FROM mysql.slow_log WHERE sql_text LIKE '%address%'";
        let mut root = MySqlConnection::connect_with(&server.root()).await.unwrap();
        let told: i64 = sqlx::query_scalar(told).fetch_one(&mut root).await.unwrap();
        (told > 0).then_some(())
    })
    .await;
}

/// Lines of the access log from years ago: what is asked about another year reads none of them.
async fn lines_of_before(world: &mut World, organization: uuid::Uuid) {
    sqlx::query(
        "INSERT INTO access_log (organization, lane, seq, id, at, actor_kind, actor, role, relation, purpose, action, outcome, \
         patient, resource_kind, resource, request, source, hash) \
         SELECT ?, 60000, seq, UNHEX(CONCAT(LPAD(HEX(1577836800000 + seq * 60000), 12, '0'), '70008000', LPAD(HEX(seq), 12, '0'))), \
         '2020-01-01' + INTERVAL seq MINUTE, 'system', UNHEX(MD5('x')), 'service', 'none', 'HSYSADMIN', 'patient.search', 'done', \
         NULL, 'patient-search', NULL, UNHEX(MD5(seq)), NULL, UNHEX(SHA2(seq, 256)) FROM seq_1_to_1000",
    )
    .bind(organization)
    .execute(&mut world.db)
    .await
    .unwrap();
}

/// Makes one organization of two.
async fn join(world: &mut World, from: uuid::Uuid, into: uuid::Uuid) {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT TABLE_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'organization' \
         AND TABLE_NAME NOT IN ('access_lane', 'access_log')",
    )
    .fetch_all(&mut world.db)
    .await
    .unwrap();
    sqlx::raw_sql("SET SESSION foreign_key_checks = OFF")
        .execute(&mut world.db)
        .await
        .unwrap();
    for table in tables {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "UPDATE {table} SET organization = ? WHERE organization = ?"
        )))
        .bind(into)
        .bind(from)
        .execute(&mut world.db)
        .await
        .unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("ANALYZE TABLE {table}")))
            .execute(&mut world.db)
            .await
            .unwrap();
    }
}
