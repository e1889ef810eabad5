//! Who asks.

use uuid::Uuid;

use crate::{
    audit::Purpose,
    authz::{Action, Role},
    fhir::Grant,
};

/// The person or program behind an account or a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// A member of staff.
    Staff(Uuid),
    /// A patient.
    Patient(Uuid),
    /// A program: its token.
    Service(Uuid),
}

/// Who asks, in which organization and as what.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The organization.
    pub organization: Uuid,
    /// The account; for a program, its token.
    pub account: Uuid,
    /// The person.
    pub person: Person,
    /// The role.
    pub role: Role,
    /// The session; none for a program.
    pub session: Option<Uuid>,
    /// Whether a second factor stands behind the session, or none is needed.
    pub enrolled: bool,
    /// What a program may do.
    pub scopes: Vec<Action>,
    /// What an app that acts for a person was given; none when it is the person.
    pub(crate) grant: Option<Grant>,
}

impl Actor {
    /// The person's identifier.
    pub const fn id(&self) -> Uuid {
        match self.person {
            Person::Staff(id) | Person::Patient(id) | Person::Service(id) => id,
        }
    }

    /// `staff`, `patient` or `service`.
    pub const fn kind(&self) -> &'static str {
        match self.person {
            Person::Staff(_) => "staff",
            Person::Patient(_) => "patient",
            Person::Service(_) => "service",
        }
    }

    /// The member of staff, if it is one.
    pub const fn staff(&self) -> Option<Uuid> {
        match self.person {
            Person::Staff(id) => Some(id),
            Person::Patient(_) | Person::Service(_) => None,
        }
    }

    /// The purpose of an access when the client names none.
    pub const fn usual_purpose(&self) -> Purpose {
        match self.role {
            Role::Physician | Role::Nurse | Role::Pharmacist => Purpose::Treatment,
            Role::Receptionist | Role::Administrator => Purpose::Operation,
            Role::Auditor => Purpose::Compliance,
            Role::Patient => Purpose::PatientRequest,
            Role::Service => Purpose::System,
        }
    }
}
