//! Findings while an environment is worked out.

use std::str::FromStr;

use galeno_contract::Duration;

use crate::finding::{Finding, Place, Severity};
use crate::topology::values::{Cidr, Invalid};

/// Collects findings, each at the JSON pointer of its field.
pub(super) struct Collector<'a> {
    findings: Vec<Finding>,
    written: &'a dyn Fn(&str) -> bool,
}

impl<'a> Collector<'a> {
    pub(super) fn new(written: &'a dyn Fn(&str) -> bool) -> Self {
        Self {
            findings: Vec::new(),
            written,
        }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    fn add(
        &mut self,
        severity: Severity,
        pointer: &str,
        code: &'static str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> &mut Finding {
        let place = Place {
            pointer: Some(pointer.to_owned()),
            ..Place::default()
        };
        let at = self.findings.len();
        self.findings
            .push(Finding::new(severity, code, message).mend(mend).at(place));
        &mut self.findings[at]
    }

    pub(super) fn error(
        &mut self,
        pointer: &str,
        code: &'static str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> &mut Finding {
        self.add(Severity::Error, pointer, code, message, mend)
    }

    pub(super) fn warning(
        &mut self,
        pointer: &str,
        code: &'static str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.add(Severity::Warning, pointer, code, message, mend);
    }

    pub(super) fn note(
        &mut self,
        pointer: &str,
        code: &'static str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> &mut Finding {
        self.add(Severity::Note, pointer, code, message, mend)
    }

    /// A field that stands in the file and changes nothing is said, never passed over.
    pub(super) fn no_effect(&mut self, pointer: &str, why: &str) {
        if (self.written)(pointer) {
            let field = pointer.rsplit('/').next().unwrap_or(pointer);
            self.add(
                Severity::Error,
                pointer,
                "spec/no-effect",
                format!("`{field}` has no effect: {why}"),
                "remove it",
            );
        }
    }

    /// Parses a value that knows why it may be wrong.
    pub(super) fn parse<T: FromStr<Err = Invalid>>(&mut self, pointer: &str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(Invalid { problem, mend }) => {
                self.error(pointer, "spec/value", problem, mend);
                None
            }
        }
    }

    /// Parses a list of values: all of them, or nothing.
    pub(super) fn parse_all<T: FromStr<Err = Invalid>>(&mut self, pointer: &str, texts: &[String]) -> Option<Vec<T>> {
        let parsed: Vec<Option<T>> = texts
            .iter()
            .enumerate()
            .map(|(i, text)| self.parse(&format!("{pointer}/{i}"), text))
            .collect();
        parsed.into_iter().collect()
    }

    /// Parses a list of ranges that must not share an address among themselves.
    pub(super) fn ranges(&mut self, pointer: &str, texts: &[String]) -> Option<Vec<Cidr>> {
        let ranges: Vec<Cidr> = self.parse_all(pointer, texts)?;
        for (i, range) in ranges.iter().enumerate() {
            if let Some(other) = ranges[..i].iter().find(|other| other.overlaps(*range)) {
                let problem = format!("{range} overlaps {other}, which stands before it");
                self.error(
                    &format!("{pointer}/{i}"),
                    "spec/overlap",
                    problem,
                    "remove the narrower one",
                );
            }
        }
        Some(ranges)
    }

    /// Parses a length of time within bounds, in seconds.
    pub(super) fn duration(&mut self, pointer: &str, text: &str, least: u64, most: u64) -> Option<Duration> {
        let Ok(duration) = text.parse::<Duration>() else {
            self.error(
                pointer,
                "spec/value",
                format!("`{text}` is not a length of time"),
                "write it like 30s, 5m, 1h or 15d",
            );
            return None;
        };
        let seconds = duration.to_std().as_secs();
        if !(least..=most).contains(&seconds) {
            let problem = format!("{text} is out of bounds: at least {least} seconds, at most {most}");
            self.error(
                pointer,
                "spec/range",
                problem,
                "write a length of time within the bounds",
            );
            return None;
        }
        Some(duration)
    }
}
