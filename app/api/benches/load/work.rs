//! What the database is asked for, so that two ways of doing a transaction can be compared: a ratio says something only while
//! both ask the same of it.

use sqlx::{MySqlConnection, Row as _};

use crate::measure::Figures;

/// The server's counters: statements; statements that were prepared; pings and the like; rows written, also those of tables
/// that a statement needs for itself; rows read.
const COUNTERS: [(&str, &[&str]); 5] = [
    ("statements", &["Questions"]),
    ("prepared", &["Com_stmt_prepare"]),
    ("administered", &["Com_admin_commands"]),
    ("written", &["Handler_write"]),
    (
        "read",
        &[
            "Handler_read_key",
            "Handler_read_next",
            "Handler_read_rnd_next",
            "Handler_read_rnd",
        ],
    ),
];

/// What one transaction costs the database, by its own counters.
pub struct Work {
    each: [f64; COUNTERS.len()],
    /// How many transactions there were.
    count: usize,
}

impl Work {
    /// Whether it is the same, but for what a client does once (it connects, and prepares its statements), and once in a
    /// while.
    pub fn is_like(&self, other: &Self) -> bool {
        let few = 600.0 / self.count.min(other.count) as f64;
        let near = |index: usize, part: f64| {
            let (one, other) = (self.each[index], other.each[index]);
            (one - other).abs() < 0.1 + few + one.max(other) * part
        };
        // The two look for other names: some have more namesakes.
        (0..4).all(|index| near(index, 0.0)) && near(4, 0.25)
    }
}

impl std::fmt::Display for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} transactions, each", self.count)?;
        for ((name, _), each) in COUNTERS.iter().zip(self.each) {
            write!(f, " {name} {each:.2}")?;
        }
        Ok(())
    }
}

/// Runs something, and says what one of its transactions cost.
pub async fn of(db: &mut MySqlConnection, run: impl AsyncFnOnce() -> Figures) -> (Figures, Work) {
    let before = counters(db).await;
    let figures = run().await;
    let after = counters(db).await;
    assert!(
        figures.count > 0,
        "not one transaction: nothing is left to do them with"
    );
    let each = std::array::from_fn(|index| (after[index] - before[index]) as f64 / figures.count as f64);
    let count = figures.count;
    (figures, Work { each, count })
}

async fn counters(db: &mut MySqlConnection) -> [u64; COUNTERS.len()] {
    let rows = sqlx::query("SHOW GLOBAL STATUS").fetch_all(db).await.unwrap();
    let of = |name: &str| -> u64 {
        let row = rows.iter().find(|row| row.get::<String, _>(0) == name).unwrap();
        row.get::<String, _>(1).parse().unwrap()
    };
    COUNTERS.map(|(_, names)| names.iter().map(|name| of(name)).sum())
}
