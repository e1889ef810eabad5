//! Encounter, Condition, AllergyIntolerance, Observation: entries of the record.

use serde_json::{Value, json};
use sqlx::mysql::MySqlRow;
use uuid::Uuid;

use super::{
    json::{ATC, ICD10, LOINC, UCUM, compact, concept, meta, reference},
    kind::{
        Definition, ID, Include, LAST_UPDATED, Param,
        ParamType::{Date, Reference, Token},
        Type, param,
    },
    params::Search,
    search::{Binds, Found, Table, dates, one_of, run, table, within, words},
    version::Version,
};
use crate::{
    db::Fault,
    http::{Problem, Result, Scope},
    resources::records::{
        Allergy, AllergyCategory, Condition, ConditionStatus, Content, Criticality, Encounter, Entry, Kind,
        Observation, Status, Value as Finding, entry,
    },
    scoped,
};

const PATIENT: Param = param("patient", Reference, "Whose record");
const SUBJECT: Param = param("subject", Reference, "Whose record");
const IN_ENCOUNTER: Param = param("encounter", Reference, "In which contact");
const OF_PATIENT: Include = Include {
    param: "patient",
    path: &["subject"],
};
const OF_SUBJECT: Include = Include {
    param: "subject",
    path: &["subject"],
};
const OF_ENCOUNTER: Include = Include {
    param: "encounter",
    path: &["encounter"],
};
const ABOUT: &str = "Of one patient: searches name the patient, who is implied when patients or their apps ask.";

pub(super) const ENCOUNTER: Definition = Definition {
    kind: Type::Encounter,
    params: &[
        ID,
        LAST_UPDATED,
        PATIENT,
        SUBJECT,
        param("class", Token, "AMB, EMER, IMP, VR, HH"),
        param("date", Date, "When it began"),
        param("status", Token, "in-progress, finished, entered-in-error"),
    ],
    sorts: &["date", "_lastUpdated"],
    includes: &[
        OF_PATIENT,
        OF_SUBJECT,
        Include {
            param: "appointment",
            path: &["appointment"],
        },
        Include {
            param: "practitioner",
            path: &["participant", "individual"],
        },
    ],
    writable: false,
    history: true,
    about: ABOUT,
};

pub(super) const CONDITION: Definition = Definition {
    kind: Type::Condition,
    params: &[
        ID,
        LAST_UPDATED,
        PATIENT,
        SUBJECT,
        IN_ENCOUNTER,
        param("code", Token, "ICD-10"),
        param("clinical-status", Token, "active, remission, resolved"),
        param("verification-status", Token, "confirmed, unconfirmed, entered-in-error"),
        param(
            "onset-date",
            Date,
            "When it began; when it was written, if that is not known",
        ),
    ],
    sorts: &["onset-date", "_lastUpdated"],
    includes: &[OF_PATIENT, OF_SUBJECT, OF_ENCOUNTER],
    writable: false,
    history: true,
    about: ABOUT,
};

pub(super) const ALLERGY: Definition = Definition {
    kind: Type::AllergyIntolerance,
    params: &[
        ID,
        LAST_UPDATED,
        PATIENT,
        param("code", Token, "ATC, or the beginning of a code for a group"),
        param("clinical-status", Token, "active, resolved"),
        param("verification-status", Token, "confirmed, unconfirmed, entered-in-error"),
        param("category", Token, "medication, food, environment, biologic"),
        param("criticality", Token, "low, high, unable-to-assess"),
    ],
    sorts: &["_lastUpdated"],
    includes: &[Include {
        param: "patient",
        path: &["patient"],
    }],
    writable: false,
    history: true,
    about: ABOUT,
};

pub(super) const OBSERVATION: Definition = Definition {
    kind: Type::Observation,
    params: &[
        ID,
        LAST_UPDATED,
        PATIENT,
        SUBJECT,
        IN_ENCOUNTER,
        param("code", Token, "LOINC"),
        param("category", Token, "vital-signs"),
        param("date", Date, "When it was observed"),
        param("status", Token, "preliminary, final, amended, entered-in-error"),
    ],
    sorts: &["date", "_lastUpdated"],
    includes: &[OF_PATIENT, OF_SUBJECT, OF_ENCOUNTER],
    writable: false,
    history: true,
    about: ABOUT,
};

/// LOINC codes that FHIR counts as vital signs.
const VITAL_SIGNS: &[&str] = &[
    "85353-1", "9279-1", "8867-4", "2708-6", "59408-5", "8310-5", "8302-2", "9843-4", "29463-7", "39156-5", "85354-9",
    "8480-6", "8462-4",
];

macro_rules! columns {
    () => {
        "e.id, e.patient, v.status, v.content, e.amends, v.author, v.reason, v.version, e.created_at, v.at"
    };
}

macro_rules! tables {
    () => {
        "entry e JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id AND v.version = e.version \
         WHERE e.organization = ? AND e.kind = ?"
    };
}

/// The status in FHIR's words, by type.
macro_rules! status {
    () => {
        "CASE WHEN e.status = 'entered-in-error' THEN 'entered-in-error' \
         WHEN e.kind = 'encounter' THEN IF(NULLIF(JSON_VALUE(v.content, '$.ended_at'), 'null') IS NULL, 'in-progress', 'finished') \
         WHEN e.kind = 'observation' THEN IF(e.status = 'open', 'preliminary', IF(e.amends IS NULL, 'final', 'amended')) \
         ELSE IF(e.status = 'open', 'unconfirmed', 'confirmed') END"
    };
}

macro_rules! clinical_status {
    () => {
        "CASE WHEN e.status = 'entered-in-error' THEN '' WHEN e.kind = 'condition' THEN JSON_VALUE(v.content, '$.status') \
         ELSE IF(JSON_VALUE(v.content, '$.resolved') IN ('true', '1'), 'resolved', 'active') END"
    };
}

const TABLE: Table = table!(
    select: columns!(),
    from: concat!(
        tables!(),
        one_of!("e.patient"),
        one_of!("e.id"),
        within!("e.updated_at"),
        within!("e.effective_at"),
        words!("e.code"),
        words!("e.code"),
        one_of!("e.encounter"),
        " AND (? IS NULL OR FIND_IN_SET(", status!(), ", ?) > 0)",
        " AND (? IS NULL OR FIND_IN_SET(", clinical_status!(), ", ?) > 0)",
        words!("JSON_VALUE(v.content, '$.class')"),
        words!("JSON_VALUE(v.content, '$.category')"),
        words!("REPLACE(JSON_VALUE(v.content, '$.criticality'), 'unknown', 'unable-to-assess')")
    ),
    id: "e.id",
    key: "WHEN '_lastUpdated' THEN e.updated_at ELSE e.effective_at",
    newest first
);

const CONDITION_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const CONDITION_VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const ALLERGY_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const ALLERGY_VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";

/// The kind of entry that a type shows.
fn kind_of(kind: Type) -> Result<Kind> {
    match kind {
        Type::Encounter => Ok(Kind::Encounter),
        Type::Condition => Ok(Kind::Condition),
        Type::AllergyIntolerance => Ok(Kind::Allergy),
        Type::Observation => Ok(Kind::Observation),
        _ => Err(Problem::bug("not a type of the record")),
    }
}

/// Runs a search of entries of one patient.
pub(super) async fn search(scope: &mut Scope, kind: Type, patient: Uuid, search: &Search) -> Result<Found<Value>> {
    let of_condition = kind == Type::Condition;
    let (clinical, verification) = if of_condition {
        (CONDITION_CLINICAL, CONDITION_VERIFICATION)
    } else {
        (ALLERGY_CLINICAL, ALLERGY_VERIFICATION)
    };
    let (code, date) = match kind {
        Type::Condition => (ICD10, "onset-date"),
        Type::AllergyIntolerance => (ATC, "date"),
        _ => (LOINC, "date"),
    };
    let vital = kind == Type::Observation && search.has("category");
    let vital = vital.then(|| {
        let asked = search.codes("category", Some(CATEGORY)).unwrap_or_default();
        let codes: &[&str] = if asked.iter().any(|code| code == "vital-signs") {
            VITAL_SIGNS
        } else {
            &[]
        };
        codes.iter().map(|&code| code.to_owned()).collect()
    });
    let status = match kind {
        Type::Condition | Type::AllergyIntolerance => search.codes("verification-status", Some(verification)),
        Type::Encounter => search.codes("status", Some("http://hl7.org/fhir/encounter-status")),
        _ => search.codes("status", Some("http://hl7.org/fhir/observation-status")),
    };
    let category = if kind == Type::AllergyIntolerance {
        search.codes("category", Some("http://hl7.org/fhir/allergy-intolerance-category"))
    } else {
        None
    };
    let mut binds = Binds::default();
    binds
        .one_text(kind_of(kind)?.word().to_owned())
        .one_of(Some(vec![patient]))
        .one_of(search.ids("_id"))
        .range(dates(scope, search, "_lastUpdated").await?)
        .range(dates(scope, search, date).await?)
        .words(search.codes("code", Some(code)))
        .words(vital)
        .one_of(search.ids("encounter"))
        .words(status)
        .words(search.codes("clinical-status", Some(clinical)))
        .words(search.codes("class", Some(ACT_CODE)))
        .words(category)
        .words(search.codes(
            "criticality",
            Some("http://hl7.org/fhir/allergy-intolerance-criticality"),
        ));
    let organization = scope.organization();
    run(scope, &TABLE, search, &binds, |row| resource(row, organization)).await
}

/// An entry.
pub(super) async fn read(scope: &mut Scope, kind: Type, id: Uuid) -> Result<Value> {
    let query = scope.query(scoped!(concat!(
        "SELECT ",
        columns!(),
        " FROM ",
        tables!(),
        " AND e.id = ?"
    )));
    let row = query
        .bind(kind_of(kind)?.word())
        .bind(id)
        .fetch_optional(scope.db())
        .await?
        .ok_or(Fault::NoRow)?;
    resource(&row, scope.organization())
}

/// Every version, the newest first.
pub(super) async fn versions(scope: &mut Scope, kind: Type, id: Uuid) -> Result<Vec<Version>> {
    let query = scope.query(scoped!(concat!(
        "SELECT ",
        columns!(),
        " FROM entry e JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id \
         WHERE e.organization = ? AND e.kind = ? AND e.id = ? ORDER BY v.version DESC LIMIT 500"
    )));
    let rows = query.bind(kind_of(kind)?.word()).bind(id).fetch_all(scope.db()).await?;
    let organization = scope.organization();
    rows.iter()
        .map(|row| {
            let one = entry(row)?;
            Ok(Version {
                number: one.version,
                at: one.at,
                resource: of_entry(&one, organization)?,
            })
        })
        .collect()
}

fn resource(row: &MySqlRow, organization: Uuid) -> Result<Value> {
    of_entry(&entry(row)?, organization)
}

/// The resource of an entry.
fn of_entry(one: &Entry, organization: Uuid) -> Result<Value> {
    let mut value = match &one.content {
        Content::Encounter(content) => encounter(one, content, organization),
        Content::Condition(content) => condition(one, content),
        Content::Allergy(content) => allergy(one, content),
        Content::Observation(content) => observation(one, content),
        Content::Note(_) | Content::Document(_) => return Err(Problem::bug("an entry of another type")),
    };
    value["id"] = json!(one.id);
    value["meta"] = meta(one.version, one.at);
    Ok(compact(value))
}

fn in_error(one: &Entry) -> bool {
    one.status == Status::EnteredInError
}

fn contact(id: Option<Uuid>) -> Value {
    id.map_or(Value::Null, |id| reference(Type::Encounter, id))
}

/// Unsigned entries may still change.
fn verification(one: &Entry, system: &str) -> Value {
    let code = match one.status {
        Status::Open => "unconfirmed",
        Status::Signed => "confirmed",
        Status::EnteredInError => "entered-in-error",
    };
    concept(system, code, None)
}

fn encounter(one: &Entry, content: &Encounter, organization: Uuid) -> Value {
    let status = match (in_error(one), content.ended_at) {
        (true, _) => "entered-in-error",
        (false, None) => "in-progress",
        (false, Some(_)) => "finished",
    };
    json!({
        "resourceType": "Encounter",
        "status": status,
        "class": {"system": ACT_CODE, "code": content.class},
        "subject": reference(Type::Patient, one.patient),
        "participant": [{"individual": reference(Type::Practitioner, one.author)}],
        "appointment": [content.appointment.map(|id| reference(Type::Appointment, id))],
        "period": {"start": content.started_at, "end": content.ended_at},
        "reasonCode": [{"text": content.reason}],
        "serviceProvider": reference(Type::Organization, organization),
    })
}

fn condition(one: &Entry, content: &Condition) -> Value {
    let clinical = match content.status {
        ConditionStatus::Active => "active",
        ConditionStatus::Remission => "remission",
        ConditionStatus::Resolved => "resolved",
    };
    // FHIR's rules con-4 and con-5: what was written by mistake has no clinical status, and what is active has not ended.
    let clinical = if in_error(one) {
        Value::Null
    } else {
        concept(CONDITION_CLINICAL, clinical, None)
    };
    let ended = content.status != ConditionStatus::Active || in_error(one);
    let note = match (ended, content.abatement) {
        (false, Some(end)) => json!([{"text": format!("abatement: {end}")}]),
        _ => Value::Null,
    };
    json!({
        "resourceType": "Condition",
        "clinicalStatus": clinical,
        "verificationStatus": verification(one, CONDITION_VERIFICATION),
        "code": concept(ICD10, &content.icd10, Some(&content.description)),
        "subject": reference(Type::Patient, one.patient),
        "encounter": contact(content.encounter),
        "onsetDateTime": content.onset,
        "abatementDateTime": if ended { content.abatement } else { None },
        "recordedDate": one.created_at,
        "recorder": reference(Type::Practitioner, one.author),
        "note": note,
    })
}

fn allergy(one: &Entry, content: &Allergy) -> Value {
    let category = match content.category {
        AllergyCategory::Medication => "medication",
        AllergyCategory::Food => "food",
        AllergyCategory::Environment => "environment",
        AllergyCategory::Biologic => "biologic",
    };
    let criticality = match content.criticality {
        Criticality::Low => "low",
        Criticality::High => "high",
        Criticality::Unknown => "unable-to-assess",
    };
    let clinical = if content.resolved { "resolved" } else { "active" };
    let coding = content.atc.as_ref().map(|code| json!({"system": ATC, "code": code}));
    json!({
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": if in_error(one) { Value::Null } else { concept(ALLERGY_CLINICAL, clinical, None) },
        "verificationStatus": verification(one, ALLERGY_VERIFICATION),
        "category": [category],
        "criticality": criticality,
        "code": {"coding": [coding], "text": content.substance},
        "patient": reference(Type::Patient, one.patient),
        "encounter": contact(content.encounter),
        "recordedDate": one.created_at,
        "recorder": reference(Type::Practitioner, one.author),
        "reaction": [content.reaction.as_ref().map(|text| json!({"manifestation": [{"text": text}]}))],
    })
}

fn observation(one: &Entry, content: &Observation) -> Value {
    let status = match (one.status, one.amends) {
        (Status::Open, _) => "preliminary",
        (Status::Signed, None) => "final",
        (Status::Signed, Some(_)) => "amended",
        (Status::EnteredInError, _) => "entered-in-error",
    };
    let vital = VITAL_SIGNS.contains(&content.loinc.as_str());
    let mut value = json!({
        "resourceType": "Observation",
        "status": status,
        "category": [vital.then(|| concept(CATEGORY, "vital-signs", None))],
        "code": concept(LOINC, &content.loinc, Some(&content.description)),
        "subject": reference(Type::Patient, one.patient),
        "encounter": contact(content.encounter),
        "effectiveDateTime": content.observed_at,
        "issued": one.at,
        "performer": [reference(Type::Practitioner, one.author)],
    });
    match &content.value {
        Finding::Quantity { value: number, unit } => {
            value["valueQuantity"] = json!({"value": number, "unit": unit, "system": UCUM, "code": unit});
        }
        Finding::Text { value: text } => value["valueString"] = json!(text),
    }
    value
}
