//! Searching: statements that are checked like every other one, with parameters that may be absent.
//!
//! A statement holds every condition of its type; what was not asked is bound as NULL, and the database folds the
//! condition away before it chooses an index.

use jiff::tz::TimeZone;
use sqlx::{Row, mysql::MySqlRow};
use uuid::Uuid;

use super::{
    cursor::Cursor,
    dates::{Range, day, range},
    params::{ALTERNATIVES, Mode, Search, Text, Total, foreign, refused},
};
use crate::{
    db::{Day, Stamp},
    http::{Problem, Result, Scope, Scoped, Statement},
    resources::patients::Value,
};

/// A value for a placeholder.
#[derive(Clone)]
enum Bind {
    Id(Option<Uuid>),
    Text(Option<String>),
    Time(Option<Stamp>),
    Day(Option<Day>),
    Flag(Option<bool>),
}

/// Values for the placeholders of a search's conditions, in their order.
#[derive(Default)]
pub(super) struct Binds(Vec<Bind>);

/// `column` is one of some identifiers. Bound by [`Binds::one_of`].
macro_rules! one_of {
    ($column:literal) => {
        concat!(" AND (? IS NULL OR ", $column, " IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?))")
    };
}

/// `column` is from one bound on and before another. For an identifier, which holds the time it was made at: bound by
/// [`Binds::made`].
macro_rules! between {
    ($column:literal) => {
        concat!(
            " AND (? IS NULL OR ",
            $column,
            " >= ?) AND (? IS NULL OR ",
            $column,
            " < ?)"
        )
    };
}

/// `column` is within a range of time. Bound by [`Binds::range`] or [`Binds::days`].
macro_rules! within {
    ($column:literal) => {
        concat!(
            $crate::fhir::search::between!($column),
            " AND (? IS NULL OR ",
            $column,
            " < ? OR ",
            $column,
            " >= ?)"
        )
    };
}

/// `column` is one of some words. Bound by [`Binds::words`].
macro_rules! words {
    ($column:literal) => {
        concat!(" AND (? IS NULL OR FIND_IN_SET(", $column, ", ?) > 0)")
    };
}

/// `column` is like a text. Bound by [`Binds::text`].
macro_rules! like {
    ($column:literal) => {
        concat!(
            " AND (? IS NULL OR ",
            $column,
            " LIKE ? OR ",
            $column,
            " LIKE ?)",
            " AND (? IS NULL OR BINARY ",
            $column,
            " = ?)"
        )
    };
}

/// The statements of a search: one page in the usual order, sorted up, sorted down, how many in all. `$key` is a `CASE ?`
/// over what can be sorted by.
macro_rules! table {
    (select: $select:expr, from: $from:expr, id: $id:literal, key: $key:literal, newest first) => {
        $crate::fhir::search::Table {
            page: $crate::scoped!(concat!(
                "SELECT ", $select, " FROM ", $from, " AND ", $id, " < ? ORDER BY ", $id, " DESC LIMIT ?"
            )),
            newest_first: true,
            ..table!(sorted: $select, $from, $key)
        }
    };
    (select: $select:expr, from: $from:expr, id: $id:literal, key: $key:literal, oldest first) => {
        $crate::fhir::search::Table {
            page: $crate::scoped!(concat!(
                "SELECT ", $select, " FROM ", $from, " AND ", $id, " > ? ORDER BY ", $id, " LIMIT ?"
            )),
            newest_first: false,
            ..table!(sorted: $select, $from, $key)
        }
    };
    (sorted: $select:expr, $from:expr, $key:literal) => {{
        const UP: $crate::http::Scoped = $crate::http::Scoped::checked(concat!(
            "SELECT ", $select, ", CASE ? ", $key, " END AS sort_key FROM ", $from,
            " HAVING (? IS NULL OR (sort_key, id) > (?, ?)) ORDER BY sort_key, id LIMIT ?"
        ));
        $crate::fhir::search::Table {
            page: UP,
            up: UP,
            down: $crate::scoped!(concat!(
                "SELECT ", $select, ", CASE ? ", $key, " END AS sort_key FROM ", $from,
                " HAVING (? IS NULL OR (sort_key, id) < (?, ?)) ORDER BY sort_key DESC, id DESC LIMIT ?"
            )),
            count: $crate::scoped!(concat!("SELECT COUNT(*) AS n FROM ", $from)),
            newest_first: false,
        }
    }};
}

pub(super) use {between, like, one_of, table, within, words};

/// The statements of a search.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) page: Scoped,
    pub(super) up: Scoped,
    pub(super) down: Scoped,
    pub(super) count: Scoped,
    pub(super) newest_first: bool,
}

/// What a search found on a page.
pub(super) struct Found<T> {
    pub(super) items: Vec<T>,
    /// How many there are on all pages.
    pub(super) total: Option<u64>,
    pub(super) next: Option<Cursor>,
}

impl<T> Found<T> {
    /// All of a few.
    pub(super) fn all(items: Vec<T>) -> Self {
        Self {
            total: Some(items.len() as u64),
            items,
            next: None,
        }
    }
}

impl Binds {
    /// For [`one_of!`].
    pub(super) fn one_of(&mut self, ids: Option<Vec<Uuid>>) -> &mut Self {
        let Some(mut ids) = ids else {
            self.0.extend((0..=ALTERNATIVES).map(|_| Bind::Id(None)));
            return self;
        };
        // None of them can be here: then nothing is.
        let last = ids.last().copied().unwrap_or(Uuid::nil());
        ids.resize(ALTERNATIVES, last);
        self.0.push(Bind::Id(Some(last)));
        self.0.extend(ids.into_iter().map(|id| Bind::Id(Some(id))));
        self
    }

    /// For a condition on two columns, either of which may be one of the identifiers.
    pub(super) fn one_of_two(&mut self, ids: Option<Vec<Uuid>>) -> &mut Self {
        self.one_of(ids.clone());
        // The second column needs no NULL of its own.
        let first = self.0.len();
        self.one_of(ids);
        self.0.remove(first);
        self
    }

    /// For [`within!`] on a time.
    pub(super) fn range(&mut self, range: Range) -> &mut Self {
        let (first, second) = range.except.unzip();
        self.0
            .extend([range.from, range.from, range.before, range.before, first, first, second].map(Bind::Time));
        self
    }

    /// For [`between!`] on an identifier: those that were made in the range, for an index that holds no time. UUIDv7 begin with
    /// the milliseconds since 1970 (RFC 9562, 5.7). A clock that is set back does not take them back: a day is left on both
    /// sides.
    pub(super) fn made(&mut self, range: Range) -> &mut Self {
        const DAY: std::time::Duration = std::time::Duration::from_hours(24);
        let first = |time: Stamp| {
            let millis = u64::try_from(time.micros() / 1000).unwrap_or(0).min((1 << 48) - 1);
            Uuid::from_u128(u128::from(millis) << 80)
        };
        let from = range.from.map(|time| first(time.minus(DAY)));
        let before = range.before.map(|time| first(time.plus(DAY)));
        self.0.extend([from, from, before, before].map(Bind::Id));
        self
    }

    /// For [`within!`] on a day.
    pub(super) fn days(&mut self, range: Range) -> &mut Self {
        let (first, second) = range.except.unzip();
        let values = [range.from, range.from, range.before, range.before, first, first, second];
        self.0.extend(values.map(|value| Bind::Day(value.map(day))));
        self
    }

    /// For [`words!`].
    pub(super) fn words(&mut self, words: Option<Vec<String>>) -> &mut Self {
        // A word with a comma is none of ours.
        let words = words.map(|words| {
            let words: Vec<_> = words.into_iter().filter(|word| !word.contains(',')).collect();
            words.join(",")
        });
        self.optional_text(words)
    }

    /// For [`like!`].
    pub(super) fn text(&mut self, text: Option<&Text>) -> &mut Self {
        let (mut one, mut other, mut exact) = (None, None, None);
        if let Some(Text { mode, value }) = text {
            let literal: String = value
                .chars()
                .flat_map(|letter| {
                    matches!(letter, '%' | '_' | '\\')
                        .then_some('\\')
                        .into_iter()
                        .chain([letter])
                })
                .collect();
            match mode {
                Mode::Start => {
                    one = Some(format!("{literal}%"));
                    other = Some(format!("% {literal}%"));
                }
                Mode::Contains => {
                    one = Some(format!("%{literal}%"));
                    other.clone_from(&one);
                }
                Mode::Exact => exact = Some(value.clone()),
            }
        }
        self.0
            .extend([one.clone(), one, other, exact.clone(), exact].map(Bind::Text));
        self
    }

    /// For `(? IS NULL OR column = ?)`.
    pub(super) fn optional_text(&mut self, text: Option<String>) -> &mut Self {
        self.0.extend([text.clone(), text].map(Bind::Text));
        self
    }

    /// For a single placeholder.
    pub(super) fn one_text(&mut self, text: String) -> &mut Self {
        self.0.push(Bind::Text(Some(text)));
        self
    }

    /// For `(? IS NULL OR column = ?)`, from the tokens `true` and `false`.
    pub(super) fn flag(&mut self, codes: Option<&[String]>) -> Result<&mut Self> {
        let flag = match codes {
            None => None,
            Some([one]) if one == "true" => Some(true),
            Some([one]) if one == "false" => Some(false),
            Some(_) => return Err(refused("only true or false".to_owned())),
        };
        self.0.extend([flag, flag].map(Bind::Flag));
        Ok(self)
    }

    /// For the conditions that a list of names begins with.
    pub(super) fn names(&mut self, values: Vec<Value>) -> &mut Self {
        self.0.extend(values.into_iter().map(|value| match value {
            Value::Text(text) => Bind::Text(text),
            Value::Patient(id) => Bind::Id(Some(id)),
        }));
        self
    }

    /// For the conditions that follow.
    pub(super) fn and(&mut self, others: &Self) -> &mut Self {
        self.0.extend_from_slice(&others.0);
        self
    }

    pub(super) fn put(&self, mut statement: Statement) -> Statement {
        for bind in &self.0 {
            statement = match bind {
                Bind::Id(id) => statement.bind(*id),
                Bind::Text(text) => statement.bind(text.clone()),
                Bind::Time(time) => statement.bind(*time),
                Bind::Day(day) => statement.bind(*day),
                Bind::Flag(flag) => statement.bind(*flag),
            };
        }
        statement
    }
}

/// The organization's time zone: what a date without one means.
async fn zone(scope: &mut Scope) -> Result<TimeZone> {
    let zone: String = sqlx::query_scalar("SELECT time_zone FROM organization WHERE id = ?")
        .bind(scope.organization())
        .fetch_one(scope.db())
        .await?;
    TimeZone::get(&zone).map_err(|_| Problem::bug("the organization's time zone is unknown"))
}

/// The range that the dates of that name leave.
pub(super) async fn dates(scope: &mut Scope, search: &Search, name: &str) -> Result<Range> {
    let criteria = search.dates(name);
    if criteria.is_empty() {
        return Ok(Range::default());
    }
    let zone = zone(scope).await?;
    range(&criteria, &zone).ok_or_else(|| refused(format!("{name}: these dates cannot be told in one range")))
}

/// The same for days of the calendar, which have no zone.
pub(super) fn calendar(search: &Search, name: &str) -> Result<Range> {
    range(&search.dates(name), &TimeZone::UTC)
        .ok_or_else(|| refused(format!("{name}: these dates cannot be told in one range")))
}

/// How many there are on all pages.
pub(super) async fn count(scope: &mut Scope, table: &Table, binds: &Binds) -> Result<Option<u64>> {
    let row = binds.put(scope.query(table.count)).fetch_one(scope.db()).await?;
    Ok(u64::try_from(row.try_get::<i64, _>("n")?).ok())
}

/// The rows of a page, and where it ends when more follow. The statement lacks its limit.
pub(super) async fn page(
    scope: &mut Scope,
    search: &Search,
    statement: Statement,
    end: impl Fn(&MySqlRow) -> Result<Cursor>,
) -> Result<(Vec<MySqlRow>, Option<Cursor>)> {
    let limit = search.count as usize;
    let mut rows = statement.bind(search.count + 1).fetch_all(scope.db()).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(end).transpose()?;
    Ok((rows, next))
}

/// Runs a search and maps each row.
pub(super) async fn run<T>(
    scope: &mut Scope,
    table: &Table,
    search: &Search,
    binds: &Binds,
    map: impl Fn(&MySqlRow) -> Result<T>,
) -> Result<Found<T>> {
    let mut total = None;
    if search.total != Total::Unwanted || search.only_count {
        total = count(scope, table, binds).await?;
    }
    if search.only_count {
        return Ok(Found {
            items: Vec::new(),
            total,
            next: None,
        });
    }
    let (key, id) = match search.cursor {
        None => (None, None),
        Some(Cursor::Row { key, id }) => (key, Some(id)),
        Some(Cursor::Name(_)) => return Err(foreign()),
    };
    let statement = match search.sort {
        None => {
            let start = if table.newest_first { Uuid::max() } else { Uuid::nil() };
            binds.put(scope.query(table.page)).bind(id.unwrap_or(start))
        }
        Some((by, down)) => {
            let statement = scope.query(if down { table.down } else { table.up }).bind(by);
            binds.put(statement).bind(key).bind(key).bind(id)
        }
    };
    let (rows, next) = page(scope, search, statement, |last| {
        Ok(Cursor::Row {
            key: search.sort.map(|_| last.try_get("sort_key")).transpose()?,
            id: last.try_get("id")?,
        })
    })
    .await?;
    Ok(Found {
        items: rows.iter().map(map).collect::<Result<_>>()?,
        total,
        next,
    })
}
