//! The table of permissions: action, role, and which relation to the patient the role needs for it.
//!
//! A data-protection officer reads it in `docs/authorization.md`, which a test keeps equal to this file.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:tt,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in JSON, in the database and in the log.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value of a word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// What somebody is in an organization.
    Role {
        /// Treats, prescribes, signs.
        Physician = "physician",
        /// Nurses.
        Nurse = "nurse",
        /// Books and registers; sees nothing clinical.
        Receptionist = "receptionist",
        /// Dispenses.
        Pharmacist = "pharmacist",
        /// Manages the organization; sees nothing clinical.
        Administrator = "administrator",
        /// Data-protection officer: sees who saw what.
        Auditor = "auditor",
        /// A patient, or a guardian for their ward.
        Patient = "patient",
        /// A program, with scopes.
        Service = "service",
    }
}

words! {
    /// What somebody is to the patient that a request is about.
    Relation {
        /// The patient.
        Own = "self",
        /// A guardian of the patient.
        Guardian = "guardian",
        /// Treats the patient: named in the care team, or has an appointment with them around now.
        Care = "care",
        /// Opened this record in an emergency, with a reason, for a limited time.
        Emergency = "emergency",
        /// Works in the patient's organization.
        Organization = "organization",
    }
}

words! {
    /// What can be done. These words are also the scopes of service tokens.
    Action {
        /// See clinics, departments and the organization.
        OrganizationRead = "organization.read",
        /// Change them.
        OrganizationManage = "organization.manage",
        /// See who works here.
        StaffRead = "staff.read",
        /// Register and change staff, and give them access.
        StaffManage = "staff.manage",
        /// Look for patients.
        PatientSearch = "patient.search",
        /// Register a patient.
        PatientCreate = "patient.create",
        /// See a patient's personal details.
        PatientRead = "patient.read",
        /// Change them.
        PatientUpdate = "patient.update",
        /// Join two registrations of one person.
        PatientMerge = "patient.merge",
        /// Give a patient access to their own record.
        PatientAccount = "patient.account",
        /// Name and end guardians.
        GuardianManage = "guardian.manage",
        /// See who treats a patient.
        CareTeamRead = "care-team.read",
        /// Say who treats a patient.
        CareTeamManage = "care-team.manage",
        /// Read the clinical record.
        RecordRead = "record.read",
        /// Add to it and correct it.
        RecordWrite = "record.write",
        /// Sign an entry.
        RecordSign = "record.sign",
        /// See schedules and free slots.
        ScheduleRead = "schedule.read",
        /// Make schedules and slots.
        ScheduleManage = "schedule.manage",
        /// See a patient's appointments.
        AppointmentRead = "appointment.read",
        /// Book, move and cancel, and the waiting list.
        AppointmentBook = "appointment.book",
        /// See everybody's appointments of a day.
        AppointmentList = "appointment.list",
        /// Receive the patient: arrived, done, no-show.
        AppointmentAttend = "appointment.attend",
        /// See prescriptions.
        PrescriptionRead = "prescription.read",
        /// Prescribe: draft, sign, stop.
        PrescriptionWrite = "prescription.write",
        /// Dispense.
        PrescriptionDispense = "prescription.dispense",
        /// Open a record in an emergency.
        EmergencyOpen = "emergency.open",
        /// Judge the emergencies afterwards.
        EmergencyReview = "emergency.review",
        /// See who saw a patient's record.
        AccessLogOfPatient = "access-log.patient",
        /// See the whole access log, and verify it.
        AccessLogRead = "access-log.read",
        /// Make and revoke service tokens.
        TokenManage = "token.manage",
        /// Export everything about a patient.
        DataExport = "data.export",
        /// Ask for a right: access, rectification, erasure, restriction, objection.
        DataRequest = "data.request",
        /// Erase, restrict and rectify by right of the person, and decide what was asked for.
        DataRights = "data.rights",
        /// See the records of processing activities, and who answers for the data.
        ProcessingRead = "processing.read",
        /// Say who answers for the data, and for how long records are kept.
        ProcessingManage = "processing.manage",
        /// See consents.
        ConsentRead = "consent.read",
        /// Give and withdraw consents.
        ConsentManage = "consent.manage",
        /// Pseudonymised export for research.
        ResearchExport = "research.export",
    }
}

/// Allows `role` to do `action` when one of `relations` holds.
pub struct Rule {
    /// What.
    pub action: Action,
    /// Who.
    pub role: Role,
    /// With which relation to the patient.
    pub relations: &'static [Relation],
}

const fn rule(action: Action, role: Role, relations: &'static [Relation]) -> Rule {
    Rule {
        action,
        role,
        relations,
    }
}

const ANY: &[Relation] = &[Relation::Organization];
/// Whoever works here; of restricted data, whoever opened it in an emergency: it has to be known whose record it is.
const ANY_AND_EMERGENCY: &[Relation] = &[Relation::Organization, Relation::Emergency];
const TREATS: &[Relation] = &[Relation::Care, Relation::Emergency];
const CARE: &[Relation] = &[Relation::Care];
const PERSON: &[Relation] = &[Relation::Own, Relation::Guardian];

/// The table. What is not in it is refused.
pub const RULES: &[Rule] = {
    use Action as A;
    use Role as R;
    &[
        rule(A::OrganizationRead, R::Physician, ANY),
        rule(A::OrganizationRead, R::Nurse, ANY),
        rule(A::OrganizationRead, R::Receptionist, ANY),
        rule(A::OrganizationRead, R::Pharmacist, ANY),
        rule(A::OrganizationRead, R::Administrator, ANY),
        rule(A::OrganizationRead, R::Auditor, ANY),
        rule(A::OrganizationRead, R::Patient, ANY),
        rule(A::OrganizationRead, R::Service, ANY),
        rule(A::OrganizationManage, R::Administrator, ANY),
        rule(A::StaffRead, R::Physician, ANY),
        rule(A::StaffRead, R::Nurse, ANY),
        rule(A::StaffRead, R::Receptionist, ANY),
        rule(A::StaffRead, R::Pharmacist, ANY),
        rule(A::StaffRead, R::Administrator, ANY),
        rule(A::StaffRead, R::Auditor, ANY),
        rule(A::StaffRead, R::Service, ANY),
        rule(A::StaffManage, R::Administrator, ANY),
        rule(A::PatientSearch, R::Physician, ANY),
        rule(A::PatientSearch, R::Nurse, ANY),
        rule(A::PatientSearch, R::Receptionist, ANY),
        rule(A::PatientSearch, R::Pharmacist, ANY),
        rule(A::PatientSearch, R::Service, ANY),
        rule(A::PatientCreate, R::Physician, ANY),
        rule(A::PatientCreate, R::Nurse, ANY),
        rule(A::PatientCreate, R::Receptionist, ANY),
        rule(A::PatientCreate, R::Service, ANY),
        rule(A::PatientRead, R::Physician, ANY_AND_EMERGENCY),
        rule(A::PatientRead, R::Nurse, ANY_AND_EMERGENCY),
        rule(A::PatientRead, R::Receptionist, ANY),
        rule(A::PatientRead, R::Pharmacist, ANY),
        rule(A::PatientRead, R::Auditor, ANY),
        rule(A::PatientRead, R::Patient, PERSON),
        rule(A::PatientRead, R::Service, ANY),
        rule(A::PatientUpdate, R::Physician, CARE),
        rule(A::PatientUpdate, R::Nurse, CARE),
        rule(A::PatientUpdate, R::Receptionist, ANY),
        rule(A::PatientUpdate, R::Service, ANY),
        rule(A::PatientMerge, R::Administrator, ANY),
        rule(A::PatientMerge, R::Receptionist, ANY),
        rule(A::PatientAccount, R::Receptionist, ANY),
        rule(A::PatientAccount, R::Administrator, ANY),
        rule(A::GuardianManage, R::Receptionist, ANY),
        rule(A::GuardianManage, R::Administrator, ANY),
        rule(A::CareTeamRead, R::Physician, ANY),
        rule(A::CareTeamRead, R::Nurse, ANY),
        rule(A::CareTeamRead, R::Receptionist, ANY),
        rule(A::CareTeamRead, R::Administrator, ANY),
        rule(A::CareTeamRead, R::Auditor, ANY),
        rule(A::CareTeamRead, R::Patient, PERSON),
        rule(A::CareTeamManage, R::Physician, CARE),
        rule(A::CareTeamManage, R::Administrator, ANY),
        rule(A::RecordRead, R::Physician, TREATS),
        rule(A::RecordRead, R::Nurse, TREATS),
        rule(A::RecordRead, R::Patient, PERSON),
        rule(A::RecordRead, R::Service, ANY),
        rule(A::RecordWrite, R::Physician, TREATS),
        rule(A::RecordWrite, R::Nurse, TREATS),
        rule(A::RecordSign, R::Physician, TREATS),
        rule(A::RecordSign, R::Nurse, TREATS),
        rule(A::ScheduleRead, R::Physician, ANY),
        rule(A::ScheduleRead, R::Nurse, ANY),
        rule(A::ScheduleRead, R::Receptionist, ANY),
        rule(A::ScheduleRead, R::Administrator, ANY),
        rule(A::ScheduleRead, R::Patient, ANY),
        rule(A::ScheduleRead, R::Service, ANY),
        rule(A::ScheduleManage, R::Administrator, ANY),
        rule(A::ScheduleManage, R::Receptionist, ANY),
        rule(A::AppointmentRead, R::Physician, ANY),
        rule(A::AppointmentRead, R::Nurse, ANY),
        rule(A::AppointmentRead, R::Receptionist, ANY),
        rule(A::AppointmentRead, R::Patient, PERSON),
        rule(A::AppointmentRead, R::Service, ANY),
        rule(A::AppointmentBook, R::Physician, CARE),
        rule(A::AppointmentBook, R::Nurse, CARE),
        rule(A::AppointmentBook, R::Receptionist, ANY),
        rule(A::AppointmentBook, R::Patient, PERSON),
        rule(A::AppointmentBook, R::Service, ANY),
        rule(A::AppointmentList, R::Physician, ANY),
        rule(A::AppointmentList, R::Nurse, ANY),
        rule(A::AppointmentList, R::Receptionist, ANY),
        rule(A::AppointmentAttend, R::Physician, ANY),
        rule(A::AppointmentAttend, R::Nurse, ANY),
        rule(A::AppointmentAttend, R::Receptionist, ANY),
        rule(A::PrescriptionRead, R::Physician, TREATS),
        rule(A::PrescriptionRead, R::Nurse, TREATS),
        rule(A::PrescriptionRead, R::Pharmacist, ANY),
        rule(A::PrescriptionRead, R::Patient, PERSON),
        rule(A::PrescriptionRead, R::Service, ANY),
        rule(A::PrescriptionWrite, R::Physician, TREATS),
        rule(A::PrescriptionDispense, R::Pharmacist, ANY),
        rule(A::EmergencyOpen, R::Physician, ANY),
        rule(A::EmergencyOpen, R::Nurse, ANY),
        rule(A::EmergencyReview, R::Auditor, ANY),
        rule(A::AccessLogOfPatient, R::Auditor, ANY),
        rule(A::AccessLogOfPatient, R::Patient, PERSON),
        rule(A::AccessLogRead, R::Auditor, ANY),
        rule(A::TokenManage, R::Administrator, ANY),
        rule(A::DataExport, R::Auditor, ANY),
        rule(A::DataExport, R::Patient, PERSON),
        rule(A::DataRequest, R::Receptionist, ANY),
        rule(A::DataRequest, R::Auditor, ANY),
        rule(A::DataRequest, R::Patient, PERSON),
        rule(A::DataRights, R::Auditor, ANY),
        rule(A::ProcessingRead, R::Administrator, ANY),
        rule(A::ProcessingRead, R::Auditor, ANY),
        rule(A::ProcessingManage, R::Administrator, ANY),
        rule(A::ConsentRead, R::Physician, TREATS),
        rule(A::ConsentRead, R::Nurse, TREATS),
        rule(A::ConsentRead, R::Receptionist, ANY),
        rule(A::ConsentRead, R::Auditor, ANY),
        rule(A::ConsentRead, R::Patient, PERSON),
        rule(A::ConsentRead, R::Service, ANY),
        rule(A::ConsentManage, R::Receptionist, ANY),
        rule(A::ConsentManage, R::Patient, PERSON),
        rule(A::ResearchExport, R::Auditor, ANY),
    ]
};

/// The first relation of the rule that holds, among those that somebody has. None: refused.
pub fn allowed(role: Role, action: Action, has: &[Relation]) -> Option<Relation> {
    let found = RULES.iter().find(|rule| rule.role == role && rule.action == action)?;
    found.relations.iter().copied().find(|relation| has.contains(relation))
}

/// What may be done about a patient whose data is restricted (GDPR, article 18): what the person asks for themself, what
/// saves a life, what the data-protection officer needs in order to decide, and dispensing to whoever brings the code.
fn while_restricted(role: Role, action: Action, relation: Relation) -> bool {
    match relation {
        Relation::Own | Relation::Guardian | Relation::Emergency => true,
        Relation::Care | Relation::Organization => match role {
            Role::Auditor => true,
            Role::Physician | Role::Nurse => action == Action::EmergencyOpen,
            Role::Pharmacist => matches!(action, Action::PrescriptionDispense | Action::PrescriptionRead),
            Role::Receptionist => action == Action::DataRequest,
            Role::Administrator | Role::Patient | Role::Service => false,
        },
    }
}

/// The first relation of the rule that holds and counts while a patient's data is restricted.
pub fn allowed_while_restricted(role: Role, action: Action, has: &[Relation]) -> Option<Relation> {
    let counts: Vec<Relation> = has
        .iter()
        .copied()
        .filter(|relation| while_restricted(role, action, *relation))
        .collect();
    allowed(role, action, &counts)
}

/// The table in Markdown, for people.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Who may do what\n\nGenerated from `app/api/src/authz/table.rs`; a test keeps it equal. What is not here is \
         refused, and every use and every refusal that is about a patient is in the access log.\n\n\
         - **organization**: anybody of that role in the patient's organization\n\
         - **care**: named in the patient's care team, or with an appointment from 30 days ago to 7 days ahead\n\
         - **emergency**: opened the record with a written reason, for a limited time; reviewed afterwards\n\
         - **self**, **guardian**: the patient, or a guardian while named as such\n\n\
         A *service* needs the action among its token's scopes besides.\n\n\
         While a patient's data is **restricted** (GDPR, article 18), only this is left of the table: what the patient and \
         their guardians may do; what an emergency opens; the auditor's lines; `emergency.open` for physicians and nurses; \
         `prescription.read` and `prescription.dispense` for pharmacists, since the patient brings the code; \
         `data.request` for receptionists. A search shows name and birth date alone.\n\n| action |",
    );
    for role in Role::ALL {
        let _ = write!(out, " {} |", role.word());
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(Role::ALL.len()));
    for action in Action::ALL {
        let _ = write!(out, "\n| `{}` |", action.word());
        for role in Role::ALL {
            let rule = RULES.iter().find(|rule| rule.action == *action && rule.role == *role);
            let cell = rule.map_or(String::new(), |rule| {
                rule.relations
                    .iter()
                    .map(|relation| relation.word())
                    .collect::<Vec<_>>()
                    .join(", ")
            });
            let _ = write!(out, " {cell} |");
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::{Action, RULES, Relation, Role, allowed, markdown};

    #[test]
    fn the_table_has_one_rule_for_a_role_and_an_action() {
        for (index, one) in RULES.iter().enumerate() {
            assert!(!one.relations.is_empty());
            let twice = RULES[..index]
                .iter()
                .any(|other| other.action == one.action && other.role == one.role);
            assert!(!twice, "{:?} {:?} stands twice", one.action, one.role);
        }
        for action in Action::ALL {
            assert!(
                RULES.iter().any(|rule| rule.action == *action),
                "nobody may do {action:?}"
            );
        }
    }

    #[test]
    fn what_is_clinical_needs_a_relation() {
        let clinical = [
            Action::RecordRead,
            Action::RecordWrite,
            Action::RecordSign,
            Action::PrescriptionWrite,
        ];
        for action in clinical {
            for role in [Role::Receptionist, Role::Administrator, Role::Auditor, Role::Pharmacist] {
                assert_eq!(allowed(role, action, Relation::ALL), None, "{role:?} {action:?}");
            }
            assert_eq!(allowed(Role::Physician, action, &[Relation::Organization]), None);
            assert_eq!(
                allowed(Role::Physician, action, &[Relation::Organization, Relation::Care]),
                Some(Relation::Care)
            );
        }
        assert_eq!(
            allowed(Role::Patient, Action::RecordRead, &[Relation::Organization]),
            None
        );
    }

    #[test]
    fn a_restriction_leaves_the_person_the_emergency_and_the_officer() {
        let (all, organization) = (Relation::ALL, &[Relation::Organization, Relation::Care]);
        let with = |role, action, has: &[Relation]| super::allowed_while_restricted(role, action, has);
        assert_eq!(with(Role::Physician, Action::RecordRead, organization), None);
        assert_eq!(
            with(Role::Physician, Action::RecordRead, all),
            Some(Relation::Emergency)
        );
        assert_eq!(with(Role::Physician, Action::PatientRead, organization), None);
        assert_eq!(
            with(Role::Physician, Action::PatientRead, all),
            Some(Relation::Emergency)
        );
        assert!(with(Role::Physician, Action::EmergencyOpen, organization).is_some());
        assert!(with(Role::Patient, Action::DataExport, &[Relation::Own]).is_some());
        assert!(with(Role::Auditor, Action::DataRights, organization).is_some());
        for action in Action::ALL {
            assert_eq!(with(Role::Service, *action, organization), None);
            assert_eq!(with(Role::Administrator, *action, organization), None);
        }
    }

    #[test]
    fn the_document_for_the_data_protection_officer_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/authorization.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            committed,
            markdown(),
            "run: UPDATE_DOCS=1 cargo test -p galeno-api authz"
        );
    }
}
