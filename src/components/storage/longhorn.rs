//! Longhorn: its chart, and its class.

use std::collections::BTreeMap;

use serde_json::json;

use super::classes::{Class, add_class, add_snapshot_class};
use crate::components::Output;
use crate::components::chart::{self, Install, Leftovers, value};
use crate::components::output::because;
use crate::components::storage::COMPONENT;
use crate::spec::Promise;
use crate::topology::names::{Namespace, objects, secrets};
use crate::topology::{Chart, DataRegion, Region, Topology};

pub(super) fn render(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    let region = region.region();
    install(topology, region, output);
    class(topology, region, output);
    let parameters = BTreeMap::from([("type".to_owned(), "snap".to_owned())]);
    add_snapshot_class(
        region,
        objects::STORAGE_CLASS_LONGHORN,
        objects::LONGHORN_DRIVER,
        parameters,
        output,
    );
}

fn install(topology: &Topology, region: &Region, output: &mut Output) {
    let zone = topology.promise == Promise::Zone;
    let node = topology.promise != Promise::None;
    let values = json!({
        "persistence": { "defaultClass": false },
        // A Helm hook that Argo CD would run at every sync.
        "preUpgradeChecker": { "jobEnabled": false },
        "longhornUI": { "replicas": 0 },
        "ingress": { "enabled": false },
        "metrics": { "serviceMonitor": { "enabled": topology.monitoring.is_some() } },
        "defaultSettings": {
            "defaultReplicaCount": topology.storage.replicas,
            "replicaSoftAntiAffinity": !node,
            "replicaZoneSoftAntiAffinity": !zone,
            "nodeDownPodDeletionPolicy": "delete-statefulset-pod",
            "nodeDrainPolicy": "block-if-contains-last-replica",
            "autoSalvage": true,
            "deletingConfirmationFlag": false,
            "upgradeChecker": false,
            "allowCollectingLonghornUsageMetrics": false,
            "v2DataEngine": false,
            "priorityClass": "system-node-critical",
        },
    });
    let reasons = vec![
        because("Longhorn spreads copies over zones only where it likes unless it is told that it must.")
            .on(value("defaultSettings/replicaZoneSoftAntiAffinity"))
            .from("/promise"),
        because("No two copies on one node.").on(value("defaultSettings/replicaSoftAntiAffinity")).from("/promise"),
        because("So many copies of each block.").on(value("defaultSettings/defaultReplicaCount")).from("/storage/replicas"),
        because(
            "A pod of a lost node is given up so that it starts elsewhere with its volume. What the lost node still writes is \
             in no primary component of Galera, so that it was confirmed to nobody.",
        )
        .on(value("defaultSettings/nodeDownPodDeletionPolicy")),
        because("A node is not drained while it has the last healthy copy of a volume.")
            .on(value("defaultSettings/nodeDrainPolicy")),
        because("The second engine has lost metadata of replicas in mass restores (longhorn#13314, #13315).")
            .on(value("defaultSettings/v2DataEngine")),
        because("Whoever reaches Longhorn's page may delete volumes without being asked who they are: there is none.")
            .on(value("longhornUI/replicas")),
        because("Longhorn cannot be uninstalled by taking away its Application.")
            .on(value("defaultSettings/deletingConfirmationFlag")),
    ];
    let install = Install {
        component: COMPONENT,
        chart: Chart::Longhorn,
        values,
        leftovers: Leftovers::Keep,
        reasons,
    };
    chart::install(topology, region, install, output);
}

fn class(topology: &Topology, region: &Region, output: &mut Output) {
    let zone = topology.promise == Promise::Zone;
    let node = topology.promise != Promise::None;
    let strict = |strict: bool| if strict { "disabled" } else { "enabled" }.to_owned();
    let mut parameters = BTreeMap::from([
        ("numberOfReplicas".to_owned(), topology.storage.replicas.to_string()),
        ("staleReplicaTimeout".to_owned(), "2880".to_owned()),
        ("fsType".to_owned(), "ext4".to_owned()),
        ("dataEngine".to_owned(), "v1".to_owned()),
        ("replicaSoftAntiAffinity".to_owned(), strict(node)),
        ("replicaZoneSoftAntiAffinity".to_owned(), strict(zone)),
    ]);
    let mut steps = Vec::new();
    let mut reasons = vec![
        because("So many copies of each block.")
            .on("/parameters/numberOfReplicas")
            .from("/storage/replicas"),
        because("No two copies in one zone where the promise is to outlive a zone.")
            .on("/parameters/replicaZoneSoftAntiAffinity")
            .from("/promise"),
    ];
    if topology.storage.encrypted {
        parameters.insert("encrypted".to_owned(), "true".to_owned());
        for step in ["provisioner", "node-publish", "node-stage", "node-expand"] {
            steps.push((step, secrets::LONGHORN_CRYPTO));
        }
        let encrypted = because("LUKS on each volume, with a key from the secret store.");
        reasons.push(encrypted.on("/parameters/encrypted").from("/storage/encryption"));
        let expand = because("Without the key for this step an encrypted volume could not grow while it is in use.");
        reasons.push(expand.on("/parameters/csi.storage.k8s.io~1node-expand-secret-name"));
    }
    let class = Class {
        name: objects::STORAGE_CLASS_LONGHORN,
        provisioner: objects::LONGHORN_DRIVER,
        parameters,
        secrets: steps,
        secret_namespace: Namespace::Longhorn.name(),
        database: true,
    };
    add_class(region, class, reasons, output);
}
