//! From nodes to values, as Go resolves them: scalars, aliases, merge keys and their limits.

use serde_json::{Map, Number, Value};

use super::positions::{Mark, Recorder};
use super::scalar::{self, Scalar};
use super::tree::{Kind, Node, Tree};
use super::{Document, Limits, Report, syntax};
use crate::finding::{Finding, Severity, Span};

/// Told of one document before the reader gives up on it.
const MOST_FINDINGS: usize = 50;

/// Builds one document; `None` if it has no root that could be built. What is wrong is added to `findings`.
pub(super) fn build(
    report: Report<'_>,
    tree: &Tree<'_>,
    limits: &Limits,
    findings: &mut Vec<Finding>,
) -> Option<Document> {
    let mut builder = Builder {
        report,
        nodes: &tree.nodes,
        limits,
        recorder: Recorder::default(),
        findings,
        first_finding: 0,
        made: 0,
        aliased: 0,
        within_alias: 0,
    };
    builder.first_finding = builder.findings.len();
    let value = builder.value(0, None, 0).ok()?;
    Some(Document {
        value,
        positions: builder.recorder.finish(),
    })
}

/// The document is given up.
struct Stop;

struct Builder<'b, 'a> {
    report: Report<'b>,
    nodes: &'b [Node<'a>],
    limits: &'b Limits,
    recorder: Recorder,
    findings: &'b mut Vec<Finding>,
    first_finding: usize,
    /// Values built so far, and how many of them through an alias.
    made: usize,
    aliased: usize,
    within_alias: usize,
}

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
    fn value(&mut self, at: u32, key: Option<(&str, Mark)>, depth: usize) -> Result<Value, Stop> {
        let node = &self.nodes[at as usize];
        if let Kind::Alias(target) = node.kind {
            self.within_alias += 1;
            let target = self.target(at, target)?;
            let value = self.resolved(target, node.mark, key, depth);
            self.within_alias -= 1;
            return value;
        }
        self.resolved(at, node.mark, key, depth)
    }

    fn resolved(&mut self, at: u32, mark: Mark, key: Option<(&str, Mark)>, depth: usize) -> Result<Value, Stop> {
        self.spend(mark)?;
        let node = &self.nodes[at as usize];
        match &node.kind {
            Kind::Scalar { text, plain } => {
                let value = self.scalar(node, text, *plain)?;
                // Nothing stands where nothing is written (`key:`): the key is shown.
                let place = if mark.length == 0 {
                    key.map_or(mark, |(_, key)| key)
                } else {
                    mark
                };
                let open = self.recorder.open(place, key);
                self.recorder.close(&open);
                Ok(value)
            }
            Kind::Alias(_) => Ok(Value::Null),
            Kind::Sequence => {
                self.descend(mark, depth)?;
                let open = self.recorder.open(self.collection_place(at, mark, key), key);
                let mut items = Vec::new();
                let mut child = at + 1;
                while child < node.end {
                    items.push(self.value(child, None, depth + 1)?);
                    child = self.nodes[child as usize].end;
                }
                self.recorder.close(&open);
                Ok(Value::Array(items))
            }
            Kind::Mapping => {
                self.descend(mark, depth)?;
                let open = self.recorder.open(self.collection_place(at, mark, key), key);
                let map = self.mapping(at, depth)?;
                self.recorder.close(&open);
                Ok(Value::Object(map))
            }
        }
    }

    /// A collection is shown by its key; without one by its bracket, its dash or its first key.
    fn collection_place(&self, at: u32, mark: Mark, key: Option<(&str, Mark)>) -> Mark {
        if let Some((_, key)) = key {
            return key;
        }
        let first = self
            .nodes
            .get(at as usize + 1)
            .filter(|first| first.mark.offset == mark.offset);
        Mark {
            length: first.map_or(1, |first| first.mark.length.max(1)),
            ..mark
        }
    }

    fn mapping(&mut self, at: u32, depth: usize) -> Result<Map<String, Value>, Stop> {
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

    fn scalar(&mut self, node: &Node<'_>, text: &str, plain: bool) -> Result<Value, Stop> {
        let resolved = match &node.tag {
            None if plain => scalar::resolve(text),
            None => Scalar::Text,
            Some(tag) => match (tag.resolved.strip_prefix("tag:yaml.org,2002:"), scalar::resolve(text)) {
                (Some("str"), _) => Scalar::Text,
                (Some("bool"), known @ Scalar::Bool(_))
                | (Some("int"), known @ (Scalar::Int(_) | Scalar::Uint(_)))
                | (Some("float"), known @ (Scalar::Int(_) | Scalar::Float(_)))
                | (Some("null"), known @ Scalar::Null) => known,
                (Some(name @ ("bool" | "int" | "float" | "null")), _) => {
                    let message = format!("`{text}` is no !!{name}");
                    return self.bad_tag(node.mark, message, "Take the tag out, or write a value of its kind");
                }
                (Some("binary" | "merge" | "timestamp"), _) => {
                    let message = format!("the tag `{}` has no meaning in JSON", tag.written);
                    return self.bad_tag(
                        node.mark,
                        message,
                        "Take the tag out; Kubernetes takes base64 and times as text",
                    );
                }
                _ if tag.written == "!" => {
                    let message = "the tag `!` is not read alike by everybody".to_owned();
                    return self.bad_tag(node.mark, message, "Put the text in quotes instead");
                }
                _ => {
                    let warning = self
                        .report
                        .finding(
                            Severity::Warning,
                            "yaml/tag-ignored",
                            Some(node.mark.into()),
                            format!(
                                "the tag `{}` is ignored: this is the text `{}`",
                                tag.written,
                                shown(text)
                            ),
                        )
                        .because("kubectl knows no tags of its own")
                        .mend("Take the tag out");
                    self.tell(warning)?;
                    Scalar::Text
                }
            },
        };
        Ok(match resolved {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Int(number) => Value::Number(number.into()),
            Scalar::Uint(number) => Value::Number(number.into()),
            Scalar::Text => Value::String(text.to_owned()),
            Scalar::Float(number) => match scalar::whole(number) {
                Some(whole) => Value::Number(whole.into()),
                None => match Number::from_f64(number) {
                    Some(number) => Value::Number(number),
                    None => {
                        self.tell(
                            self.report
                                .error(
                                    "yaml/number",
                                    Some(node.mark.into()),
                                    format!("`{text}` is no number in JSON"),
                                )
                                .because("kubectl turns YAML into JSON, which has neither infinity nor not-a-number")
                                .mend("Quote it if a text was meant"),
                        )?;
                        Value::Null
                    }
                },
            },
        })
    }

    fn bad_tag(&mut self, mark: Mark, message: String, mend: &str) -> Result<Value, Stop> {
        self.tell(self.report.error("yaml/tag", Some(visible(mark)), message).mend(mend))?;
        Ok(Value::Null)
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

    /// The node an alias stands for; an anchor that holds its own alias has no end.
    fn target(&mut self, at: u32, target: u32) -> Result<u32, Stop> {
        match self.nodes.get(target as usize) {
            Some(node) if !(target..node.end).contains(&at) => Ok(target),
            _ => {
                self.tell(
                    self.report
                        .error(
                            "yaml/alias",
                            Some(self.nodes[at as usize].mark.into()),
                            "this alias stands inside its own anchor",
                        )
                        .because("the value would have no end")
                        .mend("Move the anchor, or write the value out"),
                )?;
                Err(Stop)
            }
        }
    }

    fn descend(&mut self, mark: Mark, depth: usize) -> Result<(), Stop> {
        if depth < self.limits.depth {
            return Ok(());
        }
        self.tell(syntax::too_deep(self.report, visible(mark), self.limits))?;
        Err(Stop)
    }

    /// Counts a value, and stops where Go would: a document of which nearly everything comes from aliases.
    fn spend(&mut self, mark: Mark) -> Result<(), Stop> {
        self.made += 1;
        if self.within_alias > 0 {
            self.aliased += 1;
        }
        let too_many = self.aliased > 100 && self.made > 1000 && self.aliased * 1000 > self.made * allowed(self.made);
        if too_many || self.made > 2 * self.limits.nodes {
            self.tell(
                self.report
                    .error(
                        "yaml/aliases",
                        Some(visible(mark)),
                        "aliases blow this document up beyond measure",
                    )
                    .because("nearly all of its values come from repeating a few; kubectl refuses it too")
                    .mend("Write the values out"),
            )?;
            return Err(Stop);
        }
        Ok(())
    }

    fn tell(&mut self, finding: Finding) -> Result<(), Stop> {
        // A warning about an anchor's value has been told where the anchor stands.
        if finding.severity != Severity::Error && self.within_alias > 0 {
            return Ok(());
        }
        self.findings.push(finding);
        if self.findings.len() - self.first_finding < MOST_FINDINGS {
            Ok(())
        } else {
            Err(Stop)
        }
    }
}

/// How many in a thousand values may come from aliases: Go's `allowedAliasRatio`, 99 % in a small document, 10 % in one
/// of four million values.
fn allowed(made: usize) -> usize {
    const LOW: usize = 400_000;
    const HIGH: usize = 4_000_000;
    990 - 890 * made.clamp(LOW, HIGH).saturating_sub(LOW) / (HIGH - LOW)
}

fn is_merge(node: &Node<'_>) -> bool {
    matches!(&node.kind, Kind::Scalar { text, plain: true } if text == "<<") && node.tag.is_none()
}

/// A span of at least one byte.
fn visible(mark: Mark) -> Span {
    Span {
        length: mark.length.max(1) as usize,
        ..mark.into()
    }
}

/// A text short enough for a message.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
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
