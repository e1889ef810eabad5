//! The YAML reader against the one that kubectl has.

#![allow(
    clippy::unwrap_used,
    clippy::format_collect,
    reason = "a test may fail by panic, and need not be fast"
)]

mod common;

use galeno::finding::{Severity, Span};
use galeno::yaml::{Limits, Stream, decode, read};
use serde_json::{Value, json};

fn stream(text: &str) -> Stream {
    read("test.yaml", text, &Limits::MANIFESTS)
}

fn values(text: &str) -> Vec<Value> {
    let stream = stream(text);
    assert!(stream.findings.is_empty(), "{text:?}: {:?}", stream.findings);
    stream.documents.into_iter().map(|document| document.value).collect()
}

fn codes(text: &str) -> Vec<&'static str> {
    stream(text).findings.iter().map(|finding| finding.code).collect()
}

fn kubectl(text: &str) -> Result<Vec<Value>, String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("test.yaml");
    std::fs::write(&file, text).unwrap();
    common::kubectl_reads(&file)
}

/// Plain scalars of which some are read as something else by YAML 1.1, YAML 1.2, or only by Go.
const HOSTILE: &str = "~ null Null NULL nULL y Y yes Yes YES yEs n N no No NO on On ON oN off Off OFF true True TRUE tRue \
    false False FALSE 0 1 -1 +1 00 01 0644 0o644 0O17 -0o7 +0x1f 0x1F 0X1F 0x 0b 0b1 0B101 -0b1 0b-1 0b+1 0b2 08 09 0_7 \
    1_000 _1 1_ 1__0 -_1 +_1 1_000.5 .5 -.5 +.5 .5_0 -.5_0 ._5 1. 1.5 1.5e3 1e3 1E+3 1e-7 1e400 -1e400 1e e1 .e1 . .. \
    ...a - + -- +-1 1:30 190:20:30 0:0 1:30.5 .iNf nan inf Infinity NaN 2001-01-01 2001-1-1 \
    2001-12-14t21:59:43.10-05:00 12-34 = 9223372036854775807 9223372036854775808 -9223372036854775808 \
    -9223372036854775809 18446744073709551615 18446744073709551616 123456789012345678901234567890 0x8000000000000000 \
    0xFFFFFFFFFFFFFFFF 0xFFFFFFFFFFFFFFFFF -0 -0.0 0.0 1.0 100.0 1e21 1e20 1e22 1.5e22 12345678.9 0.1 1e6 1234567.5 \
    1152921504606846976.0 0x1p-2 0x1.8 1,000 1e1e1 1.2.3 1.e5 1.5_5 é 0o8 0o 0x_1F 0_b1 0b_1 0xg 123abc 1d \
    0777777777777777777777 07 -07 +07 -08 017.5 0x1. 00.5 5e-324 1e-400 1.7976931348623157e308 a#b http://a/b a:b ::a \
    -a ?a <a 3Gi 100m 50% 1/2 10.0.0.0/8 a'b a\"b \\ \\n << <<a";

#[test]
fn plain_scalars_mean_what_they_mean_to_kubectl() {
    let scalars: Vec<&str> = HOSTILE
        .split_whitespace()
        .filter(|s| !["-", "--"].contains(s))
        .collect();
    let text: String = scalars
        .iter()
        .enumerate()
        .map(|(number, scalar)| {
            format!(
                "---\napiVersion: example.com/v1\nkind: Probe\nmetadata:\n  name: p{number}\n\
                 spec:\n  plain: {scalar}\n  list:\n  - {scalar}\n  single: '{}'\n",
                scalar.replace('\'', "''")
            )
        })
        .collect();
    let ours = values(&text);
    let theirs = kubectl(&text).unwrap();
    assert_eq!(ours.len(), scalars.len());
    assert_eq!(theirs.len(), scalars.len());
    for ((scalar, ours), theirs) in scalars.iter().zip(&ours).zip(&theirs) {
        assert_eq!(common::as_kubernetes(ours), common::as_kubernetes(theirs), "{scalar}");
        assert_eq!(ours["spec"]["single"], json!(scalar));
    }
}

#[test]
fn keys_are_named_as_kubectl_names_them() {
    // With a warning: the key is not what it looks like.
    let misread = [
        "on",
        "n",
        "0644",
        "0x1F",
        "1e3",
        "1e7",
        "1.50",
        "123456789.5",
        "1e-7",
        "+5",
        "1_0",
    ];
    // Without one.
    let exact = [
        "a",
        "8080",
        "1.5",
        "tRue",
        "a b",
        "x/y",
        "a.b",
        "2001-01-01",
        "1:30",
        "0.1",
        "-3",
    ];
    let spec = |keys: &[&str]| -> String { keys.iter().map(|key| format!("  {key}: {{k: 1}}\n")).collect() };
    let text = |keys: &[&str]| {
        format!(
            "apiVersion: example.com/v1\nkind: Probe\nmetadata:\n  name: p\nspec:\n{}",
            spec(keys)
        )
    };
    let warned = stream(&text(&misread));
    assert_eq!(warned.findings.len(), misread.len(), "{:?}", warned.findings);
    assert!(
        warned
            .findings
            .iter()
            .all(|f| f.code == "yaml/key-misread" && f.severity == Severity::Warning)
    );
    assert_eq!(
        vec![warned.documents[0].value.clone()],
        kubectl(&text(&misread)).unwrap()
    );
    assert_eq!(values(&text(&exact)), kubectl(&text(&exact)).unwrap());
}

#[test]
fn documents_mean_what_they_mean_to_kubectl() {
    let head = "apiVersion: example.com/v1\nkind: Probe\nmetadata: {name: p}\n";
    let texts = [
        "spec: &a {k: 1, l: [a, b]}\ncopy: *a\n",
        "base: &b {k: 1, l: 2}\nspec:\n  <<: *b\n  l: 3\n",
        "one: &b {k: 1, l: 2}\ntwo: &c {k: 5, m: 6}\nspec:\n  <<: [*b, *c]\n  w: 3\n",
        "a: &a {k: 1}\nb: &b {<<: *a, l: 2}\nspec: {<<: *b, z: 3}\n",
        "spec:\n  '<<': text\n",
        "spec: |\n  one\n   two\n\n  \tthree\n",
        "spec: >-\n  one\n  two\n\n  three\n    four\n",
        "spec: |+\n  keep\n\n\nother: 1\n",
        "spec: |2\n    two more\n",
        "spec: |\n  no line break at the end",
        "spec: \"a\\tb\\x41\\u263a\\U0001F600\\\n  joined\n\n  line\"\n",
        "spec: 'it''s\n  folded'\n",
        "spec: plain\n  over\n  lines # and a comment\n",
        "spec:\n- a\n-\n  b: c\n- - d\n  - e\n- ? f\n  : g\n",
        "spec: [a, {b: c}, 'd', \"e\"]\n",
        "spec:\n  url: [http://a/b, x:y]\n",
        "spec: !!str 12\nother: !!int \"12\"\nthird: !!float 1\nfourth: !!null ''\n",
        "spec:\nempty: ''\n",
        "spec: a\r\nother: |\r\n  b\r\n",
        "spec: é😀\n",
        "# comment\nspec: 1\n\n# end\n...\n",
    ];
    for text in texts {
        let text = format!("{head}{text}");
        assert_eq!(values(&text), kubectl(&text).unwrap(), "{text}");
    }
    let many = format!("# only a comment\n---\n{head}\n--- # another\n---\n\n{head}spec: 1\n...\n---\n~\n");
    assert_eq!(values(&many), kubectl(&many).unwrap());
    let json = "\n {\"apiVersion\": \"v1\",\n\t\"kind\": \"Probe\", \"metadata\": {\"name\": \"a\\/\\ud83d\\ude00\"}}";
    assert_eq!(values(json), kubectl(json).unwrap());
    let marked = format!("\u{FEFF}{head}");
    assert_eq!(values(&marked), kubectl(&marked).unwrap());
}

/// Each is refused with this code. Most are refused by kubectl too; the others it reads otherwise than YAML readers do,
/// or silently in part.
const REFUSED: &[(&str, &str)] = &[
    ("a: 1\nb: 2\na: 3\n", "yaml/duplicate-key"),
    ("a: 1\n\"a\": 3\n", "yaml/duplicate-key"),
    ("1: 1\n\"1\": 3\n", "yaml/duplicate-key"),
    ("b: &b {a: 1}\nc:\n  <<: *b\n  <<: *b\n", "yaml/duplicate-key"),
    ("b: &b {a: 1}\nc:\n  a: 2\n  <<: *b\n", "yaml/merge-order"),
    ("b: &b [a]\nc:\n  <<: *b\n", "yaml/merge"),
    ("c:\n  <<: 1\n", "yaml/merge"),
    ("a: *missing\n", "yaml/alias"),
    ("a: &a [*a]\n", "yaml/alias"),
    ("a: &a.b 1\n", "yaml/alias"),
    ("\ta: 1\n", "yaml/tab"),
    ("a:\n\tb: 1\n", "yaml/tab"),
    ("a:\n  - \tb\n", "yaml/tab"),
    ("a: 1\n\t\nb: 2\n", "yaml/tab"),
    ("-\tb: |\n    x\n", "yaml/tab"),
    ("a: |\n  x\n \ty\n", "yaml/tab"),
    ("a: 'open\n", "yaml/syntax"),
    ("a: [1, 2\n", "yaml/syntax"),
    ("a: b: c\n", "yaml/syntax"),
    ("a: @x\n", "yaml/syntax"),
    ("a: \"\\q\"\n", "yaml/syntax"),
    ("a: \"\\ud83d\\ude00\"\n", "yaml/syntax"),
    ("a: \"\\/\"\n", "yaml/syntax"),
    ("|\ntext\n", "yaml/syntax"),
    ("a: [b?]\n", "yaml/flow"),
    ("a: [b:]\n", "yaml/flow"),
    ("a: {b\n : c}\n", "yaml/flow"),
    ("a: .inf\n", "yaml/number"),
    ("a: .nan\n", "yaml/number"),
    ("[a]: 1\n", "yaml/key"),
    ("? {a: b}\n: 1\n", "yaml/key"),
    ("~: 1\n", "yaml/key"),
    ("!!str a: 1\n", "yaml/key"),
    ("a: !!binary aGk=\n", "yaml/tag"),
    ("a: !!int x\n", "yaml/tag"),
    ("a: ! x\n", "yaml/tag"),
    ("a: [!x]\n", "yaml/tag"),
    ("%YAML 1.1\n---\na: 1\n", "yaml/directive"),
    ("a: 1\n...\nb: 2\n", "yaml/separator"),
    ("a: 1\n--- {b: 2}\n", "yaml/separator"),
    ("--- a\n", "yaml/separator"),
    ("a: 1\n---\n...\n", "yaml/separator"),
    ("{a: 1}\n", "yaml/json"),
    ("{\"a\": 1,}\n", "yaml/json"),
    ("{\"a\": 1} {\"b\": 2}\n", "yaml/json"),
    ("{\"a\": 1, \"a\": 2}\n", "yaml/duplicate-key"),
    ("a: \u{7}\n", "yaml/character"),
    ("a: \u{7f}\n", "yaml/character"),
    ("a: b\u{85}c: d\n", "yaml/character"),
    ("a: b\u{2028}c: d\n", "yaml/character"),
    ("a: b\rc: d\n", "yaml/character"),
    ("a: \u{FEFF}\n", "yaml/character"),
    ("a: \0\n", "yaml/binary"),
];

#[test]
fn what_readers_disagree_about_is_refused() {
    for (text, code) in REFUSED {
        let found = stream(text);
        assert_eq!(
            found.findings.iter().map(|f| f.code).collect::<Vec<_>>(),
            [*code],
            "{text:?}"
        );
        let finding = &found.findings[0];
        assert_eq!(finding.severity, Severity::Error);
        assert!(!finding.mend.is_empty(), "{text:?} has no mend");
        assert_eq!(finding.place.file.as_deref(), Some("test.yaml"));
        let span = finding.place.span.unwrap();
        assert!(
            span.offset <= text.len() && text.is_char_boundary(span.offset),
            "{text:?}: {span:?}"
        );
        assert_eq!(
            span.line as usize,
            text[..span.offset].matches('\n').count() + 1,
            "{text:?}"
        );
        let line_start = text[..span.offset].rfind('\n').map_or(0, |at| at + 1);
        assert_eq!(
            span.column as usize,
            text[line_start..span.offset].chars().count() + 1,
            "{text:?}"
        );
    }
}

#[test]
fn a_duplicate_key_names_both_places() {
    let found = stream("a: 1\nb:\n  - name: x\n    name: y\n");
    let [finding] = &found.findings[..] else {
        panic!("{:?}", found.findings)
    };
    assert_eq!(
        finding.place.span,
        Some(Span {
            line: 4,
            column: 5,
            offset: 24,
            length: 4
        })
    );
    assert!(finding.reason.contains("line 3, column 5"), "{}", finding.reason);
    assert!(found.documents.is_empty());
}

#[test]
fn every_mistake_is_told_and_the_sound_documents_are_read() {
    let found = stream("a: 1\na: 2\n---\nok: 1\n---\nb: [\n---\nc: \"\\q\"\n---\nalso: fine\n");
    assert_eq!(
        found.findings.iter().map(|f| f.code).collect::<Vec<_>>(),
        ["yaml/syntax", "yaml/syntax", "yaml/duplicate-key"]
    );
    let values: Vec<Value> = found.documents.into_iter().map(|d| d.value).collect();
    assert_eq!(values, [json!({"ok": 1}), json!({"also": "fine"})]);
}

#[test]
fn nothing_is_nothing() {
    for text in ["", "\n\n", "# comment\n", "---\n", "---\n---\n# c\n", "~\n", "\u{FEFF}"] {
        assert_eq!(values(text), Vec::<Value>::new(), "{text:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let code = |bytes: &[u8]| decode("f", bytes, &Limits::ENVIRONMENT).unwrap_err();
    assert_eq!(code(b"\xff\xfea\0:\0").message, "the file is UTF-16, not UTF-8");
    assert_eq!(code(b"a\0:\0 \x001\0").message, "the file is UTF-16, not UTF-8");
    assert_eq!(code(b"\0a\0:").message, "the file is UTF-16, not UTF-8");
    assert_eq!(code(b"\xff\xfe\0\0").message, "the file is UTF-32, not UTF-8");
    let latin = code(b"a: 1\nb: caf\xe9\n");
    assert_eq!(
        (
            latin.code,
            latin.place.span.unwrap().line,
            latin.place.span.unwrap().column
        ),
        ("yaml/encoding", 2, 7)
    );
    assert_eq!(code(&vec![b'a'; (1 << 20) + 1]).code, "yaml/too-large");
}

#[test]
fn a_text_that_asks_for_too_much_is_refused() {
    let laughs: String = (1..12)
        .map(|level| {
            format!(
                "l{level}: &l{level} [{}]\n",
                vec![format!("*l{}", level - 1); 10].join(", ")
            )
        })
        .collect();
    assert_eq!(codes(&format!("l0: &l0 ha\n{laughs}")), ["yaml/aliases"]);
    let merges: String = (1..40)
        .map(|level| format!("m{level}: &m{level} {{<<: [*m{0}, *m{0}], k{level}: 1}}\n", level - 1))
        .collect();
    assert_eq!(codes(&format!("m0: &m0 {{k: 1}}\n{merges}")), ["yaml/aliases"]);
    assert_eq!(codes(&"[".repeat(100_000)), ["yaml/depth"]);
    assert_eq!(codes(&format!("{}a", "- ".repeat(5_000))), ["yaml/depth"]);
    assert_eq!(
        codes(&format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200))),
        ["yaml/depth"]
    );
    let deep: String = (0..90).map(|level| format!("{}k:\n", " ".repeat(level))).collect();
    let twice = format!(
        "a: &a\n{}\nb:\n",
        deep.lines().map(|l| format!("  {l}\n")).collect::<String>()
    );
    let nested = format!(
        "{twice}{}",
        (0..60)
            .map(|level| format!("{}k:\n", " ".repeat(level + 2)))
            .collect::<String>()
    );
    assert_eq!(codes(&format!("{nested}{}*a\n", " ".repeat(70))), ["yaml/depth"]);
    let many = format!("a: [{}]\n", "1,".repeat(2_000_001));
    assert_eq!(codes(&many), ["yaml/nodes"]);
    let duplicates: String = (0..100_000).map(|_| "k: 1\n").collect();
    assert_eq!(codes(&duplicates).len(), 50);
}

#[test]
fn every_part_knows_where_it_stands() {
    let text = "# é\nspec:\n  a: é x\n  list:\n  - name: n\n    b: 1\n  - two\n  a/b: {c: [1, 22]}\n  none:\nref: &r\n  k: v\nuse: *r\nmerged:\n  <<: *r\n";
    let document = &stream(text).documents[0];
    let slice = |span: Span| &text[span.offset..span.offset + span.length];
    let at = |pointer: &str| {
        document
            .positions
            .nearest(pointer)
            .map(|span| (span.line, span.column, slice(span)))
    };
    let key = |pointer: &str| {
        document
            .positions
            .key(pointer)
            .map(|span| (span.line, span.column, slice(span)))
    };
    assert_eq!(at(""), Some((2, 1, "spec")));
    assert_eq!(at("/spec"), Some((2, 1, "spec")));
    assert_eq!(at("/spec/a"), Some((3, 6, "é x")));
    assert_eq!(key("/spec/a"), Some((3, 3, "a")));
    assert_eq!(at("/spec/list"), Some((4, 3, "list")));
    assert_eq!(at("/spec/list/0"), Some((5, 5, "name")));
    assert_eq!(at("/spec/list/0/b"), Some((6, 8, "1")));
    assert_eq!(at("/spec/list/1"), Some((7, 5, "two")));
    assert_eq!(key("/spec/list/1"), None);
    assert_eq!(at("/spec/a~1b/c/1"), Some((8, 16, "22")));
    assert_eq!(at("/spec/none"), Some((9, 3, "none")));
    assert_eq!(at("/spec/missing/deeper"), Some((2, 1, "spec")));
    assert_eq!(key("/spec/missing"), None);
    assert_eq!(at("/spec/list/7"), Some((4, 3, "list")));
    assert_eq!(at("/use"), Some((12, 1, "use")));
    assert_eq!(at("/use/k"), Some((11, 6, "v")));
    assert_eq!(at("/merged/k"), Some((11, 6, "v")));
    assert_eq!(key("/merged/k"), Some((11, 3, "k")));
}

mod never_panics {
    use super::*;
    use proptest::prelude::*;

    /// Pieces of YAML that mean something to a reader.
    const PIECES: &[&str] = &[
        "a",
        "key",
        " ",
        "  ",
        "\n",
        "\n  ",
        "\n- ",
        ": ",
        ":",
        "- ",
        "-",
        "\"",
        "'",
        "# c",
        "#",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&x ",
        "*x",
        "!",
        "!!str ",
        "|\n  ",
        ">-\n ",
        "|2\n",
        "\t",
        "%",
        "\n---\n",
        "--- ",
        "\n...\n",
        "1",
        "0x1f",
        "yes",
        "~",
        "<<: *x\n",
        "\\n",
        "\\ud83d",
        "\r\n",
        "\r",
        "é",
        "\u{2028}",
        "😀",
        "\u{feff}",
        "`",
        "@",
        "{\"a\":1}",
    ];

    fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
        let Ok(text) = decode("f", bytes, &Limits::ENVIRONMENT) else {
            return Ok(());
        };
        let stream = read("f", text, &Limits::ENVIRONMENT);
        for finding in &stream.findings {
            if let Some(span) = finding.place.span {
                prop_assert!(
                    span.line >= 1 && span.column >= 1 && span.offset <= text.len() + 1,
                    "{finding:?}"
                );
            }
        }
        for document in &stream.documents {
            prop_assert!(!document.value.is_null());
            prop_assert!(document.positions.nearest("").is_some());
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            check(&bytes)?;
        }

        #[test]
        fn on_pieces_of_yaml(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
            check(pieces.concat().as_bytes())?;
        }

        #[test]
        fn on_damaged_manifests(cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0..20_usize, proptest::sample::select(PIECES)), 1..6)) {
            let mut bytes = include_bytes!("fixtures/deployment.yaml").to_vec();
            for (at, length, piece) in cuts {
                let at = at.index(bytes.len());
                let end = (at + length).min(bytes.len());
                bytes.splice(at..end, piece.bytes());
            }
            check(&bytes)?;
        }
    }
}
