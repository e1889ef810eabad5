//! Writing many rows at once.

use anyhow::Result;
use sqlx::{MySql, MySqlConnection, QueryBuilder};
use uuid::Uuid;

use super::Making;
use crate::db::Stamp;

/// Patients in one transaction.
pub(super) const BATCH: u32 = 250;
/// Rows in one statement: far below the protocol's bound of 65535 parameters.
const ROWS: usize = 500;

/// Inserts `rows` in statements of some hundred rows each.
pub(super) async fn insert<T>(
    db: &mut MySqlConnection,
    head: &'static str,
    rows: &[T],
    bind: impl Fn(&mut sqlx::query_builder::Separated<'_, MySql, &'static str>, &T),
) -> Result<()> {
    for part in rows.chunks(ROWS) {
        let mut query = QueryBuilder::<MySql>::new(head);
        query.push_values(part, |mut values, row| bind(&mut values, row));
        // Kept by the server: to close each would cost 40 ms, for sqlx leaves Nagle's algorithm on and nothing answers that.
        query.build().execute(&mut *db).await?;
    }
    Ok(())
}

/// An account that is active at once.
pub(super) async fn account(
    db: &mut MySqlConnection,
    making: &Making,
    id: Uuid,
    username: &str,
    staff: Option<Uuid>,
    patient: Option<Uuid>,
    password_hash: &str,
) -> Result<()> {
    let now = Stamp::from(making.now);
    sqlx::query(
        "INSERT INTO account (organization, id, username, staff, patient, password_hash, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(making.organization)
    .bind(id)
    .bind(username)
    .bind(staff)
    .bind(patient)
    .bind(password_hash)
    .bind(now)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}
