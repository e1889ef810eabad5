//! Consents of a person, with their history.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    authz::Action,
    db::{Fault, Stamp, classify},
    http::{Body, Check, Cx, Faults, Kind, Path, Problem, Result, Scope},
    resources::patients,
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, give))
        .routes(routes!(history))
        .routes(routes!(withdraw))
}

/// What somebody agrees to. Treatment itself needs no consent under the GDPR (article 9.2.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ConsentPurpose {
    /// Pseudonymised data in research exports.
    Research,
    /// Records handed to other organizations.
    Sharing,
    /// Messages by e-mail or telephone.
    Contact,
    /// Use in teaching.
    Teaching,
}

impl ConsentPurpose {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Research => "research",
            Self::Sharing => "sharing",
            Self::Contact => "contact",
            Self::Teaching => "teaching",
        }
    }
}

/// A consent.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct Consent {
    pub(crate) id: Uuid,
    pub(crate) patient: Uuid,
    /// `research`, `sharing`, `contact` or `teaching`.
    pub(crate) purpose: String,
    /// `active` or `withdrawn`.
    pub(crate) status: String,
    /// The words that were agreed to.
    pub(crate) wording: String,
    /// The signed paper, among the patient's documents.
    pub(crate) evidence: Option<Uuid>,
    pub(crate) version: u32,
    pub(crate) created_at: Stamp,
    pub(crate) updated_at: Stamp,
}

/// A consent that is given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConsent {
    purpose: ConsentPurpose,
    /// The words that are agreed to.
    wording: String,
    /// The signed paper, among the patient's documents.
    evidence: Option<Uuid>,
}

impl Check for NewConsent {
    fn check(&self, faults: &mut Faults) {
        faults.prose(&self.wording, 4000, "/wording");
    }
}

async fn find(scope: &mut Scope, patient: Uuid, id: Uuid) -> Result<Consent> {
    let query = scope.query_as::<Consent>(scoped!(
        "SELECT id, patient, purpose, status, wording, evidence, version, created_at, updated_at FROM consent \
         WHERE organization = ? AND patient = ? AND id = ?"
    ));
    let found = query.bind(patient).bind(id).fetch_optional(scope.db()).await?;
    Ok(found.ok_or(Fault::NoRow)?)
}

async fn write_event(
    scope: &mut Scope,
    id: Uuid,
    version: u32,
    status: &'static str,
    reason: Option<String>,
) -> Result<()> {
    let (actor, kind) = (scope.actor().id(), scope.actor().kind());
    let query = scope.query(scoped!(
        "INSERT INTO consent_event (organization, consent, version, status, actor, actor_kind, reason, at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(version)
        .bind(status)
        .bind(actor)
        .bind(kind)
        .bind(reason)
        .bind(Stamp::now())
        .execute(scope.db())
        .await?;
    Ok(())
}

/// Consents of a patient, those that were withdrawn included.
#[utoipa::path(get, path = "/patients/{id}/consents", tag = "data-protection", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<Consent>)))]
async fn list(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::ConsentRead, patient).await?;
    let query = scope.query_as::<Consent>(scoped!(
        "SELECT id, patient, purpose, status, wording, evidence, version, created_at, updated_at FROM consent \
         WHERE organization = ? AND patient = ? ORDER BY id LIMIT 500"
    ));
    let consents = query.bind(patient).fetch_all(scope.db()).await?;
    scope.note("consent", None, Some(patient));
    scope.ok(&consents).await
}

/// Give a consent. One is in force for each purpose: to change its words, withdraw it and give another.
#[utoipa::path(post, path = "/patients/{id}/consents", tag = "data-protection", request_body = NewConsent,
    params(("id" = Uuid, Path)), responses((status = 201, body = Consent)))]
async fn give(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<NewConsent>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::ConsentManage, patient).await?;
    patients::hold(&mut scope, patient).await?;
    if let Some(evidence) = body.evidence {
        let query = scope.query(scoped!(
            "SELECT 1 FROM attachment WHERE organization = ? AND patient = ? AND id = ?"
        ));
        let known = query.bind(patient).bind(evidence).fetch_optional(scope.db()).await?;
        if known.is_none() {
            return Err(Problem::field(
                "/evidence",
                "No es un documento de este paciente.",
                "Not a document of this patient.",
            ));
        }
    }
    let (id, now) = (Uuid::now_v7(), Stamp::now());
    let query = scope.query(scoped!(
        "INSERT INTO consent (organization, id, patient, purpose, status, wording, evidence, created_at, updated_at) \
         VALUES (?, ?, ?, ?, 'active', ?, ?, ?, ?)"
    ));
    let done = query
        .bind(id)
        .bind(patient)
        .bind(body.purpose.word())
        .bind(body.wording)
        .bind(body.evidence)
        .bind(now)
        .bind(now)
        .execute(scope.db())
        .await;
    match done.map_err(|error| classify(&error)) {
        Err(Fault::Duplicate(_)) => {
            return Err(Problem::new(Kind::Conflict).detail(
                "Ya hay un consentimiento vigente para ese fin.",
                "A consent for that purpose is in force.",
            ));
        }
        other => other?,
    };
    write_event(&mut scope, id, 1, "active", None).await?;
    let consent = find(&mut scope, patient, id).await?;
    scope.note("consent", Some(id), Some(patient));
    scope
        .created(
            format!("/api/v1/patients/{patient}/consents/{id}"),
            consent.version,
            &consent,
        )
        .await
}

/// A step in the life of a consent.
#[derive(Serialize, FromRow, ToSchema)]
pub(crate) struct ConsentEvent {
    version: u32,
    /// `active` or `withdrawn`.
    status: String,
    actor: Uuid,
    /// `staff` or `patient`.
    actor_kind: String,
    reason: Option<String>,
    at: Stamp,
}

/// The history of a consent.
#[utoipa::path(get, path = "/patients/{id}/consents/{consent}", tag = "data-protection",
    params(("id" = Uuid, Path), ("consent" = Uuid, Path)), responses((status = 200, body = Vec<ConsentEvent>)))]
async fn history(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::ConsentRead, patient).await?;
    let consent = find(&mut scope, patient, id).await?;
    let query = scope.query_as::<ConsentEvent>(scoped!(
        "SELECT version, status, actor, actor_kind, reason, at FROM consent_event \
         WHERE organization = ? AND consent = ? ORDER BY version"
    ));
    let events = query.bind(id).fetch_all(scope.db()).await?;
    scope.note("consent", Some(id), Some(patient));
    scope.versioned(consent.version, &events).await
}

/// A consent that is withdrawn.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdrawal {
    /// Nobody has to say why (GDPR, article 7.3).
    reason: Option<String>,
}

impl Check for Withdrawal {
    fn check(&self, faults: &mut Faults) {
        faults.optional_line(self.reason.as_deref(), 500, "/reason");
    }
}

/// Withdraw a consent. What was done until then stays lawful.
#[utoipa::path(post, path = "/patients/{id}/consents/{consent}/withdrawal", tag = "data-protection",
    request_body = Withdrawal, params(("id" = Uuid, Path), ("consent" = Uuid, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Consent)))]
async fn withdraw(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>, Body(body): Body<Withdrawal>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::ConsentManage, patient).await?;
    let before = find(&mut scope, patient, id).await?;
    scope.expect_version(before.version)?;
    if before.status != "active" {
        return Err(Problem::new(Kind::IllegalTransition));
    }
    end(&mut scope, &before, body.reason).await?;
    let consent = find(&mut scope, patient, id).await?;
    scope.note("consent", Some(id), Some(patient));
    scope.versioned(consent.version, &consent).await
}

async fn end(scope: &mut Scope, consent: &Consent, reason: Option<String>) -> Result<()> {
    let query = scope.query(scoped!(
        "UPDATE consent SET status = 'withdrawn', updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ? AND status = 'active'"
    ));
    query
        .bind(Stamp::now())
        .bind(consent.id)
        .bind(consent.version)
        .change(scope.db(), Kind::Changed)
        .await?;
    write_event(scope, consent.id, consent.version + 1, "withdrawn", reason).await
}

/// Withdraws every consent that is in force: who wants to be forgotten agrees to nothing any longer.
pub(super) async fn withdraw_all(scope: &mut Scope, patient: Uuid) -> Result<usize> {
    let query = scope.query_as::<Consent>(scoped!(
        "SELECT id, patient, purpose, status, wording, evidence, version, created_at, updated_at FROM consent \
         WHERE organization = ? AND patient = ? AND status = 'active'"
    ));
    let active = query.bind(patient).fetch_all(scope.db()).await?;
    for consent in &active {
        end(scope, consent, Some("erasure (GDPR, article 17)".to_owned())).await?;
    }
    Ok(active.len())
}

/// Moves consents to the patient that theirs was joined to, with their history. Of what that patient said something about,
/// given or withdrawn, their word holds: the other one ends.
pub(in crate::resources) async fn rehome(scope: &mut Scope, from: Uuid, to: Uuid) -> Result<()> {
    let query = scope.query_as::<Consent>(scoped!(
        "SELECT id, patient, purpose, status, wording, evidence, version, created_at, updated_at FROM consent \
         WHERE organization = ? AND patient = ? AND status = 'active' AND purpose IN \
           (SELECT o.purpose FROM consent o WHERE o.organization = consent.organization AND o.patient = ?)"
    ));
    for consent in query.bind(from).bind(to).fetch_all(scope.db()).await? {
        let reason = "the registration was joined to another one, which has its own word on this".to_owned();
        end(scope, &consent, Some(reason)).await?;
    }
    let query = scope.query(scoped!(
        "UPDATE consent SET patient = ? WHERE organization = ? AND patient = ?"
    ));
    query.bind(to).bind(from).execute(scope.db()).await?;
    Ok(())
}
