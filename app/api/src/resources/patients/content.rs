//! A patient as read and as written, and what is checked of it.

use jiff::{
    Timestamp,
    tz::{TimeZone, offset},
};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    db::{Day, Stamp},
    http::{Check, Faults, Kind, Problem, Result},
    people::{self, DocumentType},
};

/// A patient.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub(crate) struct Patient {
    pub(crate) id: Uuid,
    /// `dni`, `nie` or `passport`.
    pub(crate) document_type: Option<String>,
    pub(crate) document_number: Option<String>,
    pub(crate) given_name: String,
    pub(crate) family_name: String,
    pub(crate) birth_date: Day,
    /// `female`, `male`, `other` or `unknown`, as FHIR has it.
    pub(crate) sex: String,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) postal_code: Option<String>,
    /// `es` or `en`.
    pub(crate) language: String,
    pub(crate) deceased_at: Option<Stamp>,
    /// Made up, for training and tests.
    pub(crate) synthetic: bool,
    /// The registration that this one was joined to.
    pub(crate) merged_into: Option<Uuid>,
    /// Processing is restricted (GDPR, article 18): few may see more than this.
    pub(crate) restricted: bool,
    /// Everything about the person was erased then.
    pub(crate) erased_at: Option<Stamp>,
    pub(crate) version: u32,
    pub(crate) updated_at: Stamp,
}

impl Patient {
    /// Refuses a registration that was joined to another one, and says to which.
    pub(crate) fn must_not_be_merged(&self) -> Result<()> {
        match self.merged_into {
            None => Ok(()),
            Some(survivor) => Err(Problem::new(Kind::Conflict)
                .detail(
                    "Este registro se unió a otro; use el otro, el de merged_into.",
                    "This registration was joined to another one; use the other one, that of merged_into.",
                )
                .with("merged_into", survivor)),
        }
    }

    /// Refuses a registration that has ended: nothing more is written to it.
    pub(crate) fn must_be_current(&self) -> Result<()> {
        if self.erased_at.is_some() {
            return Err(Problem::new(Kind::Conflict).detail(
                "Los datos de esta persona se suprimieron; si vuelve, regístrela de nuevo.",
                "This person's data was erased; if they come again, register them anew.",
            ));
        }
        self.must_not_be_merged()
    }

    /// As a search shows it: of somebody whose data is restricted, enough to recognise them in an emergency.
    pub(crate) fn into_found(self) -> Self {
        if !self.restricted {
            return self;
        }
        Self {
            document_type: None,
            document_number: None,
            phone: None,
            email: None,
            address: None,
            postal_code: None,
            deceased_at: None,
            ..self
        }
    }
}

/// Sex, as FHIR's administrative gender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Other.
    Other,
    /// Not known.
    Unknown,
}

impl Sex {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Female, Self::Male, Self::Other, Self::Unknown]
            .into_iter()
            .find(|sex| sex.word() == word)
    }
}

/// An identity document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    r#type: DocumentType,
    /// Checked by its control letter; spaces, dots and hyphens are ignored.
    #[schema(example = "12345678Z")]
    number: String,
}

/// A patient as written.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatientContent {
    pub(crate) document: Option<Document>,
    pub(crate) given_name: String,
    pub(crate) family_name: String,
    pub(crate) birth_date: Day,
    pub(crate) sex: Sex,
    /// With its prefix.
    #[schema(example = "+34600000000")]
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) postal_code: Option<String>,
    /// `es` or `en`.
    #[serde(default = "spanish")]
    pub(crate) language: String,
    pub(crate) deceased_at: Option<Stamp>,
}

fn spanish() -> String {
    "es".to_owned()
}

impl PatientContent {
    /// The whole name.
    pub(super) fn whole_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }

    /// A patient as they would be written now.
    pub(super) fn of(patient: &Patient) -> Result<Self> {
        let document = patient.document_type.as_deref().zip(patient.document_number.clone());
        let document = document
            .map(|(kind, number)| DocumentType::from_word(kind).map(|kind| Document::new(kind, number)))
            .map(|document| document.ok_or_else(|| Problem::bug("unknown type of a document")))
            .transpose()?;
        Ok(Self {
            document,
            given_name: patient.given_name.clone(),
            family_name: patient.family_name.clone(),
            birth_date: patient.birth_date,
            sex: Sex::from_word(&patient.sex).ok_or_else(|| Problem::bug("unknown sex of a patient"))?,
            phone: patient.phone.clone(),
            email: patient.email.clone(),
            address: patient.address.clone(),
            postal_code: patient.postal_code.clone(),
            language: patient.language.clone(),
            deceased_at: patient.deceased_at,
        })
    }
}

/// The latest day that it is anywhere: a child born after midnight in Madrid is not born in the future.
fn latest_today() -> Day {
    Timestamp::now().to_zoned(TimeZone::fixed(offset(14))).date().into()
}

impl Document {
    pub(crate) const fn new(r#type: DocumentType, number: String) -> Self {
        Self { r#type, number }
    }

    pub(crate) fn stored(&self) -> Option<(&'static str, String)> {
        Some((self.r#type.word(), self.r#type.normalize(&self.number)?))
    }
}

impl Check for PatientContent {
    fn check(&self, faults: &mut Faults) {
        if let Some(document) = &self.document {
            let good = document.stored().is_some();
            faults.expect(
                good,
                "/document/number",
                "El número o su letra no son correctos.",
                "The number or its letter is wrong.",
            );
        }
        faults.line(&self.given_name, 100, "/given_name");
        faults.line(&self.family_name, 150, "/family_name");
        let oldest = jiff::civil::date(1890, 1, 1);
        let born = self.birth_date <= latest_today() && self.birth_date.date() >= oldest;
        faults.expect(born, "/birth_date", "Entre 1890 y hoy.", "Between 1890 and today.");
        let phone = self.phone.as_deref().is_none_or(people::phone);
        faults.expect(
            phone,
            "/phone",
            "Un teléfono con prefijo, como +34600000000.",
            "A telephone with its prefix, like +34600000000.",
        );
        let email = self.email.as_deref().is_none_or(people::email);
        faults.expect(
            email,
            "/email",
            "No es un correo electrónico.",
            "Not an e-mail address.",
        );
        faults.optional_line(self.address.as_deref(), 300, "/address");
        faults.optional_line(self.postal_code.as_deref(), 12, "/postal_code");
        faults.expect(
            matches!(self.language.as_str(), "es" | "en"),
            "/language",
            "es o en.",
            "es or en.",
        );
        let died = self.deceased_at.is_none_or(|at| at <= Stamp::now());
        faults.expect(
            died,
            "/deceased_at",
            "No puede estar en el futuro.",
            "It cannot be in the future.",
        );
    }
}
