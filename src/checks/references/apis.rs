//! The API resources that exist: group, plural, kind, scope.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

/// One line's worth of `apis.txt`.
pub(super) struct Group {
    /// Plural to kind.
    pub(super) resources: BTreeMap<&'static str, &'static str>,
    /// Whether the API server has it without CRDs.
    pub(super) built_in: bool,
}

struct Apis {
    groups: BTreeMap<&'static str, Group>,
    cluster_scoped: HashSet<(&'static str, &'static str)>,
    namespaced_anywhere: HashMap<&'static str, bool>,
}

static APIS: LazyLock<Apis> = LazyLock::new(|| parse(include_str!("apis.txt")));

fn parse(table: &'static str) -> Apis {
    let mut apis = Apis {
        groups: BTreeMap::new(),
        cluster_scoped: HashSet::new(),
        namespaced_anywhere: HashMap::new(),
    };
    let mut built_in = true;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_ascii_whitespace();
        let (Some(group), Some(scope)) = (words.next(), words.next()) else {
            built_in = built_in && line != "---";
            continue;
        };
        let group = if group == "core" { "" } else { group };
        let entry = apis.groups.entry(group).or_insert_with(|| Group {
            resources: BTreeMap::new(),
            built_in,
        });
        for (plural, kind) in words.filter_map(|word| word.split_once(':')) {
            entry.resources.insert(plural, kind);
            if scope == "C" {
                apis.cluster_scoped.insert((group, kind));
            }
            apis.namespaced_anywhere.entry(kind).or_insert(scope == "N");
        }
    }
    apis
}

/// A group by name; "" is the core group.
pub(super) fn group(name: &str) -> Option<&'static Group> {
    APIS.groups.get(name)
}

/// The names of all known groups.
pub(super) fn groups() -> impl Iterator<Item = &'static str> {
    APIS.groups.keys().copied()
}

/// Whether objects of this kind stand outside namespaces. A kind that is not in the table is taken as namespaced.
pub(super) fn is_cluster_scoped(group: &str, kind: &str) -> bool {
    APIS.cluster_scoped.contains(&(group, kind))
}

/// The same where only the kind is known: the first group in the table that has it decides.
pub(super) fn is_kind_cluster_scoped(kind: &str) -> bool {
    APIS.namespaced_anywhere.get(kind) == Some(&false)
}

/// Whether a name after the slash of `pods/log` is a subresource of some built-in kind.
pub(super) fn is_subresource(name: &str) -> bool {
    [
        "approval",
        "attach",
        "binding",
        "checkpoint",
        "configz",
        "ephemeralcontainers",
        "eviction",
        "exec",
        "finalize",
        "finalizers",
        "healthz",
        "log",
        "metrics",
        "pods",
        "portforward",
        "proxy",
        "resize",
        "scale",
        "spec",
        "stats",
        "status",
        "token",
        "*",
    ]
    .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        assert_eq!(
            group("apps").and_then(|g| g.resources.get("statefulsets")),
            Some(&"StatefulSet")
        );
        assert!(group("").is_some_and(|g| g.built_in && g.resources.contains_key("configmaps")));
        assert!(group("ceph.rook.io").is_some_and(|g| !g.built_in));
        assert!(is_cluster_scoped("storage.k8s.io", "StorageClass") && !is_cluster_scoped("apps", "Deployment"));
        assert!(is_kind_cluster_scoped("GatewayClass") && !is_kind_cluster_scoped("Node2"));
        assert!(groups().count() > 40);
    }
}
