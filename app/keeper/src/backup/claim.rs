//! One scheduled backup, several Jobs: each of them stands beside another member, and only one may run.
//!
//! The Jobs agree through the bucket: whoever writes the claim of the slot first, runs. The member that is the best to
//! copy tries at once, the next best a little later.

use std::time::Duration;

use anyhow::Context as _;
use galeno_contract::backup::BackupConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{Kind, Layout};
use crate::retention::slot;
use crate::run::Run;
use crate::store::{Bucket, StoreError};

/// How much longer each next best member waits.
pub(super) const STAGGER: Duration = Duration::from_secs(30);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claim {
    member: String,
    claimed_at: Timestamp,
}

/// Waits for its turn and claims the slot of `kind` for `member`. `None`: it is ours; else who has it.
pub(super) fn claim(
    config: &BackupConfig,
    bucket: &Bucket,
    layout: &Layout,
    kind: Kind,
    (member, rank): (&str, u32),
    run: &Run,
) -> anyhow::Result<Option<String>> {
    let now = Timestamp::now();
    let key = layout.claim(&format!("{kind}-{}", slot(kind, now, &config.time_zone)?));
    run.pause(STAGGER * rank)?;
    let claim = serde_json::to_vec(&Claim {
        member: member.to_owned(),
        claimed_at: now,
    })?;
    match bucket.put_new(&key, &claim) {
        Ok(()) => Ok(None),
        Err(StoreError::Exists { .. }) => {
            let text = bucket.get(&key, 4096)?;
            let there: Claim = serde_json::from_slice(&text).with_context(|| format!("`{key}` is no claim"))?;
            // A Job that is tried again, beside the same member, goes on with its own claim.
            Ok((there.member != member).then_some(there.member))
        }
        Err(error) => Err(error.into()),
    }
}
