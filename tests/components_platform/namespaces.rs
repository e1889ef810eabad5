//! Namespaces: what may run where, and how much of it.

use galeno::components::Output;
use galeno::topology::Topology;

use crate::platform::{component, object, rendered, topology};

fn namespaces(output: &Output, region: &str) -> Vec<String> {
    let all = component(output, region, "namespaces");
    let named = all.iter().filter(|m| m.object.kind() == "Namespace");
    named.map(|m| m.object.name().to_owned()).collect()
}

/// The hard limit of a quota in a namespace.
fn hard(output: &Output, region: &str, namespace: &str, quota: &str, resource: &str) -> String {
    let of = |m: &&galeno::bundle::Manifest| {
        m.object.kind() == "ResourceQuota" && m.object.namespace() == namespace && m.object.name() == quota
    };
    let found = component(output, region, "namespaces").into_iter().find(of);
    let found = found.unwrap_or_else(|| panic!("no quota {quota} in {namespace}"));
    found
        .object
        .str_at(&format!("/spec/hard/{}", resource.replace('/', "~1")))
        .to_owned()
}

fn claims(class: &str) -> String {
    format!("{class}.storageclass.storage.k8s.io/persistentvolumeclaims")
}

#[test]
fn an_access_region_has_no_place_for_data() {
    let topology = topology("prod");
    let output = rendered(&topology);
    for region in ["us-east", "ap-northeast"] {
        let all = namespaces(&output, region);
        for absent in ["clinic-data", "clinic-rehearsal", "rook-ceph"] {
            assert!(!all.contains(&absent.to_owned()), "{absent} in {region}");
        }
        let inside = |m: &&galeno::bundle::Manifest| *m.region == *region && m.object.namespace() == "clinic-data";
        assert_eq!(output.manifests.iter().filter(inside).count(), 0, "{region}");
    }
}

#[test]
fn everything_is_restricted_but_storage() {
    let output = rendered(&topology("prod"));
    for name in namespaces(&output, "eu-central") {
        let namespace = object(&output, "eu-central", "Namespace", &name);
        let expected = if name == "rook-ceph" {
            "privileged"
        } else {
            "restricted"
        };
        for mode in ["enforce", "audit", "warn"] {
            let label = format!("/metadata/labels/pod-security.kubernetes.io~1{mode}");
            assert_eq!(namespace.str_at(&label), expected, "{name} {mode}");
            assert_eq!(namespace.str_at(&format!("{label}-version")), "v1.36", "{name} {mode}");
        }
        assert_eq!(
            namespace.str_at("/metadata/labels/galeno.dev~1owner"),
            "clinical-platform"
        );
        assert!(
            !namespace
                .str_at("/metadata/labels/galeno.dev~1data-classification")
                .is_empty()
        );
        let kept = namespace.str_at("/metadata/annotations/argocd.argoproj.io~1sync-options");
        assert_eq!(
            kept, "Prune=false,Delete=false",
            "{name}: a namespace takes everything in it along"
        );
    }
}

fn quotas_of(topology: &Topology, class: &str, mine: &str, claims_expected: &str) {
    let output = rendered(topology);
    let region = topology.primary().name.to_string();
    for name in namespaces(&output, &region) {
        let expected = if name == mine { claims_expected } else { "0" };
        let found = hard(&output, &region, &name, "volumes", &claims(class));
        assert_eq!(found, expected, "{class} in {name}");
    }
}

#[test]
fn only_the_database_claims_its_storage() {
    quotas_of(&topology("prod"), "clinic-cephfs", "clinic-data", "3");
    quotas_of(&topology("prod"), "clinic-rbd", "none", "0");
    quotas_of(&topology("staging"), "clinic-rbd", "clinic-data", "3");
    quotas_of(&topology("prod"), "clinic-rehearsal", "clinic-rehearsal", "2");
}

#[test]
fn raw_disks_are_for_ceph_alone() {
    // Two disks in each of three zones, one spare a zone, and each of three monitors twice.
    quotas_of(&topology("prod"), "local-nvme", "rook-ceph", "15");
}

#[test]
fn one_load_balancer_in_each_region_and_no_port_on_nodes() {
    let output = rendered(&topology("prod"));
    for name in namespaces(&output, "us-east") {
        let expected = if name == "clinic-edge" { "1" } else { "0" };
        assert_eq!(
            hard(&output, "us-east", &name, "services", "services.loadbalancers"),
            expected,
            "{name}"
        );
        if name != "clinic-edge" {
            assert_eq!(
                hard(&output, "us-east", &name, "services", "services.nodeports"),
                "0",
                "{name}"
            );
        }
    }
}

#[test]
fn quotas_leave_room_for_every_replica_twice() {
    let topology = topology("prod");
    let output = rendered(&topology);
    let memory = |text: String| text.parse::<galeno::topology::values::Size>().unwrap().mebibytes();
    let quota = memory(hard(&output, "eu-central", "clinic-data", "compute", "limits.memory"));
    let nodes = 3 * topology.database.resources.memory.mebibytes();
    assert!(quota >= 2 * nodes, "{quota} MiB for nodes that take {nodes} MiB");
}

#[test]
fn batch_never_pushes_anybody_out() {
    let output = rendered(&topology("prod"));
    let value = |name: &str| {
        let class = object(&output, "eu-central", "PriorityClass", name);
        let never = class.str_at("/preemptionPolicy") == "Never";
        assert_eq!(never, name == "clinic-batch", "{name}");
        class.at("/value").and_then(serde_json::Value::as_i64).unwrap()
    };
    let order = ["clinic-database", "clinic-edge", "clinic-application", "clinic-batch"].map(value);
    assert!(order.is_sorted_by(|a, b| a > b), "{order:?}");
}

#[test]
fn the_default_account_has_no_token_anywhere() {
    let output = rendered(&topology("prod"));
    for name in namespaces(&output, "eu-central") {
        let of = |m: &&galeno::bundle::Manifest| {
            m.object.kind() == "ServiceAccount" && m.object.name() == "default" && m.object.namespace() == name
        };
        let account = component(&output, "eu-central", "namespaces")
            .into_iter()
            .find(of)
            .unwrap();
        assert_eq!(
            account.object.at("/automountServiceAccountToken"),
            Some(&serde_json::Value::Bool(false))
        );
    }
}
