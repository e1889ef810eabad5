//! FHIR, judged by clients and validators that nobody here wrote: PyPI `fhirclient` and `fhir.resources`.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use galeno_api::authz::Role;
use serde_json::json;

use crate::{
    fhir::{furnish, places},
    support::{World, mariadb::free_port, world::register},
};

/// The Python that `tools/setup` made, or else the one that is there.
fn python() -> PathBuf {
    let own = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.cache/venv/bin/python3"));
    if own.exists() { own } else { "python3".into() }
}

#[tokio::test]
async fn real_clients_read_search_page_create_and_change_and_every_answer_is_valid() {
    // Links must lead back here.
    let mut world = World::with(|config| {
        let port = free_port();
        config.server.listen = format!("127.0.0.1:{port}").parse().unwrap();
        config.server.public_url = format!("http://127.0.0.1:{port}");
    })
    .await;
    let alfa = world.organization("alfa").await;
    let things = furnish(&world, &alfa).await;
    for number in 0..7 {
        register(alfa.receptionist(), &format!("Eva {number}"), "Paginada Ruiz").await;
    }
    let tokens: serde_json::Map<_, _> = [Role::Physician, Role::Receptionist, Role::Auditor, Role::Patient]
        .into_iter()
        .map(|role| (role.word().to_owned(), json!(alfa.client(role).token)))
        .collect();
    let ids: serde_json::Map<_, _> = places(&alfa, &things)
        .into_iter()
        .map(|(kind, id)| (kind.to_owned(), json!(id)))
        .collect();
    let input = json!({
        "base": format!("{}/fhir", world.config.server.public_url), "tokens": tokens, "ids": ids,
        "free": [things.slots[4], things.slots[5]], "practitioner": alfa.staff[&Role::Physician],
    });
    let judge = move || {
        let mut child = Command::new(python())
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fhir/clients.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.to_string().as_bytes()).unwrap();
        drop(stdin);
        child.wait_with_output().unwrap()
    };
    let output = tokio::task::spawn_blocking(judge).await.unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{out}\n{err}\n(PyPI packages: run tools/setup)"
    );
    // The script says how much it has judged: a check that checked nothing is none.
    let judged: serde_json::Value = serde_json::from_str(out.trim().lines().last().unwrap()).unwrap();
    for kind in places(&alfa, &things).iter().map(|(kind, _)| *kind).chain([
        "AuditEvent",
        "Bundle",
        "CapabilityStatement",
        "OperationOutcome",
    ]) {
        assert!(
            judged["valid"][kind].as_u64().unwrap_or(0) > 0,
            "no {kind} was judged: {judged}"
        );
    }
    assert!(judged["checks"].as_u64().unwrap() > 40, "{judged}");
}
