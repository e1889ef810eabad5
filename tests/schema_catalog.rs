//! The catalog of *schema*: which kinds there are, and whose definitions can be added.
#![allow(clippy::unwrap_used, reason = "a test may end where it fails")]

mod schema_support;

use std::fs;
use std::path::Path;

use galeno::checks::schema::{self, Catalog, KubeVersion, Scope};
use schema_support::{base, item};
use serde_json::Value;

fn version(text: &str) -> KubeVersion {
    text.parse().unwrap()
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).unwrap()
}

/// The definition of the fixtures, under another kind.
fn definition(kind: &str) -> Value {
    let mut crd = base("CustomResourceDefinition/backups.example.org");
    let plural = format!("{}s", kind.to_lowercase());
    crd["metadata"]["name"] = format!("{plural}.example.org").into();
    crd["spec"]["names"] = serde_json::json!({"plural": plural, "singular": kind.to_lowercase(), "kind": kind});
    crd
}

#[test]
fn scopes_and_names_are_known_without_parsing_schemas() {
    let catalog = Catalog::upstream();
    for (api_version, kind, scope, plural) in [
        ("v1", "Namespace", Scope::Cluster, "namespaces"),
        ("v1", "ConfigMap", Scope::Namespaced, "configmaps"),
        ("apps/v1", "StatefulSet", Scope::Namespaced, "statefulsets"),
        (
            "networking.k8s.io/v1",
            "NetworkPolicy",
            Scope::Namespaced,
            "networkpolicies",
        ),
        ("storage.k8s.io/v1", "StorageClass", Scope::Cluster, "storageclasses"),
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            Scope::Cluster,
            "clusterroles",
        ),
        ("ceph.rook.io/v1", "CephCluster", Scope::Namespaced, "cephclusters"),
        ("csi.ceph.io/v1", "Driver", Scope::Namespaced, "drivers"),
        ("cert-manager.io/v1", "ClusterIssuer", Scope::Cluster, "clusterissuers"),
        (
            "trust-manager.io/v1alpha2",
            "ClusterBundle",
            Scope::Cluster,
            "clusterbundles",
        ),
        ("argoproj.io/v1alpha1", "Application", Scope::Namespaced, "applications"),
        (
            "gateway.networking.k8s.io/v1",
            "GatewayClass",
            Scope::Cluster,
            "gatewayclasses",
        ),
        ("traefik.io/v1alpha1", "Middleware", Scope::Namespaced, "middlewares"),
        (
            "snapshot.storage.k8s.io/v1",
            "VolumeSnapshotClass",
            Scope::Cluster,
            "volumesnapshotclasses",
        ),
        (
            "monitoring.coreos.com/v1",
            "PrometheusRule",
            Scope::Namespaced,
            "prometheusrules",
        ),
        (
            "external-secrets.io/v1",
            "ClusterSecretStore",
            Scope::Cluster,
            "clustersecretstores",
        ),
        ("longhorn.io/v1beta2", "Volume", Scope::Namespaced, "volumes"),
        (
            "cilium.io/v2",
            "CiliumNetworkPolicy",
            Scope::Namespaced,
            "ciliumnetworkpolicies",
        ),
        (
            "csiaddons.openshift.io/v1alpha1",
            "NetworkFence",
            Scope::Cluster,
            "networkfences",
        ),
    ] {
        assert!(catalog.knows(api_version, kind), "{api_version} {kind}");
        assert_eq!(catalog.scope(api_version, kind), Some(scope), "{api_version} {kind}");
        assert_eq!(catalog.plural(api_version, kind), Some(plural), "{api_version} {kind}");
    }
    assert!(!catalog.knows("apps/v1beta1", "Deployment") && !catalog.knows("v1", "Deployment"));
    assert_eq!(catalog.scope("example.com/v1", "Thing"), None);
}

#[test]
fn kinds_exist_in_some_versions_only() {
    let catalog = Catalog::upstream();
    let exists = |api_version: &str, kind: &str, v: &str| catalog.exists_in(api_version, kind, version(v));
    assert!(exists("storage.k8s.io/v1", "VolumeAttributesClass", "1.34"));
    assert!(!exists("storage.k8s.io/v1", "VolumeAttributesClass", "1.33"));
    assert!(exists("networking.k8s.io/v1beta1", "ServiceCIDR", "1.36"));
    assert!(!exists("networking.k8s.io/v1beta1", "ServiceCIDR", "1.37"));
    assert!(exists("cert-manager.io/v1", "Certificate", "1.33"));
    assert!(!exists("example.com/v1", "Thing", "1.36"));
}

#[test]
fn definitions_are_added_from_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let several = format!(
        "---\n{}---\n# nothing\n---\n{}",
        yaml(&definition("Widget")),
        yaml(&definition("Gadget"))
    );
    write(dir.path(), "several.yaml", &several);
    write(dir.path(), "deep/er/one.json", &definition("Part").to_string());
    write(
        dir.path(),
        "other.yml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    );
    write(dir.path(), "README.md", "not: [yaml");
    let mut catalog = Catalog::upstream();
    assert_eq!(catalog.add_crds(dir.path()), Ok(3));
    for kind in ["Widget", "Gadget", "Part"] {
        assert_eq!(catalog.scope("example.org/v1", kind), Some(Scope::Namespaced), "{kind}");
    }
    let object = serde_json::json!({"apiVersion": "example.org/v1", "kind": "Widget",
        "metadata": {"name": "a", "namespace": "b"}, "spec": {"size": 1, "high": -1}});
    let found = schema::check(&[item("a.yaml", object)], &catalog, &[KubeVersion::LATEST]);
    assert_eq!(
        found.iter().map(|f| f.code).collect::<Vec<_>>(),
        ["schema/rule"],
        "the default of `low` is above it"
    );
}

#[test]
fn what_cannot_be_added_is_told_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut no_schema = definition("Widget");
    no_schema["spec"]["versions"][0]
        .as_object_mut()
        .unwrap()
        .remove("schema");
    let mut no_scope = definition("Gadget");
    no_scope["spec"]["scope"] = "Galaxy".into();
    write(dir.path(), "a.yaml", &yaml(&no_schema));
    write(dir.path(), "b.yaml", &yaml(&no_scope));
    write(dir.path(), "c.yaml", "kind: [unclosed\n");
    fs::write(dir.path().join("d.yaml"), [0xff, 0xfe, 0x00, 0x01]).unwrap();
    let found = Catalog::upstream().add_crds(dir.path()).unwrap_err();
    let files: Vec<String> = found
        .iter()
        .map(|f| {
            Path::new(f.place.file.as_ref().unwrap())
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    for name in ["a.yaml", "b.yaml", "c.yaml", "d.yaml"] {
        assert!(files.iter().any(|file| file == name), "{name}: {found:#?}");
    }
    assert!(
        found
            .iter()
            .any(|f| f.message.contains("widgets.example.org") && f.message.contains("no schema")),
        "{found:#?}"
    );
}

#[test]
fn a_folder_without_definitions_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        Catalog::upstream().add_crds(dir.path()).unwrap_err()[0].code,
        "schema/bad-crd"
    );
    let missing = dir.path().join("missing");
    let found = Catalog::upstream().add_crds(&missing).unwrap_err();
    assert!(
        found[0].message.contains("missing") && found[0].mend.contains("folder"),
        "{found:?}"
    );
}

#[test]
fn a_definition_that_was_added_stands_before_the_one_brought_along() {
    let mut crd = definition("Certificate");
    crd["metadata"]["name"] = "certificates.cert-manager.io".into();
    crd["spec"]["group"] = "cert-manager.io".into();
    crd["spec"]["scope"] = "Cluster".into();
    let mut catalog = Catalog::upstream();
    catalog.add_crd(&crd).unwrap();
    assert_eq!(catalog.scope("cert-manager.io/v1", "Certificate"), Some(Scope::Cluster));
    assert_eq!(
        Catalog::upstream().scope("cert-manager.io/v1", "Certificate"),
        Some(Scope::Namespaced)
    );
}

#[test]
fn a_schema_that_cannot_be_read_is_told_for_each_object() {
    let mut crd = definition("Widget");
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = serde_json::json!({"type": "thing"});
    let object = serde_json::json!({"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "a", "namespace": "b"}});
    let found = schema::check(
        &[item("a.yaml", crd), item("b.yaml", object)],
        &Catalog::upstream(),
        &[],
    );
    let told: Vec<(&str, &str)> = found
        .iter()
        .map(|f| (f.code, f.place.file.as_deref().unwrap()))
        .collect();
    assert!(told.contains(&("schema/bad-crd", "b.yaml")), "{found:#?}");
}

#[test]
fn the_sources_of_every_schema_are_on_record() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/upstream");
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    let (sources, index) = (read("SOURCES.tsv"), read("index.tsv"));
    for line in sources.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [project, version, path, digest, licence] = columns[..] else {
            panic!("{line}")
        };
        assert!(!project.is_empty() && !version.is_empty() && !path.is_empty(), "{line}");
        assert!(
            digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()),
            "{line}"
        );
        assert!(matches!(licence, "Apache-2.0" | "MIT"), "{line}");
    }
    let minors: Vec<&str> = sources
        .lines()
        .filter(|l| l.starts_with("k8s.io/kubernetes\t"))
        .map(|l| &l[18..23])
        .collect();
    for minor in KubeVersion::all() {
        assert!(minors.contains(&format!("v{minor}").as_str()), "{minor}: {minors:?}");
    }
    // Every file that is embedded comes from somewhere, and has kinds.
    for file in fs::read_dir(&dir)
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
    {
        if Path::new(&file).extension().is_some_and(|e| e == "json") {
            assert!(index.contains(&format!("\t{file}\t")), "{file} has no kinds");
        }
    }
}
