//! Looking for a name: by the pair of its two longest words, confirmed by the others.
//!
//! Names are not rare. One word alone leads to everybody who has it, in Spain to one person in fifteen for García; its pair
//! with another word leads to those alone who have both.

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

/// Who it is comes first, by the index alone; DISTINCT over whole rows would write them to a table.
macro_rules! found {
    ($table:literal, $lead:literal, $rest:expr) => {
        scoped!(concat!(
            "SELECT ",
            details!(),
            " FROM (SELECT DISTINCT w.organization AS home, w.patient AS found FROM ",
            $table,
            " w JOIN patient p ON p.organization = w.organization AND p.id = w.patient WHERE w.organization = ? AND ",
            $lead,
            " AND w.patient > ?",
            $rest,
            " AND p.merged_into IS NULL AND p.erased_at IS NULL AND (? IS NULL OR p.birth_date = ?) \
             AND (? IS NULL OR p.document_number = ?) AND (? IS NULL OR p.phone = ?) \
             ORDER BY w.patient LIMIT ?) f JOIN patient ON organization = f.home AND id = f.found ORDER BY id"
        ))
    };
}

/// Whether the pairs of somebody's name are not written yet.
macro_rules! unpaired {
    () => {
        "EXISTS (SELECT 1 FROM patient_word u WHERE u.unpaired = TRUE AND u.organization = w.organization)"
    };
}

/// Another word.
macro_rules! also {
    () => {
        " AND (? IS NULL OR EXISTS (SELECT 1 FROM patient_word o WHERE o.organization = w.organization \
         AND o.patient = w.patient AND o.word LIKE ?))"
    };
}

/// The word as it is, which is the usual case, is one short range; names that only begin with it are another one.
const PAIR: Scoped = found!(
    "patient_pair",
    "((w.word = ? AND w.other >= ? AND w.other < ?) OR (w.word > ? AND w.word < ? AND w.other >= ? AND w.other < ?))",
    concat!(
        " AND (? IS NULL OR w.name LIKE ?) AND (? IS NULL OR w.name LIKE ?) AND NOT ",
        unpaired!()
    )
);
const WORD: Scoped = found!("patient_word", "w.word >= ? AND w.word < ?", "");
/// Until every name has its pairs.
const WORDS: Scoped = found!(
    "patient_word",
    "w.word >= ? AND w.word < ?",
    concat!(also!(), also!(), also!(), " AND ", unpaired!())
);

/// At most `limit` patients after one, in the order of their ids, whose names have words that begin as those of `name`.
pub(super) async fn matching(
    scope: &mut Scope,
    name: &str,
    besides: &Besides,
    after: Uuid,
    limit: u32,
) -> Result<Vec<Patient>> {
    let words = leading(name);
    // Words hold letters and digits alone: `~` comes after all of them, and nothing means anything else in a pattern.
    let end = |word: &String| format!("{word}~");
    let patterns = |words: &[String], before: &str, count: usize| -> Vec<Option<String>> {
        (0..count)
            .map(|at| words.get(at).map(|word| format!("{before}{word}%")))
            .collect()
    };
    let page = (besides, after, limit);
    match words.as_slice() {
        [] => Ok(Vec::new()),
        [word] => find(scope, WORD, &[word.clone(), end(word)], &[], page).await,
        [first, second, rest @ ..] => {
            let other = [second.clone(), end(second)];
            let lead = [&[first.clone()], &other[..], &[first.clone(), end(first)], &other[..]].concat();
            let found = find(scope, PAIR, &lead, &patterns(rest, "% ", 2), page).await?;
            if !found.is_empty() {
                return Ok(found);
            }
            find(
                scope,
                WORDS,
                &[first.clone(), end(first)],
                &patterns(&words[1..], "", 3),
                page,
            )
            .await
        }
    }
}

/// The words of a name, the longest first: they are the rarest, more often than not. What only begins another one says nothing
/// more than that.
fn leading(name: &str) -> Vec<String> {
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
    lead: &[String],
    patterns: &[Option<String>],
    (besides, after, limit): (&Besides, Uuid, u32),
) -> Result<Vec<Patient>> {
    let mut query = scope.query_as::<Patient>(statement);
    for word in lead {
        query = query.bind(word.clone());
    }
    query = query.bind(after);
    for pattern in patterns {
        query = query.bind(pattern.clone()).bind(pattern.clone());
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
