//! A length of time as people write it in a configuration file.

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A length of time, written `500ms`, `30s`, `15m`, `1h 30m` or `7d`. Never negative; a day is 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(SignedDuration);

/// Why a text is not a [`Duration`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidDuration(String);

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a length of time; write it like 500ms, 30s, 15m, 1h 30m or 7d",
            self.0
        )
    }
}

impl std::error::Error for InvalidDuration {}

impl Duration {
    /// A whole number of milliseconds.
    pub const fn from_millis(millis: u32) -> Self {
        Self(SignedDuration::from_millis(millis as i64))
    }

    /// A whole number of seconds.
    pub const fn from_secs(secs: u32) -> Self {
        Self(SignedDuration::from_secs(secs as i64))
    }

    /// The same length in the standard library's type.
    pub fn to_std(self) -> std::time::Duration {
        self.0.unsigned_abs()
    }
}

impl FromStr for Duration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidDuration(text.to_owned());
        // jiff's lengths of time end at hours, since a calendar day need not have 24 of them; ours does.
        let (days, rest) = match text.split_once('d') {
            Some((days, rest)) => (days.trim().parse::<u16>().map_err(|_| invalid())?, rest.trim()),
            None => (0, text),
        };
        let rest = match rest {
            "" if days > 0 => SignedDuration::ZERO,
            rest => rest.parse::<SignedDuration>().map_err(|_| invalid())?,
        };
        let whole = rest
            .checked_add(SignedDuration::from_hours(24 * i64::from(days)))
            .ok_or_else(invalid)?;
        if whole.is_negative() {
            Err(invalid())
        } else {
            Ok(Self(whole))
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A length of time: 500ms, 30s, 15m, 1h 30m, 7d.",
            "pattern": r"^([0-9]+ ?[a-zµ]+[ ,]*)+$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn reads_what_people_write_and_writes_it_back() {
        for (text, secs, shown) in [
            ("30s", 30, "30s"),
            ("15m", 900, "15m"),
            ("1h 30m", 5400, "1h 30m"),
            ("7d", 604_800, "168h"),
        ] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration.to_std().as_secs(), secs, "{text}");
            assert_eq!(duration.to_string(), shown);
            assert_eq!(duration.to_string().parse::<Duration>().unwrap(), duration);
        }
        assert_eq!("250ms".parse::<Duration>().unwrap(), Duration::from_millis(250));
        for text in ["", "30", "-5s", "d", "soon", "70000d"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }
}
