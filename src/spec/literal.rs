//! Literal secrets: what must never stand in a file that goes to git.

use serde_json::Value;

use crate::finding::{Finding, LITERAL_SECRET, Place};

/// Names of fields whose text would be a secret, in lower case without separators.
const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "secretkey",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "secretaccesskey",
    "clientsecret",
    "credentials",
];

/// Every place where a secret stands in the open. The secret itself is never repeated.
pub(super) fn secrets(value: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    walk(value, String::new(), None, &mut found);
    found
}

fn walk(value: &Value, pointer: String, key: Option<&str>, found: &mut Vec<Finding>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                walk(value, format!("{pointer}/{escaped}"), Some(key), found);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                walk(item, format!("{pointer}/{i}"), key, found);
            }
        }
        Value::String(text) => {
            if let Some(what) = kind_of_secret(key.unwrap_or_default(), text) {
                let place = Place {
                    pointer: Some(pointer),
                    ..Place::default()
                };
                let finding = Finding::error(LITERAL_SECRET, format!("this is {what}"))
                    .because("whatever is committed stays in the history and in every clone: treat this value as known to strangers and replace it")
                    .mend("remove it and put the new value into the secret store; environment files name secrets, they never hold one");
                found.push(finding.at(place));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn kind_of_secret(key: &str, text: &str) -> Option<&'static str> {
    let name: String = key
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    if NAMES.contains(&name.as_str()) && !text.is_empty() {
        return Some("a secret by its name");
    }
    if text.contains("PRIVATE KEY-----") || text.contains("PRIVATE KEY BLOCK-----") {
        return Some("a private key");
    }
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    for token in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-') {
        let after = |prefix: &str| token.strip_prefix(prefix).map(str::as_bytes);
        let aws = after("AKIA").or_else(|| after("ASIA"));
        if aws.is_some_and(|rest| rest.len() == 16 && rest.iter().all(|b| upper(*b))) {
            return Some("the id of an AWS access key");
        }
        let prefixes = ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "hvs."];
        if prefixes
            .iter()
            .any(|p| after(p).is_some_and(|rest| rest.len() >= 20 && rest.iter().all(|b| word(*b) || *b == b'-')))
        {
            return Some("an access token");
        }
    }
    let after_scheme = text
        .split_once("://")
        .map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    if after_scheme.is_some_and(|authority| authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))) {
        return Some("an address with a password in it");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::secrets;
    use serde_json::json;

    #[test]
    fn secrets_are_found_and_never_repeated() {
        let value = json!({
            "a": {"password": "hunter2hunter2"},
            "b": ["-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc"],
            "c": "AKIAABCDEFGHIJKLMNOP",
            "d": "https://user:hunter2hunter2@git.example.org/x.git",
            "e": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        });
        let found = secrets(&value);
        let pointers: Vec<&str> = found.iter().filter_map(|f| f.place.pointer.as_deref()).collect();
        assert_eq!(pointers, ["/a/password", "/b/0", "/c", "/d", "/e"]);
        assert!(found.iter().all(|f| !format!("{f:?}").contains("hunter2")));
    }

    #[test]
    fn names_and_fingerprints_are_no_secrets() {
        let value = json!({
            "secrets": {"store": "vault", "path": "clinic/prod"},
            "signer": "0123456789ABCDEF0123456789ABCDEF01234567",
            "image": "ghcr.io/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "repository": "ssh://git@git.example.org/a.git",
        });
        assert_eq!(secrets(&value), []);
    }
}
