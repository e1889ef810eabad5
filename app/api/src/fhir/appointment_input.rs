//! Appointment, as clients write it.

use serde::{Deserialize, de::IgnoredAny};
use uuid::Uuid;

use super::{
    input::{Concept, Reference, instant, not_kept},
    kind::Type,
};
use crate::{
    db::Stamp,
    http::{Faults, Result},
    resources::appointments::{AppointmentStatus, booking::Appointment},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Participant {
    actor: Option<Reference>,
    #[serde(rename = "required")]
    _required: Option<String>,
    #[serde(rename = "status")]
    _status: Option<String>,
}

/// An appointment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AppointmentInput {
    #[serde(rename = "resourceType")]
    _kind: String,
    pub(super) id: Option<String>,
    #[serde(rename = "meta")]
    _meta: Option<IgnoredAny>,
    #[serde(rename = "text")]
    _text: Option<IgnoredAny>,
    status: String,
    cancelation_reason: Option<Concept>,
    #[serde(default)]
    reason_code: Vec<Concept>,
    start: Option<String>,
    end: Option<String>,
    #[serde(rename = "minutesDuration")]
    _minutes_duration: Option<u32>,
    #[serde(default)]
    slot: Vec<Reference>,
    #[serde(rename = "created")]
    _created: Option<IgnoredAny>,
    #[serde(default)]
    participant: Vec<Participant>,
}

/// What an appointment comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) status: AppointmentStatus,
    pub(super) slot: Uuid,
    pub(super) patient: Uuid,
    pub(super) reason: Option<String>,
    /// Why it is cancelled.
    pub(super) why: Option<String>,
    staff: Option<Uuid>,
    start: Option<Stamp>,
    end: Option<Stamp>,
}

impl AppointmentInput {
    /// What it comes to; times and people are compared with the slot's afterwards.
    pub(super) fn wanted(self, base: &str) -> Result<Wanted> {
        let mut faults = Faults::default();
        let status = AppointmentStatus::from_word(&self.status);
        faults.expect(
            status.is_some(),
            "Appointment.status",
            "booked, arrived, fulfilled, cancelled o noshow.",
            "booked, arrived, fulfilled, cancelled or noshow.",
        );
        let slot = match self.slot.as_slice() {
            [one] => one.of(Type::Slot, base),
            _ => None,
        };
        faults.expect(
            slot.is_some(),
            "Appointment.slot",
            "Hace falta un hueco, y solo uno.",
            "One slot is needed, and only one.",
        );
        let (mut patients, mut staff) = (Vec::new(), Vec::new());
        for (index, one) in self.participant.iter().enumerate() {
            let actor = one.actor.as_ref();
            let of = |kind| actor.and_then(|actor| actor.of(kind, base));
            if let Some(id) = of(Type::Patient) {
                patients.push(id);
            } else if let Some(id) = of(Type::Practitioner) {
                staff.push(id);
            } else {
                // The place is the schedule's: naming it changes nothing.
                let fine = of(Type::Location).is_some();
                not_kept(fine, &format!("Appointment.participant[{index}].actor"), &mut faults);
            }
        }
        faults.expect(
            patients.len() == 1,
            "Appointment.participant",
            "Hace falta un paciente, y solo uno.",
            "One patient is needed, and only one.",
        );
        not_kept(staff.len() <= 1, "Appointment.participant", &mut faults);
        let reason = match self.reason_code.as_slice() {
            [] => None,
            [one] => {
                one.only(&[], "Appointment.reasonCode[0].coding", &mut faults);
                one.text.clone()
            }
            _ => {
                not_kept(false, "Appointment.reasonCode", &mut faults);
                None
            }
        };
        let why = self.cancelation_reason.and_then(|why| why.text);
        faults.optional_line(reason.as_deref(), 500, "Appointment.reasonCode[0].text");
        faults.optional_line(why.as_deref(), 500, "Appointment.cancelationReason.text");
        let start = instant(self.start.as_deref(), "Appointment.start", &mut faults);
        let end = instant(self.end.as_deref(), "Appointment.end", &mut faults);
        faults.into_result()?;
        Ok(Wanted {
            status: status.unwrap_or(AppointmentStatus::Booked),
            slot: slot.unwrap_or_default(),
            patient: patients.first().copied().unwrap_or_default(),
            reason,
            why,
            staff: staff.first().copied(),
            start: start.map(Stamp::from),
            end: end.map(Stamp::from),
        })
    }
}

impl Wanted {
    /// Refuses when the slot is not what the client took it for.
    pub(super) fn matches(&self, made: &Appointment) -> Result<()> {
        let mut faults = Faults::default();
        let mut same = |fine: bool, at: &str| {
            faults.expect(
                fine,
                at,
                "No es lo que dice el hueco; no se ha guardado nada.",
                "Not what the slot says; nothing was saved.",
            );
        };
        same(
            self.staff.is_none_or(|staff| staff == made.staff),
            "Appointment.participant",
        );
        same(
            self.start.is_none_or(|start| start == made.starts_at),
            "Appointment.start",
        );
        same(self.end.is_none_or(|end| end == made.ends_at), "Appointment.end");
        faults.into_result()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::{AppointmentInput, Wanted};
    use crate::{
        db::Stamp,
        fhir::appointment::{Booked, appointment},
        resources::appointments::AppointmentStatus,
    };

    proptest! {
        #[test]
        fn an_appointment_comes_back_as_it_went_out(
            status in 0..AppointmentStatus::ALL.len(),
            reason in prop::option::of("[A-Za-zñá][A-Za-zñá ]{0,40}[a-z]"),
            why in prop::option::of("[A-Za-z][a-z ]{0,20}[a-z]"),
            minutes in 5_u64..480,
        ) {
            let now = Stamp::now();
            let status = AppointmentStatus::ALL[status];
            let row = Booked {
                id: Uuid::now_v7(),
                slot: Uuid::now_v7(),
                patient: Uuid::now_v7(),
                staff: Uuid::now_v7(),
                clinic: Uuid::now_v7(),
                status: status.word().to_owned(),
                starts_at: now,
                ends_at: now.plus(std::time::Duration::from_secs(minutes * 60)),
                reason,
                why: why.clone(),
                version: 3,
                created_at: now,
                updated_at: now,
                restricted: false,
            };
            let input: AppointmentInput = serde_json::from_value(appointment(&row)).unwrap();
            let wanted = input.wanted("https://api.clinic.example/fhir").map_err(|problem| TestCaseError::fail(format!("{problem:?}")))?;
            prop_assert_eq!(wanted, Wanted {
                status,
                slot: row.slot,
                patient: row.patient,
                reason: row.reason,
                why: why.filter(|_| status == AppointmentStatus::Cancelled),
                staff: Some(row.staff),
                start: Some(row.starts_at),
                end: Some(row.ends_at),
            });
        }
    }
}
