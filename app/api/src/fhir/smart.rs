//! SMART on FHIR scopes, version 1 (`patient/*.read`) and 2 (`patient/Observation.rs`).
//!
//! A scope never gives what the table of permissions does not: it narrows what the person behind an app may do.

use uuid::Uuid;

use super::kind::Type;

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Create,
    Read,
    Update,
    Search,
}

/// Whose data a scope is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    /// The patient that the app was opened for.
    Patient,
    /// Whatever the person may see.
    User,
}

/// One scope.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    text: String,
    context: Context,
    /// None: every type.
    kind: Option<Type>,
    /// Of `cruds`: create, read, update, delete, search.
    rights: String,
}

/// What an app was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    scopes: Vec<Scope>,
    patient: Option<Uuid>,
}

impl Scope {
    /// A scope that can be given here; None for every other text.
    fn parse(text: &str) -> Option<Self> {
        let (context, rest) = text.split_once('/')?;
        let (kind, rights) = rest.rsplit_once('.')?;
        let context = match context {
            "patient" => Context::Patient,
            "user" => Context::User,
            _ => return None,
        };
        let kind = match kind {
            "*" => None,
            kind => Some(Type::from_name(kind)?),
        };
        let rights = match rights {
            "read" => "rs",
            "write" => "cud",
            "*" => "cruds",
            rights => rights,
        };
        // Version 2 wants the letters in this order, each once.
        let mut letters = "cruds".chars();
        if rights.is_empty() || !rights.chars().all(|right| letters.any(|letter| letter == right)) {
            return None;
        }
        Some(Self {
            text: text.to_owned(),
            context,
            kind,
            rights: rights.to_owned(),
        })
    }

    fn covers(&self, access: Access) -> bool {
        self.rights.contains(match access {
            Access::Create => 'c',
            Access::Read => 'r',
            Access::Update => 'u',
            Access::Search => 's',
        })
    }
}

impl Grant {
    /// What of a request for scopes can be given. None: nothing of it. `patient` is whom `patient/` is about; without one,
    /// such scopes are not given.
    pub(super) fn given(asked: &str, patient: Option<Uuid>) -> Option<Self> {
        let scopes: Vec<Scope> = asked
            .split_ascii_whitespace()
            .filter_map(Scope::parse)
            .filter(|scope| scope.context == Context::User || patient.is_some())
            .collect();
        (!scopes.is_empty()).then_some(Self { scopes, patient })
    }

    /// What was given before.
    pub(crate) fn stored(scopes: &str, patient: Option<Uuid>) -> Self {
        Self {
            scopes: scopes.split(' ').filter_map(Scope::parse).collect(),
            patient,
        }
    }

    /// The scopes as a text.
    pub(super) fn text(&self) -> String {
        let texts: Vec<&str> = self.scopes.iter().map(|scope| scope.text.as_str()).collect();
        texts.join(" ")
    }

    /// Whether it holds scopes for one patient.
    pub(super) fn of_patient(&self) -> bool {
        self.scopes.iter().any(|scope| scope.context == Context::Patient)
    }

    /// The patient that is meant when nobody is named: the only one that the app may see.
    pub(super) fn implied_patient(&self) -> Option<Uuid> {
        let only = self.scopes.iter().all(|scope| scope.context == Context::Patient);
        self.patient.filter(|_| only)
    }

    /// Whether it allows that with a type, for what is about `patient` or about none.
    pub(super) fn allows(&self, kind: Type, access: Access, patient: Option<Uuid>) -> bool {
        self.scopes.iter().any(|scope| {
            let fits = scope.kind.is_none_or(|own| own == kind) && scope.covers(access);
            let reaches = match scope.context {
                Context::User => true,
                Context::Patient if kind.of_patient() || kind == Type::AuditEvent => {
                    patient.is_some() && patient == self.patient
                }
                // Who works here and where is no patient's, and only to be read.
                Context::Patient => matches!(access, Access::Read | Access::Search),
            };
            fits && reaches
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::{Access, Grant, Scope};
    use crate::fhir::kind::Type;

    #[test]
    fn both_versions_of_the_syntax_mean_the_same() {
        let rights = |text: &str| Scope::parse(text).map(|one| (one.kind, one.rights));
        for (first, second) in [
            ("patient/*.read", "patient/*.rs"),
            ("user/Patient.write", "user/Patient.cud"),
            ("user/Observation.*", "user/Observation.cruds"),
        ] {
            assert!(rights(first).is_some());
            assert_eq!(rights(first), rights(second));
        }
        for wrong in [
            "openid",
            "launch/patient",
            "system/*.read",
            "patient/*.sr",
            "patient/*.rr",
            "patient/*.",
            "patient/Nothing.rs",
            "patient/*.readwrite",
            "patient/Observation.rs?category=laboratory",
            "patient.rs",
            "/.r",
            "",
        ] {
            assert_eq!(Scope::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_patients_scope_reaches_that_patient_alone() {
        let (own, other) = (Uuid::now_v7(), Uuid::now_v7());
        let grant = Grant::given(
            "openid patient/Observation.rs patient/Practitioner.r user/Slot.s",
            Some(own),
        )
        .unwrap();
        assert_eq!(
            grant.text(),
            "patient/Observation.rs patient/Practitioner.r user/Slot.s"
        );
        assert!(grant.allows(Type::Observation, Access::Read, Some(own)));
        assert!(!grant.allows(Type::Observation, Access::Read, Some(other)));
        assert!(!grant.allows(Type::Observation, Access::Search, None));
        assert!(!grant.allows(Type::Observation, Access::Create, Some(own)));
        assert!(!grant.allows(Type::Condition, Access::Read, Some(own)));
        assert!(grant.allows(Type::Practitioner, Access::Read, None));
        assert!(!grant.allows(Type::Practitioner, Access::Search, None));
        assert!(grant.allows(Type::Slot, Access::Search, None));
        assert!(Grant::given("patient/*.rs", None).is_none());
        assert_eq!(Grant::stored(&grant.text(), Some(own)), grant);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(patient|user|system|.{0,5})(/|.{0,2})(\\*|Patient|.{0,9})(\\.|.{0,2})(read|[cruds]{0,6}|.{0,6})") {
            if let Some(scope) = Scope::parse(&text) {
                prop_assert!(!scope.rights.is_empty() && scope.text == text);
            }
        }
    }
}
