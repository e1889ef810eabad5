//! What pods of every component have in common: security, placement, volumes, probes.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, ConfigMapVolumeSource, Container, EmptyDirVolumeSource, HTTPGetAction, KeyToPath,
    PodAffinityTerm, PodAntiAffinity, PodSecurityContext, Probe, ResourceRequirements, SeccompProfile,
    SecretVolumeSource, SecurityContext, TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::spec::Promise;
use crate::topology::names::{Namespace, Port, common_labels};
use crate::topology::{Region, Resources, Topology};

/// Label of nodes that names their zone.
pub(super) const ZONE: &str = "topology.kubernetes.io/zone";
/// Label of nodes that names them.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

/// Metadata of a namespaced object with a component's labels.
pub(super) fn namespaced(namespace: Namespace, name: impl Into<String>, component: &str) -> ObjectMeta {
    ObjectMeta {
        namespace: Some(namespace.name().to_owned()),
        ..clustered(name, component)
    }
}

/// Metadata of a cluster-wide object with a component's labels.
pub(super) fn clustered(name: impl Into<String>, component: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        labels: Some(common_labels(component)),
        ..ObjectMeta::default()
    }
}

/// Kinds that hold data, or that take data with them when they go: group and kind. Argo CD never deletes one, whatever
/// git says: each carries [`keep`]'s annotation, and no deployer has the right.
pub(super) const HOLDS_DATA: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("", "PersistentVolumeClaim"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apps", "StatefulSet"),
    ("ceph.rook.io", "CephBlockPool"),
    ("ceph.rook.io", "CephCluster"),
    ("ceph.rook.io", "CephFilesystem"),
    ("ceph.rook.io", "CephFilesystemSubVolumeGroup"),
];

/// Marks an object that Argo CD must neither prune nor delete with its Application.
pub(super) fn keep(mut metadata: ObjectMeta) -> ObjectMeta {
    metadata.annotations.get_or_insert_default().insert(
        "argocd.argoproj.io/sync-options".to_owned(),
        "Prune=false,Delete=false".to_owned(),
    );
    metadata
}

/// Names who uses an object, where no reference inside the cluster's objects shows it.
pub(super) fn used_by(mut metadata: ObjectMeta, who: impl Into<String>) -> ObjectMeta {
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert("galeno.dev/used-by".to_owned(), who.into());
    metadata
}

/// Adds the labels and the selector of a program to metadata that has a component's labels.
pub(super) fn of_program(mut metadata: ObjectMeta, program: crate::topology::names::Program) -> ObjectMeta {
    metadata.labels.get_or_insert_default().extend(program.selector());
    metadata
}

/// A length of time as Go writes it, so that what comes back from the API server is what was sent.
pub(super) fn go_duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

/// Metadata of a pod template.
pub(super) fn template(labels: BTreeMap<String, String>) -> ObjectMeta {
    ObjectMeta {
        labels: Some(labels),
        ..ObjectMeta::default()
    }
}

/// A selector of labels.
pub(super) fn selecting(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector {
        match_labels: Some(labels),
        match_expressions: None,
    }
}

/// What the Pod Security Standard `restricted` asks of a pod, running as one unprivileged user and group.
pub(super) fn pod_security(user: i64) -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(user),
        run_as_group: Some(user),
        fs_group: Some(user),
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            localhost_profile: None,
        }),
        ..PodSecurityContext::default()
    }
}

/// What `restricted` asks of a container, with a root file system that nothing can write to.
pub(super) fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            add: None,
        }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

/// Processors are asked for and may be exceeded; memory is asked for and limited alike, so that no neighbour can take it.
pub(super) fn resources(resources: &Resources) -> ResourceRequirements {
    let memory = Quantity(resources.memory.to_string());
    ResourceRequirements {
        requests: Some(BTreeMap::from([
            ("cpu".to_owned(), Quantity(resources.cpu.to_string())),
            ("memory".to_owned(), memory.clone()),
        ])),
        limits: Some(BTreeMap::from([("memory".to_owned(), memory)])),
        claims: None,
    }
}

/// What a spread says about a pod that cannot be placed by it: that it waits, or that it comes to lie anywhere.
pub(super) fn when_unsatisfiable(hard: bool) -> String {
    if hard { "DoNotSchedule" } else { "ScheduleAnyway" }.to_owned()
}

/// How hard replicas are spread over zones: as hard as the promise.
pub(super) fn zone_spread(
    topology: &Topology,
    region: &Region,
    labels: &BTreeMap<String, String>,
) -> TopologySpreadConstraint {
    let hard = topology.promise == Promise::Zone;
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: ZONE.to_owned(),
        when_unsatisfiable: when_unsatisfiable(hard),
        min_domains: hard.then(|| i32::try_from(region.zones.len()).unwrap_or(i32::MAX)),
        label_selector: Some(selecting(labels.clone())),
        node_affinity_policy: Some("Honor".to_owned()),
        node_taints_policy: Some("Honor".to_owned()),
        match_label_keys: None,
    }
}

/// How hard replicas of a stateless program are spread over zones. Each roll-out is spread by itself, so that the old
/// replicas do not push the new ones into one zone; and no number of zones is demanded, so that replicas may gather in
/// the zones that are left when one is lost.
pub(super) fn stateless_zone_spread(
    topology: &Topology,
    region: &Region,
    labels: &BTreeMap<String, String>,
) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        min_domains: None,
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        ..zone_spread(topology, region, labels)
    }
}

/// Replicas also avoid each other's nodes, where there is room.
pub(super) fn node_spread(labels: &BTreeMap<String, String>) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: HOSTNAME.to_owned(),
        when_unsatisfiable: when_unsatisfiable(false),
        label_selector: Some(selecting(labels.clone())),
        ..TopologySpreadConstraint::default()
    }
}

/// No two of these pods on one node.
pub(super) fn never_on_one_node(labels: &BTreeMap<String, String>) -> Affinity {
    let term = PodAffinityTerm {
        label_selector: Some(selecting(labels.clone())),
        topology_key: HOSTNAME.to_owned(),
        ..PodAffinityTerm::default()
    };
    Affinity {
        pod_anti_affinity: Some(PodAntiAffinity {
            required_during_scheduling_ignored_during_execution: Some(vec![term]),
            preferred_during_scheduling_ignored_during_execution: None,
        }),
        ..Affinity::default()
    }
}

/// An HTTP probe by the port's name.
pub(super) fn http_probe(port: Port, path: &str, period: i32, timeout: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.name.to_owned()),
            scheme: Some("HTTP".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period),
        timeout_seconds: Some(timeout),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}

/// A port of a container.
pub(super) fn container_port(port: Port) -> k8s_openapi::api::core::v1::ContainerPort {
    k8s_openapi::api::core::v1::ContainerPort {
        name: Some(port.name.to_owned()),
        container_port: i32::from(port.number),
        protocol: Some(port.protocol.name().to_owned()),
        ..k8s_openapi::api::core::v1::ContainerPort::default()
    }
}

/// A port of a Service that leads to the container's port of the same name.
pub(super) fn service_port(port: Port) -> k8s_openapi::api::core::v1::ServicePort {
    k8s_openapi::api::core::v1::ServicePort {
        name: Some(port.name.to_owned()),
        port: i32::from(port.number),
        target_port: Some(IntOrString::String(port.name.to_owned())),
        protocol: Some(port.protocol.name().to_owned()),
        ..k8s_openapi::api::core::v1::ServicePort::default()
    }
}

/// A volume from a `ConfigMap`.
pub(super) fn config_volume(volume: &str, config_map: &str) -> Volume {
    Volume {
        name: volume.to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: config_map.to_owned(),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// A volume from a Secret, readable by the pod's group alone (mode 0440).
pub(super) fn secret_volume(volume: &str, secret: &str) -> Volume {
    Volume {
        name: volume.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.to_owned()),
            default_mode: Some(0o440),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// A volume from some keys of a Secret.
pub(super) fn secret_keys_volume(volume: &str, secret: &str, keys: &[&str]) -> Volume {
    let mut made = secret_volume(volume, secret);
    if let Some(source) = &mut made.secret {
        let item = |key: &&str| KeyToPath {
            key: (*key).to_owned(),
            path: (*key).to_owned(),
            mode: None,
        };
        source.items = Some(keys.iter().map(item).collect());
    }
    made
}

/// An empty directory on the node, bounded in size.
pub(super) fn scratch_volume(volume: &str, size: &str) -> Volume {
    Volume {
        name: volume.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity(size.to_owned())),
            medium: None,
        }),
        ..Volume::default()
    }
}

/// Where a volume is mounted; read-only unless said otherwise.
pub(super) fn mount(volume: &str, path: &str, writable: bool) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        read_only: (!writable).then_some(true),
        ..VolumeMount::default()
    }
}

/// A container with an image by digest and the restricted security context.
pub(super) fn container(name: &str, image: &crate::topology::values::Image) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image.to_string()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        security_context: Some(container_security()),
        ..Container::default()
    }
}
