//! From characters to nodes: `granit-parser`'s events, laid out in the order of reading.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_saphyr::granit_parser::{self as granit, Event, Options, ScalarStyle, StructureStyle};

use super::positions::{Mark, to_u32};
use super::{Limits, Report, portable, syntax};
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
        brackets: 0,
        bracket: 0,
        covered: Vec::new(),
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
            Ok((event, span)) => tree.as_mut().and_then(|tree| grower.take(tree, event, &span).err()),
            Err(error) => Some(syntax::finding(report, text, shift, &error, limits)),
        };
        let Some(finding) = failure else { continue };
        // A text that asks for too much is left; after a mistake the next document is tried.
        let spent = finding.code == "yaml/nodes";
        parsed.findings.push(finding);
        tree = None;
        if spent || !parser.proceed_next_document().unwrap_or(false) {
            break;
        }
    }
    if parsed.findings.is_empty() {
        parsed.findings = portable::tabs(report, text, shift, &grower.covered);
    }
    parsed
}

fn options(limits: &Limits) -> Options {
    let mut options = granit::options! {
        disallow_directives: true,
        emit_anchor_events: true,
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
    /// The collections that are not closed yet, and how many children those of them have that are mappings.
    open: Vec<(u32, Option<u32>)>,
    /// How many of them are `[` or `{`, and where the outermost of these begins.
    brackets: usize,
    bracket: u32,
    /// Stretches of the text in which the beginning of a line means nothing.
    covered: Vec<(u32, u32)>,
    /// The nodes of the anchors of this document, by the parser's number.
    anchors: BTreeMap<usize, u32>,
}

impl<'a> Grower<'_, 'a> {
    fn begin(&mut self) {
        self.open.clear();
        self.brackets = 0;
        self.anchors.clear();
    }

    fn take(&mut self, tree: &mut Tree<'a>, event: Event<'a>, span: &granit::Span) -> Result<(), Finding> {
        let mark = self.mark(span);
        let (kind, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(tree, mark, span, style)?;
                self.count_child();
                (
                    Kind::Scalar {
                        text,
                        plain: style == ScalarStyle::Plain,
                    },
                    anchor,
                    tag,
                )
            }
            Event::MappingStart(style, anchor, tag) => {
                self.enter(tree, mark, style, Some(0));
                (Kind::Mapping, anchor, tag)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.enter(tree, mark, style, None);
                (Kind::Sequence, anchor, tag)
            }
            Event::Alias(id) => {
                self.count_child();
                portable::name(self.report, self.text, mark.into(), span, self.brackets > 0)?;
                (Kind::Alias(self.anchors.get(&id).copied().unwrap_or(u32::MAX)), 0, None)
            }
            Event::Anchor(..) => return portable::name(self.report, self.text, mark.into(), span, self.brackets > 0),
            Event::MappingEnd | Event::SequenceEnd => {
                self.leave(tree, span);
                return Ok(());
            }
            _ => return Ok(()),
        };
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
        if tag.is_some() {
            let place = span.tag_span().map_or(mark, |tag| self.mark(&tag));
            portable::tag(self.report, self.text, place.into(), span, self.brackets > 0)?;
        }
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
        if self.open.len() > self.limits.depth {
            return Err(syntax::too_deep(self.report, mark.into(), &self.limits));
        }
        Ok(())
    }

    fn scalar(&mut self, tree: &Tree<'a>, mark: Mark, span: &granit::Span, style: ScalarStyle) -> Result<(), Finding> {
        if tree.nodes.is_empty() && matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return Err(self
                .report
                .error(
                    "yaml/syntax",
                    Some(mark.into()),
                    "the whole document is one block of text",
                )
                .because("readers disagree about its indentation, and no Kubernetes object is a text")
                .mend("Give it a key"));
        }
        let position = portable::Position {
            in_flow: self.brackets > 0,
            is_key: self.is_key(),
        };
        portable::scalar(self.report, self.text, mark.into(), span, style, position)?;
        if self.brackets == 0 && span.end.line() > span.start.line() {
            match style {
                ScalarStyle::Plain => {}
                ScalarStyle::Literal | ScalarStyle::Folded => {
                    // The span of a text block begins with the first character of the text, and reaches into the
                    // indentation of the line after it; whole lines are text.
                    let line = |offset: Option<usize>| offset.map(|at| portable::line_start(self.text, at));
                    self.cover(line(span.start.byte_offset()), line(span.end.byte_offset()));
                }
                _ => self.cover(span.start.byte_offset(), span.end.byte_offset()),
            }
        }
        Ok(())
    }

    /// Whether the node to come is a mapping's key: its first child, or the one after a value.
    fn is_key(&self) -> bool {
        self.open
            .last()
            .is_some_and(|(_, children)| children.is_some_and(|number| number % 2 == 0))
    }

    fn enter(&mut self, tree: &Tree<'a>, mark: Mark, style: StructureStyle, children: Option<u32>) {
        self.count_child();
        self.open.push((to_u32(tree.nodes.len()), children));
        if style == StructureStyle::Flow || self.brackets > 0 {
            if self.brackets == 0 {
                self.bracket = mark.offset;
            }
            self.brackets += 1;
        }
    }

    fn count_child(&mut self) {
        if let Some((_, Some(children))) = self.open.last_mut() {
            *children += 1;
        }
    }

    fn leave(&mut self, tree: &mut Tree<'a>, span: &granit::Span) {
        let end = to_u32(tree.nodes.len());
        if let Some(node) = self.open.pop().and_then(|(at, _)| tree.nodes.get_mut(at as usize)) {
            node.end = end;
        }
        if self.brackets > 0 {
            self.brackets -= 1;
            if self.brackets == 0 {
                self.cover(Some(self.bracket as usize - self.shift), span.end.byte_offset());
            }
        }
    }

    fn cover(&mut self, start: Option<usize>, end: Option<usize>) {
        if let (Some(start), Some(end)) = (start, end) {
            self.covered.push((to_u32(start), to_u32(end)));
        }
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
