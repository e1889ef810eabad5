//! The database is served from another cluster than before: one decision, and so one thing to accept.

use std::collections::BTreeSet;

use super::{BACKUP_REMOVED, Change, Class, PRIMARY_MOVED};
use crate::bundle::Item;

/// Says of the clusters that the database leaves for another one what that means, once for each of its generations, instead
/// of everything that goes with it.
pub(super) fn tell(changes: &mut [Change<'_>]) {
    let arrives: BTreeSet<String> = changes
        .iter()
        .filter(|change| change.base.is_none())
        .filter_map(|change| change.head.filter(|item| is_database(item)))
        .map(|item| item.cluster.to_string())
        .collect();
    let left: BTreeSet<String> = changes
        .iter()
        .filter(|change| change.head.is_none())
        .filter_map(|change| change.base.filter(|item| is_database(item)))
        .map(|item| item.cluster.to_string())
        .filter(|cluster| !arrives.contains(cluster))
        .collect();
    let Some(to) = arrives.first().filter(|_| !left.is_empty()) else {
        return;
    };
    for change in changes {
        let (Some(item), None) = (change.base, change.head) else {
            continue;
        };
        if !left.contains(&*item.cluster) {
            continue;
        }
        let database = is_database(item);
        for effect in &mut change.effects {
            if database {
                effect.code = PRIMARY_MOVED;
                effect.message = format!("is removed: the database is served from `{to}`");
                effect.reason = "what was written here is there only as far as a backup that is restored there holds it; and where \
                                 this cluster still runs and does not hear of it, there are two"
                    .into();
                effect.mend = "first make sure that this cluster is lost, or switch it off for certain".into();
            } else if effect.code == BACKUP_REMOVED {
                effect.class = Class::Restart;
                effect.reason = "backups are made where the database is served".into();
                effect.mend = "".into();
            }
        }
    }
}

fn is_database(item: &Item) -> bool {
    item.object.kind() == "StatefulSet"
        && item.object.str_at("/metadata/labels/app.kubernetes.io~1component") == "database"
}
