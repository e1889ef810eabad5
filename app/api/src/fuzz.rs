//! What a fuzzer calls: one function for each parser, with what must hold beside "it does not panic".
//!
//! `app/api/fuzz` runs them under libFuzzer; a test here runs them over a few thousand inputs at each build.

use galeno_contract::api::{ApiConfig, Locale};
use hyper::{
    HeaderMap,
    header::{HeaderValue, IntoHeaderName},
};

use crate::{
    auth::Credential,
    http::{PageQuery, Proxies, preferred},
    people::{self, DocumentType},
};

fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}

/// Identity documents: one spelling, and that spelling is its own.
pub fn identifiers(data: &[u8]) {
    let text = text(data);
    for kind in [DocumentType::Dni, DocumentType::Nie, DocumentType::Passport] {
        if let Some(number) = kind.normalize(&text) {
            assert_eq!(kind.normalize(&number), Some(number.clone()));
            assert!(number.len() <= 30, "it fits its column");
        }
    }
    for good in [people::phone(&text), people::email(&text), people::username(&text)] {
        assert!(!good || text.len() <= 254);
    }
}

/// Names as they are searched: words that mean nothing in a pattern, and fit their column.
pub fn search(data: &[u8]) {
    for word in people::words(&text(data)) {
        assert!((2..=60).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(people::words(&word), std::slice::from_ref(&word));
    }
}

/// Cursors of pages.
pub fn cursors(data: &[u8]) {
    let page = PageQuery {
        limit: data.first().map(|byte| u32::from(*byte)),
        cursor: Some(text(data).into_owned()),
    };
    let (after, before) = (page.after(), page.before());
    assert_eq!(after.is_ok(), before.is_ok());
    assert!(page.limit().is_ok_and(|limit| (1..=100).contains(&limit)) || page.limit().is_err());
}

/// Codes of prescriptions: what is shown is read again.
pub fn codes(data: &[u8]) {
    crate::resources::code_holds(&text(data));
}

/// Tokens of sessions and services.
pub fn tokens(data: &[u8]) {
    if let Some(credential) = Credential::parse(&text(data)) {
        assert_eq!(credential.hash().len(), 32);
    }
}

/// Headers of requests: languages, versions, addresses behind proxies.
pub fn headers(data: &[u8]) {
    let text = text(data);
    let _: Locale = preferred(Some(&text), Locale::Es);
    let _ = crate::http::version_of(&text);
    let Ok(value) = HeaderValue::from_bytes(data) else {
        return;
    };
    let mut headers = HeaderMap::new();
    put(&mut headers, "x-forwarded-for", value);
    let stranger = std::net::IpAddr::from([203, 0, 113, 7]);
    if let Ok(proxies) = Proxies::parse(&["10.0.0.0/8".to_owned()]) {
        assert_eq!(
            proxies.client(stranger, &headers),
            stranger,
            "a stranger's word is not believed"
        );
        let _ = proxies.client(std::net::IpAddr::from([10, 0, 0, 1]), &headers);
    }
    let _ = Proxies::parse(&[text.into_owned()]);
}

fn put(headers: &mut HeaderMap, name: impl IntoHeaderName, value: HeaderValue) {
    headers.insert(name, value);
}

/// The configuration: what is accepted is written and read again as the same.
pub fn config(data: &[u8]) {
    let parsed: Result<ApiConfig, _> = serde_saphyr::from_str(&text(data));
    if let Ok(config) = parsed
        && let Ok(json) = serde_json::to_string(&config)
    {
        assert_eq!(serde_json::from_str::<ApiConfig>(&json).ok(), Some(config));
    }
}

/// Bodies of requests: parsed and checked.
pub fn bodies(data: &[u8]) {
    crate::resources::check_bodies(data);
}

/// What an authenticator sends (CBOR, client data).
pub fn passkeys(data: &[u8]) {
    crate::auth::passkey_parses(data);
}

/// A function that a fuzzer calls.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("identifiers", identifiers),
    ("search", search),
    ("cursors", cursors),
    ("codes", codes),
    ("tokens", tokens),
    ("headers", headers),
    ("config", config),
    ("bodies", bodies),
    ("passkeys", passkeys),
];

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::TARGETS;

    /// Pieces that get past the first look of the parsers.
    const PIECES: &[&str] = &[
        "12345678Z",
        "X1234567L",
        "{\"name\":",
        "\"birth_date\":\"2020-02-30\"",
        "}",
        "[",
        "\\u0000",
        "gs_",
        "gt_",
        "es;q=",
        "W/\"",
        "\"1\"",
        "10.0.0.0/",
        "::ffff:",
        "kind",
        "note",
        "server:\n  listen: ",
        "- ",
        "&a ",
        "*a",
        "ñ",
        "ß",
        "İ",
        "\u{200f}",
        "00000-00000-00000-0000",
        "4294967296",
        "-1",
        "1e999",
        "null",
        "\u{fffd}",
        "A",
        "Z",
        "0",
        "9",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_parser_panics_or_breaks_its_promise(
            raw in vec(any::<u8>(), 0..200), picked in vec((0..PIECES.len(), any::<prop::sample::Index>()), 0..12)
        ) {
            let mut mixed = raw.clone();
            for (piece, place) in picked {
                let at = place.index(mixed.len() + 1);
                mixed.splice(at..at, PIECES[piece].bytes());
            }
            for (_, target) in TARGETS {
                target(&raw);
                target(&mixed);
            }
        }
    }
}
