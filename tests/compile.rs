//! The main job, run as a person runs it: what is compiled is complete, explained, the same every time, and owned.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use galeno::bundle::Manifest;
use galeno::{components, pipeline};

const ENVIRONMENTS: [&str; 3] = ["local", "prod", "staging"];

fn repository_root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::UNIX_EPOCH
}

fn galeno(root: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_galeno"))
        .args(["--color", "never", "--root"])
        .arg(root)
        .args(args)
        .output()
        .expect("the program runs")
}

fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// A repository of its own with the shipped environments.
fn copy() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(root.path().join("environments")).expect("a folder");
    for name in ENVIRONMENTS {
        let file = format!("environments/{name}.yaml");
        fs::copy(repository_root().join(&file), root.path().join(&file)).expect("a file");
    }
    root
}

fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

fn rendered(name: &str) -> (pipeline::Loaded, Vec<Manifest>) {
    let (loaded, findings) = pipeline::load(&repository_root(), name, now());
    let loaded = loaded.unwrap_or_else(|| panic!("{name}: {findings:?}"));
    let output = components::render(&loaded.topology);
    assert_eq!(output.broken, [""; 0]);
    (loaded, output.manifests)
}

#[test]
fn what_is_committed_is_what_the_environments_mean() {
    let output = galeno(&repository_root(), &["compile", "--check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn committed_schemas_are_those_of_the_types() {
    for kind in ["environment", "restore"] {
        let printed = ok(&galeno(&repository_root(), &["schema", kind]));
        let committed =
            fs::read_to_string(repository_root().join(format!("schemas/{kind}.schema.json"))).expect("a file");
        assert_eq!(printed, committed, "run `make schemas`");
    }
    for name in ENVIRONMENTS {
        let text = fs::read_to_string(repository_root().join(format!("environments/{name}.yaml"))).expect("a file");
        assert!(
            text.starts_with("# yaml-language-server: $schema=../schemas/environment.schema.json\n"),
            "{name}"
        );
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_and_a_second_run_writes_nothing() {
    let (one, other) = (copy(), copy());
    ok(&galeno(one.path(), &["compile"]));
    ok(&galeno(other.path(), &["compile"]));
    let first = files(&one.path().join("generated"));
    assert!(first.len() > 1000, "only {} files", first.len());
    assert_eq!(first, files(&other.path().join("generated")));

    let times = |root: &Path| -> Vec<_> {
        let time = |name: &String| {
            fs::metadata(root.join("generated").join(name))
                .expect("a file")
                .modified()
                .expect("a time")
        };
        first.keys().map(time).collect()
    };
    let before = times(one.path());
    let again = galeno(one.path(), &["compile"]);
    ok(&again);
    assert_eq!(before, times(one.path()));
    assert!(String::from_utf8_lossy(&again.stderr).contains("0 files written, 0 removed"));
}

#[test]
fn every_object_and_every_reason_speaks_of_what_is_there() {
    for name in ENVIRONMENTS {
        let (loaded, manifests) = rendered(name);
        for manifest in &manifests {
            let id = manifest.object.id();
            let whole = manifest.reasons.first().unwrap_or_else(|| panic!("{id} has no reason"));
            assert_eq!(whole.path, "", "{id}: the first reason speaks for the whole");
            for reason in &manifest.reasons {
                assert!(
                    manifest.object.at(&reason.path).is_some(),
                    "{name}: {id} has no {}",
                    reason.path
                );
                assert!(reason.rule.len() >= 8, "{id}: {:?} explains nothing", reason.rule);
                if let Some(source) = &reason.source {
                    let known = loaded.source.written(source) || galeno::spec::description(source).is_some();
                    assert!(known, "{name}: {id}: no field {source} in an environment");
                }
            }
        }
    }
}

/// Kinds that hold data, or decrypt or keep something of patients.
const OF_DATA: [&str; 6] = [
    "StatefulSet",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "CronJob",
    "CephCluster",
    "StorageClass",
];

#[test]
fn nothing_of_data_is_rendered_where_data_may_not_be() {
    let (loaded, manifests) = rendered("prod");
    let access: Vec<&str> = loaded
        .topology
        .regions
        .iter()
        .filter(|r| r.as_data().is_none())
        .map(|r| r.name.as_str())
        .collect();
    assert_eq!(access, ["us-east", "ap-northeast"]);
    for manifest in manifests.iter().filter(|m| access.contains(&&*m.region)) {
        let id = manifest.object.id();
        assert!(!OF_DATA.contains(&id.kind.as_str()), "{id} in {}", manifest.region);
        assert!(
            !matches!(id.namespace.as_str(), "clinic-data" | "clinic-rehearsal"),
            "{id} in {}",
            manifest.region
        );
        let text = manifest.object.value().to_string();
        for word in ["mariadb-accounts", "backup-openpgp", "backup-storage"] {
            assert!(!text.contains(word), "{id} in {} speaks of {word}", manifest.region);
        }
    }
}

#[test]
fn secrets_are_references_only() {
    for name in ENVIRONMENTS {
        let (_, manifests) = rendered(name);
        let secrets: Vec<_> = manifests
            .iter()
            .filter(|m| m.object.kind() == "Secret")
            .map(|m| m.object.id())
            .collect();
        assert_eq!(secrets, [], "{name}");
    }
}

#[test]
fn check_names_each_file_that_is_not_fresh() {
    let root = copy();
    ok(&galeno(root.path(), &["compile"]));
    let region = root.path().join("generated/staging/eu-central");
    fs::remove_file(region.join("database/service-mariadb.yaml")).expect("it is there");
    fs::write(region.join("database/statefulset-mariadb-g0.yaml"), "kind: Other\n").expect("a file");
    fs::write(region.join("database/mine.yaml"), "kind: Mine\n").expect("a file");
    let before = files(root.path());
    let output = galeno(root.path(), &["compile", "--check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    for file in ["service-mariadb.yaml", "statefulset-mariadb-g0.yaml", "mine.yaml"] {
        assert!(said.contains(file), "{file} is not named in\n{said}");
    }
    assert_eq!(before, files(root.path()), "--check wrote something");
}

#[test]
fn what_galeno_did_not_write_is_never_touched() {
    let root = copy();
    ok(&galeno(root.path(), &["compile"]));
    let mine = root.path().join("generated/staging/eu-central/database/mine.yaml");
    fs::write(&mine, "kind: Mine\n").expect("a file");
    let edited = root
        .path()
        .join("generated/staging/eu-central/database/service-mariadb.yaml");
    let text = fs::read_to_string(&edited).expect("a file") + "# by hand\n";
    fs::write(&edited, &text).expect("a file");
    let before = files(root.path());
    let output = galeno(root.path(), &["compile"]);
    assert_eq!(
        output.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(before, files(root.path()));
}

#[test]
fn removing_what_holds_data_needs_a_persons_word() {
    let root = copy();
    ok(&galeno(root.path(), &["compile", "--environment", "staging"]));
    let file = root.path().join("environments/staging.yaml");
    let text = fs::read_to_string(&file)
        .expect("a file")
        .replace("backend: rbd", "backend: class\n  class: fast")
        .replace("  devices: {perZone: 1, size: 200Gi}\n", "");
    fs::write(&file, text).expect("a file");
    let output = galeno(root.path(), &["compile", "--environment", "staging"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cephcluster-rook-ceph.yaml"), "{said}");
}

#[test]
fn a_new_environment_compiles_as_it_stands_and_is_never_overwritten() {
    let root = tempfile::tempdir().expect("a temporary folder");
    ok(&galeno(root.path(), &["init", "clinic"]));
    ok(&galeno(root.path(), &["compile"]));
    let before = files(root.path());
    assert_eq!(galeno(root.path(), &["init", "clinic"]).status.code(), Some(3));
    assert_eq!(galeno(root.path(), &["init", "No_Label"]).status.code(), Some(1));
    assert_eq!(before, files(root.path()));
}

#[test]
fn explain_leads_from_a_field_back_to_the_line_and_the_rule() {
    let root = repository_root();
    insta::assert_snapshot!("explain_prod", ok(&galeno(&root, &["explain", "prod"])));
    insta::assert_snapshot!(
        "explain_component",
        ok(&galeno(&root, &["explain", "prod", "database"]))
    );
    let object = ok(&galeno(&root, &["explain", "prod", "StatefulSet/mariadb-g0"]));
    assert!(
        object.contains("environments/prod.yaml:59:10  image: ghcr.io"),
        "{object}"
    );
    insta::assert_snapshot!("explain_object", object);
    let unknown = galeno(&root, &["explain", "prod", "databse"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean `database`?"));
}

#[test]
fn validate_judges_what_compile_wrote_and_what_it_did_not() {
    let region = repository_root().join("generated/prod/eu-central/database");
    let region = region.to_str().expect("text");
    for format in ["text", "json", "sarif", "github", "junit"] {
        let output = galeno(&repository_root(), &["validate", "--format", format, region]);
        assert!(
            output.status.success(),
            "{format}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    let root = tempfile::tempdir().expect("a temporary folder");
    let file = root.path().join("wrong.yaml");
    let wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\nspec:\n  prots: [{port: 80}]\n---\n\
                 apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: c, namespace: b}\n  spec:\n    ports: [{port: 99999}]\n";
    fs::write(&file, wrong).expect("a file");
    let output = galeno(
        &repository_root(),
        &["validate", "--format", "github", file.to_str().expect("text")],
    );
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("line=5,"), "{said}");
    assert!(said.contains("line=14,"), "{said}");
}

#[test]
fn each_file_that_the_requirements_name_is_there() {
    let root = repository_root();
    let text = fs::read_to_string(root.join("docs/requirements.md")).expect("a file");
    let named = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.split('|').nth(2));
    let mut seen = 0;
    for file in named
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|file| Path::new(file).extension().is_some_and(|extension| extension == "yaml"))
    {
        let path = if file.starts_with("generated/") {
            file.to_owned()
        } else {
            format!("generated/prod/eu-central/{file}")
        };
        assert!(root.join(&path).is_file(), "{path} is named and not there");
        seen += 1;
    }
    assert!(seen > 40, "only {seen} files are named");
}
