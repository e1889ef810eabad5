//! What a backup Job's pod mounts: what its purpose needs, and no more.

use k8s_openapi::api::core::v1::{
    EphemeralVolumeSource, PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate, PersistentVolumeClaimVolumeSource,
    Volume, VolumeMount, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use std::collections::BTreeMap;

use super::config::{Purpose, copied, paths};
use crate::components::common::{config_volume, mount, scratch_volume, secret_volume};
use crate::components::database::VOLUME;
use crate::topology::names::{certificates, objects, secrets};
use crate::topology::{Generation, Topology};

/// Each volume that comes from a Secret: its name, its Secret and where it is mounted.
fn secret_mounts(topology: &Topology, purpose: Purpose) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut list = vec![
        ("storage", secrets::BACKUP_STORAGE, paths::STORAGE),
        ("openpgp-public", secrets::OPENPGP_PUBLIC, paths::PUBLIC),
    ];
    if topology.backup.monthly.is_some() {
        list.push(("monthly-storage", secrets::BACKUP_MONTHLY_STORAGE, paths::MONTHLY));
    }
    if topology.backup.alerts.webhook || topology.backup.alerts.smtp.is_some() {
        list.push(("alerts", secrets::ALERTS, paths::ALERTS));
    }
    if purpose.connects() {
        let account = if purpose == Purpose::Accept {
            secrets::ACCEPTANCE_ACCOUNT
        } else {
            secrets::BACKUP_ACCOUNT
        };
        list.push(("account", account, paths::ACCOUNT));
        list.push(("database-tls", certificates::BACKUP_CLIENT, paths::DATABASE_TLS));
    }
    if purpose.signs() {
        list.push(("openpgp-signing", secrets::OPENPGP_SIGNING, paths::SIGNING));
    }
    if purpose.decrypts() {
        list.push(("openpgp-decryption", secrets::OPENPGP_DECRYPTION, paths::DECRYPTION));
    }
    list
}

/// The volumes, prefixed `backup-` so that they may stand beside others in one pod.
pub(in crate::components) fn volumes(
    topology: &Topology,
    generation: &Generation,
    purpose: Purpose,
    config_map: &str,
) -> Vec<Volume> {
    let mut volumes = vec![
        config_volume("backup-config", config_map),
        scratch_volume("backup-work", "4Gi"),
        scratch_volume("backup-tmp", "2Gi"),
    ];
    for (name, secret, _) in secret_mounts(topology, purpose) {
        volumes.push(secret_volume(&format!("backup-{name}"), secret));
    }
    if let Some(member) = copied(generation).filter(|_| purpose.mounts_volume()) {
        volumes.push(Volume {
            name: "backup-source".to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: member.claim(),
                read_only: Some(true),
            }),
            ..Volume::default()
        });
    }
    if purpose == Purpose::Rehearse {
        volumes.push(rehearsal_volume(topology));
    }
    volumes
}

/// A volume that lives as long as the rehearsal's pod, of a class that deletes it afterwards.
fn rehearsal_volume(topology: &Topology) -> Volume {
    let spec = PersistentVolumeClaimSpec {
        access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
        storage_class_name: Some(topology.storage.rehearsal_class().to_owned()),
        volume_mode: Some("Filesystem".to_owned()),
        resources: Some(VolumeResourceRequirements {
            requests: Some(BTreeMap::from([(
                "storage".to_owned(),
                Quantity(topology.database.size.to_string()),
            )])),
            limits: None,
        }),
        ..PersistentVolumeClaimSpec::default()
    };
    Volume {
        name: "backup-rehearsal".to_owned(),
        ephemeral: Some(EphemeralVolumeSource {
            volume_claim_template: Some(PersistentVolumeClaimTemplate { metadata: None, spec }),
        }),
        ..Volume::default()
    }
}

/// Where they are mounted.
pub(in crate::components) fn volume_mounts(
    topology: &Topology,
    generation: &Generation,
    purpose: Purpose,
) -> Vec<VolumeMount> {
    let mut mounts = vec![
        mount("backup-config", paths::CONFIG, false),
        mount("backup-work", paths::WORK, true),
        // Sockets of throw-away servers, and what MariaDB's programs write beside their streams.
        mount("backup-tmp", "/tmp", true),
    ];
    for (name, _, path) in secret_mounts(topology, purpose) {
        mounts.push(mount(&format!("backup-{name}"), path, false));
    }
    if purpose.mounts_volume() && copied(generation).is_some() {
        mounts.push(mount("backup-source", VOLUME, false));
    }
    if purpose == Purpose::Rehearse {
        mounts.push(mount("backup-rehearsal", paths::REHEARSAL, true));
    }
    if purpose == Purpose::Restore {
        mounts.push(mount(objects::DATA_VOLUME, VOLUME, true));
    }
    mounts
}
