//! Erasure (GDPR, article 17) as far as the law lets it: what is erased, what is kept, why and until when.
//!
//! What may go, goes. Of what must stay, contact details go nevertheless, and the rest is blocked (LOPDGDD, article 32)
//! unless the officer says otherwise. The row of the patient stays as an empty shell, so that the access log, which is
//! never erased, goes on meaning somebody.

use std::{collections::HashMap, sync::Arc};

use axum::response::Response;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    consents, processing, restriction,
    retention::{Item, Kept, judge, single},
};
use crate::{
    app::App,
    authz::Action,
    db::Stamp,
    http::{Body, Check, Cx, Faults, Kind, Page, PageQuery, Path, Problem, Query, Result, Scope, Scoped},
    resources::{patients, records::Content},
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(assess, erase))
        .routes(routes!(list))
}

/// One kind of thing, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Fate {
    /// `entries`, `documents`, `prescriptions`, `appointments`, …
    what: String,
    erased: usize,
    kept: usize,
    /// Why the rest is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// The last of it may be erased then. Absent: it has no date, see `why`.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Stamp>,
}

/// What an erasure does, or would do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ErasureOutcome {
    /// Nothing of the person is left but identifiers in the access log.
    complete: bool,
    retention_years: u16,
    items: Vec<Fate>,
    /// The version of the patient that this is about.
    version: u32,
}

/// What must be kept, and what may go.
struct Plan {
    entries: Vec<Uuid>,
    attachments: Vec<Uuid>,
    prescriptions: Vec<Uuid>,
    appointments: Vec<Uuid>,
    emergencies: Vec<Uuid>,
    outcome: ErasureOutcome,
}

const BY_LAW: &str = "Ley 41/2002, artículo 17; GDPR, article 17.3.b and 17.3.c";
const OPEN: &str = "Ley 41/2002, artículo 17: a care process has not ended; end it first";
const AHEAD: &str = "an appointment lies ahead; cancel it first";
const UNREVIEWED: &str = "GDPR, article 5.2: an emergency access waits for its review";
const LOG: &str = "GDPR, article 5.2 and 32; LOPDGDD, artículo 28: proof of who did what; identifiers alone, no names";
const PROOF: &str = "GDPR, article 7.1 and 17.3.e: proof that the processing was lawful";
const IDENTITY: &str = "needed to know whose the kept record is (Ley 41/2002, artículo 15)";

fn fates(what: &str, of: &[(Uuid, Kept)], open: &'static str) -> (Vec<Uuid>, Fate) {
    let gone: Vec<Uuid> = of
        .iter()
        .filter(|(_, kept)| *kept == Kept::No)
        .map(|(id, _)| *id)
        .collect();
    let last = of.iter().filter_map(|(_, kept)| match kept {
        Kept::Until(last) => Some(*last),
        Kept::No | Kept::Open => None,
    });
    let without_date = of.iter().any(|(_, kept)| *kept == Kept::Open);
    let kept = of.len() - gone.len();
    let fate = Fate {
        what: what.to_owned(),
        erased: gone.len(),
        kept,
        why: (kept > 0).then(|| if without_date { open } else { BY_LAW }.to_owned()),
        until: if without_date { None } else { last.max() },
    };
    (gone, fate)
}

async fn entries(scope: &mut Scope, patient: Uuid) -> Result<(Vec<Item>, HashMap<Uuid, Vec<Uuid>>)> {
    let query = scope.query(scoped!(
        "SELECT e.id, e.encounter, e.amends, e.effective_at, e.created_at, v.content FROM entry e \
         JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id AND v.version = e.version \
         WHERE e.organization = ? AND e.patient = ? FOR UPDATE"
    ));
    let mut items = Vec::new();
    let mut documents: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for row in query.bind(patient).fetch_all(scope.db()).await? {
        let id: Uuid = row.try_get("id")?;
        let (effective, created): (Stamp, Stamp) = (row.try_get("effective_at")?, row.try_get("created_at")?);
        let mut ended = Some(effective.max(created));
        let content: Content = serde_json::from_str(&row.try_get::<String, _>("content")?)
            .map_err(|_| Problem::bug("an entry's content does not parse"))?;
        match content {
            Content::Encounter(encounter) => ended = encounter.ended_at,
            Content::Document(document) => documents.entry(document.attachment).or_default().push(id),
            _ => {}
        }
        items.push(Item {
            id,
            on: [row.try_get("encounter")?, row.try_get("amends")?],
            ended,
        });
    }
    Ok((items, documents))
}

/// Rows with an identifier and the moment that they ended; none: they go on.
async fn ended(scope: &mut Scope, statement: Scoped, patient: Uuid) -> Result<Vec<(Uuid, Option<Stamp>)>> {
    let rows = scope.query(statement).bind(patient).fetch_all(scope.db()).await?;
    Ok(rows
        .iter()
        .map(|row| Ok((row.try_get("id")?, row.try_get("ended")?)))
        .collect::<Result<_, sqlx::Error>>()?)
}

async fn plan(scope: &mut Scope, patient: Uuid) -> Result<Plan> {
    let years = processing::find(scope).await?.retention_years;
    let now = Stamp::now();
    let whole = patients::find(scope, patient).await?;
    let (items, documents) = entries(scope, patient).await?;
    let judged: Vec<(Uuid, Kept)> = judge(&items, years, now).into_iter().collect();
    let of_entry: HashMap<Uuid, Kept> = judged.iter().copied().collect();
    let (entries, entry_fate) = fates("entries", &judged, OPEN);

    let judge_ended = |rows: Vec<(Uuid, Option<Stamp>)>| -> Vec<(Uuid, Kept)> {
        let kept = |ended: Option<Stamp>| ended.map_or(Kept::Open, |ended| single(ended, years, now));
        rows.into_iter().map(|(id, ended)| (id, kept(ended))).collect()
    };
    let rows = ended(
        scope,
        scoped!("SELECT id, at AS ended FROM attachment WHERE organization = ? AND patient = ?"),
        patient,
    )
    .await?;
    // A document stays as long as any entry that refers to it.
    let of_attachment: Vec<(Uuid, Kept)> = judge_ended(rows)
        .into_iter()
        .map(|(id, alone)| {
            let held = documents.get(&id).into_iter().flatten().map(|entry| of_entry[entry]);
            (id, held.chain([alone]).reduce(longer).unwrap_or(alone))
        })
        .collect();
    let (attachments, attachment_fate) = fates("documents", &of_attachment, OPEN);
    let rows = ended(
        scope,
        scoped!(
            "SELECT id, GREATEST(updated_at, COALESCE(valid_until, updated_at)) AS ended FROM prescription \
             WHERE organization = ? AND patient = ? FOR UPDATE"
        ),
        patient,
    )
    .await?;
    let (prescriptions, prescription_fate) = fates("prescriptions", &judge_ended(rows), OPEN);
    // What did not take place documents no care.
    let rows = ended(
        scope,
        scoped!(
            "SELECT id, IF(status IN ('cancelled', 'noshow'), CAST('1970-01-01' AS DATETIME(6)), IF(status = 'booked', NULL, ends_at)) AS ended \
             FROM appointment WHERE organization = ? AND patient = ? FOR UPDATE"
        ),
        patient,
    )
    .await?;
    let (appointments, appointment_fate) = fates("appointments", &judge_ended(rows), AHEAD);
    let rows = ended(
        scope,
        scoped!(
            "SELECT id, IF(reviewed_at IS NULL, NULL, opened_at) AS ended FROM break_glass \
             WHERE organization = ? AND patient = ?"
        ),
        patient,
    )
    .await?;
    let (emergencies, emergency_fate) = fates("emergency-accesses", &judge_ended(rows), UNREVIEWED);

    let mut items = vec![
        entry_fate,
        attachment_fate,
        prescription_fate,
        appointment_fate,
        emergency_fate,
    ];
    let complete = items.iter().all(|fate| fate.kept == 0);
    items.extend(whole_person(complete));
    Ok(Plan {
        entries,
        attachments,
        prescriptions,
        appointments,
        emergencies,
        outcome: ErasureOutcome {
            complete,
            retention_years: years,
            items,
            version: whole.version,
        },
    })
}

/// What there is one of for each person.
fn whole_person(complete: bool) -> [Fate; 4] {
    let fate = |what: &str, kept: Option<&str>| Fate {
        what: what.to_owned(),
        erased: usize::from(kept.is_none()),
        kept: usize::from(kept.is_some()),
        why: kept.map(str::to_owned),
        until: None,
    };
    [
        fate("contact-details-and-account", None),
        fate("identity", (!complete).then_some(IDENTITY)),
        fate("consents-and-requests", Some(PROOF)),
        fate("access-log", Some(LOG)),
    ]
}

fn longer(one: Kept, two: Kept) -> Kept {
    match (one, two) {
        (Kept::Open, _) | (_, Kept::Open) => Kept::Open,
        (Kept::Until(one), Kept::Until(two)) => Kept::Until(one.max(two)),
        (Kept::Until(last), Kept::No) | (Kept::No, Kept::Until(last)) => Kept::Until(last),
        (Kept::No, Kept::No) => Kept::No,
    }
}

/// What an erasure would do now: nothing is changed.
#[utoipa::path(get, path = "/patients/{id}/erasure", tag = "data-protection", params(("id" = Uuid, Path)),
    responses((status = 200, body = ErasureOutcome)))]
async fn assess(cx: Cx, Path(patient): Path<Uuid>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataRights, patient).await?;
    let plan = plan(&mut scope, patient).await?;
    scope.note("erasure", None, Some(patient));
    scope.versioned(plan.outcome.version, &plan.outcome).await
}

/// An erasure.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewErasure {
    /// The request it answers, or another ground of article 17.1.
    reason: String,
    /// Block what must be kept (LOPDGDD, article 32). False only while the person is still in treatment.
    #[serde(default = "yes")]
    block: bool,
}

const fn yes() -> bool {
    true
}

impl Check for NewErasure {
    fn check(&self, faults: &mut Faults) {
        faults.line(&self.reason, 500, "/reason");
    }
}

/// An erasure that was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Erasure {
    id: Uuid,
    patient: Uuid,
    reason: String,
    outcome: ErasureOutcome,
    actor: Uuid,
    at: Stamp,
}

/// Erase what may be erased. There is no way back; `GET` shows beforehand what it will do.
#[utoipa::path(post, path = "/patients/{id}/erasure", tag = "data-protection", request_body = NewErasure,
    params(("id" = Uuid, Path), ("If-Match" = String, Header)), responses((status = 201, body = Erasure)))]
async fn erase(cx: Cx, Path(patient): Path<Uuid>, Body(body): Body<NewErasure>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::DataRights, patient).await?;
    let version = scope.if_match()?;
    let plan = plan(&mut scope, patient).await?;
    if plan.outcome.version != version {
        return Err(Problem::new(Kind::Changed));
    }
    clear(&mut scope, &plan).await?;
    consents::withdraw_all(&mut scope, patient).await?;
    for person in with_merged(&mut scope, patient).await? {
        if plan.outcome.complete {
            forget(&mut scope, person).await?;
        } else {
            forget_contact(&mut scope, person).await?;
        }
        forget_account(&mut scope, person).await?;
    }
    if body.block && !plan.outcome.complete {
        let version = patients::find(&mut scope, patient).await?.version;
        let reason = "LOPDGDD, artículo 32: erasure; kept by law".to_owned();
        restriction::set(&mut scope, patient, version, true, reason).await?;
    }
    let erasure = Erasure {
        id: Uuid::now_v7(),
        patient,
        reason: body.reason,
        outcome: plan.outcome,
        actor: scope.actor().id(),
        at: Stamp::now(),
    };
    write_down(&mut scope, &erasure).await?;
    scope.note("erasure", Some(erasure.id), Some(patient));
    let version = patients::find(&mut scope, patient).await?.version;
    scope.created("/api/v1/erasures".to_owned(), version, &erasure).await
}

async fn write_down(scope: &mut Scope, erasure: &Erasure) -> Result<()> {
    let outcome = serde_json::to_string(&erasure.outcome).map_err(|_| Problem::bug("an outcome does not serialize"))?;
    let query = scope.query(scoped!(
        "INSERT INTO erasure (organization, id, patient, reason, outcome, actor, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(erasure.id)
        .bind(erasure.patient)
        .bind(erasure.reason.clone())
        .bind(outcome)
        .bind(erasure.actor)
        .bind(erasure.at)
        .execute(scope.db())
        .await?;
    Ok(())
}

/// Removes what the plan names. References inside a process are cut first: the process goes as a whole.
async fn clear(scope: &mut Scope, plan: &Plan) -> Result<()> {
    let steps: [(&[Uuid], &[Scoped]); 5] = [
        (
            &plan.entries,
            &[scoped!(
                "UPDATE entry SET encounter = NULL, amends = NULL WHERE organization = ? AND id = ?"
            )],
        ),
        (
            &plan.attachments,
            &[scoped!("DELETE FROM attachment WHERE organization = ? AND id = ?")],
        ),
        (
            &plan.prescriptions,
            &[
                scoped!("DELETE FROM dispensation WHERE organization = ? AND prescription = ?"),
                scoped!("DELETE FROM prescription_event WHERE organization = ? AND prescription = ?"),
                scoped!("DELETE FROM prescription WHERE organization = ? AND id = ?"),
            ],
        ),
        (
            &plan.appointments,
            &[
                scoped!("DELETE FROM appointment_event WHERE organization = ? AND appointment = ?"),
                scoped!("DELETE FROM appointment WHERE organization = ? AND id = ?"),
            ],
        ),
        (
            &plan.emergencies,
            &[scoped!("DELETE FROM break_glass WHERE organization = ? AND id = ?")],
        ),
    ];
    for (ids, statements) in steps {
        for id in ids {
            for statement in statements {
                scope.query(*statement).bind(*id).execute(scope.db()).await?;
            }
        }
    }
    for id in &plan.entries {
        for statement in [
            scoped!("DELETE FROM entry_version WHERE organization = ? AND entry = ?"),
            scoped!("DELETE FROM entry WHERE organization = ? AND id = ?"),
        ] {
            scope.query(statement).bind(*id).execute(scope.db()).await?;
        }
    }
    Ok(())
}

/// The patient and every registration that was joined to it.
async fn with_merged(scope: &mut Scope, patient: Uuid) -> Result<Vec<Uuid>> {
    let query = scope.query(scoped!(
        "SELECT id FROM patient WHERE organization = ? AND merged_into = ? FOR UPDATE"
    ));
    let rows = query.bind(patient).fetch_all(scope.db()).await?;
    let mut people = vec![patient];
    for row in rows {
        people.push(row.try_get("id")?);
    }
    Ok(people)
}

/// How to reach somebody goes, also from the versions before.
async fn forget_contact(scope: &mut Scope, patient: Uuid) -> Result<()> {
    let query = scope.query(scoped!(
        "UPDATE patient SET phone = NULL, email = NULL, address = NULL, postal_code = NULL, updated_at = ?, \
         version = version + 1 WHERE organization = ? AND id = ?"
    ));
    query.bind(Stamp::now()).bind(patient).execute(scope.db()).await?;
    let query = scope.query(scoped!(
        "UPDATE patient_version SET content = JSON_REMOVE(content, '$.phone', '$.email', '$.address', '$.postal_code') \
         WHERE organization = ? AND patient = ?"
    ));
    query.bind(patient).execute(scope.db()).await?;
    for statement in [
        scoped!("DELETE FROM waiting WHERE organization = ? AND patient = ?"),
        scoped!(
            "UPDATE guardian SET until = UTC_TIMESTAMP(6) WHERE organization = ? AND guardian = ? AND until IS NULL"
        ),
    ] {
        scope.query(statement).bind(patient).execute(scope.db()).await?;
    }
    Ok(())
}

/// Everything about a person goes; the shell stays.
async fn forget(scope: &mut Scope, patient: Uuid) -> Result<()> {
    let now = Stamp::now();
    let query = scope.query(scoped!(
        "UPDATE patient SET document_type = NULL, document_number = NULL, given_name = '-', family_name = '-', \
         birth_date = '1900-01-01', sex = 'unknown', phone = NULL, email = NULL, address = NULL, postal_code = NULL, \
         deceased_at = NULL, erased_at = ?, updated_at = ?, version = version + 1 WHERE organization = ? AND id = ?"
    ));
    query.bind(now).bind(now).bind(patient).execute(scope.db()).await?;
    for statement in [
        scoped!("DELETE FROM patient_version WHERE organization = ? AND patient = ?"),
        scoped!("DELETE FROM patient_word WHERE organization = ? AND patient = ?"),
        scoped!("DELETE FROM waiting WHERE organization = ? AND patient = ?"),
        scoped!("DELETE FROM guardian WHERE organization = ? AND patient = ?"),
        scoped!("DELETE FROM guardian WHERE organization = ? AND guardian = ?"),
        scoped!("DELETE FROM care_team WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE patient_merge SET reason = '-' WHERE organization = ? AND survivor = ?"),
        scoped!(
            "UPDATE rights_request SET wording = '-', explanation = IF(decision IS NULL, NULL, '-') \
                 WHERE organization = ? AND patient = ?"
        ),
        scoped!("UPDATE restriction_event SET reason = '-' WHERE organization = ? AND patient = ?"),
    ] {
        scope.query(statement).bind(patient).execute(scope.db()).await?;
    }
    Ok(())
}

/// Passkeys and sessions go with the account.
async fn forget_account(scope: &mut Scope, patient: Uuid) -> Result<()> {
    let query = scope.query(scoped!("DELETE FROM account WHERE organization = ? AND patient = ?"));
    query.bind(patient).execute(scope.db()).await?;
    Ok(())
}

/// Erasures of the organization, the newest first. After a restore from an older backup they are to be done again.
#[utoipa::path(get, path = "/erasures", tag = "data-protection", params(PageQuery),
    responses((status = 200, body = Page<Erasure>)))]
async fn list(cx: Cx, Query(page): Query<PageQuery>) -> Result<Response> {
    let mut scope = cx.allow(Action::DataRights).await?;
    let limit = page.limit()?;
    let query = scope.query(scoped!(
        "SELECT id, patient, reason, outcome, actor, at FROM erasure WHERE organization = ? AND id < ? \
         ORDER BY id DESC LIMIT ?"
    ));
    let rows = query.bind(page.before()?).bind(limit + 1).fetch_all(scope.db()).await?;
    let erasures = rows
        .iter()
        .map(|row| {
            let outcome: String = row.try_get("outcome")?;
            Ok(Erasure {
                id: row.try_get("id")?,
                patient: row.try_get("patient")?,
                reason: row.try_get("reason")?,
                outcome: serde_json::from_str(&outcome).map_err(|error| sqlx::Error::Decode(error.into()))?,
                actor: row.try_get("actor")?,
                at: row.try_get("at")?,
            })
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    scope.note("erasure", None, None);
    scope.ok(&Page::new(erasures, limit, |erasure| erasure.id)).await
}
