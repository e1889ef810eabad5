//! What hangs on a patient: one list, with what becomes of each at a merge, at an erasure, and in an export.
//!
//! A test asks the database which columns name a patient, and fails when one of them is not here.

use crate::{http::Scoped, scoped};

/// A column that names a patient, and what becomes of its rows.
pub(super) struct Belonging {
    table: &'static str,
    column: &'static str,
    pub(super) merge: AtMerge,
    pub(super) erasure: AtErasure,
    /// The part of an export that tells of it.
    part: &'static str,
}

/// When the patient is joined to another one.
pub(super) enum AtMerge {
    /// It moves. The statement binds the survivor and the registration that ends.
    Moves(Scoped),
    /// It moves by `rehome` of its own module.
    Rehomed,
    /// It ends. The statement binds the registration that ends.
    Ends(Scoped),
    /// It goes on telling what happened to that registration.
    Stays,
}

/// When the patient is erased.
pub(super) enum AtErasure {
    /// Each row by itself: the plan says which the law keeps.
    Judged,
    /// With the person; `contact` goes even if the person must be kept. The statements bind the patient.
    Goes { contact: Option<Scoped>, person: Scoped },
    /// It stays as proof, or so that what stays means somebody.
    Stays,
}

const fn row(
    (table, column): (&'static str, &'static str),
    merge: AtMerge,
    erasure: AtErasure,
    part: &'static str,
) -> Belonging {
    Belonging {
        table,
        column,
        merge,
        erasure,
        part,
    }
}

const fn with_person(person: Scoped) -> AtErasure {
    AtErasure::Goes { contact: None, person }
}

const fn with_contact(statement: Scoped) -> AtErasure {
    AtErasure::Goes {
        contact: Some(statement),
        person: statement,
    }
}

macro_rules! moves {
    ($table:literal, $column:literal) => {
        AtMerge::Moves(scoped!(concat!(
            "UPDATE ",
            $table,
            " SET ",
            $column,
            " = ? WHERE organization = ? AND ",
            $column,
            " = ?"
        )))
    };
}

macro_rules! deletes {
    ($table:literal, $column:literal) => {
        scoped!(concat!(
            "DELETE FROM ",
            $table,
            " WHERE organization = ? AND ",
            $column,
            " = ?"
        ))
    };
}

/// The list.
pub(super) const BELONGINGS: &[Belonging] = {
    use AtErasure::{Goes, Judged, Stays as Proof};
    use AtMerge::{Ends, Moves, Rehomed, Stays};
    &[
        // The patient of each line says what was seen then.
        row(("access_log", "patient"), Stays, Proof, "access_log"),
        row(
            ("account", "patient"),
            Ends(scoped!(
                "UPDATE account SET active = FALSE WHERE organization = ? AND patient = ?"
            )),
            // Passkeys and sessions go with it.
            with_contact(deletes!("account", "patient")),
            "accounts",
        ),
        row(
            ("app_token", "patient"),
            Ends(deletes!("app_token", "patient")),
            with_contact(deletes!("app_token", "patient")),
            "app_tokens",
        ),
        row(
            ("appointment", "patient"),
            moves!("appointment", "patient"),
            Judged,
            "appointments",
        ),
        row(
            ("attachment", "patient"),
            moves!("attachment", "patient"),
            Judged,
            "documents",
        ),
        row(
            ("break_glass", "patient"),
            moves!("break_glass", "patient"),
            Judged,
            "emergencies",
        ),
        row(
            ("care_team", "patient"),
            moves!("care_team", "patient"),
            with_person(deletes!("care_team", "patient")),
            "care_team",
        ),
        row(("consent", "patient"), Rehomed, Proof, "consents"),
        row(
            ("dispensation", "patient"),
            moves!("dispensation", "patient"),
            Judged,
            "dispensations",
        ),
        row(("entry", "patient"), moves!("entry", "patient"), Judged, "entries"),
        row(("erasure", "patient"), Stays, Proof, "erasures"),
        row(
            ("guardian", "guardian"),
            moves!("guardian", "guardian"),
            Goes {
                contact: Some(scoped!(
                    "UPDATE guardian SET until = UTC_TIMESTAMP(6) \
                     WHERE organization = ? AND guardian = ? AND until IS NULL"
                )),
                person: deletes!("guardian", "guardian"),
            },
            "wards",
        ),
        row(
            ("guardian", "patient"),
            moves!("guardian", "patient"),
            with_person(deletes!("guardian", "patient")),
            "guardians",
        ),
        row(("patient", "merged_into"), Stays, Proof, "person"),
        row(("patient_merge", "merged"), Stays, Proof, "merges"),
        row(
            ("patient_merge", "survivor"),
            Stays,
            with_person(scoped!(
                "UPDATE patient_merge SET reason = '-' WHERE organization = ? AND survivor = ?"
            )),
            "merges",
        ),
        row(
            ("patient_pair", "patient"),
            Ends(deletes!("patient_pair", "patient")),
            with_person(deletes!("patient_pair", "patient")),
            "person",
        ),
        row(
            ("patient_version", "patient"),
            Stays,
            Goes {
                contact: Some(scoped!(
                    "UPDATE patient_version \
                     SET content = JSON_REMOVE(content, '$.phone', '$.email', '$.address', '$.postal_code') \
                     WHERE organization = ? AND patient = ?"
                )),
                person: deletes!("patient_version", "patient"),
            },
            "versions",
        ),
        row(
            ("patient_word", "patient"),
            Ends(deletes!("patient_word", "patient")),
            with_person(deletes!("patient_word", "patient")),
            "person",
        ),
        row(("prescription", "patient"), Rehomed, Judged, "prescriptions"),
        row(
            ("restriction_event", "patient"),
            Stays,
            with_person(scoped!(
                "UPDATE restriction_event SET reason = '-' WHERE organization = ? AND patient = ?"
            )),
            "restrictions",
        ),
        row(
            ("rights_request", "patient"),
            moves!("rights_request", "patient"),
            with_person(scoped!(
                "UPDATE rights_request SET wording = '-', explanation = IF(decision IS NULL, NULL, '-') \
                 WHERE organization = ? AND patient = ?"
            )),
            "rights_requests",
        ),
        row(
            ("waiting", "patient"),
            // A place on a list is held once: the survivor may hold one already.
            Moves(scoped!(
                "UPDATE waiting SET status = IF(status = 'waiting', 'cancelled', status), patient = ? \
                 WHERE organization = ? AND patient = ?"
            )),
            with_contact(deletes!("waiting", "patient")),
            "waiting",
        ),
    ]
};

/// Table, column, and part of the export, of everything that hangs on a patient. For the test that asks the database.
pub fn belongings() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    BELONGINGS.iter().map(|one| (one.table, one.column, one.part))
}
