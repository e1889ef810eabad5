//! Container images, always by digest.

use std::fmt;
use std::str::FromStr;

use super::Invalid;

/// An image reference with a SHA-256 digest: what runs is what was reviewed, whatever a tag points to later.
/// Grammar: <https://github.com/distribution/reference>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Image {
    repository: String,
    tag: Option<String>,
    digest: String,
}

impl Image {
    /// Registry and path, `ghcr.io/galeno/api`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, for people; the digest decides.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// `sha256:…`.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        write!(f, "@{}", self.digest)
    }
}

fn is_repository(text: &str) -> bool {
    let Some((registry, path)) = text.split_once('/') else {
        return false;
    };
    let (host, port) = registry.split_once(':').unwrap_or((registry, "443"));
    let names_a_host = registry == "localhost" || registry.contains(['.', ':']);
    let host_ok = host
        .split('.')
        .all(|l| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    let path_ok = path.split('/').all(|part| {
        let ends = part.bytes().next().zip(part.bytes().last());
        ends.is_some_and(|(a, z)| a.is_ascii_alphanumeric() && z.is_ascii_alphanumeric())
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
    });
    names_a_host && host_ok && port.parse::<u16>().is_ok() && path_ok
}

impl FromStr for Image {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let Some((name, digest)) = text.split_once('@') else {
            return Err(Invalid::new(
                format!("the image `{text}` has no digest"),
                format!(
                    "write `{text}@sha256:…`; `skopeo inspect --format '{{{{.Digest}}}}' docker://{text}` prints it"
                ),
            ));
        };
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(Invalid::new(
                format!("`{digest}` is not a SHA-256 digest"),
                "write `sha256:` and 64 hexadecimal digits in lower case",
            ));
        }
        // A colon after the last slash starts the tag; one before it, a port.
        let tag_at = name
            .rfind(':')
            .filter(|at| name.rfind('/').is_none_or(|slash| *at > slash));
        let (repository, tag) = match tag_at {
            Some(at) => (&name[..at], Some(&name[at + 1..])),
            None => (name, None),
        };
        let tag_ok = tag.is_none_or(|tag| {
            !tag.is_empty()
                && tag.len() <= 128
                && !tag.starts_with(['.', '-'])
                && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        });
        if !is_repository(repository) || !tag_ok {
            return Err(Invalid::new(
                format!("`{name}` is not an image name with its registry"),
                "write `REGISTRY/PATH:TAG@sha256:…`, such as `ghcr.io/galeno/api:1.4.0@sha256:…`",
            ));
        }
        Ok(Self {
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Image;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_digest_is_required_and_everything_survives() {
        for name in [
            "ghcr.io/galeno/api:1.4.0",
            "localhost:5000/api",
            "registry.example.org/a/b-c/d_e",
        ] {
            let text = format!("{name}@{DIGEST}");
            assert_eq!(text.parse::<Image>().unwrap().to_string(), text);
        }
        let error = "ghcr.io/galeno/api:1.4.0".parse::<Image>().unwrap_err();
        assert!(error.problem.contains("has no digest"));
    }

    #[test]
    fn what_a_registry_would_refuse_is_refused() {
        for bad in [
            format!("api@{DIGEST}"),
            format!("ghcr.io/API@{DIGEST}"),
            format!("ghcr.io/api:@{DIGEST}"),
            format!("ghcr.io//api@{DIGEST}"),
            format!("ghcr.io:99999/api@{DIGEST}"),
            "ghcr.io/api@sha256:abc".to_owned(),
            format!("ghcr.io/api@{}", DIGEST.to_uppercase()),
        ] {
            assert!(bad.parse::<Image>().is_err(), "{bad}");
        }
    }
}
