//! What of a person's data may go, and what must stay, why and until when.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sqlx::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    db::Stamp,
    http::{Problem, Result, Scope, Scoped},
    resources::{
        patients,
        records::Content,
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

/// Works out what an erasure would do; the rows that decide are locked until the transaction ends.
pub(super) async fn plan(scope: &mut Scope, patient: Uuid) -> Result<Plan> {
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
