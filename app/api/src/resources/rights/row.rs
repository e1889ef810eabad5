//! A row of the database as JSON, column by column, as the columns' types say.

use serde_json::{Map, Value, json};
use sqlx::{Column, Row, TypeInfo, ValueRef, mysql::MySqlRow};
use uuid::Uuid;

use crate::db::{Day, Stamp};

/// The row. Texts that hold JSON become what they hold.
pub(super) fn object(row: &MySqlRow) -> Result<Value, sqlx::Error> {
    let mut object = Map::new();
    for (index, column) in row.columns().iter().enumerate() {
        object.insert(column.name().to_owned(), value(row, index, column.type_info().name())?);
    }
    Ok(Value::Object(object))
}

fn value(row: &MySqlRow, index: usize, kind: &str) -> Result<Value, sqlx::Error> {
    if row.try_get_raw(index)?.is_null() {
        return Ok(Value::Null);
    }
    Ok(match kind {
        "BOOLEAN" => json!(row.try_get::<bool, _>(index)?),
        "DATETIME" | "TIMESTAMP" => json!(row.try_get::<Stamp, _>(index)?),
        "DATE" => json!(row.try_get::<Day, _>(index)?),
        // Texts with a binary collation come as bytes, too. No UUID is printable: its ninth byte is none of ASCII.
        "BINARY" | "VARBINARY" | "BLOB" => {
            let bytes: Vec<u8> = row.try_get_unchecked(index)?;
            match std::str::from_utf8(&bytes) {
                Ok(text) if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => json!(text),
                _ => Uuid::from_slice(&bytes).map_or_else(|_| json!(crate::keys::hex(&bytes)), |id| json!(id)),
            }
        }
        kind if kind.ends_with("UNSIGNED") => json!(row.try_get::<u64, _>(index)?),
        kind if kind.ends_with("INT") => json!(row.try_get::<i64, _>(index)?),
        _ => {
            let text: String = row.try_get_unchecked(index)?;
            if text.starts_with('{') || text.starts_with('[') {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            } else {
                Value::String(text)
            }
        }
    })
}
