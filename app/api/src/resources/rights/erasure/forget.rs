//! Removing what may go.

use sqlx::Row;
use uuid::Uuid;

use super::plan::Plan;
use crate::{
    db::Stamp,
    http::{Result, Scope, Scoped},
    scoped,
};

/// Removes what the plan names. References inside a process are cut first: the process goes as a whole.
pub(super) async fn clear(scope: &mut Scope, plan: &Plan) -> Result<()> {
    let steps: [(&[Uuid], &[Scoped]); 5] = [
        (
            &plan.entries,
            &[scoped!(
                "UPDATE entry SET encounter = NULL, amends = NULL WHERE organization = ? AND id = ?"
            )],
        ),
        (
            &plan.attachments,
            &[scoped!("DELETE FROM attachment WHERE organization = ? AND id = ?")],
        ),
        (
            &plan.prescriptions,
            &[
                scoped!("DELETE FROM dispensation WHERE organization = ? AND prescription = ?"),
                scoped!("DELETE FROM prescription_event WHERE organization = ? AND prescription = ?"),
                scoped!("DELETE FROM prescription WHERE organization = ? AND id = ?"),
            ],
        ),
        (
            &plan.appointments,
            &[
                scoped!("DELETE FROM appointment_event WHERE organization = ? AND appointment = ?"),
                scoped!("DELETE FROM appointment WHERE organization = ? AND id = ?"),
            ],
        ),
        (
            &plan.emergencies,
            &[scoped!("DELETE FROM break_glass WHERE organization = ? AND id = ?")],
        ),
    ];
    for (ids, statements) in steps {
        for id in ids {
            for statement in statements {
                scope.query(*statement).bind(*id).execute(scope.db()).await?;
            }
        }
    }
    for id in &plan.entries {
        for statement in [
            scoped!("DELETE FROM entry_version WHERE organization = ? AND entry = ?"),
            scoped!("DELETE FROM entry WHERE organization = ? AND id = ?"),
        ] {
            scope.query(statement).bind(*id).execute(scope.db()).await?;
        }
    }
    Ok(())
}

/// The patient and every registration that was joined to it.
pub(super) async fn with_merged(scope: &mut Scope, patient: Uuid) -> Result<Vec<Uuid>> {
    let query = scope.query(scoped!(
        "SELECT id FROM patient WHERE organization = ? AND merged_into = ? FOR UPDATE"
    ));
    let rows = query.bind(patient).fetch_all(scope.db()).await?;
    let mut people = vec![patient];
    for row in rows {
        people.push(row.try_get("id")?);
    }
    Ok(people)
}

/// How to reach somebody goes, also from the versions before.
pub(super) async fn forget_contact(scope: &mut Scope, patient: Uuid) -> Result<()> {
    let query = scope.query(scoped!(
        "UPDATE patient SET phone = NULL, email = NULL, address = NULL, postal_code = NULL, updated_at = ?, \
         version = version + 1 WHERE organization = ? AND id = ?"
    ));
    query.bind(Stamp::now()).bind(patient).execute(scope.db()).await?;
    let query = scope.query(scoped!(
        "UPDATE patient_version SET content = JSON_REMOVE(content, '$.phone', '$.email', '$.address', '$.postal_code') \
         WHERE organization = ? AND patient = ?"
    ));
    query.bind(patient).execute(scope.db()).await?;
    for statement in [
        scoped!("DELETE FROM waiting WHERE organization = ? AND patient = ?"),
        scoped!(
            "UPDATE guardian SET until = UTC_TIMESTAMP(6) WHERE organization = ? AND guardian = ? AND until IS NULL"
        ),
    ] {
        scope.query(statement).bind(patient).execute(scope.db()).await?;
    }
    Ok(())
}

/// Everything about a person goes; the shell stays.
pub(super) async fn forget(scope: &mut Scope, patient: Uuid) -> Result<()> {
    let now = Stamp::now();
    let query = scope.query(scoped!(
        "UPDATE patient SET document_type = NULL, document_number = NULL, given_name = '-', family_name = '-', \
         birth_date = '1900-01-01', sex = 'unknown', phone = NULL, email = NULL, address = NULL, postal_code = NULL, \
         deceased_at = NULL, erased_at = ?, updated_at = ?, version = version + 1 WHERE organization = ? AND id = ?"
    ));
    query.bind(now).bind(now).bind(patient).execute(scope.db()).await?;
    for statement in [
        scoped!("DELETE FROM patient_version WHERE organization = ? AND patient = ?"),
        scoped!("DELETE FROM patient_word WHERE organization = ? AND patient = ?"),
        scoped!("DELETE FROM waiting WHERE organization = ? AND patient = ?"),
        scoped!("DELETE FROM guardian WHERE organization = ? AND patient = ?"),
        scoped!("DELETE FROM guardian WHERE organization = ? AND guardian = ?"),
        scoped!("DELETE FROM care_team WHERE organization = ? AND patient = ?"),
        scoped!("UPDATE patient_merge SET reason = '-' WHERE organization = ? AND survivor = ?"),
        scoped!(
            "UPDATE rights_request SET wording = '-', explanation = IF(decision IS NULL, NULL, '-') \
                 WHERE organization = ? AND patient = ?"
        ),
        scoped!("UPDATE restriction_event SET reason = '-' WHERE organization = ? AND patient = ?"),
    ] {
        scope.query(statement).bind(patient).execute(scope.db()).await?;
    }
    Ok(())
}

/// Passkeys and sessions go with the account.
pub(super) async fn forget_account(scope: &mut Scope, patient: Uuid) -> Result<()> {
    let query = scope.query(scoped!("DELETE FROM account WHERE organization = ? AND patient = ?"));
    query.bind(patient).execute(scope.db()).await?;
    Ok(())
}
