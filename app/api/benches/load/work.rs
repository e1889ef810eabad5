//! What the database is asked for, so that two ways of doing a transaction can be compared: a ratio says something only while
//! both ask the same of it.

use sqlx::{MySqlConnection, Row as _};

use crate::measure::Figures;

/// What one transaction costs the database, by its own counters.
#[derive(Debug)]
pub struct Work {
    /// Statements.
    statements: f64,
    /// Rows written, also those of tables that a statement needs for itself.
    written: f64,
    /// How many transactions there were.
    count: usize,
}

impl Work {
    /// Whether it is the same, but for what a client does once (it connects), and once in a while.
    pub fn is_like(&self, other: &Self) -> bool {
        let few = 200.0 / self.count.min(other.count) as f64;
        let near = |one: f64, other: f64| (one - other).abs() < 0.1 + few;
        near(self.statements, other.statements) && near(self.written, other.written)
    }
}

/// Runs something, and says what one of its transactions cost.
pub async fn of(db: &mut MySqlConnection, run: impl AsyncFnOnce() -> Figures) -> (Figures, Work) {
    let before = counters(db).await;
    let figures = run().await;
    let after = counters(db).await;
    let each = |index: usize| (after[index] - before[index]) as f64 / figures.count as f64;
    let work = Work {
        statements: each(0),
        written: each(1),
        count: figures.count,
    };
    (figures, work)
}

async fn counters(db: &mut MySqlConnection) -> [u64; 2] {
    let rows = sqlx::query("SHOW GLOBAL STATUS WHERE Variable_name IN ('Handler_write', 'Questions')")
        .fetch_all(db)
        .await
        .unwrap();
    let of = |name: &str| {
        let row = rows.iter().find(|row| row.get::<String, _>(0) == name).unwrap();
        row.get::<String, _>(1).parse().unwrap()
    };
    [of("Questions"), of("Handler_write")]
}
