//! The seam between the generator and the keeper: every command line and every configuration that is rendered is one that
//! this very program takes. What is read here is committed: `generated/`, and for a restored generation, of which the
//! environments that ship have none, `tests/rendered/restored.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use galeno_contract::backup::BackupConfig;
use galeno_contract::keeper::{Intent, NodeConfig};
use galeno_contract::metrics::keeper as figures;
use serde_json::Value;

use super::{Arguments, Command};
use crate::node::Settings;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every object that is committed, with the place where it applies.
fn objects() -> Vec<(String, Value)> {
    fn walk(directory: &Path, found: &mut Vec<(String, Value)>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let text = fs::read_to_string(&path).unwrap();
                // A cheap look first: there are thousands of objects, and few are of interest.
                if text.contains("/database:") || text.contains("kind: ConfigMap") || text.contains("galeno_keeper_") {
                    let object = serde_saphyr::from_str(&text).unwrap();
                    let place = path.parent().and_then(Path::parent).unwrap().display().to_string();
                    found.push((place, object));
                }
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("generated"), &mut found);
    let restored = root().join("app/keeper/tests/rendered/restored.json");
    let restored: Vec<Value> = serde_json::from_str(&fs::read_to_string(restored).unwrap()).unwrap();
    assert!(restored.len() > 4, "the restored generation has its objects");
    found.extend(restored.into_iter().map(|object| ("restored".to_owned(), object)));
    found
}

/// The pod that an object makes.
fn pod(object: &Value) -> Option<&Value> {
    ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec"]
        .iter()
        .find_map(|path| object.pointer(path))
        .filter(|pod| pod["containers"].is_array())
}

/// Containers of the database's image: the keeper is their entry point.
fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers"]
        .into_iter()
        .filter_map(|kind| pod[kind].as_array())
        .flatten()
        .filter(|container| container["image"].as_str().unwrap().contains("/database:"))
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// All texts in a configuration that are paths of files that somebody must mount.
fn files(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.starts_with("/etc/") => drop(found.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| files(item, found)),
        Value::Object(map) => map.values().for_each(|item| files(item, found)),
        _ => {}
    }
}

/// The configuration that a container is given, out of the `ConfigMap`s of its place.
fn configuration<'m>(
    place: &str,
    pod: &Value,
    container: &Value,
    arguments: &[String],
    maps: &'m BTreeMap<(String, String), Value>,
) -> &'m str {
    let at = arguments.iter().position(|argument| argument == "--config").unwrap();
    let path = Path::new(&arguments[at + 1]);
    let directory = path.parent().unwrap().to_str().unwrap();
    let mounts = container["volumeMounts"].as_array().unwrap();
    let mount = mounts.iter().find(|mount| mount["mountPath"] == directory).unwrap();
    let volumes = pod["volumes"].as_array().unwrap();
    let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]).unwrap();
    let name = volume["configMap"]["name"].as_str().unwrap().to_owned();
    // A region's components lie in folders of their own, and the place is the region's.
    let map = &maps[&(place.to_owned(), name)];
    map["data"][path.file_name().unwrap().to_str().unwrap()]
        .as_str()
        .unwrap()
}

#[test]
fn every_command_line_and_every_configuration_that_is_rendered_is_taken() {
    let objects = objects();
    let maps: BTreeMap<(String, String), Value> = objects
        .iter()
        .filter(|(_, object)| object["kind"] == "ConfigMap")
        .map(|(place, object)| {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            ((place.clone(), name), object.clone())
        })
        .collect();
    let mut commands = BTreeMap::<String, usize>::new();
    for (place, object) in &objects {
        let Some(pod) = pod(object) else { continue };
        for container in containers(pod) {
            let arguments = texts(&container["args"]);
            let shown = format!("{place} {}: keeper {}", object["metadata"]["name"], arguments.join(" "));
            assert!(
                container["command"].is_null(),
                "{shown}: the image's entry point is the keeper"
            );
            let parsed = Arguments::try_parse_from(std::iter::once("keeper".to_owned()).chain(arguments.clone()))
                .unwrap_or_else(|error| panic!("{shown}\n{error}"));
            let text = configuration(place, pod, container, &arguments, &maps);
            let mounted: Vec<String> = container["volumeMounts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|mount| mount["mountPath"].as_str().unwrap().to_owned())
                .collect();
            assert!(mounted.contains(&"/tmp".to_owned()), "{shown}: nowhere to put a socket");
            let command = format!("{:?}", parsed.command);
            let command = command.split('(').next().unwrap().to_owned();
            *commands.entry(command).or_default() += 1;
            if matches!(parsed.command, Command::Node(_)) {
                let config: NodeConfig =
                    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{shown}\n{error}"));
                for member in &config.members {
                    Settings::new(config.clone(), Some(member.name.clone()))
                        .unwrap_or_else(|e| panic!("{shown}\n{e:#}"));
                }
                let mut named = BTreeSet::new();
                files(&serde_json::to_value(&config).unwrap(), &mut named);
                for file in named {
                    let is_mounted = mounted.iter().any(|mount| file.starts_with(&format!("{mount}/")));
                    assert!(is_mounted, "{shown}: {file} is not mounted");
                }
            } else {
                let config: BackupConfig = serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{shown}\n{e}"));
                asked_for_and_given(&shown, &parsed.command, &config, &mounted);
            }
        }
    }
    let seen: BTreeSet<&str> = commands.keys().map(String::as_str).collect();
    let all = [
        "Accept", "Backup", "Node", "Prune", "Rehearse", "Restore", "Ship", "Snapshot",
    ];
    assert_eq!(seen, BTreeSet::from(all), "{commands:?}");
}

/// What a command cannot do without is in its configuration, and mounted.
fn asked_for_and_given(shown: &str, command: &Command, config: &BackupConfig, mounted: &[String]) {
    let is_mounted = |file: &Path| mounted.iter().any(|mount| file.starts_with(mount));
    let mut needed: Vec<&Path> = vec![&config.work_directory, &config.storage.access_key_id_file];
    needed.extend(config.openpgp.trusted_signer_files.iter().map(PathBuf::as_path));
    let signs = matches!(
        command,
        Command::Backup(_) | Command::Snapshot(_) | Command::Ship(_) | Command::Rehearse(_)
    );
    if signs {
        needed.push(config.openpgp.signing_key_file.as_deref().expect(shown));
    }
    if matches!(command, Command::Rehearse(_) | Command::Restore(_)) {
        needed.push(config.openpgp.decryption_key_file.as_deref().expect(shown));
    }
    if matches!(command, Command::Backup(_) | Command::Snapshot(_)) {
        let copied: Vec<_> = config
            .database
            .members
            .iter()
            .filter_map(|m| m.data_directory.as_deref())
            .collect();
        assert!(!copied.is_empty(), "{shown}: no member's volume is mounted");
        needed.extend(copied);
    }
    if matches!(
        command,
        Command::Backup(_) | Command::Snapshot(_) | Command::Ship(_) | Command::Accept(_)
    ) {
        needed.push(&config.database.password_file);
        needed.push(&config.database.tls.as_ref().expect(shown).ca_file);
    }
    match command {
        Command::Snapshot(_) => assert!(config.snapshot.is_some(), "{shown}"),
        Command::Ship(_) => {
            let every = config.point_in_time.as_ref().expect(shown).every.to_std();
            assert!(
                every.as_secs() * 2 <= 300,
                "{shown}: every {every:?} loses more than five minutes"
            );
        }
        Command::Rehearse(_) => needed.push(&config.rehearsal.as_ref().expect(shown).directory),
        Command::Restore(_) => needed.push(&config.restore.as_ref().expect(shown).data_directory),
        Command::Accept(_) => assert!(config.restore.is_some(), "{shown}"),
        _ => {}
    }
    if let Some(webhook) = &config.alerts.webhook {
        needed.push(&webhook.url_file);
    }
    for file in needed {
        assert!(
            is_mounted(file),
            "{shown}: {} is not mounted: {mounted:?}",
            file.display()
        );
    }
}

#[test]
fn every_intent_that_is_rendered_is_understood() {
    let objects = objects();
    let intents: Vec<&str> = objects
        .iter()
        .filter_map(|(_, object)| object.pointer("/data/intent.yaml")?.as_str())
        .collect();
    assert!(intents.len() >= 3, "one for each environment");
    for text in intents {
        let intent: Intent = serde_saphyr::from_str(text).unwrap();
        assert_eq!(intent.active, 0);
    }
}

#[test]
fn alerts_and_dashboards_ask_only_for_figures_that_are_exported() {
    let mut asked = BTreeSet::new();
    for (_, object) in objects() {
        let text = object.to_string();
        for (at, _) in text.match_indices("galeno_keeper_") {
            let name: String = text[at..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            asked.insert(name);
        }
    }
    assert!(asked.len() >= 8, "{asked:?}");
    for name in asked {
        assert!(figures::ALL.contains(&name.as_str()), "nobody exports {name}");
    }
}
