//! What speaks against a prescription: allergies, the same medication twice, interactions.

use galeno_contract::api::Locale;
use serde::Serialize;
use sqlx::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use super::interactions::{Severity, between};
use crate::{
    db::Stamp,
    http::{Result, Scope},
    resources::records::{Criticality, active_allergies},
    scoped,
};

/// What kind of warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WarningKind {
    /// The patient is allergic to it.
    Allergy,
    /// The patient has it, or one of its group, already.
    Duplicate,
    /// It does not go with another medication of the patient.
    Interaction,
}

/// Something that speaks against a prescription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Warning {
    /// Names it when it is answered: the kind and what it is about.
    pub(super) id: String,
    kind: WarningKind,
    pub(super) severity: Severity,
    /// The allergy or the other prescription.
    about: Uuid,
    text: String,
    /// Where that is written.
    source: String,
}

/// Every warning for a medication of a patient, the gravest first. `own` is the prescription itself.
pub(super) async fn warnings(
    scope: &mut Scope,
    patient: Uuid,
    own: Uuid,
    atc: &str,
    locale: Locale,
) -> Result<Vec<Warning>> {
    let mut found = Vec::new();
    for (about, allergy) in active_allergies(scope, patient).await? {
        if allergy.atc.as_deref().is_some_and(|group| atc.starts_with(group)) {
            let severity = if allergy.criticality == Criticality::High {
                Severity::Contraindicated
            } else {
                Severity::High
            };
            let reaction = allergy
                .reaction
                .map(|reaction| format!(": {reaction}"))
                .unwrap_or_default();
            let text = match locale {
                Locale::Es => format!("Alergia a {}{reaction}", allergy.substance),
                Locale::En => format!("Allergy to {}{reaction}", allergy.substance),
            };
            let id = format!("allergy:{about}");
            found.push(Warning {
                id,
                kind: WarningKind::Allergy,
                severity,
                about,
                text,
                source: "record".to_owned(),
            });
        }
    }
    let query = scope.query(scoped!(
        "SELECT id, atc, medication FROM prescription WHERE organization = ? AND patient = ? \
         AND status IN ('active', 'on-hold') AND id <> ? AND (valid_until IS NULL OR valid_until > ?) LIMIT 200"
    ));
    let rows = query
        .bind(patient)
        .bind(own)
        .bind(Stamp::now())
        .fetch_all(scope.db())
        .await?;
    for row in rows {
        let about: Uuid = row.try_get("id")?;
        let (other, medication): (String, String) = (row.try_get("atc")?, row.try_get("medication")?);
        // ATC level 5 is the substance, level 4 its chemical group.
        if other == atc || (atc.len() >= 5 && other.get(..5) == atc.get(..5)) {
            let severity = if other == atc {
                Severity::High
            } else {
                Severity::Moderate
            };
            let text = match (locale, other == atc) {
                (Locale::Es, true) => format!("Ya lo tiene prescrito: {medication}"),
                (Locale::Es, false) => format!("Del mismo grupo que {medication}"),
                (Locale::En, true) => format!("Prescribed already: {medication}"),
                (Locale::En, false) => format!("Of the same group as {medication}"),
            };
            let id = format!("duplicate:{about}");
            found.push(Warning {
                id,
                kind: WarningKind::Duplicate,
                severity,
                about,
                text,
                source: "WHO ATC".to_owned(),
            });
        }
        for pair in between(atc, &other) {
            found.push(Warning {
                id: format!("interaction:{about}:{}-{}", pair.one, pair.other),
                kind: WarningKind::Interaction,
                severity: pair.severity,
                about,
                text: format!("{medication}: {}", pair.text.in_locale(locale)),
                source: pair.source.to_owned(),
            });
        }
    }
    found.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.id.cmp(&other.id)));
    Ok(found)
}
