//! What holds the volumes.

use super::names::objects;
use super::values::{DnsLabel, DnsName, Size};
use super::versions::Version;

/// Persistent storage.
#[derive(Clone, Debug)]
pub struct Storage {
    /// What holds the volumes.
    pub kind: StorageKind,
    /// Copies of each block.
    pub replicas: u8,
    /// Encryption at rest.
    pub encrypted: bool,
    /// Whether the controller of volume snapshots is Galeno's to install.
    pub snapshot_controller: bool,
}

impl Storage {
    /// The `StorageClass` of a rehearsal's throw-away volume: one that deletes it afterwards.
    pub fn rehearsal_class(&self) -> &str {
        match &self.kind {
            StorageKind::Ceph(_) | StorageKind::Longhorn { .. } => objects::STORAGE_CLASS_REHEARSAL,
            StorageKind::Class(class) => class,
        }
    }

    /// The `StorageClass` of the database's volumes.
    pub fn database_class(&self) -> &str {
        match &self.kind {
            StorageKind::Ceph(Ceph { block: false, .. }) => objects::STORAGE_CLASS_CEPHFS,
            StorageKind::Ceph(Ceph { block: true, .. }) => objects::STORAGE_CLASS_RBD,
            StorageKind::Longhorn { .. } => objects::STORAGE_CLASS_LONGHORN,
            StorageKind::Class(class) => class,
        }
    }
}

/// What holds the volumes.
#[derive(Clone, Debug)]
pub enum StorageKind {
    /// Rook-Ceph.
    Ceph(Ceph),
    /// Longhorn.
    Longhorn {
        /// Its version.
        version: Version,
    },
    /// A `StorageClass` that the cluster already has.
    Class(String),
}

/// Rook-Ceph.
#[derive(Clone, Debug)]
pub struct Ceph {
    /// The database's volumes are block devices (true) or directories of `CephFS` (false).
    pub block: bool,
    /// Disks in each zone.
    pub disks_per_zone: u16,
    /// Size of a disk.
    pub disk_size: Size,
    /// `StorageClass` of raw local disks.
    pub disk_class: DnsName,
    /// Kind of disk in the CRUSH map.
    pub device_class: DnsLabel,
    /// Vault, for the disks' keys.
    pub kms: Option<crate::spec::Kms>,
}
