//! The database is served from another cluster than before: one decision, and so one thing to accept.

use std::collections::BTreeMap;

use super::{BACKUP_REMOVED, Change, Class, Effect, PRIMARY_MOVED};
use crate::bundle::Item;
use crate::topology::names::objects;

/// Says of each environment whose database leaves a cluster for another one what that means, instead of everything that goes
/// with it; and refuses it where nothing brings the data along.
pub(super) fn tell(changes: &mut [Change<'_>]) {
    for (from, to) in moves(changes) {
        let left = |change: &Change<'_>| leaves(change).filter(|(cluster, _)| *cluster == from);
        let known: Vec<String> = changes.iter().filter_map(left).map(|(_, name)| name).collect();
        let active = changes.iter().find_map(|change| active(change, &to));
        for change in changes.iter_mut() {
            if left(change).is_some() {
                let effect = &mut change.effects[0];
                effect.code = PRIMARY_MOVED;
                effect.message = format!("is removed: the database is served from `{to}`");
                effect.reason = "what was written here is there only as far as a backup that is restored there holds it; and where this \
                                 cluster still runs and does not hear of it, there are two"
                    .into();
                effect.mend = "first make sure that this cluster is lost, or switch it off for certain".into();
            } else if change.head.is_none() && change.base.is_some_and(|item| *item.cluster == *from) {
                for effect in change.effects.iter_mut().filter(|effect| effect.code == BACKUP_REMOVED) {
                    effect.class = Class::Restart;
                    effect.reason = "backups are made where the database is served".into();
                    effect.mend = "".into();
                }
            } else if let Some((cluster, generation)) = arrives(change)
                && cluster == to
                && active.as_ref() == Some(&generation)
                && known.contains(&generation)
            {
                change.effects.insert(0, without_data(&from));
            }
        }
    }
}

/// The generation that serves in the new cluster is the one of the old: it would begin empty there, or as an old request says.
fn without_data(from: &str) -> Effect {
    Effect {
        class: Class::DataAtRisk,
        code: "upgrade/primary-without-data",
        pointer: String::new(),
        message: format!("is to serve without what `{from}` wrote"),
        reason: "no new restore brings the data there: it would begin empty, or with what it was restored from once"
            .into(),
        mend: "ask for a restore in the same change: `galeno restore request --backup latest --now`".into(),
    }
}

/// Clusters that the database leaves, each with the one of the same environment where it arrives.
fn moves(changes: &[Change<'_>]) -> BTreeMap<String, String> {
    let environment = |cluster: &str| cluster.split('/').next().map(str::to_owned);
    let databases =
        |of: fn(&Change<'_>) -> Option<(String, String)>| changes.iter().filter_map(of).map(|(cluster, _)| cluster);
    let moved = |from: String| {
        let to = databases(arrives).find(|to| *to != from && environment(to) == environment(&from))?;
        Some((from, to))
    };
    databases(leaves).filter_map(moved).collect()
}

/// The cluster and the name of a database that is removed.
fn leaves(change: &Change<'_>) -> Option<(String, String)> {
    change.base.filter(|_| change.head.is_none()).and_then(database)
}

/// The cluster and the name of a database that is new.
fn arrives(change: &Change<'_>) -> Option<(String, String)> {
    change.head.filter(|_| change.base.is_none()).and_then(database)
}

/// The StatefulSet of the generation that serves in a cluster, where that is new.
fn active(change: &Change<'_>, to: &str) -> Option<String> {
    let item = change.head.filter(|item| *item.cluster == *to)?;
    if (item.object.kind(), item.object.name()) != ("ConfigMap", objects::INTENT) {
        return None;
    }
    let intent: serde_json::Value = serde_json::from_str(item.object.str_at("/data/intent.yaml")).ok()?;
    let number = u32::try_from(intent["active"].as_u64()?).ok()?;
    Some(objects::generation(number))
}

fn database(item: &Item) -> Option<(String, String)> {
    let is_one = item.object.kind() == "StatefulSet"
        && item.object.str_at("/metadata/labels/app.kubernetes.io~1component") == "database";
    is_one.then(|| (item.cluster.to_string(), item.object.name().to_owned()))
}
