//! The schemas that come with Galeno: `schemas/upstream`, made by `tools/schemas`, inside the program.
//!
//! Nothing is parsed before it is asked for: a compile uses some forty of three hundred kinds.

use std::sync::OnceLock;

use super::model::{Schema, Type};
use super::rules::{self, ObjectRule};

/// Every kind: a line for each, and a line of headings before them.
pub(super) const INDEX: &str = include_str!("../../../schemas/upstream/index.tsv");

/// One file of entries, and where each entry stands in it once that was asked.
pub(super) struct File {
    pub(super) name: &'static str,
    text: &'static str,
    entries: OnceLock<Vec<Entry>>,
}

/// One definition of a built-in type, or one version of a custom resource.
struct Entry {
    name: &'static str,
    text: &'static str,
    parsed: OnceLock<Result<Definition, String>>,
}

/// A schema, of which others can speak by its name: `core.v1.Container`, `cert-manager.io/v1/Certificate`.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) schema: Schema,
    /// What the API server checks of such a value in code.
    pub(super) rules: &'static [ObjectRule],
}

macro_rules! files {
    ($count:literal: $($name:literal),* $(,)?) => {
        static FILES: [File; $count] = [$(File {
            name: $name,
            text: include_str!(concat!("../../../schemas/upstream/", $name)),
            entries: OnceLock::new(),
        }),*];
    };
}

files![13:
    "kubernetes.json",
    "argo-cd.json",
    "cert-manager.json",
    "cilium.json",
    "csi-addons.json",
    "external-secrets.json",
    "gateway-api.json",
    "longhorn.json",
    "prometheus-operator.json",
    "rook.json",
    "snapshots.json",
    "traefik.json",
    "trust-manager.json",
];

/// The file of that name.
pub(super) fn file(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

/// The definition of a built-in type: `core.v1.Container`.
pub(super) fn definition(name: &str) -> Option<&'static Definition> {
    // Built-in kinds are the first file.
    FILES.first()?.definition(name)?.ok()
}

impl File {
    /// The entry of that name, parsed; the text says why it cannot be.
    pub(super) fn definition(&'static self, name: &str) -> Option<Result<&'static Definition, &'static str>> {
        let entries = self.entries.get_or_init(|| entries(self.text));
        let entry = entries
            .binary_search_by(|entry| entry.name.cmp(name))
            .ok()
            .and_then(|index| entries.get(index))?;
        let parsed = entry.parsed.get_or_init(|| {
            let mut schema: Schema = serde_json::from_str(entry.text).map_err(|error| error.to_string())?;
            if self.name == "kubernetes.json" {
                built_in(entry.name, &mut schema);
            }
            Ok(Definition {
                schema,
                rules: rules::of_definition(entry.name),
            })
        });
        Some(parsed.as_ref().map_err(String::as_str))
    }

    /// The names of all entries.
    #[cfg(test)]
    pub(super) fn names(&'static self) -> impl Iterator<Item = &'static str> {
        self.entries
            .get_or_init(|| entries(self.text))
            .iter()
            .map(|entry| entry.name)
    }
}

/// Finds the entries of a file: each starts on a line of its own with its name in quotes, and no other line starts so.
fn entries(text: &'static str) -> Vec<Entry> {
    let mut starts: Vec<usize> = text.match_indices("\n\"").map(|(index, _)| index + 2).collect();
    starts.push(text.len());
    let parts = starts.iter().zip(starts.iter().skip(1));
    parts
        .filter_map(|(start, end)| {
            let (name, schema) = text.get(*start..*end)?.split_once("\":")?;
            let schema = schema.trim_end_matches(['\n', '"', ',', ' ']);
            // The last entry is followed by the end of the file's own object.
            let schema = if *end == text.len() {
                schema.strip_suffix('}')?.trim_end()
            } else {
                schema
            };
            Some(Entry {
                name,
                text: schema,
                parsed: OnceLock::new(),
            })
        })
        .collect()
}

/// Gives a built-in type what its published schema leaves out.
fn built_in(name: &str, schema: &mut Schema) {
    match name {
        "resource.Quantity" => schema.kind = Type::Quantity,
        "intstr.IntOrString" => schema.kind = Type::IntOrString,
        _ => {}
    }
    // Go's types without fields of their own (`RawExtension`, `FieldsV1`) hold anything.
    schema.open |= schema.kind == Type::Object && schema.properties.is_empty() && schema.values.is_none();
    for (field, property) in &mut schema.properties {
        let optional = !schema.required.iter().any(|(name, _)| name == field);
        if let Some(extra) = &mut property.extra {
            extra.blank = optional;
        }
        property.check = rules::of_field(name, field);
        property.open |= property.kind == Type::Object && property.values.is_none();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_schema_is_well_formed() {
        let mut count = 0;
        for file in &FILES {
            let whole: serde_json::Map<String, serde_json::Value> = serde_json::from_str(file.text).unwrap();
            assert!(
                file.names().eq(whole.keys().map(String::as_str)),
                "{}: the entries are all found",
                file.name
            );
            assert!(file.names().is_sorted(), "{}", file.name);
            for (name, value) in &whole {
                let definition = file.definition(name).unwrap().unwrap();
                assert!(
                    !value.to_string().contains("\"description\":\""),
                    "{name} is facts only"
                );
                check(file.name, name, &definition.schema);
                count += 1;
            }
        }
        assert!(count > 700, "{count}");
    }

    fn check(file: &str, name: &str, schema: &Schema) {
        if let Some(reference) = &schema.reference {
            assert!(
                definition(&reference.name).is_some(),
                "{file} {name} refers to {}",
                reference.name
            );
        }
        if let Some(extra) = &schema.extra {
            for rule in &extra.rules {
                rule.assert_known(name);
            }
            if let Some(pattern) = &extra.pattern {
                assert!(pattern.matches("").is_some(), "{name}: {pattern:?}");
            }
            let parts = extra
                .any_of
                .iter()
                .chain(&extra.one_of)
                .chain(&extra.all_of)
                .chain(&extra.not);
            parts.for_each(|part| check(file, name, part));
        }
        let children = schema.properties.iter().map(|(_, s)| s);
        children
            .chain(schema.values.as_deref())
            .chain(schema.items.as_deref())
            .for_each(|s| check(file, name, s));
    }

    #[test]
    fn every_file_and_entry_of_the_index_is_there() {
        for line in INDEX.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [_, _, _, _, _, file_name, entry, _] = columns[..] else {
                panic!("{line}")
            };
            assert!(
                matches!(file(file_name).unwrap().definition(entry), Some(Ok(_))),
                "{line}"
            );
        }
    }
}
