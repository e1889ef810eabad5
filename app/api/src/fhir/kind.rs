//! The types of resources that are served, and what can be asked about each.

use crate::authz::Action;

macro_rules! types {
    ($($name:ident $action:ident $log:literal,)*) => {
        /// A type of resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Type { $(#[doc = $log] $name,)* }

        impl Type {
            /// Every type that is served.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// FHIR's name.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The type of that name.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                match name { $(stringify!($name) => Some(Self::$name),)* _ => None }
            }

            /// What whoever reads it must be allowed to do.
            pub(super) const fn action(self) -> Action {
                match self { $(Self::$name => Action::$action,)* }
            }

            /// Its kind in the access log.
            pub(super) const fn log_word(self) -> &'static str {
                match self { $(Self::$name => $log,)* }
            }
        }
    };
}

types! {
    Patient PatientRead "patient",
    Practitioner StaffRead "staff",
    Organization OrganizationRead "organization",
    Location OrganizationRead "clinic",
    Schedule ScheduleRead "schedule",
    Slot ScheduleRead "slot",
    Appointment AppointmentRead "appointment",
    Encounter RecordRead "encounter",
    Condition RecordRead "condition",
    AllergyIntolerance RecordRead "allergy",
    Observation RecordRead "observation",
    MedicationRequest PrescriptionRead "prescription",
    Consent ConsentRead "consent",
    AuditEvent AccessLogRead "access-log",
}

impl Type {
    /// Whether each one belongs to a patient, so that who may see it depends on who they are to that patient.
    pub(super) const fn of_patient(self) -> bool {
        matches!(
            self,
            Self::Patient
                | Self::Appointment
                | Self::Encounter
                | Self::Condition
                | Self::AllergyIntolerance
                | Self::Observation
                | Self::MedicationRequest
                | Self::Consent
        )
    }
}

/// The type of a search parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParamType {
    Token,
    Date,
    Reference,
    Text,
}

impl ParamType {
    /// FHIR's word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Date => "date",
            Self::Reference => "reference",
            Self::Text => "string",
        }
    }
}

/// A search parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) kind: ParamType,
    pub(super) about: &'static str,
}

/// A parameter of a type.
pub(super) const fn param(name: &'static str, kind: ParamType, about: &'static str) -> Param {
    Param { name, kind, about }
}

/// What `_include` can bring along.
#[derive(Clone, Copy, Debug)]
pub(super) struct Include {
    /// The name after the colon: a search parameter, or the element as some clients have it.
    pub(super) param: &'static str,
    /// Where in the resource the references are.
    pub(super) path: &'static [&'static str],
}

/// What can be asked about a type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definition {
    pub(super) kind: Type,
    pub(super) params: &'static [Param],
    /// What `_sort` takes.
    pub(super) sorts: &'static [&'static str],
    pub(super) includes: &'static [Include],
    /// It can be created and updated.
    pub(super) writable: bool,
    /// Earlier versions can be read.
    pub(super) history: bool,
    pub(super) about: &'static str,
}

impl Definition {
    /// The parameter of that name.
    pub(super) fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|param| param.name == name)
    }
}

/// What can be asked about each type.
pub(super) const fn definition(kind: Type) -> &'static Definition {
    match kind {
        Type::Patient => &super::patient::DEFINITION,
        Type::Practitioner => &super::practitioner::DEFINITION,
        Type::Organization => &super::places::ORGANIZATION,
        Type::Location => &super::places::LOCATION,
        Type::Schedule => &super::scheduling::SCHEDULE,
        Type::Slot => &super::scheduling::SLOT,
        Type::Appointment => &super::appointment::DEFINITION,
        Type::Encounter => &super::record::ENCOUNTER,
        Type::Condition => &super::record::CONDITION,
        Type::AllergyIntolerance => &super::record::ALLERGY,
        Type::Observation => &super::record::OBSERVATION,
        Type::MedicationRequest => &super::medication::DEFINITION,
        Type::Consent => &super::consent::DEFINITION,
        Type::AuditEvent => &super::audit_event::DEFINITION,
    }
}

/// The identifier itself, for every type.
pub(super) const ID: Param = param("_id", ParamType::Token, "Logical id");
/// When it last changed.
pub(super) const LAST_UPDATED: Param = param("_lastUpdated", ParamType::Date, "When it last changed");
