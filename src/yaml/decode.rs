//! From bytes to characters that every YAML reader takes alike.

use super::{Limits, Report};
use crate::finding::{Finding, Span};

/// Takes a file's bytes as UTF-8 text, or says what they are instead.
pub fn decode<'a>(file: &str, bytes: &'a [u8], limits: &Limits) -> Result<&'a str, Finding> {
    let report = Report { file };
    if bytes.len() > limits.bytes {
        return Err(too_large(report, bytes.len(), limits));
    }
    if let Some(name) = utf16_or_32(bytes) {
        return Err(report
            .error("yaml/encoding", None, format!("the file is {name}, not UTF-8"))
            .because("kubectl cuts streams of manifests by bytes and reads only UTF-8")
            .mend("Save it as UTF-8"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let before = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            Err(report
                .error("yaml/encoding", Some(span_at(before, 1)), "the file is not UTF-8 text")
                .because("a byte here belongs to no character: the file is binary or in another encoding")
                .mend("Give a YAML file in UTF-8"))
        }
    }
}

/// The names of the encodings that a byte order mark, or zero bytes where ASCII stands, give away.
fn utf16_or_32(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        [first, 0, second, 0, ..] | [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some("UTF-16"),
        _ => None,
    }
}

/// Refuses what is too large, and characters that YAML forbids or that its readers take differently.
pub(super) fn check(report: Report<'_>, text: &str, limits: &Limits) -> Result<(), Finding> {
    if text.len() > limits.bytes || text.len() >= u32::MAX as usize {
        return Err(too_large(report, text.len(), limits));
    }
    let Some((offset, character)) = first_foreign(text) else {
        return Ok(());
    };
    let span = Some(span_at(&text[..offset], character.len_utf8()));
    let name = format!("U+{:04X}", character as u32);
    Err(match character {
        '\0' => report
            .error(
                "yaml/binary",
                span,
                "the file holds a zero byte: it is binary, not YAML",
            )
            .mend("Give a YAML file in UTF-8"),
        '\u{85}' | '\u{2028}' | '\u{2029}' => report
            .error(
                "yaml/character",
                span,
                format!("a line separator ({name}) stands here unescaped"),
            )
            .because("YAML 1.1 readers such as kubectl's begin a new line at it, YAML 1.2 readers do not")
            .mend("Write it as an escape in double quotes (`\\N`, `\\L` or `\\P`), or take it out"),
        '\r' => report
            .error(
                "yaml/character",
                span,
                "a carriage return stands here without a line feed",
            )
            .because("YAML ends the line at it; kubectl, which cuts files into lines first, does not")
            .mend("End lines with a line feed (LF)"),
        '\u{FEFF}' => report
            .error(
                "yaml/character",
                span,
                "a byte order mark (U+FEFF) stands inside the text",
            )
            .because("only the first character of a file may be one; elsewhere it becomes an invisible part of a word")
            .mend("Take it out, or write it as `\"\\uFEFF\"`"),
        _ => report
            .error(
                "yaml/character",
                span,
                format!("a control character ({name}) stands here"),
            )
            .because("YAML forbids it, and kubectl refuses the whole file")
            .mend("Take it out, or write it as an escape in double quotes"),
    })
}

/// The first character that is not in YAML 1.1's set, or is one of its line breaks beyond CR and LF.
fn first_foreign(text: &str) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        // Only these first bytes begin a character that needs a look.
        let step = bytes[from..]
            .iter()
            .position(|b| matches!(b, 0..=8 | 11..=31 | 0x7F | 0xC2 | 0xE2 | 0xEF))?;
        let at = from + step;
        let character = text[at..].chars().next()?;
        match character {
            '\u{FEFF}' if at == 0 => {}
            '\r' if bytes.get(at + 1) == Some(&b'\n') => {}
            '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => {
                return Some((at, character));
            }
            _ => {}
        }
        from = at + character.len_utf8();
    }
}

fn too_large(report: Report<'_>, length: usize, limits: &Limits) -> Finding {
    report
        .error(
            "yaml/too-large",
            None,
            format!("the file has {length} bytes, more than the {} allowed", limits.bytes),
        )
        .because("no honest file of this kind is that large, and reading it would cost memory")
        .mend("Split it")
}

/// The place that follows `before`.
fn span_at(before: &str, length: usize) -> Span {
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[line_start..].trim_start_matches('\u{FEFF}').chars().count();
    Span {
        line: super::positions::to_u32(before.matches('\n').count() + 1),
        column: super::positions::to_u32(column + 1),
        offset: before.len(),
        length,
    }
}
