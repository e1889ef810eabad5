//! Prescriptions in the database.

use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row, mysql::MySqlRow};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{code, state::PrescriptionStatus};
use crate::{
    db::{Fault, Stamp},
    http::{Check, Faults, Kind, Problem, Result, Scope},
    keys::{Keys, Purpose},
    resources::records::atc,
    scoped,
};

/// What is prescribed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrescriptionContent {
    /// ATC code of the substance.
    #[schema(example = "J01CA04", pattern = "^[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}$")]
    pub(crate) atc: String,
    /// The product's national code (in Spain: Código Nacional).
    #[schema(example = "653457")]
    pub(crate) national_code: Option<String>,
    /// Name and strength.
    #[schema(example = "Amoxicilina 500 mg cápsulas")]
    pub(crate) medication: String,
    /// How much at a time.
    #[schema(example = "1 cápsula")]
    pub(crate) dose: String,
    /// Which way: EDQM term or in words.
    #[schema(example = "oral")]
    pub(crate) route: String,
    /// How often.
    #[schema(example = "cada 8 horas")]
    pub(crate) frequency: String,
    /// For how many days.
    #[schema(minimum = 1, maximum = 730)]
    pub(crate) duration_days: Option<u16>,
    /// How much may be dispensed in all.
    #[schema(minimum = 1, maximum = 100_000)]
    pub(crate) quantity: u32,
    /// Of what: capsules, millilitres, packs.
    #[schema(example = "cápsulas")]
    pub(crate) unit: String,
    /// What for.
    pub(crate) indication: Option<String>,
}

impl Check for PrescriptionContent {
    fn check(&self, faults: &mut Faults) {
        let substance = self.atc.len() == 7 && atc(&self.atc);
        faults.expect(
            substance,
            "/atc",
            "No es el código ATC de un principio activo.",
            "Not the ATC code of a substance.",
        );
        let national = self.national_code.as_deref().is_none_or(|code| {
            (6..=13).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        });
        faults.expect(
            national,
            "/national_code",
            "No es un código nacional.",
            "Not a national code.",
        );
        faults.line(&self.medication, 300, "/medication");
        faults.line(&self.dose, 100, "/dose");
        faults.line(&self.route, 40, "/route");
        faults.line(&self.frequency, 200, "/frequency");
        let days = self.duration_days.is_none_or(|days| (1..=730).contains(&days));
        faults.expect(days, "/duration_days", "Entre 1 y 730.", "Between 1 and 730.");
        faults.expect(
            (1..=100_000).contains(&self.quantity),
            "/quantity",
            "Entre 1 y 100000.",
            "Between 1 and 100000.",
        );
        faults.line(&self.unit, 40, "/unit");
        faults.optional_line(self.indication.as_deref(), 500, "/indication");
    }
}

/// A prescription.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Prescription {
    pub(crate) id: Uuid,
    pub(crate) patient: Uuid,
    pub(crate) prescriber: Uuid,
    pub(crate) status: PrescriptionStatus,
    #[serde(flatten)]
    pub(crate) content: PrescriptionContent,
    /// Dispensed so far.
    pub(crate) dispensed: u32,
    /// For the pharmacy; once it is signed.
    pub(crate) code: Option<String>,
    pub(crate) signed_at: Option<Stamp>,
    /// Not to be dispensed afterwards.
    pub(crate) valid_until: Option<Stamp>,
    /// Warnings that the prescriber answered when signing.
    #[schema(value_type = Option<Vec<Object>>)]
    pub(crate) overridden: Option<serde_json::Value>,
    pub(crate) version: u32,
    pub(crate) updated_at: Stamp,
}

impl FromRow<'_, MySqlRow> for Prescription {
    fn from_row(row: &MySqlRow) -> Result<Self, sqlx::Error> {
        let status: String = row.try_get("status")?;
        let overridden: Option<String> = row.try_get("overridden")?;
        let overridden = overridden
            .map(|text| serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into())))
            .transpose()?;
        Ok(Self {
            id: row.try_get("id")?,
            patient: row.try_get("patient")?,
            prescriber: row.try_get("prescriber")?,
            status: PrescriptionStatus::from_word(&status)
                .ok_or_else(|| sqlx::Error::Decode("unknown status".into()))?,
            content: PrescriptionContent {
                atc: row.try_get("atc")?,
                national_code: row.try_get("national_code")?,
                medication: row.try_get("medication")?,
                dose: row.try_get("dose")?,
                route: row.try_get("route")?,
                frequency: row.try_get("frequency")?,
                duration_days: row.try_get("duration_days")?,
                quantity: row.try_get("quantity")?,
                unit: row.try_get("unit")?,
                indication: row.try_get("indication")?,
            },
            dispensed: row.try_get("dispensed")?,
            code: row.try_get::<Option<String>, _>("code")?.map(|code| code::shown(&code)),
            signed_at: row.try_get("signed_at")?,
            valid_until: row.try_get("valid_until")?,
            overridden,
            version: row.try_get("version")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

pub(crate) async fn find(scope: &mut Scope, patient: Uuid, id: Uuid) -> Result<Prescription> {
    let query = scope.query_as::<Prescription>(scoped!(
        "SELECT * FROM prescription WHERE organization = ? AND patient = ? AND id = ?"
    ));
    Ok(query
        .bind(patient)
        .bind(id)
        .fetch_optional(scope.db())
        .await?
        .ok_or(Fault::NoRow)?)
}

/// What the prescriber's signature covers: everything that a pharmacy acts on.
fn signed_bytes(organization: Uuid, prescription: &Prescription, code: &str, until: Stamp) -> Result<Vec<u8>> {
    let content =
        serde_json::to_vec(&prescription.content).map_err(|_| Problem::bug("a prescription does not serialize"))?;
    Ok([
        organization.as_bytes(),
        prescription.id.as_bytes(),
        prescription.patient.as_bytes(),
        prescription.prescriber.as_bytes(),
        code.as_bytes(),
        &until.micros().to_be_bytes(),
        &content,
    ]
    .concat())
}

/// Signs a draft.
pub(super) async fn sign(
    scope: &mut Scope,
    draft: &Prescription,
    until: Stamp,
    overridden: Option<String>,
) -> Result<()> {
    let app = scope.shared_app();
    let code = code::new(&app.keys)?;
    let (key, signature) = app.keys.sign(
        Purpose::Prescriptions,
        &signed_bytes(scope.organization(), draft, &code, until)?,
    )?;
    let query = scope.query(scoped!(
        "UPDATE prescription SET status = 'active', code = ?, signed_at = ?, signature = ?, signature_key = ?, \
         valid_until = ?, overridden = ?, updated_at = ?, version = version + 1 \
         WHERE organization = ? AND id = ? AND version = ? AND status = 'draft'"
    ));
    let now = Stamp::now();
    query
        .bind(code)
        .bind(now)
        .bind(signature.to_vec())
        .bind(key.to_vec())
        .bind(until)
        .bind(overridden)
        .bind(now)
        .bind(draft.id)
        .bind(draft.version)
        .change(scope.db(), Kind::Changed)
        .await?;
    Ok(())
}

/// Whether what stands in the database is what was signed.
pub(super) fn signature_holds(keys: &Keys, organization: Uuid, row: &MySqlRow) -> Result<bool> {
    let prescription = Prescription::from_row(row)?;
    let (code, until): (Option<String>, Option<Stamp>) = (row.try_get("code")?, row.try_get("valid_until")?);
    let (key, signature): (Option<Vec<u8>>, Option<Vec<u8>>) =
        (row.try_get("signature_key")?, row.try_get("signature")?);
    let (Some(code), Some(until), Some(key), Some(signature)) = (code, until, key, signature) else {
        return Ok(false);
    };
    Ok(keys.verify(
        Purpose::Prescriptions,
        &key,
        &signed_bytes(organization, &prescription, &code, until)?,
        &signature,
    ))
}

pub(super) async fn write_event(scope: &mut Scope, prescription: &Prescription, reason: Option<String>) -> Result<()> {
    let by = scope.actor().id();
    let query = scope.query(scoped!(
        "INSERT INTO prescription_event (organization, prescription, version, status, actor, reason, at) \
         VALUES (?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(prescription.id)
        .bind(prescription.version)
        .bind(prescription.status.word())
        .bind(by)
        .bind(reason)
        .bind(Stamp::now())
        .execute(scope.db())
        .await?;
    Ok(())
}

/// Moves prescriptions to the patient that theirs was joined to. The signature covers the patient: one that holds is made
/// anew, one that does not hold is left as it is, and goes on not holding.
pub(in crate::resources) async fn rehome(scope: &mut Scope, from: Uuid, to: Uuid) -> Result<()> {
    let app = scope.shared_app();
    let organization = scope.organization();
    let query = scope.query(scoped!(
        "SELECT * FROM prescription WHERE organization = ? AND patient = ? FOR UPDATE"
    ));
    for row in query.bind(from).fetch_all(scope.db()).await? {
        let mut prescription = Prescription::from_row(&row)?;
        let holds = signature_holds(&app.keys, organization, &row)?;
        prescription.patient = to;
        let query = scope.query(scoped!(
            "UPDATE prescription SET patient = ?, version = version + 1 WHERE organization = ? AND id = ?"
        ));
        query.bind(to).bind(prescription.id).execute(scope.db()).await?;
        let (code, until): (Option<String>, Option<Stamp>) = (row.try_get("code")?, row.try_get("valid_until")?);
        if let (true, Some(code), Some(until)) = (holds, code, until) {
            let bytes = signed_bytes(organization, &prescription, &code, until)?;
            let (key, signature) = app.keys.sign(Purpose::Prescriptions, &bytes)?;
            let query = scope.query(scoped!(
                "UPDATE prescription SET signature = ?, signature_key = ? WHERE organization = ? AND id = ?"
            ));
            query
                .bind(signature.to_vec())
                .bind(key.to_vec())
                .bind(prescription.id)
                .execute(scope.db())
                .await?;
        }
    }
    Ok(())
}
