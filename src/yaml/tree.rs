//! From characters to nodes: `granit-parser`'s events, laid out in the order of reading.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_saphyr::granit_parser::{self as granit, Event, Options, ScalarStyle};

use super::positions::{Mark, to_u32};
use super::{Limits, Report, syntax};
use crate::finding::Finding;

/// One document: its nodes, each followed by those below it. A mapping's children are key, value, key, value …
pub(super) struct Tree<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// Where the document begins: at `---`, or at its first node if that is missing.
    pub(super) start: Mark,
    /// Whether it begins with `---`.
    pub(super) explicit: bool,
}

pub(super) struct Node<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) mark: Mark,
    /// The tag as it was written and as it is resolved.
    pub(super) tag: Option<Box<Tag>>,
    /// The node after the last one below this one.
    pub(super) end: u32,
}

pub(super) enum Kind<'a> {
    Scalar {
        text: Cow<'a, str>,
        plain: bool,
    },
    Mapping,
    Sequence,
    /// The node that `&name` marked.
    Alias(u32),
}

pub(super) struct Tag {
    pub(super) written: String,
    pub(super) resolved: String,
}

/// The documents that could be parsed and what is wrong with the others.
pub(super) struct Parsed<'a> {
    pub(super) trees: Vec<Tree<'a>>,
    pub(super) findings: Vec<Finding>,
}

/// Parses a text; `shift` bytes of the file stand before it.
pub(super) fn parse<'a>(report: Report<'_>, text: &'a str, shift: usize, limits: &Limits) -> Parsed<'a> {
    let mut parsed = Parsed {
        trees: Vec::new(),
        findings: Vec::new(),
    };
    let mut grower = Grower {
        report,
        text,
        shift,
        limits: *limits,
        made: 0,
        open: Vec::new(),
        anchors: BTreeMap::new(),
    };
    let mut parser = granit::Parser::new_from_str_with_options(text, options(limits));
    let mut tree: Option<Tree<'a>> = None;
    while let Some(next) = parser.next() {
        let failure = match next {
            Ok((Event::StreamEnd, _)) => break,
            Ok((Event::DocumentStart(explicit, _), span)) => {
                grower.begin();
                tree = Some(Tree {
                    nodes: Vec::new(),
                    start: grower.mark(&span),
                    explicit,
                });
                None
            }
            Ok((Event::DocumentEnd, _)) => {
                parsed.trees.extend(tree.take().filter(|t| !t.nodes.is_empty()));
                None
            }
            Ok((event, span)) => tree
                .as_mut()
                .and_then(|tree| grower.take(tree, event, &span).err())
                .map(|f| (f, true)),
            Err(error) => Some((syntax::finding(report, text, shift, &error, limits), false)),
        };
        let Some((finding, fatal)) = failure else { continue };
        parsed.findings.push(finding);
        tree = None;
        // A text that asks for too much is left; after a mistake the next document is tried.
        if fatal || !parser.proceed_next_document().unwrap_or(false) {
            break;
        }
    }
    parsed
}

fn options(limits: &Limits) -> Options {
    let mut options = granit::options! {
        disallow_directives: true,
        // libyaml, from which Go's reader was made, adds no line break that the file does not have.
        block_scalar_eof_without_line_feed: true,
        block_nesting_limit: limits.depth,
        flow_nesting_limit: limits.depth,
    };
    options.set_emit_comments(false);
    options
}

/// Adds event after event to a tree.
struct Grower<'r, 'a> {
    report: Report<'r>,
    text: &'a str,
    shift: usize,
    limits: Limits,
    /// Nodes of all documents so far.
    made: usize,
    /// The collections that are not closed yet.
    open: Vec<u32>,
    /// The nodes of the anchors of this document, by the parser's number.
    anchors: BTreeMap<usize, u32>,
}

impl<'a> Grower<'_, 'a> {
    fn begin(&mut self) {
        self.open.clear();
        self.anchors.clear();
    }

    fn take(&mut self, tree: &mut Tree<'a>, event: Event<'a>, span: &granit::Span) -> Result<(), Finding> {
        let (kind, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => (
                Kind::Scalar {
                    text,
                    plain: style == ScalarStyle::Plain,
                },
                anchor,
                tag,
            ),
            Event::MappingStart(_, anchor, tag) => (Kind::Mapping, anchor, tag),
            Event::SequenceStart(_, anchor, tag) => (Kind::Sequence, anchor, tag),
            Event::Alias(id) => (Kind::Alias(self.anchors.get(&id).copied().unwrap_or(u32::MAX)), 0, None),
            Event::MappingEnd | Event::SequenceEnd => {
                let end = to_u32(tree.nodes.len());
                if let Some(node) = self.open.pop().and_then(|at| tree.nodes.get_mut(at as usize)) {
                    node.end = end;
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        let mark = self.mark(span);
        let at = to_u32(tree.nodes.len());
        self.made += 1;
        if self.made > self.limits.nodes {
            return Err(self
                .report
                .error(
                    "yaml/nodes",
                    Some(mark.into()),
                    format!("more than {} values in one file", self.limits.nodes),
                )
                .mend("Split the file"));
        }
        let collection = matches!(kind, Kind::Mapping | Kind::Sequence);
        let tag = tag.map(|tag| {
            Box::new(Tag {
                written: tag.original(),
                resolved: format!("{}{}", tag.handle(), tag.suffix()),
            })
        });
        tree.nodes.push(Node {
            kind,
            mark,
            tag,
            end: at + 1,
        });
        if anchor != 0 {
            self.anchors.insert(anchor, at);
        }
        if collection {
            self.open.push(at);
            if self.open.len() > self.limits.depth {
                return Err(syntax::too_deep(self.report, mark.into(), &self.limits));
            }
        }
        Ok(())
    }

    /// Where a span of the parser stands in the file. Its end is on the first line, so that it can be underlined.
    fn mark(&self, span: &granit::Span) -> Mark {
        let start = span.start.byte_offset().unwrap_or_default();
        let end = span.end.byte_offset().unwrap_or(start).max(start);
        let first_line = self
            .text
            .get(start..end)
            .map_or(0, |part| part.find(['\n', '\r']).unwrap_or(part.len()));
        Mark {
            line: to_u32(span.start.line()),
            column: to_u32(span.start.col() + 1),
            offset: to_u32(start + self.shift),
            length: to_u32(first_line),
        }
    }
}
