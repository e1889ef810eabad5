//! The context of a request: its transaction, who asks, and what they may do.
//!
//! The types lead the way. [`Cx`] is an open transaction and a known actor, and can do nothing but ask for permission.
//! [`Scope`] is the permission: only it can query, only statements that stay in the organization, and ending it writes
//! the access log, keeps the answer for its idempotency key, and commits, all in one transaction.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use galeno_contract::api::Locale;
use serde::Serialize;
use sqlx::{FromRow, MySql, MySqlConnection, Row, Transaction, mysql::MySqlRow};
use uuid::Uuid;

use super::{
    attempt::{Attempt, Fingerprint, IDEMPOTENCY_KEY},
    idempotency::{Key, Stored},
    layers::{Client, RequestId},
    problem::{Kind, Problem, Result},
    scoped::{Scoped, Statement, StatementAs},
    text::preferred,
};
use crate::{
    app::App,
    audit::{Line, Outcome, Purpose, append},
    auth::{Actor, Credential, Person, authenticate},
    authz::{Action, Relation, Role, allowed, allowed_while_restricted, relations},
    db::Stamp,
};

/// `X-Purpose`: why, as a code of HL7 `PurposeOfUse`.
pub(crate) const PURPOSE: HeaderName = HeaderName::from_static("x-purpose");
/// The cookie that holds a browser's session.
pub const SESSION_COOKIE: &str = "__Host-galeno";

/// An open transaction, before anybody is known.
pub struct Open {
    /// The API.
    pub app: Arc<App>,
    /// The transaction.
    pub tx: Transaction<'static, MySql>,
    /// What the request says about itself.
    pub info: Info,
}

/// What the request says about itself.
#[derive(Clone, Debug)]
pub struct Info {
    /// The request's identifier.
    pub request: Uuid,
    /// The client's address.
    pub source: Option<IpAddr>,
    headers: HeaderMap,
    fingerprint: [u8; 32],
    unsafe_method: bool,
    attempt: AttemptHandle,
}

#[derive(Clone)]
struct AttemptHandle(Attempt);

impl std::fmt::Debug for AttemptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attempt")
    }
}

impl Info {
    fn of(parts: &Parts) -> Result<Self> {
        let attempt = parts
            .extensions
            .get::<Attempt>()
            .cloned()
            .ok_or_else(|| Problem::bug("no attempt"))?;
        let fingerprint = parts
            .extensions
            .get::<Fingerprint>()
            .ok_or_else(|| Problem::bug("no fingerprint"))?
            .0;
        Ok(Self {
            request: parts.extensions.get::<RequestId>().map_or_else(Uuid::now_v7, |id| id.0),
            source: parts.extensions.get::<Client>().map(|client| client.0),
            headers: parts.headers.clone(),
            fingerprint,
            unsafe_method: !parts.method.is_safe(),
            attempt: AttemptHandle(attempt),
        })
    }

    /// A header's value as text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The token of a request: a bearer token, or the cookie of a browser.
pub(super) fn credential(headers: &HeaderMap) -> Option<(Credential, bool)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| Credential::parse(token.trim()))?
            .map(|c| (c, false));
    }
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == SESSION_COOKIE)
        .and_then(|(_, token)| Credential::parse(token))
        .map(|credential| (credential, true))
}

impl FromRequestParts<Arc<App>> for Open {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        Self::begin(app, Info::of(parts)?).await
    }
}

impl FromRequestParts<Arc<App>> for Info {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self> {
        Self::of(parts)
    }
}

impl Open {
    /// Opens a transaction on a node that is fit.
    pub async fn begin(app: &Arc<App>, info: Info) -> Result<Self> {
        let lease = Arc::new(app.cluster.choose()?);
        info.attempt.0.runs_on(lease.clone());
        let tx = lease.begin().await?;
        Ok(Self {
            app: app.clone(),
            tx,
            info,
        })
    }

    /// Ends the transaction well. The access is written to the log as `line` says.
    pub async fn commit(mut self, organization: Uuid, lines: &[Line]) -> Result<()> {
        let held = append(&mut self.tx, &self.app.lanes, &self.app.keys, organization, lines).await?;
        finish(self.tx, &self.info, held).await
    }
}

async fn finish(tx: Transaction<'static, MySql>, info: &Info, held: Option<crate::audit::Held>) -> Result<()> {
    info.attempt.0.committing();
    tx.commit().await.map_err(|error| Problem::from(error).after_commit())?;
    if let Some(held) = held {
        held.committed();
    }
    Ok(())
}

/// An open transaction of a known actor.
pub struct Cx {
    open: Open,
    actor: Actor,
    key: Option<Key>,
}

impl FromRequestParts<Arc<App>> for Cx {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let Some((credential, cookie)) = credential(&parts.headers) else {
            return Err(Problem::new(Kind::Unauthenticated));
        };
        let mut open = Open::from_request_parts(parts, app).await?;
        if cookie && open.info.unsafe_method {
            same_site(app, &open.info)?;
        }
        let actor = authenticate(&mut open.tx, &app.config.security.session, credential).await?;
        if actor.grant.is_some() && !crate::fhir::is_at(parts.uri.path()) {
            return Err(Problem::new(Kind::Forbidden).detail(
                "Las aplicaciones solo acceden por FHIR.",
                "Apps have access by FHIR alone.",
            ));
        }
        let key = match open.info.headers.get(&IDEMPOTENCY_KEY) {
            Some(key) if open.info.unsafe_method => {
                if !(1..=200).contains(&key.len()) {
                    return Err(Problem::new(Kind::Malformed).detail(
                        "Idempotency-Key: entre 1 y 200 caracteres.",
                        "Idempotency-Key: between 1 and 200 characters.",
                    ));
                }
                let key = Key::new(actor.account, key.as_bytes(), open.info.fingerprint);
                key.answered(&mut open.tx, &app.keys, actor.organization).await?;
                Some(key)
            }
            _ => None,
        };
        Ok(Self { open, actor, key })
    }
}

/// A browser sends cookies along with requests that another site makes; those carry that site's origin.
fn same_site(app: &App, info: &Info) -> Result<()> {
    let own = &app.config.server.public_url;
    let trusted = |origin: &str| origin == own || app.config.server.web_origins.iter().any(|known| known == origin);
    match info.header(&header::ORIGIN) {
        Some(origin) if trusted(origin) => Ok(()),
        _ => Err(Problem::new(Kind::CrossSite)),
    }
}

impl Cx {
    /// The API.
    pub(crate) fn app(&self) -> &App {
        &self.open.app
    }

    /// Who asks.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// For what concerns nobody but the actor's own account. Open to sessions that still lack a second factor.
    pub fn own_account(self) -> Result<Scope> {
        if matches!(self.actor.person, Person::Service(_)) || self.actor.grant.is_some() {
            return Err(Problem::new(Kind::Forbidden));
        }
        Ok(self.scope("account.own", &[Relation::Own], false, Relation::Own, None))
    }

    /// For what concerns the organization and no patient.
    pub async fn allow(self, action: Action) -> Result<Scope> {
        self.permit(action, None, &[Relation::Organization], false).await
    }

    /// For what concerns one patient. The access is in the log whatever its end.
    pub async fn allow_for(mut self, action: Action, patient: Uuid) -> Result<Scope> {
        match relations(&mut self.open.tx, &self.actor, patient).await? {
            None => {
                self.refuse(action, None).await?;
                Err(Problem::new(Kind::NotFound))
            }
            Some(standing) => {
                let restricted = standing.restricted;
                self.permit(action, Some(patient), &standing.relations, restricted)
                    .await
            }
        }
    }

    /// The patient of something, which must be known before permission can be asked for; None when there is no such
    /// thing. The statement selects `patient` by an identifier.
    pub(crate) async fn patient_of(&mut self, statement: Scoped, id: Uuid) -> Result<Option<Uuid>> {
        let row = Statement::new(statement, self.actor.organization)
            .bind(id)
            .fetch_optional(&mut self.open.tx)
            .await?;
        let patient: Option<Option<Uuid>> = row.map(|row| row.try_get("patient")).transpose()?;
        Ok(patient.flatten())
    }

    /// Refuses an app what it was not given, and notes it.
    pub(crate) async fn forbid(self, action: Action, patient: Option<Uuid>) -> Problem {
        match self.refuse(action, patient).await {
            Ok(()) => Problem::new(Kind::Forbidden),
            Err(problem) => problem,
        }
    }

    async fn permit(self, action: Action, patient: Option<Uuid>, has: &[Relation], restricted: bool) -> Result<Scope> {
        if !self.actor.enrolled {
            return Err(Problem::new(Kind::SecondFactorNeeded));
        }
        let in_scope = self.actor.role != Role::Service || self.actor.scopes.contains(&action);
        let by_the_table = if in_scope {
            allowed(self.actor.role, action, has)
        } else {
            None
        };
        let relation = if restricted {
            by_the_table.and_then(|_| allowed_while_restricted(self.actor.role, action, has))
        } else {
            by_the_table
        };
        let Some(relation) = relation else {
            if by_the_table.is_some() {
                self.refuse(action, patient).await?;
                return Err(Problem::new(Kind::DataRestricted));
            }
            // With some relation the role could do it: then what lacks is the relation, and an emergency may open it.
            let with_care = in_scope && patient.is_some() && allowed(self.actor.role, action, Relation::ALL).is_some();
            self.refuse(action, patient).await?;
            return Err(Problem::new(if with_care {
                Kind::NoCareRelation
            } else {
                Kind::Forbidden
            }));
        };
        Ok(self.scope(action.word(), has, restricted, relation, patient))
    }

    fn scope(
        self,
        action: &'static str,
        has: &[Relation],
        restricted: bool,
        relation: Relation,
        patient: Option<Uuid>,
    ) -> Scope {
        let purpose = purpose(&self.open.info, &self.actor, relation);
        let mut scope = Scope {
            open: self.open,
            actor: self.actor,
            key: self.key,
            action,
            has: has.to_vec(),
            restricted,
            relation,
            purpose,
            patient,
            lines: Vec::new(),
        };
        if let Some(patient) = patient {
            scope.note("patient", Some(patient), Some(patient));
        }
        scope
    }

    async fn refuse(self, action: Action, patient: Option<Uuid>) -> Result<()> {
        let purpose = purpose(&self.open.info, &self.actor, Relation::Organization);
        let line = Line {
            id: Uuid::now_v7(),
            at: Stamp::now(),
            actor_kind: self.actor.kind().to_owned(),
            actor: self.actor.id(),
            role: self.actor.role.word().to_owned(),
            relation: "none".to_owned(),
            purpose: purpose.word().to_owned(),
            action: action.word().to_owned(),
            outcome: Outcome::Refused.word().to_owned(),
            patient,
            resource_kind: if patient.is_some() { "patient" } else { "organization" }.to_owned(),
            resource: patient,
            request: self.open.info.request,
            source: self.open.info.source,
        };
        self.open.app.metrics.refused();
        self.open.commit(self.actor.organization, &[line]).await
    }
}

/// The version in the value of `If-Match`.
pub(crate) fn version_of(value: &str) -> Option<u32> {
    let value = value.trim();
    value
        .strip_prefix("W/")
        .unwrap_or(value)
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .and_then(|value| value.parse().ok())
}

/// Why: what the request says, or what is usual for whoever asks.
fn purpose(info: &Info, actor: &Actor, relation: Relation) -> Purpose {
    if relation == Relation::Emergency {
        return Purpose::Emergency;
    }
    info.header(&PURPOSE)
        .and_then(Purpose::from_word)
        .unwrap_or_else(|| actor.usual_purpose())
}

/// Permission to do one thing, and the transaction to do it in.
pub struct Scope {
    open: Open,
    actor: Actor,
    key: Option<Key>,
    action: &'static str,
    has: Vec<Relation>,
    restricted: bool,
    relation: Relation,
    purpose: Purpose,
    patient: Option<Uuid>,
    lines: Vec<Line>,
}

impl Scope {
    /// The API.
    pub fn app(&self) -> &App {
        &self.open.app
    }

    /// The API, shared.
    pub fn shared_app(&self) -> Arc<App> {
        self.open.app.clone()
    }

    /// Who asks.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// On the strength of what the request was allowed.
    pub const fn relation(&self) -> Relation {
        self.relation
    }

    /// The patient that permission was asked for, if it was for one.
    pub(crate) const fn subject(&self) -> Option<Uuid> {
        self.patient
    }

    /// Turns to another action on the same subject, for what one answer shows besides. False, and nothing changes, when
    /// whoever asks may not do it.
    pub(crate) fn turn(&mut self, action: Action) -> bool {
        let in_scope = self.actor.role != Role::Service || self.actor.scopes.contains(&action);
        let relation = if self.restricted {
            allowed_while_restricted(self.actor.role, action, &self.has)
        } else {
            allowed(self.actor.role, action, &self.has)
        };
        let Some(relation) = relation.filter(|_| in_scope) else {
            return false;
        };
        self.action = action.word();
        self.relation = relation;
        self.purpose = purpose(&self.open.info, &self.actor, relation);
        true
    }

    /// What the request says about itself.
    pub const fn info(&self) -> &Info {
        &self.open.info
    }

    /// The language of what people read in the answer.
    pub fn locale(&self) -> Locale {
        preferred(
            self.open.info.header(&header::ACCEPT_LANGUAGE),
            self.open.app.config.locale,
        )
    }

    /// The organization.
    pub const fn organization(&self) -> Uuid {
        self.actor.organization
    }

    /// A statement of the organization.
    pub fn query(&self, statement: Scoped) -> Statement {
        Statement::new(statement, self.actor.organization)
    }

    /// The same, for rows of a type.
    pub fn query_as<T>(&self, statement: Scoped) -> StatementAs<T>
    where
        T: for<'r> FromRow<'r, MySqlRow>,
    {
        StatementAs::new(statement, self.actor.organization)
    }

    /// Where statements run.
    pub fn db(&mut self) -> &mut MySqlConnection {
        &mut self.open.tx
    }

    /// The transaction, for the modules that keep accounts and the access log.
    pub(crate) fn tx(&mut self) -> &mut Transaction<'static, MySql> {
        &mut self.open.tx
    }

    /// Notes in the access log that this request saw or changed something. The line about the patient as a whole gives
    /// way to more exact ones.
    pub fn note(&mut self, resource_kind: &str, resource: Option<Uuid>, patient: Option<Uuid>) {
        if resource_kind != "patient"
            && self.lines.len() == 1
            && self.lines[0].resource_kind == "patient"
            && patient == self.patient
        {
            self.lines.clear();
        }
        self.lines.push(Line {
            id: Uuid::now_v7(),
            at: Stamp::now(),
            actor_kind: self.actor.kind().to_owned(),
            actor: self.actor.id(),
            role: self.actor.role.word().to_owned(),
            relation: self.relation.word().to_owned(),
            purpose: self.purpose.word().to_owned(),
            action: self.action.to_owned(),
            outcome: Outcome::Done.word().to_owned(),
            patient,
            resource_kind: resource_kind.to_owned(),
            resource,
            request: self.open.info.request,
            source: self.open.info.source,
        });
    }

    /// The version that the client has read. None is a refusal: a change without it could lose another's change.
    pub fn if_match(&self) -> Result<u32> {
        let Some(value) = self.open.info.header(&header::IF_MATCH) else {
            return Err(Problem::new(Kind::VersionNeeded));
        };
        version_of(value).ok_or_else(|| Problem::new(Kind::Changed))
    }

    /// Refuses unless the client has read this version.
    pub fn expect_version(&self, version: u32) -> Result<()> {
        if self.if_match()? == version {
            Ok(())
        } else {
            Err(Problem::new(Kind::Changed))
        }
    }

    /// 200 with a body.
    pub async fn ok<T: Serialize>(self, body: &T) -> Result<Response> {
        self.answer(StatusCode::OK, None, None, Some(body)).await
    }

    /// 200 with a body of a version.
    pub async fn versioned<T: Serialize>(self, version: u32, body: &T) -> Result<Response> {
        self.answer(StatusCode::OK, None, Some(version), Some(body)).await
    }

    /// 201 with the address of what was made.
    pub async fn created<T: Serialize>(self, location: String, version: u32, body: &T) -> Result<Response> {
        self.answer(StatusCode::CREATED, Some(location), Some(version), Some(body))
            .await
    }

    /// 204.
    pub async fn done(self) -> Result<Response> {
        self.answer::<()>(StatusCode::NO_CONTENT, None, None, None).await
    }

    /// Ends the transaction with an answer that is not JSON of ours; nothing is kept for an idempotency key.
    pub async fn other(self, response: Response) -> Result<Response> {
        self.open.commit(self.actor.organization, &self.lines).await?;
        Ok(response)
    }

    async fn answer<T: Serialize>(
        mut self,
        status: StatusCode,
        location: Option<String>,
        version: Option<u32>,
        body: Option<&T>,
    ) -> Result<Response> {
        let body = match body {
            Some(body) => serde_json::to_vec(body).map_err(|_| Problem::bug("an answer does not serialize"))?,
            None => Vec::new(),
        };
        let stored = Stored {
            status,
            location,
            etag: version.map(|version| format!("\"{version}\"")),
            body,
        };
        if let Some(key) = &self.key {
            key.keep(&mut self.open.tx, &self.open.app.keys, self.actor.organization, &stored)
                .await?;
        }
        self.open.commit(self.actor.organization, &self.lines).await?;
        let mut response = stored.into_response();
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}
