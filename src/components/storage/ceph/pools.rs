//! Pools, the filesystem and its group of subvolumes.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kcr_ceph_rook_io::v1::cephblockpools::{
    CephBlockPool, CephBlockPoolName, CephBlockPoolReplicated, CephBlockPoolSpec,
};
use kcr_ceph_rook_io::v1::cephfilesystems as fs;
use kcr_ceph_rook_io::v1::cephfilesystemsubvolumegroups::{
    CephFilesystemSubVolumeGroup, CephFilesystemSubVolumeGroupPinning, CephFilesystemSubVolumeGroupSpec,
};

use fs::{
    CephFilesystem, CephFilesystemDataPools, CephFilesystemDataPoolsReplicated, CephFilesystemMetadataPool,
    CephFilesystemMetadataPoolReplicated, CephFilesystemSpec,
};

use super::{failure_domain, metadata};
use crate::bundle::Reason;
use crate::components::Output;
use crate::components::common::{keep, namespaced};
use crate::components::output::because;
use crate::components::storage::COMPONENT;
use crate::topology::names::{Namespace, objects};
use crate::topology::{Ceph, Region, Topology};

pub(super) fn render(topology: &Topology, region: &Region, ceph: &Ceph, output: &mut Output) {
    manager_pool(topology, region, ceph, output);
    block_pool(topology, region, ceph, output);
    filesystem(topology, region, ceph, output);
    subvolume_group(region, output);
}

fn kept(name: &str) -> ObjectMeta {
    keep(namespaced(Namespace::RookCeph, name, COMPONENT))
}

/// Copies and their spread, at a path of the object.
fn spread_reasons(path: &str) -> Vec<Reason> {
    let size = "so many copies of each block; writing goes on while all but one failure domain are there";
    let domain = "no two copies in one failure domain: the promise says which loss the data must outlive";
    vec![
        because(size)
            .on(format!("{path}/replicated/size"))
            .from("/storage/replicas"),
        because(domain).on(format!("{path}/failureDomain")).from("/promise"),
        because("one kind of disk: copies are as fast as each other")
            .on(format!("{path}/deviceClass"))
            .from("/storage/devices/deviceClass"),
    ]
}

fn block_spec(topology: &Topology, ceph: &Ceph) -> CephBlockPoolSpec {
    CephBlockPoolSpec {
        failure_domain: Some(failure_domain(topology.promise).to_owned()),
        device_class: Some(ceph.device_class.to_string()),
        replicated: Some(CephBlockPoolReplicated {
            size: i64::from(topology.storage.replicas),
            require_safe_replica_size: Some(topology.storage.replicas > 1),
            ..CephBlockPoolReplicated::default()
        }),
        ..CephBlockPoolSpec::default()
    }
}

fn manager_pool(topology: &Topology, region: &Region, ceph: &Ceph, output: &mut Output) {
    let object = CephBlockPool {
        metadata: kept(objects::CEPH_MANAGER_POOL),
        spec: CephBlockPoolSpec {
            name: Some(CephBlockPoolName::Mgr),
            ..block_spec(topology, ceph)
        },
        status: None,
    };
    let whole = because(
        "Ceph makes the manager's pool by itself, spread over hosts only; and Rook takes the lowest failure domain of any pool \
         for its disruption budgets, so that this one pool would let a zone's disks go one by one",
    );
    output.add(region, COMPONENT, &object, whole, spread_reasons("/spec"));
}

fn block_pool(topology: &Topology, region: &Region, ceph: &Ceph, output: &mut Output) {
    let object = CephBlockPool {
        metadata: kept(objects::CEPH_BLOCK_POOL),
        spec: block_spec(topology, ceph),
        status: None,
    };
    let whole = because("the pool of volumes that are block devices").from("/storage/backend");
    output.add(region, COMPONENT, &object, whole, spread_reasons("/spec"));
}

fn filesystem(topology: &Topology, region: &Region, ceph: &Ceph, output: &mut Output) {
    let domain = failure_domain(topology.promise).to_owned();
    let size = i64::from(topology.storage.replicas);
    let safe = Some(size > 1);
    let object = CephFilesystem {
        metadata: kept(objects::CEPH_FILESYSTEM),
        spec: CephFilesystemSpec {
            preserve_filesystem_on_delete: Some(true),
            metadata_pool: CephFilesystemMetadataPool {
                failure_domain: Some(domain.clone()),
                device_class: Some(ceph.device_class.to_string()),
                replicated: Some(CephFilesystemMetadataPoolReplicated {
                    size,
                    require_safe_replica_size: safe,
                    ..CephFilesystemMetadataPoolReplicated::default()
                }),
                ..CephFilesystemMetadataPool::default()
            },
            data_pools: vec![CephFilesystemDataPools {
                name: Some(objects::CEPH_DATA_POOL.to_owned()),
                failure_domain: Some(domain),
                device_class: Some(ceph.device_class.to_string()),
                replicated: Some(CephFilesystemDataPoolsReplicated {
                    size,
                    require_safe_replica_size: safe,
                    ..CephFilesystemDataPoolsReplicated::default()
                }),
                ..CephFilesystemDataPools::default()
            }],
            metadata_server: metadata::server(topology.promise),
            ..CephFilesystemSpec::default()
        },
        status: None,
    };
    let whole = because("the filesystem whose directories are volumes").from("/storage/backend");
    let mut parts = vec![
        because("deleting this object never deletes the files").on("/spec/preserveFilesystemOnDelete"),
        because(
            "a second metadata server follows the first one's journal: clients must find a new one within 45 seconds, or they \
             lose what they had not yet written",
        )
        .on("/spec/metadataServer/activeStandby"),
        metadata::apart(topology.promise).on("/spec/metadataServer/placement").from("/promise"),
        because("less memory makes the metadata server drop clients' capabilities under a database's load")
            .on("/spec/metadataServer/resources"),
    ];
    parts.extend(spread_reasons("/spec/metadataPool"));
    parts.extend(spread_reasons("/spec/dataPools/0"));
    output.add(region, COMPONENT, &object, whole, parts);
}

fn subvolume_group(region: &Region, output: &mut Output) {
    let name = format!("{}-{}", objects::CEPH_FILESYSTEM, objects::CEPH_SUBVOLUME_GROUP);
    let object = CephFilesystemSubVolumeGroup {
        metadata: kept(&name),
        spec: CephFilesystemSubVolumeGroupSpec {
            name: Some(objects::CEPH_SUBVOLUME_GROUP.to_owned()),
            filesystem_name: objects::CEPH_FILESYSTEM.to_owned(),
            pinning: Some(CephFilesystemSubVolumeGroupPinning {
                distributed: Some(1),
                ..CephFilesystemSubVolumeGroupPinning::default()
            }),
            ..CephFilesystemSubVolumeGroupSpec::default()
        },
        status: None,
    };
    let whole = because("the CSI driver makes its volumes in this group: without it every claim would stay pending");
    output.add(region, COMPONENT, &object, whole, []);
}
