//! Where a page ends: the last identifier, and its sort key when the search is sorted.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use uuid::Uuid;

use crate::db::Stamp;

/// The end of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) key: Option<Stamp>,
    pub(super) id: Uuid,
}

impl Cursor {
    /// As it stands in a link.
    pub(super) fn text(self) -> String {
        let mut bytes = self.id.as_bytes().to_vec();
        if let Some(key) = self.key {
            bytes.extend(key.micros().to_be_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// From a link.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, key) = bytes.split_at_checked(16)?;
        let key = if key.is_empty() {
            None
        } else {
            let micros = i64::from_be_bytes(key.try_into().ok()?);
            Some(Stamp::from(Timestamp::from_microsecond(micros).ok()?))
        };
        Some(Self {
            key,
            id: Uuid::from_slice(id).ok()?,
        })
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
            let cursor = Cursor { key: sorted.then(Stamp::now), id: Uuid::now_v7() };
            prop_assert_eq!(Cursor::parse(&cursor.text()), Some(cursor));
            if let Some(cursor) = Cursor::parse(&text) {
                prop_assert_eq!(cursor.text(), text);
            }
        }
    }
}
