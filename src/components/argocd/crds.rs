//! Definitions of custom resources, from upstream, each at one exact version.
//!
//! They have an Application of their own, since they are larger than client-side apply can hold, since everything else
//! needs them, and since deleting one deletes every object of its kind: nothing here is ever pruned.

use std::collections::BTreeMap;

use super::super::kinds::argocd::{Application, ApplicationSource, ApplicationSourceDirectory, ApplicationSpec};

use super::super::common::{keep, namespaced};
use super::super::output::because;
use super::application::{destination, sync_policy, sync_reasons};
use super::inventory::Inventory;
use super::{COMPONENT, Output, name_of, unit};
use crate::spec::IngressKind;
use crate::topology::names::Namespace;
use crate::topology::versions::{PROMETHEUS_OPERATOR, SNAPSHOTTER};
use crate::topology::{Region, StorageKind, Topology};

const UNIT: &str = "crds";

struct Upstream {
    repository: &'static str,
    revision: String,
    path: &'static str,
    include: &'static str,
}

fn upstreams(topology: &Topology, region: &Region) -> Vec<Upstream> {
    let versions = &topology.versions;
    let mut list = vec![Upstream {
        repository: "https://github.com/traefik/traefik",
        revision: format!("v{}", versions.traefik),
        path: "docs/content/reference/dynamic-configuration",
        include: "kubernetes-crd-definition-v1.yml",
    }];
    if topology.ingress.kind == IngressKind::Gateway {
        list.push(Upstream {
            repository: "https://github.com/kubernetes-sigs/gateway-api",
            revision: format!("v{}", versions.gateway_api),
            path: "config/crd/standard",
            // Not the admission policy and the roles that lie beside the definitions.
            include: "gateway.networking.k8s.io_{backendtlspolicies,gatewayclasses,gateways,grpcroutes,httproutes,\
                      listenersets,referencegrants,tlsroutes}.yaml",
        });
    }
    if topology.monitoring.is_some() {
        list.push(Upstream {
            repository: "https://github.com/prometheus-operator/prometheus-operator",
            revision: format!("v{PROMETHEUS_OPERATOR}"),
            path: "example/prometheus-operator-crd",
            include: "monitoring.coreos.com_*.yaml",
        });
    }
    let snapshots = !matches!(topology.storage.kind, StorageKind::Class(_));
    if region.as_data().is_some() && snapshots {
        list.push(Upstream {
            repository: "https://github.com/kubernetes-csi/external-snapshotter",
            revision: format!("v{SNAPSHOTTER}"),
            path: "client/config/crd",
            include: "snapshot.storage.k8s.io_*.yaml",
        });
    }
    list
}

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let upstreams = upstreams(topology, region);
    let inventory = Inventory {
        home: None,
        unit: UNIT.to_owned(),
        repositories: upstreams
            .iter()
            .map(|upstream| upstream.repository.to_owned())
            .collect(),
        clustered: BTreeMap::from([(
            ("apiextensions.k8s.io".to_owned(), "CustomResourceDefinition".to_owned()),
            None,
        )]),
        namespaced: BTreeMap::new(),
    };
    unit(topology, region, &inventory, output);
    let sources = upstreams.into_iter().map(|upstream| ApplicationSource {
        repo_url: upstream.repository.to_owned(),
        target_revision: Some(upstream.revision),
        path: Some(upstream.path.to_owned()),
        directory: Some(ApplicationSourceDirectory {
            include: Some(upstream.include.to_owned()),
            ..ApplicationSourceDirectory::default()
        }),
        ..ApplicationSource::default()
    });
    let name = name_of(topology, UNIT);
    let application = Application {
        metadata: keep(namespaced(Namespace::ArgoCd, name.clone(), COMPONENT)),
        spec: ApplicationSpec {
            project: name,
            sources: Some(sources.collect()),
            destination: destination(inventory.home()),
            sync_policy: Some(sync_policy(false, &[])),
            revision_history_limit: Some(10),
            ..ApplicationSpec::default()
        },
    };
    let whole = because(
        "definitions of custom resources, from the projects that own them; without one, every object of its kind is gone, \
         so that none is ever deleted from here",
    );
    let mut parts = sync_reasons();
    parts.extend([
        because("the versions that are known to work together")
            .on("/spec/sources")
            .from("/versions"),
        because("a definition that upstream drops stays until a person takes it away")
            .on("/spec/syncPolicy/automated/prune"),
    ]);
    output.add(region, COMPONENT, &application, whole, parts);
}
