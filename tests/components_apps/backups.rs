//! What backups are told of the bucket.

use serde_json::{Value, json};

use crate::platform::{changed, object, rendered};

/// The configuration and the secret of the daily backup.
fn told(private: bool) -> (Value, Vec<Value>) {
    let output = rendered(&changed("staging", |environment| {
        environment.backup.bucket.private_authority = private;
    }));
    let config = object(&output, "eu-central", "ConfigMap", "backup-daily").str_at("/data/backup.json");
    let secrets = output
        .manifests
        .iter()
        .filter(|m| m.object.kind() == "ExternalSecret" && m.object.name() == "backup-storage")
        .map(|m| m.object.at("/spec/data").unwrap().clone())
        .collect();
    (serde_json::from_str(config).unwrap(), secrets)
}

#[test]
fn a_webhook_behind_an_authority_of_ones_own_is_believed_by_that_authority_alone() {
    for private in [true, false] {
        let output = rendered(&changed("staging", |environment| {
            environment.backup.alerts.webhook_private_authority = private;
        }));
        let config = object(&output, "eu-central", "ConfigMap", "backup-daily").str_at("/data/backup.json");
        let config: Value = serde_json::from_str(config).unwrap();
        let file = config.pointer("/alerts/webhook/caFile");
        assert_eq!(file, private.then(|| json!("/etc/backup-alerts/ca.crt")).as_ref());
        for (secret, namespace) in [("backup-alerts", "clinic-data"), ("alertmanager-config", "monitoring")] {
            let found = output.manifests.iter().find(|m| {
                m.object.kind() == "ExternalSecret"
                    && m.object.name() == secret
                    && m.object.str_at("/metadata/namespace") == namespace
            });
            let text = found.unwrap().object.at("/spec").unwrap().to_string();
            assert_eq!(text.contains("ca.crt"), private, "{secret}: {text}");
        }
    }
}

#[test]
fn a_bucket_behind_an_authority_of_ones_own_is_believed_by_that_authority_alone() {
    let (config, secrets) = told(true);
    assert_eq!(config["storage"]["caFile"], "/etc/backup-storage/ca.crt");
    assert!(!secrets.is_empty());
    for secret in secrets {
        let keys: Vec<&Value> = secret
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| &entry["secretKey"])
            .collect();
        assert!(keys.contains(&&json!("ca.crt")), "{keys:?}");
    }
    let (config, secrets) = told(false);
    assert_eq!(config["storage"].get("caFile"), None);
    assert!(secrets.iter().all(|secret| !secret.to_string().contains("ca.crt")));
}
