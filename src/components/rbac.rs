//! Component `rbac`: an account for each program, without a token where none is used, and rights where one is.
//!
//! Traefik's account and rights stand in `ingress`, those of Argo CD's deployers in `argocd`.

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, RoleRef, Subject};

use super::Output;
use super::common::{clustered, namespaced, of_program};
use super::output::because;
use crate::spec::Role as RegionRole;
use crate::topology::names::Program;
use crate::topology::{GenerationSource, Region, Topology};

const COMPONENT: &str = "rbac";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    for program in programs(topology, region) {
        account(region, program, output);
    }
    if region.role == RegionRole::Primary {
        snapshot(region, output);
    }
}

/// The programs whose accounts stand here and that run in a region.
fn programs(topology: &Topology, region: &Region) -> Vec<Program> {
    let restored = topology
        .database
        .generations
        .iter()
        .any(|g| g.source != GenerationSource::Empty);
    let monthly = topology.backup.monthly.as_ref();
    match region.role {
        RegionRole::Primary => {
            let mut programs = vec![
                Program::Database,
                Program::Backup,
                Program::Snapshot,
                Program::Rehearsal,
                Program::Api,
                Program::Migration,
                Program::Web,
            ];
            if restored {
                programs.push(Program::Acceptance);
            }
            programs
        }
        RegionRole::Recovery if monthly.is_some_and(|monthly| monthly.region == region.name) => {
            vec![Program::Rehearsal]
        }
        RegionRole::Recovery => Vec::new(),
        RegionRole::Access => vec![Program::Web],
    }
}

fn account(region: &Region, program: Program, output: &mut Output) {
    let object = ServiceAccount {
        metadata: of_program(namespaced(program.namespace(), program.name(), COMPONENT), program),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    let whole =
        because("an account of its own: a policy says by it which volumes a pod may mount, and nobody shares it");
    let token = if program == Program::Snapshot {
        "no token by itself; its pods ask for one, since a snapshot lists the cluster's objects"
    } else {
        "the program never speaks to the Kubernetes API, so it is given no way to"
    };
    let parts = [because(token).on("/automountServiceAccountToken")];
    output.add(region, COMPONENT, &object, whole, parts);
}

/// API group and resources that a snapshot holds: what a person needs to see how the cluster was. Never Secrets.
const SNAPSHOT: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "configmaps",
            "endpoints",
            "limitranges",
            "namespaces",
            "nodes",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "replicationcontrollers",
            "resourcequotas",
            "serviceaccounts",
            "services",
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "validatingwebhookconfigurations",
        ],
    ),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    ("apps", &["daemonsets", "deployments", "replicasets", "statefulsets"]),
    ("argoproj.io", &["applications", "applicationsets", "appprojects"]),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("batch", &["cronjobs", "jobs"]),
    (
        "ceph.rook.io",
        &[
            "cephblockpools",
            "cephclusters",
            "cephfilesystems",
            "cephfilesystemsubvolumegroups",
        ],
    ),
    ("cert-manager.io", &["certificates", "clusterissuers", "issuers"]),
    (
        "csi.ceph.io",
        &["cephconnections", "clientprofiles", "drivers", "operatorconfigs"],
    ),
    ("external-secrets.io", &["clustersecretstores", "externalsecrets"]),
    (
        "gateway.networking.k8s.io",
        &[
            "backendtlspolicies",
            "gatewayclasses",
            "gateways",
            "httproutes",
            "tlsroutes",
        ],
    ),
    (
        "monitoring.coreos.com",
        &[
            "alertmanagers",
            "podmonitors",
            "prometheuses",
            "prometheusrules",
            "servicemonitors",
        ],
    ),
    ("networking.k8s.io", &["ingressclasses", "ingresses", "networkpolicies"]),
    ("policy", &["poddisruptionbudgets"]),
    (
        "rbac.authorization.k8s.io",
        &["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
    ),
    ("scheduling.k8s.io", &["priorityclasses"]),
    (
        "snapshot.storage.k8s.io",
        &["volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"],
    ),
    (
        "storage.k8s.io",
        &["csidrivers", "csinodes", "storageclasses", "volumeattachments"],
    ),
    (
        "traefik.io",
        &[
            "ingressroutes",
            "ingressroutetcps",
            "middlewares",
            "serverstransports",
            "tlsoptions",
            "tlsstores",
        ],
    ),
    ("trust-manager.io", &["clusterbundles"]),
];

fn snapshot(region: &Region, output: &mut Output) {
    let name = format!("clinic-{}", Program::Snapshot.name());
    let listing = |(group, resources): &(&str, &[&str])| PolicyRule {
        api_groups: Some(vec![(*group).to_owned()]),
        resources: Some(resources.iter().map(|resource| (*resource).to_owned()).collect()),
        verbs: vec!["get".to_owned(), "list".to_owned()],
        ..PolicyRule::default()
    };
    let role = ClusterRole {
        metadata: clustered(&name, COMPONENT),
        rules: Some(SNAPSHOT.iter().map(listing).collect()),
        aggregation_rule: None,
    };
    let whole = because(
        "the weekly snapshot shows how the cluster was; it may list these kinds, change nothing, and read no Secret",
    )
    .from("/backup/schedule/weekly");
    let parts =
        [because("kind by kind and never `*`: a kind that is added later is added here by a person").on("/rules")];
    output.add(region, COMPONENT, &role, whole, parts);
    let binding = ClusterRoleBinding {
        metadata: clustered(&name, COMPONENT),
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".to_owned(),
            kind: "ClusterRole".to_owned(),
            name,
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: Program::Snapshot.name().to_owned(),
            namespace: Some(Program::Snapshot.namespace().name().to_owned()),
            api_group: None,
        }]),
    };
    let whole = because("gives the snapshot's account what it may list").from("/backup/schedule/weekly");
    output.add(region, COMPONENT, &binding, whole, []);
}
