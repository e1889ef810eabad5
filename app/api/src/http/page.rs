//! Paging by cursor: stable while rows come and go, and as fast on the last page as on the first.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::problem::{Kind, Problem, Result};

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items on a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// Items on the page, within bounds.
    pub fn limit(&self) -> Result<u32> {
        match self.limit {
            None => Ok(50),
            Some(limit) if (1..=100).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::field("/limit", "Entre 1 y 100.", "Between 1 and 100.")),
        }
    }

    /// The last identifier of the page before, or the smallest one.
    pub fn after(&self) -> Result<Uuid> {
        self.cursor.as_deref().map_or(Ok(Uuid::nil()), decode)
    }

    /// The last identifier of the page before, or the largest one: for the newest first.
    pub fn before(&self) -> Result<Uuid> {
        self.cursor.as_deref().map_or(Ok(Uuid::max()), decode)
    }
}

/// A place in a list, as a client carries it.
pub(crate) fn cursor(place: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// The place that a client brings back.
pub(crate) fn place<T>(cursor: &str, of: impl FnOnce(Vec<u8>) -> Option<T>) -> Result<T> {
    URL_SAFE_NO_PAD.decode(cursor).ok().and_then(of).ok_or_else(|| {
        Problem::new(Kind::Malformed).detail("El cursor no es de esta lista.", "The cursor is not of this list.")
    })
}

fn decode(cursor: &str) -> Result<Uuid> {
    place(cursor, |bytes| Uuid::from_slice(&bytes).ok())
}

/// Items, and how to get the following ones.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page from one item more than fits: the surplus only shows that there is a next page.
    pub fn new(items: Vec<T>, limit: u32, id: impl Fn(&T) -> Uuid) -> Self {
        Self::by(items, limit, |last| cursor(id(last).as_bytes()))
    }

    /// The same, for a list whose place is told by more than an identifier.
    pub(crate) fn by(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }

    /// The same page, of what the items are to whoever reads them.
    pub(crate) fn map<U>(self, change: impl Fn(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
        }
    }
}
