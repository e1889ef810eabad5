//! Patients: registration, search, changes with history, duplicates, merging, access.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::staff::{Access, NewAccess, give_access};
use crate::{
    app::App,
    auth::Person,
    authz::Action,
    db::{Day, Fault, Stamp, classify},
    http::{Body, Check, Cx, Faults, Kind, Page, Path, Problem, Result, Scope},
    people::{self, DocumentType},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(search))
        .routes(routes!(read, change))
        .routes(routes!(versions))
        .routes(routes!(merge))
        .routes(routes!(access))
}

/// A patient.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub(crate) struct Patient {
    pub(crate) id: Uuid,
    /// `dni`, `nie` or `passport`.
    pub(crate) document_type: Option<String>,
    pub(crate) document_number: Option<String>,
    pub(crate) given_name: String,
    pub(crate) family_name: String,
    pub(crate) birth_date: Day,
    /// `female`, `male`, `other` or `unknown`, as FHIR has it.
    pub(crate) sex: String,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) postal_code: Option<String>,
    /// `es` or `en`.
    pub(crate) language: String,
    pub(crate) deceased_at: Option<Stamp>,
    /// Made up, for training and tests.
    pub(crate) synthetic: bool,
    /// The registration that this one was joined to.
    pub(crate) merged_into: Option<Uuid>,
    /// Processing is restricted (GDPR, article 18): few may see more than this.
    pub(crate) restricted: bool,
    /// Everything about the person was erased then.
    pub(crate) erased_at: Option<Stamp>,
    pub(crate) version: u32,
    pub(crate) updated_at: Stamp,
}

impl Patient {
    /// As a search shows it: of somebody whose data is restricted, enough to recognise them in an emergency.
    pub(crate) fn into_found(self) -> Self {
        if !self.restricted {
            return self;
        }
        Self {
            document_type: None,
            document_number: None,
            phone: None,
            email: None,
            address: None,
            postal_code: None,
            deceased_at: None,
            ..self
        }
    }
}

/// Sex, as FHIR's administrative gender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Other.
    Other,
    /// Not known.
    Unknown,
}

impl Sex {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

/// An identity document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    r#type: DocumentType,
    /// Checked by its control letter; spaces, dots and hyphens are ignored.
    #[schema(example = "12345678Z")]
    number: String,
}

/// A patient as written.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatientContent {
    pub(crate) document: Option<Document>,
    pub(crate) given_name: String,
    pub(crate) family_name: String,
    pub(crate) birth_date: Day,
    pub(crate) sex: Sex,
    /// With its prefix.
    #[schema(example = "+34600000000")]
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) postal_code: Option<String>,
    /// `es` or `en`.
    #[serde(default = "spanish")]
    pub(crate) language: String,
    pub(crate) deceased_at: Option<Stamp>,
}

fn spanish() -> String {
    "es".to_owned()
}

impl Document {
    pub(crate) const fn new(r#type: DocumentType, number: String) -> Self {
        Self { r#type, number }
    }

    pub(crate) fn stored(&self) -> Option<(&'static str, String)> {
        Some((self.r#type.word(), self.r#type.normalize(&self.number)?))
    }
}

impl Check for PatientContent {
    fn check(&self, faults: &mut Faults) {
        if let Some(document) = &self.document {
            let good = document.stored().is_some();
            faults.expect(
                good,
                "/document/number",
                "El número o su letra no son correctos.",
                "The number or its letter is wrong.",
            );
        }
        faults.line(&self.given_name, 100, "/given_name");
        faults.line(&self.family_name, 150, "/family_name");
        let oldest = jiff::civil::date(1890, 1, 1);
        let born = self.birth_date <= Day::today() && self.birth_date.date() >= oldest;
        faults.expect(born, "/birth_date", "Entre 1890 y hoy.", "Between 1890 and today.");
        let phone = self.phone.as_deref().is_none_or(people::phone);
        faults.expect(
            phone,
            "/phone",
            "Un teléfono con prefijo, como +34600000000.",
            "A telephone with its prefix, like +34600000000.",
        );
        let email = self.email.as_deref().is_none_or(people::email);
        faults.expect(
            email,
            "/email",
            "No es un correo electrónico.",
            "Not an e-mail address.",
        );
        faults.optional_line(self.address.as_deref(), 300, "/address");
        faults.optional_line(self.postal_code.as_deref(), 12, "/postal_code");
        faults.expect(
            matches!(self.language.as_str(), "es" | "en"),
            "/language",
            "es o en.",
            "es or en.",
        );
        let died = self.deceased_at.is_none_or(|at| at <= Stamp::now());
        faults.expect(
            died,
            "/deceased_at",
            "No puede estar en el futuro.",
            "It cannot be in the future.",
        );
    }
}

/// A registration.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPatient {
    patient: PatientContent,
    /// Somebody looked at the likely duplicates: this is another person.
    #[serde(default)]
    not_a_duplicate: bool,
}

impl Check for NewPatient {
    fn check(&self, faults: &mut Faults) {
        self.patient.check(faults);
    }
}

/// Somebody who may be the same person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Candidate {
    id: Uuid,
    /// Why: `document`, `phone` or `name`.
    because: &'static str,
}

pub(crate) async fn find(scope: &mut Scope, id: Uuid) -> Result<Patient> {
    let query = scope.query_as::<Patient>(scoped!(
        "SELECT id, document_type, document_number, given_name, family_name, birth_date, sex, phone, email, address, \
         postal_code, language, deceased_at, synthetic, merged_into, restricted, erased_at, version, updated_at \
         FROM patient \
         WHERE organization = ? AND id = ?"
    ));
    Ok(query.bind(id).fetch_optional(scope.db()).await?.ok_or(Fault::NoRow)?)
}

/// People born on the same day who share a telephone or two words of the name.
async fn candidates(scope: &mut Scope, content: &PatientContent) -> Result<Vec<Candidate>> {
    let query = scope.query(scoped!(
        "SELECT id, given_name, family_name, phone FROM patient \
         WHERE organization = ? AND birth_date = ? AND merged_into IS NULL LIMIT 200"
    ));
    let rows = query.bind(content.birth_date).fetch_all(scope.db()).await?;
    let name = people::words(&format!("{} {}", content.given_name, content.family_name));
    let mut found = Vec::new();
    for row in rows {
        let other: String = [
            row.try_get::<String, _>("given_name")?,
            row.try_get::<String, _>("family_name")?,
        ]
        .join(" ");
        let shared = people::words(&other)
            .iter()
            .filter(|word| word.len() > 2 && name.contains(word))
            .count();
        let phone: Option<String> = row.try_get("phone")?;
        if phone.is_some() && phone == content.phone {
            found.push(Candidate {
                id: row.try_get("id")?,
                because: "phone",
            });
        } else if shared >= 2 {
            found.push(Candidate {
                id: row.try_get("id")?,
                because: "name",
            });
        }
    }
    Ok(found)
}

async fn same_document(scope: &mut Scope, kind: &str, number: &str) -> Result<Problem> {
    let query = scope.query(scoped!(
        "SELECT id FROM patient WHERE organization = ? AND document_type = ? AND document_number = ? LOCK IN SHARE MODE"
    ));
    let row = query
        .bind(kind.to_owned())
        .bind(number.to_owned())
        .fetch_optional(scope.db())
        .await?;
    let candidates: Vec<Candidate> = row
        .map(|row| {
            row.try_get("id").map(|id| Candidate {
                id,
                because: "document",
            })
        })
        .transpose()?
        .into_iter()
        .collect();
    Ok(Problem::new(Kind::PossibleDuplicate).with("candidates", candidates))
}

/// Writes a new registration. The unique key on the document decides, whatever was looked up before.
pub(crate) async fn insert(scope: &mut Scope, content: &PatientContent, synthetic: bool) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let now = Stamp::now();
    let document = content.document.as_ref().and_then(Document::stored);
    let query = scope.query(scoped!(
        "INSERT INTO patient (organization, id, document_type, document_number, given_name, family_name, birth_date, sex, \
         phone, email, address, postal_code, language, deceased_at, synthetic, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    let done = query
        .bind(id)
        .bind(document.as_ref().map(|(kind, _)| *kind))
        .bind(document.as_ref().map(|(_, number)| number.clone()))
        .bind(content.given_name.clone())
        .bind(content.family_name.clone())
        .bind(content.birth_date)
        .bind(content.sex.word())
        .bind(content.phone.clone())
        .bind(content.email.clone())
        .bind(content.address.clone())
        .bind(content.postal_code.clone())
        .bind(content.language.clone())
        .bind(content.deceased_at)
        .bind(synthetic)
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await;
    if let Err(error) = done {
        return match (classify(&error), document) {
            (Fault::Duplicate(key), Some((kind, number))) if key == "patient_document" => {
                Err(same_document(scope, kind, &number).await?)
            }
            (fault, _) => Err(fault.into()),
        };
    }
    write_words(scope, id, content).await?;
    write_version(scope, id, 1, content, None).await?;
    Ok(id)
}

async fn write_words(scope: &mut Scope, id: Uuid, content: &PatientContent) -> Result<()> {
    let query = scope.query(scoped!(
        "DELETE FROM patient_word WHERE organization = ? AND patient = ?"
    ));
    query.bind(id).execute(scope.db()).await?;
    for word in people::words(&format!("{} {}", content.given_name, content.family_name)) {
        let query = scope.query(scoped!(
            "INSERT INTO patient_word (organization, word, patient) VALUES (?, ?, ?)"
        ));
        query.bind(word).bind(id).execute(scope.db()).await?;
    }
    Ok(())
}

async fn write_version(
    scope: &mut Scope,
    id: Uuid,
    version: u32,
    content: &PatientContent,
    reason: Option<String>,
) -> Result<()> {
    let text = serde_json::to_string(content).map_err(|_| Problem::bug("a patient does not serialize"))?;
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "INSERT INTO patient_version (organization, patient, version, content, actor, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(version)
        .bind(text)
        .bind(by)
        .bind(reason)
        .bind(Stamp::now())
        .execute(scope.db())
        .await?;
    Ok(())
}

/// Register a patient. Likely duplicates are shown first.
#[utoipa::path(post, path = "/patients", tag = "patients", request_body = NewPatient,
    responses((status = 201, body = Patient)))]
async fn create(cx: Cx, Body(body): Body<NewPatient>) -> Result<Response> {
    let mut scope = cx.allow(Action::PatientCreate).await?;
    let patient = register(&mut scope, &body.patient, body.not_a_duplicate).await?;
    scope
        .created(format!("/api/v1/patients/{}", patient.id), patient.version, &patient)
        .await
}

/// Registers a patient, unless somebody may be the same person and nobody has looked at that yet.
pub(crate) async fn register(scope: &mut Scope, content: &PatientContent, not_a_duplicate: bool) -> Result<Patient> {
    if !not_a_duplicate {
        let candidates = candidates(scope, content).await?;
        if !candidates.is_empty() {
            return Err(Problem::new(Kind::PossibleDuplicate).with("candidates", candidates));
        }
    }
    let id = insert(scope, content, false).await?;
    scope.note("patient", Some(id), Some(id));
    find(scope, id).await
}

/// What to look for. It travels in the body: addresses end up in the logs of proxies.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatientSearch {
    /// Words of the name, accents and case ignored; the last one may be a beginning of three letters or more.
    name: Option<String>,
    birth_date: Option<Day>,
    /// A whole DNI, NIE or passport number.
    document_number: Option<String>,
    phone: Option<String>,
    /// Items on a page.
    #[schema(minimum = 1, maximum = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl Check for PatientSearch {
    fn check(&self, faults: &mut Faults) {
        faults.optional_line(self.name.as_deref(), 200, "/name");
        faults.optional_line(self.document_number.as_deref(), 40, "/document_number");
        faults.optional_line(self.phone.as_deref(), 20, "/phone");
        faults.expect(
            self.limit.is_none_or(|limit| (1..=50).contains(&limit)),
            "/limit",
            "Entre 1 y 50.",
            "Between 1 and 50.",
        );
        if let Some(name) = &self.name {
            let good = people::words(name).iter().any(|word| word.len() > 2);
            faults.expect(
                good,
                "/name",
                "Alguna palabra de tres letras o más.",
                "Some word of three letters or more.",
            );
        }
        let any =
            self.name.is_some() || self.birth_date.is_some() || self.document_number.is_some() || self.phone.is_some();
        faults.expect(any, "", "Diga algo que buscar.", "Say what to look for.");
    }
}

/// Look for patients. Everybody who is shown is in the access log.
#[utoipa::path(post, path = "/patients/search", tag = "patients", request_body = PatientSearch,
    responses((status = 200, body = Page<Patient>)))]
async fn search(cx: Cx, Body(body): Body<PatientSearch>) -> Result<Response> {
    let mut scope = cx.allow(Action::PatientSearch).await?;
    let limit = body.limit.unwrap_or(20);
    let after = crate::http::PageQuery {
        limit: None,
        cursor: body.cursor.clone(),
    }
    .after()?;
    let ids = matching(&mut scope, &body, after, limit + 1).await?;
    let mut patients = Vec::with_capacity(ids.len());
    for id in ids {
        patients.push(find(&mut scope, id).await?.into_found());
    }
    let page = Page::new(patients, limit, |patient| patient.id);
    if page.items.is_empty() {
        scope.note("patient-search", None, None);
    }
    for patient in &page.items {
        scope.note("patient-search", Some(patient.id), Some(patient.id));
    }
    scope.ok(&page).await
}

async fn matching(scope: &mut Scope, search: &PatientSearch, after: Uuid, limit: u32) -> Result<Vec<Uuid>> {
    let mut words = search.name.as_deref().map(people::words).unwrap_or_default();
    // The longest word is the rarest, more often than not; it leads, the others only confirm.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.truncate(4);
    let number = search.document_number.as_deref().map(|number| {
        number
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .flat_map(char::to_uppercase)
            .collect::<String>()
    });
    let rows = if let Some(lead) = words.first() {
        let query = scope.query(scoped!(
            "SELECT DISTINCT p.id FROM patient_word w \
             JOIN patient p ON p.organization = w.organization AND p.id = w.patient \
             WHERE w.organization = ? AND w.word >= ? AND w.word < ? AND w.patient > ? \
             AND p.merged_into IS NULL AND p.erased_at IS NULL \
             AND (? IS NULL OR EXISTS (SELECT 1 FROM patient_word o WHERE o.organization = w.organization \
               AND o.patient = w.patient AND o.word LIKE ?)) \
             AND (? IS NULL OR EXISTS (SELECT 1 FROM patient_word o WHERE o.organization = w.organization \
               AND o.patient = w.patient AND o.word LIKE ?)) \
             AND (? IS NULL OR EXISTS (SELECT 1 FROM patient_word o WHERE o.organization = w.organization \
               AND o.patient = w.patient AND o.word LIKE ?)) \
             AND (? IS NULL OR p.birth_date = ?) AND (? IS NULL OR p.document_number = ?) AND (? IS NULL OR p.phone = ?) \
             ORDER BY p.id LIMIT ?"
        ));
        // Words hold letters and digits alone: none of them means anything else in a pattern.
        let word = |index: usize| words.get(index).map(|word| format!("{word}%"));
        query
            .bind(lead.clone())
            .bind(format!("{lead}~"))
            .bind(after)
            .bind(word(1))
            .bind(word(1))
            .bind(word(2))
            .bind(word(2))
            .bind(word(3))
            .bind(word(3))
            .bind(search.birth_date)
            .bind(search.birth_date)
            .bind(number.clone())
            .bind(number)
            .bind(search.phone.clone())
            .bind(search.phone.clone())
            .bind(limit)
            .fetch_all(scope.db())
            .await?
    } else if let Some(number) = number {
        let query = scope.query(scoped!(
            "SELECT id FROM patient WHERE organization = ? AND document_type IN ('dni', 'nie', 'passport') \
             AND document_number = ? AND id > ? AND (? IS NULL OR birth_date = ?) AND (? IS NULL OR phone = ?) \
             AND merged_into IS NULL AND erased_at IS NULL ORDER BY id LIMIT ?"
        ));
        query
            .bind(number)
            .bind(after)
            .bind(search.birth_date)
            .bind(search.birth_date)
            .bind(search.phone.clone())
            .bind(search.phone.clone())
            .bind(limit)
            .fetch_all(scope.db())
            .await?
    } else if let Some(phone) = &search.phone {
        let query = scope.query(scoped!(
            "SELECT id FROM patient WHERE organization = ? AND phone = ? AND id > ? AND (? IS NULL OR birth_date = ?) \
             AND merged_into IS NULL AND erased_at IS NULL ORDER BY id LIMIT ?"
        ));
        let born = search.birth_date;
        query
            .bind(phone.clone())
            .bind(after)
            .bind(born)
            .bind(born)
            .bind(limit)
            .fetch_all(scope.db())
            .await?
    } else {
        let query = scope.query(scoped!(
            "SELECT id FROM patient WHERE organization = ? AND birth_date = ? AND id > ? AND merged_into IS NULL AND erased_at IS NULL \
             ORDER BY id LIMIT ?"
        ));
        query
            .bind(search.birth_date)
            .bind(after)
            .bind(limit)
            .fetch_all(scope.db())
            .await?
    };
    Ok(rows
        .iter()
        .map(|row| row.try_get("id"))
        .collect::<Result<_, sqlx::Error>>()?)
}

/// A patient's personal details.
#[utoipa::path(get, path = "/patients/{id}", tag = "patients", params(("id" = Uuid, Path)),
    responses((status = 200, body = Patient)))]
async fn read(cx: Cx, Path(id): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientRead, id).await?;
    let patient = find(&mut scope, id).await?;
    scope.versioned(patient.version, &patient).await
}

/// A change of personal details.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatientChange {
    patient: PatientContent,
    /// Why it changes.
    reason: Option<String>,
}

impl Check for PatientChange {
    fn check(&self, faults: &mut Faults) {
        self.patient.check(faults);
        faults.optional_line(self.reason.as_deref(), 500, "/reason");
    }
}

/// Writes a new version of a patient's details.
pub(crate) async fn update(
    scope: &mut Scope,
    id: Uuid,
    version: u32,
    content: &PatientContent,
    reason: Option<String>,
) -> Result<Patient> {
    let document = content.document.as_ref().and_then(Document::stored);
    let query = scope.query(scoped!(
        "UPDATE patient SET document_type = ?, document_number = ?, given_name = ?, family_name = ?, birth_date = ?, \
         sex = ?, phone = ?, email = ?, address = ?, postal_code = ?, language = ?, deceased_at = ?, updated_at = ?, \
         version = version + 1 WHERE organization = ? AND id = ? AND version = ? AND merged_into IS NULL"
    ));
    let done = query
        .bind(document.as_ref().map(|(kind, _)| *kind))
        .bind(document.as_ref().map(|(_, number)| number.clone()))
        .bind(content.given_name.clone())
        .bind(content.family_name.clone())
        .bind(content.birth_date)
        .bind(content.sex.word())
        .bind(content.phone.clone())
        .bind(content.email.clone())
        .bind(content.address.clone())
        .bind(content.postal_code.clone())
        .bind(content.language.clone())
        .bind(content.deceased_at)
        .bind(Stamp::now())
        .bind(id)
        .bind(version)
        .execute(scope.db())
        .await;
    let done = match done.map_err(|error| classify(&error)) {
        Err(Fault::Duplicate(_)) => {
            let (kind, number) = document.unwrap_or_default();
            return Err(same_document(scope, kind, &number).await?);
        }
        other => other?,
    };
    if done.rows_affected() == 0 {
        return Err(Problem::new(Kind::Changed));
    }
    write_words(scope, id, content).await?;
    write_version(scope, id, version + 1, content, reason).await?;
    find(scope, id).await
}

/// Change a patient's personal details. Earlier versions stay.
#[utoipa::path(put, path = "/patients/{id}", tag = "patients", request_body = PatientChange,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = Patient)))]
async fn change(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<PatientChange>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientUpdate, id).await?;
    let version = scope.if_match()?;
    let patient = update(&mut scope, id, version, &body.patient, body.reason).await?;
    scope.versioned(patient.version, &patient).await
}

/// A version of a patient's details.
#[derive(Serialize, ToSchema)]
pub(crate) struct PatientVersion {
    version: u32,
    #[schema(value_type = PatientContent)]
    content: serde_json::Value,
    /// Who wrote it.
    actor: Uuid,
    reason: Option<String>,
    at: Stamp,
}

/// Every version of a patient's details, the newest first.
#[utoipa::path(get, path = "/patients/{id}/versions", tag = "patients", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<PatientVersion>)))]
async fn versions(cx: Cx, Path(id): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientRead, id).await?;
    let query = scope.query(scoped!(
        "SELECT version, content, actor, reason, at FROM patient_version WHERE organization = ? AND patient = ? \
         ORDER BY version DESC LIMIT 200"
    ));
    let rows = query.bind(id).fetch_all(scope.db()).await?;
    let versions = rows
        .iter()
        .map(|row| {
            let content: String = row.try_get("content")?;
            Ok(PatientVersion {
                version: row.try_get("version")?,
                content: serde_json::from_str(&content).map_err(|error| sqlx::Error::Decode(error.into()))?,
                actor: row.try_get("actor")?,
                reason: row.try_get("reason")?,
                at: row.try_get("at")?,
            })
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    scope.ok(&versions).await
}

/// Two registrations of one person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Merge {
    /// The registration that ends. Its record stays readable, and new entries go to the other one.
    duplicate: Uuid,
    /// How it is known that they are one person.
    reason: String,
}

impl Check for Merge {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.reason, 500, "/reason");
    }
}

/// Join a duplicate to this patient: its record moves here, and the fact stays on record.
#[utoipa::path(post, path = "/patients/{id}/merge", tag = "patients", request_body = Merge,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 200, body = Patient)))]
async fn merge(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<Merge>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientMerge, id).await?;
    let survivor = find(&mut scope, id).await?;
    let version = survivor.version;
    scope.expect_version(version)?;
    if body.duplicate == id {
        return Err(Problem::field(
            "/duplicate",
            "Es el mismo registro.",
            "It is the same registration.",
        ));
    }
    let duplicate = find(&mut scope, body.duplicate).await?;
    if duplicate.merged_into.is_some() || survivor.merged_into.is_some() {
        return Err(Problem::new(Kind::IllegalTransition));
    }
    // The survivor first: whoever changed it meanwhile is not overrun.
    let query = scope.query(scoped!(
        "UPDATE patient SET updated_at = ?, version = version + 1 WHERE organization = ? AND id = ? AND version = ?"
    ));
    let done = query
        .bind(Stamp::now())
        .bind(id)
        .bind(version)
        .execute(scope.db())
        .await?;
    if done.rows_affected() == 0 {
        return Err(Problem::new(Kind::Changed));
    }
    let query = scope.query(scoped!(
        "UPDATE patient SET merged_into = ?, updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND merged_into IS NULL"
    ));
    query
        .bind(id)
        .bind(Stamp::now())
        .bind(body.duplicate)
        .execute(scope.db())
        .await?;
    super::prescriptions::rehome(&mut scope, body.duplicate, id).await?;
    move_record(&mut scope, body.duplicate, id).await?;
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "INSERT INTO patient_merge (organization, id, survivor, merged, actor, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(Uuid::now_v7())
        .bind(id)
        .bind(body.duplicate)
        .bind(by)
        .bind(body.reason)
        .bind(Stamp::now())
        .execute(scope.db())
        .await?;
    let patient = find(&mut scope, id).await?;
    scope.note("patient", Some(body.duplicate), Some(body.duplicate));
    scope.versioned(patient.version, &patient).await
}

/// What hangs on a patient moves to another one. The patient of each access-log line stays: it says what was seen then.
async fn move_record(scope: &mut Scope, from: Uuid, to: Uuid) -> Result<()> {
    for statement in [
        scoped!("UPDATE entry SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE attachment SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE appointment SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE dispensation SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE care_team SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE guardian SET patient = ? WHERE organization = ? AND patient = ?"),
        scoped!(
            "UPDATE waiting SET status = IF(status = 'waiting', 'cancelled', status), patient = ? \
                 WHERE organization = ? AND patient = ?"
        ),
    ] {
        scope.query(statement).bind(to).bind(from).execute(scope.db()).await?;
    }
    for statement in [
        scoped!("DELETE FROM patient_word WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE account SET active = FALSE WHERE organization = ? AND patient = ?"),
    ] {
        scope.query(statement).bind(from).execute(scope.db()).await?;
    }
    Ok(())
}

/// Give a patient access to their own record, or give it anew after a loss.
#[utoipa::path(post, path = "/patients/{id}/access", tag = "patients", request_body = NewAccess,
    params(("id" = Uuid, Path)), responses((status = 200, body = Access)))]
async fn access(cx: Cx, Path(id): Path<Uuid>, Body(body): Body<NewAccess>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::PatientAccount, id).await?;
    let access = give_access(&mut scope, Person::Patient(id), body).await?;
    scope.ok(&access).await
}
