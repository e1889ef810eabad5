//! Of the parser of searches.

use proptest::prelude::*;
use uuid::Uuid;

use super::{Mode, Search, Text, Token, reference};
use crate::fhir::kind::{Type, definition};

const BASE: &str = "https://api.clinic.example/fhir";

fn parse(kind: Type, pairs: &[(&str, &str)], strict: bool) -> Result<Search, String> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    Search::parse(definition(kind), &pairs, strict, BASE).map_err(|problem| format!("{problem:?}"))
}

#[test]
fn values_are_of_the_type_of_their_parameter() {
    let id = Uuid::now_v7();
    let search = parse(
        Type::Appointment,
        &[
            ("patient", &format!("Patient/{id}")),
            ("status", "booked,arrived"),
            ("status", "arrived,noshow"),
            ("date", "ge2026-01-01"),
            ("date", "lt2026-02-01"),
            ("_count", "500"),
            ("_sort", "-date"),
            ("slot", ""),
        ],
        true,
    )
    .unwrap();
    assert_eq!(search.ids("patient"), Some(vec![id]));
    assert_eq!(search.codes("status", None), Some(vec!["arrived".to_owned()]));
    assert_eq!(search.dates("date").len(), 2);
    assert_eq!(search.count, 100);
    assert_eq!(search.sort, Some(("date", true)));
    assert!(!search.has("slot"), "an empty value is no value");
}

#[test]
fn tokens_know_their_system_and_backslashes() {
    let search = parse(Type::Patient, &[("identifier", r"urn:x|a\|b\,c,|plain,any")], true).unwrap();
    let tokens = search.tokens("identifier").unwrap().unwrap();
    let token = |system: Option<&str>, code: &str| Token {
        system: system.map(str::to_owned),
        code: code.to_owned(),
    };
    assert_eq!(
        tokens,
        [
            token(Some("urn:x"), "a|b,c"),
            token(Some(""), "plain"),
            token(None, "any")
        ]
    );
    let text = parse(Type::Patient, &[("name:contains", r"Peña\, Ana")], true).unwrap();
    let wanted = Text {
        mode: Mode::Contains,
        value: "Peña, Ana".to_owned(),
    };
    assert_eq!(text.text("name").unwrap(), Some(wanted));
}

#[test]
fn references_point_here_or_nowhere() {
    let id = Uuid::now_v7();
    for (text, kind, found) in [
        (id.to_string(), None, Some(id)),
        (format!("Patient/{id}"), None, Some(id)),
        (format!("Patient/{id}"), Some(Type::Practitioner), None),
        (format!("{BASE}/Patient/{id}"), None, Some(id)),
        (format!("https://elsewhere.example/fhir/Patient/{id}"), None, None),
        (format!("{BASE}Patient/{id}"), None, None),
        ("Patient/1".to_owned(), None, None),
    ] {
        assert_eq!(reference(&text, kind, BASE), found, "{text}");
    }
}

#[test]
fn what_is_unknown_is_ignored_or_refused_as_the_client_wants() {
    let lenient = parse(Type::Patient, &[("favourite", "x"), ("name", "ana")], false).unwrap();
    assert_eq!(lenient.ignored, ["favourite"]);
    assert_eq!(lenient.understood, [("name".to_owned(), "ana".to_owned())]);
    assert!(parse(Type::Patient, &[("favourite", "x")], true).is_err());
    // What is known and makes no sense is refused either way.
    for (name, text) in [
        ("birthdate", "yesterday"),
        ("name:missing", "true"),
        ("gender:not", "male"),
        ("_sort", "name"),
        ("_include", "Patient:nothing"),
        ("_count", "many"),
        ("_cursor", "%%%"),
        ("identifier", "1,2,3,4,5,6,7,8,9,10,11"),
        ("birthdate", "2020,2021"),
    ] {
        assert!(parse(Type::Patient, &[(name, text)], false).is_err(), "{name}={text}");
    }
    assert!(parse(Type::Observation, &[("patient.name", "x")], false).is_err());
}

proptest! {
    #[test]
    fn no_search_panics(
        kind in 0..Type::ALL.len(),
        strict: bool,
        pairs in prop::collection::vec(
            (
                prop_oneof![
                    "(_id|_lastUpdated|_count|_sort|_include|_total|_summary|_cursor|name|date|status|code|patient|start)\
                     (:exact|:contains|:Patient|:not|)",
                    ".{0,12}",
                ],
                prop_oneof![".{0,40}", r"[a-z0-9|,\\:/$-]{0,40}", "(ge|lt|ap|)[0-9T:Z.-]{0,24}"],
            ),
            0..6,
        ),
    ) {
        let definition = definition(Type::ALL[kind]);
        if let Ok(search) = Search::parse(definition, &pairs, strict, BASE) {
            for param in definition.params {
                let _ = (search.ids(param.name), search.codes(param.name, None), search.dates(param.name));
                let _ = (search.text(param.name), search.tokens(param.name));
            }
            prop_assert!((1..=100).contains(&search.count));
            prop_assert!(search.understood.len() + search.ignored.len() <= pairs.len());
        }
    }
}
