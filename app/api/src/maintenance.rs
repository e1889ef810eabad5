//! Removing what has expired: sessions, ceremonies, kept answers, counted failures; and writing the pairs of names that a
//! program of before left out. Small steps, so that no transaction is long.

use std::{sync::Arc, time::Duration};

use crate::{app::App, db::Stamp, http::ANSWERS_KEPT, resources::patients};

const EVERY: Duration = Duration::from_mins(10);
const DAY: Duration = Duration::from_hours(24);

/// Runs for ever.
pub(crate) async fn run(app: Arc<App>) {
    loop {
        // A conflict or a lost node: the next round tries again.
        while patients::mend(&app).await.is_ok_and(|mended| mended > 0) {}
        tokio::time::sleep(EVERY).await;
        let now = Stamp::now();
        for (statement, before) in [
            ("DELETE FROM session WHERE expires_at < ? LIMIT 500", now.minus(DAY)),
            ("DELETE FROM app_token WHERE expires_at < ? LIMIT 500", now.minus(DAY)),
            ("DELETE FROM ceremony WHERE expires_at < ? LIMIT 500", now),
            (
                "DELETE FROM idempotency WHERE at < ? LIMIT 500",
                now.minus(ANSWERS_KEPT),
            ),
            ("DELETE FROM sign_in_failure WHERE at < ? LIMIT 500", now.minus(DAY * 2)),
        ] {
            while remove(&app, statement, before)
                .await
                .is_ok_and(|removed| removed == 500)
            {}
        }
    }
}

async fn remove(app: &App, statement: &'static str, before: Stamp) -> Result<u64, ()> {
    let lease = app.cluster.choose().map_err(|_| ())?;
    let mut tx = lease.begin().await.map_err(|_| ())?;
    // A conflict or a lost node: the next round tries again.
    let removed = sqlx::query(statement)
        .bind(before)
        .execute(&mut *tx)
        .await
        .map_err(|_| ())?
        .rows_affected();
    tx.commit().await.map_err(|_| ())?;
    Ok(removed)
}
