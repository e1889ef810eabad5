//! Entries in the database.

use serde::Serialize;
use sqlx::{Row, mysql::MySqlRow};
use utoipa::ToSchema;
use uuid::Uuid;

use super::content::{Allergy, Content, Encounter};
use crate::{
    db::{Fault, Stamp},
    http::{Kind as Problems, Problem, Result, Scope, Scoped},
    resources::patients,
    scoped,
};

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    /// It may get new versions.
    Open,
    /// Signed: it is locked, and only amendments can be added.
    Signed,
    /// Written by mistake: kept, and marked.
    EnteredInError,
}

impl Status {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Signed => "signed",
            Self::EnteredInError => "entered-in-error",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Signed, Self::EnteredInError]
            .into_iter()
            .find(|status| status.word() == word)
    }
}

/// An entry of a record, in one of its versions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) patient: Uuid,
    pub(crate) status: Status,
    pub(crate) content: Content,
    /// The entry that this one amends.
    pub(crate) amends: Option<Uuid>,
    /// Who wrote this version.
    pub(crate) author: Uuid,
    /// Why it was written, when it is not the first.
    pub(crate) reason: Option<String>,
    pub(crate) version: u32,
    /// When the first version was written.
    pub(crate) created_at: Stamp,
    /// When this version was written.
    pub(crate) at: Stamp,
}

/// An entry from a row of `entry` and one of its `entry_version`.
pub(crate) fn entry(row: &MySqlRow) -> Result<Entry, sqlx::Error> {
    let decode = |text: String| serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()));
    let status: String = row.try_get("status")?;
    Ok(Entry {
        id: row.try_get("id")?,
        patient: row.try_get("patient")?,
        status: Status::from_word(&status).ok_or_else(|| sqlx::Error::Decode("unknown status".into()))?,
        content: decode(row.try_get("content")?)?,
        amends: row.try_get("amends")?,
        author: row.try_get("author")?,
        reason: row.try_get("reason")?,
        version: row.try_get("version")?,
        created_at: row.try_get("created_at")?,
        at: row.try_get("at")?,
    })
}

/// The patient whose record an entry is in: what must be known before permission can be asked for.
pub(super) async fn find(scope: &mut Scope, patient: Uuid, id: Uuid) -> Result<Entry> {
    let query = scope.query(scoped!(
        "SELECT e.id, e.patient, v.status, v.content, e.amends, v.author, v.reason, v.version, e.created_at, v.at \
         FROM entry e JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id AND v.version = e.version \
         WHERE e.organization = ? AND e.patient = ? AND e.id = ?"
    ));
    let row = query
        .bind(patient)
        .bind(id)
        .fetch_optional(scope.db())
        .await?
        .ok_or(Fault::NoRow)?;
    Ok(entry(&row)?)
}

/// An entry's contact, its appointment and its attachment must be the same patient's.
async fn check_references(scope: &mut Scope, patient: Uuid, content: &Content) -> Result<()> {
    if let Some(encounter) = content.encounter() {
        let own =
            scoped!("SELECT 1 FROM entry WHERE organization = ? AND patient = ? AND id = ? AND kind = 'encounter'");
        if !there_is(scope, own, patient, encounter).await? {
            return Err(Problem::field(
                "/content/encounter",
                "No es un episodio de este paciente.",
                "Not a contact of this patient.",
            ));
        }
    }
    if let Content::Encounter(Encounter {
        appointment: Some(appointment),
        ..
    }) = content
    {
        let own = scoped!("SELECT 1 FROM appointment WHERE organization = ? AND patient = ? AND id = ?");
        if !there_is(scope, own, patient, *appointment).await? {
            return Err(Problem::field(
                "/content/appointment",
                "No es una cita de este paciente.",
                "Not an appointment of this patient.",
            ));
        }
    }
    if let Content::Document(document) = content {
        let own = scoped!("SELECT 1 FROM attachment WHERE organization = ? AND patient = ? AND id = ?");
        if !there_is(scope, own, patient, document.attachment).await? {
            return Err(Problem::field(
                "/content/attachment",
                "No es un documento de este paciente.",
                "Not a document of this patient.",
            ));
        }
    }
    Ok(())
}

/// Whether a patient has what a statement looks for, by the patient and an identifier.
async fn there_is(scope: &mut Scope, statement: Scoped, patient: Uuid, id: Uuid) -> Result<bool> {
    let query = scope.query(statement).bind(patient).bind(id);
    Ok(query.fetch_optional(scope.db()).await?.is_some())
}

/// Writes a new entry.
pub(super) async fn insert(scope: &mut Scope, patient: Uuid, content: &Content, amends: Option<Uuid>) -> Result<Entry> {
    patients::hold(scope, patient).await?;
    check_references(scope, patient, content).await?;
    let (id, now, author) = (Uuid::now_v7(), Stamp::now(), scope.actor().id());
    let query = scope.query(scoped!(
        "INSERT INTO entry (organization, id, patient, kind, status, code, effective_at, encounter, amends, author, version, \
         created_at, updated_at) VALUES (?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, 1, ?, ?)"
    ));
    query
        .bind(id)
        .bind(patient)
        .bind(content.kind().word())
        .bind(content.code().map(str::to_owned))
        .bind(content.effective().unwrap_or(now))
        .bind(content.encounter())
        .bind(amends)
        .bind(author)
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await?;
    write_version(scope, id, 1, Status::Open, content, None, now).await?;
    find(scope, patient, id).await
}

async fn write_version(
    scope: &mut Scope,
    id: Uuid,
    version: u32,
    status: Status,
    content: &Content,
    reason: Option<String>,
    now: Stamp,
) -> Result<()> {
    let text = serde_json::to_string(content).map_err(|_| Problem::bug("an entry does not serialize"))?;
    let author = scope.actor().id();
    let query = scope.query(scoped!(
        "INSERT INTO entry_version (organization, entry, version, status, content, author, reason, at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(version)
        .bind(status.word())
        .bind(text)
        .bind(author)
        .bind(reason)
        .bind(now)
        .execute(scope.db())
        .await?;
    Ok(())
}

/// Writes the next version of an entry that is still `before`.
pub(super) async fn advance(
    scope: &mut Scope,
    before: &Entry,
    status: Status,
    content: &Content,
    reason: Option<String>,
) -> Result<Entry> {
    if *content != before.content {
        check_references(scope, before.patient, content).await?;
    }
    let now = Stamp::now();
    let query = scope.query(scoped!(
        "UPDATE entry SET status = ?, code = ?, effective_at = ?, encounter = ?, updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ?"
    ));
    query
        .bind(status.word())
        .bind(content.code().map(str::to_owned))
        .bind(content.effective().unwrap_or(before.created_at))
        .bind(content.encounter())
        .bind(now)
        .bind(before.id)
        .bind(before.version)
        .change(scope.db(), Problems::Changed)
        .await?;
    write_version(scope, before.id, before.version + 1, status, content, reason, now).await?;
    find(scope, before.patient, before.id).await
}

/// The patient's allergies that hold.
pub(crate) async fn active_allergies(scope: &mut Scope, patient: Uuid) -> Result<Vec<(Uuid, Allergy)>> {
    let query = scope.query(scoped!(
        "SELECT e.id, v.content FROM entry e \
         JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id AND v.version = e.version \
         WHERE e.organization = ? AND e.patient = ? AND e.kind = 'allergy' AND e.status <> 'entered-in-error' LIMIT 500"
    ));
    let rows = query.bind(patient).fetch_all(scope.db()).await?;
    let mut allergies = Vec::new();
    for row in rows {
        let content: String = row.try_get("content")?;
        if let Ok(Content::Allergy(allergy)) = serde_json::from_str(&content)
            && !allergy.resolved
        {
            allergies.push((row.try_get("id")?, allergy));
        }
    }
    Ok(allergies)
}
