//! AuditEvent: the access log.

use serde_json::{Value, json};
use sqlx::{FromRow, mysql::MySqlRow};
use uuid::Uuid;

use super::{
    json::{compact, concept, meta, reference},
    kind::{
        Definition, ID,
        ParamType::{Date, Reference, Token},
        Type, param,
    },
    params::{Search, Total, refused},
    search::{Binds, Found, Table, between, dates, one_of, run, table, within, words},
};
use crate::{
    audit::source_from,
    authz::Role,
    db::{Fault, Stamp},
    http::{Result, Scope},
    scoped,
};

pub(super) const DEFINITION: Definition = Definition {
    kind: Type::AuditEvent,
    params: &[
        ID,
        param("patient", Reference, "Whose record was accessed"),
        param("agent", Reference, "Who accessed it"),
        param("date", Date, "When"),
        param("outcome", Token, "0 when it was granted, 4 when it was refused"),
        param(
            "subtype",
            Token,
            "What was done, in the words of the table of permissions",
        ),
    ],
    sorts: &["date"],
    includes: &[],
    writable: false,
    history: false,
    about: "The access log, the newest lines first; patients see who saw their own record. Without `patient` there is no total.",
};

macro_rules! columns {
    () => {
        "l.id, l.at, l.actor_kind, l.actor, CONCAT(s.given_name, ' ', s.family_name) AS actor_name, l.role, l.relation, \
         l.purpose, l.action, l.outcome, l.patient, l.resource_kind, l.resource, l.request, l.source"
    };
}

macro_rules! tables {
    () => {
        "access_log l LEFT JOIN staff s ON s.organization = l.organization AND s.id = l.actor WHERE l.organization = ?"
    };
}

const TABLE: Table = table!(
    select: columns!(),
    from: concat!(
        tables!(),
        one_of!("l.id"),
        one_of!("l.patient"),
        one_of!("l.actor"),
        between!("l.id"),
        within!("l.at"),
        words!("IF(l.outcome = 'done', '0', '4')"),
        words!("l.action")
    ),
    id: "l.id",
    key: "WHEN 'date' THEN l.at",
    newest first
);

const ACTION: &str = "urn:galeno:action";

#[derive(FromRow)]
struct Line {
    id: Uuid,
    at: Stamp,
    actor_kind: String,
    actor: Uuid,
    actor_name: Option<String>,
    role: String,
    relation: String,
    purpose: String,
    action: String,
    outcome: String,
    patient: Option<Uuid>,
    resource_kind: String,
    resource: Option<Uuid>,
    request: Uuid,
    source: Option<Vec<u8>>,
}

/// The whole organization's log is read from its newest line on, a page at a time: to count or to sort it would read all of
/// it, years of it.
pub(super) fn of_everybody(search: &mut Search) -> Result<()> {
    let counted = search
        .understood
        .iter()
        .any(|(name, text)| name == "_total" && text == "accurate");
    if search.only_count || counted {
        return Err(refused("a total of the access log: add patient".to_owned()));
    }
    search.total = Total::Unwanted;
    // Identifiers come in the order of time.
    match search.sort.take() {
        None | Some((_, true)) => Ok(()),
        Some(_) => Err(refused("_sort=date: add patient, or sort by -date".to_owned())),
    }
}

/// Runs a search of the access log.
pub(super) async fn search(scope: &mut Scope, search: &Search) -> Result<Found<Value>> {
    let mut binds = Binds::default();
    let when = dates(scope, search, "date").await?;
    binds
        .one_of(search.ids("_id"))
        .one_of(search.ids("patient"))
        .one_of(search.ids("agent"))
        .made(when)
        .range(when)
        .words(search.codes(
            "outcome",
            Some("http://terminology.hl7.org/CodeSystem/audit-event-outcome"),
        ))
        .words(search.codes("subtype", Some(ACTION)));
    let auditor = scope.actor().role == Role::Auditor;
    run(scope, &TABLE, search, &binds, |row| resource(row, auditor)).await
}

/// A line of the access log.
pub(super) async fn read(scope: &mut Scope, id: Uuid) -> Result<Value> {
    let query = scope.query(scoped!(concat!(
        "SELECT ",
        columns!(),
        " FROM ",
        tables!(),
        " AND l.id = ?"
    )));
    let row = query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?;
    resource(&row, scope.actor().role == Role::Auditor)
}

/// FHIR's letter for what was done.
fn letter(action: &str) -> &'static str {
    match action.rsplit('.').next().unwrap_or_default() {
        "create" | "open" | "book" => "C",
        "read" | "patient" => "R",
        "update" | "write" | "manage" | "merge" | "sign" | "attend" | "dispense" | "rights" | "review" | "account" => {
            "U"
        }
        _ => "E",
    }
}

fn what(kind: &str, id: Uuid) -> Value {
    Type::ALL.iter().find(|known| known.log_word() == kind).map_or_else(
        || json!({"identifier": {"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{id}")}}),
        |kind| reference(*kind, id),
    )
}

fn resource(row: &MySqlRow, auditor: bool) -> Result<Value> {
    let line = Line::from_row(row)?;
    let who = match line.actor_kind.as_str() {
        "staff" => reference(Type::Practitioner, line.actor),
        "patient" => reference(Type::Patient, line.actor),
        _ => json!({"identifier": {"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{}", line.actor)}}),
    };
    let address = source_from(line.source.as_deref()).filter(|_| auditor);
    let patient = line.patient.map(|id| {
        json!({
            "what": reference(Type::Patient, id),
            "role": {"system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "1", "display": "Patient"},
        })
    });
    let thing = line
        .resource
        .filter(|id| Some(*id) != line.patient)
        .map(|id| json!({"what": what(&line.resource_kind, id), "description": line.resource_kind}));
    let detail = json!({"detail": [
        {"type": "relation", "valueString": line.relation},
        {"type": "kind", "valueString": line.resource_kind},
        {"type": "request", "valueString": line.request},
    ]});
    Ok(compact(json!({
        "resourceType": "AuditEvent",
        "id": line.id,
        "meta": meta(1, line.at),
        "type": {
            "system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110110", "display": "Patient Record"
        },
        "subtype": [{"system": ACTION, "code": line.action}],
        "action": letter(&line.action),
        "recorded": line.at,
        "outcome": if line.outcome == "done" { "0" } else { "4" },
        "purposeOfEvent": [concept("http://terminology.hl7.org/CodeSystem/v3-ActReason", &line.purpose, None)],
        "agent": [{
            "role": [concept("urn:galeno:role", &line.role, None)],
            "who": who,
            "name": line.actor_name,
            "requestor": true,
            "network": address.map(|address| json!({"address": address, "type": "2"})),
        }],
        "source": {"observer": {"display": "galeno-api"}},
        "entity": [patient, thing, detail],
    })))
}
