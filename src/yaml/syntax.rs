//! What the parser complains of, for people.

use serde_saphyr::granit_parser::{ErrorKind, ScanError};

use super::positions::to_u32;
use super::{Limits, Report};
use crate::finding::{Finding, Span};

/// The finding for an error of the parser in a text before which `shift` bytes of the file stand.
pub(super) fn finding(report: Report<'_>, text: &str, shift: usize, error: &ScanError, limits: &Limits) -> Finding {
    let mark = error.marker();
    let offset = mark.byte_offset().unwrap_or_default();
    let span = Span {
        line: to_u32(mark.line()),
        column: to_u32(mark.col() + 1),
        offset: offset + shift,
        length: text
            .get(offset..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8),
    };
    let (code, message, mend) = match error.kind() {
        ErrorKind::RecursionLimitExceeded => return too_deep(report, span, limits),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => (
            "yaml/tab",
            "a tab stands where YAML wants spaces".to_owned(),
            "Indent with spaces, never with tabs",
        ),
        ErrorKind::UnknownAnchor => (
            "yaml/alias",
            "this alias (`*name`) has no anchor (`&name`) before it in the same document".to_owned(),
            "Write the anchor first, or quote a text that begins with `*`",
        ),
        ErrorKind::DirectiveDisallowed => (
            "yaml/directive",
            "a line begins with `%`, a YAML directive".to_owned(),
            "Take it out: kubectl cuts it off from its document and then refuses both",
        ),
        kind => {
            let (message, mend) = explain(kind);
            ("yaml/syntax", message, mend)
        }
    };
    report.error(code, Some(span), message).mend(mend)
}

pub(super) fn too_deep(report: Report<'_>, span: Span, limits: &Limits) -> Finding {
    report
        .error(
            "yaml/depth",
            Some(span),
            format!("more than {} lists and mappings inside one another", limits.depth),
        )
        .mend("Flatten it; no Kubernetes object is that deep")
}

fn explain(kind: &ErrorKind) -> (String, &'static str) {
    const INDENT: &str = "Align it with its neighbours: each level is indented by the same number of spaces";
    const QUOTE: &str = "Put the text in quotes";
    match kind {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("a quoted text is not closed".to_owned(), "Add the closing quote")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "something follows the closing quote".to_owned(),
            "Put the whole text in quotes; inside single quotes write `''`, inside double quotes `\\\"`",
        ),
        ErrorKind::UnclosedFlowCollection { open } => (
            format!("`{open}` is not closed"),
            "Add the closing bracket, or quote a text that begins with one",
        ),
        ErrorKind::UnexpectedEofFlowSequence => ("`[` is not closed".to_owned(), "Add `]`"),
        ErrorKind::UnexpectedEofFlowMapping | ErrorKind::UnexpectedEofImplicitFlowMapping => (
            "`{` is not closed".to_owned(),
            "Add `}`, or quote a text that begins with `{`",
        ),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("`{open}` is closed by `{close}`"), "Use the matching bracket")
        }
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => (
            "an escape in double quotes is not one that YAML knows".to_owned(),
            "Write `\\\\` for a backslash, or use single quotes, where nothing is escaped",
        ),
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("no value can begin with `{}`", character.escape_debug()), QUOTE)
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => (
            "a `:` stands where no value can begin".to_owned(),
            "Quote a text that holds `: `, or mend the indentation",
        ),
        ErrorKind::MappingKeyNotAllowed => ("a key stands where none is allowed".to_owned(), INDENT),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => (
            "this line is no `key: value`".to_owned(),
            "Add the `:` and a space after it, or mend the indentation",
        ),
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::InvalidBlockScalarIndent => (format!("the indentation does not fit ({kind})"), INDENT),
        kind => (kind.to_string(), "Mend the YAML at this place"),
    }
}
