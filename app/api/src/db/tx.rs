//! A transaction on a connection of a pool.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::MySqlConnection;

use super::pool::Lent;

/// How long a node may take to undo what a transaction did.
const UNDOING: Duration = Duration::from_secs(5);

/// An open transaction. Dropped before [`commit`](Self::commit) has answered, it is rolled back.
///
/// A connection goes back to its pool when the server has said that the transaction is over, and is thrown away when the
/// server does not say it.
pub struct Tx(Option<Lent>);

impl Tx {
    /// Opens one on a connection that has none.
    pub(super) async fn begin(lent: Lent) -> Result<Self, sqlx::Error> {
        // Whoever gives up waiting for the answer leaves a transaction that `drop` ends.
        let mut tx = Self(Some(lent));
        sqlx::raw_sql("BEGIN").execute(&mut *tx).await?;
        Ok(tx)
    }

    /// Ends it well. After an error nobody knows whether it was kept, but when the error is a conflict: then it was not.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("COMMIT").execute(&mut *self).await?;
        // Over: the connection goes back as it is.
        drop(self.0.take());
        Ok(())
    }
}

#[expect(
    clippy::expect_used,
    reason = "only `commit` and `drop` take the connection, and nobody has the transaction after them"
)]
impl Deref for Tx {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        self.0.as_ref().expect("an open transaction has its connection")
    }
}

#[expect(clippy::expect_used, reason = "as above")]
impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        self.0.as_mut().expect("an open transaction has its connection")
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(lent) = self.0.take() else { return };
        let mut open = Open(Some(lent));
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // The program ends, and the connection with it: the server undoes what is open.
            return;
        };
        runtime.spawn(async move {
            let Some(lent) = &mut open.0 else { return };
            let undone = tokio::time::timeout(UNDOING, sqlx::raw_sql("ROLLBACK").execute(&mut **lent)).await;
            if matches!(undone, Ok(Ok(_))) {
                drop(open.0.take());
            }
        });
    }
}

/// A connection whose transaction may be open: it goes back to its pool when it is taken out of this, and in no other way.
struct Open(Option<Lent>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(lent) = self.0.take() {
            drop(Lent::take(lent));
        }
    }
}
