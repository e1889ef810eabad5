//! Searching for patients.

use serde_json::Value;
use sqlx::{FromRow, mysql::MySqlRow};

use super::{
    cursor::Cursor,
    json::{DNI, PASSPORT},
    params::{Mode, Search, Text, Total, foreign, refused},
    patient::{Shown, patient},
    search::{Binds, Found, Table, calendar, count, dates, like, one_of, page, run, within, words},
};
use crate::{
    http::{Result, Scope, Scoped},
    people,
    resources::patients::{
        Patient, Place, Value as Bind, Way, leading, pair_values, paired, with_pair, with_word, word_values,
    },
    scoped,
};

macro_rules! other_word {
    () => {
        " AND (? IS NULL OR EXISTS (SELECT 1 FROM patient_word o WHERE o.organization = p.organization \
         AND o.patient = p.id AND o.word LIKE ?))"
    };
}

macro_rules! conditions {
    () => {
        concat!(
            " AND p.merged_into IS NULL AND p.erased_at IS NULL",
            one_of!("p.id"),
            within!("p.updated_at"),
            within!("p.birth_date"),
            words!("p.sex"),
            " AND (? IS NULL OR (p.document_type IN ('dni', 'nie', 'passport') AND p.document_number = ?))",
            words!("p.document_type"),
            " AND (? IS NULL OR p.phone = ?) AND (? IS NULL OR p.email = ?)",
            like!("p.postal_code"),
            like!("CONCAT_WS(' ', p.given_name, p.family_name)"),
            like!("p.given_name"),
            like!("p.family_name"),
            other_word!(),
            other_word!(),
            other_word!()
        )
    };
}

/// Led by the longest word of a name, which an index knows.
macro_rules! word {
    () => {
        "patient_word w JOIN patient p ON p.organization = w.organization AND p.id = w.patient \
         WHERE w.organization = ? AND w.word >= ? AND w.word < ?"
    };
}

/// Led by its two longest words: one that is common leads to many, its pair with another one to few. As names are looked for at
/// the front desk, the second range is kept apart from the first.
macro_rules! pair {
    () => {
        "patient_pair w FORCE INDEX (PRIMARY) JOIN patient p ON p.organization = w.organization AND p.id = w.patient \
         WHERE w.organization = ? AND ((w.word = ? AND w.other >= ? AND w.other < ?) \
         OR (w.word > ? AND w.word < ? AND LEFT(w.other, CHAR_LENGTH(?)) = ?))"
    };
}

macro_rules! led {
    ($lead:expr, $select:expr, $tail:expr) => {
        scoped!(concat!("SELECT ", $select, " FROM ", $lead, conditions!(), $tail))
    };
}

/// Led by whatever else is asked.
macro_rules! by_rest {
    ($select:expr, $tail:expr) => {
        scoped!(concat!(
            "SELECT ",
            $select,
            " FROM patient p WHERE p.organization = ?",
            conditions!(),
            $tail
        ))
    };
}

macro_rules! key {
    () => {
        ", CASE ? WHEN 'birthdate' THEN CAST(p.birth_date AS DATETIME(6)) ELSE p.updated_at END AS sort_key"
    };
}

/// Who is called so: somebody may have several such words.
macro_rules! called {
    ($lead:expr) => {
        Table {
            page: led!(
                $lead,
                concat!("DISTINCT ", "p.*"),
                " AND p.id > ? ORDER BY p.id LIMIT ?"
            ),
            up: led!(
                $lead,
                concat!("DISTINCT ", "p.*", key!()),
                " HAVING (? IS NULL OR (sort_key, id) > (?, ?)) ORDER BY sort_key, id LIMIT ?"
            ),
            down: led!(
                $lead,
                concat!("DISTINCT ", "p.*", key!()),
                " HAVING (? IS NULL OR (sort_key, id) < (?, ?)) ORDER BY sort_key DESC, id DESC LIMIT ?"
            ),
            count: led!($lead, "COUNT(DISTINCT p.id) AS n", ""),
            newest_first: false,
        }
    };
}

const BY_WORD: Table = called!(word!());
const BY_PAIR: Table = called!(pair!());

const BY_REST: Table = Table {
    page: by_rest!("p.*", " AND p.id > ? ORDER BY p.id LIMIT ?"),
    up: by_rest!(
        concat!("p.*", key!()),
        " HAVING (? IS NULL OR (sort_key, id) > (?, ?)) ORDER BY sort_key, id LIMIT ?"
    ),
    down: by_rest!(
        concat!("p.*", key!()),
        " HAVING (? IS NULL OR (sort_key, id) < (?, ?)) ORDER BY sort_key DESC, id DESC LIMIT ?"
    ),
    count: by_rest!("COUNT(*) AS n", ""),
    newest_first: false,
};

/// A page in the order of an index, whatever else the server may think of.
macro_rules! ordered {
    ($from:literal, $with:expr, $order:literal) => {
        scoped!(concat!(
            "SELECT p.*, ",
            $from,
            " STRAIGHT_JOIN patient p ON p.organization = w.organization AND p.id = w.patient WHERE w.organization = ? AND ",
            $with,
            conditions!(),
            " ORDER BY ",
            $order,
            " LIMIT ?"
        ))
    };
}

const WORD_PAGE: Scoped = ordered!(
    "w.word AS called, '' AS also FROM patient_word w FORCE INDEX (PRIMARY)",
    with_word!(),
    "w.word, w.patient"
);

const PAIR_PAGE: Scoped = ordered!(
    "w.word AS called, w.other AS also FROM patient_pair w FORCE INDEX (PRIMARY)",
    with_pair!(),
    "w.word, w.other, w.patient"
);

/// The number, and the kinds of document that it may be of.
fn document(search: &Search) -> Result<(Option<String>, Option<Vec<String>>)> {
    let Some(tokens) = search.tokens("identifier")? else {
        return Ok((None, None));
    };
    let [token] = tokens else {
        return Err(refused("identifier: one only".to_owned()));
    };
    let number = people::document_number(&token.code);
    let kinds: &[&str] = match token.system.as_deref() {
        None => return Ok((Some(number), None)),
        Some(DNI) => &["dni", "nie"],
        Some(PASSPORT) => &["passport"],
        Some(_) => &[],
    };
    Ok((Some(number), Some(kinds.iter().map(|&kind| kind.to_owned()).collect())))
}

/// The words that texts need, by their beginnings or whole.
fn asked(texts: &[Option<&Text>]) -> Vec<String> {
    let texts: Vec<&str> = texts
        .iter()
        .flatten()
        .filter(|text| text.mode != Mode::Contains)
        .map(|text| text.value.as_str())
        .collect();
    let mut words = leading(&texts.join(" "));
    words.truncate(4);
    words
}

/// What is asked of a patient, but for the words of a name.
async fn conditions(scope: &mut Scope, search: &Search, led: bool) -> Result<Binds> {
    let (name, given, family) = (search.text("name")?, search.text("given")?, search.text("family")?);
    let (number, kinds) = document(search)?;
    let updated = dates(scope, search, "_lastUpdated").await?;
    let postal = search.text("address-postalcode")?;
    let one = |name: &str| -> Result<Option<String>> {
        match search.codes(name, Some(name)) {
            Some(codes) if codes.len() > 1 => Err(refused(format!("{name}: one only"))),
            codes => Ok(codes.map(|codes| codes.first().cloned().unwrap_or_default())),
        }
    };
    let mut binds = Binds::default();
    binds
        .one_of(search.ids("_id"))
        .range(updated)
        .days(calendar(search, "birthdate")?)
        .words(search.codes("gender", Some("http://hl7.org/fhir/administrative-gender")))
        .optional_text(number)
        .words(kinds)
        .optional_text(one("phone")?)
        .optional_text(one("email")?)
        .text(postal.as_ref())
        // By its beginnings a name is found through its words, before and after.
        .text(name.as_ref().filter(|text| text.mode != Mode::Start || !led))
        .text(given.as_ref())
        .text(family.as_ref());
    Ok(binds)
}

/// Words besides those that lead.
fn others(binds: &mut Binds, words: &[String]) {
    for index in 0..3 {
        binds.optional_text(words.get(index).map(|word| format!("{word}%")));
    }
}

/// Whether pairs lead: they are written of words of three letters or more with any other one.
async fn in_pairs(scope: &mut Scope, words: &[String]) -> Result<bool> {
    Ok(matches!(words, [first, _, ..] if first.len() > 2) && paired(scope).await?)
}

/// The statements that read all who are meant, to count or to sort them.
fn of_all(words: &[String], pairs: bool, conditions: &Binds) -> (&'static Table, Binds) {
    let mut binds = Binds::default();
    let (table, rest) = match words {
        [] => (&BY_REST, words),
        [first, second, rest @ ..] if pairs => {
            let (first, second) = (first.as_str(), second.as_str());
            let (first_end, second_end) = (people::after(first), people::after(second));
            for value in [first, second, &second_end, first, &first_end, second, second] {
                binds.one_text(value.to_owned());
            }
            (&BY_PAIR, rest)
        }
        [first, rest @ ..] => {
            binds.one_text(first.clone()).one_text(people::after(first));
            (&BY_WORD, rest)
        }
    };
    binds.and(conditions);
    others(&mut binds, rest);
    (table, binds)
}

/// What leads to a few, whoever is called so.
const FEW: [&str; 5] = ["_id", "identifier", "birthdate", "phone", "email"];

/// The list of names that a page is of, when an index has it in its order. One that began in the order of identifiers, in the
/// version before, ends in it.
fn list(search: &Search, words: &[String], pairs: bool) -> Result<Option<(Way, Vec<Bind>)>> {
    if search.sort.is_some() || search.only_count || FEW.iter().any(|name| search.has(name)) {
        return Ok(None);
    }
    let from = match &search.cursor {
        None => None,
        Some(Cursor::Row { .. }) => return Ok(None),
        Some(Cursor::Name(place)) => {
            let place = Place::parse(place.as_bytes(), words).filter(|place| place.way != Way::Id);
            Some(place.ok_or_else(foreign)?)
        }
    };
    Ok(match words {
        [word] => Some((Way::Word, word_values(word, from))),
        [_, _, ..] if from.is_some() || pairs => Some((Way::Pair, pair_values(words, from))),
        _ => None,
    })
}

/// Runs a search of patients.
pub(super) async fn search(scope: &mut Scope, search: &Search) -> Result<Found<Value>> {
    let texts = [search.text("name")?, search.text("given")?, search.text("family")?];
    let words = asked(&texts.each_ref().map(Option::as_ref));
    let conditions = conditions(scope, search, !words.is_empty()).await?;
    let organization = scope.organization();
    let own = scope.subject().is_some();
    let show = |row: &MySqlRow| {
        let row = Patient::from_row(row)?;
        Ok(patient(
            &Shown::from(if own { row } else { row.into_found() }),
            organization,
        ))
    };
    let pairs = in_pairs(scope, &words).await?;
    let Some((way, values)) = list(search, &words, pairs)? else {
        let (table, binds) = of_all(&words, pairs, &conditions);
        return run(scope, table, search, &binds, show).await;
    };
    let mut binds = Binds::default();
    binds.names(values).and(&conditions);
    others(&mut binds, &[]);
    let statement = binds.put(scope.query(if way == Way::Pair { PAIR_PAGE } else { WORD_PAGE }));
    let end = |last: &MySqlRow| Ok(Cursor::Name(Place::of(way, last)?.text()));
    let (rows, next) = page(scope, search, statement, end).await?;
    let all = search.cursor.is_none() && next.is_none();
    // Who they all are is read for a client alone that asks; of a page that has them all it is known.
    let total = match search.total {
        Total::Wanted => {
            let (table, binds) = of_all(&words, pairs, &conditions);
            count(scope, table, &binds).await?
        }
        Total::Usual if all => Some(rows.len() as u64),
        Total::Usual | Total::Unwanted => None,
    };
    Ok(Found {
        items: rows.iter().map(show).collect::<Result<_>>()?,
        total,
        next,
    })
}

/// Nobody lists everybody.
pub(super) fn something_to_look_for(search: &Search) -> Result<()> {
    let texts = [search.text("name")?, search.text("given")?, search.text("family")?];
    let led = !asked(&texts.each_ref().map(Option::as_ref)).is_empty() || FEW.iter().any(|name| search.has(name));
    if led {
        return Ok(());
    }
    Err(refused(
        "add what an index knows: a word of a name (two letters or more, not :contains), birthdate, identifier, phone, email \
         or _id; the rest only narrows"
            .to_owned(),
    ))
}
