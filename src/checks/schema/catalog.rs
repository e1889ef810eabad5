//! What kinds there are, whose schema each has, and in which Kubernetes versions.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;

use super::embedded::{self, Definition};
use super::model::{Schema, Type};
use super::version::{KubeVersion, Minors};
use crate::finding::{Finding, Place, Severity};
use crate::yaml::{self, Document, Limits, Stream};

/// Whether objects of a kind live in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster itself.
    Cluster,
}

/// Every kind that there is a schema for: Kubernetes' own, the custom resources of the projects that Galeno builds on,
/// and those added.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// By apiVersion and kind.
    kinds: BTreeMap<Box<str>, BTreeMap<Box<str>, Kind>>,
}

/// One version of one kind.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) scope: Scope,
    pub(super) minors: Minors,
    pub(super) deprecated: bool,
    pub(super) plural: Box<str>,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Embedded { file: &'static str, entry: &'static str },
    Given(Arc<Given>),
}

/// A schema that somebody gave, parsed when it is first needed.
#[derive(Debug)]
struct Given {
    schema: Value,
    parsed: OnceLock<Result<Schema, String>>,
}

/// The schema of a kind.
#[derive(Clone, Copy)]
pub(super) enum Root<'a> {
    /// Of Kubernetes itself.
    BuiltIn(&'static Definition),
    /// Of a custom resource.
    Custom(&'a Schema),
}

impl Default for Catalog {
    fn default() -> Self {
        Self::upstream()
    }
}

impl Catalog {
    /// The kinds that Galeno brings along: see `schemas/upstream`.
    pub fn upstream() -> Self {
        let mut catalog = Self { kinds: BTreeMap::new() };
        for line in embedded::INDEX.lines().skip(1) {
            let mut columns = line.split('\t');
            let mut next = || columns.next().unwrap_or_default();
            let (api_version, kind, plural, scope, minors) = (next(), next(), next(), next(), next());
            let (file, entry, flags) = (next(), next(), next());
            let kind_entry = Kind {
                scope: if scope == "Namespaced" {
                    Scope::Namespaced
                } else {
                    Scope::Cluster
                },
                minors: Minors::parse(minors).unwrap_or(Minors::NONE),
                deprecated: flags == "deprecated",
                plural: plural.into(),
                source: Source::Embedded { file, entry },
            };
            catalog.insert(api_version, kind, kind_entry);
        }
        catalog
    }

    fn insert(&mut self, api_version: &str, kind: &str, entry: Kind) {
        self.kinds
            .entry(api_version.into())
            .or_default()
            .insert(kind.into(), entry);
    }

    pub(super) fn get(&self, api_version: &str, kind: &str) -> Option<&Kind> {
        self.kinds.get(api_version)?.get(kind)
    }

    /// Whether there is a schema for the kind, in any version of Kubernetes.
    pub fn knows(&self, api_version: &str, kind: &str) -> bool {
        self.get(api_version, kind).is_some()
    }

    /// Whether the kind exists in a version of Kubernetes.
    pub fn exists_in(&self, api_version: &str, kind: &str, version: KubeVersion) -> bool {
        self.get(api_version, kind)
            .is_some_and(|k| !k.minors.and(Minors::of(&[version])).is_empty())
    }

    /// Whether objects of the kind live in a namespace; `None` for a kind without a schema.
    pub fn scope(&self, api_version: &str, kind: &str) -> Option<Scope> {
        self.get(api_version, kind).map(|k| k.scope)
    }

    /// The name of the kind in the API's paths and in RBAC rules: `statefulsets`.
    pub fn plural(&self, api_version: &str, kind: &str) -> Option<&str> {
        self.get(api_version, kind).map(|k| &*k.plural)
    }

    /// The versions of a group that have the kind: to tell somebody who wrote another one.
    pub(super) fn versions_of(&self, group: &str, kind: &str) -> Vec<&str> {
        let of_group = |api_version: &str| api_version.split_once('/').map_or("", |(g, _)| g) == group;
        self.kinds
            .iter()
            .filter(|(v, kinds)| of_group(v) && kinds.contains_key(kind))
            .map(|(v, _)| &**v)
            .collect()
    }

    /// The kinds of an apiVersion.
    pub(super) fn kinds_of(&self, api_version: &str) -> impl Iterator<Item = &str> {
        self.kinds
            .get(api_version)
            .into_iter()
            .flat_map(|kinds| kinds.keys().map(|k| &**k))
    }

    /// The apiVersions that have the kind.
    pub(super) fn api_versions_of(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.kinds
            .iter()
            .filter(move |(_, kinds)| kinds.contains_key(kind))
            .map(|(v, _)| &**v)
    }

    /// Adds the kinds that a `CustomResourceDefinition` defines; they replace those of the same name.
    /// Anything else than a `CustomResourceDefinition` is refused.
    pub fn add_crd(&mut self, crd: &Value) -> Result<(), String> {
        let text = |pointer: &str| crd.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if text("/kind") != "CustomResourceDefinition" || text("/apiVersion") != "apiextensions.k8s.io/v1" {
            return Err("it is no CustomResourceDefinition of apiextensions.k8s.io/v1".to_owned());
        }
        let (group, kind, plural) = (
            text("/spec/group"),
            text("/spec/names/kind"),
            text("/spec/names/plural"),
        );
        let scope = match text("/spec/scope") {
            "Namespaced" => Scope::Namespaced,
            "Cluster" => Scope::Cluster,
            _ => return Err("its `spec.scope` is neither Namespaced nor Cluster".to_owned()),
        };
        let versions = crd
            .pointer("/spec/versions")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        if group.is_empty() || kind.is_empty() || plural.is_empty() || versions.is_empty() {
            return Err(
                "it lacks one of `spec.group`, `spec.names.kind`, `spec.names.plural` and `spec.versions`".into(),
            );
        }
        for version in versions {
            let flag = |name: &str| version.get(name).and_then(Value::as_bool) == Some(true);
            let name = version.get("name").and_then(Value::as_str).unwrap_or_default();
            let Some(schema) = version.pointer("/schema/openAPIV3Schema") else {
                return Err(format!("its version `{name}` has no schema"));
            };
            if flag("served") {
                let mut schema = schema.clone();
                if version.pointer("/subresources/status").is_some() {
                    forget_status(&mut schema);
                }
                let entry = Kind {
                    scope,
                    minors: Minors::ALL,
                    deprecated: flag("deprecated"),
                    plural: plural.into(),
                    source: Source::Given(Arc::new(Given {
                        schema,
                        parsed: OnceLock::new(),
                    })),
                };
                self.insert(&format!("{group}/{name}"), kind, entry);
            }
        }
        Ok(())
    }

    /// Adds every `CustomResourceDefinition` of the YAML and JSON files in a folder and below it, of any number of
    /// documents each; documents of other kinds are passed over. Says how many definitions were added.
    pub fn add_crds(&mut self, dir: &Path) -> Result<usize, Vec<Finding>> {
        let mut files = Vec::new();
        let mut findings = Vec::new();
        list_files(dir, 0, &mut files, &mut findings);
        files.sort();
        let mut count = 0;
        for file in files {
            let name = file.display().to_string();
            let place = || Place {
                file: Some(name.clone()),
                ..Place::default()
            };
            let stream = match read(&name, &file) {
                Ok(stream) => stream,
                Err(finding) => {
                    findings.push(finding);
                    continue;
                }
            };
            // A file that cannot be read whole may hold the definition that is missed later.
            findings.extend(stream.findings.into_iter().filter(|f| f.severity == Severity::Error));
            for Document { value, positions } in &stream.documents {
                if value.get("kind").and_then(Value::as_str) == Some("CustomResourceDefinition") {
                    match self.add_crd(value) {
                        Ok(()) => count += 1,
                        Err(reason) => {
                            let name = value
                                .pointer("/metadata/name")
                                .and_then(Value::as_str)
                                .unwrap_or("without a name");
                            let message = format!("the CustomResourceDefinition {name} cannot be used: {reason}");
                            findings.push(
                                Finding::error("schema/bad-crd", message)
                                    .because("objects of its kind could not be checked")
                                    .mend("take the definition as its project publishes it")
                                    .at(Place {
                                        span: positions.nearest(""),
                                        ..place()
                                    }),
                            );
                        }
                    }
                }
            }
        }
        if count == 0 && findings.is_empty() {
            findings.push(
                Finding::error(
                    "schema/bad-crd",
                    format!("{} has no CustomResourceDefinition", dir.display()),
                )
                .because("a folder that was named is meant to have some")
                .mend("name a folder with the definitions as YAML or JSON files"),
            );
        }
        if findings.is_empty() { Ok(count) } else { Err(findings) }
    }
}

impl Kind {
    /// Whether the kind is Kubernetes' own.
    pub(super) fn is_built_in(&self) -> bool {
        matches!(
            self.source,
            Source::Embedded {
                file: "kubernetes.json",
                ..
            }
        )
    }

    /// The schema; the text says why it cannot be read.
    pub(super) fn root(&self) -> Result<Root<'_>, &str> {
        match &self.source {
            Source::Embedded { file, entry } => {
                let definition = embedded::file(file)
                    .and_then(|f| f.definition(entry))
                    .unwrap_or(Err("it is missing"))?;
                let built_in = *file == "kubernetes.json";
                Ok(if built_in {
                    Root::BuiltIn(definition)
                } else {
                    Root::Custom(&definition.schema)
                })
            }
            Source::Given(given) => given
                .parsed
                .get_or_init(|| {
                    Schema::deserialize(&given.schema)
                        .map_err(|error| error.to_string())
                        .and_then(only_objects)
                })
                .as_ref()
                .map(Root::Custom)
                .map_err(String::as_str),
        }
    }
}

/// The schema of a whole object must be one of an object.
fn only_objects(schema: Schema) -> Result<Schema, String> {
    if schema.kind == Type::Object || schema.open {
        Ok(schema)
    } else {
        Err("its type is not `object`".to_owned())
    }
}

/// `status` is written by controllers only: the API server drops it from what is applied.
fn forget_status(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove("status");
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != "status");
    }
}

/// The YAML and JSON files of a folder and of those below it.
fn list_files(dir: &Path, depth: usize, files: &mut Vec<std::path::PathBuf>, findings: &mut Vec<Finding>) {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => {
            findings.push(
                Finding::error(
                    "schema/bad-crd",
                    format!("the folder {} cannot be read: {error}", dir.display()),
                )
                .because("the definitions in it would be missing")
                .mend("name a folder with CustomResourceDefinitions"),
            );
            return;
        }
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let yaml = path.extension().is_some_and(|e| {
            ["yaml", "yml", "json"]
                .iter()
                .any(|known| e.eq_ignore_ascii_case(known))
        });
        if path.is_dir() && depth < 16 {
            list_files(&path, depth + 1, files, findings);
        } else if yaml {
            files.push(path);
        }
    }
}

/// The documents of a file.
fn read(name: &str, path: &Path) -> Result<Stream, Finding> {
    let limits = Limits::MANIFESTS;
    let bytes = std::fs::read(path).map_err(|error| {
        Finding::error("schema/bad-crd", format!("{name} cannot be read: {error}"))
            .because("the definitions in it would be missing")
            .mend("make the file readable, or take it out of the folder")
            .at(Place {
                file: Some(name.to_owned()),
                ..Place::default()
            })
    })?;
    Ok(yaml::read(name, yaml::decode(name, &bytes, &limits)?, &limits))
}
