//! A backup's name: sortable by time, unique, and telling at a glance.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a backup is for; each kind is kept for its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// The nightly full backup.
    Daily,
    /// The system snapshot: database and configuration.
    Weekly,
    /// The full backup in the recovery region.
    Monthly,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Daily, Self::Weekly, Self::Monthly];
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        })
    }
}

/// `20261124T020003Z-daily-1a2b3c`: when it began (UTC), its kind, and six random hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BackupId {
    text: String,
    kind: Kind,
}

const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";

impl BackupId {
    /// A new id for a backup that begins at `started`.
    pub(crate) fn new(kind: Kind, started: Timestamp) -> Self {
        let random: u32 = rand::random::<u32>() & 0x00ff_ffff;
        Self {
            text: format!("{}-{kind}-{random:06x}", started.strftime(TIME_FORMAT)),
            kind,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// A text that is no backup id.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a backup's id; ids look like 20261124T020003Z-daily-1a2b3c (`keeper catalog` lists them)")]
pub(crate) struct NotAnId(String);

impl FromStr for BackupId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| NotAnId(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<BackupId> {
    let mut parts = text.split('-');
    let (time, kind, random) = (parts.next()?, parts.next()?, parts.next()?);
    let kind = Kind::ALL.into_iter().find(|candidate| candidate.to_string() == kind)?;
    let hexadecimal = random.len() == 6 && random.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let started = jiff::civil::DateTime::strptime(TIME_FORMAT, time)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?;
    // Only the one way of writing it is an id: 2026-1-1 and the like are not.
    let canonical = started.strftime(TIME_FORMAT).to_string() == time;
    (hexadecimal && canonical && parts.next().is_none()).then(|| BackupId {
        text: text.to_owned(),
        kind,
    })
}

impl Serialize for BackupId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for BackupId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_and_sorts_by_time() {
        let early = BackupId::new(Kind::Monthly, "2026-03-01T02:00:00.7Z".parse().unwrap());
        let late = BackupId::new(Kind::Daily, "2026-11-24T02:00:00Z".parse().unwrap());
        assert!(early < late);
        assert_eq!(early.as_str().parse::<BackupId>().unwrap(), early);
        assert!(early.as_str().starts_with("20260301T020000Z-monthly-"));
    }

    #[test]
    fn other_names_are_not_ids() {
        for text in [
            "",
            "daily",
            "20261124T020003Z-daily",
            "20261124T020003Z-hourly-1a2b3c",
            "20261124T020003Z-daily-1A2B3C",
            "20261324T020003Z-daily-1a2b3c",
            "20261124T020003Z-daily-1a2b3c-",
            "20261124T020003Z-daily-1a2b3c/..",
        ] {
            assert!(text.parse::<BackupId>().is_err(), "{text}");
        }
    }
}
