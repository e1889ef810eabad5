//! Argo CD's own settings: those that this platform's safety rests on, beside whatever else a person has set.
//!
//! They are applied by the server and own their keys only: keys that somebody else wrote stay.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::super::common::{keep, namespaced};
use super::super::output::because;
use super::{COMPONENT, Output};
use crate::spec::Role;
use crate::topology::names::Namespace;
use crate::topology::{Region, StorageKind, Topology};

/// A health check: the key's last part, and its program.
struct Check {
    kind: &'static str,
    lua: &'static str,
    why: &'static str,
}

macro_rules! check {
    ($kind:literal, $file:literal, $why:literal) => {
        Check {
            kind: $kind,
            lua: include_str!(concat!("health/", $file)),
            why: $why,
        }
    };
}

const EVERYWHERE: [Check; 2] = [
    check!(
        "argoproj.io_Application",
        "application.lua",
        "an Application is as healthy as what it compared last, and only once that is its present source"
    ),
    check!(
        "cert-manager.io_Certificate",
        "certificate.lua",
        "a certificate that is valid stays healthy while its renewal is tried; an alert watches its age"
    ),
];

const CEPH: [Check; 5] = [
    check!(
        "ceph.rook.io_CephCluster",
        "ceph_cluster.lua",
        "HEALTH_WARN is what losing a zone looks like: it must not fail a sync; an alert tells it"
    ),
    check!(
        "ceph.rook.io_CephFilesystem",
        "ready_phase.lua",
        "ready when its phase says so"
    ),
    check!(
        "ceph.rook.io_CephFilesystemSubVolumeGroup",
        "ready_phase.lua",
        "ready when its phase says so"
    ),
    check!(
        "ceph.rook.io_CephBlockPool",
        "ready_phase.lua",
        "ready when its phase says so"
    ),
    check!(
        "csi.ceph.io_Driver",
        "csi_driver.lua",
        "a driver reports no phase: it is there, or it is being made"
    ),
];

/// What Argo CD leaves out by default, but for EndpointSlices: an access region's relay is one.
const EXCLUSIONS: &str = "\
- apiGroups: [\"\"]
  kinds: [Endpoints]
- apiGroups: [coordination.k8s.io]
  kinds: [Lease]
- apiGroups: [authentication.k8s.io, authorization.k8s.io]
  kinds: [\"*\"]
- apiGroups: [certificates.k8s.io]
  kinds: [CertificateSigningRequest]
- apiGroups: [cert-manager.io]
  kinds: [CertificateRequest]
- apiGroups: [cilium.io]
  kinds: [CiliumIdentity, CiliumEndpoint, CiliumEndpointSlice]
";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let mut data = BTreeMap::from([
        ("application.resourceTrackingMethod".to_owned(), "annotation".to_owned()),
        ("application.sync.impersonation.enabled".to_owned(), "true".to_owned()),
        ("timeout.reconciliation".to_owned(), "60s".to_owned()),
        ("timeout.reconciliation.jitter".to_owned(), "15s".to_owned()),
    ]);
    let mut parts = vec![
        because("labels would make Argo CD take the database's claims for objects that git dropped")
            .on("/data/application.resourceTrackingMethod"),
        because("Argo CD acts as the account of each project; without it, it acts as itself and may do everything")
            .on("/data/application.sync.impersonation.enabled"),
        because(
            "an Application whose project comes a moment later, as with the first restore, is looked at again this soon; by \
             default after three minutes, in which nothing is restored",
        )
        .on("/data/timeout.reconciliation"),
    ];
    let ceph = region.as_data().is_some() && matches!(topology.storage.kind, StorageKind::Ceph(_));
    let checks = EVERYWHERE.iter().chain(CEPH.iter().filter(|_| ceph));
    for check in checks {
        let key = format!("resource.customizations.health.{}", check.kind);
        parts.push(because(check.why).on(format!("/data/{key}")));
        data.insert(key, check.lua.to_owned());
    }
    if region.role == Role::Access {
        data.insert("resource.exclusions".to_owned(), EXCLUSIONS.to_owned());
        let rule = "the relay of the API is an EndpointSlice, which Argo CD would leave out by default";
        parts.push(
            because(rule)
                .on("/data/resource.exclusions")
                .from(format!("/regions/{}/role", region.index)),
        );
    }
    let mut metadata = keep(namespaced(Namespace::ArgoCd, "argocd-cm", COMPONENT));
    // Argo CD looks for its settings by this label.
    let labels = metadata.labels.get_or_insert_default();
    labels.insert("app.kubernetes.io/part-of".to_owned(), "argocd".to_owned());
    labels.insert("app.kubernetes.io/name".to_owned(), "argocd-cm".to_owned());
    let map = ConfigMap {
        metadata,
        data: Some(data),
        ..ConfigMap::default()
    };
    let whole =
        because("settings of Argo CD that this platform rests on; keys that are not here stay as somebody set them");
    output.add(region, COMPONENT, &map, whole, parts);
}
