//! Names that DNS and Kubernetes accept.

use std::fmt;
use std::str::FromStr;

use super::Invalid;

/// A DNS label by RFC 1123 that starts with a letter, so that it also serves as a Service's name (RFC 1035).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsLabel(String);

impl DnsLabel {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DnsLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_label(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    text.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// The nearest label to what was written: lower case, hyphens for what is not allowed.
fn suggestion(text: &str) -> String {
    let mapped: String = text
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(63)
        .collect();
    mapped
        .trim_matches('-')
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .to_owned()
}

impl FromStr for DnsLabel {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if is_label(text) && text.as_bytes()[0].is_ascii_lowercase() {
            return Ok(Self(text.to_owned()));
        }
        let near = suggestion(text);
        Err(Invalid::new(
            format!("`{text}` is not a DNS label: lower-case letters, digits and hyphens, a letter first, at most 63"),
            if near.is_empty() || near == text {
                "write a name such as `eu-central`".to_owned()
            } else {
                format!("write `{near}`")
            },
        ))
    }
}

/// A DNS name by RFC 1123: labels with dots between, at most 253 characters, without the trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

impl DnsName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with a label before it, `app` + `clinic.example.org`.
    #[must_use]
    pub fn below(&self, label: &str) -> String {
        format!("{label}.{}", self.0)
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DnsName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // 200 leaves room for the labels that go before it.
        if text.len() <= 200 && text.split('.').all(is_label) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(
            format!("`{text}` is not a DNS name"),
            "write labels of lower-case letters, digits and hyphens with dots between, such as `clinic.example.org`",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{DnsLabel, DnsName};

    #[test]
    fn labels_are_those_of_rfc_1123_that_start_with_a_letter() {
        for good in ["a", "eu-central", "z9", &"a".repeat(63)] {
            assert!(good.parse::<DnsLabel>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "EU", "a_b", "9a", "a.b", "é", &"a".repeat(64)] {
            assert!(bad.parse::<DnsLabel>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_near_label_is_proposed() {
        let error = "EU_Central".parse::<DnsLabel>().unwrap_err();
        assert_eq!(error.mend, "write `eu-central`");
    }

    #[test]
    fn names_are_labels_with_dots() {
        assert!("clinic.example.org".parse::<DnsName>().is_ok());
        for bad in ["", ".a", "a.", "a..b", "A.b", "a b"] {
            assert!(bad.parse::<DnsName>().is_err(), "{bad}");
        }
    }
}
