//! Permission first, by the same table as everywhere; then the type's own module.

use serde_json::Value;
use uuid::Uuid;

use super::{
    appointment, audit_event, consent,
    kind::Type,
    medication,
    params::{Search, refused},
    patient, patient_search, places, practitioner, record, scheduling,
    search::Found,
    smart::{Access, Grant},
    version::Version,
};
use crate::{
    auth::{Actor, Person},
    authz::{Action, Role},
    http::{Cx, Kind, Problem, Result, Scope, Scoped},
    scoped,
};

/// Whether the app, if it is one, was given that.
pub(super) fn granted(actor: &Actor, kind: Type, access: Access, patient: Option<Uuid>) -> bool {
    actor
        .grant
        .as_ref()
        .is_none_or(|grant| grant.allows(kind, access, patient))
}

/// Permission for what belongs to one patient.
pub(super) async fn of_patient(cx: Cx, kind: Type, access: Access, action: Action, patient: Uuid) -> Result<Scope> {
    if !granted(cx.actor(), kind, access, Some(patient)) {
        return Err(cx.forbid(action, None).await);
    }
    cx.allow_for(action, patient).await
}

/// Permission for what belongs to the organization.
pub(super) async fn of_organization(cx: Cx, kind: Type, access: Access, action: Action) -> Result<Scope> {
    if !granted(cx.actor(), kind, access, None) {
        return Err(cx.forbid(action, None).await);
    }
    cx.allow(action).await
}

/// Who it belongs to, for types that belong to patients.
const fn owner(kind: Type) -> Option<Scoped> {
    Some(match kind {
        Type::Appointment => scoped!("SELECT patient FROM appointment WHERE organization = ? AND id = ?"),
        Type::Encounter | Type::Condition | Type::AllergyIntolerance | Type::Observation => {
            scoped!("SELECT patient FROM entry WHERE organization = ? AND id = ?")
        }
        Type::MedicationRequest => scoped!("SELECT patient FROM prescription WHERE organization = ? AND id = ?"),
        Type::Consent => scoped!("SELECT patient FROM consent WHERE organization = ? AND id = ?"),
        Type::AuditEvent => scoped!("SELECT patient FROM access_log WHERE organization = ? AND id = ?"),
        _ => return None,
    })
}

/// The patient of something; one that cannot be, when there is no such thing: asking for permission then finds nothing.
pub(super) async fn patient_of(cx: &mut Cx, kind: Type, id: Uuid) -> Result<Uuid> {
    match owner(kind) {
        Some(statement) => Ok(cx.patient_of(statement, id).await?.unwrap_or(Uuid::nil())),
        None => Ok(id),
    }
}

/// Permission to read one thing.
async fn for_one(mut cx: Cx, kind: Type, id: Uuid) -> Result<Scope> {
    if kind == Type::AuditEvent {
        if cx.actor().role != Role::Patient {
            return of_organization(cx, kind, Access::Read, kind.action()).await;
        }
        let patient = patient_of(&mut cx, kind, id).await?;
        return of_patient(cx, kind, Access::Read, Action::AccessLogOfPatient, patient).await;
    }
    if !kind.of_patient() {
        return of_organization(cx, kind, Access::Read, kind.action()).await;
    }
    let patient = patient_of(&mut cx, kind, id).await?;
    of_patient(cx, kind, Access::Read, kind.action(), patient).await
}

/// Reads what permission is there for, and says so in the access log.
pub(super) async fn fetch(scope: &mut Scope, kind: Type, id: Uuid) -> Result<Value> {
    let resource = match kind {
        Type::Patient => patient::read(scope, id).await?,
        Type::Practitioner => practitioner::read(scope, id).await?,
        Type::Organization => places::read_organization(scope, id).await?,
        Type::Location => places::read_location(scope, id).await?,
        Type::Schedule => scheduling::read_schedule(scope, id).await?,
        Type::Slot => scheduling::read_slot(scope, id).await?,
        Type::Appointment => appointment::read(scope, id).await?,
        Type::Encounter | Type::Condition | Type::AllergyIntolerance | Type::Observation => {
            record::read(scope, kind, id).await?
        }
        Type::MedicationRequest => medication::read(scope, id).await?,
        Type::Consent => consent::read(scope, id).await?,
        Type::AuditEvent => audit_event::read(scope, id).await?,
    };
    note(scope, kind, &resource);
    Ok(resource)
}

/// Reads one thing.
pub(super) async fn read(cx: Cx, kind: Type, id: Uuid) -> Result<(Scope, Value)> {
    let mut scope = for_one(cx, kind, id).await?;
    let resource = fetch(&mut scope, kind, id).await?;
    Ok((scope, resource))
}

/// Every version of one thing that is kept, the newest first.
pub(super) async fn versions(cx: Cx, kind: Type, id: Uuid) -> Result<(Scope, Vec<Version>)> {
    let mut scope = for_one(cx, kind, id).await?;
    let versions = match kind {
        Type::Patient => patient::versions(&mut scope, id).await?,
        Type::Appointment => appointment::versions(&mut scope, id).await?,
        Type::MedicationRequest => medication::versions(&mut scope, id).await?,
        Type::Consent => consent::versions(&mut scope, id).await?,
        Type::Encounter | Type::Condition | Type::AllergyIntolerance | Type::Observation => {
            record::versions(&mut scope, kind, id).await?
        }
        _ => {
            let resource = fetch(&mut scope, kind, id).await?;
            Version::only(resource).into_iter().collect()
        }
    };
    let Some(newest) = versions.first() else {
        return Err(Problem::new(Kind::NotFound));
    };
    note(&mut scope, kind, &newest.resource);
    Ok((scope, versions))
}

/// The identifier behind the reference at a path.
pub(super) fn referred(resource: &Value, path: &[&str]) -> Option<Uuid> {
    let mut found = Vec::new();
    super::json::texts(resource, path, &mut found);
    found
        .iter()
        .find_map(|text| text.strip_prefix("Patient/"))
        .and_then(|id| id.parse().ok())
}

/// The patient that a resource is about.
pub(super) fn subject(kind: Type, resource: &Value) -> Option<Uuid> {
    match kind {
        Type::Patient => resource["id"].as_str()?.parse().ok(),
        Type::Appointment => referred(resource, &["participant", "actor", "reference"]),
        Type::AllergyIntolerance | Type::Consent => referred(resource, &["patient", "reference"]),
        Type::Encounter | Type::Condition | Type::Observation | Type::MedicationRequest => {
            referred(resource, &["subject", "reference"])
        }
        Type::AuditEvent => referred(resource, &["entity", "what", "reference"]),
        _ => None,
    }
}

/// Says in the access log that a resource was shown.
pub(super) fn note(scope: &mut Scope, kind: Type, resource: &Value) {
    let id = resource["id"].as_str().and_then(|id| id.parse().ok());
    scope.note(kind.log_word(), id, subject(kind, resource));
}

/// Whose things are meant when nobody is named: the patient who asks, or whom the app was opened for.
fn implied(actor: &Actor) -> Option<Uuid> {
    actor
        .grant
        .as_ref()
        .and_then(Grant::implied_patient)
        .or(match actor.person {
            Person::Patient(id) => Some(id),
            Person::Staff(_) | Person::Service(_) => None,
        })
}

/// The one patient of a search.
async fn named(cx: &mut Cx, kind: Type, search: &Search) -> Result<Option<Uuid>> {
    let name = if search.has("subject") { "subject" } else { "patient" };
    if search.has("subject") && search.has("patient") {
        return Err(refused("either patient or subject".to_owned()));
    }
    match search.ids(name).as_deref() {
        Some([one]) => return Ok(Some(*one)),
        Some([]) => return Ok(Some(Uuid::nil())),
        Some(_) => return Err(refused(format!("{name}: one patient at a time"))),
        None => {}
    }
    if let Some(implied) = implied(cx.actor()) {
        return Ok(Some(implied));
    }
    match search.ids("_id").as_deref() {
        Some([one]) => Ok(Some(patient_of(cx, kind, *one).await?)),
        _ => Ok(None),
    }
}

/// Permission for a search; what it may not see is left out by making it narrower.
async fn for_search(mut cx: Cx, kind: Type, search: &mut Search) -> Result<(Scope, Option<Uuid>)> {
    match kind {
        Type::Patient => {
            let Some(implied) = implied(cx.actor()) else {
                patient_search::something_to_look_for(search)?;
                return Ok((
                    of_organization(cx, kind, Access::Search, Action::PatientSearch).await?,
                    None,
                ));
            };
            let wanted = match search.ids("_id").as_deref() {
                None => implied,
                Some([one]) => *one,
                Some(_) => return Err(refused("_id: one at a time".to_owned())),
            };
            search.narrow("_id", wanted);
            let scope = of_patient(cx, kind, Access::Search, Action::PatientRead, wanted).await?;
            Ok((scope, Some(wanted)))
        }
        Type::AuditEvent => match named(&mut cx, kind, search).await? {
            Some(patient) if cx.actor().role == Role::Patient || search.has("patient") => {
                search.narrow("patient", patient);
                let scope = of_patient(cx, kind, Access::Search, Action::AccessLogOfPatient, patient).await?;
                Ok((scope, Some(patient)))
            }
            _ => {
                audit_event::of_everybody(search)?;
                Ok((of_organization(cx, kind, Access::Search, kind.action()).await?, None))
            }
        },
        _ if !kind.of_patient() => Ok((of_organization(cx, kind, Access::Search, kind.action()).await?, None)),
        _ => match named(&mut cx, kind, search).await? {
            Some(patient) => {
                if kind == Type::Appointment {
                    search.narrow("patient", patient);
                }
                let scope = of_patient(cx, kind, Access::Search, kind.action(), patient).await?;
                Ok((scope, Some(patient)))
            }
            None if kind == Type::Appointment => {
                if !search.has("practitioner") && !search.has("date") && !search.has("slot") {
                    return Err(refused("patient, practitioner, slot or date is needed".to_owned()));
                }
                Ok((
                    of_organization(cx, kind, Access::Search, Action::AppointmentList).await?,
                    None,
                ))
            }
            None => Err(refused("patient is needed".to_owned())),
        },
    }
}

/// Looks for things with permission, and says in the access log what was shown.
pub(super) async fn look(
    scope: &mut Scope,
    kind: Type,
    patient: Option<Uuid>,
    search: &Search,
) -> Result<Found<Value>> {
    let of = || patient.ok_or_else(|| Problem::bug("a search of the record without its patient"));
    let found = match kind {
        Type::Patient => patient_search::search(scope, search).await?,
        Type::Practitioner => practitioner::search(scope, search).await?,
        Type::Organization => places::search_organization(scope, search).await?,
        Type::Location => places::search_location(scope, search).await?,
        Type::Schedule => scheduling::search_schedule(scope, search).await?,
        Type::Slot => scheduling::search_slot(scope, search).await?,
        Type::Appointment => appointment::search(scope, search).await?,
        Type::Encounter | Type::Condition | Type::AllergyIntolerance | Type::Observation => {
            record::search(scope, kind, of()?, search).await?
        }
        Type::MedicationRequest => medication::search(scope, of()?, search).await?,
        Type::Consent => consent::search(scope, of()?, search).await?,
        Type::AuditEvent => audit_event::search(scope, search).await?,
    };
    match kind {
        // Each person who is shown is in the log.
        Type::Patient | Type::Appointment if patient.is_none() && !found.items.is_empty() => {
            for resource in &found.items {
                note(scope, kind, resource);
            }
        }
        _ => scope.note(kind.log_word(), None, patient),
    }
    Ok(found)
}

/// Runs a search.
pub(super) async fn search(cx: Cx, kind: Type, search: &mut Search) -> Result<(Scope, Found<Value>)> {
    let (mut scope, patient) = for_search(cx, kind, search).await?;
    let found = look(&mut scope, kind, patient, search).await?;
    Ok((scope, found))
}

/// Reads what a resource points to, as far as whoever asks may see it.
pub(super) async fn beside(scope: &mut Scope, kind: Type, id: Uuid, around: Option<Uuid>) -> Result<Option<Value>> {
    // Who may see a record was decided for one patient: another one's needs a decision of its own.
    let other = match kind {
        Type::Patient => around.is_some_and(|patient| patient != id),
        _ => kind.of_patient() && around.is_none(),
    };
    if other || !granted(scope.actor(), kind, Access::Read, around) || !scope.turn(kind.action()) {
        return Ok(None);
    }
    match fetch(scope, kind, id).await {
        Ok(resource) => Ok(Some(resource)
            .filter(|resource| !kind.of_patient() || around.is_none() || subject(kind, resource) == around)),
        Err(problem) if problem.kind == Kind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}
