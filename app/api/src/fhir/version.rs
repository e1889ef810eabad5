//! Versions of a resource.

use serde_json::Value;

use crate::db::Stamp;

/// One version.
pub(super) struct Version {
    pub(super) number: u32,
    pub(super) at: Stamp,
    pub(super) resource: Value,
}

/// The number in a resource's `meta`; none for what has no versions.
pub(super) fn number(resource: &Value) -> Option<u32> {
    resource["meta"]["versionId"].as_str()?.parse().ok()
}

/// The time in a resource's `meta`.
pub(super) fn time(resource: &Value) -> Option<Stamp> {
    serde_json::from_value(resource["meta"]["lastUpdated"].clone()).ok()
}

impl Version {
    /// The only version that is kept.
    pub(super) fn only(resource: Value) -> Option<Self> {
        Some(Self {
            number: number(&resource)?,
            at: time(&resource)?,
            resource,
        })
    }
}
