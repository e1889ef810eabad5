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

fn decode(cursor: &str) -> Result<Uuid> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| Uuid::from_slice(&bytes).ok())
        .ok_or_else(|| {
            Problem::new(Kind::Malformed).detail("El cursor no es de esta lista.", "The cursor is not of this list.")
        })
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
    pub fn new(mut items: Vec<T>, limit: u32, id: impl Fn(&T) -> Uuid) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more {
            items.last().map(|last| URL_SAFE_NO_PAD.encode(id(last).as_bytes()))
        } else {
            None
        };
        Self { items, next }
    }
}
