//! Alertmanager: who is told of what.
//!
//! Its configuration holds the webhook's address and the mail account, so that it is a Secret; External Secrets makes it
//! from the text below and from the store.

use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kcr_external_secrets_io::v1::externalsecrets::{
    ExternalSecret, ExternalSecretData, ExternalSecretDataRemoteRef, ExternalSecretSecretStoreRef,
    ExternalSecretSecretStoreRefKind, ExternalSecretSpec, ExternalSecretTarget, ExternalSecretTargetCreationPolicy,
    ExternalSecretTargetDeletionPolicy, ExternalSecretTargetTemplate, ExternalSecretTargetTemplateEngineVersion,
};
use serde_json::{Value, json};

use super::super::common::{namespaced, pod_security};
use super::super::kinds::prometheus::{Alertmanager, AlertmanagerSpec, Storage};
use super::super::output::because;
use super::super::stateless::NOBODY;
use super::{COMPONENT, NAME, Output};
use crate::spec::Promise;
use crate::topology::names::{Namespace, priorities, secrets};
use crate::topology::{Alerts, Region, Topology};

/// The receiver that people read.
const PEOPLE: &str = "people";
/// The receiver that notices when alerts stop coming.
const WATCHDOG: &str = "watchdog";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let alerts = &topology.backup.alerts;
    configuration(topology, region, alerts, output);
    let text = |key: &str, value: &str| (key.to_owned(), Quantity(value.to_owned()));
    let alertmanager = Alertmanager {
        metadata: namespaced(Namespace::Monitoring, NAME, COMPONENT),
        spec: AlertmanagerSpec {
            replicas: Some(if topology.promise == Promise::None { 1 } else { 3 }),
            config_secret: Some(secrets::ALERTMANAGER_CONFIG.to_owned()),
            retention: Some("120h".to_owned()),
            automount_service_account_token: Some(false),
            storage: Some(Storage {
                empty_dir: Some(EmptyDirVolumeSource {
                    size_limit: Some(Quantity("256Mi".to_owned())),
                    medium: None,
                }),
            }),
            resources: Some(ResourceRequirements {
                requests: Some([text("cpu", "20m"), text("memory", "128Mi")].into()),
                limits: Some([text("memory", "128Mi")].into()),
                claims: None,
            }),
            security_context: Some(pod_security(NOBODY)),
            priority_class_name: Some(priorities::APPLICATION.to_owned()),
        },
    };
    let whole = because("groups alerts and tells people, once; replicas agree among themselves who does")
        .from("/backup/alerts");
    let parts = [
        because("a silence that somebody set is known to three, so that it survives any one")
            .on("/spec/replicas")
            .from("/promise"),
        because("the Secret that External Secrets makes from the configuration and the store").on("/spec/configSecret"),
    ];
    output.add(region, COMPONENT, &alertmanager, whole, parts);
}

fn configuration(topology: &Topology, region: &Region, alerts: &Alerts, output: &mut Output) {
    let text = match serde_saphyr::to_string(&routing(alerts)) {
        Ok(text) => secrets::ALERT_KEYS
            .iter()
            .chain([&secrets::AUTHORITY_KEY])
            .fold(text, |text, key| {
                text.replace(&stored(key), &format!("{{{{ index . `{key}` | toJson }}}}"))
            }),
        Err(error) => {
            output.broken.push(format!(
                "{COMPONENT} in {}: Alertmanager's configuration: {error}",
                region.name
            ));
            return;
        }
    };
    let mut keys: Vec<&str> = Vec::new();
    if alerts.webhook {
        keys.push(secrets::ALERT_KEYS[0]);
        keys.extend(alerts.webhook_private_authority.then_some(secrets::AUTHORITY_KEY));
    }
    if alerts.smtp.is_some() {
        keys.extend(&secrets::ALERT_KEYS[1..]);
    }
    let data = keys.into_iter().map(|key| ExternalSecretData {
        secret_key: key.to_owned(),
        remote_ref: ExternalSecretDataRemoteRef {
            key: format!("{}/{}", topology.secrets.path, secrets::ALERTS),
            property: Some(key.to_owned()),
            ..ExternalSecretDataRemoteRef::default()
        },
        source_ref: None,
    });
    let secret = ExternalSecret {
        metadata: namespaced(Namespace::Monitoring, secrets::ALERTMANAGER_CONFIG, COMPONENT),
        spec: ExternalSecretSpec {
            refresh_interval: Some(topology.secrets.refresh.to_string().replace(' ', "")),
            secret_store_ref: Some(ExternalSecretSecretStoreRef {
                name: Some(topology.secrets.store.to_string()),
                kind: Some(ExternalSecretSecretStoreRefKind::ClusterSecretStore),
            }),
            target: Some(ExternalSecretTarget {
                name: Some(secrets::ALERTMANAGER_CONFIG.to_owned()),
                creation_policy: Some(ExternalSecretTargetCreationPolicy::Owner),
                deletion_policy: Some(ExternalSecretTargetDeletionPolicy::Retain),
                template: Some(ExternalSecretTargetTemplate {
                    engine_version: Some(ExternalSecretTargetTemplateEngineVersion::V2),
                    data: Some([("alertmanager.yaml".to_owned(), text)].into()),
                    ..ExternalSecretTargetTemplate::default()
                }),
                ..ExternalSecretTarget::default()
            }),
            data: Some(data.collect()),
            ..ExternalSecretSpec::default()
        },
        status: None,
    };
    let whole = because(
        "who is told of what; a Secret, since it holds the webhook's address and the mail account: those come from the \
         store, all else stands here",
    )
    .from("/backup/alerts");
    let parts = [
        because("mail and webhook as written; the watchdog goes to the webhook alone, which misses it when it stops")
            .on("/spec/target/template/data")
            .from("/backup/alerts"),
        because("the cluster's own store")
            .on("/spec/secretStoreRef")
            .from("/secrets/store"),
    ];
    output.add(region, COMPONENT, &secret, whole, parts);
}

/// Stands for a value that External Secrets puts in, until the text is written. Its template (text/template of Go) must not be
/// quoted as YAML quotes: a backslash in it is a syntax error, and then there is no Secret at all. What it puts in is JSON, so that
/// a password may hold any character.
fn stored(key: &str) -> String {
    format!("GALENO-STORED-{key}")
}

fn routing(alerts: &Alerts) -> Value {
    let [url, user, password] = secrets::ALERT_KEYS;
    let mut people = json!({"name": PEOPLE});
    if let Some(smtp) = &alerts.smtp {
        let mail = |to: &String| {
            json!({
                "to": to,
                "from": smtp.from,
                "smarthost": format!("{}:{}", smtp.host, smtp.port),
                "auth_username": stored(user),
                "auth_password": stored(password),
                "require_tls": true,
                "send_resolved": true,
            })
        };
        people["email_configs"] = alerts.email.iter().map(mail).collect();
    }
    let mut webhook = json!([{"url": stored(url), "send_resolved": true, "max_alerts": 0}]);
    if alerts.webhook_private_authority {
        webhook[0]["http_config"] = json!({"tls_config": {"ca": stored(secrets::AUTHORITY_KEY)}});
    }
    let mut receivers = Vec::new();
    let mut watchdog = json!({"name": WATCHDOG});
    if alerts.webhook {
        people["webhook_configs"] = webhook.clone();
        watchdog["webhook_configs"] = webhook;
    }
    receivers.extend([people, watchdog]);
    json!({
        "route": {
            "receiver": PEOPLE,
            "group_by": ["alertname", "environment", "region"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": [
                {"matchers": ["alertname = Watchdog"], "receiver": WATCHDOG, "group_wait": "0s", "group_interval": "1m", "repeat_interval": "5m"},
                {"matchers": ["severity = critical"], "receiver": PEOPLE, "group_wait": "10s", "repeat_interval": "1h"},
            ],
        },
        "inhibit_rules": [{
            "source_matchers": ["severity = critical"],
            "target_matchers": ["severity = warning"],
            "equal": ["topic", "environment", "region"],
        }],
        "receivers": receivers,
    })
}
