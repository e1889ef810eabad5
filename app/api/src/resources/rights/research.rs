//! Pseudonymised export for research: see `docs/decisions/0025-research-export.md` for what is generalised and why.

mod generalise;

use std::{collections::BTreeMap, sync::Arc};

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    authz::Action,
    db::{Day, Stamp},
    http::{Body, Check, Cx, Faults, Kind, Problem, Result, Scope},
    keys::{Purpose, hex},
    resources::records::{Content, Value},
    scoped,
};
use generalise::{Cell, age_band, category, province, quarter, suppress};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(make, list))
}

/// People in one export, at most: they are looked at together, to find those who would stand out.
const MOST: usize = 5000;

/// What a project asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewResearchExport {
    /// The project. Pseudonyms are the same in every export of a project, and never the same in two projects.
    project: String,
    /// What for, and who approved it (ethics committee, date).
    purpose: String,
    /// No combination of age band, sex and province with fewer people than this leaves the house.
    #[serde(default = "smallest_cell")]
    #[schema(minimum = 5, maximum = 100)]
    smallest_cell: u16,
}

const fn smallest_cell() -> u16 {
    5
}

impl Check for NewResearchExport {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.project, 100, "/project");
        faults.prose(&self.purpose, 2000, "/purpose");
        faults.expect(
            (5..=100).contains(&self.smallest_cell),
            "/smallest_cell",
            "Entre 5 y 100.",
            "Between 5 and 100.",
        );
    }
}

/// One person of a research export.
#[derive(Serialize, ToSchema)]
pub(crate) struct Subject {
    /// Keyed; means nothing outside of the project.
    pseudonym: String,
    #[serde(flatten)]
    cell: Cell,
    /// ICD-10 categories of three characters, with the quarter in which they were found.
    conditions: Vec<CodedEvent>,
    /// LOINC codes with number and unit.
    observations: Vec<Measurement>,
    /// ATC groups of five characters.
    medications: Vec<CodedEvent>,
}

/// A code and a quarter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub(crate) struct CodedEvent {
    code: String,
    #[schema(example = "2026-Q1")]
    quarter: String,
}

/// A measurement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Measurement {
    loinc: String,
    value: f64,
    unit: String,
    quarter: String,
}

/// A research export.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResearchExport {
    id: Uuid,
    project: String,
    made_at: Stamp,
    /// Names the key of the pseudonyms, without telling it.
    key: String,
    smallest_cell: u16,
    /// People who consented and are left out, since they would stand out.
    suppressed: usize,
    /// Codes that are left out, since fewer people than `smallest_cell` have them.
    suppressed_codes: usize,
    subjects: Vec<Subject>,
}

struct Person {
    id: Uuid,
    cell: Cell,
}

/// Who consented: restricted, erased and joined registrations are not among them.
async fn people(scope: &mut Scope) -> Result<Vec<Person>> {
    let query = scope.query(scoped!(
        "SELECT p.id, p.birth_date, p.sex, p.postal_code FROM consent c \
         JOIN patient p ON p.organization = c.organization AND p.id = c.patient \
         WHERE c.organization = ? AND c.holds = 'research' AND p.restricted = FALSE AND p.erased_at IS NULL \
         AND p.merged_into IS NULL ORDER BY p.id LIMIT 5001"
    ));
    let rows = query.fetch_all(scope.db()).await?;
    if rows.len() > MOST {
        return Err(Problem::new(Kind::TooLarge).detail(
            "Más de 5000 personas: hágalo por partes, en la base de datos.",
            "More than 5000 people: that is for the database's own tools.",
        ));
    }
    let today = Day::today();
    let person = |row: &sqlx::mysql::MySqlRow| {
        let born: Day = row.try_get("birth_date")?;
        let postal: Option<String> = row.try_get("postal_code")?;
        Ok(Person {
            id: row.try_get("id")?,
            cell: Cell {
                age: age_band(born.date(), today.date()),
                sex: row.try_get("sex")?,
                province: province(postal.as_deref()),
            },
        })
    };
    Ok(rows.iter().map(person).collect::<Result<_, sqlx::Error>>()?)
}

#[derive(Default)]
struct Findings {
    conditions: Vec<CodedEvent>,
    observations: Vec<Measurement>,
    medications: Vec<CodedEvent>,
}

async fn findings(scope: &mut Scope, patient: Uuid) -> Result<Findings> {
    let query = scope.query(scoped!(
        "SELECT e.effective_at, v.content FROM entry e \
         JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id AND v.version = e.version \
         WHERE e.organization = ? AND e.patient = ? AND e.kind IN ('condition', 'observation') \
         AND e.status <> 'entered-in-error' ORDER BY e.id"
    ));
    let mut found = Findings::default();
    for row in query.bind(patient).fetch_all(scope.db()).await? {
        let (at, content): (Stamp, String) = (row.try_get("effective_at")?, row.try_get("content")?);
        match serde_json::from_str(&content) {
            Ok(Content::Condition(condition)) => found.conditions.push(CodedEvent {
                code: category(&condition.icd10, 3),
                quarter: quarter(at),
            }),
            Ok(Content::Observation(observation)) => {
                if let Value::Quantity { value, unit } = observation.value {
                    found.observations.push(Measurement {
                        loinc: observation.loinc,
                        value,
                        unit,
                        quarter: quarter(at),
                    });
                }
            }
            _ => {}
        }
    }
    let query = scope.query(scoped!(
        "SELECT atc, signed_at FROM prescription WHERE organization = ? AND patient = ? AND signed_at IS NOT NULL ORDER BY id"
    ));
    for row in query.bind(patient).fetch_all(scope.db()).await? {
        found.medications.push(CodedEvent {
            code: category(&row.try_get::<String, _>("atc")?, 5),
            quarter: quarter(row.try_get("signed_at")?),
        });
    }
    Ok(found)
}

/// Codes that fewer people have than `smallest` are as good as a name.
fn drop_rare(subjects: &mut [Subject], smallest: usize) -> usize {
    let mut holders: BTreeMap<String, usize> = BTreeMap::new();
    for subject in subjects.iter() {
        let mut codes: Vec<&str> = subject
            .conditions
            .iter()
            .chain(&subject.medications)
            .map(|event| event.code.as_str())
            .chain(subject.observations.iter().map(|measured| measured.loinc.as_str()))
            .collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            *holders.entry(code.to_owned()).or_default() += 1;
        }
    }
    let common = |code: &str| holders.get(code).is_some_and(|people| *people >= smallest);
    for subject in subjects {
        subject.conditions.retain(|event| common(&event.code));
        subject.medications.retain(|event| common(&event.code));
        subject.observations.retain(|measured| common(&measured.loinc));
    }
    holders.values().filter(|people| **people < smallest).count()
}

/// Make an export for a project. Everybody whose data is in it finds that in their access log.
#[utoipa::path(post, path = "/research-exports", tag = "data-protection", request_body = NewResearchExport,
    responses((status = 201, body = ResearchExport)))]
async fn make(cx: Cx, Body(body): Body<NewResearchExport>) -> Result<Response> {
    let mut scope = cx.allow(Action::ResearchExport).await?;
    let app = scope.shared_app();
    let organization = scope.organization();
    let smallest = usize::from(body.smallest_cell);
    let everybody = people(&mut scope).await?;
    let before = everybody.len();
    let cells = suppress(everybody.iter().map(|person| person.cell.clone()).collect(), smallest);
    let (id, now) = (Uuid::now_v7(), Stamp::now());
    let mut key = String::new();
    let mut subjects = Vec::new();
    for (person, cell) in everybody.into_iter().zip(cells) {
        let Some(cell) = cell else { continue };
        let named = [organization.as_bytes(), person.id.as_bytes(), body.project.as_bytes()].concat();
        let (key_id, pseudonym) = app.keys.sign(Purpose::Pseudonyms, &named)?;
        key = hex(&key_id);
        let found = findings(&mut scope, person.id).await?;
        subjects.push(Subject {
            pseudonym: hex(&pseudonym[..16]),
            cell,
            conditions: found.conditions,
            observations: found.observations,
            medications: found.medications,
        });
        scope.note("research-export", Some(id), Some(person.id));
    }
    // Not in the order of the register: that would tell who registered when.
    subjects.sort_by(|one, two| one.pseudonym.cmp(&two.pseudonym));
    let suppressed_codes = drop_rare(&mut subjects, smallest);
    let export = ResearchExport {
        id,
        project: body.project,
        made_at: now,
        key,
        smallest_cell: body.smallest_cell,
        suppressed: before - subjects.len(),
        suppressed_codes,
        subjects,
    };
    write_down(&mut scope, &export, body.purpose).await?;
    if export.subjects.is_empty() {
        scope.note("research-export", Some(id), None);
    }
    scope.created("/api/v1/research-exports".to_owned(), 1, &export).await
}

async fn write_down(scope: &mut Scope, export: &ResearchExport, purpose: String) -> Result<()> {
    let by = scope.actor().id();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let query = scope.query(scoped!(
        "INSERT INTO research_export (organization, id, project, purpose, smallest_cell, patients, suppressed, actor, at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(export.id)
        .bind(export.project.clone())
        .bind(purpose)
        .bind(export.smallest_cell)
        .bind(count(export.subjects.len()))
        .bind(count(export.suppressed))
        .bind(by)
        .bind(export.made_at)
        .execute(scope.db())
        .await?;
    Ok(())
}

/// A research export that was made.
#[derive(Serialize, sqlx::FromRow, ToSchema)]
pub(crate) struct ResearchExportLine {
    id: Uuid,
    project: String,
    purpose: String,
    smallest_cell: u16,
    patients: u32,
    suppressed: u32,
    actor: Uuid,
    at: Stamp,
}

/// Research exports that were made, without their data.
#[utoipa::path(get, path = "/research-exports", tag = "data-protection",
    responses((status = 200, body = Vec<ResearchExportLine>)))]
async fn list(cx: Cx) -> Result<Response> {
    let mut scope = cx.allow(Action::ResearchExport).await?;
    let query = scope.query_as::<ResearchExportLine>(scoped!(
        "SELECT id, project, purpose, smallest_cell, patients, suppressed, actor, at FROM research_export \
         WHERE organization = ? ORDER BY id DESC LIMIT 500"
    ));
    let exports = query.fetch_all(scope.db()).await?;
    scope.note("research-export", None, None);
    scope.ok(&exports).await
}
