//! Bundles: what a search found, and the history of one resource.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    json::{compact, texts},
    kind::Type,
    params::Search,
    reach::{beside, subject},
    search::Found,
    version::Version,
};
use crate::http::{Result, Scope};

/// Where the FHIR API is.
pub(super) fn base(scope: &Scope) -> String {
    base_of(&scope.app().config.server.public_url)
}

/// The same from the configured address.
pub(super) fn base_of(public_url: &str) -> String {
    format!("{}/fhir", public_url.trim_end_matches('/'))
}

fn full_url(base: &str, resource: &Value) -> String {
    let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
    format!("{base}/{}/{}", text("resourceType"), text("id"))
}

/// An address with the parameters that were understood.
fn link(base: &str, kind: Type, search: &Search, cursor: Option<String>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, text) in &search.understood {
        query.append_pair(name, text);
    }
    if let Some(cursor) = cursor {
        query.append_pair("_cursor", &cursor);
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{base}/{}{mark}{query}", kind.name())
}

/// What `_include` asks for: each once, and only what whoever asks may see.
async fn included(scope: &mut Scope, kind: Type, search: &Search, found: &[Value]) -> Result<Vec<Value>> {
    let mut seen: Vec<(Type, Uuid)> = Vec::new();
    let mut resources = Vec::new();
    for (include, only) in &search.includes {
        let path = [include.path, &["reference"]].concat();
        for resource in found {
            let around = subject(kind, resource);
            let mut references = Vec::new();
            texts(resource, &path, &mut references);
            for text in references {
                let Some((of, id)) = text.split_once('/') else { continue };
                let (Some(of), Ok(id)) = (Type::from_name(of), id.parse::<Uuid>()) else {
                    continue;
                };
                let meant = match include.param {
                    "patient" | "subject" => of == Type::Patient,
                    "practitioner" => of == Type::Practitioner,
                    "location" => of == Type::Location,
                    _ => true,
                };
                if !meant || only.is_some_and(|only| only != of) || seen.contains(&(of, id)) {
                    continue;
                }
                seen.push((of, id));
                resources.extend(beside(scope, of, id, around).await?);
            }
        }
    }
    Ok(resources)
}

/// The bundle of a search.
pub(super) async fn searchset(scope: &mut Scope, kind: Type, search: &Search, found: Found<Value>) -> Result<Value> {
    let base = base(scope);
    let included = included(scope, kind, search, &found.items).await?;
    let cursor = search.cursor.as_ref().map(super::cursor::Cursor::text);
    let mut links = vec![json!({"relation": "self", "url": link(&base, kind, search, cursor)})];
    if let Some(next) = found.next {
        links.push(json!({"relation": "next", "url": link(&base, kind, search, Some(next.text()))}));
    }
    let entry = |mode: &str, resource: Value| json!({"fullUrl": full_url(&base, &resource), "resource": resource, "search": {"mode": mode}});
    let mut entries: Vec<Value> = found.items.into_iter().map(|one| entry("match", one)).collect();
    entries.extend(included.into_iter().map(|one| entry("include", one)));
    if !search.ignored.is_empty() {
        let outcome = json!({"resourceType": "OperationOutcome", "issue": [{
            "severity": "warning", "code": "not-supported",
            "diagnostics": format!("ignored: {}", search.ignored.join(", ")),
        }]});
        entries.push(json!({"resource": outcome, "search": {"mode": "outcome"}}));
    }
    Ok(compact(json!({
        "resourceType": "Bundle",
        "type": "searchset",
        "total": found.total,
        "link": links,
        "entry": entries,
    })))
}

/// A page of everything about a patient.
pub(super) fn everything(base: &str, address: &str, count: u32, resources: Vec<Value>, next: Option<String>) -> Value {
    let entries: Vec<Value> = resources
        .into_iter()
        .map(|one| json!({"fullUrl": full_url(base, &one), "resource": one, "search": {"mode": "match"}}))
        .collect();
    let next = next.map(|next| json!({"relation": "next", "url": format!("{address}?_count={count}&_cursor={next}")}));
    compact(json!({
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [{"relation": "self", "url": address}, next],
        "entry": entries,
    }))
}

/// The history of one resource, the newest version first.
pub(super) fn history(scope: &Scope, kind: Type, id: Uuid, versions: Vec<Version>) -> Value {
    let base = base(scope);
    let total = versions.len();
    let entries: Vec<Value> = versions
        .into_iter()
        .map(|version| {
            let (method, url, status) = if version.number == 1 {
                ("POST", kind.name().to_owned(), "201 Created")
            } else {
                ("PUT", format!("{}/{id}", kind.name()), "200 OK")
            };
            json!({
                "fullUrl": format!("{base}/{}/{id}", kind.name()),
                "resource": version.resource,
                "request": {"method": method, "url": url},
                "response": {"status": status, "etag": format!("W/\"{}\"", version.number), "lastModified": version.at},
            })
        })
        .collect();
    json!({
        "resourceType": "Bundle",
        "type": "history",
        "total": total,
        "link": [{"relation": "self", "url": format!("{base}/{}/{id}/_history", kind.name())}],
        "entry": entries,
    })
}
