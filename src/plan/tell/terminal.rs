//! For people at a terminal.

use std::fmt::Write as _;

use super::document::{Document, Item};
use super::words::{Span, Spans};

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const RESET: &str = "\u{1b}[0m";

pub(super) fn tell(document: &Document, color: bool) -> String {
    let paint = |style: &str, text: &str| {
        if color {
            format!("{style}{text}{RESET}")
        } else {
            text.to_owned()
        }
    };
    let mut out = format!("{}\n", paint(BOLD, &document.title));
    for line in &document.summary {
        let _ = writeln!(out, "{}", plain(line));
    }
    for section in &document.sections {
        let _ = writeln!(out, "\n{}", paint(BOLD, &section.heading));
        for item in &section.items {
            out.push_str(&one(item, &paint));
        }
    }
    out
}

fn one(item: &Item, paint: &dyn Fn(&str, &str) -> String) -> String {
    let style = match (item.loud, item.mark) {
        (true, _) | (_, '-') => RED,
        (_, '+') => GREEN,
        _ => YELLOW,
    };
    let danger = item.danger.map_or(String::new(), |danger| {
        paint(if item.loud { RED } else { YELLOW }, &format!("  [{danger}]"))
    });
    let mut out = format!(
        "  {} {}{danger}\n",
        paint(style, &item.mark.to_string()),
        plain(&item.head)
    );
    for detail in &item.details {
        let _ = writeln!(out, "      {}", paint(DIM, &plain(detail)));
    }
    out
}

fn plain(spans: &Spans) -> String {
    let texts = spans.iter().map(|span| match span {
        Span::Text(text) | Span::Code(text) => text.as_str(),
    });
    texts.collect()
}
