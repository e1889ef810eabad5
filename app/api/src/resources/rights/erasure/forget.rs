//! Removing what may go.

use uuid::Uuid;

use super::plan::Plan;
use crate::{
    db::Stamp,
    http::{Result, Scope, Scoped},
    resources::belongings::{AtErasure, BELONGINGS},
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
            &[
                scoped!("UPDATE consent SET evidence = NULL WHERE organization = ? AND evidence = ?"),
                scoped!("DELETE FROM attachment WHERE organization = ? AND id = ?"),
            ],
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

/// How to reach somebody goes, also from the versions before.
pub(super) async fn forget_contact(scope: &mut Scope, patient: Uuid) -> Result<()> {
    let query = scope.query(scoped!(
        "UPDATE patient SET phone = NULL, email = NULL, address = NULL, postal_code = NULL, updated_at = ?, \
         version = version + 1 WHERE organization = ? AND id = ?"
    ));
    query.bind(Stamp::now()).bind(patient).execute(scope.db()).await?;
    for one in BELONGINGS {
        if let AtErasure::Goes {
            contact: Some(contact), ..
        } = one.erasure
        {
            scope.query(contact).bind(patient).execute(scope.db()).await?;
        }
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
    for one in BELONGINGS {
        if let AtErasure::Goes { person, .. } = one.erasure {
            scope.query(person).bind(patient).execute(scope.db()).await?;
        }
    }
    Ok(())
}
