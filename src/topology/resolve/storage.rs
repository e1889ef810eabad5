//! Storage.

use super::collect::Collector;
use crate::spec::{Environment, Promise, Role, StorageBackend};
use crate::topology::storage::{Ceph, Storage, StorageKind};
use crate::topology::values::{DnsName, HttpsUrl};
use crate::topology::versions::LONGHORN;

pub(super) fn resolve(environment: &Environment, c: &mut Collector<'_>) -> Option<Storage> {
    let written = &environment.storage;
    copies(environment, c);
    if !written.encryption && written.backend != StorageBackend::Class {
        let problem = "volumes are not encrypted at rest";
        c.warning(
            "/storage/encryption",
            "spec/unwise",
            problem,
            "leave `encryption` on: Galera's write-set cache holds patients' data in the clear",
        );
    }
    let kind = match written.backend {
        StorageBackend::Cephfs | StorageBackend::Rbd => ceph(environment, c).map(StorageKind::Ceph),
        StorageBackend::Longhorn => {
            for field in ["perZone", "size", "class", "deviceClass"] {
                c.no_effect(
                    &format!("/storage/devices/{field}"),
                    "Longhorn takes the disks that are mounted on its nodes",
                );
            }
            c.no_effect("/storage/kms", "Longhorn's keys come from the secret store");
            Some(StorageKind::Longhorn { version: LONGHORN })
        }
        StorageBackend::Class => {
            for field in ["devices", "replicas", "encryption", "kms", "snapshotController"] {
                c.no_effect(
                    &format!("/storage/{field}"),
                    "with `backend: class` the cluster's own class decides",
                );
            }
            class(environment, c).map(StorageKind::Class)
        }
    };
    if written.backend != StorageBackend::Class {
        c.no_effect("/storage/class", "only `backend: class` reads it");
    }
    if written.backend == StorageBackend::Cephfs {
        cephfs_note(c);
    }
    Some(Storage {
        kind: kind?,
        replicas: written.replicas,
        encrypted: written.encryption,
        snapshot_controller: written.snapshot_controller && written.backend != StorageBackend::Class,
    })
}

fn copies(environment: &Environment, c: &mut Collector<'_>) {
    let written = &environment.storage;
    if written.backend == StorageBackend::Class || environment.promise != Promise::Zone {
        return;
    }
    let data = environment.regions.iter().filter(|r| r.role != Role::Access);
    for region in data {
        if usize::from(written.replicas) > region.zones.len() {
            let problem = format!(
                "{} copies of each block cannot each be in another zone: region `{}` has {}",
                written.replicas,
                region.name,
                region.zones.len()
            );
            c.error(
                "/storage/replicas",
                "spec/replicas",
                problem,
                format!("write `replicas: {}`, or name more zones", region.zones.len()),
            );
        }
    }
    if written.replicas < 3 {
        let problem = format!(
            "with {} copies, the loss of a zone stops writes or leaves a single copy",
            written.replicas
        );
        c.error(
            "/storage/replicas",
            "spec/replicas",
            problem,
            "write `replicas: 3`, or promise less: `promise: node`",
        );
    }
}

fn ceph(environment: &Environment, c: &mut Collector<'_>) -> Option<Ceph> {
    let written = &environment.storage;
    let devices = &written.devices;
    let disk_size = c.parse("/storage/devices/size", &devices.size);
    let disk_class = c.parse("/storage/devices/class", &devices.class);
    let device_class = c.parse("/storage/devices/deviceClass", &devices.device_class);
    if let Some(kms) = &written.kms {
        let _: Option<HttpsUrl> = c.parse("/storage/kms/address", &kms.address);
        if !written.encryption {
            c.no_effect("/storage/kms", "`encryption` is off");
        }
    }
    Some(Ceph {
        block: written.backend == StorageBackend::Rbd,
        disks_per_zone: devices.per_zone,
        disk_size: disk_size?,
        disk_class: disk_class?,
        device_class: device_class?,
        kms: written.kms.clone(),
    })
}

fn class(environment: &Environment, c: &mut Collector<'_>) -> Option<String> {
    let Some(class) = &environment.storage.class else {
        let problem = "`backend: class` needs the name of a StorageClass";
        c.error(
            "/storage",
            "spec/class",
            problem,
            "write `class: NAME`; `kubectl get storageclass` lists them",
        );
        return None;
    };
    c.parse::<DnsName>("/storage/class", class)
        .map(|name| name.as_str().to_owned())
}

fn cephfs_note(c: &mut Collector<'_>) {
    let message = "the database's volumes are directories of CephFS, as required; block devices (`backend: rbd`) suit a database better";
    let reason = "every fsync also passes a metadata server, a client that is silent for 45 s while that fails over is cut off, and nothing \
                  below Kubernetes stops a second mount; Galera's own copies turn each of these into one node lost, not data lost";
    c.note(
        "/storage/backend",
        "spec/cephfs",
        message,
        "keep it, or write `backend: rbd`",
    )
    .explain(reason);
}
