//! The pairs of a mapping, with those that `<<` brings in.

use serde_json::{Map, Value};

use super::build::{Builder, Stop, shown, visible};
use super::positions::Mark;
use super::scalar::{self, Scalar};
use super::tree::{Kind, Node};
use crate::finding::Severity;

/// One pair of a mapping.
struct Entry {
    name: String,
    key: Mark,
    value: u32,
    /// How many aliases lead to it.
    aliases: usize,
    merged: bool,
}

impl Builder<'_, '_> {
    pub(super) fn mapping(&mut self, at: u32, depth: usize) -> Result<Map<String, Value>, Stop> {
        let mut map = Map::new();
        for entry in self.entries(at)? {
            self.within_alias += entry.aliases;
            let value = self.value(entry.value, Some((&entry.name, entry.key)), depth + 1);
            self.within_alias -= entry.aliases;
            map.insert(entry.name, value?);
        }
        Ok(map)
    }

    /// The pairs of a mapping, with those that `<<` brings in, each name once.
    fn entries(&mut self, at: u32) -> Result<Vec<Entry>, Stop> {
        let end = self.nodes[at as usize].end;
        let mut entries: Vec<Entry> = Vec::new();
        let mut names = Names::default();
        let mut merge_key: Option<Mark> = None;
        let mut child = at + 1;
        while child < end {
            let key = &self.nodes[child as usize];
            let value = key.end;
            child = self.nodes[value as usize].end;
            if is_merge(key) {
                if let Some(first) = merge_key.replace(key.mark) {
                    self.duplicate("<<", first, key.mark)?;
                    continue;
                }
                self.merge(key.mark, value, &mut entries, &mut names)?;
                continue;
            }
            let mark = key.mark;
            let Some(name) = self.key(key)? else { continue };
            match names.find(&entries, &name) {
                Some(known) if entries[known].merged => {
                    // Written after the `<<` that brought it: the written one holds.
                    entries[known] = Entry {
                        name,
                        key: mark,
                        value,
                        aliases: 0,
                        merged: false,
                    };
                }
                Some(known) => {
                    let first = entries[known].key;
                    self.duplicate(&name, first, mark)?;
                }
                None => names.push(
                    &mut entries,
                    Entry {
                        name,
                        key: mark,
                        value,
                        aliases: 0,
                        merged: false,
                    },
                ),
            }
        }
        Ok(entries)
    }

    /// Adds what one `<<` brings in: a mapping, or a list of mappings of which the first holds.
    fn merge(&mut self, key: Mark, value: u32, entries: &mut Vec<Entry>, names: &mut Names) -> Result<(), Stop> {
        let node = &self.nodes[value as usize];
        let mut sources = vec![value];
        if matches!(node.kind, Kind::Sequence) {
            sources.clear();
            let mut child = value + 1;
            while child < node.end {
                sources.push(child);
                child = self.nodes[child as usize].end;
            }
        }
        for source in sources {
            let (target, aliases) = match self.nodes[source as usize].kind {
                Kind::Alias(target) => (self.target(source, target)?, 1),
                _ => (source, 0),
            };
            if !matches!(self.nodes[target as usize].kind, Kind::Mapping) {
                let mark = self.nodes[source as usize].mark;
                return self.tell(
                    self.report
                        .error(
                            "yaml/merge",
                            Some(mark.into()),
                            "`<<` takes a mapping or a list of mappings",
                        )
                        .mend("Give an alias of a mapping (`<<: *name`), or quote the key"),
                );
            }
            self.within_alias += aliases;
            let spent = self.spend(key);
            let found = if spent.is_ok() { self.entries(target) } else { Err(Stop) };
            self.within_alias -= aliases;
            for found in found? {
                let known = names
                    .find(entries, &found.name)
                    .map(|at| (entries[at].merged, entries[at].key));
                match known {
                    None => names.push(entries, Entry { aliases: found.aliases + aliases, merged: true, ..found }),
                    Some((true, _)) => {}
                    Some((false, first)) => self.tell(
                        self.report
                            .error(
                                "yaml/merge-order",
                                Some(key.into()),
                                format!("`<<` brings `{}`, which line {} has already set", found.name, first.line),
                            )
                            .because("kubectl takes the later one, which is that of `<<`; other readers keep the written one")
                            .mend("Put `<<` before the keys that override it"),
                    )?,
                }
            }
        }
        Ok(())
    }

    /// The name that Go gives a key.
    fn key(&mut self, node: &Node<'_>) -> Result<Option<String>, Stop> {
        let (text, plain, tag) = match &node.kind {
            Kind::Scalar { text, plain } => (text, *plain, &node.tag),
            Kind::Alias(target) => match self.nodes.get(*target as usize) {
                Some(Node {
                    kind: Kind::Scalar { text, plain },
                    tag,
                    ..
                }) => (text, *plain, tag),
                _ => return self.bad_key(node.mark, "a mapping or list cannot be a key"),
            },
            Kind::Mapping | Kind::Sequence => return self.bad_key(node.mark, "a mapping or list cannot be a key"),
        };
        if tag.is_some() {
            return self.bad_key(node.mark, "a key with a tag is not read alike by everybody");
        }
        let name = match if plain { scalar::resolve(text) } else { Scalar::Text } {
            Scalar::Text => return Ok(Some(text.to_string())),
            Scalar::Null => return self.bad_key(node.mark, "a key is missing, or is null"),
            Scalar::Uint(_) => return self.bad_key(node.mark, "a number this large cannot be a key"),
            Scalar::Bool(value) => value.to_string(),
            Scalar::Int(number) => number.to_string(),
            Scalar::Float(number) => scalar::float_key(number),
        };
        if name != text.as_ref() {
            let warning = self
                .report
                .finding(
                    Severity::Warning,
                    "yaml/key-misread",
                    Some(node.mark.into()),
                    format!("the key `{text}` is read as `{name}`"),
                )
                .because("kubectl reads YAML 1.1, where it is no text")
                .mend(format!("Write \"{text}\" or \"{name}\" in quotes"));
            self.tell(warning)?;
        }
        Ok(Some(name))
    }

    fn bad_key(&mut self, mark: Mark, message: &str) -> Result<Option<String>, Stop> {
        self.tell(
            self.report
                .error("yaml/key", Some(visible(mark)), message)
                .because("JSON, and so Kubernetes, has only texts as keys")
                .mend("Write the key as a text in quotes"),
        )?;
        Ok(None)
    }

    fn duplicate(&mut self, name: &str, first: Mark, second: Mark) -> Result<(), Stop> {
        self.tell(
            self.report
                .error(
                    "yaml/duplicate-key",
                    Some(second.into()),
                    format!("the key `{}` is written twice", shown(name)),
                )
                .because(format!(
                    "it already stands in line {}, column {}; readers keep one of the two in silence",
                    first.line, first.column
                ))
                .mend("Take one of them out"),
        )
    }
}

fn is_merge(node: &Node<'_>) -> bool {
    matches!(&node.kind, Kind::Scalar { text, plain: true } if text == "<<") && node.tag.is_none()
}

/// Finds a name among the entries of a mapping: by looking at each while there are few, else by an index.
#[derive(Default)]
struct Names {
    index: std::collections::HashMap<String, usize>,
}

impl Names {
    const FEW: usize = 16;

    fn find(&self, entries: &[Entry], name: &str) -> Option<usize> {
        if entries.len() <= Self::FEW {
            return entries.iter().position(|entry| entry.name == name);
        }
        self.index.get(name).copied()
    }

    fn push(&mut self, entries: &mut Vec<Entry>, entry: Entry) {
        entries.push(entry);
        if entries.len() > Self::FEW {
            let from = if entries.len() == Self::FEW + 1 {
                0
            } else {
                entries.len() - 1
            };
            for (at, entry) in entries.iter().enumerate().skip(from) {
                self.index.insert(entry.name.clone(), at);
            }
        }
    }
}
