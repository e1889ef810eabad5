//! Names: of objects, labels, ports, keys and variables.
//!
//! The limits are those of `k8s.io/apimachinery` (`pkg/util/validation`) and RFC 1035, 1123 and 6335.

use super::Complaint;

type Verdict = Result<(), Complaint>;

fn lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Lowercase letters, digits and `-`, a letter or digit at both ends; not empty.
fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|b| lower_or_digit(*b) || *b == b'-')
        && bytes.first().is_some_and(|b| *b != b'-')
        && bytes.last().is_some_and(|b| *b != b'-')
}

/// A DNS label (RFC 1123): what most names of one word must be.
pub(in super::super) fn dns_label(text: &str) -> Verdict {
    if text.len() > 63 {
        return Err("must have at most 63 characters");
    }
    if !is_label(text) {
        return Err("must have only lowercase letters, digits and `-`, with a letter or digit at both ends");
    }
    Ok(())
}

/// A DNS label that starts with a letter (RFC 1035).
pub(in super::super) fn dns_1035_label(text: &str) -> Verdict {
    if text.len() > 63 {
        return Err("must have at most 63 characters");
    }
    if !is_label(text) || text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return Err(
            "must have only lowercase letters, digits and `-`, with a letter at the start and a letter or digit at the end",
        );
    }
    Ok(())
}

/// A DNS subdomain (RFC 1123): labels joined by dots. A label of it may be longer than 63 characters.
pub(in super::super) fn dns_subdomain(text: &str) -> Verdict {
    if text.len() > 253 {
        return Err("must have at most 253 characters");
    }
    if !text.split('.').all(is_label) {
        return Err(
            "must have only lowercase letters, digits, `-` and `.`, with a letter or digit at both ends of each part",
        );
    }
    Ok(())
}

/// `*.` and a DNS subdomain.
pub(in super::super) fn wildcard_subdomain(text: &str) -> Verdict {
    match text.strip_prefix("*.") {
        Some(rest) => dns_subdomain(rest),
        None => Err("must be `*.` and a DNS name: a `*` stands for the whole first part and nothing else"),
    }
}

/// A name that can stand in a path, as RBAC objects have: anything but `.`, `..`, `/` and `%`.
pub(in super::super) fn path_segment(text: &str) -> Verdict {
    match text {
        "" => Err("must not be empty"),
        "." | ".." => Err("must not be `.` or `..`"),
        _ if text.contains(['/', '%']) => Err("must not have a `/` or a `%`"),
        _ => Ok(()),
    }
}

/// Letters, digits, `-`, `_` and `.`, a letter or digit at both ends, at most 63.
fn name_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let end = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    text.len() <= 63
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && end(bytes.first())
        && end(bytes.last())
}

/// The key of a label, and other qualified names: a name, or a DNS subdomain, `/` and a name.
pub(in super::super) fn label_key(text: &str) -> Verdict {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if let Some(prefix) = prefix {
        dns_subdomain(prefix).map_err(|_| "must have a DNS name before its `/`")?;
    }
    if !name_part(name) {
        return Err(
            "must be a name of at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, \
             after an optional DNS name and `/`",
        );
    }
    Ok(())
}

/// The key of an annotation: as of a label, but in any case.
pub(in super::super) fn annotation_key(text: &str) -> Verdict {
    label_key(&text.to_ascii_lowercase())
}

/// The value of a label.
pub(in super::super) fn label_value(text: &str) -> Verdict {
    if text.is_empty() || name_part(text) {
        return Ok(());
    }
    if text.len() > 63 {
        return Err("must have at most 63 characters");
    }
    Err("must be empty, or have only letters, digits, `-`, `_` and `.`, with a letter or digit at both ends")
}

/// The name of a port (RFC 6335, in lowercase).
pub(in super::super) fn port_name(text: &str) -> Verdict {
    if text.is_empty() || text.len() > 15 {
        return Err("must have 1 to 15 characters");
    }
    if !text.bytes().all(|b| lower_or_digit(b) || b == b'-') {
        return Err("must have only lowercase letters, digits and `-`");
    }
    if !text.bytes().any(|b| b.is_ascii_lowercase()) {
        return Err("must have a letter");
    }
    if text.starts_with('-') || text.ends_with('-') || text.contains("--") {
        return Err("must not start or end with `-`, nor have two of them together");
    }
    Ok(())
}

/// A key of a ConfigMap or Secret, which can become a file's name.
pub(in super::super) fn config_key(text: &str) -> Verdict {
    if text.is_empty() || text.len() > 253 {
        return Err("must have 1 to 253 characters");
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    {
        return Err("must have only letters, digits, `-`, `_` and `.`");
    }
    if text == "." || text.starts_with("..") {
        return Err("must not be `.` nor start with `..`");
    }
    Ok(())
}

/// The name of an environment variable: printable ASCII but `=` (so since Kubernetes 1.32).
pub(in super::super) fn env_name(text: &str) -> Verdict {
    if text.is_empty() {
        return Err("must not be empty");
    }
    if !text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=') {
        return Err("must have only printable ASCII characters, and no `=`");
    }
    Ok(())
}

/// A DNS subdomain, `/` and a path of letters, digits and a few signs: the names of controllers, signers and finalizers.
pub(in super::super) fn qualified_path(text: &str) -> Verdict {
    let Some((domain, path)) = text.split_once('/') else {
        return Err("must be a DNS name, a `/` and a path");
    };
    dns_subdomain(domain).map_err(|_| "must have a DNS name before its `/`")?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
    if path.is_empty() || !path.bytes().all(allowed) {
        return Err("must have a path of letters, digits and signs that a URL can have after its `/`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(check: fn(&str) -> Verdict, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
        for text in bad {
            assert!(check(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_are_judged() {
        let long = "a".repeat(64);
        let very_long = "a".repeat(254);
        table(
            dns_label,
            &["a", "0", "a-b", "1a"],
            &["", "-a", "a-", "A", "a.b", "a_b", "ä", &long],
        );
        table(dns_1035_label, &["a", "a-1"], &["", "1a", "-a", "a-", "a.b", &long]);
        table(
            dns_subdomain,
            &["a", "a.b", "1.2", &long],
            &["", ".", "a..b", "a.-b", "A.b", &very_long],
        );
        table(wildcard_subdomain, &["*.a.b"], &["*", "a", "*.*.a", "**.a", "*a.b"]);
        table(
            path_segment,
            &["system:node", "a b", "A*"],
            &["", ".", "..", "a/b", "a%b"],
        );
        table(
            label_key,
            &["a", "A_b.c-d", "example.org/a"],
            &["", "/a", "a/", "a/b/c", "-a", "Ex.org/a", &long],
        );
        table(annotation_key, &["Example.org/A"], &["", "a//b"]);
        table(label_value, &["", "a", "A.b_c-1"], &["-a", "a-", "a b", "é", &long]);
        table(
            port_name,
            &["http", "a-1", "8080-tcp"],
            &["", "8080", "-a", "a-", "a--b", "Http", "abcdefghijklmnop"],
        );
        table(
            config_key,
            &["my.cnf", "a_b", ".hidden"],
            &["", ".", "..", "..a", "a/b", "a b", &very_long],
        );
        table(env_name, &["A", "a.b", "my var"], &["", "a=b", "é", "a\n"]);
        table(
            qualified_path,
            &["k8s.io/ingress", "a.b/c/d"],
            &["a", "/a", "a/", "A/b", "a/ b"],
        );
    }
}
