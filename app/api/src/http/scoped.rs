//! The one place where a query meets its organization.
//!
//! [`scoped!`](crate::scoped) checks a statement when the program is compiled: it compares with, or inserts, the
//! organization, and names it for each table that it touches. [`Scope::query`](super::Scope::query) takes nothing else,
//! and binds the organization itself, at its place among the parameters: no caller can bind another one.

use std::marker::PhantomData;

use sqlx::{
    Encode, FromRow, MySql, MySqlConnection, Type,
    mysql::{MySqlArguments, MySqlQueryResult, MySqlRow},
    query::Query,
};
use uuid::Uuid;

use super::problem::{Kind, Problem};
use crate::db::classify;

/// A statement that cannot leave its organization.
#[derive(Clone, Copy, Debug)]
pub struct Scoped {
    sql: &'static str,
    at: usize,
}

impl Scoped {
    /// Use [`scoped!`](crate::scoped), which runs this at compile time.
    #[doc(hidden)]
    pub const fn checked(sql: &'static str) -> Self {
        match place(sql) {
            Some(at) => Self { sql, at },
            None => panic!("the statement can leave its organization"),
        }
    }
}

/// A statement, checked at compile time to stay inside one organization.
#[macro_export]
macro_rules! scoped {
    ($sql:expr $(,)?) => {{
        const STATEMENT: $crate::http::Scoped = $crate::http::Scoped::checked($sql);
        STATEMENT
    }};
}

const fn at(text: &[u8], index: usize, word: &[u8]) -> bool {
    if index + word.len() > text.len() {
        return false;
    }
    let mut i = 0;
    while i < word.len() {
        if text[index + i] != word[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn count(text: &[u8], word: &[u8]) -> usize {
    let mut found = 0;
    let mut i = 0;
    while i < text.len() {
        if at(text, i, word) {
            found += 1;
        }
        i += 1;
    }
    found
}

/// Which parameter is the organization; none when the statement could touch a row of another one.
const fn place(sql: &str) -> Option<usize> {
    let text = sql.as_bytes();
    let inserts = at(text, 0, b"INSERT INTO ") && count(text, b" (organization, ") == 1;
    let (equals, values, select) = (b"organization = ", b"VALUES (", b"SELECT ");
    let mut before = 0;
    let mut found = None;
    let mut i = 0;
    while i < text.len() && found.is_none() {
        if text[i] == b'?' {
            let compared = i >= equals.len() && at(text, i - equals.len(), equals);
            let inserted = inserts
                && before == 0
                && ((i >= values.len() && at(text, i - values.len(), values))
                    || (i >= select.len() && at(text, i - select.len(), select)));
            if compared || inserted {
                found = Some(before);
            }
            before += 1;
        }
        i += 1;
    }
    let tables = count(text, b"FROM ") + count(text, b"JOIN ") + count(text, b"INSERT INTO ") + count(text, b"UPDATE ")
        - count(text, b"FOR UPDATE")
        - count(text, b"KEY UPDATE ");
    // A comparison inside OR, or on the left side of an outer join, would not hold the statement in.
    if count(text, b"organization") < tables || count(text, b" OR organization") > 0 {
        return None;
    }
    found
}

/// A statement on its way: parameters are bound in order, the organization by itself.
#[must_use = "a statement does nothing before it is executed"]
pub struct Statement {
    query: Query<'static, MySql, MySqlArguments>,
    organization: Uuid,
    at: usize,
    bound: usize,
}

impl Statement {
    pub(super) fn new(statement: Scoped, organization: Uuid) -> Self {
        Self {
            query: sqlx::query(statement.sql),
            organization,
            at: statement.at,
            bound: 0,
        }
        .organization()
    }

    fn organization(mut self) -> Self {
        if self.bound == self.at {
            self.query = self.query.bind(self.organization);
            self.bound += 1;
        }
        self
    }

    /// Binds the next parameter that is not the organization.
    pub fn bind<T>(mut self, value: T) -> Self
    where
        T: for<'q> Encode<'q, MySql> + Type<MySql> + Send + 'static,
    {
        self.query = self.query.bind(value);
        self.bound += 1;
        self.organization()
    }

    /// Runs it.
    pub async fn execute(self, db: &mut MySqlConnection) -> Result<MySqlQueryResult, sqlx::Error> {
        self.query.execute(db).await
    }

    /// Runs a statement that must find its row: one of a version that was read, or one that an address names. The problem
    /// is of that kind when there is no such row, or not any more.
    pub async fn change(self, db: &mut MySqlConnection, otherwise: Kind) -> super::Result<()> {
        self.change_unless(db, otherwise, |error| classify(error).into()).await
    }

    /// The same, where the database may refuse for a reason that people are told in words of its own.
    pub async fn change_unless(
        self,
        db: &mut MySqlConnection,
        otherwise: Kind,
        refused: impl FnOnce(&sqlx::Error) -> Problem,
    ) -> super::Result<()> {
        match self.execute(db).await {
            Ok(done) if done.rows_affected() == 0 => Err(Problem::new(otherwise)),
            Ok(_) => Ok(()),
            Err(error) => Err(refused(&error)),
        }
    }

    /// Every row.
    pub async fn fetch_all(self, db: &mut MySqlConnection) -> Result<Vec<MySqlRow>, sqlx::Error> {
        self.query.fetch_all(db).await
    }

    /// The row, if there is one.
    pub async fn fetch_optional(self, db: &mut MySqlConnection) -> Result<Option<MySqlRow>, sqlx::Error> {
        self.query.fetch_optional(db).await
    }

    /// The row.
    pub async fn fetch_one(self, db: &mut MySqlConnection) -> Result<MySqlRow, sqlx::Error> {
        self.query.fetch_one(db).await
    }
}

/// A [`Statement`] whose rows are of a type.
#[must_use = "a statement does nothing before it is executed"]
pub struct StatementAs<T> {
    statement: Statement,
    rows: PhantomData<fn() -> T>,
}

impl<T: for<'r> FromRow<'r, MySqlRow>> StatementAs<T> {
    pub(super) fn new(statement: Scoped, organization: Uuid) -> Self {
        Self {
            statement: Statement::new(statement, organization),
            rows: PhantomData,
        }
    }

    /// Binds the next parameter that is not the organization.
    pub fn bind<V>(mut self, value: V) -> Self
    where
        V: for<'q> Encode<'q, MySql> + Type<MySql> + Send + 'static,
    {
        self.statement = self.statement.bind(value);
        self
    }

    /// Every row.
    pub async fn fetch_all(self, db: &mut MySqlConnection) -> Result<Vec<T>, sqlx::Error> {
        self.statement.fetch_all(db).await?.iter().map(T::from_row).collect()
    }

    /// The row, if there is one.
    pub async fn fetch_optional(self, db: &mut MySqlConnection) -> Result<Option<T>, sqlx::Error> {
        self.statement
            .fetch_optional(db)
            .await?
            .as_ref()
            .map(T::from_row)
            .transpose()
    }

    /// The row.
    pub async fn fetch_one(self, db: &mut MySqlConnection) -> Result<T, sqlx::Error> {
        T::from_row(&self.statement.fetch_one(db).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_statement_that_could_leave_its_organization_does_not_compile() {
        for (sql, at) in [
            ("SELECT a FROM patient WHERE organization = ? AND id = ?", 0),
            ("UPDATE patient SET a = ?, b = ? WHERE organization = ? AND id = ?", 2),
            ("INSERT INTO patient (organization, id) VALUES (?, ?)", 0),
            (
                "SELECT p.a FROM patient p JOIN staff s ON s.organization = p.organization WHERE p.id = ? AND p.organization = ?",
                1,
            ),
            ("SELECT a FROM patient WHERE organization = ? FOR UPDATE", 0),
        ] {
            assert_eq!(place(sql), Some(at), "{sql}");
        }
        for sql in [
            "SELECT a FROM patient WHERE id = ?",
            "SELECT a FROM patient",
            "UPDATE patient SET a = ? WHERE id = ?",
            "INSERT INTO patient (id, organization) VALUES (?, ?)",
            "INSERT INTO patient (organization, id) SELECT organization, ? FROM patient",
            "SELECT p.a FROM patient p JOIN staff s ON s.id = p.id WHERE p.organization = ?",
            "SELECT a FROM patient WHERE id = ? OR organization = ?",
        ] {
            assert_eq!(place(sql), None, "{sql}");
        }
    }
}
