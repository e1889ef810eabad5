//! MedicationRequest, as clients write it.

use serde::{Deserialize, de::IgnoredAny};
use uuid::Uuid;

use super::{
    input::{Concept, Extension, Identifier, Period, Quantity, Reference, instant, not_kept},
    json::{ATC, NATIONAL_CODE},
    kind::Type,
    medication::DOSE,
};
use crate::{
    db::Stamp,
    http::{Check, Faults, Result},
    resources::prescriptions::{PrescriptionContent, PrescriptionStatus},
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Repeat {
    bounds_duration: Option<Quantity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Timing {
    repeat: Option<Repeat>,
    code: Option<Concept>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DoseAndRate {
    dose_quantity: Option<Quantity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Dosage {
    #[serde(default)]
    extension: Vec<Extension>,
    #[serde(rename = "text")]
    _text: Option<String>,
    timing: Option<Timing>,
    route: Option<Concept>,
    #[serde(default)]
    dose_and_rate: Vec<DoseAndRate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DispenseRequest {
    validity_period: Option<Period>,
    quantity: Option<Quantity>,
}

/// A prescription.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MedicationRequestInput {
    #[serde(rename = "resourceType")]
    _kind: String,
    pub(super) id: Option<String>,
    #[serde(rename = "meta")]
    _meta: Option<IgnoredAny>,
    #[serde(rename = "text")]
    _text: Option<IgnoredAny>,
    #[serde(rename = "identifier", default)]
    _identifier: Vec<Identifier>,
    status: String,
    status_reason: Option<Concept>,
    intent: String,
    medication_codeable_concept: Option<Concept>,
    subject: Reference,
    #[serde(rename = "authoredOn")]
    _authored_on: Option<IgnoredAny>,
    requester: Option<Reference>,
    #[serde(default)]
    reason_code: Vec<Concept>,
    #[serde(default)]
    dosage_instruction: Vec<Dosage>,
    dispense_request: Option<DispenseRequest>,
}

/// What a prescription comes to.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) status: PrescriptionStatus,
    pub(super) patient: Uuid,
    pub(super) requester: Option<Uuid>,
    pub(super) content: PrescriptionContent,
    /// Why its status changes.
    pub(super) why: Option<String>,
    /// Until when it may be dispensed.
    pub(super) until: Option<Stamp>,
}

/// FHIR's name for a field of the content.
fn named(pointer: &str) -> String {
    match pointer {
        "/atc" => "MedicationRequest.medication.coding.where(system='http://www.whocc.no/atc').code",
        "/national_code" => "MedicationRequest.medication.coding.where(system='urn:galeno:national-code').code",
        "/medication" => "MedicationRequest.medication.text",
        "/dose" => "MedicationRequest.dosageInstruction[0].doseAndRate[0].doseQuantity",
        "/route" => "MedicationRequest.dosageInstruction[0].route.text",
        "/frequency" => "MedicationRequest.dosageInstruction[0].timing.code.text",
        "/duration_days" => "MedicationRequest.dosageInstruction[0].timing.repeat.boundsDuration",
        "/quantity" => "MedicationRequest.dispenseRequest.quantity.value",
        "/unit" => "MedicationRequest.dispenseRequest.quantity.unit",
        "/indication" => "MedicationRequest.reasonCode[0].text",
        other => other,
    }
    .to_owned()
}

/// A whole number that is not negative; none for every other one.
fn whole(value: Option<f64>) -> Option<u32> {
    let value = value.filter(|value| value.fract() == 0.0 && (0.0..=1e9).contains(value))?;
    // Exact for whole numbers of this size.
    format!("{value}").parse().ok()
}

fn words(concept: Option<&Concept>, at: &str, faults: &mut Faults) -> String {
    let Some(concept) = concept else { return String::new() };
    concept.only(&[], at, faults);
    concept.text.clone().unwrap_or_default()
}

fn dose(one: &Dosage, faults: &mut Faults) -> String {
    let at = "MedicationRequest.dosageInstruction[0]";
    not_kept(
        one.extension.iter().all(|one| one.url == DOSE),
        &format!("{at}.extension"),
        faults,
    );
    not_kept(one.dose_and_rate.len() <= 1, &format!("{at}.doseAndRate"), faults);
    let told = one.extension.iter().find_map(|one| one.value_string.clone());
    told.unwrap_or_else(|| {
        let quantity = one.dose_and_rate.first().and_then(|dose| dose.dose_quantity.as_ref());
        quantity.map_or_else(String::new, |quantity| {
            let unit = quantity
                .unit
                .as_deref()
                .or(quantity.code.as_deref())
                .unwrap_or_default();
            let value = quantity.value.map(|value| value.to_string()).unwrap_or_default();
            format!("{value} {unit}").trim().to_owned()
        })
    })
}

fn days(one: &Dosage, faults: &mut Faults) -> Option<u16> {
    let bounds = one.timing.as_ref()?.repeat.as_ref()?.bounds_duration.as_ref()?;
    let in_days = bounds.code.as_deref().or(bounds.unit.as_deref()) == Some("d");
    let ucum = bounds
        .system
        .as_deref()
        .is_none_or(|system| system == super::json::UCUM);
    let days = whole(bounds.value).and_then(|days| u16::try_from(days).ok());
    let at = "MedicationRequest.dosageInstruction[0].timing.repeat.boundsDuration";
    not_kept(in_days && ucum && days.is_some(), at, faults);
    days
}

impl MedicationRequestInput {
    /// What it comes to, checked as every content is.
    pub(super) fn wanted(self, base: &str) -> Result<Wanted> {
        let mut faults = Faults::default();
        let status = PrescriptionStatus::from_word(&self.status);
        faults.expect(
            status.is_some(),
            "MedicationRequest.status",
            "draft, active, on-hold, completed, stopped o cancelled.",
            "draft, active, on-hold, completed, stopped or cancelled.",
        );
        not_kept(self.intent == "order", "MedicationRequest.intent", &mut faults);
        let patient = self.subject.of(Type::Patient, base);
        faults.expect(
            patient.is_some(),
            "MedicationRequest.subject",
            "Hace falta el paciente.",
            "The patient is needed.",
        );
        let medication = self.medication_codeable_concept.unwrap_or_default();
        medication.only(
            &[ATC, NATIONAL_CODE],
            "MedicationRequest.medication.coding",
            &mut faults,
        );
        not_kept(
            self.dosage_instruction.len() <= 1,
            "MedicationRequest.dosageInstruction",
            &mut faults,
        );
        let dosage = self.dosage_instruction.into_iter().next().unwrap_or_default();
        let dispense = self.dispense_request.unwrap_or_default();
        let quantity = dispense.quantity.unwrap_or_default();
        let indication = match self.reason_code.as_slice() {
            [] => None,
            [one] => Some(words(Some(one), "MedicationRequest.reasonCode[0].coding", &mut faults)),
            _ => {
                not_kept(false, "MedicationRequest.reasonCode", &mut faults);
                None
            }
        };
        let timing = dosage.timing.as_ref().and_then(|timing| timing.code.as_ref());
        let content = PrescriptionContent {
            atc: medication.code(ATC).unwrap_or_default().to_owned(),
            national_code: medication.code(NATIONAL_CODE).map(str::to_owned),
            medication: medication.text.unwrap_or_default(),
            dose: dose(&dosage, &mut faults),
            route: words(
                dosage.route.as_ref(),
                "MedicationRequest.dosageInstruction[0].route.coding",
                &mut faults,
            ),
            frequency: words(
                timing,
                "MedicationRequest.dosageInstruction[0].timing.code.coding",
                &mut faults,
            ),
            duration_days: days(&dosage, &mut faults),
            quantity: whole(quantity.value).unwrap_or(0),
            unit: quantity.unit.or(quantity.code).unwrap_or_default(),
            indication,
        };
        content.check(&mut faults);
        let until = dispense
            .validity_period
            .as_ref()
            .and_then(|period| period.end.as_deref());
        let until = instant(
            until,
            "MedicationRequest.dispenseRequest.validityPeriod.end",
            &mut faults,
        );
        let requester = self.requester.as_ref().map(|one| one.of(Type::Practitioner, base));
        not_kept(requester != Some(None), "MedicationRequest.requester", &mut faults);
        let why = self.status_reason.and_then(|why| why.text);
        faults.optional_line(why.as_deref(), 500, "MedicationRequest.statusReason.text");
        faults.into_result().map_err(|problem| problem.rename_fields(named))?;
        Ok(Wanted {
            status: status.unwrap_or(PrescriptionStatus::Draft),
            patient: patient.unwrap_or_default(),
            requester: requester.flatten(),
            content,
            why,
            until: until.map(Stamp::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::MedicationRequestInput;
    use crate::{
        db::Stamp,
        fhir::medication::prescription,
        resources::prescriptions::{Prescription, PrescriptionContent, PrescriptionStatus},
    };

    fn words() -> impl Strategy<Value = String> {
        "[A-Za-z0-9ñá][A-Za-z0-9ñá ,.]{0,30}[a-z0-9]"
    }

    fn contents() -> impl Strategy<Value = PrescriptionContent> {
        (
            "[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}",
            prop::option::of("[0-9]{6}"),
            (words(), words(), words(), words(), words()),
            prop::option::of(1..=730_u16),
            1..=100_000_u32,
            prop::option::of(words()),
        )
            .prop_map(
                |(
                    atc,
                    national_code,
                    (medication, dose, route, frequency, unit),
                    duration_days,
                    quantity,
                    indication,
                )| {
                    PrescriptionContent {
                        atc,
                        national_code,
                        medication,
                        dose,
                        route,
                        frequency,
                        duration_days,
                        quantity,
                        unit,
                        indication,
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn a_prescription_comes_back_as_it_went_out(content in contents(), status in 0..PrescriptionStatus::ALL.len(), signed: bool) {
            let now = Stamp::now();
            let one = Prescription {
                id: Uuid::now_v7(),
                patient: Uuid::now_v7(),
                prescriber: Uuid::now_v7(),
                status: PrescriptionStatus::ALL[status],
                content,
                dispensed: 0,
                code: signed.then(|| "AAAAA-BBBBB-CCCCC-DDDDD".to_owned()),
                signed_at: signed.then_some(now),
                valid_until: signed.then_some(now),
                overridden: None,
                version: 2,
                updated_at: now,
            };
            let input: MedicationRequestInput = serde_json::from_value(prescription(&one, now)).unwrap();
            let back = input.wanted("https://api.clinic.example/fhir").map_err(|problem| TestCaseError::fail(format!("{problem:?}")))?;
            prop_assert_eq!(back.status, one.status);
            prop_assert_eq!(back.patient, one.patient);
            prop_assert_eq!(back.requester, Some(one.prescriber));
            prop_assert_eq!(back.until, one.valid_until);
            prop_assert_eq!(serde_json::to_value(&back.content).unwrap(), serde_json::to_value(&one.content).unwrap());
        }
    }

    #[test]
    fn a_dose_may_be_a_quantity_and_codes_of_other_systems_are_refused() {
        let mut value = serde_json::json!({
            "resourceType": "MedicationRequest", "status": "draft", "intent": "order",
            "subject": {"reference": format!("Patient/{}", Uuid::now_v7())},
            "medicationCodeableConcept": {"coding": [{"system": super::ATC, "code": "N02BE01"}], "text": "Paracetamol 1 g"},
            "dosageInstruction": [{
                "timing": {"code": {"text": "cada 8 horas"}}, "route": {"text": "oral"},
                "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "comprimido"}}],
            }],
            "dispenseRequest": {"quantity": {"value": 20, "unit": "comprimidos"}},
        });
        let wanted = |value: serde_json::Value| {
            serde_json::from_value::<MedicationRequestInput>(value)
                .unwrap()
                .wanted("x")
        };
        assert_eq!(wanted(value.clone()).unwrap().content.dose, "1 comprimido");
        value["dosageInstruction"][0]["route"] = serde_json::json!({"coding": [{"system": "urn:x", "code": "1"}]});
        value["dispenseRequest"]["quantity"]["value"] = serde_json::json!(1.5);
        let problem = format!("{:?}", wanted(value).unwrap_err());
        assert!(
            problem.contains("route.coding") && problem.contains("quantity.value"),
            "{problem}"
        );
    }
}
