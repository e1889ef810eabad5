//! Component `secrets`: references to the secret store, never values. Only what something in a region uses is made there.

mod store;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use kcr_external_secrets_io::v1::externalsecrets::{
    ExternalSecret, ExternalSecretData, ExternalSecretDataRemoteRef, ExternalSecretRefreshPolicy,
    ExternalSecretSecretStoreRef, ExternalSecretSecretStoreRefKind, ExternalSecretSpec, ExternalSecretTarget,
    ExternalSecretTargetCreationPolicy, ExternalSecretTargetDeletionPolicy, ExternalSecretTargetTemplate,
    ExternalSecretTargetTemplateEngineVersion, ExternalSecretTargetTemplateMergePolicy,
};

use super::Output;
use super::common::{go_duration, namespaced};
use super::output::because;
use super::used::Used;
use crate::topology::{Region, Topology};
use table::{Key, Wanted};

const COMPONENT: &str = "secrets";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    store::render(topology, region, output);
    let table = table::wanted(topology);
    let names: BTreeSet<String> = table.iter().map(|wanted| wanted.name.to_owned()).collect();
    let used = Used::find(output, region, &names);
    for wanted in table {
        if let Some(users) = used.by(wanted.namespace, wanted.name) {
            add(topology, region, &wanted, &users, output);
        }
    }
}

fn add(topology: &Topology, region: &Region, wanted: &Wanted, users: &str, output: &mut Output) {
    let entry = |key: &Key| match key {
        Key::Stored { key, entry, property } => Some(ExternalSecretData {
            secret_key: key.clone(),
            remote_ref: ExternalSecretDataRemoteRef {
                key: format!("{}/{entry}", topology.secrets.path),
                property: Some(property.clone()),
                ..ExternalSecretDataRemoteRef::default()
            },
            source_ref: None,
        }),
        Key::Fixed { .. } => None,
    };
    let fixed: BTreeMap<String, String> = wanted
        .keys
        .iter()
        .filter_map(|key| match key {
            Key::Fixed { key, value } => Some(((*key).to_owned(), (*value).to_owned())),
            Key::Stored { .. } => None,
        })
        .collect();
    let object = ExternalSecret {
        metadata: namespaced(wanted.namespace, wanted.name, COMPONENT),
        spec: ExternalSecretSpec {
            secret_store_ref: Some(ExternalSecretSecretStoreRef {
                kind: Some(ExternalSecretSecretStoreRefKind::ClusterSecretStore),
                name: Some(topology.secrets.store.to_string()),
            }),
            refresh_policy: Some(ExternalSecretRefreshPolicy::Periodic),
            refresh_interval: Some(go_duration(topology.secrets.refresh.to_std().as_secs())),
            target: Some(ExternalSecretTarget {
                name: Some(wanted.name.to_owned()),
                creation_policy: Some(ExternalSecretTargetCreationPolicy::Owner),
                deletion_policy: Some(ExternalSecretTargetDeletionPolicy::Retain),
                template: (!fixed.is_empty()).then(|| ExternalSecretTargetTemplate {
                    data: Some(fixed),
                    engine_version: Some(ExternalSecretTargetTemplateEngineVersion::V2),
                    merge_policy: Some(ExternalSecretTargetTemplateMergePolicy::Merge),
                    ..ExternalSecretTargetTemplate::default()
                }),
                ..ExternalSecretTarget::default()
            }),
            data: Some(wanted.keys.iter().filter_map(entry).collect()),
            data_from: None,
        },
        status: None,
    };
    let whole = because(format!("{}; used by {users}", wanted.why)).from(wanted.source);
    let parts = [
        because("where values come from: git holds their names alone")
            .on("/spec/secretStoreRef")
            .from("/secrets/store"),
        because("the environment's path in the store, the entry, and a property for each key")
            .on("/spec/data")
            .from("/secrets/path"),
        because("a value that is gone from the store stays here: an outage or a slip there must not stop the platform")
            .on("/spec/target/deletionPolicy"),
        because("how often values are read again")
            .on("/spec/refreshInterval")
            .from("/secrets/refresh"),
    ];
    output.add(region, COMPONENT, &object, whole, parts);
}
