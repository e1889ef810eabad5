//! Where an appointment stands, and which steps lead on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an appointment stands; FHIR's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AppointmentStatus {
    /// It is to come.
    Booked,
    /// The patient is here.
    Arrived,
    /// It took place.
    Fulfilled,
    /// It will not take place.
    Cancelled,
    /// The patient did not come.
    NoShow,
}

impl AppointmentStatus {
    /// Every status.
    pub(crate) const ALL: [Self; 5] = [
        Self::Booked,
        Self::Arrived,
        Self::Fulfilled,
        Self::Cancelled,
        Self::NoShow,
    ];

    /// The word in the database.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Arrived => "arrived",
            Self::Fulfilled => "fulfilled",
            Self::Cancelled => "cancelled",
            Self::NoShow => "noshow",
        }
    }

    /// The status of a word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Whether that step is possible.
    pub(crate) const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Booked, Self::Arrived | Self::Cancelled | Self::NoShow)
                | (Self::Arrived, Self::Fulfilled | Self::Cancelled)
                // Marked by mistake: the patient was there after all.
                | (Self::NoShow, Self::Arrived)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::AppointmentStatus as S;

    #[test]
    fn what_has_ended_stays_ended() {
        for next in S::ALL {
            assert!(!S::Fulfilled.may_become(next));
            assert!(!S::Cancelled.may_become(next));
            assert!(!next.may_become(S::Booked));
            assert_eq!(S::from_word(next.word()), Some(next));
        }
        assert!(S::Booked.may_become(S::Arrived) && S::Arrived.may_become(S::Fulfilled));
        assert!(!S::Booked.may_become(S::Fulfilled));
    }
}
