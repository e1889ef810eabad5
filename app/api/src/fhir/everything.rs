//! `Patient/$everything`: page by page, what whoever asks may see about a patient.

use axum::{extract::RawQuery, response::Response};
use uuid::Uuid;

use super::{
    bundle,
    cursor::Cursor,
    kind::Type,
    params::{Search, refused},
    reach,
    routes::{pairs, served},
    smart::Access,
};
use crate::http::{Cx, Kind, Path, Problem, Result};

/// What there is about a patient, in the order of the answer.
const PARTS: &[Type] = &[
    Type::Patient,
    Type::AllergyIntolerance,
    Type::Condition,
    Type::Encounter,
    Type::Observation,
    Type::MedicationRequest,
    Type::Appointment,
    Type::Consent,
];

/// Where a page begins: which part, and where in it.
#[derive(Default)]
struct Place {
    part: usize,
    after: Option<Cursor>,
}

fn place(text: &str) -> Option<Place> {
    let (part, after) = text.split_once('.')?;
    let after = if after.is_empty() {
        None
    } else {
        Some(Cursor::parse(after)?)
    };
    Some(Place {
        part: part.parse().ok()?,
        after,
    })
}

/// `GET /fhir/Patient/id/$everything`
pub(super) async fn everything(
    cx: Cx,
    Path((kind, id)): Path<(String, Uuid)>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    if served(&kind)? != Type::Patient {
        return Err(Problem::new(Kind::NotFound));
    }
    let (mut count, mut from) = (100_u32, Place::default());
    for (name, text) in pairs(query.unwrap_or_default().as_bytes()) {
        match name.as_str() {
            "_count" => {
                let wanted: u32 = text.parse().map_err(|_| refused("_count: not a number".to_owned()))?;
                count = wanted.clamp(1, 100);
            }
            "_cursor" => from = place(&text).ok_or_else(|| refused("_cursor: not of this list".to_owned()))?,
            "_format" => {}
            _ => return Err(refused(format!("{name}: $everything has no such parameter here"))),
        }
    }
    let grant = cx.actor().grant.clone();
    let mut scope = reach::of_patient(cx, Type::Patient, Access::Read, Type::Patient.action(), id).await?;
    let mut resources = Vec::new();
    let mut next = None;
    let mut after = from.after;
    for (part, kind) in PARTS.iter().enumerate().skip(from.part) {
        let left = count.saturating_sub(u32::try_from(resources.len()).unwrap_or(u32::MAX));
        if left == 0 {
            next = Some(format!("{part}."));
            break;
        }
        let given = grant
            .as_ref()
            .is_none_or(|grant| grant.allows(*kind, Access::Search, Some(id)));
        if !given || !scope.turn(kind.action()) {
            continue;
        }
        if *kind == Type::Patient {
            resources.push(reach::fetch(&mut scope, *kind, id).await?);
            continue;
        }
        let mut search = Search::page(left, after.take());
        search.narrow("patient", id);
        let found = reach::look(&mut scope, *kind, Some(id), &search).await?;
        resources.extend(found.items);
        if let Some(cursor) = found.next {
            next = Some(format!("{part}.{}", cursor.text()));
            break;
        }
    }
    let base = bundle::base(&scope);
    let bundle = bundle::everything(
        &base,
        &format!("{base}/Patient/{id}/$everything"),
        count,
        resources,
        next,
    );
    scope.ok(&bundle).await
}
