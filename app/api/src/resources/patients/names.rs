//! Looking for a name: by the pair of its two longest words, confirmed by the others.
//!
//! Names are not rare. One word alone leads to everybody who has it, in Spain to one person in fifteen for García; its pair
//! with another word leads to those alone who have both.

use sqlx::Row as _;
use uuid::Uuid;

use super::{content::Patient, store::details};
use crate::{
    db::Day,
    http::{Result, Scope, Scoped},
    people, scoped,
};

/// What is asked for besides the name.
pub(super) struct Besides {
    pub(super) born: Option<Day>,
    pub(super) number: Option<String>,
    pub(super) phone: Option<String>,
}

/// Who it is comes first, by the index alone; whole rows follow for those of the page.
macro_rules! found {
    ($who:literal, $lead:expr, $order:literal, $shown:literal) => {
        scoped!(concat!(
            "SELECT ",
            details!(),
            " FROM (SELECT ",
            $who,
            " JOIN patient p ON p.organization = w.organization AND p.id = w.patient WHERE w.organization = ? AND ",
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

/// Everybody with a pair: in the order of the index, so that a page is read and no more. The words as they are, which is the
/// usual case, come first, then names that only begin so. Who has several such pairs comes with the first. In the last of the
/// three ranges the other word is compared as no index does it: with two bounds the server joins it to the range before, and
/// reads everybody who has the first word.
const PAIR: Scoped = found!(
    "w.organization AS home, w.patient AS found, w.word AS called, w.other AS also FROM patient_pair w FORCE INDEX (PRIMARY)",
    "((w.word = ? AND w.other = ? AND w.patient > ?) OR (w.word = ? AND w.other > ? AND w.other < ?) \
       OR (w.word > ? AND w.word < ? AND LEFT(w.other, CHAR_LENGTH(?)) = ?)) \
     AND (? IS NULL OR w.name LIKE ?) AND (? IS NULL OR w.name LIKE ?) \
     AND NOT EXISTS (SELECT 1 FROM patient_pair e FORCE INDEX (patient_pair_of) WHERE e.organization = w.organization \
       AND e.patient = w.patient AND e.word >= ? AND e.word < ? AND e.other >= ? AND e.other < ? \
       AND (e.word < w.word OR (e.word = w.word AND e.other < w.other))) \
     AND NOT EXISTS (SELECT 1 FROM patient_word u WHERE u.unpaired = TRUE AND u.organization = w.organization)",
    "w.word, w.other, w.patient",
    "f.called, f.also, id"
);

/// Whether every name has its pairs: an older program may have written one without.
pub(crate) async fn paired(scope: &mut Scope) -> Result<bool> {
    let query = scope.query(scoped!(
        "SELECT 1 FROM patient_word WHERE organization = ? AND unpaired = TRUE LIMIT 1"
    ));
    Ok(query.fetch_optional(scope.db()).await?.is_none())
}

/// Until every name has its pairs.
const WORDS: Scoped = found!(
    "DISTINCT w.organization AS home, w.patient AS found FROM patient_word w",
    concat!(
        "w.word >= ? AND w.word < ? AND w.patient > ?",
        also!(),
        also!(),
        also!()
    ),
    "w.patient",
    "id"
);

/// Everybody with a word: in the order of the index, so that a page is read and no more. Who has two such words comes with
/// the first.
const WORD: Scoped = found!(
    "w.organization AS home, w.patient AS found, w.word AS called FROM patient_word w",
    "((w.word = ? AND w.patient > ?) OR (w.word > ? AND w.word < ?)) \
     AND NOT EXISTS (SELECT 1 FROM patient_word e WHERE e.organization = w.organization AND e.patient = w.patient \
       AND e.word >= ? AND e.word < w.word)",
    "w.word, w.patient",
    "f.called, id"
);

/// A parameter.
enum Value {
    Text(Option<String>),
    Patient(Uuid),
}

/// At most `limit` patients after one, whose names have words that begin as those of `name`.
pub(super) async fn matching(
    scope: &mut Scope,
    name: &str,
    besides: &Besides,
    after: Uuid,
    limit: u32,
) -> Result<Vec<Patient>> {
    let words = leading(name);
    match words.as_slice() {
        [] => Ok(Vec::new()),
        [word] => {
            let from = called(scope, word, after).await?;
            let mut values = vec![text(&from), Value::Patient(after), text(&from)];
            values.extend([end(word), text(word)]);
            find(scope, WORD, values, besides, limit).await
        }
        [first, second, rest @ ..] => {
            let (from, other) = called_so(scope, first, second, after).await?;
            let mut values = vec![text(&from), text(&other), Value::Patient(after)];
            values.extend([text(&from), text(&other), end(second)]);
            values.extend([text(&from), end(first), text(second), text(second)]);
            values.extend(patterns(rest, "% ", 2));
            values.extend([text(first), end(first), text(second), end(second)]);
            let found = find(scope, PAIR, values, besides, limit).await?;
            if !found.is_empty() || paired(scope).await? {
                return Ok(found);
            }
            let mut values = vec![text(first), end(first), Value::Patient(after)];
            values.extend(patterns(&words[1..], "", 3));
            find(scope, WORDS, values, besides, limit).await
        }
    }
}

/// By which word the last patient of the page before was found.
async fn called(scope: &mut Scope, word: &str, after: Uuid) -> Result<String> {
    if after.is_nil() {
        return Ok(word.to_owned());
    }
    let query = scope.query(scoped!(
        "SELECT MIN(word) AS called FROM patient_word WHERE organization = ? AND patient = ? AND word >= ? AND word < ?"
    ));
    let query = query.bind(after).bind(word.to_owned()).bind(format!("{word}~"));
    let row = query.fetch_one(scope.db()).await?;
    // Somebody who is called otherwise by now: from the beginning.
    Ok(row
        .try_get::<Option<String>, _>("called")?
        .unwrap_or_else(|| word.to_owned()))
}

/// By which pair.
async fn called_so(scope: &mut Scope, first: &str, second: &str, after: Uuid) -> Result<(String, String)> {
    let begin = (first.to_owned(), second.to_owned());
    if after.is_nil() {
        return Ok(begin);
    }
    let query = scope.query(scoped!(
        "SELECT word, other FROM patient_pair FORCE INDEX (patient_pair_of) WHERE organization = ? AND patient = ? \
         AND word >= ? AND word < ? AND other >= ? AND other < ? ORDER BY word, other LIMIT 1"
    ));
    let query = query.bind(after).bind(begin.0.clone()).bind(format!("{first}~"));
    let query = query.bind(begin.1.clone()).bind(format!("{second}~"));
    Ok(match query.fetch_optional(scope.db()).await? {
        Some(row) => (row.try_get("word")?, row.try_get("other")?),
        None => begin,
    })
}

fn text(word: &str) -> Value {
    Value::Text(Some(word.to_owned()))
}

/// Words hold letters and digits alone: `~` comes after all of them, and nothing means anything else in a pattern.
fn end(word: &str) -> Value {
    Value::Text(Some(format!("{word}~")))
}

/// Of each word twice, as conditions that may be left out take it.
fn patterns(words: &[String], before: &str, count: usize) -> impl Iterator<Item = Value> {
    let patterns: Vec<_> = (0..count * 2)
        .map(|at| Value::Text(words.get(at / 2).map(|word| format!("{before}{word}%"))))
        .collect();
    patterns.into_iter()
}

/// The words of a name, the longest first: they are the rarest, more often than not. What only begins another one says nothing
/// more than that.
pub(crate) fn leading(name: &str) -> Vec<String> {
    let mut words = people::words(name);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut leading: Vec<String> = Vec::new();
    for word in words {
        if !leading.iter().any(|longer| longer.starts_with(&word)) {
            leading.push(word);
        }
    }
    leading
}

async fn find(
    scope: &mut Scope,
    statement: Scoped,
    values: Vec<Value>,
    besides: &Besides,
    limit: u32,
) -> Result<Vec<Patient>> {
    let mut query = scope.query_as::<Patient>(statement);
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
    Ok(query.bind(limit).fetch_all(scope.db()).await?)
}

#[cfg(test)]
mod tests {
    use super::leading;

    #[test]
    fn the_longest_words_lead() {
        assert_eq!(leading("Ana García López"), ["garcia", "lopez", "ana"]);
        assert_eq!(leading("Begoña de la Peña"), ["begona", "pena", "de", "la"]);
        assert_eq!(
            leading("García Garc"),
            ["garcia"],
            "who is called García García is still found"
        );
        assert!(leading("- ,").is_empty());
    }
}
