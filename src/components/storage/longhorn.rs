//! Longhorn: its chart, and its class.

use std::collections::BTreeMap;

use serde_json::json;

use super::classes::{Class, add_class, add_snapshot_class};
use crate::components::Output;
use crate::components::charts::Chart;
use crate::components::output::because;
use crate::spec::Promise;
use crate::topology::names::{Namespace, objects, secrets};
use crate::topology::versions::Version;
use crate::topology::{DataRegion, Region, Topology};

pub(super) fn render(topology: &Topology, region: DataRegion<'_>, version: Version, output: &mut Output) {
    let region = region.region();
    install(topology, region, version, output);
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

fn install(topology: &Topology, region: &Region, version: Version, output: &mut Output) {
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
    let reasons = [
        because("Longhorn spreads copies over zones only where it likes unless it is told that it must")
            .on("/defaultSettings/replicaZoneSoftAntiAffinity")
            .from("/promise"),
        because("no two copies on one node").on("/defaultSettings/replicaSoftAntiAffinity").from("/promise"),
        because("so many copies of each block").on("/defaultSettings/defaultReplicaCount").from("/storage/replicas"),
        because(
            "a pod of a lost node is given up so that it starts elsewhere with its volume. What the lost node still writes is \
             in no primary component of Galera, so that it was confirmed to nobody",
        )
        .on("/defaultSettings/nodeDownPodDeletionPolicy"),
        because("a node is not drained while it has the last healthy copy of a volume")
            .on("/defaultSettings/nodeDrainPolicy"),
        because("the second engine has lost metadata of replicas in mass restores (longhorn#13314, #13315)")
            .on("/defaultSettings/v2DataEngine"),
        because("whoever reaches Longhorn's page may delete volumes without being asked who they are: there is none")
            .on("/longhornUI/replicas"),
        because("Longhorn cannot be uninstalled by taking away its Application")
            .on("/defaultSettings/deletingConfirmationFlag"),
    ];
    let chart = Chart {
        name: "longhorn",
        repository: "https://charts.longhorn.io",
        chart: "longhorn",
        version: version.to_string(),
        namespace: Namespace::Longhorn,
        values,
        namespaced: &[
            ("", "ConfigMap"),
            ("", "Secret"),
            ("", "Service"),
            ("", "ServiceAccount"),
            ("apps", "DaemonSet"),
            ("apps", "Deployment"),
            ("batch", "Job"),
            ("monitoring.coreos.com", "ServiceMonitor"),
            ("rbac.authorization.k8s.io", "Role"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
        ],
        clustered: &[
            ("apiextensions.k8s.io", "CustomResourceDefinition"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
            ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
            ("scheduling.k8s.io", "PriorityClass"),
        ],
        elsewhere: &[],
    };
    let whole = because("Longhorn, which keeps copies of each volume on the nodes' own disks").from("/storage/backend");
    output.install(region, chart, whole, reasons);
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
        because("so many copies of each block")
            .on("/parameters/numberOfReplicas")
            .from("/storage/replicas"),
        because("no two copies in one zone where the promise is to outlive a zone")
            .on("/parameters/replicaZoneSoftAntiAffinity")
            .from("/promise"),
    ];
    if topology.storage.encrypted {
        parameters.insert("encrypted".to_owned(), "true".to_owned());
        for step in ["provisioner", "node-publish", "node-stage", "node-expand"] {
            steps.push((step, secrets::LONGHORN_CRYPTO));
        }
        let encrypted = because("LUKS on each volume, with a key from the secret store");
        reasons.push(encrypted.on("/parameters/encrypted").from("/storage/encryption"));
        let expand = because("without the key for this step an encrypted volume could not grow while it is in use");
        reasons.push(expand.on("/parameters/csi.storage.k8s.io~1node-expand-secret-name"));
    }
    let class = Class {
        name: objects::STORAGE_CLASS_LONGHORN,
        provisioner: objects::LONGHORN_DRIVER,
        parameters,
        secrets: steps,
        secret_namespace: Namespace::Longhorn.name(),
        database: true,
        reasons,
    };
    add_class(region, class, output);
}
