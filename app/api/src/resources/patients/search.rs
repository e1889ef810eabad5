//! Looking for patients.

use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    content::Patient,
    names::{self, Besides},
    store::details,
};
use crate::{
    authz::Action,
    db::Day,
    http::{Body, Check, Cx, Faults, Page, Result, Scope},
    people, scoped,
};

/// What to look for. It travels in the body: addresses end up in the logs of proxies.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatientSearch {
    /// Words of the name or their beginnings, accents and case ignored. One has three letters or more.
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

/// Patients who are still registered, by columns of theirs.
macro_rules! standing {
    ($which:literal) => {
        scoped!(concat!(
            "SELECT ",
            details!(),
            " FROM patient WHERE organization = ? AND ",
            $which,
            " AND merged_into IS NULL AND erased_at IS NULL ORDER BY id LIMIT ?"
        ))
    };
}

/// Look for patients. Everybody who is shown is in the access log.
#[utoipa::path(post, path = "/patients/search", tag = "patients", request_body = PatientSearch,
    responses((status = 200, body = Page<Patient>)))]
pub(super) async fn search(cx: Cx, Body(body): Body<PatientSearch>) -> Result<Response> {
    let mut scope = cx.allow(Action::PatientSearch).await?;
    let limit = body.limit.unwrap_or(20);
    let cursor = body.cursor.as_deref();
    let page = if let Some(name) = &body.name {
        let found = names::matching(&mut scope, name, &besides(&body), cursor, limit + 1).await?;
        Page::by(found, limit, names::Found::cursor).map(|found| found.patient.into_found())
    } else {
        let after = crate::http::PageQuery {
            limit: None,
            cursor: body.cursor.clone(),
        }
        .after()?;
        let found = by_columns(&mut scope, besides(&body), after, limit + 1).await?;
        Page::new(found, limit, |patient| patient.id).map(Patient::into_found)
    };
    if page.items.is_empty() {
        scope.note("patient-search", None, None);
    }
    for patient in &page.items {
        scope.note("patient-search", Some(patient.id), Some(patient.id));
    }
    scope.shown(&page).await
}

/// What is asked for but a name.
fn besides(search: &PatientSearch) -> Besides {
    let number = search.document_number.as_deref().map(people::document_number);
    Besides {
        born: search.birth_date,
        number,
        phone: search.phone.clone(),
    }
}

/// In one statement: a page of ten that were read one by one would take ten more round trips.
async fn by_columns(scope: &mut Scope, asked: Besides, after: Uuid, limit: u32) -> Result<Vec<Patient>> {
    let Besides { born, number, phone } = asked;
    let query = if let Some(number) = number {
        let query = scope.query_as::<Patient>(standing!(
            "document_type IN ('dni', 'nie', 'passport') AND document_number = ? AND id > ? \
             AND (? IS NULL OR birth_date = ?) AND (? IS NULL OR phone = ?)"
        ));
        let query = query.bind(number).bind(after).bind(born).bind(born);
        query.bind(phone.clone()).bind(phone)
    } else if phone.is_some() {
        let query = scope.query_as::<Patient>(standing!("phone = ? AND id > ? AND (? IS NULL OR birth_date = ?)"));
        query.bind(phone).bind(after).bind(born).bind(born)
    } else {
        let query = scope.query_as::<Patient>(standing!("birth_date = ? AND id > ?"));
        query.bind(born).bind(after)
    };
    Ok(query.bind(limit).fetch_all(scope.db()).await?)
}
