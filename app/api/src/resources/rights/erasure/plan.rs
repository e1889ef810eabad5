//! What of a person's data may go, and what must stay, why and until when.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sqlx::{Row, mysql::MySqlRow};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    db::Stamp,
    http::{Problem, Result, Scope, Scoped},
    resources::{
        patients,
        records::{ConditionStatus, Content, Status},
        rights::{
            processing,
            retention::{Item, Kept, judge, single},
        },
    },
    scoped,
};

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
    pub(super) complete: bool,
    retention_years: u16,
    items: Vec<Fate>,
    /// The version of the patient that this is about.
    pub(super) version: u32,
}

/// What must be kept, and what may go.
pub(super) struct Plan {
    /// The patient, and every registration that was joined to theirs.
    pub(super) people: Vec<Uuid>,
    pub(super) entries: Vec<Uuid>,
    pub(super) attachments: Vec<Uuid>,
    pub(super) prescriptions: Vec<Uuid>,
    pub(super) appointments: Vec<Uuid>,
    pub(super) emergencies: Vec<Uuid>,
    pub(super) outcome: ErasureOutcome,
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

/// The entries of a record, and which of them refer to which document.
async fn entries(scope: &mut Scope, people: &[Uuid]) -> Result<(Vec<Item>, HashMap<Uuid, Vec<Uuid>>)> {
    let mut rows = Vec::new();
    for patient in people {
        let query = scope.query(scoped!(
            "SELECT e.id, e.encounter, e.amends, e.status, e.effective_at, v.at, v.content FROM entry e \
             JOIN entry_version v ON v.organization = e.organization AND v.entry = e.id AND v.version = e.version \
             WHERE e.organization = ? AND e.patient = ? FOR UPDATE"
        ));
        rows.extend(query.bind(*patient).fetch_all(scope.db()).await?);
    }
    let mut items = Vec::new();
    let mut documents: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    // The last amendment of each: identifiers are in the order of time.
    let mut amended: HashMap<Uuid, Uuid> = HashMap::new();
    for row in &rows {
        let (id, amends): (Uuid, Option<Uuid>) = (row.try_get("id")?, row.try_get("amends")?);
        if let (Some(amends), false) = (amends, mistaken(row)?) {
            let last = amended.entry(amends).or_insert(id);
            *last = id.max(*last);
        }
    }
    for row in rows {
        let (id, amends): (Uuid, Option<Uuid>) = (row.try_get("id")?, row.try_get("amends")?);
        // A mistake, and what a later amendment has taken the place of, goes on no longer, whatever it says.
        let overtaken = amends.is_some_and(|amends| amended.get(&amends) != Some(&id));
        let superseded = mistaken(&row)? || amended.contains_key(&id) || overtaken;
        let content: Content = serde_json::from_str(&row.try_get::<String, _>("content")?)
            .map_err(|_| Problem::bug("an entry's content does not parse"))?;
        let written: Stamp = row.try_get("at")?;
        let ended = if superseded {
            Some(written)
        } else {
            ended_at(&content, row.try_get("effective_at")?, written)
        };
        if let Content::Document(document) = content {
            documents.entry(document.attachment).or_default().push(id);
        }
        items.push(Item {
            id,
            on: [row.try_get("encounter")?, amends],
            ended,
        });
    }
    Ok((items, documents))
}

/// Whether an entry was written by mistake.
fn mistaken(entry: &MySqlRow) -> Result<bool, sqlx::Error> {
    Ok(entry.try_get::<String, _>("status")? == Status::EnteredInError.word())
}

/// When what an entry tells of ended, and nothing was written of it any more. None: it goes on.
fn ended_at(content: &Content, effective: Stamp, written: Stamp) -> Option<Stamp> {
    match content {
        Content::Encounter(encounter) => encounter.ended_at.map(|ended| ended.max(written)),
        Content::Condition(condition) if condition.status == ConditionStatus::Active => None,
        _ => Some(effective.max(written)),
    }
}

/// Rows with an identifier and the moment that they ended; none: they go on.
async fn ended(scope: &mut Scope, statement: Scoped, people: &[Uuid]) -> Result<Vec<(Uuid, Option<Stamp>)>> {
    let mut found = Vec::new();
    for patient in people {
        for row in scope.query(statement).bind(*patient).fetch_all(scope.db()).await? {
            found.push((row.try_get("id")?, row.try_get("ended")?));
        }
    }
    Ok(found)
}

/// Works out what an erasure would do; the rows that decide are locked until the transaction ends.
pub(super) async fn plan(scope: &mut Scope, patient: Uuid) -> Result<Plan> {
    let years = processing::find(scope).await?.retention_years;
    let now = Stamp::now();
    let whole = patients::find(scope, patient).await?;
    whole.must_not_be_merged()?;
    let people = patients::registrations(scope, patient).await?;
    let (items, documents) = entries(scope, &people).await?;
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
        &people,
    )
    .await?;
    // The signed paper proves the consent as long as that may be disputed: this erasure withdraws what is in force.
    let proofs = ended(
        scope,
        scoped!(
            "SELECT evidence AS id, IF(status = 'active', UTC_TIMESTAMP(6), updated_at) AS ended FROM consent \
             WHERE organization = ? AND patient = ? AND evidence IS NOT NULL"
        ),
        &people,
    )
    .await?;
    let proofs = judge_ended(proofs);
    // A document stays as long as any entry that refers to it, and any consent that it proves.
    let of_attachment: Vec<(Uuid, Kept)> = judge_ended(rows)
        .into_iter()
        .map(|(id, alone)| {
            let held = documents.get(&id).into_iter().flatten().map(|entry| of_entry[entry]);
            let proves = proofs.iter().filter(|(proof, _)| *proof == id).map(|(_, kept)| *kept);
            (id, held.chain(proves).fold(alone, longer))
        })
        .collect();
    let (attachments, mut attachment_fate) = fates("documents", &of_attachment, OPEN);
    if proofs.iter().any(|(_, kept)| *kept != Kept::No) {
        attachment_fate.why = attachment_fate.why.map(|why| format!("{why}; {PROOF}"));
    }
    let rows = ended(
        scope,
        scoped!(
            "SELECT id, GREATEST(updated_at, COALESCE(valid_until, updated_at)) AS ended FROM prescription \
             WHERE organization = ? AND patient = ? FOR UPDATE"
        ),
        &people,
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
        &people,
    )
    .await?;
    let (appointments, appointment_fate) = fates("appointments", &judge_ended(rows), AHEAD);
    let rows = ended(
        scope,
        scoped!(
            "SELECT id, IF(reviewed_at IS NULL, NULL, opened_at) AS ended FROM break_glass \
             WHERE organization = ? AND patient = ?"
        ),
        &people,
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
        people,
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
