//! Where a page ends: the last identifier, and its sort key when the search is sorted.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use uuid::Uuid;

use crate::db::Stamp;

/// The end of the page before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    /// Its last identifier, and that one's sort key.
    Row { key: Option<Stamp>, id: Uuid },
    /// A place in a list of names, as these write it. It is longer than a row.
    Name(String),
}

impl Cursor {
    /// As it stands in a link.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Row { key, id } => {
                let mut bytes = id.as_bytes().to_vec();
                bytes.extend(key.iter().flat_map(|key| key.micros().to_be_bytes()));
                URL_SAFE_NO_PAD.encode(bytes)
            }
            Self::Name(place) => URL_SAFE_NO_PAD.encode(place),
        }
    }

    /// From a link.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, key) = bytes.split_at_checked(16)?;
        let key = match key.len() {
            0 => None,
            8 => {
                let micros = i64::from_be_bytes(key.try_into().ok()?);
                Some(Stamp::from(Timestamp::from_microsecond(micros).ok()?))
            }
            _ => return String::from_utf8(bytes).ok().map(Self::Name),
        };
        let id = Uuid::from_slice(id).ok()?;
        Some(Self::Row { key, id })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::Cursor;
    use crate::db::Stamp;

    proptest! {
        #[test]
        fn a_cursor_comes_back_and_nonsense_does_not(text in "[A-Za-z0-9_-]{0,40}", sorted: bool) {
            let row = Cursor::Row { key: sorted.then(Stamp::now), id: Uuid::now_v7() };
            prop_assert_eq!(Cursor::parse(&row.text()), Some(row));
            let name = Cursor::Name(format!("w/{text}//{}", Uuid::now_v7().simple()));
            prop_assert_eq!(Cursor::parse(&name.text()), Some(name));
            if let Some(cursor) = Cursor::parse(&text) {
                prop_assert_eq!(cursor.text(), text);
            }
        }
    }
}
