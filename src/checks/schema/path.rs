//! Where in an object something stands.

use std::fmt::Write;

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step<'_> {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A list of steps: `at!["ports", index, "name"]`.
macro_rules! at {
    ($($step:expr),* $(,)?) => { &[$($crate::checks::schema::path::Step::from($step)),*] };
}
pub(super) use at;

/// The path as a JSON pointer (RFC 6901).
pub(super) fn pointer<'a>(steps: impl Iterator<Item = Step<'a>>) -> String {
    let mut text = String::new();
    for step in steps {
        text.push('/');
        match step {
            Step::Key(key) => {
                for c in key.chars() {
                    match c {
                        '~' => text.push_str("~0"),
                        '/' => text.push_str("~1"),
                        c => text.push(c),
                    }
                }
            }
            Step::Index(index) => {
                let _ = write!(text, "{index}");
            }
        }
    }
    text
}

/// The path as people write it: `spec.ports[0].name`, `metadata.labels["app.kubernetes.io/name"]`.
pub(super) fn words<'a>(steps: impl Iterator<Item = Step<'a>>) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Key(key)
                if !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-$".contains(&b)) =>
            {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Step::Key(key) => {
                let _ = write!(text, "[{key:?}]");
            }
            Step::Index(index) => {
                let _ = write!(text, "[{index}]");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told() {
        let steps: &[Step<'_>] = at!["metadata", "labels", "a~b/c", 3_usize, "x"];
        assert_eq!(pointer(steps.iter().copied()), "/metadata/labels/a~0b~1c/3/x");
        assert_eq!(words(steps.iter().copied()), "metadata.labels[\"a~b/c\"][3].x");
    }
}
