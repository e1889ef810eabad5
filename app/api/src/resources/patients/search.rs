//! Looking for patients.

use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{content::Patient, store::details};
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
pub(super) async fn search(cx: Cx, Body(body): Body<PatientSearch>) -> Result<Response> {
    let mut scope = cx.allow(Action::PatientSearch).await?;
    let limit = body.limit.unwrap_or(20);
    let after = crate::http::PageQuery {
        limit: None,
        cursor: body.cursor.clone(),
    }
    .after()?;
    let found = matching(&mut scope, &body, after, limit + 1).await?;
    let found = found.into_iter().map(Patient::into_found).collect();
    let page = Page::new(found, limit, |patient| patient.id);
    if page.items.is_empty() {
        scope.note("patient-search", None, None);
    }
    for patient in &page.items {
        scope.note("patient-search", Some(patient.id), Some(patient.id));
    }
    scope.shown(&page).await
}

/// Each in one statement: a page of ten that were read one by one would take ten more round trips.
async fn matching(scope: &mut Scope, search: &PatientSearch, after: Uuid, limit: u32) -> Result<Vec<Patient>> {
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
    let found = if let Some(lead) = words.first() {
        // Who it is comes first, by the index of words alone; DISTINCT over whole rows would write them to a table.
        let query = scope.query_as::<Patient>(scoped!(concat!(
            "SELECT ",
            details!(),
            " FROM (SELECT DISTINCT p.organization AS home, p.id AS found FROM patient_word w \
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
             ORDER BY p.id LIMIT ?) f JOIN patient ON organization = f.home AND id = f.found ORDER BY id"
        )));
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
        let query = scope.query_as::<Patient>(scoped!(concat!(
            "SELECT ",
            details!(),
            " FROM patient WHERE organization = ? AND document_type IN ('dni', 'nie', 'passport') \
             AND document_number = ? AND id > ? AND (? IS NULL OR birth_date = ?) AND (? IS NULL OR phone = ?) \
             AND merged_into IS NULL AND erased_at IS NULL ORDER BY id LIMIT ?"
        )));
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
        let query = scope.query_as::<Patient>(scoped!(concat!(
            "SELECT ",
            details!(),
            " FROM patient WHERE organization = ? AND phone = ? AND id > ? AND (? IS NULL OR birth_date = ?) \
             AND merged_into IS NULL AND erased_at IS NULL ORDER BY id LIMIT ?"
        )));
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
        let query = scope.query_as::<Patient>(scoped!(concat!(
            "SELECT ",
            details!(),
            " FROM patient WHERE organization = ? AND birth_date = ? AND id > ? AND merged_into IS NULL AND erased_at IS NULL \
             ORDER BY id LIMIT ?"
        )));
        query
            .bind(search.birth_date)
            .bind(after)
            .bind(limit)
            .fetch_all(scope.db())
            .await?
    };
    Ok(found)
}
