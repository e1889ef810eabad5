//! Where an object's file stands under `generated/ENV/`.

use std::collections::BTreeMap;

use super::Manifest;
use crate::digest::sha256;

/// File names may have 255 bytes on every file system in use.
const LONGEST_NAME: usize = 200;

/// The path of each manifest below `generated/ENV/`, in the order given: `REGION/COMPONENT/KIND-NAME.yaml`, and
/// `argocd/REGION/KIND-NAME.yaml` for what Argo CD itself reads.
///
/// No two are equal, also not to a file system that ignores case. Objects that would share a file carry what tells them
/// apart, all of them alike: first their namespace (`KIND-NAME@NAMESPACE.yaml`), then their API group
/// (`KIND.GROUP-NAME@NAMESPACE.yaml`), and where only letter case or unusual characters differ, a digest of their
/// identity. Equal objects of one cluster have the same identity: those are told by [`super::Tree::render`].
pub fn paths(manifests: &[Manifest]) -> Vec<String> {
    let mut paths: Vec<String> = manifests.iter().map(|m| path(m, Detail::Name)).collect();
    for detail in [Detail::Namespace, Detail::Group, Detail::Digest] {
        let mut sharing: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, path) in paths.iter().enumerate() {
            sharing.entry(path).or_default().push(at);
        }
        let shared: Vec<usize> = sharing
            .into_values()
            .filter(|group| group.len() > 1)
            .flatten()
            .collect();
        if shared.is_empty() {
            break;
        }
        for at in shared {
            paths[at] = path(&manifests[at], detail);
        }
    }
    paths
}

/// How much of an object's identity its file name shows.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Detail {
    Name,
    Namespace,
    Group,
    Digest,
}

fn path(manifest: &Manifest, detail: Detail) -> String {
    let folder = match manifest.component {
        "argocd" => format!("argocd/{}", safe(&manifest.region)),
        "" => safe(&manifest.region),
        component => format!("{}/{}", safe(&manifest.region), safe(component)),
    };
    format!("{folder}/{}.yaml", file_name(manifest, detail))
}

fn file_name(manifest: &Manifest, detail: Detail) -> String {
    let object = &manifest.object;
    let mut name = safe(object.kind());
    if detail >= Detail::Group && !object.group().is_empty() {
        name = format!("{name}.{}", safe(object.group()));
    }
    name = format!("{name}-{}", safe(object.name()));
    if detail >= Detail::Namespace && !object.namespace().is_empty() {
        name = format!("{name}@{}", safe(object.namespace()));
    }
    if detail == Detail::Digest || name.len() > LONGEST_NAME {
        let identity = format!(
            "{}\n{}\n{}\n{}",
            object.api_version(),
            object.kind(),
            object.namespace(),
            object.name()
        );
        // All of `name` is ASCII.
        name.truncate(LONGEST_NAME - 17);
        name = format!("{name}~{}", &sha256(identity.as_bytes())[..16]);
    }
    name
}

/// Lower-case letters, digits, `-` and `.`; anything else is `_`. Never empty, and no name that means a folder.
fn safe(text: &str) -> String {
    let keep = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let name: String = text.chars().map(keep).collect();
    if name.trim_start_matches('.').is_empty() || name.starts_with('.') {
        format!("_{name}")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::bundle::Object;

    fn manifest(component: &'static str, api_version: &str, kind: &str, namespace: &str, name: &str) -> Manifest {
        let value =
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}});
        Manifest {
            region: Arc::from("eu"),
            component,
            object: Object::new(value).unwrap(),
            reasons: Vec::new(),
        }
    }

    #[test]
    fn a_file_is_named_by_kind_and_name() {
        let manifests = [
            manifest("database", "apps/v1", "StatefulSet", "db", "mariadb-g0"),
            manifest("argocd", "argoproj.io/v1alpha1", "Application", "argocd", "eu-database"),
            manifest("network", "networking.k8s.io/v1", "NetworkPolicy", "a", "default-deny"),
            manifest("network", "networking.k8s.io/v1", "NetworkPolicy", "b", "default-deny"),
            manifest("network", "networking.k8s.io/v1", "NetworkPolicy", "b", "dns"),
        ];
        assert_eq!(
            paths(&manifests),
            [
                "eu/database/statefulset-mariadb-g0.yaml",
                "argocd/eu/application-eu-database.yaml",
                "eu/network/networkpolicy-default-deny@a.yaml",
                "eu/network/networkpolicy-default-deny@b.yaml",
                "eu/network/networkpolicy-dns.yaml",
            ]
        );
    }

    #[test]
    fn no_two_objects_share_a_file() {
        let long = "x".repeat(300);
        let manifests = [
            manifest("c", "a.io/v1", "Gateway", "n", "g"),
            manifest("c", "b.io/v1", "Gateway", "n", "g"),
            manifest("c", "v1", "Gateway", "m", "g"),
            manifest("c", "rbac/v1", "Role", "n", "Foo"),
            manifest("c", "rbac/v1", "Role", "n", "foo"),
            manifest("c", "rbac/v1", "Role", "n", "a:b"),
            manifest("c", "rbac/v1", "Role", "n", "a_b"),
            manifest("c", "rbac/v1", "Role", "", "../../x"),
            manifest("c", "rbac/v1", "Role", "n", &long),
            manifest("c", "rbac/v1", "Role", "m", &long),
        ];
        let paths = paths(&manifests);
        assert_eq!(
            paths[..3],
            [
                "eu/c/gateway.a.io-g@n.yaml",
                "eu/c/gateway.b.io-g@n.yaml",
                "eu/c/gateway-g@m.yaml"
            ]
        );
        let distinct: std::collections::BTreeSet<_> = paths.iter().map(|p| p.to_lowercase()).collect();
        assert_eq!(distinct.len(), manifests.len());
        for path in &paths {
            let parts: Vec<&str> = path.split('/').collect();
            assert_eq!(parts.len(), 3, "{path}");
            assert!(
                parts
                    .iter()
                    .all(|part| part.len() < 255 && part.is_ascii() && !part.starts_with('.')),
                "{path}"
            );
        }
    }
}
