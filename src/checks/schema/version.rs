//! Kubernetes minor versions, and sets of them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::topology::versions::Minor;

/// The first minor of Kubernetes 1 that the embedded schemas describe.
const FIRST: u8 = 33;
/// The last one.
const LAST: u8 = 37;

/// A Kubernetes minor version that Galeno has the schemas of (1.33 to 1.37); a patch level does not change a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubeVersion(u8);

impl KubeVersion {
    /// Every version that is known, oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (FIRST..=LAST).map(Self)
    }

    /// The newest version that is known.
    pub const LATEST: Self = Self(LAST);

    /// The minor number: 36 for 1.36.
    pub fn minor(self) -> u8 {
        self.0
    }
}

impl fmt::Display for KubeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl Serialize for KubeVersion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a text is no known Kubernetes version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Kubernetes version that is known here: write one of 1.{FIRST} to 1.{LAST}")]
pub struct UnknownVersion(String);

impl TryFrom<Minor> for KubeVersion {
    type Error = UnknownVersion;

    fn try_from(minor: Minor) -> Result<Self, UnknownVersion> {
        Self::all()
            .find(|v| u16::from(v.0) == minor.0)
            .ok_or_else(|| UnknownVersion(minor.to_string()))
    }
}

impl FromStr for KubeVersion {
    type Err = UnknownVersion;

    /// Takes `1.36`, `v1.36` and `1.36.4`.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let unknown = || UnknownVersion(text.chars().take(40).collect());
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let (major, minor, patch) = (parts.next(), parts.next(), parts.next());
        let number = |part: &str| {
            part.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| part.parse::<u8>().ok())
                .flatten()
        };
        let minor = minor.and_then(number).ok_or_else(unknown)?;
        if major != Some("1") || parts.next().is_some() || patch.is_some_and(|p| number(p).is_none()) {
            return Err(unknown());
        }
        Self::all().find(|v| v.0 == minor).ok_or_else(unknown)
    }
}

/// A set of minor versions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Minors(u8);

impl Minors {
    /// Every known version.
    pub(super) const ALL: Self = Self(u8::MAX >> (7 - (LAST - FIRST)));
    /// No version.
    pub(super) const NONE: Self = Self(0);

    /// The set of the given versions.
    pub(super) fn of(versions: &[KubeVersion]) -> Self {
        versions
            .iter()
            .fold(Self::NONE, |set, v| Self(set.0 | 1 << (v.0 - FIRST)))
    }

    /// Reads `33-35,37` (minors of Kubernetes 1) or `*`; `None` if it is neither.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::ALL);
        }
        text.split(',').try_fold(Self::NONE, |set, part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u8, u8) = (first.parse().ok()?, last.parse().ok()?);
            (FIRST <= first && first <= last && last <= LAST)
                .then(|| (first..=last).fold(set, |set, minor| Self(set.0 | 1 << (minor - FIRST))))
        })
    }

    /// What is in this set and not in the other.
    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The versions from 1.`minor` on.
    pub(super) fn since(minor: u8) -> Self {
        Self::ALL.without(Self::ALL.before(minor))
    }

    /// Those of the set that are older than 1.`minor`.
    pub(super) fn before(self, minor: u8) -> Self {
        (FIRST..=LAST)
            .filter(|m| *m < minor)
            .fold(Self::NONE, |set, m| Self(set.0 | 1 << (m - FIRST)))
            .and(self)
    }
}

impl fmt::Display for Minors {
    /// `1.33, 1.34 and 1.36`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<String> = KubeVersion::all()
            .filter(|v| self.0 & 1 << (v.0 - FIRST) != 0)
            .map(|v| v.to_string())
            .collect();
        match versions.split_last() {
            None => write!(f, "no version"),
            Some((last, [])) => write!(f, "{last}"),
            Some((last, rest)) => write!(f, "{} and {last}", rest.join(", ")),
        }
    }
}

impl fmt::Debug for Minors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Minors({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        for (text, minor) in [("1.33", 33), ("v1.36.4", 36), ("1.37.10", 37)] {
            assert_eq!(text.parse::<KubeVersion>().map(KubeVersion::minor), Ok(minor), "{text}");
        }
        for text in [
            "", "1", "1.32", "1.38", "2.36", "1.36.x", "1.36.1.2", "1.+36", "36", "v", "1.036x",
        ] {
            assert!(text.parse::<KubeVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_version_of_an_environment_is_known() {
        let (first, last) = crate::topology::versions::KUBERNETES;
        assert_eq!((first.0, last.0), (u16::from(FIRST), u16::from(LAST)));
        for minor in first.0..=last.0 {
            assert_eq!(
                KubeVersion::try_from(Minor(minor)).map(|v| u16::from(v.minor())),
                Ok(minor)
            );
        }
        assert!(KubeVersion::try_from(Minor(last.0 + 1)).is_err());
    }

    #[test]
    fn sets_are_read_and_told() {
        let set = Minors::parse("33-34,36").unwrap();
        assert_eq!(set.to_string(), "1.33, 1.34 and 1.36");
        assert_eq!(Minors::ALL.without(set).to_string(), "1.35 and 1.37");
        assert_eq!(Minors::parse("*"), Some(Minors::ALL));
        assert_eq!(Minors::of(&KubeVersion::all().collect::<Vec<_>>()), Minors::ALL);
        assert_eq!(Minors::since(36).to_string(), "1.36 and 1.37");
        assert_eq!(Minors::ALL.before(35).to_string(), "1.33 and 1.34");
        for text in ["", "32", "38", "34-33", "a", "33-"] {
            assert_eq!(Minors::parse(text), None, "{text}");
        }
    }
}
