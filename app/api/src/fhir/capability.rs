//! `/fhir/metadata`: what this API can do, from the same tables that it works by.

use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{
    json::compact,
    kind::{Definition, Type, definition},
};

/// Serves the statement; it names nobody and is open to all.
pub(super) fn serve(statement: &Value) -> Response {
    axum::Json(statement).into_response()
}

fn resource(one: &Definition) -> Value {
    let name = one.kind.name();
    let interaction = |code: &str| json!({"code": code});
    let mut interactions = vec![interaction("read"), interaction("search-type")];
    let versioned = !matches!(one.kind, Type::Slot);
    if versioned {
        interactions.extend(["vread", "history-instance"].map(interaction));
    }
    if one.writable {
        interactions.extend(["create", "update"].map(interaction));
    }
    let params: Vec<Value> = one
        .params
        .iter()
        .map(|param| json!({"name": param.name, "type": param.kind.word(), "documentation": param.about}))
        .collect();
    let includes: Vec<String> = one.includes.iter().map(|one| format!("{name}:{}", one.param)).collect();
    let operation = (one.kind == Type::Patient).then(
        || json!({"name": "everything", "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything"}),
    );
    json!({
        "type": name,
        "profile": format!("http://hl7.org/fhir/StructureDefinition/{name}"),
        "documentation": one.about,
        "interaction": interactions,
        "versioning": match (versioned, one.writable) {
            (false, _) => "no-version",
            (true, false) => "versioned",
            (true, true) => "versioned-update",
        },
        "readHistory": one.history,
        "updateCreate": false,
        "conditionalCreate": one.writable,
        "conditionalRead": if versioned { "not-match" } else { "not-supported" },
        "conditionalUpdate": false,
        "conditionalDelete": "not-supported",
        "searchInclude": includes,
        "searchParam": params,
        "operation": [operation],
    })
}

/// The statement.
pub(super) fn statement(base: &str) -> Value {
    let resources: Vec<Value> = Type::ALL.iter().map(|kind| resource(definition(*kind))).collect();
    compact(json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-25",
        "kind": "instance",
        "software": {"name": "Galeno", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Galeno clinical API", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "documentation": "Whoever asks sees their own organization alone. Every access is in the access log. Changes need \
                              If-Match; unknown search parameters are ignored, and refused with Prefer: handling=strict.",
            "security": {
                "cors": true,
                "service": [{"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "OAuth"
                }], "text": "Bearer tokens; see .well-known/smart-configuration"}],
            },
            "resource": resources,
            "searchParam": [],
        }],
    }))
}

#[cfg(test)]
mod tests {
    use super::statement;
    use crate::fhir::kind::Type;

    #[test]
    fn every_type_is_stated_with_what_it_takes() {
        let value = statement("https://api.clinic.example/fhir");
        let resources = value["rest"][0]["resource"].as_array().unwrap();
        assert_eq!(resources.len(), Type::ALL.len());
        for one in resources {
            assert!(
                one["searchParam"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|param| param["name"] == "_id")
            );
        }
    }
}
