//! Argo CD's health checks, run by a real Lua interpreter (Debian's `lua5.4`) against statuses of every kind.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::platform::{object, rendered, topology};

/// What a check says of an object: its status and message.
fn check(kind: &str, sample: &Value) -> (String, String) {
    let output = rendered(&topology("prod"));
    let settings = object(&output, "eu-central", "ConfigMap", "argocd-cm");
    let lua = settings.str_at(&format!("/data/resource.customizations.health.{kind}"));
    assert!(!lua.is_empty(), "no check for {kind}");
    let program = format!(
        "obj = {}\nlocal hs = (function()\n{lua}\nend)()\nio.write(hs.status, '\\n', hs.message or '')",
        table(sample)
    );
    let mut child = Command::new("lua5.4")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("lua5.4 is installed by tools/setup");
    child.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(
        done.status.success(),
        "{}\n{program}",
        String::from_utf8_lossy(&done.stderr)
    );
    let text = String::from_utf8(done.stdout).unwrap();
    let (status, message) = text.split_once('\n').unwrap();
    (status.to_owned(), message.to_owned())
}

/// A JSON value as a Lua table; null is what is not there.
fn table(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => format!("{{{}}}", items.iter().map(table).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let fields = map.iter().map(|(key, value)| format!("[{key:?}] = {}", table(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

#[test]
fn a_warning_of_ceph_is_no_failure() {
    let kind = "ceph.rook.io_CephCluster";
    for (sample, status, message) in [
        (json!({}), "Progressing", "waiting for Rook"),
        (
            json!({"status": {"phase": "Progressing"}}),
            "Progressing",
            "waiting for Rook",
        ),
        (
            json!({"status": {"phase": "Failure", "message": "no disks"}}),
            "Degraded",
            "no disks",
        ),
        (
            json!({"status": {"phase": "Ready", "ceph": {"health": "HEALTH_OK"}}}),
            "Healthy",
            "HEALTH_OK",
        ),
        (
            json!({"status": {"phase": "Ready", "ceph": {"health": "HEALTH_WARN",
                "details": {"OSD_DOWN": {"severity": "HEALTH_WARN"}, "MON_DOWN": {"severity": "HEALTH_WARN"}}}}}),
            "Healthy",
            "HEALTH_WARN: MON_DOWN, OSD_DOWN",
        ),
        (
            json!({"status": {"phase": "Ready", "ceph": {"health": "HEALTH_ERR"}}}),
            "Degraded",
            "HEALTH_ERR",
        ),
        (
            json!({"status": {"phase": "Ready", "ceph": {"health": "HEALTH_UNKNOWN"}}}),
            "Progressing",
            "HEALTH_UNKNOWN",
        ),
    ] {
        assert_eq!(
            check(kind, &sample),
            (status.to_owned(), message.to_owned()),
            "{sample}"
        );
    }
}

#[test]
fn pools_and_filesystems_are_ready_when_they_say_so() {
    for kind in ["CephFilesystem", "CephBlockPool", "CephFilesystemSubVolumeGroup"] {
        let kind = format!("ceph.rook.io_{kind}");
        for (sample, status) in [
            (json!({}), "Progressing"),
            (json!({"status": {"phase": "Progressing"}}), "Progressing"),
            (json!({"status": {"phase": "Ready"}}), "Healthy"),
            (json!({"status": {"phase": "Failure"}}), "Degraded"),
        ] {
            assert_eq!(check(&kind, &sample).0, status, "{kind} {sample}");
        }
    }
    let ready =
        |status: &str| json!({"status": {"conditions": [{"type": "Ready", "status": status, "message": "no image"}]}});
    assert_eq!(check("csi.ceph.io_Driver", &json!({})).0, "Healthy");
    assert_eq!(check("csi.ceph.io_Driver", &ready("True")).0, "Healthy");
    assert_eq!(
        check("csi.ceph.io_Driver", &ready("False")),
        ("Degraded".to_owned(), "no image".to_owned())
    );
}

#[test]
fn an_application_is_judged_only_by_its_present_source() {
    let kind = "argoproj.io_Application";
    let source = json!({"repoURL": "https://git.example.org/a.git", "path": "p", "targetRevision": "main"});
    let old = json!({"repoURL": "https://git.example.org/a.git", "path": "p", "targetRevision": "v1"});
    let sample = |compared: &Value, health: &str| {
        json!({
            "spec": {"source": source},
            "status": {"sync": {"comparedTo": {"source": compared}}, "health": {"status": health, "message": "m"}},
        })
    };
    assert_eq!(check(kind, &json!({"spec": {"source": source}})).0, "Progressing");
    assert_eq!(
        check(kind, &sample(&source, "Degraded")),
        ("Degraded".to_owned(), "m".to_owned())
    );
    assert_eq!(check(kind, &sample(&source, "Healthy")).0, "Healthy");
    assert_eq!(check(kind, &sample(&old, "Healthy")).0, "Progressing");
    let several = |compared: &Value| {
        json!({
            "spec": {"sources": [source, source]},
            "status": {"sync": {"comparedTo": {"sources": [source, compared]}}, "health": {"status": "Healthy"}},
        })
    };
    assert_eq!(check(kind, &several(&source)).0, "Healthy");
    assert_eq!(check(kind, &several(&old)).0, "Progressing");
}

#[test]
fn a_valid_certificate_stays_healthy_while_its_renewal_is_tried() {
    let kind = "cert-manager.io_Certificate";
    let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "message": "m"});
    let sample = |conditions: Vec<Value>, failed: bool| {
        let mut sample = json!({"status": {"conditions": conditions}});
        if failed {
            sample["status"]["lastFailureTime"] = json!("2026-11-24T00:00:00Z");
        }
        sample
    };
    for (sample, status) in [
        (json!({}), "Progressing"),
        (sample(vec![condition("Ready", "True")], false), "Healthy"),
        (
            sample(vec![condition("Ready", "True"), condition("Issuing", "True")], true),
            "Healthy",
        ),
        (
            sample(vec![condition("Ready", "False"), condition("Issuing", "True")], true),
            "Progressing",
        ),
        (sample(vec![condition("Ready", "False")], true), "Degraded"),
        (sample(vec![condition("Ready", "False")], false), "Progressing"),
    ] {
        assert_eq!(check(kind, &sample).0, status, "{sample}");
    }
}
