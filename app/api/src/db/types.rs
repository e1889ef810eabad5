//! Times and dates as the database, JSON and OpenAPI know them.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use sqlx::{
    Decode, Encode, MySql, Type,
    encode::IsNull,
    error::BoxDynError,
    mysql::{MySqlTypeInfo, MySqlValueRef},
};
use time::{OffsetDateTime, PrimitiveDateTime};
use utoipa::ToSchema;

/// A point in time, to the microsecond: `DATETIME(6)` in UTC, RFC 3339 in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime, example = "2026-11-24T08:30:00Z")]
pub struct Stamp(Timestamp);

impl Stamp {
    /// Now, cut to the microsecond, as it would come back from the database.
    pub fn now() -> Self {
        Self::from(Timestamp::now())
    }

    /// The time as jiff knows it.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }

    /// This long after; the last representable time at most.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        jiff::SignedDuration::try_from(duration)
            .ok()
            .and_then(|d| self.0.checked_add(d).ok())
            .map_or(Self(Timestamp::MAX), Self)
    }

    /// This long before; the first representable time at most.
    #[must_use]
    pub fn minus(self, duration: std::time::Duration) -> Self {
        jiff::SignedDuration::try_from(duration)
            .ok()
            .and_then(|d| self.0.checked_sub(d).ok())
            .map_or(Self(Timestamp::MIN), Self)
    }

    /// Microseconds since 1970, for what is hashed.
    pub fn micros(self) -> i64 {
        self.0.as_microsecond()
    }
}

impl From<Timestamp> for Stamp {
    fn from(time: Timestamp) -> Self {
        Self(Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time))
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// `DATETIME` and never `TIMESTAMP`, which ends in January 2038: MariaDB makes NULL of what is later.
impl Type<MySql> for Stamp {
    fn type_info() -> MySqlTypeInfo {
        <PrimitiveDateTime as Type<MySql>>::type_info()
    }

    fn compatible(ty: &MySqlTypeInfo) -> bool {
        <OffsetDateTime as Type<MySql>>::compatible(ty)
    }
}

impl Encode<'_, MySql> for Stamp {
    fn encode_by_ref(&self, buf: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        let nanos = i128::from(self.0.as_microsecond()) * 1_000;
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos)?;
        PrimitiveDateTime::new(time.date(), time.time()).encode_by_ref(buf)
    }
}

impl<'r> Decode<'r, MySql> for Stamp {
    fn decode(value: MySqlValueRef<'r>) -> Result<Self, BoxDynError> {
        let time = <OffsetDateTime as Decode<MySql>>::decode(value)?;
        Ok(Self(Timestamp::from_nanosecond(time.unix_timestamp_nanos())?))
    }
}

/// A day of the calendar: `DATE`, `2026-11-24` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Date, example = "1984-02-29")]
pub struct Day(Date);

impl Day {
    /// Today in UTC.
    pub fn today() -> Self {
        Self(Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// The day as jiff knows it.
    pub fn date(self) -> Date {
        self.0
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self(date)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Type<MySql> for Day {
    fn type_info() -> MySqlTypeInfo {
        <time::Date as Type<MySql>>::type_info()
    }
}

impl Encode<'_, MySql> for Day {
    fn encode_by_ref(&self, buf: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        let month = time::Month::try_from(u8::try_from(self.0.month())?)?;
        time::Date::from_calendar_date(i32::from(self.0.year()), month, u8::try_from(self.0.day())?)?.encode_by_ref(buf)
    }
}

impl<'r> Decode<'r, MySql> for Day {
    fn decode(value: MySqlValueRef<'r>) -> Result<Self, BoxDynError> {
        let date = <time::Date as Decode<MySql>>::decode(value)?;
        let day = i8::try_from(date.day())?;
        let month = i8::try_from(u8::from(date.month()))?;
        Ok(Self(Date::new(i16::try_from(date.year())?, month, day)?))
    }
}
