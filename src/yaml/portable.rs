//! What `granit-parser` (YAML 1.2) accepts and Go's reader (libyaml, YAML 1.1) refuses or reads otherwise.
//!
//! Found by feeding both the same texts: every text of up to five characters out of YAML's indicators, and mutations of
//! real manifests. Each is refused here, so that a text that Galeno accepts means the same to kubectl.

use serde_saphyr::granit_parser::{ScalarStyle, Span as Range};

use super::Report;
use super::positions::to_u32;
use crate::finding::{Finding, Span};

/// A text that begins with `{` is JSON to kubectl; what is no JSON then is refused or cut wrongly.
pub(super) fn json(report: Report<'_>, text: &str) -> Result<(), Finding> {
    if !is_json(text) {
        return Ok(());
    }
    let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) else {
        return Ok(());
    };
    let (line, column) = (error.line().max(1), error.column().max(1));
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    // serde_json counts bytes; a finding counts characters.
    let before = text[start..]
        .char_indices()
        .take_while(|(at, _)| at + 1 < column)
        .count();
    let offset = text[start..]
        .char_indices()
        .nth(before)
        .map_or(text.len(), |(at, _)| start + at);
    let span = Span {
        line: to_u32(line),
        column: to_u32(before + 1),
        offset,
        length: 1,
    };
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    Err(report
        .error(
            "yaml/json",
            Some(span),
            format!("the file begins with `{{` and is not JSON: {message}"),
        )
        .because("kubectl takes such a file for JSON")
        .mend("Give one JSON value a file, or write block style YAML (`key: value` lines)"))
}

/// Whether kubectl would try JSON first.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// An anchor or an alias with its `&` or `*`, and the character after it.
pub(super) fn name(report: Report<'_>, text: &str, span: Span, range: &Range, in_flow: bool) -> Result<(), Finding> {
    let Some(range) = range.byte_range() else { return Ok(()) };
    let name = text.get(range.start + 1..range.end).unwrap_or_default();
    let after = text.get(range.end..).and_then(|rest| rest.chars().next());
    let known = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !name.is_empty() && known && after.is_none_or(|c| ends_property(c, in_flow) || ",]}".contains(c)) {
        return Ok(());
    }
    Err(report
        .error(
            "yaml/alias",
            Some(span),
            format!("kubectl cannot read the anchor name `{}`", name.escape_debug()),
        )
        .because("Go's YAML reader takes only letters, digits, `-` and `_`, and wants a blank after them")
        .mend("Rename it, or quote a text that begins with `&` or `*`"))
}

/// A tag and the character after it.
pub(super) fn tag(report: Report<'_>, text: &str, span: Span, range: &Range, in_flow: bool) -> Result<(), Finding> {
    let Some(range) = range.tag_span().and_then(|tag| tag.byte_range()) else {
        return Ok(());
    };
    let written = text.get(range.clone()).unwrap_or_default();
    let after = text.get(range.end..).and_then(|rest| rest.chars().next());
    let plain = |c: char| c.is_ascii_alphanumeric() || "!<>:,._-/".contains(c);
    if written.chars().all(plain) && after.is_none_or(|c| ends_property(c, in_flow)) {
        return Ok(());
    }
    let span = Span {
        length: written.len(),
        ..span
    };
    Err(report
        .error(
            "yaml/tag",
            Some(span),
            format!("kubectl cannot read the tag `{}`", written.escape_debug()),
        )
        .mend("Put a blank after it, or quote a text that begins with `!`"))
}

/// Whether a tag or an anchor ends before this character: inside brackets the line may not end between it and its key.
fn ends_property(after: char, in_flow: bool) -> bool {
    matches!(after, ' ' | '\t') || (after.is_whitespace() && !in_flow)
}

/// Where a scalar stands: whether inside `[` or `{`, and whether it is a mapping's key.
#[derive(Clone, Copy)]
pub(super) struct Position {
    pub(super) in_flow: bool,
    pub(super) is_key: bool,
}

/// A scalar with its source.
pub(super) fn scalar(
    report: Report<'_>,
    text: &str,
    span: Span,
    range: &Range,
    style: ScalarStyle,
    position: Position,
) -> Result<(), Finding> {
    let Some(bytes) = range.byte_range() else { return Ok(()) };
    let source = text.get(bytes.clone()).unwrap_or_default();
    if position.in_flow && !source.is_empty() && !is_json(text) {
        let rest = text.get(bytes.end..).unwrap_or_default();
        if style == ScalarStyle::Plain {
            let joined = rest.trim_start_matches([' ', '\t']).strip_prefix(':');
            let joined = joined.is_some_and(|after| after.starts_with(|c: char| !c.is_ascii_whitespace()));
            if source.contains('?') || source.starts_with(':') || joined {
                return Err(report
                    .error(
                        "yaml/flow",
                        Some(span),
                        "inside brackets, `?` and `:` are not read alike by everybody",
                    )
                    .because(
                        "YAML 1.1 readers such as kubectl's take them for indicators where YAML 1.2 readers do not",
                    )
                    .mend("Put the text in quotes, and a blank after the `:` of a key"));
            }
        }
        if position.is_key && !ends_on_its_line(range, rest) {
            return Err(report
                .error(
                    "yaml/flow",
                    Some(span),
                    "inside brackets, a key and its `:` stand on different lines",
                )
                .because("kubectl refuses it")
                .mend("Put the key and its `:` on one line"));
        }
    }
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        block(report, text, range)?;
    }
    if style == ScalarStyle::DoubleQuoted && source.contains('\\') && has_json_escape(source) && !is_json(text) {
        return Err(report
            .error(
                "yaml/syntax",
                Some(span),
                "an escape of JSON (`\\/`, or a pair of `\\u`) stands in YAML",
            )
            .because("kubectl refuses it in a file that is not JSON as a whole")
            .mend("Write the character itself"));
    }
    Ok(())
}

/// Whether a key is on one line with its `:`, if it has one.
fn ends_on_its_line(range: &Range, rest: &str) -> bool {
    if range.start.line() != range.end.line() {
        return false;
    }
    let gap = rest.len() - rest.trim_start().len();
    let next = rest[gap..].chars().next();
    next != Some('#') && !(next == Some(':') && rest[..gap].contains('\n'))
}

/// Where the line begins that holds the byte at `offset`.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or_default();
    before.rfind('\n').map_or(0, |at| at + 1)
}

/// The lines of a block scalar, and the one after it: no tab may stand where its indentation is.
fn block(report: Report<'_>, text: &str, range: &Range) -> Result<(), Finding> {
    let Some(bytes) = range.byte_range() else { return Ok(()) };
    let start = line_start(text, bytes.start);
    let end = text
        .get(bytes.end..)
        .and_then(|after| after.find('\n'))
        .map_or(text.len(), |at| bytes.end + at);
    let lines = text.get(start..end).unwrap_or_default();
    if !lines.contains('\t') {
        return Ok(());
    }
    let (mut indentation, mut offset) = (None, start);
    for (line, number) in lines.split('\n').zip(range.start.line()..) {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let rest = &line[spaces..];
        if rest.starts_with('\t') && indentation.is_none_or(|known| spaces < known) {
            let span = Span {
                line: to_u32(number),
                column: to_u32(spaces + 1),
                offset: offset + spaces,
                length: 1,
            };
            return Err(report
                .error(
                    "yaml/tab",
                    Some(span),
                    "a tab stands where the indentation of a text block belongs",
                )
                .mend("Indent with spaces, never with tabs"));
        }
        if indentation.is_none() && !rest.trim().is_empty() {
            indentation = Some(spaces);
        }
        offset += line.len() + 1;
    }
    Ok(())
}

/// Whether the source of a double-quoted scalar holds `\/`, or an escape from `\ud800` to `\udfff`.
fn has_json_escape(source: &str) -> bool {
    let mut bytes = source.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            continue;
        }
        match bytes.next() {
            Some(b'/') => return true,
            Some(b'u') => {
                let mut ahead = bytes.clone();
                let (first, second) = (ahead.next(), ahead.next());
                if matches!(first, Some(b'd' | b'D')) && matches!(second, Some(b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F'))
                {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Tabs where a line of block style begins or after its `-`, `?` and `:`. `covered` are the stretches, in order, in which
/// a line may begin with anything: quoted and block texts, and brackets.
pub(super) fn tabs(report: Report<'_>, text: &str, shift: usize, covered: &[(u32, u32)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !text.contains('\t') {
        return findings;
    }
    let (mut start, mut number, mut next) = (0, 1, 0);
    for line in text.split_inclusive('\n') {
        let at = to_u32(start);
        while covered.get(next).is_some_and(|(_, end)| *end <= at) {
            next += 1;
        }
        let inside = covered.get(next).is_some_and(|(from, _)| *from <= at);
        if let Some(column) = tab_before_content(line).filter(|_| !inside) {
            let span = Span {
                line: number,
                column: to_u32(column + 1),
                offset: start + column + shift,
                length: 1,
            };
            findings.push(
                report
                    .error("yaml/tab", Some(span), "a tab stands where YAML wants spaces")
                    .mend("Indent with spaces, never with tabs"),
            );
        }
        start += line.len();
        number += 1;
    }
    findings
}

fn tab_before_content(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b' ' => at += 1,
            b'\t' => return Some(at),
            b'-' | b'?' | b':' if bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace) => at += 1,
            _ => return None,
        }
    }
}
