//! The program itself: what it logs, how it stops, its certificates.

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use serde_json::json;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider},
};

use crate::support::{Api, Client, MariaDb, World, eventually, world::person};

#[tokio::test]
async fn the_log_says_what_happened_and_nothing_about_anybody() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let mut config = serde_json::to_value(&world.config).unwrap();
    config["telemetry"] = json!({"logLevel": "debug"});
    let mut api = Api::start(&config).await;
    let client = Client::new(api.address).with(alfa.receptionist().token.as_deref().unwrap());
    let secrets = [
        "Zacarías",
        "Inconfundible",
        "12345678Z",
        "+34999123456",
        "zacarias@example.org",
        "tos ferina",
    ];
    let mut patient = person("Zacarías", "Inconfundible");
    patient["document"] = json!({"type": "dni", "number": "12345678Z"});
    patient["phone"] = json!("+34999123456");
    patient["email"] = json!("zacarias@example.org");
    let body = json!({"patient": patient});
    let made = client.post("/patients", body.clone()).await.expect(201).id();
    client.post("/patients", body).await.expect(409);
    client
        .post("/patients/search", json!({"name": "Inconfundible"}))
        .await
        .expect(200);
    client
        .get(&format!("/patients/{made}?Inconfundible=1"))
        .await
        .expect(200);
    client
        .post(
            &format!("/patients/{made}/entries"),
            json!({"content": {"kind": "note", "title": "tos ferina", "text": "x"}}),
        )
        .await
        .expect(403);
    client
        .raw(
            "POST",
            "/patients",
            &[],
            Some("{\"patient\": \"Inconfundible\"}".into()),
        )
        .await
        .expect(400);
    let sign_in =
        json!({"organization": "alfa", "username": "zacarias@example.org", "password": "Inconfundible 12345678Z"});
    client.post("/auth/sign-in", sign_in).await.expect(401);
    // A mistake of the database quotes the value; the log must not.
    sqlx::raw_sql("ALTER TABLE patient MODIFY family_name VARCHAR(5) NOT NULL")
        .execute(&mut world.db)
        .await
        .err();
    sqlx::raw_sql("ALTER TABLE patient ADD CONSTRAINT short CHECK (CHAR_LENGTH(given_name) < 12)")
        .execute(&mut world.db)
        .await
        .unwrap();
    let long = json!({"patient": person("Zacarías Zacarías", "Inconfundible"), "not_a_duplicate": true});
    assert!(client.post("/patients", long).await.status.as_u16() >= 400);
    api.terminate();
    let status = api.child.wait().unwrap();
    assert!(status.success());
    let log = api.log();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let requests = lines.iter().filter(|line| line["message"] == "request").count();
    assert!(requests >= 8, "{log}");
    assert!(lines.iter().any(|line| line["route"] == "/api/v1/patients/{id}"));
    let token = alfa.receptionist().token.clone().unwrap();
    for secret in secrets
        .iter()
        .copied()
        .chain([made.as_str(), token.as_str(), "Ana", "García"])
    {
        assert!(!log.contains(secret), "the log tells {secret}: {log}");
    }
}

#[tokio::test]
async fn stopping_loses_no_request() {
    let mut world = World::new().await;
    let alfa = world.organization("alfa").await;
    let mut config = serde_json::to_value(&world.config).unwrap();
    config["server"]["drainDelay"] = json!("8s");
    let mut api = Api::start(&config).await;
    let token = alfa.receptionist().token.clone().unwrap();
    let client = Client::new(api.address).with(&token);
    let management = Client::new(api.management);
    // Hold a lock that the requests need, so that they are in flight when the signal comes.
    let mut root = MariaDb::shared().connect().await;
    let lock = format!("LOCK TABLES {}.patient WRITE", world.database);
    sqlx::raw_sql(sqlx::AssertSqlSafe(lock))
        .execute(&mut root)
        .await
        .unwrap();
    let requests: Vec<_> = (0..10)
        .map(|number| {
            let client = client.clone();
            let body = json!({"patient": person(&format!("Eva {number}"), "Fin"), "not_a_duplicate": true});
            tokio::spawn(async move { client.post("/patients", body).await })
        })
        .collect();
    eventually("the requests wait for the lock", || async {
        let text = String::from_utf8(management.at("/metrics").await.bytes.to_vec()).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("galeno_api_requests_in_flight "))?;
        (line.split(' ').nth(1)?.parse::<u32>().ok()? >= 10).then_some(())
    })
    .await;
    api.terminate();
    eventually("the management port says that it is stopping", || async {
        let answer = management.at("/readyz").await;
        (answer.status == 503 && answer.json()["why"] == "stopping").then_some(())
    })
    .await;
    sqlx::raw_sql("UNLOCK TABLES").execute(&mut root).await.unwrap();
    for request in requests {
        request.await.unwrap().expect(201);
    }
    assert!(api.child.wait().unwrap().success());
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM patient WHERE family_name = 'Fin'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(count, 10);
}

/// A certificate of our own authority, by Debian's openssl.
fn certificate(directory: &Path, name: &str) {
    let run = |arguments: &[&str]| {
        let done = Command::new("openssl")
            .current_dir(directory)
            .args(arguments)
            .output()
            .expect("openssl");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let subject = format!("/CN={name}");
    if !directory.join("ca.key").exists() {
        run(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.crt",
            "-subj",
            "/CN=test authority",
            "-days",
            "2",
        ]);
    }
    let (key, request, made) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.crt"));
    run(&[
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        &key,
        "-out",
        &request,
        "-subj",
        &subject,
    ]);
    std::fs::write(directory.join("extensions"), "subjectAltName=DNS:localhost\n").unwrap();
    run(&[
        "x509",
        "-req",
        "-in",
        &request,
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        &made,
        "-days",
        "2",
        "-extfile",
        "extensions",
    ]);
}

/// The server's certificate, as a client sees it that presents `client`, or why there is none.
async fn shown(address: std::net::SocketAddr, directory: &Path, client: Option<&str>) -> Option<Vec<u8>> {
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(directory.join("ca.crt")).unwrap())
        .unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some(name) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_file(directory.join(format!("{name}.crt"))).unwrap()],
                PrivateKeyDer::from_pem_file(directory.join(format!("{name}.key"))).unwrap(),
            )
            .unwrap(),
    };
    let stream = tokio::net::TcpStream::connect(address).await.ok()?;
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect("localhost".try_into().unwrap(), stream)
        .await
        .ok()?;
    let certificate = stream.get_ref().1.peer_certificates()?.first()?.to_vec();
    stream
        .write_all(b"GET /api/v1/organization HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.starts_with("HTTP/1.1 401").then_some(certificate)
}

#[tokio::test]
async fn certificates_change_without_a_restart_and_a_client_needs_one() {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    for name in ["one", "two", "client"] {
        certificate(directory.path(), name);
    }
    std::fs::copy(path("one.crt"), path("server.crt")).unwrap();
    std::fs::copy(path("one.key"), path("server.key")).unwrap();
    let mut config = serde_json::to_value(&world.config).unwrap();
    config["server"]["tls"] = json!({
        "certificateFile": path("server.crt"), "keyFile": path("server.key"), "clientCaFile": path("ca.crt")
    });
    let api = Api::start(&config).await;
    let first = shown(api.address, directory.path(), Some("client"))
        .await
        .expect("a client with a certificate is served");
    assert!(
        shown(api.address, directory.path(), None).await.is_none(),
        "one without is not"
    );
    std::fs::copy(path("two.key"), path("server.key")).unwrap();
    std::fs::copy(path("two.crt"), path("server.crt")).unwrap();
    eventually("the new certificate is in force", || async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = shown(api.address, directory.path(), Some("client")).await?;
        (now != first).then_some(())
    })
    .await;
}
