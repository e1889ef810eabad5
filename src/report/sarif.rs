//! SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{place, sentence};
use crate::finding::{Finding, Severity};

pub(super) fn tell(findings: &[Finding]) -> String {
    let codes: BTreeSet<&str> = findings.iter().map(|f| f.code).collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({"id": code, "name": code})).collect();
    let report = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "galeno",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://galeno.dev",
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    });
    // A `Value` always has a form in JSON.
    serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
}

/// A path as a relative reference of RFC 3986.
fn uri(path: &str) -> String {
    path.bytes()
        .map(|b| {
            let plain = b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
            if plain {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn result(finding: &Finding) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut physical = json!({});
    if let Some(file) = &finding.place.file {
        physical["artifactLocation"] = json!({"uri": uri(file)});
    }
    if let Some(span) = finding.place.span {
        physical["region"] = json!({"startLine": span.line, "startColumn": span.column, "byteOffset": span.offset, "byteLength": span.length});
    }
    let mut location = json!({});
    if finding.place.file.is_some() {
        location["physicalLocation"] = physical;
    }
    let place = place(finding);
    if !place.is_empty() {
        location["logicalLocations"] = json!([{"fullyQualifiedName": place}]);
    }
    let mut result = json!({"ruleId": finding.code, "level": level, "message": {"text": sentence(finding)}});
    if location != json!({}) {
        result["locations"] = json!([location]);
    }
    result
}
