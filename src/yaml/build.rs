//! From nodes to values, as Go resolves them: scalars, aliases and their limits.

use serde_json::{Number, Value};

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
pub(super) struct Stop;

pub(super) struct Builder<'b, 'a> {
    pub(super) report: Report<'b>,
    pub(super) nodes: &'b [Node<'a>],
    limits: &'b Limits,
    recorder: Recorder,
    findings: &'b mut Vec<Finding>,
    first_finding: usize,
    /// Values built so far, and how many of them through an alias.
    made: usize,
    aliased: usize,
    pub(super) within_alias: usize,
}

impl Builder<'_, '_> {
    pub(super) fn value(&mut self, at: u32, key: Option<(&str, Mark)>, depth: usize) -> Result<Value, Stop> {
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

    fn scalar(&mut self, node: &Node<'_>, text: &str, plain: bool) -> Result<Value, Stop> {
        let resolved = match &node.tag {
            None if plain => scalar::resolve(text),
            None => Scalar::Text,
            Some(tag) => match (tag.resolved.strip_prefix("tag:yaml.org,2002:"), scalar::resolve(text)) {
                (Some("str"), _) => Scalar::Text,
                (Some("bool"), known @ Scalar::Bool(_))
                | (Some("int"), known @ (Scalar::Int(_) | Scalar::Uint(_)))
                | (Some("float"), known @ Scalar::Float(_))
                | (Some("null"), known @ Scalar::Null) => known,
                #[expect(clippy::cast_precision_loss, reason = "a double is what the tag asks for")]
                (Some("float"), Scalar::Int(number)) => Scalar::Float(number as f64),
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
            Scalar::Float(number) => {
                let whole = scalar::whole(number).map(Number::from);
                let Some(number) = whole.or_else(|| Number::from_f64(number)) else {
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
                    return Ok(Value::Null);
                };
                Value::Number(number)
            }
        })
    }

    fn bad_tag(&mut self, mark: Mark, message: String, mend: &str) -> Result<Value, Stop> {
        self.tell(self.report.error("yaml/tag", Some(visible(mark)), message).mend(mend))?;
        Ok(Value::Null)
    }

    /// The node an alias stands for; an anchor that holds its own alias has no end.
    pub(super) fn target(&mut self, at: u32, target: u32) -> Result<u32, Stop> {
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
    pub(super) fn spend(&mut self, mark: Mark) -> Result<(), Stop> {
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

    pub(super) fn tell(&mut self, finding: Finding) -> Result<(), Stop> {
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

/// A span of at least one byte.
pub(super) fn visible(mark: Mark) -> Span {
    Span {
        length: mark.length.max(1) as usize,
        ..mark.into()
    }
}

/// A text short enough for a message.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
