//! Looking for a name: by the pair of its two longest words, confirmed by the others.

use sqlx::{FromRow as _, mysql::MySqlRow};
use uuid::Uuid;

use super::{
    content::Patient,
    lead::{Place, Value, Way, end, leading, pair_values, paired, patterns, text, with_pair, with_word, word_values},
    store::details,
};
use crate::{
    db::Day,
    http::{Result, Scope, Scoped, cursor, place},
    scoped,
};

/// What is asked for besides the name.
pub(super) struct Besides {
    pub(super) born: Option<Day>,
    pub(super) number: Option<String>,
    pub(super) phone: Option<String>,
}

impl Besides {
    /// Whether it leads to a few.
    const fn leads(&self) -> bool {
        self.born.is_some() || self.number.is_some() || self.phone.is_some()
    }
}

/// Somebody who is called so, and where in the list.
pub(super) struct Found {
    pub(super) patient: Patient,
    place: Place,
}

impl Found {
    /// The place, as a client carries it.
    pub(super) fn cursor(&self) -> String {
        cursor(self.place.text().as_bytes())
    }
}

/// Who it is comes first, by the index alone; whole rows follow for those of the page.
macro_rules! found {
    ($who:literal, $join:literal, $lead:expr, $order:literal, $shown:literal) => {
        scoped!(concat!(
            "SELECT ",
            details!(),
            ", f.called, f.also FROM (SELECT ",
            $who,
            $join,
            " patient p ON p.organization = w.organization AND p.id = w.patient WHERE w.organization = ? AND ",
            $lead,
            " AND p.merged_into IS NULL AND p.erased_at IS NULL AND (? IS NULL OR p.birth_date = ?) \
             AND (? IS NULL OR p.document_number = ?) AND (? IS NULL OR p.phone = ?) ORDER BY ",
            $order,
            " LIMIT ?) f JOIN patient ON organization = f.home AND id = f.found ORDER BY ",
            $shown
        ))
    };
}

/// Another word.
macro_rules! also {
    () => {
        " AND (? IS NULL OR EXISTS (SELECT 1 FROM patient_word o WHERE o.organization = w.organization \
         AND o.patient = w.patient AND o.word LIKE ?))"
    };
}

const PAIR: Scoped = found!(
    "w.organization AS home, w.patient AS found, w.word AS called, w.other AS also FROM patient_pair w FORCE INDEX (PRIMARY)",
    " JOIN",
    with_pair!(),
    "w.word, w.other, w.patient",
    "f.called, f.also, id"
);

/// Until every name has its pairs.
const WORDS: Scoped = found!(
    "DISTINCT w.organization AS home, w.patient AS found, '' AS called, '' AS also FROM patient_word w",
    " JOIN",
    concat!(
        "w.word >= ? AND w.word < ? AND w.patient > ?",
        also!(),
        also!(),
        also!()
    ),
    "w.patient",
    "id"
);

/// By one word: in the order of the index, whatever else the server may think of.
const WORD: Scoped = found!(
    "w.organization AS home, w.patient AS found, w.word AS called, '' AS also FROM patient_word w FORCE INDEX (PRIMARY)",
    " STRAIGHT_JOIN",
    with_word!(),
    "w.word, w.patient",
    "f.called, id"
);

/// The same of a few, whom something else leads to.
const WORD_OF_FEW: Scoped = found!(
    "w.organization AS home, w.patient AS found, w.word AS called, '' AS also FROM patient_word w",
    " JOIN",
    with_word!(),
    "w.word, w.patient",
    "f.called, id"
);

/// At most `limit` patients after a place, whose names have words that begin as those of `name`. A list is read to its end in
/// the order that it began with: names that an older program writes meanwhile are in the next one.
pub(super) async fn matching(
    scope: &mut Scope,
    name: &str,
    besides: &Besides,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Vec<Found>> {
    let words = leading(name);
    let from = cursor
        .map(|cursor| place(cursor, |bytes| Place::parse(&bytes, &words)))
        .transpose()?;
    match (words.as_slice(), from) {
        ([], _) => Ok(Vec::new()),
        ([word], from) => {
            let word_of = if besides.leads() { WORD_OF_FEW } else { WORD };
            find(scope, (Way::Word, word_of), word_values(word, from), besides, limit).await
        }
        (words, Some(from)) if from.way == Way::Id => by_words(scope, words, from.after, besides, limit).await,
        (words, from) => {
            let begins = from.is_none();
            let found = find(scope, (Way::Pair, PAIR), pair_values(words, from), besides, limit).await?;
            if !begins || !found.is_empty() || paired(scope).await? {
                return Ok(found);
            }
            by_words(scope, words, Uuid::nil(), besides, limit).await
        }
    }
}

async fn by_words(
    scope: &mut Scope,
    words: &[String],
    after: Uuid,
    besides: &Besides,
    limit: u32,
) -> Result<Vec<Found>> {
    let mut values = vec![text(&words[0]), end(&words[0]), Value::Patient(after)];
    values.extend(patterns(&words[1..], "", 3));
    find(scope, (Way::Id, WORDS), values, besides, limit).await
}

async fn find(
    scope: &mut Scope,
    (way, statement): (Way, Scoped),
    values: Vec<Value>,
    besides: &Besides,
    limit: u32,
) -> Result<Vec<Found>> {
    let mut query = scope.query(statement);
    for value in values {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::Patient(id) => query.bind(id),
        };
    }
    let query = query
        .bind(besides.born)
        .bind(besides.born)
        .bind(besides.number.clone())
        .bind(besides.number.clone())
        .bind(besides.phone.clone())
        .bind(besides.phone.clone());
    let rows = query.bind(limit).fetch_all(scope.db()).await?;
    let found = |row: &MySqlRow| {
        Ok(Found {
            patient: Patient::from_row(row)?,
            place: Place::of(way, row)?,
        })
    };
    rows.iter().map(found).collect()
}
