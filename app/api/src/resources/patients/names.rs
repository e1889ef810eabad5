//! Looking for a name: by the pair of its two longest words, confirmed by the others.
//!
//! Names are not rare. One word alone leads to everybody who has it, in Spain to one person in fifteen for García; its pair
//! with another word leads to those alone who have both.

use sqlx::{FromRow as _, Row as _};
use uuid::Uuid;

use super::{content::Patient, store::details};
use crate::{
    db::Day,
    http::{Result, Scope, Scoped, cursor, place},
    people, scoped,
};

/// What is asked for besides the name.
pub(super) struct Besides {
    pub(super) born: Option<Day>,
    pub(super) number: Option<String>,
    pub(super) phone: Option<String>,
}

/// Somebody who is called so, and where in the list: names change, and a place in the list does not.
pub(super) struct Found {
    pub(super) patient: Patient,
    place: Place,
}

impl Found {
    /// The place, as a client carries it.
    pub(super) fn cursor(&self) -> String {
        let Place {
            way,
            called,
            also,
            after,
        } = &self.place;
        cursor(format!("{}/{called}/{also}/{}", way.letter(), after.simple()).as_bytes())
    }
}

/// What a list is in the order of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The identifier.
    Id,
    /// One word, then the identifier.
    Word,
    /// Two words, then the identifier.
    Pair,
}

impl Way {
    const ALL: [Self; 3] = [Self::Id, Self::Word, Self::Pair];

    const fn letter(self) -> char {
        match self {
            Self::Id => 'i',
            Self::Word => 'w',
            Self::Pair => 'p',
        }
    }
}

/// After whom a page begins.
struct Place {
    way: Way,
    called: String,
    also: String,
    after: Uuid,
}

impl Place {
    fn start(way: Way, called: &str, also: &str) -> Self {
        Self {
            way,
            called: called.to_owned(),
            also: also.to_owned(),
            after: Uuid::nil(),
        }
    }

    /// The place of a cursor in the list of these words.
    fn parse(bytes: &[u8], words: &[String]) -> Option<Self> {
        // The version before had one order for two words: that of identifiers.
        if let (Ok(after), [_, _, ..]) = (Uuid::from_slice(bytes), words) {
            return Some(Self {
                after,
                ..Self::start(Way::Id, "", "")
            });
        }
        let text = str::from_utf8(bytes).ok()?;
        let mut parts = text.split('/');
        let letter = parts.next()?;
        let way = Way::ALL.into_iter().find(|way| letter.chars().eq([way.letter()]))?;
        let (called, also) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let after = parts.next()?.parse().ok()?;
        let begins = |word: &str, index: usize| words.get(index).is_some_and(|asked| word.starts_with(asked.as_str()));
        let here = match way {
            Way::Id => words.len() > 1,
            Way::Word => words.len() == 1 && begins(&called, 0),
            Way::Pair => begins(&called, 0) && begins(&also, 1),
        };
        (here && parts.next().is_none()).then_some(Self {
            way,
            called,
            also,
            after,
        })
    }
}

/// Who it is comes first, by the index alone; whole rows follow for those of the page.
macro_rules! found {
    ($who:literal, $lead:expr, $order:literal, $shown:literal) => {
        scoped!(concat!(
            "SELECT ",
            details!(),
            ", f.called, f.also FROM (SELECT ",
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
     AND (? IS NOT NULL OR NOT EXISTS (SELECT 1 FROM patient_word u WHERE u.unpaired = TRUE AND u.organization = w.organization))",
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
    "DISTINCT w.organization AS home, w.patient AS found, '' AS called, '' AS also FROM patient_word w",
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
    "w.organization AS home, w.patient AS found, w.word AS called, '' AS also FROM patient_word w",
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
        ([word], from) => by_word(scope, word, from, besides, limit).await,
        (words, Some(from)) if from.way == Way::Id => by_words(scope, words, from.after, besides, limit).await,
        (words, from) => {
            let begins = from.is_none();
            let found = by_pair(scope, words, from, besides, limit).await?;
            if !begins || !found.is_empty() || paired(scope).await? {
                return Ok(found);
            }
            by_words(scope, words, Uuid::nil(), besides, limit).await
        }
    }
}

async fn by_word(
    scope: &mut Scope,
    word: &str,
    from: Option<Place>,
    besides: &Besides,
    limit: u32,
) -> Result<Vec<Found>> {
    let from = from.unwrap_or_else(|| Place::start(Way::Word, word, ""));
    let mut values = vec![text(&from.called), Value::Patient(from.after), text(&from.called)];
    values.extend([end(word), text(word)]);
    find(scope, (Way::Word, WORD), values, besides, limit).await
}

async fn by_pair(
    scope: &mut Scope,
    words: &[String],
    from: Option<Place>,
    besides: &Besides,
    limit: u32,
) -> Result<Vec<Found>> {
    let (first, second) = (&words[0], &words[1]);
    let on = Value::Text(from.as_ref().map(|_| "on".to_owned()));
    let from = from.unwrap_or_else(|| Place::start(Way::Pair, first, second));
    let (called, also) = (&from.called, &from.also);
    let mut values = vec![text(called), text(also), Value::Patient(from.after)];
    values.extend([text(called), text(also), end(second)]);
    values.extend([text(called), end(first), text(second), text(second)]);
    values.extend(patterns(&words[2..], "% ", 2));
    values.extend([text(first), end(first), text(second), end(second), on]);
    find(scope, (Way::Pair, PAIR), values, besides, limit).await
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

fn text(word: &str) -> Value {
    Value::Text(Some(word.to_owned()))
}

fn end(word: &str) -> Value {
    Value::Text(Some(people::after(word)))
}

/// Of each word twice, as conditions that may be left out take it. Words hold letters and digits alone: nothing in them means
/// anything else in a pattern.
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
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let patient = Patient::from_row(row)?;
        let place = Place {
            way,
            called: row.try_get("called")?,
            also: row.try_get("also")?,
            after: patient.id,
        };
        found.push(Found { patient, place });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Place, leading};

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

    #[test]
    fn a_cursor_of_another_list_is_none() {
        let words = |name| leading(name);
        let id = "0190000000007000800000000000000a";
        let parse = |text: &str, name| Place::parse(text.as_bytes(), &words(name)).is_some();
        assert!(parse(&format!("p/garciaz/lopez/{id}"), "garcia lopez"));
        assert!(parse(&format!("w/garcia//{id}"), "gar"));
        assert!(parse(&format!("i///{id}"), "garcia lopez"));
        for (text, name) in [
            (format!("p/garcia/lopez/{id}"), "garcia ruiz"),
            (format!("p/garcia/lopez/{id}"), "garcia"),
            (format!("w/garcia//{id}"), "garcia lopez"),
            (format!("i///{id}"), "garcia"),
            (format!("p/garcia/lopez/{id}/x"), "garcia lopez"),
            (format!("q/garcia/lopez/{id}"), "garcia lopez"),
            ("p/garcia/lopez/none".to_owned(), "garcia lopez"),
            (String::new(), "garcia lopez"),
        ] {
            assert!(!parse(&text, name), "{text} {name}");
        }
        // One of the version before, which is sixteen bytes.
        assert!(Place::parse(&[7; 16], &words("garcia lopez")).is_some());
        assert!(Place::parse(&[7; 16], &words("garcia")).is_none());
    }
}
