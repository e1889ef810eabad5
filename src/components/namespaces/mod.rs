//! Component `namespaces`: where things run, what may run there, and how much of it.

mod limits;
mod priorities;
mod quotas;

use k8s_openapi::api::core::v1::{Namespace as Object, ServiceAccount};

use super::Output;
use super::common::{clustered, keep, namespaced};
use super::output::because;
use crate::bundle::Reason;
use crate::topology::names::{Classification, Namespace, labels};
use crate::topology::{Region, Topology};

pub(super) const COMPONENT: &str = "namespaces";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    for namespace in region.namespaces(topology) {
        add_namespace(topology, region, namespace, output);
        add_default_account(region, namespace, output);
        quotas::render(topology, region, namespace, output);
        limits::render(topology, region, namespace, output);
    }
    priorities::render(topology, region, output);
}

/// A Pod Security Standard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PodSecurity {
    Privileged,
    Restricted,
}

/// The strictest standard that what runs in a namespace can keep.
fn pod_security(namespace: Namespace) -> (PodSecurity, &'static str) {
    match namespace {
        Namespace::RookCeph => (
            PodSecurity::Privileged,
            "Ceph's daemons open raw disks, and CSI plugins mount volumes on the hosts: no stricter standard lets them. \
             Nothing else runs here, and nobody but Argo CD's account may make pods here",
        ),
        Namespace::Longhorn => (
            PodSecurity::Privileged,
            "Longhorn's managers and CSI plugins attach block devices on the hosts: no stricter standard lets them. \
             Nothing else runs here, and nobody but Argo CD's account may make pods here",
        ),
        _ => (
            PodSecurity::Restricted,
            "the strictest Pod Security Standard: no root, no privileges, no host's files or network. A pod that asks for \
             more is not admitted",
        ),
    }
}

fn add_namespace(topology: &Topology, region: &Region, namespace: Namespace, output: &mut Output) {
    let (standard, why) = pod_security(namespace);
    let level = if standard == PodSecurity::Restricted {
        "restricted"
    } else {
        "privileged"
    };
    // The version that runs, so that an upgrade of Kubernetes does not change what is admitted before it was reviewed.
    let version = topology
        .kubernetes
        .first()
        .map_or_else(|| "latest".to_owned(), |minor| format!("v{minor}"));
    let mut metadata = clustered(namespace.name(), COMPONENT);
    let all = metadata.labels.get_or_insert_default();
    for mode in ["enforce", "audit", "warn"] {
        all.insert(format!("pod-security.kubernetes.io/{mode}"), level.to_owned());
        all.insert(format!("pod-security.kubernetes.io/{mode}-version"), version.clone());
    }
    for (label, value) in [
        (labels::OWNER, topology.owner.as_str()),
        (labels::CLASSIFICATION, namespace.classification().name()),
        (labels::ENVIRONMENT, topology.name.as_str()),
        (labels::REGION, region.name.as_str()),
    ] {
        all.insert(label.to_owned(), value.to_owned());
    }
    let object = Object {
        metadata: keep(metadata),
        ..Object::default()
    };
    output.add(
        region,
        COMPONENT,
        &object,
        because(purpose(namespace)),
        reasons(namespace, why),
    );
}

fn reasons(namespace: Namespace, security: &'static str) -> Vec<Reason> {
    let classification = match namespace.classification() {
        Classification::Health => "patients' health data are here, at rest or in the clear in memory (GDPR, article 9)",
        Classification::Secret => "keys and credentials are here that open what is elsewhere",
        Classification::Operational => "figures and records of operation, without data about patients",
    };
    vec![
        because(security).on("/metadata/labels/pod-security.kubernetes.io~1enforce"),
        because("the standard as this version of Kubernetes defines it: an upgrade does not change what is admitted")
            .on("/metadata/labels/pod-security.kubernetes.io~1enforce-version")
            .from("/kubernetes/version"),
        because("who answers for what runs here")
            .on("/metadata/labels/galeno.dev~1owner")
            .from("/owner"),
        because(classification).on("/metadata/labels/galeno.dev~1data-classification"),
        because("never pruned: everything in it would go with it").on("/metadata/annotations"),
    ]
}

fn purpose(namespace: Namespace) -> &'static str {
    match namespace {
        Namespace::Data => {
            "the database, its volumes and its backups, and nothing else: a claim can only be mounted in its own \
             namespace, so that who may make pods here is who may read patients' records"
        }
        Namespace::App => "the API and the web application: programs without volumes, replaced at will",
        Namespace::Edge => "Traefik: the only place that takes connections from outside",
        Namespace::Rehearsal => {
            "rehearsals of restores: cut off from everything but the backups' storage, so that restored records go nowhere"
        }
        Namespace::RookCeph => "Rook's operator and Ceph's daemons",
        Namespace::Longhorn => "Longhorn's managers and replicas",
        Namespace::CertManager => "cert-manager and trust-manager, with the key of the platform's own authority",
        Namespace::ExternalSecrets => "external Secrets, which reads the secret store",
        Namespace::Monitoring => "Prometheus, Alertmanager and Grafana",
        Namespace::ArgoCd => "Argo CD, which brings what git says into the cluster",
    }
}

fn add_default_account(region: &Region, namespace: Namespace, output: &mut Output) {
    let object = ServiceAccount {
        metadata: namespaced(namespace, "default", COMPONENT),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    let whole = because(
        "Kubernetes makes this account in every namespace and gives it to pods that name none: it gets no token, so that \
         such a pod cannot speak to the API server",
    );
    output.add(region, COMPONENT, &object, whole, []);
}
