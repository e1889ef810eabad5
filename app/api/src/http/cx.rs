//! The context of a request: its transaction, who asks, and what they may do.
//!
//! The types lead the way. [`Cx`] is an open transaction and a known actor, and can do nothing but ask for permission.
//! [`Scope`] is the permission: only it can query, only statements that stay in the organization, and ending it writes
//! the access log, keeps the answer for its idempotency key, and commits, all in one transaction.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use sqlx::Row;
use uuid::Uuid;

use super::{
    attempt::IDEMPOTENCY_KEY,
    idempotency::Key,
    limiter::Who,
    open::{Info, Open, credential},
    problem::{Kind, Problem, Result},
    scope::{Scope, check_purpose, decide, purpose},
    scoped::{Scoped, Statement},
};
use crate::{
    app::App,
    audit::{Line, Outcome},
    auth::{Actor, Person, authenticate},
    authz::{Action, Relation, relations},
    db::Stamp,
};

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
        app.limiter.judge(Who::Token(*credential.hash()), true);
        if actor.grant.is_some() && !crate::fhir::is_at(parts.uri.path()) {
            return Err(Problem::new(Kind::Forbidden).detail(
                "Las aplicaciones solo acceden por FHIR.",
                "Apps have access by FHIR alone.",
            ));
        }
        check_purpose(&open.info)?;
        let key = match open.info.headers.get(&IDEMPOTENCY_KEY) {
            Some(key) if open.info.unsafe_method => {
                if !(1..=200).contains(&key.len()) {
                    return Err(Problem::new(Kind::Malformed).detail(
                        "Idempotency-Key: entre 1 y 200 caracteres.",
                        "Idempotency-Key: between 1 and 200 characters.",
                    ));
                }
                Some(Key::new(actor.account, key.as_bytes(), open.info.fingerprint))
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
    pub async fn own_account(self) -> Result<Scope> {
        if matches!(self.actor.person, Person::Service(_)) || self.actor.grant.is_some() {
            return Err(Problem::new(Kind::Forbidden));
        }
        self.scope("account.own", &[Relation::Own], false, Relation::Own, None)
            .unless_answered()
            .await
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

    /// The same for what concerns two patients: each of them must allow it. The permission is the first one's.
    pub async fn allow_for_both(mut self, action: Action, patient: Uuid, other: Uuid) -> Result<Scope> {
        for one in [patient, other] {
            let Some(standing) = relations(&mut self.open.tx, &self.actor, one).await? else {
                self.refuse(action, None).await?;
                return Err(Problem::new(Kind::NotFound));
            };
            let decided = decide(&self.actor, action, &standing.relations, standing.restricted);
            if let (true, Err(kind)) = (self.actor.enrolled, decided) {
                self.refuse(action, Some(one)).await?;
                return Err(Problem::new(kind));
            }
        }
        self.allow_for(action, patient).await
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
        let relation = match decide(&self.actor, action, has, restricted) {
            Ok(relation) => relation,
            Err(kind) => {
                self.refuse(action, patient).await?;
                // Where there is no patient, no relation could help.
                let about_nobody = kind == Kind::NoCareRelation && patient.is_none();
                return Err(Problem::new(if about_nobody { Kind::Forbidden } else { kind }));
            }
        };
        self.scope(action.word(), has, restricted, relation, patient)
            .unless_answered()
            .await
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
