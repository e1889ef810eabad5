//! `storage`: what holds the volumes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What holds the volumes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StorageBackend {
    /// Rook-Ceph, volumes on `CephFS`.
    #[default]
    Cephfs,
    /// Rook-Ceph, volumes on RADOS block devices.
    Rbd,
    /// Longhorn.
    Longhorn,
    /// A `StorageClass` that the cluster already has.
    Class,
}

/// Persistent storage.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Storage {
    /// What holds the volumes.
    pub backend: StorageBackend,
    /// With `backend: class`: the `StorageClass`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The disks that Ceph or Longhorn takes.
    pub devices: Devices,
    /// Copies of each block, each in another zone.
    #[schemars(range(min = 1, max = 9))]
    pub replicas: u8,
    /// Encryption at rest (LUKS). Encryption in transit is always on.
    pub encryption: bool,
    /// Whether the controller of volume snapshots is installed too. Write `false` where the cluster brings it.
    pub snapshot_controller: bool,
    /// Where the keys of encryption at rest are kept. Without it: in the cluster itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms: Option<Kms>,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            backend: StorageBackend::default(),
            class: None,
            devices: Devices::default(),
            replicas: 3,
            encryption: true,
            snapshot_controller: true,
            kms: None,
        }
    }
}

/// The disks that Ceph takes, in every zone alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Devices {
    /// Disks in each zone.
    #[schemars(range(min = 1, max = 500))]
    pub per_zone: u16,
    /// Size of a disk.
    pub size: String,
    /// The `StorageClass` of raw local disks (`volumeBindingMode: WaitForFirstConsumer`).
    pub class: String,
    /// Kind of disk in the CRUSH map.
    #[schemars(example = &"nvme")]
    pub device_class: String,
}

impl Default for Devices {
    fn default() -> Self {
        Self {
            per_zone: 2,
            size: "1Ti".to_owned(),
            class: "local-disks".to_owned(),
            device_class: "nvme".to_owned(),
        }
    }
}

/// Vault, for the keys of encryption at rest.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Kms {
    /// Vault's address.
    #[schemars(example = &"https://vault.vault.svc:8200")]
    pub address: String,
    /// Role of Vault's Kubernetes authentication.
    pub role: String,
    /// Path of the secrets engine.
    pub path: String,
}
