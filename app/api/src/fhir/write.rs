//! Creating and updating Patient, Appointment and MedicationRequest, through the functions that `/api/v1` writes with.

use axum::{body::Bytes, http::HeaderMap, response::Response};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::{
    appointment_input::{self, AppointmentInput},
    bundle,
    kind::{Type, definition},
    medication_input::{self, MedicationRequestInput},
    params::{Search, Total, refused},
    patient_input::PatientInput,
    reach::{fetch, granted, look, of_organization, of_patient, patient_of},
    routes::{dated, one, pairs, served},
    smart::Access,
    version::number,
};
use crate::{
    authz::Action,
    db::Fault,
    http::{Cx, Kind, Path, Problem, Result, Scope},
    resources::{
        appointments::{
            AppointmentStatus,
            booking::{self, Booking, Move},
        },
        patients::{self, PatientContent},
        prescriptions::{self, PrescriptionStatus, Signature},
    },
};

/// Says that somebody looked at the likely duplicates, and that this is another person.
const NOT_A_DUPLICATE: &str = "x-not-a-duplicate";
/// Days in which a prescription may be dispensed, when nothing else is said.
const USUAL_DAYS: u16 = 90;

/// A resource of the type that the address names.
fn parse<T: DeserializeOwned>(kind: Type, body: &[u8]) -> Result<T> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Problem::new(Kind::Malformed).with("diagnostics", error.to_string()))?;
    if value["resourceType"].as_str() != Some(kind.name()) {
        return Err(Problem::new(Kind::Malformed).with("diagnostics", format!("resourceType is not {}", kind.name())));
    }
    // The parser's words go back to whoever sent the body, and nowhere else.
    serde_json::from_value(value).map_err(|error| Problem::new(Kind::Malformed).with("diagnostics", error.to_string()))
}

/// FHIR: the identifier in the body is the one in the address.
fn same_id(id: Uuid, written: Option<&str>) -> Result<()> {
    if written.and_then(|written| written.parse().ok()) == Some(id) {
        Ok(())
    } else {
        Err(Problem::new(Kind::Malformed).with("diagnostics", "id is not the one of the address"))
    }
}

fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed)
}

/// What `If-None-Exist` asks for.
fn unless(kind: Type, headers: &HeaderMap, base: &str) -> Result<Option<Search>> {
    let Some(value) = headers.get("if-none-exist") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let search = Search::parse(definition(kind), &pairs(query.as_bytes()), true, base)?;
    if search.is_empty() {
        return Err(refused("If-None-Exist: say what must not exist".to_owned()));
    }
    if kind == Type::Patient {
        super::patient_search::something_to_look_for(&search)?;
    }
    Ok(Some(search))
}

/// What `If-None-Exist` finds is shown: an app that may only create must not read that way.
async fn may_ask(cx: Cx, kind: Type, action: Action, patient: Option<Uuid>, unless: Option<&Search>) -> Result<Cx> {
    if unless.is_some() && !granted(cx.actor(), kind, Access::Search, patient) {
        return Err(cx.forbid(action, patient).await);
    }
    Ok(cx)
}

/// What there is of it already. More than one is a refusal: which was meant cannot be known.
async fn existing(scope: &mut Scope, kind: Type, patient: Option<Uuid>, search: &mut Search) -> Result<Option<Value>> {
    search.count = 2;
    search.total = Total::Unwanted;
    if let Some(patient) = patient {
        search.narrow("patient", patient);
    }
    let mut found = look(scope, kind, patient, search).await?.items;
    match found.len() {
        0 => Ok(None),
        1 => Ok(found.pop()),
        _ => Err(Problem::new(Kind::Changed).detail(
            "If-None-Exist: hay más de uno.",
            "If-None-Exist: there is more than one.",
        )),
    }
}

/// An answer with what was made.
async fn created(scope: Scope, kind: Type, resource: &Value) -> Result<Response> {
    let version = number(resource).ok_or_else(|| Problem::bug("a new resource without a version"))?;
    let id = resource["id"].as_str().unwrap_or_default();
    let location = format!("{}/{}/{id}/_history/{version}", bundle::base(&scope), kind.name());
    Ok(dated(scope.created(location, version, resource).await?, resource))
}

/// `POST /fhir/Type`
pub(super) async fn create(cx: Cx, Path(kind): Path<String>, headers: HeaderMap, body: Bytes) -> Result<Response> {
    let base = bundle::base_of(&cx.app().config.server.public_url);
    let kind = served(&kind)?;
    let unless = unless(kind, &headers, &base)?;
    match kind {
        Type::Patient => {
            let content = parse::<PatientInput>(kind, &body)?.content()?;
            let sure = headers.get(NOT_A_DUPLICATE).is_some_and(|value| value == "true");
            create_patient(cx, &content, sure, unless).await
        }
        Type::Appointment => {
            let wanted = parse::<AppointmentInput>(kind, &body)?.wanted(&base)?;
            book(cx, wanted, unless).await
        }
        Type::MedicationRequest => {
            let wanted = parse::<MedicationRequestInput>(kind, &body)?.wanted(&base)?;
            prescribe(cx, wanted, unless).await
        }
        _ => Err(method_not_allowed()),
    }
}

async fn create_patient(cx: Cx, content: &PatientContent, sure: bool, unless: Option<Search>) -> Result<Response> {
    let cx = may_ask(cx, Type::Patient, Action::PatientSearch, None, unless.as_ref()).await?;
    let mut scope = of_organization(cx, Type::Patient, Access::Create, Action::PatientCreate).await?;
    let by_document = unless.as_ref().is_some_and(|search| search.only("identifier"));
    if let Some(mut search) = unless {
        if !scope.turn(Action::PatientSearch) {
            return Err(Problem::new(Kind::Forbidden));
        }
        if let Some(found) = existing(&mut scope, Type::Patient, None, &mut search).await? {
            return one(scope, &found).await;
        }
        scope.turn(Action::PatientCreate);
    }
    let made = patients::register(&mut scope, content, sure).await;
    let patient = match made {
        // Somebody registered that document a moment ago: looked for again, it is found.
        Err(problem) if problem.kind == Kind::PossibleDuplicate && by_document && sure => {
            return Err(Fault::Conflict.into());
        }
        made => made?,
    };
    let resource = super::patient::patient(&patient.into(), scope.organization());
    created(scope, Type::Patient, &resource).await
}

async fn book(cx: Cx, wanted: appointment_input::Wanted, unless: Option<Search>) -> Result<Response> {
    if wanted.status != AppointmentStatus::Booked {
        return Err(Problem::new(Kind::IllegalTransition).with("diagnostics", "Appointment.status: booked"));
    }
    let (kind, patient) = (Type::Appointment, wanted.patient);
    let cx = may_ask(cx, kind, kind.action(), Some(patient), unless.as_ref()).await?;
    let mut scope = of_patient(cx, kind, Access::Create, Action::AppointmentBook, patient).await?;
    if let Some(mut search) = unless
        && let Some(found) = existing(&mut scope, kind, Some(patient), &mut search).await?
    {
        return one(scope, &found).await;
    }
    let booking = Booking {
        slot: wanted.slot,
        reason: wanted.reason.clone(),
        waiting: None,
    };
    let made = booking::reserve(&mut scope, patient, booking)
        .await
        .map_err(|problem| {
            problem.rename_fields(|pointer| match pointer {
                "/slot" => "Appointment.slot".to_owned(),
                other => other.to_owned(),
            })
        })?;
    wanted.matches(&made)?;
    let resource = super::appointment::read(&mut scope, made.id).await?;
    created(scope, kind, &resource).await
}

/// Days until then, as signing counts them.
fn days_until(wanted: &medication_input::Wanted) -> Result<u16> {
    let Some(until) = wanted.until else {
        return Ok(USUAL_DAYS);
    };
    let hours = until.timestamp().duration_since(Timestamp::now()).as_hours();
    u16::try_from((hours + 23) / 24)
        .ok()
        .filter(|days| (1..=365).contains(days))
        .ok_or_else(|| {
            Problem::field(
                "MedicationRequest.dispenseRequest.validityPeriod.end",
                "Entre un día y un año desde hoy.",
                "Between a day and a year from today.",
            )
        })
}

fn signature(wanted: &medication_input::Wanted) -> Result<Signature> {
    Ok(Signature {
        overrides: Vec::new(),
        valid_days: Some(days_until(wanted)?),
    })
}

async fn prescribe(cx: Cx, wanted: medication_input::Wanted, unless: Option<Search>) -> Result<Response> {
    if !matches!(wanted.status, PrescriptionStatus::Draft | PrescriptionStatus::Active) {
        return Err(
            Problem::new(Kind::IllegalTransition).with("diagnostics", "MedicationRequest.status: draft or active")
        );
    }
    let (kind, patient) = (Type::MedicationRequest, wanted.patient);
    let cx = may_ask(cx, kind, kind.action(), Some(patient), unless.as_ref()).await?;
    let mut scope = of_patient(cx, kind, Access::Create, Action::PrescriptionWrite, patient).await?;
    if wanted.requester.is_some() && wanted.requester != scope.actor().staff() {
        return Err(Problem::new(Kind::Forbidden).detail(
            "Solo se prescribe en nombre propio.",
            "Nobody prescribes in another's name.",
        ));
    }
    if let Some(mut search) = unless
        && let Some(found) = existing(&mut scope, kind, Some(patient), &mut search).await?
    {
        return one(scope, &found).await;
    }
    let signature = signature(&wanted)?;
    let sign = wanted.status == PrescriptionStatus::Active;
    let mut made = prescriptions::draft(&mut scope, patient, wanted.content).await?;
    if sign {
        made = prescriptions::put_signature(&mut scope, made, signature).await?;
    }
    let resource = super::medication::read(&mut scope, made.id).await?;
    created(scope, kind, &resource).await
}

/// `PUT /fhir/Type/id`
pub(super) async fn update(cx: Cx, Path((kind, id)): Path<(String, Uuid)>, body: Bytes) -> Result<Response> {
    let base = bundle::base_of(&cx.app().config.server.public_url);
    let kind = served(&kind)?;
    match kind {
        Type::Patient => {
            let input: PatientInput = parse(kind, &body)?;
            same_id(id, input.id.as_deref())?;
            let content = input.content()?;
            let mut scope = of_patient(cx, kind, Access::Update, Action::PatientUpdate, id).await?;
            let version = scope.if_match()?;
            patients::update(&mut scope, id, version, &content, None).await?;
            let resource = super::patient::read(&mut scope, id).await?;
            one(scope, &resource).await
        }
        Type::Appointment => {
            let input: AppointmentInput = parse(kind, &body)?;
            same_id(id, input.id.as_deref())?;
            rearrange(cx, id, input.wanted(&base)?).await
        }
        Type::MedicationRequest => {
            let input: MedicationRequestInput = parse(kind, &body)?;
            same_id(id, input.id.as_deref())?;
            revise(cx, id, input.wanted(&base)?).await
        }
        _ => Err(method_not_allowed()),
    }
}

fn not_changed(at: &str) -> Problem {
    Problem::field(at, "Eso no se puede cambiar.", "That cannot be changed.")
}

/// Moves an appointment to another slot, or takes one step with it.
async fn rearrange(mut cx: Cx, id: Uuid, wanted: appointment_input::Wanted) -> Result<Response> {
    use AppointmentStatus as S;
    let kind = Type::Appointment;
    let action = match wanted.status {
        S::Booked | S::Cancelled => Action::AppointmentBook,
        S::Arrived | S::Fulfilled | S::NoShow => Action::AppointmentAttend,
    };
    let patient = patient_of(&mut cx, kind, id).await?;
    let mut scope = of_patient(cx, kind, Access::Update, action, patient).await?;
    let before = booking::find(&mut scope, patient, id).await?;
    scope.expect_version(before.version)?;
    if wanted.patient != patient {
        return Err(not_changed("Appointment.participant"));
    }
    if wanted.reason != before.reason {
        return Err(not_changed("Appointment.reasonCode"));
    }
    let (moves, steps) = (wanted.slot != before.slot, wanted.status.word() != before.status);
    match (moves, steps) {
        (true, true) => return Err(not_changed("Appointment.slot")),
        (true, false) => {
            let to = Move {
                slot: wanted.slot,
                reason: None,
            };
            let moved = booking::relocate(&mut scope, patient, id, to).await?;
            wanted.matches(&moved)?;
        }
        (false, true) => {
            wanted.matches(&before)?;
            booking::step(&mut scope, patient, id, wanted.status, wanted.why).await?;
        }
        (false, false) => wanted.matches(&before)?,
    }
    let resource = fetch(&mut scope, kind, id).await?;
    one(scope, &resource).await
}

/// Changes a draft, signs it, or takes one step with a prescription.
async fn revise(mut cx: Cx, id: Uuid, wanted: medication_input::Wanted) -> Result<Response> {
    use PrescriptionStatus as S;
    let kind = Type::MedicationRequest;
    let patient = patient_of(&mut cx, kind, id).await?;
    let mut scope = of_patient(cx, kind, Access::Update, Action::PrescriptionWrite, patient).await?;
    let before = prescriptions::find(&mut scope, patient, id).await?;
    scope.expect_version(before.version)?;
    if wanted.patient != patient {
        return Err(not_changed("MedicationRequest.subject"));
    }
    if wanted.requester.is_some_and(|requester| requester != before.prescriber) {
        return Err(not_changed("MedicationRequest.requester"));
    }
    let rewritten = wanted.content != before.content;
    match (before.status, wanted.status) {
        (S::Draft, S::Draft) if rewritten => {
            prescriptions::redraft(&mut scope, patient, id, wanted.content).await?;
        }
        (was, is) if rewritten => {
            let why = if was == is {
                Kind::Locked
            } else {
                Kind::IllegalTransition
            };
            return Err(Problem::new(why).with("diagnostics", "change the draft first, and its status afterwards"));
        }
        (was, is) if was == is => {}
        (S::Draft, S::Active) => {
            let signature = signature(&wanted)?;
            prescriptions::put_signature(&mut scope, before, signature).await?;
        }
        (_, is) => {
            let why = wanted.why.unwrap_or_else(|| "FHIR".to_owned());
            prescriptions::advance(&mut scope, patient, id, is, why).await?;
        }
    }
    let resource = fetch(&mut scope, kind, id).await?;
    one(scope, &resource).await
}
