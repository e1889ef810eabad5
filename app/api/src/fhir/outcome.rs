//! Problems as `OperationOutcome`.

use axum::response::Response;
use galeno_contract::api::Locale;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::json::compact;
use crate::http::{Kind, Problem};

/// FHIR's word for a kind of problem (value set `issue-type`).
const fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::Malformed => "structure",
        Kind::Invalid => "value",
        Kind::Unauthenticated | Kind::SignInRefused => "login",
        Kind::SignInPaused | Kind::TooMany => "throttled",
        Kind::SecondFactorNeeded | Kind::Forbidden | Kind::NoCareRelation | Kind::DataRestricted | Kind::CrossSite => {
            "forbidden"
        }
        Kind::NotFound => "not-found",
        Kind::MethodNotAllowed | Kind::NotAcceptable | Kind::UnsupportedMedia => "not-supported",
        Kind::PossibleDuplicate => "duplicate",
        Kind::Conflict | Kind::SlotTaken | Kind::Changed => "conflict",
        Kind::VersionNeeded => "required",
        Kind::TooLarge => "too-long",
        Kind::Busy | Kind::DatabaseUnavailable | Kind::Restoring | Kind::OutcomeUnknown => "transient",
        Kind::TimedOut => "timeout",
        Kind::Internal => "exception",
        _ => "business-rule",
    }
}

/// A problem as an answer.
pub(crate) fn outcome(problem: &Problem, locale: Locale, request: Uuid) -> Response {
    let document = problem.document(locale, request);
    problem.respond(
        "application/fhir+json; charset=utf-8",
        &resource(problem.kind, &document),
    )
}

/// The resource of a problem's description.
fn resource(kind: Kind, document: &Map<String, Value>) -> Value {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let title = text("title").unwrap_or_default();
    let about = match text("detail") {
        Some(detail) => format!("{title} {detail}"),
        None => title.to_owned(),
    };
    let severity = if kind == Kind::Internal { "fatal" } else { "error" };
    let fields: Vec<Value> = document
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|field| {
            // What has no name in FHIR is told in words alone.
            let place = field["pointer"]
                .as_str()
                .filter(|place| !place.is_empty() && !place.starts_with('/'));
            json!({
                "severity": severity,
                "code": code(kind),
                "details": {"text": field["detail"]},
                "expression": [place],
                "diagnostics": if place.is_none() { field["pointer"].clone() } else { Value::Null },
            })
        })
        .collect();
    let known = ["type", "title", "status", "detail", "instance", "errors"];
    let more: Vec<String> = document
        .iter()
        .filter(|(name, _)| !known.contains(&name.as_str()))
        .map(|(_, value)| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect();
    let diagnostics = if more.is_empty() {
        Value::Null
    } else {
        json!(more.join("; "))
    };
    let first = json!({
        "severity": severity,
        "code": code(kind),
        "details": {
            "coding": [{"system": "urn:galeno:problem", "code": kind.slug()}],
            "text": about,
        },
        "diagnostics": diagnostics,
    });
    let issues: Vec<Value> = [first].into_iter().chain(fields).collect();
    let id = text("instance").and_then(|id| id.strip_prefix("urn:uuid:"));
    compact(json!({"resourceType": "OperationOutcome", "id": id, "issue": issues}))
}

#[cfg(test)]
mod tests {
    use galeno_contract::api::Locale;
    use uuid::Uuid;

    use super::resource;
    use crate::http::{Kind, Problem};

    #[test]
    fn every_kind_of_problem_is_an_outcome_with_a_reason() {
        for kind in Kind::ALL {
            let problem = Problem::new(*kind)
                .detail("Detalle.", "Detail.")
                .with("diagnostics", "why");
            let value = resource(*kind, &problem.document(Locale::En, Uuid::now_v7()));
            let issue = &value["issue"][0];
            assert_eq!(issue["details"]["coding"][0]["code"], kind.slug());
            assert!(issue["details"]["text"].as_str().unwrap().ends_with("Detail."));
            assert_eq!(issue["diagnostics"], "why");
        }
        let problem = Problem::field("/given_name", "No.", "No.").rename_fields(|_| "Patient.name[0].given".to_owned());
        let value = resource(problem.kind, &problem.document(Locale::En, Uuid::now_v7()));
        assert_eq!(value["issue"][1]["expression"][0], "Patient.name[0].given");
    }
}
