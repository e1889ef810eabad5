//! Permission to do one thing, the transaction to do it in, and the answer that ends it.

use std::sync::Arc;

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use galeno_contract::api::Locale;
use serde::Serialize;
use sqlx::{FromRow, MySqlConnection, mysql::MySqlRow};
use uuid::Uuid;

use super::{
    idempotency::{Key, Stored},
    open::{Info, Open},
    problem::{Kind, Problem, Result},
    scoped::{Scoped, Statement, StatementAs},
    text::preferred,
};
use crate::{
    app::App,
    audit::{Line, Outcome, Purpose, append},
    auth::Actor,
    authz::{Action, Relation, Role, allowed, allowed_while_restricted},
    db::{Stamp, Tx},
};

/// `X-Purpose`: why, as a code of HL7 `PurposeOfUse`.
pub(crate) const PURPOSE: HeaderName = HeaderName::from_static("x-purpose");
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

/// Refuses a purpose that is no code: the log would say another one than whoever asks.
pub(super) fn check_purpose(info: &Info) -> Result<()> {
    match info.headers.get(&PURPOSE) {
        Some(said) if said.to_str().ok().and_then(Purpose::from_word).is_none() => Err(Problem::new(Kind::Malformed)
            .detail(
                "X-Purpose: TREAT, ETREAT, HOPERAT, PATRQT, HCOMPL, HRESCH o HSYSADMIN.",
                "X-Purpose: TREAT, ETREAT, HOPERAT, PATRQT, HCOMPL, HRESCH or HSYSADMIN.",
            )),
        _ => Ok(()),
    }
}

/// Why: what the request says, or what is usual for whoever asks.
pub(super) fn purpose(info: &Info, actor: &Actor, relation: Relation) -> Purpose {
    if relation == Relation::Emergency {
        return Purpose::Emergency;
    }
    info.header(&PURPOSE)
        .and_then(Purpose::from_word)
        .unwrap_or_else(|| actor.usual_purpose())
}

/// On the strength of what an actor may do something, given what they are to its subject; or the refusal.
pub(super) fn decide(actor: &Actor, action: Action, has: &[Relation], restricted: bool) -> Result<Relation, Kind> {
    if actor.role == Role::Service && !actor.scopes.contains(&action) {
        return Err(Kind::Forbidden);
    }
    let Some(relation) = allowed(actor.role, action, has) else {
        // With some relation the role could do it: then what lacks is the relation, and an emergency may open it.
        return Err(match allowed(actor.role, action, Relation::ALL) {
            Some(_) => Kind::NoCareRelation,
            None => Kind::Forbidden,
        });
    };
    if restricted {
        return allowed_while_restricted(actor.role, action, has).ok_or(Kind::DataRestricted);
    }
    Ok(relation)
}

/// Permission to do one thing, and the transaction to do it in.
pub struct Scope {
    pub(super) open: Open,
    pub(super) actor: Actor,
    pub(super) key: Option<Key>,
    pub(super) action: &'static str,
    pub(super) has: Vec<Relation>,
    pub(super) restricted: bool,
    pub(super) relation: Relation,
    pub(super) purpose: Purpose,
    pub(super) patient: Option<Uuid>,
    pub(super) lines: Vec<Line>,
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
        let Ok(relation) = decide(&self.actor, action, &self.has, self.restricted) else {
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
    pub(crate) fn tx(&mut self) -> &mut Tx {
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

    /// The permission again, unless the request's key has an answer already: then that is given again, to whoever may still
    /// do it, and the log says so.
    pub(super) async fn unless_answered(mut self) -> Result<Self> {
        let Some(key) = &self.key else { return Ok(self) };
        let (app, organization) = (self.open.app.clone(), self.actor.organization);
        let Some(stored) = key.answered(&mut self.open.tx, &app.keys, organization).await? else {
            return Ok(self);
        };
        if self.lines.is_empty() {
            self.note("kept-answer", None, None);
        }
        self.open.commit(organization, &self.lines).await?;
        Err(Problem::replay(stored))
    }

    /// A refusal that shows somebody: whatever the request had changed is undone, and who was shown stays in the log.
    pub(crate) async fn refuse_showing(&mut self, problem: Problem) -> Problem {
        match self.log_alone().await {
            Ok(()) => problem,
            Err(error) => error,
        }
    }

    async fn log_alone(&mut self) -> Result<()> {
        let (app, organization) = (self.open.app.clone(), self.actor.organization);
        let tx = &mut self.open.tx;
        sqlx::raw_sql("ROLLBACK AND CHAIN").execute(&mut **tx).await?;
        let held = append(tx, &app.lanes, &app.keys, organization, &self.lines).await?;
        sqlx::raw_sql("COMMIT AND CHAIN").execute(&mut **tx).await?;
        if let Some(held) = held {
            held.committed();
        }
        Ok(())
    }

    /// 200 with what a POST looked up and did not change: nothing is kept for an idempotency key, so that who may see it is
    /// asked each time, and each time is in the log.
    pub async fn shown<T: Serialize>(mut self, body: &T) -> Result<Response> {
        self.key = None;
        self.ok(body).await
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
