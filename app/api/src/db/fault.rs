//! What went wrong in the database, in the words that decide what happens next.
//!
//! The database's own messages quote values (`Duplicate entry '12345678Z' …`), so they never leave this module.

use sqlx::mysql::MySqlDatabaseError;

/// A failure of a statement or of a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The transaction was rolled back in favour of another one; the whole of it may run again.
    #[error("the transaction lost a race")]
    Conflict,
    /// The node cannot serve now; nothing of the transaction is left (unless COMMIT had been sent).
    #[error("the database node is lost")]
    NodeLost,
    /// No connection became free in time.
    #[error("no connection became free in time")]
    Busy,
    /// A unique key decided. The key's name.
    #[error("the unique key {0} refused the row")]
    Duplicate(String),
    /// A row that is referred to is missing.
    #[error("a row that is referred to is missing")]
    Missing,
    /// A CHECK constraint refused the row. Its name.
    #[error("the constraint {0} refused the row")]
    Refused(String),
    /// A text has a letter that its column does not hold: codes, numbers and names of accounts are of ASCII alone.
    #[error("a text has a letter that its column does not hold")]
    Letters,
    /// The row was asked for and is not there.
    #[error("there is no such row")]
    NoRow,
    /// A mistake in the program. Code or kind, for the log.
    #[error("{0}")]
    Bug(String),
}

/// Sorts an error. The numbers are MariaDB's error codes.
pub fn classify(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::RowNotFound => Fault::NoRow,
        sqlx::Error::PoolTimedOut => Fault::Busy,
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolClosed => {
            Fault::NodeLost
        }
        sqlx::Error::Database(error) => match error.try_downcast_ref::<MySqlDatabaseError>() {
            Some(error) => by_number(error.number(), error.message()),
            None => Fault::Bug("database".into()),
        },
        sqlx::Error::ColumnDecode { index, .. } => Fault::Bug(format!("column {index} does not decode")),
        sqlx::Error::ColumnNotFound(name) => Fault::Bug(format!("column {name} not found")),
        sqlx::Error::Encode(_) => Fault::Bug("encode".into()),
        sqlx::Error::Decode(_) => Fault::Bug("decode".into()),
        _ => Fault::Bug("sqlx".into()),
    }
}

fn by_number(number: u16, message: &str) -> Fault {
    match number {
        // Deadlock or failed certification; lock wait; record changed since the snapshot was taken.
        1213 | 1205 | 1020 => Fault::Conflict,
        // Node not prepared or not Primary; read-only; shutting down; connection killed; too many connections; host
        // blocked; access refused (a keeper fences the account); errors of the connection.
        1047
        | 1290
        | 1836
        | 1053
        | 1927
        | 1317
        | 1040
        | 1129
        | 1130
        | 1045
        | 1044
        | 1203
        | 1152..=1161
        | 2006
        | 2013 => Fault::NodeLost,
        // A statement ran longer than max_statement_time.
        1969 => Fault::Busy,
        1062 => Fault::Duplicate(last_quoted(message).rsplit('.').next().unwrap_or_default().to_owned()),
        1452 | 1216 => Fault::Missing,
        // Compared with a column, or written into one. Other mixes of collations and other values are mistakes of ours.
        1267 if message.contains("(ascii_") && message.contains("COERCIBLE") => Fault::Letters,
        1366 if message.starts_with("Incorrect string value") => Fault::Letters,
        4025 => Fault::Refused(constraint(message)),
        number => Fault::Bug(format!("database error {number}")),
    }
}

/// The name in `… for key 'NAME'`: what stands between the last two quotes.
fn last_quoted(message: &str) -> &str {
    message.trim_end_matches('\'').rsplit('\'').next().unwrap_or_default()
}

/// The name in ``CONSTRAINT `NAME` failed for `db`.`table` ``.
fn constraint(message: &str) -> String {
    message
        .split('`')
        .nth(1)
        .unwrap_or_default()
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Fault, by_number};

    #[test]
    fn names_the_key_and_never_the_value() {
        let message = "Duplicate entry '\\x01-O'Hara-12345678Z' for key 'patient_document'";
        assert_eq!(by_number(1062, message), Fault::Duplicate("patient_document".into()));
        let message = "CONSTRAINT `never_above_prescribed` failed for `clinic`.`prescription`";
        assert_eq!(
            by_number(4025, message),
            Fault::Refused("never_above_prescribed".into())
        );
        let mix = "Illegal mix of collations (ascii_bin,IMPLICIT) and (utf8mb4_unicode_ci,COERCIBLE) for operation '='";
        assert_eq!(by_number(1267, mix), Fault::Letters);
        let mix =
            "Illegal mix of collations (utf8mb4_bin,IMPLICIT) and (utf8mb4_unicode_ci,IMPLICIT) for operation '='";
        assert!(matches!(by_number(1267, mix), Fault::Bug(_)));
        assert!(matches!(
            by_number(1366, "Incorrect integer value: 'x' for column"),
            Fault::Bug(_)
        ));
        let Fault::Bug(shown) = by_number(1406, "Data too long for column 'x' value 'María'") else {
            panic!()
        };
        assert!(!shown.contains("María"));
    }
}
