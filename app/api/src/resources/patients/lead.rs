//! What leads to people by their name: words, or pairs of them, in the order of an index.
//!
//! Names are not rare. One word alone leads to everybody who has it, in Spain to one person in fifteen for García; its pair
//! with another word leads to those alone who have both.

use sqlx::{Row as _, mysql::MySqlRow};
use uuid::Uuid;

use crate::{
    http::{Result, Scope},
    people, scoped,
};

/// What a list is in the order of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
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

/// After whom a page begins: a place in the list, since names change, and a place does not.
pub(crate) struct Place {
    pub(crate) way: Way,
    called: String,
    also: String,
    pub(super) after: Uuid,
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

    /// That of a row with the columns `id`, `called` and `also`.
    pub(crate) fn of(way: Way, row: &MySqlRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            way,
            called: row.try_get("called")?,
            also: row.try_get("also")?,
            after: row.try_get("id")?,
        })
    }

    /// As a cursor holds it.
    pub(crate) fn text(&self) -> String {
        let Self {
            way,
            called,
            also,
            after,
        } = self;
        format!("{}/{called}/{also}/{}", way.letter(), after.simple())
    }

    /// The place of a cursor in the list of these words.
    pub(crate) fn parse(bytes: &[u8], words: &[String]) -> Option<Self> {
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

/// Everybody with a word, of `patient_word w` by `w.word, w.patient`: the order of the index, so that a page is read and no
/// more. Who has two such words comes with the first. Bound by [`word_values`].
macro_rules! with_word {
    () => {
        "((w.word = ? AND w.patient > ?) OR (w.word > ? AND w.word < ?)) \
         AND NOT EXISTS (SELECT 1 FROM patient_word e WHERE e.organization = w.organization AND e.patient = w.patient \
           AND e.word >= ? AND e.word < w.word)"
    };
}

/// Everybody with a pair, of `patient_pair w` by `w.word, w.other, w.patient`: in the order of the index. The words as they are,
/// which is the usual case, come first, then names that only begin so. Who has several such pairs comes with the first. In the
/// last of the three ranges the other word is compared as no index does it: with two bounds the server joins it to the range
/// before, and reads everybody who has the first word. Nobody is found on a first page while there are words without pairs.
/// Bound by [`pair_values`].
macro_rules! with_pair {
    () => {
        "((w.word = ? AND w.other = ? AND w.patient > ?) OR (w.word = ? AND w.other > ? AND w.other < ?) \
           OR (w.word > ? AND w.word < ? AND LEFT(w.other, CHAR_LENGTH(?)) = ?)) \
         AND (? IS NULL OR w.name LIKE ?) AND (? IS NULL OR w.name LIKE ?) \
         AND NOT EXISTS (SELECT 1 FROM patient_pair e FORCE INDEX (patient_pair_of) WHERE e.organization = w.organization \
           AND e.patient = w.patient AND e.word >= ? AND e.word < ? AND e.other >= ? AND e.other < ? \
           AND (e.word < w.word OR (e.word = w.word AND e.other < w.other))) \
         AND (? IS NOT NULL OR NOT EXISTS (SELECT 1 FROM patient_word u WHERE u.unpaired = TRUE AND u.organization = w.organization))"
    };
}

pub(crate) use {with_pair, with_word};

/// Whether every name has its pairs: an older program may have written one without.
pub(crate) async fn paired(scope: &mut Scope) -> Result<bool> {
    let query = scope.query(scoped!(
        "SELECT 1 FROM patient_word WHERE organization = ? AND unpaired = TRUE LIMIT 1"
    ));
    Ok(query.fetch_optional(scope.db()).await?.is_none())
}

/// What a placeholder stands for.
pub(crate) enum Value {
    Text(Option<String>),
    Patient(Uuid),
}

/// For [`with_word!`].
pub(crate) fn word_values(word: &str, from: Option<Place>) -> Vec<Value> {
    let from = from.unwrap_or_else(|| Place::start(Way::Word, word, ""));
    let mut values = vec![text(&from.called), Value::Patient(from.after), text(&from.called)];
    values.extend([end(word), text(word)]);
    values
}

/// For [`with_pair!`], of two to four words: the others stand in the same row.
pub(crate) fn pair_values(words: &[String], from: Option<Place>) -> Vec<Value> {
    let (first, second) = (&words[0], &words[1]);
    let on = Value::Text(from.as_ref().map(|_| "on".to_owned()));
    let from = from.unwrap_or_else(|| Place::start(Way::Pair, first, second));
    let (called, also) = (&from.called, &from.also);
    let mut values = vec![text(called), text(also), Value::Patient(from.after)];
    values.extend([text(called), text(also), end(second)]);
    values.extend([text(called), end(first), text(second), text(second)]);
    values.extend(patterns(&words[2..], "% ", 2));
    values.extend([text(first), end(first), text(second), end(second), on]);
    values
}

pub(super) fn text(word: &str) -> Value {
    Value::Text(Some(word.to_owned()))
}

pub(super) fn end(word: &str) -> Value {
    Value::Text(Some(people::after(word)))
}

/// Of each word twice, as conditions that may be left out take it. Words hold letters and digits alone: nothing in them means
/// anything else in a pattern.
pub(super) fn patterns(words: &[String], before: &str, count: usize) -> impl Iterator<Item = Value> {
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
