//! Where a prescription stands, and which steps lead on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a prescription stands; FHIR's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PrescriptionStatus {
    /// Written, not signed: nobody may dispense it.
    Draft,
    /// Signed.
    Active,
    /// Signed, and held back for now.
    OnHold,
    /// Dispensed in full.
    Completed,
    /// Stopped by a prescriber.
    Stopped,
    /// A draft that was given up.
    Cancelled,
}

impl PrescriptionStatus {
    /// Every status.
    pub(crate) const ALL: [Self; 6] = [
        Self::Draft,
        Self::Active,
        Self::OnHold,
        Self::Completed,
        Self::Stopped,
        Self::Cancelled,
    ];

    /// The word in the database.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::OnHold => "on-hold",
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of a word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Whether that step is possible. `Completed` is reached by dispensing alone.
    pub(crate) const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft, Self::Active | Self::Cancelled)
                | (Self::Active, Self::OnHold | Self::Stopped | Self::Completed)
                | (Self::OnHold, Self::Active | Self::Stopped)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::PrescriptionStatus as S;

    #[test]
    fn every_step_is_either_legal_or_refused() {
        for ended in [S::Completed, S::Stopped, S::Cancelled] {
            for next in S::ALL {
                assert!(!ended.may_become(next), "{ended:?} {next:?}");
            }
        }
        for from in S::ALL {
            assert!(!from.may_become(S::Draft), "nothing becomes a draft again");
            assert!(!from.may_become(from));
            assert_eq!(S::from_word(from.word()), Some(from));
        }
        assert!(!S::Draft.may_become(S::Completed) && !S::OnHold.may_become(S::Completed));
    }
}
